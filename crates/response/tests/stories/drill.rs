//! A rule that wants a drill lets nothing pass by itself until one went well.

use crate::room::{Room, at, id, isolate, submit};
use homeostat_response::conformance::block_on;
use homeostat_response::{Because, Drill, Person, Phase};

const RAILS: &str = r#"
[[rules]]
id = "isolate"
when = { target_id = "web-1" }
then = "autonomous"
requires_drill_within_ms = 3_600_000
[[rules]]
id = "canary"
when = { target_id = "canary" }
then = { approve = { distinct = 1 } }
[[budgets]]
id = "all"
max_active = 5
"#;

#[test]
fn a_drill_that_went_well_counts_for_its_time_and_over_a_restart() {
    let room = Room::new(RAILS);
    let mut executor = room.open(0);
    assert!(matches!(submit(&mut executor, &isolate("a", "web-1"), 1), Phase::AwaitingApproval { .. }));
    let because = &executor.gate().decision(&id("a")).unwrap().because;
    assert!(because.contains(&Because::NoDrill { rule: "isolate".into() }));

    let joe = Person::new("joe");
    let drill = block_on(executor.drill(&isolate("drill", "canary"), &joe, at(2))).unwrap();
    assert_eq!(drill, Some(Drill::Passed));
    assert!(room.world.in_force().is_empty(), "the canary is as it was");
    assert_eq!(submit(&mut executor, &isolate("b", "web-1"), 3), Phase::Active);
    drop(executor);
    let mut executor = room.open(100);
    assert_eq!(submit(&mut executor, &isolate("c", "web-1"), 101), Phase::Active);
    assert!(matches!(submit(&mut executor, &isolate("d", "web-1"), 3_700), Phase::AwaitingApproval { .. }));
}

#[test]
fn a_drill_that_went_badly_takes_the_permission_away() {
    let room = Room::new(RAILS);
    let mut executor = room.open(0);
    let joe = Person::new("joe");
    assert_eq!(
        block_on(executor.drill(&isolate("one", "canary"), &joe, at(1))).unwrap(),
        Some(Drill::Passed)
    );
    room.world.jam_reverts();
    assert_eq!(
        block_on(executor.drill(&isolate("two", "canary"), &joe, at(2))).unwrap(),
        None,
        "it can not be undone"
    );
    for seconds in [3, 10, 30, 60, 120] {
        block_on(executor.tick(at(seconds))).unwrap();
    }
    assert_eq!(executor.gate().phase(&id("two")), Phase::NeedsHuman);
    assert!(matches!(submit(&mut executor, &isolate("a", "web-1"), 121), Phase::AwaitingApproval { .. }));
}
