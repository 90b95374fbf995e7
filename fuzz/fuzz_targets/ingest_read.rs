#![no_main]
//! Any bytes, as they are and in a list, through every source: no panic, no invalid event, no leaf dropped.

use homeostat_event::{Level, validate};
use homeostat_ingest::{Ingest, Registry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    for event in ingest.read("fuzz.json", bytes).flatten() {
        assert!(validate(&event).iter().all(|violation| violation.level() != Level::Error));
    }
    let listed = [b"{\"Records\":[", bytes, b"]}"].concat();
    let _ = ingest.read("fuzz.json", &listed[..]).count();
    assert!(ingest.coverage().sources.values().all(|counts| counts.leaves_dropped == 0));
});
