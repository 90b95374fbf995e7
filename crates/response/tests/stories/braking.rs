//! The brake and patience: what is held is not begun late, and what is refused says why.

use crate::room::{Room, allowing, at, id, isolate, submit, tick, told};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Brake, Ending, Entry, Event, Executor, MemoryStorage, Person, Phase, Plan, Record, Refusal, Verb,
};

const PEOPLE: &str =
    "[[rules]]\nid = 'asked'\nwhen = { target_id = 'asked' }\nthen = { approve = { distinct = 1 } }\n";

fn brake(executor: &mut Executor<MemoryStorage>, brake: Brake, now: u64) {
    block_on(executor.brake(brake, &Person::new("joe"), at(now))).unwrap();
}

/// What the journal says of `pick`ed events, with the action of each.
fn journaled<T>(room: &Room, pick: impl Fn(Event) -> Option<T>) -> Vec<(String, T)> {
    let told = |record: Record| match record.entry {
        Entry::Action { id, event } => Some((id.to_string(), pick(event)?)),
        _ => None,
    };
    room.records().into_iter().filter_map(told).collect()
}

fn refused(room: &Room) -> Vec<(String, Refusal)> {
    journaled(room, |event| if let Event::Refused { why } = event { Some(why) } else { None })
}

fn reverted(room: &Room) -> Vec<(String, Ending)> {
    journaled(room, |event| if let Event::RevertIntent { why, .. } = event { Some(why) } else { None })
}

#[test]
fn the_hardest_brake_refuses_what_waits_and_lifts_the_rest_and_the_journal_says_so() {
    let room = Room::new(&(allowing("max_active = 5") + PEOPLE));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("active", "web-1"), 1);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    brake(&mut executor, Brake::HoldNew, 2);
    submit(&mut executor, &isolate("held", "web-2"), 3);
    brake(&mut executor, Brake::RevertAll, 4);
    let braked = |name: &str| (name.to_owned(), Refusal::Braked);
    assert_eq!(refused(&room), [braked("asked"), braked("held")]);
    assert_eq!(reverted(&room), [("active".to_owned(), Ending::Braked)]);
    assert!(room.world.in_force().is_empty());
}

#[test]
fn what_was_held_beyond_the_patience_is_refused_when_the_brake_is_let_go() {
    for (released, phase, applies) in [(600, Phase::Active, 1), (601, Phase::Refused, 0)] {
        let room = Room::new(&allowing("max_active = 5"));
        let mut executor = room.open(0);
        brake(&mut executor, Brake::HoldNew, 0);
        submit(&mut executor, &isolate("held", "web-1"), 1);
        assert_eq!(executor.next_deadline(), Some(at(1)));
        tick(&mut executor, 1);
        assert_eq!(executor.next_deadline(), Some(at(2)), "tried again after a pause");
        brake(&mut executor, Brake::Run, released);
        assert_eq!(executor.gate().phase(&id("held")), phase);
        assert_eq!(room.world.calls(Verb::Apply), applies);
        assert_eq!(refused(&room).len() as u64, 1 - applies);
    }
}

#[test]
fn whoever_says_yes_is_told_what_holds_it_all_the_same() {
    let room = Room::new(&(allowing("max_active = 1") + PEOPLE));
    let mut executor = room.open(0);
    submit(&mut executor, &isolate("asked", "asked"), 1);
    submit(&mut executor, &isolate("other", "web-1"), 2);
    let hash = executor.gate().plan(&id("asked")).map(Plan::hash).unwrap();
    told(&mut executor);
    let approved = block_on(executor.approve(&id("asked"), &Person::new("ann"), hash, at(3))).unwrap();
    assert_eq!(
        (approved, told(&mut executor)),
        (Phase::Authorized, vec!["held; budget `all` is used up".into()])
    );
    tick(&mut executor, 62);
    tick(&mut executor, 63);
    assert_eq!(executor.gate().phase(&id("asked")), Phase::Active, "it begins when there is room");

    tick(&mut executor, 123);
    brake(&mut executor, Brake::HoldNew, 124);
    told(&mut executor);
    submit(&mut executor, &isolate("held", "web-2"), 125);
    assert_eq!(told(&mut executor).last().unwrap(), "held: the brake is set");
}
