//! Budgets: what counts together, what is not known, and shares of a population, exactly.

use crate::room::{Room, allowing, at, id, isolate, submit, tick};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, Admission, Because, Descriptor, Durability, Entry, Event, Gate, Impact, Journal, MemoryStorage,
    Person, Phase, Plan, Proposal, Proposer, PseudonymKey, Record, Request, Target, TargetKind,
};

/// The budgets that `plan` would exceed (`all`) or whose key is not known (`all?`); empty when it passed.
fn met(gate: &mut Gate<MemoryStorage>, request: &Request, plan: &Plan, now: u64) -> Vec<String> {
    let descriptor = Descriptor::new("memory", request.action, request.target.kind);
    let answer = gate.admit(Proposal { request, plan, descriptor: &descriptor }, at(now)).unwrap();
    let because = &gate.decision(&request.id).unwrap().because;
    let met: Vec<String> = because
        .iter()
        .filter_map(|one| match one {
            Because::Budget { id } => Some(id.clone()),
            Because::BudgetUnknown { id } => Some(format!("{id}?")),
            _ => None,
        })
        .collect();
    assert_eq!(matches!(answer, Admission::Go(_)), met.is_empty(), "{answer:?}");
    met
}

fn host(name: &str, team: &str) -> Target {
    Target::new(TargetKind::Host, name).with("team", team)
}

fn on(name: &str, target: Target) -> Request {
    but(&isolate(name, ""), |request| request.target = target)
}

/// A request that differs in one thing.
fn but(request: &Request, change: impl FnOnce(&mut Request)) -> Request {
    let mut other = request.clone();
    change(&mut other);
    other
}

#[test]
fn each_scope_counts_together_what_shares_its_key() {
    let first = || on("a", host("web-1", "red")).proposed_by(Proposer::Detector("mail".into()));
    let mut block = on("b", host("web-2", "blue")).proposed_by(Proposer::Detector("network".into()));
    block.action = Action::Block;
    let same_action = but(&block, |one| one.action = Action::Isolate);
    let same_target = but(&block, |one| one.target = host("web-1", "blue"));
    let same_team = but(&block, |one| one.target = host("web-2", "red"));
    let same_detector = block.clone().proposed_by(Proposer::Detector("mail".into()));
    let namesake = block.clone().proposed_by(Proposer::Person(Person::new("mail")));
    let other_kind = but(&block, |one| one.target = Target::new(TargetKind::Instance, "web-1"));
    let scopes: [(&str, Request, Vec<Request>); 5] = [
        ("'global'", block.clone(), vec![]),
        ("'per_action'", same_action, vec![block.clone()]),
        ("'per_target'", same_target, vec![block.clone(), other_kind]),
        ("{ per_attr = 'team' }", same_team, vec![block.clone()]),
        ("'per_detector'", same_detector, vec![block.clone(), namesake]),
    ];
    for (scope, together, apart) in scopes {
        let room = || Room::new(&allowing(&format!("max_active = 1\nscope = {scope}")));
        let answer = |second: &Request| {
            let (room, first) = (room(), first());
            let mut gate = room.gate();
            assert_eq!(met(&mut gate, &first, &Plan::new(&first), 1), [""; 0]);
            met(&mut gate, second, &Plan::new(second), 2)
        };
        assert_eq!(answer(&together), ["all"], "{scope}");
        for other in apart {
            assert_eq!(answer(&other), [""; 0], "{scope}: {other:?}");
        }
    }
}

#[test]
fn a_group_counts_by_the_keys_of_its_members_and_one_without_a_key_asks() {
    let room = Room::new(&allowing("max_active = 2\nscope = { per_attr = 'team' }"));
    let mut gate = room.gate();
    let mut touching = |name: &str, members: &[Target]| {
        let request = on(name, host("group", "none"));
        met(&mut gate, &request, &Plan::new(&request).touching(members.to_vec()), 1)
    };
    let (red, blue) = ([host("r1", "red"), host("r2", "red"), host("r3", "red")], host("b1", "blue"));
    assert_eq!(touching("three", &red), ["all"]);
    assert_eq!(touching("two", &[red[0].clone(), blue.clone(), red[1].clone()]), [""; 0]);
    assert_eq!(touching("red", &red[2..]), ["all"]);
    assert_eq!(touching("blue", &[blue]), [""; 0]);
    let bare = Target::new(TargetKind::Host, "n1");
    assert_eq!(touching("unknown", &[host("g1", "green"), bare]), ["all?"]);
}

