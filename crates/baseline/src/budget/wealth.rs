//! Does weak evidence add up?
//!
//! Whoever bets against "these p-values are uniform, whatever came before" can only grow rich when they are not.
//! The bet is the mixture over all powers, `∫κ p^(κ−1) dκ`, which needs no guess of how wrong they are (Vovk and
//! Wang, "E-values: calibration, combination and applications", Ann. Stat. 49(3), 2021, section 2). One new
//! stake a step makes the sum an e-detector: it passes 2^b once in 2^b steps at most, on average, under any
//! dependence that leaves each p-value valid given the past (Shin, Ramdas and Rinaldo, "E-detectors", New Engl. J.
//! Stat. Data Sci. 2(2), 2024, theorem 2.4). O(1) a step, eight bytes.

use homeostat_core::Bits;

/// One step bets at most on this p-value: what is stronger alone is told alone and must not be told twice.
const STRONGEST: f64 = 1.0 / 256.0;
/// Wealth beyond this tells nothing new.
const MOST: f64 = 1e30;

/// The wealth of a gambler against the ordinary.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Wealth(f64);

impl Wealth {
    /// The wealth after one more p-value.
    #[must_use]
    pub(crate) fn after(self, p: f64) -> Self {
        Self(((self.0 + 1.0) * bet(p.clamp(STRONGEST, 1.0))).min(MOST))
    }

    /// How rare so much wealth is.
    pub(crate) fn bits(self) -> Bits {
        if self.0 > 1.0 { Bits::of_probability(1.0 / self.0) } else { Bits::ZERO }
    }

    /// The number that has to be kept.
    pub(crate) fn get(self) -> f64 {
        self.0
    }

    /// The wealth of this number, when it is one.
    pub(crate) fn of(number: f64) -> Option<Self> {
        ((0.0..=MOST).contains(&number) && number.is_sign_positive()).then_some(Self(number))
    }
}

/// What one unit on `p` becomes: `(1 − p + p ln p) / (p ln² p)`, a half for p = 1.
fn bet(p: f64) -> f64 {
    let log = libm::log(p);
    // Near 1 both sides vanish; the series of the quotient is 1/2 − ln p / 6.
    if log > -1e-3 { 0.5 - log / 6.0 } else { (1.0 - p + p * log) / (p * log * log) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bet_on_a_uniform_number_is_worth_no_more_than_it_costs() {
        let steps = 100_000;
        let sum: f64 =
            (0..steps).map(|n| bet((f64::from(n) + 0.5) / f64::from(steps)).min(bet(STRONGEST))).sum();
        let mean = sum / f64::from(steps);
        assert!((0.85..=1.0).contains(&mean), "{mean}");
    }

    #[test]
    fn the_weak_adds_up_and_the_ordinary_does_not() {
        let (mut weak, mut calm) = (Wealth::default(), Wealth::default());
        for n in 0..40 {
            weak = weak.after(0.08);
            calm = calm.after(f64::from(n % 10) / 10.0 + 0.05);
        }
        assert!(weak.bits().get() > 14.0 && calm.bits().get() < 6.0, "{weak:?} {calm:?}");
    }

    proptest! {
        #[test]
        fn wealth_is_monotone_bounded_and_all_of_its_number(p in prop::collection::vec(0.0_f64..=1.0, 0..300), q in 0.0_f64..1.0) {
            let wealth = p.iter().fold(Wealth::default(), |wealth, p| wealth.after(*p));
            prop_assert_eq!(Wealth::of(wealth.get()), Some(wealth));
            prop_assert!(wealth.after(q).get() >= wealth.after(1.0).get());
        }
    }
}
