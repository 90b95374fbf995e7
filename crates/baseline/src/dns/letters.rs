//! How far is a name from what names are made of here?
//!
//! Surprise under a chain of single letters (Shannon, Bell Syst. Tech. J. 27, 1948, section 3), beyond what names of
//! that length usually have; ranked in the log histogram of what it was for other names. O(length) a name; 3 kB.

use crate::Volume;
use crate::score::trusted;
use crate::varint::{Fields, put, put_float};
use homeostat_core::SnapshotError;

/// Letters, digits, the hyphen and all else; rows have the beginning of a name besides.
const COLUMNS: usize = 38;
const ROWS: usize = COLUMNS + 1;
/// Transitions that an average covers.
const HORIZON: f64 = 100_000.0;
/// From so many sightings of a letter on its row is halved, so that old names fade.
const MOST: u32 = 60_000;

/// What names are made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Letters {
    // Empty until a name is learnt. INVARIANT: else `ROWS` times `COLUMNS`, each row's sum at most `MOST`.
    counts: Vec<u16>,
    // Transitions learnt and their mean surprise. INVARIANT: finite and not negative.
    learnt: f64,
    mean: f64,
    oddity: Volume,
}

impl Letters {
    /// Names behind this.
    pub(super) fn support(&self) -> f64 {
        self.oddity.support()
    }

    /// The probability of a label at least as odd as this.
    pub(super) fn tail(&self, label: &str) -> f64 {
        let excess = self.excess(label);
        if excess > 0.0 { trusted(self.oddity.tail(excess), self.support()) } else { 1.0 }
    }

    /// Learns a label, seen on `day` (since 1970).
    pub(super) fn learn(&mut self, label: &str, day: u32) {
        if self.counts.is_empty() {
            self.counts = vec![0; ROWS * COLUMNS];
        }
        self.oddity.learn(self.excess(label), day);
        let mut before = COLUMNS;
        for letter in label.bytes().map(column) {
            let surprise = self.surprise(before, letter);
            self.learnt += 1.0;
            self.mean += (surprise - self.mean) / self.learnt.min(HORIZON);
            self.count(before, letter);
            before = letter;
        }
    }

    /// Bits of surprise beyond what is usual for so long a label; 0 for what is ordinary.
    fn excess(&self, label: &str) -> f64 {
        let (mut before, mut sum) = (COLUMNS, 0.0);
        for letter in label.bytes().map(column) {
            sum += self.surprise(before, letter) - self.mean;
            before = letter;
        }
        sum.max(0.0)
    }

    fn row(&self, before: usize) -> &[u16] {
        self.counts.chunks(COLUMNS).nth(before).unwrap_or_default()
    }

    /// Each transition counts half beforehand (Krichevsky and Trofimov, IEEE Trans. Inf. Theory 27(2), 1981).
    fn surprise(&self, before: usize, letter: usize) -> f64 {
        let row = self.row(before);
        let all: u32 = row.iter().map(|count| u32::from(*count)).sum();
        let count = f64::from(row.get(letter).copied().unwrap_or(0));
        -libm::log2((count + 0.5) / (f64::from(all) + 0.5 * COLUMNS as f64))
    }

    fn count(&mut self, before: usize, letter: usize) {
        let Some(row) = self.counts.chunks_mut(COLUMNS).nth(before) else { return };
        let all: u32 = row.iter().map(|count| u32::from(*count)).sum();
        if all >= MOST {
            for count in row.iter_mut() {
                *count /= 2;
            }
        }
        if let Some(count) = row.get_mut(letter) {
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put(out, u64::from(!self.counts.is_empty()));
        self.counts.iter().for_each(|count| put(out, u64::from(*count)));
        put_float(out, self.learnt);
        put_float(out, self.mean);
        self.oddity.write(out);
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "letters" };
        let counts = match fields.number()? {
            0 => 0,
            1 => ROWS * COLUMNS,
            _ => return Err(INVALID),
        };
        let mut read = Self::default();
        for _ in 0..counts {
            read.counts.push(u16::try_from(fields.number()?).map_err(|_| INVALID)?);
        }
        (read.learnt, read.mean) = (fields.float()?, fields.float()?);
        read.oddity = Volume::read(fields)?;
        let sound = [read.learnt, read.mean].iter().all(|number| (0.0..1e15).contains(number));
        let fits = |row: &[u16]| row.iter().map(|count| u32::from(*count)).sum::<u32>() <= MOST;
        if sound && read.counts.chunks(COLUMNS).all(fits) { Ok(read) } else { Err(INVALID) }
    }
}

fn column(letter: u8) -> usize {
    match letter.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        letter @ b'0'..=b'9' => usize::from(letter - b'0') + 26,
        b'-' => 36,
        _ => 37,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// The slow oracle counts pairs in a map of texts.
        #[test]
        fn surprise_is_that_of_counted_pairs(labels in prop::collection::vec("[a-z0-9-]{1,12}", 1..40)) {
            let (mut letters, mut pairs) = (Letters::default(), BTreeMap::<(Option<u8>, u8), f64>::new());
            for label in &labels {
                letters.learn(label, 0);
                let before = [None].into_iter().chain(label.bytes().map(Some));
                for pair in before.zip(label.bytes()) {
                    *pairs.entry(pair).or_default() += 1.0;
                }
            }
            for ((before, letter), count) in &pairs {
                let all: f64 = pairs.iter().filter(|(pair, _)| pair.0 == *before).map(|(_, count)| count).sum();
                let exact = -((count + 0.5) / (all + 19.0)).log2();
                let told = letters.surprise(before.map_or(COLUMNS, column), column(*letter));
                prop_assert!((told - exact).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn rows_fade_and_stay_bounded() {
        let mut letters = Letters::default();
        for _ in 0..10_000 {
            letters.learn("aaaaaaaaaaaa", 0);
        }
        let row: u32 = letters.row(0).iter().map(|count| u32::from(*count)).sum();
        assert!(row <= MOST + 1 && row > MOST / 3);
    }
}
