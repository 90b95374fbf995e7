#![no_main]
//! Any bytes through one source, the one that `HOMEOSTAT_SOURCE` names (all without it), forms and envelopes
//! included: no panic, no invalid event, no leaf dropped, and the same bytes again for the same input.

use homeostat_event::{Level, validate};
use homeostat_ingest::{Ingest, KeepAll, Registry};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SOURCE: LazyLock<Option<String>> = LazyLock::new(|| {
    let name = std::env::var("HOMEOSTAT_SOURCE").ok()?;
    assert!(Registry::default().names().any(|known| known == name), "no source is called {name}");
    Some(name)
});

/// What comes as OCSF is handed on as it is, right or wrong.
fn is_ours() -> bool {
    SOURCE.as_deref().is_some_and(|name| name != "ocsf")
}

fn registry() -> Registry {
    SOURCE.iter().fold(Registry::default(), |registry, name| registry.only(name))
}

fuzz_target!(|bytes: &[u8]| {
    let mut ingest = Ingest::new(registry()).with_redact(KeepAll).with_coverage();
    let first: Vec<String> = ingest
        .read("fuzz.log", bytes)
        .flatten()
        .map(|event| {
            let wrong = validate(&event).into_iter().find(|found| found.level() == Level::Error);
            assert!(wrong.is_none() || !is_ours(), "{wrong:?} in {}", event.to_json());
            event.to_json()
        })
        .collect();
    let dropped = ingest.coverage().sources.iter().find(|(_, counts)| counts.leaves_dropped > 0);
    assert!(dropped.is_none(), "a leaf is dropped by {dropped:?}");
    let again = ingest.read("fuzz.log", bytes).flatten().map(|event| event.to_json());
    assert!(again.eq(first), "what was read before changes what is made of a record");
});
