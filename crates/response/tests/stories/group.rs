//! Several at once: decided together, one sync, and never more than one after another.

use crate::room::{Room, allowing, at, isolate, submit};
use homeostat_response::conformance::block_on;
use homeostat_response::{Phase, Request, SubmitError};

fn phases(room: &Room, requests: &[Request]) -> Vec<Phase> {
    let mut executor = room.open(0);
    block_on(executor.submit_all(requests, at(1))).unwrap().into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_group_takes_one_sync_and_no_more_budget_than_one_by_one() {
    let room = Room::new(&allowing("max_active = 3"));
    let requests: Vec<Request> = (0..8).map(|n| isolate(&format!("a-{n}"), &format!("web-{n}"))).collect();
    let mut executor = room.open(0);
    let before = room.chain.syncs();
    let answers = block_on(executor.submit_all(&requests, at(1))).unwrap();
    assert_eq!(room.chain.syncs() - before, 1);
    let at_once: Vec<Phase> = answers.into_iter().map(Result::unwrap).collect();
    let active = at_once.iter().filter(|phase| **phase == Phase::Active).count();
    assert_eq!((active, room.world.in_force().len()), (3, 3));

    let other = Room::new(&allowing("max_active = 3"));
    let mut executor = other.open(0);
    let one_by_one: Vec<Phase> = requests.iter().map(|request| submit(&mut executor, request, 1)).collect();
    assert_eq!(at_once, one_by_one);
}

#[test]
fn one_id_twice_in_a_group_is_asked_once() {
    let room = Room::new(&allowing("max_active = 3"));
    let twice = [isolate("a", "web-1"), isolate("a", "web-2")];
    assert_eq!(phases(&room, &twice), [Phase::Active, Phase::Active]);
    assert_eq!(room.world.in_force().len(), 1);
}

#[test]
fn an_unsound_request_of_a_group_leaves_the_others_alone() {
    let room = Room::new(&allowing("max_active = 3"));
    let mut unsound = isolate("b", "web-2");
    unsound.confidence = f64::NAN;
    let mut executor = room.open(0);
    let answers =
        block_on(executor.submit_all(&[isolate("a", "web-1"), unsound, isolate("c", "web-3")], at(1)))
            .unwrap();
    assert!(matches!(answers[1], Err(SubmitError::Gate(_))), "{:?}", answers[1]);
    assert_eq!(room.world.in_force().len(), 2);
}
