//! Laws that hold for any record: nothing is lost, every event is valid, no value shows in messages.
#![cfg(test)]

use homeostat_core::Merge;
use homeostat_event::{Event, Level, validate};
use homeostat_ingest::{Coverage, Ingest, KeepAll, Registry, Secrets};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON value of a modest size.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Fractions that every reader and writer of JSON agrees on to the last digit.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "[ -~é\\n\"]{0,12}".prop_map(Value::from),
        Just(Value::from("2026-03-16T08:30:00Z")),
        Just(Value::from("192.0.2.7")),
        Just(Value::from("arn:aws:iam::123456789012:role/path/Admin")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z.]{1,8}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A record in the shape of a source, with some members of any value and some missing.
fn record_like(shape: Value) -> impl Strategy<Value = Value> {
    let paths = paths_of(&shape);
    prop::collection::vec((prop::sample::select(paths), prop::option::of(any_value())), 0..6).prop_map(
        move |changes| {
            let mut record = shape.clone();
            for (path, value) in changes {
                change(&mut record, &path, value);
            }
            record
        },
    )
}

fn paths_of(value: &Value) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    if let Value::Object(members) = value {
        for (name, inner) in members {
            paths.push(vec![name.clone()]);
            paths.extend(paths_of(inner).into_iter().map(|path| [vec![name.clone()], path].concat()));
        }
    }
    paths
}

fn change(record: &mut Value, path: &[String], value: Option<Value>) {
    let (Value::Object(members), [name, rest @ ..]) = (record, path) else { return };
    match (rest, value) {
        ([], Some(value)) => drop(members.insert(name.clone(), value)),
        ([], None) => drop(members.remove(name)),
        (rest, value) => {
            if let Some(inner) = members.get_mut(name) {
                change(inner, rest, value);
            }
        }
    }
}

fn call_shape() -> Value {
    json!({
        "eventVersion": "1.08", "eventTime": "2026-03-16T08:30:00Z", "eventSource": "iam.amazonaws.com",
        "eventName": "AttachUserPolicy", "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7",
        "userAgent": "[aws-cli]", "errorCode": "AccessDenied", "errorMessage": "no", "eventID": "e", "requestID": "r",
        "userIdentity": {"type": "AssumedRole", "principalId": "P:s", "accountId": "123456789012", "invokedBy": "x",
            "arn": "arn:aws:sts::123456789012:assumed-role/R/s", "accessKeyId": "ASIA", "userName": "u",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/R", "userName": "R"},
                "attributes": {"mfaAuthenticated": "true", "creationDate": "2026-03-16T08:00:00Z"}}},
        "requestParameters": {"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/X", "bucketName": "b", "key": "k"},
        "responseElements": {"user": {"arn": "arn:aws:iam::123456789012:user/bob"}, "password": "hidden"},
        "resources": [{"ARN": "arn:aws:s3:::b", "type": "AWS::S3::Bucket", "accountId": "123456789012"}],
        "readOnly": false, "recipientAccountId": "123456789012", "sharedEventID": "s", "vpcEndpointId": "v",
        "additionalEventData": {"MFAUsed": "Yes"}, "eventCategory": "Management", "apiVersion": "1"
    })
}

fn okta_shape() -> Value {
    json!({
        "eventType": "user.session.start", "published": "2026-03-16T08:30:00Z", "uuid": "u", "severity": "INFO",
        "displayMessage": "m", "version": "0", "outcome": {"result": "SUCCESS", "reason": null},
        "actor": {"id": "00u", "type": "User", "alternateId": "jane@acme.example", "displayName": "Jane"},
        "client": {"ipAddress": "192.0.2.7", "userAgent": {"rawUserAgent": "Mozilla", "os": "Windows 10"},
            "geographicalContext": {"city": "X", "country": "Y", "geolocation": {"lat": 1.5, "lon": 2}}},
        "target": [{"id": "00g", "type": "UserGroup", "displayName": "G"}, {"id": "00v", "type": "User", "alternateId": "v"}],
        "authenticationContext": {"externalSessionId": "s", "rootSessionId": "r", "issuer": null},
        "securityContext": {"asNumber": 7, "asOrg": "O", "isp": "I", "domain": "d.example"},
        "request": {"ipChain": [{"ip": "192.0.2.7"}, {"ip": "192.0.2.8"}]},
        "transaction": {"id": "t"}, "debugContext": {"debugData": {"requestId": "q", "privilegeGranted": "p"}}
    })
}

