//! The whole as bytes, over days of the simulated tenant: whoever stops and goes on says and knows the same, and a
//! person who is forgotten is named by no byte.
#![cfg(test)]

use homeostat::{Estate, Pipeline, Reflex, Upkeep};
use homeostat_core::{EntityKey, EntityKind, Forget, Role, SnapshotError, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_graph::{Inventory, Reading};
use homeostat_incident::{Investigator, Update};
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_maturity::{OKTA_ORG, Story, TENANT, Tenant, TenantOptions};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

/// The last days of a small tenant with every story, but for the bulk of its network.
struct Days {
    tenant: Tenant,
    events: Vec<Event>,
}

fn days() -> &'static Days {
    static DAYS: OnceLock<Days> = OnceLock::new();
    DAYS.get_or_init(|| {
        let options = Story::ALL.into_iter().fold(TenantOptions::new(3).days(10), TenantOptions::story);
        let tenant = Tenant::new(&options);
        let days: BTreeSet<String> =
            tenant.logs().map(|(name, _)| name).filter(|name| name.starts_with("cloudtrail/")).collect();
        let last: Vec<&String> = days.iter().rev().take(DAYS_OF_CLOUD).collect();
        let context = Context::new().with_directory(OKTA_ORG).with_account("111122223333");
        let context = context.with_network(TENANT).with_tenant(TenantId::new(TENANT).unwrap());
        let mut ingest = Ingest::new(Registry::default()).with_context(context);
        let mut events: Vec<Event> = Vec::new();
        for (name, bytes) in tenant.logs() {
            let small = ["okta.jsonl", "zeek/dhcp.json", "findings.jsonl"].contains(&name.as_str());
            if small || last.contains(&&name) {
                events.extend(ingest.read(&name, Cursor::new(bytes)).map(Result::unwrap));
            }
        }
        events.sort_by_key(Event::when);
        Days { tenant, events }
    })
}

/// How many of its days CloudTrail tells.
const DAYS_OF_CLOUD: usize = 2;

fn pipeline(tenant: &Tenant) -> Pipeline {
    let id = TenantId::new(TENANT).unwrap();
    let reading = Reading::new(id.clone(), Timestamp::UNKNOWN);
    let inventory = Inventory::from_account_authorization(tenant.account(), &reading).unwrap();
    let upkeep = Upkeep::of_account(&id, tenant.account()).unwrap().approved_by_tag("change-approved");
    Pipeline::new(id)
        .with_estate(Estate::new(inventory).with_upkeep(upkeep))
        .with_investigator(Investigator::builder().lateness(Duration::ZERO).build().unwrap())
        .with_reflex(Reflex::new(["203.0.113.0/25"]))
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
    let cuts = cuts(8, days.events.len(), 12);
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

#[test]
fn damage_is_named_and_never_a_panic() {
    let days = days();
    let (_, whole) = watched(&days.events[..2_000], pipeline(&days.tenant));
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
    let victim = days.tenant.truth(Story::MultiHop).unwrap().who.clone();
    let names: BTreeSet<EntityKey> =
        victim.iter().flat_map(|key| pipeline.directory().whole(key)).chain(victim.clone()).collect();
    let now = days.events.last().unwrap().when();
    let others = others(&days.events, &names);
    let known = |pipeline: &Pipeline| -> Vec<_> {
        let of = |key: &EntityKey| {
            let id = pipeline.directory().resolve(key, now);
            (pipeline.directory().whole(key), id.map(|id| pipeline.risk().risk_of(id, now).score()))
        };
        others.iter().map(of).collect()
    };
    let before = known(&pipeline);
    assert!(names.iter().any(|key| holds(&pipeline.to_bytes(), key.value())), "she was known");
    for key in &victim {
        pipeline.forget(key);
    }
    let bytes = pipeline.to_bytes();
    for key in &names {
        assert!(!holds(&bytes, key.value()), "{key:?} {} is still named", key.value());
    }
    assert!(victim.iter().all(|key| !pipeline.forget(key)), "nothing is left to forget");
    assert_eq!(known(&pipeline), before, "what is known of others stays");
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

/// Whether `bytes` hold `name`, in any case of its letters.
fn holds(bytes: &[u8], name: &str) -> bool {
    bytes.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}
