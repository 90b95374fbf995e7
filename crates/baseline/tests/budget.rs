//! The laws of budgets: the promise is kept, state is a value, who is forgotten is gone.

#![cfg(test)]

use homeostat_baseline::{BadPromise, Baseline, Budget, Cause, Observation, Promise, Verdict};
use homeostat_core::conformance::state_laws;
use homeostat_core::{Bits, EntityKey, EntityKind, Forget as _, Position, State as _, Timestamp};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000_000;

fn key(who: u64) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", &format!("u{who}@acme.example")).unwrap()
}

/// Verdicts of people whose hours scatter, some of them wildly.
fn verdicts(counts: &[(u64, u32)]) -> Vec<Verdict> {
    let mut baseline = Baseline::default();
    let mut hour = 0;
    counts
        .iter()
        .enumerate()
        .map(|(number, (who, count))| {
            hour += i64::from(who % 3 == 0);
            let time = Timestamp::from_micros(hour * HOUR);
            let one = Observation::new(key(*who), time).times(1 + *count);
            baseline.observe(Position::at(number as u64), &one).unwrap().applied().unwrap()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(counts in prop::collection::vec((0_u64..6, 0_u32..400), 1..25), per_day: bool) {
        let promise = if per_day { Promise::PerDay(2) } else { Promise::PerEntityDay(0.5) };
        let start = Budget::new(promise).unwrap();
        prop_assert_eq!(state_laws(&start, &verdicts(&counts)), Ok(()));
    }

    #[test]
    fn no_more_than_promised_is_told_whatever_comes(counts in prop::collection::vec((0_u64..9, any::<u32>()), 1..400)) {
        let mut daily = Budget::new(Promise::PerDay(3)).unwrap();
        let mut rated = Budget::new(Promise::PerEntityDay(0.1)).unwrap();
        let mut told = Vec::new();
        for verdict in verdicts(&counts) {
            told.extend(daily.admit(&verdict, Bits::ZERO).map(|finding| finding.time.micros().unwrap()));
            rated.admit(&verdict, Bits::ZERO);
            let realised = rated.realised();
            prop_assert!(realised.findings as f64 <= realised.promised + 4.0);
        }
        prop_assert!(told.windows(4).all(|row| row[3] - row[0] >= 24 * HOUR), "{told:?}");
    }
}

/// A person with a steady count each hour; the last hours as given. Findings and the budget.
fn steady_then(last: &[u32], tightening: Bits) -> (Vec<homeostat_baseline::Finding>, Budget) {
    let (mut baseline, mut budget) = (Baseline::default(), Budget::new(Promise::PerEntityDay(0.05)).unwrap());
    let mut found = Vec::new();
    let steady = (0..1_000_u32).map(|hour| 10 + hour * 7 % 5);
    for (hour, count) in (0..).zip(steady.chain(last.iter().copied())) {
        let one = Observation::new(key(1), Timestamp::from_micros(hour * HOUR)).times(count);
        let verdict = baseline.observe(Position::at(hour.unsigned_abs()), &one).unwrap().applied().unwrap();
        found.extend(budget.admit(&verdict, tightening));
    }
    (found, budget)
}

#[test]
fn a_burst_is_told_once_and_again_only_when_clearly_higher() {
    let (found, budget) = steady_then(&[60, 60, 60, 60], Bits::ZERO);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].cause, found[0].tightened), (Cause::Sudden, false));
    assert!(budget.realised().rested > 0);
    assert!((budget.realised().ratio() - 1.0 / budget.realised().promised).abs() < 1e-12);
}

#[test]
fn weak_hours_add_up() {
    let (calm, _) = steady_then(&[14; 1], Bits::ZERO);
    let (found, _) = steady_then(&[19; 60], Bits::ZERO);
    assert!(calm.is_empty(), "{calm:?}");
    assert!(found.iter().any(|finding| finding.cause == Cause::Persistent), "{found:?}");
}

#[test]
fn risk_lets_through_what_lies_just_below() {
    let told = |count, tightening| steady_then(&[count], tightening).0;
    let border = (15..80).find(|count| !told(*count, Bits::ZERO).is_empty()).unwrap();
    let tightened = (15..80).find(|count| !told(*count, Bits::new(2.0)).is_empty()).unwrap();
    assert!(tightened < border);
    let found = told(tightened, Bits::new(2.0));
    assert!(found[0].tightened && found[0].bits < found[0].threshold);
}

#[test]
fn who_is_forgotten_leaves_no_name() {
    let (_, mut budget) = steady_then(&[100], Bits::ZERO);
    let name = b"u1@acme.example".as_slice();
    assert!(budget.to_bytes().windows(name.len()).any(|part| part == name));
    assert!(budget.forget(&key(1)) && !budget.forget(&key(1)));
    assert!(!budget.to_bytes().windows(name.len()).any(|part| part == name));
    assert_eq!(budget.entities(), 0);
}

#[test]
fn promises_that_nobody_keeps_are_refused() {
    for wrong in [
        Promise::PerEntityDay(0.0),
        Promise::PerEntityDay(f64::NAN),
        Promise::PerEntityDay(25.0),
        Promise::PerDay(0),
        Promise::PerDay(10_001),
    ] {
        let error: BadPromise = Budget::new(wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a promise must lie above 0 and be at most 24 an entity-day or 10000 a day"
        );
    }
    let mut calm = Budget::default();
    calm.tick(Timestamp::UNKNOWN);
    calm.tick(Timestamp::from_micros(HOUR));
    assert!(calm.realised().ratio() <= 0.0);
    assert!(format!("{calm:?}").starts_with("Budget"));
}
