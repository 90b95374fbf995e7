//! A vendor's own way to notice something.

use crate::{RiskView, Signal};

/// Looks at one input after another and says what it finds surprising.
///
/// `Input` is whatever the detector reads: an event of `homeostat-event`, an observation, a vendor's own record.
///
/// Laws: the same inputs in the same order MUST give the same signals; a signal that only a tightened threshold
/// let through MUST carry `tightened`; a detector MUST NOT raise risk by itself.
pub trait Detector<Input: ?Sized> {
    /// The stable name; part of every signal's id.
    fn name(&self) -> &str;

    /// What is surprising about `input`, given what is known against the identities in it.
    fn detect(&mut self, input: &Input, risk: &dyn RiskView) -> Vec<Signal>;
}

const _: Option<&dyn Detector<str>> = None;
