//! What an operator's `tracing` subscriber is told: a span for each event, and what becomes of stories, snapshots and a
//! full intake.
//!
//! Fields are numbers, ids of ours and words of ours: positions, classes, counts, incident ids, domains. A tenant goes
//! by the XXH64 of its name, for a name can be a person's; of what is in an event nothing but its class is told. Without
//! the feature `tracing` each function here is empty.

#[cfg(feature = "tracing")]
pub(crate) use on::{EventSpan, refused, restored, shed, told, written};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{EventSpan, refused, restored, shed, told, written};

#[cfg(feature = "tracing")]
mod on {
    use crate::Stats;
    use homeostat_core::{Domain, SnapshotError, TenantId, xxh64};
    use homeostat_event::Event;
    use homeostat_incident::{IncidentId, Investigator, Severity, Update};
    use tracing::field::Empty;
    use tracing::span::EnteredSpan;
    use tracing::{debug, debug_span, info, warn};

    /// By this subscribers filter.
    const TARGET: &str = "homeostat";

    /// The span of one event, as long as this lives.
    pub(crate) struct EventSpan(EnteredSpan);

    impl EventSpan {
        pub(crate) fn enter(tenant: &TenantId, position: u64, event: &Event) -> Self {
            let span = debug_span!(
                target: TARGET,
                "event",
                tenant = number(tenant),
                position,
                class_uid = event.class_uid().get(),
                foreign = Empty,
                signals = Empty,
                updates = Empty,
            );
            Self(span.entered())
        }

        /// Tells what became of the event: how the counts moved, and what changed in stories.
        pub(crate) fn leave(self, before: Stats, after: Stats, updates: &[Update]) {
            self.0.record("foreign", after.foreign != before.foreign);
            self.0.record("signals", after.signals.saturating_sub(before.signals));
            self.0.record("updates", updates.len());
        }
    }

    fn number(tenant: &TenantId) -> u64 {
        xxh64(tenant.as_str().as_bytes())
    }

    /// Tells what changed in stories.
    pub(crate) fn told(updates: &[Update], investigator: &Investigator) {
        for update in updates {
            match *update {
                Update::Opened(id) => {
                    info!(target: TARGET, incident = %id, severity = ?severity(id, investigator), "incident opened");
                }
                Update::Raised(id) => {
                    info!(target: TARGET, incident = %id, severity = ?severity(id, investigator), "incident raised");
                }
                Update::Added(id, episodes) => {
                    debug!(target: TARGET, incident = %id, episodes, "incident grew");
                }
                Update::Merged { id, into } => {
                    info!(target: TARGET, incident = %into, merged = %id, "incidents merged");
                }
                Update::Closed(id) => info!(target: TARGET, incident = %id, "incident closed"),
                _ => debug!(target: TARGET, incident = %update.id(), "incident changed"),
            }
        }
    }

    fn severity(id: IncidentId, investigator: &Investigator) -> Option<Severity> {
        investigator.incident(id).map(|incident| incident.severity())
    }

    /// Tells that events are shed: at the first, second, fourth and so on, so that a flood of events is no flood of lines.
    pub(crate) fn shed(domain: Domain, shed: u64) {
        if shed.is_power_of_two() {
            warn!(target: TARGET, domain = domain.as_str(), shed, "events are shed");
        }
    }

    pub(crate) fn written(tenant: &TenantId, bytes: usize) {
        info!(target: TARGET, tenant = number(tenant), bytes, "snapshot written");
    }

    pub(crate) fn restored(tenant: &TenantId, bytes: usize) {
        info!(target: TARGET, tenant = number(tenant), bytes, "snapshot restored");
    }

    pub(crate) fn refused(tenant: &TenantId, cause: &SnapshotError) {
        warn!(target: TARGET, tenant = number(tenant), %cause, "snapshot refused");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::Stats;
    use homeostat_core::{Domain, SnapshotError, TenantId};
    use homeostat_event::Event;
    use homeostat_incident::{Investigator, Update};

    pub(crate) struct EventSpan;

    impl EventSpan {
        pub(crate) fn enter(_tenant: &TenantId, _position: u64, _event: &Event) -> Self {
            Self
        }

        pub(crate) fn leave(self, _before: Stats, _after: Stats, _updates: &[Update]) {
            let Self = self;
        }
    }

    pub(crate) fn told(_updates: &[Update], _investigator: &Investigator) {}
    pub(crate) fn shed(_domain: Domain, _shed: u64) {}
    pub(crate) fn written(_tenant: &TenantId, _bytes: usize) {}
    pub(crate) fn restored(_tenant: &TenantId, _bytes: usize) {}
    pub(crate) fn refused(_tenant: &TenantId, _cause: &SnapshotError) {}
}
