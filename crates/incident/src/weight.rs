//! How much one fact weighs: rarity of the fact for its entity and for the tenant, burst over its own past.
//!
//! `rarity(n) = log2((H + 1) / (n + ½))` with `n` of `H` ten-minute bins; `w = max(0, ½·rarity(n_e) +
//! ½·rarity(n_t) − 3)`, so that what shows in over an eighth of the bins costs nothing. Re-weighed only at
//! counts 1, 2, 4, 8, …: 10⁵ equal alerts cost 17 weighings. O(1) time, no state.

use homeostat_core::Bits;

/// One bin of time: ten minutes, in microseconds. Statistics are read as of the last closed bin.
pub(crate) const BIN: i64 = 600_000_000;
/// One hour, in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;
/// One day, in microseconds.
pub(crate) const DAY: i64 = 24 * HOUR;
/// The fewest bins a history counts, so that its first hour calls nothing rare.
const LEAST_HISTORY: i64 = 6;
/// Bits that are free: what shows in over 1/8 of bins is no surprise.
const FREE: f64 = 3.0;
/// The most that a burst adds; 2⁸ times the own peak is as bad as any multiple.
const MOST_BURST: f64 = 8.0;
/// How much of a past peak is left after one bin, as a half-life in bins: 0.999 a bin.
const PEAK_HALF_LIFE: f64 = 692.8;

/// The bin of a moment.
pub(crate) fn bin_of(micros: i64) -> i64 {
    micros.div_euclid(BIN)
}

/// log2 of `x` for `x ≥ 1`; 0 below. Own arithmetic: the same bits on every platform.
pub(crate) fn log2(x: f64) -> f64 {
    if x > 1.0 { Bits::of_probability(1.0 / x).get() } else { 0.0 }
}

/// What is left of something `age` old when half goes in `half_life`; both in microseconds.
pub(crate) fn fade(age: i64, half_life: i64) -> f64 {
    Bits::new(age.max(0) as f64 / half_life.max(1) as f64).probability()
}

/// What is left of a peak after `bins` bins.
pub(crate) fn fade_peak(bins: i64) -> f64 {
    Bits::new(bins.max(0) as f64 / PEAK_HALF_LIFE).probability()
}

/// Surprise of a fact seen in `own` bins of its entity and `all` bins of the tenant, of `history` bins.
pub(crate) fn surprise(own: u32, all: u32, history: i64) -> f64 {
    let bins = history.max(LEAST_HISTORY) as f64 + 1.0;
    let rarity = |n: u32| log2(bins / (f64::from(n) + 0.5));
    (f64::midpoint(rarity(own), rarity(all)) - FREE).max(0.0)
}

/// How far `count` in one bin lies over the entity's own past `peak` of log2(1 + count).
pub(crate) fn burst(count: u32, peak: f64) -> f64 {
    (log2(1.0 + f64::from(count)) - peak.max(2.0) - 1.0).clamp(0.0, MOST_BURST)
}

/// How far learnt weights can be trusted after `history` bins: all after a day, in proportion before.
pub(crate) fn trust(history: i64) -> f64 {
    (history.max(0) as f64 * BIN as f64 / DAY as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_is_free_and_what_is_new_is_not() {
        assert!(surprise(80, 80, 576) < 0.2);
        assert!(surprise(0, 0, 576) > 7.0);
        assert!(surprise(0, 0, 0) < 1.0, "a thin history calls nothing rare");
    }

    #[test]
    fn a_burst_counts_over_the_own_peak_only() {
        assert!(burst(1_000, 0.0) > 6.9);
        assert!(burst(1_000, 9.97).abs() < 1e-9);
        assert!(burst(3, 0.0).abs() < 1e-9);
        assert!((fade(HOUR, HOUR) - 0.5).abs() < 1e-12 && (fade_peak(1) - 0.999).abs() < 1e-4);
    }
}
