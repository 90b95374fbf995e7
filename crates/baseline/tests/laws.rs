//! The laws of state, order and forgetting, on the whole-tenant baseline.

#![cfg(test)]

use homeostat_baseline::{BadObservation, Baseline, Config, Observation};
use homeostat_core::conformance::state_laws;
use homeostat_core::{EntityKey, EntityKind, Forget as _, Position, State as _, Timestamp};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;

fn key(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", name).unwrap()
}

fn observation(who: u8, micros: i64, value: u16) -> Observation {
    let time = Timestamp::from_micros(micros);
    let group = if who.is_multiple_of(2) { "even" } else { "odd" };
    Observation::new(key(&format!("u{who}@acme.example")), time)
        .of_group(group)
        .with("country", value.to_string())
        .with("app", (value % 3).to_string())
        .measure("bytes_out", f64::from(value) * 100.0)
}

fn learn(observations: &[Observation]) -> Baseline {
    let mut baseline = Baseline::default();
    for (number, observation) in observations.iter().enumerate() {
        baseline.observe(Position::at(number as u64), observation).unwrap();
    }
    baseline
}

/// Everything but the positions, which tell the order by design.
fn settled(mut baseline: Baseline, until: i64) -> Vec<u8> {
    baseline.tick(Timestamp::from_micros(until));
    baseline.observe(Position::at(1_000_000), &observation(0, until, 0)).unwrap();
    baseline.to_bytes()
}

