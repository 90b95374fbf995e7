//! How many raw records a second go the whole way, from bytes to stories? Beside reading the same bytes as JSON alone,
//! and step by step, so that it is seen where the time goes.

use criterion::{BatchSize, Criterion, Throughput};
use homeostat::{Estate, Intake, IntakeSettings, Pipeline, WhenFull};
use homeostat_benches::{cpu_seconds, turns};
use homeostat_core::{Position, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_graph::{Inventory, Reading};
use homeostat_identity::Directory;
use homeostat_ingest::{Context, Ingest, Registry};
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

type Logs = [(String, Vec<u8>)];

fn main() -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new(TENANT)?;
    let days = if turns(2) == 1 { TenantOptions::LEAST_DAYS } else { 14 };
    let acme = Tenant::new(&TenantOptions::new(7).days(days).story(Story::MultiHop));
    let logs: Vec<(String, Vec<u8>)> = acme.logs().collect();
    let reading = Reading::new(tenant.clone(), Timestamp::UNKNOWN).named("account");
    let inventory = Inventory::from_account_authorization(acme.account(), &reading)?;
    let empty = || Pipeline::new(tenant.clone()).with_estate(Estate::new(inventory.clone()));
    let events = read(&tenant, &logs)?;
    step_by_step(&tenant, &logs, &events, empty())?;
    twice_the_load(&events, empty())?;

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(events.len() as u64)).sample_size(10);
    group.bench_function("bytes to stories", |bencher| {
        bencher.iter_batched(
            empty,
            |pipeline| read(&tenant, &logs).map(|events| study(pipeline, &events)),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("bytes to JSON (peer)", |bencher| bencher.iter(|| values(black_box(&logs))));
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// What each room takes of an event's time, and what is kept at the end.
fn step_by_step(
    tenant: &TenantId,
    logs: &Logs,
    events: &[Event],
    pipeline: Pipeline,
) -> Result<(), Box<dyn Error>> {
    let bytes: usize = logs.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{} events in {bytes} bytes", events.len());
    let each = |seconds: f64| seconds * 1e6 / events.len() as f64;
    let started = Instant::now();
    let before = cpu_seconds(started);
    drop(black_box(read(tenant, logs)?));
    let ingested = cpu_seconds(started);
    let mut directory = Directory::new(tenant.clone());
    for (at, event) in (0..).zip(events) {
        drop(directory.observe_event(Position::at(at), event));
    }
    let known = cpu_seconds(started);
    let resident = resident();
    let pipeline = study(pipeline, events);
    let told = cpu_seconds(started);
    println!("  from bytes to events              {:>6.2} µs", each(ingested - before));
    println!("  from events to a directory        {:>6.2} µs", each(known - ingested));
    println!("  from events to stories, all rooms {:>6.2} µs", each(told - known));
    println!("  the whole way {:>9.0} events/s", 1e6 / each(ingested - before + told - known));
    println!(
        "  {} incidents; kept: {} identifiers, {} MiB more than before",
        pipeline.investigator().incidents().len(),
        pipeline.directory().stats().keys,
        resident_since(resident)
    );
    Ok(())
}

/// Two events come for each that is worked: what is shed, and what memory does once the intake is full.
fn twice_the_load(events: &[Event], mut pipeline: Pipeline) -> Result<(), Box<dyn Error>> {
    let mut intake = Intake::new(IntakeSettings::default().capacity(4_096).when_full(WhenFull::Shed))?;
    let (rounds, mut settled) = (events.chunks(512), None);
    for round in rounds {
        for event in round {
            let _ = intake.offer(event.clone())?;
        }
        if settled.is_none() && intake.stats().shed > 0 {
            settled = Some(resident());
        }
        drop(black_box(intake.work(&mut pipeline, 256)));
    }
    let stats = intake.stats();
    println!(
        "  twice the load: {} offered, {} worked, {} wait, {} shed; {} MiB more since the intake is full",
        stats.offered,
        stats.worked,
        stats.waiting,
        stats.shed,
        settled.map_or(0, resident_since)
    );
    Ok(())
}

fn read(tenant: &TenantId, logs: &Logs) -> Result<Vec<Event>, Box<dyn Error>> {
    let mut ingest =
        Ingest::new(Registry::default()).with_context(Context::new().with_tenant(tenant.clone()));
    let mut events = Vec::new();
    for (name, bytes) in logs {
        for event in ingest.read(name, bytes.as_slice()) {
            events.push(event?);
        }
    }
    events.sort_by_key(Event::when);
    Ok(events)
}

fn study(mut pipeline: Pipeline, events: &[Event]) -> Pipeline {
    for event in events {
        drop(black_box(pipeline.observe(event)));
    }
    pipeline.finish();
    pipeline
}

/// How many lines are JSON.
fn values(logs: &Logs) -> usize {
    let lines = logs.iter().flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n'));
    lines.filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok()).count()
}

/// Pages of this process in memory, where Linux tells.
fn resident() -> u64 {
    let told = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

fn resident_since(before: u64) -> u64 {
    resident().saturating_sub(before) * 4_096 / (1 << 20)
}
