//! A report as Attack Flow 2.0.0: a bundle of STIX 2.1 objects, one action a step, tied by the causal edges.
//!
//! The ids rest on what they name (UUIDs of version 5's form, made of XXH64 and not of SHA-1), so that the same
//! incident gives the same bytes. Format: STIX 2.1 (OASIS, 2021), Attack Flow 2.0.0 (Center for Threat-Informed
//! Defense), whose extension id stands in every object. O(steps · edges).

use crate::{Report, ReportStep};
use homeostat_core::{EventRef, Stage, Timestamp, xxh64};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The extension that defines the objects of Attack Flow.
const EXTENSION: &str = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4";
/// Who published it.
const PUBLISHER: &str = "identity--fb9c968a-745b-4ade-9b25-c324172197f4";
const SCHEMA: &str =
    "https://center-for-threat-informed-defense.github.io/attack-flow/stix/attack-flow-schema-2.0.0.json";
/// When the extension was published.
const PUBLISHED: &str = "2022-08-02T19:34:35.143Z";

/// The bundle.
pub(crate) fn bundle(report: &Report) -> String {
    let maker = Maker { report };
    let flow = follow(report);
    let mut objects = vec![publisher(), extension(), maker.own_identity(), maker.flow(&flow)];
    if flow.entry_missing {
        objects.push(maker.entry_not_observed(&flow));
    }
    objects.extend(report.steps.iter().enumerate().map(|(at, step)| maker.action(at, step, &flow)));
    let assets: BTreeSet<&String> = report.steps.iter().flat_map(|step| &step.assets).collect();
    objects.extend(assets.into_iter().map(|asset| maker.asset(asset)));
    let bundle = json!({ "type": "bundle", "id": maker.id("bundle", "bundle"), "objects": objects });
    bundle.to_string()
}

/// Which step follows from which.
struct Flow {
    next: BTreeMap<usize, BTreeSet<usize>>,
    first: Vec<usize>,
    entry_missing: bool,
}

/// The order that the causal edges give to the steps; a step without one follows nobody.
fn follow(report: &Report) -> Flow {
    let mut step_of: BTreeMap<&EventRef, usize> = BTreeMap::new();
    for (at, step) in report.steps.iter().enumerate() {
        for event in &step.events {
            step_of.entry(event).or_insert(at);
        }
    }
    let mut next: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for edge in &report.edges {
        let ends = edge.from.as_ref().and_then(|from| step_of.get(from)).zip(step_of.get(&edge.to));
        if let Some((from, to)) = ends.filter(|(from, to)| from < to) {
            next.entry(*from).or_default().insert(*to);
        }
    }
    let follows: BTreeSet<usize> = next.values().flatten().copied().collect();
    let first = (0..report.steps.len()).filter(|step| !follows.contains(step)).collect();
    Flow { next, first, entry_missing: report.gaps.iter().any(|gap| gap.starts_with("entry not observed")) }
}

fn publisher() -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": PUBLISHER, "created": PUBLISHED, "modified": PUBLISHED,
        "name": "MITRE Engenuity Center for Threat-Informed Defense", "identity_class": "organization",
    })
}

fn extension() -> Value {
    json!({
        "type": "extension-definition", "spec_version": "2.1", "id": EXTENSION, "created": PUBLISHED,
        "modified": PUBLISHED, "created_by_ref": PUBLISHER, "name": "Attack Flow", "schema": SCHEMA,
        "description": "Objects that tell in which order and by which means an attack goes on.",
        "version": "2.0.0", "extension_types": ["new-sdo"],
    })
}

struct Maker<'a> {
    report: &'a Report,
}

