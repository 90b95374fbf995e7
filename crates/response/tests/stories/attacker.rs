//! Whoever drives every detector to its maximum gets no more done than the rails let pass, and is heard.
//!
//! After a lab of 18 users in which a defence product was driven to disable all 18, a domain administrator among them.

use crate::room::{Room, ask, at, submit, told};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, Brake, Mode, Person, Phase, Policy, Proposer, Request, Target, TargetKind, metrics,
};
use std::collections::BTreeSet;

const RAILS: &str = r#"
[[rules]]
id = "disable"
when = { actions = ["disable_credential", "revoke_session", "challenge", "isolate"] }
then = "autonomous"
[[budgets]]
id = "at-once"
max_active = 3
[[budgets]]
id = "an-hour"
max_per_window = 5
[[floors]]
id = "administrators"
selector = { target_kind = "person", glob = "admin-*" }
population = 2
min_remaining = 2
[surge]
beyond = 10
"#;

fn users() -> Vec<String> {
    let admins = (1..=2).map(|n| format!("admin-{n}"));
    admins.chain((1..=16).map(|n| format!("user-{n}"))).collect()
}

/// Five detectors, each entirely sure, about everybody, again and again.
fn flood() -> Vec<Request> {
    let mut requests = Vec::new();
    for round in 0..4 {
        for detector in ["endpoint", "identity", "mail", "network", "cloud"] {
            for user in users() {
                let action = [Action::DisableCredential, Action::RevokeSession, Action::Challenge][round % 3];
                let name = format!("{detector}-{user}-{round}");
                let request = ask(&name, action, TargetKind::Person, &user)
                    .proposed_by(Proposer::Detector(detector.to_owned()))
                    .sure(1.0);
                requests.push(request);
            }
        }
    }
    requests
}

#[test]
fn eighteen_identities_stay_within_the_rails() {
    let room = Room::new(RAILS);
    let mut executor = room.open(0);
    let (mut most, mut hit) = (0, BTreeSet::new());
    for (second, request) in (1..).zip(flood()) {
        submit(&mut executor, &request, second);
        block_on(executor.tick(at(second))).unwrap();
        let down: BTreeSet<String> = users().into_iter().filter(|user| is_down(&room, user)).collect();
        most = most.max(down.len());
        hit.extend(down);
    }
    assert!(most <= 3, "{most} at once, 3 are allowed");
    assert!(hit.len() <= 5, "{} within an hour, 5 are allowed", hit.len());
    assert!(!hit.iter().any(|user| user.starts_with("admin")), "the floor holds");
    assert_eq!(executor.gate().brake(), Brake::HoldNew);
    let loud: Vec<String> =
        told(&mut executor).into_iter().filter(|line| line.starts_with("THE BRAKE")).collect();
    assert_eq!(
        loud,
        ["THE BRAKE IS SET: 10 proposals went beyond the rails; a person must let go of it"],
        "said once, loudly"
    );
    let text = metrics(&executor.gate().stats(), &executor.stats(), executor.gate().brake());
    assert!(text.contains("\nhomeostat_response_surges_total 1\n"), "{text}");
}

fn is_down(room: &Room, user: &str) -> bool {
    let actions = [Action::DisableCredential, Action::RevokeSession, Action::Challenge];
    actions
        .into_iter()
        .any(|action| room.world.setting(action, &Target::new(TargetKind::Person, user)) != "open")
}

#[test]
fn the_brake_outlives_a_restart_and_a_person_lets_go_of_it() {
    let room = Room::new(RAILS);
    let mut executor = room.open(0);
    for (second, request) in (1..).zip(flood().into_iter().take(40)) {
        submit(&mut executor, &request, second);
    }
    assert_eq!(executor.gate().brake(), Brake::HoldNew);
    drop(executor);
    let mut executor = room.open(100);
    assert_eq!(executor.gate().brake(), Brake::HoldNew, "after a restart too");
    let fresh = ask("fresh", Action::Isolate, TargetKind::Host, "web-1");
    let phase = submit(&mut executor, &fresh, 4_000);
    assert_eq!(phase, Phase::Authorized, "allowed, and held");
    let joe = Person::new("joe");
    block_on(executor.brake(Brake::RevertAll, &joe, at(4_001))).unwrap();
    assert!(room.world.in_force().is_empty(), "everything comes back");
    block_on(executor.brake(Brake::Run, &joe, at(4_002))).unwrap();
    let again = ask("again", Action::Isolate, TargetKind::Host, "web-1");
    assert_eq!(submit(&mut executor, &again, 4_003), Phase::Active);
}

#[test]
fn who_only_looks_on_or_asks_never_brakes_by_itself() {
    for mode in [Mode::Observe, Mode::Ask] {
        let room = Room { mode, ..Room::new(RAILS) };
        let mut executor = room.open(0);
        for (second, request) in (1..).zip(flood().into_iter().take(100)) {
            submit(&mut executor, &request, second);
        }
        assert_eq!(executor.gate().brake(), Brake::Run, "{mode:?}");
    }
}

#[test]
fn a_policy_that_says_nothing_brakes_at_ten() {
    let policy = Policy::from_toml("version = '1'\n[[budgets]]\nid = 'b'\nmax_active = 1").unwrap();
    assert_eq!((policy.surge.beyond, policy.surge.window_ms), (10, 3_600_000));
}
