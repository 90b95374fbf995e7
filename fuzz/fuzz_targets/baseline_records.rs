//! Hostile records and snapshots: nothing panics, every score is sound, what is restored goes on alike.
#![no_main]

use homeostat_baseline::{Cell, Record, RecordConfig, RecordModel};
use homeostat_core::{Position, State as _};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(RecordModel::from_bytes(bytes));
    let mut config = RecordConfig::default();
    config.tick = 16;
    let Ok(mut model) = RecordModel::new(config) else { return };
    let (records, _) = bytes.as_chunks::<12>();
    for (offset, record) in (0..).zip(records) {
        let [kind, word, repeat, width, rest @ ..] = record;
        let number = f64::from_le_bytes(*rest);
        let word = word.to_string();
        let all = [
            Cell::Word(&word),
            if kind & 1 == 0 { Cell::Number(number) } else { Cell::Absent },
            if kind & 2 == 0 { Cell::Number(f64::from(*repeat)) } else { Cell::Word("w") },
        ];
        let cells = all.get(..usize::from(width % 4)).unwrap_or_default();
        let record = Record::new(cells);
        // A record may come many times over, as in a flood.
        for again in 0..u64::from(repeat % 32) {
            let explained = model.explain(&record).map(|why| why.score());
            let seen = model.observe(Position::at(offset * 32 + again), &record);
            let score = seen.ok().and_then(homeostat_core::Observed::applied);
            assert_eq!(explained.ok(), score);
            let bits = score.map_or(0.0, |score| score.bits().get());
            assert!((0.0..=1_000.0).contains(&bits));
        }
    }
    let written = model.to_bytes();
    assert_eq!(RecordModel::from_bytes(&written).map(|read| read.to_bytes()), Ok(written));
});
