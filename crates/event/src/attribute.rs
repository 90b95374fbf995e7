//! The values that stand in attributes: text, numbers, moments, objects, lists, read from and written to JSON text.
//!
//! A value of another type is no error: the reader says so, and the attribute is kept as text.

use crate::cursor::{BadJson, Cursor, special};
use crate::object::one_line;
use crate::seen::{Items, Seen};
use crate::text::{INLINE, Str};
use core::num::NonZeroI32;
use homeostat_core::{JsonText, Timestamp};
use std::sync::Arc;

/// A value that stands in an attribute.
pub(crate) trait Attribute: Sized {
    /// Takes the next value; `None` when it is of another type, and the cursor may then stand anywhere.
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson>;

    /// Appends the value as JSON.
    fn write(&self, out: &mut Vec<u8>);

    /// The value as the view sees it.
    fn see(&self) -> Seen<'_>;
}

/// What `write` appends, as text.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    text_of(bytes)
}

/// What was written as text. It is put together of whole texts and of signs of ASCII, so it is UTF-8.
pub(crate) fn text_of(written: Vec<u8>) -> String {
    String::from_utf8(written).unwrap_or_default()
}

/// Appends `text`, which is UTF-8, as a JSON string.
pub(crate) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len().saturating_add(2));
    out.push(b'"');
    write_inside(text, out);
    out.push(b'"');
}

/// Appends `text` as it stands between the quotes of a JSON string.
pub(crate) fn write_inside(text: &[u8], out: &mut Vec<u8>) {
    match special(text) {
        None => out.extend_from_slice(text),
        Some(first) => write_escaped(text, first, out),
    }
}

/// The same of a text in which the byte at `first` is the first that is escaped. The others are so by their own, for no
/// byte of a longer sign is one of those.
fn write_escaped(text: &[u8], first: usize, out: &mut Vec<u8>) {
    let (plain, rest) = text.split_at_checked(first).unwrap_or((text, &[]));
    out.extend_from_slice(plain);
    for byte in rest {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => write_escape(*byte, out),
            _ => out.push(*byte),
        }
    }
}

/// `\u00XX`, for a control character.
fn write_escape(control: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u00");
    for digit in [control >> 4, control & 0xF] {
        out.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
    }
}

/// Appends `number` in decimal digits.
fn write_number(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    write_count(number.unsigned_abs(), out);
}

/// All numbers of two digits.
static PAIRS: [[u8; 2]; 100] = pairs();

#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
#[expect(clippy::cast_possible_truncation, reason = "a digit fits in a byte")]
const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
}

/// Appends `count` in decimal digits, which `fmt` does in five times the time.
pub(crate) fn write_count(count: u64, out: &mut Vec<u8>) {
    const DIGITS: usize = 20;
    // Behind the digits there is room, so that as many bytes are copied whatever their number is.
    let (mut digits, mut start, mut rest) = ([0; 2 * DIGITS], DIGITS, count);
    while rest >= 10 {
        let pair = PAIRS.get((rest % 100) as usize).copied().unwrap_or_default();
        (start, rest) = (start - 2, rest / 100);
        if let Some(place) = digits.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
            *place = pair;
        }
    }
    if rest > 0 || start == DIGITS {
        start -= 1;
        if let (Some(place), [digit, ..]) = (digits.get_mut(start), rest.to_le_bytes()) {
            *place = b'0' + digit;
        }
    }
    if let Some(told) = digits.get(start..).and_then(<[u8]>::first_chunk::<DIGITS>) {
        append(told, DIGITS - start, out);
    }
}

