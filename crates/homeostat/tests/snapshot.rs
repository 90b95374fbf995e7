#![cfg(test)]
//! A vendor's own detector with a memory: kept with the whole, forgotten with the whole, never lost without a word.

use homeostat::Pipeline;
use homeostat_core::{
    Bits, Detector, EntityKey, EventRef, Forget, Keep, RiskView, Role, Signal, SnapshotError, SnapshotReader,
    SnapshotWriter, TenantId,
};
use homeostat_event::Event;
use serde_json::json;
use std::collections::BTreeMap;

/// Tells of whoever comes for the third time.
#[derive(Default)]
struct ThirdTime {
    seen: BTreeMap<EntityKey, u64>,
}

impl Detector<Event> for ThirdTime {
    fn name(&self) -> &'static str {
        "third-time"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let who = event.entities().into_iter().find(|(_, role)| *role == Role::Actor);
        let Some(((who, _), occurrence)) = who.zip(event.occurrence()) else { return Vec::new() };
        let times = self.seen.entry(who.clone()).or_default();
        *times += 1;
        if *times == 3 { vec![Signal::new("third time", &occurrence, &who, Bits::LOW)] } else { Vec::new() }
    }
}

impl Forget for ThirdTime {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.seen.remove(entity).is_some()
    }
}

impl Keep for ThirdTime {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(*b"3RDT", 1);
        out.len(self.seen.len());
        for (who, times) in &self.seen {
            out.key(who);
            out.u64(*times);
        }
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, *b"3RDT", 1..=1)?;
        let seen = (0..fields.len(33)?).map(|_| Ok((fields.key()?, fields.u64()?)));
        let seen = seen.collect::<Result<_, SnapshotError>>()?;
        fields.finish()?;
        self.seen = seen;
        Ok(())
    }
}

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn pipeline() -> Pipeline {
    Pipeline::new(acme()).with_learner(ThirdTime::default())
}

/// Sign-in number `number` of `who`.
fn sign_in(who: &str, number: u64) -> Event {
    let told = json!({
        "class_uid": 3_002, "category_uid": 3, "activity_id": 1, "type_uid": 300_201, "severity_id": 1,
        "time": 1_770_000_000_000_u64 + number * 60_000, "status_id": 1,
        "metadata": { "version": "1.8.0", "product": { "name": "made up" } },
        "actor": { "user": { "email_addr": who, "name": who } }, "user": { "email_addr": who, "name": who },
    });
    let mut event = Event::from_json(&told.to_string()).unwrap();
    event.set_tenant(&acme());
    event.set_reference(&EventRef::new("sign-ins", number).unwrap());
    event
}

const JANE: &str = "jane@acme.example";
const JOHN: &str = "john@acme.example";

/// How many signals a pipeline raised on sign-ins of these people.
fn told(pipeline: &mut Pipeline, who: &[&str], from: u64) -> u64 {
    let before = pipeline.stats().signals;
    for (number, who) in (from..).zip(who) {
        pipeline.observe(&sign_in(who, number));
    }
    pipeline.stats().signals - before
}

#[test]
fn a_memory_of_the_vendors_goes_on_where_it_was() {
    let mut whole = pipeline();
    told(&mut whole, &[JANE, JOHN, JANE], 0);
    let bytes = whole.to_bytes();
    let mut again = pipeline().restored(&bytes).unwrap();
    assert_eq!(again.to_bytes(), bytes);
    let mut anew = Pipeline::new(acme());
    told(&mut anew, &[JANE, JOHN, JANE], 0);
    let mut anew = pipeline().restored(&anew.to_bytes()).unwrap();
    let third = told(&mut whole, &[JANE], 3);
    assert_eq!(told(&mut again, &[JANE], 3), third);
    assert_eq!(again.to_bytes(), whole.to_bytes());
    assert_eq!(told(&mut anew, &[JANE], 3) + 1, third, "who came later begins anew");
}

#[test]
fn a_memory_is_never_lost_without_a_word() {
    let mut whole = pipeline();
    told(&mut whole, &[JANE], 0);
    let missing = Pipeline::from_bytes(&whole.to_bytes()).unwrap_err();
    assert_eq!(missing, SnapshotError::Invalid { field: "detector" });
    // Whoever takes the place of a detector that remembers, and remembers nothing, is told too.
    let stranger = Pipeline::new(acme()).with_detector(ThirdTime::default());
    assert!(stranger.restored(&whole.to_bytes()).is_err());
}

#[test]
fn a_memory_forgets_with_the_whole() {
    let mut pipeline = pipeline();
    told(&mut pipeline, &[JANE, JOHN, JANE], 0);
    let holds = |pipeline: &Pipeline, name: &str| {
        pipeline.to_bytes().windows(name.len()).any(|window| window == name.as_bytes())
    };
    assert!(holds(&pipeline, JANE));
    let (key, _) = sign_in(JANE, 0).entities().into_iter().find(|(_, role)| *role == Role::Actor).unwrap();
    assert!(pipeline.forget(&key) && !pipeline.forget(&key));
    assert!(!holds(&pipeline, JANE) && holds(&pipeline, JOHN));
    let first = told(&mut pipeline, &[JANE], 3);
    assert_eq!(told(&mut pipeline, &[JANE], 4), first, "that was no third time");
}
