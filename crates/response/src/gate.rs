//! The one place that lets an action pass: decision, budget, floor, brake, lease and intent in one step.
//!
//! Every method that can let something pass takes `&mut self` and does all of it before it returns, so no
//! concurrency of the caller's can overshoot a rail: a lock round the gate is the critical section. A
//! [`Permit`] comes out of here and of nowhere else, and only after its intent is durable.

mod answer;
mod config;

pub use answer::{Admission, GateError, GateStats, Proposal};
pub use config::{Brake, GateConfig, Mode};

use crate::budget::Ledger;
use crate::case::{Case, Hold};
use crate::clock::LeaseClock;
use crate::decision::{Because, Decision};
use crate::journal::{Durability, Entry, Journal, Record, Storage};
use crate::lifecycle::{Event, Phase, Refusal, step};
use crate::policy::Ruling;
use crate::rails::{Asked, Fit};
use crate::{ActionId, Effect, Person, Plan, PlanHash, Request};
use homeostat_core::{EntityKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Proof that the rails allowed exactly this action and that its intent is durable. Only the gate mints one.
///
/// ```compile_fail,E0451
/// use homeostat_response::{ActionId, Permit};
/// fn forged(action: ActionId) -> Permit {
///     Permit { action, expires_at: homeostat_core::Timestamp::NEVER, ttl: None, attempt: 1 }
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    action: ActionId,
    expires_at: Timestamp,
    ttl: Option<Duration>,
    attempt: u32,
}

impl Permit {
    /// The action that may be done.
    pub fn action(&self) -> &ActionId {
        &self.action
    }

