//! Hostile times and snapshots: nothing panics, every figure is sound, parts merge in any order.
#![no_main]

use homeostat_baseline::{Pair, Periodicity, rank_beacons};
use homeostat_core::{Merge as _, Timestamp};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|bytes: &[u8]| {
    let _read = Periodicity::from_bytes(bytes);
    let (times, _) = bytes.as_chunks::<8>();
    let mut parts = [Periodicity::default(); 2];
    for (number, time) in times.iter().enumerate() {
        let time = i64::from_le_bytes(*time);
        let time = if time & 1 == 0 { time } else { time.rem_euclid(86_400_000_000) };
        let [first, second] = &mut parts;
        let part = if number % 2 == 0 { first } else { second };
        part.learn(Timestamp::from_micros(time), Duration::from_micros(time.unsigned_abs() % 1_000_000));
        assert!((0.0..=1.0).contains(&part.p_value()));
        assert!(part.jitter().is_none_or(|jitter| (0.0..=1.0).contains(&jitter)));
        assert_eq!(Periodicity::from_bytes(&part.to_bytes()), Ok(*part));
    }
    let [first, second] = parts;
    let (mut one, mut other) = (first, second);
    one.merge(&second);
    other.merge(&first);
    assert_eq!(one, other);
    let pairs = [(first, "a"), (second, "b"), (one, "a")].map(|(rhythm, source)| Pair {
        source,
        destination: "d",
        port: 443,
        rhythm,
    });
    assert!(rank_beacons(&pairs).is_sorted_by(|a, b| a.bits() >= b.bits()));
});
