//! How are the numbers of one column spread, when nobody tells their scale?
//!
//! A histogram over the binary logarithm of `1 + |x|` with the sign of `x`, read off the bits of the float, so that it is
//! the same on every platform. Its bins double in width, in pairs, until all that was learnt fits: no range is
//! asked of the user. O(1) a number, O(bins) a doubling, of which there are at most 63; four bytes a bin.

use crate::varint::{Fields, put, put_signed};
use homeostat_core::SnapshotError;

/// A full record's weight: what suspicion and floods leave of it is told in 1,024ths, so that sums are exact.
pub(super) const UNIT: u32 = 1_024;

/// A number as a table keeps it: 24 digits are more than any count or probability here has.
pub(super) fn kept(x: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
    let kept = x as f32;
    kept
}

/// Bins are shared out in groups of so many, which lend each other mass.
pub(super) const GROUP: usize = 8;

/// Steps of a position in one octave of `1 + |x|`: 2^20.
const OCTAVE_BITS: u32 = 20;

/// The place of a number on the logarithmic scale, in 2^-20 octaves: rising with the number, 0 for 0.
///
/// Between powers of two the scale is linear, which keeps it exact: the exponent and the leading digits of
/// `1 + |x|` are the position.
pub(super) fn position(x: f64) -> i64 {
    let steps = (1.0 + x.abs()).to_bits().saturating_sub(1.0_f64.to_bits()) >> (52 - OCTAVE_BITS);
    let steps = steps.cast_signed();
    if x < 0.0 { -steps } else { steps }
}

/// The number at a position: the other way round, up to a step.
pub(super) fn number(position: i64) -> f64 {
    let bits = 1.0_f64.to_bits().saturating_add(position.unsigned_abs() << (52 - OCTAVE_BITS));
    let size = f64::from_bits(bits) - 1.0;
    if position < 0 { -size } else { size }
}

/// Masses of numbers in `BINS` bins of equal width on the logarithmic scale.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ladder<const BINS: usize> {
    // A bin spans 2^width steps. INVARIANT: below 63.
    width: u32,
    // The number of the first bin: a multiple of `GROUP`.
    first: i64,
    bins: [u32; BINS],
    // INVARIANT: the sum of the bins, at most twice `keep`.
    total: u64,
    // Beyond this mass all is halved: the old fades.
    keep: u64,
}

impl<const BINS: usize> Ladder<BINS> {
    /// An empty histogram that remembers about `records` full records.
    pub(super) fn new(records: u32) -> Self {
        let keep = u64::from(records) * u64::from(UNIT);
        Self { width: 0, first: 0, bins: [0; BINS], total: 0, keep }
    }

    /// The mass of all bins, in records.
    pub(super) fn total(&self) -> f64 {
        self.total as f64 / f64::from(UNIT)
    }

