//! One row of a listing: a JSON object on a line.

use super::Taking;
use serde_json::{Map, Value};

pub(super) struct Row(Map<String, Value>);

impl Row {
    /// A row of that kind, seen on the machine at the time of the step.
    pub(super) fn new(kind: &str, taking: &Taking<'_>) -> Self {
        let row = Self(Map::new()).text("homeostat_triage", kind).text("host", &taking.host);
        row.text("seen", &taking.seen.to_string())
    }

    /// The same with a text; an empty one is left out.
    pub(super) fn text(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.insert(name.to_owned(), Value::from(value));
        }
        self
    }

    /// The same with a number.
    pub(super) fn number(mut self, name: &str, value: u64) -> Self {
        self.0.insert(name.to_owned(), Value::from(value));
        self
    }

    /// Writes the row and its end.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(Value::Object(self.0).to_string().as_bytes());
        out.push(b'\n');
    }
}
