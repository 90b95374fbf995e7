//! How rare is a score among those of the same pool?
//!
//! The share of scores at least as high, blended with the tail of a logistic distribution of their mean and
//! deviation, which is worth twenty scores: so a score above all others still has an order, without the floor of
//! 1/(n + 1) that a bare rank has, and a young pool is no nonsense. A higher score is always worth more. Scores are
//! held in sixteenths of a bit as whole numbers, so what left a pool leaves no trace. O(buckets) a rank.

use homeostat_core::Bits;

/// Buckets of a sixteenth, from −16 to 32.
const BUCKETS: usize = 768;
const PER_UNIT: f64 = 16.0;
const LOWEST: f64 = -16.0;
/// How many scores the fitted tail is worth.
const PRIOR: f64 = 20.0;
/// π/√3: the deviation of the logistic distribution in units of its scale.
const SPREAD: f64 = 1.813_799_364_234_217_8;

/// Scores given in one pool, those of a group of peers or of one entity.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct History(Vec<u32>);

impl Default for History {
    fn default() -> Self {
        Self(vec![0; BUCKETS])
    }
}

impl History {
    pub(crate) fn add(&mut self, bucket: u16) {
        if let Some(count) = self.0.get_mut(usize::from(bucket)) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn take(&mut self, bucket: u16) {
        if let Some(count) = self.0.get_mut(usize::from(bucket)) {
            *count = count.saturating_sub(1);
        }
    }

    /// A score came, and another may have gone for it.
    pub(crate) fn replace(&mut self, gone: Option<u16>, new: Option<u16>) {
        if let Some(bucket) = new {
            self.add(bucket);
        }
        if let Some(bucket) = gone {
            self.take(bucket);
        }
    }

    /// What `score` is worth in this pool, given the chance that the member's own history grants it.
    pub(crate) fn bits(&self, score: f64, excuse: f64) -> Bits {
        Bits::of_probability(self.chance(score).max(excuse))
    }

    fn chance(&self, score: f64) -> f64 {
        let support: f64 = self.0.iter().map(|count| f64::from(*count)).sum();
        let (mean, deviation) = self.moments();
        let fitted = 1.0 / (1.0 + libm::exp(SPREAD * (score - mean) / deviation));
        (self.at_least(score) + PRIOR * fitted) / (support + PRIOR)
    }

    /// How many scores lie above, those of the same bucket in part.
    fn at_least(&self, score: f64) -> f64 {
        let own = bucket(score);
        let from = (own..).zip(self.0.iter().skip(usize::from(own)));
        from.map(|(bucket, count)| f64::from(*count) * above_in(bucket, score)).sum()
    }

    /// Mean and deviation, with a score of 0 ± 1 counted beside, for a pool of none.
    fn moments(&self) -> (f64, f64) {
        let (mut count, mut sum, mut squares) = (1.0, 0.0, 1.0);
        for (bucket, times) in self.0.iter().enumerate().filter(|(_, times)| **times > 0) {
            let (score, times) = (LOWEST + (bucket as f64 + 0.5) / PER_UNIT, f64::from(*times));
            count += times;
            sum += times * score;
            squares += times * score * score;
        }
        let mean = sum / count;
        (mean, libm::sqrt((squares / count - mean * mean).max(1e-2)))
    }
}

/// The chance of a score as high by a member's `own` last scores: what is often so with the member is no news,
/// however far it lies from its peers. The share counts by two deviations less than it is, so that a few odd
/// passages excuse nothing.
pub(crate) fn excuse(own: impl ExactSizeIterator<Item = u16>, score: f64) -> f64 {
    let support = own.len().max(1) as f64;
    let above: f64 = own.map(|other| above_in(other, score)).sum();
    ((above - 2.0 * libm::sqrt(above) - 1.0) / support).max(0.0)
}

/// The share of a bucket's scores that lie above `score`.
fn above_in(bucket: u16, score: f64) -> f64 {
    let place = ((score - LOWEST) * PER_UNIT).clamp(0.0, BUCKETS as f64 - 1.0);
    (f64::from(bucket) + 1.0 - place).clamp(0.0, 1.0)
}

/// The bucket of a score.
pub(crate) fn bucket(score: f64) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the buckets")]
    let bucket = ((score - LOWEST) * PER_UNIT).clamp(0.0, BUCKETS as f64 - 1.0) as u16;
    bucket
}

/// Whether `bucket` is one.
pub(crate) fn is_bucket(bucket: u16) -> bool {
    usize::from(bucket) < BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(scores: &[f64]) -> History {
        let mut pool = History::default();
        for score in scores {
            pool.add(bucket(*score));
        }
        pool
    }

    #[test]
    fn bits_are_the_rank_where_scores_are_many() {
        let scores: Vec<f64> = (0..10_000).map(|n| f64::from(n % 1_000) / 500.0).collect();
        let bits = pool(&scores).bits(1.5, 0.0).get();
        assert!((1.9..2.1).contains(&bits), "{bits}");
        assert!(pool(&scores).bits(8.0, 0.0).get() > 12.0);
    }

    #[test]
    fn what_is_often_so_is_excused_and_what_is_odd_is_not() {
        let usual = |count: usize| std::iter::repeat_n(bucket(5.0), count);
        assert!(excuse(usual(100), 4.0) > 0.7);
        assert!(excuse(usual(5), 4.0) <= 0.0);
        assert!(excuse(usual(100), 6.0) <= 0.0);
    }

    proptest! {
        #[test]
        fn a_higher_score_is_worth_more(
            scores in prop::collection::vec(-20.0_f64..40.0, 0..100), low in -6.0_f64..12.0, more in 0.001_f64..6.0,
        ) {
            let pool = pool(&scores);
            let (one, other) = (pool.bits(low, 0.0), pool.bits(low + more, 0.0));
            // Far below the mean the tail is 1 to the last digit.
            prop_assert!(one < other || one == other && one.get() < 1e-3, "{one} {other}");
        }

        #[test]
        fn what_left_leaves_no_trace(scores in prop::collection::vec(-20.0_f64..40.0, 0..60), more in -20.0_f64..40.0) {
            let mut pool = pool(&scores);
            let before = pool.clone();
            pool.add(bucket(more));
            pool.take(bucket(more));
            prop_assert!(pool == before);
        }
    }
}
