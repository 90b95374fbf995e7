//! How rare is this cell in its column?
//!
//! A number by the mass of all bins that are no denser than its own (the density-level form of a p-value), so that
//! every number in a long thin tail is as rare as the tail is, and one in a gap is rarer; a word by its share.
//! What a number's rarity is, is worked out once in a fraction of a tick, not for each record: O(1) a number.

use super::climb::Climb;
use super::ladder::{GROUP, Ladder, UNIT, kept, position};
use super::words::Words;
use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;
use libm::log2;

/// Full records that a column remembers at most: then all counts are halved.
pub(super) const MEMORY: u32 = 1 << 17;
/// Bins of a column: one spans a 32nd to a 64th of the column's range in octaves.
pub(super) const BINS: usize = 64;
/// A group that holds this share of its column is believed bin by bin; in a lesser one neighbours speak for each other.
const SMOOTHING: f64 = 0.1;
/// Words of a column in which more than this share is new are told apart no more.
const MOSTLY: f64 = 0.5;
/// Steps of density told apart: quarters of a bit, 32 bits down.
const LEVELS: usize = 128;

/// One cell, as its column reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    Absent,
    Number(i64),
    Word(u32),
}

impl Reading {
    /// A number's reading; what is no finite number is absent.
    pub(super) fn of_number(x: f64) -> Self {
        if x.is_finite() { Self::Number(position(x)) } else { Self::Absent }
    }

    fn kind(self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Number(_) => 1,
            Self::Word(_) => 2,
        }
    }
}

/// How rare a cell is, and how probable its bin or word.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rarity {
    /// Bits.
    pub(super) bits: f64,
    /// `0..=1`.
    pub(super) share: f64,
}

/// What was learnt of one column.
#[derive(Clone, PartialEq)]
pub(super) struct Column {
    pub(super) numbers: Ladder<BINS>,
    pub(super) words: Words,
    climb: Climb,
    // Masses of absent cells, numbers and words.
    kinds: [u64; 3],
    told: Told,
}

/// What is told of numbers, as of the last fit.
#[derive(Clone, PartialEq)]
struct Told {
    bits: [f32; BINS],
    share: [f32; BINS],
    // Of a number outside of all bins.
    outside: f32,
    kinds: [f32; 3],
}

impl Column {
    pub(super) fn new() -> Self {
        let told = Told { bits: [0.0; BINS], share: [1.0; BINS], outside: 0.0, kinds: [0.0; 3] };
        Self {
            numbers: Ladder::new(MEMORY),
            words: Words::new(MEMORY),
            climb: Climb::default(),
            kinds: [0; 3],
            told,
        }
    }

    /// How rare a cell is. What kind of cell it is, a number, a word or none, counts too.
    pub(super) fn rarity(&self, reading: Reading) -> Rarity {
        let kind = f64::from(self.told.kinds.get(reading.kind()).copied().unwrap_or(0.0));
        let own = match reading {
            Reading::Absent => Rarity { bits: 0.0, share: 1.0 },
            Reading::Number(position) => self.number(position),
            Reading::Word(tag) => {
                let share = self.words.share(tag);
                Rarity { bits: -log2(share), share }
            }
        };
        Rarity { bits: own.bits + kind, ..own }
    }

    /// Whether such cells are new each time, as identifiers and counters are: then none tells anything.
    pub(super) fn is_always_new(&self, reading: Reading) -> bool {
        match reading {
            Reading::Absent => false,
            Reading::Number(_) => self.climb.is_clock(),
            Reading::Word(_) => self.words.chance_of_new() > MOSTLY,
        }
    }

    fn number(&self, position: i64) -> Rarity {
        let told = self.numbers.place(position).and_then(|at| {
            let (bits, share) = (self.told.bits.get(at)?, self.told.share.get(at)?);
            Some(Rarity { bits: f64::from(*bits), share: f64::from(*share) })
        });
        told.unwrap_or(Rarity { bits: f64::from(self.told.outside), share: 0.0 })
    }

