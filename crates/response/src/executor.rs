//! Carries actions through: plans, asks the gate, applies, looks whether it is so, and ends each lease.
//!
//! It owns no clock, no thread and no runtime: whoever owns it awaits its methods and calls
//! [`Executor::tick`] at [`Executor::next_deadline`]. A future of it that is dropped half-way is as a crash:
//! the next tick looks before it does anything. O(log n) per action and step; state is one entry per live action.

mod config;
mod ending;

pub use config::{ExecutorConfig, ExecutorStats, SubmitError};

use crate::journal::{Durability, Storage};
use crate::lifecycle::{Ending, Event, Phase, Refusal};
use crate::notice::{News, Notice, Notices};
use crate::{
    ActError, ActionId, Actuator, Admission, Brake, Expiry, Gate, GateError, Hold, Observed, Permit, Person,
    PlanHash, Proposal, Request,
};
use homeostat_core::{EntityKey, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What the executor remembers of a live action besides the journal; lost in a crash.
#[derive(Clone, Copy, Debug)]
struct Run {
    // All by the clock of leases.
    next: Timestamp,
    settles_at: Timestamp,
    retry_at: Option<Timestamp>,
    may_retry: bool,
    attempts: u32,
    failures: u32,
    reverted_at: Option<Timestamp>,
    listed: Option<Timestamp>,
}

impl Run {
    const FRESH: Self = Self {
        next: Timestamp::BEFORE_ALL,
        settles_at: Timestamp::BEFORE_ALL,
        retry_at: None,
        may_retry: false,
        attempts: 0,
        failures: 0,
        reverted_at: None,
        listed: None,
    };
}

/// What to do after looking at an action that was begun.
enum Next {
    Nothing,
    Retry,
    Lift(Ending),
}

/// Carries actions through, from request to the end of the lease.
#[derive(Debug)]
pub struct Executor<S> {
    gate: Gate<S>,
    config: ExecutorConfig,
    runs: BTreeMap<ActionId, Run>,
    due: BTreeSet<(Timestamp, ActionId)>,
    notices: Notices,
    stats: ExecutorStats,
    wall: Timestamp,
}

impl<S: Storage> Executor<S> {
    /// An executor that goes on where the gate's journal ends: what was begun is looked at, what should be
    /// over is reverted, what was never begun is refused.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails.
    pub async fn open(gate: Gate<S>, config: ExecutorConfig, now: Timestamp) -> Result<Self, GateError> {
        let notices = Notices::new(config.notices);
        let mut executor = Self {
            gate,
            config,
            runs: BTreeMap::new(),
            due: BTreeSet::new(),
            notices,
            stats: ExecutorStats::default(),
            wall: now,
        };
        let lease_now = executor.advance(now)?;
        for id in executor.gate.live().clone() {
            executor.recover(&id, lease_now)?;
        }
        executor.tick(now).await?;
        Ok(executor)
    }

    fn recover(&mut self, id: &ActionId, lease_now: Timestamp) -> Result<(), GateError> {
        match self.gate.phase(id) {
            Phase::Proposed { .. } | Phase::Authorized => {
                self.gate.refuse(id, Refusal::Restarted, self.wall)?;
                self.tell(id, News::Ended(Phase::Refused));
            }
            _ => {
                // A call sent before the crash may still land: nothing is certain until it has settled.
                let settles_at = later(lease_now, self.settle(id));
                self.runs.insert(id.clone(), Run { settles_at, next: lease_now, ..Run::FRESH });
            }
        }
        self.schedule(id);
        Ok(())
    }

    /// Carries a request as far as it goes now: at best it is in force when this returns. A request whose id is
    /// known already does nothing.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]; nothing was done then, unless the journal failed after `apply`, which the next tick or
    /// the next start sees.
    pub async fn submit(&mut self, request: &Request, now: Timestamp) -> Result<Phase, SubmitError> {
        self.advance(now)?;
        let known = self.gate.phase(&request.id);
        if known != Phase::New {
            self.gate.note_duplicate();
            return Ok(known);
        }
        let serves = |one: &&Arc<dyn Actuator>| one.descriptor().serves(request.action, request.target.kind);
        let actuator = self.config.actuators.iter().find(serves).cloned().ok_or(SubmitError::NoActuator)?;
        actuator.validate(request).map_err(SubmitError::Invalid)?;
        let plan = actuator.plan(request).await.map_err(SubmitError::NotPlanned)?;
        self.tell(&request.id, News::Planned { summary: plan.summary.clone(), touches: plan.touches.len() });
        let proposal = Proposal { request, plan: &plan, descriptor: actuator.descriptor() };
        let admission = self.gate.admit(proposal, now)?;
        if let Some(decision) = self.gate.decision(&request.id).cloned() {
            self.tell(&request.id, News::Decided(decision));
        }
        self.proceed(&request.id, admission).await?;
        Ok(self.gate.phase(&request.id))
    }

    /// A person says yes to the plan of that hash; when that is enough, the action is applied.
    ///
    /// # Errors
    ///
    /// As [`Gate::approve`].
    pub async fn approve(
        &mut self,
        id: &ActionId,
        by: &Person,
        plan: PlanHash,
        now: Timestamp,
    ) -> Result<Phase, GateError> {
        self.advance(now)?;
        let admission = self.gate.approve(id, by, plan, now)?;
        self.proceed(id, admission).await?;
        Ok(self.gate.phase(id))
    }

    /// A person gives an action another lease: `ttl` from now, or as much of it as the rules let pass.
    ///
    /// # Errors
    ///
    /// As [`Gate::extend`]; also [`GateError::TargetSide`] when the target system ends the lease by itself, as
    /// no verb tells it another end.
    pub fn extend(
        &mut self,
        id: &ActionId,
        ttl: Duration,
        by: &Person,
        now: Timestamp,
    ) -> Result<Timestamp, GateError> {
        self.advance(now)?;
        let by_itself = self.actuator(id).is_some_and(|one| one.descriptor().expiry == Expiry::TargetSide);
        if by_itself {
            return Err(GateError::TargetSide);
        }
        let end = self.gate.extend(id, ttl, by, now)?;
        self.schedule(id);
        Ok(end)
    }

    /// A person ends an action before its time.
    ///
    /// # Errors
    ///
    /// [`GateError`] when nothing of it may be in force, or the journal fails.
    pub async fn revert(&mut self, id: &ActionId, by: &Person, now: Timestamp) -> Result<Phase, GateError> {
        self.advance(now)?;
        self.lift(id, Ending::Asked, Some(by.clone())).await?;
        Ok(self.gate.phase(id))
    }

    /// A person attests that nothing of an action that needed a person is in force any more.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the action does not wait for a person, or the journal fails.
    pub fn resolve(&mut self, id: &ActionId, by: &Person, now: Timestamp) -> Result<(), GateError> {
        self.advance(now)?;
        if self.gate.phase(id) != Phase::NeedsHuman {
            return Err(GateError::UnknownAction);
        }
        let intent = Event::RevertIntent { why: Ending::Asked, by: Some(by.clone()) };
        self.gate.commit(id, vec![intent, Event::Reverted], Durability::Synced)?;
        self.tell(id, News::Ended(Phase::Done));
        self.schedule(id);
        Ok(())
    }

    /// Sets the brake; [`Brake::RevertAll`] reverts everything at once.
    ///
    /// # Errors
    ///
    /// As [`Gate::set_brake`].
    pub async fn brake(&mut self, brake: Brake, by: &Person, now: Timestamp) -> Result<(), GateError> {
        self.advance(now)?;
        self.gate.set_brake(brake, by, now)?;
        self.tick(now).await
    }

    /// Does all that is due at wall time `now`: ends leases, looks again, tries again, begins what was held.
    ///
    /// # Errors
    ///
    /// When the journal fails; what is due and needs no journal, above all reverting, is done all the same.
    pub async fn tick(&mut self, now: Timestamp) -> Result<(), GateError> {
        let lease_now = self.advance(now)?;
        let all = self.gate.brake() == Brake::RevertAll;
        let due: Vec<ActionId> = if all {
            self.gate.live().iter().cloned().collect()
        } else {
            self.due.iter().take_while(|(at, _)| *at <= lease_now).map(|(_, id)| id.clone()).collect()
        };
        let mut first_error = None;
        for id in due {
            let result = self.drive(&id, lease_now).await;
            self.schedule(&id);
            first_error = first_error.or(result.err());
        }
        first_error.map_or(Ok(()), Err)
    }

    /// When [`Self::tick`] should be called next, by the wall clock; `None` while nothing is pending.
    pub fn next_deadline(&mut self) -> Option<Timestamp> {
        let at = self.due.first()?.0;
        Some(self.gate.clock().wall_at(at))
    }

    /// Clears a person from the journal's names.
    ///
    /// # Errors
    ///
    /// As [`Gate::forget`].
    pub fn forget(&mut self, person: &EntityKey) -> Result<bool, GateError> {
        self.gate.forget(person)
    }

    /// Tells how many there are of the group of floor `floor`.
    pub fn set_population(&mut self, floor: &str, population: u64) {
        self.gate.set_population(floor, population);
    }

    /// The gate, for reading.
    pub fn gate(&self) -> &Gate<S> {
        &self.gate
    }

    /// What happened since this was last asked, in order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }

    /// What was counted.
    pub fn stats(&self) -> ExecutorStats {
        ExecutorStats { notices_dropped: self.notices.dropped(), ..self.stats }
    }

    async fn proceed(&mut self, id: &ActionId, admission: Admission) -> Result<(), GateError> {
        let result = match admission {
            Admission::Go(permit) => self.begin(id, permit).await,
            Admission::Held(hold) => {
                self.tell(id, News::Held(hold));
                Ok(())
            }
            Admission::Refused => {
                self.tell(id, News::Ended(Phase::Refused));
                Ok(())
            }
            Admission::Awaiting { .. } | Admission::Duplicate => Ok(()),
        };
        self.schedule(id);
        result
    }

    async fn begin(&mut self, id: &ActionId, permit: Permit) -> Result<(), GateError> {
        self.runs.entry(id.clone()).or_insert(Run::FRESH);
        self.send(id, &permit).await;
        self.drive_applying(id).await
    }

    async fn drive(&mut self, id: &ActionId, lease_now: Timestamp) -> Result<(), GateError> {
        let Some(case) = self.gate.case(id) else { return Ok(()) };
        let expires_at = case.expires_at;
        let braked = self.gate.brake() == Brake::RevertAll;
        match self.gate.phase(id) {
            Phase::AwaitingApproval { .. } | Phase::Authorized if braked => self.refuse(id, Refusal::Braked),
            Phase::AwaitingApproval { .. } => self.refuse(id, Refusal::Waited),
            Phase::Authorized => self.try_begin(id).await,
            Phase::Applying | Phase::Active if braked => self.lift(id, Ending::Braked, None).await,
            Phase::Applying | Phase::Active if expires_at <= lease_now => {
                let late = lease_now.since(expires_at).and_then(|micros| u64::try_from(micros).ok());
                self.stats.latest_expiry = self.stats.latest_expiry.max(late.unwrap_or(0));
                self.lift(id, Ending::Expired, None).await
            }
            Phase::Applying => self.drive_applying(id).await,
            Phase::Active => self.look_again(id).await,
            Phase::Reverting => self.lift(id, Ending::Expired, None).await,
            _ => Ok(()),
        }
    }

    async fn try_begin(&mut self, id: &ActionId) -> Result<(), GateError> {
        match self.gate.begin(id, self.wall)? {
            Admission::Go(permit) => self.begin(id, permit).await,
            Admission::Held(Hold::TooLate) => self.refuse(id, Refusal::Waited),
            _ => {
                let next = later(self.now(), self.config.pause);
                self.run(id).next = next;
                Ok(())
            }
        }
    }

    fn refuse(&mut self, id: &ActionId, why: Refusal) -> Result<(), GateError> {
        self.gate.refuse(id, why, self.wall)?;
        self.tell(id, News::Ended(Phase::Refused));
        Ok(())
    }

    /// Calls `apply` once and remembers what its answer leaves open.
    async fn send(&mut self, id: &ActionId, permit: &Permit) {
        let (Some(actuator), Some(plan)) = (self.actuator(id), self.gate.shared_plan(id)) else { return };
        self.stats.applies = self.stats.applies.saturating_add(1);
        let now = self.now();
        let settles_at = later(now, self.settle(id));
        let run = self.run(id);
        let before = run.settles_at;
        // Listed before the call, so that a caller who drops this future leaves an action that is looked at.
        (run.settles_at, run.next, run.retry_at, run.may_retry) = (before.max(settles_at), now, None, false);
        self.schedule(id);
        let answer = actuator.apply(permit, &plan).await;
        let settles_at = match &answer {
            Ok(_) | Err(ActError::Unknown { .. }) => later(now, self.settle(id)),
            Err(_) => now,
        };
        let run = self.run(id);
        run.attempts = permit.attempt();
        run.settles_at = before.max(settles_at);
        run.may_retry = matches!(&answer, Err(ActError::Transient { .. } | ActError::Unknown { .. }));
        if let Err(ActError::Transient { retry_after: Some(wait), .. }) = &answer {
            run.retry_at = Some(later(now, *wait));
            run.next = later(now, *wait);
        }
        self.tell(id, News::Sent(answer));
    }

    /// Looks at an action that was begun, and goes on from what is seen.
    async fn drive_applying(&mut self, id: &ActionId) -> Result<(), GateError> {
        let seen = self.observe(id).await;
        match self.judge(id, seen)? {
            Next::Nothing => Ok(()),
            Next::Lift(why) => self.lift(id, why, None).await,
            Next::Retry => {
                let attempt = self.run(id).attempts.saturating_add(1);
                let Ok(permit) = self.gate.again(id, attempt, self.wall) else {
                    let next = later(self.now(), self.config.pause);
                    self.run(id).next = next;
                    return Ok(());
                };
                self.send(id, &permit).await;
                let seen = self.observe(id).await;
                match self.judge(id, seen)? {
                    Next::Lift(why) => self.lift(id, why, None).await,
                    Next::Nothing | Next::Retry => Ok(()),
                }
            }
        }
    }

    fn judge(&mut self, id: &ActionId, seen: Result<Observed, ActError>) -> Result<Next, GateError> {
        let now = self.now();
        let run = *self.run(id);
        let settled = now >= run.settles_at;
        match seen {
            Ok(Observed::InForce) => {
                self.gate.commit(id, vec![Event::Applied], Durability::Buffered)?;
                let next = later(now, self.config.look_every);
                *self.run(id) = Run { next, failures: 0, ..run };
                self.tell(id, News::InForce);
                Ok(Next::Nothing)
            }
            Ok(Observed::Conflict) => self.call_person(id).map(|()| Next::Nothing),
            Ok(Observed::NotInForce | Observed::Partial) if !settled => {
                self.run(id).next = run.settles_at;
                Ok(Next::Nothing)
            }
            Ok(Observed::Partial) => Ok(Next::Lift(Ending::NotEffective)),
            Ok(Observed::NotInForce) => self.retry_or_fail(id, run),
            Err(_) => {
                self.count_failure(id)?;
                Ok(Next::Nothing)
            }
        }
    }

    fn retry_or_fail(&mut self, id: &ActionId, run: Run) -> Result<Next, GateError> {
        let now = self.now();
        match run.retry_at {
            Some(at) if at <= now => return Ok(Next::Retry),
            Some(at) => self.run(id).next = at,
            None if run.may_retry && run.attempts < self.config.apply_attempts => {
                let at = later(now, self.pause(run.attempts));
                let run = self.run(id);
                run.retry_at = Some(at);
                run.next = at;
            }
            None => {
                self.gate.commit(id, vec![Event::ApplyFailed], Durability::Buffered)?;
                self.tell(id, News::Ended(Phase::Failed));
            }
        }
        Ok(Next::Nothing)
    }

    /// Looks whether what should be in force still is; tells only what is not.
    async fn look_again(&mut self, id: &ActionId) -> Result<(), GateError> {
        let next = later(self.now(), self.config.look_every);
        self.run(id).next = next;
        let seen = self.ask(id).await;
        if seen == Ok(Observed::InForce) {
            return Ok(());
        }
        self.tell(id, News::Seen(seen));
        match seen {
            Ok(Observed::Conflict) => self.call_person(id),
            Ok(Observed::NotInForce) => {
                self.tell(id, News::Drifted(Observed::NotInForce));
                self.lift(id, Ending::NotEffective, None).await
            }
            Ok(Observed::Partial) => {
                self.tell(id, News::Drifted(Observed::Partial));
                Ok(())
            }
            Ok(Observed::InForce) | Err(_) => Ok(()),
        }
    }

    async fn observe(&mut self, id: &ActionId) -> Result<Observed, ActError> {
        let seen = self.ask(id).await;
        self.tell(id, News::Seen(seen));
        seen
    }

    // Takes `&mut self`, so that the futures of an executor move between threads whatever its storage.
    async fn ask(&mut self, id: &ActionId) -> Result<Observed, ActError> {
        match (self.actuator(id), self.gate.shared_plan(id)) {
            (Some(actuator), Some(plan)) => actuator.observe(&plan).await,
            _ => Err(ActError::permanent("find the actuator")),
        }
    }

    fn actuator(&self, id: &ActionId) -> Option<Arc<dyn Actuator>> {
        let name = &self.gate.case(id)?.actuator;
        self.config.actuators.iter().find(|one| one.descriptor().name == *name).cloned()
    }

    fn settle(&self, id: &ActionId) -> Duration {
        let settle = self.actuator(id).map_or(0, |one| one.descriptor().settle_ms);
        Duration::from_millis(settle)
    }

    fn advance(&mut self, now: Timestamp) -> Result<Timestamp, GateError> {
        if !now.is_moment() {
            return Err(GateError::NoTime);
        }
        self.wall = now;
        Ok(self.gate.clock().advance(now))
    }

    fn now(&mut self) -> Timestamp {
        self.gate.clock().now()
    }

    fn pause(&self, times: u32) -> Duration {
        let factor = 1_u32.checked_shl(times.saturating_sub(1).min(6)).unwrap_or(64);
        self.config.pause.saturating_mul(factor).min(Duration::from_mins(1))
    }

    fn run(&mut self, id: &ActionId) -> &mut Run {
        self.runs.entry(id.clone()).or_insert(Run::FRESH)
    }

    fn tell(&mut self, id: &ActionId, news: News) {
        self.notices.push(Notice { at: self.wall, id: id.clone(), news });
    }

    /// Lists when `id` must be driven next.
    fn schedule(&mut self, id: &ActionId) {
        if let Some(listed) = self.runs.get_mut(id).and_then(|run| run.listed.take()) {
            self.due.remove(&(listed, id.clone()));
        }
        let patience = self.gate.patience();
        let Some(case) = self.gate.case(id) else { return };
        let (asked_at, expires_at) = (case.asked_at, case.expires_at);
        let next = self.runs.get(id).map_or(Timestamp::BEFORE_ALL, |run| run.next);
        let at = match case.phase {
            Phase::AwaitingApproval { .. } => later(asked_at, patience),
            Phase::Applying | Phase::Active => next.min(expires_at),
            Phase::Authorized | Phase::Reverting => next,
            Phase::NeedsHuman | Phase::New | Phase::Proposed { .. } => return,
            Phase::Done | Phase::Refused | Phase::Failed => {
                self.runs.remove(id);
                return;
            }
        };
        self.run(id).listed = Some(at);
        self.due.insert((at, id.clone()));
    }
}

fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.plus(span).unwrap_or(Timestamp::NEVER)
}
