//! A report as an OCSF 1.8.0 Incident Finding (2005).
//!
//! The verdict is *suspicious* until a person says more, never *true positive* unasked. 2005 has no place for
//! reasons: the steps stand in `finding_info_list`, each with its technique and the events it rests on.

use crate::Report;
use crate::attack_flow::tactic;
use homeostat_core::Timestamp;
use serde_json::{Value, json};

/// OCSF's numbers: class, category, and the activity of an incident that is told for the first time.
const CLASS: u32 = 2_005;
const CATEGORY: u32 = 2;
const CREATE: u32 = 1;
/// Status "new", verdict "suspicious".
const NEW: u32 = 1;
const SUSPICIOUS: u32 = 4;

/// The event, as one line of JSON.
pub(crate) fn finding(report: &Report) -> String {
    let severity = match report.severity {
        "low" => 2,
        "medium" => 3,
        "high" => 4,
        _ => 5,
    };
    let millis = |time: Timestamp| time.millis().unwrap_or(0);
    let first = report.steps.first().map_or(report.opened, |step| step.time);
    json!({
        "activity_id": CREATE, "category_uid": CATEGORY, "class_uid": CLASS,
        "type_uid": CLASS * 100 + CREATE,
        "time": millis(report.told), "start_time": millis(first), "end_time": millis(report.updated),
        "severity_id": severity, "status_id": NEW, "verdict_id": SUSPICIOUS,
        "assignee_group": { "name": "unassigned", "uid": "unassigned" },
        "is_suspected_breach": report.headline.contains(&"egress"),
        "desc": report.answers.what.text,
        "finding_info_list": report.steps.iter().enumerate().map(|step| info(report, step)).collect::<Vec<_>>(),
        "attacks": attacks(report),
        "metadata": {
            "version": "1.8.0",
            "product": { "name": "homeostat", "vendor_name": "homeostat" },
            "uid": report.id,
        },
    })
    .to_string()
}

fn info(report: &Report, (at, step): (usize, &crate::ReportStep)) -> Value {
    let millis = |time: Timestamp| time.millis().unwrap_or(0);
    let events: Vec<Value> = step.events.iter().map(|event| json!({ "uid": event.as_str() })).collect();
    let mut info = json!({
        "uid": format!("{}/{}", report.id, at + 1),
        "title": step.sentence,
        "first_seen_time": millis(step.time),
        "last_seen_time": millis(step.last),
        "related_events": events,
    });
    if let (Some(attack), Value::Object(fields)) = (attack(step), &mut info) {
        fields.insert("attacks".to_owned(), json!([attack]));
    }
    info
}

/// Tactic and technique of a step; a sub-technique stands beside its technique.
fn attack(step: &crate::ReportStep) -> Option<Value> {
    let technique = step.technique.as_ref()?;
    let (id, name) = step.stage.map(tactic)?;
    let mut attack = json!({
        "tactic": { "uid": id, "name": name },
        "technique": { "uid": technique.parent() },
    });
    if let (true, Value::Object(fields)) = (technique.as_str() != technique.parent(), &mut attack) {
        fields.insert("sub_technique".to_owned(), json!({ "uid": technique.as_str() }));
    }
    Some(attack)
}

fn attacks(report: &Report) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for attack in report.steps.iter().filter_map(attack) {
        if !all.contains(&attack) {
            all.push(attack);
        }
    }
    all
}
