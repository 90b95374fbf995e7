//! May it be done? AWS authorization cases in, one JSON object a line out, each with the statements that decided.
//!
//! `cargo run --release --example authorize -- FILE.json...`
//!
//! A case that can not be read is told on standard error with its file and place, and the run goes on; a file that
//! can not be read makes the exit code 1.

use clap::Parser;
use homeostat_examples::{Input, cases, inputs};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Decides AWS authorization cases and tells why.
#[derive(Parser)]
struct Arguments {
    /// Files, directories, or `-` for standard input; `.gz` as it is.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("authorize: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every case; tells whether every file could be read.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut all_read = true;
    for file in inputs(&arguments.files)? {
        if let Err(error) = answer(&file, &mut out) {
            all_read = false;
            eprintln!("authorize: `{}`: {error}", file.name());
        }
    }
    out.flush()?;
    Ok(all_read)
}

fn answer(file: &Input, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let document: Value = serde_json::from_str(&file.text()?)?;
    for (index, case) in cases(document)?.into_iter().enumerate() {
        let line = case.and_then(|case| Ok((case.id().map(str::to_owned), case.answer()?)));
        match line {
            Ok((id, mut line)) => {
                line.insert("id".to_owned(), json!(id.unwrap_or_else(|| format!("{}#{index}", file.name()))));
                line.insert("file".to_owned(), json!(file.name()));
                writeln!(out, "{}", Value::Object(line))?;
            }
            Err(error) => eprintln!("authorize: `{}`, case {index}: {error}", file.name()),
        }
    }
    Ok(())
}
