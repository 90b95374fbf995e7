//! What is brought before the gate, and what it answers.

use super::Permit;
use core::fmt;

use crate::{Descriptor, Hold, Illegal, JournalError, Plan, Request};

/// What is brought before the gate.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// What would be done.
    pub plan: &'a Plan,
    /// By which actuator.
    pub descriptor: &'a Descriptor,
}

/// The gate's answer to a proposal or an approval.
#[derive(Debug)]
pub enum Admission {
    /// It may be applied now: the intent is durable.
    Go(Permit),
    /// So many more people must say yes.
    Awaiting {
        /// How many.
        more: usize,
    },
    /// It is allowed and something holds it for now; [`Gate::begin`](crate::Gate::begin) tries again.
    Held(Hold),
    /// It will not be done; the decision says why.
    Refused,
    /// Its id is known already: nothing was done again.
    Duplicate,
}

/// Why the gate could not answer. Nothing was done then.
#[derive(Debug)]
#[non_exhaustive]
pub enum GateError {
    /// The journal failed.
    Journal(JournalError),
    /// The event can not happen now.
    Illegal(Illegal),
    /// No action of that id is known.
    UnknownAction,
    /// The request is another tenant's.
    OtherTenant,
    /// The plan is not one of the request.
    OtherPlan,
    /// The approval is of a plan that is not this one.
    PlanChanged,
    /// The confidence is no number from 0 to 1.
    BadConfidence,
    /// Neither a remediation nor irreversible, and no lease asked for.
    NoLease,
    /// The time given is no moment.
    NoTime,
    /// The brake holds everything new.
    Braked,
    /// The target system ends the lease by itself.
    TargetSide,
    /// The person is named by an action that is not over.
    InForce,
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Illegal(illegal) => return fmt::Display::fmt(illegal, f),
            Self::Journal(_) => "the gate's journal failed",
            Self::UnknownAction => "no action of that id is known",
            Self::OtherTenant => "the request belongs to another tenant",
            Self::OtherPlan => "the plan was made for another request",
            Self::PlanChanged => "the approval is of another plan",
            Self::BadConfidence => "a confidence lies between 0 and 1",
            Self::NoLease => "such an action needs a lease",
            Self::NoTime => "the time given is no moment",
            Self::Braked => "the brake is set",
            Self::TargetSide => "the target system ends the lease by itself",
            Self::InForce => "an action about this person is not over",
        })
    }
}

impl std::error::Error for GateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Journal(cause) = self { Some(cause) } else { None }
    }
}

impl From<JournalError> for GateError {
    fn from(cause: JournalError) -> Self {
        Self::Journal(cause)
    }
}

impl From<Illegal> for GateError {
    fn from(illegal: Illegal) -> Self {
        Self::Illegal(illegal)
    }
}

/// What the gate counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateStats {
    /// Actions known by id, those that are over too.
    pub actions: usize,
    /// Actions that hold budget.
    pub in_force: usize,
    /// Of these, those that wait for a person to look.
    pub needs_human: usize,
    /// Actions that wait for approval, budget or brake.
    pub waiting: usize,
    /// Proposals that met a budget or a floor within the policy's surge window.
    pub beyond: usize,
    /// Requests whose id was known already.
    pub duplicates: u64,
    /// Records in the journal.
    pub records: u64,
    /// Bytes in the journal.
    pub bytes: u64,
}
