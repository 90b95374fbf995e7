//! How often does a score this high come: from any raw statistic to a tail probability.
//!
//! The rank among recent scores (conformal: Vovk, Gammerman and Shafer, 2005, section 2.2, in its mid-p form), and above
//! their 98 % quantile an exponential tail in the statistic, which is a Pareto tail in what it is the logarithm of
//! (Pickands, Ann. Stat. 3(1), 1975). The ranks are worked out once in a fraction of a tick. O(1) a score.

use super::ladder::{Ladder, kept};
use crate::varint::{Fields, put, put_float};
use homeostat_core::SnapshotError;
use libm::log2;

/// Scores remembered: of these one in 10,000 still has three beside it.
const MEMORY: u32 = 1 << 15;
const BINS: usize = 512;
/// The share above which the fitted tail takes over.
const TAIL: f64 = 0.02;
/// What a tail is taken for before anything lies in it: a mean excess of one bit, with the weight of four scores.
const PRIOR: (f64, f64) = (1.0, 4.0);
/// Steps of a statistic's unit.
const STEPS: f64 = 4_096.0;

#[derive(Clone, PartialEq)]
pub(super) struct Ranks {
    scores: Ladder<BINS>,
    // Bits of the mid rank of each bin, of the first fit on.
    bits: Vec<f32>,
    tail: Option<Tail>,
}

/// Above `edge`, which the share 2^-bits of all scores exceeds by `excess` on average.
#[derive(Clone, Copy, PartialEq)]
struct Tail {
    edge: f64,
    bits: f64,
    excess: f64,
}

impl Ranks {
    pub(super) fn new() -> Self {
        Self { scores: Ladder::new(MEMORY), bits: Vec::new(), tail: None }
    }

    /// Bits of the chance of a score of `x` or more; 0 before the first fit.
    pub(super) fn bits(&self, x: f64) -> f64 {
        let Some(tail) = self.tail else { return 0.0 };
        if x >= tail.edge {
            return tail.bits + (x - tail.edge) / tail.excess * core::f64::consts::LOG2_E;
        }
        let at = self.scores.place(steps(x));
        let told = at.and_then(|at| self.bits.get(at)).map_or(0.0, |bits| f64::from(*bits));
        told.min(tail.bits)
    }

    /// Learns a score with `weight` 1,024ths of a record.
    pub(super) fn learn(&mut self, x: f64, weight: u32) {
        if self.scores.learn(steps(x), weight) && self.tail.is_some() {
            self.fit();
        }
    }

    /// Works out the ranks anew.
    pub(super) fn fit(&mut self) {
        let total = self.scores.total();
        if total < 1.0 {
            return;
        }
        let masses: Vec<f64> = self.scores.masses().collect();
        let (mut above, mut edge, mut in_tail) = (0.0, BINS, 0.0);
        self.bits.resize(BINS, 0.0);
        for (at, (bits, mass)) in self.bits.iter_mut().zip(&masses).enumerate().rev() {
            *bits = kept(-log2(((above + 0.5 * mass + 0.5) / (total + 1.0)).min(1.0)));
            above += mass;
            if above <= TAIL * total {
                (edge, in_tail) = (at, above);
            }
        }
        let start = unit(self.scores.edge(edge));
        let middle = |at: usize| unit(self.scores.edge(at)).midpoint(unit(self.scores.edge(at + 1)));
        let beyond = masses.iter().enumerate().skip(edge);
        let excess: f64 = beyond.map(|(at, mass)| mass * (middle(at) - start)).sum();
        self.tail = Some(Tail {
            edge: start,
            bits: -log2((in_tail + 0.5) / (total + 1.0)),
            excess: (excess + PRIOR.0 * PRIOR.1) / (in_tail + PRIOR.1),
        });
    }

    /// Bytes of its heap.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.bits.len() * size_of::<f32>()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.scores.write(out);
        put(out, u64::from(self.tail.is_some()));
        if let Some(tail) = self.tail {
            for float in [tail.edge, tail.bits, tail.excess] {
                put_float(out, float);
            }
            for bits in &self.bits {
                put(out, u64::from(bits.to_bits()));
            }
        }
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "ranks" };
        let mut read = Self { scores: Ladder::read(fields, MEMORY)?, ..Self::new() };
        if fields.place(2)? == 1 {
            let tail = Tail { edge: fields.float()?, bits: fields.float()?, excess: fields.float()? };
            if !(0.0..=1_000.0).contains(&tail.bits) || tail.excess < f64::MIN_POSITIVE {
                return Err(INVALID);
            }
            read.tail = Some(tail);
            for _ in 0..BINS {
                let bits = f32::from_bits(fields.small()?);
                read.bits.push(Some(bits).filter(|bits| (0.0..=1_000.0).contains(bits)).ok_or(INVALID)?);
            }
        }
        Ok(read)
    }
}

/// A statistic in steps.
fn steps(x: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to ±2^40")]
    let steps = (x * STEPS).clamp(-1.1e12, 1.1e12) as i64;
    steps
}

/// A statistic's value at a step.
fn unit(steps: i64) -> f64 {
    steps as f64 / STEPS
}

#[cfg(test)]
mod tests {
    use super::super::ladder::UNIT;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The oracle sorts all scores and counts.
        #[test]
        fn ranks_are_those_of_sorting_all_scores(
            scores in prop::collection::vec(0.0_f64..40.0, 50..400), asked in 0.0_f64..40.0,
        ) {
            let mut ranks = Ranks::new();
            for x in &scores {
                ranks.learn(*x, UNIT);
            }
            ranks.fit();
            // A bin is at most a 256th of the range wide.
            let share = |from: f64| scores.iter().filter(|x| **x >= from).count() as f64;
            let all = scores.len() as f64 + 1.0;
            let (low, high) = (share(asked + 0.32) / all, (share(asked - 0.32) + 1.0) / all);
            let told = libm::exp2(-ranks.bits(asked));
            if asked < ranks.tail.unwrap().edge {
                prop_assert!(told <= high + 1e-6 && told >= low - 1e-6, "{told} {low} {high}");
            } else {
                prop_assert!(told <= (scores.len() as f64 * TAIL + 0.5) / all + 1e-6, "{told}");
            }
            let mut out = Vec::new();
            ranks.write(&mut out);
            prop_assert!(Ranks::read(&mut Fields(&out)).unwrap() == ranks);
        }
    }

    #[test]
    fn the_tail_goes_on_beyond_what_was_seen() {
        let mut ranks = Ranks::new();
        assert!(ranks.bits(1e9) < f64::MIN_POSITIVE);
        for n in 1..4_000_u32 {
            // Exponential: each bit halves the share.
            ranks.learn(-log2(f64::from(n) / 4_000.0), UNIT);
        }
        ranks.fit();
        for bits in [2.0, 5.0, 8.0, 20.0] {
            let told = ranks.bits(bits);
            assert!((told - bits).abs() < 0.12 * bits + 0.2, "{told} {bits}");
        }
    }
}
