//! A surge, and what a gate that only looks on holds: counted within their time and by the gate that acts.

use crate::room::{Room, allowing, at, id, isolate, submit};
use homeostat_response::conformance::block_on;
use homeostat_response::{Because, Brake, Executor, MemoryStorage, Mode, Person, Phase, Request};
use std::time::Duration;

fn room(beyond: u32, mode: Mode) -> Room {
    let surge = format!("[surge]\nbeyond = {beyond}\nwindow_ms = 600_000\n");
    Room { mode, ..Room::new(&(allowing("max_active = 1") + &surge)) }
}

fn long(name: &str) -> Request {
    isolate(name, name).lease(Duration::from_hours(1))
}

fn ask(executor: &mut Executor<MemoryStorage>, name: &str, now: u64) -> (usize, Brake) {
    submit(executor, &long(name), now);
    (executor.gate().stats().beyond, executor.gate().brake())
}

#[test]
fn what_went_beyond_the_rails_counts_for_the_window_and_no_longer() {
    let room = room(2, Mode::Act);
    let mut executor = room.open(0);
    assert_eq!(ask(&mut executor, "a", 1), (0, Brake::Run));
    assert_eq!(ask(&mut executor, "b", 1), (1, Brake::Run));
    assert_eq!(ask(&mut executor, "c", 601), (1, Brake::Run), "the first is as old as the window");
    assert_eq!(ask(&mut executor, "d", 602), (2, Brake::HoldNew));
    assert_eq!(executor.stats().surges, 1);
    assert_eq!(ask(&mut executor, "e", 603), (3, Brake::HoldNew));
    assert_eq!(executor.stats().surges, 1, "it is braked already");
    drop(executor);
    let mut executor = room.open(604);
    assert_eq!(executor.gate().brake(), Brake::HoldNew);
    block_on(executor.brake(Brake::Run, &Person::new("joe"), at(605))).unwrap();
    assert_eq!(ask(&mut executor, "f", 606), (1, Brake::Run), "letting go begins the count anew");
    drop(executor);
    assert_eq!(room.open(607).gate().brake(), Brake::Run, "also over a restart");
}

#[test]
fn a_surge_of_none_never_brakes_and_a_gate_that_does_nothing_has_none() {
    for (beyond, mode) in [(0, Mode::Act), (1, Mode::Observe), (1, Mode::Ask)] {
        let room = room(beyond, mode);
        let mut executor = room.open(0);
        for name in ["a", "b", "c"] {
            assert_eq!(ask(&mut executor, name, 1).1, Brake::Run, "{mode:?}");
        }
        assert_eq!(room.open(2).gate().brake(), Brake::Run, "{mode:?}");
        let counted = if mode == Mode::Act { 2 } else { 0 };
        assert_eq!(executor.gate().stats().beyond, counted, "{mode:?}");
    }
}

#[test]
fn what_was_only_shown_holds_its_budget_until_its_lease_would_be_over() {
    let room = room(9, Mode::Observe);
    let mut executor = room.open(0);
    let mut meets_budget = |name: &str, now: u64| {
        assert_eq!(submit(&mut executor, &isolate(name, name), now), Phase::Refused);
        let because = &executor.gate().decision(&id(name)).unwrap().because;
        because.contains(&Because::Budget { id: "all".into() })
    };
    assert!(!meets_budget("a", 1));
    assert!(meets_budget("b", 60));
    assert!(!meets_budget("c", 61), "a second later than that");
    assert!(meets_budget("d", 62), "as the third would be in force");
    assert_eq!(executor.gate().stats().in_force, 0);
}

#[test]
fn what_would_not_have_been_done_by_itself_holds_no_budget_when_shown() {
    let people =
        "[[rules]]\nid = 'p'\nwhen = { target_id = 'asked' }\nthen = { approve = { distinct = 1 } }\n";
    let policy = Room::new(&(allowing("max_active = 1") + people)).policy;
    let room = Room { policy, ..room(9, Mode::Observe) };
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    submit(&mut executor, &isolate("b", "web-1"), 2);
    let because = &executor.gate().decision(&id("b")).unwrap().because;
    assert!(!because.contains(&Because::Budget { id: "all".into() }), "{because:?}");
}
