#![cfg(test)]
//! Any JSON object under any class comes out as it went in.

use homeostat_event::{
    EntityKind, Event, Head, NetworkEndpoint, Product, Role, Service, SignInTo, TenantId, User,
};
use serde_json::Value;

#[track_caller]
fn check(text: &str) {
    let event = Event::from_json(text).unwrap();
    let out = event.to_json();
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        serde_json::from_str::<Value>(text).unwrap(),
        "{out}"
    );
    assert!(!out.contains('\n'));
}

#[test]
fn hand_picked_cases_round_trip() {
    check("{}");
    check(r#"{"class_uid":3002,"user":{"name":"jane","x":{"y":[1,null,2.50,-0]}},"time":1700000000000}"#);
    check(r#"{"class_uid":"3002","user":[],"time":1e3,"metadata":null,"resources":[{"uid":"a"},3]}"#);
    check(r#"{"class_uid":99999999999,"type_uid":1,"unmapped":{"homeostat_ref":"a#1","b":{}},"action":"x"}"#);
    check(r#"{"unmapped":{"homeostat_ref":7},"severity":3,"é\n":"\u00e9\ud83d\ude00\"\\"}"#);
    check(r#"{"user":{"name":"a"},"user":5}"#);
    check(r#"{"user":5,"user":{"name":"a"},"rcode_id":"x","rcode_id":3}"#);
    check("{\n \"zeek\": [ 1 ,\r\n 2 ] }");
}

#[test]
fn a_sign_in_is_seen() {
    let head =
        Head::new(1, "2026-03-16T08:30:00.123456Z".parse().unwrap(), Product::new("Okta", "System Log"));
    let mut user = User::of_uid("00u1");
    user.set_name("Jane@acme.example");
    let mut event = Event::authentication(head, user, SignInTo::Service(Service::named("wiki")));
    event.set_tenant(&TenantId::new("acme").unwrap()).set_src_endpoint(NetworkEndpoint::of_ip("10.0.0.1"));
    let read = Event::from_json(&event.to_json()).unwrap();
    assert_eq!(read, event);
    assert_eq!(read.when().to_string(), "2026-03-16T08:30:00.123456Z");
    let entities = read.entities();
    let kinds: Vec<_> = entities.iter().map(|(key, role)| (key.kind(), *role)).collect();
    assert!(kinds.contains(&(EntityKind::DirectoryObjectId, Role::Actor)), "{kinds:?}");
    assert!(
        kinds.contains(&(EntityKind::Upn, Role::Actor)) && kinds.contains(&(EntityKind::Ip, Role::Origin))
    );
}
