//! Which parts of the estate are seen, and which questions stay open because one is not.
//!
//! Seven numbers for each tenant, whatever comes in.

use core::time::Duration;
use homeostat_core::{Domain, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use homeostat_event::Event;
use std::collections::BTreeMap;

/// After how long without an event a part of the estate is not seen any more. A day: quieter sources report once a
/// night.
const SILENT: Duration = Duration::from_hours(24);

/// The category of OCSF in which other products tell what they found.
const FINDINGS: u32 = 2;

/// A question that can not be answered, because nothing comes in that would tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenQuestion {
    /// The question.
    pub question: &'static str,
    /// The part of the estate that would answer it.
    pub domain: Domain,
    /// The last event from there; `None` when there never was one.
    pub silent_since: Option<Timestamp>,
}

/// When each part of the estate was heard of last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight(BTreeMap<Domain, Timestamp>);

impl Sight {
    /// Notes where `event` comes from. A finding of another product is no sight of its own: what it saw, it saw.
    pub(crate) fn observe(&mut self, event: &Event) {
        let when = event.when();
        if when.is_moment() && event.class_uid().category() != Some(FINDINGS) {
            let last = self.0.entry(event.domain()).or_insert(when);
            *last = (*last).max(when);
        }
    }

    /// The questions that stay open, in the order of domains: of what was never heard of, and of what fell silent a
    /// day before the newest event.
    pub(crate) fn open(&self) -> Vec<OpenQuestion> {
        let newest = self.0.values().copied().max().unwrap_or(Timestamp::UNKNOWN);
        let is_seen = |last: Timestamp| last.plus(SILENT).is_none_or(|until| newest <= until);
        let questions = Domain::ALL.into_iter().filter_map(|domain| {
            let last = self.0.get(&domain).copied();
            let open = !last.is_some_and(is_seen);
            open.then_some(OpenQuestion { question: question(domain), domain, silent_since: last })
        });
        questions.collect()
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        for domain in Domain::ALL {
            out.time(self.0.get(&domain).copied().unwrap_or(Timestamp::UNKNOWN));
        }
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut seen = BTreeMap::new();
        for domain in Domain::ALL {
            let last = fields.time()?;
            if last.is_moment() {
                seen.insert(domain, last);
            }
        }
        Ok(Self(seen))
    }
}

const fn question(domain: Domain) -> &'static str {
    match domain {
        Domain::Identity => "who signed in, from where, with which factor?",
        Domain::Email => "by which mail did it begin, and who else got it?",
        Domain::Saas => "what was read, shared or granted in applications?",
        Domain::Cloud => "what was called, changed or read in the cloud?",
        Domain::Network => "what left over the network, to where and how much?",
        Domain::Endpoint => "which program did it, started by what?",
        Domain::Ai => "what were models and agents asked, and what did they do?",
    }
}