fn stream() -> impl Strategy<Value = Vec<Observation>> {
    prop::collection::vec((0_u8..6, 0_i64..9_000, 0_u16..40), 1..40).prop_map(|mut steps| {
        steps.sort_by_key(|(_, minute, _)| *minute);
        steps.iter().map(|(who, minute, value)| observation(*who, minute * MINUTE, *value)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(inputs in stream()) {
        prop_assert_eq!(state_laws(&Baseline::default(), &inputs), Ok(()));
    }

    #[test]
    fn any_order_within_the_lateness_window_ends_in_the_same_bytes(
        steps in prop::collection::vec((0_u8..4, 0_i64..3_600 * 30, 0_u16..200, 0_i64..60), 1..120),
    ) {
        let mut in_order = steps.clone();
        in_order.sort_by_key(|(who, second, value, _)| (*second, *who, *value));
        let mut shuffled = steps;
        // Arrival is the time of the event plus a delay below the lateness.
        shuffled.sort_by_key(|(_, second, _, delay)| second + delay);
        let make = |steps: &[(u8, i64, u16, i64)]| {
            learn(&steps.iter().map(|(who, s, value, _)| observation(*who, s * 1_000_000, *value)).collect::<Vec<_>>())
        };
        let end = 3_600 * 40 * 1_000_000;
        prop_assert_eq!(settled(make(&in_order), end), settled(make(&shuffled), end));
    }

    #[test]
    fn no_time_and_no_size_panics(micros: i64, size: f64, times in prop::collection::vec(any::<i64>(), 0..20)) {
        let mut baseline = Baseline::default();
        for (number, time) in times.iter().chain([&micros]).enumerate() {
            let any = Observation::new(key("jane@acme.example"), Timestamp::from_micros(*time)).measure("n", size);
            let sound = size.is_finite() && size >= 0.0;
            prop_assert_eq!(baseline.observe(Position::at(number as u64), &any).is_ok(), sound);
            baseline.tick(Timestamp::from_micros(time.wrapping_mul(3)));
        }
        prop_assert_eq!(Baseline::from_bytes(&baseline.to_bytes()).unwrap().to_bytes(), baseline.to_bytes());
    }
}

#[test]
fn what_is_forgotten_leaves_no_byte() {
    let mine: Vec<Observation> =
        (0..200_u16).map(|n| observation(1, i64::from(n) * 30 * MINUTE, n % 7)).collect();
    let mut without = learn(&mine);
    let mut with = Baseline::default();
    for (number, observation) in mine.iter().enumerate() {
        let position = Position { partition: 0, offset: number as u64 };
        with.observe(position, observation).unwrap();
    }
    for n in 0..200_u16 {
        let other = observation(2, 200 * 30 * MINUTE, n);
        with.observe(Position { partition: 1, offset: u64::from(n) }, &other).unwrap();
    }
    let last = Position { partition: 1, offset: 199 };
    without.observe(last, &observation(2, 200 * 30 * MINUTE, 0)).unwrap();
    for baseline in [&mut with, &mut without] {
        baseline.tick(Timestamp::from_micros(300 * 30 * MINUTE));
        assert!(baseline.forget(&key("u2@acme.example")));
        assert!(!baseline.forget(&key("u2@acme.example")));
    }
    assert_eq!(with.stats().entities, 1);
    assert_eq!(with.stats().groups, 2);
}

#[test]
fn forgetting_one_of_two_equals_never_having_met_it() {
    let mut both = Baseline::default();
    let mut one = Baseline::default();
    for n in 0..150_u16 {
        let position = Position::at(u64::from(n));
        let time = i64::from(n) * 45 * MINUTE;
        let mine = observation(2, time, n % 5);
        if n % 3 == 0 {
            both.observe(position, &observation(4, time, n % 4)).unwrap();
        } else {
            both.observe(position, &mine).unwrap();
            one.observe(position, &mine).unwrap();
        }
    }
    let end = Timestamp::from_micros(200 * 45 * MINUTE);
    both.tick(end);
    one.tick(end);
    both.forget(&key("u4@acme.example"));
    let next = observation(2, 201 * 45 * MINUTE, 3);
    let (after, never) = (both.score(&next).unwrap(), one.score(&next).unwrap());
    assert!((after.bits().get() - never.bits().get()).abs() < 0.5, "{:?} {:?}", after.bits(), never.bits());
}

#[test]
fn late_and_future_events_are_kept_and_counted_and_move_nothing() {
    let mut baseline = learn(&(0..100).map(|n| observation(0, n * 10 * MINUTE, 1)).collect::<Vec<_>>());
    let late = baseline.observe(Position::at(100), &observation(0, MINUTE, 1)).unwrap().applied().unwrap();
    assert!(late.is_late() && !late.is_future());
    let far = 100 * 365 * 1_440 * MINUTE;
    let future = baseline.observe(Position::at(101), &observation(1, far, 1)).unwrap().applied().unwrap();
    assert!(future.is_future());
    let next = baseline.observe(Position::at(102), &observation(0, 1_001 * MINUTE, 1)).unwrap();
    assert!(!next.applied().unwrap().is_late(), "the watermark did not move");
    let stats = baseline.stats();
    assert_eq!((stats.late, stats.future, stats.entities), (1, 1, 2));
}

#[test]
fn a_log_that_moves_on_is_followed() {
    let mut baseline = learn(&[observation(0, 0, 1)]);
    for n in 0..20 {
        let later = observation(0, (3 * 1_440 + n) * MINUTE, 1);
        baseline.observe(Position::at(1 + n.unsigned_abs()), &later).unwrap();
    }
    assert_eq!(baseline.stats().future, 8, "then the log is believed");
    assert_eq!(baseline.stats().late, 0);
    let told = Observation::new(key("a"), Timestamp::from_micros(30 * 1_440 * MINUTE))
        .arrived_at(Timestamp::from_micros(30 * 1_440 * MINUTE + MINUTE));
    assert!(!baseline.observe(Position::at(99), &told).unwrap().applied().unwrap().is_future());
}

#[test]
fn memory_is_a_hard_cap_and_the_least_known_go() {
    let mut config = Config::default();
    config.memory = Config::LEAST_MEMORY;
    let mut baseline = Baseline::new(config).unwrap();
    let mut position = 0..;
    let mut show = |baseline: &mut Baseline, name: String, n: i64| {
        let at = Position::at(position.next().unwrap());
        baseline.observe(at, &Observation::new(key(&name), Timestamp::from_micros(n * MINUTE))).unwrap();
        assert!(!at.offset.is_multiple_of(97) || baseline.stats().bytes <= Config::LEAST_MEMORY);
    };
    for n in 0..50 {
        show(&mut baseline, "steady@acme.example".to_owned(), n);
    }
    for n in 0..20_000 {
        show(&mut baseline, format!("once{n}@acme.example"), 50 + n / 100);
    }
    assert!(baseline.stats().evicted > 10_000);
    assert!(baseline.entity_bytes(&key("steady@acme.example")).is_some());
}

#[test]
fn an_entity_fits_its_bytes_whatever_it_does() {
    let mut baseline = Baseline::default();
    for n in 0..4_000_i64 {
        let mut busy = Observation::new(key("busy@acme.example"), Timestamp::from_micros(n * 37 * MINUTE));
        for feature in 0..16 {
            let name = format!("feature {feature}");
            busy = busy.with(name, (n * (feature + 1) % 997).to_string());
        }
        for size in 0..6 {
            busy = busy.measure(format!("size {size}"), libm::exp2((n * 7 % 45) as f64));
        }
        baseline.observe(Position::at(n.unsigned_abs()), &busy).unwrap();
    }
    let bytes = baseline.entity_bytes(&key("busy@acme.example")).unwrap();
    println!("bytes of the busiest entity: {bytes}");
    assert!(bytes <= 2_048, "{bytes}");
}

#[test]
fn unsound_observations_are_refused_with_their_cause_and_teach_nothing() {
    let time = Timestamp::from_micros(0);
    let jane = || key("jane@acme.example");
    let many = (0..33).fold(Observation::new(jane(), time), |o, n| o.with("f", n.to_string()));
    for (wrong, error, message) in [
        (
            Observation::new(jane(), Timestamp::UNKNOWN),
            BadObservation::NoMoment,
            "the observation names no moment",
        ),
        (
            Observation::new(jane(), time).measure("n", f64::NAN),
            BadObservation::NoSize,
            "a size of the observation is not a finite number of 0 or more",
        ),
        (many, BadObservation::TooManyFeatures, "the observation has more than 32 features"),
    ] {
        let mut baseline = Baseline::default();
        assert_eq!(baseline.observe(Position::at(0), &wrong).unwrap_err(), error);
        assert_eq!(error.to_string(), message);
        assert_eq!(baseline.stats(), Baseline::default().stats());
    }
    let mut config = Config::default();
    config.memory = 0;
    assert_eq!(Baseline::new(config).unwrap_err().to_string(), "`memory` must be at least 2097152 bytes");
    let mut config = Config::default();
    config.silence_bits = f64::NAN;
    assert_eq!(Baseline::new(config).unwrap_err().to_string(), "`silence_bits` must lie between 0 and 1000");
}

#[test]
fn debug_shows_no_value() {
    let marked = Observation::new(key("marked@acme.example"), Timestamp::from_micros(0))
        .of_group("marked")
        .with("country", "marked")
        .arrived_at(Timestamp::from_micros(0));
    let baseline = learn(&[observation(0, 0, 1), marked.clone()]);
    let verdict = baseline.score(&marked).unwrap();
    let shown =
        format!("{marked:?} {baseline:?} {verdict:?} {:?} {:?}", verdict.contributions(), verdict.reasons());
    assert!(!shown.contains("marked"), "{shown}");
}

#[test]
fn the_same_stream_gives_these_very_bytes_on_every_platform() {
    let stream: Vec<Observation> = (0..2_000_u16)
        .map(|n| observation(u8::try_from(n % 5).unwrap(), i64::from(n) * 17 * MINUTE, n % 23))
        .collect();
    let bytes = learn(&stream).to_bytes();
    // A change of these numbers is a change of scores or of the layout: raise the version, keep the old reader.
    assert_eq!((bytes.len(), homeostat_core::xxh64(&bytes)), (4_939, 12_619_358_943_729_972_826));
}

#[test]
fn bytes_of_the_versions_before_are_read_and_go_on() {
    let first: (&[u8], _) = (include_bytes!("golden/baseline_v1.bin"), (3, 400));
    let third: (&[u8], _) = (include_bytes!("golden/baseline_v3.bin"), (5, 2_000));
    for (old, (entities, learnt)) in [first, third] {
        let mut read = Baseline::from_bytes(old).unwrap();
        assert_eq!(read.stats().entities, entities);
        let next = observation(1, (learnt + 1) * 17 * MINUTE, 1);
        let position = Position::at(learnt.unsigned_abs());
        assert!(read.observe(position, &next).unwrap().applied().is_some());
        let again = Baseline::from_bytes(&read.to_bytes()).unwrap();
        assert_eq!(again.to_bytes(), read.to_bytes());
    }
}
