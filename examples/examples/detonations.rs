//! Attack techniques, each in a log of its own, mixed into the ordinary days of the simulated tenant: which of them
//! end in an incident, and how many incidents are nothing but the ordinary days.
//!
//! `cargo run --release --example detonations -- [--seed N] FILE|DIR...`

use clap::Parser;
use homeostat::Pipeline;
use homeostat_event::Event;
use homeostat_examples::{Input, Material, inputs, read_events};
use homeostat_maturity::TenantOptions;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Mixes logs of single attack techniques into a simulated tenant.
#[derive(Parser)]
struct Arguments {
    /// The seed of the simulated tenant.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Logs of one technique each.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// After so many days the first technique is used, the others each some hours after the one before.
const HISTORY: Duration = Duration::from_hours(8 * 24);
const APART: Duration = Duration::from_hours(3);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("detonations: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut material = Material::simulated(&TenantOptions::new(arguments.seed))?;
    let mut logs = Vec::new();
    for (number, file) in (0_u32..).zip(inputs(&arguments.files)?) {
        let mut events = read_events(std::slice::from_ref(&file), &material.tenant)?;
        if !events.is_empty() {
            shift(&mut events, &material.events, HISTORY + APART * number);
            material.events.append(&mut events);
            logs.push(file);
        }
    }
    material.events.sort_by_key(Event::when);
    let mut pipeline = Pipeline::new(material.tenant);
    material.events.iter().for_each(|event| drop(pipeline.observe(event)));
    pipeline.finish();
    tell(&logs, &pipeline);
    Ok(())
}

/// Moves `events` so that the first of them comes `after` the first of `ordinary`.
fn shift(events: &mut [Event], ordinary: &[Event], after: Duration) {
    let first = |events: &[Event]| events.iter().map(Event::when).find(|time| time.is_moment());
    let (Some(own), Some(start)) = (first(events), first(ordinary)) else { return };
    for event in events {
        let since = event.when().since(own).and_then(|micros| u64::try_from(micros).ok());
        let moved = since.and_then(|micros| start.plus(after)?.plus(Duration::from_micros(micros)));
        moved.map(|time| event.set_when(time));
    }
}

fn tell(logs: &[Input], pipeline: &Pipeline) {
    let incidents = pipeline.investigator().incidents();
    let places: Vec<BTreeSet<&str>> = incidents
        .iter()
        .map(|incident| incident.events().iter().map(homeostat_core::EventRef::place).collect())
        .collect();
    let mut found = 0;
    for log in logs {
        let name = log.name().trim_end_matches(".gz").trim_end_matches(".json");
        let rank = places.iter().position(|places| places.contains(name));
        found += usize::from(rank.is_some());
        println!("{:<10} {name}", rank.map_or("missed".to_owned(), |rank| format!("rank {}", rank + 1)));
    }
    let ordinary = places
        .iter()
        .filter(|places| !logs.iter().any(|log| places.iter().any(|place| log.name().starts_with(place))))
        .count();
    println!(
        "{found} of {} techniques in an incident; {} incidents, {ordinary} of ordinary days alone",
        logs.len(),
        incidents.len()
    );
}
