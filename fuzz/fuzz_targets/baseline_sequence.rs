//! Hostile passages and snapshots: nothing panics, every score is sound, what is restored goes on alike.
#![no_main]

use homeostat_baseline::{Passage, SequenceConfig, SequenceModel};
use homeostat_core::{EntityKey, EntityKind, Forget as _, Position, State as _};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(SequenceModel::from_bytes(bytes));
    // Small tables, so that aging and eviction are met soon.
    let mut config = SequenceConfig::default();
    config.places = SequenceConfig::LEAST_PLACES;
    config.memory = SequenceConfig::LEAST_MEMORY;
    config.remembered = 4;
    let Ok(mut model) = SequenceModel::new(config) else { return };
    for (offset, record) in (0..).zip(bytes.split(|byte| *byte == 0)) {
        let Some((who, symbols)) = record.split_first() else { continue };
        let Ok(key) = EntityKey::new(EntityKind::Hostname, "fuzz", &format!("host{}", who % 8)) else {
            return;
        };
        let mut passage = Passage::new(key.clone(), symbols.iter().map(u8::to_string));
        if who & 8 == 0 {
            passage = passage.of_group(format!("group{}", who >> 6));
        }
        if who & 16 == 0 {
            passage = passage.trusted();
        }
        if let Ok(seen) = model.observe(Position::at(offset), &passage) {
            let bits = seen.applied().map_or(0.0, |verdict| verdict.bits().get());
            assert!((0.0..=1_000.0).contains(&bits));
        }
        if who & 32 != 0 {
            model.forget(&key);
        }
    }
    let written = model.to_bytes();
    assert_eq!(
        SequenceModel::from_bytes(&written).map(|read| (read.stats(), read.to_bytes())),
        Ok((model.stats(), written))
    );
});
