//! Do these events come at a beat, or by chance?
//!
//! Moran's statistic of spacings (Moran, J. R. Stat. Soc. B 13(1), 1951): the logarithm of the mean interval less
//! the mean of the logarithms is 0 for a clock and about Euler's 0.577 for events by chance, whatever their rate.
//! By chance 2n times it, over Bartlett's factor 1 + (n + 1)/(6n), follows χ² of n − 1 degrees (Bartlett, Proc. R.
//! Soc. A 160, 1937). O(1) an event and 24 bytes: the last time, and two sums beside their count.

use homeostat_core::{Bits, Merge, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use std::time::Duration;

const MAGIC: [u8; 4] = *b"HPER";
const VERSION: u16 = 1;

/// Bits of each sum; the count of intervals has the rest of the two words, half in each.
const SUM_BITS: u32 = 52;
const SUM: u64 = (1 << SUM_BITS) - 1;
const HALF_BITS: u32 = 64 - SUM_BITS;
/// Logarithms to base 2 are summed in 2^-20, so that sums are exact whatever their order.
const LOG_UNIT: f64 = 1_048_576.0;

/// How regular the times of one kind of event are, such as the connections of a source to a port of a destination.
///
/// The gap between two merged histories is no interval. Sums stop at 16,777,215 intervals or 142 years: what
/// comes later moves only the last time.
///
/// ```
/// use homeostat_baseline::Periodicity;
/// use homeostat_core::Timestamp;
/// use std::time::Duration;
///
/// let mut beacon = Periodicity::default();
/// for beat in 0..50 {
///     let late = [0, 7, 3, 11, 5][beat % 5];
///     beacon.learn(Timestamp::from_micros((beat as i64 * 60 + late) * 1_000_000), Duration::from_secs(1));
/// }
/// assert_eq!(beacon.intervals(), 49);
/// assert!((beacon.period().unwrap().as_secs_f64() - 60.0).abs() < 1.0);
/// assert!(beacon.jitter().unwrap() < 0.3 && beacon.p_value() < 1e-9);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Periodicity {
    last: Timestamp,
    // Σ interval in microseconds, and above it the lower half of the count.
    span: u64,
    // Σ log2 of the interval in microseconds, in `LOG_UNIT`, and above it the upper half of the count.
    logs: u64,
}

impl Default for Periodicity {
    fn default() -> Self {
        Self { last: Timestamp::UNKNOWN, span: 0, logs: 0 }
    }
}

impl Periodicity {
    /// The most intervals that are counted.
    pub const MOST: u32 = (1 << (2 * HALF_BITS)) - 1;

    /// Learns that an event came at `time`, by a clock that tells `resolution` apart.
    ///
    /// An event within half the resolution of the last one is the same as that; one before it tells nothing.
    /// Neither is learnt. What is no moment is not learnt either.
    pub fn learn(&mut self, time: Timestamp, resolution: Duration) {
        if !self.last.is_moment() {
            self.last = if time.is_moment() { time } else { self.last };
            return;
        }
        let Some(interval) = time.since(self.last).and_then(|gap| u64::try_from(gap).ok()) else { return };
        let finest = resolution.as_micros() / 2;
        if interval == 0 || u128::from(interval) <= finest {
            return;
        }
        self.last = time;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 59 times 2^20")]
        let log = (libm::log2(interval as f64) * LOG_UNIT + 0.5) as u64;
        self.add(Sums { count: 1, span: interval, logs: log });
    }

    /// The number of intervals counted.
    pub fn intervals(&self) -> u32 {
        self.sums().count
    }

    /// The time of the last event; `None` before the first.
    pub fn last(&self) -> Option<Timestamp> {
        self.last.is_moment().then_some(self.last)
    }

    /// The typical interval, their geometric mean, which a few long pauses hardly move; `None` without intervals.
    pub fn period(&self) -> Option<Duration> {
        let Sums { count, logs, .. } = self.sums();
        if count == 0 {
            return None;
        }
        let micros = libm::exp2(logs as f64 / LOG_UNIT / f64::from(count));
        Some(Duration::try_from_secs_f64(micros / 1e6).unwrap_or(Duration::MAX))
    }

