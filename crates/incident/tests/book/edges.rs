//! What leads from an incident to an act and what does not: leases that ended, habits, other sessions.

use crate::world::{
    JANE, JANES_SESSION, OFFICE, OUTSIDE, Who, leaked_key, linked, ordinary_days, signal, with_action,
};
use homeostat_core::{Bits, EntityKind, EventRef, Outcome, Position, Reason, Role, State as _};
use homeostat_identity::{EntityClass, LinkKind, Resolved};
use homeostat_incident::{Incident, Investigator};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// The machine that held the attacker's address once.
const LAPTOP: Who = Who(60, EntityClass::Device, EntityKind::Hostname, "lt-60");

fn told(mut log: Vec<Resolved>) -> Vec<Incident> {
    log.sort_by_key(|input| input.signal.time);
    let mut investigator = Investigator::default();
    for (number, input) in log.iter().enumerate() {
        investigator.observe(Position::at(number as u64), input).unwrap();
    }
    investigator.finish();
    investigator.incidents()
}

fn holds(incidents: &[Incident], record: u64) -> bool {
    incidents.iter().flat_map(Incident::events).map(EventRef::record).any(|own| own == record)
}

#[test]
fn a_lease_leads_to_a_machine_only_while_it_holds() {
    let machine =
        |number, seconds, bits| signal(number, seconds, "much sent", &[(LAPTOP, Role::Actor)], bits);
    let leased = |act: Resolved| linked(act, LAPTOP, OUTSIDE, LinkKind::Leases);
    let once = leased(machine(20_000, HOUR, 0.0));
    let beside = machine(20_001, 2 * DAY + 600, 10.0);
    let with = |act: Resolved| told([ordinary_days(0), leaked_key(10_000), vec![once.clone(), act]].concat());
    assert!(!holds(&with(beside.clone()), 20_001), "the address is another's by now");
    assert!(holds(&with(leased(beside)), 20_001), "the machine still has it");
}

/// Jane changes eight functions, rights and keys within ten minutes; each is worth four bits by its name.
fn changes(first: u64, begin: i64, why: Option<&Reason>) -> Vec<Resolved> {
    let one = |n: u64| {
        let parts = [(JANE, Role::Actor), (OFFICE, Role::Origin)];
        let at = begin + 10 * n.cast_signed();
        let mut act = signal(first + n, at, &format!("change {n}"), &parts, 4.0);
        act.signal.reasons.extend(why.cloned());
        act
    };
    (0..8).map(one).collect()
}

#[test]
fn what_somebody_does_as_a_habit_is_worth_nothing_by_its_name() {
    let habit = |why| (0..8).flat_map(move |n| changes(30_000 + n * 10, n.cast_signed() * 5 * HOUR, why));
    let then = |why| changes(40_000, 2 * DAY, why);
    let new = told([ordinary_days(0), then(None)].concat());
    assert!(holds(&new, 40_000), "eight rare changes at once are a story");
    let known = told([ordinary_days(0), habit(None).collect(), then(None)].concat());
    assert!(!holds(&known, 40_000), "whoever makes them every few hours does the same as ever");
    let reason = Reason::new("place", "elsewhere", "the office", Bits::new(4.0));
    let explained = told([ordinary_days(0), habit(Some(&reason)).collect(), then(Some(&reason))].concat());
    assert!(holds(&explained, 40_000), "a reason that is given is none of the name");
}

#[test]
fn another_session_joins_only_by_what_would_be_told_of_anybody() {
    let beside = |bits| {
        let parts = [(JANE, Role::Actor), (JANES_SESSION, Role::Via), (OFFICE, Role::Origin)];
        let act = signal(20_000, 2 * DAY + 1_200, "more than usual", &parts, bits);
        let act = linked(act, JANES_SESSION, JANE, LinkKind::ActsFor);
        let act = with_action(act, "DescribeInstances", Outcome::Success);
        holds(&told([ordinary_days(0), leaked_key(10_000), vec![act]].concat()), 20_000)
    };
    assert!(!beside(8.5), "told for the incident's sake alone");
    assert!(beside(11.0), "told of anybody");
}
