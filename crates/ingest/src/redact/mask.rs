//! Masks secrets inside texts: the record is written anew without them, before any mapper sees it.
//!
//! Only values of texts change, so the new record has the same values in the same order as the old one, and what
//! was noted about each goes over by number.

use super::{Member, Redact};
use crate::record::{Field, Record};
use crate::tape::{Kind, Mark, Span, Tape};
use crate::text::{from_hex, write_text};
use core::ops::Range;

/// What stands where a secret stood.
const SIGN: &str = "***";

/// A record's text without its secrets.
pub(crate) struct Masked {
    text: String,
    tape: Tape,
    /// How many scalars were masked.
    pub(crate) leaves: u64,
}

impl Masked {
    /// `record` without its secrets.
    pub(crate) fn record<'m>(&'m self, record: &Record<'m>) -> Record<'m> {
        record.over(&self.text, &self.tape)
    }
}

/// The names from a member outwards.
struct Trail<'a> {
    name: &'a str,
    outer: Option<&'a Trail<'a>>,
}

impl Trail<'_> {
    fn path(&self) -> String {
        match self.outer {
            Some(outer) if !outer.name.is_empty() => format!("{}.{}", outer.path(), self.name),
            _ => self.name.to_owned(),
        }
    }
}

fn may_hold_secrets(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Array | Kind::Object)
}

/// One text and what it becomes.
type Edit = (Span, String);

/// The record that `root` is of, with every secret that `rule` finds in its texts masked, the paths added to `found`;
/// `None` when there is none.
pub(crate) fn mask(
    rule: &dyn Redact,
    source: &str,
    root: Field<'_>,
    found: &mut Vec<String>,
) -> Option<Masked> {
    let before = found.len();
    let mut search = Search { rule, source, edits: Vec::new(), found };
    search.walk(root, &Trail { name: "", outer: None });
    let mut edits = search.edits;
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(span, _)| span.start);
    // The same record, whatever the order of its members, withholds the same list.
    if let Some(found) = found.get_mut(before..) {
        found.sort_unstable();
    }
    let text = root.whole_with(&edits);
    let mut tape = Tape::default();
    tape.parse(text.as_bytes(), usize::MAX).ok()?;
    root.copy_marks_to(&tape);
    Some(Masked { text, tape, leaves: edits.len() as u64 })
}

/// Withholds every text below `root` in which `rule` finds a secret, whole: for what stands around a record.
pub(crate) fn withhold_texts(
    rule: &dyn Redact,
    source: &str,
    root: Field<'_>,
    found: &mut Vec<String>,
) -> u64 {
    let mut leaves = 0;
    for child in root.children().filter(|child| child.marked() != Mark::Opened) {
        let name = child.name();
        let member = Member { source, parent: "", name: &name };
        let secret = || child.look().is_some_and(|text| !rule.secrets_in(&text).is_empty());
        if child.kind() == Kind::Text && rule.searches(&member) && secret() {
            child.mark(Mark::Withheld);
            found.push(name.into_owned());
            leaves += 1;
        } else {
            leaves += withhold_texts(rule, source, child, found);
        }
    }
    leaves
}

struct Search<'s> {
    rule: &'s dyn Redact,
    source: &'s str,
    edits: Vec<Edit>,
    found: &'s mut Vec<String>,
}

