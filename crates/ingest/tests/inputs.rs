//! Every form an input can have gives its records, and every way to break one is reported in its place.
#![cfg(test)]

use flate2::{Compression, write::GzEncoder};
use homeostat_event::{ClassUid, Event};
use homeostat_ingest::{Context, Ingest, Limits, Reason, RecordError, Registry};
use std::cell::Cell;
use std::io::{self, Read, Write};

/// A call in the shape of CloudTrail, told apart by `number`.
fn call(number: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-03-16T08:30:0{number}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"e-{number}"}}"#
    )
}

struct Outcome {
    events: Vec<Event>,
    errors: Vec<(u64, u64, Reason)>,
}

fn read(place: &str, input: impl Read) -> Outcome {
    let mut limits = Limits::default();
    limits.record_bytes = 2_000;
    limits.depth = 16;
    let mut ingest = Ingest::new(Registry::default()).with_limits(limits);
    let mut outcome = Outcome { events: Vec::new(), errors: Vec::new() };
    for next in ingest.read(place, input) {
        match next {
            Ok(event) => outcome.events.push(event),
            Err(error) => outcome.errors.push((error.record(), error.offset(), error.reason())),
        }
    }
    outcome
}

/// The ids of the events and of their records.
fn ids(events: &[Event]) -> Vec<String> {
    let id = |event: &Event| event.metadata().and_then(|metadata| metadata.uid()).unwrap_or("?").to_owned();
    events.iter().map(|event| format!("{}={}", event.reference().unwrap(), id(event))).collect()
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    let outcome = read("dir/trail.json.gz", input.as_bytes());
    assert_eq!(outcome.errors, [], "{input}");
    assert_eq!(ids(&outcome.events), expected, "{input}");
    // A source that gives one byte at a time makes no difference.
    let slow = read("dir/trail.json.gz", Slow(input.as_bytes()));
    assert_eq!(slow.events, outcome.events);
}

/// Gives one byte a read.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(&mut buffer[..1])
    }
}