    /// When the lease ends, by the wall clock; [`Timestamp::NEVER`] without a lease.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// How long the lease still lasts; `None` without a lease.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// Decides, takes budget and writes the intent, in one step.
#[derive(Debug)]
pub struct Gate<S> {
    config: GateConfig,
    journal: Journal<S>,
    book: BTreeMap<ActionId, Case>,
    // INVARIANT: exactly the ids in `book` whose phase is not terminal.
    live: BTreeSet<ActionId>,
    ledger: Ledger,
    brake: Brake,
    clock: LeaseClock,
    populations: BTreeMap<String, u64>,
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
            config,
            journal,
            book: BTreeMap::new(),
            live: BTreeSet::new(),
            brake: Brake::Run,
            clock: LeaseClock::new(),
            populations,
            duplicates: 0,
        };
        for record in records {
            gate.clock.replay(record.at);
            match record.entry {
                Entry::Brake { brake, .. } => gate.brake = brake,
                Entry::Action { id, event } => {
                    let next = step(gate.phase(&id), &event)?;
                    gate.accept(&id, event, next, record.at);
                }
            }
        }
        Ok(gate)
    }

    /// Brings a proposal before the gate at wall time `now`: decides, and when nothing stands against it takes
    /// the budget, makes the intent durable and mints the permit, all before it returns.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the proposal is not sound or the journal fails; nothing passed then.
    pub fn admit(&mut self, proposal: Proposal<'_>, now: Timestamp) -> Result<Admission, GateError> {
        let Proposal { request, plan, descriptor } = proposal;
        if self.book.contains_key(&request.id) {
            self.duplicates = self.duplicates.saturating_add(1);
            return Ok(Admission::Duplicate);
        }
        let effect = descriptor.effect_of(request.action);
        self.check(&proposal, effect, now)?;
        let lease_now = self.clock.advance(now);
        let decision =
            self.decide(&Asked { request, plan, effect, now, offsets: &self.config.offsets.clone() });
        let expires_at = lease_end(request, &decision, lease_now);
        let passes = decision.ruling == Ruling::Autonomous && self.brake == Brake::Run;
        let durability = match decision.ruling {
            Ruling::Autonomous if !passes => Durability::Buffered,
            Ruling::Autonomous | Ruling::Approve { .. } => Durability::Synced,
            Ruling::ShadowOnly | Ruling::Deny => Durability::Buffered,
        };
        let planned = Event::Planned {
            plan: Box::new(plan.clone()),
            actuator: descriptor.name.clone(),
            effect,
            decision,
        };
        let mut events = vec![Event::Proposed { request: Box::new(request.clone()) }, planned];
        events.extend(passes.then_some(Event::ApplyIntent { expires_at }));
        self.commit(&request.id, events, durability)?;
        Ok(self.answer(&request.id, 1))
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
        let mut events = vec![approved];
        if next == Phase::Authorized && self.hold(id, now)?.is_none() {
            events.push(self.intent(id)?);
        }
        self.commit(id, events, Durability::Synced)?;
        Ok(self.answer(id, 1))
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
        Ok(self.answer(id, 1))
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
        self.brake = brake;
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

    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.config.rails.patience_ms())
    }

    /// Writes what happened to an action and takes it over, or does neither.
    pub(crate) fn commit(
        &mut self,
        id: &ActionId,
        events: Vec<Event>,
        durability: Durability,
    ) -> Result<(), GateError> {
        let at = self.clock.now();
        let mut phase = self.phase(id);
        let mut steps = Vec::with_capacity(events.len());
        for event in &events {
            phase = step(phase, event)?;
            steps.push(phase.clone());
        }
        let record =
            |event: &Event| Record { at, entry: Entry::Action { id: id.clone(), event: event.clone() } };
        let records: Vec<Record> = events.iter().map(record).collect();
        self.journal.append(&records, durability)?;
        for (event, next) in events.into_iter().zip(steps) {
            self.accept(id, event, next, at);
        }
        Ok(())
    }

    /// Takes over what the journal tells: the same on writing and on replaying.
    fn accept(&mut self, id: &ActionId, event: Event, next: Phase, at: Timestamp) {
        let case = self.book.entry(id.clone()).or_insert_with(|| Case::new(at));
        let held_before = case.phase.may_be_in_force();
        case.accept(event, next, at);
        let holds_now = case.phase.may_be_in_force();
        if holds_now && !held_before {
            if let (Some(request), Some(plan)) = (&case.request, &case.plan) {
                let (charges, _) = self.ledger.charges(request, plan);
                self.ledger.take(id, charges, at);
            }
        } else if held_before && !holds_now {
            self.ledger.release(id);
        }
        if case.phase.is_terminal() {
            case.forget_details();
            self.live.remove(id);
        } else {
            self.live.insert(id.clone());
        }
    }

    fn check(&self, proposal: &Proposal<'_>, effect: Effect, now: Timestamp) -> Result<(), GateError> {
        let Proposal { request, plan, .. } = proposal;
        let for_this = plan.id == request.id && plan.action == request.action;
        let may_last = matches!(effect, Effect::Remediation | Effect::Irreversible);
        match () {
            () if request.tenant != self.config.tenant => Err(GateError::OtherTenant),
            () if !for_this || !plan.target.is(&request.target) => Err(GateError::OtherPlan),
            () if !(0.0..=1.0).contains(&request.confidence) => Err(GateError::BadConfidence),
            () if request.ttl_ms.unwrap_or(0) == 0 && !may_last => Err(GateError::NoLease),
            () if !now.is_moment() => Err(GateError::NoTime),
            () => Ok(()),
        }
    }

    fn decide(&mut self, asked: &Asked<'_>) -> Decision {
        let mut decision = self.config.rails.decide(asked);
        match self.config.mode {
            Mode::Observe => decision.add(Because::ObserveMode),
            Mode::Ask => decision.add(Because::AskMode),
            Mode::Act => {}
        }
        let (charges, unknown) = self.ledger.charges(asked.request, asked.plan);
        let exceeded = self.ledger.exceeded(&charges, self.clock.now());
        let floors = self.floors(asked);
        unknown.into_iter().chain(exceeded).chain(floors).for_each(|because| decision.add(because));
        decision
    }

    /// The floors that doing this would break, or of which that is not known.
    fn floors(&self, asked: &Asked<'_>) -> Vec<Because> {
        let mut broken = Vec::new();
        if asked.effect == Effect::Capture {
            return broken;
        }
        for (floor, selector) in &self.config.rails.floors {
            let counts = |target: &&crate::Target| selector.selects(target) != Fit::No;
            let hit: BTreeSet<_> =
                asked.plan.touches.iter().chain([&asked.request.target]).filter(counts).collect();
            if hit.is_empty() {
                continue;
            }
            let in_force = self.live.iter().filter_map(|id| self.book.get(id));
            let in_force = in_force.filter(|case| case.cuts()).filter_map(|case| case.plan.as_ref());
            let held = in_force.flat_map(|plan| &plan.touches).filter(counts);
            let down: BTreeSet<_> = held.chain(hit).map(|target| (target.kind, &target.id)).collect();
            let id = floor.id.clone();
            match self.populations.get(&id).map(|all| all.saturating_sub(down.len() as u64)) {
                None => broken.push(Because::FloorUnknown { id }),
                Some(left) if left < floor.min_remaining => broken.push(Because::Floor { id }),
                Some(_) => {}
            }
        }
        broken
    }

    /// What keeps an allowed action from beginning now.
    fn hold(&mut self, id: &ActionId, now: Timestamp) -> Result<Option<Hold>, GateError> {
        let lease_now = self.clock.advance(now);
        if self.brake != Brake::Run {
            return Ok(Some(Hold::Brake));
        }
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let (Some(request), Some(plan), Some(known)) =
            (case.request.clone(), case.plan.clone(), case.decision.clone())
        else {
            return Err(GateError::UnknownAction);
        };
        let waited_until = case.asked_at.plus(self.patience()).unwrap_or(Timestamp::NEVER);
        if waited_until <= lease_now {
            return Ok(Some(Hold::TooLate));
        }
        let offsets = self.config.offsets.clone();
        let asked = Asked { request: &request, plan: &plan, effect: case.effect, now, offsets: &offsets };
        let fresh = self.decide(&asked);
        // What people said yes to is what they were shown; anything that came since holds.
        let new = fresh.because.difference(&known.because).filter(|one| one.demands() > Ruling::Autonomous);
        let new: BTreeSet<Because> = new.cloned().collect();
        Ok((!new.is_empty()).then_some(Hold::Changed(new)))
    }

    fn intent(&self, id: &ActionId) -> Result<Event, GateError> {
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let (Some(request), Some(decision)) = (&case.request, &case.decision) else {
            return Err(GateError::UnknownAction);
        };
        Ok(Event::ApplyIntent { expires_at: lease_end(request, decision, self.clock.now()) })
    }

    /// The answer that fits the phase after a commit.
    fn answer(&self, id: &ActionId, attempt: u32) -> Admission {
        match self.book.get(id).map(|case| (&case.phase, case.expires_at)) {
            Some((Phase::Applying, expires_at)) => Admission::Go(self.permit(id, expires_at, attempt)),
            Some((Phase::AwaitingApproval { needed, approvers, .. }, _)) => {
                Admission::Awaiting { more: usize::from(*needed).saturating_sub(approvers.len()) }
            }
            Some((Phase::Authorized, _)) => Admission::Held(Hold::Brake),
            _ => Admission::Refused,
        }
    }

    fn permit(&self, id: &ActionId, expires_at: Timestamp, attempt: u32) -> Permit {
        let left = expires_at.since(self.clock.now());
        Permit {
            action: id.clone(),
            expires_at: self.clock.wall_at(expires_at),
            ttl: left.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0))),
            attempt,
        }
    }
}

/// When a lease that begins now ends: what was asked, and never beyond what the rules let pass.
fn lease_end(request: &Request, decision: &Decision, lease_now: Timestamp) -> Timestamp {
    match request.ttl_ms {
        None | Some(0) => Timestamp::NEVER,
        Some(asked) => {
            let ttl = Duration::from_millis(asked.min(decision.max_ttl_ms));
            lease_now.plus(ttl).unwrap_or(Timestamp::LAST)
        }
    }
}
