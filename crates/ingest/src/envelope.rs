//! Finds the record inside what collectors put around it: a bus's `detail`, a shipper's `message`, a search
//! export's `_raw`.
//!
//! Only a record that no source claims is opened, and only when what is inside is claimed. What stands around
//! the record is kept with it. O(names tried), at most a limit of levels.

use crate::limit::Limits;
use crate::parcel;
use crate::record::{Field, Record};
use crate::source::{Registry, Source};
use crate::tape::Mark;
use crate::text;

/// Members in which collectors put a record, as an object, as a text of JSON, encoded for a queue, or as a line of
/// a known form.
const INSIDE: [&str; 20] = [
    "detail",
    "log",
    "message",
    "event",
    "event.original",
    "CloudTrailEvent",
    "AuditData",
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
    "Sns",
    "kinesis",
];

/// What stands around a record, from the inside out.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'c> {
    pub(crate) around: Field<'c>,
    pub(crate) outer: Option<&'c Envelope<'c>>,
}

/// Takes a record with the source that claims it, or one of a batch that no source claims.
pub(crate) type Claim<'c> = &'c mut dyn FnMut(&Record<'_>, Option<&dyn Source>, Option<&Envelope<'_>>);

/// The member in which `CloudWatch` delivers what was logged: a batch of messages.
const BATCH: &str = "logEvents";

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
                claim(&record, Some(source), outer);
                return true;
            }
        }
        if left == 0 {
            return false;
        }
        let envelope = Envelope { around: record.root(), outer };
        if let Some(batch) = record.root().member(BATCH).filter(is_batch) {
            self.split(batch, &envelope, left, claim);
            return true;
        }
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

    /// Hands on each message of a batch: the record inside it where a source claims one, else the message as it is.
    fn split(&self, batch: Field<'_>, around: &Envelope<'_>, left: usize, claim: Claim<'_>) {
        batch.mark(Mark::Opened);
        // What stands around the batch is kept once, with the first of its messages.
        let mut around = Some(around);
        for message in batch.children() {
            let record = self.within(message);
            if !self.level(&record, around, left, claim) {
                claim(&record, None, around);
            }
            around = None;
        }
    }

    /// The JSON that a text stands for: after the mark that says so, in a parcel, or as a line of a known form.
    fn made_of(&self, text: &str) -> Option<String> {
        if let Some(json) = text.strip_prefix("@cee:") {
            return Some(json.to_owned());
        }
        let parcel = parcel::open(text, self.limits.record_bytes);
        parcel.filter(|inside| inside.trim_start().starts_with('{')).or_else(|| text::alone(text))
    }

    fn within<'a>(&'a self, inside: Field<'a>) -> Record<'a> {
        Record::within(inside).with_stream(self.stream)
    }

    fn text_level(&self, inside: Field<'_>, outer: &Envelope<'_>, left: usize, claim: Claim<'_>) -> bool {
        // `look` hides nothing here: the mark `Opened` is no reason to refuse.
        let Some(text) = inside.look() else { return false };
        let text = text.trim();
        let made = if text.starts_with('{') { None } else { self.made_of(text) };
        let text = made.as_deref().map_or(text, str::trim);
        if !text.starts_with('{') {
            return false;
        }
        let mut tape = inside.take_inner();
        let whole = tape.parse(text.as_bytes(), self.limits.depth) == Ok(text.len());
        let claimed =
            whole && self.level(&Record::new(text, &tape).with_stream(self.stream), Some(outer), left, claim);
        inside.give_back_inner(tape);
        claimed
    }
}

/// Whether a list is of messages as `CloudWatch` tells them, of which there is one at least.
fn is_batch(list: &Field<'_>) -> bool {
    let mut messages = list.children().peekable();
    list.is_array() && messages.peek().is_some() && messages.all(|one| one.member("message").is_some())
}
