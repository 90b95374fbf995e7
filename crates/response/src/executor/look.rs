//! The middle of an action: applying it, looking whether it is so, trying again, holding it for its lease.

use super::{Executor, Next, Run, later};
use crate::journal::{Durability, Storage};
use crate::lifecycle::{Ending, Event, Phase, Refusal};
use crate::notice::News;
use crate::{ActError, ActionId, Admission, Brake, GateError, Hold, Observed, Permit};
use homeostat_core::Timestamp;

impl<S: Storage> Executor<S> {
    pub(super) async fn begin(&mut self, id: &ActionId, permit: Permit) -> Result<(), GateError> {
        self.runs.entry(id.clone()).or_insert(Run::FRESH);
        self.send(id, &permit).await;
        self.drive_applying(id).await
    }

    pub(super) async fn drive(&mut self, id: &ActionId, lease_now: Timestamp) -> Result<(), GateError> {
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

    pub(super) async fn try_begin(&mut self, id: &ActionId) -> Result<(), GateError> {
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

    /// Refuses what was not begun, as nobody wants it any more.
    pub(super) fn withdraw(&mut self, id: &ActionId) -> Result<(), GateError> {
        self.refuse(id, Refusal::Withdrawn)
    }

    pub(super) fn refuse(&mut self, id: &ActionId, why: Refusal) -> Result<(), GateError> {
        self.gate.refuse(id, why, self.wall)?;
        self.tell(id, News::Ended(Phase::Refused));
        Ok(())
    }

    /// Calls `apply` once and remembers what its answer leaves open.
    pub(super) async fn send(&mut self, id: &ActionId, permit: &Permit) {
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
        let unknown = matches!(answer, Err(ActError::Unknown { .. }));
        self.stats.unknown = self.stats.unknown.saturating_add(u64::from(unknown));
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
    pub(super) async fn drive_applying(&mut self, id: &ActionId) -> Result<(), GateError> {
        let seen = self.observe(id).await;
        match self.weigh(id, seen)? {
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
                match self.weigh(id, seen)? {
                    Next::Lift(why) => self.lift(id, why, None).await,
                    Next::Nothing | Next::Retry => Ok(()),
                }
            }
        }
    }

    pub(super) fn weigh(
        &mut self,
        id: &ActionId,
        seen: Result<Observed, ActError>,
    ) -> Result<Next, GateError> {
        let now = self.now();
        let run = *self.run(id);
        let settled = now >= run.settles_at;
        match seen {
            Ok(Observed::InForce) => {
                self.gate.commit(id, vec![Event::Applied], Durability::Buffered)?;
                self.run(id).next = later(now, self.config.look_every);
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

    pub(super) fn retry_or_fail(&mut self, id: &ActionId, run: Run) -> Result<Next, GateError> {
        let now = self.now();
        if !run.may_retry || run.attempts >= self.config.apply_attempts {
            self.gate.commit(id, vec![Event::ApplyFailed], Durability::Buffered)?;
            self.tell(id, News::Ended(Phase::Failed));
            return Ok(Next::Nothing);
        }
        let at = run.retry_at.unwrap_or_else(|| later(now, self.pause(run.attempts)));
        if at <= now {
            return Ok(Next::Retry);
        }
        let run = self.run(id);
        (run.retry_at, run.next) = (Some(at), at);
        Ok(Next::Nothing)
    }

    /// Looks whether what should be in force still is; tells only what is not.
    pub(super) async fn look_again(&mut self, id: &ActionId) -> Result<(), GateError> {
        let next = later(self.now(), self.config.look_every);
        self.run(id).next = next;
        let seen = self.ask(id).await;
        if seen == Ok(Observed::InForce) {
            return Ok(());
        }
        self.tell(id, News::Seen(seen));
        self.stats.drifted = self.stats.drifted.saturating_add(u64::from(seen.is_ok()));
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

    pub(super) async fn observe(&mut self, id: &ActionId) -> Result<Observed, ActError> {
        let seen = self.ask(id).await;
        self.tell(id, News::Seen(seen));
        seen
    }

    // Takes `&mut self`, so that the futures of an executor move between threads whatever its storage.
    pub(super) async fn ask(&mut self, id: &ActionId) -> Result<Observed, ActError> {
        match (self.actuator(id), self.gate.shared_plan(id)) {
            (Some(actuator), Some(plan)) => actuator.observe(&plan).await,
            _ => Err(ActError::permanent("find the actuator")),
        }
    }
}
