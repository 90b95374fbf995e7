//! How improbable is a count this high, when counts scatter more than chance alone would have it?
//!
//! The negative binomial is a Poisson count whose rate is gamma distributed (Greenwood and Yule, J. R. Stat. Soc.
//! 83(2), 1920). Its upper tail is a regularised incomplete beta function (DLMF 8.17(i)), computed by the
//! continued fraction DLMF 8.17.22 with Lentz's method: O(√count) time, no memory. Only `libm` is called, so the
//! bits are the same on every platform.

use libm::{exp, lgamma, log, log1p};

/// The most steps of the continued fraction: it converges within O(√max(count, shape)), a few hundred at most.
const STEPS: u32 = 600;

/// Up to so many events the lower counts are added up instead: most hours hold no more.
const FEW: u64 = 16;

/// The smallest probability that is told; scores need no more than [`homeostat_core::Bits::MAX`].
const LEAST: f64 = 1e-300;

/// The distribution of a count with a given mean and shape: variance = mean + mean² / shape.
///
/// ```
/// let usual = homeostat_baseline::NegativeBinomial::new(4.0, 2.0);
/// assert_eq!(usual.at_least(0), 1.0);
/// assert!((usual.at_least(20) - 0.0023).abs() < 1e-4);
/// assert!(usual.mid_tail(20) < usual.at_least(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NegativeBinomial {
    // INVARIANT: both finite and above zero.
    mean: f64,
    shape: f64,
}

impl NegativeBinomial {
    /// The distribution of `mean` and `shape`, both clamped to `1e-9..=1e12`; NaN counts as the least.
    pub fn new(mean: f64, shape: f64) -> Self {
        Self { mean: sound(mean), shape: sound(shape) }
    }

    /// The expected count.
    pub fn mean(self) -> f64 {
        self.mean
    }

    /// The standard deviation of the count.
    pub fn deviation(self) -> f64 {
        libm::sqrt(self.mean + self.mean * self.mean / self.shape)
    }

    /// The probability of `count` or more.
    pub fn at_least(self, count: u64) -> f64 {
        if count == 0 {
            return 1.0;
        }
        let odds = self.mean / (self.mean + self.shape);
        incomplete_beta(count as f64, self.shape, odds)
    }

    /// The probability of exactly `count`.
    pub fn exactly(self, count: u64) -> f64 {
        let (k, r) = (count as f64, self.shape);
        let all_zero = -r * log1p(self.mean / r);
        let odds = log(self.mean / (self.mean + r));
        exp(lgamma(k + r) - lgamma(k + 1.0) - lgamma(r) + all_zero + k * odds)
    }

    /// The mid-p upper tail: `P(more) + ½·P(exactly)`, at least 1e-300.
    ///
    /// Half of the point mass makes the values of a discrete test uniform on average (Lancaster, J. Am. Stat.
    /// Assoc. 56, 1961); without it low counts never alert.
    pub fn mid_tail(self, count: u64) -> f64 {
        let tail = if count <= FEW { self.few(count) } else { 0.0 };
        // What is left of 1 after taking away has no digits when it is small.
        let tail = if tail > 1e-6 { tail } else { self.at_least(count) - 0.5 * self.exactly(count) };
        tail.clamp(LEAST, 1.0)
    }

    /// The mid-p tail by adding up the lower counts.
    fn few(self, count: u64) -> f64 {
        let odds = self.mean / (self.mean + self.shape);
        let (mut tail, mut point) = (1.0, self.nothing());
        for k in 0..count {
            tail -= point;
            point *= (k as f64 + self.shape) / (k as f64 + 1.0) * odds;
        }
        tail - 0.5 * point
    }

    /// The probability of no count at all.
    pub fn nothing(self) -> f64 {
        exp(-self.shape * log1p(self.mean / self.shape)).max(LEAST)
    }

    /// The smallest count whose upper tail is below `probability`, at most `2^40`.
    pub fn quantile(self, probability: f64) -> u64 {
        let mut high = 1_u64;
        while high < 1 << 40 && self.at_least(high) >= probability {
            high *= 2;
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low.midpoint(high);
            if self.at_least(middle) >= probability { low = middle } else { high = middle }
        }
        high
    }
}

fn sound(value: f64) -> f64 {
    if value.is_nan() { 1e-9 } else { value.clamp(1e-9, 1e12) }
}

/// `I_x(a, b)`, for a, b > 0 and x in 0..=1.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    // The fraction converges fast below the mean of the beta distribution; above it the complement does.
    let tail = if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    };
    tail.clamp(0.0, 1.0)
}

/// The continued fraction DLMF 8.17.22, by the modified Lentz method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-30 { 1e-30 } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = lower;
    for step in 1..=STEPS {
        let at = f64::from(step);
        let even = at * (b - at) * x / ((a + 2.0 * at - 1.0) * (a + 2.0 * at));
        let odd = -(a + at) * (a + b + at) * x / ((a + 2.0 * at) * (a + 2.0 * at + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            lower = 1.0 / away(1.0 + term * lower);
            upper = away(1.0 + term / upper);
            factor = lower * upper;
            sum *= factor;
        }
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{Discrete as _, DiscreteCDF as _, NegativeBinomial as Oracle};

    proptest! {
        #[test]
        fn tails_agree_with_the_oracle(mean in 0.01_f64..200.0, shape in 0.05_f64..50.0, count in 1_u64..400) {
            let ours = NegativeBinomial::new(mean, shape);
            let oracle = Oracle::new(shape, shape / (shape + mean)).unwrap();
            let expected = oracle.sf(count - 1);
            prop_assert!((ours.at_least(count) - expected).abs() <= 1e-9 + 1e-6 * expected);
            let point = oracle.pmf(count);
            prop_assert!((ours.exactly(count) - point).abs() <= 1e-9 + 1e-6 * point);
            let mid = expected - 0.5 * point;
            prop_assert!((ours.mid_tail(count) - mid).abs() <= 1e-9 + 1e-6 * mid);
        }

        #[test]
        fn every_number_gives_a_probability(mean: f64, shape: f64, count: u64) {
            let any = NegativeBinomial::new(mean, shape);
            for p in [any.at_least(count), any.mid_tail(count), any.nothing()] {
                prop_assert!((0.0..=1.0).contains(&p), "{p}");
            }
        }
    }

    #[test]
    fn the_quantile_is_the_first_count_below() {
        let usual = NegativeBinomial::new(4.0, 2.0);
        let first = usual.quantile(1e-3);
        assert!(usual.at_least(first) < 1e-3 && usual.at_least(first - 1) >= 1e-3);
    }
}
