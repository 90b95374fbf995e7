//! Checks, scalar by scalar, where each value of a record stands in its events.
//!
//! The check believes no mapper: a value counts as mapped only when it is found in a typed attribute, as it is
//! or in one of the documented transforms (a time as milliseconds, a number or truth value in its JSON form, a
//! text in lower case, a user agent without the brackets CloudTrail puts around it, a TLS version without its
//! prefix, a URL cut at its question mark, an address of mail without its brackets). It reads the events back from their JSON, so it costs several times the mapping: it runs only when
//! coverage is asked for.

use crate::coverage::Leaves;
use crate::record::{Field, Record};
use crate::tape::{Kind, Mark, Tape};
use homeostat_core::Timestamp;
use homeostat_event::Event;
use std::collections::BTreeSet;

/// All scalars that stand in typed attributes of `texts`, events as JSON.
pub(crate) struct Found<'a> {
    typed: BTreeSet<Box<str>>,
    unmapped: Vec<Field<'a>>,
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
        let mut found = Self { typed: BTreeSet::new(), unmapped: Vec::new() };
        for told in events {
            for member in Record::new(&told.json, &told.tape).root().children() {
                if member.raw_name() == "unmapped" {
                    found.unmapped.push(member);
                } else {
                    found.gather(member);
                }
            }
        }
        found
    }

    fn gather(&mut self, field: Field<'_>) {
        if let Some(text) = field.look() {
            self.typed.insert(text.into());
        }
        field.children().for_each(|child| self.gather(child));
    }

    /// Counts the leaves below `source`; what was left of it stands in `unmapped`, at `place` when there is one.
    pub(crate) fn count(&self, source: Field<'_>, place: Option<&str>, leaves: &mut Leaves) {
        let left: Vec<Field<'_>> = match place {
            Some(place) => self.unmapped.iter().filter_map(|unmapped| unmapped.member(place)).collect(),
            None => self.unmapped.clone(),
        };
        if !source.is_object() {
            let below = left.iter().find_map(|left| left.member("value"));
            return self.walk(source, below, leaves);
        }
        for child in source.children() {
            let below = left.iter().find_map(|left| left.member(&child.name()));
            self.walk(child, below, leaves);
        }
    }

    fn walk(&self, source: Field<'_>, left: Option<Field<'_>>, leaves: &mut Leaves) {
        if source.marked() == Mark::Opened {
            return;
        }
        match source.kind() {
            Kind::Object => {
                for child in source.children() {
                    self.walk(child, left.and_then(|left| left.member(&child.name())), leaves);
                }
            }
            Kind::Array => {
                let mut elements = left.map(|left| left.children());
                for child in source.children() {
                    self.walk(child, elements.as_mut().and_then(Iterator::next), leaves);
                }
            }
            _ => self.leaf(source, left, leaves),
        }
    }

    fn leaf(&self, source: Field<'_>, left: Option<Field<'_>>, leaves: &mut Leaves) {
        let stands_left = left.is_some_and(|left| left.kind() == source.kind() && same(source, left));
        let typed = match source.marked() {
            Mark::Withheld | Mark::Opened => return,
            Mark::Left => false,
            Mark::Taken => self.has(source),
            Mark::Copied => self.has(source) || self.has_transform(source),
        };
        match (typed, stands_left) {
            (true, _) => leaves.mapped += 1,
            (false, true) => leaves.unmapped += 1,
            (false, false) => leaves.dropped += 1,
        }
    }

    fn has(&self, source: Field<'_>) -> bool {
        source.look().is_some_and(|text| self.typed.contains(&*text))
    }

    fn has_transform(&self, source: Field<'_>) -> bool {
        let Some(text) = source.look() else { return false };
        let has = |text: &str| self.typed.contains(text);
        let millis = crate::moment::read(&text).and_then(Timestamp::millis);
        millis.is_some_and(|millis| has(&millis.to_string()))
            || has(&text.to_lowercase())
            || has(text.trim_start_matches('[').trim_end_matches(']'))
            || has(text.trim_start_matches('<').trim_end_matches('>'))
            || crate::tls::version(&text).is_some_and(|version| has(&version))
            || truth(&text).is_some_and(has)
            || whole(&text).is_some_and(|number| has(&number.to_string()))
            || text.split_once('?').is_some_and(|(path, query)| has(path) && has(query))
    }
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
