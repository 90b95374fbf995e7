//! How rare is this word in its column, and are new words rare there at all?
//!
//! Counts of up to 256 hashed words; what finds no room takes the place of the rarest of eight (in the manner of
//! Metwally et al., "Space-Saving", ICDT 2005, without inherited counts). The chance of a new word is Good and
//! Turing's: words met once over all (Good, Biometrika 40, 1953), so that a column that is always new is never
//! news. O(8) a word, 3 KiB from the first word on.

use super::ladder::UNIT;
use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;

/// Words counted in one column; columns with more are told by the chance of a new word.
const SLOTS: usize = 256;
/// A word may stand in one of so many places.
const PROBES: usize = 8;

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Words {
    // Empty until the first word. INVARIANT: empty or `SLOTS` long; a slot is free when its mass is 0.
    slots: Vec<Slot>,
    // INVARIANT: at least the mass of all slots.
    total: u64,
    // Words met once so far, also those that lost their slot.
    once: u32,
    // Beyond this mass all is halved.
    keep: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Slot {
    tag: u32,
    mass: u32,
    again: bool,
}

impl Words {
    /// No words yet; remembers about `records` full records.
    pub(super) fn new(records: u32) -> Self {
        Self { slots: Vec::new(), total: 0, once: 0, keep: u64::from(records) * u64::from(UNIT) }
    }

    /// The share of the word, or the chance of a new word when that is higher: `0..=1`, 1 while nothing is known.
    pub(super) fn share(&self, tag: u32) -> f64 {
        let mass =
            self.slots.get(self.find(tag).0).filter(|slot| slot.tag == tag).map_or(0, |slot| slot.mass);
        let own = f64::from(mass) / f64::from(UNIT) / (self.total() + 1.0);
        own.max(self.chance_of_new()).min(1.0)
    }

    /// The chance that the next word is a new one.
    pub(super) fn chance_of_new(&self) -> f64 {
        ((f64::from(self.once) + 1.0) / (self.total() + 1.0)).min(1.0)
    }

    /// Whether the word is counted.
    pub(super) fn knows(&self, tag: u32) -> bool {
        self.find(tag).1
    }

    /// How many words are counted.
    pub(super) fn counted(&self) -> usize {
        self.slots.iter().filter(|slot| slot.mass > 0).count()
    }

    /// The mass of all words, in records.
    pub(super) fn total(&self) -> f64 {
        self.total as f64 / f64::from(UNIT)
    }

    /// Learns `weight` 1,024ths of a record with this word.
    pub(super) fn learn(&mut self, tag: u32, weight: u32) {
        if weight == 0 {
            return;
        }
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); SLOTS];
        }
        let (at, known) = self.find(tag);
        let Some(slot) = self.slots.get_mut(at) else { return };
        if known {
            self.once = self.once.saturating_sub(u32::from(!slot.again));
            (slot.again, slot.mass) = (true, slot.mass.saturating_add(weight));
        } else {
            self.once = self.once.saturating_add(1);
            *slot = Slot { tag, mass: weight, again: false };
        }
        self.total = self.total.saturating_add(u64::from(weight));
        if self.total > self.keep {
            self.halve();
        }
    }

    /// The slot of the word and `true`, or the one it would take.
    fn find(&self, tag: u32) -> (usize, bool) {
        let start = usize::try_from(tag).unwrap_or(0);
        let (mut rarest, mut least) = (0, u32::MAX);
        for at in (0..PROBES).map(|probe| start.wrapping_add(probe) % SLOTS) {
            let slot = self.slots.get(at).copied().unwrap_or_default();
            if slot.tag == tag && slot.mass > 0 {
                return (at, true);
            }
            if slot.mass < least {
                (rarest, least) = (at, slot.mass);
            }
        }
        (rarest, false)
    }

    fn halve(&mut self) {
        for slot in &mut self.slots {
            slot.mass /= 2;
            if slot.mass == 0 {
                *slot = Slot::default();
            }
        }
        (self.total, self.once) = (self.total / 2, self.once / 2);
    }

    /// Bytes of the slots.
    pub(super) fn weight(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put(out, u64::from(!self.slots.is_empty()));
        put(out, self.total);
        put(out, u64::from(self.once));
        put(out, self.counted() as u64);
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.mass > 0) {
            put(out, at as u64);
            put(out, u64::from(slot.tag));
            put(out, u64::from(slot.mass) << 1 | u64::from(slot.again));
        }
    }

    pub(super) fn read(fields: &mut Fields<'_>, records: u32) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "words" };
        let mut read = Self::new(records);
        if fields.place(2)? == 1 {
            read.slots = vec![Slot::default(); SLOTS];
        }
        (read.total, read.once) = (fields.number()?, fields.small()?);
        let (mut least, mut sum) = (0, 0);
        for _ in 0..fields.count(SLOTS)? {
            let (at, tag, mass) = (fields.place(SLOTS)?, fields.small()?, fields.number()?);
            let slot = read.slots.get_mut(at).filter(|_| at >= least).ok_or(INVALID)?;
            let (again, mass) = (mass & 1 == 1, u32::try_from(mass >> 1).map_err(|_| INVALID)?);
            *slot = Slot { tag, mass, again };
            (least, sum) = (at + 1, sum + u64::from(mass));
            if mass == 0 {
                return Err(INVALID);
            }
        }
        if sum <= read.total && read.total <= read.keep { Ok(read) } else { Err(INVALID) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// The oracle counts every word. Few words share a place, so the counts are exact.
        #[test]
        fn shares_are_those_of_counting_all_words(words in prop::collection::vec(0_u32..8, 1..200)) {
            let mut learnt = Words::new(1 << 17);
            let mut exact = BTreeMap::<u32, u32>::new();
            for word in &words {
                learnt.learn(word * 0x9E37, UNIT);
                *exact.entry(*word).or_default() += 1;
            }
            let all = words.len() as f64 + 1.0;
            let once = exact.values().filter(|count| **count == 1).count() as f64;
            for word in 0..10 {
                let own = exact.get(&word).map_or(0.0, |count| f64::from(*count) / all);
                let expected = own.max((once + 1.0) / all).min(1.0);
                prop_assert!((learnt.share(word * 0x9E37) - expected).abs() < 1e-12);
            }
            let mut out = Vec::new();
            learnt.write(&mut out);
            prop_assert!(Words::read(&mut Fields(&out), 1 << 17).unwrap() == learnt);
        }
    }

    #[test]
    fn a_column_that_is_always_new_is_no_news() {
        let mut identifiers = Words::new(1 << 17);
        for n in 0..5_000_u32 {
            identifiers.learn(n.wrapping_mul(0x9E37_79B9), UNIT);
        }
        assert!(identifiers.share(77) > 0.9);
        assert!(identifiers.counted() <= SLOTS);
    }
}
