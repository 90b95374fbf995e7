//! The hash of table keys and values: seeded per tenant, so that nobody outside can choose values that collide.
//!
//! Folded multiplication of 8-byte words, the scheme of the wyhash family: O(n) time, no memory. It is no shard
//! hash (that is public, in core) and promises nothing to other programs.

use std::hash::{BuildHasher, Hasher};

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The number of a feature: the upper half of the public hash of its name. Names are the caller's own words, so
/// nobody outside can choose them.
pub(crate) fn feature(name: &str) -> u32 {
    (homeostat_core::xxh64(name.as_bytes()) >> 32) as u32
}

/// A tenant's seed. Travels in the snapshot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// The hash of `text` as a value of feature `feature`.
    pub(crate) fn value(self, feature: u32, text: &str) -> u64 {
        let mut hasher = Folded(self.0 ^ u64::from(feature).wrapping_mul(STEP));
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

/// The hash of two hashes, in this order.
pub(crate) fn both(first: u64, second: u64) -> u64 {
    let (low, high) = (first ^ second.rotate_left(32)).carrying_mul(STEP, 0);
    low ^ high
}

impl BuildHasher for Seed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

/// The running hash.
pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let tail = rest.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        self.write_u64(tail ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        let (low, high) = (self.0 ^ value).wrapping_add(STEP).carrying_mul(STEP ^ self.0.rotate_left(32), 0);
        self.0 = low ^ high;
    }

    fn finish(&self) -> u64 {
        let (low, high) = (self.0 ^ STEP).carrying_mul(0xD6E8_FEB8_6659_FD93, 0);
        low ^ high
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;
    use std::collections::BTreeSet;

    #[test]
    fn values_scatter_and_depend_on_seed_and_feature() {
        let mut seen = BTreeSet::new();
        for number in 0..10_000 {
            seen.insert(Seed(7).value(1, &number.to_string()) >> 32);
        }
        assert!(seen.len() > 9_990);
        assert_ne!(Seed(7).value(1, "DE"), Seed(8).value(1, "DE"));
        assert_ne!(Seed(7).value(1, "DE"), Seed(7).value(2, "DE"));
        assert_ne!(Seed(7).value(1, ""), Seed(7).value(1, "\0"));
    }
}
