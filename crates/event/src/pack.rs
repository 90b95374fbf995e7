//! How do millions of events stay in memory? As text of which what was told before is a number.
//!
//! Logs repeat members and whole objects: the session, the address, the program. An event's JSON is cut at its members;
//! a piece that the interner saw before is written as its number, an id in hexadecimal as its 16 bytes, a whole number
//! in binary, and only what is new as text (dictionary coding, after Storer and Szymanski, J. ACM 29(4), 1982).
//! Packing and unpacking take O(length); what comes out is the same to the last byte.

use crate::attribute::write_count;
use crate::cursor::{BadJson, Cursor};
use crate::event::Event;
use crate::event_text::EventError;
use core::fmt;
use homeostat_core::xxh64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An event in little memory, to be read with the [`Interner`] that packed it. `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PackedEvent(Box<[u8]>);

impl PackedEvent {
    /// How many bytes it takes, besides this handle's 16.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for PackedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackedEvent({} bytes)", self.0.len())
    }
}

/// How much an [`Interner`] remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InternerLimits {
    /// How many pieces are remembered. Default 65,536: what a tenant's sessions, addresses, programs and resources come
    /// to, in some MiB; what is beyond it is written out, and nothing is lost.
    pub pieces: usize,
    /// The longest piece in bytes. Default 1,024: longer ones are cut into their own members first.
    pub piece_bytes: usize,
}

impl Default for InternerLimits {
    fn default() -> Self {
        Self { pieces: 1 << 16, piece_bytes: 1_024 }
    }
}

/// What events have told before, so that they need not hold it again: a value that its owner hands in.
///
/// A piece is remembered when it comes a third time, a long one a fourth, so ids and other texts that come once, or again
/// in an answer, take no room. The pieces are
/// kept in order, not hashed, so no choice of texts makes it slow.
///
/// ```
/// use homeostat_event::{Event, Interner, Timestamp};
///
/// let mut interner = Interner::default();
/// let at = "2026-03-16T08:30:00Z".parse::<Timestamp>()?;
/// let event = Event::sign_in(["Acme", "Doors"], at, "jane", "lab");
/// let packed: Vec<_> = (0..9).map(|_| interner.pack(&event)).collect();
/// assert!(packed[8].size() * 8 < event.to_json().len());
/// assert_eq!(interner.unpack(&packed[0])?, event);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Interner {
    limits: InternerLimits,
    numbers: BTreeMap<Arc<str>, u32>,
    pieces: Vec<Arc<str>>,
    // A digest of each piece seen and how often, in the place that it gives; another may take the place.
    seen: Vec<(u32, u8)>,
}

/// Places for pieces that were seen and are not remembered: some thousand events' worth, in 128 KiB.
const SEEN: usize = 1 << 14;

/// How long a piece is that must come a fourth time: remembering costs it twice, as text and as a number's place.
const LONG: usize = 64;

/// What the two lowest bits of an item's number say of the rest.
const PIECE: u64 = 0;
const TEXT: u64 = 1;
const NUMBER: u64 = 2;
const ID: u64 = 3;

impl Default for Interner {
    fn default() -> Self {
        Self::new(InternerLimits::default())
    }
}

impl fmt::Debug for Interner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interner({} pieces)", self.pieces.len())
    }
}

impl Interner {
    /// An interner that has seen nothing.
    pub fn new(limits: InternerLimits) -> Self {
        Self { limits, numbers: BTreeMap::new(), pieces: Vec::new(), seen: vec![(0, 0); SEEN] }
    }

    /// Packs an event, and remembers of it what came before.
    pub fn pack(&mut self, event: &Event) -> PackedEvent {
        let text = event.to_json();
        let mut packed = Vec::with_capacity(512);
        if self.cut(&text, &mut packed).is_err() {
            // An event's own text is JSON; were it not, it would be kept as it is.
            packed.clear();
            put_text(&text, &mut packed);
        }
        PackedEvent(packed.into())
    }

    /// The event that was packed.
    ///
    /// # Errors
    ///
    /// [`EventError`] when another interner packed it.
    pub fn unpack(&self, packed: &PackedEvent) -> Result<Event, EventError> {
        let mut text = String::with_capacity(2_048);
        let mut rest = &*packed.0;
        while !rest.is_empty() {
            rest = self
                .put_item(rest, &mut text)
                .ok_or(BadJson { offset: text.len(), cause: "unknown piece" })?;
        }
        Event::from_json(&text)
    }

