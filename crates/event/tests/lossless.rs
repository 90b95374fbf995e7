#![cfg(test)]
//! Any JSON object under any class comes out as it went in, and what is no JSON is refused with its place.

use homeostat_event::Event;
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

#[track_caller]
fn check(text: &str) {
    let event = Event::from_json(text).unwrap();
    let out = event.to_json();
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected, "{out}");
    assert!(!out.contains('\n'));
    let again = Event::from_json(&out).unwrap();
    assert_eq!(again.to_json(), out);
    assert!(again == event);
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
    assert!(serde_json::from_str::<Event>(text).unwrap().to_json().len() > 1);
}

#[test]
fn hand_picked_cases_round_trip() {
    for text in [
        "{}",
        r#"{"class_uid":3002,"user":{"name":"jane","x":{"y":[1,null,2.50,-0]}},"time":1700000000000}"#,
        r#"{"class_uid":"3002","user":[],"time":1e3,"metadata":null,"resources":[{"uid":"a"},3]}"#,
        r#"{"class_uid":99999999999,"type_uid":1,"unmapped":{"homeostat_ref":"a#1","b":{}},"action":"x"}"#,
        r#"{"unmapped":{"homeostat_ref":7},"severity":3,"é\n":"\u00e9\ud83d\ude00\"\\"}"#,
        r#"{"user":{"name":"a"},"user":5}"#,
        r#"{"user":5,"user":{"name":"a"},"rcode_id":"x","rcode_id":3}"#,
        r#"{"type_uid":18446744073709551615,"count":-9223372036854775808}"#,
        r#"{"observables":[],"privileges":["a",null],"src_endpoint":{"port":80.0,"ip":true}}"#,
        r#"{"metadata":{"profiles":["cloud"],"profiles":"x"},"unmapped":[],"time":"2026"}"#,
        r#"{"time":253402300800000,"start_time":-62167219200001,"unmapped":{"homeostat_time":"\n"}}"#,
        "{\n \"zeek\": [ 1 ,\r\n 2 ] ,\t\"unmapped\":{\n}}",
    ] {
        check(text);
    }
    // No `Value` holds this number; the text stays.
    let text = r#"{"duration":1E400000000000000000000}"#;
    assert_eq!(Event::from_json(text).unwrap().to_json(), text);
}

#[test]
fn bad_text_is_refused_with_its_place() {
    for (text, message) in [
        ("", "no object at byte 0"),
        ("[]", "no object at byte 0"),
        ("{} {}", "more text after the end at byte 3"),
        ("{\"a\":1", "neither comma nor end of object at byte 6"),
        ("{\"a\" 1}", "no colon after a key at byte 5"),
        ("{\"a\":01}", "neither comma nor end of object at byte 6"),
        ("{\"a\":nul}", "no value at byte 5"),
        ("{\"a\":1.}", "no value at byte 7"),
        ("{\"a\":\"\\x\"}", "unknown escape at byte 8"),
        ("{\"a\":\"\\ud800\"}", "half a surrogate pair at byte 12"),
        ("{\"a\":\"\u{1}\"}", "control character in a string at byte 6"),
        ("{\"a\":\"b", "string without end at byte 7"),
        ("{\"a\":[1 2]}", "neither comma nor end of array at byte 8"),
    ] {
        let error = Event::from_json(text).unwrap_err();
        assert_eq!(error.to_string(), format!("not a JSON event: {message}"), "{text}");
        assert!(serde_json::from_str::<Map<String, Value>>(text).is_err());
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(127), "]".repeat(127));
    assert_eq!(
        Event::from_json(&deep).unwrap_err().to_string(),
        "not a JSON event: nested deeper than 127 at byte 132"
    );
    check(&format!("{{\"a\":{}{}}}", "[".repeat(126), "]".repeat(126)));
}