    /// How far intervals stray from the period, as a share of it: the half-width, in `0..=1`, of the even spread
    /// that has the same statistic. 1 also for more irregular ones; `None` with fewer than two intervals.
    pub fn jitter(&self) -> Option<f64> {
        let spread = self.statistic()?;
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if even_spread(middle) < spread { low = middle } else { high = middle }
        }
        Some(high)
    }

    /// Moran's statistic: the logarithm of the mean interval less the mean of their logarithms, in nats.
    ///
    /// 0 for a perfect clock, about 0.577 for chance, more for bursts; `None` with fewer than two intervals.
    pub fn statistic(&self) -> Option<f64> {
        let Sums { count, span, logs } = self.sums();
        if count < 2 || span == 0 {
            return None;
        }
        let count = f64::from(count);
        let mean = libm::log2(span as f64 / count);
        Some(((mean - logs as f64 / LOG_UNIT / count) * core::f64::consts::LN_2).max(0.0))
    }

    /// The probability that chance gives intervals at least as regular; 1 with fewer than two, never 0.
    pub fn p_value(&self) -> f64 {
        libm::exp(self.log_p()).max(1e-300)
    }

    /// The surprise of so much regularity: −log2 of [`Self::p_value`], told beyond the range of that.
    pub fn bits(&self) -> Bits {
        Bits::new(-self.log_p() / core::f64::consts::LN_2)
    }

    fn log_p(&self) -> f64 {
        let Some(statistic) = self.statistic() else { return 0.0 };
        let count = f64::from(self.sums().count);
        let factor = 1.0 + (count + 1.0) / (6.0 * count);
        log_lower_gamma(f64::midpoint(count, -1.0), count * statistic / factor)
    }

    fn sums(&self) -> Sums {
        let half = |word: u64| u32::try_from(word >> SUM_BITS).unwrap_or(0);
        let count = half(self.logs) << HALF_BITS | half(self.span);
        Sums { count, span: self.span & SUM, logs: self.logs & SUM }
    }

    /// Adds an interval, unless a sum would not fit: then nothing is added, so that the sums belong together.
    fn add(&mut self, more: Sums) {
        let sums = self.sums().and(more);
        if sums.fit() {
            self.set(sums);
        }
    }

    fn set(&mut self, sums: Sums) {
        let (upper, lower) =
            (u64::from(sums.count >> HALF_BITS), u64::from(sums.count & ((1 << HALF_BITS) - 1)));
        self.span = lower << SUM_BITS | sums.span;
        self.logs = upper << SUM_BITS | sums.logs;
    }

    /// The state as versioned bytes with a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.time(self.last);
        out.u64(self.span);
        out.u64(self.logs);
        out.finish()
    }

    /// The state that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let read = Self { last: fields.time()?, span: fields.u64()?, logs: fields.u64()? };
        fields.finish()?;
        let Sums { count, span, logs } = read.sums();
        let nothing = span == 0 && logs == 0;
        let sound = if count == 0 { nothing } else { read.last.is_moment() && span >= u64::from(count) };
        if sound { Ok(read) } else { Err(SnapshotError::Invalid { field: "periodicity" }) }
    }
}

impl core::fmt::Debug for Periodicity {
    /// Leaves out when the events came.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Periodicity").field("intervals", &self.intervals()).finish_non_exhaustive()
    }
}

impl Merge for Periodicity {
    fn merge(&mut self, other: &Self) {
        // The unknown time orders before every moment.
        self.last = self.last.max(other.last);
        let (own, other) = (self.sums(), other.sums());
        let joined = own.and(other);
        // Where a sum would not fit, the longer history stays, whichever side it is on.
        self.set(if joined.fit() { joined } else { own.max(other) });
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sums {
    count: u32,
    span: u64,
    logs: u64,
}

impl Sums {
    fn and(self, more: Self) -> Self {
        Self {
            count: self.count.saturating_add(more.count),
            span: self.span.saturating_add(more.span),
            logs: self.logs.saturating_add(more.logs),
        }
    }

    fn fit(self) -> bool {
        self.count <= Periodicity::MOST && self.span <= SUM && self.logs <= SUM
    }
}

/// Moran's statistic of intervals spread evenly over `1 ± width`, by integration of the logarithm.
fn even_spread(width: f64) -> f64 {
    if width < 1e-3 {
        return width * width / 6.0;
    }
    let part = |x: f64| if x > 0.0 { x * libm::log(x) } else { 0.0 };
    1.0 - (part(1.0 + width) - part(1.0 - width)) / (2.0 * width)
}

/// The logarithm of the regularised lower incomplete gamma function, for `shape > 0`.
///
/// The series DLMF 8.11.4 below the mean; above it, where the result is near 0 anyway, the continued fraction
/// DLMF 8.9.2 of the complement. O(√shape) steps.
fn log_lower_gamma(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return -homeostat_core::Bits::MAX.get() * core::f64::consts::LN_2;
    }
    let front = shape * libm::log(x) - x - libm::lgamma(shape);
    if x < shape + 1.0 {
        (front + libm::log(lower_series(shape, x))).min(0.0)
    } else {
        libm::log1p(-libm::exp(front + libm::log(upper_fraction(shape, x))).min(1.0 - 1e-16))
    }
}

/// The most steps of either: for 16 million intervals, the most there are, √shape is 2,900.
const STEPS: u32 = 30_000;

fn lower_series(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
    for step in 1..=STEPS {
        term *= x / (shape + f64::from(step));
        sum += term;
        if term < sum * 1e-15 {
            break;
        }
    }
    sum
}

fn upper_fraction(shape: f64, x: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-30 { 1e-30 } else { value };
    let mut base = x + 1.0 - shape;
    let mut upper = 1e30;
    let mut lower = 1.0 / away(base);
    let mut product = lower;
    for step in 1..=STEPS {
        let at = f64::from(step);
        let factor = at * (shape - at);
        base += 2.0;
        lower = 1.0 / away(factor * lower + base);
        upper = away(base + factor / upper);
        product *= lower * upper;
        if (lower * upper - 1.0).abs() < 1e-14 {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests;
