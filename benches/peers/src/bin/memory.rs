//! How often does mapping a CloudTrail record allocate, and how much does an event keep? Beside a mapping by hand.
//!
//! A program of its own, because counting would slow the peers of the other one that allocate more.

use homeostat_benches::{cloudtrail_lines, value_map};
use homeostat_event::{Event, Interner, PackedEvent};
use homeostat_ingest::{Ingest, Registry};
use serde_json::Value;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let (kind, text) = cloudtrail_lines();
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    println!("CloudTrail, {kind}: {} records, {} bytes", lines.len(), text.len());
    let mut ingest = Ingest::new(Registry::default());
    let mut out = String::new();
    let mapping = counted(|| {
        for event in ingest.read("trail.jsonl", &*text).flatten() {
            out.clear();
            event.write_json(&mut out);
        }
    });
    tell("mapping, homeostat", mapping, lines.len());
    let by_hand = counted(|| lines.iter().for_each(|line| drop(std::hint::black_box(value_map(line)))));
    tell("mapping, by hand over serde_json::Value", by_hand, lines.len());

    let mut events: Vec<Event> = Vec::with_capacity(lines.len());
    let kept = counted(|| events.extend(ingest.read("trail.jsonl", &*text).flatten()));
    let stack = size_of::<Event>();
    let heap = kept.bytes_allocated.saturating_sub(kept.bytes_deallocated) as f64 / events.len() as f64;
    println!("kept, homeostat: {stack} + {heap:.0} bytes an event");
    let mut interner = Interner::default();
    let mut packed: Vec<PackedEvent> = Vec::with_capacity(lines.len());
    let kept = counted(|| packed.extend(events.iter().map(|event| interner.pack(event))));
    let heap = kept.bytes_allocated.saturating_sub(kept.bytes_deallocated) as f64 / packed.len() as f64;
    let alone = packed.iter().map(PackedEvent::size).sum::<usize>() as f64 / packed.len() as f64;
    println!(
        "kept, packed: {} + {heap:.0} bytes an event, of which {alone:.0} its own and the rest the interner's",
        size_of::<PackedEvent>()
    );
    let mut values: Vec<Value> = Vec::with_capacity(lines.len());
    let kept = counted(|| values.extend(lines.iter().filter_map(|line| serde_json::from_slice::<Value>(line).ok())));
    let heap = kept.bytes_allocated.saturating_sub(kept.bytes_deallocated) as f64 / values.len() as f64;
    println!("kept, the record as serde_json::Value: {} + {heap:.0} bytes a record", size_of::<Value>());
}

fn counted(job: impl FnOnce()) -> Stats {
    let region = Region::new(COUNTED);
    job();
    region.change()
}

fn tell(name: &str, stats: Stats, records: usize) {
    let each = |count: usize| count as f64 / records as f64;
    println!(
        "{name}: {:.2} allocations, {:.2} reallocations, {:.0} bytes a record",
        each(stats.allocations),
        each(stats.reallocations),
        each(stats.bytes_allocated)
    );
}