impl Search<'_> {
    fn walk(&mut self, field: Field<'_>, trail: &Trail<'_>) {
        for child in field.children().filter(|child| may_hold_secrets(child.kind())) {
            let name = child.name();
            if name.is_empty() {
                self.walk(child, trail);
                continue;
            }
            let here = Trail { name: &name, outer: Some(trail) };
            let member = Member { source: self.source, parent: trail.name, name: &name };
            match child.kind() {
                Kind::Text if self.rule.searches(&member) => self.text(child, &here),
                Kind::Array if self.rule.searches(&member) && is_words(child) => self.words(child, &here),
                Kind::Text => {}
                _ => self.walk(child, &here),
            }
        }
    }

    fn text(&mut self, field: Field<'_>, here: &Trail<'_>) {
        let Some(text) = field.look() else { return };
        let ranges = self.rule.secrets_in(&text);
        if !ranges.is_empty() {
            self.edits.push((field.span(), shown(&text, &ranges)));
            self.found.push(here.path());
        } else if from_hex(&text).is_some_and(|text| !self.rule.secrets_in(&text).is_empty()) {
            // What is spelt in digits cannot be shown in part.
            self.edits.push((field.span(), SIGN.to_owned()));
            self.found.push(here.path());
        }
    }

    /// Masks the words of a list that stand for a secret, judged as one line.
    fn words(&mut self, list: Field<'_>, here: &Trail<'_>) {
        let mut line = String::new();
        let mut places: Vec<(Field<'_>, Range<usize>)> = Vec::new();
        for word in list.children() {
            let start = line.len();
            line.push_str(&word.look().unwrap_or_default());
            places.push((word, start..line.len()));
            line.push(' ');
        }
        let ranges = self.rule.secrets_in(&line);
        for (word, place) in &places {
            let own: Vec<_> = ranges.iter().filter_map(|range| within(range, place)).collect();
            if !own.is_empty() {
                let text = line.get(place.clone()).unwrap_or_default();
                self.edits.push((word.span(), shown(text, &own)));
            }
        }
        self.found.extend((!ranges.is_empty()).then(|| here.path()));
    }
}

/// Whether all elements of a list are texts.
fn is_words(list: Field<'_>) -> bool {
    list.children().all(|word| word.kind() == Kind::Text)
}

/// The part of `range` that lies in `place`, counted from its start.
fn within(range: &Range<usize>, place: &Range<usize>) -> Option<Range<usize>> {
    let own = range.start.max(place.start)..range.end.min(place.end);
    (own.start < own.end).then(|| own.start - place.start..own.end - place.start)
}

/// The text with a sign for each range.
fn shown(text: &str, ranges: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        match text.get(at..range.start) {
            Some(before) if text.is_char_boundary(range.end.min(text.len())) => shown.push_str(before),
            // A rule that cuts a character in two hides the whole text.
            _ => return SIGN.to_owned(),
        }
        shown.push_str(SIGN);
        at = range.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

impl Field<'_> {
    /// The whole text that this value stands in, with each edit's span replaced.
    fn whole_with(&self, edits: &[Edit]) -> String {
        let whole = self.whole_text();
        let mut text = String::with_capacity(whole.len());
        let mut at = 0;
        for (span, value) in edits {
            text.push_str(whole.get(at..span.start as usize).unwrap_or_default());
            let before = text.len();
            write_text(value, &mut text);
            // The quotes stand around the span already.
            text.pop();
            text.remove(before);
            at = span.end as usize;
        }
        text.push_str(whole.get(at..).unwrap_or_default());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secrets;

    #[track_caller]
    fn check(text: &str, expected: &str, paths: &[&str]) {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        let mut found = Vec::new();
        let masked = mask(&Secrets, "own", record.root(), &mut found).unwrap();
        assert_eq!((masked.text.as_str(), found), (expected, paths.iter().map(|&p| p.to_owned()).collect()));
        assert_eq!(masked.tape.len(), tape.len());
    }

    #[test]
    fn passwords_go_and_the_command_stays() {
        check(
            r#"{"a":{"CommandLine":"C:\\t.exe --password \"x y\" z","b":1},"Message":"ok"}"#,
            r#"{"a":{"CommandLine":"C:\\t.exe --password \"***\" z","b":1},"Message":"ok"}"#,
            &["a.CommandLine"],
        );
        check(
            r#"{"EXECVE":{"argc":"4","ARGV":["net","user","joe","S3cret"]}}"#,
            r#"{"EXECVE":{"argc":"4","ARGV":["net","user","joe","***"]}}"#,
            &["EXECVE.ARGV"],
        );
        check(r#"{"proctitle":"6E65742075736572206A6F652053"}"#, r#"{"proctitle":"***"}"#, &["proctitle"]);
    }

    #[test]
    fn nothing_is_written_anew_without_need() {
        let text = r#"{"CommandLine":"whoami /all","other":"--password x"}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        assert!(mask(&Secrets, "own", Record::new(text, &tape).root(), &mut Vec::new()).is_none());
    }
}
