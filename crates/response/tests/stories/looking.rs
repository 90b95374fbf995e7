//! What is seen when an action is looked at, and what follows from it.

use crate::room::{Room, allowing, at, deadlines, id, isolate, submit, tick, told};
use homeostat_response::conformance::block_on;
use homeostat_response::{ActError, Fault, Observed, Person, Phase, Verb};
use std::time::Duration;

fn shows(room: &Room, seen: &[Observed]) {
    for seen in seen {
        room.world.plant(Verb::Observe, Fault::Shows(*seen));
    }
}

#[test]
fn what_somebody_changes_while_it_is_lifted_is_a_persons_matter_at_once() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1"), 0);
    shows(&room, &[Observed::Conflict]);
    tick(&mut executor, 60);
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
    assert_eq!((room.world.calls(Verb::Revert), executor.next_deadline()), (1, None));
}

#[test]
fn a_revert_has_its_time_to_show_before_it_counts_as_failed() {
    let room = Room { settle_ms: 5_000, ..Room::new(&allowing("max_active = 5")) };
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1"), 0);
    shows(&room, &[Observed::InForce, Observed::Partial]);
    assert_eq!(
        deadlines(&mut executor),
        [at(60), at(65), at(66)],
        "it settles, and only then is a try counted"
    );
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
}

#[test]
fn an_apply_has_its_time_to_show_and_half_of_one_is_taken_back() {
    let room = Room { settle_ms: 5_000, ..Room::new(&allowing("max_active = 5")) };
    let mut executor = room.open(0);
    shows(&room, &[Observed::NotInForce]);
    assert_eq!(submit(&mut executor, &isolate("a", "web-1"), 0), Phase::Applying);
    shows(&room, &[Observed::Partial]);
    assert_eq!(executor.next_deadline(), Some(at(5)));
    tick(&mut executor, 4);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Applying, "not before its time");
    tick(&mut executor, 5);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
    assert!(room.world.in_force().is_empty());
    assert_eq!(room.world.calls(Verb::Apply), 1);
}

#[test]
fn what_can_not_be_looked_at_is_looked_at_again_and_then_a_person_is_called() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    for _ in 0..5 {
        room.world.plant(Verb::Observe, Fault::Fails(ActError::transient("look")));
    }
    assert_eq!(submit(&mut executor, &isolate("a", "web-1"), 0), Phase::Applying);
    assert_eq!(deadlines(&mut executor), [at(1), at(3), at(7), at(15)]);
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
    assert_eq!(executor.stats().calls_for_people, 1);
}

#[test]
fn what_is_in_force_is_looked_at_every_minute_and_only_what_is_not_is_told() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1").lease(Duration::from_mins(10)), 0);
    told(&mut executor);
    tick(&mut executor, 60);
    assert_eq!((told(&mut executor), executor.stats().drifted), (Vec::new(), 0));
    room.world.plant(Verb::Observe, Fault::Fails(ActError::transient("look")));
    tick(&mut executor, 120);
    assert_eq!(told(&mut executor), ["not observed: not done for now at `look`"]);
    assert_eq!(executor.stats().drifted, 0, "what was not seen has not drifted");
    shows(&room, &[Observed::Partial]);
    tick(&mut executor, 180);
    let lines = ["observed: partly in force", "lifted by somebody else before its time"];
    assert_eq!((told(&mut executor), executor.stats().drifted), (lines.map(str::to_owned).to_vec(), 1));
    assert_eq!(executor.gate().phase(&id("a")), Phase::Active, "what is left of it stays for its lease");
    shows(&room, &[Observed::Conflict]);
    tick(&mut executor, 240);
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
}

#[test]
fn how_late_a_lease_was_ended_is_told_in_microseconds() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1"), 0);
    submit(&mut executor, &isolate("b", "web-2"), 10);
    tick(&mut executor, 63);
    tick(&mut executor, 71);
    assert_eq!(executor.stats().latest_expiry, 3_000_000);
    let again = block_on(executor.revert(&id("a"), &Person::new("joe"), at(72)));
    assert!(again.is_err(), "what is over can not be ended");
}
