//! The laws that incidents keep on any log.

use crate::world;
use crate::world::{HUB, JANE, JANES_KEY, OUTSIDE, PEOPLE, Who, leaked_key, linked, ordinary_days, signal};
use homeostat_core::conformance::state_laws;
use homeostat_core::{Bits, Observed, Position, Reason, RiskView as _, Role, State};
use homeostat_identity::{EntityClass, EntityId, LinkKind, Participant, Resolved};
use homeostat_incident::{Incident, Investigator, RiskBook};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn learn(log: &[Resolved]) -> Investigator {
    let mut investigator = Investigator::default();
    for (number, input) in log.iter().enumerate() {
        investigator.observe(Position::at(number as u64), input).unwrap();
    }
    investigator.finish();
    investigator
}

fn sorted(mut log: Vec<Resolved>) -> Vec<Resolved> {
    log.sort_by_key(|input| input.signal.time);
    log
}

fn story() -> Vec<Resolved> {
    sorted([ordinary_days(0), leaked_key(10_000)].concat())
}

#[test]
fn both_states_keep_the_laws() {
    let story = story();
    let log = &story[story.len() - 30..];
    state_laws(&Investigator::default(), log).unwrap();
    state_laws(&RiskBook::default(), log).unwrap();
}

#[test]
fn a_snapshot_in_an_open_incident_changes_no_later_byte() {
    let log = story();
    let (before, after) = log.split_at(log.len() - 1);
    let mut restored = Investigator::default();
    for (number, input) in before.iter().enumerate() {
        restored.observe(Position::at(number as u64), input).unwrap();
    }
    restored.finish();
    assert_eq!(restored.incidents().len(), 1);
    let mut whole = restored.clone();
    restored = Investigator::from_bytes(&restored.to_bytes()).unwrap();
    for (number, input) in after.iter().enumerate() {
        for state in [&mut whole, &mut restored] {
            state.observe(Position::at((before.len() + number) as u64), input).unwrap();
        }
    }
    assert_eq!((whole.finish(), whole.to_bytes()), (restored.finish(), restored.to_bytes()));
}

#[test]
fn the_incident_is_the_same_from_whichever_event() {
    let investigator = learn(&story());
    let incident = investigator.incidents().remove(0);
    for event in incident.events() {
        assert_eq!(investigator.incident_with(event).as_ref(), Some(&incident));
    }
}

