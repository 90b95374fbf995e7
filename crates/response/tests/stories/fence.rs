//! Two executors on one journal: the one that was replaced does nothing more.

use crate::room::{Room, allowing, at, id, isolate, submit};
use homeostat_response::conformance::block_on;
use homeostat_response::{GateError, JournalError, Person, Phase, SubmitError, Verb};
use std::time::Duration;

fn is_fenced(error: &GateError) -> bool {
    matches!(error, GateError::Journal(JournalError::Fenced))
}

#[test]
fn whoever_was_replaced_begins_nothing_and_reverts_nothing() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut old = room.open(0);
    assert_eq!(submit(&mut old, &isolate("a", "web-1"), 1), Phase::Active);
    let mut new = room.open(2);
    assert_eq!((old.gate().epoch(), new.gate().epoch()), (1, 2));
    let joe = Person::new("joe");
    new.extend(&id("a"), Duration::from_mins(30), &joe, at(3)).unwrap();

    let refused = block_on(old.submit(&isolate("b", "web-2"), at(4))).unwrap_err();
    assert!(matches!(&refused, SubmitError::Gate(error) if is_fenced(error)), "{refused}");
    let reverts = room.world.calls(Verb::Revert);
    assert!(is_fenced(&block_on(old.tick(at(61))).unwrap_err()), "the lease is over for the old one");
    assert_eq!(room.world.calls(Verb::Revert), reverts, "and it leaves the extended one alone");
    assert_eq!(room.world.in_force().len(), 1);

    block_on(new.tick(at(3 + 30 * 60))).unwrap();
    assert!(room.world.in_force().is_empty());
    assert_eq!(new.gate().phase(&id("a")), Phase::Done);
}

#[test]
fn the_epoch_goes_on_over_restarts_and_stands_in_the_permit() {
    let room = Room::new(&allowing("max_active = 5"));
    for epoch in 1..4 {
        assert_eq!(room.open(epoch).gate().epoch(), epoch);
    }
}

#[test]
fn whoever_was_replaced_does_not_go_on_with_a_revert_it_began() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut old = room.open(0);
    submit(&mut old, &isolate("a", "web-1"), 1);
    room.world.jam_reverts();
    block_on(old.tick(at(61))).unwrap();
    assert_eq!(old.gate().phase(&id("a")), Phase::Reverting);
    let new = room.open(62);
    let reverts = room.world.calls(Verb::Revert);
    assert!(is_fenced(&block_on(old.tick(at(70))).unwrap_err()));
    assert_eq!(room.world.calls(Verb::Revert), reverts, "it is for the new one to try again");
    assert_eq!(new.gate().phase(&id("a")), Phase::Reverting);
}
