#![cfg(test)]
#![cfg(feature = "forensics")]
//! From an incident to its evidence and back: what was captured adds a step that names its custody.

use homeostat::Forensics;
use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Position, Role, Signal, State, TenantId,
};
use homeostat_forensics::{
    Capture, Channel, Containment, Custody, MemoryCollector, MemoryStore, Progress, TriageSource, Ways,
    unpack,
};
use homeostat_identity::{EntityClass, EntityId, Participant, Resolved};
use homeostat_incident::{Incident, Investigator};
use homeostat_ingest::{Ingest, Registry};
use homeostat_response::{MemoryStorage, PseudonymKey, Target, TargetKind};
use std::sync::Arc;

const SHELL: &str = r#"{"homeostat_triage":"process","host":"web01","pid":7,"ppid":1,"name":"sh","user":"www-data","cmd_line":"sh -c id","started":"2026-03-16T03:06:00Z"}"#;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn web() -> EntityKey {
    EntityKey::new(EntityKind::Hostname, "acme", "web01").unwrap()
}

fn observe(investigator: &mut Investigator, number: u64, kind: &str, event: EventRef) {
    let time = format!("2026-03-16T03:0{number}:00Z").parse().unwrap();
    let occurrence = Occurrence { tenant: tenant(), event, time, domain: Domain::Endpoint };
    let signal = Signal::new(kind, &occurrence, &web(), Bits::MEDIUM);
    let host = Participant { id: EntityId(0), class: EntityClass::Device, key: web(), role: Role::Actor };
    let resolved = Resolved { signal, participants: vec![host], links: Vec::new() };
    investigator.observe(Position::at(number), &resolved).unwrap();
}

/// An investigator that saw an intrusion on `web01`, and its one incident.
fn intrusion() -> (Investigator, Incident) {
    let mut investigator = Investigator::default();
    let kinds = ["port-scan", "error-burst", "new-file", "new-admin", "log-cleared"];
    for (number, kind) in (0..).zip(kinds) {
        observe(&mut investigator, number, kind, EventRef::new("alerts.csv", number).unwrap());
    }
    let mut whole = investigator.clone();
    whole.finish();
    let incident = whole.incidents().first().cloned().unwrap();
    (investigator, incident)
}

fn linux(key: &EntityKey) -> Option<String> {
    (*key == web()).then(|| "linux".to_owned())
}

#[test]
fn an_incident_gives_one_request_for_each_machine_whoever_asks() {
    let (_, incident) = intrusion();
    let forensics = Forensics::new(tenant(), Box::new(linux));
    let [automatic] = forensics.requests(&incident).try_into().unwrap();
    let target = Target::new(TargetKind::Host, &automatic.target.id).with("os", "linux");
    let manual = forensics.request(&incident.id().to_string(), target);
    assert_eq!(automatic.id, manual.id);
    let plan = |request| forensics.order(request).unwrap().plan.digest();
    assert_eq!(plan(&automatic), plan(&manual), "the same plan");
    assert!(forensics.unplanned(&incident).is_empty());
    let blind = Forensics::new(tenant(), Box::new(|_| None));
    assert!(blind.requests(&incident).is_empty());
    assert_eq!(blind.unplanned(&incident).len(), 1, "a machine of an unknown system is named");
}

#[test]
fn what_was_captured_adds_a_step_that_names_its_custody() {
    let (mut investigator, incident) = intrusion();
    let forensics = Forensics::new(tenant(), Box::new(linux));
    let order = forensics.order(&forensics.requests(&incident)[0]).unwrap();
    let agent = MemoryCollector::new(Channel::own_agent()).with("processes", "processes.jsonl", SHELL);
    let (store, contained) = (MemoryStore::default(), |_: &Target| Containment::Contained);
    let mut custody =
        Custody::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([7; 32]))
            .unwrap();
    let ways = Ways { collectors: &[Arc::new(agent)], store: &store, watch: &contained };
    let now = "2026-03-16T03:07:00Z".parse().unwrap();
    let end = Capture::open(&order, ways, &mut custody).unwrap().run(now, &mut |until| until).unwrap();
    assert!(matches!(end, Progress::Done(_)));

    let mut ingest = Ingest::new(Registry::default().first(TriageSource));
    let mut events = Vec::new();
    unpack((&mut custody, &order.id, now), &store, &mut ingest, &mut |event| events.push(event.unwrap()))
        .unwrap();
    let launch = events[0].reference().unwrap();
    assert!(events[0].unmapped("homeostat_custody").unwrap().as_str().contains(order.id.as_str()));
    observe(&mut investigator, 6, "shell-of-a-web-server", launch.clone());
    investigator.finish();
    let after = investigator.incidents();
    assert_eq!(after.len(), 1, "no second story");
    assert_eq!(after[0].steps().len(), incident.steps().len() + 1);
    assert!(after[0].events().contains(&launch), "the step's evidence leads to custody");
}
