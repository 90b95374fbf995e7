//! Has this entity's rate crept up, slowly enough that a baseline which follows it sees nothing?
//!
//! Two exponentially weighted means of the same daily counts, one over a week and one over two months, part while a
//! rate drifts, however gently: a ramp of g a day holds them apart by about 53 days' worth of g (Gardner, J.
//! Forecasting 4(1), 1985, on the lag of such means). What the peers' means do is taken off first, so that a season or
//! a launch that moves everybody is no news. O(1) a day, eight bytes; the peers take O(n log n) a day.

use homeostat_core::Bits;

/// The fast mean's horizon, days: shorter ones swing with the weekend.
const FAST: f64 = 7.0;
/// The slow mean's horizon, days: a ramp of 1 % a day takes ten weeks to double.
const SLOW: f64 = 60.0;
/// A day teaches no more than so many times the fast mean: one burst is no ramp.
const WINSOR: f64 = 3.0;
/// The MAD of a normal distribution is so many of its standard deviations (Hampel, J. Am. Stat. Assoc. 69, 1974).
const MAD_TO_DEVIATION: f64 = 1.482_602_218_505_602;
/// Peers that can tell their own scatter.
const PEERS: usize = 8;
/// The scatter of shifts that is assumed where there are no such peers.
const ALONE: f64 = 0.15;

/// A rate's two horizons: means of its daily count over about 7 and 60 days.
///
/// ```
/// use homeostat_baseline::Anchor;
///
/// let (mut steady, mut creeping) = (Anchor::default(), Anchor::default());
/// let mut rate = 100.0;
/// for day in 0..120 {
///     steady.learn(100.0, day);
///     creeping.learn(rate, day);
///     rate *= 1.01;
/// }
/// assert!(steady.shift().abs() < 1e-3);
/// assert!(creeping.shift() > 0.3, "the week lies a third above the two months");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Anchor {
    // INVARIANT: both finite and not negative.
    fast: f32,
    slow: f32,
}

impl Anchor {
    /// Days before the two means can differ by more than their noise.
    pub const YOUNG: u32 = 28;
    /// The largest count of a day that is told from larger ones.
    pub const LIMIT: f64 = 1e12;

    /// Learns that a whole day, the `day`-th of this rate from 0, held `count` events.
    ///
    /// Counts below zero and NaN are taken for 0, those above [`Anchor::LIMIT`] for it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "f32 is the state; its rounding is the same everywhere"
    )]
    pub fn learn(&mut self, count: f64, day: u32) {
        let count = if count > 0.0 { count.min(Self::LIMIT) } else { 0.0 };
        let (fast, slow) = (f64::from(self.fast), f64::from(self.slow));
        let age = f64::from(day) + 1.0;
        // In the first week the plain mean is all there is to compare with.
        let most = if age > FAST { WINSOR * (fast + 1.0) } else { f64::INFINITY };
        let count = count.min(most);
        self.fast = (fast + (count - fast) / age.min(FAST)) as f32;
        self.slow = (slow + (count - slow) / age.min(SLOW)) as f32;
    }

    /// The natural logarithm of the week's mean over that of the two months; one event a day is added to both.
    pub fn shift(&self) -> f64 {
        libm::log((f64::from(self.fast) + 1.0) / (f64::from(self.slow) + 1.0))
    }

    /// How surprising this rate's creep upward is on its `day`-th day, against what its peers' rates do.
    pub fn bits(&self, day: u32, peers: &PeerShift) -> Bits {
        if day < Self::YOUNG {
            return Bits::ZERO;
        }
        let z = (self.shift() - peers.median) / peers.deviation.max(self.noise());
        Bits::of_probability(upper_tail(peers.as_normal(z)))
    }

    /// The standard deviation that chance alone gives the shift, were the counts Poisson.
    fn noise(self) -> f64 {
        // The variance of a mean with weight 1/n for the new value is that of one value over 2n − 1.
        libm::sqrt((1.0 / (2.0 * FAST - 1.0) + 1.0 / (2.0 * SLOW - 1.0)) / (f64::from(self.slow) + 1.0))
    }

    /// The two means, of a week and of two months, in events a day: all that has to be kept.
    pub fn means(&self) -> (f32, f32) {
        (self.fast, self.slow)
    }

    /// The anchor that had these [`means`](Self::means); `None` when no anchor has.
    pub fn of(fast: f32, slow: f32) -> Option<Self> {
        let sound = |mean: f32| (0.0..=Self::LIMIT).contains(&f64::from(mean)) && mean.is_sign_positive();
        (sound(fast) && sound(slow)).then_some(Self { fast, slow })
    }
}

