//! An own log source: badges at the doors of an office.

use homeostat_event::{Event, Outcome};
use homeostat_ingest::{Context, Record, Source};

/// Records such as `{"door":"lab","holder":"jane","at":"2026-03-16T08:30:00Z","open":false}`.
pub struct Doors;

impl Source for Doors {
    fn name(&self) -> &'static str {
        "doors"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        record.has("door") && record.has("holder")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let (Some(holder), Some(door)) = (record.take("holder"), record.take("door")) else { return };
        let mut event = Event::sign_in(["Acme", "Doors"], record.moment("at"), &holder, &door);
        let opened = record.copy("open").is_some_and(|open| open == "true");
        event.set_outcome(if opened { Outcome::Success } else { Outcome::Failure }, None);
        if let Some(tenant) = &context.tenant {
            event.set_tenant(tenant);
        }
        events.push(event);
    }
}
