//! What may lie behind an incident: a rule-scored list with the evidence for and against each.
//!
//! "Unknown" is on the list and wins where nothing speaks clearly. Evidence is event ids; a hypothesis without
//! any is not told. O(deeds · rules).

use crate::Incident;
use crate::step::Deed;
use homeostat_core::{EventRef, Outcome, Role, Stage};
use homeostat_identity::EntityClass;
use serde::Serialize;

/// The most event ids given for or against a hypothesis.
const EVIDENCE: usize = 8;
/// Points of "unknown": what anything else must beat.
const UNKNOWN: i32 = 2;

/// One explanation of an incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hypothesis {
    /// Its stable name, such as `credential_theft`.
    pub name: &'static str,
    /// Points for less points against.
    pub points: i32,
    /// Events that speak for it.
    #[serde(rename = "for")]
    pub evidence_for: Vec<EventRef>,
    /// Events that speak against it.
    #[serde(rename = "against")]
    pub evidence_against: Vec<EventRef>,
}

/// One rule: what it speaks for, how strongly, and which deeds show it.
struct Rule {
    name: &'static str,
    points: i32,
    holds: fn(&Incident, &Deed) -> bool,
}

const RULES: &[Rule] = &[
    Rule { name: "credential_theft", points: 3, holds: from_new_address },
    Rule {
        name: "credential_theft",
        points: 2,
        holds: |_, deed| {
            has(deed, &["T1078", "T1528", "T1550", "T1552", "T1110", "T1621", "T1539", "T1557", "T1566"])
        },
    },
    Rule {
        name: "credential_theft",
        points: 2,
        holds: |incident, deed| uses_key(incident) && has(deed, &["T1098", "T1136"]),
    },
    Rule {
        name: "insider",
        points: 2,
        holds: |incident, deed| is_person(incident) && takes_data(deed) && !from_new_address(incident, deed),
    },
    Rule { name: "insider", points: -3, holds: from_new_address },
    Rule {
        name: "accident",
        points: 3,
        holds: |incident, deed| deed.outcome == Outcome::Failure && incident.stages().is_empty(),
    },
    Rule { name: "accident", points: -3, holds: |_, deed| deed.stage.is_some() },
    Rule { name: "ransomware", points: 4, holds: |_, deed| has(deed, &["T1486", "T1490", "T1489"]) },
    Rule { name: "resource_hijack", points: 4, holds: |_, deed| has(deed, &["T1496"]) },
    Rule { name: "collection", points: 3, holds: |_, deed| takes_data(deed) },
    Rule {
        name: "ai_misuse",
        points: 4,
        holds: |incident, _| {
            incident
                .entities()
                .iter()
                .any(|e| matches!(e.class, EntityClass::AiAgent | EntityClass::AiService))
        },
    },
    Rule {
        name: "authorised_test",
        points: 2,
        holds: |incident, deed| deed.stage == Some(Stage::Discovery) && !from_new_address(incident, deed),
    },
    Rule {
        name: "authorised_test",
        points: -2,
        holds: |_, deed| takes_data(deed) || deed.stage == Some(Stage::Impact),
    },
];

/// The hypotheses on `incident`, likeliest first.
pub(crate) fn weigh(incident: &Incident) -> Vec<Hypothesis> {
    let unknown = Hypothesis {
        name: "unknown",
        points: UNKNOWN,
        evidence_for: Vec::new(),
        evidence_against: Vec::new(),
    };
    let mut all = vec![unknown];
    for rule in RULES {
        let shown = incident.deeds.iter().filter(|deed| (rule.holds)(incident, deed));
        let events = shown.filter_map(|deed| deed.events.first()).map(|(_, event)| event.clone());
        let evidence: Vec<EventRef> = events.take(EVIDENCE).collect();
        if evidence.is_empty() {
            continue;
        }
        let at = all.iter().position(|hypothesis| hypothesis.name == rule.name).unwrap_or(all.len());
        if at == all.len() {
            all.push(Hypothesis {
                name: rule.name,
                points: 0,
                evidence_for: Vec::new(),
                evidence_against: Vec::new(),
            });
        }
        let Some(hypothesis) = all.get_mut(at) else { continue };
        hypothesis.points += rule.points;
        let side =
            if rule.points > 0 { &mut hypothesis.evidence_for } else { &mut hypothesis.evidence_against };
        side.extend(evidence);
    }
    all.retain(|hypothesis| hypothesis.name == "unknown" || !hypothesis.evidence_for.is_empty());
    all.sort_by(|a, b| b.points.cmp(&a.points).then(a.name.cmp(b.name)));
    all
}

fn has(deed: &Deed, parents: &[&str]) -> bool {
    deed.techniques.iter().any(|technique| parents.contains(&technique.parent()))
}

fn is_person(incident: &Incident) -> bool {
    incident.entities().iter().any(|involved| involved.class == EntityClass::Person)
}

fn uses_key(incident: &Incident) -> bool {
    incident.entities().iter().any(|involved| involved.class == EntityClass::Credential)
}

fn takes_data(deed: &Deed) -> bool {
    matches!(deed.stage, Some(Stage::Collection | Stage::Egress))
}

/// Whether it came from an address of the internet that was new with the incident.
fn from_new_address(incident: &Incident, deed: &Deed) -> bool {
    let Some(origin) = deed.names.get(&Role::Origin) else { return false };
    incident.entities().iter().any(|involved| {
        involved.new && involved.keys.iter().any(|key| key.value() == origin && key.is_public_address())
    })
}
