//! How often does a peak this high come, and which height comes as rarely as promised?
//!
//! The rank among all peaks of the last weeks; above the highest few, an exponential tail in bits, which is a
//! generalised Pareto tail in 1/p (Pickands, Ann. Stat. 3(1), 1975). While little is known the scale of bits itself
//! is believed: 2^−b of all peaks reach b. O(buckets) a look-up, 2 KiB.

use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;

/// Buckets of an eighth of a bit.
const BUCKETS: usize = 512;
const PER_BIT: f64 = 8.0;
/// So many highest peaks make the tail: its slope is then known within a sixth.
const TOP: u64 = 32;
/// What the scale of bits itself weighs against the ranks, in peaks.
const TRUST: f64 = 50.0;
/// What the slope of that scale, 1/ln 2 bits, weighs against the highest peaks.
const SLOPE_TRUST: f64 = 8.0;
const SLOPE: f64 = core::f64::consts::LOG2_E;

/// Heights of peaks, in bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peaks {
    // INVARIANT: `BUCKETS` counts.
    counts: Vec<u32>,
    total: u64,
}

/// The tail as it was fitted to the peaks at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    edge: f64,
    share: f64,
    slope: f64,
}

impl Default for Peaks {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Peaks {
    /// Counts a peak.
    pub(crate) fn learn(&mut self, bits: f64) {
        self.total = self.total.saturating_add(1);
        if let Some(count) = self.counts.get_mut(bucket(bits)) {
            *count = count.saturating_add(1);
        }
    }

    /// Counts `quiet` times in which there was nothing at all.
    pub(crate) fn pass(&mut self, quiet: u64) {
        self.total = self.total.saturating_add(quiet);
    }

    /// Lets half of all go.
    pub(crate) fn halve(&mut self) {
        self.counts.iter_mut().for_each(|count| *count /= 2);
        self.total /= 2;
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The share of peaks that reach `bits`.
    pub(crate) fn tail(&self, fit: &Fit, bits: f64) -> f64 {
        if bits <= fit.edge { self.rank(bits) } else { fit.beyond(bits) }
    }

    /// The height that a share of `probability` reaches.
    pub(crate) fn quantile(&self, fit: &Fit, probability: f64) -> f64 {
        if probability < fit.share {
            return fit.edge + fit.slope * libm::log(fit.share / probability);
        }
        let (mut low, mut high) = (0.0, fit.edge);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if self.rank(middle) > probability { low = middle } else { high = middle }
        }
        high
    }

    /// Fits the tail to the highest peaks.
    pub(crate) fn fit(&self) -> Fit {
        let (mut above, mut start) = (0_u64, 0);
        for (at, count) in self.counts.iter().enumerate().rev() {
            above += u64::from(*count);
            if above >= TOP {
                start = at;
                break;
            }
        }
        let edge = start as f64 / PER_BIT;
        let highest = self.counts.iter().enumerate().skip(start);
        let (mut excess, mut weight) = (SLOPE_TRUST * SLOPE, SLOPE_TRUST);
        for (at, count) in highest {
            excess += f64::from(*count) * ((at as f64 + 0.5) / PER_BIT - edge);
            weight += f64::from(*count);
        }
        Fit { edge, share: self.rank(edge), slope: excess / weight }
    }

    fn rank(&self, bits: f64) -> f64 {
        let at = bucket(bits);
        let above: u64 = self.counts.iter().skip(at + 1).map(|count| u64::from(*count)).sum();
        let inside = ((at + 1) as f64 - bits * PER_BIT).clamp(0.0, 1.0);
        let own = self.counts.get(at).map_or(0.0, |count| f64::from(*count));
        let assumed = TRUST * libm::exp2(-bits);
        ((above as f64 + inside * own + assumed) / (self.total as f64 + TRUST)).min(1.0)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, self.total);
        let used = self.counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        put(out, used as u64);
        for count in self.counts.iter().take(used) {
            put(out, u64::from(*count));
        }
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let mut read = Self { total: fields.number()?, ..Self::default() };
        let used = fields.count(BUCKETS)?;
        for count in read.counts.iter_mut().take(used) {
            *count = fields.small()?;
        }
        let trimmed = used == 0 || read.counts.get(used - 1).is_some_and(|last| *last > 0);
        let sum: u64 = read.counts.iter().map(|count| u64::from(*count)).sum();
        if trimmed && sum <= read.total { Ok(read) } else { Err(SnapshotError::Invalid { field: "peaks" }) }
    }
}

impl Fit {
    fn beyond(&self, bits: f64) -> f64 {
        self.share * libm::exp(-(bits - self.edge) / self.slope)
    }
}

fn bucket(bits: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bits lie in 0..=1000")]
    let eighths = (bits * PER_BIT) as usize;
    eighths.min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_tail_goes_on_where_the_peaks_end() {
        let mut peaks = Peaks::default();
        // Peaks whose model is wrong: 2^(-b/2) of them reach b.
        for n in 1..=20_000 {
            peaks.learn(-2.0 * libm::log2(f64::from(n) / 20_001.0));
        }
        let fit = peaks.fit();
        for (share, height) in [(0.1, 6.64), (1e-3, 19.9), (1e-5, 33.2)] {
            let found = peaks.quantile(&fit, share);
            assert!((found - height).abs() < 0.08 * height, "{share}: {found}");
            assert!((peaks.tail(&fit, found) / share).ln().abs() < 0.1, "{share}");
        }
        assert!(
            Peaks::default().quantile(&Peaks::default().fit(), 1e-3) > 9.9,
            "unknown: the bits themselves"
        );
    }

    proptest! {
        #[test]
        fn shares_fall_and_bytes_are_all(heights in prop::collection::vec(0.0_f64..100.0, 0..200), low in 0.0_f64..70.0, more in 0.0_f64..30.0) {
            let mut peaks = Peaks::default();
            for bits in &heights {
                peaks.learn(*bits);
            }
            let fit = peaks.fit();
            prop_assert!(peaks.tail(&fit, low) >= peaks.tail(&fit, low + more) - 1e-12);
            let mut bytes = Vec::new();
            peaks.write(&mut bytes);
            prop_assert_eq!(Peaks::read(&mut Fields(&bytes)).unwrap(), peaks);
        }
    }
}
