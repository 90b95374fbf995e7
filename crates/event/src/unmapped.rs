//! What a mapper left where it was: source subtrees as JSON text, and the event's own id among them.

use crate::cursor::{BadJson, Cursor};
use crate::object::{self, Attribute, Extra, Members};
use homeostat_core::{EventRef, JsonText};

/// The name under which the event id stands.
const REFERENCE: &str = "homeostat_ref";

/// The attribute `unmapped`: an open object.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Unmapped {
    reference: Option<EventRef>,
    members: Extra,
}

impl Unmapped {
    pub(crate) fn reference(&self) -> Option<&EventRef> {
        self.reference.as_ref()
    }

    pub(crate) fn set_reference(&mut self, at: &EventRef) {
        self.members.forget(REFERENCE);
        self.reference = Some(at.clone());
    }

    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.reference = if name == REFERENCE { reference_in(value) } else { self.reference.take() };
        if name != REFERENCE || self.reference.is_none() {
            self.members.keep(name, value);
        }
    }

    /// The text at a dotted path. A name that holds dots itself is found too, the longest name first.
    pub(crate) fn find(&self, path: &str) -> Option<JsonText> {
        if let (REFERENCE, Some(reference)) = (path, &self.reference) {
            let mut text = String::new();
            object::write_text(reference.as_str(), &mut text);
            return Some(JsonText::new(text));
        }
        descend(path, &|name| self.members.find(name)).map(JsonText::new)
    }
}

fn descend<'a>(path: &str, find: &dyn Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    if let Some(whole) = find(path) {
        return Some(whole);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let (name, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
        let inner = find(name)?;
        descend(rest, &|name| object::member(inner, name))
    })
}

fn reference_in(value: &str) -> Option<EventRef> {
    let mut cursor = Cursor::new(value);
    let text = if cursor.peek() == Some(b'"') { cursor.string().ok()? } else { return None };
    EventRef::parse(&text).ok()
}

impl Attribute for Unmapped {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() != Some(b'{') {
            return Ok(None);
        }
        let mut unmapped = Self::default();
        cursor.object(|cursor, key| {
            unmapped.keep(&key, cursor.skip()?);
            Ok(())
        })?;
        Ok(Some(unmapped))
    }

    fn write(&self, out: &mut String) {
        let mut members = Members::open(out);
        if let Some(reference) = &self.reference {
            members.name_any(REFERENCE);
            members.text(reference.as_str());
        }
        self.members.write_members(&mut members);
        members.close();
    }
}
