//! What a mapper left where it was: source subtrees as JSON text, and the event's own id among them.
//!
//! The text is kept whole until somebody looks: a look-up walks it, O(length), and copies only what it finds.

use crate::attribute::{self, Attribute};
use crate::cursor::{BadJson, Cursor, special};
use crate::object::{self, Extra, Members};
use crate::seen::Seen;
use homeostat_core::{EventRef, JsonText};

/// The name under which the event id stands.
const REFERENCE: &str = "homeostat_ref";

/// The attribute `unmapped`: an open object.
#[derive(Clone, Default)]
pub(crate) struct Unmapped {
    /// An object as it came.
    whole: Option<JsonText>,
    /// Members kept beside it.
    members: Extra,
    reference: Option<EventRef>,
    /// Whether `whole` holds `reference` itself.
    told_in_whole: bool,
}

impl Unmapped {
    pub(crate) fn reference(&self) -> Option<&EventRef> {
        self.reference.as_ref()
    }

    pub(crate) fn set_reference(&mut self, at: &EventRef) {
        self.members.forget(REFERENCE);
        if let Some(whole) = &self.whole {
            self.whole = without(whole.as_str(), REFERENCE).map(JsonText::new).or(self.whole.take());
        }
        (self.reference, self.told_in_whole) = (Some(at.clone()), false);
    }

    /// Takes `whole` as it is when it is an object; other text is kept as the member `text`.
    pub(crate) fn set_whole(&mut self, whole: JsonText) {
        let mut cursor = Cursor::new(whole.as_str());
        let object = cursor.peek() == Some(b'{');
        let sound = object && cursor.skip().and_then(|_| cursor.end()).is_ok();
        if sound {
            let one_line = !whole.as_str().bytes().any(|byte| matches!(byte, b'\n' | b'\r'));
            let text = if one_line { whole } else { JsonText::new(object::one_line(whole.as_str())) };
            self.told_in_whole = self.reference.is_none();
            self.reference = self.reference.take().or_else(|| reference_in(text.as_str()));
            self.told_in_whole &= self.reference.is_some();
            self.whole = Some(text);
        } else {
            self.members.keep("text", &object::sound(&whole));
        }
    }

    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.members.keep(name, value);
        if let (REFERENCE, Some(reference)) = (name, reference_of(value)) {
            self.set_reference(&reference);
        }
    }

    /// The text at a dotted path. A name that holds dots itself is found too, the longest name first.
    pub(crate) fn find(&self, path: &str) -> Option<JsonText> {
        if let (REFERENCE, Some(reference)) = (path, &self.reference) {
            let mut text = String::new();
            attribute::write_text(reference.as_str(), &mut text);
            return Some(JsonText::new(text));
        }
        let beside = || descend(path, &|name| self.members.find(name));
        let within =
            |whole: &JsonText| descend(path, &|name| object::member(whole.as_str(), name)).map(JsonText::new);
        beside().map(JsonText::new).or_else(|| self.whole.as_ref().and_then(within))
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

fn reference_of(value: &str) -> Option<EventRef> {
    let mut cursor = Cursor::new(value);
    let text = if cursor.peek() == Some(b'"') { cursor.string().ok()? } else { return None };
    EventRef::parse(&text).ok()
}

fn reference_in(whole: &str) -> Option<EventRef> {
    // This crate writes it last, and most other text does not hold the name: the walk is seldom needed.
    let (before, after) = whole.rsplit_once(REFERENCE)?;
    let last = after.strip_prefix("\":\"").and_then(|rest| rest.strip_suffix("\"}"));
    match last.filter(|_| before.ends_with(",\"") || before.ends_with("{\"")) {
        Some(text) if special(text.as_bytes()).is_none() => EventRef::parse(text).ok(),
        _ => object::member(whole, REFERENCE).and_then(reference_of),
    }
}

/// The object `text` without its members called `name`; `None` when it has none.
fn without(text: &str, name: &str) -> Option<String> {
    if !text.contains(name) {
        return None;
    }
    let mut kept = String::new();
    let mut members = Members::open(&mut kept);
    let walked = Cursor::new(text).object(|cursor, key| {
        let value = cursor.skip()?;
        if key != name {
            members.name_any(&key);
            members.raw(value);
        }
        Ok(())
    });
    members.close();
    walked.ok().map(|()| kept)
}

/// Equal is what stands on the wire alike, however it was put together.
impl PartialEq for Unmapped {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut two) = (String::new(), String::new());
        self.write(&mut one);
        other.write(&mut two);
        one == two
    }
}

