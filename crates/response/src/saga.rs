//! One answer over several domains: steps in order, under the gate's one budget, and what becomes of them.
//!
//! A saga is plain data and holds no state: where its steps stand is told by the journal alone, so that carrying it
//! on after a crash is carrying it on. Sagas follow Garcia-Molina and Salem, "Sagas", SIGMOD 1987: what was done is
//! compensated in reverse when a later step fails. O(n·d) for n steps of d predecessors.

use crate::lifecycle::Phase;
use crate::{ActionId, Course, Request};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a step that fails means for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// What is in force stays for its lease: half a containment is better than none.
    #[default]
    Keep,
    /// What is in force is reverted, the last step first.
    Compensate,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// What is asked.
    pub request: Request,
    /// The steps that must be in force, or over after having been, before this one is asked for.
    #[serde(default)]
    pub after: Vec<ActionId>,
}

/// Several steps that are one answer.
///
/// ```
/// use homeostat_core::TenantId;
/// use homeostat_response::{Action, ActionId, OnFailure, Request, Saga, Target, TargetKind};
///
/// let acme = TenantId::new("acme")?;
/// let ask = |id: &str, action, kind| -> Result<Request, Box<dyn std::error::Error>> {
///     Ok(Request::new(ActionId::new(id)?, acme.clone(), action, Target::new(kind, "web-1")))
/// };
/// let capture = ask("inc-7-capture", Action::CaptureEvidence, TargetKind::Host)?;
/// let isolate = ask("inc-7-isolate", Action::Isolate, TargetKind::Host)?;
/// let saga = Saga::new("inc-7")
///     .first(capture.clone())
///     .then(isolate, &[&capture.id])?
///     .on_failure(OnFailure::Keep);
/// assert_eq!(saga.steps().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Saga {
    id: String,
    // INVARIANT: each step comes after those that it names, and no id stands twice.
    steps: Vec<Step>,
    on_failure: OnFailure,
}

/// A saga as it comes from outside.
#[derive(Deserialize)]
struct Draft {
    id: String,
    steps: Vec<Step>,
    #[serde(default)]
    on_failure: OnFailure,
}

/// A step that names one that does not come before it, or has an id that stands already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadStep {
    at: usize,
}

impl fmt::Display for BadStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the saga names one that is not before it, or is there already", self.at)
    }
}

impl std::error::Error for BadStep {}

impl TryFrom<Draft> for Saga {
    type Error = BadStep;

    fn try_from(draft: Draft) -> Result<Self, BadStep> {
        let mut saga = Self::new(&draft.id).on_failure(draft.on_failure);
        for step in draft.steps {
            let after: Vec<&ActionId> = step.after.iter().collect();
            saga = saga.then(step.request, &after)?;
        }
        Ok(saga)
    }
}

impl Saga {
    /// A saga without steps.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), steps: Vec::new(), on_failure: OnFailure::default() }
    }

    /// What a planner's course asks for, as one saga: the steps of several domains side by side, evidence first.
    pub fn of(id: &str, course: &Course) -> Self {
        let mut saga = Self::new(id);
        let is_capture = |request: &&Request| request.action == crate::Action::CaptureEvidence;
        let captures: Vec<ActionId> =
            course.requests.iter().filter(is_capture).map(|request| request.id.clone()).collect();
        let (first, then): (Vec<&Request>, Vec<&Request>) = course.requests.iter().partition(is_capture);
        for request in first {
            saga = saga.first(request.clone());
        }
        for request in then {
            saga.steps.push(Step { request: request.clone(), after: captures.clone() });
        }
        saga
    }

    /// The same with a step that waits for none; a step whose id is there already is left out.
    #[must_use]
    pub fn first(self, request: Request) -> Self {
        let before = self.clone();
        self.then(request, &[]).unwrap_or(before)
    }

    /// The same with a step that waits for `after`.
    ///
    /// # Errors
    ///
    /// [`BadStep`] when one of `after` is not there yet, or the step is there already.
    pub fn then(mut self, request: Request, after: &[&ActionId]) -> Result<Self, BadStep> {
        let there = |id: &ActionId| self.steps.iter().any(|step| step.request.id == *id);
        if there(&request.id) || !after.iter().all(|id| there(id)) {
            return Err(BadStep { at: self.steps.len() });
        }
        self.steps.push(Step { request, after: after.iter().map(|&id| id.clone()).collect() });
        Ok(self)
    }

    /// The same with that meaning of a failure.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Its id, such as that of the incident.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its steps, each after those that it waits for.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What a step that fails means for the others.
    pub fn failure(&self) -> OnFailure {
        self.on_failure
    }
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It waits for another step, for a person, a budget or the brake.
    Waiting,
    /// It was begun, or its end was, and whether it is in force is not known yet.
    Underway,
    /// It is in force.
    InForce,
    /// It was in force and its lease is over.
    Over,
    /// It was never in force: refused, failed, or a step that it waits for was.
    Failed,
    /// A person must look at it.
    NeedsHuman,
}

