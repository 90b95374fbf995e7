//! Every record of the tenant is read, becomes an event of a known kind, and keeps its id, tenant and time.
#![cfg(test)]

use homeostat_core::EntityKind;
use homeostat_event::{ClassUid, Event, Level, validate};
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The tenant with every story, and its events.
fn acme() -> &'static (Tenant, Vec<Event>) {
    static ACME: OnceLock<(Tenant, Vec<Event>)> = OnceLock::new();
    ACME.get_or_init(|| {
        let options = TenantOptions::new(11).days(10);
        let acme = Tenant::new(&Story::ALL.into_iter().fold(options, TenantOptions::story));
        let events = acme.events().unwrap();
        (acme, events)
    })
}

#[test]
fn every_record_is_read_and_has_its_id_tenant_and_time() {
    let (acme, events) = acme();
    let ids: BTreeSet<_> = events.iter().map(|event| event.reference().unwrap()).collect();
    assert_eq!(ids.len(), acme.len());
    for event in events {
        assert_eq!(event.tenant().unwrap().as_str(), TENANT);
        assert!(event.when().is_moment());
    }
    for story in Story::ALL {
        for event in acme.truth(story).unwrap().events() {
            assert!(ids.contains(&event), "{event}");
        }
    }
}

#[test]
fn every_source_but_leases_has_its_class() {
    let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
    for event in &acme().1 {
        if event.class_uid() == ClassUid::BASE_EVENT {
            *unknown.entry(event.reference().unwrap().place().to_owned()).or_default() += 1;
        }
    }
    unknown.remove("zeek/dhcp");
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_event_is_valid() {
    let mut broken: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for event in &acme().1 {
        for violation in validate(event).into_iter().filter(|violation| violation.level() == Level::Error) {
            let what = format!("{} {violation:?}", event.class_uid().get());
            let entry = broken.entry(what).or_insert((0, event.reference().unwrap().to_string()));
            entry.0 += 1;
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_names_of_the_truth_are_keys_of_events() {
    let (acme, events) = acme();
    let mut keys = BTreeSet::new();
    for event in events {
        keys.extend(event.entities().into_iter().map(|(key, _)| key));
    }
    let mut missing = Vec::new();
    for story in Story::ALL {
        let truth = acme.truth(story).unwrap();
        let names = truth.who.iter().chain(&truth.objects);
        // A device's name stands in leases and in Okta's device, which no source maps to keys yet.
        let names = names.filter(|key| key.kind() != EntityKind::Hostname);
        missing.extend(names.filter(|key| !keys.contains(key)).map(|key| format!("{story}: {key}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
