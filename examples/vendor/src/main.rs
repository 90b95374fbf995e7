//! A vendor of door locks takes homeostat: its log in, its detector's signal out, its badge locked for a while.

mod badges;
mod doors;
mod rattler;

use badges::Badges;
use doors::Doors;
use homeostat_core::{CalmRisk, Detector as _, Signal, TenantId};
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, ActionId, Descriptor, Erase, Executor, ExecutorConfig, Gate, GateConfig, Journal, MemoryStorage,
    Mode, Policy, PseudonymKey, Request, Target, TargetKind,
};
use rattler::Rattler;
use std::{collections::BTreeMap, error::Error, sync::Arc, sync::Mutex, time::Duration};

const LOG: &str = r#"{"door":"lobby","holder":"jane","at":"2026-03-16T08:30:00Z","open":true}
{"door":"lab","holder":"mallory","at":"2026-03-16T22:01:10Z","open":false,"camera":{"frame":18}}
{"door":"vault","holder":"mallory","at":"2026-03-16T22:02:40Z","open":false}
{"door":"archive","holder":"mallory","at":"2026-03-16T22:04:05Z","open":false}
{"door":"archive","holder":"mallory","at":"2026-03-16T22:0
"#;

const RAILS: &str = r#"
version = "1"
[[budgets]]
id = "at-once"
max_active = 3
[[rules]]
id = "lock-badges"
when = { actions = ["disable_credential"], target_kind = "credential", min_confidence = 0.8 }
then = "autonomous"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let context = Context::new().with_tenant(tenant.clone());
    let mut ingest = Ingest::new(Registry::default().first(Doors)).with_context(context);
    let mut rattler = Rattler::default();
    let mut signals = Vec::new();
    for next in ingest.read("doors.jsonl", LOG.as_bytes()) {
        match next {
            Ok(event) => signals.extend(rattler.detect(&event, &CalmRisk)),
            Err(error) => println!("not read: {error}"),
        }
    }
    for signal in &signals {
        println!("{}: {} {} at {}", signal.evidence[0], signal.kind, signal.bits, signal.time);
        respond(signal, &tenant)?;
    }
    Ok(())
}

/// Locks the badge for ten minutes, if the rails let it.
fn respond(signal: &Signal, tenant: &TenantId) -> Result<(), Box<dyn Error>> {
    let who = signal.actor.as_ref().ok_or("nobody to answer")?;
    let descriptor = Descriptor::new("acme-badges", Action::DisableCredential, TargetKind::Credential);
    let badges = Arc::new(Erase(Badges { descriptor, locked: Mutex::new(BTreeMap::new()) }));

    let (journal, records) =
        Journal::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([7; 32]))?;
    let config = GateConfig::new(tenant.clone(), Policy::from_toml(RAILS)?.compile()?).mode(Mode::Act);
    let gate = Gate::open(config, journal, records)?;
    let mut executor =
        block_on(Executor::open(gate, ExecutorConfig::new(vec![badges.clone()]), signal.time))?;

    let badge = Target::new(TargetKind::Credential, who.value());
    let request = Request::new(ActionId::new("lock-1")?, tenant.clone(), Action::DisableCredential, badge)
        .sure(0.9)
        .lease(Duration::from_secs(600));
    let phase = block_on(executor.submit(&request, signal.time))?;
    let decision = executor.gate().decision(&request.id).ok_or("not decided")?;
    println!("  {decision}: {phase:?}, locked: {:?}", badges.0.locked.lock().map_err(|_| "poisoned")?);
    while let Some(deadline) = executor.next_deadline() {
        block_on(executor.tick(deadline))?;
        println!("  {deadline}: {:?}", executor.gate().phase(&request.id));
    }
    println!("  locked: {:?}", badges.0.locked.lock().map_err(|_| "poisoned")?);
    Ok(())
}
