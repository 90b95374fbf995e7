//! Every record of the tenant is read, becomes an event of a known kind, and keeps its id, tenant and time.
#![cfg(test)]

use homeostat_event::ClassUid;
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
use std::collections::{BTreeMap, BTreeSet};

fn acme() -> Tenant {
    Tenant::new(&Story::ALL.into_iter().fold(TenantOptions::new(11).days(10), TenantOptions::story))
}

#[test]
fn every_record_is_read_and_has_its_id_tenant_and_time() {
    let acme = acme();
    let events = acme.events().unwrap();
    let ids: BTreeSet<_> = events.iter().map(|event| event.reference().unwrap()).collect();
    assert_eq!(ids.len(), acme.len());
    for event in &events {
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
    for event in acme().events().unwrap() {
        if event.class_uid() == ClassUid::BASE_EVENT {
            *unknown.entry(event.reference().unwrap().place().to_owned()).or_default() += 1;
        }
    }
    unknown.remove("zeek/dhcp");
    assert!(unknown.is_empty(), "{unknown:?}");
}
