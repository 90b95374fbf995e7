//! Programs for developers of this workspace.
//!
//! `cargo run -p xtask -- schema-table SCHEMA` writes `crates/event/src/table_data.rs` from the compiled OCSF schema,
//! a JSON file or the same in `.gz`.

mod schema_table;

use serde_json::Value;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [task, schema] = arguments.as_slice() else { return usage() };
    if task != "schema-table" {
        return usage();
    }
    match write_table(Path::new(schema)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: xtask schema-table SCHEMA");
    ExitCode::from(2)
}

fn write_table(schema: &Path) -> Outcome<()> {
    let table = schema_table::table(&read(schema)?)?;
    Ok(std::fs::write(table_file(), table)?)
}

fn table_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/event/src/table_data.rs")
}

fn read(schema: &Path) -> Outcome<Value> {
    let mut text = String::new();
    let mut file = std::fs::File::open(schema)?;
    if schema.extension().is_some_and(|end| end == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    } else {
        file.read_to_string(&mut text)?;
    }
    Ok(serde_json::from_str(&text)?)
}
