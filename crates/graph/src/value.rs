//! What things are worth: by kind, by tag, by authority. Rules are data that a product may replace.

use crate::object::{Object, ObjectKind};
use homeostat_core::Value;

/// The rules that give objects their worth; the highest that fits counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueRules {
    /// Full authority over an account. 100: it contains all the rest.
    pub account: Value,
    /// A principal that has it. 95: one step away.
    pub administrator: Value,
    /// A store of data. 80: what thieves come for.
    pub bucket: Value,
    /// A secret or parameter. 70: a step to something else.
    pub secret: Value,
    /// Anything else that is known. 10.
    pub known: Value,
    /// Tag name, tag value and worth: what the owner says. None by default, since names mean nothing by
    /// themselves.
    pub tags: Vec<(String, String, Value)>,
    /// From which worth on something is a jewel. 70: secrets and more.
    pub jewel: Value,
}

impl Default for ValueRules {
    fn default() -> Self {
        Self {
            account: Value::MOST,
            administrator: Value::new(95),
            bucket: Value::new(80),
            secret: Value::new(70),
            known: Value::new(10),
            tags: Vec::new(),
            jewel: Value::new(70),
        }
    }
}

impl ValueRules {
    /// The rules, where what is tagged so is worth `value`.
    #[must_use]
    pub fn with_tag(mut self, name: &str, text: &str, value: Value) -> Self {
        self.tags.push((name.to_owned(), text.to_owned(), value));
        self
    }

    /// The worth of `object`, leaving its authority aside.
    pub(crate) fn of(&self, object: &Object) -> Value {
        let kind = match object.kind() {
            ObjectKind::Bucket | ObjectKind::Database => self.bucket,
            ObjectKind::Secret => self.secret,
            _ => self.known,
        };
        let told =
            self.tags.iter().filter(|(name, text, _)| object.attribute(&format!("tag/{name}")) == Some(text));
        told.map(|(.., value)| *value).fold(kind, Value::max)
    }
}
