//! An event as others see it: its `Debug` form, serde, and why a text is no event.

use crate::cursor::BadJson;
use crate::event::Event;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

impl fmt::Debug for Event {
    /// Shows class, activity and reference, never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({}/{}", self.class_uid(), self.activity_id())?;
        if let Some(reference) = self.reference() {
            write!(f, " {reference}")?;
        }
        f.write_str(")")
    }
}

/// As the JSON object; to formats that no person reads, as its text.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let text = self.to_json();
        if serializer.is_human_readable() {
            let value: serde_json::Value =
                serde_json::from_str(&text).map_err(|_| S::Error::custom("no JSON"))?;
            value.serialize(serializer)
        } else {
            serializer.serialize_str(&text)
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = if deserializer.is_human_readable() {
            serde_json::Value::deserialize(deserializer)?.to_string()
        } else {
            String::deserialize(deserializer)?
        };
        Self::from_json(&text).map_err(de::Error::custom)
    }
}

/// Why a text is no event: what is wrong and at which byte, never what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON event: {0}")]
pub struct EventError(pub(crate) BadJson);

impl From<BadJson> for EventError {
    fn from(bad: BadJson) -> Self {
        Self(bad)
    }
}

impl EventError {
    /// The byte at which the text stops being an event.
    pub fn offset(&self) -> usize {
        self.0.offset
    }
}
