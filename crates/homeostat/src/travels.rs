//! Who cannot have been at both places: signs in faster from one to the other than anybody travels.
//!
//! What each place has shown to be usual, such as a gateway that stands elsewhere, is learnt ([`Travel`]). Only sources
//! that tell degrees are judged. It is told under the kind of unusual places: who is elsewhere is so in all views, so
//! that it weighs once. O(places) a sign-in; at most 65,536 people of up to 700 bytes.

use crate::act::party_of;
use crate::surprise::PLACE;
use crate::written::{all, put_all};
use homeostat_baseline::{Place, Travel, TravelVerdict};
use homeostat_core::{
    Bits, Detector, EntityKey, Forget, Keep, Outcome, Reason, RiskView, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique,
};
use homeostat_event::{ClassUid, Event};
use std::collections::BTreeMap;
use std::fmt;

/// The most people kept; further ones are not judged.
const KEPT: usize = 65_536;
/// The least that is told, and the most: a table of addresses errs, and a private gateway is no crime.
const TOLD: Bits = Bits::MEDIUM;
const MOST: Bits = Bits::HIGH;

/// Tells of sign-ins from where nobody can have come so fast.
#[derive(Clone, Default)]
pub struct Travels {
    people: BTreeMap<EntityKey, Travel>,
}

/// Where `event` came from, in degrees.
fn place(event: &Event) -> Option<Place> {
    let location = event.src_endpoint()?.location()?;
    let degrees = |text: &str| text.parse::<f64>().ok();
    Place::new(degrees(location.lat()?.as_str())?, degrees(location.long()?.as_str())?).ok()
}

impl Detector<Event> for Travels {
    fn name(&self) -> &'static str {
        "travel"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        // Whoever tries in vain from somewhere has not arrived there.
        if event.class_uid() != ClassUid::AUTHENTICATION || event.outcome() == Outcome::Failure {
            return Vec::new();
        }
        let (Some(place), Some(who), Some(occurrence)) = (place(event), party_of(event), event.occurrence())
        else {
            return Vec::new();
        };
        if self.people.len() >= KEPT && !self.people.contains_key(&who) {
            return Vec::new();
        }
        let told = self.people.entry(who.clone()).or_default().observe(occurrence.time, place);
        if told.implausible < TOLD {
            return Vec::new();
        }
        let bits = told.implausible.min(MOST);
        let mut signal = Signal::new("impossible travel", &occurrence, &who, bits);
        PLACE.clone_into(&mut signal.kind);
        signal.techniques.extend(Technique::parse("T1078"));
        signal.reasons.push(Reason::new("impossible travel", pace(&told), "an airliner's pace", bits));
        vec![signal]
    }
}

fn pace(told: &TravelVerdict) -> String {
    format!("{:.0} km at {:.0} km/h", told.distance.unwrap_or(0.0), told.speed.unwrap_or(0.0))
}

impl Forget for Travels {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.people.remove(entity).is_some()
    }
}

const MAGIC: [u8; 4] = *b"TRAV";
const VERSION: u16 = 1;

impl Keep for Travels {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.people.iter(), |out, (who, travel)| {
            out.key(who);
            out.bytes(&travel.to_bytes());
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let person =
            |fields: &mut SnapshotReader<'_>| Ok((fields.key()?, Travel::from_bytes(fields.bytes()?)?));
        let people = all(&mut fields, 25, person)?;
        fields.finish()?;
        self.people = people;
        Ok(())
    }
}

impl fmt::Debug for Travels {
    /// Shows a count alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Travels({} people)", self.people.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::{CalmRisk, EventRef, TenantId};
    use serde_json::json;

    fn sign_in(travels: &mut Travels, hour: i64, (lat, long): (f64, f64)) -> Option<Signal> {
        let told = json!({
            "class_uid": 3_002, "activity_id": 1, "time": 1_770_000_000_000_i64 + hour * 3_600_000, "status_id": 1,
            "actor": { "user": { "uid": "u-1", "email_addr": "jane@acme.example" } },
            "src_endpoint": { "ip": "203.0.113.7", "location": { "lat": lat, "long": long } },
        });
        let mut event = Event::from_json(&told.to_string()).unwrap();
        event.set_tenant(&TenantId::new("acme").unwrap());
        event.set_reference(&EventRef::new("log", hour.unsigned_abs()).unwrap());
        travels.detect(&event, &CalmRisk).pop()
    }

    #[test]
    fn nobody_is_at_two_ends_of_the_world_within_an_hour() {
        let mut travels = Travels::default();
        let (vienna, graz, sydney) = ((48.2, 16.4), (47.1, 15.4), (-33.9, 151.2));
        for day in 0..20 {
            assert!(sign_in(&mut travels, day * 24, if day % 3 == 0 { graz } else { vienna }).is_none());
        }
        let told = sign_in(&mut travels, 19 * 24 + 1, sydney).unwrap();
        assert_eq!((told.kind.as_str(), told.bits), (PLACE, MOST));
        assert!(sign_in(&mut travels, 24 * 24, vienna).is_none(), "there is time for the way back");
        assert!(!format!("{travels:?}").contains("jane"));
    }
}
