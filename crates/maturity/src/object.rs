//! JSON objects written in the order of their fields, as the sources write them.
//!
//! A general JSON value would order the fields by a feature of its crate, which another crate of the build may
//! switch: the bytes of a tenant must not depend on that. Writing takes O(n) time.

use core::fmt::{Display, Write as _};

/// A JSON object under construction; fields stand in the order of the calls.
#[derive(Clone, Default)]
pub(crate) struct Object(String);

impl Object {
    /// Adds a text.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        let quoted = quoted(value);
        self.plain(name, quoted)
    }

    /// Adds a text, or `null` for none.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.plain(name, "null"),
        }
    }

    /// Adds a number, a truth value, `null`, or JSON that is written already.
    pub(crate) fn plain(mut self, name: &str, value: impl Display) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{comma}\"{name}\":{value}");
        self
    }

    /// Adds an object.
    pub(crate) fn object(self, name: &str, value: &Self) -> Self {
        let value = value.end();
        self.plain(name, value)
    }

    /// Adds a list of JSON values that are written already.
    pub(crate) fn list(self, name: &str, values: &[String]) -> Self {
        self.plain(name, format_args!("[{}]", values.join(",")))
    }

    /// Adds a list of texts.
    pub(crate) fn texts(self, name: &str, values: &[&str]) -> Self {
        let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
        self.list(name, &values)
    }

    /// The JSON text.
    pub(crate) fn end(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::Object;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text: String) {
            let written = Object::default().text("a", &text).plain("b", 1).texts("c", &[&text]).end();
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
            prop_assert_eq!(read["c"][0].as_str(), Some(text.as_str()));
            prop_assert_eq!(read["b"].as_i64(), Some(1));
        }
    }
}
