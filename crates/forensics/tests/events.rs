#![cfg(test)]
#![cfg(feature = "event")]
//! Evidence as events again, with its custody; and its export to other tools.

use homeostat_core::Timestamp;
use homeostat_event::Event;
use homeostat_forensics::{
    AssetKind, Capture, CapturePlan, Channel, Containment, Custody, Deed, Digest, Item, MemoryCollector,
    MemoryStore, Order, Profile, Progress, Stage, TriageSource, Unpacked, Ways, case_bundle, unpack,
};
use homeostat_ingest::{Ingest, Registry};
use homeostat_response::{ActionId, MemoryStorage, PseudonymKey, Target, TargetKind};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

const AUTH: &str =
    "2026-03-16T08:30:00+00:00 web-1 sshd[71]: Accepted publickey for jane from 192.0.2.7 port 50000 ssh2\n";
const ROWS: &str = concat!(
    r#"{"homeostat_triage":"process","host":"web-1","pid":7,"ppid":1,"name":"sh","path":"/bin/sh","cmd_line":"sh -c id","uid":"33","user":"www-data","started":"2026-03-16T08:31:00Z","seen":"2026-03-16T09:00:00Z"}"#,
    "\n",
    r#"{"homeostat_triage":"process","host":"web-1","pid":8,"seen":"2026-03-16T09:00:00Z"}"#,
    "\n{\"homeostat_triage\":\"process\"}\n"
);
const SOCKETS: &str = concat!(
    r#"{"homeostat_triage":"connection","host":"web-1","protocol":"tcp","state":"listen","local_ip":"0.0.0.0","local_port":22,"uid":0,"inode":5,"seen":"2026-03-16T09:00:00Z"}"#,
    "\n",
    r#"{"homeostat_triage":"connection","host":"web-1","protocol":"tcp","state":"established","local_ip":"10.0.0.7","local_port":50000,"remote_ip":"203.0.113.9","remote_port":443,"direction":"outbound","seen":"2026-03-16T09:00:00Z"}"#,
    "\n",
    r#"{"homeostat_triage":"connection","protocol":"tcp","state":"established","local_ip":"10.0.0.7","local_port":22,"remote_ip":"192.0.2.7","remote_port":50000,"direction":"inbound","seen":"2026-03-16T09:00:00Z"}"#,
    "\n"
);

struct Scene {
    custody: Custody<MemoryStorage>,
    store: MemoryStore,
    id: ActionId,
    now: Timestamp,
}

fn scene() -> Scene {
    let agent = MemoryCollector::new(Channel::own_agent())
        .with("processes", "processes.jsonl", ROWS)
        .with("connections", "connections.jsonl", SOCKETS)
        .with("accounts", "accounts.jsonl", "{\"homeostat_triage\":\"account\",\"name\":\"jane\"}\n")
        .with("logs", "/var/log/auth.log", AUTH)
        .with_item("keys", Item::new("/home/jane/.ssh/authorized_keys").about("jane"), "ssh-ed25519 AAAA");
    let target = Target::new(TargetKind::Host, "web-1").with("os", "linux");
    let id = ActionId::new("inc-7-capture").unwrap();
    let order = Order::new(id.clone(), target, CapturePlan::of(AssetKind::Linux, Profile::Triage))
        .asked_by("joe@acme.example", "a shell under the web server");
    let (store, now) = (MemoryStore::default(), "2026-03-16T09:00:00Z".parse().unwrap());
    let mut custody =
        Custody::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([7; 32]))
            .unwrap();
    let free = |_: &Target| Containment::Free;
    let ways = Ways { collectors: &[Arc::new(agent)], store: &store, watch: &free };
    let end = Capture::open(&order, ways, &mut custody).unwrap().run(now, &mut |until| until).unwrap();
    assert!(matches!(end, Progress::Done(_)));
    Scene { custody, store, id, now }
}

