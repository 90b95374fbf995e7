//! Checks, scalar by scalar, where each value of a record stands in its events.
//!
//! The check believes no mapper: a value counts as mapped only when it is found in a typed attribute, as it is
//! or in one of the documented transforms (a time as milliseconds, a number or truth value in its JSON form, a
//! text in lower case, an argument in a command line, a user agent without the brackets CloudTrail puts around it,
//! a TLS version without its prefix, a name without the dot that ends it, a hexadecimal number as decimal, an IPv4
//! address out of its IPv6 form, an address without its port, a URL cut at its question mark, an address of mail
//! without its brackets, a list or a `name=value` text whose every value stands somewhere). It reads the events back
//! from their JSON, so it costs several times the mapping: it runs only when coverage is asked for.

use crate::coverage::Leaves;
use crate::field_map::FieldMap;
use crate::record::{Field, Record};
use crate::tape::{Kind, Mark, Tape};
use homeostat_core::Timestamp;
use homeostat_event::Event;
use std::collections::{BTreeMap, BTreeSet};

/// All scalars that stand in typed attributes of events as JSON.
pub(crate) struct Found<'a> {
    // By value, the classes and paths where it stands.
    typed: BTreeMap<Box<str>, BTreeSet<(u32, Box<str>)>>,
    unmapped: Vec<Field<'a>>,
    events: Vec<Field<'a>>,
}

/// What is counted of a record, and where in it the count is.
pub(crate) struct Count<'c> {
    pub(crate) leaves: Leaves,
    pub(crate) fields: &'c mut FieldMap,
    path: String,
}

impl<'c> Count<'c> {
    pub(crate) fn into(fields: &'c mut FieldMap) -> Self {
        Self { leaves: Leaves::default(), fields, path: String::new() }
    }

    /// Counts what is below `child` of an object, or of a list when it has no name.
    fn below(&mut self, child: Field<'_>, count: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_step(&child, &mut self.path);
        count(self);
        self.path.truncate(length);
    }
}

/// Adds a member's name to a path, or the sign of a list.
fn push_step(child: &Field<'_>, path: &mut String) {
    let name = child.name();
    if name.is_empty() {
        path.push_str("[]");
    } else {
        path.push_str(if path.is_empty() { "" } else { "." });
        path.push_str(&name);
    }
}

/// The JSON of one event, parsed.
pub(crate) struct Told {
    json: String,
    tape: Tape,
}

impl Told {
    pub(crate) fn of(event: &Event) -> Self {
        let json = event.to_json();
        let mut tape = Tape::default();
        // An event's own JSON is sound; if it were not, its leaves would show as dropped.
        let _ = tape.parse(json.as_bytes(), usize::MAX);
        Self { json, tape }
    }
}

impl<'a> Found<'a> {
    pub(crate) fn within(events: &'a [Told]) -> Self {
        let mut found = Self { typed: BTreeMap::new(), unmapped: Vec::new(), events: Vec::new() };
        for told in events {
            let root = Record::new(&told.json, &told.tape).root();
            found.events.push(root);
            let class = root.member("class_uid").and_then(|class| class.look());
            let class = class.and_then(|class| class.parse().ok()).unwrap_or(0);
            for member in root.children() {
                if member.raw_name() == "unmapped" {
                    found.unmapped.push(member);
                } else {
                    found.gather(member, class, "");
                }
            }
        }
        found
    }

    fn gather(&mut self, field: Field<'_>, class: u32, outer: &str) {
        let mut path = outer.to_owned();
        push_step(&field, &mut path);
        // What tells nothing stands as it is in attributes that hold any JSON.
        if let Some(text) = field.look().or_else(|| void(field)) {
            self.typed.entry(text.into()).or_default().insert((class, path.as_str().into()));
        }
        field.children().for_each(|child| self.gather(child, class, &path));
    }

