//! Trying again: when, how often, and when not.

use crate::room::{Room, allowing, at, deadlines, id, isolate, submit, tick};
use homeostat_core::Timestamp;
use homeostat_response::{ActError, Fault, Phase, Verb};
use std::time::Duration;

#[test]
fn an_apply_is_tried_again_after_a_pause_that_doubles_and_no_more_often_than_told() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    for _ in 0..9 {
        room.world.plant(Verb::Apply, Fault::Fails(ActError::transient("connect")));
    }
    assert_eq!(submit(&mut executor, &isolate("a", "web-1"), 1), Phase::Applying);
    assert_eq!(deadlines(&mut executor), [at(2), at(4)]);
    assert_eq!((executor.gate().phase(&id("a")), room.world.calls(Verb::Apply)), (Phase::Failed, 3));
}

#[test]
fn a_target_that_says_when_is_asked_then_and_no_more_often() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    for _ in 0..9 {
        let busy = ActError::Transient { at: "connect", retry_after: Some(Duration::from_secs(5)) };
        room.world.plant(Verb::Apply, Fault::Fails(busy));
    }
    assert_eq!(submit(&mut executor, &isolate("a", "web-1"), 1), Phase::Applying);
    tick(&mut executor, 5);
    assert_eq!(room.world.calls(Verb::Apply), 1, "not before it said");
    assert_eq!(deadlines(&mut executor), [at(6), at(11)]);
    assert_eq!((executor.gate().phase(&id("a")), room.world.calls(Verb::Apply)), (Phase::Failed, 3));
}

#[test]
fn a_revert_is_tried_again_after_a_pause_that_doubles_and_then_a_person_is_called() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open_with(0, |config| config.revert_attempts = 8);
    submit(&mut executor, &isolate("a", "web-1").lease(Duration::from_secs(50)), 0);
    room.world.jam_reverts();
    let tries: Vec<Timestamp> = [50, 51, 53, 57, 65, 81, 113, 173].map(at).to_vec();
    assert_eq!(deadlines(&mut executor), tries);
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
    let stats = executor.stats();
    assert_eq!((stats.reverts, stats.calls_for_people, stats.applies), (8, 1, 1));
}
