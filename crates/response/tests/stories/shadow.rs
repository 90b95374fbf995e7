//! What a gate that only looks on would have done, and what people think of it.

use crate::room::{Room, ask, at, id, isolate, submit, told};
use homeostat_core::Timestamp;
use homeostat_response::conformance::block_on;
use homeostat_response::{Action, Mode, Opinion, Person, Plan, Promotion, ShadowLedger, TargetKind};

const RAILS: &str = r#"
[[rules]]
id = "anything"
then = "autonomous"
[[rules]]
id = "people"
when = { target_kind = "person" }
then = { approve = { distinct = 1 } }
[[budgets]]
id = "two"
max_active = 2
"#;

fn ledger(room: &Room) -> ShadowLedger {
    ShadowLedger::of(&room.records(), Timestamp::FIRST, Timestamp::LAST)
}

#[test]
fn the_ledger_counts_what_would_have_been_done_and_which_rail_it_would_have_met() {
    let room = Room { mode: Mode::Observe, ..Room::new(RAILS) };
    let mut executor = room.open(0);
    for n in 1..=3 {
        submit(&mut executor, &isolate(&format!("a-{n}"), &format!("web-{n}")), n);
    }
    submit(&mut executor, &ask("b", Action::Challenge, TargetKind::Person, "jane"), 4);
    // A minute later the first two would be over.
    submit(&mut executor, &isolate("a-4", "web-4"), 90);
    let joe = Person::new("joe");
    for (name, opinion) in
        [("a-1", Opinion::Agrees), ("a-2", Opinion::Disagrees), ("a-1", Opinion::Disagrees)]
    {
        executor.judge(&id(name), &joe, opinion, at(100)).unwrap();
    }
    assert!(executor.judge(&id("nobody"), &joe, Opinion::Agrees, at(100)).is_err());
    assert!(room.world.in_force().is_empty());
    assert_eq!(
        ledger(&room).to_string(),
        "challenge on person: 1 proposed, 0 would have been done, people agreed with 0 of 0, blast radius p95 1, \
         1 would have met a rail\n  1 × budget `two` is used up\n  1 × rule `people` says approve by 1\n\
         isolate on host: 4 proposed, 3 would have been done, people agreed with 1 of 2, blast radius p95 1, \
         1 would have met a rail\n  1 × budget `two` is used up"
    );
    drop(executor);
    let again = room.open(200);
    drop(again);
    assert!(
        ledger(&room).to_string().contains("isolate on host: 4 proposed, 3 would"),
        "the same after a restart"
    );
}

#[test]
fn what_people_agree_with_twenty_times_may_go_a_step_further() {
    let room = Room { mode: Mode::Ask, ..Room::new(RAILS) };
    let mut executor = room.open(0);
    let joe = Person::new("joe");
    for n in 0..20 {
        let request = isolate(&format!("a-{n}"), "web-1");
        submit(&mut executor, &request, n * 100);
        assert!(ledger(&room).ready(&Promotion::default()).is_empty());
        let hash = executor.gate().plan(&request.id).map(Plan::hash).unwrap();
        block_on(executor.approve(&request.id, &joe, hash, at(n * 100 + 1))).unwrap();
        block_on(executor.tick(at(n * 100 + 99))).unwrap();
    }
    assert_eq!(ledger(&room).ready(&Promotion::default()), [(Action::Isolate, TargetKind::Host)]);
    for n in 20..22 {
        let request = isolate(&format!("a-{n}"), "web-1");
        submit(&mut executor, &request, n * 100);
        executor.reject(&request.id, &joe, at(n * 100 + 1)).unwrap();
    }
    assert!(ledger(&room).ready(&Promotion::default()).is_empty(), "20 of 22 are too few");
    assert!(told(&mut executor).iter().any(|line| line == "over: refused"));
    let early = ShadowLedger::of(&room.records(), Timestamp::FIRST, at(50));
    assert_eq!(early.rows().map(|(.., row)| row.proposed).sum::<u64>(), 1, "of that span alone");
}
