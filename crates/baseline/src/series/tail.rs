//! How often was a number this far out on this side? A signed histogram, and beyond its last fiftieth a fitted tail.
//!
//! Bins are half an octave wide on either side of zero, so 64 of them reach from a sixteenth to ten thousand scales. Above
//! the highest `SHARE` a generalised Pareto distribution takes over (Pickands, Ann. Stat. 3(1), 1975), fitted by
//! moments (Hosking and Wallis, Technometrics 29(3), 1987) and shrunk towards a prior while few numbers lie there.
//! O(bins) a number, 260 bytes.

use super::tuning::Tuning;
use crate::series::fields::{self, Numbers};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// Bins on one side of zero.
const HALF: usize = 32;
/// Bins in all.
const BINS: usize = 2 * HALF;
/// The width of the first bin, in units of the scale.
const FIRST: f64 = 1.0 / 16.0;
/// The ratio of one bin's width to that of the next: half an octave.
const RATIO: f64 = core::f64::consts::SQRT_2;
/// The numbers at which bins end, counted from zero.
const EDGES: [f64; HALF + 1] = edges();
/// The share of numbers that counts as the tail.
const SHARE: f64 = 0.02;
/// More numbers than so many no history holds.
const MOST: f32 = 1e9;
/// So many numbers lie in the tail at least, however short the history.
const LEAST: f64 = 8.0;

#[expect(
    clippy::indexing_slicing,
    reason = "computed when it is compiled, where to be out of bounds is an error"
)]
const fn edges() -> [f64; HALF + 1] {
    let mut edges = [0.0; HALF + 1];
    let (mut at, mut power) = (0, 1.0);
    while at <= HALF {
        edges[at] = (power - 1.0) * FIRST / (RATIO - 1.0);
        power *= RATIO;
        at += 1;
    }
    edges
}

/// What is known of the scatter of one statistic, told in units of its scale.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tail {
    // INVARIANT: finite and not negative.
    bins: [f32; BINS],
    total: f32,
}

impl Default for Tail {
    fn default() -> Self {
        Self { bins: [0.0; BINS], total: 0.0 }
    }
}

impl Tail {
    /// Learns `z` with `weight`; from `memory` numbers on older ones count half.
    #[expect(clippy::cast_possible_truncation, reason = "a weight between 0 and 1")]
    pub(crate) fn learn(&mut self, z: f64, weight: f64, memory: f64) {
        if let Some(bin) = self.bins.get_mut(place(z)) {
            *bin += weight as f32;
            self.total += weight as f32;
        }
        if f64::from(self.total) > memory {
            self.bins.iter_mut().for_each(|bin| *bin *= 0.5);
            self.total = self.bins.iter().sum();
        }
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        fields::put_short(out, &self.bins);
        fields::put_short(out, &[self.total]);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let (bins, [total]): ([f32; BINS], _) = (fields.counts()?, fields.counts()?);
        let sound = total <= MOST && bins.iter().all(|bin| *bin <= MOST);
        if sound { Ok(Self { bins, total }) } else { Err(SnapshotError::Invalid { field: "tail" }) }
    }

    /// The two-sided probability of a number at least as far out as `z`; 1 while nothing is known.
    pub(crate) fn p(&self, z: f64, tuning: &Tuning) -> f64 {
        let total = f64::from(self.total);
        if total < 1.0 {
            return 1.0;
        }
        let at = place(z);
        let (below, rest) = self.bins.split_at(at.min(BINS - 1));
        let Some((own, above)) = rest.split_first() else { return 1.0 };
        let (low, high) = bounds(at);
        #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
        let part = ((high - z) / (high - low)).clamp(0.0, 1.0) as f32;
        let (up, down) = (sum(above) + own * part, sum(below) + own * (1.0 - part));
        let mass = f64::from(up.min(down));
        let target = (SHARE * total).max(LEAST.min(total / 8.0));
        let side = if mass > target {
            (mass + 0.5) / (total + 1.0)
        } else if up <= down {
            self.beyond(z, mass.max(target), tuning, |at| at)
        } else {
            self.beyond(-z, mass.max(target), tuning, |at| BINS - 1 - at)
        };
        (2.0 * side).min(1.0)
    }

    /// The probability of more than `z` from the tail above the threshold, with the bins in the order of `at`.
    fn beyond(&self, z: f64, target: f64, tuning: &Tuning, at: impl Fn(usize) -> usize) -> f64 {
        let count = |bin: usize| f64::from(self.bins.get(at(bin)).copied().unwrap_or(0.0));
        let (mut k, mut from) = (0.0, BINS);
        while from > 0 && k + count(from - 1) <= target {
            from -= 1;
            k += count(from);
        }
        let u = if from < BINS { bounds(from).0 } else { bounds(BINS - 1).1 };
        let (mut sum, mut square) = (0.0, 0.0);
        for bin in from..BINS {
            let (low, high) = bounds(bin);
            let (mass, excess) = (count(bin), 0.5 * (low + high) - u);
            sum += mass * excess;
            square += mass * excess * excess;
        }
        let w = tuning.tail_weight;
        let assumed = tuning.tail_excess * (1.0 + u.abs());
        let mean = (sum + w * assumed) / (k + w);
        let second = (square + w * 2.0 * assumed * assumed) / (k + w);
        let variance = (second - mean * mean).max(1e-12);
        let own = 0.5 * (1.0 - mean * mean / variance);
        let shape = ((own * k + tuning.tail_shape * 10.0 * w) / (k + 10.0 * w)).clamp(0.02, 0.6);
        let excess = (z - u).max(0.0) / (mean * (1.0 - shape));
        (k + 0.5) / (f64::from(self.total) + 1.0) * libm::pow(1.0 + shape * excess, -1.0 / shape)
    }
}

