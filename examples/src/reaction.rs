//! What the pipeline's target does about its incidents, and how it is shown to the maturity tests.
//!
//! Each incident is answered when it opens and whenever its score doubles, on a target in memory with the default
//! rails; leases end in event time. What an alarm was answered for is not answered once more when its story opens,
//! but when that story grows.

use crate::block_on;
use homeostat::{ActionTold, Pipeline, Responder, ResponderOptions};
use homeostat_core::{Domain, EntityKey, EventRef, Role, TenantId, Threat, Timestamp};
use homeostat_incident::{IncidentId, Update};
use homeostat_maturity::{ActionKind, ActionRecord, ActionState};
use homeostat_response::{
    Action, Ending, Erase, MemoryActuator, MemoryStorage, MemoryWorld, Mode, Person, Phase, Reversibility,
    Storage as _, TargetKind, View,
};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io;
use std::sync::Arc;

/// When a responder is opened that nothing was told yet.
const BEGINNING: Timestamp = Timestamp::from_micros(0);

/// A responder on a target in memory, with its journal at hand.
#[derive(Debug)]
struct Memory {
    responder: Responder,
    tenant: TenantId,
    world: MemoryWorld,
    journal: [MemoryStorage; 2],
}

impl Memory {
    /// A responder that goes on at `now` where `journal` ends, on the target `world`.
    fn open(
        tenant: TenantId,
        world: MemoryWorld,
        journal: [MemoryStorage; 2],
        now: Timestamp,
    ) -> Result<Self, Box<dyn Error>> {
        let actuator = Arc::new(Erase(MemoryActuator::new(world.clone())));
        let [chain, names] = journal.clone();
        let options = ResponderOptions::new(tenant.clone(), vec![actuator]).mode(Mode::Act);
        let responder = block_on(Responder::open(options.journal_in_memory(chain, names), now))?;
        Ok(Self { responder, tenant, world, journal })
    }

    /// A second one that goes on from here by itself.
    fn fork(&self, now: Timestamp) -> Result<Self, Box<dyn Error>> {
        let [chain, names] = &self.journal;
        let journal = [copy(chain)?, copy(names)?];
        Self::open(self.tenant.clone(), self.world.fork(), journal, now)
    }
}

fn copy(storage: &MemoryStorage) -> io::Result<MemoryStorage> {
    let mut copy = MemoryStorage::default();
    copy.append(&storage.clone().read()?)?;
    copy.sync()?;
    Ok(copy)
}

/// A responder and what it is known by.
#[derive(Debug)]
pub(crate) struct Reaction {
    memory: Memory,
    // Whom the targets of actions name, and the events of each incident when it was answered.
    names: BTreeMap<String, EntityKey>,
    evidence: BTreeMap<String, Vec<EventRef>>,
    // The events of alarms.
    answered: BTreeSet<EventRef>,
    // Whose sign-in an alarm is about: its actions touch what is theirs.
    actors: BTreeMap<String, EntityKey>,
}

impl Reaction {
    /// Nothing done yet.
    pub(crate) fn new(tenant: TenantId) -> Result<Self, Box<dyn Error>> {
        let memory = Memory::open(tenant, MemoryWorld::default(), Default::default(), BEGINNING)?;
        let (names, evidence, answered, actors) = Default::default();
        Ok(Self { memory, names, evidence, answered, actors })
    }

