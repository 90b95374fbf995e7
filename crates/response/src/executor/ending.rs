//! The end of an action: reverting, looking whether it is so, trying again, and calling a person.

use super::{Executor, later};
use crate::journal::{Durability, JournalError, Storage};
use crate::lifecycle::{Ending, Event, Phase};
use crate::notice::News;
use crate::{ActError, ActionId, GateError, Observed, Person};

impl<S: Storage> Executor<S> {
    /// Reverts, from the plan alone, and looks whether it is so.
    pub(super) async fn lift(
        &mut self,
        id: &ActionId,
        why: Ending,
        by: Option<Person>,
    ) -> Result<(), GateError> {
        let durability = if by.is_some() { Durability::Synced } else { Durability::Buffered };
        let (actuator, plan) = (self.actuator(id), self.gate.shared_plan(id));
        let begun = if self.gate.phase(id) == Phase::Reverting {
            self.gate.check_ours()
        } else {
            self.tell(id, News::Reverting(why));
            let run = self.run(id);
            (run.failures, run.reverted_at) = (0, None);
            self.gate.commit(id, vec![Event::RevertIntent { why, by }], durability)
        };
        // Another executor may have given it another lease; what happens to it is for that one to say.
        if matches!(begun, Err(GateError::Illegal(_) | GateError::Journal(JournalError::Fenced))) {
            return begun;
        }
        let (Some(actuator), Some(plan)) = (actuator, plan) else {
            begun?;
            return self.call_person(id);
        };
        self.stats.reverts = self.stats.reverts.saturating_add(1);
        // Listed before the call, as in `send`.
        let now = self.now();
        self.run(id).next = now;
        self.schedule(id);
        // Also when the journal failed: a lease must end although the disk is full.
        let answer = actuator.revert(&plan).await;
        begun?;
        self.conclude_revert(id, answer).await
    }

    async fn conclude_revert(
        &mut self,
        id: &ActionId,
        answer: Result<(), ActError>,
    ) -> Result<(), GateError> {
        if let Err(error) = answer {
            self.tell(id, News::NotReverted(error));
            let foreign = matches!(error, ActError::Conflict { .. });
            return if foreign { self.call_person(id) } else { self.count_failure(id) };
        }
        let seen = self.observe(id).await;
        let (now, settle) = (self.now(), self.settle(id));
        let run = self.run(id);
        let settles_at = run.settles_at;
        let lifts_by = later(*run.reverted_at.get_or_insert(now), settle);
        match seen {
            Ok(Observed::Conflict) => self.call_person(id),
            // What was sent before may still land; only then is it certain.
            Ok(Observed::NotInForce) if now < settles_at => {
                self.run(id).next = settles_at;
                Ok(())
            }
            Ok(Observed::NotInForce) => {
                self.gate.commit(id, vec![Event::Reverted], Durability::Buffered)?;
                self.tell(id, News::Ended(Phase::Done));
                Ok(())
            }
            Ok(_) if now < lifts_by => {
                self.run(id).next = lifts_by;
                Ok(())
            }
            _ => self.count_failure(id),
        }
    }

    /// Waits longer each time, and calls a person after too many failures in a row.
    pub(super) fn count_failure(&mut self, id: &ActionId) -> Result<(), GateError> {
        let failures = self.run(id).failures.saturating_add(1);
        let next = later(self.now(), self.pause(failures));
        let run = self.run(id);
        run.failures = failures;
        run.next = next;
        if failures >= self.config.revert_attempts { self.call_person(id) } else { Ok(()) }
    }

    pub(super) fn call_person(&mut self, id: &ActionId) -> Result<(), GateError> {
        self.gate.commit(id, vec![Event::NeedsHuman], Durability::Synced)?;
        self.run(id).failures = 0;
        self.stats.calls_for_people = self.stats.calls_for_people.saturating_add(1);
        self.tell(id, News::NeedsHuman);
        Ok(())
    }
}
