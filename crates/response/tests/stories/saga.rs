//! A chain over several domains: in order, side by side where it may, whole, partly or not at all.

use crate::room::{Room, allowing, ask, at, id};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    ActError, Action, Ending, Entry, Event, Fault, OnFailure, Outcome, Person, Phase, Plan, Request, Saga,
    StepState, TargetKind, Verb,
};

fn steps() -> [Request; 4] {
    [
        ask("capture", Action::CaptureEvidence, TargetKind::Host, "web-1"),
        ask("challenge", Action::Challenge, TargetKind::Person, "jane@acme.example"),
        ask("tighten", Action::Tighten, TargetKind::Mailbox, "m-1"),
        ask("isolate", Action::Isolate, TargetKind::Host, "web-1"),
    ]
}

/// Evidence, then identity and mail side by side, then the host.
fn saga(on_failure: OnFailure) -> Saga {
    let [capture, challenge, tighten, isolate] = steps();
    let saga = Saga::new("inc-7").first(capture.clone());
    let saga = saga.then(challenge.clone(), &[&capture.id]).unwrap();
    let saga = saga.then(tighten.clone(), &[&capture.id]).unwrap();
    saga.then(isolate, &[&challenge.id, &tighten.id]).unwrap().on_failure(on_failure)
}

#[test]
fn a_chain_goes_in_order_under_one_budget() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    let before = room.chain.syncs();
    let state = block_on(executor.carry(&saga(OnFailure::Keep), at(1))).unwrap();
    assert_eq!(state.outcome, Outcome::Whole);
    assert_eq!(room.chain.syncs() - before, 3, "one for each layer");
    let begun: Vec<String> = room
        .records()
        .into_iter()
        .filter_map(|record| match record.entry {
            Entry::Action { id, event: Event::ApplyIntent { .. } } => Some(id.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(begun, ["capture", "challenge", "tighten", "isolate"]);
    let syncs = room.chain.syncs();
    assert_eq!(
        block_on(executor.carry(&saga(OnFailure::Keep), at(2))).unwrap(),
        state,
        "asking twice is asking once"
    );
    assert_eq!(room.chain.syncs(), syncs);

    let tight = Room::new(&allowing("max_active = 2"));
    let mut executor = tight.open(0);
    let state = block_on(executor.carry(&saga(OnFailure::Keep), at(1))).unwrap();
    assert_eq!(
        (state.outcome, tight.world.in_force().len()),
        (Outcome::Open, 2),
        "a person is asked for the third"
    );
}

#[test]
fn what_waits_for_a_person_goes_on_when_they_said_yes_also_after_a_restart() {
    let people = "[[rules]]\nid = 'people'\nwhen = { target_kind = 'person' }\nthen = { approve = { distinct = 1 } }\n";
    let room = Room::new(&(allowing("max_active = 5") + people));
    let saga = saga(OnFailure::Keep);
    let mut executor = room.open(0);
    let state = block_on(executor.carry(&saga, at(1))).unwrap();
    let states: Vec<StepState> = state.steps.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [StepState::InForce, StepState::Waiting, StepState::InForce, StepState::Waiting]);
    drop(executor);
    let mut executor = room.open(2);
    let hash = executor.gate().plan(&id("challenge")).map(Plan::hash).unwrap();
    block_on(executor.approve(&id("challenge"), &Person::new("joe"), hash, at(3))).unwrap();
    assert_eq!(block_on(executor.carry(&saga, at(4))).unwrap().outcome, Outcome::Whole);
    block_on(executor.tick(at(100))).unwrap();
    assert_eq!(
        block_on(executor.carry(&saga, at(101))).unwrap().outcome,
        Outcome::Whole,
        "over is no failure"
    );
    assert!(room.world.in_force().is_empty());
}

#[test]
fn a_step_that_fails_leaves_half_a_containment_or_none() {
    for (on_failure, outcome, left) in
        [(OnFailure::Keep, Outcome::Partial, 2), (OnFailure::Compensate, Outcome::Compensated, 0)]
    {
        let room = Room::new(&allowing("max_active = 5"));
        let mut executor = room.open(0);
        // The third apply is that of the mailbox.
        let saga = saga(on_failure);
        let [capture, challenge, tighten, _] = steps();
        let early = Saga::new("early").first(capture).first(challenge);
        block_on(executor.carry(&early, at(1))).unwrap();
        room.world.plant(Verb::Apply, Fault::Fails(ActError::permanent("tighten")));
        let state = block_on(executor.carry(&saga, at(2))).unwrap();
        assert_eq!((state.outcome, room.world.in_force().len()), (outcome, left), "{on_failure:?}");
        assert_eq!(state.steps[2], (tighten.id.clone(), StepState::Failed));
        assert_eq!(state.steps[3].1, StepState::Failed, "what waits for it never begins");
    }
}

#[test]
fn compensating_goes_backwards_and_says_why() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    let [capture, challenge, ..] = steps();
    let nobody = ask("nobody", Action::Isolate, TargetKind::Host, "");
    let saga = Saga::new("s").first(capture.clone()).then(challenge.clone(), &[&capture.id]).unwrap();
    let saga = saga.then(nobody, &[&challenge.id]).unwrap().on_failure(OnFailure::Compensate);
    assert_eq!(block_on(executor.carry(&saga, at(1))).unwrap().outcome, Outcome::Compensated);
    let undone: Vec<String> = room
        .records()
        .into_iter()
        .filter_map(|record| match record.entry {
            Entry::Action { id, event: Event::RevertIntent { why: Ending::Compensated, .. } } => {
                Some(id.to_string())
            }
            _ => None,
        })
        .collect();
    assert_eq!(undone, ["challenge", "capture"]);
}

#[test]
fn compensating_withdraws_what_waits_for_a_person() {
    let people = "[[rules]]\nid = 'people'\nwhen = { target_kind = 'person' }\nthen = { approve = { distinct = 1 } }\n";
    let room = Room::new(&(allowing("max_active = 5") + people));
    let mut executor = room.open(0);
    let [capture, ..] = steps();
    block_on(executor.carry(&Saga::new("early").first(capture), at(1))).unwrap();
    // The next apply is that of the mailbox, as the challenge waits.
    room.world.plant(Verb::Apply, Fault::Fails(ActError::permanent("tighten")));
    let state = block_on(executor.carry(&saga(OnFailure::Compensate), at(2))).unwrap();
    let states: Vec<StepState> = state.steps.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [StepState::Over, StepState::Failed, StepState::Failed, StepState::Failed]);
    assert_eq!(state.outcome, Outcome::Compensated);
    assert_eq!(executor.gate().phase(&id("challenge")), Phase::Refused);
    assert_eq!(executor.gate().stats().waiting, 0, "nobody is asked about it any more");
}

#[test]
fn a_step_that_was_begun_has_not_failed_because_the_disk_is_full() {
    let room = Room::new(&allowing("max_active = 5"));
    // The executor's own record and the intent find room, what was seen then does not.
    let mut executor = room.open_failing(2, 0);
    let [capture, ..] = steps();
    let saga = Saga::new("s").first(capture).on_failure(OnFailure::Compensate);
    let state = block_on(executor.carry(&saga, at(1))).unwrap();
    assert_eq!((state.outcome, state.steps[0].1), (Outcome::Open, StepState::Underway));
    assert_eq!(room.world.in_force().len(), 1);
}