    /// A second one that goes on from here, at `now`, by itself: its responder is opened from the journal of this one.
    pub(crate) fn fork(&self, now: Timestamp) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            memory: self.memory.fork(if now.is_moment() { now } else { BEGINNING })?,
            names: self.names.clone(),
            evidence: self.evidence.clone(),
            answered: self.answered.clone(),
            actors: self.actors.clone(),
        })
    }

    /// Answers the incidents that `updates` tell of, at `now`.
    pub(crate) fn answer(&mut self, pipeline: &Pipeline, updates: &[Update], now: Timestamp) {
        for (id, what) in worth_an_answer(updates) {
            let told = pipeline.investigator().threat(id, self.memory.tenant.clone());
            let Some(threat) = told.filter(|threat| !(what == New::Opened && self.is_answered(threat)))
            else {
                continue;
            };
            self.remember(&threat);
            let graph = pipeline.estate().graph();
            let view = View { reach: graph, criticality: graph, risk: pipeline.risk(), now };
            // What a failing journal leaves undone shows as an action that is not in force.
            drop(block_on(self.memory.responder.respond_to(&threat, &view)));
        }
    }

    /// Answers `alarm` at once.
    pub(crate) fn alarm(&mut self, pipeline: &Pipeline, alarm: &Threat, now: Timestamp) {
        self.names.extend(alarm.entities.iter().map(|(key, _)| (key.value().to_owned(), key.clone())));
        let actor = alarm.entities.iter().find(|(_, role)| *role == Role::Actor);
        self.actors.extend(actor.map(|(key, _)| (alarm.id.clone(), key.clone())));
        self.answered.extend(alarm.evidence.iter().cloned());
        self.evidence.insert(alarm.id.clone(), alarm.evidence.clone());
        let graph = pipeline.estate().graph();
        let view = View { reach: graph, criticality: graph, risk: pipeline.risk(), now };
        // As with incidents: what a failing journal leaves undone is not in force.
        drop(block_on(self.memory.responder.respond_to(alarm, &view)));
    }

    /// Whether an alarm was answered for what `incident` holds.
    fn is_answered(&self, incident: &Threat) -> bool {
        incident.evidence.iter().any(|event| self.answered.contains(event))
    }

    /// Ends what `incident` was answered with: what it was to hold off is mended.
    pub(crate) fn lift(&mut self, incident: &str, now: Timestamp) {
        let by = Person::new("whoever approved the repair");
        // What a failing journal leaves in force shows as an action that is.
        drop(block_on(self.memory.responder.lift(incident, &by, now)));
    }

    /// Lets the time go on to `now`: leases end.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        let due = |deadline: &Timestamp| *deadline <= now;
        while let Some(deadline) = self.memory.responder.next_deadline().filter(due) {
            if block_on(self.memory.responder.tick(deadline)).is_err() {
                return;
            }
        }
    }

    /// Every action so far.
    pub(crate) fn actions(&self) -> Vec<ActionRecord> {
        self.memory.responder.told().filter_map(|told| self.record(told)).collect()
    }

    fn remember(&mut self, incident: &Threat) {
        self.names.extend(incident.entities.iter().map(|(key, _)| (key.value().to_owned(), key.clone())));
        self.evidence.insert(incident.id.clone(), incident.evidence.clone());
    }

    fn record(&self, told: &ActionTold) -> Option<ActionRecord> {
        let (action, target) = (told.action?, told.target.as_ref()?);
        let touched = told.touches.iter().chain([target]);
        let whose = told.incident.as_ref().and_then(|id| self.actors.get(id));
        let because = told.incident.as_ref().and_then(|id| self.evidence.get(id));
        Some(ActionRecord {
            id: told.id.to_string(),
            kind: kind(action),
            domain: domain(target.kind),
            scope: touched
                .filter_map(|target| self.names.get(&target.id).cloned())
                .chain(whose.cloned())
                .collect(),
            incident: told.incident.clone(),
            at: told.applied.unwrap_or(told.asked),
            expires: told.lease_end,
            reversible: action.facts().reversibility != Reversibility::NothingToUndo,
            state: state(told),
            because: because.cloned().unwrap_or_default(),
        })
    }
}

/// What is new of an incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum New {
    Opened,
    Grown,
}

/// The incidents that are to be answered, each once, and whether they are more than just opened.
fn worth_an_answer(updates: &[Update]) -> BTreeMap<IncidentId, New> {
    let mut worth = BTreeMap::new();
    for update in updates {
        let (id, new) = match update {
            Update::Opened(id) => (*id, New::Opened),
            Update::Raised(id) => (*id, New::Grown),
            Update::Merged { id, into } => {
                worth.remove(id);
                (*into, New::Grown)
            }
            _ => continue,
        };
        let known = worth.entry(id).or_insert(new);
        *known = new.max(*known);
    }
    worth
}

const fn kind(action: Action) -> ActionKind {
    match action {
        Action::Challenge => ActionKind::Challenge,
        Action::Tighten | Action::EnforcePatternOfLife => ActionKind::Tighten,
        Action::ReAuthenticate => ActionKind::ReAuthenticate,
        Action::RateLimit => ActionKind::RateLimit,
        Action::Isolate | Action::DetachInstance | Action::ApplySecurityGroup => ActionKind::Isolate,
        Action::Block | Action::QuarantineMessage => ActionKind::Block,
        Action::DisableCredential | Action::RevokeSession => ActionKind::Revoke,
        Action::PostureRepair => ActionKind::Remediate,
        Action::Notify => ActionKind::Ticket,
        _ => ActionKind::Watch,
    }
}

const fn domain(kind: TargetKind) -> Domain {
    match kind {
        TargetKind::Address | TargetKind::Name => Domain::Network,
        TargetKind::Host => Domain::Endpoint,
        TargetKind::Message | TargetKind::Mailbox => Domain::Email,
        TargetKind::Application => Domain::Saas,
        TargetKind::Person | TargetKind::Session => Domain::Identity,
        _ => Domain::Cloud,
    }
}

fn state(told: &ActionTold) -> ActionState {
    match (&told.phase, told.ending) {
        (Phase::Refused, _) => ActionState::Refused,
        (Phase::Done, Some(Ending::Expired)) => ActionState::Expired,
        (Phase::Done, _) => ActionState::Reverted,
        _ if told.is_in_force() => ActionState::InForce,
        _ => ActionState::Proposed,
    }
}
