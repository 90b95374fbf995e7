//! Hostile observations and snapshots: nothing panics, every score is sound, what is restored goes on alike.
#![no_main]

use homeostat_baseline::{Baseline, Budget, Observation};
use homeostat_core::{Bits, EntityKey, EntityKind, Forget as _, Position, State as _, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(Baseline::from_bytes(bytes));
    drop(Budget::from_bytes(bytes));
    let (mut baseline, mut budget) = (Baseline::default(), Budget::default());
    let (records, _) = bytes.as_chunks::<18>();
    for (offset, record) in (0..).zip(records) {
        let [who, value, rest @ ..] = record;
        let (time, size) = rest.split_at(8);
        let time = i64::from_le_bytes(time.try_into().unwrap_or_default());
        let size = f64::from_le_bytes(size.try_into().unwrap_or_default());
        let Ok(key) = EntityKey::new(EntityKind::Hostname, "fuzz", &format!("host{}", who % 8)) else {
            return;
        };
        // Half of the records keep to a plausible time, so that minutes are opened and learnt.
        let time = if who & 8 == 0 { time } else { time.rem_euclid(90 * 86_400_000_000) };
        let observation = Observation::new(key.clone(), Timestamp::from_micros(time))
            .of_group(format!("group{}", value % 3))
            .with("value", value.to_string())
            .measure("size", size);
        if let Ok(seen) = baseline.observe(Position::at(offset), &observation) {
            if let Some(verdict) = seen.applied() {
                assert!((0.0..=1_000.0).contains(&verdict.bits().get()));
                drop(budget.admit(&verdict, Bits::ZERO));
            }
        }
        if value % 16 == 15 {
            baseline.tick(Timestamp::from_micros(time));
        }
        match value % 64 {
            11 => drop(baseline.accept(&observation)),
            12 => drop(baseline.reject(&observation)),
            13 => {
                baseline.pin(&key);
            }
            14 => {
                baseline.forget(&key);
                budget.forget(&key);
            }
            _ => {}
        }
    }
    let written = baseline.to_bytes();
    assert_eq!(Baseline::from_bytes(&written).map(|read| read.to_bytes()), Ok(written));
    let written = budget.to_bytes();
    assert_eq!(Budget::from_bytes(&written).map(|read| read.to_bytes()), Ok(written));
});
