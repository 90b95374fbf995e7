//! Text of two bytes a unit, as Windows writes exports, read as the UTF-8 that all forms are told by.
//!
//! Told by the byte order mark that such files begin with (Unicode 16, section 3.10). Half of a surrogate pair, and an odd
//! byte at the end, become U+FFFD, which shows that something was there. O(bytes); one chunk is held.

use std::io::{self, Read};

/// What a file begins with, the low byte of each unit first or the high one.
pub(crate) const LOW_FIRST: &[u8] = &[0xFF, 0xFE];
pub(crate) const HIGH_FIRST: &[u8] = &[0xFE, 0xFF];

/// How much is read at a time.
const CHUNK: usize = 16 << 10;

/// How the bytes of a unit become the unit.
type Unit = fn([u8; 2]) -> u16;

/// An input of UTF-16, behind its mark, as UTF-8.
pub(crate) struct Wide<R> {
    input: R,
    unit: Unit,
    // Bytes that are no whole character yet: at most three.
    rest: Vec<u8>,
    text: Vec<u8>,
    // How much of `text` was handed on.
    at: usize,
}

impl<R: Read> Wide<R> {
    /// The text of `input`, whose mark was `mark`; `None` when that is none.
    pub(crate) fn behind(mark: &[u8], input: R) -> Result<Self, R> {
        let unit: Unit = match mark {
            LOW_FIRST => u16::from_le_bytes,
            HIGH_FIRST => u16::from_be_bytes,
            _ => return Err(input),
        };
        Ok(Self { input, unit, rest: Vec::new(), text: Vec::new(), at: 0 })
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.text) = (0, core::mem::take(&mut self.text));
        self.text.clear();
        let before = self.rest.len();
        self.rest.resize(before.saturating_add(CHUNK), 0);
        let read = self.input.read(self.rest.get_mut(before..).unwrap_or_default());
        self.rest.truncate(before.saturating_add(*read.as_ref().unwrap_or(&0)));
        let ended = read? == 0;
        let (pairs, odd) = self.rest.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| (self.unit)(*pair)).collect();
        let is_open = !ended && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit));
        let open = if is_open { units.pop().map_or(0, |_| 2) } else { 0 };
        let cut = ended && !odd.is_empty();
        let kept = if ended { 0 } else { odd.len().saturating_add(open) };
        let signs = char::decode_utf16(units).map(|sign| sign.unwrap_or(char::REPLACEMENT_CHARACTER));
        let text: String = signs.chain(cut.then_some(char::REPLACEMENT_CHARACTER)).collect();
        self.text.extend_from_slice(text.as_bytes());
        self.rest.drain(..self.rest.len().saturating_sub(kept));
        Ok(())
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.text.len() {
            let held = self.rest.len();
            self.fill()?;
            // Nothing came, and nothing more was made of what was held: the end.
            if self.text.is_empty() && self.rest.len() <= held {
                return Ok(0);
            }
        }
        let length = self.text.get(self.at..).unwrap_or_default().read(room)?;
        self.at = self.at.saturating_add(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands on a few bytes at a time.
    struct Drops<'b>(&'b [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let most = room.len().min(self.1);
            self.0.read(&mut room[..most])
        }
    }

    fn read(mark: &[u8], bytes: &[u8], most: usize) -> String {
        let mut text = String::new();
        let Ok(mut wide) = Wide::behind(mark, Drops(bytes, most)) else { panic!("no mark") };
        wide.read_to_string(&mut text).unwrap();
        text
    }

    proptest! {
        #[test]
        fn text_is_read_whatever_the_order_and_the_pieces(text in "\\PC{0,40}", most in 1_usize..7) {
            let low: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let high: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            prop_assert_eq!(read(LOW_FIRST, &low, most), text.clone());
            prop_assert_eq!(read(HIGH_FIRST, &high, most), text);
        }
    }

    #[test]
    fn what_is_half_shows() {
        assert_eq!(read(LOW_FIRST, &[0x61, 0, 0x3D, 0xD8, 0x62, 0, 7], 2), "a\u{FFFD}b\u{FFFD}");
        assert_eq!(read(LOW_FIRST, &[0x3D, 0xD8], 9), "\u{FFFD}");
        assert!(Wide::behind(&[0xEF, 0xBB], Drops(&[], 1)).is_err());
    }
}
