//! The stage of the demonstration: a simulated company's logs, the wall's clock, and what this process weighs.

use crate::Result;
use crate::doors::Doors;
use homeostat_core::{EntityKind, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_maturity::{OKTA_ORG, TENANT, Tenant, Truth};
use std::fs;
use std::time::{Duration, SystemTime};

/// The logs of identity, cloud and network, and the vendor's own, in order of time.
pub fn read(world: &Tenant, truth: &Truth) -> Result<Vec<Event>> {
    let context = Context::new()
        .with_tenant(TenantId::new(TENANT)?)
        .with_directory(OKTA_ORG)
        .with_account("111122223333")
        .with_network(TENANT);
    let mut ingest = Ingest::new(Registry::default().first(Doors)).with_context(context);
    let mut events = Vec::new();
    for (name, log) in world.logs().chain([("doors.jsonl".to_owned(), doors_log(world, truth))]) {
        events.extend(ingest.read(&name, log.as_slice()).collect::<std::result::Result<Vec<Event>, _>>()?);
    }
    events.sort_by_key(Event::when);
    Ok(events)
}

/// Each morning the victim comes in; on the day of the attack the copied badge is tried at three doors.
fn doors_log(world: &Tenant, truth: &Truth) -> Vec<u8> {
    let who = truth.who.iter().find(|key| key.kind() == EntityKind::Upn).map_or("nobody", |key| key.value());
    let line = |day: i64, minute: u64, door: &str, open: bool| {
        let at = Timestamp::from_micros(world.story_day().micros().unwrap_or(0) + day * 86_400_000_000);
        let at = at.plus(Duration::from_secs(60 * minute)).unwrap_or(at);
        format!("{{\"door\":\"{door}\",\"holder\":\"{who}\",\"at\":\"{at}\",\"open\":{open}}}\n")
    };
    let mornings = (-10..=0).map(|day| line(day, 8 * 60, "lobby", true));
    let tries =
        ["lab", "vault", "archive"].into_iter().zip(620..).map(|(door, minute)| line(0, minute, door, false));
    mornings.chain(tries).collect::<String>().into_bytes()
}

/// The wall's clock: real targets live now, whenever the logs were written.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).plus(since).unwrap_or(Timestamp::UNKNOWN)
}

/// The most memory that the process held, in MiB; 0 where nobody tells.
pub fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
