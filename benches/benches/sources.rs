//! How fast is each source's mapping, in megabytes of its log a second on one core? 150 are asked for.
//!
//! One row a log, with the source that most of its events are of and the bytes of a record. The fixtures are read as one
//! input in which they come again and again, so that opening an input counts once, as in a log of some size. They hold
//! one record of each kind rather than the few kinds that fill a real log. So the logs that the simulated tenant writes
//! stand below them, each kind as often as its people's days make it; of them there are fewer. `HOMEOSTAT_LOGS=FILE:FILE…`
//! measures other logs instead, packed ones among them.

use homeostat_benches::{cloudtrail, cpu_seconds, turns};
use homeostat_ingest::{Ingest, Registry};
use homeostat_maturity::{Tenant, TenantOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How much of each log is read in a turn, in bytes: 16 MiB, for the scheduler tells computing time in steps of up to 4 ms;
/// little when only tested.
fn wanted() -> usize {
    turns(16) << 20
}

/// What is asked for, in megabytes a second.
const BAR: f64 = 150.0;

fn main() {
    println!("log                              source                 MB/s  k events/s  bytes a record");
    if let Some(told) = std::env::var_os("HOMEOSTAT_LOGS") {
        return measure(std::env::split_paths(&told).filter_map(|path| log_at(&path)));
    }
    measure(fixtures().iter().filter_map(|path| log_at(path)));
    println!("\nwritten by the simulated tenant:");
    measure(simulated().into_iter());
}

/// Prints a row for each log, given by name and text, and how many are fast enough.
fn measure(logs: impl Iterator<Item = (String, Vec<u8>)>) {
    let started = Instant::now();
    let (mut logs_read, mut slower) = (0, 0);
    for (name, text) in logs {
        let (text, mut ingest) = (again_and_again(&name, &text), Ingest::new(Registry::default()));
        let (mut events, mut best) = (0, f64::INFINITY);
        for _ in 0..turns(5) {
            let before = cpu_seconds(started);
            events = read(&mut ingest, &name, &text);
            best = best.min(cpu_seconds(started) - before);
        }
        let speed = text.len() as f64 / best / 1e6;
        let mark = if speed < BAR { " below" } else { "" };
        println!(
            "{name:<32} {:<20} {speed:>6.0} {:>11.0} {:>15}{mark}",
            source_of(&name, &text),
            events as f64 / best / 1e3,
            text.len() / events.max(1),
        );
        (logs_read, slower) = (logs_read + 1, slower + usize::from(speed < BAR));
    }
    println!("{} of {logs_read} logs at {BAR} MB/s or more", logs_read - slower);
}

/// The events of one log, written out.
fn read(ingest: &mut Ingest, name: &str, text: &[u8]) -> usize {
    let mut out = String::new();
    let mut events = 0;
    for event in ingest.read(name, text).flatten() {
        out.clear();
        event.write_json(&mut out);
        events += usize::from(!std::hint::black_box(&out).is_empty());
    }
    events
}

/// The source of most of the events.
fn source_of(name: &str, text: &[u8]) -> String {
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    let start = text.get(..text.len().min(128 << 10)).unwrap_or(text);
    ingest.read(name, start).for_each(drop);
    let sources = &ingest.coverage().sources;
    let most = sources.iter().max_by_key(|(_, counts)| counts.events);
    most.map_or_else(String::new, |(source, _)| source.clone())
}

/// The log, repeated until it is of the wanted length; the header of a table stands once.
fn again_and_again(name: &str, text: &[u8]) -> Vec<u8> {
    let is_table = Path::new(name).extension().is_some_and(|extension| extension == "csv");
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let is_header = |line: &&&[u8]| line.starts_with(b"#") || line.starts_with(b"version ");
    let named = lines.iter().take_while(is_header).count() + usize::from(is_table);
    let (header, rows) = lines.split_at(named.min(lines.len()));
    let rows: Vec<&[u8]> = rows.iter().filter(|line| !is_header(line)).copied().collect();
    let rows = rows.concat();
    let copies = wanted().div_ceil(rows.len().max(1));
    [header.concat(), rows.repeat(copies)].concat()
}

/// The name and the text of the log at `path`, unpacked.
fn log_at(path: &Path) -> Option<(String, Vec<u8>)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let packed = std::fs::read(path).ok()?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Some((name, packed));
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&*packed).read_to_end(&mut text).ok().map(|_| (name, text))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ingest/tests/fixtures");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut logs: Vec<PathBuf> = files.filter(|path| path.is_file() && !is_golden(path)).collect();
    logs.sort();
    logs
}

/// What the sources of the simulated tenant write in two days.
fn simulated() -> Vec<(String, Vec<u8>)> {
    let acme = Tenant::new(&TenantOptions::new(7).days(2));
    let logs = acme.logs().filter(|(name, _)| !name.starts_with("cloudtrail/"));
    logs.chain([("cloudtrail.json".to_owned(), cloudtrail().concat())]).collect()
}

fn is_golden(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ocsf" || extension == "md")
}
