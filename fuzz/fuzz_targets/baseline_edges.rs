//! Hostile edges and snapshots: nothing panics, every score is sound, what is restored goes on alike.
#![no_main]

use homeostat_baseline::{Edge, EdgeModel};
use homeostat_core::{Position, State as _, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(EdgeModel::from_bytes(bytes));
    let mut model = EdgeModel::new(7);
    let (records, rest) = bytes.as_chunks::<11>();
    let score = |model: &mut EdgeModel, offset: u64, record: &[u8; 11]| {
        let [from, to, kind, time @ ..] = record;
        let time = i64::from_le_bytes(*time);
        // Most edges keep to plausible times, so that ticks are many and short.
        let time = if kind & 7 == 0 { time } else { time.rem_euclid(3_600_000_000) };
        let (source, destination) = ((from % 16).to_string(), (to % 16).to_string());
        let time = Timestamp::from_micros(time);
        let edge = Edge { time, source: &source, destination: &destination };
        let Ok(seen) = model.observe(Position::at(offset), &edge) else { return };
        if let Some(verdict) = seen.applied() {
            assert!((0.0..=1_000.0).contains(&verdict.bits().get()));
            assert!(verdict.without_top() <= verdict.bits());
        }
    };
    for (offset, record) in (0..).zip(records) {
        score(&mut model, offset, record);
    }
    let written = model.to_bytes();
    let mut restored = EdgeModel::from_bytes(&written).unwrap();
    assert_eq!(restored.to_bytes(), written);
    let mut last = [0; 11];
    last.iter_mut().zip(rest).for_each(|(byte, more)| *byte = *more);
    score(&mut model, 1 << 40, &last);
    score(&mut restored, 1 << 40, &last);
    assert_eq!(model.to_bytes(), restored.to_bytes());
});
