//! How many CloudTrail records a second become OCSF text? Beside reading and writing them as JSON, nothing more.

use criterion::{Criterion, Throughput};
use homeostat_benches::cloudtrail;
use homeostat_ingest::{Ingest, Registry};
use serde_json::Value;
use std::hint::black_box;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let files = cloudtrail();
    let records = normalize(&files).0;
    let bytes: usize = files.iter().map(Vec::len).sum();
    println!("{records} records in {} files, {bytes} bytes", files.len());
    let mut group = criterion.benchmark_group("ingest/cloudtrail");
    group.throughput(Throughput::Elements(records)).sample_size(20);
    group.bench_function("records to OCSF text", |bencher| bencher.iter(|| normalize(black_box(&files))));
    group.bench_function("serde_json read and write (peer)", |bencher| {
        bencher.iter(|| round_trip(black_box(&files)));
    });
    group.finish();
    criterion.final_summary();
}

/// Events and bytes of OCSF.
fn normalize(files: &[Vec<u8>]) -> (u64, usize) {
    let mut ingest = Ingest::new(Registry::default());
    let mut told = (0, 0);
    for file in files {
        for event in ingest.read("trail.json", &**file).flatten() {
            told = (told.0 + 1, told.1 + event.to_json().len());
        }
    }
    told
}

fn round_trip(files: &[Vec<u8>]) -> usize {
    let values = files.iter().filter_map(|file| serde_json::from_slice::<Value>(file).ok());
    values.map(|value| value.to_string().len()).sum()
}
