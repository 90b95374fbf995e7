//! Who tries door after door: several different operations refused to one party within half an hour.
//!
//! A misconfigured service is refused the same thing ten thousand times; that is one door. Somebody who looks
//! round with a stolen key is refused different things at different services. So distinct operations count,
//! repeats do not. State: at most 32 operations a party for half an hour; O(1) an event.

use crate::act::party_of;
use crate::semantics::is_refusal;
use crate::written::{all, put_all};
use homeostat_core::{
    Bits, Detector, EntityKey, Forget, Keep, Outcome, Reason, RiskView, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique, Timestamp,
};
use homeostat_event::Event;
use std::collections::BTreeMap;

/// How long a refusal counts: people who look round by hand take minutes between calls, and a working day of
/// ordinary typing errors must not add up.
const WINDOW: i64 = 30 * MINUTE;
/// A minute, in microseconds.
const MINUTE: i64 = 60_000_000;
/// How many different refused operations of one party are kept; more say nothing new.
const MOST_DOORS: usize = 32;
/// How many different refused operations are still ordinary: a person tries one or two.
const ORDINARY: usize = 2;
/// What each further one weighs: a working party meets a new refusal less than once in eight sessions.
const BITS_A_DOOR: f64 = 3.0;

/// Finds parties to whom different operations are refused in short time.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    doors: BTreeMap<EntityKey, BTreeMap<(String, String), Timestamp>>,
}

impl Refusals {
    fn knock(&mut self, party: &EntityKey, event: &Event) -> (usize, usize) {
        let now = event.when();
        let doors = self.doors.entry(party.clone()).or_default();
        doors.retain(|_, at| now.since(*at).is_some_and(|age| age <= WINDOW));
        let door = (event.service().unwrap_or_default().to_owned(), event.action().to_owned());
        if doors.len() < MOST_DOORS || doors.contains_key(&door) {
            doors.insert(door, now);
        }
        let mut services: Vec<&str> = doors.keys().map(|(service, _)| service.as_str()).collect();
        services.dedup();
        (doors.len(), services.len())
    }
}

impl Detector<Event> for Refusals {
    fn name(&self) -> &'static str {
        "refused-operations"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let refused = event.outcome() == Outcome::Failure && event.outcome_code().is_some_and(is_refusal);
        let (Some(occurrence), true) = (event.occurrence(), refused) else { return Vec::new() };
        let Some(party) = party_of(event) else { return Vec::new() };
        let (doors, services) = self.knock(&party, event);
        if doors <= ORDINARY {
            return Vec::new();
        }
        let bits = Bits::new(BITS_A_DOOR * (doors - ORDINARY) as f64 + services as f64 - 1.0);
        let mut signal = Signal::new(self.name(), &occurrence, &party, bits.min(Bits::CRITICAL));
        signal.techniques.extend(Technique::parse("T1580"));
        signal.reasons.push(Reason::new(
            "different operations refused",
            format!("{doors} at {services} service(s) in {} min", WINDOW / MINUTE),
            format!("at most {ORDINARY}"),
            bits,
        ));
        vec![signal]
    }
}

impl Forget for Refusals {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.doors.remove(entity).is_some()
    }
}

const MAGIC: [u8; 4] = *b"REFU";
const VERSION: u16 = 1;

impl Keep for Refusals {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.doors.iter(), |out, (party, doors)| {
            out.key(party);
            put_all(out, doors.iter(), |out, ((service, action), at)| {
                out.text(service);
                out.text(action);
                out.time(*at);
            });
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let door = |fields: &mut SnapshotReader<'_>| Ok(((fields.text()?, fields.text()?), fields.time()?));
        let doors = all(&mut fields, 25, |fields| Ok((fields.key()?, all(fields, 24, door)?)))?;
        fields.finish()?;
        self.doors = doors;
        Ok(())
    }
}
