//! Streams of a small estate with a flood, scans and single odd edges in it, and the laws of state.

use super::*;
use homeostat_core::conformance::state_laws;
use proptest::prelude::*;

/// Numbers below a bound that follow from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * 60_000_000)
}

fn hit(model: &mut EdgeModel, minute: i64, source: &str, destination: &str) -> EdgeVerdict {
    model.learn(&Edge { time: at(minute), source, destination }).unwrap()
}

/// One minute of forty clients that ask ten servers, some of them much; gives the bits of each edge.
fn ordinary(model: &mut EdgeModel, draw: &mut Draw, minute: i64) -> Vec<f64> {
    let mut bits = Vec::new();
    for client in 0..40 {
        if draw.below(5) > 0 {
            continue;
        }
        for _ in 0..=draw.below(4) * draw.below(4) {
            let server = draw.below(10).min(draw.below(10));
            let seen = hit(model, minute, &format!("client{client}"), &format!("server{server}"));
            bits.push(seen.bits().get());
        }
    }
    bits
}

fn trained(seed: u64) -> (EdgeModel, Draw) {
    let (mut model, mut draw) = (EdgeModel::new(seed), Draw(seed));
    for minute in 0..1_000 {
        ordinary(&mut model, &mut draw, minute);
    }
    (model, draw)
}

#[test]
fn a_flood_of_a_known_pair_stands_out_and_does_not_become_usual() {
    let (mut model, mut draw) = trained(1);
    let mut last = 0.0;
    for minute in 1_000..1_030 {
        ordinary(&mut model, &mut draw, minute);
        for _ in 0..2_000 {
            last = hit(&mut model, minute, "client7", "server9").bits().get();
        }
    }
    let quiet = hit(&mut model, 1_060, "client8", "server0").bits().get();
    assert!(last > 4.0 && last > quiet + 3.0, "{last} {quiet}");
}

#[test]
fn a_flood_from_a_stranger_is_as_rare_at_its_end() {
    let (mut model, mut draw) = trained(2);
    let mut bits = Vec::new();
    for minute in 1_000..1_030 {
        ordinary(&mut model, &mut draw, minute);
        bits.extend((0..500).map(|_| hit(&mut model, minute, "stranger", "server0").bits().get()));
    }
    assert!(bits.iter().skip(100).all(|bits| *bits > 8.0), "{:?}", bits.iter().copied().fold(99.0, f64::min));
}

#[test]
fn a_scan_tells_of_its_fan_out() {
    let (mut model, _) = trained(3);
    let scan: Vec<EdgeVerdict> =
        (0..200).map(|host| hit(&mut model, 1_000, "client3", &format!("host{host}"))).collect();
    let last = scan.last().unwrap();
    let told = last.contributions().into_iter().find(|part| part.channel() == EdgeChannel::FanOut).unwrap();
    assert!(told.observed() >= 200.0 && told.expected() < 20.0, "{told:?}");
    let of_source =
        |part: &EdgeContribution| [EdgeChannel::SourceBurst, EdgeChannel::FanOut].contains(&part.channel());
    let first = scan[0].contributions().into_iter().find(of_source).unwrap();
    assert!(told.bits().get() > 3.0 * first.bits().get());
}

#[test]
fn one_edge_of_a_stranger_is_rarer_than_nearly_all_ordinary_ones() {
    let (mut model, mut draw) = trained(4);
    let ordinary: Vec<f64> = (1_000..1_100).flat_map(|m| ordinary(&mut model, &mut draw, m)).collect();
    let odd = hit(&mut model, 1_100, "stranger", "server0");
    let above = ordinary.iter().filter(|bits| **bits >= odd.bits().get()).count();
    assert!(above * 500 < ordinary.len(), "{above} of {}", ordinary.len());
    assert_eq!(odd.contributions()[0].channel(), EdgeChannel::Source);
    assert_eq!(odd.reasons()[0].observed, "not seen before");
}

#[test]
fn a_pair_that_never_met_counts_where_pairs_seldom_do() {
    let mut model = EdgeModel::new(5);
    for minute in 0..3_000 {
        for client in 0..20 {
            hit(&mut model, minute, &format!("client{client}"), &format!("server{}", client % 5));
        }
    }
    let usual = hit(&mut model, 3_000, "client1", "server1");
    let new = hit(&mut model, 3_000, "client1", "server2");
    assert!(new.bits().get() > usual.bits().get() + 3.0, "{} {}", new.bits(), usual.bits());
    assert_eq!(new.contributions()[0].channel(), EdgeChannel::Pair);
}

#[test]
fn ordinary_edges_are_as_rare_as_their_bits_say() {
    let (mut model, mut draw) = trained(6);
    let bits: Vec<f64> = (1_000..2_000).flat_map(|m| ordinary(&mut model, &mut draw, m)).collect();
    for level in [2.0, 4.0, 7.0, 10.0] {
        let share = bits.iter().filter(|bits| **bits >= level).count() as f64 / bits.len() as f64;
        assert!(share <= 2.0 * libm::exp2(-level), "{level}: {share}");
    }
}

