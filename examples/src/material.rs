//! What a study starts from: one tenant's events in order of time, and the configuration of its accounts.

use crate::{Input, inputs, read_events};
use homeostat_core::{TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_graph::{Inventory, Reading};
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read as _;
use std::path::Path;

/// The words by which a file is known for an account's authorization details; no log holds them.
const LISTS: [&str; 3] = ["\"UserDetailList\"", "\"RoleDetailList\"", "\"GroupDetailList\""];

/// The events and the configuration of one tenant.
#[derive(Debug)]
pub struct Material {
    /// Whose they are.
    pub tenant: TenantId,
    /// The events, in order of time.
    pub events: Vec<Event>,
    /// What the accounts were before the first event; empty where nobody told.
    pub inventory: Inventory,
}

impl Material {
    /// The simulated tenant that `options` describe, with its account.
    ///
    /// # Errors
    ///
    /// When the simulation writes what is not read: a fault of ours.
    pub fn simulated(options: &TenantOptions) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (simulated, tenant) = (Tenant::new(options), TenantId::new(TENANT)?);
        let mut events = simulated.events()?;
        events.sort_by_key(Event::when);
        let inventory = account(simulated.account(), "account-authorization", &tenant)?;
        Ok(Self { tenant, events, inventory })
    }

    /// The simulated tenant of `seed` with the attack, and its negative twin: the same less the attack.
    pub fn twins(seed: u64) -> [TenantOptions; 2] {
        [TenantOptions::new(seed).story(Story::MultiHop), TenantOptions::new(seed)]
    }

    /// The logs below `folder`, and the account's authorization details where there are any: known by content,
    /// the first in the order of names.
    ///
    /// # Errors
    ///
    /// When the folder or a file can not be read, or the details are broken.
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let tenant = TenantId::new("local")?;
        let (accounts, logs): (Vec<Input>, Vec<Input>) =
            inputs(&[folder.to_path_buf()])?.into_iter().partition(is_account);
        let mut inventory = Inventory::default();
        if let Some(found) = accounts.first() {
            let mut json = String::new();
            found.open()?.read_to_string(&mut json)?;
            inventory = account(&json, found.name(), &tenant)?;
        }
        let events = read_events(&logs, &tenant)?;
        Ok(Self { tenant, events, inventory })
    }

    /// How many events each source told, by the product's own name.
    pub fn sources(&self) -> BTreeMap<String, u64> {
        let mut sources = BTreeMap::new();
        for event in &self.events {
            *sources.entry(source(event)).or_insert(0) += 1;
        }
        sources
    }
}

fn source(event: &Event) -> String {
    let metadata = event.metadata();
    let product = metadata.and_then(|metadata| metadata.product()).and_then(|product| product.name());
    let name = product.unwrap_or("not recognised").to_owned();
    match metadata.and_then(|metadata| metadata.log_name()) {
        Some(log) if !name.contains(log) => format!("{name} {log}"),
        _ => name,
    }
}

fn account(json: &str, document: &str, tenant: &TenantId) -> Result<Inventory, Box<dyn Error + Send + Sync>> {
    // The snapshot lies before the first event, so every event counts as newer.
    let reading = Reading::new(tenant.clone(), Timestamp::UNKNOWN).named(document);
    Ok(Inventory::from_account_authorization(json, &reading)?)
}

/// Whether the file says near its beginning that it holds authorization details.
fn is_account(input: &Input) -> bool {
    if !input.name().to_ascii_lowercase().ends_with(".json") {
        return false;
    }
    let mut head = Vec::new();
    let read = input.open().map(|file| file.take(1 << 16).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    matches!(read, Ok(Ok(_))) && LISTS.iter().any(|list| head.contains(list))
}
