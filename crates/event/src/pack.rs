//! How do millions of events stay in memory? As text of which what was told before is a number.
//!
//! Logs repeat members and whole objects: the session, the address, the program. An event's JSON is cut at its members;
//! a piece that the interner saw before is written as its number, an id in hexadecimal as its 16 bytes, a whole number
//! in binary, and only what is new as text, less the beginning it shares with a piece and the end it shares with a text
//! before it (dictionary coding, after Storer and Szymanski, J. ACM 29(4), 1982).
//! Packing and unpacking take O(length); what comes out is the same to the last byte.

mod item;

use crate::cursor::{BadJson, Cursor};
use crate::event::Event;
use crate::event_text::EventError;
use core::fmt;
use core::ops::{Bound, Range};
use homeostat_core::xxh64;
use item::{Item, Read};
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

/// From how many bytes on it is shorter to say where a text stands than to say it: that takes up to six.
const WORTH: usize = 8;

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
        let mut packing = Packing { text: &text, at: 0, told: Vec::new(), packed: Vec::with_capacity(512) };
        if self.cut(&text, &mut packing).is_err() {
            // An event's own text is JSON; were it not, it would be kept as it is.
            packing.packed.clear();
            Item::Text(&text).put(&mut packing.packed);
        }
        PackedEvent(packing.packed.into())
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

    /// Appends what the item that `items` start with stands for; gives the others.
    fn put_item<'p>(&self, items: &'p [u8], out: &mut String) -> Option<&'p [u8]> {
        let (item, rest) = item::take(items, out)?;
        match item {
            Read::Written => {}
            Read::Text(text) => out.push_str(text),
            Read::Piece(number, length) => {
                let piece = self.pieces.get(usize::try_from(number).ok()?)?;
                let length = length.map_or(Some(piece.len()), |length| usize::try_from(length).ok())?;
                out.push_str(piece.get(..length)?);
            }
            Read::Again(start, length) => {
                let start = usize::try_from(start).ok()?;
                let end = start.checked_add(usize::try_from(length).ok()?)?;
                out.get(start..end)?;
                out.extend_from_within(start..end);
            }
        }
        Some(rest)
    }

    /// Cuts an object or array at its members.
    fn cut(&mut self, text: &str, packing: &mut Packing<'_>) -> Result<(), BadJson> {
        let (mut cursor, mut done) = (Cursor::new(text), 0);
        let each = |cursor: &mut Cursor<'_>| {
            let start = cursor.start();
            let end = start + cursor.skip()?.len();
            self.member(text.get(done..end).unwrap_or_default(), start - done, packing)?;
            done = end;
            Ok(())
        };
        if cursor.peek() == Some(b'[') {
            cursor.array(each)?;
        } else {
            let mut each = each;
            cursor.object(|cursor, _| each(cursor))?;
        }
        self.piece(text.get(done..).unwrap_or_default(), packing);
        Ok(())
    }

    /// One member with the comma and the name before its value, which starts at byte `value`.
    fn member(&mut self, text: &str, value: usize, packing: &mut Packing<'_>) -> Result<(), BadJson> {
        if let Some(number) = self.known(text) {
            packing.put(Item::Piece(number), text.len());
            return Ok(());
        }
        let (name, value) = text.split_at_checked(value).unwrap_or((text, ""));
        self.piece(name, packing);
        if value.starts_with(['{', '[']) {
            return self.cut(value, packing);
        }
        match Item::of_value(value) {
            item @ (Item::Number(_) | Item::Id(_)) => packing.put(item, value.len()),
            item @ Item::Signs(..) if self.known(value).is_none() => packing.put(item, value.len()),
            _ => self.piece(value, packing),
        }
        Ok(())
    }

    fn piece(&mut self, text: &str, packing: &mut Packing<'_>) {
        match self.known(text) {
            Some(number) => packing.put(Item::Piece(number), text.len()),
            None => self.new_text(text, packing),
        }
    }

    /// Writes a text that is no piece: what it shares with a piece or with a text before it, and the rest.
    fn new_text(&self, text: &str, packing: &mut Packing<'_>) {
        let rest = match self.beginning(text) {
            Some((number, length)) => {
                packing.put(Item::Beginning(number, length as u64), length);
                text.get(length..).unwrap_or_default()
            }
            None => text,
        };
        packing.put_text(rest);
    }

    /// The piece that begins as `text` does, and how many bytes they share.
    ///
    /// Pieces stand in order, so the one that shares most is one of the two beside the place of `text`.
    fn beginning(&self, text: &str) -> Option<(u64, usize)> {
        let before = self.numbers.range::<str, _>((Bound::Unbounded, Bound::Excluded(text))).next_back();
        let after = self.numbers.range::<str, _>((Bound::Included(text), Bound::Unbounded)).next();
        let each = before.into_iter().chain(after);
        let (length, number) = each.map(|(piece, number)| (shared_beginning(piece, text), *number)).max()?;
        (length >= WORTH).then_some((number.into(), length))
    }

    /// The number of a piece that was seen before.
    fn known(&mut self, text: &str) -> Option<u64> {
        if text.len() > self.limits.piece_bytes {
            return None;
        }
        if let Some(number) = self.numbers.get(text) {
            return Some(u64::from(*number));
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
        Some(u64::from(number))
    }
}

