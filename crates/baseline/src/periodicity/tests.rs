//! The laws of the statistic, its sizes by an exact oracle, and streams of beacons, chance and people.

use super::*;
use homeostat_core::conformance::merge_laws;
use proptest::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF as _};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// Evenly distributed numbers in `0..1` that follow from a seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.next())
    }
}

fn of_seconds(times: &[f64]) -> Periodicity {
    let mut learnt = Periodicity::default();
    for time in times {
        let micros = Duration::from_secs_f64(*time).as_micros();
        learnt.learn(Timestamp::from_micros(i64::try_from(micros).unwrap()), MILLI);
    }
    learnt
}

fn beacon(draw: &mut Draw, beats: usize, jitter: f64, drops: f64) -> Periodicity {
    let (mut at, mut times) = (0.0, Vec::new());
    while times.len() <= beats {
        at += 60.0 * (1.0 + jitter * (2.0 * draw.next() - 1.0));
        if draw.next() >= drops {
            times.push(at);
        }
    }
    of_seconds(&times)
}

fn chance(draw: &mut Draw, beats: usize) -> Periodicity {
    let times = (0..=beats).scan(0.0, |at, _| {
        *at += draw.exponential(60.0);
        Some(*at)
    });
    of_seconds(&times.collect::<Vec<_>>())
}

/// Sessions of some minutes with a click every few seconds, hours between them.
fn person(draw: &mut Draw, clicks: usize) -> Periodicity {
    let (mut at, mut times) = (0.0, Vec::new());
    while times.len() <= clicks {
        at += draw.exponential(7_200.0);
        let until = 3.0 + draw.next() * 20.0;
        for _ in (0..).take_while(|click| f64::from(*click) < until) {
            at += draw.exponential(12.0);
            times.push(at);
        }
    }
    of_seconds(&times)
}

#[test]
fn it_takes_24_bytes() {
    assert_eq!(size_of::<Periodicity>(), 24);
}

#[test]
fn beacons_are_told_from_chance_and_people_at_every_jitter_and_loss() {
    let mut draw = Draw(7);
    for jitter in [0.0, 0.1, 0.3, 0.5] {
        for drops in [0.0, 0.1, 0.3] {
            let beacons: Vec<f64> =
                (0..60).map(|_| beacon(&mut draw, 100, jitter, drops).bits().get()).collect();
            let others = (0..60).flat_map(|_| [chance(&mut draw, 100), person(&mut draw, 100)]);
            let others: Vec<f64> = others.map(|other| other.bits().get()).collect();
            let wins = beacons.iter().map(|beacon| others.iter().filter(|other| *other < beacon).count());
            let area = wins.sum::<usize>() as f64 / (beacons.len() * others.len()) as f64;
            assert!(area >= 0.999, "{jitter} {drops}: {area}");
        }
    }
}

#[test]
fn chance_gives_even_p_values() {
    for intervals in [3, 10, 100] {
        let mut draw = Draw(intervals as u64);
        let p: Vec<f64> = (0..4_000).map(|_| chance(&mut draw, intervals).p_value()).collect();
        for level in [0.01, 0.1, 0.5, 0.9] {
            let share = p.iter().filter(|p| **p <= level).count() as f64 / p.len() as f64;
            let tolerance = 4.0 * (level * (1.0 - level) / p.len() as f64).sqrt() + 0.004;
            assert!((share - level).abs() < tolerance, "{intervals} {level}: {share}");
        }
    }
}

#[test]
fn period_and_jitter_are_told() {
    let mut draw = Draw(3);
    for jitter in [0.05, 0.3, 0.9] {
        let seen = beacon(&mut draw, 2_000, jitter, 0.0);
        assert!((seen.jitter().unwrap() - jitter).abs() < 0.06, "{jitter}: {seen:?}");
        let period = seen.period().unwrap().as_secs_f64();
        assert!((45.0..62.0).contains(&period), "{period}");
    }
    assert_eq!(chance(&mut draw, 500).jitter(), Some(1.0));
    let unknown = Periodicity::default();
    assert_eq!((unknown.period(), unknown.jitter(), unknown.last()), (None, None, None));
    assert!((unknown.p_value() - 1.0).abs() < 1e-15);
}