    /// Learns a cell with `weight` 1,024ths of a record.
    pub(super) fn learn(&mut self, reading: Reading, weight: u32) {
        if let Some(mass) = self.kinds.get_mut(reading.kind()) {
            *mass = mass.saturating_add(u64::from(weight));
        }
        match reading {
            Reading::Absent => {}
            Reading::Word(tag) => self.words.learn(tag, weight),
            Reading::Number(position) => {
                self.climb.learn(position);
                if self.numbers.learn(position, weight) {
                    self.fit();
                }
            }
        }
    }

    /// Works out anew what is told of numbers and kinds.
    pub(super) fn fit(&mut self) {
        let total: u64 = self.kinds.iter().sum();
        if total > u64::from(MEMORY) * u64::from(UNIT) {
            self.kinds = self.kinds.map(|mass| mass / 2);
        }
        let all = self.kinds.iter().map(|mass| *mass as f64 / f64::from(UNIT)).sum::<f64>() + 1.5;
        let rare = |mass: u64| kept(-log2((mass as f64 / f64::from(UNIT) + 0.5) / all));
        self.told.kinds = if total == 0 { [0.0; 3] } else { self.kinds.map(rare) };
        if self.numbers.total() > 0.0 {
            self.fit_numbers();
        }
    }

    fn fit_numbers(&mut self) {
        let total = self.numbers.total();
        let mut masses = [0.0; BINS];
        for (slot, mass) in masses.iter_mut().zip(self.numbers.masses()) {
            *slot = mass;
        }
        for (group, shares) in masses.chunks(GROUP).zip(self.told.share.chunks_mut(GROUP)) {
            let whole: f64 = group.iter().sum();
            let lent = 1.0 / GROUP as f64;
            let trust = 1.0 + SMOOTHING * total;
            let upper = (whole + lent) / (total + 1.0);
            for (mass, share) in group.iter().zip(shares) {
                *share = kept(upper * (mass + trust * lent) / (whole + trust));
            }
        }
        // The mass at each level of density, then the mass at or below it.
        let mut levels = [0.0; LEVELS];
        for (mass, share) in masses.iter().zip(&self.told.share).filter(|(mass, _)| **mass > 0.0) {
            if let Some(sum) = levels.get_mut(level(*share)) {
                *sum += mass;
            }
        }
        let mut below = 0.5;
        for sum in levels.iter_mut().rev() {
            let own = *sum;
            *sum = -log2(((below + 0.5 * own) / (total + 1.0)).min(1.0));
            below += own;
        }
        let bits_at = |share: f32| levels.get(level(share)).map_or(0.0, |bits| kept(*bits));
        for (bits, share) in self.told.bits.iter_mut().zip(&self.told.share) {
            *bits = bits_at(*share);
        }
        self.told.outside = bits_at(0.0);
    }

    /// The range in which all but about one in fifty of the numbers lie; `None` before the first.
    pub(super) fn usual_range(&self) -> Option<(i64, i64)> {
        let beside = self.numbers.total() * 0.01;
        let reached = |sum: &mut f64, mass: f64| {
            *sum += mass;
            Some(*sum > beside)
        };
        let low = self.numbers.masses().scan(0.0, reached).position(|enough| enough)?;
        let high = self.numbers.masses().rev().scan(0.0, reached).position(|enough| enough)?;
        Some((self.numbers.edge(low), self.numbers.edge(BINS - high)))
    }

    /// The mass of all cells of this reading's kind, in records.
    pub(super) fn support(&self, reading: Reading) -> f64 {
        self.kinds.get(reading.kind()).map_or(0.0, |mass| *mass as f64 / f64::from(UNIT))
    }

    /// The share of the cells that are of this reading's kind.
    pub(super) fn share_of_kind(&self, reading: Reading) -> f64 {
        let all: u64 = self.kinds.iter().sum();
        self.support(reading) * f64::from(UNIT) / (all.max(1) as f64)
    }

