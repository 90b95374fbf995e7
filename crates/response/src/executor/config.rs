//! What an executor is made of, and what it counts and refuses.

use crate::{ActError, Actuator, GateError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What an executor is made of.
#[derive(Clone)]
#[non_exhaustive]
pub struct ExecutorConfig {
    /// The actuators; of several that serve a request the first is asked.
    pub actuators: Vec<Arc<dyn Actuator>>,
    /// How often an apply is tried in all. Three: a target that is down for longer is a person's matter.
    pub apply_attempts: u32,
    /// After how many failed reverts a person is called. Five: with the pauses, about half a minute.
    pub revert_attempts: u32,
    /// The first pause before trying again; doubled each time, up to a minute. A second.
    pub pause: Duration,
    /// How often what is in force is looked at again. A minute: drift older than that is old news.
    pub look_every: Duration,
    /// How many notices are kept until they are taken; older ones are dropped and counted. 10,000.
    pub notices: usize,
}

impl ExecutorConfig {
    /// The defaults, with those actuators.
    pub fn new(actuators: Vec<Arc<dyn Actuator>>) -> Self {
        Self {
            actuators,
            apply_attempts: 3,
            revert_attempts: 5,
            pause: Duration::from_secs(1),
            look_every: Duration::from_mins(1),
            notices: 10_000,
        }
    }
}

impl fmt::Debug for ExecutorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.actuators.iter().map(|one| &one.descriptor().name).collect();
        f.debug_struct("ExecutorConfig").field("actuators", &names).finish_non_exhaustive()
    }
}

/// Why a request went no further. Nothing was done then.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubmitError {
    /// No actuator serves this action on this kind of target.
    NoActuator,
    /// The actuator can not mean the request.
    Invalid(ActError),
    /// The actuator could not plan.
    NotPlanned(ActError),
    /// The gate could not answer.
    Gate(GateError),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gate(error) => return fmt::Display::fmt(error, f),
            Self::NoActuator => "no actuator serves this action on this kind of target",
            Self::Invalid(_) => "the request is not valid for the actuator",
            Self::NotPlanned(_) => "the action could not be planned",
        })
    }
}

impl std::error::Error for SubmitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(cause) | Self::NotPlanned(cause) => Some(cause),
            Self::Gate(error) => error.source(),
            Self::NoActuator => None,
        }
    }
}

impl From<GateError> for SubmitError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

/// What the executor counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutorStats {
    /// Calls of `apply`.
    pub applies: u64,
    /// Calls of `revert`.
    pub reverts: u64,
    /// Calls of `apply` of which it is not known whether they took effect.
    pub unknown: u64,
    /// Times that a person was called.
    pub calls_for_people: u64,
    /// Times that something in force was seen lifted before its time.
    pub drifted: u64,
    /// Times that the gate set its own brake.
    pub surges: u64,
    /// The latest that a lease was ended after its time, in microseconds.
    pub latest_expiry: u64,
    /// Notices dropped because nobody took them.
    pub notices_dropped: u64,
}