#[test]
fn what_the_clock_can_not_tell_apart_is_one_event() {
    let mut seen = Periodicity::default();
    for micros in [0, 400_000, 60_000_000, 60_500_000, 120_100_000] {
        seen.learn(Timestamp::from_micros(micros), SECOND);
    }
    assert_eq!(seen.intervals(), 2);
    seen.learn(Timestamp::from_micros(5), SECOND);
    seen.learn(Timestamp::UNKNOWN, SECOND);
    assert_eq!(seen.last(), Some(Timestamp::from_micros(120_100_000)), "it never goes back");
}

#[test]
fn sums_stop_where_they_would_overflow() {
    let mut seen = of_seconds(&[0.0, 60.0, 120.0]);
    for _ in 0..40 {
        let twice = seen;
        seen.merge(&twice);
    }
    assert!(seen.intervals() <= Periodicity::MOST && seen.intervals() > Periodicity::MOST / 4);
    assert!((seen.period().unwrap().as_secs_f64() - 60.0).abs() < 1e-3);
    let mut centuries = Periodicity::default();
    centuries.learn(Timestamp::FIRST, SECOND);
    centuries.learn(Timestamp::LAST, SECOND);
    assert_eq!(centuries.intervals(), 0);
}

fn times() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0_i64..4_000_000_000_000, 0..60)
}

fn of_micros(times: &[i64]) -> Periodicity {
    let mut learnt = Periodicity::default();
    for time in times {
        learnt.learn(Timestamp::from_micros(*time), SECOND);
    }
    learnt
}

proptest! {
    #[test]
    fn parts_merge(parts in prop::array::uniform3(times())) {
        let [a, b, c] = parts.map(|part| of_micros(&part));
        prop_assert_eq!(merge_laws([&a, &b, &c], |x, y| x == y), Ok(()));
    }

    #[test]
    fn bytes_are_the_whole_truth(before in times(), after in times()) {
        let mut whole = of_micros(&before);
        let mut restored = Periodicity::from_bytes(&whole.to_bytes()).unwrap();
        for time in after {
            whole.learn(Timestamp::from_micros(time), SECOND);
            restored.learn(Timestamp::from_micros(time), SECOND);
        }
        prop_assert_eq!(whole.to_bytes(), restored.to_bytes());
    }

    #[test]
    fn it_agrees_with_every_interval_kept(times in times()) {
        let (mut last, mut kept) = (None, Vec::new());
        for time in times.iter().copied() {
            let Some(before) = last else {
                last = Some(time);
                continue;
            };
            if time - before > 500_000 {
                kept.push((time - before) as f64);
                last = Some(time);
            }
        }
        let seen = of_micros(&times);
        prop_assert_eq!(seen.intervals() as usize, kept.len());
        if kept.len() >= 2 {
            let count = kept.len() as f64;
            let mean = kept.iter().sum::<f64>() / count;
            let exact = libm::log(mean) - kept.iter().map(|gap| libm::log(*gap)).sum::<f64>() / count;
            prop_assert!((seen.statistic().unwrap() - exact).abs() < 1e-5);
        }
    }

    #[test]
    fn the_tail_agrees_with_the_oracle(count in 2_u32..400, statistic in 0.01_f64..3.0) {
        let shape = f64::from(count - 1) / 2.0;
        let x = f64::from(count) * statistic;
        let oracle = ChiSquared::new(2.0 * shape).unwrap().cdf(2.0 * x);
        let ours = libm::exp(log_lower_gamma(shape, x));
        prop_assert!((ours - oracle).abs() <= 1e-9 + 1e-6 * oracle, "{} {}", ours, oracle);
    }

    #[test]
    fn no_times_panic(times in prop::collection::vec(any::<i64>(), 0..20), nanos: u64) {
        let mut seen = Periodicity::default();
        for time in times {
            seen.learn(Timestamp::from_micros(time), Duration::from_nanos(nanos));
        }
        prop_assert!((0.0..=1.0).contains(&seen.p_value()));
        prop_assert!(seen.jitter().is_none_or(|jitter| (0.0..=1.0).contains(&jitter)));
    }
}

#[test]
fn sums_that_do_not_fit_together_leave_the_longer_history() {
    let of = |gap: i64| {
        let mut part = Periodicity::default();
        part.learn(Timestamp::from_micros(0), Duration::ZERO);
        part.learn(Timestamp::from_micros(gap), Duration::ZERO);
        part
    };
    let (long, longer) = (of(1 << 51), of((1 << 51) + (1 << 50)));
    let (mut one, mut other) = (long, longer);
    one.merge(&longer);
    other.merge(&long);
    assert_eq!(one, other);
    assert_eq!(one, longer);
    assert!(one.period().is_some_and(|period| period > Duration::from_secs(1)));
}
