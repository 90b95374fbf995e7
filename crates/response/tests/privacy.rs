#![cfg(test)]
//! No value in `Debug` or in an error: every public type that may hold one, filled with a marked secret.

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, ActionId, Admission, Applied, Budget, Entry, Erase, Event, Executor, ExecutorConfig, Gate,
    GateConfig, Journal, MemoryActuator, MemoryStorage, MemoryWorld, Mode, Person, Plan, Policy, Proposal,
    Proposer, PseudonymKey, Record, Request, Storage as _, Target, TargetKind, Undo,
};
use homeostat_response::{Actuator as _, Phase};
use std::fmt::Debug;
use std::sync::Arc;

const MARK: &str = "marked-secret@acme.example";

#[track_caller]
fn check(value: &dyn Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.to_lowercase().contains("marked"), "{shown}");
    }
}

#[test]
fn debug_shows_ids_class_and_place_only() {
    let target = Target::new(TargetKind::Person, MARK).with("mail", MARK);
    let id = ActionId::new("a").unwrap();
    let person = Person::new(MARK);
    let request = Request::new(id.clone(), TenantId::new("acme").unwrap(), Action::Challenge, target.clone())
        .with_arg("allow", &[MARK])
        .about(MARK, MARK)
        .sure(0.9)
        .proposed_by(Proposer::Person(person.clone()));
    let undo = Undo::new(1, MARK).unwrap();
    let plan = Plan::new(&request).with_undo(undo.clone()).saying(MARK);
    let mut applied = Applied::with_evidence(vec![MARK.into()]);
    applied.note = MARK.into();
    let event = Event::Proposed { request: Box::new(request.clone()) };
    let record = Record {
        at: Timestamp::from_micros(0),
        entry: Entry::Action { id: id.clone(), event: event.clone() },
    };
    let key = PseudonymKey::new([b'm'; 32]);
    let values: [&dyn Debug; 9] = [&target, &person, &request, &undo, &plan, &applied, &event, &record, &key];
    for value in values {
        check(value);
    }
    check(&undo.read::<u64>(1).unwrap_err());

    let world = MemoryWorld::default();
    world.change(Action::Challenge, &target, MARK);
    check(&world);
    let (chain, names) = (MemoryStorage::default(), MemoryStorage::default());
    let (journal, records) = Journal::open(chain.clone(), names.clone(), key).unwrap();
    let policy = Policy::new("1", Budget::new("one", 1)).compile().unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), policy).mode(Mode::Ask);
    let mut gate = Gate::open(config, journal, records).unwrap();
    let memory = Erase(MemoryActuator::new(world));
    let proposal = Proposal { request: &request, plan: &plan, descriptor: memory.descriptor() };
    check(&proposal);
    let admission = gate.admit(proposal, Timestamp::from_micros(0)).unwrap();
    assert!(matches!(admission, Admission::Awaiting { more: 1 }));
    check(&gate);
    check(&gate.phase(&id));
    let config = ExecutorConfig::new(vec![Arc::new(memory)]);
    let mut executor = block_on(Executor::open(gate, config, Timestamp::from_micros(1))).unwrap();
    let mut other = request.clone();
    other.id = ActionId::new("b").unwrap();
    let phase = block_on(executor.submit(&other, Timestamp::from_micros(2))).unwrap();
    assert!(matches!(phase, Phase::AwaitingApproval { .. }));
    check(&executor);
    check(&executor.take_notices());
    check(&chain);
    let bytes = String::from_utf8_lossy(&chain.clone().read().unwrap()).into_owned();
    assert!(!bytes.to_lowercase().contains("marked"), "the chain holds pseudonyms");
}
