#![cfg(test)]
//! Machines on the network: who is moved to, which far places are odd, and what an ordinary day says nothing of.

use homeostat::Conduct;
use homeostat_core::{CalmRisk, Detector, EventRef, TenantId};
use homeostat_event::Event;
use serde_json::{Value, json};

const JANE: &str = "10.0.1.4";
const JOHN: &str = "10.0.1.6";
const SERVER: &str = "10.0.0.4";
const FAR: &str = "203.0.113.9";

#[derive(Default)]
struct Network {
    conduct: Conduct,
    number: u64,
}

impl Network {
    /// What is told of a connection: the kinds.
    fn call(&mut self, from: &str, to: (&str, u16), more: &Value) -> Vec<String> {
        self.event(4_001, from, to, more)
    }

    fn event(&mut self, class: u64, from: &str, (to, port): (&str, u16), more: &Value) -> Vec<String> {
        let mut told = json!({
            "class_uid": class, "category_uid": 4, "activity_id": 6, "type_uid": class * 100 + 6,
            "severity_id": 1, "time": 1_770_000_000_000_u64 + self.number * 1_000,
            "metadata": { "version": "1.8.0", "product": { "name": "made up" } },
            "src_endpoint": { "ip": from, "port": 50_000 + self.number % 1_000 },
            "dst_endpoint": { "ip": to, "port": port },
        });
        told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut event = Event::from_json(&told.to_string()).unwrap();
        event.set_tenant(&TenantId::new("acme").unwrap());
        event.set_reference(&EventRef::new("conn", self.number).unwrap());
        self.number += 1;
        let signals = self.conduct.detect(&event, &CalmRisk);
        signals.into_iter().map(|signal| signal.kind).collect()
    }

    /// An hour of an office: both ask the directory, and use its shares.
    fn office() -> Self {
        let mut network = Self::default();
        for _ in 0..20 {
            for (from, port) in [(JANE, 53), (JANE, 389), (JANE, 445), (JOHN, 88), (JOHN, 445), (JOHN, 135)] {
                assert!(network.call(from, (SERVER, port), &json!({})).is_empty());
            }
        }
        network
    }
}

#[test]
fn a_machine_that_serves_nobody_is_moved_to() {
    let mut network = Network::office();
    assert_eq!(network.call(JANE, (JOHN, 5_985), &json!({})), ["administers a machine that serves nobody"]);
    assert!(network.call(JANE, (JOHN, 8_443), &json!({})).is_empty(), "no port of administration");
}

#[test]
fn a_far_place_that_showed_a_sign_is_watched_from_then_on() {
    let mut network = Network::office();
    assert!(network.call(JANE, (FAR, 443), &json!({})).is_empty());
    let unvouched = json!({ "status_detail": "self signed certificate" });
    assert_eq!(network.call(JANE, (FAR, 443), &unvouched), ["certificate that nobody vouches for"]);
    assert_eq!(network.call(JANE, (FAR, 443), &json!({})), ["calls a place that showed signs"]);
    assert!(network.call(JOHN, (FAR, 443), &json!({})).is_empty(), "each pair by itself");
}

#[test]
fn long_odd_calls_puts_programs_and_rhythms_are_signs() {
    let mut network = Network::office();
    assert_eq!(network.call(JANE, (FAR, 1_234), &json!({ "duration": 700_000 })), ["odd port held open"]);
    let put = json!({ "http_request": { "http_method": "PUT", "url": { "path": "/x.7z" } } });
    assert_eq!(network.event(4_002, JANE, ("198.51.100.7", 80), &put), ["files put at a far place"]);
    let get = json!({ "http_request": { "http_method": "GET", "url": { "path": "/a.exe" } } });
    assert_eq!(network.event(4_002, JANE, ("198.51.100.7", 80), &get), ["program brought from a far place"]);
    let told: Vec<_> = (0..40).map(|_| network.call(JOHN, ("192.0.2.9", 8_443), &json!({}))).collect();
    assert!(told[..31].iter().all(Vec::is_empty) && told[31] == ["the same call again and again"]);
}

#[test]
fn a_place_that_everybody_calls_is_none() {
    let mut network = Network::office();
    for last in 10..13 {
        network.call(&format!("10.0.1.{last}"), (FAR, 443), &json!({}));
    }
    let unvouched = json!({ "status_detail": "self signed certificate" });
    assert!(network.call(JANE, (FAR, 443), &unvouched).is_empty());
}
