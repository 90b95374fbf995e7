//! Logs in, the stories that matter out: as JSON on standard output, as pages with `--out`.
//!
//! `cargo run --release --example investigate -- [--alerts] [--out DIR] FILE|DIR...`

use clap::Parser;
use homeostat::Pipeline;
use homeostat_core::TenantId;
use homeostat_examples::{Progress, bring_clocks_together, inputs, read_alerts, read_events};
use homeostat_identity::Entity;
use homeostat_incident::{Report, shown};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Finds the stories in security logs.
#[derive(Parser)]
struct Arguments {
    /// Take the files for plain lists of alerts: a table with a header (time, name, host …) or JSON lines.
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
    let files = inputs(&arguments.files)?;
    let mut clock_offsets = BTreeMap::new();
    let pipeline = if arguments.alerts {
        let signals = read_alerts(&files, &tenant)?;
        observe(Pipeline::new(tenant), &signals, |pipeline, signal| drop(pipeline.tell(signal)))
    } else {
        let mut events = read_events(&files, &tenant)?;
        clock_offsets = bring_clocks_together(&mut events);
        observe(Pipeline::new(tenant), &events, |pipeline, event| drop(pipeline.observe(event)))
    };
    let incidents = pipeline.investigator().incidents();
    let graph = pipeline.estate().graph();
    let reports: Vec<Report> = incidents.iter().map(|incident| incident.report(graph, graph)).collect();
    if let Some(folder) = &arguments.out {
        write_pages(folder, &reports)?;
    }
    let told: Result<Vec<Value>, _> =
        reports.iter().map(|report| serde_json::from_str(&report.to_json())).collect();
    let entities: Vec<Vec<String>> = pipeline.directory().aliases().iter().map(names).collect();
    println!("{}", json!({ "incidents": told?, "entities": entities, "clock_offsets": clock_offsets }));
    Ok(())
}

fn observe<T>(mut pipeline: Pipeline, told: &[T], take: impl Fn(&mut Pipeline, &T)) -> Pipeline {
    let progress = Progress::new(told.len() as u64, "records");
    progress.say("investigating");
    for one in told {
        take(&mut pipeline, one);
        progress.advance(1);
    }
    pipeline.finish();
    progress.finish();
    pipeline
}

/// The names of an entity, without repeats.
fn names(entity: &Entity) -> Vec<String> {
    let names: BTreeSet<String> = entity.identifiers.iter().map(shown).collect();
    names.into_iter().collect()
}

fn write_pages(folder: &Path, reports: &[Report]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for report in reports {
        fs::write(folder.join(format!("{}.md", report.id)), report.to_markdown())?;
        fs::write(folder.join(format!("{}.html", report.id)), report.to_html())?;
        fs::write(folder.join(format!("{}.json", report.id)), report.to_json())?;
        fs::write(folder.join(format!("{}.attack-flow.json", report.id)), report.to_attack_flow())?;
        fs::write(folder.join(format!("{}.ocsf.json", report.id)), report.to_ocsf())?;
        fs::write(folder.join(format!("{}.mmd", report.id)), report.to_mermaid())?;
        fs::write(folder.join(format!("{}.dot", report.id)), report.to_dot())?;
    }
    Ok(())
}
