//! An own detector: whoever is refused at one closed door after another.

use homeostat_core::{Bits, Detector, RiskView, Signal};
use homeostat_event::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Counts the different doors that stayed closed to each person.
#[derive(Default)]
pub struct Rattler {
    closed: BTreeMap<String, BTreeSet<String>>,
}

impl Detector<Event> for Rattler {
    fn name(&self) -> &'static str {
        "doors-rattled"
    }

    fn detect(&mut self, event: &Event, _: &dyn RiskView) -> Vec<Signal> {
        let (Some(occurrence), Some(party)) = (event.occurrence(), event.actor()) else { return Vec::new() };
        let (Some(key), Some(door)) = (party.keys().first(), event.service()) else { return Vec::new() };
        let is_door = event.metadata().and_then(|told| told.product()?.name()) == Some("Doors");
        if !is_door || event.outcome().as_str() != "failure" {
            return Vec::new();
        }
        let doors = self.closed.entry(key.to_string()).or_default();
        if !doors.insert(door.to_owned()) || doors.len() < 3 {
            return Vec::new();
        }
        let count = doors.len() as f64;
        vec![Signal::new(self.name(), &occurrence, key, Bits::new(4.0 * count))]
    }
}
