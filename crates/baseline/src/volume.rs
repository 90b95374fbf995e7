//! Is this number larger than what is usual here: bytes, items, seconds?
//!
//! A histogram over octaves of `1 + x`, and above its 98 % quantile an exponential tail in octaves, which is the
//! Pareto tail in `x` (Pickands, Ann. Stat. 3(1), 1975, in its heavy-tailed case). O(bins) a number, at most 48
//! bins of 12 bytes. No scaling is asked of the user.

use crate::novelty::{Moment, UNIT};
use crate::varint::{Fields, put, put_signed};
use homeostat_core::{Merge, SnapshotError};

/// Octaves told apart: 2^48 bytes are 256 TiB.
const BINS: u8 = 48;
/// The share above which the fitted tail takes over.
const TAIL: f64 = 0.02;
/// What a tail is taken for before anything lies in it: a number twice as large is e^(-1/2) as likely.
const PRIOR_OCTAVES: f64 = 2.0;
/// How many tail observations that assumption weighs.
const PRIOR_WEIGHT: f64 = 4.0;

/// What is known of one measurement's size. Any unit; only ratios matter.
///
/// Counts cover the running generation of 28 days and the one before.
///
/// ```
/// let mut bytes_out = homeostat_baseline::Volume::default();
/// for day in 0..20 {
///     bytes_out.learn(1_000.0 + f64::from(day), day);
/// }
/// assert!(bytes_out.tail(1_010.0) > 0.2);
/// assert!(bytes_out.tail(5e9) < 1e-3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    generation: i64,
    // INVARIANT: sorted by octave, none twice, all below `BINS`.
    bins: Vec<Bin>,
    // The sum of all bins. Not in the bytes.
    units: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bin {
    octave: u8,
    now: u32,
    before: u32,
}

impl Bin {
    fn count(&self) -> f64 {
        (f64::from(self.now) + f64::from(self.before)) / f64::from(UNIT)
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self { generation: i64::MIN, bins: Vec::new(), units: 0 }
    }
}

impl Volume {
    /// Learns one full observation of `size` on `day` (since 1970). A size below 0 or NaN counts as 0.
    pub fn learn(&mut self, size: f64, day: u32) {
        let generation = crate::calendar::generation(i64::from(day) * 24);
        self.learn_weighted(octave(size), UNIT, &Moment { generation, day });
    }

    /// Learns `weight` sixteenths of an observation in `octave`.
    pub(crate) fn learn_weighted(&mut self, octave: u8, weight: u32, at: &Moment) {
        self.turn(at.generation);
        let late = at.generation < self.generation;
        let (now, before) = if late { (0, weight) } else { (weight, 0) };
        self.put(Bin { octave: octave.min(BINS - 1), now, before });
    }

    /// The probability of a size this large or larger; 1 while nothing is known.
    pub fn tail(&self, size: f64) -> f64 {
        let total = self.support();
        let place = position(size);
        let edge = self.tail_edge(total);
        let share = |mass: f64| ((mass + 0.5) / (total + 1.0)).min(1.0);
        if total <= 0.0 {
            1.0
        } else if place < edge {
            share(self.above(place))
        } else {
            share(self.beyond(edge)) * libm::exp(-(place - edge) / self.tail_octaves(edge))
        }
    }

    /// The size that is exceeded with `probability`, from the histogram alone; 0 while nothing is known.
    pub fn usual_at_most(&self, probability: f64) -> f64 {
        let enough = self.support() * probability;
        let top = self.bins.iter().rev().find(|bin| self.beyond(f64::from(bin.octave)) > enough);
        top.map_or(0.0, |bin| libm::exp2(f64::from(bin.octave) + 1.0) - 1.0)
    }

    /// Observations behind this, after flood control and suspicion gate.
    pub fn support(&self) -> f64 {
        // A sum of sixteenths is exact, so this is what adding them up gives.
        self.units as f64 / f64::from(UNIT)
    }

    /// The mass above the octave of `place`, and half of what lies in it: of a bin's inside nothing is known.
    fn above(&self, place: f64) -> f64 {
        let part = |bin: &Bin| {
            let octave = f64::from(bin.octave);
            if octave > place {
                bin.count()
            } else if octave + 1.0 > place {
                0.5 * bin.count()
            } else {
                0.0
            }
        };
        self.bins.iter().map(part).sum()
    }

    /// The mass of the bins from `edge` on.
    fn beyond(&self, edge: f64) -> f64 {
        self.bins.iter().filter(|bin| f64::from(bin.octave) >= edge).map(Bin::count).sum()
    }

    /// The lowest octave edge above which at most 2 % lie.
    fn tail_edge(&self, total: f64) -> f64 {
        let mut mass = 0.0;
        for bin in self.bins.iter().rev() {
            mass += bin.count();
            if mass > TAIL * total {
                return f64::from(bin.octave) + 1.0;
            }
        }
        0.0
    }

