//! Writes small JSON values for attributes that are told too seldom to have a type of their own.

use crate::text::{write_member, write_name, write_text};
use homeostat_core::JsonText;
use homeostat_event::Event;
use std::fmt::Write as _;

/// A JSON object being written, member by member.
#[derive(Default)]
pub(crate) struct JsonObject(String);

impl JsonObject {
    /// Adds a text when it is told.
    pub(crate) fn text<T: AsRef<str>>(mut self, name: &str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.open();
            write_member(name, value.as_ref(), &mut self.0);
        }
        self
    }

    /// Adds a whole number when it is told.
    pub(crate) fn number(mut self, name: &str, value: Option<i64>) -> Self {
        if let Some(value) = value {
            self.open();
            write_name(name, &mut self.0);
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{value}");
        }
        self
    }

    /// Adds a value that is JSON already when it is told.
    pub(crate) fn json(mut self, name: &str, value: Option<JsonText>) -> Self {
        if let Some(value) = value {
            self.open();
            write_name(name, &mut self.0);
            self.0.push_str(value.as_str());
        }
        self
    }

    /// The object; `None` when nothing was told.
    pub(crate) fn end(mut self) -> Option<JsonText> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push('}');
        Some(JsonText::new(self.0))
    }

    fn open(&mut self) {
        if self.0.is_empty() {
            self.0.push('{');
        }
    }
}

/// A text as JSON.
pub(crate) fn text(value: &str) -> JsonText {
    let mut json = String::with_capacity(value.len() + 2);
    write_text(value, &mut json);
    JsonText::new(json)
}

/// Texts as a JSON array; `None` when there is none.
pub(crate) fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Option<JsonText> {
    list(values.into_iter().map(|value| text(value.as_ref())))
}

/// Values as a JSON array; `None` when there is none.
pub(crate) fn list(values: impl IntoIterator<Item = JsonText>) -> Option<JsonText> {
    let mut json = String::new();
    for value in values {
        json.push(if json.is_empty() { '[' } else { ',' });
        json.push_str(value.as_str());
    }
    (!json.is_empty()).then(|| {
        json.push(']');
        JsonText::new(json)
    })
}

/// Sets the attribute `name` of an event when it is told.
pub(crate) fn tell(event: &mut Event, name: &str, value: Option<JsonText>) {
    if let Some(value) = value {
        event.set_attribute(name, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_told_is_written() {
        assert!(JsonObject::default().text("a", None::<&str>).number("b", None).end().is_none());
        let inner = texts(["x\"", "y"]);
        let object = JsonObject::default().text("a", Some("1")).number("b", Some(-2)).json("c", inner);
        assert_eq!(object.end().unwrap().as_str(), r#"{"a":"1","b":-2,"c":["x\"","y"]}"#);
        assert!(texts::<&str>([]).is_none());
    }
}
