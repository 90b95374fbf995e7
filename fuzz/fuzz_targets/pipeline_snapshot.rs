//! Whatever bytes come back as a snapshot of the whole: an error or a pipeline, never a panic; a pipeline that was read
//! takes events in and gives bytes that read back; and one that was altered without its checksum is refused.
#![no_main]

use homeostat::{Estate, Pipeline, Reflex, Upkeep};
use homeostat_core::{Forget, TenantId, xxh64};
use homeostat_event::Event;
use homeostat_graph::Inventory;
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_posture::Posture;
use libfuzzer_sys::fuzz_target;
use std::ops::Range;
use std::sync::OnceLock;

/// Records of a cloud account, an identity provider and a network.
const LOGS: [(&str, &[u8]); 3] = [
    ("cloudtrail.jsonl", include_bytes!("../../crates/ingest/tests/fixtures/cloudtrail.jsonl")),
    ("okta.jsonl", include_bytes!("../../crates/ingest/tests/fixtures/okta.jsonl")),
    ("zeek.jsonl", include_bytes!("../../crates/ingest/tests/fixtures/zeek.jsonl")),
];

fn events() -> &'static [Event] {
    static EVENTS: OnceLock<Vec<Event>> = OnceLock::new();
    EVENTS.get_or_init(|| {
        let context = Context::new().with_tenant(TenantId::new("fuzz").expect("a name"));
        let mut ingest = Ingest::new(Registry::default()).with_context(context);
        LOGS.into_iter()
            .flat_map(|(name, log)| ingest.read(name, log).flatten().take(12).collect::<Vec<_>>())
            .collect()
    })
}

/// A snapshot of a pipeline that saw them.
fn snapshot() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let estate = Estate::new(Inventory::default()).with_upkeep(Upkeep::new(Posture::default()));
        let pipeline = Pipeline::new(TenantId::new("fuzz").expect("a name")).with_estate(estate);
        let mut pipeline = pipeline.with_reflex(Reflex::new(["203.0.113.0/25"]));
        for event in events() {
            pipeline.observe(event);
        }
        pipeline.to_bytes()
    })
}

/// Where a snapshot lies in that one, the innermost first: each ends in the checksum of what is before it.
fn nested() -> &'static [Range<usize>] {
    static NESTED: OnceLock<Vec<Range<usize>>> = OnceLock::new();
    NESTED.get_or_init(|| {
        let whole = snapshot();
        let number = |at: usize| {
            whole.get(at..at + 8).and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)))
        };
        let summed = |own: &Range<usize>| number(own.end - 8) == Some(xxh64(&whole[own.start..own.end - 8]));
        let at = |at: usize| {
            let length =
                number(at).and_then(|length| usize::try_from(length).ok()).filter(|length| *length >= 14)?;
            Some(at + 8..(at + 8).checked_add(length)?).filter(|own| own.end <= whole.len())
        };
        let mut nested: Vec<Range<usize>> = (0..whole.len()).filter_map(at).filter(summed).collect();
        nested.push(0..whole.len());
        nested.sort_by_key(ExactSizeIterator::len);
        nested
    })
}

/// Reads `bytes`, and goes on from there if they are a snapshot.
fn read(bytes: &[u8]) {
    let Ok(mut pipeline) = Pipeline::from_bytes(bytes) else { return };
    for event in events() {
        pipeline.observe(event);
        for (key, _) in event.entities().into_iter().take(1) {
            pipeline.forget(&key);
        }
    }
    let bytes = pipeline.to_bytes();
    assert_eq!(Pipeline::from_bytes(&bytes).map(|again| again.to_bytes()), Ok(bytes));
}

fuzz_target!(|data: &[u8]| {
    read(data);
    // The same snapshot with some of its bytes made others: once as damage, once by somebody who knows the checksums.
    let mut altered = snapshot().to_vec();
    let body = altered.len() - 8;
    for [high, low, by] in data.as_chunks::<3>().0.iter().take(16) {
        let at = usize::from(u16::from_be_bytes([*high, *low])) * body / 65_536;
        altered[at] ^= by;
    }
    if altered != snapshot() {
        assert!(Pipeline::from_bytes(&altered).is_err(), "damage is seen");
    }
    for own in nested() {
        let sum = xxh64(&altered[own.start..own.end - 8]);
        altered[own.end - 8..own.end].copy_from_slice(&sum.to_le_bytes());
    }
    read(&altered);
});