    /// The mean excess over `edge`, in octaves.
    fn tail_octaves(&self, edge: f64) -> f64 {
        let beyond = self.bins.iter().filter(|bin| f64::from(bin.octave) >= edge);
        let (mut excess, mut weight) = (PRIOR_OCTAVES * PRIOR_WEIGHT, PRIOR_WEIGHT);
        for bin in beyond {
            excess += bin.count() * (f64::from(bin.octave) + 0.5 - edge);
            weight += bin.count();
        }
        excess / weight
    }

    fn add_up(&mut self) {
        self.units = self.bins.iter().map(|bin| u64::from(bin.now) + u64::from(bin.before)).sum();
    }

    fn put(&mut self, new: Bin) {
        self.units += u64::from(new.now) + u64::from(new.before);
        match self.bins.binary_search_by_key(&new.octave, |bin| bin.octave) {
            Err(at) => self.bins.insert(at, new),
            Ok(at) => {
                if let Some(bin) = self.bins.get_mut(at) {
                    let full = bin.now.checked_add(new.now).is_none()
                        || bin.before.checked_add(new.before).is_none();
                    bin.now = bin.now.saturating_add(new.now);
                    bin.before = bin.before.saturating_add(new.before);
                    if full {
                        self.add_up();
                    }
                }
            }
        }
    }

    fn turn(&mut self, generation: i64) {
        if generation <= self.generation {
            return;
        }
        let next = self.generation.checked_add(1) == Some(generation);
        self.generation = generation;
        for bin in &mut self.bins {
            (bin.before, bin.now) = (if next { bin.now } else { 0 }, 0);
        }
        self.bins.retain(|bin| bin.before > 0);
        self.add_up();
    }

    /// Bytes this takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.bins.len() * size_of::<Bin>()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.generation);
        put(out, self.bins.len() as u64);
        for bin in &self.bins {
            for field in [u32::from(bin.octave), bin.now, bin.before] {
                put(out, u64::from(field));
            }
        }
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "volume" };
        let mut read = Self { generation: fields.signed()?, ..Self::default() };
        for _ in 0..fields.count(usize::from(BINS))? {
            let octave = u8::try_from(fields.number()?).map_err(|_| INVALID)?;
            read.bins.push(Bin { octave, now: fields.small()?, before: fields.small()? });
        }
        read.add_up();
        let sorted = read.bins.is_sorted_by(|a, b| a.octave < b.octave);
        let sound = read.bins.last().is_none_or(|bin| bin.octave < BINS);
        if sorted && sound { Ok(read) } else { Err(INVALID) }
    }
}

impl Merge for Volume {
    fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        let newest = self.generation.max(other.generation);
        self.turn(newest);
        other.turn(newest);
        for bin in other.bins {
            self.put(bin);
        }
    }
}

/// log2(1 + size), at most 48.
fn position(size: f64) -> f64 {
    libm::log2(1.0 + if size > 0.0 { size } else { 0.0 }).min(f64::from(BINS))
}

/// The octave of `1 + size`, `0..48`.
pub(crate) fn octave(size: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..48")]
    let octave = position(size).clamp(0.0, 47.0) as u8;
    octave
}

/// A size in the middle of `octave`, for scoring what only its octave is known of.
pub(crate) fn middle(octave: u8) -> f64 {
    libm::exp2(f64::from(octave) + 0.5) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::conformance::merge_laws;
    use proptest::prelude::*;

    fn learnt(sizes: &[(f64, u32)]) -> Volume {
        let mut volume = Volume::default();
        let mut sizes = sizes.to_vec();
        sizes.sort_by_key(|(_, day)| *day);
        for (size, day) in sizes {
            volume.learn(size, day);
        }
        volume
    }

    proptest! {
        #[test]
        fn parts_merge_exactly(
            parts in prop::collection::vec(prop::collection::vec((0.0_f64..1e12, 0_u32..100), 0..50), 3),
        ) {
            let parts: Vec<Volume> = parts.iter().map(|part| learnt(part)).collect();
            prop_assert_eq!(merge_laws([&parts[0], &parts[1], &parts[2]], |a, b| a == b), Ok(()));
        }

        #[test]
        fn every_number_is_scored_and_learnt(size: f64, sizes in prop::collection::vec(any::<f64>(), 0..30)) {
            let mut volume = Volume::default();
            for size in &sizes {
                volume.learn(*size, 3);
            }
            let p = volume.tail(size);
            prop_assert!((0.0..=1.0).contains(&p), "{p}");
            prop_assert!(volume.tail(size.abs() * 2.0 + 1.0) <= volume.tail(size.abs()) + 1e-12);
            let mut out = Vec::new();
            volume.write(&mut out);
            prop_assert_eq!(Volume::read(&mut Fields(&out)).unwrap(), volume);
        }
    }

    #[test]
    fn a_hundred_times_the_usual_is_rare_and_the_usual_is_not() {
        let sizes: Vec<_> = (0..500).map(|n| (f64::from(1_000 + n % 700), 1)).collect();
        let volume = learnt(&sizes);
        assert!(volume.tail(1_300.0) > 0.1);
        assert!(volume.tail(150_000.0) < 2e-4, "{}", volume.tail(150_000.0));
        assert!(volume.usual_at_most(0.02) < 2_100.0);
    }
}
