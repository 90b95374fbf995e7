//! The answer: may it be done, under which conditions, and which statements say so.

use core::fmt;
use std::sync::Arc;

/// Whether it may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Every gate lets it pass.
    Allowed,
    /// Some gate does not speak for it.
    ImplicitlyDenied,
    /// A statement forbids it; that wins over everything.
    ExplicitlyDenied,
    /// It is allowed if these conditions hold, of whose keys nothing is known.
    AllowedIf(Residual),
}

impl Decision {
    /// Whether every gate lets it pass without a condition.
    pub fn is_allowed(&self) -> bool {
        *self == Self::Allowed
    }

    /// Whether it may pass, perhaps under conditions.
    pub fn is_possible(&self) -> bool {
        matches!(self, Self::Allowed | Self::AllowedIf(_))
    }

    /// From worst (0) to best for who asks.
    #[cfg(feature = "aws")]
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::ExplicitlyDenied => 0,
            Self::ImplicitlyDenied => 1,
            Self::AllowedIf(_) => 2,
            Self::Allowed => 3,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::AllowedIf(_) => "AllowedIf",
        })
    }
}

/// What must hold besides: all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residual(pub(crate) Vec<Open>);

impl Residual {
    /// The open conditions, in the order they were met.
    pub fn conditions(&self) -> &[Open] {
        &self.0
    }
}

impl fmt::Display for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, open) in self.0.iter().enumerate() {
            write!(f, "{}{open}", if number == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

/// A condition that rests on a key of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The policy that sets it.
    pub policy: Arc<str>,
    /// The statement in it, from 0.
    pub statement: usize,
    /// The condition key in lower case; `document` when the policy itself was not read.
    pub key: Arc<str>,
    /// Whether the statement lets pass or forbids when its condition holds.
    pub wanted: Wanted,
}

/// What an open condition must come to, for the request to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// It must hold.
    Holds,
    /// It must not hold: it belongs to a denial.
    Fails,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = if self.wanted == Wanted::Holds { "meets" } else { "does not meet" };
        write!(f, "`{}` {wanted} `{}` statement {}", self.key, self.policy, self.statement)
    }
}

/// A decision with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it may be done.
    pub decision: Decision,
    /// The statements and gates that decided, one at least.
    pub because: Vec<Because>,
}

/// What one gate said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Which gate.
    pub gate: Gate,
    /// The policy that spoke; the level of the organization where no service control policy did; empty when the
    /// gate has none.
    pub policy: Arc<str>,
    /// Its statement, from 0; `None` when no statement spoke.
    pub statement: Option<usize>,
    /// What it said.
    pub says: Says,
}

/// The gates that a request passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gate {
    /// What is attached to the principal and its groups.
    Identity,
    /// The most that the principal may ever do.
    Boundary,
    /// What the resource itself says, such as a bucket policy.
    Resource,
    /// What must grant: who may become the role, who may use the key.
    Trust,
    /// What the session was limited to when it began.
    Session,
    /// What the organization lets the principal's account do, at one of its levels.
    ServiceControl,
    /// What the organization keeps from whoever asks for a resource of the account.
    ResourceControl,
    /// What the endpoint lets pass that the request comes through.
    Endpoint,
    /// What the provider decides itself, without a policy.
    Provider,
    /// What is kept from the public whatever policies and lists say.
    PublicAccess,
    /// A rule of a role that is bound to who asks, as Kubernetes has.
    Role,
    /// That nobody gives others more than it has itself, as Kubernetes checks.
    Escalation,
    /// A role that is assigned to who asks, as Azure and Entra have.
    Assignment,
    /// A denial that is assigned to who asks, as Azure has.
    DenyAssignment,
    /// An allow policy, as Google Cloud has at each level.
    AllowPolicy,
    /// A deny policy, as Google Cloud has at each level.
    DenyPolicy,
    /// The most that a principal may reach, as Google Cloud bounds it.
    AccessBoundary,
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Let it pass.
    Allow,
    /// Do not, whoever else says otherwise.
    Deny,
    /// Nothing, which is no permission.
    Nothing,
}

impl fmt::Display for Because {
    /// `identity policy `readers`, statement 0, allows`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gate = match self.gate {
            Gate::Identity => "identity policy",
            Gate::Boundary => "permissions boundary",
            Gate::Resource => "resource policy",
            Gate::Trust => "trust policy",
            Gate::Session => "session policy",
            Gate::ServiceControl => "service control policy",
            Gate::ResourceControl => "resource control policy",
            Gate::Endpoint => "endpoint policy",
            Gate::Provider => "the provider itself",
            Gate::PublicAccess => "block public access for",
            Gate::Role => "role binding",
            Gate::Escalation => "the check against escalation",
            Gate::Assignment => "role assignment",
            Gate::DenyAssignment => "deny assignment",
            Gate::AllowPolicy => "allow policy",
            Gate::DenyPolicy => "deny policy",
            Gate::AccessBoundary => "principal access boundary",
        };
        f.write_str(gate)?;
        let is_level = self.gate == Gate::ServiceControl && self.statement.is_none();
        if !self.policy.is_empty() {
            write!(f, "{} `{}`", if is_level { " at" } else { "" }, self.policy)?;
        }
        if let Some(statement) = self.statement {
            write!(f, ", statement {statement},")?;
        }
        f.write_str(match self.says {
            Says::Allow => " allows",
            Says::Deny => " denies",
            Says::Nothing => " says nothing",
        })
    }
}
