//! An incident as a value: what one reads, reports, exports and answers for.
//!
//! Taken from the investigator's state when asked for; later signals do not change it. It holds event ids, never
//! bodies.

use crate::hypothesis::{self, Hypothesis};
use crate::step::{self, Deed, Step};
use crate::story::{Cut, Story, Why};
use crate::technique_stage::headline;
use crate::weight::DAY;
use crate::{IncidentId, Investigator, Report};
use homeostat_core::{
    Bits, Criticality, Domain, EntityKey, EventRef, MemoryReach, MemoryValues, Reach, Role, Stage, Technique,
    TenantId, Threat, Timestamp,
};
use homeostat_identity::{EntityClass, EntityId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// From how many bits on an act is a further stage by itself, medium: rarer ones are everybody's.
const FURTHER: f64 = 8.0;

/// How bad it is, on the score in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Below 16 bits.
    Low,
    /// From 16 bits: half the risk scale.
    Medium,
    /// From 32 bits: three quarters.
    High,
    /// From 64 bits: fifteen sixteenths.
    Critical,
}

impl Severity {
    /// The severity of so many bits.
    pub fn of(bits: f64) -> Self {
        match bits {
            b if b >= 64.0 => Self::Critical,
            b if b >= 32.0 => Self::High,
            b if b >= 16.0 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The wire word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One entity of an incident, under all its names.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Involved {
    /// Its identifiers, in order.
    pub keys: Vec<EntityKey>,
    /// What it is.
    pub class: EntityClass,
    /// The parts it played.
    pub roles: BTreeSet<Role>,
    /// How many hops it lies from the first entities.
    pub hop: u8,
    /// Whether the address or entity was first seen within a day before the incident, after a day of history.
    pub new: bool,
}

impl fmt::Debug for Involved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Involved({:?} {:?} {:?})", self.class, self.roles, self.keys)
    }
}

/// One edge of the incident's graph: what led from one episode's first event to another's.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Edge {
    /// The event before; `None` for the first ones.
    pub from: Option<EventRef>,
    /// The event after.
    pub to: EventRef,
    /// Why they belong together.
    pub why: Why,
    /// The bits that hold it.
    pub bits: f64,
}

/// One incident.
#[derive(Clone, PartialEq)]
pub struct Incident {
    pub(crate) id: IncidentId,
    pub(crate) opened: Timestamp,
    pub(crate) told: Timestamp,
    pub(crate) first: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) closed: bool,
    pub(crate) resumed: Vec<Timestamp>,
    pub(crate) merged: Vec<IncidentId>,
    pub(crate) score: f64,
    pub(crate) verdict: Option<bool>,
    pub(crate) events: Vec<EventRef>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) steps: Vec<Step>,
    pub(crate) entities: Vec<Involved>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) hypotheses: Vec<Hypothesis>,
    pub(crate) gaps: Vec<String>,
    pub(crate) elsewhere: Vec<EventRef>,
    pub(crate) cut: Cut,
}

impl Incident {
    pub(crate) fn of(id: IncidentId, story: &Story, book: &Investigator) -> Self {
        let mut incident = Self::bare(id, story, book);
        incident.elsewhere = elsewhere(id.0, &incident.deeds, book);
        incident.edges = edges(&incident.deeds);
        incident.hypotheses = hypothesis::weigh(&incident);
        incident.gaps = gaps(&incident, story, book);
        incident
    }

    /// What was done by whom, without what it may mean and what is missing.
    pub(crate) fn bare(id: IncidentId, story: &Story, book: &Investigator) -> Self {
        let deeds = step::deeds(id.0, story, book);
        Self {
            id,
            opened: Timestamp::from_micros(story.opened),
            told: Timestamp::from_micros(story.told),
            first: Timestamp::from_micros(story.first),
            updated: Timestamp::from_micros(story.last),
            closed: story.closed,
            resumed: story.resumed.iter().map(|time| Timestamp::from_micros(*time)).collect(),
            merged: story.merged.iter().map(|id| IncidentId(*id)).collect(),
            score: story.score,
            verdict: story.verdict,
            events: events_of(&deeds),
            elsewhere: Vec::new(),
            edges: Vec::new(),
            steps: step::steps(&deeds),
            entities: involved(story, book),
            hypotheses: Vec::new(),
            gaps: Vec::new(),
            cut: Cut { events: deeds.iter().map(|deed| deed.cut).sum(), ..story.cut },
            deeds,
        }
    }

    /// Its number.
    pub fn id(&self) -> IncidentId {
        self.id
    }

    /// When the signal came that opened it.
    pub fn opened(&self) -> Timestamp {
        self.opened
    }

    /// When it was last worth telling: at opening or when its score doubled. Not the same as [`Self::opened`]
    /// where an older incident of the same entity was resumed.
    pub fn told(&self) -> Timestamp {
        self.told
    }

