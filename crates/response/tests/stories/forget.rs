//! Forgetting: nobody is cleared while something open names them, and everybody may be afterwards.

use crate::room::{Room, allowing, ask, at, id, isolate, submit, tick};
use homeostat_core::{EntityKey, EntityKind};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, Executor, GateError, MemoryStorage, Person, Plan, Proposer, Request, Target, TargetKind,
};

const JANE: &str = "jane@acme.example";

fn person(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", name).unwrap()
}

fn two_people() -> Room {
    let two =
        "[[rules]]\nid = 'two'\nwhen = { target_id = 'asked' }\nthen = { approve = { distinct = 2 } }\n";
    Room::new(&(allowing("max_active = 9") + two))
}

/// Jane stays while that action is open, somebody else does not, and she goes when it is over.
fn holds_jane(executor: &mut Executor<MemoryStorage>) {
    assert!(matches!(executor.forget(&person(JANE)), Err(GateError::InForce)));
    assert!(!executor.forget(&person("joe@acme.example")).unwrap(), "nobody knew him");
    tick(executor, 700);
    assert!(executor.forget(&person(JANE)).unwrap());
}

#[test]
fn who_is_aimed_at_is_named_in_any_case_of_letters() {
    let room = two_people();
    let mut executor = room.open(0);
    submit(&mut executor, &ask("a", Action::Challenge, TargetKind::Person, "Jane@Acme.Example"), 1);
    assert!(matches!(executor.forget(&person(JANE)), Err(GateError::InForce)));
    tick(&mut executor, 700);
    assert!(executor.forget(&person("Jane@Acme.Example")).is_ok());
}

#[test]
fn who_asked_is_named() {
    let room = two_people();
    let mut executor = room.open(0);
    let request: Request = isolate("a", "web-1").proposed_by(Proposer::Person(Person::new(JANE)));
    submit(&mut executor, &request, 1);
    holds_jane(&mut executor);
}

#[test]
fn who_said_yes_is_named_while_others_are_asked() {
    let room = two_people();
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    let hash = executor.gate().plan(&id("asked")).map(Plan::hash).unwrap();
    block_on(executor.approve(&id("asked"), &Person::new(JANE), hash, at(2))).unwrap();
    holds_jane(&mut executor);
}

#[test]
fn who_belongs_to_a_group_that_is_touched_is_named() {
    let room = two_people();
    let mut executor = room.open(0);
    let group = ask("a", Action::Challenge, TargetKind::Person, "everybody");
    let members = [JANE, "ann@acme.example"].map(|name| Target::new(TargetKind::Person, name));
    room.world.group(&group.target, members.to_vec());
    submit(&mut executor, &group, 1);
    holds_jane(&mut executor);
}