/// What the rates of a group do together: the median of their shifts, and how they scatter around it.
///
/// ```
/// use homeostat_baseline::PeerShift;
///
/// // Everybody is up by a third, give or take a little; one has doubled besides.
/// let shifts: Vec<f64> = (0..20).map(|n| 0.3 + 0.01 * f64::from(n % 5)).chain([1.0]).collect();
/// let peers = PeerShift::of(&shifts);
/// assert!((peers.median() - 0.32).abs() < 1e-9 && peers.deviation() < 0.03);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeerShift {
    // INVARIANT: both finite, the deviation not negative.
    median: f64,
    deviation: f64,
    // How many told their scatter; 0 where it is assumed.
    count: usize,
}

impl PeerShift {
    /// The median of `shifts` and 1.48 times their median distance from it; what is not finite is left out.
    ///
    /// Of fewer than 8 peers the shift says nothing, and nothing is taken off. O(n log n).
    pub fn of(shifts: &[f64]) -> Self {
        let finite: Vec<f64> = shifts.iter().copied().filter(|shift| shift.is_finite()).collect();
        if finite.len() < PEERS {
            return Self { median: 0.0, deviation: ALONE, count: 0 };
        }
        let median = middle(finite.clone());
        let deviation =
            MAD_TO_DEVIATION * middle(finite.iter().map(|shift| (shift - median).abs()).collect());
        Self { median, deviation, count: finite.len() }
    }

    /// The number of a normal distribution that is as far out as `z` of so few peers' scatter: of eight, chance takes
    /// some much farther (Student's t by Wallace, Ann. Math. Stat. 30(4), 1959, eq. 2.1).
    fn as_normal(&self, z: f64) -> f64 {
        if self.count < 2 || z <= 0.0 {
            return z;
        }
        let freedom = (self.count - 1) as f64;
        let shrunk = libm::sqrt(freedom * libm::log(1.0 + z * z / freedom));
        (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) * shrunk
    }

    /// The peers' common shift, in natural logarithms.
    pub fn median(&self) -> f64 {
        self.median
    }

    /// How far peers lie from it, as a standard deviation.
    pub fn deviation(&self) -> f64 {
        self.deviation
    }
}

/// The upper median; 0 of none.
fn middle(mut numbers: Vec<f64>) -> f64 {
    let at = numbers.len() / 2;
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(at).copied().unwrap_or(0.0)
}

