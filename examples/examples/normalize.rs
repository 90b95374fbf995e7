//! Raw logs in, OCSF 1.8.0 events out: one JSON object a line, each with its event id.
//!
//! `cargo run --release --example normalize -- [--source NAME] [--coverage FILE] FILE...`
//!
//! Bad records are told on standard error and the run goes on; a file that can not be read makes the exit code 1.

use clap::Parser;
use homeostat_examples::{Progress, inputs};
use homeostat_ingest::{Ingest, Registry};
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Turns security logs into OCSF 1.8.0 events.
#[derive(Parser)]
struct Arguments {
    /// Take every record for one of this source instead of finding out.
    #[arg(long)]
    source: Option<String>,
    /// Write what became of every scalar of the source here, as JSON.
    #[arg(long)]
    coverage: Option<PathBuf>,
    /// Files, directories, or `-` for standard input; `.gz` as it is. Records that name no year are of the last one
    /// before their file was changed.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("normalize: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Normalises all inputs; tells whether every one of them could be read.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut ingest = Ingest::new(registry(arguments)?);
    if arguments.coverage.is_some() {
        ingest = ingest.with_coverage();
    }
    let files = inputs(&arguments.files)?;
    let progress = Progress::new(files.len() as u64, "files");
    let mut out = BufWriter::new(io::stdout().lock());
    let mut all_read = true;
    for file in &files {
        progress.say(file.name());
        match file.open() {
            Ok(input) => {
                for event in ingest.set_latest(file.changed()).read(file.name(), input) {
                    match event {
                        Ok(event) => writeln!(out, "{}", event.to_json())?,
                        Err(error) => {
                            all_read &= !error.is_fatal();
                            eprintln!("{error}");
                        }
                    }
                }
            }
            Err(error) => {
                all_read = false;
                eprintln!(
                    "normalize: {error}: {}",
                    error.source().map(ToString::to_string).unwrap_or_default()
                );
            }
        }
        progress.advance(1);
    }
    progress.finish();
    out.flush()?;
    if let Some(path) = &arguments.coverage {
        std::fs::write(path, ingest.coverage().to_json())?;
    }
    Ok(all_read)
}

fn registry(arguments: &Arguments) -> Result<Registry, Box<dyn Error>> {
    let Some(name) = &arguments.source else { return Ok(Registry::default()) };
    if Registry::default().names().any(|known| known == name) {
        return Ok(Registry::default().only(name));
    }
    let known: Vec<String> = Registry::default().names().map(str::to_owned).collect();
    Err(format!("there is no source `{name}`; known are {}", known.join(", ")).into())
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