/// An event on its way into its packed form.
struct Packing<'t> {
    text: &'t str,
    // How much of the text is written.
    at: usize,
    // Where new texts stand in it.
    told: Vec<Range<usize>>,
    packed: Vec<u8>,
}

impl Packing<'_> {
    /// Writes an item that stands for the next `length` bytes of the text.
    fn put(&mut self, item: Item<'_>, length: usize) {
        item.put(&mut self.packed);
        self.at = self.at.saturating_add(length);
    }

    /// Writes a new text; where it ends as another before it did, that end is not said again.
    fn put_text(&mut self, text: &str) {
        let again = self.told.iter().map(|told| (self.shared_end(told, text), told.end)).max();
        let (length, end) = again.filter(|(length, _)| *length >= WORTH).unwrap_or((0, 0));
        let head = text.get(..text.len().saturating_sub(length)).unwrap_or(text);
        if !head.is_empty() {
            self.told.push(self.at..self.at.saturating_add(head.len()));
            self.put(Item::Text(head), head.len());
        }
        if length > 0 {
            self.put(Item::Again(end.saturating_sub(length) as u64, length as u64), length);
        }
    }

    fn shared_end(&self, told: &Range<usize>, text: &str) -> usize {
        let told = self.text.get(told.clone()).unwrap_or_default();
        let pairs = told.bytes().rev().zip(text.bytes().rev());
        let same = pairs.take_while(|(one, other)| one == other).count();
        (0..=same).rev().find(|length| text.is_char_boundary(text.len() - length)).unwrap_or(0)
    }
}

/// How many bytes two texts share at their beginnings, to the border of a sign.
fn shared_beginning(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=same).rev().find(|length| other.is_char_boundary(*length)).unwrap_or(0)
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
            r#""aAzZ09+/bcd==""#,
            r#""aAzZ09+/bcd===""#,
            r#""aAzZ09+/b=cd""#,
        ] {
            let text = format!(r#"{{"unmapped":{{"x":{value}}}}}"#);
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                check(&mut interner, &text);
            }
        }
    }

    #[test]
    fn what_begins_or_ends_alike_is_said_once() {
        let mut interner = Interner::default();
        let sizes: Vec<usize> = (100..160)
            .map(|n| {
                let name = format!("logs/2026/03/16/acme_flow_{}_{n}.log.gz", n * 7919);
                let text = format!(
                    r#"{{"class_uid":6003,"unmapped":{{"key":"{name}","arn":"arn:aws:s3:::logs/{name}","id":"b0{n}K9k/+{n}==","day":"2026-03-16"}}}}"#
                );
                check(&mut interner, &text)
            })
            .collect();
        assert!(sizes[0] > 150 && sizes[59] < 100, "{sizes:?}");
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
        fn any_members_come_back(values in prop::collection::vec("([a-f0-9\"\\\\ {}é-]{0,40}|[A-Za-z0-9+/]{6,20}={0,3}|(abcdefgh|ijklmnöp|qrstuvwx){1,4})", 1..8)) {
            let mut interner = Interner::default();
            for value in values.iter().chain(&values) {
                check(&mut interner, &serde_json::json!({"unmapped": {"x": value, "y": [value]}}).to_string());
            }
        }
    }
}
