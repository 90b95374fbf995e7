//! The edges of the gate itself, each found by a change of its code that no other test noticed.

use crate::room::{Room, allowing, at, id, isolate};
use homeostat_response::{
    Action, Admission, Brake, Descriptor, Durability, Entry, Event, Gate, GateError, Journal, Person, Phase,
    Plan, Proposal, PseudonymKey, Record, Request, Storage, TargetKind,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

#[test]
fn a_brake_holds_also_when_it_can_not_be_written_down_and_letting_go_does_not() {
    let room = Room::new(&allowing("max_active = 9"));
    let left = Arc::new(AtomicUsize::new(9));
    let mut gate = room.failing_gate(&left);
    let jane = Person::new("jane");
    gate.set_brake(Brake::HoldNew, &jane, at(0)).unwrap();
    left.store(0, Ordering::Relaxed);
    assert!(gate.set_brake(Brake::Run, &jane, at(1)).is_err());
    assert_eq!(gate.brake(), Brake::HoldNew, "letting go counts when it is written");
    assert!(gate.set_brake(Brake::RevertAll, &jane, at(2)).is_err());
    assert_eq!(gate.brake(), Brake::RevertAll, "braking counts at once");
    assert!(matches!(gate.extend(&id("none"), Duration::from_mins(1), &jane, at(3)), Err(GateError::Braked)));
}

#[test]
fn what_could_not_be_written_down_was_never_asked_and_holds_nothing() {
    let room = Room::new(&allowing("max_active = 9"));
    let mut gate = room.failing_gate(&Arc::new(AtomicUsize::new(0)));
    let request = isolate("a", "web-1");
    let plan = Plan::new(&request);
    let descriptor = Descriptor::new("memory", Action::Isolate, TargetKind::Host);
    let refused = gate.admit(Proposal { request: &request, plan: &plan, descriptor: &descriptor }, at(1));
    assert!(matches!(refused, Err(GateError::Journal(_))));
    let stats = gate.stats();
    assert_eq!((gate.phase(&id("a")), stats.actions, stats.in_force, stats.waiting), (Phase::New, 0, 0, 0));
}

#[test]
fn a_permit_says_what_may_be_done_until_when_and_who_acts() {
    let room = Room::new(&allowing("max_active = 9"));
    let mut gate = room.gate();
    assert_eq!((gate.epoch(), gate.take_over(at(0)).unwrap(), gate.take_over(at(0)).unwrap()), (0, 1, 2));
    let request = isolate("a", "web-1");
    let Admission::Go(permit) = admit(&mut gate, &request, &Plan::new(&request), 1) else { panic!() };
    assert_eq!(permit.action(), &id("a"));
    assert_eq!((permit.expires_at(), permit.ttl()), (at(61), Some(Duration::from_mins(1))));
    assert_eq!((permit.attempt(), permit.epoch()), (1, 2));
    let again = gate.again(&id("a"), 3, at(31)).unwrap();
    assert_eq!((again.expires_at(), again.ttl()), (at(61), Some(Duration::from_secs(30))));
    assert_eq!((again.attempt(), again.epoch()), (3, 2));
    assert!(matches!(admit(&mut gate, &request, &Plan::new(&request), 32), Admission::Duplicate));
    assert_eq!(gate.stats().duplicates, 1);
}
