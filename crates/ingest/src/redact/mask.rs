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

/// One text and what it becomes.
type Edit = (Span, String);

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

/// The search for secrets inside the texts of one record.
pub(super) struct Search<'s> {
    rule: &'s dyn Redact,
    edits: Vec<Edit>,
}

impl<'s> Search<'s> {
    pub(super) fn new(rule: &'s dyn Redact) -> Self {
        Self { rule, edits: Vec::new() }
    }

    /// Whether secrets stand in a text, or in the words of a list.
    pub(super) fn finds_in(&mut self, field: Field<'_>) -> bool {
        let before = self.edits.len();
        match field.kind() {
            Kind::Text => self.text(field),
            Kind::Array if is_words(field) => self.words(field),
            _ => {}
        }
        self.edits.len() > before
    }

    /// The record that `root` is of, with every secret that was found masked; `None` when there is none.
    pub(super) fn masked(self, root: Field<'_>) -> Option<Masked> {
        let mut edits = self.edits;
        if edits.is_empty() {
            return None;
        }
        edits.sort_by_key(|(span, _)| span.start);
        let text = root.whole_with(&edits);
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), usize::MAX).ok()?;
        root.copy_marks_to(&tape);
        Some(Masked { text, tape, leaves: edits.len() as u64 })
    }

    fn text(&mut self, field: Field<'_>) {
        let Some(text) = field.look() else { return };
        let ranges = self.rule.secrets_in(&text);
        if !ranges.is_empty() {
            self.edits.push((field.span(), shown(&text, &ranges)));
        } else if from_hex(&text).is_some_and(|text| !self.rule.secrets_in(&text).is_empty()) {
            // What is spelt in digits cannot be shown in part.
            self.edits.push((field.span(), SIGN.to_owned()));
        }
    }

    /// Masks the words of a list that stand for a secret, judged as one line.
    fn words(&mut self, list: Field<'_>) {
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
    use crate::Record;
    use crate::redact::{Secrets, cut};

    #[track_caller]
    fn check(text: &str, expected: &str, paths: &[&str]) {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        let mut found = Vec::new();
        let (_, masked) = cut(&Secrets, "own", record.root(), &mut found);
        let masked = masked.unwrap();
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
        let (_, masked) = cut(&Secrets, "own", Record::new(text, &tape).root(), &mut Vec::new());
        assert!(masked.is_none());
    }
}
