//! From how many bits on does an identity's deviation count, given what else is known against it?

use homeostat_core::{Bits, EntityKey, RiskView, Timestamp};

/// A threshold as it stands for one identity at one moment: the base, lowered by risk.
///
/// The one tightening rule is core's [`Risk::tightening`](homeostat_core::Risk::tightening): at most two bits,
/// gone after 24 hours.
///
/// ```
/// use homeostat_baseline::Threshold;
/// use homeostat_core::{Bits, CalmRisk, EntityKey, EntityKind, Timestamp};
///
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let calm = Threshold::new(Bits::new(16.0), &jane, &CalmRisk, Timestamp::from_micros(0));
/// assert_eq!(calm.admits(Bits::new(16.5)), Some(false));
/// assert_eq!(calm.admits(Bits::new(15.5)), None);
/// # Ok::<(), homeostat_core::BadKey>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    base: Bits,
    tightened: Bits,
}

impl Threshold {
    /// The threshold `base` for `identity` at `now`, with the risk that `view` tells.
    pub fn new(base: Bits, identity: &EntityKey, view: &dyn RiskView, now: Timestamp) -> Self {
        let tightening = view.risk(identity, now).tightening(now);
        Self { base, tightened: base.above(tightening) }
    }

    /// The threshold as it stands.
    pub fn bits(self) -> Bits {
        self.tightened
    }

    /// Whether `bits` pass; if so, whether only tightening let them through.
    pub fn admits(self, bits: Bits) -> Option<bool> {
        (bits >= self.tightened).then_some(bits < self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::{EntityKind, Risk};

    struct Suspected;

    impl RiskView for Suspected {
        fn risk(&self, _identity: &EntityKey, now: Timestamp) -> Risk {
            Risk::new(Bits::new(100.0), now)
        }
    }

    #[test]
    fn risk_lowers_by_two_bits_and_marks_what_only_that_let_through() {
        let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example").unwrap();
        let threshold = Threshold::new(Bits::new(16.0), &jane, &Suspected, Timestamp::from_micros(0));
        assert_eq!(threshold.bits(), Bits::new(14.0));
        for (bits, passed) in [(13.9, None), (14.5, Some(true)), (16.0, Some(false))] {
            assert_eq!(threshold.admits(Bits::new(bits)), passed);
        }
    }
}
