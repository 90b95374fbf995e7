//! The whole as bytes, over days of the simulated tenant: whoever stops and goes on says and knows the same, and a
//! person who is forgotten is named by no byte. And a fork of the whole, responder and all, goes on by itself.
#![cfg(test)]

mod days;

use days::{Days, HIDING};
use homeostat::{Estate, Pipeline, Reflex, Upkeep};
use homeostat_core::{EntityKey, EntityKind, Forget, Role, SnapshotError, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_examples::HomeostatTarget;
use homeostat_graph::{Inventory, Reading};
use homeostat_incident::{Investigator, Update};
use homeostat_maturity::{
    ActionRecord, FindingView, IncidentView, MaturityTarget, PlanView, Story, TENANT, Tenant,
};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

fn days() -> &'static Days {
    static DAYS: OnceLock<Days> = OnceLock::new();
    DAYS.get_or_init(|| Days::of(&STORIES, 2))
}

/// An intrusion over four domains, an alarm, and a finding that is mended and comes back.
const STORIES: [Story; 3] = [Story::MultiHop, Story::HiddenSignIn, Story::Comeback];

fn pipeline(tenant: &Tenant) -> Pipeline {
    let id = TenantId::new(TENANT).unwrap();
    let reading = Reading::new(id.clone(), Timestamp::UNKNOWN);
    let inventory = Inventory::from_account_authorization(tenant.account(), &reading).unwrap();
    let upkeep = Upkeep::of_account(&id, tenant.account()).unwrap().approved_by_tag("change-approved");
    Pipeline::new(id)
        .with_estate(Estate::new(inventory).with_upkeep(upkeep))
        .with_investigator(Investigator::builder().lateness(Duration::ZERO).build().unwrap())
        .with_reflex(Reflex::new([HIDING]))
}

/// What a pipeline says to each event, and what it knows in the end.
fn watched(events: &[Event], mut pipeline: Pipeline) -> (Vec<Vec<Update>>, Pipeline) {
    let said = events.iter().map(|event| pipeline.observe(event)).collect();
    (said, pipeline)
}

/// Numbers below `end` in rising order, of the stream that `seed` begins.
fn cuts(seed: u64, end: usize, count: usize) -> BTreeSet<usize> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn who_stops_and_goes_on_says_and_knows_the_same() {
    let days = days();
    let (said, whole) = watched(&days.events, pipeline(&days.tenant));
    assert!(said.iter().flatten().any(|update| matches!(update, Update::Opened(_))), "a story is told");
    let cuts = cuts(8, days.events.len(), 6);
    let mut stopping = pipeline(&days.tenant);
    for (number, (event, expected)) in days.events.iter().zip(&said).enumerate() {
        if cuts.contains(&number) {
            let bytes = stopping.to_bytes();
            stopping = Pipeline::from_bytes(&bytes).unwrap();
            assert_eq!(stopping.to_bytes(), bytes, "cut at {number}");
        }
        assert_eq!(&stopping.observe(event), expected, "event {number}");
    }
    assert_eq!(stopping.to_bytes(), whole.to_bytes());
    assert_eq!(stopping.stats(), whole.stats());
    let told = |pipeline: &Pipeline| format!("{:?}", pipeline.investigator().incidents());
    assert_eq!(told(&stopping), told(&whole));
}

/// What a target shows.
type Views = (Vec<IncidentView>, Vec<ActionRecord>, Vec<FindingView>, Vec<PlanView>);

fn views(target: &dyn MaturityTarget) -> Views {
    let (incidents, actions) = (target.incidents().unwrap(), target.actions().unwrap());
    (incidents, actions, target.findings().unwrap(), target.plans().unwrap())
}