fn sum(bins: &[f32]) -> f32 {
    let (fours, rest) = bins.as_chunks::<4>();
    let mut sums = [0.0_f32; 4];
    for four in fours {
        for (sum, bin) in sums.iter_mut().zip(four) {
            *sum += bin;
        }
    }
    sums.iter().chain(rest).sum()
}

fn place(z: f64) -> usize {
    let size = z.abs();
    let bin = EDGES.partition_point(|edge| *edge <= size).saturating_sub(1).min(HALF - 1);
    if z < 0.0 { HALF - 1 - bin } else { HALF + bin }
}

fn bounds(at: usize) -> (f64, f64) {
    let edge = |k: usize| EDGES.get(k).copied().unwrap_or(0.0);
    if at >= HALF { (edge(at - HALF), edge(at - HALF + 1)) } else { (-edge(HALF - at), -edge(HALF - 1 - at)) }
}

#[cfg(test)]
mod tests {
    use super::super::tuning::DEFAULT;
    use super::*;
    use proptest::prelude::*;

    /// The exact share of `numbers` at least as far out as `z`, two-sided: the slow oracle.
    fn exact(numbers: &[f64], z: f64) -> f64 {
        let above = numbers.iter().filter(|number| **number >= z).count();
        let below = numbers.iter().filter(|number| **number <= z).count();
        (2.0 * above.min(below) as f64 / numbers.len() as f64).min(1.0)
    }

    fn learnt(numbers: &[f64]) -> Tail {
        let mut tail = Tail::default();
        for number in numbers {
            tail.learn(*number, 1.0, 1e6);
        }
        tail
    }

    #[test]
    fn every_number_has_the_place_that_holds_it() {
        for step in -4_000..4_000 {
            let z = f64::from(step) / 100.0;
            let (low, high) = bounds(place(z));
            assert!(low <= z && z <= high, "{z}: {low} {high}");
        }
        assert_eq!((place(-1e9), place(1e9), place(0.0)), (0, BINS - 1, HALF));
    }

    #[test]
    fn beyond_the_history_the_fitted_tail_is_near_the_true_one() {
        // Exponential numbers by inversion at even steps: P(> z) = e^-z.
        let numbers: Vec<f64> = (0..4_000).map(|at| -libm::log((f64::from(at) + 0.5) / 4_000.0)).collect();
        let tail = learnt(&numbers);
        for z in [5.0, 7.0, 9.0, 11.0] {
            let (told, truth) = (tail.p(z, &DEFAULT), 2.0 * libm::exp(-z));
            // The prior is heavier than exponential, so what was never seen is called less rare than it is.
            assert!((-1.5..4.0).contains(&libm::log2(told / truth)), "{z}: {told} {truth}");
        }
    }

    proptest! {
        #[test]
        fn inside_the_history_the_sketch_agrees_with_the_exact_rank(
            numbers in prop::collection::vec(-20.0_f64..20.0, 200..600), z in -15.0_f64..15.0,
        ) {
            let tail = learnt(&numbers);
            let (low, high) = bounds(place(z));
            let told = tail.p(z, &DEFAULT);
            // The sketch knows only the bin of a number: the exact rank at the bin's ends bounds it.
            let (one, other) = (exact(&numbers, low), exact(&numbers, high));
            let slack = 2.0 * (8.0_f64.max(0.02 * numbers.len() as f64) + 2.0) / numbers.len() as f64;
            let middle = low < 0.0 && high > 0.0;
            prop_assert!(middle || told >= one.min(other) - slack && told <= one.max(other) + slack + 0.05,
                "{} {} {}", told, one, other);
        }

        #[test]
        fn further_out_is_never_more_likely(
            numbers in prop::collection::vec(-100.0_f64..100.0, 0..300), z in 110.0_f64..1e4, more in 0.0_f64..1e4,
        ) {
            let tail = learnt(&numbers);
            let (near, far) = (tail.p(z, &DEFAULT), tail.p(z + more, &DEFAULT));
            prop_assert!(near.is_finite() && far >= 0.0 && far <= near * (1.0 + 1e-9), "{} {}", near, far);
        }

        #[test]
        fn memory_is_bounded_and_the_bytes_are_the_state(
            numbers in prop::collection::vec(-1e9_f64..1e9, 0..500), memory in 10.0_f64..100.0,
        ) {
            let mut tail = Tail::default();
            for number in numbers {
                tail.learn(number, 1.0, memory);
            }
            prop_assert!(f64::from(tail.total) <= memory + 1.0);
            let mut out = SnapshotWriter::new(*b"TEST", 1);
            tail.write(&mut out);
            let bytes = out.finish();
            let mut fields = SnapshotReader::open(&bytes, *b"TEST", 1..=1).unwrap();
            prop_assert_eq!(Tail::read(&mut fields).unwrap(), tail);
        }
    }
}