#[test]
fn a_flood_of_names_takes_no_flood_of_time() {
    let names: Vec<_> = (0..200_000).map(|number| format!("\"x{number}\":1,\"user\":{{}},")).collect();
    let names = names.concat();
    let event = Event::from_json(&format!("{{\"user\":5,{names}\"user\":7}}")).unwrap();
    assert!(event.user().is_none() && event.to_json().ends_with("\"x199999\":1,\"user\":7}"));
}

/// Names that are typed somewhere, and some that are not.
const NAMES: [&str; 40] = [
    "class_uid",
    "activity_id",
    "type_uid",
    "category_uid",
    "severity_id",
    "status_id",
    "time",
    "start_time",
    "metadata",
    "user",
    "actor",
    "session",
    "process",
    "parent_process",
    "file",
    "hashes",
    "groups",
    "resources",
    "unmapped",
    "homeostat_ref",
    "src_endpoint",
    "intermediate_ips",
    "location",
    "lat",
    "profiles",
    "product",
    "name",
    "uid",
    "type",
    "answers",
    "flag_ids",
    "data",
    "enrichments",
    "evidences",
    "is_mfa",
    "port",
    "privileges",
    "device",
    "zzz",
    "a.b",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..100).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        ".{0,12}".prop_map(Value::from),
        "[a-z]{1,6}#[0-9]".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner).boxed()]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = prop_oneof![8 => (0..NAMES.len()).prop_map(|at| NAMES[at].to_owned()), 1 => ".{0,6}"];
    prop::collection::btree_map(name, inner, 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn any_object_round_trips(event in object(json()), class in prop::option::of(0_u32..10_000)) {
        let mut event = event;
        if let (Some(class), Some(members)) = (class, event.as_object_mut()) {
            members.insert("class_uid".to_owned(), class.into());
        }
        // Floats of a `Value` are printed and read by the same library on both sides, so equal is equal.
        check(&event.to_string());
    }

    #[test]
    fn the_view_and_the_validator_are_total(event in object(json())) {
        let event = Event::from_json(&event.to_string()).unwrap();
        let _ = (event.when(), event.domain(), event.action().len(), event.service(), event.outcome());
        let _ = (event.actor(), event.targets(), event.origin(), event.destination(), event.entities());
        let _ = (event.traffic(), event.is_mfa(), event.dns(), event.occurrence(), event.reference());
        let _ = (event.unmapped("a.b.c"), homeostat_event::validate(&event), homeostat_event::signal_of(&event));
    }

    #[test]
    fn no_text_panics_and_what_is_read_is_json(text in r#"[{}\[\]":,a-e0-9\\ .\-]{0,60}"#) {
        let read = Event::from_json(&text).is_ok();
        prop_assert_eq!(read, serde_json::from_str::<Map<String, Value>>(&text).is_ok(), "{}", text);
    }
}

/// Every object that tells a class, itself or inside another value.
fn events_in(value: Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(ref members) if members.contains_key("class_uid") => found.push(value),
        Value::Object(members) => members.into_iter().for_each(|(_, inner)| events_in(inner, found)),
        Value::Array(items) => items.into_iter().for_each(|inner| events_in(inner, found)),
        _ => {}
    }
}

/// Reads every OCSF sample of the corpus when it is there; its location is told by `HOMEOSTAT_CORPUS`.
#[test]
fn published_examples_of_all_releases_round_trip() {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
        println!("skipped: HOMEOSTAT_CORPUS is not set");
        return;
    };
    let mut folders = vec![std::path::Path::new(&corpus).join("events")];
    let (mut events, mut releases) = (Vec::new(), std::collections::BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if text.contains("class_uid") {
                let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
                values.map_while(Result::ok).for_each(|value| events_in(value, &mut events));
            }
        }
    }
    for event in &events {
        check(&event.to_string());
        releases.extend(event["metadata"]["version"].as_str().map(str::to_owned));
    }
    println!("{} events of {releases:?}", events.len());
    assert!(events.len() > 80 && releases.len() >= 5, "{} {releases:?}", events.len());
}
