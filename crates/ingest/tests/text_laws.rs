//! Laws that hold for text however it is cut or spoilt: every line gives an event or an error, every event is valid,
//! nothing of what was read is dropped.
#![cfg(test)]

use homeostat_event::{Level, validate};
use homeostat_ingest::{Ingest, KeepAll, Registry};
use std::fs;
use std::path::Path;

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn strict() -> Ingest {
    Ingest::new(Registry::default()).with_redact(KeepAll).with_coverage()
}

/// The JSON of the events of a text, and how many errors it gave.
fn read(ingest: &mut Ingest, text: &str) -> (Vec<String>, usize) {
    let (mut events, mut errors) = (Vec::new(), 0);
    for next in ingest.read("any.log", text.as_bytes()) {
        let Ok(event) = next else {
            errors += 1;
            continue;
        };
        let broken = validate(&event).into_iter().find(|found| found.level() == Level::Error);
        assert!(broken.is_none(), "{broken:?} of {text}");
        events.push(event.to_json());
    }
    for counts in ingest.coverage().sources.values() {
        assert_eq!(counts.leaves_dropped, 0, "{text}");
    }
    (events, errors)
}

/// Every fifth of the places where `text` can be cut.
fn cuts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    (1..text.len()).step_by(5).filter_map(|at| text.split_at_checked(at))
}

#[test]
fn a_line_cut_anywhere_is_one_record_or_one_error() {
    let mut ingest = strict();
    for line in ["auth.log", "mimecast.log"].map(fixture).iter().flat_map(|text| text.lines()) {
        for (front, back) in cuts(line).filter(|(front, _)| !front.trim().is_empty()) {
            let (events, errors) = read(&mut ingest, front);
            assert_eq!(events.len() + errors, 1, "{front}");
            // The last word that was read stands in the event.
            let word = front
                .rsplit([' ', '|', '=', '"', '\\', ':', '[', '(', '#', ']', ')'])
                .next()
                .unwrap_or_default();
            assert!(events.iter().all(|event| event.contains(word)), "{word} of {front}: {events:?}");
            let spoilt = format!("{front}é={{{back}");
            let (events, errors) = read(&mut ingest, &spoilt);
            assert_eq!(events.len() + errors, 1, "{spoilt}");
        }
    }
}

#[test]
fn an_export_cut_anywhere_keeps_the_rows_before_the_cut() {
    let mut ingest = strict();
    for name in ["entra_sign_in.csv", "message_summary.csv", "message_trace.csv", "purview.csv"] {
        let text = fixture(name);
        let whole = read(&mut ingest, &text);
        assert_eq!((whole.0.len(), whole.1), (2, 0), "{name}");
        // The first row of each is one line.
        let header = text
            .lines()
            .take(if text.starts_with('#') { 2 } else { 1 })
            .map(|line| line.len() + 1)
            .sum::<usize>();
        let first = header + text[header..].lines().next().unwrap().len();
        for (front, _) in cuts(&text).filter(|(front, _)| front.len() > header) {
            let (events, errors) = read(&mut ingest, front);
            let begun = usize::from(front.len() > header) + usize::from(front.len() > first + 1);
            assert_eq!(events.len() + errors, begun, "{front}");
            assert!(front.len() < first || events.first() == whole.0.first(), "{front}");
        }
    }
}
