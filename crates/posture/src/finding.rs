//! What is wrong with one object: where, how bad, which steps it opens, and whether it has been here before.

use crate::evaluate::Witness;
use crate::rule::{Combination, Rule, Severity};
use core::fmt;
use homeostat_core::{
    Domain, EntityKey, EntityKind, EventRef, Hop, Occurrence, Reason, Role, Signal, Technique, TenantId,
    Timestamp, xxh64,
};
use std::sync::Arc;

/// The id of a finding: XXH64 of rule and object, the same whenever it is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub(crate) u64);

impl FindingId {
    /// The id of what `rule` says about `object`.
    pub fn of(rule: &str, object: &EntityKey) -> Self {
        Self(xxh64(&[rule.as_bytes(), &object.hash64().to_le_bytes()].join(&0x1F)))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for FindingId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FindingId({self})")
    }
}

/// The node that stands for everybody on the internet, where edges of exposure begin.
///
/// ```
/// assert_eq!(homeostat_posture::internet().unwrap().value(), "internet");
/// ```
pub fn internet() -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, EntityKey::INTERNET, "internet").ok()
}

/// Which rule or combination a finding is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A rule.
    Rule(Arc<Rule>),
    /// A combination of claims.
    Combination(Arc<Combination>),
}

/// A place that is not as it should be.
#[derive(Clone, PartialEq, Eq)]
pub struct Observation {
    /// In which object's document.
    pub object: EntityKey,
    /// A JSON pointer; where nothing is, the path that the rule looked at.
    pub place: String,
    /// What stands there, as JSON; `None` when nothing does.
    pub observed: Option<String>,
    /// What should.
    pub wanted: String,
}

/// That something fixed has come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regression {
    /// The finding that was fixed; its rule may be another one of the same claim.
    pub earlier: FindingId,
    /// The rule of it.
    pub rule: String,
    /// When it was first found.
    pub first: Timestamp,
    /// When it was fixed.
    pub fixed: Timestamp,
    /// What fixed it.
    pub fixed_by: EventRef,
    /// How often it has come back, this time included.
    pub times: u32,
    /// The story it belonged to, such as an incident.
    pub story: Option<String>,
}

/// What is wrong with one object.
#[derive(Clone, PartialEq)]
pub struct Finding {
    pub(crate) source: Source,
    pub(crate) object: EntityKey,
    pub(crate) since: Timestamp,
    pub(crate) evidence: EventRef,
    pub(crate) observations: Vec<Observation>,
    pub(crate) cut: usize,
    pub(crate) edges: Vec<Hop>,
    pub(crate) stale: bool,
    pub(crate) regression: Option<Regression>,
}

impl Finding {
    /// The most observations that are kept: what is wrong shows in a few, the rest are counted in [`Self::cut`].
    pub const OBSERVATIONS: usize = 16;

    /// Its id.
    pub fn id(&self) -> FindingId {
        FindingId::of(self.rule(), &self.object)
    }

    /// The id of the rule or combination.
    pub fn rule(&self) -> &str {
        match &self.source {
            Source::Rule(rule) => rule.id(),
            Source::Combination(combination) => combination.id(),
        }
    }

    /// The rule or combination itself.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What is wrong, in one sentence.
    pub fn title(&self) -> &str {
        match &self.source {
            Source::Rule(rule) => rule.title(),
            Source::Combination(combination) => combination.title(),
        }
    }

    /// What it means, whatever the mechanism.
    pub fn claim(&self) -> &str {
        match &self.source {
            Source::Rule(rule) => rule.claim(),
            Source::Combination(combination) => combination.id(),
        }
    }

    /// How bad it is by itself.
    pub fn severity(&self) -> Severity {
        match &self.source {
            Source::Rule(rule) => rule.severity(),
            Source::Combination(combination) => combination.severity(),
        }
    }

    /// The ATT&CK techniques that it opens the way for.
    pub fn techniques(&self) -> &[Technique] {
        match &self.source {
            Source::Rule(rule) => rule.techniques(),
            Source::Combination(combination) => combination.techniques(),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        match &self.source {
            Source::Rule(rule) => rule.advice(),
            Source::Combination(combination) => combination.advice(),
        }
    }

    /// In which part of the estate it lies.
    pub fn domain(&self) -> Domain {
        match &self.source {
            Source::Rule(rule) => rule.domain(),
            Source::Combination(_) => Domain::Cloud,
        }
    }

    /// The object that is wrong.
    pub fn object(&self) -> &EntityKey {
        &self.object
    }

    /// Since when it is known.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The event or record that brought it.
    pub fn evidence(&self) -> &EventRef {
        &self.evidence
    }

    /// The places that are not as they should be, at most [`Self::OBSERVATIONS`].
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// How many observations were left out.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// The steps that it opens, while it is open.
    pub fn edges(&self) -> &[Hop] {
        &self.edges
    }

    /// Whether what it rests on has changed in a way nobody told; it stays until that is read.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// What it is a return of.
    pub fn regression(&self) -> Option<&Regression> {
        self.regression.as_ref()
    }

    /// The finding as a signal: its object is the target, the bits are those of a foreign detection of its severity.
    pub fn signal(&self, tenant: &TenantId) -> Signal {
        let (event, time, domain) = (self.evidence.clone(), self.since, self.domain());
        let occurrence = Occurrence { tenant: tenant.clone(), event, time, domain };
        let name = format!("posture/{}", self.rule());
        let bits = self.severity().bits();
        let mut signal = Signal::new(&name, &occurrence, &self.object, bits);
        signal.actor = None;
        signal.entities.clear();
        signal.involve(self.object.clone(), Role::Target);
        signal.techniques = self.techniques().to_vec();
        signal.reasons = self.observations.iter().map(|one| one.reason(self)).collect();
        if let Some(regression) = &self.regression {
            "regressed".clone_into(&mut signal.action);
            signal.evidence.push(regression.fixed_by.clone());
        }
        signal
    }

    pub(crate) fn keep(&mut self, mut witnesses: Vec<Witness>) {
        witnesses.sort();
        witnesses.dedup();
        self.cut = witnesses.len().saturating_sub(Self::OBSERVATIONS);
        witnesses.truncate(Self::OBSERVATIONS);
        self.observations = witnesses.into_iter().map(Observation::from).collect();
    }
}

impl Observation {
    fn reason(&self, finding: &Finding) -> Reason {
        let observed = self.observed.as_deref().unwrap_or("nothing");
        Reason::new(&self.place, observed, &*self.wanted, finding.severity().bits())
    }
}

impl From<Witness> for Observation {
    fn from(witness: Witness) -> Self {
        let Witness { object, place, observed, wanted } = witness;
        Self { object, place, observed, wanted }
    }
}

impl fmt::Debug for Observation {
    /// Shows the object, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observation({:?})", self.object)
    }
}

impl fmt::Debug for Finding {
    /// Shows rule, object and standing, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("rule", &self.rule())
            .field("object", &self.object)
            .field("severity", &self.severity())
            .field("since", &self.since)
            .field("regression", &self.regression.is_some())
            .finish_non_exhaustive()
    }
}
