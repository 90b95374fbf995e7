//! Stories that must be told, and benign ones that must not.

use crate::world;
use crate::world::{
    BUCKET, DELIVERY, HUB, JANE, JANES_KEY, JANES_SESSION, OFFICE, OUTSIDE, PEOPLE, START, leaked_key,
    linked, ordinary_days, signal, with_action, with_technique,
};
use homeostat_core::{
    Bits, EntityKey, EntityKind, EventRef, Hop, MemoryReach, MemoryValues, Outcome, Position, Reached,
    RiskView, Role, Stage, State, TenantId, Timestamp, Value,
};
use homeostat_identity::{LinkKind, Resolved};
use homeostat_incident::{Incident, Investigator, ObserveError, RiskBook, Update};
use std::fmt::Write as _;
use std::slice::from_ref;

const DAY: i64 = 86_400;

fn learn(mut log: Vec<Resolved>) -> (Investigator, Vec<Update>) {
    log.sort_by_key(|input| input.signal.time);
    let mut investigator = Investigator::default();
    let mut updates = Vec::new();
    for (number, input) in log.iter().enumerate() {
        updates.extend(investigator.observe(Position::at(number as u64), input).unwrap().applied().unwrap());
    }
    updates.extend(investigator.finish());
    (investigator, updates)
}

fn told(log: Vec<Resolved>) -> Vec<Incident> {
    learn(log).0.incidents()
}

