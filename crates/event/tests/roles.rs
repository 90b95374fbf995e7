#![cfg(test)]
//! The role view over the classes of every category: who, to what, from where, past whom, seen by whom.

use homeostat_event::{Event, Outcome, Party, PrincipalKind};
use proptest::prelude::*;

fn event(members: &str) -> Event {
    let text = format!(r#"{{"time":1773649800000,"metadata":{{"product":{{"name":"Acme"}}}},{members}}}"#);
    Event::from_json(&text).unwrap()
}

fn label(party: &Party<'_>) -> String {
    let name = party.name().or(party.uid()).or(party.email()).unwrap_or("?");
    if party.stands_in() { format!("({name})") } else { name.to_owned() }
}

/// Class and members; the actor; the targets; the origin. What stands in is in brackets.
const CLASSES: [(&str, &str, &str, &str); 38] = [
    (
        r#""class_uid":1001,"actor":{"user":{"name":"jane"}},"device":{"hostname":"ws01"},"file":{"name":"a.txt","path":"/a.txt"}"#,
        "jane",
        "a.txt",
        "ws01",
    ),
    (
        r#""class_uid":1002,"actor":{"process":{"name":"insmod","pid":7}},"device":{"hostname":"ws01"},"driver":{"file":{"name":"evil.ko"}}"#,
        "insmod",
        "evil.ko",
        "ws01",
    ),
    (
        r#""class_uid":1003,"actor":{"user":{"name":"jane"}},"device":{"ip":"192.0.2.7"},"kernel":{"name":"mutex"}"#,
        "jane",
        "mutex",
        "192.0.2.7",
    ),
    (
        r#""class_uid":1005,"actor":{"process":{"name":"app","pid":7}},"device":{"hostname":"ws01"},"module":{"function_name":"f","name":"m"}"#,
        "app",
        "m",
        "ws01",
    ),
    (r#""class_uid":1006,"device":{"hostname":"ws01"},"job":{"name":"backup"}"#, "(ws01)", "backup", "ws01"),
    (
        r#""class_uid":1007,"actor":{"process":{"name":"sh","pid":7,"user":{"name":"root"}}},"device":{"hostname":"ws01"},"process":{"name":"curl","pid":8}"#,
        "root",
        "curl",
        "ws01",
    ),
    (
        r#""class_uid":1008,"actor":{"user":{"name":"jane"}},"device":{"hostname":"ws01"},"log_name":"Security""#,
        "jane",
        "Security",
        "ws01",
    ),
    (
        r#""class_uid":1009,"actor":{"user":{"name":"jane"}},"device":{"hostname":"ws01"},"script":{"name":"a.ps1","script_content":"x"}"#,
        "jane",
        "a.ps1",
        "ws01",
    ),
    (
        r#""class_uid":201001,"actor":{"user":{"name":"jane"}},"device":{"hostname":"ws01"},"reg_key":{"path":"HKLM"}"#,
        "jane",
        "HKLM",
        "ws01",
    ),
    (
        r#""class_uid":201004,"actor":{"user":{"name":"jane"}},"device":{"hostname":"ws01"},"win_service":{"name":"spooler"}"#,
        "jane",
        "spooler",
        "ws01",
    ),
    (
        r#""class_uid":2002,"device":{"hostname":"ws01"},"resources":[{"name":"openssl"}]"#,
        "(ws01)",
        "openssl",
        "ws01",
    ),
    (r#""class_uid":2003,"resource":{"name":"bucket-1"}"#, "-", "bucket-1", "-"),
    (
        r#""class_uid":2004,"evidences":[{"actor":{"user":{"name":"jane"}},"src_endpoint":{"ip":"192.0.2.7"},"dst_endpoint":{"ip":"203.0.113.7","hostname":"c2.example"}}]"#,
        "jane",
        "c2.example",
        "192.0.2.7",
    ),
    (r#""class_uid":2004,"device":{"hostname":"ws01"}"#, "(ws01)", "(ws01)", "ws01"),
    (r#""class_uid":2006,"databucket":{"name":"acme-data"}"#, "-", "acme-data", "-"),
    (
        r#""class_uid":3001,"actor":{"user":{"name":"admin"}},"user":{"name":"jane"},"src_endpoint":{"ip":"192.0.2.7"}"#,
        "admin",
        "jane",
        "192.0.2.7",
    ),
    (
        r#""class_uid":3002,"user":{"name":"jane"},"service":{"name":"wiki"},"src_endpoint":{"ip":"192.0.2.7"}"#,
        "jane",
        "wiki",
        "192.0.2.7",
    ),
    (
        r#""class_uid":3003,"actor":{"user":{"name":"svc"}},"user":{"name":"jane"},"group":{"name":"ops"}"#,
        "svc",
        "jane ops",
        "-",
    ),
    (
        r#""class_uid":3004,"actor":{"user":{"name":"admin"}},"entity":{"policy":{"name":"mfa"}}"#,
        "admin",
        "mfa",
        "-",
    ),
    (
        r#""class_uid":3005,"actor":{"user":{"name":"admin"}},"user":{"name":"jane"},"resource":{"name":"vault"}"#,
        "admin",
        "jane vault",
        "-",
    ),
    (
        r#""class_uid":3006,"actor":{"user":{"name":"admin"}},"user":{"name":"jane"},"group":{"name":"ops"}"#,
        "admin",
        "jane ops",
        "-",
    ),
    (
        r#""class_uid":4001,"src_endpoint":{"ip":"192.0.2.7"},"dst_endpoint":{"ip":"203.0.113.7"}"#,
        "(192.0.2.7)",
        "203.0.113.7",
        "192.0.2.7",
    ),
    (
        r#""class_uid":4002,"src_endpoint":{"ip":"192.0.2.7"},"http_request":{"url":{"hostname":"wiki.acme.example"}}"#,
        "(192.0.2.7)",
        "wiki.acme.example",
        "192.0.2.7",
    ),
    (
        r#""class_uid":4003,"src_endpoint":{"ip":"192.0.2.7"},"dst_endpoint":{"ip":"192.0.2.53"},"query":{"hostname":"a.example"}"#,
        "(192.0.2.7)",
        "a.example",
        "192.0.2.7",
    ),
    (
        r#""class_uid":4004,"src_endpoint":{"ip":"192.0.2.7"},"dst_endpoint":{"ip":"192.0.2.1"}"#,
        "(192.0.2.7)",
        "(192.0.2.1)",
        "192.0.2.7",
    ),
    (
        r#""class_uid":4006,"src_endpoint":{"ip":"192.0.2.7"},"file":{"name":"a.doc"},"share":"\\\\fs\\pub""#,
        "(192.0.2.7)",
        "a.doc \\\\fs\\pub",
        "192.0.2.7",
    ),
    (
        r#""class_uid":4009,"email":{"from":"jane@acme.example","to":["bob@acme.example"],"cc":["eve@acme.example","bob@acme.example"],"x_originating_ip":["203.0.113.7"]}"#,
        "jane@acme.example",
        "bob@acme.example eve@acme.example",
        "203.0.113.7",
    ),
    (
        r#""class_uid":4009,"email":{"smtp_from":"jane@acme.example","smtp_to":["bob@acme.example"]}"#,
        "jane@acme.example",
        "bob@acme.example",
        "-",
    ),
    (
        r#""class_uid":4014,"user":{"name":"jane"},"src_endpoint":{"ip":"203.0.113.7"},"dst_endpoint":{"hostname":"vpn1"}"#,
        "jane",
        "vpn1",
        "203.0.113.7",
    ),
    (r#""class_uid":5001,"device":{"hostname":"ws01"}"#, "(ws01)", "(ws01)", "ws01"),
    (r#""class_uid":5003,"user":{"name":"jane"}"#, "-", "jane", "-"),
    (
        r#""class_uid":5040,"device":{"hostname":"ws01"},"query_evidence":{"process":{"name":"curl","pid":3}}"#,
        "(ws01)",
        "curl",
        "ws01",
    ),
    (
        r#""class_uid":6001,"actor":{"user":{"name":"jane"}},"web_resources":[{"name":"page 1"},{"uid":"p2"}]"#,
        "jane",
        "page 1 p2",
        "-",
    ),
    (r#""class_uid":6002,"actor":{"user":{"name":"jane"}},"app":{"name":"chat"}"#, "jane", "chat", "-"),
    (
        r#""class_uid":6003,"actor":{"invoked_by":"scheduler"},"api":{"operation":"List","service":{"name":"s3"}},"src_endpoint":{"svc_name":"events"}"#,
        "scheduler",
        "(s3)",
        "events",
    ),
    (
        r#""class_uid":6005,"actor":{"user":{"name":"jane"}},"database":{"name":"crm"},"src_endpoint":{"ip":"192.0.2.7"}"#,
        "jane",
        "crm",
        "192.0.2.7",
    ),
    (
        r#""class_uid":6006,"actor":{"user":{"name":"jane"}},"file":{"name":"plan.doc","uid":"f1"},"src_endpoint":{"ip":"192.0.2.7"}"#,
        "jane",
        "plan.doc",
        "192.0.2.7",
    ),
    (
        r#""class_uid":7003,"actor":{"user":{"name":"admin"}},"device":{"hostname":"ws01"},"process":{"name":"curl","pid":3}"#,
        "admin",
        "curl",
        "ws01",
    ),
];

#[test]
fn each_class_answers() {
    for (members, actor, targets, origin) in CLASSES {
        let event = event(members);
        assert_eq!(event.actor().as_ref().map_or("-".to_owned(), label), actor, "{members}");
        assert_eq!(event.targets().iter().map(label).collect::<Vec<_>>().join(" "), targets, "{members}");
        let from = event.origin().and_then(|from| from.ip().or(from.hostname()));
        assert_eq!(from.unwrap_or("-"), origin, "{members}");
        assert!(event.when().is_moment());
    }
}

#[test]
fn those_on_the_way_and_those_who_saw_it() {
    let seen = event(
        r#""class_uid":4002,"src_endpoint":{"ip":"192.0.2.7","intermediate_ips":["192.0.2.8"]},
        "proxy_endpoint":{"hostname":"proxy1.acme.example","ip":"192.0.2.9"},"load_balancer":{"name":"lb1"},
        "http_request":{"x_forwarded_for":["192.0.2.7","192.0.2.8","192.0.2.10"]},"device":{"hostname":"sensor1"}"#,
    );
    let on_the_way: Vec<_> = seen.intermediaries().iter().map(label).collect();
    assert_eq!(on_the_way, ["proxy1.acme.example", "lb1", "192.0.2.8", "192.0.2.10"]);
    assert_eq!(seen.observer().as_ref().map(label).as_deref(), Some("sensor1"));
    let related: Vec<_> = seen.related().iter().map(ToString::to_string).collect();
    assert!(related.contains(&"ip:internet:192.0.2.9".to_owned()), "{related:?}");
    let parts: Vec<_> = seen.entities().iter().map(|(key, role)| format!("{role} {key}")).collect();
    assert!(parts.contains(&"observer hostname:-:sensor1".to_owned()), "{parts:?}");
    assert!(!parts.iter().any(|part| part.starts_with("device")), "{parts:?}");

    let older = event(r#""class_uid":4001,"proxy":{"name":"p"},"src_endpoint":{"ip":"192.0.2.7"}"#);
    assert_eq!(older.intermediaries().iter().map(label).collect::<Vec<_>>(), ["p"]);
    let own = event(r#""class_uid":4001,"src_endpoint":{"hostname":"ws01"},"device":{"hostname":"ws01"}"#);
    assert!(own.observer().is_none(), "the device is an end itself");
    let logged = r#"{"metadata":{"loggers":[{"name":"fluent","device":{"hostname":"log1"}}]}}"#;
    let logged = Event::from_json(logged).unwrap();
    assert_eq!(logged.observer().as_ref().map(label).as_deref(), Some("log1"));
}

#[test]
fn kinds_of_those_who_act() {
    let flow = event(r#""class_uid":4001,"src_endpoint":{"ip":"192.0.2.7"}"#);
    assert_eq!(flow.actor().unwrap().kind(), PrincipalKind::Unknown);
    let job = event(r#""class_uid":1006,"device":{"hostname":"ws01"},"job":{"name":"x"}"#);
    assert_eq!(job.actor().unwrap().kind(), PrincipalKind::Machine);
    let mail = event(r#""class_uid":4009,"email":{"from":"jane@acme.example"}"#);
    assert_eq!(mail.actor().unwrap().kind(), PrincipalKind::Person);
    assert_eq!(mail.outcome(), Outcome::Unknown);
    assert!(Event::from_json("{}").unwrap().actor().is_none());
}

fn address() -> impl Strategy<Value = String> {
    (1_u8..=254).prop_map(|host| format!("198.51.100.{host}"))
}

proptest! {
    #[test]
    fn swapping_the_two_ends_swaps_the_view(here in address(), there in address(), up in 0_u64..9, down in 0_u64..9) {
        let flow = |from: &str, to: &str, out: u64, back: u64| {
            event(&format!(
                r#""class_uid":4001,"src_endpoint":{{"ip":"{from}","port":1}},"dst_endpoint":{{"ip":"{to}","port":1}},
                "traffic":{{"bytes_out":{out},"bytes_in":{back}}},"is_src_dst_assignment_known":true"#
            ))
        };
        let (one, other) = (flow(&here, &there, up, down), flow(&there, &here, down, up));
        prop_assert_eq!(one.origin().unwrap().key(), other.destination().unwrap().key());
        prop_assert_eq!(one.destination().unwrap().key(), other.origin().unwrap().key());
        let (actor, target) = (one.actor().unwrap(), other.targets().remove(0));
        prop_assert_eq!(actor.keys(), target.keys());
        let (target, actor) = (one.targets().remove(0), other.actor().unwrap());
        prop_assert_eq!(target.keys(), actor.keys());
        let (sent, received) = (one.traffic().unwrap(), other.traffic().unwrap());
        prop_assert_eq!((sent.bytes_out, sent.bytes_in), (received.bytes_in, received.bytes_out));
    }
}
