//! Drills: an action tried on a canary, so that a rule may ask for one before it lets the real thing pass.
//!
//! A drill takes the same way as everything else, through the gate and the journal; a person asks for it and so
//! says yes to it. It is over when the canary was seen in force and then seen not to be in force any more.

use super::Executor;
use crate::case::Case;
use crate::journal::Storage;
use crate::lifecycle::{Ending, Phase};
use crate::{ActionId, Drill, GateError, Person, Plan, Request, SubmitError};
use homeostat_core::Timestamp;

impl<S: Storage> Executor<S> {
    /// Applies `request`, which should be aimed at a canary, and reverts it as soon as it is seen in force. How it
    /// went stands in the journal; [`Rule::requires_drill_within_ms`](crate::Rule) asks for it. `None` while it is
    /// under way, as with targets that take time to settle: the ticks bring it to its end.
    ///
    /// # Errors
    ///
    /// As [`Executor::submit`], and as [`Executor::approve`] when the rails ask for more than one person.
    pub async fn drill(
        &mut self,
        request: &Request,
        by: &Person,
        now: Timestamp,
    ) -> Result<Option<Drill>, SubmitError> {
        let phase = self.submit(request, now).await?;
        self.drills.insert(request.id.clone());
        if let (Phase::AwaitingApproval { .. }, Some(plan)) = (&phase, self.gate.plan(&request.id)) {
            let hash = Plan::hash(plan);
            self.approve(&request.id, by, hash, now).await?;
        }
        Ok(self.conclude_drill(&request.id).await?)
    }

    pub(super) async fn conclude_drills(&mut self) -> Result<(), GateError> {
        for id in self.drills.clone() {
            self.conclude_drill(&id).await?;
        }
        Ok(())
    }

    async fn conclude_drill(&mut self, id: &ActionId) -> Result<Option<Drill>, GateError> {
        let held = self.gate.phase(id) == Phase::Active;
        if held {
            self.lift(id, Ending::Asked, None).await?;
            self.schedule(id);
        }
        let drill = match self.gate.phase(id) {
            Phase::Done => Drill::Passed,
            Phase::Failed | Phase::Refused | Phase::NeedsHuman => Drill::Failed,
            _ => return Ok(None),
        };
        self.drills.remove(id);
        if let Some((actuator, action)) = self.gate.case(id).and_then(Case::done_by) {
            self.gate.note_drill((&actuator, action), drill, self.wall)?;
        }
        Ok(Some(drill))
    }
}
