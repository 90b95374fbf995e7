//! The life of an action: phases as values, one pure step function, and nothing else that changes a phase.
//!
//! Phases live in a file and in a map, so they are values and no types. Every journaled event goes through
//! [`step`], on writing as on replaying.

use crate::decision::Decision;
use crate::policy::Ruling;
use crate::request::Proposer;
use crate::{Effect, Person, Plan, PlanHash, Request};
use homeostat_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Where an action stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is known of it.
    #[default]
    New,
    /// It was asked for.
    Proposed {
        /// Who asked.
        by: Proposer,
    },
    /// People must say yes.
    AwaitingApproval {
        /// Who asked; may not approve.
        by: Proposer,
        /// How many different people must say yes.
        needed: u8,
        /// Who did.
        approvers: BTreeSet<Person>,
    },
    /// It may be done, and was not begun.
    Authorized,
    /// It was begun; whether it is in force is not known.
    Applying,
    /// It is in force.
    Active,
    /// Its end was begun; whether it is still in force is not known.
    Reverting,
    /// It may be in force, and a person must look.
    NeedsHuman,
    /// It was in force and is not any more.
    Done,
    /// It was never begun.
    Refused,
    /// It was begun and is certainly not in force.
    Failed,
}

impl Phase {
    /// Whether something of it may be in force: it holds budget.
    pub fn may_be_in_force(&self) -> bool {
        matches!(self, Self::Applying | Self::Active | Self::Reverting | Self::NeedsHuman)
    }

    /// Whether nothing can happen to it any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Failed)
    }

    /// The phase's name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Proposed { .. } => "proposed",
            Self::AwaitingApproval { .. } => "awaiting approval",
            Self::Authorized => "authorized",
            Self::Applying => "applying",
            Self::Active => "active",
            Self::Reverting => "reverting",
            Self::NeedsHuman => "needs human",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an action was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Nobody said yes, no budget came free, or the brake held, for longer than the policy waits.
    Waited,
    /// The executor stopped before it was begun.
    Restarted,
    /// A person withdrew it.
    Withdrawn,
    /// The brake reverts everything.
    Braked,
}

/// Why an action ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Its lease is over.
    Expired,
    /// A person asked.
    Asked,
    /// The brake reverts everything.
    Braked,
    /// Only some of it came into force, or some of it was lifted by somebody else.
    NotEffective,
    /// Another step of its chain failed.
    Compensated,
}

/// What happens to an action. Each stands in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was asked for.
    Proposed {
        /// What was asked.
        request: Box<Request>,
    },
    /// It was planned and decided.
    Planned {
        /// What would be done.
        plan: Box<Plan>,
        /// The name of the actuator that planned it.
        actuator: String,
        /// How deep it cuts.
        effect: Effect,
        /// What was decided and why.
        decision: Decision,
    },
    /// It will not be done.
    Refused {
        /// Why.
        why: Refusal,
    },
    /// A person said yes to exactly this plan.
    Approved {
        /// Who.
        by: Person,
        /// To which plan.
        plan: PlanHash,
    },
    /// It is about to be applied. Synced before it is.
    ApplyIntent {
        /// When it ends, by the clock of leases; [`Timestamp::NEVER`] without a lease.
        expires_at: Timestamp,
    },
    /// It was seen in force.
    Applied,
    /// It is certainly not in force.
    ApplyFailed,
    /// Its lease was changed.
    Extended {
        /// When it ends now.
        expires_at: Timestamp,
        /// Who said so.
        by: Person,
    },
    /// It is about to be reverted.
    RevertIntent {
        /// Why.
        why: Ending,
        /// Who asked, when a person did.
        by: Option<Person>,
    },
    /// It was seen not to be in force any more, or a person attests it.
    Reverted,
    /// A person must look.
    NeedsHuman,
}

impl Event {
    /// The event's name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::Planned { .. } => "planned",
            Self::Refused { .. } => "refused",
            Self::Approved { .. } => "approved",
            Self::ApplyIntent { .. } => "apply intent",
            Self::Applied => "applied",
            Self::ApplyFailed => "apply failed",
            Self::Extended { .. } => "extended",
            Self::RevertIntent { .. } => "revert intent",
            Self::Reverted => "reverted",
            Self::NeedsHuman => "needs human",
        }
    }
}

/// An event that can not happen in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    phase: &'static str,
    event: &'static str,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` can not happen to an action that is `{}`", self.event, self.phase)
    }
}

impl std::error::Error for Illegal {}

