//! The suites pass on the in-memory defaults, and fail on implementations that break a law.

#![cfg(test)]

use homeostat_core::conformance::{
    criticality_laws, detector_laws, intel_laws, merge_laws, reach_laws, risk_laws, state_laws, store_laws,
};
use homeostat_core::{
    Bits, CalmRisk, Criticality as _, Detector, Domain, EntityKey, EntityKind, EventRef, Hop, IntelFeed,
    JsonText, MemoryEvents, MemoryReach, MemoryValues, Merge, Observed, Occurrence, Position, Positions,
    Reached, Risk, RiskView, Signal, SnapshotError, SnapshotReader, SnapshotWriter, State, TenantId,
    Timestamp, Value, Watch, Watchlist,
};

/// The smallest state there is: a sum.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sum {
    total: u64,
    seen: Positions,
    forgets_position: bool,
}

impl State<u64> for Sum {
    type Output = u64;
    type Error = SnapshotError;

    fn observe(&mut self, position: Position, input: &u64) -> Result<Observed<u64>, SnapshotError> {
        if !self.seen.advance(position) && !self.forgets_position {
            return Ok(Observed::Replayed);
        }
        self.total = self.total.saturating_add(*input);
        Ok(Observed::Applied(self.total))
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(*b"SUM.", 1);
        out.positions(&self.seen);
        out.u64(self.total);
        out.u8(u8::from(self.forgets_position));
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, *b"SUM.", 1..=1)?;
        let seen = fields.positions()?;
        let total = fields.u64()?;
        let forgets_position = fields.u8()? == 1;
        fields.finish()?;
        Ok(Self { total, seen, forgets_position })
    }
}

impl Merge for Sum {
    fn merge(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
    }
}

fn key(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", name).unwrap()
}

#[test]
fn a_lawful_state_passes_and_one_that_counts_twice_does_not() {
    assert_eq!(state_laws(&Sum::default(), &[1, 2, 3, 40]), Ok(()));
    let twice = Sum { forgets_position: true, ..Sum::default() };
    assert_eq!(state_laws(&twice, &[1, 2, 3]).unwrap_err().law(), "replay is exact");
    let parts = [1, 2, 3].map(|total| Sum { total, ..Sum::default() });
    let [a, b, c] = &parts;
    assert_eq!(merge_laws([a, b, c], |x, y| x.total == y.total), Ok(()));
    assert!(merge_laws([a, b, c], |_, _| false).is_err());
}

/// Says something about every name that is longer than three letters.
struct LongNames;

impl Detector<&str> for LongNames {
    fn name(&self) -> &'static str {
        "long-names"
    }

    fn detect(&mut self, input: &&str, _risk: &dyn RiskView) -> Vec<Signal> {
        let occurrence = Occurrence {
            tenant: TenantId::new("acme").unwrap(),
            event: EventRef::new("names", 0).unwrap(),
            time: Timestamp::UNKNOWN,
            domain: Domain::Identity,
        };
        let long = input.len() > 3;
        long.then(|| Signal::new("long-names", &occurrence, &key(input), Bits::LOW)).into_iter().collect()
    }
}

#[test]
fn a_detector_that_repeats_itself_passes() {
    assert_eq!(detector_laws(|| Box::new(LongNames), &["ann", "johanna"], &CalmRisk), Ok(()));
}

#[test]
fn in_memory_defaults_pass() {
    let (ann, bob, stranger) = (key("ann"), key("bob"), key("stranger"));
    assert_eq!(risk_laws(&CalmRisk, std::slice::from_ref(&ann), &stranger), Ok(()));

    let hop = |from: &EntityKey, to: &EntityKey| Hop {
        from: from.clone(),
        to: to.clone(),
        kind: "AssumeRole".to_owned(),
        because: "trust policy".to_owned(),
    };
    let mut reach = MemoryReach::default();
    reach.insert(ann.clone(), Reached { entity: bob.clone(), probability: 0.9, path: vec![hop(&ann, &bob)] });
    assert_eq!(reach_laws(&reach, &[ann.clone(), bob.clone()], &stranger), Ok(()));
    reach.insert(ann.clone(), Reached { entity: bob.clone(), probability: 0.9, path: vec![hop(&bob, &bob)] });
    assert_eq!(
        reach_laws(&reach, std::slice::from_ref(&ann), &stranger).unwrap_err().law(),
        "a path has no gap"
    );

    let mut values = MemoryValues::default();
    values.insert(ann.clone(), Value::new(250));
    assert_eq!(criticality_laws(&values, std::slice::from_ref(&ann), &stranger), Ok(()));
    assert_eq!(values.value(&ann), Value::MOST);

    let now = Timestamp::from_micros(0);
    let mut feed = Watchlist::default();
    for (bits, seconds) in [(4.0, 60), (8.0, 30)] {
        let until = now.plus(std::time::Duration::from_secs(seconds)).unwrap();
        feed.insert(ann.clone(), Watch { bits: Bits::new(bits), until, because: "report 7".to_owned() });
    }
    assert_eq!(feed.watch(&ann, now).unwrap().bits, Bits::MEDIUM);
    assert_eq!(intel_laws(&feed, &[ann.clone(), stranger.clone()], now), Ok(()));

    let (event, absent) = (EventRef::new("a", 0).unwrap(), EventRef::new("a", 1).unwrap());
    let mut store = MemoryEvents::default();
    store.insert(event.clone(), JsonText::new("{}"));
    assert_eq!(store_laws(&store, &[event], &absent), Ok(()));
}

/// Blames whoever it is asked about.
struct Suspicious;

impl RiskView for Suspicious {
    fn risk(&self, _identity: &EntityKey, now: Timestamp) -> Risk {
        Risk::new(Bits::LOW, now)
    }
}

#[test]
fn a_view_that_blames_strangers_fails() {
    let broken = risk_laws(&Suspicious, &[key("ann")], &key("stranger")).unwrap_err();
    assert_eq!(broken.to_string(), "at step 1: nothing is known against a stranger");
}
