//! Checks a folder of evidence: the chain of custody and every object.
//!
//! `cargo run -p homeostat-forensics --example verify_evidence -- DIR [HEAD]`; ends with 1 when something is wrong.

use homeostat_forensics::{Digest, DirectoryStore, verify};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("say which folder")?);
    let head: Option<Digest> = arguments.next().map(|head| head.parse()).transpose()?;
    let log = std::fs::read(folder.join("custody.log"))?;
    let report = verify(&log, &DirectoryStore::open(&folder)?, head)?;
    println!(
        "{} lines, {} objects of {} bytes, {} destroyed; head {}",
        report.lines, report.objects, report.bytes, report.destroyed, report.head
    );
    for problem in &report.problems {
        println!("{problem}");
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
