//! What others read of an incident: Attack Flow, OCSF, diagrams and pages, each sound in its own form.

use crate::world::{
    JANE, JANES_KEY, OUTSIDE, leaked_key, ordinary_days, signal, with_action, with_technique,
};
use homeostat_core::{MemoryReach, MemoryValues, Outcome, Position, Role, State};
use homeostat_identity::Resolved;
use homeostat_incident::{Investigator, Report};
use serde_json::Value;
use std::collections::BTreeSet;

fn report(mut log: Vec<Resolved>) -> Report {
    log.sort_by_key(|input| input.signal.time);
    let mut investigator = Investigator::default();
    for (number, input) in (0..).zip(&log) {
        investigator.observe(Position::at(number), input).unwrap();
    }
    investigator.finish();
    investigator.incidents()[0].report(&MemoryReach::default(), &MemoryValues::default())
}

fn leaked() -> Report {
    report([ordinary_days(0), leaked_key(10_000)].concat())
}

/// Whether `id` is `kind`, two dashes and a UUID.
fn is_id(id: &str, kind: &str) -> bool {
    let Some(uuid) = id.strip_prefix(kind).and_then(|rest| rest.strip_prefix("--")) else { return false };
    let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
    let hex = uuid.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit());
    let fourth = uuid.split('-').nth(3).and_then(|part| part.chars().next());
    lengths == [8, 4, 4, 4, 12] && hex && fourth.is_some_and(|letter| "89ab".contains(letter))
}

#[test]
fn an_attack_flow_is_closed_and_reaches_every_action() {
    let flow: Value = serde_json::from_str(&leaked().to_attack_flow()).unwrap();
    let objects = flow["objects"].as_array().unwrap();
    let ids: BTreeSet<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), objects.len());
    assert!(is_id(flow["id"].as_str().unwrap(), "bundle"));
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    for object in objects {
        let kind = object["type"].as_str().unwrap();
        assert!(is_id(object["id"].as_str().unwrap(), kind), "{object}");
        assert_eq!(object["spec_version"], "2.1");
        for (field, value) in object.as_object().unwrap() {
            let told = value.as_array().into_iter().flatten().chain([value]).filter_map(Value::as_str);
            let refs = told.filter(|_| field.ends_with("_ref") || field.ends_with("_refs"));
            for id in refs {
                assert!(ids.contains(id), "{field} leads nowhere");
                reached.insert(id);
            }
        }
        if kind.starts_with("attack-") {
            let extension = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4";
            assert_eq!(object["extensions"][extension]["extension_type"], "new-sdo");
        }
    }
    let of = |kind: &str| objects.iter().filter(|object| object["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("attack-flow").len(), 1);
    assert_eq!(of("attack-flow")[0]["scope"], "incident");
    let actions = of("attack-action");
    assert!(
        actions.len() >= 3 && actions.iter().all(|action| reached.contains(action["id"].as_str().unwrap()))
    );
    assert!(actions.iter().any(|action| action["technique_id"] == "T1098.001"));
    assert!(of("attack-condition")[0]["description"].as_str().unwrap().starts_with("entry not observed"));
}

#[test]
fn an_incident_finding_has_what_ocsf_asks_for_and_claims_no_more() {
    let finding: Value = serde_json::from_str(&leaked().to_ocsf()).unwrap();
    assert_eq!((&finding["class_uid"], &finding["type_uid"]), (&2_005.into(), &200_501.into()));
    assert_eq!(finding["verdict_id"], 4, "suspicious, until a person says more");
    assert!(finding["assignee_group"]["name"].is_string());
    let infos = finding["finding_info_list"].as_array().unwrap();
    assert!(infos.iter().all(|info| info["uid"].is_string() && info["title"].is_string()));
    assert!(infos.iter().any(|info| info["attacks"][0]["sub_technique"]["uid"] == "T1098.001"));
    assert!(infos.iter().all(|info| !info["related_events"].as_array().unwrap().is_empty()));
}

#[test]
fn hostile_text_stays_text_in_every_form() {
    let evil = "\"]; click s0 \"javascript:x\" <script>alert(1)</script>\n%% -->|x|";
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let act = |n: u64, kind: &str, technique: &str| {
        let one = signal(n, i64::try_from(n).unwrap() * 60, kind, &parts, 12.0);
        with_technique(with_action(one, evil, Outcome::Success), technique)
    };
    let report = report(vec![act(1, "a", "T1078"), act(2, "b", "T1098"), act(3, "c", "T1530")]);
    let (mermaid, dot, html) = (report.to_mermaid(), report.to_dot(), report.to_html());
    for line in mermaid.lines().skip(1) {
        assert!(
            line.starts_with("  s") && line.matches('"').count() % 2 == 0 && !line.contains('<'),
            "{line}"
        );
    }
    assert!(mermaid.matches('"').count() == 2 * report.steps.len());
    assert_eq!(dot.matches('{').count(), 1);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    for part in html.split("<svg").skip(1) {
        assert!(
            part.contains("role=\"img\"><title>") && part.contains("<desc>"),
            "pictures say what they show"
        );
    }
    assert!(
        !html.contains("http://") && !html.contains("https://") && !html.contains("src="),
        "nothing is loaded"
    );
}