    /// When its first act took place.
    pub fn first(&self) -> Timestamp {
        self.first
    }

    /// When its last act took place.
    pub fn updated(&self) -> Timestamp {
        self.updated
    }

    /// Whether it has been quiet for an hour.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// When it was resumed after a quiet time.
    pub fn resumed(&self) -> &[Timestamp] {
        &self.resumed
    }

    /// Incidents that turned out to be this one: sub-stories.
    pub fn merged(&self) -> &[IncidentId] {
        &self.merged
    }

    /// Evidence in all, in bits; by this incidents are ranked.
    pub fn score(&self) -> f64 {
        self.score
    }

    /// How bad it is, without regard to reach; [`Report::severity`] knows that too.
    pub fn severity(&self) -> Severity {
        self.graded(self.score)
    }

    /// The severity of `bits` in all: who has looked round and no more did no harm yet, so that it is medium at most.
    pub(crate) fn graded(&self, bits: f64) -> Severity {
        if self.only_looked() { Severity::of(bits).min(Severity::Medium) } else { Severity::of(bits) }
    }

    /// Whether the story tells of looking round, and of nothing else that weighs by itself: what its people do every
    /// day is no further stage, nor is what happened beside them.
    fn only_looked(&self) -> bool {
        let own = || self.deeds.iter().filter(|deed| deed.why != Why::Concurrent && deed.bits >= FURTHER);
        let stages: BTreeSet<Stage> = own().filter_map(|deed| deed.stage).collect();
        stages == BTreeSet::from([Stage::Discovery])
    }

    /// What a person has said: `Some(true)` hostile, `Some(false)` benign.
    pub fn verdict(&self) -> Option<bool> {
        self.verdict
    }

    /// Its events, in order of time.
    pub fn events(&self) -> &[EventRef] {
        &self.events
    }

    /// Its steps, in order of time.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Its entities, nearest first.
    pub fn entities(&self) -> &[Involved] {
        &self.entities
    }

    /// Its causal graph, in order of time.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What may lie behind it, likeliest first; never empty.
    pub fn hypotheses(&self) -> &[Hypothesis] {
        &self.hypotheses
    }

    /// What is missing from the story, and why.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// What limits have cut.
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// The parts of the estate it touches, in order.
    pub fn domains(&self) -> Vec<Domain> {
        let domains: BTreeSet<_> = self.deeds.iter().map(|deed| deed.domain).collect();
        domains.into_iter().collect()
    }

    /// The stages seen, in order of first sight.
    pub fn stages(&self) -> Vec<Stage> {
        in_order(self.steps.iter().filter_map(|step| step.stage))
    }

    /// The techniques seen, in order of first sight.
    pub fn techniques(&self) -> Vec<Technique> {
        in_order(self.deeds.iter().flat_map(|deed| deed.techniques.iter().cloned()))
    }

    /// The headline: which of entry, privilege, movement and egress were seen, in that order.
    pub fn headline(&self) -> Vec<&'static str> {
        let seen: BTreeSet<_> = self.stages().into_iter().map(headline).collect();
        ["entry", "privilege", "movement", "egress"].into_iter().filter(|word| seen.contains(word)).collect()
    }

    /// The whole story with its six answers, as far as `reach` and `values` know the estate.
    pub fn report(&self, reach: &dyn Reach, values: &dyn Criticality) -> Report {
        Report::of(self, reach, values)
    }

    /// The report as JSON, without knowledge of reach and worth.
    pub fn to_json(&self) -> String {
        self.report(&MemoryReach::default(), &MemoryValues::default()).to_json()
    }

    /// What a response is planned against.
    pub fn threat(&self, tenant: TenantId) -> Threat {
        let mut threat = Threat::new(&self.id.to_string(), tenant, self.updated, Bits::new(self.score));
        if self.verdict == Some(false) {
            threat.confidence = 0.0;
        }
        for involved in &self.entities {
            let pairs =
                involved.keys.iter().flat_map(|key| involved.roles.iter().map(|role| (key.clone(), *role)));
            threat.entities.extend(pairs);
        }
        threat.stages = if self.only_looked() { vec![Stage::Discovery] } else { self.stages() };
        threat.techniques = self.techniques();
        threat.evidence.clone_from(&self.events);
        threat
    }
}

impl fmt::Debug for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incident")
            .field("id", &self.id)
            .field("opened", &self.opened)
            .field("score", &self.score)
            .field("events", &self.events.len())
            .field("steps", &self.steps.len())
            .field("entities", &self.entities)
            .finish_non_exhaustive()
    }
}

/// Each item once, in order of first sight.
pub(crate) fn in_order<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

