//! Hostile readings and snapshots: nothing panics, every score is sound, what is restored goes on alike.
#![no_main]

use homeostat_baseline::{Reading, SeriesModel};
use homeostat_core::{Observed, Position, State as _, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(SeriesModel::from_bytes(bytes));
    let (mut model, mut parted) = (SeriesModel::default(), SeriesModel::default());
    let (records, _) = bytes.as_chunks::<11>();
    for (offset, record) in (0..).zip(records) {
        let [kind, minutes, more, rest @ ..] = record;
        let raw = f64::from_le_bytes(*rest);
        // Half of the values are small, so that there is a history to be odd against.
        let value = if kind & 1 == 0 { raw } else { f64::from(rest[0]) };
        let step = i64::from(u16::from_le_bytes([*minutes, *more]));
        let micros =
            if kind & 2 == 0 { offset * 300_000_000 + step } else { step.wrapping_mul(i64::MAX / 7) };
        let reading = Reading::new(Timestamp::from_micros(micros), value);
        if kind & 4 == 0 {
            parted = SeriesModel::from_bytes(&parted.to_bytes()).unwrap_or_default();
        }
        let position = Position::at(offset.unsigned_abs());
        let score = model.observe(position, &reading);
        assert_eq!(score, parted.observe(position, &reading));
        if let Ok(Observed::Applied(score)) = score {
            assert!((0.0..=1_000.0).contains(&score.bits().get()) && score.expected().is_finite());
        }
    }
    assert_eq!(model.to_bytes(), parted.to_bytes());
});
