//! Findings of scanners: a hole of an asset while it is open, none once it is repaired.
//!
//! OCSF 1.x Vulnerability Finding (class 2002); the AWS Security Finding Format of Security Hub; findings of Inspector; and
//! a plain list `{"vulnerabilities": [{asset, cve, epss, cvss, port, exploited, fixed}]}`.

use super::ec2::machine;
use super::{Facts, is_true, list, number, text};
use crate::object::arn_key;
use crate::vulnerability::Vulnerability;
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let events =
        if let Value::Array(events) = whole { events.as_slice() } else { core::slice::from_ref(whole) };
    let mut known = false;
    for (number, event) in events.iter().enumerate().filter(|(_, event)| is_finding(event)) {
        known = true;
        if ocsf(facts, event).is_none() {
            facts.problem(&format!("[{number}]"), "a finding without assets or without vulnerabilities");
        }
    }
    let lists = [
        facts.each(whole, "Findings", security_hub),
        facts.each(whole, "findings", inspector),
        facts.each(whole, "vulnerabilities", plain),
    ];
    known || lists.contains(&true)
}

fn is_finding(event: &Value) -> bool {
    number(event, "class_uid") == Some(2002)
}

/// The key of an asset as a scanner names it.
fn asset(facts: &mut Facts, name: &str) -> Option<EntityKey> {
    if let Some(key) = arn_key(name) {
        return Some(key);
    }
    if name.starts_with("i-") {
        return machine(facts, name);
    }
    EntityKey::new(EntityKind::NativeId, "asset", name).ok()
}

/// The chance, as a number or as a text.
fn chance(record: &Value, field: &str) -> Option<f64> {
    let value = record.get(field)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A hole is there while the finding is open, and gone once it is not.
fn tell(facts: &mut Facts, asset: &EntityKey, hole: &Vulnerability, open: bool) {
    facts.op(if open { hole.found_on(asset.clone()) } else { hole.fixed_on(asset.clone()) });
}

fn hole(id: &str, epss: Option<f64>, vector: Option<&str>) -> Vulnerability {
    let hole = Vulnerability::new(id);
    let hole = epss.map_or(hole.clone(), |epss| hole.with_epss(epss));
    vector.map_or(hole.clone(), |vector| hole.with_vector(vector))
}

fn ocsf(facts: &mut Facts, event: &Value) -> Option<()> {
    // Status: 3 suppressed, 4 resolved, 5 archived; activity: 3 closed.
    let closed = matches!(number(event, "status_id"), Some(3..=5)) || number(event, "activity_id") == Some(3);
    let singular = event.get("resource").into_iter().chain(event.get("device"));
    let resources: Vec<&Value> = list(event, "resources").chain(singular).collect();
    let names = resources.iter().filter_map(|one| {
        text(one, "uid").or_else(|| text(one, "instance_uid")).or_else(|| text(one, "hostname"))
    });
    let assets: Vec<EntityKey> = names.filter_map(|name| asset(facts, name)).collect();
    let mut told = false;
    for record in list(event, "vulnerabilities") {
        let Some(cve) = record.get("cve") else { continue };
        let Some(id) = text(cve, "uid") else { continue };
        let epss = cve.get("epss").and_then(|epss| chance(epss, "score"));
        let vector = list(cve, "cvss").find_map(|cvss| text(cvss, "vector_string"));
        let hole = hole(id, epss, vector);
        let hole = if is_true(record, "is_exploited") { hole.exploited() } else { hole };
        for asset in &assets {
            tell(facts, asset, &hole, !closed);
        }
        told |= !assets.is_empty();
    }
    told.then_some(())
}

fn security_hub(facts: &mut Facts, finding: &Value) -> Option<()> {
    let workflow = finding.get("Workflow").and_then(|workflow| text(workflow, "Status"));
    let open = text(finding, "RecordState") != Some("ARCHIVED")
        && !matches!(workflow, Some("RESOLVED" | "SUPPRESSED"));
    let names: Vec<&str> = list(finding, "Resources").filter_map(|one| text(one, "Id")).collect();
    let assets: Vec<EntityKey> = names.into_iter().filter_map(|name| asset(facts, name)).collect();
    (!assets.is_empty()).then_some(())?;
    // Findings of misconfiguration have none: they are read by rules of posture.
    for record in list(finding, "Vulnerabilities") {
        let Some(id) = text(record, "Id") else { continue };
        let vector = list(record, "Cvss").find_map(|cvss| text(cvss, "BaseVector"));
        let hole = hole(id, chance(record, "EpssScore"), vector);
        for asset in &assets {
            tell(facts, asset, &hole, open);
        }
    }
    Some(())
}

fn inspector(facts: &mut Facts, finding: &Value) -> Option<()> {
    let details = finding.get("packageVulnerabilityDetails");
    let Some(details) = details else {
        // Another kind of finding: of code, of the network.
        return text(finding, "type").map(|_| ());
    };
    let id = text(details, "vulnerabilityId")?;
    let vector = list(details, "cvss").find_map(|cvss| text(cvss, "scoringVector"));
    let epss = finding.get("epss").and_then(|epss| chance(epss, "score"));
    let hole = hole(id, epss, vector);
    let open = !matches!(text(finding, "status"), Some("CLOSED" | "SUPPRESSED"));
    let names: Vec<&str> = list(finding, "resources").filter_map(|one| text(one, "id")).collect();
    for name in names {
        let asset = asset(facts, name)?;
        tell(facts, &asset, &hole, open);
    }
    Some(())
}

fn plain(facts: &mut Facts, record: &Value) -> Option<()> {
    let (name, id) = (text(record, "asset")?, text(record, "cve")?);
    let asset = asset(facts, name)?;
    let hole = hole(id, chance(record, "epss"), text(record, "cvss"));
    let port = number(record, "port").and_then(|port| u16::try_from(port).ok());
    let hole = port.map_or(hole.clone(), |port| hole.with_port(port));
    let hole = if is_true(record, "exploited") { hole.exploited() } else { hole };
    tell(facts, &asset, &hole, !is_true(record, "fixed"));
    Some(())
}
