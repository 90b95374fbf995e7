//! What a gate is made of: whose estate, which rules, how far it may go by itself.

use crate::{Offsets, Rails};
use homeostat_core::TenantId;
use serde::{Deserialize, Serialize};

/// What the gate does with what it may let pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Plans and decides everything, and does nothing.
    #[default]
    Observe,
    /// Asks a person about everything.
    Ask,
    /// Does by itself what the rails allow.
    Act,
}

/// The brake on everything, from the loosest to the hardest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brake {
    /// Off.
    #[default]
    Run,
    /// Nothing new is begun; what is in force stays for its lease.
    HoldNew,
    /// Nothing new is begun and everything in force is reverted.
    RevertAll,
}

/// How a drill went: an action tried on a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drill {
    /// It was applied, seen in force, reverted and seen not to be in force.
    Passed,
    /// Something of that did not come about.
    Failed,
}

/// What a person thinks of an action that was only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It should have been done.
    Agrees,
    /// It should not have been done.
    Disagrees,
}

/// What a gate is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GateConfig {
    /// Whose estate it guards.
    pub tenant: TenantId,
    /// The compiled rules.
    pub rails: Rails,
    /// [`Mode::Observe`] by default: whoever wants actions says so.
    pub mode: Mode,
    /// The offsets of the zones that calendars name; none by default, and then their rules never allow.
    pub offsets: Offsets,
}

impl GateConfig {
    /// A gate for `tenant` with `rails` that only looks on.
    pub fn new(tenant: TenantId, rails: Rails) -> Self {
        Self { tenant, rails, mode: Mode::Observe, offsets: Offsets::default() }
    }

    /// The same in that mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The same with those offsets.
    #[must_use]
    pub fn offsets(mut self, offsets: Offsets) -> Self {
        self.offsets = offsets;
        self
    }
}