impl Maker<'_> {
    /// The id of the object of `kind` that is named `what` in this incident.
    fn id(&self, kind: &str, what: &str) -> String {
        let hash = |salt: u8| {
            xxh64(&[&[salt], kind.as_bytes(), self.report.id.as_bytes(), what.as_bytes()].join(&0x1F))
        };
        let (high, low) = (hash(1), hash(2));
        let version = high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000;
        let variant = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
        let text = format!("{version:016x}{variant:016x}");
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!("{kind}--{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    /// An object of Attack Flow with `more` in it.
    fn object(&self, kind: &str, what: &str, more: Value) -> Value {
        let (created, modified) =
            (self.report.opened.to_string(), self.report.updated.max(self.report.opened));
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": self.id(kind, what), "created": created,
            "modified": modified.to_string(), "created_by_ref": self.id("identity", "homeostat"),
            "extensions": { EXTENSION: { "extension_type": "new-sdo" } },
        });
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
        }
        object
    }

    fn own_identity(&self) -> Value {
        let created = self.report.opened.to_string();
        json!({
            "type": "identity", "spec_version": "2.1", "id": self.id("identity", "homeostat"),
            "created": created, "modified": created, "name": "homeostat", "identity_class": "system",
        })
    }

    fn flow(&self, flow: &Flow) -> Value {
        let missing = flow.entry_missing || flow.first.is_empty();
        let actions = || flow.first.iter().map(|at| self.action_id(*at)).collect();
        let start: Vec<String> = if missing { vec![self.id("attack-condition", "entry")] } else { actions() };
        let report = self.report;
        let told = format!("{}, {:.1} bits. {}", report.severity, report.score, report.answers.what.text);
        let name = format!("Incident {}", report.id);
        let more = json!({ "name": name, "description": told, "scope": "incident", "start_refs": start });
        self.object("attack-flow", "flow", more)
    }

    fn entry_not_observed(&self, flow: &Flow) -> Value {
        let gap = self.report.gaps.iter().find(|gap| gap.starts_with("entry not observed"));
        let after: Vec<String> = flow.first.iter().map(|at| self.action_id(*at)).collect();
        let mut more = json!({ "description": gap.map_or("entry not observed", String::as_str) });
        if let (Value::Object(more), false) = (&mut more, after.is_empty()) {
            more.insert("on_true_refs".to_owned(), json!(after));
        }
        self.object("attack-condition", "entry", more)
    }

    fn action_id(&self, at: usize) -> String {
        self.id("attack-action", &format!("step {at}"))
    }

    fn action(&self, at: usize, step: &ReportStep, flow: &Flow) -> Value {
        let tactic = step.stage.map(tactic);
        let technique = step.technique.as_ref().map(ToString::to_string);
        let name = technique.clone().or_else(|| tactic.map(|(_, name)| name.to_owned()));
        let mut more = json!({
            "name": name.unwrap_or_else(|| "not named by any detector".to_owned()),
            "description": step.sentence,
            "execution_start": step.time.to_string(),
            "execution_end": last(step, self.report.updated).to_string(),
        });
        let Value::Object(fields) = &mut more else { return more };
        if let Some((id, _)) = tactic {
            fields.insert("tactic_id".to_owned(), json!(id));
        }
        if let Some(technique) = technique {
            fields.insert("technique_id".to_owned(), json!(technique));
        }
        let assets: Vec<String> = step.assets.iter().map(|asset| self.id("attack-asset", asset)).collect();
        let after = flow.next.get(&at).into_iter().flatten().map(|to| self.action_id(*to));
        for (field, ids) in [("asset_refs", assets), ("effect_refs", after.collect())] {
            if !ids.is_empty() {
                fields.insert(field.to_owned(), json!(ids));
            }
        }
        self.object("attack-action", &format!("step {at}"), more)
    }

    fn asset(&self, name: &str) -> Value {
        self.object("attack-asset", name, json!({ "name": name }))
    }
}

fn last(step: &ReportStep, updated: Timestamp) -> Timestamp {
    step.last.min(updated).max(step.time)
}

/// The ATT&CK tactic of a stage: id and name.
pub(crate) const fn tactic(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Entry => ("TA0001", "Initial Access"),
        Stage::Discovery => ("TA0007", "Discovery"),
        Stage::Privilege => ("TA0004", "Privilege Escalation"),
        Stage::Persistence => ("TA0003", "Persistence"),
        Stage::Evasion => ("TA0005", "Defense Evasion"),
        Stage::Movement => ("TA0008", "Lateral Movement"),
        Stage::Collection => ("TA0009", "Collection"),
        Stage::C2 => ("TA0011", "Command and Control"),
        Stage::Egress => ("TA0010", "Exfiltration"),
        Stage::Impact => ("TA0040", "Impact"),
    }
}