fn zeek_shape() -> Value {
    json!({
        "ts": 1_591_367_999.305_988, "uid": "C", "id.orig_h": "10.1.2.3", "id.orig_p": 5, "id.resp_h": "10.1.2.4",
        "id.resp_p": 53, "proto": "udp", "service": "dns", "duration": 0.5, "orig_bytes": 1, "resp_bytes": 2,
        "conn_state": "SF", "orig_pkts": 1, "resp_pkts": 1, "local_orig": true, "local_resp": false, "history": "Dd",
        "query": "a.example", "trans_id": 7, "rcode": 0, "rcode_name": "NOERROR", "qtype_name": "A",
        "answers": ["192.0.2.1"], "TTLs": [60.0], "_path": "conn"
    })
}

/// A record of a fixture, with some members of any value and some missing.
fn fixture_like() -> impl Strategy<Value = Value> {
    let fixtures = [include_str!("fixtures/suricata.jsonl"), include_str!("fixtures/zeek.jsonl")];
    let lines = fixtures.into_iter().flat_map(str::lines);
    let records: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    prop::sample::select(records).prop_flat_map(record_like)
}

fn any_record() -> impl Strategy<Value = Value> {
    let of_dns = |mut record: Value| {
        record["_path"] = json!("dns");
        record
    };
    prop_oneof![
        record_like(call_shape()),
        record_like(okta_shape()),
        record_like(zeek_shape()),
        record_like(zeek_shape()).prop_map(of_dns),
        fixture_like(),
        prop::collection::btree_map("[a-zA-Z_.]{1,8}", any_value(), 0..6)
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        any_value(),
    ]
}

fn events_of(ingest: &mut Ingest, record: &Value) -> Vec<Event> {
    // In a list, because a bare scalar is no line of a log.
    ingest.read("any.json", format!("[{record}]").as_bytes()).map(Result::unwrap).collect()
}

/// `value` spelled otherwise: the members of objects from the `turn`th on first, white space between the values.
fn spelled(value: &Value, turn: usize, out: &mut String) {
    let space = [" ", "", "\n  ", "\t"][turn % 4];
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            let count = members.len().max(1);
            members.rotate_left(turn % count);
            if turn % 2 == 1 {
                members.reverse();
            }
            out.push('{');
            for (number, (name, inner)) in members.into_iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                out.push_str(space);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.extend([space, ":", space]);
                spelled(inner, turn, out);
            }
            out.push_str(space);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (number, inner) in items.iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                out.push_str(space);
                spelled(inner, turn, out);
            }
            out.push_str(space);
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// All scalars of a value as text, nulls left out: a text stands for itself.
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
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_leaf_stands_in_the_event(record in any_record()) {
        let mut ingest = Ingest::new(Registry::default()).with_redact(KeepAll).with_coverage();
        let events = events_of(&mut ingest, &record);
        prop_assert!(!events.is_empty());
        let mut told = Vec::new();
        for event in &events {
            leaves(&serde_json::from_str(&event.to_json()).unwrap(), &mut told);
        }
        // Read back as well, because reading may change the last digit of a number.
        let mut expected = Vec::new();
        leaves(&serde_json::from_str(&record.to_string()).unwrap(), &mut expected);
        for leaf in expected {
            prop_assert!(told.contains(&leaf), "{} is lost of {}", leaf, record);
        }
        for counts in ingest.coverage().sources.values() {
            prop_assert_eq!(counts.leaves_dropped, 0, "{}", record);
        }
    }

    #[test]
    fn every_event_is_valid(record in any_record()) {
        for event in events_of(&mut Ingest::new(Registry::default()), &record) {
            let errors: Vec<_> = validate(&event).into_iter().filter(|found| found.level() == Level::Error).collect();
            prop_assert!(errors.is_empty(), "{:?} in {} of {}", errors, event.to_json(), record);
            prop_assert_eq!(Event::from_json(&event.to_json()).unwrap().to_json(), event.to_json());
        }
    }

    #[test]
    fn order_of_names_and_white_space_do_not_show(record in any_record(), turn in 0_usize..8) {
        let mut text = String::new();
        spelled(&record, turn, &mut text);
        let mut ingest = Ingest::new(Registry::default());
        let written = |events: Vec<Event>| events.iter().map(Event::to_json).collect::<Vec<_>>();
        let one = written(events_of(&mut ingest, &record));
        let other = ingest.read("any.json", format!("[{text}]").as_bytes()).map(Result::unwrap).collect();
        prop_assert_eq!(one, written(other), "{}", text);
    }

    #[test]
    fn what_came_before_does_not_show(records in prop::collection::vec(any_record(), 1..8)) {
        let mut warm = Ingest::new(Registry::default());
        for record in records.iter().chain(&records) {
            let fresh = events_of(&mut Ingest::new(Registry::default()), record);
            prop_assert_eq!(events_of(&mut warm, record), fresh, "{}", record);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let _ = ingest.read("any", &bytes[..]).count();
    }

    #[test]
    fn near_json_is_read_without_a_panic(text in r#"[\[\]{}",:\\\n\t#a-c0-9 ]{0,200}"#) {
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let _ = ingest.read("any", text.as_bytes()).count();
    }

    #[test]
    fn coverage_of_parts_is_coverage_of_the_whole(records in prop::collection::vec(any_record(), 0..6), cut in 0_usize..6) {
        let cut = cut.min(records.len());
        let count = |records: &[Value]| {
            let mut ingest = Ingest::new(Registry::default()).with_coverage();
            for record in records {
                events_of(&mut ingest, record);
            }
            ingest.coverage().clone()
        };
        let (first, second) = records.split_at(cut);
        let (first, second) = (count(first), count(second));
        let (mut one, mut other) = (first.clone(), second.clone());
        one.merge(&second);
        other.merge(&first);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one, count(&records));
    }
}