    /// The masses of the bins, in records.
    pub(super) fn masses(&self) -> impl DoubleEndedIterator<Item = f64> + ExactSizeIterator + '_ {
        self.bins.iter().map(|mass| f64::from(*mass) / f64::from(UNIT))
    }

    /// The bin of a position; `None` outside of all that was learnt.
    pub(super) fn place(&self, position: i64) -> Option<usize> {
        let bin = (position >> self.width).checked_sub(self.first)?;
        usize::try_from(bin).ok().filter(|bin| *bin < BINS && self.total > 0)
    }

    /// Where bin `bin` begins; `BINS` gives the end of the last.
    pub(super) fn edge(&self, bin: usize) -> i64 {
        let bin = i64::try_from(bin).unwrap_or(0);
        self.first.saturating_add(bin) << self.width
    }

    /// Learns `weight` 1,024ths of a record at `position`; tells whether the bins changed their places.
    pub(super) fn learn(&mut self, position: i64, weight: u32) -> bool {
        if weight == 0 {
            return false;
        }
        let moved = self.place(position).is_none();
        if moved {
            self.widen(position);
        }
        let at = (position >> self.width).saturating_sub(self.first);
        if let Some(bin) = usize::try_from(at).ok().and_then(|at| self.bins.get_mut(at)) {
            *bin = bin.saturating_add(weight);
            self.total = self.total.saturating_add(u64::from(weight));
        }
        if self.total > self.keep {
            self.halve();
        }
        moved
    }

    /// Makes room for `position`: the least doublings with which all that is there fits beside it.
    fn widen(&mut self, position: i64) {
        let own = position >> self.width;
        let held = |bin: usize| self.first.saturating_add(i64::try_from(bin).unwrap_or(0));
        let least = self.bins.iter().position(|mass| *mass > 0).map_or(own, held).min(own);
        let most = self.bins.iter().rposition(|mass| *mass > 0).map_or(own, held).max(own);
        let group = i64::try_from(GROUP).unwrap_or(1);
        let start = |doublings: u32| (least >> doublings).div_euclid(group).saturating_mul(group);
        let room = i64::try_from(BINS).unwrap_or(i64::MAX);
        let fits = |doublings: &u32| (most >> doublings) - start(*doublings) < room;
        let doublings = (0..63 - self.width).find(fits).unwrap_or(62 - self.width);
        let mut bins = [0; BINS];
        for (bin, mass) in self.bins.iter().enumerate().filter(|(_, mass)| **mass > 0) {
            let at = (held(bin) >> doublings) - start(doublings);
            if let Some(new) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
                *new = mass.saturating_add(*new);
            }
        }
        (self.first, self.bins, self.width) = (start(doublings), bins, self.width + doublings);
    }

    fn halve(&mut self) {
        for mass in &mut self.bins {
            *mass /= 2;
        }
        self.total = self.bins.iter().map(|mass| u64::from(*mass)).sum();
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put(out, u64::from(self.width));
        put_signed(out, self.first);
        put(out, self.bins.iter().filter(|mass| **mass > 0).count() as u64);
        for (bin, mass) in self.bins.iter().enumerate().filter(|(_, mass)| **mass > 0) {
            put(out, bin as u64);
            put(out, u64::from(*mass));
        }
    }

    /// Reads what `write` wrote, into a histogram that remembers `records` records.
    pub(super) fn read(fields: &mut Fields<'_>, records: u32) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "histogram" };
        let mut read = Self { width: fields.small()?, first: fields.signed()?, ..Self::new(records) };
        let group = i64::try_from(GROUP).unwrap_or(1);
        if read.width > 62 || read.first % group != 0 || read.first.unsigned_abs() > 1 << 62 >> read.width {
            return Err(INVALID);
        }
        let mut least = 0;
        for _ in 0..fields.count(BINS)? {
            let (bin, mass) = (fields.place(BINS)?, fields.small()?);
            let slot = read.bins.get_mut(bin).filter(|_| bin >= least && mass > 0).ok_or(INVALID)?;
            (*slot, least) = (mass, bin + 1);
            read.total += u64::from(mass);
        }
        let sound = read.total <= read.keep && (read.total > 0 || (read.width, read.first) == (0, 0));
        if sound { Ok(read) } else { Err(INVALID) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn positions_rise_with_the_number_and_lead_back(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            prop_assert!((a <= b) == (position(a) <= position(b)) || position(a) == position(b));
            let back = number(position(a));
            prop_assert!((back - a).abs() <= (1.0 + a.abs()) * 2e-6, "{a} {back}");
        }

        /// The oracle keeps every position and counts those between a bin's edges.
        #[test]
        fn bins_hold_what_counting_all_numbers_gives(
            numbers in prop::collection::vec((any::<f64>(), 1_u32..2_000), 1..200),
        ) {
            let mut ladder = Ladder::<64>::new(1 << 17);
            let mut all = BTreeMap::<i64, u64>::new();
            for (x, weight) in numbers.iter().filter(|(x, _)| x.is_finite()) {
                ladder.learn(position(*x), *weight);
                *all.entry(position(*x)).or_default() += u64::from(*weight);
            }
            for (bin, mass) in ladder.bins.iter().enumerate() {
                let exact: u64 = all.range(ladder.edge(bin)..ladder.edge(bin + 1)).map(|(_, mass)| mass).sum();
                prop_assert_eq!(u64::from(*mass), exact);
            }
            prop_assert_eq!(ladder.total, all.values().sum::<u64>(), "nothing falls off an end");
            let mut out = Vec::new();
            ladder.write(&mut out);
            prop_assert!(Ladder::read(&mut Fields(&out), 1 << 17).unwrap() == ladder);
        }
    }

    #[test]
    fn what_is_old_fades() {
        let mut ladder = Ladder::<64>::new(100);
        for _ in 0..100 {
            ladder.learn(5, UNIT);
        }
        for _ in 0..1_000 {
            ladder.learn(900, UNIT);
        }
        let old = ladder.masses().next().unwrap();
        assert!(ladder.total() <= 100.0 && old < 0.2, "{old}");
    }
}