fn involved(story: &Story, book: &Investigator) -> Vec<Involved> {
    let mut roles: BTreeMap<EntityId, BTreeSet<Role>> = BTreeMap::new();
    for episode in story.episodes.keys().filter_map(|id| book.ledger.episodes.get(id)) {
        for participant in &episode.act.who {
            roles.entry(participant.id).or_default().insert(participant.role);
        }
    }
    let describe = |(id, member): (&EntityId, &crate::story::Member)| {
        let profile = book.ledger.profiles.get(id)?;
        Some(Involved {
            keys: profile.keys.keys().cloned().collect(),
            class: profile.class,
            roles: roles.get(id).cloned().unwrap_or_default(),
            hop: member.hop,
            new: profile.first >= story.first.saturating_sub(DAY) && !book.ledger.is_early(profile.first),
        })
    };
    let mut entities: Vec<Involved> = story.members.iter().filter_map(describe).collect();
    entities.sort_by(|a, b| (a.hop, a.roles.first(), &a.keys).cmp(&(b.hop, b.roles.first(), &b.keys)));
    entities
}

/// Each deed hangs on the latest before it that shares the entity that led to it.
/// The events of `deeds`, each once, in order of time.
fn events_of(deeds: &[Deed]) -> Vec<EventRef> {
    let mut events: Vec<&(i64, EventRef)> = deeds.iter().flat_map(|deed| &deed.events).collect();
    events.sort();
    let mut listed = BTreeSet::new();
    events.into_iter().map(|(_, event)| event).filter(|event| listed.insert(*event)).cloned().collect()
}

fn edges(deeds: &[Deed]) -> Vec<Edge> {
    let mut latest: BTreeMap<EntityId, EventRef> = BTreeMap::new();
    let mut edges = Vec::new();
    for deed in deeds {
        let Some((_, to)) = deed.events.first() else { continue };
        let from = latest.get(&deed.via).cloned();
        edges.push(Edge { from, to: to.clone(), why: deed.why, bits: deed.bits });
        for id in &deed.takers {
            latest.insert(*id, to.clone());
        }
    }
    edges
}

/// Events outside the incident that show one of its techniques on other entities, as evidence of "where else".
fn elsewhere(id: u64, deeds: &[Deed], book: &Investigator) -> Vec<EventRef> {
    let techniques: BTreeSet<&Technique> = deeds.iter().flat_map(|deed| deed.techniques.iter()).collect();
    let same = |episode: &&crate::episode::Episode| {
        episode.story != Some(id) && episode.act.techniques.iter().any(|t| techniques.contains(t))
    };
    let episodes = book.ledger.episodes.values().filter(same);
    episodes.filter_map(|episode| episode.events.first()).map(|(_, event)| event.clone()).take(16).collect()
}

/// How the gap at the beginning of a story begins.
pub(crate) const NO_ENTRY: &str = "entry not observed";
/// How sign-ins are mostly lost.
const PHISHING: &str = "credential phishing outside monitored mail";

/// Techniques by which a sign-in comes into other hands, or somebody gets in without one (MITRE ATT&CK, Enterprise).
const WAYS_IN: [&str; 12] = [
    "T1566", "T1204", "T1189", "T1190", "T1133", "T1195", "T1199", "T1200", "T1091", "T1110", "T1557",
    "T1598",
];

/// Whether an account is used, and nothing tells how it came into these hands.
fn is_sign_in_alone(incident: &Incident) -> bool {
    let shows = |parent: &str| {
        let mut techniques = incident.deeds.iter().flat_map(|deed| &deed.techniques);
        techniques.any(|technique| technique.as_str().starts_with(parent))
    };
    shows("T1078") && !WAYS_IN.into_iter().any(shows)
}

fn gaps(incident: &Incident, story: &Story, book: &Investigator) -> Vec<String> {
    let mut gaps = Vec::new();
    let stages = incident.stages();
    if stages.is_empty() {
        gaps.push("no detector named a technique: stages are not known".to_owned());
    } else if !stages.contains(&Stage::Entry) {
        let kind = if incident.entities.iter().any(|e| e.class == EntityClass::Credential) {
            "a leaked or stolen key"
        } else if incident.domains().contains(&Domain::Identity) {
            PHISHING
        } else {
            "unknown kind"
        };
        gaps.push(format!("{NO_ENTRY}: likely {kind}; no event of the entry is in the signals"));
    } else if incident.domains().contains(&Domain::Identity) && is_sign_in_alone(incident) {
        gaps.push(format!("{NO_ENTRY}: likely {PHISHING}; the first act seen has the sign-in in hand"));
    }
    if book.ledger.is_early(story.first) {
        gaps.push(
            "history is shorter than a day: little can be called rare, and it may be poisoned".to_owned(),
        );
    }
    let Cut { episodes, hops, events } = incident.cut;
    for (count, what) in
        [(episodes, "episodes"), (hops, "entities too many hops away"), (events, "event ids")]
    {
        if count > 0 {
            gaps.push(format!("a limit cut {count} {what}"));
        }
    }
    gaps
}
