//! The values that stand in attributes: text, numbers, moments, objects, lists, read from and written to JSON text.
//!
//! A value of another type is no error: the reader says so, and the attribute is kept as text.

use crate::cursor::{BadJson, Cursor, special};
use crate::object::one_line;
use crate::seen::{Items, Seen};
use crate::text::Str;
use core::num::NonZeroI32;
use homeostat_core::{JsonText, Timestamp};
use std::sync::Arc;

/// A value that stands in an attribute.
pub(crate) trait Attribute: Sized {
    /// Takes the next value; `None` when it is of another type, and the cursor may then stand anywhere.
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson>;

    /// Appends the value as JSON.
    fn write(&self, out: &mut String);

    /// The value as the view sees it.
    fn see(&self) -> Seen<'_>;
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    write_inside(text, out);
    out.push('"');
}

/// Appends `text` as it stands between the quotes of a JSON string.
pub(crate) fn write_inside(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = special(rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => write_escape(u32::from(control), out),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// `\u00XX`, for a control character.
fn write_escape(control: u32, out: &mut String) {
    out.push_str("\\u00");
    for shift in [4, 0] {
        out.push(char::from_digit(control >> shift & 0xF, 16).unwrap_or('0'));
    }
}

/// Appends `number` in decimal digits.
fn write_number(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    write_count(number.unsigned_abs(), out);
}

/// Appends `count` in decimal digits, which `fmt` does in five times the time.
pub(crate) fn write_count(count: u64, out: &mut String) {
    let mut digits = [b'0'; 20];
    let (mut rest, mut length) = (count, 0);
    for slot in digits.iter_mut().rev() {
        let [digit, ..] = (rest % 10).to_le_bytes();
        *slot = b'0' + digit;
        (rest, length) = (rest / 10, length + 1);
        if rest == 0 {
            break;
        }
    }
    let told = digits.get(20 - length..).unwrap_or_default();
    out.push_str(core::str::from_utf8(told).unwrap_or_default());
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

    fn write(&self, out: &mut String) {
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

    fn write(&self, out: &mut String) {
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

    fn write(&self, out: &mut String) {
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

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }

    fn see(&self) -> Seen<'_> {
        Seen::Flag
    }
}

impl Attribute for Str {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() == Some(b'"') { Ok(Some(cursor.string()?.into())) } else { Ok(None) }
    }

    fn write(&self, out: &mut String) {
        write_text(self.as_str(), out);
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

    fn write(&self, out: &mut String) {
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

    fn write(&self, out: &mut String) {
        out.push_str(self.as_str());
    }

    fn see(&self) -> Seen<'_> {
        Seen::Json(self.as_str())
    }
}

impl<T: Attribute> Attribute for Arc<T> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        Ok(T::read(cursor)?.map(Self::new))
    }

    fn write(&self, out: &mut String) {
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

    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
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
                let mut out = String::new();
                write_number(number, &mut out);
                prop_assert_eq!(out, number.to_string());
            }
        }
    }
}
