//! The gate's answer: what it ruled, for how long at most, and everything that made it.

use crate::policy::Ruling;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// One thing that made a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Because {
    /// This rule fits.
    Rule {
        /// Its id.
        id: String,
        /// What it says.
        then: Ruling,
    },
    /// Whether this rule fits is not known, because this is missing: it counts as if it fitted, and never as
    /// less than asking a person.
    Missing {
        /// The rule's id.
        rule: String,
        /// What is missing: an attribute's name, `ip`, or `calendar`.
        what: String,
        /// What the rule says.
        then: Ruling,
    },
    /// No rule fits one of the touched resources.
    NoRule,
    /// This entry protects one of them.
    Protected {
        /// The entry's id.
        id: String,
    },
    /// It can not be undone.
    Irreversible,
    /// The confidence lies below the policy's floor.
    LowConfidence,
    /// This budget is used up.
    Budget {
        /// Its id.
        id: String,
    },
    /// What this budget counts by is not known.
    BudgetUnknown {
        /// Its id.
        id: String,
    },
    /// Fewer than this floor's number would remain.
    Floor {
        /// Its id.
        id: String,
    },
    /// How many there are of this floor's group is not known.
    FloorUnknown {
        /// Its id.
        id: String,
    },
    /// This rule wants a drill of the same actuator and action, and none went well lately enough.
    NoDrill {
        /// The rule's id.
        rule: String,
    },
    /// The gate only looks on.
    ObserveMode,
    /// The gate asks about everything.
    AskMode,
}

impl Because {
    /// What this alone demands.
    pub fn demands(&self) -> Ruling {
        match self {
            Self::Rule { then, .. } => *then,
            Self::Missing { then, .. } => (*then).max(Ruling::ASK),
            Self::NoRule
            | Self::LowConfidence
            | Self::Budget { .. }
            | Self::BudgetUnknown { .. }
            | Self::FloorUnknown { .. }
            | Self::NoDrill { .. }
            | Self::AskMode => Ruling::ASK,
            Self::Irreversible => Ruling::ASK_TWO,
            Self::ObserveMode => Ruling::ShadowOnly,
            Self::Protected { .. } | Self::Floor { .. } => Ruling::Deny,
        }
    }
}

impl Because {
    /// Whether it tells that more is asked for than a budget or a floor lets pass.
    pub(crate) fn is_beyond(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::Floor { .. })
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { id, then } => write!(f, "rule `{id}` says {then}"),
            Self::Missing { rule, what, .. } => write!(f, "rule `{rule}` needs `{what}`, which is not known"),
            Self::NoRule => f.write_str("no rule fits"),
            Self::Protected { id } => write!(f, "protected by `{id}`"),
            Self::Irreversible => f.write_str("can not be undone"),
            Self::LowConfidence => f.write_str("confidence below the floor"),
            Self::Budget { id } => write!(f, "budget `{id}` is used up"),
            Self::BudgetUnknown { id } => write!(f, "what budget `{id}` counts by is not known"),
            Self::Floor { id } => write!(f, "floor `{id}` would be broken"),
            Self::FloorUnknown { id } => write!(f, "the population of floor `{id}` is not known"),
            Self::NoDrill { rule } => write!(f, "rule `{rule}` wants a drill, and none went well lately"),
            Self::ObserveMode => f.write_str("the gate only looks on"),
            Self::AskMode => f.write_str("the gate asks about everything"),
        }
    }
}

/// What was ruled and why. The ruling is the most restrictive that anything in `because` demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// What was ruled.
    pub ruling: Ruling,
    /// The longest lease, in milliseconds: the smallest over the policy and all rules that count.
    pub max_ttl_ms: u64,
    /// All that made it, in a fixed order.
    pub because: BTreeSet<Because>,
    /// The version of the policy.
    pub policy: String,
}

impl Decision {
    /// Adds a reason; the ruling can only become more restrictive by it.
    pub(crate) fn add(&mut self, because: Because) {
        self.ruling = self.ruling.max(because.demands());
        self.because.insert(because);
    }

    /// What would be ruled were it not for `one`.
    pub(crate) fn without(&self, one: &Because) -> Ruling {
        let others = self.because.iter().filter(|because| *because != one);
        others.map(Because::demands).max().unwrap_or(Ruling::Autonomous)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ruling)?;
        let mut before = ": ";
        for because in &self.because {
            write!(f, "{before}{because}")?;
            before = "; ";
        }
        Ok(())
    }
}