#[test]
fn coverage_has_the_agreed_json() {
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    events_of(&mut ingest, &okta_shape());
    let read: Coverage = serde_json::from_str(&ingest.coverage().to_json()).unwrap();
    assert_eq!(read.to_json(), ingest.coverage().to_json());
    let json: Value = serde_json::from_str(&ingest.coverage().to_json()).unwrap();
    let okta: &Map<String, Value> = json["sources"]["okta"].as_object().unwrap();
    let mut names: Vec<&str> = okta.keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = [
        "events",
        "errors",
        "leaves_mapped",
        "leaves_unmapped",
        "leaves_dropped",
        "withheld",
        "class_known",
        "activity_known",
        "role_view",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(okta["role_view"], json!({"actor": 1, "targets": 1, "origin": 1, "outcome": 1, "when": 1}));
}

#[test]
fn secrets_stand_nowhere_and_their_paths_do() {
    let mut record = call_shape();
    record["requestParameters"] = json!({"userName": "bob", "password": "MARKED"});
    record["responseElements"] = json!({"credentials": {"sessionToken": "MARKED", "accessKeyId": "A"}});
    let mut ingest = Ingest::new(Registry::default()).with_redact(Secrets).with_coverage();
    let event = events_of(&mut ingest, &record).remove(0);
    assert!(!event.to_json().contains("MARKED"));
    assert_eq!(
        event.unmapped("homeostat_withheld").unwrap().as_str(),
        r#"["requestParameters.password","responseElements.credentials.sessionToken"]"#
    );
    let counts = &ingest.coverage().sources["cloudtrail"];
    assert_eq!((counts.withheld, counts.leaves_dropped), (2, 0));
}

#[test]
fn no_value_shows_in_debug_or_errors() {
    let mut ingest = Ingest::new(Registry::default());
    let inputs = [
        r#"{"eventName":"MARKED","eventSource":"MARKED","eventID":"MARKED"}"#,
        r#"{"a":"MARKED","a":"MARKED"}"#,
        r#"{"a":MARKED}"#,
        r#"{"a":"MARKED"#,
        "MARKED",
        "#fields\tMARKED\nMARKED\tMARKED",
    ];
    for input in inputs {
        let mut events = ingest.read("place", input.as_bytes());
        let shown = format!("{events:?}");
        assert!(!shown.contains("MARKED"), "{shown}");
        for next in &mut events {
            let shown = match next {
                Ok(event) => format!("{event:?}"),
                Err(error) => format!("{error:?} {error}"),
            };
            assert!(!shown.contains("MARKED"), "{shown}");
        }
        assert!(!format!("{ingest:?}").contains("MARKED"));
    }
}
