//! Rates of detection at rates of false alarm.

use std::fmt;

/// Scores with their truth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    bad: Vec<f64>,
    good: Vec<f64>,
}

impl Scores {
    pub(crate) fn add(&mut self, score: f64, is_bad: bool) {
        if is_bad { self.bad.push(score) } else { self.good.push(score) }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.bad.extend(&other.bad);
        self.good.extend(&other.good);
    }

    /// The area under the curve: the chance that a bad one scores above a good one, ties counted half.
    pub(crate) fn area(&self) -> f64 {
        let mut good = self.good.clone();
        good.sort_by(f64::total_cmp);
        let above = |score: &f64| {
            let below = good.partition_point(|other| other < score);
            let same = good.partition_point(|other| other <= score) - below;
            below as f64 + same as f64 / 2.0
        };
        self.bad.iter().map(above).sum::<f64>() / (self.bad.len() * good.len()).max(1) as f64
    }

    /// The share of bad ones above the threshold that at most the share `rate` of good ones is above.
    pub(crate) fn rate_at(&self, rate: f64) -> f64 {
        let mut good = self.good.clone();
        good.sort_by(|one, other| other.total_cmp(one));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let allowed = (rate * good.len() as f64) as usize;
        let threshold = good.get(allowed).copied().unwrap_or(f64::NEG_INFINITY);
        self.bad.iter().filter(|score| **score > threshold).count() as f64 / self.bad.len().max(1) as f64
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} {:.3}  {:.3} ", self.area(), self.rate_at(0.01), self.rate_at(0.05))
    }
}
