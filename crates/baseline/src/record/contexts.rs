//! How rare is this number among records whose words are the same?
//!
//! Counts of (words of the record, column, eighth of an octave) in one hashed table, each beside the count of the
//! words alone; while few such records are known, the column's own spread speaks for them (interpolation with the
//! weight of `TRUST` records, as in Jelinek and Mercer, 1980). Collisions add counts, so they hide and never
//! accuse. O(1) a cell, 512 KiB from the first record with words on.

use super::ladder::UNIT;
use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;

/// Cells of the table: a power of two.
const CELLS: usize = 1 << 17;
/// Records of the same words that weigh as much as the column's own spread.
const TRUST: f64 = 4.0;
/// All is halved when so many full records were learnt since it last was.
const MEMORY: u64 = 1 << 17;

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contexts {
    // Empty until the first record with words. INVARIANT: empty or `CELLS` long.
    cells: Vec<u32>,
    // 1,024ths of records since all was halved.
    since: u64,
}

/// The records of one choice of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    hash: u64,
    // Records with these words so far.
    records: f64,
}

impl Contexts {
    pub(super) fn new() -> Self {
        Self { cells: Vec::new(), since: 0 }
    }

    /// The context of words with this hash.
    pub(super) fn of(&self, hash: u64) -> Context {
        Context { hash, records: self.count(hash) }
    }

    /// The probability of the cell with hash `cell` in the context, where its column alone gives `share`.
    pub(super) fn share(&self, context: Context, cell: u64, share: f64) -> f64 {
        let own = self.count(joined(context.hash, cell)).min(context.records);
        ((own + TRUST * share) / (context.records + TRUST)).max(1e-12)
    }

    /// Learns `weight` 1,024ths of a record with these words; `cells` are the hashes of its other cells.
    pub(super) fn learn(&mut self, hash: u64, cells: impl Iterator<Item = u64>, weight: u32) {
        if self.cells.is_empty() {
            self.cells = vec![0; CELLS];
        }
        self.add(hash, weight);
        for cell in cells {
            self.add(joined(hash, cell), weight);
        }
        self.since = self.since.saturating_add(u64::from(weight));
        if self.since > MEMORY * u64::from(UNIT) {
            self.since = 0;
            self.cells.iter_mut().for_each(|mass| *mass /= 2);
        }
    }

    fn add(&mut self, hash: u64, weight: u32) {
        if let Some(mass) = self.cells.get_mut(place(hash)) {
            *mass = mass.saturating_add(weight);
        }
    }

    fn count(&self, hash: u64) -> f64 {
        self.cells.get(place(hash)).map_or(0.0, |mass| f64::from(*mass) / f64::from(UNIT))
    }

    /// Bytes of the table.
    pub(super) fn weight(&self) -> usize {
        self.cells.len() * size_of::<u32>()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put(out, self.since);
        put(out, u64::from(!self.cells.is_empty()));
        put(out, self.cells.iter().filter(|mass| **mass > 0).count() as u64);
        let mut last = 0;
        for (at, mass) in self.cells.iter().enumerate().filter(|(_, mass)| **mass > 0) {
            put(out, (at - last) as u64);
            put(out, u64::from(*mass));
            last = at;
        }
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "contexts" };
        let mut read = Self { since: fields.number()?, cells: Vec::new() };
        if fields.place(2)? == 1 {
            read.cells = vec![0; CELLS];
        }
        let (mut at, count) = (0_usize, fields.count(CELLS)?);
        for number in 0..count {
            let step = fields.place(CELLS)?;
            at = at.checked_add(step).filter(|_| step > 0 || number == 0).ok_or(INVALID)?;
            let mass = fields.small()?;
            *read.cells.get_mut(at).filter(|_| mass > 0).ok_or(INVALID)? = mass;
        }
        if read.since <= MEMORY * u64::from(UNIT) { Ok(read) } else { Err(INVALID) }
    }
}

/// One hash of two.
pub(super) fn joined(a: u64, b: u64) -> u64 {
    let mixed = (a.rotate_left(23) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ mixed >> 32
}

fn place(hash: u64) -> usize {
    usize::try_from(hash % CELLS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// The oracle keeps every pair of words and cell.
        #[test]
        fn shares_are_those_of_counting_all_pairs(
            records in prop::collection::vec((0_u64..5, 0_u64..7), 1..100),
        ) {
            let mut contexts = Contexts::new();
            let (mut words, mut pairs) = (BTreeMap::<u64, f64>::new(), BTreeMap::<(u64, u64), f64>::new());
            let hash = |n: u64| joined(n, 77);
            for (word, cell) in &records {
                contexts.learn(hash(*word), [hash(100 + cell)].into_iter(), UNIT);
                *words.entry(*word).or_default() += 1.0;
                *pairs.entry((*word, *cell)).or_default() += 1.0;
            }
            for word in 0..6 {
                for cell in 0..8 {
                    let (n, own) = (words.get(&word).unwrap_or(&0.0), pairs.get(&(word, cell)).unwrap_or(&0.0));
                    let exact = (own + 4.0 * 0.1) / (n + 4.0);
                    let told = contexts.share(contexts.of(hash(word)), hash(100 + cell), 0.1);
                    prop_assert!((told - exact).abs() < 1e-9, "{told} {exact}");
                }
            }
            let mut out = Vec::new();
            contexts.write(&mut out);
            prop_assert!(Contexts::read(&mut Fields(&out)).unwrap() == contexts);
        }
    }
}