    /// Counts the leaves below `source`; what was left of it stands in `unmapped`, at `place` when there is one.
    pub(crate) fn count(&self, source: Field<'_>, place: Option<&str>, count: &mut Count<'_>) {
        let left: Vec<Field<'_>> = match place {
            Some(place) => self.unmapped.iter().filter_map(|unmapped| unmapped.member(place)).collect(),
            None => self.unmapped.clone(),
        };
        if !source.is_object() {
            let below = left.iter().find_map(|left| left.member("value"));
            return self.walk(source, below, count);
        }
        for child in source.children() {
            let below = left.iter().find_map(|left| left.member(&child.name()));
            count.below(child, |count| self.walk(child, below, count));
        }
    }

    fn walk(&self, source: Field<'_>, left: Option<Field<'_>>, count: &mut Count<'_>) {
        match source.marked() {
            Mark::Opened => return,
            Mark::Whole => {
                let kept = self.events.iter().find_map(|event| event.member(&source.name()));
                return handed_on(source, kept, count);
            }
            _ => {}
        }
        match source.kind() {
            Kind::Object => {
                for child in source.children() {
                    let below = left.and_then(|left| left.member(&child.name()));
                    count.below(child, |count| self.walk(child, below, count));
                }
            }
            Kind::Array => {
                let mut elements = left.map(|left| left.children());
                for child in source.children() {
                    let below = elements.as_mut().and_then(Iterator::next);
                    count.below(child, |count| self.walk(child, below, count));
                }
            }
            _ => self.leaf(source, left, count),
        }
    }

    fn leaf(&self, source: Field<'_>, left: Option<Field<'_>>, count: &mut Count<'_>) {
        let stands_left = left.is_some_and(|left| left.kind() == source.kind() && same(source, left));
        let typed = match source.marked() {
            Mark::Withheld | Mark::Opened | Mark::Whole => return,
            Mark::Left => None,
            Mark::Taken => self.places(source),
            Mark::Copied => self.places(source).or_else(|| self.places_of_transform(source)),
        };
        match (&typed, stands_left) {
            (Some(_), _) => count.leaves.mapped += 1,
            (None, true) => count.leaves.unmapped += 1,
            (None, false) => count.leaves.dropped += 1,
        }
        if let Some(places) = typed {
            tell(places, count);
        }
    }

    fn places(&self, source: Field<'_>) -> Option<&BTreeSet<(u32, Box<str>)>> {
        self.typed.get(&*source.look().or_else(|| void(source))?)
    }

    fn places_of_transform(&self, source: Field<'_>) -> Option<&BTreeSet<(u32, Box<str>)>> {
        let text = source.look()?;
        let at = |text: &str| self.typed.get(text);
        let millis = crate::moment::read(&text).and_then(Timestamp::millis);
        millis
            .and_then(|millis| at(&millis.to_string()))
            .or_else(|| at(&text.to_lowercase()))
            .or_else(|| at(text.trim_start_matches('[').trim_end_matches(']')))
            .or_else(|| at(text.trim_start_matches('<').trim_end_matches('>')))
            .or_else(|| at(text.strip_suffix('.')?))
            .or_else(|| at(&crate::tls::version(&text)?))
            .or_else(|| at(crate::address::without_port(&text)?.0))
            .or_else(|| at(truth(&text)?))
            .or_else(|| at(&whole(&text)?.to_string()))
            .or_else(|| at(text.split_once('?').filter(|(path, _)| at(path).is_some())?.1))
            .or_else(|| at(&hexadecimal(&text)?.to_string()))
            .or_else(|| at(text.strip_prefix("::ffff:")?))
            .or_else(|| self.places_of_parts(&text))
            .or_else(|| self.place_of_argument(&text))
    }

    /// Of an argument the command line that it is a part of, of a line the text that it is a line of.
    fn place_of_argument(&self, text: &str) -> Option<&BTreeSet<(u32, Box<str>)>> {
        const ENDINGS: [&str; 3] = ["cmd_line", "raw_data", "script_content.value"];
        let is_line = |places: &BTreeSet<(u32, Box<str>)>| {
            places.iter().any(|(_, path)| ENDINGS.iter().any(|end| path.ends_with(end)))
        };
        let lines = self.typed.iter().filter(|(_, places)| is_line(places));
        lines.filter(|(line, _)| line.contains(text)).map(|(_, places)| places).next()
    }

    /// Of a text that is a list, when every element of it stands somewhere, where the first does.
    fn places_of_parts(&self, text: &str) -> Option<&BTreeSet<(u32, Box<str>)>> {
        let all = |parts: &mut dyn Iterator<Item = &str>| {
            let mut told = parts.map(bare).filter(|part| !part.is_empty());
            let first = self.typed.get(told.next()?);
            told.all(|part| self.typed.contains_key(part)).then_some(first)?
        };
        let mut halves = [text.split_once(['\\', '@']), text.rsplit_once('\\')].into_iter().flatten();
        halves
            .find_map(|(before, after)| all(&mut [before, after].into_iter()))
            .or_else(|| all(&mut text.split(['\r', '\n', '\t', ' ', ',', ';', '|'])))
    }
}

