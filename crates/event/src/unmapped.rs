//! What a mapper left where it was: source subtrees as JSON text, and the event's own id among them.
//!
//! The text is kept whole until somebody looks: a look-up walks it, O(length), and copies only what it finds.

use crate::attribute::{self, Attribute};
use crate::cursor::{BadJson, Cursor, special};
use crate::object::{self, Extra, Members};
use crate::seen::Seen;
use crate::text::Str;
use homeostat_core::{EventRef, JsonText};
use std::sync::Arc;

/// The name under which the event id stands.
const REFERENCE: &str = "homeostat_ref";

/// The attribute `unmapped`: an open object. 48 bytes, for it stands in every event.
#[derive(Clone, Default)]
pub(crate) struct Unmapped {
    /// An object as it came.
    whole: Option<Str>,
    /// Members kept beside it.
    members: Extra,
    /// The event id, or with a record number below [`BESIDE`] the place in it.
    place: Option<Arc<String>>,
    record: u64,
}

/// The id is `place` alone, and stands beside `whole`.
const BESIDE: u64 = u64::MAX - 1;
/// The id is `place` alone, and `whole` holds it itself.
const WITHIN: u64 = u64::MAX;

impl Unmapped {
    pub(crate) fn reference(&self) -> Option<EventRef> {
        let place = self.place.as_deref()?;
        if self.record >= BESIDE {
            return EventRef::parse(place).ok();
        }
        EventRef::parse(&format!("{place}#{}", self.record)).ok()
    }

    /// About how long the object is as text.
    pub(crate) fn length(&self) -> usize {
        self.whole.as_ref().map_or(0, |whole| whole.as_str().len())
    }

    pub(crate) fn set_reference(&mut self, at: &EventRef) {
        self.forget_reference();
        (self.place, self.record) = (Some(Arc::new(at.as_str().to_owned())), BESIDE);
    }

    pub(crate) fn set_record(&mut self, place: &Arc<String>, record: u64) {
        self.forget_reference();
        (self.place, self.record) = (Some(Arc::clone(place)), record);
    }

    fn forget_reference(&mut self) {
        self.members.forget(REFERENCE);
        if self.record == WITHIN
            && let Some(kept) = self.whole.as_ref().and_then(|whole| without(whole.as_str(), REFERENCE))
        {
            self.whole = Some(kept.into());
        }
    }

    /// Takes `whole` as it is when it is an object; other text is kept as the member `text`.
    pub(crate) fn set_whole(&mut self, whole: &JsonText) {
        let mut cursor = Cursor::new(whole.as_str());
        let object = cursor.peek() == Some(b'{');
        let sound = object && cursor.skip().and_then(|_| cursor.end()).is_ok();
        if !sound {
            return self.members.keep("text", &object::sound(whole));
        }
        let text = object::one_line(whole.as_str());
        let told = if text.contains(REFERENCE) { reference_in(&text) } else { None };
        self.whole = Some(match (&self.place, told) {
            (_, None) => Str::from(&*text),
            (Some(_), Some(_)) => without(&text, REFERENCE).map_or_else(|| Str::from(&*text), Str::from),
            (None, Some(told)) => {
                (self.place, self.record) = (Some(Arc::new(told.as_str().to_owned())), WITHIN);
                Str::from(&*text)
            }
        });
    }

    /// Takes `whole`, one object on one line without an id in it.
    pub(crate) fn set_sound(&mut self, whole: Str) {
        self.whole = Some(whole);
    }

    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.members.keep(name, value);
        if let (REFERENCE, Some(reference)) = (name, reference_of(value)) {
            self.set_reference(&reference);
        }
    }

    /// The text at a dotted path. A name that holds dots itself is found too, the longest name first.
    pub(crate) fn find(&self, path: &str) -> Option<JsonText> {
        if let (REFERENCE, Some(reference)) = (path, self.reference()) {
            let text = attribute::written(|out| attribute::write_text(reference.as_str().as_bytes(), out));
            return Some(JsonText::new(text));
        }
        let beside = || descend(path, &|name| self.members.find(name));
        let within =
            |whole: &Str| descend(path, &|name| object::member(whole.as_str(), name)).map(JsonText::new);
        beside().map(JsonText::new).or_else(|| self.whole.as_ref().and_then(within))
    }

    /// Appends the event id, as it stands between quotes.
    fn write_reference(&self, out: &mut Vec<u8>) {
        let Some(place) = &self.place else { return };
        attribute::write_inside(place.as_bytes(), out);
        if self.record < BESIDE {
            out.push(b'#');
            attribute::write_count(self.record, out);
        }
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
    let mut kept = Vec::new();
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
    walked.ok().map(|()| attribute::text_of(kept))
}

/// Equal is what stands on the wire alike, however it was put together.
impl PartialEq for Unmapped {
    fn eq(&self, other: &Self) -> bool {
        attribute::written(|out| self.write(out)) == attribute::written(|out| other.write(out))
    }
}

impl Attribute for Unmapped {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, BadJson> {
        if cursor.peek() != Some(b'{') {
            return Ok(None);
        }
        let text = cursor.skip()?;
        let reference = reference_in(text);
        let whole = Some(Str::from(&*object::one_line(text)));
        let place = reference.map(|reference| Arc::new(reference.as_str().to_owned()));
        Ok(Some(Self { whole, members: Extra::default(), place, record: WITHIN }))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut members = Members::open(out);
        if let Some(whole) = &self.whole {
            members.inside(whole.as_str());
        }
        self.members.write_members(&mut members);
        if self.place.is_some() && self.record != WITHIN {
            members.name_any(REFERENCE);
            members.text_of(|out| self.write_reference(out));
        }
        members.close();
    }

    fn see(&self) -> Seen<'_> {
        // What a mapper left over plays no part in the view; `find` looks into it.
        Seen::Json(self.whole.as_ref().map_or("{}", Str::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(unmapped: &Unmapped) -> String {
        attribute::written(|out| unmapped.write(out))
    }

    #[test]
    fn a_whole_text_is_kept_and_looked_into() {
        let mut unmapped = Unmapped::default();
        unmapped.set_whole(&JsonText::new(r#" {"a.b":{"c":1}, "a":{"b.c":2,"d":[3]},"x":null} "#));
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
            unmapped.set_whole(&JsonText::new(text));
            assert_eq!(written(&unmapped), expected);
        }
    }
}