    /// Appends the item that `items` start with; gives the others.
    fn put_item<'p>(&self, items: &'p [u8], out: &mut String) -> Option<&'p [u8]> {
        let (head, rest) = take_number(items)?;
        let number = head >> 2;
        match head & 3 {
            PIECE => {
                out.push_str(self.pieces.get(usize::try_from(number).ok()?)?);
                Some(rest)
            }
            NUMBER => {
                write_count(number, out);
                Some(rest)
            }
            TEXT => {
                let (text, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
                out.push_str(core::str::from_utf8(text).ok()?);
                Some(rest)
            }
            _ => {
                let (id, rest) = rest.split_first_chunk::<16>()?;
                put_id(*id, out);
                Some(rest)
            }
        }
    }

    /// Cuts an object or array at its members.
    fn cut(&mut self, text: &str, packed: &mut Vec<u8>) -> Result<(), BadJson> {
        let (mut cursor, mut done) = (Cursor::new(text), 0);
        let each = |cursor: &mut Cursor<'_>| {
            let start = cursor.start();
            let end = start + cursor.skip()?.len();
            self.member(text.get(done..end).unwrap_or_default(), start - done, packed)?;
            done = end;
            Ok(())
        };
        if cursor.peek() == Some(b'[') {
            cursor.array(each)?;
        } else {
            let mut each = each;
            cursor.object(|cursor, _| each(cursor))?;
        }
        self.piece(text.get(done..).unwrap_or_default(), packed);
        Ok(())
    }

    /// One member with the comma and the name before its value, which starts at byte `value`.
    fn member(&mut self, text: &str, value: usize, packed: &mut Vec<u8>) -> Result<(), BadJson> {
        if let Some(number) = self.known(text) {
            put_number(u64::from(number) << 2 | PIECE, packed);
            return Ok(());
        }
        let (name, value) = text.split_at_checked(value).unwrap_or((text, ""));
        self.piece(name, packed);
        match value.as_bytes() {
            [b'{' | b'[', ..] => return self.cut(value, packed),
            [b'0'..=b'9', ..] if let Some(number) = number_of(value) => {
                put_number(number << 2 | NUMBER, packed);
            }
            _ => match id_of(value) {
                Some(id) => {
                    put_number(ID, packed);
                    packed.extend(id);
                }
                None => self.piece(value, packed),
            },
        }
        Ok(())
    }

    fn piece(&mut self, text: &str, packed: &mut Vec<u8>) {
        match self.known(text) {
            Some(number) => put_number(u64::from(number) << 2 | PIECE, packed),
            None => put_text(text, packed),
        }
    }

    /// The number of a piece that was seen before.
    fn known(&mut self, text: &str) -> Option<u32> {
        if text.len() > self.limits.piece_bytes {
            return None;
        }
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let hash = xxh64(text.as_bytes());
        let digest = u32::try_from(hash >> 32).unwrap_or(0);
        let (last, times) = self.seen.get_mut(usize::try_from(hash & (SEEN as u64 - 1)).unwrap_or(0))?;
        *times = if *last == digest { times.saturating_add(1) } else { 1 };
        *last = digest;
        let is_rare = *times < 3 + u8::from(text.len() > LONG);
        if is_rare || self.pieces.len() >= self.limits.pieces {
            return None;
        }
        let number = u32::try_from(self.pieces.len()).ok()?;
        let piece: Arc<str> = text.into();
        self.pieces.push(Arc::clone(&piece));
        self.numbers.insert(piece, number);
        Some(number)
    }
}

