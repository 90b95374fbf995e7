//! The one unit of surprise: bits, −log2 of a probability, the same number for the same rarity in every domain.

use core::fmt;

/// Surprise in bits: −log2 p. Never negative, never NaN, at most [`Bits::MAX`].
///
/// ```
/// use homeostat_core::Bits;
/// assert_eq!(Bits::of_probability(0.25), Bits::new(2.0));
/// assert_eq!(Bits::new(2.0).probability(), 0.25);
/// assert_eq!(Bits::new(f64::NAN), Bits::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Bits(f64);

impl Bits {
    /// No surprise.
    pub const ZERO: Self = Self(0.0);
    /// The most that is told: a probability of 2^-1000 still is a normal `f64`.
    pub const MAX: Self = Self(1_000.0);
    /// What happens once in four times.
    pub const ONE_QUARTER_CHANCE: Self = Self(2.0);
    /// What happens once in 1,024 times.
    pub const ONE_IN_A_THOUSAND: Self = Self(10.0);
    /// What a foreign detection of low severity counts.
    pub const LOW: Self = Self(4.0);
    /// What a foreign detection of medium severity counts.
    pub const MEDIUM: Self = Self(8.0);
    /// What a foreign detection of high severity counts.
    pub const HIGH: Self = Self(12.0);
    /// What a foreign detection of critical severity counts.
    pub const CRITICAL: Self = Self(16.0);
    /// What contact with something known to be bad counts.
    pub const KNOWN_BAD: Self = Self(24.0);

    /// `bits`, clamped to `0..=1000`; NaN counts as none.
    pub const fn new(bits: f64) -> Self {
        // Adding zero turns -0.0 into 0.0, so that equal is equal bytes.
        if bits.is_nan() { Self::ZERO } else { Self(bits.clamp(0.0, Self::MAX.0) + 0.0) }
    }

    /// −log2 of `probability`; 0 for 1 and above, [`Self::MAX`] for 0 and below.
    pub fn of_probability(probability: f64) -> Self {
        if probability > 0.0 { Self::new(-log2(probability)) } else { Self::new(1_000.0) }
    }

    /// The number of bits.
    pub fn get(self) -> f64 {
        self.0
    }

    /// 2^−bits.
    pub fn probability(self) -> f64 {
        exp2(-self.0)
    }

    /// 1 − 2^(−bits/16): the risk scale from 0 to 1 on which 16 bits stand in the middle.
    pub fn risk(self) -> f64 {
        1.0 - exp2(-self.0 / 16.0)
    }

    /// The sum, at most [`Self::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.0 + other.0)
    }

    /// What remains over `base`; none when `base` is larger.
    #[must_use]
    pub fn above(self, base: Self) -> Self {
        Self::new(self.0 - base.0)
    }

    /// The smaller of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// The larger of the two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if self.0 < other.0 { other } else { self }
    }
}

/// 2^x for x ≤ 0, by range reduction and the Taylor series of e^(f·ln 2): the same bits on every platform,
/// which the platform's own `exp2` does not promise. Off by less than 4e-16 relative.
fn exp2(x: f64) -> f64 {
    let whole = x.round();
    let y = (x - whole) * core::f64::consts::LN_2;
    let series = (1..=18).rev().fold(1.0, |sum, k| 1.0 + y / f64::from(k) * sum);
    #[expect(clippy::cast_possible_truncation, reason = "x lies in -1000..=0")]
    let scale = f64::from_bits((1_023 + whole as i64).cast_unsigned() << 52);
    series * scale
}

/// log2 x for normal x > 0: the exponent plus 2·artanh((m−1)/(m+1))/ln 2 for the mantissa m in (√½, √2].
fn log2(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE {
        return -1_022.0;
    }
    let bits = x.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7FF).unwrap_or(0) - 1_023;
    let mantissa = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 1_023 << 52);
    let (mantissa, exponent) = if mantissa > core::f64::consts::SQRT_2 {
        (mantissa / 2.0, exponent + 1)
    } else {
        (mantissa, exponent)
    };
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let series = (0..=12).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    f64::from(exponent) + 2.0 * z * series / core::f64::consts::LN_2
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} bits", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn own_functions_agree_with_the_platforms(x in 0.0_f64..1_000.0, p in 1e-300_f64..1.0) {
            let expected = (-x).exp2();
            prop_assert!((exp2(-x) - expected).abs() <= 1e-15 * expected, "{} {}", exp2(-x), expected);
            prop_assert!((log2(p) - p.log2()).abs() <= 1e-13 * p.log2().abs().max(1e-3));
        }

        #[test]
        fn probability_and_bits_round_trip(x in 0.0_f64..1_000.0) {
            let back = Bits::of_probability(Bits::new(x).probability());
            prop_assert!((back.get() - x).abs() <= 1e-9 * x.max(1.0));
        }

        #[test]
        fn every_number_gives_sound_bits(x: f64) {
            for bits in [Bits::new(x), Bits::of_probability(x)] {
                prop_assert!((0.0..=1_000.0).contains(&bits.get()) && bits.get().is_sign_positive());
                prop_assert!((0.0..=1.0).contains(&bits.risk()));
            }
        }
    }

    #[test]
    fn sixteen_bits_are_half_the_risk_scale() {
        assert!((Bits::CRITICAL.risk() - 0.5).abs() < 1e-15);
        assert_eq!(Bits::of_probability(0.0), Bits::MAX);
        assert_eq!(Bits::new(-3.0), Bits::ZERO);
    }
}