#[test]
fn shares_of_a_population_add_up_to_the_limit_exactly_and_hardly_anything_is_not_nothing() {
    let room = Room::new(&allowing("population_share = 0.3"));
    let share = |gate: &mut Gate<MemoryStorage>, name: &str, share: Option<f64>| {
        let request = isolate(name, name);
        let impact = share.map_or(Impact::new(1, 1), |share| Impact::new(1, 1).of_population(share));
        met(gate, &request, &Plan::new(&request).hitting(impact), 1)
    };
    let mut gate = room.gate();
    assert_eq!(share(&mut gate, "too-much", Some(0.300_001)), ["all"]);
    for name in ["a", "b", "c"] {
        assert_eq!(share(&mut gate, name, Some(0.1)), [""; 0], "a tenth thrice, without a rounding error");
    }
    assert_eq!(share(&mut gate, "d", Some(1e-9)), ["all"]);
    assert_eq!(share(&mut gate, "none", Some(0.0)), [""; 0]);
    assert_eq!(share(&mut gate, "unknown", None), ["all?"]);
    assert_eq!(share(&mut gate, "absurd", Some(1.5)), ["all?"]);
    drop(gate);

    let key = PseudonymKey::new([4; 32]);
    let (mut journal, _) = Journal::open(room.chain.clone(), room.names.clone(), key).unwrap();
    let entry = Entry::Action { id: id("b"), event: Event::ApplyFailed };
    journal.append(&[Record { at: at(2), entry }], Durability::Synced).unwrap();
    let mut gate = room.gate();
    assert_eq!(share(&mut gate, "again", Some(0.1)), [""; 0], "what is over gives its share back");
    assert_eq!(share(&mut gate, "more", Some(0.1)), ["all"]);
}

#[test]
fn a_budget_that_counts_no_shares_asks_for_none() {
    let room = Room::new(&allowing("max_active = 9"));
    let request = isolate("a", "web-1");
    assert_eq!(met(&mut room.gate(), &request, &Plan::new(&request).hitting(Impact::new(1, 1)), 1), [""; 0]);
}

#[test]
fn what_is_over_gives_back_its_own_and_no_more() {
    let room = Room::new(&allowing("max_active = 2"));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1"), 0);
    submit(&mut executor, &isolate("b", "web-2"), 30);
    tick(&mut executor, 60);
    assert_eq!(submit(&mut executor, &isolate("c", "web-3"), 61), Phase::Active);
    assert!(matches!(submit(&mut executor, &isolate("d", "web-4"), 62), Phase::AwaitingApproval { .. }));
    assert_eq!(executor.gate().stats().in_force, 2);
    block_on(executor.tick(at(700))).unwrap();
    assert_eq!(executor.gate().stats().in_force, 0);
}

#[test]
fn a_window_forgets_each_as_it_grows_as_old_as_the_window() {
    let room = Room::new(&allowing("max_per_window = 2\nwindow_ms = 600_000"));
    let mut gate = room.gate();
    let mut begin = |name: &str, now: u64| {
        let request = isolate(name, name);
        met(&mut gate, &request, &Plan::new(&request), now)
    };
    assert_eq!(begin("a", 1), [""; 0]);
    assert_eq!(begin("b", 2), [""; 0]);
    assert_eq!(begin("c", 600), ["all"]);
    assert_eq!(begin("d", 601), [""; 0]);
    assert_eq!(begin("e", 601), ["all"], "the second still counts");
    assert_eq!(begin("f", 1_202), [""; 0]);
    assert_eq!(begin("g", 1_202), [""; 0]);
    assert_eq!(begin("h", 1_203), ["all"]);
}

#[test]
fn a_floor_of_a_group_whose_size_nobody_told_asks() {
    let floor = "[[floors]]\nid = 'admins'\nmin_remaining = 2\nselector = { glob = 'admin-*' }\n";
    let room = Room::new(&(allowing("max_active = 9") + floor));
    let mut executor = room.open(0);
    assert!(matches!(submit(&mut executor, &isolate("a", "admin-1"), 1), Phase::AwaitingApproval { .. }));
    let because = &executor.gate().decision(&id("a")).unwrap().because;
    assert!(because.contains(&Because::FloorUnknown { id: "admins".into() }));
    executor.set_population("admins", 3);
    assert_eq!(submit(&mut executor, &isolate("b", "admin-2"), 2), Phase::Active);
}
