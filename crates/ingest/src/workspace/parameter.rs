//! The parameters of an act: a list of names and values, or one object.

use crate::act::{Word, told};
use crate::record::Field;
use std::borrow::Cow;

/// Where an act's parameters stand.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a> {
    at: Option<Field<'a>>,
}

/// Members that hold the value of a parameter in a list.
const VALUES: [&str; 7] =
    ["value", "intValue", "boolValue", "multiValue", "multiIntValue", "multiBoolValue", "messageValue"];

impl<'a> Parameters<'a> {
    pub(super) fn of(at: Option<Field<'a>>) -> Self {
        Self { at: at.filter(|at| at.is_array() || at.is_object()) }
    }

    /// All of them, as they stand.
    pub(super) fn whole(&self) -> Option<Field<'a>> {
        self.at
    }

    /// The value of `name`, whatever it is.
    pub(super) fn value(&self, name: &str) -> Option<Field<'a>> {
        let at = self.at?;
        if at.is_object() {
            return at.member(name);
        }
        let named = at
            .children()
            .find(|one| one.member("name").and_then(|own| own.look()).as_deref() == Some(name))?;
        VALUES.into_iter().find_map(|value| named.member(value))
    }

    /// The first of `names` that tells one value.
    pub(super) fn one(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().filter_map(|name| self.value(name)).find_map(|value| {
            let value = if value.is_array() { value.children().next()? } else { value };
            told(value)
        })
    }

    pub(super) fn first(&self, names: &[&str]) -> Option<Word<'a>> {
        self.one(names).map(Word::At)
    }

    pub(super) fn take(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        self.one(names)?.take()
    }

    /// Every value of `name`.
    pub(super) fn all(&self, name: &str) -> Vec<Word<'a>> {
        match self.value(name) {
            Some(list) if list.is_array() => list.children().filter_map(told).map(Word::At).collect(),
            Some(value) => told(value).map(Word::At).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Inside the message that `name` holds, the value at a dotted path: both shapes nest their own way.
    pub(super) fn inside(&self, name: &str, path: &str) -> Option<Field<'a>> {
        let mut at = Self::of(self.value(name).map(|value| value.member("parameter").unwrap_or(value)));
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            let value = at.value(step)?;
            if steps.peek().is_none() {
                return Some(value);
            }
            at = Self::of(Some(value.member("parameter").unwrap_or(value)));
        }
        None
    }
}
