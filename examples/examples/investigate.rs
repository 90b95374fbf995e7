//! Logs in, the stories that matter out: as JSON on standard output, as pages with `--out`.
//!
//! `cargo run --release --example investigate -- [--alerts] [--out DIR] FILE|DIR...`

use clap::Parser;
use homeostat::Pipeline;
use homeostat_core::{EntityKey, TenantId};
use homeostat_event::Event;
use homeostat_examples::{Progress, inputs, read_events};
use homeostat_identity::Entity;
use homeostat_incident::Report;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Finds the stories in security logs.
#[derive(Parser)]
struct Arguments {
    /// Take the files for plain lists of alerts (CSV: time, name, ip, host, short).
    #[arg(long)]
    alerts: bool,
    /// Write each story as Markdown and HTML into this directory.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Files or directories of logs; `.gz` as it is, `-` for standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("investigate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("local")?;
    let events = read_events(&inputs(&arguments.files)?, &tenant)?;
    let pipeline = observe(Pipeline::new(tenant), &events);
    let incidents = pipeline.investigator().incidents();
    let graph = pipeline.estate().graph();
    let reports: Vec<Report> = incidents.iter().map(|incident| incident.report(graph, graph)).collect();
    if let Some(folder) = &arguments.out {
        write_pages(folder, &reports)?;
    }
    let told: Result<Vec<Value>, _> =
        reports.iter().map(|report| serde_json::from_str(&report.to_json())).collect();
    let entities: Vec<Vec<String>> = pipeline.directory().aliases().iter().map(names).collect();
    println!("{}", json!({ "incidents": told?, "entities": entities, "clock_offsets": {} }));
    Ok(())
}

fn observe(mut pipeline: Pipeline, events: &[Event]) -> Pipeline {
    let progress = Progress::new(events.len() as u64, "events");
    progress.say("investigating");
    for event in events {
        pipeline.observe(event);
        progress.advance(1);
    }
    pipeline.finish();
    progress.finish();
    pipeline
}

/// The names of an entity, without repeats.
fn names(entity: &Entity) -> Vec<String> {
    let names: BTreeSet<&str> = entity.identifiers.iter().map(EntityKey::value).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn write_pages(folder: &Path, reports: &[Report]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for report in reports {
        fs::write(folder.join(format!("{}.md", report.id)), report.to_markdown())?;
        fs::write(folder.join(format!("{}.html", report.id)), report.to_html())?;
        fs::write(folder.join(format!("{}.json", report.id)), report.to_json())?;
    }
    Ok(())
}
