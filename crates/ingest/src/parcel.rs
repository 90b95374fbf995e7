//! Unpacks a text that a queue carries encoded: base64, and packed with gzip inside it when its bytes say so.
//!
//! Sources: RFC 4648 sections 4 and 5 (both alphabets, with or without padding), RFC 1952. Pub/Sub and Kinesis
//! deliver records so. O(bytes); no more is unpacked than a record may hold.

use flate2::read::GzDecoder;
use std::io::Read as _;

/// Shorter texts hold no record, and many words are base64 by chance.
const SHORTEST: usize = 24;

/// What `text` holds, when it is such a parcel and what it holds is text of at most `limit` bytes.
pub(crate) fn open(text: &str, limit: usize) -> Option<String> {
    if text.len() < SHORTEST || text.len() / 4 > limit {
        return None;
    }
    let bytes = decoded(text)?;
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return String::from_utf8(bytes).ok();
    }
    let mut unpacked = String::new();
    let most = u64::try_from(limit).ok()?.saturating_add(1);
    GzDecoder::new(&*bytes).take(most).read_to_string(&mut unpacked).ok()?;
    (unpacked.len() <= limit).then_some(unpacked)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        bits = bits << 6 & 0xFF_FFFF | u32::from(value_of(digit)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parcels_are_told_from_words() {
        assert_eq!(open("eyJhIjoiaGVsbG8sIHdvcmxkIn0=", 99).as_deref(), Some(r#"{"a":"hello, world"}"#));
        assert_eq!(open("eyJhIjoiaGVsbG8sIHdvcmxkIn0", 99).as_deref(), Some(r#"{"a":"hello, world"}"#));
        assert_eq!(open("eyJhIjoiPz8-Pz8_In0gICAgICAg", 99).as_deref(), Some("{\"a\":\"??>???\"}       "));
        assert_eq!(open("hello, world and all in it", 99), None);
        assert_eq!(open("aGVsbG8=", 99), None);
        assert_eq!(open("eyJhIjoiaGVsbG8sIHdvcmxkIn0=", 3), None);
    }
}
