//! Chance that is the same on every platform: `SplitMix64`, integers only.
//!
//! Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), figure 17. Each part
//! of the tenant draws from a stream of its own, named by a label, so that adding one part moves no other.
//! A draw takes O(1) time; the state is 8 bytes.

use homeostat_core::xxh64;

/// Letters and digits as session and connection ids use them.
pub(crate) const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Capitals and digits as AWS key and principal ids use them.
pub(crate) const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream named `label` of the tenant with this seed.
    pub(crate) fn of(seed: u64, label: &str) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ xxh64(label.as_bytes()))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // The high half of the product is below `limit`; its bias is at most limit / 2^64.
        let product = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A place in a list of `length` items; 0 when it is empty.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `low` on and below `high`; `low` when there is none.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        low.saturating_add_unsigned(self.below(width))
    }

    /// Whether something comes about that does so in `part` of `whole` cases.
    pub(crate) fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// One of `items`, each as likely; the default of an empty list.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        items.get(self.index(items.len())).copied().unwrap_or_default()
    }

    /// A number below `limit` that is the likelier the smaller it is, as visits to web sites are.
    pub(crate) fn skewed(&mut self, limit: u64) -> u64 {
        let most = self.below(limit).saturating_add(1);
        let most = self.below(most).saturating_add(1);
        self.below(most)
    }

    /// `length` characters of `alphabet`.
    pub(crate) fn token(&mut self, length: usize, alphabet: &[u8]) -> String {
        (0..length).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// A random UUID in its usual spelling.
    pub(crate) fn uuid(&mut self) -> String {
        let [head, middle, tail] = [8, 4, 12].map(|digits| self.hex(digits));
        let [version, variant] = [3, 3].map(|digits| self.hex(digits));
        format!("{head}-{middle}-4{version}-a{variant}-{tail}")
    }

    /// `length` hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.token(length, HEX)
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;
    use proptest::prelude::*;

    #[test]
    fn published_vector_holds() {
        // The reference implementation's first numbers from seed 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!([rng.bits(), rng.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    proptest! {
        #[test]
        fn draws_keep_their_range(seed: u64, low in -1_000_i64..1_000, width in 1_i64..1_000) {
            let mut rng = Rng::of(seed, "range");
            let drawn = rng.between(low, low + width);
            prop_assert!((low..low + width).contains(&drawn));
            prop_assert!(rng.skewed(width.unsigned_abs()) < width.unsigned_abs());
        }
    }

    #[test]
    fn labels_name_separate_streams() {
        assert_ne!(Rng::of(1, "a").bits(), Rng::of(1, "b").bits());
        assert_ne!(Rng::of(1, "a").bits(), Rng::of(2, "a").bits());
    }
}
