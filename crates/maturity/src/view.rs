//! What a target shows of itself: plain values that any product can fill, with no type of ours behind them.
//!
//! `Debug` of each shows ids, kinds and counts, never names or texts.

use core::fmt;
use homeostat_core::{Bits, Domain, EntityKey, EventRef, Stage, Technique, Timestamp};
use homeostat_event::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// The thresholds of one identity: per domain the base and what holds now, in bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Base and present threshold of each domain.
    pub domains: BTreeMap<Domain, (Bits, Bits)>,
}

/// What kind of action was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ActionKind {
    /// Look more closely, nothing more.
    Watch,
    /// Tell a person: a ticket, a message.
    Ticket,
    /// Ask for a factor again.
    Challenge,
    /// Make a live token worthless until its owner signs in again.
    ReAuthenticate,
    /// Narrow what is allowed without stopping it.
    Tighten,
    /// Slow down.
    RateLimit,
    /// Take away a session, token or key.
    Revoke,
    /// Refuse an address, host or path.
    Block,
    /// Take a device off the network.
    Isolate,
    /// Lock an account.
    Lock,
    /// Change a policy for good.
    Remediate,
}

impl ActionKind {
    /// Whether it stops something: what containment is.
    pub const fn contains(self) -> bool {
        matches!(
            self,
            Self::ReAuthenticate | Self::Revoke | Self::Block | Self::Isolate | Self::Lock | Self::RateLimit
        )
    }
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionState {
    /// Proposed, not done.
    Proposed,
    /// In force.
    InForce,
    /// Taken back.
    Reverted,
    /// Ended by itself.
    Expired,
    /// Refused by the target's own rules or by the system it was asked of.
    Refused,
}

/// One response action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRecord {
    /// The target's own id of it.
    pub id: String,
    /// What it is.
    pub kind: ActionKind,
    /// Where it takes effect.
    pub domain: Domain,
    /// Whom and what it touches, all of it.
    pub scope: Vec<EntityKey>,
    /// When it was taken, in event time.
    pub at: Timestamp,
    /// When it ends by itself; [`Timestamp::NEVER`] when it does not.
    pub expires: Timestamp,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// What became of it.
    pub state: ActionState,
    /// The events that led to it.
    pub because: Vec<EventRef>,
    /// The incident or alarm it answers: actions of one answer share it.
    pub incident: Option<String>,
}

/// The id of a plan, as the target gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(pub String);

/// A proposed remediation: what a principal may do afterwards.
#[derive(Clone, PartialEq)]
pub struct PlanView {
    /// Its id, for [`approve`](crate::MaturityTarget::approve).
    pub id: PlanId,
    /// Whose rights change.
    pub who: EntityKey,
    /// The incident it belongs to.
    pub incident: Option<String>,
    /// The actions allowed before, such as `s3:*`.
    pub before: Vec<String>,
    /// The actions allowed afterwards.
    pub after: Vec<String>,
    /// How many single permissions `before` and `after` stand for.
    pub permissions: (u64, u64),
    /// Whether the target checked that the attack path is gone; [`None`] when it did not check.
    pub path_gone: Option<bool>,
}

impl fmt::Debug for PlanView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.permissions;
        write!(f, "PlanView({:?} from {before} to {after} permissions)", self.id)
    }
}

/// One step of an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// When it happened.
    pub at: Timestamp,
    /// How far it brings the attack.
    pub stage: Stage,
    /// By which technique, when the target tells.
    pub technique: Option<Technique>,
    /// The events that show it.
    pub events: Vec<EventRef>,
}

/// One incident.
#[derive(Clone, PartialEq)]
pub struct IncidentView {
    /// The target's own id of it.
    pub id: String,
    /// When the target opened it, in event time.
    pub opened: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the target is, in `0.0..=1.0`.
    pub confidence: f64,
    /// Whether it is still open.
    pub open: bool,
    /// What happened, in order.
    pub steps: Vec<StepView>,
    /// Who takes part: each list holds the identifiers of one person, machine or account.
    pub who: Vec<Vec<EntityKey>>,
    /// The data stores and systems that are touched.
    pub objects: Vec<EntityKey>,
    /// All its events, those of the steps among them.
    pub events: Vec<EventRef>,
    /// The answers it gives, by question.
    pub answers: BTreeMap<String, String>,
}

impl IncidentView {
    /// How many of its events are among `events`. Takes O((n + m) log m) time.
    pub fn holds(&self, events: &[EventRef]) -> usize {
        let wanted: BTreeSet<&EventRef> = events.iter().collect();
        self.events.iter().filter(|event| wanted.contains(event)).count()
    }
}

impl fmt::Debug for IncidentView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (steps, events) = (self.steps.len(), self.events.len());
        write!(f, "IncidentView({} since {:?}, {steps} steps, {events} events)", self.id, self.opened)
    }
}

/// One finding about posture.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingView {
    /// The rule that found it.
    pub rule: String,
    /// What is misconfigured.
    pub object: EntityKey,
    /// When it was found, in event time.
    pub at: Timestamp,
    /// The change that brought it; [`None`] when it was there before.
    pub because: Option<EventRef>,
    /// The earlier incident or finding that had been fixed and is back.
    pub regressed: Option<String>,
}

/// A section of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// How it began.
    Entry,
    /// How rights were gained.
    Privilege,
    /// How it spread.
    Movement,
    /// What went out.
    Egress,
}

/// The story in which an event stands.
#[derive(Clone, Default, PartialEq)]
pub struct ReportView {
    /// The incident it tells; [`None`] for "no connected progression".
    pub incident: Option<String>,
    /// The lines of each section, in order of time; an empty section is marked "not observed".
    pub sections: BTreeMap<Section, Vec<LineView>>,
    /// The answers it gives, by question.
    pub answers: BTreeMap<String, String>,
}

impl fmt::Debug for ReportView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: usize = self.sections.values().map(Vec::len).sum();
        write!(f, "ReportView({:?}, {lines} lines, {} answers)", self.incident, self.answers.len())
    }
}

/// One line of a report.
#[derive(Clone, PartialEq)]
pub struct LineView {
    /// When it happened.
    pub at: Timestamp,
    /// The words of the line.
    pub text: String,
    /// The events that show it.
    pub events: Vec<EventRef>,
}

impl fmt::Debug for LineView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LineView({:?}, {:?})", self.at, self.events)
    }
}

/// What an analyst declares to be expected from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Whose behaviour.
    pub who: EntityKey,
    /// Since when it has been seen.
    pub from: Timestamp,
    /// Until when it has been seen.
    pub until: Timestamp,
}
