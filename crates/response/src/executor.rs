//! Carries actions through: plans, asks the gate, applies, looks whether it is so, and ends each lease.
//!
//! It owns no clock, no thread and no runtime: whoever owns it awaits its methods and calls
//! [`Executor::tick`] at [`Executor::next_deadline`]. A future of it that is dropped half-way is as a crash:
//! the next tick looks before it does anything. O(log n) per action and step; state is one entry per live action.

mod config;
mod drill;
mod ending;
mod look;
mod saga;

pub use config::{ExecutorConfig, ExecutorStats, SubmitError};

use crate::journal::{Durability, Storage};
use crate::lifecycle::{Ending, Event, Phase, Refusal};
use crate::notice::{News, Notice, Notices};
use crate::{
    ActionId, Actuator, Admission, Brake, Expiry, Gate, GateError, Opinion, Person, Plan, PlanHash, Proposal,
    Request,
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

/// A request that was planned: its place, itself, its plan, and by whom.
type Planned<'a> = (usize, &'a Request, Plan, Arc<dyn Actuator>);

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
    // Drills that are under way; lost in a crash, and then they count for nothing.
    drills: BTreeSet<ActionId>,
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
            drills: BTreeSet::new(),
            stats: ExecutorStats::default(),
            wall: now,
        };
        let lease_now = executor.advance(now)?;
        executor.gate.take_over(now)?;
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
                self.runs.insert(id.clone(), Run { settles_at, ..Run::FRESH });
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
        self.submit_all(std::slice::from_ref(request), now).await?.pop().unwrap_or(Ok(Phase::New))
    }

    /// Carries several requests as far as they go now, decided together and with one write and one sync for all
    /// their intents; the answers stand in the order of the requests. Each is decided as if those before it had
    /// passed alone, so no budget is exceeded by asking at once.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal failed; then nothing was begun. An answer of its own is [`SubmitError`] when
    /// that request went no further.
    pub async fn submit_all(
        &mut self,
        requests: &[Request],
        now: Timestamp,
    ) -> Result<Vec<Result<Phase, SubmitError>>, GateError> {
        self.advance(now)?;
        let mut answers = Vec::with_capacity(requests.len());
        let mut planned = Vec::with_capacity(requests.len());
        for (number, request) in requests.iter().enumerate() {
            answers.push(match self.plan(request).await {
                Ok(Some((plan, actuator))) => {
                    planned.push((number, request, plan, actuator));
                    Ok(Phase::New)
                }
                Ok(None) => Ok(self.gate.phase(&request.id)),
                Err(error) => Err(error),
            });
        }
        let brake = self.gate.brake();
        let proposals: Vec<Proposal<'_>> = planned.iter().map(proposal).collect();
        let admissions = self.gate.admit_all(&proposals, now)?;
        for ((number, request, ..), admission) in planned.iter().zip(admissions) {
            let answer = self.follow(&request.id, admission).await;
            if let Some(place) = answers.get_mut(*number) {
                *place = answer;
            }
        }
        self.tell_surge(brake, planned.last().map(|(_, request, ..)| &request.id));
        Ok(answers)
    }

    /// Plans a request; `None` when its id is known already.
    async fn plan(&mut self, request: &Request) -> Result<Option<(Plan, Arc<dyn Actuator>)>, SubmitError> {
        if self.gate.phase(&request.id) != Phase::New {
            self.gate.note_duplicate();
            return Ok(None);
        }
        let serves = |one: &&Arc<dyn Actuator>| one.descriptor().serves(request.action, request.target.kind);
        let actuator = self.config.actuators.iter().find(serves).cloned().ok_or(SubmitError::NoActuator)?;
        actuator.validate(request).map_err(SubmitError::Invalid)?;
        let plan = actuator.plan(request).await.map_err(SubmitError::NotPlanned)?;
        self.tell(&request.id, News::Planned { summary: plan.summary.clone(), touches: plan.touches.len() });
        Ok(Some((plan, actuator)))
    }

    async fn follow(
        &mut self,
        id: &ActionId,
        admission: Result<Admission, GateError>,
    ) -> Result<Phase, SubmitError> {
        let admission = admission?;
        if let Some(decision) = self.gate.decision(id).cloned() {
            self.tell(id, News::Decided(decision));
        }
        self.proceed(id, admission).await?;
        Ok(self.gate.phase(id))
    }

    /// Says it loudly when the gate set its own brake.
    fn tell_surge(&mut self, before: Brake, id: Option<&ActionId>) {
        if let (Brake::Run, Brake::HoldNew, Some(id)) = (before, self.gate.brake(), id) {
            self.stats.surges = self.stats.surges.saturating_add(1);
            self.tell(id, News::Surge { beyond: self.gate.stats().beyond });
        }
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

    /// A person says no to an action that was not begun.
    ///
    /// # Errors
    ///
    /// [`GateError`] when it was begun or is not known, or the journal fails.
    pub fn reject(&mut self, id: &ActionId, by: &Person, now: Timestamp) -> Result<(), GateError> {
        self.advance(now)?;
        self.withdraw(id)?;
        self.schedule(id);
        self.gate.judge(id, by, Opinion::Disagrees, now)
    }

    /// A person tells whether an action that was only shown should have been done.
    ///
    /// # Errors
    ///
    /// As [`Gate::judge`].
    pub fn judge(
        &mut self,
        id: &ActionId,
        by: &Person,
        opinion: Opinion,
        now: Timestamp,
    ) -> Result<(), GateError> {
        self.gate.judge(id, by, opinion, now)
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
        self.conclude_drills().await?;
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
        let (patience, now) = (self.gate.patience(), self.now());
        let Some(case) = self.gate.case(id) else { return };
        let (asked_at, expires_at) = (case.asked_at, case.expires_at);
        let next = self.runs.get(id).map_or(now, |run| run.next.max(now));
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

fn proposal<'a>((_, request, plan, actuator): &'a Planned<'_>) -> Proposal<'a> {
    Proposal { request, plan, descriptor: actuator.descriptor() }
}

fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.plus(span).unwrap_or(Timestamp::NEVER)
}
