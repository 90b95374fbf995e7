//! How rare is a score among all scores of its pool?
//!
//! A model's own p-value is as good as its assumptions; the rank among the scores that were really given is
//! good without any (conformal prediction; Vovk, Gammerman and Shafer 2005, section 2.2). A pool keeps counts
//! of scores in eighths of a bit, so a rank costs O(512) and the pool 4 KiB; pools merge exactly.

use crate::varint::{Fields, put};
use homeostat_core::{Bits, Merge, SnapshotError, SnapshotReader, SnapshotWriter};

/// Buckets of an eighth of a bit, up to 64 bits; beyond that all is one bucket.
const BUCKETS: usize = 512;
/// How many scores the model's own word is worth before the pool's rank outweighs it.
const TRUST: f64 = 50.0;

const MAGIC: [u8; 4] = *b"BPOL";
const VERSION: u16 = 1;

/// The scores given so far in one pool, such as one aspect of one kind of entity.
///
/// ```
/// use homeostat_baseline::Pool;
/// use homeostat_core::Bits;
///
/// let mut pool = Pool::default();
/// for _ in 0..1_000 {
///     pool.learn(Bits::new(20.0));
/// }
/// // What happens all the time is no surprise, whatever the model says.
/// assert!(pool.calibrate(Bits::new(20.0)) < Bits::new(0.1));
/// assert!(pool.calibrate(Bits::new(30.0)) > Bits::new(10.0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    counts: Vec<u64>,
    total: u64,
    // INVARIANT: all counts from here on are 0, so that a rank need not look at them.
    end: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, end: 0 }
    }
}

impl Pool {
    /// What `bits` are worth: at most what the rank among all scores allows, never more than `bits`.
    ///
    /// An empty pool allows 6.6 bits; one of 100,000 scores allows 17.6 to a score above all.
    pub fn calibrate(&self, bits: Bits) -> Bits {
        let from = bucket(bits).min(self.end);
        let above: u64 = self.counts.get(from..self.end).unwrap_or_default().iter().sum();
        Bits::of_probability((above as f64 + 0.5) / (self.total as f64 + TRUST)).min(bits)
    }

    /// Counts a score as one of the pool.
    pub fn learn(&mut self, bits: Bits) {
        self.total = self.total.saturating_add(1);
        let at = bucket(bits);
        self.end = self.end.max(at + 1);
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
    }

    /// States that there were `total` observations in all, those whose score went to other pools among them.
    pub fn pass_to(&mut self, total: u64) {
        self.total = self.total.max(total);
    }

    /// The number of scores counted.
    pub fn support(&self) -> u64 {
        self.total
    }

    /// The pool as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        let mut counts = Vec::new();
        self.write(&mut counts);
        out.bytes(&counts);
        out.finish()
    }

    /// The pool that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut counts = Fields(fields.bytes()?);
        let pool = Self::read(&mut counts)?;
        counts.finish()?;
        fields.finish()?;
        Ok(pool)
    }

    /// Bytes that its counts take in memory.
    pub(crate) const WEIGHT: usize = BUCKETS * size_of::<u64>();

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, self.total);
        for count in &self.counts {
            put(out, *count);
        }
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let mut read = Self { total: fields.number()?, ..Self::default() };
        for count in &mut read.counts {
            *count = fields.number()?;
        }
        read.end = read.counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        Ok(read)
    }
}

impl Merge for Pool {
    fn merge(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.end = self.end.max(other.end);
    }
}

fn bucket(bits: Bits) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bits lie in 0..=1000")]
    let eighths = (bits.get() * 8.0) as usize;
    eighths.min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::conformance::merge_laws;
    use proptest::prelude::*;

    fn pool(scores: &[f64]) -> Pool {
        let mut pool = Pool::default();
        for bits in scores {
            pool.learn(Bits::new(*bits));
        }
        pool
    }

    #[test]
    fn an_overconfident_model_is_brought_back_to_its_real_rate() {
        // The model calls one in a hundred a thirty-bit surprise.
        let mut pool = Pool::default();
        for number in 0..10_000 {
            pool.learn(Bits::new(if number % 100 == 0 { 30.0 } else { 1.0 }));
        }
        let worth = pool.calibrate(Bits::new(30.0)).get();
        assert!((6.4..6.8).contains(&worth), "{worth}");
    }

    proptest! {
        #[test]
        fn the_rank_is_monotone_and_never_above_the_model(
            scores in prop::collection::vec(0.0_f64..80.0, 0..200), low in 0.0_f64..80.0, more in 0.0_f64..40.0,
        ) {
            let pool = pool(&scores);
            let (one, other) = (Bits::new(low), Bits::new(low + more));
            prop_assert!(pool.calibrate(one) <= pool.calibrate(other));
            prop_assert!(pool.calibrate(one) <= one);
        }

        #[test]
        fn pools_merge(parts in prop::array::uniform3(prop::collection::vec(0.0_f64..80.0, 0..50))) {
            let [a, b, c] = parts.map(|part| pool(&part));
            prop_assert_eq!(merge_laws([&a, &b, &c], |x, y| x == y), Ok(()));
            prop_assert_eq!(Pool::from_bytes(&a.to_bytes()), Ok(a));
        }
    }
}
