//! The six answers: what, who, why, how, where else, how much worse. Each rests on events or paths, or is
//! "not known": an answer without evidence is never given.

use crate::Incident;
use crate::incident::{Involved, NO_ENTRY};
use crate::step::short;
use homeostat_core::{Criticality, EntityKey, EventRef, Hop, Reach, Reached, Role};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// What is said where there is no evidence.
const NOT_KNOWN: &str = "not known";
/// The most assets and events an answer names.
const NAMED: usize = 8;
/// Bits that the most valuable reachable asset adds to severity at most.
const REACH_BITS: f64 = 8.0;

/// One answer.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The answer in words.
    pub text: String,
    /// The events it rests on.
    pub evidence: Vec<EventRef>,
    /// The paths through the estate it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<Hop>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} events, {} paths)", self.evidence.len(), self.paths.len())
    }
}

impl Answer {
    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        !self.evidence.is_empty() || !self.paths.is_empty()
    }

    fn new(text: String, evidence: Vec<EventRef>) -> Self {
        if evidence.is_empty() { Self::not_known() } else { Self { text, evidence, paths: Vec::new() } }
    }

    fn not_known() -> Self {
        Self { text: NOT_KNOWN.to_owned(), evidence: Vec::new(), paths: Vec::new() }
    }
}

/// The six answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answers {
    /// What happened.
    pub what: Answer,
    /// Who acted.
    pub who: Answer,
    /// What may lie behind it.
    pub why: Answer,
    /// By which way: entry, privilege, movement, egress.
    pub how: Answer,
    /// Where the same is seen or could be done.
    pub where_else: Answer,
    /// What can be reached next, and at what pace it goes.
    pub how_much_worse: Answer,
    /// Bits that reach adds to the severity.
    #[serde(skip)]
    pub(crate) worse_bits: f64,
}

pub(crate) fn answers(incident: &Incident, reach: &dyn Reach, values: &dyn Criticality) -> Answers {
    let reached = reachable(incident, reach);
    let worth = reached.iter().map(|r| f64::from(values.value(&r.entity).get()) * r.probability);
    let worse_bits = worth.fold(0.0, f64::max) / 100.0 * REACH_BITS;
    Answers {
        what: what(incident),
        who: who(incident),
        why: why(incident),
        how: how(incident),
        where_else: where_else(incident),
        how_much_worse: how_much_worse(incident, reached),
        worse_bits,
    }
}

fn first_events(incident: &Incident) -> Vec<EventRef> {
    incident.steps.iter().filter_map(|step| step.events.first()).take(NAMED).cloned().collect()
}

fn what(incident: &Incident) -> Answer {
    let stages: Vec<&str> = incident.stages().into_iter().map(homeostat_core::Stage::as_str).collect();
    let techniques: Vec<String> = incident.techniques().iter().map(ToString::to_string).collect();
    let seen = if stages.is_empty() { "no stage named".to_owned() } else { stages.join(", ") };
    let by = if techniques.is_empty() { String::new() } else { format!(" by {}", techniques.join(", ")) };
    let text = format!(
        "{} events in {} steps from {} to {}: {seen}{by}",
        incident.events.len(),
        incident.steps.len(),
        short(incident.first),
        short(incident.updated)
    );
    Answer::new(text, first_events(incident))
}

fn actors(incident: &Incident) -> impl Iterator<Item = &Involved> {
    let acts = |e: &&Involved| e.roles.contains(&Role::Actor) || e.roles.contains(&Role::Via);
    incident.entities.iter().filter(acts)
}

fn name(involved: &Involved) -> String {
    involved.keys.first().map(|key| key.value().to_owned()).unwrap_or_default()
}

fn who(incident: &Incident) -> Answer {
    let names: Vec<String> = actors(incident).take(NAMED).map(name).collect();
    let origins = incident.entities.iter().filter(|e| e.roles.contains(&Role::Origin));
    let from: Vec<String> = origins.take(NAMED).map(name).collect();
    if names.is_empty() {
        return Answer::not_known();
    }
    let mut text = names.join(", ");
    if !from.is_empty() {
        text = format!("{text}, from {}", from.join(", "));
    }
    let shows = incident.deeds.iter().filter(|deed| deed.names.contains_key(&Role::Actor));
    let evidence = shows.filter_map(|deed| deed.events.first()).map(|(_, event)| event.clone());
    Answer::new(text, evidence.take(NAMED).collect())
}

fn why(incident: &Incident) -> Answer {
    let Some(best) = incident.hypotheses.first() else { return Answer::not_known() };
    let against = best.evidence_against.len();
    let text = format!("{} ({} points, {against} events against)", best.name.replace('_', " "), best.points);
    Answer::new(text, best.evidence_for.clone())
}

fn how(incident: &Incident) -> Answer {
    let told = incident.steps.iter().filter(|step| step.stage.is_some());
    let parts: Vec<String> = told
        .clone()
        .map(|step| {
            let stage = step.stage.map_or("", homeostat_core::Stage::as_str);
            step.technique
                .as_ref()
                .map_or_else(|| stage.to_owned(), |technique| format!("{stage} {technique}"))
        })
        .collect();
    let missing = incident.gaps.iter().find(|gap| gap.starts_with(NO_ENTRY));
    let missing = missing.and_then(|gap| gap.split(';').next()).map(str::to_owned);
    let text = crate::incident::in_order(missing.into_iter().chain(parts)).join(" → ");
    Answer::new(text, told.filter_map(|step| step.events.first()).take(NAMED).cloned().collect())
}

fn where_else(incident: &Incident) -> Answer {
    let text = format!("the same techniques show in {} places outside it", incident.elsewhere.len());
    Answer::new(text, incident.elsewhere.clone())
}

fn reachable(incident: &Incident, reach: &dyn Reach) -> Vec<Reached> {
    let inside: BTreeSet<&EntityKey> = incident.entities.iter().flat_map(|e| e.keys.iter()).collect();
    let mut known = BTreeSet::new();
    let from = actors(incident).flat_map(|e| e.keys.iter());
    let all = from.flat_map(|key| reach.reachable(key));
    let new = all.filter(|r| !inside.contains(&r.entity) && !r.path.is_empty());
    new.filter(|r| known.insert(r.entity.clone())).take(NAMED).collect()
}

fn how_much_worse(incident: &Incident, reached: Vec<Reached>) -> Answer {
    let pace = pace(incident).map(|minutes| format!("a stage every {minutes} minutes (median)"));
    let next: Vec<String> = reached.iter().map(|r| r.entity.value().to_owned()).collect();
    let next = (!next.is_empty()).then(|| format!("can reach next: {}", next.join(", ")));
    let parts: Vec<String> = next.into_iter().chain(pace).collect();
    if parts.is_empty() {
        return Answer::not_known();
    }
    let paths = reached.into_iter().map(|r| r.path).collect();
    Answer { text: parts.join("; "), evidence: first_events(incident), paths }
}

/// Median whole minutes between the first sights of stages; `None` below two stages.
fn pace(incident: &Incident) -> Option<i64> {
    let mut seen = BTreeSet::new();
    let firsts = incident.steps.iter().filter(|step| step.stage.is_some_and(|stage| seen.insert(stage)));
    let times: Vec<_> = firsts.map(|step| step.time).collect();
    let mut gaps: Vec<i64> = times
        .iter()
        .zip(times.iter().skip(1))
        .filter_map(|(a, b)| b.since(*a))
        .map(|gap| gap / 60_000_000)
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}
