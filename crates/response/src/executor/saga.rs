//! Carrying a saga on, from where the journal says that its steps stand.

use super::Executor;
use crate::journal::Storage;
use crate::lifecycle::{Ending, Phase};
use crate::saga::{OnFailure, Saga, SagaState, Step, StepState};
use crate::{ActionId, GateError, Request};
use homeostat_core::Timestamp;
use std::collections::BTreeSet;

impl<S: Storage> Executor<S> {
    /// Carries `saga` as far as it goes now: asks for every step whose predecessors are in force, those that can go
    /// side by side with one sync, until none is left; compensates when one failed and the saga says so. To be
    /// called again when something it waits for may have changed; asking twice is asking once.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails.
    pub async fn carry(&mut self, saga: &Saga, now: Timestamp) -> Result<SagaState, GateError> {
        self.advance(now)?;
        // What could not even be planned has no place in the journal.
        let mut refused = BTreeSet::new();
        loop {
            let states = self.states(saga, &refused);
            if saga.failure() == OnFailure::Compensate && states.contains(&StepState::Failed) {
                return self.compensate(saga, &refused).await;
            }
            let ready: Vec<Request> = saga
                .steps()
                .iter()
                .filter(|step| self.is_new(step, &refused) && self.is_ready(step))
                .map(|step| step.request.clone())
                .collect();
            if ready.is_empty() {
                return Ok(state(saga, states));
            }
            let answers = self.submit_all(&ready, now).await?;
            for (request, answer) in ready.iter().zip(answers) {
                if answer.is_err() && self.gate.phase(&request.id) == Phase::New {
                    refused.insert(request.id.clone());
                }
            }
        }
    }

    fn is_new(&self, step: &Step, refused: &BTreeSet<ActionId>) -> bool {
        self.gate.phase(&step.request.id) == Phase::New && !refused.contains(&step.request.id)
    }

    fn is_ready(&self, step: &Step) -> bool {
        let stands = |id: &ActionId| matches!(self.gate.phase(id), Phase::Active | Phase::Done);
        step.after.iter().all(stands)
    }

    /// The states in the order of the steps; whatever waits for a step that failed has failed.
    fn states(&self, saga: &Saga, refused: &BTreeSet<ActionId>) -> Vec<StepState> {
        let mut failed = refused.clone();
        let mut states = Vec::with_capacity(saga.steps().len());
        for step in saga.steps() {
            let id = &step.request.id;
            let phase = self.gate.phase(id);
            let in_vain = phase == Phase::New && step.after.iter().any(|before| failed.contains(before));
            let known = StepState::of(&phase);
            let state = if in_vain || failed.contains(id) { StepState::Failed } else { known };
            if state == StepState::Failed {
                failed.insert(id.clone());
            }
            states.push(state);
        }
        states
    }

    /// Reverts what is or may be in force, the last step first; what was not begun is refused.
    async fn compensate(
        &mut self,
        saga: &Saga,
        refused: &BTreeSet<ActionId>,
    ) -> Result<SagaState, GateError> {
        for step in saga.steps().iter().rev() {
            let id = &step.request.id;
            match self.gate.phase(id) {
                Phase::Applying | Phase::Active => self.lift(id, Ending::Compensated, None).await?,
                Phase::AwaitingApproval { .. } | Phase::Authorized => self.withdraw(id)?,
                _ => continue,
            }
            self.schedule(id);
        }
        let mut refused = refused.clone();
        let unasked = |step: &&Step| self.gate.phase(&step.request.id) == Phase::New;
        refused.extend(saga.steps().iter().filter(unasked).map(|step| step.request.id.clone()));
        Ok(state(saga, self.states(saga, &refused)))
    }
}

fn state(saga: &Saga, states: Vec<StepState>) -> SagaState {
    let ids = saga.steps().iter().map(|step| step.request.id.clone());
    SagaState::new(ids.zip(states).collect(), saga.failure())
}
