//! From a record that cannot be read to where the next one can begin.

use super::{Claims, Reader, Reason, Skim, Skimmed, Step, Stop};
use std::io::Read;

impl<R: Read> Reader<R> {
    /// Passes a line that can only be a piece of the record that was broken before it.
    pub(super) fn belongs_to_broken(&mut self, first: u8) -> Result<bool, Stop> {
        let piece = matches!(first, b'"' | b'}' | b']' | b',' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n');
        let piece = piece && !(self.forms.claims() != Claims::Nothing && self.lists.is_empty());
        if piece {
            let line = self.line_length()?;
            self.drop_front(line);
        }
        Ok(piece)
    }

    /// Passes a record broken at byte `at`, up to where the next can begin.
    ///
    /// First by counting brackets; when that fails, the next line that starts a record of its own; else the
    /// line after the flaw.
    pub(super) fn skip_broken(&mut self, at: usize, reason: Reason) -> Result<Stop, Stop> {
        if let Some(length) = self.balanced_length()? {
            return Ok(self.lose(at, length, reason));
        }
        self.recovering = true;
        let before_flaw = self.window().get(..=at).unwrap_or(self.window());
        if let Some(next) = line_that_starts_a_record(before_flaw) {
            return Ok(self.lose(at, next, reason));
        }
        if self.ended && at >= self.window().len() {
            return Ok(self.lose(at, self.window().len(), reason));
        }
        let stop = self.lose(at, at, reason);
        self.skip_line()?;
        Ok(stop)
    }

    /// The length of the value at hand by its brackets, when they balance.
    ///
    /// Bytes that were followed in vain are not followed again, so that hostile input costs no square.
    fn balanced_length(&mut self) -> Result<Option<usize>, Stop> {
        let (mut skim, mut seen) = (Skim::default(), 0);
        while self.offset >= self.followed {
            match skim.skim(self.window().get(seen..).unwrap_or_default()) {
                Skimmed::Ended(length) => return Ok(Some(seen + length)),
                Skimmed::Broken(length) => {
                    self.followed = self.offset.saturating_add((seen + length) as u64);
                }
                Skimmed::Open => {
                    seen = self.window().len();
                    if seen >= self.limits.record_bytes || !self.fill()? {
                        self.followed = self.offset.saturating_add(seen as u64);
                    }
                }
            }
        }
        Ok(None)
    }

    fn skip_line(&mut self) -> Result<(), Stop> {
        loop {
            let end = self.window().iter().position(|byte| *byte == b'\n');
            let length = end.map_or(self.window().len(), |end| end + 1);
            self.drop_front(length);
            if end.is_some() || !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Passes a record beyond the limit without holding it.
    pub(super) fn skip_long(&mut self) -> Result<Step, Stop> {
        let stop = self.lose(0, 0, Reason::TooLong(self.limits.record_bytes));
        let mut skim = Skim::default();
        loop {
            match skim.skim(self.window()) {
                Skimmed::Ended(length) => {
                    self.drop_front(length);
                    return Err(stop);
                }
                Skimmed::Broken(_) => {
                    self.skip_line()?;
                    self.recovering = true;
                    return Err(stop);
                }
                Skimmed::Open => {
                    self.drop_front(self.window().len());
                    if !self.fill()? {
                        return Err(stop);
                    }
                }
            }
        }
    }
}

/// Where the first line after this one starts that begins with an object at its first column.
fn line_that_starts_a_record(window: &[u8]) -> Option<usize> {
    window.windows(2).position(|pair| pair == b"\n{").map(|at| at + 1)
}
