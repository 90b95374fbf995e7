//! The values that stand in attributes: text, numbers, moments, objects, lists, read from and written to JSON text.
//!
//! A value of another type is no error: the reader says so, and the attribute is kept as text.

use crate::cursor::{BadJson, Cursor, special};
use crate::object::one_line;
use crate::seen::{Items, Seen};
use crate::text::Str;
use homeostat_core::{JsonText, Timestamp};
use std::fmt::Write as _;

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
            Some(control) => push_number(out, format_args!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn push_number(out: &mut String, number: core::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = out.write_fmt(number);
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
        push_number(out, format_args!("{self}"));
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
        push_number(out, format_args!("{self}"));
    }

    fn see(&self) -> Seen<'_> {
        Seen::Number((*self).into())
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
        push_number(out, format_args!("{}", self.millis().unwrap_or(0)));
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

impl<T: Attribute> Attribute for Box<T> {
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

impl<T: Attribute> Attribute for Vec<T> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() != Some(b'[') {
            return Ok(None);
        }
        let mut items = Self::new();
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
        Ok(all.then_some(items))
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

impl<T: Attribute> Items for Vec<T> {
    fn item(&self, place: usize) -> Option<Seen<'_>> {
        self.get(place).map(Attribute::see)
    }
}
