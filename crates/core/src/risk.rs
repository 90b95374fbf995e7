//! One risk per identity, which every domain reads, and the one rule by which it tightens thresholds.

use crate::{Bits, EntityKey, SignalId, Timestamp};
use std::time::Duration;

/// The risk of one identity at one moment: bits of evidence, when the last came, and which signals made it.
///
/// ```
/// use homeostat_core::{Bits, Risk, Timestamp};
///
/// let noon = Timestamp::from_micros(0);
/// let risk = Risk::new(Bits::new(12.0), noon);
/// assert_eq!(risk.tightening(noon), Bits::new(1.0));
/// assert_eq!(risk.tightening(noon.plus(std::time::Duration::from_secs(86_400)).unwrap()), Bits::ZERO);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Evidence against the identity, over all domains.
    pub bits: Bits,
    /// When its last signal came; [`Timestamp::UNKNOWN`] when there was none.
    pub last_signal: Timestamp,
    /// The signals behind it, the heaviest first.
    pub because: Vec<SignalId>,
}

impl Risk {
    /// Nothing is known against the identity.
    pub const NONE: Self = Self { bits: Bits::ZERO, last_signal: Timestamp::UNKNOWN, because: Vec::new() };
    /// The most that risk takes off a threshold.
    pub const MOST_TIGHTENING: Bits = Bits::ONE_QUARTER_CHANCE;
    /// How long after its last signal an identity's thresholds are exactly the base again.
    pub const TIGHTENING_LASTS: Duration = Duration::from_hours(24);

    /// A risk of `bits` whose last signal came at `last_signal`.
    pub fn new(bits: Bits, last_signal: Timestamp) -> Self {
        Self { bits, last_signal, because: Vec::new() }
    }

    /// The risk from 0 to 1: 1 − 2^(−bits/16).
    pub fn score(&self) -> f64 {
        self.bits.risk()
    }

    /// How much lower this identity's thresholds lie at `now`, in every domain:
    /// min(2, bits/12) · max(0, 1 − Δt/24 h). This is the only tightening rule there is.
    pub fn tightening(&self, now: Timestamp) -> Bits {
        let Some(age) = now.since(self.last_signal) else { return Bits::ZERO };
        let fade = 1.0 - age.max(0) as f64 / Self::TIGHTENING_LASTS.as_micros() as f64;
        Bits::new((self.bits.get() / 12.0).min(Self::MOST_TIGHTENING.get()) * fade.max(0.0))
    }
}

/// Reads the risk of an identity. Published by `homeostat-incident`, read by baseline, response and vendors'
/// detectors.
///
/// Laws: the answer MUST be that of one published state (no reader sees half an update), MUST NOT depend on the
/// domain that asks, and MUST be [`Risk::NONE`] for an identity of which nothing is known.
pub trait RiskView {
    /// The risk of `identity` at `now`.
    fn risk(&self, identity: &EntityKey, now: Timestamp) -> Risk;
}

/// Knows nothing against anybody: the default where no risk book is at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalmRisk;

impl RiskView for CalmRisk {
    fn risk(&self, _identity: &EntityKey, _now: Timestamp) -> Risk {
        Risk::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tightening_is_bounded_and_fades(bits in 0.0_f64..1_000.0, hours in 0_u64..48) {
            let start = Timestamp::from_micros(0);
            let now = start.plus(Duration::from_secs(hours * 3_600)).unwrap();
            let tightening = Risk::new(Bits::new(bits), start).tightening(now);
            prop_assert!(tightening <= Risk::MOST_TIGHTENING);
            prop_assert!(hours < 24 || tightening == Bits::ZERO);
        }
    }

    #[test]
    fn without_a_signal_nothing_tightens() {
        assert_eq!(Risk::NONE.tightening(Timestamp::from_micros(0)), Bits::ZERO);
        assert_eq!(Risk::NONE.score().to_bits(), 0);
    }
}