/// Appends the first `length` of `bytes`: to copy a fixed number and to cut costs less than to copy what it takes.
fn append<const N: usize>(bytes: &[u8; N], length: usize, out: &mut Vec<u8>) {
    let end = out.len().saturating_add(length);
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// Appends the first `length` bytes of `text`, the others of which are zero, as a JSON string.
pub(crate) fn write_short(text: &[u8; INLINE], length: usize, out: &mut Vec<u8>) {
    let told = text.get(..length).unwrap_or_default();
    if special(text).is_some_and(|at| at < length) {
        return write_text(told, out);
    }
    let mut quoted = [b'"'; INLINE + 2];
    if let Some((_, rest)) = quoted.split_first_mut()
        && let Some(inside) = rest.first_chunk_mut::<INLINE>()
    {
        *inside = *text;
    }
    if let Some(quote) = quoted.get_mut(length + 1) {
        *quote = b'"';
    }
    append(&quoted, length + 2, out);
}

/// The next value when it is a whole number; `-0` is none, for JSON readers take it as a float.
fn whole(cursor: &mut Cursor<'_>) -> Result<Option<i64>, BadJson> {
    if !matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) {
        return Ok(None);
    }
    let text = cursor.number()?;
    Ok(if text == "-0" { None } else { text.parse().ok() })
}

impl Attribute for i64 {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        whole(cursor)
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_number(*self, out);
    }

    fn see(&self) -> Seen<'_> {
        Seen::Number(*self)
    }
}

impl Attribute for i32 {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        Ok(whole(cursor)?.and_then(|number| Self::try_from(number).ok()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_number(i64::from(*self), out);
    }

    fn see(&self) -> Seen<'_> {
        Seen::Number((*self).into())
    }
}

/// A number of which `Option` needs no more room: all but the least, which OCSF numbers nothing by.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Id(NonZeroI32);

impl Id {
    pub(crate) fn get(self) -> i32 {
        self.0.get() ^ i32::MIN
    }
}

impl From<i32> for Id {
    fn from(number: i32) -> Self {
        Self(NonZeroI32::new(number ^ i32::MIN).unwrap_or(NonZeroI32::MIN))
    }
}

impl Attribute for Id {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        Ok(i32::read(cursor)?.filter(|number| *number != i32::MIN).map(Self::from))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.get().write(out);
    }

    fn see(&self) -> Seen<'_> {
        Seen::Number(self.get().into())
    }
}

impl Attribute for bool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if matches!(cursor.peek(), Some(b't' | b'f')) { cursor.flag().map(Some) } else { Ok(None) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }

    fn see(&self) -> Seen<'_> {
        Seen::Flag
    }
}

impl Attribute for Str {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() == Some(b'"') { Ok(Some(cursor.string()?.into())) } else { Ok(None) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn see(&self) -> Seen<'_> {
        Seen::Text(self.as_str())
    }
}

/// On the wire OCSF milliseconds; what is no moment stands as 0.
impl Attribute for Timestamp {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        let millis = whole(cursor)?;
        Ok(millis.map(Self::from_millis).filter(|time| time.millis() == millis))
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_number(self.millis().unwrap_or(0), out);
    }

    fn see(&self) -> Seen<'_> {
        Seen::Time(*self)
    }
}

impl Attribute for JsonText {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        cursor.skip().map(|text| Some(Self::new(one_line(text))))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_str().as_bytes());
    }

    fn see(&self) -> Seen<'_> {
        Seen::Json(self.as_str())
    }
}

impl<T: Attribute> Attribute for Arc<T> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        Ok(T::read(cursor)?.map(Self::new))
    }

    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }

    fn see(&self) -> Seen<'_> {
        (**self).see()
    }
}

impl<T: Attribute> Attribute for Arc<[T]> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() != Some(b'[') {
            return Ok(None);
        }
        let mut items = Vec::new();
        let mut all = true;
        // An element of another type makes the whole list one: it is read to its end, and kept as text.
        cursor.array(|cursor| {
            let start = cursor.start();
            if all && let Some(item) = T::read(cursor)? {
                items.push(item);
                return Ok(());
            }
            all = false;
            cursor.back_to(start);
            cursor.skip().map(drop)
        })?;
        Ok(all.then(|| items.into()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            item.write(out);
        }
        out.push(b']');
    }

    fn see(&self) -> Seen<'_> {
        Seen::List(self)
    }
}

impl<T: Attribute> Items for Arc<[T]> {
    fn item(&self, place: usize) -> Option<Seen<'_>> {
        self.get(place).map(Attribute::see)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_written_in_all_their_digits(number: i64) {
            for number in [number, number >> 40, i64::MIN, i64::MAX, 0] {
                prop_assert_eq!(written(|out| write_number(number, out)), number.to_string());
            }
        }
    }
}