#[test]
fn a_hub_in_every_event_changes_nothing() {
    let plain = story();
    let mut hubbed = plain.clone();
    for input in &mut hubbed {
        let key = world::key(HUB);
        let hub = Participant { id: EntityId(HUB.0), class: EntityClass::Device, key, role: Role::Device };
        input.participants.push(hub);
    }
    let events = |log: &[Resolved]| {
        let incidents = learn(log).incidents();
        incidents.iter().map(|incident| incident.events().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(events(&hubbed), events(&plain));
    let members = learn(&hubbed).incidents();
    let named =
        members.iter().flat_map(Incident::entities).flat_map(|e| &e.keys).any(|k| *k == world::key(HUB));
    assert!(!named, "a hub joins nothing");
}

fn any_log() -> impl Strategy<Value = Vec<Resolved>> {
    let kinds = ["a", "b", "c", "d", "e"];
    let one = (0_i64..400_000, 0_usize..5, 0_usize..6, 0_usize..3, 0.0_f64..30.0, 0_usize..4);
    prop::collection::vec(one, 1..80).prop_map(move |acts| {
        let links = [LinkKind::ActsFor, LinkKind::LoggedOn, LinkKind::Leases];
        let act = |(n, (time, kind, who, with, bits, technique)): (
            usize,
            (i64, usize, usize, usize, f64, usize),
        )| {
            let other = [JANES_KEY, OUTSIDE, HUB][with];
            let role = [Role::Via, Role::Origin, Role::Target][with];
            let parts = [(PEOPLE[who], Role::Actor), (other, role)];
            let made =
                linked(signal(n as u64, time, kinds[kind], &parts, bits), PEOPLE[who], other, links[with]);
            match ["", "T1078", "T1098", "T1530"][technique] {
                "" => made,
                technique => world::with_technique(made, technique),
            }
        };
        acts.into_iter().enumerate().map(act).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_order_inside_the_lateness_gives_the_same_bytes(log in any_log(), shifts in prop::collection::vec(0_i64..60, 80)) {
        let log = sorted(log);
        let mut arrival: Vec<(i64, usize)> = log.iter().enumerate()
            .map(|(n, input)| (input.signal.time.micros().unwrap() / 1_000_000 + shifts[n], n)).collect();
        arrival.sort_unstable();
        let shuffled: Vec<Resolved> = arrival.into_iter().map(|(_, n)| log[n].clone()).collect();
        prop_assert_eq!(learn(&shuffled).to_bytes(), learn(&log).to_bytes());
    }

    #[test]
    fn any_log_gives_sound_incidents_and_survives_its_snapshot(log in any_log()) {
        let mut investigator = Investigator::default();
        for (number, input) in log.iter().enumerate() {
            investigator.observe(Position::at(number as u64), input).unwrap();
            prop_assert_eq!(investigator.observe(Position::at(number as u64), input).unwrap(), Observed::Replayed);
        }
        investigator.finish();
        let incidents = investigator.incidents();
        let mut events = BTreeSet::new();
        for incident in &incidents {
            prop_assert!(incident.score().is_finite() && !incident.events().is_empty());
            prop_assert!(!incident.hypotheses().is_empty() && incident.first() <= incident.updated());
            prop_assert!(incident.events().iter().all(|event| events.insert(event.clone())), "an event is in one incident");
            let json: serde_json::Value = serde_json::from_str(&incident.to_json()).unwrap();
            prop_assert_eq!(&json["schema_version"], 1);
        }
        prop_assert!(incidents.windows(2).all(|pair| pair[0].score() >= pair[1].score()));
        let restored = Investigator::from_bytes(&investigator.to_bytes()).unwrap();
        prop_assert_eq!(restored.to_bytes(), investigator.to_bytes());
        prop_assert_eq!(restored.incidents(), incidents);
    }

    #[test]
    fn common_benign_signals_never_open_an_incident(extra in prop::collection::vec((0_i64..172_800, 0_usize..6, 0_usize..3), 0..200)) {
        let mut log = ordinary_days(0);
        for (time, who, kind) in extra {
            let parts = [(PEOPLE[who], Role::Actor)];
            log.push(signal(50_000 + log.len() as u64, time, ["sign-in", "read", "write"][kind], &parts, 0.0));
        }
        prop_assert!(learn(&sorted(log)).incidents().is_empty());
    }
}

#[test]
fn forgetting_leaves_no_name() {
    use homeostat_core::Forget as _;
    let mut log = story();
    // Another's signal says whose gift it was.
    let mut given = signal(90_000, 86_400, "posture/administrator", &[(PEOPLE[1], Role::Target)], 8.0);
    given.signal.reasons.push(Reason::new("given by", JANE.3, "somebody who answers for it", Bits::new(8.0)));
    log.push(given);
    log.sort_by_key(|input| input.signal.time);
    let mut investigator = learn(&log);
    let mut book = RiskBook::default();
    for (number, input) in log.iter().enumerate() {
        book.observe(Position::at(number as u64), input).unwrap();
    }
    let holds = |bytes: &[u8], who: Who| bytes.windows(who.3.len()).any(|window| window == who.3.as_bytes());
    assert!(holds(&investigator.to_bytes(), JANE) && holds(&book.to_bytes(), JANE));
    assert!(investigator.forget(&world::key(JANE)) && book.forget(&world::key(JANE)));
    assert!(!holds(&investigator.to_bytes(), JANE) && !holds(&book.to_bytes(), JANE));
    assert!(!investigator.forget(&world::key(JANE)) && !book.forget(&world::key(JANE)));
    assert!(Investigator::from_bytes(&investigator.to_bytes()).is_ok());
}

/// Who, beside whom, how many bits, whether only risk let it through, and whether the two are linked.
type Told = (usize, usize, u8, bool, Option<bool>);

fn told() -> impl Strategy<Value = Told> {
    (
        0..PEOPLE.len(),
        0..PEOPLE.len(),
        prop_oneof![3 => Just(0_u8), 1 => 1..12_u8],
        any::<bool>(),
        any::<Option<bool>>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_risk_changes_untold(log in prop::collection::vec(told(), 1..60)) {
        let mut book = RiskBook::default();
        for (number, (who, other, bits, tightened, link)) in (0_u64..).zip(log) {
            let (who, other) = (PEOPLE[who], PEOPLE[other]);
            let seconds = number.cast_signed() * 7_200;
            let kind = ["odd", "new place"][usize::from(bits % 2)];
            let mut input = signal(number, seconds, kind, &[(who, Role::Actor), (other, Role::Target)], bits.into());
            input.signal.tightened = tightened;
            if let Some(owns) = link {
                input = linked(input, who, other, if owns { LinkKind::Owns } else { LinkKind::ActsFor });
            }
            let now = input.signal.time;
            let before = PEOPLE.map(|one| book.risk_of(EntityId(one.0), now));
            prop_assert_eq!(&before, &PEOPLE.map(|one| book.risk(&world::key(one), now)));
            let changes = book.observe(Position::at(number), &input).unwrap().applied().unwrap();
            for (one, before) in PEOPLE.into_iter().zip(before) {
                let (from, to) = (before.score(), book.risk_of(EntityId(one.0), now).score());
                let told = changes.iter().find(|change| change.identity == world::key(one));
                let told = told.map(|change| (change.from.to_bits(), change.to.to_bits()));
                let silent = told.is_none() && (to - from).abs() < 0.01;
                // Whoever is met for the first time begins at the risk of a newcomer, which is no change.
                let new = from <= 0.0 && to > 0.0;
                prop_assert!(new || silent || told == Some((from.to_bits(), to.to_bits())));
            }
            let again = RiskBook::from_bytes(&book.to_bytes()).unwrap();
            prop_assert!(again == book);
        }
    }
}