    /// Bytes of its heap.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.words.weight()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.numbers.write(out);
        self.words.write(out);
        self.climb.write(out);
        for mass in self.kinds {
            put(out, mass);
        }
        let floats = self.told.bits.iter().chain(&self.told.share).chain(&self.told.kinds);
        for float in floats.chain([&self.told.outside]) {
            put(out, u64::from(float.to_bits()));
        }
    }

    /// Reads what a snapshot of `version` holds; the first knew nothing of counters.
    pub(super) fn read(fields: &mut Fields<'_>, version: u16) -> Result<Self, SnapshotError> {
        let mut read = Self::new();
        read.numbers = Ladder::read(fields, MEMORY)?;
        read.words = Words::read(fields, MEMORY)?;
        if version > 1 {
            read.climb = Climb::read(fields)?;
        }
        for mass in &mut read.kinds {
            *mass = fields.number()?;
            if *mass > 1 << 40 {
                return Err(SnapshotError::Invalid { field: "kinds" });
            }
        }
        let told = &mut read.told;
        let floats = told.bits.iter_mut().chain(&mut told.share).chain(&mut told.kinds);
        for float in floats.chain([&mut told.outside]) {
            *float = f32::from_bits(fields.small()?);
            if !(0.0..=1_000.0).contains(float) {
                return Err(SnapshotError::Invalid { field: "rarity" });
            }
        }
        Ok(read)
    }
}

/// The level of density of a share: quarters of a bit.
fn level(share: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..LEVELS")]
    let level = (-4.0 * log2(f64::from(share).max(1e-30))).clamp(0.0, LEVELS as f64 - 1.0) as usize;
    level
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn learnt(numbers: &[f64]) -> Column {
        let mut column = Column::new();
        for x in numbers {
            column.learn(Reading::of_number(*x), UNIT);
        }
        column.fit();
        column
    }

    #[test]
    fn a_number_in_a_gap_is_rarer_than_one_in_a_long_tail() {
        let mut numbers: Vec<f64> = (0..2_000).map(|n| 100.0 + f64::from(n % 10)).collect();
        numbers.extend((0..200).map(|n| 1_000.0 + 40.0 * f64::from(n)));
        let column = learnt(&numbers);
        let bits = |x: f64| column.rarity(Reading::of_number(x)).bits;
        assert!(bits(104.0) < 2.0, "{}", bits(104.0));
        assert!(bits(4_000.0) > 2.0 && bits(4_000.0) < 7.0, "{}", bits(4_000.0));
        assert!(bits(300.0) > 8.0, "{}", bits(300.0));
        assert!(bits(1e9) > 8.0 && bits(-5.0) > 8.0);
    }

    #[test]
    fn an_absent_cell_is_normal_where_cells_are_absent() {
        let mut column = learnt(&[1.0; 500]);
        assert!(column.rarity(Reading::Absent).bits > 8.0);
        for _ in 0..500 {
            column.learn(Reading::of_number(f64::NAN), UNIT);
        }
        column.fit();
        assert!(column.rarity(Reading::Absent).bits < 1.1);
        assert!((column.share_of_kind(Reading::Absent) - 0.5).abs() < 1e-9);
    }

    proptest! {
        /// The oracle adds up, number by number, all that lie in bins no denser than this one's.
        #[test]
        fn rarity_is_the_mass_of_all_that_is_no_denser(
            numbers in prop::collection::vec(-1e4_f64..1e4, 1..300), asked in -1e4_f64..1e4,
        ) {
            let column = learnt(&numbers);
            let share = |x: f64| kept(column.rarity(Reading::of_number(x)).share);
            let own = level(share(asked));
            let denser = |x: &&f64| level(share(**x)) < own;
            let equal = numbers.iter().filter(|x| level(share(**x)) == own).count() as f64;
            let below = numbers.len() as f64 - numbers.iter().filter(denser).count() as f64 - equal;
            let exact = -log2((below + 0.5 * equal + 0.5) / (numbers.len() as f64 + 1.0));
            let kind = f64::from(column.told.kinds[1]);
            let told = column.rarity(Reading::of_number(asked)).bits - kind;
            prop_assert!((told - exact).abs() < 1e-4, "{told} {exact}");
        }
    }
}
