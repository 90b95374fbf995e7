//! Finds the end of a value that is not JSON, or too long to hold, by counting brackets outside of texts.
//!
//! A line break inside a text, or a bracket where a comma is due, shows that the value was cut off and that the
//! brackets to come belong to other records. O(bytes), constant memory, resumable at any byte.

/// How far a broken value has been followed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Skim {
    depth: u64,
    in_text: bool,
    escaped: bool,
    // The last byte outside of texts that is no white space; a text counts as its closing quote.
    last: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skimmed {
    /// The value ends after so many of the bytes given last.
    Ended(usize),
    /// The value was cut off, as so many of the bytes given last show.
    Broken(usize),
    /// The value goes on after the bytes given.
    Open,
}

impl Skim {
    /// Follows the value through the next bytes.
    pub(crate) fn skim(&mut self, bytes: &[u8]) -> Skimmed {
        for (at, byte) in bytes.iter().enumerate() {
            match self.step(*byte) {
                Some(true) => return Skimmed::Ended(at + 1),
                Some(false) => return Skimmed::Broken(at + 1),
                None => {}
            }
        }
        Skimmed::Open
    }

    /// `Some(true)` at the end, `Some(false)` where it is broken.
    fn step(&mut self, byte: u8) -> Option<bool> {
        if self.in_text {
            return self.step_in_text(byte);
        }
        let outcome = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return None,
            b'{' | b'[' | b'"' if !matches!(self.last, 0 | b'{' | b'[' | b',' | b':') => Some(false),
            b'{' | b'[' => {
                self.depth += 1;
                None
            }
            b'"' => {
                self.in_text = true;
                None
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                (self.depth == 0).then_some(true)
            }
            b',' if self.depth == 0 => Some(true),
            _ => None,
        };
        self.last = byte;
        outcome
    }

    fn step_in_text(&mut self, byte: u8) -> Option<bool> {
        match byte {
            b'\n' => return Some(false),
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_text = false,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_by_brackets_outside_of_texts() {
        for (text, expected) in [
            (r#"{"a":01}{"#, Skimmed::Ended(8)),
            (r#"{"a":"}\"}","b":[{}]} "#, Skimmed::Ended(21)),
            ("{\"a\":\"x\n{\"b\":1}", Skimmed::Broken(8)),
            ("{\"a\":[1,\n{\"b\":1}\n{\"c\":1}", Skimmed::Broken(18)),
            (r#"{"a":{"#, Skimmed::Open),
        ] {
            assert_eq!(Skim::default().skim(text.as_bytes()), expected, "{text}");
            let mut bytewise = Skim::default();
            let found = text.bytes().map(|byte| bytewise.skim(&[byte])).find(|now| *now != Skimmed::Open);
            assert_eq!(found.is_some(), expected != Skimmed::Open, "{text}");
        }
    }
}
