//! An estate from raw logs to a bounded response, told as a story; `report.md` and `report.html` are written into
//! the current directory.
//!
//! `cargo run --release --example quickstart [DIR]`: without an argument a simulated tenant under attack, and the
//! same tenant without the attack; with `DIR` the logs below it.

use clap::Parser;
use homeostat_examples::{Material, Progress, Reached, Study, telling};
use homeostat_incident::{Incident, Report};
use homeostat_maturity::TenantOptions;
use homeostat_response::Mode;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

/// The seed of the simulated tenant. Any other tells another story of the same attack.
const SEED: u64 = 7;

/// Learns what is normal, finds what is not, tells the story and plans a bounded response.
#[derive(Parser)]
struct Arguments {
    /// A directory of logs, and the account's authorization details where there are any; `.gz` as it is.
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = &arguments.folder {
        let material = Material::read(folder).map_err(|error| error as Box<dyn Error>)?;
        return tell(&material);
    }
    let [attacked, quiet] = Material::twins(SEED);
    let twin = thread::spawn(move || quiet_tenant(&quiet));
    let material = Material::simulated(&attacked).map_err(|error| error as Box<dyn Error>)?;
    tell(&material)?;
    let incidents = twin.join().map_err(|_| "the twin could not be studied")?;
    let incidents = incidents.map_err(|error| error as Box<dyn Error>)?;
    print!("{}", telling::twin(&incidents));
    Ok(())
}

/// The incidents of the simulated tenant.
fn quiet_tenant(options: &TenantOptions) -> Result<Vec<Incident>, Box<dyn Error + Send + Sync>> {
    let material = Material::simulated(options)?;
    Ok(Study::of(&material, &Progress::hidden()).incidents())
}

fn tell(material: &Material) -> Result<(), Box<dyn Error>> {
    let progress = Progress::new(material.events.len() as u64, "events");
    progress.say("studying");
    let study = Study::of(material, &progress);
    progress.finish();
    let incidents = study.incidents();
    println!("{}", telling::read(material));
    println!("{}", telling::learnt(&study));
    print!("{}", telling::found(&study, &incidents));
    if let Some(top) = incidents.first() {
        print!("{}", telling::response(&study.answer(top, Mode::Act)?, Reached::Memory.words()));
        write(&study.report(top))?;
    }
    Ok(())
}

fn write(report: &Report) -> Result<(), Box<dyn Error>> {
    fs::write("report.md", report.to_markdown())?;
    fs::write("report.html", report.to_html())?;
    println!("\nThe whole story stands in report.md and report.html.");
    Ok(())
}
