//! What the executor tells, in order: enough to print what was planned, decided by which rule, applied, seen
//! and reverted.

use crate::{ActError, ActionId, Applied, Decision, Ending, Hold, Observed, Phase};
use homeostat_core::Timestamp;
use std::collections::VecDeque;
use std::fmt;

/// One thing that happened to an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// To which action.
    pub id: ActionId,
    /// What.
    pub news: News,
}

/// What happened.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// It was planned.
    Planned {
        /// In words for people, which may name them.
        summary: String,
        /// How many resources it touches.
        touches: usize,
    },
    /// It was decided.
    Decided(Decision),
    /// It is allowed and held.
    Held(Hold),
    /// `apply` answered.
    Sent(Result<Applied, ActError>),
    /// `observe` answered.
    Seen(Result<Observed, ActError>),
    /// It is in force.
    InForce,
    /// Somebody else lifted all or some of it before its time.
    Drifted(Observed),
    /// Its end was begun.
    Reverting(Ending),
    /// `revert` failed.
    NotReverted(ActError),
    /// The gate set its own brake: so many proposals met a budget or a floor. Nothing new is begun until a person
    /// lets go of it.
    Surge {
        /// How many.
        beyond: usize,
    },
    /// A person must look.
    NeedsHuman,
    /// It is over, in this phase.
    Ended(Phase),
}

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned { touches, .. } => write!(f, "planned, {touches} resource(s)"),
            other => write!(f, "{other}"),
        }
    }
}

impl fmt::Display for News {
    /// One line for people. [`News::Planned`] shows the actuator's summary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned { summary, touches } => write!(f, "planned: {summary} ({touches} resource(s))"),
            Self::Decided(decision) => write!(f, "decided: {decision}"),
            Self::Held(Hold::Brake) => f.write_str("held: the brake is set"),
            Self::Held(Hold::Changed(because)) => {
                f.write_str("held")?;
                because.iter().try_for_each(|one| write!(f, "; {one}"))
            }
            Self::Held(Hold::TooLate) => f.write_str("held for too long"),
            Self::Sent(Ok(_)) => f.write_str("applied"),
            Self::Sent(Err(error)) => write!(f, "not applied: {error}"),
            Self::Seen(Ok(Observed::InForce)) => f.write_str("observed: in force"),
            Self::Seen(Ok(Observed::NotInForce)) => f.write_str("observed: not in force"),
            Self::Seen(Ok(Observed::Partial)) => f.write_str("observed: partly in force"),
            Self::Seen(Ok(Observed::Conflict)) => f.write_str("observed: changed by somebody else"),
            Self::Seen(Err(error)) => write!(f, "not observed: {error}"),
            Self::InForce => f.write_str("in force"),
            Self::Drifted(_) => f.write_str("lifted by somebody else before its time"),
            Self::Reverting(Ending::Expired) => f.write_str("reverting: the lease is over"),
            Self::Reverting(Ending::Asked) => f.write_str("reverting: a person asked"),
            Self::Reverting(Ending::Braked) => f.write_str("reverting: the brake reverts everything"),
            Self::Reverting(Ending::Compensated) => f.write_str("reverting: its chain failed"),
            Self::Reverting(Ending::NotEffective) => f.write_str("reverting: not wholly in force"),
            Self::NotReverted(error) => write!(f, "not reverted: {error}"),
            Self::Surge { beyond } => {
                write!(
                    f,
                    "THE BRAKE IS SET: {beyond} proposals went beyond the rails; a person must let go of it"
                )
            }
            Self::NeedsHuman => f.write_str("A PERSON MUST LOOK"),
            Self::Ended(phase) => write!(f, "over: {phase}"),
        }
    }
}

/// The latest notices, at most so many.
#[derive(Debug)]
pub(crate) struct Notices {
    queue: VecDeque<Notice>,
    limit: usize,
    dropped: u64,
}

impl Notices {
    pub(crate) fn new(limit: usize) -> Self {
        Self { queue: VecDeque::new(), limit, dropped: 0 }
    }

    pub(crate) fn push(&mut self, notice: Notice) {
        self.queue.push_back(notice);
        while self.queue.len() > self.limit {
            self.queue.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Notice> {
        self.queue.drain(..).collect()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}
