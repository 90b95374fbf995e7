//! How fast is each source's mapping, in megabytes of its log a second on one core? 150 are asked for.
//!
//! Each source's fixtures are read over and over. They hold one record of each kind rather than the few kinds that fill a
//! real log, so a mapper is slower here than there; `HOMEOSTAT_LOGS=FILE:FILE…` measures other logs instead.

use homeostat_benches::{cpu_seconds, turns};
use homeostat_ingest::{Ingest, Registry};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How much of each log is read in a turn: some milliseconds' work.
const BYTES: usize = 4 << 20;

fn main() {
    let started = Instant::now();
    for path in logs() {
        let Ok(text) = std::fs::read(&path) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let copies = BYTES.div_ceil(text.len().max(1));
        let mut ingest = Ingest::new(Registry::default());
        let (mut events, mut best) = (0, f64::INFINITY);
        for _ in 0..turns(5) {
            let before = cpu_seconds(started);
            events = (0..copies).map(|_| read(&mut ingest, &name, &text)).sum();
            best = best.min(cpu_seconds(started) - before);
        }
        let bytes = (copies * text.len()) as f64;
        println!(
            "{name:<32} {:>6.0} MB/s {:>6.0} k events/s",
            bytes / best / 1e6,
            events as f64 / best / 1e3
        );
    }
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

fn logs() -> Vec<PathBuf> {
    if let Some(told) = std::env::var_os("HOMEOSTAT_LOGS") {
        return std::env::split_paths(&told).collect();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ingest/tests/fixtures");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut logs: Vec<PathBuf> = files.filter(|path| path.is_file() && !is_golden(path)).collect();
    logs.sort();
    logs
}

fn is_golden(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ocsf" || extension == "md")
}