fn unpacked(scene: &mut Scene) -> (Unpacked, Vec<Event>) {
    let mut ingest = Ingest::new(Registry::default().first(TriageSource)).with_coverage();
    let mut events = Vec::new();
    let told = unpack((&mut scene.custody, &scene.id, scene.now), &scene.store, &mut ingest, &mut |event| {
        events.push(event.unwrap());
    });
    let dropped: u64 = ingest.coverage().sources.values().map(|counts| counts.leaves_dropped).sum();
    assert_eq!(dropped, 0, "nothing of a row is dropped");
    (told.unwrap(), events)
}

#[test]
fn evidence_becomes_valid_events_that_name_their_custody() {
    let mut scene = scene();
    assert_eq!(scene.custody.stage(&scene.id), Stage::Acquired);
    let (told, events) = unpacked(&mut scene);
    assert_eq!(scene.custody.stage(&scene.id), Stage::Processed);
    assert_eq!((told.pieces, told.raw, told.events, told.errors), (4, 1, events.len() as u64, 0));
    let mut classes: Vec<(u32, u32)> =
        events.iter().map(|event| (event.class_uid().get(), event.activity_id())).collect();
    classes.sort_unstable();
    assert_eq!(classes, [(0, 0), (0, 0), (1007, 1), (1007, 1), (3002, 1), (4001, 6), (4001, 6), (4001, 7)]);
    for event in &events {
        assert_eq!(homeostat_event::validate(event), [], "{}", event.to_json());
        let custody: Value =
            serde_json::from_str(event.unmapped("homeostat_custody").unwrap().as_str()).unwrap();
        let digest: Digest = custody["sha256"].as_str().unwrap().parse().unwrap();
        let acquired = scene.custody.of(&scene.id).any(|record| {
            matches!(&record.deed, Deed::Acquired { digest: found, step, .. } if *found == digest && custody["step"] == *step)
        });
        assert!(acquired && custody["capture"] == "inc-7-capture");
        assert!(event.reference().unwrap().as_str().starts_with(&format!("evidence/{digest}")));
    }
    let launch = events.iter().find(|event| event.to_json().contains("sh -c id")).unwrap();
    assert_eq!(
        launch.when().to_string(),
        "2026-03-16T08:31:00.000000Z",
        "when it started, not when it was seen"
    );
    assert_eq!(launch.actor().unwrap().name(), Some("www-data"));
    assert_eq!(scene.custody.records().last().unwrap().deed.word(), "processed");
}

#[test]
fn doing_it_again_gives_the_same_events() {
    let mut scene = scene();
    let texts = |events: &[Event]| events.iter().map(Event::to_json).collect::<Vec<_>>();
    let first = texts(&unpacked(&mut scene).1);
    assert_eq!(texts(&unpacked(&mut scene).1), first);
}

/// Every id that a node refers to.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, found)),
        Value::Object(members) => {
            if let (1, Some(Value::String(id))) = (members.len(), members.get("@id")) {
                found.push(id.clone());
            }
            members.values().for_each(|one| references(one, found));
        }
        _ => {}
    }
}

#[test]
fn the_case_bundle_is_whole_and_the_same_each_time() {
    let scene = scene();
    let bundle = case_bundle(&scene.custody, &scene.id, "https://acme.example/case/");
    assert_eq!(bundle, case_bundle(&scene.custody, &scene.id, "https://acme.example/case/"));
    let whole: Value = serde_json::from_str(bundle.as_str()).unwrap();
    let nodes = whole["@graph"].as_array().unwrap();
    let ids: BTreeSet<&str> = nodes.iter().filter_map(|node| node["@id"].as_str()).collect();
    assert_eq!(ids.len(), nodes.len());
    let mut named = Vec::new();
    references(&whole["@graph"], &mut named);
    assert!(named.iter().all(|id| ids.contains(id.as_str())), "no reference leads nowhere");
    let of = |kind: &str| nodes.iter().filter(|node| node["@type"] == kind).count();
    assert_eq!(
        (of("uco-observable:File"), of("uco-types:Hash"), of("case-investigation:Investigation")),
        (5, 5, 1)
    );
    let steps = CapturePlan::of(AssetKind::Linux, Profile::Triage).steps().len();
    assert_eq!(of("case-investigation:InvestigativeAction"), steps);
    assert!(bundle.as_str().contains(&Digest::of(AUTH.as_bytes()).to_string()));
}
