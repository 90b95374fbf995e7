//! What is misconfigured, whose story it is, and what of it is mended: posture, kept true by the same changes as the
//! graph.
//!
//! A configuration change re-evaluates what it touches; what opens is told as a signal on the object. What belongs to
//! an incident is open until it is mended, and an incident with something open in it does not close. O(what the
//! change touches) an event.

use crate::exercise::exercise_of;
use core::fmt;
use core::time::Duration;
use homeostat_core::{Bits, EntityKey, EventRef, Reason, Signal, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_incident::IncidentId;
use homeostat_posture::{Approval, Change, Dump, DumpError, Finding, FindingId, Op, Posture, Update, Usage};
use serde_json::Value;
use std::collections::BTreeMap;

mod kept;

pub(crate) use kept::incident;

/// How long an approval that was announced waits for the change: a day's work.
const ANNOUNCED: Duration = Duration::from_hours(24);
/// How long such an approval holds: a quarter, after which somebody looks at it again.
const APPROVED: Duration = Duration::from_hours(24 * 90);
/// How far back use counts: what is done once a month is then in it three times.
pub(crate) const WINDOW: i64 = 90 * 86_400_000_000;

/// Posture of one tenant, with what its principals use and which incidents its findings belong to.
#[derive(Clone)]
pub struct Upkeep {
    pub(crate) posture: Posture,
    pub(crate) usage: Usage,
    tag: Option<String>,
    announced: BTreeMap<EntityKey, Announced>,
    open: BTreeMap<FindingId, Open>,
    mended: Vec<IncidentId>,
    refused: u64,
}

/// Somebody said that a change to an object is coming.
#[derive(Clone)]
struct Announced {
    at: Timestamp,
    who: String,
    reason: String,
}

/// A finding that a change opened.
#[derive(Clone)]
struct Open {
    object: EntityKey,
    claim: String,
    evidence: EventRef,
    approved: bool,
    incident: Option<IncidentId>,
}

impl Upkeep {
    /// What `posture` says; nothing is used yet.
    pub fn new(posture: Posture) -> Self {
        Self {
            posture,
            usage: Usage::default(),
            tag: None,
            announced: BTreeMap::new(),
            open: BTreeMap::new(),
            mended: Vec::new(),
            refused: 0,
        }
    }

    /// The account that `GetAccountAuthorizationDetails` returned as `json`, which is settled as known: what is wrong
    /// in it is found, and drift is counted from there.
    ///
    /// # Errors
    ///
    /// [`DumpError`] when the text is no such answer.
    pub fn of_account(tenant: &TenantId, json: &str) -> Result<Self, DumpError> {
        let mut upkeep = Self::new(Posture::default());
        let mut ops = Dump::account_authorization(json)?.ops;
        ops.push(Op::Settle { name: "as found".to_owned() });
        for op in ops {
            let Ok(evidence) = EventRef::new("account-authorization", 0) else { continue };
            upkeep.put(&Change { tenant: tenant.clone(), at: Timestamp::FIRST, evidence, op });
        }
        Ok(upkeep)
    }

    /// The same where `tag`, set on a principal by somebody else within a day before, says that a change to it is
    /// approved.
    #[must_use]
    pub fn approved_by_tag(self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), ..self }
    }

    /// What is found, and what became of it.
    pub fn posture(&self) -> &Posture {
        &self.posture
    }

    /// Which rights are used.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// How many changes posture could not take.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The incident that `finding` belongs to.
    pub fn incident_of(&self, finding: FindingId) -> Option<IncidentId> {
        self.open.get(&finding)?.incident
    }

    /// Takes in an event that changes nothing: what it uses is noted.
    ///
    /// What a principal does with rights that were found to be too many is no use of its own: it would be kept by the
    /// very repair that is to take it away.
    pub(crate) fn exercise(&mut self, event: &Event) {
        let Some(used) = exercise_of(event) else { return };
        if !self.open.values().any(|open| open.object == used.who && !open.approved) {
            self.usage.record(&used);
        }
    }

    /// Takes in what `event` changed; gives a signal for each finding that this opened.
    pub(crate) fn follow(&mut self, event: &Event, changes: &[homeostat_graph::Change]) -> Vec<Signal> {
        self.announce(event, changes);
        let mut signals = Vec::new();
        for change in changes {
            let Some(follows) = self.posture.follow(change) else { continue };
            let update = self.put(&Change { op: Op::Tick, ..follows.clone() });
            signals.extend(self.told(&update, &follows));
            let update = self.put(&follows);
            signals.extend(self.told(&update, &follows));
        }
        signals
    }

    /// Says that a change was carried out that no event told.
    pub(crate) fn carry_out(&mut self, change: &Change) -> Vec<Signal> {
        let update = self.put(change);
        self.told(&update, change)
    }

    /// Findings that belong to no incident yet, each with the event that opened it.
    pub(crate) fn loose(&self) -> Vec<(FindingId, EventRef)> {
        let loose = self.open.iter().filter(|(_, open)| open.incident.is_none());
        loose.map(|(id, open)| (*id, open.evidence.clone())).collect()
    }

    /// Says that `finding` belongs to `incident`: should it come back, the incident is named.
    pub(crate) fn tie(&mut self, finding: FindingId, incident: IncidentId) {
        let Some(open) = self.open.get_mut(&finding) else { return };
        open.incident = Some(incident);
        let op =
            Op::Tell { claim: open.claim.clone(), object: open.object.clone(), story: incident.to_string() };
        let (at, evidence) = (self.posture.clock(), open.evidence.clone());
        if let Some(tenant) = self.posture.tenant().cloned() {
            self.put(&Change { tenant, at, evidence, op });
        }
    }

    /// Says that one incident was taken into another.
    pub(crate) fn merge(&mut self, gone: IncidentId, into: IncidentId) {
        let tied = self.open.iter().filter(|(_, open)| open.incident == Some(gone));
        let tied: Vec<FindingId> = tied.map(|(id, _)| *id).collect();
        for id in tied {
            self.tie(id, into);
        }
    }

    /// The incidents of which everything that was open has been mended since this was asked last.
    pub(crate) fn take_mended(&mut self) -> Vec<IncidentId> {
        core::mem::take(&mut self.mended)
    }

    fn put(&mut self, change: &Change) -> Update {
        self.posture.apply(change).unwrap_or_else(|_| {
            self.refused = self.refused.saturating_add(1);
            Update::default()
        })
    }

    /// Notes that somebody else than the principal itself tags it as about to be changed with approval.
    fn announce(&mut self, event: &Event, changes: &[homeostat_graph::Change]) {
        let Some(reason) = self.tag.as_deref().and_then(|tag| tag_of(event, tag)) else { return };
        let Some(who) = event.actor().and_then(|actor| actor.keys().first().cloned()) else { return };
        for change in changes {
            if let homeostat_graph::Op::Stale { object } = &change.op
                && *object != who
            {
                let announced =
                    Announced { at: change.at, who: who.value().to_owned(), reason: reason.clone() };
                self.announced.insert(object.clone(), announced);
            }
        }
    }

    /// Takes over what a change did, and tells what it opened.
    fn told(&mut self, update: &Update, change: &Change) -> Vec<Signal> {
        for id in &update.closed {
            self.close(*id);
        }
        update.opened.iter().filter_map(|id| self.open(*id, change)).collect()
    }

    fn open(&mut self, id: FindingId, change: &Change) -> Option<Signal> {
        let finding = self.posture.finding(id)?.clone();
        let approved = self.approve(&finding, change);
        let open = Open {
            object: finding.object().clone(),
            claim: finding.claim().to_owned(),
            evidence: finding.evidence().clone(),
            approved,
            incident: None,
        };
        self.open.insert(id, open);
        let mut signal = finding.signal(&change.tenant);
        if approved {
            // Somebody answers for it: it is told, and weighs nothing until something else happens.
            signal.bits = Bits::ZERO;
        }
        if let Some(regression) = finding.regression() {
            let was = format!("fixed by {}", regression.fixed_by);
            let story = regression.story.as_deref().unwrap_or("no incident");
            signal.reasons.push(Reason::new("is back", format!("known from {story}"), was, signal.bits));
        }
        Some(signal)
    }

    /// Whether somebody answers for `finding`; what was announced for its object becomes an approval of it.
    fn approve(&mut self, finding: &Finding, change: &Change) -> bool {
        if self.posture.approval(finding).is_some() {
            return true;
        }
        let Some(announced) = self.announced.get(finding.object()) else { return false };
        if announced.at.plus(ANNOUNCED).is_none_or(|end| end < change.at) {
            return false;
        }
        let approval = Approval {
            about: finding.claim().to_owned(),
            object: finding.object().clone(),
            who: announced.who.clone(),
            reason: announced.reason.clone(),
            until: change.at.plus(APPROVED).unwrap_or(Timestamp::LAST),
        };
        self.put(&Change { op: Op::Approve(approval), ..change.clone() });
        self.posture.approval(finding).is_some()
    }

    fn close(&mut self, id: FindingId) {
        let Some(Open { incident: Some(incident), .. }) = self.open.remove(&id) else { return };
        if !self.open.values().any(|other| other.incident == Some(incident)) {
            self.mended.push(incident);
        }
    }
}

/// The value of `tag` that `event` sets.
fn tag_of(event: &Event, tag: &str) -> Option<String> {
    if !event.action().starts_with("Tag") {
        return None;
    }
    let tags: Value = serde_json::from_str(event.unmapped("requestParameters.tags")?.as_str()).ok()?;
    let own = |one: &&Value| one.get("key").and_then(Value::as_str) == Some(tag);
    let value = tags.as_array()?.iter().find(own)?.get("value")?;
    value.as_str().map(str::to_owned)
}

impl fmt::Debug for Upkeep {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upkeep({:?}, {:?}, {} open)", self.posture, self.usage, self.open.len())
    }
}
