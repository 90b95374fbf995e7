//! How fast do CloudTrail records become OCSF text? Beside a mapping written by hand over `serde_json::Value`, and
//! beside reading and writing JSON, nothing more. Events read back and written beside the same.

use homeostat_benches::{Peer, cloudtrail_lines, contest, turns, value_map};
use homeostat_event::Event;
use homeostat_ingest::{Ingest, Registry};
use serde_json::Value;

fn main() {
    let (kind, text) = cloudtrail_lines();
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut ingest = Ingest::new(Registry::default());
    let mut peers = [
        Peer::new("homeostat, bytes to OCSF bytes", || normalize(&mut ingest, &text)),
        Peer::new("by hand over serde_json::Value (peer)", || {
            lines.iter().filter_map(|line| value_map(line)).map(|event| event.len()).sum()
        }),
        Peer::new("serde_json reading and writing alone (peer)", || {
            lines.iter().map(|line| round_trip(line)).sum()
        }),
    ];
    contest(&format!("CloudTrail, {kind}"), (lines.len(), text.len()), turns(15), &mut peers);

    let mut ingest = Ingest::new(Registry::default());
    let events: Vec<String> =
        ingest.read("trail.jsonl", &*text).flatten().map(|event| event.to_json()).collect();
    let bytes = events.iter().map(String::len).sum();
    let mut peers = [
        Peer::new("homeostat, OCSF read and written", || {
            events
                .iter()
                .filter_map(|text| Event::from_json(text).ok())
                .map(|event| event.to_json().len())
                .sum()
        }),
        Peer::new("serde_json reading and writing (peer)", || {
            events.iter().map(|text| round_trip(text.as_bytes())).sum()
        }),
    ];
    contest("OCSF of it", (events.len(), bytes), turns(15), &mut peers);
}

/// Bytes of OCSF, written into one text that is used over and over.
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

fn round_trip(text: &[u8]) -> usize {
    serde_json::from_slice::<Value>(text).map_or(0, |value| value.to_string().len())
}
