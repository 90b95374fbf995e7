//! Brings the clocks of several sources together, by the connections that two of them saw.

use homeostat_core::Timestamp;
use homeostat_event::{Event, Origin};
use homeostat_incident::ClockOffsets;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first port that a caller is given by its system; below it a port is a service's and returns.
const CALLERS_OWN: u16 = 1_024;

/// Sets the times of `events` to the clock of the source furthest ahead, where sources met often enough to tell; puts
/// them in order again and gives what was added to each source's times, in seconds.
pub fn bring_clocks_together(events: &mut [Event]) -> BTreeMap<String, f64> {
    let mut clocks = ClockOffsets::default();
    for event in events.iter() {
        let Some(place) = event.reference() else { continue };
        if let Some(meeting) = meeting(event) {
            clocks.observe(source(place.place()), &meeting, event.when());
        }
    }
    let offsets = clocks.estimate();
    if offsets.values().any(|offset| offset.micros > 0) {
        for event in events.iter_mut() {
            let offset = event
                .reference()
                .and_then(|place| offsets.get(source(place.place())).map(|offset| offset.micros));
            let later = offset.and_then(|micros| later(event.when(), micros));
            later.map(|time| event.set_when(time));
        }
        events.sort_by_key(Event::when);
    }
    offsets.into_iter().map(|(source, offset)| (source, offset.micros as f64 / 1e6)).collect()
}

/// The source that a file is of: its folder, whose logs are one sensor's, else itself.
fn source(place: &str) -> &str {
    place.split_once('/').map_or(place, |(folder, _)| folder)
}

fn later(time: Timestamp, micros: i64) -> Option<Timestamp> {
    time.plus(Duration::from_micros(u64::try_from(micros).ok().filter(|micros| *micros > 0)?))
}

/// What other sources can tell of too: the connection by its ends.
fn meeting(event: &Event) -> Option<String> {
    event.origin().zip(event.destination()).and_then(|(from, to)| {
        let end = |end: &Origin<'_>| Some(format!("{}:{}", end.ip()?, end.port()?));
        let own = from.port().is_some_and(|port| port >= CALLERS_OWN);
        own.then(|| Some(format!("{} > {}", end(&from)?, end(&to)?))).flatten()
    })
}
