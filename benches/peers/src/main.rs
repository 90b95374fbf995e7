//! CloudTrail to OCSF beside the engines that others use, in one run: how many times as fast?
//!
//! `cargo run --release -- [--test]`; with `HOMEOSTAT_CORPUS` on the corpus' CloudTrail, else on the simulated
//! tenant's. The engines are handed single records, already cut, and map less: no classes but API activity, no
//! resources of parameters, nothing withheld, nothing counted.

mod engine;

use engine::Engine;
use homeostat_benches::{Peer, cloudtrail_lines, contest, turns, value_map};
use homeostat_ingest::{Ingest, Registry};

fn main() {
    let (kind, text) = cloudtrail_lines();
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut ingest = Ingest::new(Registry::default());
    let engine = Engine::new();
    let mut peers = [
        Peer::new("homeostat, bytes to OCSF bytes", || normalize(&mut ingest, &text)),
        Peer::new("vrl 0.38, parse_json and a small map", || lines.iter().map(|line| engine.map(line)).sum()),
        Peer::new("by hand over serde_json::Value", || {
            lines.iter().filter_map(|line| value_map(line)).map(|event| event.len()).sum()
        }),
    ];
    let best = contest(&format!("CloudTrail, {kind}"), (lines.len(), text.len()), turns(7), &mut peers);
    if let [ours, vrl, by_hand] = best[..] {
        println!("{:.2} x vrl (4 asked for), {:.2} x by hand (2.5 asked for)", vrl / ours, by_hand / ours);
    }
    reading(&lines, text.len());
}

/// How fast records are read alone: the question that the feature `fast-json` was to answer.
fn reading(lines: &[&[u8]], bytes: usize) {
    let mut peers = [
        Peer::new("sonic-rs, to its tree", || {
            lines.iter().filter(|line| sonic_rs::from_slice::<sonic_rs::Value>(line).is_ok()).count()
        }),
        Peer::new("serde_json, to its tree", || {
            lines.iter().filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok()).count()
        }),
    ];
    contest("reading alone", (lines.len(), bytes), turns(7), &mut peers);
}

fn normalize(ingest: &mut Ingest, text: &[u8]) -> usize {
    let mut out = String::new();
    let mut bytes = 0;
    for event in ingest.read("trail.jsonl", text).flatten() {
        out.clear();
        event.write_json(&mut out);
        bytes += out.len();
    }
    bytes
}
