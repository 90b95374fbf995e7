//! The proof that the rails allowed an action, which nobody but the gate can make.

use crate::ActionId;
use homeostat_core::Timestamp;
use std::time::Duration;

/// Proof that the rails allowed exactly this action and that its intent is durable. Only the gate mints one.
///
/// ```compile_fail,E0451
/// use homeostat_response::{ActionId, Permit};
/// fn forged(action: ActionId) -> Permit {
///     Permit { action, expires_at: homeostat_core::Timestamp::NEVER, ttl: None, attempt: 1, epoch: 1 }
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    action: ActionId,
    expires_at: Timestamp,
    ttl: Option<Duration>,
    attempt: u32,
    epoch: u64,
}

impl Permit {
    // INVARIANT: called by the gate alone, after the intent of `action` is durable.
    pub(super) fn mint(action: &ActionId, (expires_at, ttl): (Timestamp, Option<Duration>)) -> Self {
        Self { action: action.clone(), expires_at, ttl, attempt: 1, epoch: 0 }
    }

    pub(super) fn of_attempt(self, attempt: u32, epoch: u64) -> Self {
        Self { attempt, epoch, ..self }
    }

    /// The action that may be done.
    pub fn action(&self) -> &ActionId {
        &self.action
    }

    /// When the lease ends, by the wall clock; [`Timestamp::NEVER`] without a lease.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// How long the lease still lasts; `None` without a lease.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Which executor of the journal acts, from 1; 0 for a gate that nobody took over. A fencing token: a target
    /// that keeps the highest one it saw can refuse an executor that was replaced and does not know it yet.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}