impl StepState {
    /// What a phase means for a saga.
    pub(crate) fn of(phase: &Phase) -> Self {
        match phase {
            Phase::Applying | Phase::Reverting => Self::Underway,
            Phase::Active => Self::InForce,
            Phase::Done => Self::Over,
            Phase::Refused | Phase::Failed => Self::Failed,
            Phase::NeedsHuman => Self::NeedsHuman,
            _ => Self::Waiting,
        }
    }
}

/// How a saga stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something waits or is under way.
    Open,
    /// Every step is or was in force.
    Whole,
    /// Some steps are or were, and some failed.
    Partial,
    /// A step failed, and all others were reverted.
    Compensated,
    /// No step was ever in force.
    Nothing,
}

/// How a saga stands, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SagaState {
    /// The steps in the saga's order.
    pub steps: Vec<(ActionId, StepState)>,
    /// All of them together.
    pub outcome: Outcome,
}

impl SagaState {
    pub(crate) fn new(steps: Vec<(ActionId, StepState)>, on_failure: OnFailure) -> Self {
        let any = |state: StepState| steps.iter().any(|(_, one)| *one == state);
        let came = any(StepState::InForce) || any(StepState::Over) || any(StepState::NeedsHuman);
        let outcome = match (any(StepState::Failed), came) {
            _ if any(StepState::Waiting) || any(StepState::Underway) => Outcome::Open,
            (false, _) => Outcome::Whole,
            (true, false) => Outcome::Nothing,
            (true, true) if on_failure == OnFailure::Compensate && !any(StepState::InForce) => {
                Outcome::Compensated
            }
            (true, true) => Outcome::Partial,
        };
        Self { steps, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Target, TargetKind};
    use homeostat_core::TenantId;

    fn ask(id: &str) -> Request {
        let target = Target::new(TargetKind::Host, "web-1");
        Request::new(ActionId::new(id).unwrap(), TenantId::new("acme").unwrap(), Action::Isolate, target)
    }

    #[test]
    fn a_step_names_only_what_is_before_it_also_on_the_way_in() {
        let (one, two) = (ask("one"), ask("two"));
        assert_eq!(Saga::new("s").then(two.clone(), &[&one.id]), Err(BadStep { at: 0 }));
        let saga = Saga::new("s").first(one.clone()).then(two.clone(), &[&one.id]).unwrap();
        assert!(saga.clone().then(one.clone(), &[]).is_err(), "no id twice");
        assert_eq!(saga.clone().first(one).steps().len(), 2);
        let json = serde_json::to_string(&saga).unwrap();
        assert_eq!(serde_json::from_str::<Saga>(&json).unwrap(), saga);
        let turned = json.replace(r#""after":[]"#, r#""after":["two"]"#);
        assert!(serde_json::from_str::<Saga>(&turned).is_err(), "a circle");
    }

    #[test]
    fn the_outcome_is_that_of_all_steps() {
        use StepState::{Failed, InForce, NeedsHuman, Over, Waiting};
        let of = |states: &[StepState], on_failure| {
            let steps = states.iter().map(|state| (ask("x").id, *state)).collect();
            SagaState::new(steps, on_failure).outcome
        };
        for (states, on_failure, expected) in [
            (&[InForce, Over][..], OnFailure::Keep, Outcome::Whole),
            (&[InForce, Waiting], OnFailure::Keep, Outcome::Open),
            (&[InForce, Failed], OnFailure::Keep, Outcome::Partial),
            (&[NeedsHuman, Failed], OnFailure::Keep, Outcome::Partial),
            (&[Over, Failed], OnFailure::Compensate, Outcome::Compensated),
            (&[InForce, Failed], OnFailure::Compensate, Outcome::Partial),
            (&[Failed, Failed], OnFailure::Compensate, Outcome::Nothing),
        ] {
            assert_eq!(of(states, on_failure), expected, "{states:?}");
        }
    }
}
