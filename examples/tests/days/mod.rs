//! The last days of a small tenant: some stories whole, and a part of its everyday life.

use homeostat_core::{EntityKey, EventRef, TenantId};
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_maturity::{OKTA_ORG, Setting, Story, TENANT, Tenant, TenantOptions};
use std::collections::BTreeSet;
use std::io::Cursor;

/// Which part of everyday life is told.
const ONE_IN: usize = 30;
/// Where the services are that hide who comes from them.
pub(crate) const HIDING: &str = "203.0.113.0/25";

/// A tenant, and its last days as events in order of time.
pub(crate) struct Days {
    pub(crate) tenant: Tenant,
    pub(crate) events: Vec<Event>,
}

impl Days {
    /// The days on which `stories` happen, the last of them with CloudTrail; of those in the stories all is told.
    pub(crate) fn of(stories: &[Story], days_of_cloud: usize) -> Self {
        let told = stories.iter().copied().fold(TenantOptions::new(3).days(10), TenantOptions::story);
        let tenant = Tenant::new(&told);
        let truths = || stories.iter().filter_map(|story| tenant.truth(*story));
        let told: BTreeSet<EventRef> = truths().flat_map(homeostat_maturity::Truth::events).collect();
        let who: BTreeSet<&EntityKey> = truths().flat_map(|truth| &truth.who).collect();
        let acts = |event: &Event| event.entities().iter().any(|(key, _)| who.contains(key));
        let mut events = read(&tenant, days_of_cloud);
        let mut number = 0;
        events.retain(|event| {
            number += 1;
            number % ONE_IN == 0 || told.contains(&event.reference().unwrap()) || acts(event)
        });
        Self { tenant, events }
    }

    /// What a stack is told of the tenant.
    pub(crate) fn setting(&self) -> Setting {
        let (account, anonymisers) = (self.tenant.account().to_owned(), vec![HIDING.to_owned()]);
        Setting { account, anonymisers, ..Setting::of_tenant(TENANT) }
    }
}

/// The sign-ins, leases and findings of all days, and the calls of the last of them.
fn read(tenant: &Tenant, days_of_cloud: usize) -> Vec<Event> {
    let days: BTreeSet<String> =
        tenant.logs().map(|(name, _)| name).filter(|name| name.starts_with("cloudtrail/")).collect();
    let last: Vec<&String> = days.iter().rev().take(days_of_cloud).collect();
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
    events
}
