//! What is misconfigured, whose story it is, and what of it is mended: posture, kept true by the same changes as the
//! graph.
//!
//! A configuration change re-evaluates what it touches; what opens is told as a signal on the object. What belongs to
//! an incident is open until it is mended, and an incident with something open in it does not close. O(what the
//! change touches) an event.

use crate::act::party_of;
use crate::exercise::exercise_of;
use crate::granted::adds_nothing;
use core::fmt;
use core::time::Duration;
use homeostat_core::{Bits, EntityKey, EntityKind, EventRef, Reason, Role, Signal, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_incident::IncidentId;
use homeostat_posture::{Approval, Change, Dump, DumpError, Finding, FindingId, Op, Posture, Update, Usage};
use serde_json::Value;
use std::collections::BTreeMap;

mod kept;

pub(crate) use kept::incident;

/// The kind of what was fixed and is back.
const REGRESSED: &str = "known-good regressed";
/// Bits that each return adds to what it is that returns, up to the fourth: then it is as grave as gets.
const A_RETURN: f64 = 2.0;
const MOST_RETURNS: u32 = 4;
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
    // Whether the last change is answered for: by an approval, by what it mended, or by a finding about another.
    answered: bool,
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
            answered: false,
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

    /// Whether somebody answers for what a change opened on `object`.
    pub(crate) fn is_approved(&self, object: &EntityKey) -> bool {
        let mut own = self.open.values().filter(|open| open.object == *object).peekable();
        own.peek().is_some() && own.all(|open| open.approved)
    }

    /// Whether `change` gives nobody more than its object has.
    fn adds_nothing(&self, change: &Change) -> bool {
        let Op::Put { object, document, .. } = &change.op else { return false };
        // Somebody who was not there before can do something, whatever it is.
        let somebody = matches!(object.kind(), EntityKind::IamUserArn | EntityKind::IamRoleArn);
        let before = |name: &str| self.posture.member(object, name);
        (!somebody || self.posture.has(object)) && adds_nothing(&before, document)
    }

    /// Whether the last change is answered for: somebody approved of it or said that one is coming, it gives nobody
    /// more than before, it closed what was open and opened nothing, or all that it opened is told of somebody else than who did it.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
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
        self.answered = self.announce(event, changes);
        let (mut signals, mut closed, mut nothing) = (Vec::new(), 0, true);
        for change in changes {
            let Some(follows) = self.posture.follow(change) else {
                nothing &= is_tagging(event);
                continue;
            };
            nothing &= self.adds_nothing(&follows);
            let (tenant, evidence) = (follows.tenant.clone(), follows.evidence.clone());
            let update = self.put(&Change { tenant, at: follows.at, evidence, op: Op::Tick });
            signals.extend(self.told(&update, &follows));
            let update = self.put(&follows);
            closed += update.closed.len();
            signals.extend(self.told(&update, &follows));
        }
        for signal in &mut signals {
            by_whom(signal, event);
        }
        let to_others = !signals.is_empty() && signals.iter().all(|signal| signal.actor.is_none());
        self.answered |= to_others || signals.is_empty() && (closed > 0 || nothing);
        signals
    }

    /// Says that a change was carried out that no event told.
    pub(crate) fn carry_out(&mut self, change: &Change) -> Vec<Signal> {
        let update = self.put(change);
        self.told(&update, change)
    }

    /// Findings that belong to no incident yet, each with its object and the event that opened it.
    pub(crate) fn loose(&self) -> Vec<(FindingId, EntityKey, EventRef)> {
        let loose = self.open.iter().filter(|(_, open)| open.incident.is_none());
        loose.map(|(id, open)| (*id, open.object.clone(), open.evidence.clone())).collect()
    }

    /// Says that `finding` belongs to `incident`: should it come back, the incident is named.
    pub(crate) fn tie(&mut self, finding: FindingId, incident: IncidentId) {
        let Some(open) = self.open.get_mut(&finding) else { return };
        open.incident = Some(incident);
        let op =
            Op::Tell { claim: open.claim.clone(), object: open.object.clone(), story: incident.to_string() };
        let (at, evidence) = (self.posture.clock(), open.evidence.clone());
        // What is back belongs to the story in which it was fixed.
        let back = self.posture.finding(finding).and_then(Finding::regression);
        let known = back.is_some_and(|back| back.story.is_some());
        if let Some(tenant) = self.posture.tenant().cloned().filter(|_| !known) {
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

    /// Notes that somebody else than the principal itself tags it as about to be changed with approval; tells whether
    /// that was so.
    fn announce(&mut self, event: &Event, changes: &[homeostat_graph::Change]) -> bool {
        let Some(reason) = self.tag.as_deref().and_then(|tag| tag_of(event, tag)) else { return false };
        let Some(who) = event.actor().and_then(|actor| actor.keys().first().cloned()) else { return false };
        let mut announced = false;
        for change in changes {
            if let homeostat_graph::Op::Stale { object } = &change.op
                && *object != who
            {
                let change_announced =
                    Announced { at: change.at, who: who.value().to_owned(), reason: reason.clone() };
                self.announced.insert(object.clone(), change_announced);
                announced = true;
            }
        }
        announced
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
        if let Some(regression) = finding.regression() {
            // That it is back is a fact of its own beside what it is, and surer meant each time.
            REGRESSED.clone_into(&mut signal.kind);
            let more = A_RETURN * f64::from(regression.times.min(MOST_RETURNS));
            signal.bits = Bits::new(signal.bits.get() + more);
            let was = format!("fixed by {}", regression.fixed_by);
            let story = regression.story.as_deref().unwrap_or("no incident");
            signal.reasons.push(Reason::new("is back", format!("known from {story}"), was, signal.bits));
        }
        if approved {
            // Somebody answers for it: it is told, and weighs nothing until something else happens.
            signal.bits = Bits::ZERO;
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

/// Says who changed what `signal` is about.
///
/// Who gains a right is what a finding is about, and whoever gave it need know nothing of what it is used for: the
/// change itself is told as that one's act. One who gave it to itself did both.
fn by_whom(signal: &mut Signal, event: &Event) {
    if signal.action.is_empty() {
        event.action().clone_into(&mut signal.action);
    }
    let Some(who) = party_of(event) else { return };
    let gained = signal.target.clone();
    let itself = |(key, role): &(EntityKey, Role)| Some(key) == gained.as_ref() && *role != Role::Target;
    if event.entities().iter().any(itself) {
        signal.involve(who, Role::Actor);
    } else {
        signal
            .reasons
            .insert(0, Reason::new("given by", who.value(), "somebody who answers for it", signal.bits));
    }
}

/// Whether `event` only tags something: tags alone give nobody a right that is followed here.
fn is_tagging(event: &Event) -> bool {
    ["Tag", "Untag"].iter().any(|verb| event.action().starts_with(verb))
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
