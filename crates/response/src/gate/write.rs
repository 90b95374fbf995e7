//! What is written and taken over: the one way in which anything changes, the same on writing and on replaying.

use super::{Admission, Brake, Gate, GateError, Mode, Permit, Proposal};
use crate::case::{Case, Hold};
use crate::decision::{Because, Decision};
use crate::journal::{Durability, Entry, Page, Record, Storage};
use crate::lifecycle::{Event, Phase, step};
use crate::policy::Ruling;
use crate::rails::Asked;
use crate::{Action, ActionId, Drill, Request};
use homeostat_core::Timestamp;
use std::time::Duration;

/// What is decided together and written at once.
pub(super) struct Batch {
    page: Page,
    durability: Durability,
    ids: Vec<ActionId>,
}

impl Batch {
    pub(super) fn new(page: Page) -> Self {
        Self { page, durability: Durability::Buffered, ids: Vec::new() }
    }
}

impl<S: Storage> Gate<S> {
    /// Decides one proposal as if all of `batch` had passed, and adds it; `None` when its id is known already.
    pub(super) fn stage(
        &mut self,
        proposal: &Proposal<'_>,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<Option<ActionId>, GateError> {
        let Proposal { request, plan, descriptor } = *proposal;
        if self.book.contains_key(&request.id) {
            self.duplicates = self.duplicates.saturating_add(1);
            return Ok(None);
        }
        let effect = descriptor.effect_of(request.action);
        self.check(proposal, effect, now)?;
        let lease_now = self.clock.advance(now);
        let offsets = self.offsets.clone();
        let asked = Asked { request, plan, effect, now, offsets: &offsets };
        let decision = self.decide(&asked, &descriptor.name);
        let expires_at = lease_end(request, &decision, lease_now);
        let passes = decision.ruling == Ruling::Autonomous && self.brake == Brake::Run;
        // Promises are synced: to the target, and to people who are asked.
        if passes || matches!(decision.ruling, Ruling::Approve { .. }) {
            batch.durability = Durability::Synced;
        }
        let planned = Event::Planned {
            plan: Box::new(plan.clone()),
            actuator: descriptor.name.clone(),
            effect,
            decision,
        };
        let proposed = Event::Proposed { request: Box::new(request.clone()) };
        let intent = passes.then_some(Event::ApplyIntent { expires_at });
        for event in [proposed, planned].into_iter().chain(intent) {
            self.stage_event(&request.id, event, batch)?;
        }
        batch.ids.push(request.id.clone());
        self.stage_surge(batch)?;
        Ok(Some(request.id.clone()))
    }

    fn stage_event(&mut self, id: &ActionId, event: Event, batch: &mut Batch) -> Result<(), GateError> {
        let at = self.clock.now();
        let next = step(self.phase(id), &event)?;
        let record = Record { at, entry: Entry::Action { id: id.clone(), event } };
        self.journal.encode(&record, &mut batch.page)?;
        if let Entry::Action { event, .. } = record.entry {
            self.accept(id, event, next, at);
        }
        Ok(())
    }

    /// Sets the gate's own brake when more is proposed than the rails let pass.
    fn stage_surge(&mut self, batch: &mut Batch) -> Result<(), GateError> {
        if self.brake != Brake::Run || !self.has_surged() {
            return Ok(());
        }
        self.brake = Brake::HoldNew;
        let beyond = u32::try_from(self.beyond.len()).unwrap_or(u32::MAX);
        let record = Record { at: self.clock.now(), entry: Entry::Surged { beyond } };
        self.journal.encode(&record, &mut batch.page)?;
        batch.durability = Durability::Synced;
        Ok(())
    }

    /// Writes the batch, or forgets all that it holds.
    pub(super) fn write_batch(&mut self, batch: &Batch) -> Result<(), GateError> {
        let written = self.journal.write(&batch.page, batch.durability);
        if written.is_err() {
            for id in &batch.ids {
                self.ledger.release(id);
                self.book.remove(id);
                self.live.remove(id);
            }
        }
        Ok(written?)
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
        let mut page = self.journal.page()?;
        let mut steps = Vec::with_capacity(events.len());
        for event in events {
            phase = step(phase, &event)?;
            let record = Record { at, entry: Entry::Action { id: id.clone(), event } };
            self.journal.encode(&record, &mut page)?;
            steps.push((record, phase.clone()));
        }
        self.journal.write(&page, durability)?;
        for (record, next) in steps {
            if let Entry::Action { event, .. } = record.entry {
                self.accept(id, event, next, at);
            }
        }
        Ok(())
    }

