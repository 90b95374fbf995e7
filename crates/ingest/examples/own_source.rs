//! A vendor's own source: sign-ins at the doors of an office, next to the sources of this crate.
//!
//! `cargo run -p homeostat-ingest --example own_source`

use homeostat_event::{Event, Head, Outcome, Product, Service, SignInTo, Timestamp, User};
use homeostat_ingest::{Context, Ingest, Record, Registry, Source};

/// Records such as `{"badge":"7","holder":"jane","door":"lab","at":"2026-03-16T08:30:00Z","open":false}`.
struct Doors;

impl Source for Doors {
    fn name(&self) -> &'static str {
        "doors"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        record.has("badge") && record.has("door")
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let (Some(badge), Some(door)) = (record.take("badge"), record.take("door")) else { return };
        let at = record.look("at").and_then(|at| at.parse().ok()).unwrap_or(Timestamp::UNKNOWN);
        let mut user = User::of_uid(badge);
        user.set_name(record.take("holder"));
        let head = Head::new(1, at, Product::new("Acme", "Doors"));
        let mut event = Event::authentication(head, user, SignInTo::Service(Service::named(door)));
        if let Some(at) = record.take("at") {
            event.set_original_time(&at);
        }
        let opened = record.copy("open").is_some_and(|open| open == "true");
        event.set_outcome(if opened { Outcome::Success } else { Outcome::Failure }, None);
        events.push(event);
    }
}

fn main() {
    let log = r#"{"badge":"7","holder":"jane","door":"lab","at":"2026-03-16T08:30:00Z","open":true}
{"badge":"8","door":"lab","at":"2026-03-16T03:12:00Z","open":false,"camera":{"frame":18}}
{"badge":"8","door":"lab"
{"ts":1773649800.5,"uid":"C1","id.orig_h":"10.1.2.3","id.resp_h":"192.0.2.80","proto":"tcp","conn_state":"SF"}
"#;
    let mut ingest = Ingest::new(Registry::default().first(Doors)).with_coverage();
    for next in ingest.read("mixed.jsonl", log.as_bytes()) {
        match next {
            Ok(event) => println!("{}", event.to_json()),
            Err(error) => println!("not read: {error}"),
        }
    }
    for (source, counts) in &ingest.coverage().sources {
        let leaves = (counts.leaves_mapped, counts.leaves_unmapped, counts.leaves_dropped);
        println!("{source}: {} events, leaves mapped, unmapped, dropped {leaves:?}", counts.events);
    }
}
