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
const FIXTURES: [&str; 9] =
    ["alerts", "anthropic", "bedrock", "github", "m365", "mail", "openai", "slack", "workspace"];

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
        Value::String(text) => found.push(text.clone()),
        scalar => found.push(scalar.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn nothing_is_lost_and_every_event_is_valid(record in any_record()) {
        let mut ingest = Ingest::new(Registry::default()).with_redact(KeepAll).with_coverage();
        let text = format!("[{record}]");
        let mut told = Vec::new();
        for next in ingest.read("any.json", text.as_bytes()) {
            let event = next.unwrap();
            let errors: Vec<_> = validate(&event).into_iter().filter(|found| found.level() == Level::Error).collect();
            prop_assert!(errors.is_empty(), "{:?} in {} of {}", errors, event.to_json(), record);
            leaves(&serde_json::from_str(&event.to_json()).unwrap(), &mut told);
        }
        let mut expected = Vec::new();
        leaves(&record, &mut expected);
        for leaf in expected {
            // What is opened as an envelope stands as the record inside it.
            prop_assert!(told.contains(&leaf) || leaf.starts_with('{'), "{} is lost of {}", leaf, record);
        }
        for (source, counts) in &ingest.coverage().sources {
            prop_assert_eq!(counts.leaves_dropped, 0, "{} of {}", source, record);
        }
    }
}
