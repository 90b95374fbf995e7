//! What the gate alone knows: whose the request is, what came between the decision and the beginning, whom it asks.

use crate::room::{Room, allowing, ask, at, id, isolate, submit, tick};
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, Admission, Because, Brake, Descriptor, Executor, GateError, MemoryStorage, Mode, Person, Phase,
    Plan, Proposal, Request, Ruling, Target, TargetKind,
};

fn brake(executor: &mut Executor<MemoryStorage>, brake: Brake, now: u64) {
    block_on(executor.brake(brake, &Person::new("joe"), at(now))).unwrap();
}

/// What the gate says to `plan` for `request`, and how many records it wrote for that.
fn answer(
    room: &Room,
    request: &Request,
    plan: &Plan,
    now: Timestamp,
) -> (Result<Admission, GateError>, u64) {
    let mut gate = room.gate();
    let descriptor = Descriptor::new("memory", request.action, request.target.kind);
    let before = gate.stats().records;
    let answer = gate.admit(Proposal { request, plan, descriptor: &descriptor }, now);
    (answer, gate.stats().records - before)
}

#[test]
fn a_plan_passes_for_the_request_it_was_made_for_and_for_no_other() {
    let room = Room::new(&allowing("max_active = 5"));
    let request = isolate("a", "web-1");
    let plan = Plan::new(&request);
    assert!(matches!(answer(&room, &request, &plan, at(1)), (Ok(Admission::Go(_)), 3)));
    let others: [fn(&mut Plan); 3] = [
        |plan| plan.id = id("b"),
        |plan| plan.action = Action::Block,
        |plan| plan.target = Target::new(TargetKind::Host, "web-2"),
    ];
    for change in others {
        let room = Room::new(&allowing("max_active = 5"));
        let mut other = plan.clone();
        change(&mut other);
        let (answer, records) = answer(&room, &request, &other, at(1));
        assert!(matches!(answer, Err(GateError::OtherPlan)) && records == 0, "{other:?}");
    }
}

#[test]
fn what_is_not_sound_writes_nothing() {
    let sound = isolate("a", "web-1");
    let plan = Plan::new(&sound);
    let (mut strange, mut endless) = (sound.clone(), sound.clone());
    (strange.tenant, endless.ttl_ms) = (TenantId::new("other").unwrap(), None);
    let too_sure = sound.clone().sure(1.1);
    let cases = [
        (&strange, at(1), "the request belongs to another tenant"),
        (&endless, at(1), "such an action needs a lease"),
        (&too_sure, at(1), "a confidence lies between 0 and 1"),
        (&sound, Timestamp::UNKNOWN, "the time given is no moment"),
    ];
    for (request, now, expected) in cases {
        let room = Room::new(&allowing("max_active = 5"));
        let (answer, records) = answer(&room, request, &plan, now);
        assert_eq!((answer.unwrap_err().to_string().as_str(), records), (expected, 0));
    }
}

#[test]
fn only_what_is_meant_to_last_needs_no_lease() {
    let room = Room::new(&allowing("max_active = 5"));
    let mut repair = isolate("r", "web-1");
    (repair.action, repair.ttl_ms) = (Action::PostureRepair, None);
    let Ok(Admission::Go(permit)) = answer(&room, &repair, &Plan::new(&repair), at(1)).0 else { panic!() };
    assert_eq!((permit.expires_at(), permit.ttl()), (Timestamp::NEVER, None));
}

#[test]
fn what_came_since_it_was_decided_holds_it_unless_it_too_says_yes() {
    // The room's clock begins on a Tuesday at 22:13:20.
    let hours = "[[calendars]]\nid = 'later'\nminutes_of_week = [[2774, 2780]]\n";
    for (then, phase) in
        [("'autonomous'", Phase::Active), ("{ approve = { distinct = 1 } }", Phase::Authorized)]
    {
        let later = format!("[[rules]]\nid = 'later'\nwhen = {{ calendar = 'later' }}\nthen = {then}\n");
        let room = Room::new(&(allowing("max_active = 5") + hours + &later));
        let mut executor = room.open(0);
        brake(&mut executor, Brake::HoldNew, 1);
        submit(&mut executor, &isolate("a", "web-1"), 2);
        brake(&mut executor, Brake::Run, 45);
        tick(&mut executor, 46);
        assert_eq!(executor.gate().phase(&id("a")), phase, "{then}");
    }
}

#[test]
fn who_was_asked_stays_asked_though_the_machine_loses_what_was_not_synced() {
    let room = Room { mode: Mode::Ask, ..Room::new(&allowing("max_active = 5")) };
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("a", "web-1"), 1);
    room.chain.lose_unsynced();
    drop(executor);
    let executor = room.open(2);
    assert!(matches!(executor.gate().phase(&id("a")), Phase::AwaitingApproval { .. }));
    assert_eq!(
        executor.gate().decision(&id("a")).map(|one| one.ruling),
        Some(Ruling::Approve { distinct: 1 })
    );
}

#[test]
fn a_floor_counts_what_is_down_once_and_capturing_takes_nobody_down() {
    let floor =
        "[[floors]]\nid = 'admins'\npopulation = 4\nmin_remaining = 2\nselector = { glob = 'admin-*' }\n";
    let room = Room::new(&(allowing("max_active = 9") + floor));
    let mut executor = room.open(0);
    assert_eq!(submit(&mut executor, &isolate("a", "admin-1"), 1), Phase::Active);
    let capture = ask("c", Action::CaptureEvidence, TargetKind::Host, "admin-4");
    assert_eq!(submit(&mut executor, &capture, 2), Phase::Active);
    assert_eq!(submit(&mut executor, &isolate("again", "admin-1"), 3), Phase::Active, "it is down already");
    assert_eq!(submit(&mut executor, &isolate("b", "admin-2"), 4), Phase::Active, "two are left");
    assert_eq!(submit(&mut executor, &isolate("d", "admin-3"), 5), Phase::Refused);
    let because = &executor.gate().decision(&id("d")).unwrap().because;
    assert!(because.contains(&Because::Floor { id: "admins".into() }));
    assert_eq!(submit(&mut executor, &isolate("e", "web-1"), 6), Phase::Active, "and others are none of it");
}
