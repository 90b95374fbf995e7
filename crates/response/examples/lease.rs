//! A small firewall vendor's afternoon: plan a response, let the rails decide, apply it, and see the lease end.
//!
//! `cargo run -p homeostat-response --example lease`

use homeostat_core::{
    Bits, CalmRisk, EntityKey, EntityKind, MemoryReach, MemoryValues, Role, Stage, Technique, TenantId,
    Threat, Timestamp,
};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Actuator as _, Erase, Executor, ExecutorConfig, Gate, GateConfig, Journal, MemoryActuator, MemoryStorage,
    MemoryWorld, Mode, Planner, Policy, PseudonymKey, View,
};
use std::sync::Arc;

const RAILS: &str = r#"
version = "2026-11-21"

[[budgets]]
id = "at-once"
max_active = 10

[[rules]]
id = "block-strangers"
when = { actions = ["block", "rate_limit"], target_kind = "address", min_confidence = 0.8 }
then = "autonomous"
max_ttl_ms = 1_800_000

[[rules]]
id = "people-are-asked-about"
when = { target_kind = "person" }
then = { approve = { distinct = 1 } }
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tenant = TenantId::new("acme")?;
    let start: Timestamp = "2026-11-21T09:00:00Z".parse()?;
    let mut threat = Threat::new("spray-1", tenant.clone(), start, Bits::KNOWN_BAD);
    threat.confidence = 0.92;
    threat.stages.push(Stage::Entry);
    threat.techniques.extend(Technique::parse("T1110.003"));
    threat.entities.push((EntityKey::ip("office", "198.51.100.7")?, Role::Origin));
    threat.entities.push((EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?, Role::Actor));

    let world = MemoryWorld::default();
    let memory = Erase(MemoryActuator::new(world.clone()));
    let (reach, values) = (MemoryReach::default(), MemoryValues::default());
    let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: start };
    let course = Planner::new([memory.descriptor()]).plan(&[threat], &view);

    let key = PseudonymKey::new([7; 32]);
    let (journal, records) = Journal::open(MemoryStorage::default(), MemoryStorage::default(), key)?;
    let config = GateConfig::new(tenant, Policy::from_toml(RAILS)?.compile()?).mode(Mode::Act);
    let gate = Gate::open(config, journal, records)?;
    let mut executor = block_on(Executor::open(gate, ExecutorConfig::new(vec![Arc::new(memory)]), start))?;
    for request in &course.requests {
        println!("{} {}: {}", request.id, request.action, request.reason);
        block_on(executor.submit(request, start))?;
    }
    println!("in force: {:?}", world.in_force());
    while let Some(deadline) = executor.next_deadline() {
        block_on(executor.tick(deadline))?;
    }
    for notice in executor.take_notices() {
        println!("{} {} {}", notice.at, notice.id, notice.news);
    }
    println!("in force: {:?}", world.in_force());
    Ok(())
}
