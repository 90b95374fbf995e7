//! A restart: what was begun is looked at, what was not begun is not begun by it.

use crate::room::{Room, allowing, at, id, isolate, submit, tick, told};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Brake, Durability, Entry, Event, Fault, Journal, Person, Phase, PseudonymKey, Record, Verb,
};

#[test]
fn what_was_held_when_the_executor_stopped_is_refused_and_not_begun_by_itself() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    let joe = Person::new("joe");
    block_on(executor.brake(Brake::HoldNew, &joe, at(1))).unwrap();
    assert_eq!(submit(&mut executor, &isolate("held", "web-1"), 2), Phase::Authorized);
    drop(executor);
    let mut executor = room.open(3);
    assert_eq!(executor.gate().phase(&id("held")), Phase::Refused);
    assert_eq!(told(&mut executor), ["over: refused"]);
    block_on(executor.brake(Brake::Run, &joe, at(4))).unwrap();
    tick(&mut executor, 60);
    assert_eq!(room.world.calls(Verb::Apply), 0);
}

#[test]
fn a_call_sent_before_the_crash_may_still_land_until_it_has_settled() {
    let room = Room { settle_ms: 5_000, ..Room::new(&allowing("max_active = 5")) };
    room.world.plant(Verb::Apply, Fault::LandsLate);
    assert_eq!(submit(&mut room.open(0), &isolate("late", "web-1"), 1), Phase::Applying);
    let mut executor = room.open(2);
    assert_eq!(executor.gate().phase(&id("late")), Phase::Applying, "nothing is certain yet");
    assert_eq!(executor.next_deadline(), Some(at(7)));
    room.world.land();
    tick(&mut executor, 7);
    assert_eq!(executor.gate().phase(&id("late")), Phase::Active);
    tick(&mut executor, 61);
    assert!(room.world.in_force().is_empty(), "and it is lifted when its lease is over");
}

#[test]
fn what_was_only_asked_for_when_the_machine_stopped_is_refused() {
    let room = Room::new(&allowing("max_active = 5"));
    let key = PseudonymKey::new([4; 32]);
    let (mut journal, _) = Journal::open(room.chain.clone(), room.names.clone(), key).unwrap();
    let request = Box::new(isolate("torn", "web-1"));
    let entry = Entry::Action { id: id("torn"), event: Event::Proposed { request } };
    journal.append(&[Record { at: at(1), entry }], Durability::Synced).unwrap();
    let mut executor = room.open(2);
    assert_eq!(executor.gate().phase(&id("torn")), Phase::Refused);
    assert_eq!((told(&mut executor), executor.gate().stats().waiting), (vec!["over: refused".to_owned()], 0));
}
