//! Finds the record inside what collectors put around it: a bus's `detail`, a shipper's `message`, a search
//! export's `_raw`.
//!
//! Only a record that no source claims is opened, and only when what is inside is claimed. What stands around
//! the record is kept with it. O(names tried), at most a limit of levels.

use crate::limit::Limits;
use crate::record::{Field, Record};
use crate::source::{Registry, Source};
use crate::tape::{Mark, Tape};
use crate::text;

/// Members in which collectors put a record, as an object, as a text of JSON or as a line of a known form.
const INSIDE: [&str; 17] = [
    "detail",
    "log",
    "message",
    "event",
    "event.original",
    "CloudTrailEvent",
    "_raw",
    "result",
    "Message",
    "body",
    "Body",
    "data",
    "properties.log",
    "record",
    "raw",
    "json",
    "original",
];

/// What stands around a record, from the inside out.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'c> {
    pub(crate) around: Field<'c>,
    pub(crate) outer: Option<&'c Envelope<'c>>,
}

/// A record and the source that claims it.
pub(crate) type Claim<'c> = &'c mut dyn FnMut(&Record<'_>, &dyn Source, Option<&Envelope<'_>>);

/// How envelopes are opened.
pub(crate) struct Opener<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) limits: &'a Limits,
    pub(crate) stream: Option<&'a str>,
}

impl Opener<'_> {
    /// Hands the record, or the one inside it, to `claim`; gives false when no source claims any.
    pub(crate) fn open(&self, record: &Record<'_>, claim: Claim<'_>) -> bool {
        self.level(record, None, self.limits.envelopes, claim)
    }

    fn level(
        &self,
        record: &Record<'_>,
        outer: Option<&Envelope<'_>>,
        left: usize,
        claim: Claim<'_>,
    ) -> bool {
        for record in [*record, record.folded()] {
            if let Some(source) = self.registry.find(&record) {
                claim(&record, source, outer);
                return true;
            }
        }
        if left == 0 {
            return false;
        }
        let envelope = Envelope { around: record.root(), outer };
        INSIDE.iter().filter_map(|name| record.field(name)).any(|inside| {
            let before = inside.marked();
            inside.mark(Mark::Opened);
            let claimed = if inside.is_object() {
                self.level(&self.within(inside), Some(&envelope), left - 1, claim)
            } else {
                self.text_level(inside, &envelope, left - 1, claim)
            };
            if !claimed {
                inside.mark(before);
            }
            claimed
        })
    }

    fn within<'a>(&'a self, inside: Field<'a>) -> Record<'a> {
        Record::within(inside).with_stream(self.stream)
    }

    fn text_level(&self, inside: Field<'_>, outer: &Envelope<'_>, left: usize, claim: Claim<'_>) -> bool {
        // `look` hides nothing here: the mark `Opened` is no reason to refuse.
        let Some(text) = inside.look() else { return false };
        let text = text.trim();
        let line = if text.starts_with('{') { None } else { text::alone(text) };
        let text = line.as_deref().unwrap_or(text);
        let mut tape = Tape::default();
        let whole = text.starts_with('{') && tape.parse(text.as_bytes(), self.limits.depth) == Ok(text.len());
        whole && self.level(&Record::new(text, &tape).with_stream(self.stream), Some(outer), left, claim)
    }
}
