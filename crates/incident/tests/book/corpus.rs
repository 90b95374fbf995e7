//! Real alerts of three products over days, one intrusion each: found first, soon, and with little beside it.
//!
//! Reads the alert data set of the environment variable `HOMEOSTAT_CORPUS`, never its label columns; says that it
//! skips where there is none.

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Position, Role, Signal, State, TenantId,
    Timestamp,
};
use homeostat_identity::{EntityClass, EntityId, Participant, Resolved};
use homeostat_incident::{Incident, Investigator};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

fn alerts(path: &Path) -> Vec<Resolved> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut hosts: BTreeMap<EntityKey, EntityId> = BTreeMap::new();
    let mut alerts = Vec::new();
    for (number, line) in (0_u64..).zip(text.lines().skip(1)) {
        let columns: Vec<&str> = line.split(',').take(5).collect();
        let occurrence = Occurrence {
            tenant: TenantId::new("ait").unwrap(),
            event: EventRef::new("alerts.txt", number).unwrap(),
            time: Timestamp::from_millis(columns[0].parse::<i64>().unwrap() * 1_000),
            domain: Domain::Endpoint,
        };
        let key = EntityKey::new(EntityKind::Hostname, "ait", columns[3]).unwrap();
        let next = EntityId(u32::try_from(hosts.len()).unwrap());
        let id = *hosts.entry(key.clone()).or_insert(next);
        let signal = Signal::new(columns[4], &occurrence, &key, Bits::new(0.01));
        let host = Participant { id, class: EntityClass::Device, key, role: Role::Actor };
        alerts.push(Resolved { signal, participants: vec![host], links: Vec::new() });
    }
    alerts.sort_by_key(|alert| alert.signal.time);
    alerts
}

fn told(alerts: &[Resolved]) -> Vec<Incident> {
    let mut investigator = Investigator::default();
    for (number, alert) in alerts.iter().enumerate() {
        investigator.observe(Position::at(number as u64), alert).unwrap();
    }
    investigator.finish();
    investigator.incidents()
}

#[test]
fn the_intrusion_of_each_scenario_comes_first() {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
        println!("skipped: HOMEOSTAT_CORPUS is not set");
        return;
    };
    let set = Path::new(&corpus).join("incident/ait-ads");
    let truth = std::fs::read_to_string(set.join("ground_truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let mut total = 0;
    for scenario in truth["scenarios"].as_array().unwrap() {
        let name = scenario["scenario"].as_str().unwrap();
        let incidents = told(&alerts(&set.join(format!("{name}_alerts.txt.gz"))));
        let steps = scenario["incidents"][0]["steps"].as_array().unwrap();
        let scan = steps.iter().find(|step| step["name"] == "service_scans").unwrap();
        let scan: Timestamp = scan["window"][0].as_str().unwrap().parse().unwrap();
        let after = incidents[0].opened().since(scan).unwrap() / 1_000_000;
        assert!(
            (0..=30).contains(&after),
            "{name}: the first incident opened {after} s after the first scan"
        );
        total += incidents.len();
    }
    assert!(total <= 6, "{total} incidents of four intrusions");
}
