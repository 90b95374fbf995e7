//! What logs do to an investigator in practice: any order, twice, nothing for days, a flood, an attack from the start.

use crate::world::{
    JANE, JANES_KEY, OFFICE, OUTSIDE, PEOPLE, leaked_key, ordinary_days, signal, with_action, with_technique,
};
use homeostat_core::{Outcome, Position, Role, State};
use homeostat_identity::Resolved;
use homeostat_incident::{Incident, Investigator};

fn learn(log: &[Resolved]) -> Investigator {
    let mut investigator = Investigator::default();
    for (number, input) in (0..).zip(log) {
        investigator.observe(Position::at(number), input).unwrap();
    }
    investigator.finish();
    investigator
}

fn sorted(mut log: Vec<Resolved>) -> Vec<Resolved> {
    log.sort_by_key(|input| input.signal.time);
    log
}

/// The last hours of ordinary work, and the leaked key after them.
fn end_of_story() -> Vec<Resolved> {
    let log = sorted([ordinary_days(0), leaked_key(10_000)].concat());
    log[log.len() - 150..].to_vec()
}

/// A next number of a plain generator (Knuth's MMIX constants); enough to shuffle.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn a_hundred_shuffles_inside_the_lateness_give_the_same_bytes() {
    let log = end_of_story();
    let (expected, told) = (learn(&log).to_bytes(), learn(&log).incidents());
    assert_eq!(told.len(), 1);
    let mut seed = 7;
    for _ in 0..100 {
        let late = |input: &Resolved, seed: &mut u64| {
            input.signal.time.micros().unwrap() + i64::try_from(next(seed) % 60_000_000).unwrap()
        };
        let mut arrival: Vec<_> = log.iter().map(|input| (late(input, &mut seed), input)).collect();
        arrival.sort_by_key(|(time, _)| *time);
        let shuffled: Vec<Resolved> = arrival.into_iter().map(|(_, input)| input.clone()).collect();
        let investigator = learn(&shuffled);
        assert_eq!(investigator.to_bytes(), expected);
        assert_eq!(investigator.incidents()[0].to_json(), told[0].to_json());
    }
}

#[test]
fn what_is_delivered_twice_counts_once() {
    let log = end_of_story();
    let twice: Vec<Resolved> = log.iter().flat_map(|input| [input.clone(), input.clone()]).collect();
    let (once, doubled) = (learn(&log), learn(&twice));
    assert_eq!(doubled.incidents(), once.incidents());
    assert_eq!(doubled.stats().duplicates, log.len() as u64);
}

#[test]
fn two_days_of_silence_open_nothing_and_hide_nothing() {
    let mut log = ordinary_days(0);
    let back = 4 * 86_400;
    for (n, person) in (0_i64..).zip(&PEOPLE) {
        let parts = [(*person, Role::Actor), (OFFICE, Role::Origin)];
        log.push(signal(40_000 + u64::try_from(n).unwrap(), back + n, "sign-in", &parts, 0.0));
    }
    assert!(learn(&log).incidents().is_empty(), "everybody came back");
    for mut act in leaked_key(10_000) {
        act.signal.time = act.signal.time.plus(std::time::Duration::from_hours(49)).unwrap();
        log.push(act);
    }
    assert_eq!(learn(&sorted(log)).incidents().len(), 1);
}

#[test]
fn a_flood_hides_no_attack_and_is_one_fact() {
    let mut log = sorted([ordinary_days(0), leaked_key(10_000)].concat());
    let parts = [(PEOPLE[0], Role::Actor), (OFFICE, Role::Origin)];
    for number in 0..60_000_u64 {
        let seconds = 48 * 3_600 + i64::try_from(number / 60).unwrap();
        log.push(signal(100_000 + number, seconds, "scanner", &parts, 0.01));
    }
    let investigator = learn(&sorted(log));
    let incidents = investigator.incidents();
    let holds = |number: u64| incidents.iter().position(|i| i.events().iter().any(|e| e.record() == number));
    assert_eq!(holds(10_004), Some(0), "the attack stays first");
    assert_eq!(incidents.len(), 1, "one kind of alert is no story, however often");
    assert!(investigator.stats().bytes < 64 << 20);
}

#[test]
fn an_attack_in_the_first_hour_is_told_with_a_warning() {
    let acts =
        [("new-address", 9.0, "T1078.004"), ("new-key", 10.0, "T1098.001"), ("rights", 12.0, "T1098.003")];
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let log: Vec<Resolved> = (0..)
        .zip(acts)
        .map(|(n, (kind, bits, technique))| {
            let act = signal(n, i64::try_from(n).unwrap() * 60, kind, &parts, bits);
            with_technique(with_action(act, kind, Outcome::Success), technique)
        })
        .collect();
    let incidents = learn(&log).incidents();
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].gaps().iter().any(|gap| gap.contains("poisoned")));
}

#[test]
fn the_time_line_of_an_entity_tells_it_all_in_order() {
    let investigator = learn(&end_of_story());
    let entries = investigator.timeline(&crate::world::key(JANE));
    assert!(entries.windows(2).all(|pair| pair[0].time <= pair[1].time));
    let held = entries.iter().filter(|entry| entry.incident.is_some()).count();
    assert!(held >= 8 && entries.len() > held, "the incident and what was before");
    assert!(!format!("{entries:?}").contains("PutUserPolicy"));
}

/// Rare alerts of `kinds` sorts at one host within some minutes, after two ordinary days.
fn rare_alerts(host: usize, kinds: usize, first: u64, seconds: i64) -> Vec<Resolved> {
    const KINDS: [&str; 6] = ["scan", "odd request", "new file", "new user", "new service", "root shell"];
    let parts = [(PEOPLE[host], Role::Device)];
    let alert = |(n, kind): (usize, &&str)| {
        let time = 48 * 3_600 + seconds + i64::try_from(n).unwrap() * 5;
        signal(first + n as u64, time, kind, &parts, 0.01)
    };
    KINDS.iter().take(kinds).enumerate().map(alert).collect()
}

#[test]
fn what_is_rare_elsewhere_at_the_very_time_is_told_beside_it() {
    let attack = rare_alerts(0, 6, 10_000, 0);
    let load = signal(20_000, 48 * 3_600 + 300, "processor load", &[(PEOPLE[1], Role::Device)], 0.01);
    let day_later = signal(20_001, 72 * 3_600, "disk is full", &[(PEOPLE[2], Role::Device)], 0.01);
    let log = sorted([ordinary_days(0), attack, vec![load, day_later]].concat());
    let incidents = learn(&log).incidents();
    assert_eq!(incidents.len(), 1);
    let records: Vec<u64> = incidents[0].events().iter().map(homeostat_core::EventRef::record).collect();
    assert!(records.contains(&20_000) && !records.contains(&20_001), "{records:?}");
    let host = |incident: &Incident, name: &str| {
        incident.entities().iter().flat_map(|e| &e.keys).any(|key| key.value() == name)
    };
    assert!(
        host(&incidents[0], PEOPLE[0].3) && !host(&incidents[0], PEOPLE[1].3),
        "where it coincides is no part"
    );
}