fn put_text(text: &str, packed: &mut Vec<u8>) {
    put_number((text.len() as u64) << 2 | TEXT, packed);
    packed.extend(text.as_bytes());
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow (LEB128).
fn put_number(mut number: u64, packed: &mut Vec<u8>) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        packed.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    packed.push(low);
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7F).checked_shl(u32::try_from(at).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

/// A whole number that is written as it would be written again.
fn number_of(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    let is_plain = text == "0" || !text.starts_with('0');
    (is_plain && number < 1 << 62).then_some(number)
}

/// Where the hyphens of a UUID between quotes stand (RFC 9562).
const HYPHENS: [usize; 4] = [9, 14, 19, 24];

/// The bytes of a UUID in lower case between quotes.
fn id_of(text: &str) -> Option<[u8; 16]> {
    let signs: &[u8; 38] = text.as_bytes().try_into().ok()?;
    let (mut id, mut digits) = (0_u128, 0);
    for (at, sign) in signs.iter().enumerate() {
        match (at, sign) {
            (0 | 37, b'"') | (9 | 14 | 19 | 24, b'-') => {}
            (_, b'0'..=b'9' | b'a'..=b'f') => {
                id = id << 4 | u128::from(char::from(*sign).to_digit(16)?);
                digits += 1;
            }
            _ => return None,
        }
    }
    (digits == 32).then(|| id.to_be_bytes())
}

fn put_id(id: [u8; 16], out: &mut String) {
    let id = u128::from_be_bytes(id);
    out.push('"');
    let mut shift = 128_u32;
    for at in 1..37 {
        if HYPHENS.contains(&at) {
            out.push('-');
        } else {
            shift = shift.saturating_sub(4);
            let [digit, ..] = (id >> shift & 0xF).to_le_bytes();
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(interner: &mut Interner, text: &str) -> usize {
        let event = Event::from_json(text).unwrap();
        let packed = interner.pack(&event);
        assert_eq!(interner.unpack(&packed).unwrap().to_json(), event.to_json());
        packed.size()
    }

    #[test]
    fn what_comes_again_is_a_number() {
        let mut interner = Interner::default();
        let sizes: Vec<usize> = (10..40)
            .map(|n| {
                let text = format!(
                    r#"{{"class_uid":6003,"time":17736498{n}000,"metadata":{{"uid":"4b1f9c0e-0000-4000-8000-0000000000{n}","version":"1.8.0"}},"actor":{{"user":{{"name":"jane","uid":"arn:aws:iam::123456789012:user/jane"}}}},"unmapped":{{"list":[1,[],{{}},"é"],"n":-0.50,"homeostat_ref":"trail#{n}"}}}}"#
                );
                check(&mut interner, &text)
            })
            .collect();
        assert!(sizes[0] > 200 && sizes[29] < 90, "{sizes:?}");
    }

    #[test]
    fn ids_and_numbers_come_back_as_they_were_spelled() {
        let mut interner = Interner::default();
        for value in [
            r#""4b1f9c0e-0000-4000-8000-0000000000ff""#,
            r#""4B1F9C0E-0000-4000-8000-0000000000FF""#,
            r#""4b1f9c0e00000-4000-8000-0000000000f-""#,
            "0",
            "00000000000000000001e0",
            "18446744073709551615",
            "4611686018427387904",
            "1.0",
            "-1",
        ] {
            let text = format!(r#"{{"unmapped":{{"x":{value}}}}}"#);
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                check(&mut interner, &text);
            }
        }
    }

    #[test]
    fn a_full_interner_loses_nothing() {
        let mut interner = Interner::new(InternerLimits { pieces: 3, piece_bytes: 16 });
        for _ in 0..5 {
            check(
                &mut interner,
                r#"{"class_uid":1,"message":"one two three four five","unmapped":{"a":{"b":"c"}}}"#,
            );
        }
        assert_eq!(format!("{interner:?}"), "Interner(3 pieces)");
    }

    #[test]
    fn another_interner_is_told() {
        let mut interner = Interner::default();
        let event = Event::from_json(r#"{"message":"MARKED"}"#).unwrap();
        let packed: Vec<_> = (0..5).map(|_| interner.pack(&event)).collect();
        let error = Interner::default().unpack(&packed[4]).unwrap_err();
        assert_eq!(error.to_string(), "not a JSON event: unknown piece at byte 0");
        assert!(!format!("{:?} {interner:?}", packed[0]).contains("MARKED"));
    }

    proptest! {
        #[test]
        fn any_bytes_unpack_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Interner::default().unpack(&PackedEvent(bytes.into()));
        }

        #[test]
        fn any_members_come_back(values in prop::collection::vec("[a-f0-9\"\\\\ {}é-]{0,40}", 1..8)) {
            let mut interner = Interner::default();
            for value in values.iter().chain(&values) {
                check(&mut interner, &serde_json::json!({"unmapped": {"x": value, "y": [value]}}).to_string());
            }
        }
    }
}