#[test]
fn a_burst_that_comes_back_each_day_becomes_usual() {
    let (mut model, mut draw) = trained(7);
    let mut days = Vec::new();
    for day in 0..20 {
        for minute in 0..100 {
            let minute = 1_000 + day * 100 + minute;
            ordinary(&mut model, &mut draw, minute);
            hit(&mut model, minute, "poller", "server1");
        }
        let burst = (0..300).map(|_| hit(&mut model, 1_000 + day * 100 + 99, "poller", "server1"));
        days.push(burst.last().unwrap().bits().get());
    }
    assert!(days[19] < days[1] - 1.0, "{days:?}");
}

#[test]
fn a_stamp_from_the_future_holds_up_nothing() {
    let (mut model, _) = trained(8);
    hit(&mut model, 50_000_000, "client1", "server1");
    let before = model.ticks();
    for minute in 1_000..1_010 {
        hit(&mut model, minute, "client1", "server1");
    }
    assert_eq!(model.ticks(), before + 10);
    let late = Edge { time: at(1_009).minus(LATENESS).unwrap(), source: "client1", destination: "server1" };
    model.learn(&late).unwrap();
    assert_eq!(model.ticks(), before + 10, "what is a minute late is of the running tick");
}

#[test]
fn memory_is_bounded_and_nothing_is_told_by_debug() {
    let mut model = EdgeModel::new(9);
    let empty = model.memory();
    for number in 0..20_000 {
        hit(
            &mut model,
            number / 50,
            &format!("marked-secret{number}"),
            &format!("marked-secret{}", number / 3),
        );
    }
    assert_eq!(model.memory(), empty);
    assert!(empty <= 2 << 20, "{empty}");
    let edge = Edge { time: at(0), source: "marked-secret", destination: "marked-secret" };
    let verdict = model.learn(&edge).unwrap();
    let shown = format!("{model:?} {edge:?} {verdict:?} {:?} {BadEdge}", verdict.contributions());
    assert!(!shown.contains("marked-secret"));
    assert_eq!(model.learn(&Edge { time: Timestamp::UNKNOWN, ..edge }), Err(BadEdge));
}

#[test]
fn other_seeds_hash_otherwise_and_score_alike() {
    let bits = [10, 11].map(|seed| {
        let mut model = EdgeModel::new(seed);
        (0..600).map(|n| hit(&mut model, n / 3, &format!("s{}", n % 7), "d").bits().get()).sum::<f64>()
    });
    assert!((bits[0] - bits[1]).abs() < 1e-2 * bits[0], "a chance meeting in one row: {bits:?}");
    assert_ne!(EdgeModel::new(10).to_bytes(), EdgeModel::new(11).to_bytes());
}

fn steps() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    prop::collection::vec((0_u8..12, 0_u8..6, 0_i64..40), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(steps in prop::collection::vec((0_u8..6, 0_u8..4, 0_i64..9), 1..10)) {
        let names: Vec<String> = (0..6).map(|number| format!("host{number}")).collect();
        let edges: Vec<Edge<'_>> = steps.iter().map(|(from, to, minute)| Edge {
            time: at(*minute), source: &names[usize::from(*from)], destination: &names[usize::from(*to)],
        }).collect();
        prop_assert_eq!(state_laws(&EdgeModel::new(3), &edges), Ok(()));
    }

    #[test]
    fn restored_in_the_middle_it_goes_on_bit_for_bit(before in steps(), after in steps()) {
        let run = |model: &mut EdgeModel, steps: &[(u8, u8, i64)]| -> Vec<u64> {
            let step = |(from, to, minute): &(u8, u8, i64)| hit(model, *minute, &from.to_string(), &to.to_string());
            steps.iter().map(step).map(|seen| seen.bits().get().to_bits()).collect()
        };
        let mut whole = EdgeModel::new(12);
        run(&mut whole, &before);
        let mut restored = EdgeModel::from_bytes(&whole.to_bytes()).unwrap();
        prop_assert!(restored == whole);
        prop_assert_eq!(run(&mut whole, &after), run(&mut restored, &after));
        prop_assert_eq!(whole.to_bytes(), restored.to_bytes());
    }

    #[test]
    fn bits_are_sound_and_fall_without_the_top(steps in steps(), times in prop::collection::vec(any::<i64>(), 0..20)) {
        let mut model = EdgeModel::new(13);
        for (from, to, minute) in steps {
            let seen = hit(&mut model, minute, &from.to_string(), &to.to_string());
            prop_assert!((0.0..=1_000.0).contains(&seen.bits().get()));
            prop_assert!(seen.without_top() <= seen.bits());
        }
        for time in times {
            let edge = Edge { time: Timestamp::from_micros(time), source: "", destination: "" };
            prop_assert!(model.learn(&edge).unwrap().bits() <= Bits::MAX);
        }
    }
}