impl Attribute for Unmapped {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() != Some(b'{') {
            return Ok(None);
        }
        let text = cursor.skip()?;
        let reference = reference_in(text);
        let told_in_whole = reference.is_some();
        let whole = Some(JsonText::new(object::one_line(text)));
        Ok(Some(Self { whole, members: Extra::default(), reference, told_in_whole }))
    }

    fn write(&self, out: &mut String) {
        let mut members = Members::open(out);
        if let Some(whole) = &self.whole {
            members.inside(whole.as_str());
        }
        self.members.write_members(&mut members);
        if let Some(reference) = self.reference.as_ref().filter(|_| !self.told_in_whole) {
            members.name_any(REFERENCE);
            members.text(reference.as_str());
        }
        members.close();
    }

    fn see(&self) -> Seen<'_> {
        // What a mapper left over plays no part in the view; `find` looks into it.
        Seen::Json(self.whole.as_ref().map_or("{}", JsonText::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(unmapped: &Unmapped) -> String {
        let mut out = String::new();
        unmapped.write(&mut out);
        out
    }

    #[test]
    fn a_whole_text_is_kept_and_looked_into() {
        let mut unmapped = Unmapped::default();
        unmapped.set_whole(JsonText::new(r#" {"a.b":{"c":1}, "a":{"b.c":2,"d":[3]},"x":null} "#));
        unmapped.set_reference(&EventRef::parse("zeek/conn#17").unwrap());
        for (path, expected) in [
            ("a.b", Some(r#"{"c":1}"#)),
            ("a.b.c", Some("1")),
            ("a.d", Some("[3]")),
            ("x", Some("null")),
            ("x.y", None),
            ("b", None),
        ] {
            assert_eq!(unmapped.find(path).as_ref().map(JsonText::as_str), expected, "{path}");
        }
        assert_eq!(
            written(&unmapped),
            r#"{"a.b":{"c":1}, "a":{"b.c":2,"d":[3]},"x":null,"homeostat_ref":"zeek/conn#17"}"#
        );
    }

    #[test]
    fn a_new_reference_replaces_the_one_that_came() {
        let text = r#"{"homeostat_ref":"old#1","a":1}"#;
        let mut unmapped = Unmapped::read(&mut Cursor::new(text)).unwrap().unwrap();
        assert_eq!(unmapped.reference().unwrap().as_str(), "old#1");
        assert_eq!(written(&unmapped), text);
        unmapped.set_reference(&EventRef::parse("new#2").unwrap());
        assert_eq!(written(&unmapped), r#"{"a":1,"homeostat_ref":"new#2"}"#);
        let again = Unmapped::read(&mut Cursor::new(&written(&unmapped))).unwrap().unwrap();
        assert!(again == unmapped);
        assert_eq!(written(&again), written(&unmapped));
    }

    #[test]
    fn what_is_no_object_is_kept_too() {
        for (text, expected) in
            [("{}", "{}"), ("[1]", r#"{"text":[1]}"#), ("{\"a\"", r#"{"text":"{\"a\""}"#), ("{\n}", "{}")]
        {
            let mut unmapped = Unmapped::default();
            unmapped.set_whole(JsonText::new(text));
            assert_eq!(written(&unmapped), expected);
        }
    }
}
