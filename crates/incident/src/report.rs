//! The report of an incident: six answers, each with evidence or "not known", and the forms it is given in.
//!
//! JSON is stable and versioned; Markdown and HTML are for people. Every value in HTML is escaped, and the page
//! holds no script and loads nothing.

use crate::answer::{self, Answers};
use crate::hypothesis::Hypothesis;
use crate::incident::Involved;
use crate::{Incident, attack_flow, diagram, html, markdown, ocsf};
use homeostat_core::{Criticality, EntityKey, EntityKind, EventRef, Reach, Stage, Technique, Timestamp};
use serde::Serialize;
use std::fmt;

/// One step as a report tells it.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportStep {
    /// When it began.
    pub time: Timestamp,
    /// When its last event took place.
    pub last: Timestamp,
    /// In which part of the estate it began.
    pub domain: Option<homeostat_core::Domain>,
    /// What it was done to or on.
    pub assets: Vec<String>,
    /// Its stage; `null` where no detector named a known technique.
    pub stage: Option<Stage>,
    /// Its technique.
    pub technique: Option<Technique>,
    /// Its events.
    pub events: Vec<EventRef>,
    /// What happened.
    pub sentence: String,
    /// Bits of the heaviest thing in it, rounded to hundredths.
    pub bits: f64,
}

/// One edge as a report tells it.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportEdge {
    /// The event before.
    pub from: Option<EventRef>,
    /// The event after.
    pub to: EventRef,
    /// Why they belong together.
    pub why: &'static str,
    /// The bits that hold it, rounded to hundredths.
    pub bits: f64,
}

/// Everything told of one incident, ready to be written out.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The incident's number.
    pub id: String,
    /// Evidence in bits, rounded to thousandths.
    pub score: f64,
    /// `low`, `medium`, `high` or `critical`: score and reach together.
    pub severity: &'static str,
    /// When it opened.
    pub opened: Timestamp,
    /// When it was last worth telling.
    pub told: Timestamp,
    /// When its last act took place.
    pub updated: Timestamp,
    /// Which of entry, privilege, movement and egress were seen.
    pub headline: Vec<&'static str>,
    /// The parts of the estate.
    pub domains: Vec<homeostat_core::Domain>,
    /// Its events, in order.
    pub events: Vec<EventRef>,
    /// Its steps, in order.
    pub steps: Vec<ReportStep>,
    /// Its entities, each as the list of its names.
    pub entities: Vec<Vec<String>>,
    /// The parts that these entities played, in the same order.
    pub roles: Vec<Vec<homeostat_core::Role>>,
    /// Its causal graph.
    pub edges: Vec<ReportEdge>,
    /// What may lie behind it, likeliest first.
    pub hypotheses: Vec<Hypothesis>,
    /// What is missing.
    pub gaps: Vec<String>,
    /// The six answers.
    pub answers: Answers,
    /// What was done about it: ids of actions in the caller's journal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

impl Report {
    /// The version of the JSON shape.
    pub const SCHEMA_VERSION: u32 = 1;

    pub(crate) fn of(incident: &Incident, reach: &dyn Reach, values: &dyn Criticality) -> Self {
        let answers = answer::answers(incident, reach, values);
        let round = |bits: f64, digits: f64| (bits * digits).round() / digits;
        let steps = incident.steps.iter().cloned().map(|step| ReportStep {
            time: step.time,
            last: step.last,
            domain: step.domain,
            assets: step.assets,
            stage: step.stage,
            technique: step.technique,
            events: step.events,
            sentence: step.sentence,
            bits: round(step.bits, 100.0),
        });
        let edges = incident.edges.iter().map(|edge| ReportEdge {
            from: edge.from.clone(),
            to: edge.to.clone(),
            why: edge.why.as_str(),
            bits: round(edge.bits, 100.0),
        });
        Self {
            schema_version: Self::SCHEMA_VERSION,
            id: incident.id.to_string(),
            score: round(incident.score, 1_000.0),
            severity: incident.graded(incident.score + answers.worse_bits).as_str(),
            opened: incident.opened,
            told: incident.told,
            updated: incident.updated,
            headline: incident.headline(),
            domains: incident.domains(),
            events: incident.events.clone(),
            steps: steps.collect(),
            entities: incident.entities.iter().map(names).collect(),
            roles: incident.entities.iter().map(|e| e.roles.iter().copied().collect()).collect(),
            edges: edges.collect(),
            hypotheses: incident.hypotheses.clone(),
            gaps: incident.gaps.clone(),
            answers,
            actions: Vec::new(),
        }
    }

    /// The report with the ids of actions that were taken, as the caller's journal names them.
    #[must_use]
    pub fn with_actions(self, actions: Vec<String>) -> Self {
        Self { actions, ..self }
    }

    /// As JSON, fields in a fixed order.
    pub fn to_json(&self) -> String {
        // Nothing in a report can fail to be written; an empty object is never seen.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// As Markdown, for people.
    pub fn to_markdown(&self) -> String {
        markdown::page(self)
    }

    /// As Attack Flow 2.0.0: a bundle of STIX 2.1 objects.
    pub fn to_attack_flow(&self) -> String {
        attack_flow::bundle(self)
    }

    /// As an OCSF 1.8.0 Incident Finding, one JSON object.
    pub fn to_ocsf(&self) -> String {
        ocsf::finding(self)
    }

    /// The causal graph as a Mermaid flow chart.
    pub fn to_mermaid(&self) -> String {
        diagram::mermaid(self)
    }

    /// The causal graph for Graphviz.
    pub fn to_dot(&self) -> String {
        diagram::dot(self)
    }

    /// As one HTML page that stands alone: no script, nothing loaded, every value escaped.
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Report({} {}, {} events)", self.id, self.severity, self.events.len())
    }
}

impl fmt::Debug for ReportStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportStep({} {:?}, {} events)", self.time, self.stage, self.events.len())
    }
}

impl fmt::Debug for ReportEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportEdge({:?} -> {} {})", self.from, self.to, self.why)
    }
}

/// The names of an entity, each once.
fn names(involved: &Involved) -> Vec<String> {
    crate::incident::in_order(involved.keys.iter().map(shown))
}

/// The name that people write for `key`: an account of a Windows domain with its domain.
pub fn shown(key: &EntityKey) -> String {
    match key.kind() {
        EntityKind::Sam => format!("{}\\{}", key.scope().to_uppercase(), key.value()),
        _ => key.value().to_owned(),
    }
}
