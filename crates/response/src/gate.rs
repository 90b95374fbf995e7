//! The one place that lets an action pass: decision, budget, floor, brake, lease and intent in one step.
//!
//! Every method that can let something pass takes `&mut self` and does all of it before it returns, so no
//! concurrency of the caller's can overshoot a rail: a lock round the gate is the critical section. A
//! [`Permit`] comes out of here and of nowhere else, and only after its intent is durable.

mod answer;
mod config;
mod judge;
mod permit;
mod write;

pub use answer::{Admission, GateError, GateStats, Proposal};
pub use config::{Brake, Drill, GateConfig, Mode, Opinion};
pub use permit::Permit;

use crate::budget::Ledger;
use crate::case::Case;
use crate::clock::LeaseClock;
use crate::decision::Decision;
use crate::journal::{Durability, Entry, Journal, Record, Storage};
use crate::lifecycle::{Event, Phase, Refusal, step};
use crate::{Action, ActionId, Offsets, Person, Plan, PlanHash};
use homeostat_core::{EntityKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use write::Batch;

/// Decides, takes budget and writes the intent, in one step.
#[derive(Debug)]
pub struct Gate<S> {
    config: GateConfig,
    journal: Journal<S>,
    // Looked up by id and never walked through, so its order tells nothing.
    book: HashMap<ActionId, Case>,
    // INVARIANT: exactly the ids in `book` whose phase is not terminal.
    live: BTreeSet<ActionId>,
    ledger: Ledger,
    brake: Brake,
    clock: LeaseClock,
    populations: BTreeMap<String, u64>,
    // When each actuator's last drill of an action went well; none after one that did not.
    drills: BTreeMap<(String, Action), Timestamp>,
    // When a proposal met a budget or a floor, within the surge's window.
    beyond: VecDeque<Timestamp>,
    // What would be held were this no gate that only looks on, and when each lease would end.
    shadow: Ledger,
    shadow_ends: BTreeSet<(Timestamp, ActionId)>,
    offsets: Arc<Offsets>,
    epoch: u64,
    duplicates: u64,
}

impl<S: Storage> Gate<S> {
    /// A gate that goes on where `records`, the whole journal, end.
    ///
    /// # Errors
    ///
    /// [`GateError::Illegal`] when the records tell what can not have happened.
    pub fn open(config: GateConfig, journal: Journal<S>, records: Vec<Record>) -> Result<Self, GateError> {
        let floors = config.rails.floors.iter();
        let populations =
            floors.filter_map(|(floor, _)| Some((floor.id.clone(), floor.population?))).collect();
        let mut gate = Self {
            ledger: Ledger::new(config.rails.budgets.clone()),
            shadow: Ledger::new(config.rails.budgets.clone()),
            shadow_ends: BTreeSet::new(),
            offsets: Arc::new(config.offsets.clone()),
            config,
            journal,
            book: HashMap::new(),
            live: BTreeSet::new(),
            brake: Brake::Run,
            clock: LeaseClock::new(),
            populations,
            drills: BTreeMap::new(),
            beyond: VecDeque::new(),
            epoch: 0,
            duplicates: 0,
        };
        for record in records {
            gate.clock.replay(record.at);
            gate.replay(record)?;
        }
        if gate.has_surged() {
            gate.brake = gate.brake.max(Brake::HoldNew);
        }
        Ok(gate)
    }

    fn replay(&mut self, record: Record) -> Result<(), GateError> {
        match record.entry {
            Entry::Brake { brake, .. } => self.take_brake(brake),
            Entry::Surged { .. } => self.brake = self.brake.max(Brake::HoldNew),
            Entry::Opened { epoch } => self.epoch = epoch,
            Entry::Drilled { actuator, action, drill } => {
                self.take_drill((actuator, action), drill, record.at);
            }
            Entry::Judged { .. } => {}
            Entry::Action { id, event } => {
                let next = step(self.phase(&id), &event)?;
                self.accept(&id, event, next, record.at);
            }
        }
        Ok(())
    }

    /// Takes the journal over for one executor: every other that has it open is fenced off. The record needs no sync
    /// of its own, as no permit is minted before the next one.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails.
    pub fn take_over(&mut self, now: Timestamp) -> Result<u64, GateError> {
        let at = self.clock.advance(now);
        let epoch = self.epoch.saturating_add(1);
        self.journal.append(&[Record { at, entry: Entry::Opened { epoch } }], Durability::Buffered)?;
        self.epoch = epoch;
        Ok(epoch)
    }

    /// Brings a proposal before the gate at wall time `now`: decides, and when nothing stands against it takes
    /// the budget, makes the intent durable and mints the permit, all before it returns.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the proposal is not sound or the journal fails; nothing passed then.
    pub fn admit(&mut self, proposal: Proposal<'_>, now: Timestamp) -> Result<Admission, GateError> {
        self.admit_all(&[proposal], now)?.pop().unwrap_or(Ok(Admission::Duplicate))
    }

    /// Brings several proposals before the gate, one after another, with one write and one sync for all of them:
    /// each is decided as if those before it had passed alone. Permits are minted after the sync.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails; none passed then. An answer of its own is an error when that proposal
    /// is not sound.
    pub fn admit_all(
        &mut self,
        proposals: &[Proposal<'_>],
        now: Timestamp,
    ) -> Result<Vec<Result<Admission, GateError>>, GateError> {
        let mut batch = Batch::new(self.journal.page()?);
        let staged: Vec<_> = proposals.iter().map(|proposal| self.stage(proposal, now, &mut batch)).collect();
        self.write_batch(&batch)?;
        let answer = |staged: Result<Option<ActionId>, GateError>| {
            staged.map(|id| id.map_or(Admission::Duplicate, |id| self.answer(&id)))
        };
        Ok(staged.into_iter().map(answer).collect())
    }

    /// Says yes to exactly the plan of that hash; when that is enough and nothing new stands against it, the
    /// action passes.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the action does not wait for approval, the person proposed it, or the plan is another.
    pub fn approve(
        &mut self,
        id: &ActionId,
        by: &Person,
        plan: PlanHash,
        now: Timestamp,
    ) -> Result<Admission, GateError> {
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        if case.plan.as_ref().is_some_and(|own| own.hash() != plan) {
            return Err(GateError::PlanChanged);
        }
        let approved = Event::Approved { by: by.clone(), plan };
        let next = step(case.phase.clone(), &approved)?;
        let enough = next == Phase::Authorized;
        let hold = if enough { self.hold(id, now)? } else { None };
        let mut events = vec![approved];
        if enough && hold.is_none() {
            events.push(self.intent(id)?);
        }
        self.commit(id, events, Durability::Synced)?;
        Ok(hold.map_or_else(|| self.answer(id), Admission::Held))
    }

    /// Tries to begin an action that was allowed and held.
    ///
    /// # Errors
    ///
    /// [`GateError`] when it is not one, or the journal fails.
    pub fn begin(&mut self, id: &ActionId, now: Timestamp) -> Result<Admission, GateError> {
        if let Some(hold) = self.hold(id, now)? {
            return Ok(Admission::Held(hold));
        }
        let intent = self.intent(id)?;
        self.commit(id, vec![intent], Durability::Synced)?;
        Ok(self.answer(id))
    }

    /// A permit for attempt number `attempt` of an action that was begun and was seen not to be in force.
    ///
    /// # Errors
    ///
    /// [`GateError::Braked`] when the brake is set, [`GateError::UnknownAction`] when it was not begun or its
    /// lease is over.
    pub fn again(&mut self, id: &ActionId, attempt: u32, now: Timestamp) -> Result<Permit, GateError> {
        self.clock.advance(now);
        if self.brake != Brake::Run {
            return Err(GateError::Braked);
        }
        // No record is written here, so nothing else would tell that somebody took over.
        self.journal.check_ours()?;
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let open = case.phase == Phase::Applying && case.expires_at > self.clock.now();
        if open { Ok(self.permit(id, case.expires_at, attempt)) } else { Err(GateError::UnknownAction) }
    }

    /// Gives an action another lease, `ttl` from now or as much of it as the rules let pass.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the action is not in force or the brake is set.
    pub fn extend(
        &mut self,
        id: &ActionId,
        ttl: Duration,
        by: &Person,
        now: Timestamp,
    ) -> Result<Timestamp, GateError> {
        let lease_now = self.clock.advance(now);
        if self.brake != Brake::Run {
            return Err(GateError::Braked);
        }
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let longest = case.decision.as_ref().map_or(0, |decision| decision.max_ttl_ms);
        let ttl = ttl.min(Duration::from_millis(longest));
        let expires_at = lease_now.plus(ttl).ok_or(GateError::NoTime)?;
        let extended = Event::Extended { expires_at, by: by.clone() };
        self.commit(id, vec![extended], Durability::Synced)?;
        Ok(self.clock.wall_at(expires_at))
    }

    /// Refuses an action that was not begun.
    ///
    /// # Errors
    ///
    /// [`GateError`] when it was begun or is not known.
    pub fn refuse(&mut self, id: &ActionId, why: Refusal, now: Timestamp) -> Result<(), GateError> {
        self.clock.advance(now);
        self.commit(id, vec![Event::Refused { why }], Durability::Buffered)
    }

    /// Sets the brake, durably.
    ///
    /// # Errors
    ///
    /// When the journal fails; the brake holds all the same.
    pub fn set_brake(&mut self, brake: Brake, by: &Person, now: Timestamp) -> Result<(), GateError> {
        let at = self.clock.advance(now);
        let harder = brake != Brake::Run;
        if harder {
            self.brake = brake;
        }
        let record = Record { at, entry: Entry::Brake { brake, by: by.clone() } };
        self.journal.append(&[record], Durability::Synced)?;
        self.take_brake(brake);
        Ok(())
    }

    /// A person tells whether an action that was only shown should have been done; counted by
    /// [`ShadowLedger`](crate::ShadowLedger).
    ///
    /// # Errors
    ///
    /// [`GateError::UnknownAction`] when it was not only shown, or the journal fails.
    pub fn judge(
        &mut self,
        id: &ActionId,
        by: &Person,
        opinion: Opinion,
        now: Timestamp,
    ) -> Result<(), GateError> {
        let at = self.clock.advance(now);
        if self.phase(id) != Phase::Refused {
            return Err(GateError::UnknownAction);
        }
        let entry = Entry::Judged { id: id.clone(), by: by.clone(), opinion };
        Ok(self.journal.append(&[Record { at, entry }], Durability::Synced)?)
    }

    /// Writes down how a drill of `action` by the actuator of that name went.
    pub(crate) fn note_drill(
        &mut self,
        (actuator, action): (&str, Action),
        drill: Drill,
        now: Timestamp,
    ) -> Result<(), GateError> {
        let at = self.clock.advance(now);
        let entry = Entry::Drilled { actuator: actuator.to_owned(), action, drill };
        self.journal.append(&[Record { at, entry }], Durability::Synced)?;
        self.take_drill((actuator.to_owned(), action), drill, at);
        Ok(())
    }

    /// Tells how many there are of the group of floor `floor`.
    pub fn set_population(&mut self, floor: &str, population: u64) {
        self.populations.insert(floor.to_owned(), population);
    }

    /// Clears a person from the journal's names; whether any was known. The chain stays as it is.
    ///
    /// # Errors
    ///
    /// [`GateError::InForce`] while an action that is not over names the person, as it could not be reverted
    /// any more.
    pub fn forget(&mut self, person: &EntityKey) -> Result<bool, GateError> {
        let named = |id: &ActionId| self.book.get(id).is_some_and(|case| case.names(person.value()));
        if self.live.iter().any(named) {
            return Err(GateError::InForce);
        }
        Ok(self.journal.forget(person.value())?)
    }

    /// Where an action stands; [`Phase::New`] when it is not known.
    pub fn phase(&self, id: &ActionId) -> Phase {
        self.book.get(id).map(|case| case.phase.clone()).unwrap_or_default()
    }

    /// What was decided about an action.
    pub fn decision(&self, id: &ActionId) -> Option<&Decision> {
        self.book.get(id)?.decision.as_ref()
    }

    /// The plan of an action that is not over.
    pub fn plan(&self, id: &ActionId) -> Option<&Plan> {
        self.book.get(id)?.plan.as_deref()
    }

    /// The brake.
    pub fn brake(&self) -> Brake {
        self.brake
    }

    /// Which executor of the journal this is, from 1; 0 before [`Self::take_over`].
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The journal.
    pub fn journal(&self) -> &Journal<S> {
        &self.journal
    }

    /// What was counted.
    pub fn stats(&self) -> GateStats {
        let phases = || self.live.iter().filter_map(|id| self.book.get(id)).map(|case| &case.phase);
        GateStats {
            actions: self.book.len(),
            in_force: self.ledger.active(),
            needs_human: phases().filter(|phase| **phase == Phase::NeedsHuman).count(),
            waiting: phases().filter(|phase| !phase.may_be_in_force()).count(),
            beyond: self.beyond.len(),
            duplicates: self.duplicates,
            records: self.journal.records(),
            bytes: self.journal.bytes(),
        }
    }

    pub(crate) fn case(&self, id: &ActionId) -> Option<&Case> {
        self.book.get(id)
    }

    pub(crate) fn shared_plan(&self, id: &ActionId) -> Option<Arc<Plan>> {
        self.book.get(id)?.plan.clone()
    }

    pub(crate) fn note_duplicate(&mut self) {
        self.duplicates = self.duplicates.saturating_add(1);
    }

    pub(crate) fn live(&self) -> &BTreeSet<ActionId> {
        &self.live
    }

    pub(crate) fn clock(&mut self) -> &mut LeaseClock {
        &mut self.clock
    }

    /// Whether this is still the only executor of the journal.
    pub(crate) fn check_ours(&mut self) -> Result<(), GateError> {
        Ok(self.journal.check_ours()?)
    }

    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.config.rails.patience_ms())
    }
}
