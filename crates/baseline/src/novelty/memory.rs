//! Which values were seen, and which seen again: two bitmaps in one piece of memory, their set bits counted.
//!
//! The counts make what a score asks of the maps O(1); they follow from the maps and are in no bytes.

use crate::trace::{bit, folded, place, set};

/// The traces of one feature's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    // What was seen, then what was seen again. INVARIANT: halves of equal length, a power of two of words or none.
    maps: Box<[u64]>,
    // Set bits of the two. INVARIANT: as in the maps, which have at most 4,096 bits each.
    ones: [u16; 2],
}

impl Memory {
    /// The memory of two maps of equal length.
    pub(super) fn of(seen: &[u64], again: &[u64]) -> Self {
        let ones = |map: &[u64]| {
            let ones: u32 = map.iter().map(|word| word.count_ones()).sum();
            u16::try_from(ones).unwrap_or(u16::MAX)
        };
        Self { maps: [seen, again].concat().into_boxed_slice(), ones: [ones(seen), ones(again)] }
    }

    pub(super) fn seen(&self) -> &[u64] {
        self.maps.split_at(self.words()).0
    }

    pub(super) fn again(&self) -> &[u64] {
        self.maps.split_at(self.words()).1
    }

    /// Words of one map; 0 before the first value.
    pub(super) fn words(&self) -> usize {
        self.maps.len() / 2
    }

    /// Bits of one map.
    pub(super) fn bits(&self) -> f64 {
        self.words() as f64 * 64.0
    }

    /// Set bits: of what was seen, of what was seen again.
    pub(super) fn ones(&self) -> (f64, f64) {
        let [seen, again] = self.ones;
        (f64::from(seen), f64::from(again))
    }

    /// Whether the bit of `tag` is set.
    pub(super) fn holds(&self, tag: u32) -> bool {
        bit(self.seen(), tag)
    }

    /// Whether two tags share a bit.
    pub(super) fn share(&self, one: u32, other: u32) -> bool {
        // INVARIANT of `maps`: a power of two, so that the lower bits choose.
        let mask = u32::try_from((self.words() * 64).saturating_sub(1)).unwrap_or(u32::MAX);
        (one ^ other) & mask == 0
    }

    /// Leaves a trace of `tag` in maps of `words` words; tells for how many new values the trace stands, 0 when it was
    /// there: in a map three quarters full, one that finds a free bit stands for four.
    pub(super) fn remember(&mut self, tag: u32, words: usize) -> u32 {
        if self.maps.is_empty() {
            self.maps = vec![0; words * 2].into_boxed_slice();
        }
        let bits = u32::try_from(self.words() * 64).unwrap_or(0);
        let known = self.holds(tag);
        let free = bits - u32::from(self.ones[0]);
        let half = self.words();
        let (seen, again) = self.maps.split_at_mut(half);
        let [seen_ones, again_ones] = &mut self.ones;
        if known {
            *again_ones += u16::from(!bit(again, tag));
            set(again, tag);
            return 0;
        }
        *seen_ones += 1;
        set(seen, tag);
        bits.checked_div(free).unwrap_or(1)
    }

    /// Takes the trace of `tag` away.
    pub(super) fn clear(&mut self, tag: u32) {
        let words = self.words();
        let Some((word, mask)) = place(words, tag) else { return };
        let (mut seen, mut again) = (self.seen().to_vec(), self.again().to_vec());
        for map in [&mut seen, &mut again] {
            map.iter_mut().skip(word).take(1).for_each(|bits| *bits &= !mask);
        }
        *self = Self::of(&seen, &again);
    }

    /// A wide memory and a narrow one join at the narrow width, into which the wide one folds exactly.
    pub(super) fn join(&mut self, other: &Self) {
        if self.maps.is_empty() || other.maps.is_empty() {
            if self.maps.is_empty() {
                *self = other.clone();
            }
            return;
        }
        let words = self.words().min(other.words());
        let (mine, mine_again) = (folded(self.seen(), words), folded(self.again(), words));
        let (theirs, theirs_again) = (folded(other.seen(), words), folded(other.again(), words));
        let both = mine.iter().zip(&theirs);
        let again: Vec<u64> = mine_again
            .iter()
            .zip(&theirs_again)
            .zip(both.clone())
            .map(|((a, b), (x, y))| a | b | x & y)
            .collect();
        let seen: Vec<u64> = both.map(|(x, y)| x | y).collect();
        *self = Self::of(&seen, &again);
    }

    /// Bytes beyond its own.
    pub(super) fn weight(&self) -> usize {
        self.maps.len() * size_of::<u64>()
    }
}
