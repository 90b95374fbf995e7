//! The tenant as events in order of time, each with the story it belongs to known to us and never to the target.

use crate::cast::ACCOUNT;
use crate::log::Mark;
use crate::{OKTA_ORG, Story, TENANT, Tenant};
use homeostat_core::{EventRef, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, RecordError, Registry};
use std::collections::BTreeMap;

/// One event of the tenant.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    pub(crate) event: Event,
    pub(crate) id: EventRef,
    pub(crate) at: Timestamp,
    pub(crate) mark: Option<Mark>,
}

impl Shot {
    /// Whether it is the event with this id.
    pub(crate) fn is(&self, id: Option<&EventRef>) -> bool {
        id == Some(&self.id)
    }

    pub(crate) fn story(&self) -> Option<Story> {
        self.mark.map(|mark| mark.story)
    }
}

/// All events of one tenant, to be shown with some of its stories cut out.
#[derive(Debug)]
pub(crate) struct Film {
    pub(crate) tenant: Tenant,
    pub(crate) shots: Vec<Shot>,
}

impl Film {
    /// Reads the tenant's logs. Takes O(n log n) time and holds all n events.
    ///
    /// # Errors
    ///
    /// [`RecordError`] of the first record that is not read: each is well-formed, so that is a fault of ours.
    pub(crate) fn of(tenant: Tenant) -> Result<Self, RecordError> {
        let records: BTreeMap<EventRef, (Timestamp, Option<Mark>)> = tenant.records().collect();
        let mut shots = Vec::with_capacity(records.len());
        for event in tenant.events()? {
            let Some(id) = event.reference() else { continue };
            let (written, mark) = records.get(&id).copied().unwrap_or((Timestamp::UNKNOWN, None));
            // A record of a kind that ingest does not know yet has no time of its own.
            let at = if event.when().is_moment() { event.when() } else { written };
            shots.push(Shot { event, id, at, mark });
        }
        shots.sort_by_key(|shot| shot.at);
        Ok(Self { tenant, shots })
    }

    /// The events of everyday life and of `stories`, in order of time.
    pub(crate) fn with(&self, stories: &[Story]) -> impl Iterator<Item = &Shot> {
        self.shots.iter().filter(|shot| shot.story().is_none_or(|story| stories.contains(&story)))
    }

    /// When the event `id` happened.
    pub(crate) fn at(&self, id: Option<&EventRef>) -> Timestamp {
        self.shots.iter().find(|shot| shot.is(id)).map_or(Timestamp::UNKNOWN, |shot| shot.at)
    }

    /// Seconds of event time between two events.
    pub(crate) fn seconds(&self, earlier: Option<&EventRef>, later: Option<&EventRef>) -> Option<f64> {
        crate::exam::seconds(self.at(earlier), self.at(later))
    }

    /// The ids of the events of one step of `story`, in order of time.
    pub(crate) fn step(&self, story: Story, step: usize) -> &[EventRef] {
        let truth = self.tenant.truth(story);
        truth.and_then(|truth| truth.steps.get(step)).map_or(&[], |step| step.events.as_slice())
    }
}

impl Tenant {
    /// The tenant's logs as events, source by source, as `homeostat-ingest` makes them.
    ///
    /// # Errors
    ///
    /// [`RecordError`] of the first record that is not read.
    pub fn events(&self) -> Result<Vec<Event>, RecordError> {
        let mut ingest = Ingest::new(Registry::default()).with_context(context());
        let mut events = Vec::with_capacity(self.len());
        for (name, bytes) in self.logs() {
            for event in ingest.read(&name, bytes.as_slice()) {
                events.push(event?);
            }
        }
        Ok(events)
    }
}

/// What Acme's collectors know of each source.
fn context() -> Context {
    let context = Context::new().with_directory(OKTA_ORG).with_account(ACCOUNT).with_network(TENANT);
    match TenantId::new(TENANT) {
        Ok(tenant) => context.with_tenant(tenant),
        Err(_) => context,
    }
}