#[test]
fn a_fork_goes_on_by_itself() {
    let days = days();
    let mut first = HomeostatTarget::new(&days.setting()).unwrap();
    let mut events = days.events.iter().cloned();
    // Up to where something is in force.
    while first.actions().unwrap().is_empty() {
        first.feed(events.next().unwrap()).unwrap();
    }
    let (mut fork, forked) = (first.fork().unwrap(), views(&first));
    let rest: Vec<Event> = events.collect();
    for event in &rest {
        fork.feed(event.clone()).unwrap();
    }
    assert!(views(&first) == forked, "what one is told the other does not hear");
    for event in &rest {
        first.feed(event.clone()).unwrap();
    }
    assert!(views(&first) == views(&*fork), "told the same, both show the same");
    assert!(views(&first) != forked, "there was more to hear");
}

#[test]
fn damage_is_named_and_never_a_panic() {
    let days = days();
    let (_, whole) = watched(&days.events[..500], pipeline(&days.tenant));
    let bytes = whole.to_bytes();
    for at in cuts(9, bytes.len(), 24) {
        assert!(Pipeline::from_bytes(&bytes[..at]).is_err(), "cut off at {at}");
        let mut altered = bytes.clone();
        altered[at] ^= 0x10;
        assert!(Pipeline::from_bytes(&altered).is_err(), "altered at {at}");
        // Somebody who makes the checksum fit may get an answer or an error, and that is all.
        let body = altered.len() - 8;
        let sum = homeostat_core::xxh64(&altered[..body]);
        altered[body..].copy_from_slice(&sum.to_le_bytes());
        drop(Pipeline::from_bytes(&altered));
    }
    let error = Pipeline::from_bytes(b"nothing of the kind").unwrap_err();
    assert_eq!(error.to_string(), "this is no snapshot of this type");
    let other = Pipeline::new(TenantId::new("globex").unwrap()).restored(&bytes).unwrap_err();
    assert_eq!(other, SnapshotError::Invalid { field: "tenant" });
}

#[test]
fn no_byte_names_whoever_is_forgotten() {
    let days = days();
    let (_, mut pipeline) = watched(&days.events, pipeline(&days.tenant));
    // Under one of her names the directory knows all the others.
    let victim = &days.tenant.truth(Story::MultiHop).unwrap().who;
    let victim = victim.iter().find(|key| key.kind() == EntityKind::Email).unwrap();
    let names: BTreeSet<EntityKey> = pipeline.directory().whole(victim).into_iter().collect();
    assert!(names.len() > 3, "she goes by several");
    let now = days.events.last().unwrap().when();
    let others = others(&days.events, &names);
    let known = |pipeline: &Pipeline| -> Vec<(Vec<EntityKey>, f64)> {
        let risk =
            |key| pipeline.directory().resolve(key, now).map(|id| pipeline.risk().risk_of(id, now).score());
        others.iter().map(|key| (pipeline.directory().whole(key), risk(key).unwrap_or(0.0))).collect()
    };
    let (before, text) = (known(&pipeline), letters(&pipeline.to_bytes()));
    assert!(names.iter().all(|key| text.contains(&key.value().to_ascii_lowercase())), "she is known");
    assert!(pipeline.forget(victim) && !pipeline.forget(victim), "nothing is left to forget");
    let bytes = pipeline.to_bytes();
    let text = letters(&bytes);
    for key in &names {
        assert!(!text.contains(&key.value().to_ascii_lowercase()), "{key:?} is still named");
    }
    for (before, after) in before.iter().zip(known(&pipeline)) {
        // What others were charged with through her goes with her.
        assert!(before.0 == after.0 && after.1 <= before.1, "{before:?} became {after:?}");
    }
    assert_eq!(Pipeline::from_bytes(&bytes).unwrap().to_bytes(), bytes);
}

/// Everybody else who acts under a name of a person.
fn others(events: &[Event], names: &BTreeSet<EntityKey>) -> BTreeSet<EntityKey> {
    let people = |(key, role): &(EntityKey, Role)| {
        *role == Role::Actor
            && matches!(key.kind(), EntityKind::Upn | EntityKind::IamUserArn)
            && !names.contains(key)
    };
    events.iter().flat_map(Event::entities).filter(people).map(|(key, _)| key).collect()
}

/// The letters among `bytes`, in lower case, at their places.
fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if byte.is_ascii() { char::from(byte.to_ascii_lowercase()) } else { '.' })
        .collect()
}
