#![cfg(test)]
//! Capture as an action: through the gate, before containment, and never in its way.

use homeostat_core::{TenantId, Timestamp};
use homeostat_forensics::{
    CaptureActuator, Channel, Clock, Containment, Custody, MemoryCollector, MemoryStore, verify,
};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, ActionId, Erase, Executor, ExecutorConfig, Gate, GateConfig, Journal, MemoryActuator,
    MemoryStorage, MemoryWorld, Mode, Phase, Policy, PseudonymKey, Request, Saga, Target, TargetKind,
};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const START: i64 = 1_773_649_800_000_000;

#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(START + self.0.load(Ordering::Relaxed))
    }

    fn wait(&self, until: Timestamp) {
        self.0.fetch_max(until.micros().unwrap_or(0) - START, Ordering::Relaxed);
    }
}

struct Scene {
    executor: Executor<MemoryStorage>,
    world: MemoryWorld,
    log: MemoryStorage,
    store: MemoryStore,
    custody: Arc<Mutex<Custody<MemoryStorage>>>,
}

/// An executor that captures through `collector` and isolates in a world of memory, which the capture only looks at.
fn scene(collector: MemoryCollector) -> Scene {
    let (world, log, store) = (MemoryWorld::default(), MemoryStorage::default(), MemoryStore::default());
    let custody = Custody::open(log.clone(), MemoryStorage::default(), PseudonymKey::new([7; 32])).unwrap();
    let custody = Arc::new(Mutex::new(custody));
    let seen = world.clone();
    let watch =
        move |_: &Target| if seen.in_force().is_empty() { Containment::Free } else { Containment::Contained };
    let capture = CaptureActuator::new(
        vec![Arc::new(collector)],
        Arc::new(store.clone()),
        Arc::clone(&custody),
        Arc::new(watch),
    )
    .clock(Arc::new(Hand::default()));
    let rails = "version = \"1\"\n[[budgets]]\nid = \"all\"\nmax_active = 9\n[[rules]]\nid = \"go\"\nwhen = {}\nthen = \"autonomous\"\n";
    let key = PseudonymKey::new([7; 32]);
    let (journal, records) = Journal::open(MemoryStorage::default(), MemoryStorage::default(), key).unwrap();
    let config =
        GateConfig::new(TenantId::new("acme").unwrap(), Policy::from_toml(rails).unwrap().compile().unwrap());
    let gate = Gate::open(config.mode(Mode::Act), journal, records).unwrap();
    let actuators = ExecutorConfig::new(vec![
        Arc::new(Erase(capture)),
        Arc::new(Erase(MemoryActuator::new(world.clone()))),
    ]);
    let executor = block_on(Executor::open(gate, actuators, Timestamp::from_micros(START))).unwrap();
    Scene { executor, world, log, store, custody }
}

fn ask(id: &str, action: Action) -> Request {
    let target = Target::new(TargetKind::Host, "web-1").with("os", "linux");
    let (id, tenant) = (ActionId::new(id).unwrap(), TenantId::new("acme").unwrap());
    Request::new(id, tenant, action, target).sure(0.9).lease(Duration::from_hours(1))
}

fn agent() -> MemoryCollector {
    MemoryCollector::new(Channel::own_agent()).with("processes", "processes.jsonl", "{}\n")
}

#[test]
fn a_capture_passes_the_gate_is_in_force_when_it_is_whole_and_ends_with_its_lease() {
    let Scene { mut executor, log, store, custody, .. } = scene(agent());
    let (request, start) = (ask("inc-7-capture", Action::CaptureEvidence), Timestamp::from_micros(START));
    assert_eq!(block_on(executor.submit(&request, start)).unwrap(), Phase::Active);
    assert_eq!(
        block_on(executor.submit(&request, start)).unwrap(),
        Phase::Active,
        "asking twice is asking once"
    );
    let words: Vec<&str> =
        custody.lock().unwrap().records().iter().map(|record| record.deed.word()).collect();
    assert_eq!(words.iter().filter(|word| **word == "acquired").count(), 1);
    assert_eq!(words.last(), Some(&"finished"));
    block_on(executor.tick(start.plus(Duration::from_hours(1)).unwrap())).unwrap();
    assert_eq!(executor.gate().phase(&request.id), Phase::Done);
    let custody = custody.lock().unwrap();
    assert_eq!(custody.records().last().unwrap().deed.word(), "released");
    assert!(verify(&log.durable(), &store, Some(custody.head())).unwrap().is_sound(), "the evidence stays");
}

#[test]
fn evidence_comes_before_containment_and_containment_is_left_as_it_is() {
    let Scene { mut executor, world, custody, .. } = scene(agent());
    let start = Timestamp::from_micros(START);
    let (first, isolate) =
        (ask("inc-7-volatile", Action::CaptureEvidence), ask("inc-7-isolate", Action::Isolate));
    let saga = Saga::new("inc-7").first(first.clone()).then(isolate.clone(), &[&first.id]).unwrap();
    for request in saga.steps().iter().map(|step| &step.request) {
        assert_eq!(block_on(executor.submit(request, start)).unwrap(), Phase::Active);
    }
    let held = world.in_force();
    assert_eq!(held.len(), 1);
    let last = ask("inc-7-disk", Action::CaptureEvidence);
    assert_eq!(block_on(executor.submit(&last, start)).unwrap(), Phase::Active);
    assert_eq!(world.in_force(), held, "a capture on a contained host leaves it contained");
    let custody = custody.lock().unwrap();
    let before = |id: &ActionId| serde_json::to_string(custody.of(id).next().unwrap()).unwrap();
    assert!(before(&first.id).contains(r#""containment":"free""#));
    assert!(before(&last.id).contains(r#""containment":"contained""#));
}

#[test]
fn a_capture_that_fails_never_holds_containment_up() {
    let full = scene(agent());
    full.store.room(Some(0));
    let Scene { mut executor, world, .. } = full;
    let start = Timestamp::from_micros(START);
    let failed = block_on(executor.submit(&ask("inc-7-capture", Action::CaptureEvidence), start)).unwrap();
    assert_ne!(failed, Phase::Active);
    assert_eq!(
        block_on(executor.submit(&ask("inc-7-isolate", Action::Isolate), start)).unwrap(),
        Phase::Active
    );
    assert_eq!(world.in_force().len(), 1);
}

#[test]
fn what_no_plan_fits_or_no_channel_reaches_is_refused() {
    let Scene { mut executor, .. } = scene(agent());
    let mut unknown = ask("inc-8-capture", Action::CaptureEvidence);
    unknown.target = Target::new(TargetKind::Host, "printer");
    let mut far = ask("inc-9-capture", Action::CaptureEvidence);
    far.target = Target::new(TargetKind::Mailbox, "jane@acme.example");
    for request in [unknown, far] {
        let phase = block_on(executor.submit(&request, Timestamp::from_micros(START)));
        assert!(!matches!(phase, Ok(Phase::Active)), "{phase:?}");
    }
}