/// The phase after `event`. Pure; O(1) but for the set of approvers.
///
/// ```
/// use homeostat_response::{Event, Phase, step};
/// assert_eq!(step(Phase::Applying, &Event::Applied), Ok(Phase::Active));
/// assert!(step(Phase::Done, &Event::Applied).is_err());
/// ```
///
/// # Errors
///
/// [`Illegal`] when the event can not happen in that phase: also when the proposer approves.
pub fn step(phase: Phase, event: &Event) -> Result<Phase, Illegal> {
    let illegal = Illegal { phase: phase.as_str(), event: event.as_str() };
    match (phase, event) {
        (Phase::New, Event::Proposed { request }) => Ok(Phase::Proposed { by: request.proposer.clone() }),
        (Phase::Proposed { by }, Event::Planned { decision, .. }) => Ok(planned(by, decision.ruling)),
        (
            Phase::Proposed { .. } | Phase::AwaitingApproval { .. } | Phase::Authorized,
            Event::Refused { .. },
        ) => Ok(Phase::Refused),
        (Phase::AwaitingApproval { by, needed, approvers }, Event::Approved { by: approver, .. }) => {
            let waiting = Phase::AwaitingApproval { by, needed, approvers };
            approved(waiting, approver).ok_or(illegal)
        }
        (Phase::Authorized, Event::ApplyIntent { .. }) => Ok(Phase::Applying),
        (Phase::Applying, Event::Applied) | (Phase::Active, Event::Extended { .. }) => Ok(Phase::Active),
        (Phase::Applying, Event::ApplyFailed) => Ok(Phase::Failed),
        (Phase::Applying | Phase::Active | Phase::NeedsHuman, Event::RevertIntent { .. }) => {
            Ok(Phase::Reverting)
        }
        (Phase::Reverting, Event::Reverted) => Ok(Phase::Done),
        (Phase::Applying | Phase::Active | Phase::Reverting, Event::NeedsHuman) => Ok(Phase::NeedsHuman),
        _ => Err(illegal),
    }
}

fn planned(by: Proposer, ruling: Ruling) -> Phase {
    match ruling {
        Ruling::Autonomous => Phase::Authorized,
        Ruling::Approve { distinct } => {
            Phase::AwaitingApproval { by, needed: distinct.max(1), approvers: BTreeSet::new() }
        }
        Ruling::ShadowOnly | Ruling::Deny => Phase::Refused,
    }
}

fn approved(waiting: Phase, approver: &Person) -> Option<Phase> {
    let Phase::AwaitingApproval { by, needed, mut approvers } = waiting else { return None };
    if matches!(&by, Proposer::Person(proposer) if proposer == approver) {
        return None;
    }
    approvers.insert(approver.clone());
    let enough = approvers.len() >= usize::from(needed);
    Some(if enough { Phase::Authorized } else { Phase::AwaitingApproval { by, needed, approvers } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, ActionId, Target, TargetKind};
    use homeostat_core::TenantId;

    fn request() -> Request {
        let id = ActionId::new("a").unwrap();
        let target = Target::new(TargetKind::Host, "web-1");
        Request::new(id, TenantId::new("acme").unwrap(), Action::Isolate, target)
            .proposed_by(Proposer::Person(Person::new("jane")))
    }

    fn phases() -> Vec<Phase> {
        let by = request().proposer;
        vec![
            Phase::New,
            Phase::Proposed { by: by.clone() },
            Phase::AwaitingApproval { by, needed: 1, approvers: BTreeSet::new() },
            Phase::Authorized,
            Phase::Applying,
            Phase::Active,
            Phase::Reverting,
            Phase::NeedsHuman,
            Phase::Done,
            Phase::Refused,
            Phase::Failed,
        ]
    }

    fn events() -> Vec<Event> {
        let plan = Plan::new(&request());
        let hash = plan.hash();
        let decision = Decision {
            ruling: Ruling::Autonomous,
            max_ttl_ms: 1,
            because: BTreeSet::new(),
            policy: String::new(),
        };
        let by = Person::new("joe");
        vec![
            Event::Proposed { request: Box::new(request()) },
            Event::Planned {
                plan: Box::new(plan),
                actuator: "m".into(),
                effect: Effect::Containment,
                decision,
            },
            Event::Refused { why: Refusal::Waited },
            Event::Approved { by: by.clone(), plan: hash },
            Event::ApplyIntent { expires_at: Timestamp::NEVER },
            Event::Applied,
            Event::ApplyFailed,
            Event::Extended { expires_at: Timestamp::NEVER, by },
            Event::RevertIntent { why: Ending::Asked, by: None },
            Event::Reverted,
            Event::NeedsHuman,
        ]
    }

    #[test]
    fn the_table_is_exactly_this() {
        let mut legal = Vec::new();
        for phase in phases() {
            for event in events() {
                if let Ok(next) = step(phase.clone(), &event) {
                    legal.push(format!("{phase} + {} = {next}", event.as_str()));
                }
            }
        }
        assert_eq!(
            legal,
            [
                "new + proposed = proposed",
                "proposed + planned = authorized",
                "proposed + refused = refused",
                "awaiting approval + refused = refused",
                "awaiting approval + approved = authorized",
                "authorized + refused = refused",
                "authorized + apply intent = applying",
                "applying + applied = active",
                "applying + apply failed = failed",
                "applying + revert intent = reverting",
                "applying + needs human = needs human",
                "active + extended = active",
                "active + revert intent = reverting",
                "active + needs human = needs human",
                "reverting + reverted = done",
                "reverting + needs human = needs human",
                "needs human + revert intent = reverting",
            ]
        );
    }

    #[test]
    fn approvers_are_different_people_and_never_the_proposer() {
        let hash = Plan::new(&request()).hash();
        let yes = |name: &str| Event::Approved { by: Person::new(name), plan: hash };
        let waiting =
            Phase::AwaitingApproval { by: request().proposer, needed: 2, approvers: BTreeSet::new() };
        assert!(step(waiting.clone(), &yes("JANE")).is_err(), "the proposer");
        let one = step(waiting, &yes("joe")).unwrap();
        let still_one = step(one.clone(), &yes("Joe ")).unwrap();
        assert_eq!(still_one, one);
        assert_eq!(step(one, &yes("ann")), Ok(Phase::Authorized));
    }
}