/// The probability that a standard normal number lies above `z`.
fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * core::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers that follow from a seed (Steele, Lea and Flood, OOPSLA 2014, section 5).
    struct Draw(u64);

    impl Draw {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ z >> 31) >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
        }

        /// A count that scatters more than chance: a Poisson count, by its normal limit, of a lognormal rate.
        fn count(&mut self, mean: f64, scatter: f64) -> f64 {
            let rate = mean * libm::exp(scatter * self.normal() - scatter * scatter / 2.0);
            libm::round(rate + libm::sqrt(rate) * self.normal()).max(0.0)
        }
    }

    const PROMISE: f64 = 0.002;
    const DAYS: u32 = 300;
    const START: u32 = 70;

    /// What became of a seeded group of entities, each tenth of which creeps up from day 70 on.
    #[derive(Debug, Default)]
    struct Story {
        ramps: usize,
        multiples: Vec<f64>,
        false_days: usize,
        quiet_days: usize,
    }

    /// Weekdays, levels from two events a day to two thousand, drift, and a common rise on day 150.
    fn story(seed: u64, percent: f64, detect: &impl Fn(&Anchor, u32, &PeerShift) -> bool) -> Story {
        let mut draw = Draw(seed);
        let levels: Vec<f64> = (0..300).map(|_| libm::exp(1.0 + 6.0 * draw.unit())).collect();
        let mut drifts = vec![0.0_f64; levels.len()];
        let mut anchors = vec![Anchor::default(); levels.len()];
        let mut caught = vec![false; levels.len()];
        let mut story = Story { ramps: levels.len() / 10, ..Story::default() };
        for day in 0..DAYS {
            let week = if day % 7 < 5 { 1.2 } else { 0.5 };
            let common = if day >= 150 { 1.3 } else { 1.0 };
            let grown = libm::pow(1.0 + percent / 100.0, f64::from(day.saturating_sub(START))).min(8.0);
            for (who, anchor) in anchors.iter_mut().enumerate() {
                drifts[who] = 0.98 * drifts[who] + 0.01 * draw.normal();
                let own = if who % 10 == 0 { grown } else { 1.0 };
                let mean = levels[who] * week * common * own * libm::exp(drifts[who]);
                anchor.learn(draw.count(mean, 0.25), day);
            }
            let shifts: Vec<f64> = anchors.iter().map(Anchor::shift).collect();
            let peers = PeerShift::of(&shifts);
            for (who, anchor) in anchors.iter().enumerate() {
                let alert = day >= Anchor::YOUNG && detect(anchor, day, &peers);
                let ramping = who % 10 == 0 && day >= START;
                story.quiet_days += usize::from(!ramping);
                story.false_days += usize::from(alert && !ramping);
                if alert && ramping && !caught[who] {
                    caught[who] = true;
                    story.multiples.push(grown);
                }
            }
        }
        story.multiples.sort_unstable_by(f64::total_cmp);
        story
    }

    proptest! {
        #[test]
        fn no_count_breaks_an_anchor_and_its_means_are_all_of_it(counts in prop::collection::vec(any::<f64>(), 0..200)) {
            let mut anchor = Anchor::default();
            for (day, count) in (0..).zip(counts) {
                anchor.learn(count, day);
                prop_assert!(anchor.shift().is_finite());
                let (fast, slow) = anchor.means();
                prop_assert_eq!(Anchor::of(fast, slow), Some(anchor));
            }
        }

        #[test]
        fn what_all_peers_do_is_taken_off(
            shifts in prop::collection::vec(-1.0_f64..1.0, 8..50), common in -2.0_f64..2.0,
        ) {
            let moved: Vec<f64> = shifts.iter().map(|shift| shift + common).collect();
            let (still, moved) = (PeerShift::of(&shifts), PeerShift::of(&moved));
            prop_assert!((moved.median() - still.median() - common).abs() < 1e-9);
            prop_assert!((moved.deviation() - still.deviation()).abs() < 1e-9);
        }
    }

    #[test]
    fn of_few_peers_less_is_sure() {
        // Student's t with 9 degrees of freedom lies above 2.821 once in a hundred (any table of quantiles).
        let ten = PeerShift { count: 10, ..PeerShift::default() };
        assert!((upper_tail(ten.as_normal(2.821)) - 0.01).abs() < 2e-4);
        let many = PeerShift { count: 100_000, ..PeerShift::default() };
        assert!((many.as_normal(3.0) - 3.0).abs() < 1e-3);
    }

    #[test]
    fn wrong_means_are_no_anchor() {
        for (fast, slow) in [(f32::NAN, 1.0), (1.0, f32::INFINITY), (-1.0, 1.0), (1.0, -0.0)] {
            assert_eq!(Anchor::of(fast, slow), None);
        }
    }

    /// Ramps, those caught by ×2.5, the median multiple, and false alerts a quiet day, over three seeds.
    fn judged(percent: f64, detect: impl Fn(&Anchor, u32, &PeerShift) -> bool) -> (usize, usize, f64, f64) {
        let stories: Vec<Story> = (11..14).map(|seed| story(seed, percent, &detect)).collect();
        let mut multiples: Vec<f64> = stories.iter().flat_map(|story| story.multiples.clone()).collect();
        multiples.sort_unstable_by(f64::total_cmp);
        let sum = |part: fn(&Story) -> usize| stories.iter().map(part).sum::<usize>();
        let rate = sum(|story| story.false_days) as f64 / sum(|story| story.quiet_days) as f64;
        let early = multiples.iter().filter(|multiple| **multiple <= 2.5).count();
        let median = multiples.get(multiples.len() / 2).copied().unwrap_or(f64::NAN);
        (sum(|story| story.ramps), early, median, rate)
    }

    #[test]
    fn slow_ramps_are_caught_before_they_have_grown_two_and_a_half_times() {
        // One false alert in 500 entity-days.
        let promised = Bits::of_probability(PROMISE);
        for percent in [1.0, 2.0, 3.0, 5.0] {
            let (ramps, early, median, rate) =
                judged(percent, |anchor, day, peers| anchor.bits(day, peers) >= promised);
            println!(
                "{percent} % a day: {early} of {ramps} by x2.5, median x{median:.2}, {rate:.5} false alerts"
            );
            assert!(early * 100 >= ramps * 95, "{early} of {ramps}");
            assert!(rate <= PROMISE, "{rate}");
        }
    }
}
