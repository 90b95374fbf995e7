//! What executor and gate tell of themselves: errors with their causes, counters, and nobody's name in `Debug`.

use crate::room::{Room, allowing, at, id, isolate, submit, tick, told};
use homeostat_core::TenantId;
use homeostat_response::conformance::block_on;
use homeostat_response::{
    ActError, Erase, ExecutorConfig, Fault, GateError, JournalError, MemoryActuator, Person, Phase,
    SubmitError, Verb,
};
use std::error::Error as _;
use std::sync::Arc;

#[test]
fn an_error_names_its_cause() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open(0);
    room.world.plant(Verb::Plan, Fault::Fails(ActError::permanent("resolve the group")));
    let unplanned = block_on(executor.submit(&isolate("a", "web-1"), at(1))).unwrap_err();
    assert_eq!(unplanned.to_string(), "the action could not be planned");
    assert_eq!(unplanned.source().unwrap().to_string(), "can not be done at `resolve the group`");
    let fenced = SubmitError::from(GateError::from(JournalError::Fenced));
    assert_eq!(fenced.to_string(), "the gate's journal failed");
    assert_eq!(fenced.source().unwrap().to_string(), JournalError::Fenced.to_string());

    let mut other = isolate("b", "web-1");
    other.tenant = TenantId::new("other").unwrap();
    let strange = block_on(executor.submit(&other, at(2))).unwrap_err();
    assert!(strange.source().is_none(), "{strange}");
    submit(&mut executor, &isolate("c", "web-1"), 3);
    let refused = executor.reject(&id("c"), &Person::new("joe"), at(4)).unwrap_err();
    assert_eq!(refused.to_string(), "`refused` can not happen to an action that is `active`");
}

#[test]
fn a_configuration_shows_its_actuators_by_name() {
    let memory = Arc::new(Erase(MemoryActuator::new(Room::new(&allowing("max_active = 5")).world)));
    let shown = format!("{:?}", ExecutorConfig::new(vec![memory]));
    assert_eq!(shown, r#"ExecutorConfig { actuators: ["memory"], .. }"#);
}

#[test]
fn notices_that_nobody_takes_are_dropped_oldest_first_and_counted() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut executor = room.open_with(0, |config| config.notices = 2);
    submit(&mut executor, &isolate("a", "web-1"), 1);
    assert_eq!(executor.stats().notices_dropped, 3);
    assert_eq!(told(&mut executor), ["observed: in force", "in force"]);
    assert_eq!(told(&mut executor), [""; 0]);
}

#[test]
fn the_gate_counts_what_waits_what_holds_and_what_needs_a_person() {
    let people =
        "[[rules]]\nid = 'p'\nwhen = { target_id = 'asked' }\nthen = { approve = { distinct = 1 } }\n";
    let room = Room::new(&(allowing("max_active = 5") + people));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("active", "web-1"), 1);
    submit(&mut executor, &isolate("stuck", "web-2"), 1);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    room.world.change(homeostat_response::Action::Isolate, &isolate("stuck", "web-2").target, "theirs");
    block_on(executor.revert(&id("stuck"), &Person::new("joe"), at(2))).unwrap();
    let stats = executor.gate().stats();
    assert_eq!((stats.actions, stats.in_force, stats.needs_human, stats.waiting), (3, 2, 1, 1));
    assert!(executor.gate().plan(&id("active")).is_some());
    assert_eq!((stats.duplicates, stats.beyond, stats.records), (1, 0, executor.gate().journal().records()));
    tick(&mut executor, 700);
    let stats = executor.gate().stats();
    assert_eq!((stats.actions, stats.in_force, stats.needs_human, stats.waiting), (3, 1, 1, 0));
    let (gate, over) = (executor.gate(), id("active"));
    assert!(
        gate.plan(&over).is_none() && gate.decision(&over).is_some(),
        "of what is over the decision stays"
    );
    assert_eq!(
        executor.gate().phase(&id("stuck")),
        Phase::NeedsHuman,
        "it holds budget until a person looked"
    );
}
