//! Where the bodies of events are kept: incidents hold ids, and fetch what a reader asks to see.

use crate::{EventRef, JsonText};
use std::collections::BTreeMap;

/// Fetches events by id.
///
/// Laws: the answer for an id MUST NOT change while it is there, and `None` means that the store does not have
/// it (it may have aged out), never that the event did not happen.
pub trait EventStore {
    /// The events that were made of the record `event`, as OCSF JSON; `None` when it is not there.
    fn fetch(&self, event: &EventRef) -> Option<JsonText>;
}

/// An [`EventStore`] in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryEvents(BTreeMap<EventRef, JsonText>);

impl MemoryEvents {
    /// Keeps `body` under `event`; the first body stays.
    #[inline]
    pub fn insert(&mut self, event: EventRef, body: JsonText) {
        self.0.entry(event).or_insert(body);
    }
}

impl EventStore for MemoryEvents {
    #[inline]
    fn fetch(&self, event: &EventRef) -> Option<JsonText> {
        self.0.get(event).cloned()
    }
}
