//! Laws that hold for any record like those of the fixtures: values of any kind in any place lose nothing and give
//! valid events.
#![cfg(test)]

use homeostat_event::{Level, validate};
use homeostat_ingest::{Ingest, KeepAll, Registry};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The fixtures whose records are varied.
const FIXTURES: [&str; 31] = [
    "alerts",
    "anthropic",
    "audit",
    "azure_activity",
    "azure_firewall",
    "bedrock",
    "cloudtrail",
    "eml",
    "entra_risk",
    "entra_sign_in",
    "gcp_audit",
    "gcp_dns",
    "gcp_flow",
    "github",
    "guardduty",
    "journal",
    "kubernetes",
    "kubernetes_aks",
    "m365",
    "mail",
    "okta",
    "openai",
    "route53",
    "s3_access",
    "slack",
    "suricata",
    "vpc_flow",
    "waf",
    "windows",
    "workspace",
    "zeek",
];

fn records() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let texts = FIXTURES.map(|name| fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap());
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What stands in a place instead of the value there; `None` takes the place away.
fn any_change() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        any::<bool>().prop_map(|flag| Some(json!(flag))),
        any::<i64>().prop_map(|number| Some(json!(number))),
        "[ -~é\\n\"]{0,12}".prop_map(|text| Some(json!(text))),
        Just(Some(json!({"a": [1, null, {"b": "c"}]}))),
        Just(Some(json!([{"name": "x", "value": "y"}, "z"]))),
        Just(Some(json!("192.0.2.7:443"))),
        Just(Some(json!("jane@acme.example"))),
    ]
}

/// The pointers to all values below `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut note = |name: &str, inner: &Value| {
        let here = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        found.push(here.clone());
        places(inner, &here, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, inner)| note(name, inner)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, inner)| note(&number.to_string(), inner));
        }
        _ => {}
    }
}

fn change(record: &mut Value, place: &str, value: Option<Value>) {
    if let Some(value) = value {
        if let Some(there) = record.pointer_mut(place) {
            *there = value;
        }
        return;
    }
    let Some((around, name)) = place.rsplit_once('/') else { return };
    if let Some(Value::Object(members)) = record.pointer_mut(around) {
        members.remove(&name.replace("~1", "/").replace("~0", "~"));
    }
}

fn any_record() -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((any::<Index>(), any_change()), 0..6);
    (prop::sample::select(records()), changes).prop_map(|(mut record, changes)| {
        for (place, value) in changes {
            let mut found = Vec::new();
            places(&record, "", &mut found);
            if !found.is_empty() {
                let place: &String = place.get(&found);
                change(&mut record, place, value);
            }
        }
        record
    })
}

/// All scalars of a value as text, nulls left out.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Object(members) => members.values().for_each(|inner| leaves(inner, found)),
        Value::Array(items) => items.iter().for_each(|inner| leaves(inner, found)),
        Value::String(text) => found.push(as_told(text)),
        scalar => found.push(as_told(&scalar.to_string())),
    }
}

/// A fraction to twelve places, for the reader of this test may be one off in the last; all else as it is.
fn as_told(text: &str) -> String {
    let fraction = text.parse::<f64>().ok().filter(|number| text.contains('.') && number.is_finite());
    fraction.map_or_else(|| text.to_owned(), |number| format!("{number:.12e}"))
}

fn strict() -> Ingest {
    Ingest::new(Registry::default()).with_redact(KeepAll).with_coverage()
}

/// What a law finds wrong with `record`, if anything.
fn broken(ingest: &mut Ingest, record: &Value) -> Result<(), String> {
    let text = format!("[{record}]");
    let mut told = Vec::new();
    for next in ingest.read("any.json", text.as_bytes()) {
        let event = next.map_err(|error| format!("{error} on {record}"))?;
        let errors: Vec<_> =
            validate(&event).into_iter().filter(|found| found.level() == Level::Error).collect();
        if !errors.is_empty() {
            return Err(format!("{errors:?} in {} of {record}", event.to_json()));
        }
        leaves(&serde_json::from_str(&event.to_json()).unwrap(), &mut told);
    }
    let mut expected = Vec::new();
    leaves(record, &mut expected);
    // What is opened as an envelope stands as the record inside it: an object, or a row of cells.
    let stands = |leaf: &String| {
        told.contains(leaf)
            || leaf.starts_with('{')
            || (leaf.contains(' ') && leaf.split(' ').all(|cell| told.iter().any(|text| text == cell)))
    };
    match expected.into_iter().find(|leaf| !stands(leaf)) {
        Some(leaf) => Err(format!("{leaf} is lost of {record}")),
        None if ingest.coverage().sources.values().any(|counts| counts.leaves_dropped > 0) => {
            Err(format!("a leaf is counted as dropped of {record}"))
        }
        None => Ok(()),
    }
}

/// What stands in each place in turn; `None` takes the place away.
fn changes() -> [Option<Value>; 9] {
    [
        None,
        Some(Value::Null),
        Some(json!(true)),
        Some(json!(-7)),
        Some(json!("x")),
        Some(json!({"a": [1, null, {"b": "c"}]})),
        Some(json!([{"name": "x", "value": "y"}, "z"])),
        Some(json!("192.0.2.7:443")),
        Some(json!("jane@acme.example")),
    ]
}

/// Of the changes one in so many is tried: all 78,000 in an optimised build, where that takes ten seconds.
const STRIDE: usize = if cfg!(debug_assertions) { 9 } else { 1 };

/// Every place of every record changed in every way, one at a time.
#[test]
fn a_change_in_any_place_loses_nothing() {
    let mut ingest = strict();
    let mut seen = 0;
    for record in records() {
        let mut found = Vec::new();
        places(&record, "", &mut found);
        let each = found.iter().flat_map(|place| changes().map(|value| (place, value)));
        for (place, value) in each.skip(seen % STRIDE).step_by(STRIDE) {
            let mut record = record.clone();
            change(&mut record, place, value);
            broken(&mut ingest, &record).unwrap();
            seen += 1;
        }
    }
    assert!(seen > 50_000 / STRIDE, "{seen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn changes_in_several_places_lose_nothing(record in any_record()) {
        let mut ingest = strict();
        prop_assert_eq!(broken(&mut ingest, &record), Ok(()));
        }
}
