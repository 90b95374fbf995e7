//! Which stage tends to follow which: a learned, clipped prior, never a rule.
//!
//! Log-odds log2(P(b | a) / P(b)) of stage transitions with add-one smoothing, clipped to ±1.5 bits: 40 flows
//! are thin, and a third of their steps go backward. O(1) time, 100 numbers.
//!
//! The counts are facts from the 40 flows of MITRE Engenuity's Center for Threat-Informed Defense
//! (`attack-flow`, commit 295d20d2, Apache-2.0), tactics folded into the ten stages.

use crate::weight::log2;
use homeostat_core::Stage;

/// Transitions counted in the corpus, from the row's stage to the column's, in the order of [`Stage::ALL`].
const ATTACK_FLOW: [[u32; 10]; 10] = [
    [36, 20, 18, 22, 32, 3, 6, 20, 1, 6],
    [21, 30, 20, 7, 7, 7, 9, 25, 6, 8],
    [9, 13, 11, 4, 10, 20, 3, 5, 6, 2],
    [5, 6, 6, 7, 18, 2, 1, 10, 0, 2],
    [19, 20, 16, 14, 36, 10, 5, 16, 3, 9],
    [6, 11, 11, 3, 13, 16, 4, 10, 0, 0],
    [1, 2, 1, 0, 5, 3, 5, 5, 10, 0],
    [16, 35, 6, 9, 30, 9, 2, 27, 8, 3],
    [1, 1, 0, 3, 2, 1, 1, 5, 0, 2],
    [2, 4, 0, 0, 8, 0, 1, 2, 0, 7],
];

/// How likely one stage follows another, in bits of log-odds.
///
/// ```
/// use homeostat_core::Stage;
/// use homeostat_incident::Prior;
///
/// let prior = Prior::attack_flow();
/// assert!(prior.bits(Stage::Collection, Stage::Egress) > prior.bits(Stage::Egress, Stage::Entry));
/// assert!(prior.bits(Stage::Collection, Stage::Egress) <= Prior::CLIP);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Prior([[f64; 10]; 10]);

impl Prior {
    /// The most that the prior says, in bits, for or against.
    pub const CLIP: f64 = 1.5;

    /// The prior of the 40 published flows.
    pub fn attack_flow() -> Self {
        Self::from_counts(&ATTACK_FLOW)
    }

    /// No stage is likelier than another.
    pub fn flat() -> Self {
        Self([[0.0; 10]; 10])
    }

    /// A prior of your own counts, from the row's stage to the column's, in the order of [`Stage::ALL`].
    /// Each count enters with one added.
    pub fn from_counts(counts: &[[u32; 10]; 10]) -> Self {
        let plus_one = |count: u32| f64::from(count) + 1.0;
        let total: f64 = counts.iter().flatten().map(|&count| plus_one(count)).sum();
        let mut bits = [[0.0; 10]; 10];
        for (row, from) in bits.iter_mut().zip(counts) {
            let leaving: f64 = from.iter().map(|&count| plus_one(count)).sum();
            for (to, (cell, &count)) in row.iter_mut().zip(from).enumerate() {
                let arriving: f64 = counts.iter().filter_map(|r| r.get(to)).map(|&c| plus_one(c)).sum();
                let odds = (plus_one(count) / leaving) / (arriving / total);
                let log = if odds >= 1.0 { log2(odds) } else { -log2(1.0 / odds) };
                *cell = log.clamp(-Self::CLIP, Self::CLIP);
            }
        }
        Self(bits)
    }

    /// What speaks for `to` coming next after `from`, in `-1.5..=1.5` bits.
    pub fn bits(&self, from: Stage, to: Stage) -> f64 {
        self.0.get(from as usize).and_then(|row| row.get(to as usize)).copied().unwrap_or(0.0)
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().flatten().copied()
    }

    /// The prior whose cells `next` gives in order; `None` when one is missing or beyond the clip.
    pub(crate) fn of_cells(mut next: impl FnMut() -> Option<f64>) -> Option<Self> {
        let mut bits = [[0.0; 10]; 10];
        for cell in bits.iter_mut().flatten() {
            *cell = next().filter(|value| value.abs() <= Self::CLIP)?;
        }
        Some(Self(bits))
    }
}

impl Default for Prior {
    fn default() -> Self {
        Self::attack_flow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_counts_say_nothing_and_all_is_clipped() {
        assert!(Prior::from_counts(&[[7; 10]; 10]).cells().all(|bits| bits.abs() < 1e-9));
        let mut counts = [[0; 10]; 10];
        counts[0][1] = u32::MAX;
        assert!(Prior::from_counts(&counts).cells().all(|bits| bits.is_finite() && bits.abs() <= 1.5));
    }
}