/// The JSON of a null or an empty text.
fn void(field: Field<'_>) -> Option<std::borrow::Cow<'_, str>> {
    matches!(field.kind(), Kind::Null | Kind::Text).then(|| field.json().into())
}

/// What every event tells in numbers of OCSF's own: a value of the source stands there by chance only.
const NUMBERED: [&str; 6] =
    ["activity_id", "category_uid", "class_uid", "severity_id", "status_id", "type_uid"];

/// Tells where a mapped value stands, class by class.
fn tell(places: &BTreeSet<(u32, Box<str>)>, count: &mut Count<'_>) {
    let classes: BTreeSet<u32> = places.iter().map(|(class, _)| *class).collect();
    for class in classes {
        let here = places.iter().filter(|(of, _)| *of == class).map(|(_, path)| &**path);
        let here = here.filter(|path| !NUMBERED.contains(path));
        count.fields.meet(&count.path, class, here);
    }
}

/// Counts the leaves of a member that was handed on whole: each must stand in the event where it stood.
fn handed_on(source: Field<'_>, kept: Option<Field<'_>>, count: &mut Count<'_>) {
    match source.kind() {
        Kind::Object => {
            for child in source.children() {
                let below = kept.and_then(|kept| kept.member(&child.name()));
                count.below(child, |count| handed_on(child, below, count));
            }
        }
        Kind::Array => {
            let mut elements = kept.map(|kept| kept.children());
            for child in source.children() {
                let below = elements.as_mut().and_then(Iterator::next);
                count.below(child, |count| handed_on(child, below, count));
            }
        }
        _ if source.marked() == Mark::Withheld => {}
        kind => {
            let stands = kept.is_some_and(|kept| kept.kind() == kind && same(source, kept));
            match (stands, count.path.starts_with("unmapped")) {
                (false, _) => count.leaves.dropped += 1,
                (true, true) => count.leaves.unmapped += 1,
                (true, false) => count.leaves.mapped += 1,
            }
        }
    }
}

/// `0x2c0` → 704.
fn hexadecimal(text: &str) -> Option<i64> {
    i64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Of `name=value` the value, of `%{id}` the id.
fn bare(part: &str) -> &str {
    let value = part.split_once('=').map_or(part, |(_, value)| value);
    value.trim_start_matches("%{").trim_end_matches('}').trim_start_matches("::ffff:")
}

fn same(source: Field<'_>, left: Field<'_>) -> bool {
    source.json() == left.json() || (source.is_text() && source.look() == left.look())
}

fn truth(text: &str) -> Option<&'static str> {
    match text {
        "T" | "Yes" => Some("true"),
        "F" | "No" => Some("false"),
        _ => None,
    }
}

/// `0.0` → 0: a whole number that the source wrote with a fraction.
fn whole(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    fraction.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
}