#[test]
fn every_form_gives_the_same_records() {
    let (a, b) = (call(0), call(1));
    let two = ["dir/trail#0=e-0", "dir/trail#1=e-1"];
    check(&format!("{a}\n{b}\n"), &two);
    check(&format!("{a}\r\n\r\n{b}"), &two);
    check(&format!("\u{FEFF}{a}{b}"), &two);
    check(&format!("[{a},{b}]"), &two);
    check(&format!("[\n  {a},\n  {b}\n]\n"), &two);
    check(&format!(r#"{{"Records":[{a},{b}]}}"#), &two);
    check(&format!(r#"{{"Records":[{a}]}} {{"Records":[{b}]}}"#), &two);
    check(&format!("{{\n\t\"Records\": [\n{a}\n,{b} ]\n}}"), &two);
    check(&format!("{}\n{}", a.replace(',', ",\n  "), b.replace('{', "{\n")), &two);
    check("", &[]);
    check(r#"{"Records":[]}"#, &[]);
}

#[test]
fn what_stands_after_a_list_is_a_record_too() {
    check(&format!(r#"{{"Records":[{}],"nextToken":"t"}}"#, call(0)), &["dir/trail#0=e-0", "dir/trail#1=?"]);
}

#[test]
fn packed_input_is_read_as_it_is() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(call(0).as_bytes()).unwrap();
    let mut bytes = packed.finish().unwrap();
    let mut second = GzEncoder::new(Vec::new(), Compression::default());
    second.write_all(call(1).as_bytes()).unwrap();
    bytes.extend(second.finish().unwrap());
    assert_eq!(ids(&read("t.jsonl.gz", &bytes[..]).events), ["t#0=e-0", "t#1=e-1"]);

    bytes.truncate(bytes.len() - 12);
    let cut = read("t.jsonl.gz", &bytes[..]);
    assert!(matches!(cut.errors[..], [(_, _, Reason::Unreadable(_))]), "{:?}", cut.errors);
}

#[test]
fn envelopes_are_opened_and_kept() {
    let text = serde_json::to_string(&call(1)).unwrap();
    for (input, kept) in [
        (format!(r#"{{"detail-type":"AWS API Call","detail":{}}}"#, call(1)), "detail-type"),
        (format!(r#"{{"host":"h","message":{text}}}"#), "host"),
        (format!(r#"{{"event":{{"original":{text},"kind":"event"}}}}"#), "kind"),
        (format!(r#"{{"tags":["x"],"event.original":{text}}}"#), "tags"),
        (format!(r#"{{"EventId":"e","CloudTrailEvent":{text}}}"#), "EventId"),
        (format!(r#"{{"result":{{"_raw":{text},"_cd":"1"}}}}"#), "_cd"),
    ] {
        let outcome = read("bus.json", input.as_bytes());
        assert_eq!(ids(&outcome.events), ["bus#0=e-1"], "{input}");
        let envelope = format!("homeostat_envelope.{kept}");
        let outer = format!("homeostat_envelope_2.{kept}");
        let event = &outcome.events[0];
        assert!(event.unmapped(&envelope).or(event.unmapped(&outer)).is_some(), "{}", event.to_json());
    }
}

/// Bytes as queues carry them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let number =
            three.iter().chain(&[0, 0]).take(3).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let digit = |place: usize| char::from(DIGITS[number >> (18 - 6 * place) & 63]);
        (0..4).map(|place| if place <= three.len() { digit(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn queues_and_buses_are_opened() {
    let (record, text) = (call(1), serde_json::to_string(&call(1)).unwrap());
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(record.as_bytes()).unwrap();
    let (plain, packed) = (base64(record.as_bytes()), base64(&packed.finish().unwrap()));
    for (input, kept) in [
        (format!(r#"{{"subscription":"s","message":{{"data":"{plain}","messageId":"7"}}}}"#), "messageId"),
        (format!(r#"{{"receivedMessages":[{{"ackId":"a","message":{{"data":"{plain}"}}}}]}}"#), "ackId"),
        (
            format!(r#"{{"Records":[{{"kinesis":{{"data":"{packed}","partitionKey":"p"}}}}]}}"#),
            "partitionKey",
        ),
        (format!(r#"{{"Records":[{{"Sns":{{"Message":{text},"TopicArn":"t"}}}}]}}"#), "TopicArn"),
        (format!(r#"{{"Records":[{{"messageId":"m","body":{text}}}]}}"#), "messageId"),
        (format!(r#"{{"records":[{{"time":"t","properties":1,"message":{text}}}]}}"#), "time"),
        (format!(r#"{{"version":"0","detail-type":"x","source":"aws.s3","detail":{record}}}"#), "source"),
        (format!("<134>1 2026-03-16T08:30:00Z gate app - - - {record}"), "syslog.host"),
        (format!("<134>Mar 16 08:30:00 gate app[7]: {record}"), "syslog.pid"),
        (format!("<134>1 2026-03-16T08:30:00Z gate app - - - @cee: {record}"), "syslog.app"),
    ] {
        let outcome = read("bus.json", input.as_bytes());
        assert_eq!(outcome.errors, [], "{input}");
        assert_eq!(ids(&outcome.events), ["bus#0=e-1"], "{input}");
        let event = &outcome.events[0];
        let kept = ["homeostat_envelope", "homeostat_envelope_2"]
            .iter()
            .any(|envelope| event.unmapped(&format!("{envelope}.{kept}")).is_some());
        assert!(kept, "{}", event.to_json());
    }
}

#[test]
fn what_nothing_claims_is_kept_whole() {
    for input in [
        r#"{"a":{"b":[1,null,{"c":""}]},"":{"":0}}"#,
        r#"{"data":"bm90IGEgcmVjb3JkIGF0IGFsbCwgd29yZHMgb25seQ==","message":"{\"x\":1}"}"#,
        r#"{"detail":{"detail":{"detail":{"detail":{}}}},"message":"<134>1 x"}"#,
        r#"{"message":{"data":"eyJhIjoiaGVsbG8sIHdvcmxkIn0="}}"#,
        r#"[[{"x":1}],2]"#,
    ] {
        let outcome = read("odd.json", format!("[{input}]").as_bytes());
        assert_eq!(outcome.errors, [], "{input}");
        let event = &outcome.events[0];
        assert_eq!(event.class_uid(), ClassUid::BASE_EVENT);
        let mut left: serde_json::Value =
            serde_json::from_str(event.attribute("unmapped").unwrap().as_str()).unwrap();
        left.as_object_mut().unwrap().remove("homeostat_ref");
        let input: serde_json::Value = serde_json::from_str(input).unwrap();
        let expected = if input.is_object() { input } else { serde_json::json!({ "value": input }) };
        assert_eq!(left, expected);
    }
}

#[test]
fn a_subscription_gives_its_records_with_what_stands_around_them() {
    let text = serde_json::to_string(&call(2)).unwrap();
    let input = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logEvents":[{{"id":"1","message":{text}}}]}}"#
    );
    let outcome = read("sub.json", input.as_bytes());
    assert_eq!(ids(&outcome.events), ["sub#0=e-2"]);
    assert_eq!(outcome.events[0].unmapped("homeostat_around.logGroup").unwrap().as_str(), r#""g""#);
}

#[test]
fn zeek_text_and_json_meet() {
    let text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
                #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\ttunnel_parents\n\
                #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tset[string]\n\
                1591367999.305988\tC1\t10.1.2.3\t5\t10.1.2.4\t443\ttcp\tSF\t(empty)\n#close\t2020\n";
    let dotted = r#"{"ts":1591367999.305988,"uid":"C1","id.orig_h":"10.1.2.3","id.orig_p":5,"id.resp_h":"10.1.2.4","id.resp_p":443,"proto":"tcp","conn_state":"SF","tunnel_parents":[]}"#;
    let flat = dotted.replace("id.", "id_");
    let nested = r#"{"ts":"2020-06-05T14:39:59.305988Z","uid":"C1","id":{"orig_h":"10.1.2.3","orig_p":5,"resp_h":"10.1.2.4","resp_p":443},"proto":"tcp","conn_state":"SF","tunnel_parents":[]}"#;
    for input in [text, dotted, &flat, nested] {
        let outcome = read("conn.log", input.as_bytes());
        assert_eq!(outcome.errors, [], "{input}");
        assert_eq!(ids(&outcome.events), ["conn#0=C1"], "{input}");
        let event = &outcome.events[0];
        assert_eq!((event.class_uid(), event.activity_id()), (ClassUid::NETWORK_ACTIVITY, 2));
        assert_eq!(event.when().to_string(), "2020-06-05T14:39:59.305988Z");
        assert_eq!(event.destination().unwrap().port(), Some(443));
        assert_eq!(event.unmapped("tunnel_parents").unwrap().as_str(), "[]");
    }
}

#[test]
fn what_is_broken_is_reported_in_its_place_and_the_run_goes_on() {
    let (a, b) = (call(0), call(1));
    let at = a.len() as u64 + 1;
    let half = &a[..40];
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(4_000));
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for (broken, offset, reason) in [
        (half, 40, Reason::NotJson),
        (r#"{"a":01}"#, 6, Reason::NotJson),
        (r#"{"a":1,"a":2}"#, 8, Reason::DuplicateName),
        (r#"{"a":"\ud800"}"#, 7, Reason::HalfSurrogate),
        ("plain words", 0, Reason::UnknownForm),
        (&*long, 0, Reason::TooLong(2_000)),
        (&*format!(r#"{{"d":{deep}}}"#), 20, Reason::TooDeep(16)),
    ] {
        let outcome = read("t.jsonl", format!("{a}\n{broken}\n{b}\n").as_bytes());
        assert_eq!(outcome.errors, [(1, at + offset, reason)], "{broken}");
        assert_eq!(ids(&outcome.events), ["t#0=e-0", "t#2=e-1"], "{broken}");
    }
}

#[test]
fn a_broken_element_of_a_list_loses_only_itself() {
    let (a, b) = (call(0), call(1));
    for broken in [r#"{"a":01}"#, r#"{"a":{"b":tru}}"#, r#"{"a" 1}"#] {
        let outcome = read("t.json", format!(r#"{{"Records":[{a},{broken},{b}]}}"#).as_bytes());
        assert_eq!(ids(&outcome.events), ["t#0=e-0", "t#2=e-1"], "{broken}");
        assert_eq!(outcome.errors.len(), 1, "{broken}");
    }
}

#[test]
fn a_cut_off_end_is_reported() {
    let (a, b) = (call(0), call(1));
    for input in [format!("{a}\n{}", &b[..50]), format!("[{a},{}", &b[..50]), format!("[{a}")] {
        let outcome = read("t.json", input.as_bytes());
        assert_eq!(ids(&outcome.events), ["t#0=e-0"], "{input}");
        let reasons: Vec<_> = outcome.errors.iter().map(|(_, _, reason)| *reason).collect();
        assert!(
            reasons.iter().all(|reason| *reason == Reason::Truncated) && !reasons.is_empty(),
            "{reasons:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_reported() {
    let mut input = call(0).into_bytes();
    input.extend(b"\n{\"a\":\"\xFF\"}\n");
    input.extend(call(1).bytes());
    let outcome = read("t.jsonl", &input[..]);
    assert_eq!(outcome.errors, [(1, call(0).len() as u64 + 1 + 6, Reason::NotUtf8)]);
    assert_eq!(ids(&outcome.events), ["t#0=e-0", "t#2=e-1"]);
}

#[test]
fn rows_with_other_columns_are_reported() {
    let input =
        "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n1.5\ta.example\n1.5\n";
    let outcome = read("dns.log", input.as_bytes());
    assert_eq!(outcome.events.len(), 1);
    assert_eq!(outcome.errors, [(1, 76, Reason::Columns { named: 2, found: 1 })]);
}

#[test]
fn an_input_that_fails_ends_with_the_reason() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("MARKED"))
        }
    }
    let mut ingest = Ingest::new(Registry::default());
    let errors: Vec<RecordError> = ingest.read("t", Broken).filter_map(Result::err).collect();
    assert!(matches!(&errors[..], [error] if error.is_fatal()));
    assert_eq!(errors[0].to_string(), "`t` record 0, byte 0: cannot be read any further (other error)");
}

#[test]
fn a_long_list_is_read_in_constant_memory() {
    /// Gives the same element for ever longer than a buffer holds, and ends the list.
    struct Endless {
        element: Vec<u8>,
        left: u32,
        at: usize,
    }
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return Ok(0);
            }
            let rest = &self.element[self.at..];
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.at += length;
            if self.at == self.element.len() {
                (self.at, self.left) = (0, self.left - 1);
            }
            Ok(length)
        }
    }
    let element = format!("{},", call(3)).into_bytes();
    let head = &br#"{"Records":["#[..];
    let input = head.chain(Endless { element, left: 20_000, at: 0 }).chain(&b"{}]}"[..]);
    // 3 MB through a reader that may hold 2,000 bytes a record.
    assert_eq!(read("t.json", input).events.len(), 20_001);
}

#[test]
fn the_context_reaches_the_events() {
    let context = Context::new()
        .with_tenant(homeostat_core::TenantId::new("acme").unwrap())
        .with_network("office")
        .with_account("42");
    let mut ingest = Ingest::new(Registry::default()).with_context(context);
    let input = r#"{"ts":1.5,"id.orig_h":"10.1.2.3","id.resp_h":"8.8.8.8","conn_state":"SF"}"#;
    let event = ingest.read("conn.log", input.as_bytes()).next().unwrap().unwrap();
    assert_eq!(event.tenant().unwrap().as_str(), "acme");
    assert_eq!(event.origin().unwrap().key().unwrap().to_string(), "ip:office:10.1.2.3");
    assert_eq!(event.destination().unwrap().key().unwrap().to_string(), "ip:internet:8.8.8.8");
    let event = ingest.read("t.json", call(0).as_bytes()).next().unwrap().unwrap();
    assert_eq!(event.cloud().unwrap().account().unwrap().uid(), Some("42"));
}

#[test]
fn lines_of_text_are_records_of_their_own() {
    let call = call(1).replace("e-1", "e-7");
    let input = format!("one line\n<134>1 2026-03-16T08:30:00Z gate app - - - {call}\n  \nlast line");
    let outcome = read("gate.log", input.as_bytes());
    assert_eq!(outcome.errors, []);
    assert_eq!(ids(&outcome.events), ["gate#0=?", "gate#1=e-7", "gate#2=?"]);
    assert_eq!(outcome.events[0].unmapped("message").unwrap().as_str(), r#""one line""#);
    let host = outcome.events[1].unmapped("homeostat_envelope.syslog.host");
    assert_eq!(host.unwrap().as_str(), r#""gate""#);
}

#[test]
fn a_line_of_text_between_records_is_a_piece_of_a_broken_one() {
    let outcome = read("t.jsonl", format!("{}\nhalf a record\n{}", call(0), call(1)).as_bytes());
    assert_eq!(ids(&outcome.events), ["t#0=e-0", "t#2=e-1"]);
    assert!(matches!(outcome.errors[..], [(1, _, Reason::UnknownForm)]), "{:?}", outcome.errors);
}

/// `{"Records":[…]}` of so many records, made while it is read, and how much of it was read.
struct Delivery<'c> {
    record: Vec<u8>,
    left: usize,
    pending: Vec<u8>,
    read: &'c Cell<usize>,
}

impl Read for Delivery<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.pending.is_empty() && self.left > 0 {
            self.left -= 1;
            self.pending.extend(&self.record);
            self.pending.extend(if self.left == 0 { &b"]}"[..] } else { b"," });
        }
        let length = room.len().min(self.pending.len());
        room[..length].copy_from_slice(&self.pending[..length]);
        self.pending.drain(..length);
        self.read.set(self.read.get() + length);
        Ok(length)
    }
}

#[test]
fn a_long_delivery_is_never_held() {
    const RECORDS: usize = 4_200;
    const AHEAD: usize = 1 << 20;
    let filler = "x".repeat(16_000);
    let record = call(0).replacen(
        "\"eventID\"",
        &format!("\"requestParameters\":{{\"f\":\"{filler}\"}},\"eventID\""),
        1,
    );
    let (read, length) = (Cell::new(0), record.len() + 1);
    let delivery =
        Delivery { record: record.into(), left: RECORDS, pending: br#"{"Records":["#.to_vec(), read: &read };
    let mut ingest = Ingest::new(Registry::default());
    let mut events = 0;
    for event in ingest.read("trail.json", delivery) {
        assert_eq!(event.unwrap().class_uid(), ClassUid::API_ACTIVITY);
        events += 1;
        let ahead = read.get() - events * length;
        assert!(ahead < AHEAD, "{ahead} bytes of the input are held");
    }
    assert_eq!(events, RECORDS);
    assert!(read.get() > 64 << 20);
}

#[test]
fn what_a_call_changed_is_told_without_a_resource_beside_it() {
    let finding = r#"{"id":"f","type":"PrivilegeEscalation:IAMUser/AdministrativePermissions","severity":8,"accountId":"123456789012","createdAt":"2026-03-16T08:30:00Z","service":{"detectorId":"d","action":{"awsApiCallAction":{"api":"PutRolePolicy","affectedResources":{"AWS::IAM::Role":"arn:aws:iam::123456789012:role/shop"}}}}}"#;
    let outcome = read("guardduty.json", finding.as_bytes());
    let resource = &outcome.events[0].resources()[0];
    assert_eq!(resource.uid(), Some("arn:aws:iam::123456789012:role/shop"));
}

#[test]
fn a_batch_of_messages_in_a_queue_is_split() {
    let message =
        |text: &str| serde_json::json!({"id": "1", "timestamp": 1_773_649_800_000_u64, "message": text});
    let batch = serde_json::json!({
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "logEvents": [message(&call(1)), message("hello"), message(&call(2))],
    });
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(batch.to_string().as_bytes()).unwrap();
    let data = base64(&packed.finish().unwrap());
    for around in [
        format!(r#"{{"Records":[{{"kinesis":{{"data":"{data}","partitionKey":"p"}}}}]}}"#),
        format!(r#"{{"records":[{{"recordId":"r","data":"{data}"}}]}}"#),
        format!(r#"{{"data":"{data}"}}"#),
    ] {
        let outcome = read("batch.json", around.as_bytes());
        assert_eq!(outcome.errors, []);
        assert_eq!(ids(&outcome.events), ["batch#0=e-1", "batch#0=?", "batch#0=e-2"], "{around}");
        let group = |event: &Event| event.to_json().matches(r#""logGroup":"g""#).count();
        assert_eq!(outcome.events.iter().map(group).sum::<usize>(), 1);
        assert_eq!(outcome.events[1].unmapped("message").unwrap().as_str(), r#""hello""#);
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        assert_eq!(ingest.read("batch.json", around.as_bytes()).count(), 3);
        assert!(ingest.coverage().sources.values().all(|counts| counts.leaves_dropped == 0));
    }
}