    /// Takes over what the journal tells: the same on writing and on replaying.
    pub(super) fn accept(&mut self, id: &ActionId, event: Event, next: Phase, at: Timestamp) {
        let case = self.book.entry(id.clone()).or_insert_with(|| Case::new(at));
        let (began, held_before) = (case.phase == Phase::New, case.phase.may_be_in_force());
        let planned = matches!(event, Event::Planned { .. });
        case.accept(event, next, at);
        let (ended, holds_now) = (case.phase.is_terminal(), case.phase.may_be_in_force());
        if holds_now && !held_before {
            if let (Some(request), Some(plan)) = (&case.request, &case.plan) {
                let (charges, _) = self.ledger.charges(request, plan);
                self.ledger.take(id, charges, at);
            }
        } else if held_before && !holds_now {
            self.ledger.release(id);
        }
        // Looking a live action up is what takes the time of replaying, so it is done when something changes.
        if began {
            self.live.insert(id.clone());
        }
        if planned {
            self.take_planned(id, at);
        }
        if ended {
            self.live.remove(id);
            if let Some(case) = self.book.get_mut(id) {
                case.forget_details();
            }
        }
    }

    /// Counts what goes beyond the rails, and what a gate that only looks on would have done.
    fn take_planned(&mut self, id: &ActionId, at: Timestamp) {
        let Some(case) = self.book.get(id) else { return };
        let (Some(request), Some(plan), Some(decision)) = (&case.request, &case.plan, &case.decision) else {
            return;
        };
        let shown = decision.because.contains(&Because::ObserveMode);
        let asks = decision.because.contains(&Because::AskMode);
        if shown && decision.without(&Because::ObserveMode) == Ruling::Autonomous {
            let (charges, _) = self.shadow.charges(request, plan);
            let end = lease_end(request, decision, at);
            self.shadow.take(id, charges, at);
            self.shadow_ends.insert((end, id.clone()));
        }
        if !shown && !asks && decision.because.iter().any(Because::is_beyond) {
            self.beyond.push_back(at);
        }
        self.forget_beyond(at);
    }

    fn forget_beyond(&mut self, now: Timestamp) {
        let Some(start) = now.minus(Duration::from_millis(self.config.rails.surge.window_ms)) else { return };
        while self.beyond.pop_front_if(|at| *at <= start).is_some() {}
    }

    /// Whether so much is beyond the rails that the gate brakes by itself.
    pub(super) fn has_surged(&self) -> bool {
        let limit = usize::try_from(self.config.rails.surge.beyond).unwrap_or(usize::MAX);
        self.config.mode == Mode::Act && limit > 0 && self.beyond.len() >= limit
    }

    /// Takes over that a person set the brake; letting go begins the count of a surge anew.
    pub(super) fn take_brake(&mut self, brake: Brake) {
        self.brake = brake;
        if brake == Brake::Run {
            self.beyond.clear();
        }
    }

    pub(super) fn take_drill(&mut self, what: (String, Action), drill: Drill, at: Timestamp) {
        if drill == Drill::Passed {
            self.drills.insert(what, at);
        } else {
            self.drills.remove(&what);
        }
    }

    pub(super) fn end_shadows(&mut self, now: Timestamp) {
        while let Some((end, id)) = self.shadow_ends.pop_first() {
            if end > now {
                self.shadow_ends.insert((end, id));
                return;
            }
            self.shadow.release(&id);
        }
    }

    pub(super) fn intent(&self, id: &ActionId) -> Result<Event, GateError> {
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let (Some(request), Some(decision)) = (&case.request, &case.decision) else {
            return Err(GateError::UnknownAction);
        };
        Ok(Event::ApplyIntent { expires_at: lease_end(request, decision, self.clock.now()) })
    }

    /// The answer that fits the phase after a commit.
    pub(super) fn answer(&self, id: &ActionId) -> Admission {
        match self.book.get(id).map(|case| (&case.phase, case.expires_at)) {
            Some((Phase::Applying, expires_at)) => Admission::Go(self.permit(id, expires_at, 1)),
            Some((Phase::AwaitingApproval { needed, approvers, .. }, _)) => {
                Admission::Awaiting { more: usize::from(*needed).saturating_sub(approvers.len()) }
            }
            Some((Phase::Authorized, _)) => Admission::Held(Hold::Brake),
            _ => Admission::Refused,
        }
    }

    pub(super) fn permit(&self, id: &ActionId, expires_at: Timestamp, attempt: u32) -> Permit {
        let left = expires_at.since(self.clock.now());
        let ttl = left.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
        Permit::mint(id, (self.clock.wall_at(expires_at), ttl)).of_attempt(attempt, self.epoch)
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
