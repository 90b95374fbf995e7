//! The edges of the gate itself, each found by a change of its code that no other test noticed.

use crate::room::{Room, allowing, at, id, isolate};
use homeostat_core::TenantId;
use homeostat_response::{
    Action, Admission, Brake, Descriptor, Durability, Entry, Event, Gate, GateConfig, GateError, Journal,
    MemoryStorage, Mode, Person, Phase, Plan, Policy, Proposal, PseudonymKey, Record, Request, Storage,
    TargetKind,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn admit<S: Storage>(gate: &mut Gate<S>, request: &Request, plan: &Plan, now: u64) -> Admission {
    let descriptor = Descriptor::new("memory", Action::Isolate, TargetKind::Host);
    gate.admit(Proposal { request, plan, descriptor: &descriptor }, at(now)).unwrap()
}

#[test]
fn another_try_is_for_what_was_begun_and_before_its_lease_is_over() {
    let room = Room::new(&allowing("max_active = 9"));
    let (request, mut gate) = (isolate("once", "web-1"), room.gate());
    let plan = Plan::new(&request);
    let Admission::Go(permit) = admit(&mut gate, &request, &plan, 0) else { panic!() };
    assert_eq!(permit.expires_at(), at(60));
    assert_eq!(gate.again(&id("once"), 2, at(59)).unwrap().attempt(), 2);
    assert!(matches!(gate.again(&id("once"), 3, at(60)), Err(GateError::UnknownAction)), "it is over now");

    let room = Room::new(&allowing("max_active = 9"));
    let mut gate = room.gate();
    admit(&mut gate, &request, &plan, 0);
    drop(gate);
    let key = PseudonymKey::new([4; 32]);
    let (mut journal, _) = Journal::open(room.chain.clone(), room.names.clone(), key).unwrap();
    let entry = Entry::Action { id: id("once"), event: Event::Applied };
    journal.append(&[Record { at: at(1), entry }], Durability::Synced).unwrap();
    let mut gate = room.gate();
    assert_eq!(gate.phase(&id("once")), Phase::Active);
    assert!(matches!(gate.again(&id("once"), 2, at(2)), Err(GateError::UnknownAction)), "it is in force");
}

#[test]
fn one_of_two_approvals_begins_nothing() {
    let rule = "[[rules]]\nid = 'two'\nthen = { approve = { distinct = 2 } }\n[[budgets]]\nid = 'all'\nmax_active = 9\n";
    let room = Room::new(rule);
    let (request, mut gate) = (isolate("asked", "web-1"), room.gate());
    let plan = Plan::new(&request);
    assert!(matches!(admit(&mut gate, &request, &plan, 0), Admission::Awaiting { more: 2 }));
    let mut says_yes =
        |name: &str| gate.approve(&id("asked"), &Person::new(name), plan.hash(), at(1)).unwrap();
    assert!(matches!(says_yes("jane"), Admission::Awaiting { more: 1 }));
    assert!(matches!(says_yes("joe"), Admission::Go(_)));
}

/// A storage that fails when it is told to.
struct Failing(MemoryStorage, Arc<AtomicBool>);

impl Storage for Failing {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.0.read()
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.1.load(Ordering::Relaxed) { Err(io::Error::other("full")) } else { self.0.append(bytes) }
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(bytes)
    }
}

#[test]
fn a_brake_holds_also_when_it_can_not_be_written_down_and_letting_go_does_not() {
    let full = Arc::new(AtomicBool::new(false));
    let storage = || Failing(MemoryStorage::default(), full.clone());
    let (journal, records) = Journal::open(storage(), storage(), PseudonymKey::new([4; 32])).unwrap();
    let rails = Policy::from_toml(&format!("version = '1'\n{}", allowing("max_active = 9"))).unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), rails.compile().unwrap()).mode(Mode::Act);
    let mut gate = Gate::open(config, journal, records).unwrap();
    let jane = Person::new("jane");
    gate.set_brake(Brake::HoldNew, &jane, at(0)).unwrap();
    full.store(true, Ordering::Relaxed);
    assert!(gate.set_brake(Brake::Run, &jane, at(1)).is_err());
    assert_eq!(gate.brake(), Brake::HoldNew, "letting go counts when it is written");
    assert!(gate.set_brake(Brake::RevertAll, &jane, at(2)).is_err());
    assert_eq!(gate.brake(), Brake::RevertAll, "braking counts at once");
    assert!(matches!(gate.extend(&id("none"), Duration::from_mins(1), &jane, at(3)), Err(GateError::Braked)));
}