fn numbers(incident: &Incident) -> Vec<u64> {
    let mut numbers: Vec<u64> = incident.events().iter().map(EventRef::record).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_leaked_key_is_told_with_its_innocuous_calls() {
    let incidents = told([ordinary_days(0), leaked_key(10_000)].concat());
    assert_eq!(incidents.len(), 1);
    assert_eq!(numbers(&incidents[0]), (10_000..10_008).collect::<Vec<_>>());
    assert_eq!(incidents[0].stages(), [Stage::Discovery, Stage::Persistence]);
    assert_eq!(incidents[0].hypotheses()[0].name, "credential_theft");
    assert!(incidents[0].gaps().iter().any(|gap| gap.starts_with("entry not observed")));
}

#[test]
fn what_two_detectors_tell_of_the_same_events_is_counted_once() {
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let read = |n: u64, kind: &str, action: &str, bits| {
        let act = signal(10_010 + n, 2 * DAY + 800 + n.cast_signed(), kind, &parts, bits);
        with_technique(with_action(act, action, Outcome::Success), "T1530")
    };
    let both = |n| [read(n, "call", "GetObject", 0.0), read(n, "amount", "more than usual", 9.0)];
    let log = [ordinary_days(0), leaked_key(10_000), (0..3).flat_map(both).collect()].concat();
    let told = told(log);
    let step = told[0].steps().iter().find(|step| step.sentence.contains("GetObject")).unwrap();
    assert!(step.sentence.contains("more than usual, GetObject, 3 times"), "{}", step.sentence);
}

#[test]
fn the_same_users_other_session_stays_out() {
    let parts = [(JANE, Role::Actor), (JANES_SESSION, Role::Via), (OFFICE, Role::Origin)];
    let burst = (0_i64..60).zip(["deploy", "build", "test"].into_iter().cycle()).map(|(n, kind)| {
        let act = signal(20_000 + n.cast_unsigned(), 2 * DAY + 200 + n * 9, kind, &parts, 0.0);
        linked(act, JANES_SESSION, JANE, LinkKind::ActsFor)
    });
    let incidents = told([ordinary_days(0), leaked_key(10_000), burst.collect()].concat());
    assert_eq!(incidents.len(), 1);
    assert_eq!(numbers(&incidents[0]), (10_000..10_008).collect::<Vec<_>>());
}

/// A key that Jane makes for the backup, used from the office an hour and a half later, by another user.
const NEW_KEY: world::Who = world::Who(
    40,
    homeostat_identity::EntityClass::Credential,
    EntityKind::AccessKey,
    "AKIAI44QH8DHBEXAMPLE",
);
const BACKUP: world::Who = world::Who(
    41,
    homeostat_identity::EntityClass::ServiceAccount,
    EntityKind::IamUserArn,
    "arn:aws:iam::123456789012:user/backup",
);

fn use_of_new_key(number: u64) -> Resolved {
    let parts = [(BACKUP, Role::Actor), (NEW_KEY, Role::Via), (OFFICE, Role::Origin)];
    with_action(signal(number, 2 * DAY + 5_900, "call", &parts, 0.0), "GetObject", Outcome::Success)
}

#[test]
fn a_key_that_the_incident_made_is_followed_wherever_it_is_used() {
    let mut attack = leaked_key(10_000);
    let made = attack.iter_mut().find(|act| act.signal.action == "CreateAccessKey").unwrap();
    made.participants.push(homeostat_identity::Participant {
        id: homeostat_identity::EntityId(NEW_KEY.0),
        class: NEW_KEY.1,
        key: world::key(NEW_KEY),
        role: Role::Target,
    });
    let follow = |attack: Vec<Resolved>| {
        let incidents = told([ordinary_days(0), attack, vec![use_of_new_key(10_008)]].concat());
        assert_eq!(incidents.len(), 1);
        numbers(&incidents[0]).contains(&10_008)
    };
    assert!(follow(attack.clone()));
    let mut known = use_of_new_key(9_999);
    known.signal.time = Timestamp::from_micros((START + 3_600) * 1_000_000);
    attack.push(known);
    assert!(!follow(attack), "a key that was there before is not the incident's");
    assert!(!follow(leaked_key(10_000)), "nor is one that it did not make");
}

#[test]
fn whatever_comes_from_the_incidents_own_address_is_its_own() {
    let parts = |from| [(BACKUP, Role::Actor), (NEW_KEY, Role::Via), (from, Role::Origin)];
    let beside = |from| {
        let act = signal(10_008, 2 * DAY + 600, "call", &parts(from), 0.0);
        let act = with_action(act, "DescribeInstances", Outcome::Success);
        let incidents = told([ordinary_days(0), leaked_key(10_000), vec![act]].concat());
        assert_eq!(incidents.len(), 1);
        numbers(&incidents[0]).contains(&10_008)
    };
    assert!(beside(OUTSIDE), "nobody came from there before the incident");
    assert!(!beside(OFFICE), "everybody comes from the office");
}

#[test]
fn a_full_incident_still_tells_what_is_new_in_it() {
    let mut limits = homeostat_incident::Limits::default();
    limits.episodes = 16;
    let mut investigator = Investigator::builder().limits(limits).build().unwrap();
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let reads = (0..40).map(|n| {
        let mut read = signal(20_000 + n, 2 * DAY + 800 + n.cast_signed(), "call", &parts, 0.0);
        read.participants.push(homeostat_identity::Participant {
            id: homeostat_identity::EntityId(3_000 + u32::try_from(n).unwrap()),
            class: BUCKET.1,
            key: EntityKey::new(EntityKind::ResourceArn, "aws", &format!("arn:aws:s3:::plans/{n}")).unwrap(),
            role: Role::Target,
        });
        with_action(read, "GetObject", Outcome::Success)
    });
    let last =
        with_action(signal(30_000, 2 * DAY + 900, "call", &parts, 0.0), "StopLogging", Outcome::Success);
    let log = [ordinary_days(0), leaked_key(10_000), reads.collect(), vec![last]].concat();
    for (number, input) in log.iter().enumerate() {
        investigator.observe(Position::at(number as u64), input).unwrap();
    }
    investigator.finish();
    let incident = investigator.incidents().remove(0);
    assert!(numbers(&incident).contains(&30_000), "what was read most often gives way");
    assert!(incident.cut().episodes > 0, "and the cut is told");
}

#[test]
fn rights_given_before_stand_in_the_story_and_the_giver_does_not() {
    let administrator = PEOPLE[1];
    let parts = [(administrator, Role::Actor), (OFFICE, Role::Origin), (JANE, Role::Target)];
    let gift = |number: u64, seconds: i64| {
        let act = signal(number, seconds, "rights-gained", &parts, 8.0);
        with_technique(with_action(act, "PutUserPolicy", Outcome::Success), "T1098.003")
    };
    let incidents = told([ordinary_days(0), vec![gift(9_000, DAY)], leaked_key(10_000)].concat());
    assert_eq!(incidents.len(), 1);
    assert!(numbers(&incidents[0]).contains(&9_000));
    assert!(incidents[0].edges().iter().any(|edge| edge.why.as_str() == "standing"));
    let named = |key: &EntityKey| incidents[0].entities().iter().any(|who| who.keys.contains(key));
    assert!(named(&world::key(JANE)) && !named(&world::key(administrator)));
}

#[test]
fn an_open_finding_and_the_use_that_is_made_of_it_are_one_story() {
    // Two facts about what Jane was given make an incident by themselves, which is kept open until they are mended.
    let about = [(JANE, Role::Target)];
    let found =
        |number: u64, kind: &str| with_technique(signal(number, DAY, kind, &about, 16.0), "T1098.003");
    let given = vec![found(9_000, "posture/administrator"), found(9_001, "posture/own key")];
    let mut log = [ordinary_days(0), given, leaked_key(10_000)].concat();
    log.sort_by_key(|input| input.signal.time);
    let mut investigator = Investigator::default();
    let mut updates = Vec::new();
    for (number, input) in log.iter().enumerate() {
        let told = investigator.observe(Position::at(number as u64), input).unwrap().applied().unwrap();
        for update in &told {
            if let Update::Opened(id) = update {
                investigator.hold(*id);
            }
        }
        updates.extend(told);
    }
    updates.extend(investigator.finish());
    let incidents = investigator.incidents();
    assert_eq!(incidents.len(), 1, "{updates:?}");
    assert!([9_000, 9_001, 10_003].iter().all(|number| numbers(&incidents[0]).contains(number)));
    assert!(updates.iter().any(|update| matches!(update, Update::Merged { .. })));
    let alone = told([ordinary_days(0), leaked_key(10_000)].concat());
    assert!(incidents[0].score() > alone[0].score() + 8.0, "each half makes the other surer");
}

#[test]
fn a_rest_begins_a_new_look_round_and_a_rhythm_does_not() {
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let act = |number: u64, seconds: i64, action: &str, technique: &str| {
        let act = signal(number, 2 * DAY + seconds, "call", &parts, 0.0);
        with_technique(with_action(act, action, Outcome::Success), technique)
    };
    let look = |from: u64, seconds: i64| {
        let acts = [(0, "ListUsers"), (9, "ListRoles"), (20, "GetUser")];
        acts.into_iter()
            .zip(from..)
            .map(move |((after, action), number)| act(number, seconds + after, action, "T1087.004"))
    };
    let reads = (0..6).map(|n| act(30_000 + n, 1_300 + n.cast_signed() * 300, "GetObject", "T1530"));
    let log: Vec<_> = look(10_100, 900).chain(look(10_200, 1_010)).chain(reads).collect();
    let incident = told([ordinary_days(0), leaked_key(10_000), log].concat()).remove(0);
    let steps: Vec<usize> = incident
        .steps()
        .iter()
        .filter(|step| step.events.iter().all(|event| event.record() >= 10_100))
        .map(|step| step.events.len())
        .collect();
    assert_eq!(steps, [3, 3, 6]);
}

/// One service principal that is refused every 20 s from `first` on, whatever detectors say of it.
fn denials(first: i64, count: u64) -> Vec<Resolved> {
    let parts = [(DELIVERY, Role::Actor), (BUCKET, Role::Target)];
    let said = [("access-denied", 4.0), ("rate", 30.0), ("first-seen", 12.0)];
    let one = |(n, (kind, bits)): (u64, (&str, f64))| {
        let act = signal(100_000 + n, first + 20 * n.cast_signed(), kind, &parts, bits);
        with_action(act, "PutObject", Outcome::Failure)
    };
    (0..count).zip(said.into_iter().cycle()).map(one).collect()
}

#[test]
fn a_service_refused_ten_thousand_times_is_no_incident() {
    for first in [0, DAY + 7_000] {
        assert!(told([ordinary_days(0), denials(first, 10_000)].concat()).is_empty(), "from {first}");
    }
}

#[test]
fn a_service_refused_all_along_joins_no_incident() {
    let mut attack = leaked_key(10_000);
    for act in &mut attack {
        act.participants.push(homeostat_identity::Participant {
            id: homeostat_identity::EntityId(BUCKET.0),
            class: BUCKET.1,
            key: world::key(BUCKET),
            role: Role::Target,
        });
    }
    let incidents = told([ordinary_days(0), denials(DAY, 6_000), attack].concat());
    assert_eq!(incidents.len(), 1);
    assert_eq!(numbers(&incidents[0]), (10_000..10_008).collect::<Vec<_>>());
}

#[test]
fn repetition_is_one_fact() {
    let parts = [(PEOPLE[0], Role::Actor)];
    let alerts =
        (0..2_000).map(|n| signal(10_000 + n, 2 * DAY + n.cast_signed(), "brute-force", &parts, 12.0));
    assert!(told([ordinary_days(0), alerts.collect()].concat()).is_empty());
}

#[test]
fn one_weak_signal_a_day_is_told_and_six_over_six_people_are_not() {
    let kinds = ["mail-rule", "new-consent", "odd-hour", "new-country", "mass-read", "new-device"];
    let days = |person: fn(usize) -> world::Who| {
        let signals = (0_usize..).zip(2_i64..).zip(kinds).map(move |((n, day), kind)| {
            signal(10_000 + n as u64, day * DAY, kind, &[(person(n), Role::Actor)], 7.0)
        });
        [ordinary_days(0), signals.collect()].concat()
    };
    assert_eq!(told(days(|_| PEOPLE[0])).len(), 1);
    assert!(told(days(|n| PEOPLE[n])).is_empty());
}

#[test]
fn the_known_bad_opens_at_once_and_a_great_surprise_does_not() {
    let parts = [(PEOPLE[0], Role::Actor)];
    assert_eq!(told(vec![signal(1, 0, "decoy", &parts, Bits::KNOWN_BAD.get())]).len(), 1);
    assert!(told(vec![signal(1, 0, "rate", &parts, 300.0)]).is_empty());
}

#[test]
fn what_is_quiet_closes_and_what_goes_on_is_resumed() {
    let mut log = [ordinary_days(0), leaked_key(10_000)].concat();
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let late = signal(30_000, 2 * DAY + 20_000, "mass-read", &parts, 14.0);
    log.push(with_technique(late, "T1530"));
    let (investigator, updates) = learn(log);
    let [incident] = investigator.incidents().try_into().unwrap();
    assert_eq!(incident.resumed().len(), 1);
    assert_eq!(incident.stages().last(), Some(&Stage::Collection));
    assert!(
        updates.contains(&Update::Opened(incident.id())) && updates.contains(&Update::Closed(incident.id()))
    );
}

#[test]
fn reach_raises_severity_and_is_shown() {
    let incident = told([ordinary_days(0), leaked_key(10_000)].concat()).remove(0);
    let jewel = world::key(BUCKET);
    let hop = Hop {
        from: world::key(JANE),
        to: jewel.clone(),
        kind: "s3:GetObject".into(),
        because: "policy".into(),
    };
    let (mut reach, mut values) = (MemoryReach::default(), MemoryValues::default());
    reach.insert(world::key(JANE), Reached { entity: jewel.clone(), probability: 1.0, path: vec![hop] });
    values.insert(jewel, Value::MOST);
    let report = incident.report(&reach, &values);
    assert!(report.answers.how_much_worse.text.contains("plans"));
    assert_eq!(report.answers.how_much_worse.paths.len(), 1);
    assert!(report.severity == "high" || report.severity == "critical");
    let threat = incident.threat(TenantId::new("acme").unwrap());
    assert_eq!(threat.evidence, incident.events());
    assert!(threat.entities.contains(&(world::key(JANES_KEY), Role::Via)));
}

#[test]
fn hostile_text_stays_text() {
    let mut log = leaked_key(10_000);
    for input in &mut log {
        input.signal.action = "<script>alert(1)</script>\" onload=\"x".to_owned();
    }
    let incident = told([ordinary_days(0), log].concat()).remove(0);
    let report = incident.report(&MemoryReach::default(), &MemoryValues::default());
    for page in [report.to_html(), report.to_markdown()] {
        assert!(!page.contains("<script") && page.contains("&lt;script"));
    }
}

#[test]
fn debug_shows_no_value() {
    let mut log = leaked_key(10_000);
    for input in &mut log {
        input.signal.action = "marked".to_owned();
        input.signal.kind = format!("marked-{}", input.signal.kind);
        let reason = homeostat_core::Reason::new("aspect", "marked", "marked", Bits::LOW);
        input.signal.reasons.push(reason);
        for participant in &mut input.participants {
            participant.key =
                EntityKey::new(EntityKind::NativeId, "acme", &format!("marked-{}", participant.id.0))
                    .unwrap();
        }
    }
    let log = [ordinary_days(0), log].concat();
    let mut book = RiskBook::default();
    let mut shown = String::new();
    for (number, input) in log.iter().enumerate() {
        write!(shown, "{:?}", book.observe(Position::at(number as u64), input).unwrap()).unwrap();
    }
    let (investigator, updates) = learn(log);
    let incident = investigator.incidents().remove(0);
    let report = incident.report(&MemoryReach::default(), &MemoryValues::default());
    write!(shown, "{book:?} {investigator:?} {updates:?} {incident:?} {report:?} {:?}", report.answers)
        .unwrap();
    write!(shown, "{:?} {:?} {:?}", incident.steps(), incident.edges(), incident.hypotheses()).unwrap();
    write!(shown, "{:?} {:?} {:?}", incident.entities(), report.steps, report.edges).unwrap();
    assert!(!shown.contains("marked"), "a value shows");
}

#[test]
fn unsound_signals_are_refused_by_name() {
    let good = signal(1, 0, "kind", &[(JANE, Role::Actor)], 1.0);
    let mut investigator = Investigator::default();
    investigator.observe(Position::at(0), &good).unwrap();
    let mut timeless = good.clone();
    timeless.signal.time = Timestamp::UNKNOWN;
    let mut nobody = good.clone();
    nobody.participants.clear();
    let mut foreign = good;
    foreign.signal.tenant = TenantId::new("other").unwrap();
    let cases = [
        (timeless, ObserveError::NoMoment, "the signal tells no moment"),
        (nobody, ObserveError::Nobody, "the signal names no entity"),
        (foreign, ObserveError::ForeignTenant, "the signal belongs to another tenant"),
    ];
    for (number, (input, error, message)) in cases.into_iter().enumerate() {
        let position = Position::at(1 + number as u64);
        assert_eq!(investigator.observe(position, &input), Err(error));
        assert_eq!(
            RiskBook::default().observe(position, &input).err(),
            (error != ObserveError::ForeignTenant).then_some(error)
        );
        assert_eq!(error.to_string(), message);
    }
    assert_eq!(investigator.stats().signals, 1);
}

fn risk_after(inputs: &[Resolved], who: world::Who, hours: i64) -> f64 {
    let mut book = RiskBook::default();
    let start = Timestamp::from_micros(START * 1_000_000);
    book.meet(homeostat_identity::EntityId(who.0), &world::key(who), start);
    for (number, input) in inputs.iter().enumerate() {
        book.observe(Position::at(number as u64), input).unwrap();
    }
    book.risk(&world::key(who), Timestamp::from_micros((START + hours * 3_600) * 1_000_000)).score()
}

#[test]
fn risk_lends_one_hop_counts_once_and_fades() {
    let acts = |who| [(who, Role::Actor)];
    let key_act =
        linked(signal(1, 0, "new-address", &acts(JANES_KEY), 16.0), JANES_KEY, JANE, LinkKind::ActsFor);
    let own = risk_after(from_ref(&key_act), JANES_KEY, 0);
    let lent = risk_after(from_ref(&key_act), JANE, 0);
    assert!((own - 0.5).abs() < 1e-9 && lent > 0.4 && lent < own);
    assert!((risk_after(from_ref(&key_act), JANES_KEY, 12) - Bits::new(8.0).risk()).abs() < 1e-9);
    // The same kind again adds nothing; a third party hears nothing of what Jane borrowed.
    let again = signal(2, 0, "new-address", &acts(JANES_KEY), 16.0);
    let desk = linked(signal(3, 0, "nothing", &acts(JANE), 0.0), JANE, PEOPLE[0], LinkKind::LoggedOn);
    assert!((risk_after(&[key_act.clone(), again], JANES_KEY, 0) - own).abs() < 1e-12);
    assert!(risk_after(&[key_act, desk], PEOPLE[0], 0) < 1e-12);
}

#[test]
fn tightened_signals_do_not_feed_risk() {
    let parts = [(JANE, Role::Actor)];
    let first = signal(1, 0, "odd-login", &parts, 10.0);
    let mut probe = signal(2, 60, "grey", &parts, 6.0);
    probe.signal.tightened = true;
    let (without, with) = (risk_after(from_ref(&first), JANE, 1), risk_after(&[first, probe], JANE, 1));
    assert!((with - without).abs() < 1e-12);
}

#[test]
fn whoever_joins_late_starts_at_fifteen_hundredths() {
    let mut book = RiskBook::default();
    book.observe(Position::at(0), &signal(0, 0, "any", &[(PEOPLE[0], Role::Actor)], 0.0)).unwrap();
    let now = Timestamp::from_micros((START + 3 * DAY) * 1_000_000);
    book.meet(homeostat_identity::EntityId(1), &world::key(JANE), now);
    assert!((book.risk(&world::key(JANE), now).score() - 0.15).abs() < 1e-3);
    assert!(book.risk(&world::key(PEOPLE[0]), now).score().abs() < 1e-12);
}

#[test]
fn other_people_on_a_shared_machine_stay_out() {
    let mut log = [ordinary_days(0), leaked_key(10_000)].concat();
    for (n, person) in (0_i64..).zip(&PEOPLE) {
        let parts = [(*person, Role::Actor), (HUB, Role::Device)];
        let time = 2 * DAY + 100 + n;
        log.push(signal(20_000 + n.cast_unsigned(), time, "open-file", &parts, 0.0));
    }
    let with_hub =
        [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin), (HUB, Role::Device)];
    log.push(signal(10_008, 2 * DAY + 90, "call", &with_hub, 0.0));
    let incidents = told(log);
    assert_eq!(incidents.len(), 1);
    assert_eq!(numbers(&incidents[0]), (10_000..=10_008).collect::<Vec<_>>());
}

#[test]
fn two_ids_that_turn_out_to_be_one_tell_one_story() {
    let before = signal(10_000, 2 * DAY, "odd-login", &[(PEOPLE[0], Role::Actor)], 14.0);
    let more = signal(10_001, 2 * DAY + 60, "new-consent", &[(PEOPLE[0], Role::Actor)], 12.0);
    let mut after = signal(10_002, 2 * DAY + 300, "mass-read", &[(PEOPLE[0], Role::Actor)], 12.0);
    after.participants[0].id = homeostat_identity::EntityId(2_000);
    let incidents = told([ordinary_days(0), vec![before, more, after]].concat());
    assert_eq!(incidents.len(), 1);
    assert_eq!(numbers(&incidents[0]), [10_000, 10_001, 10_002]);
}
