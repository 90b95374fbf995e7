//! How many things never touched before are touched at once: is somebody reading a list?
//!
//! Reconnaissance is broad: hosts, buckets, mailboxes, secrets, one after the other, each for the first time. New
//! things are counted in windows of ten minutes; a count is judged by the negative binomial of the entity's own
//! windows (Greenwood and Yule, J. R. Stat. Soc. 83(2), 1920), which starts from its peers'. What was touched is
//! kept as one bit a thing (linear counting: Whang et al., ACM TODS 15(2), 1990), so that a thing which finds one
//! of the free bits stands for all that share a bit with another. O(1) a touch but for 32 words; 320 bytes.

use crate::score::trusted;
use crate::tail::NegativeBinomial;
use crate::trace::{bit, set};
use homeostat_core::{Bits, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use std::time::Duration;

/// Words of one trace: 1,024 bits.
const WORDS: usize = 16;
/// With fewer free bits than this a trace tells old from new no more.
const CROWDED: u32 = 16;
/// Microseconds of a window: the shortest sweep that a person would call one.
const WINDOW: i64 = 600_000_000;
/// Windows of one generation: 28 days, as for all that is remembered of an entity.
const GENERATION: i64 = 28 * 144;
/// Active windows that an average covers: about those of a month of work.
const HORIZON: f64 = 500.0;
/// Windows that what holds for peers weighs against the entity's own.
const PRIOR: f64 = 20.0;
/// Without peers, one new thing a window and as much scatter as that: half of the windows show none.
const NOBODY: Usual = Usual { windows: 0.0, mean: 1.0, square: 3.0 };
/// A window teaches no more than the count that one in a thousand reaches: a sweep is not learnt as usual.
const WINSOR: f64 = 1e-3;

const MAGIC: [u8; 4] = *b"HBRD";
const VERSION: u16 = 1;

/// Which things an entity has touched, and how many new ones a window of ten minutes usually brings.
///
/// It can not be merged: when two entities become one, the one with more windows goes on.
///
/// ```
/// use homeostat_baseline::Breadth;
/// use homeostat_core::Timestamp;
///
/// let mut buckets = Breadth::default();
/// let window = |number: i64| Timestamp::from_micros(number * 600_000_000);
/// for number in 0..60 {
///     buckets.observe(window(number), number.unsigned_abs() / 3, None);
/// }
/// let bits = (1_000..1_040).map(|bucket| buckets.observe(window(60), bucket, None).bits.get());
/// assert!(bits.fold(0.0, f64::max) > 10.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct Breadth {
    generation: i64,
    // Bits of things touched in this generation, and in the one before.
    now: [u64; WORDS],
    before: [u64; WORDS],
    // INVARIANT: `fresh` is finite and not negative, as are the numbers of `usual`.
    window: i64,
    fresh: f64,
    usual: Usual,
}

/// Averages over active windows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Usual {
    windows: f64,
    mean: f64,
    square: f64,
}

/// How surprising the number of new things is, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BreadthVerdict {
    /// Of so many new things in one window; none for a thing that was touched before.
    pub bits: Bits,
    /// Whether this thing was new.
    pub is_new: bool,
    /// New things in this window so far, estimated when things share a bit.
    pub new_things: f64,
    /// What a window usually brings.
    pub usual: NegativeBinomial,
    /// Windows with any touch, on which that rests.
    pub windows: u64,
}

impl Default for Breadth {
    fn default() -> Self {
        Self {
            generation: i64::MIN,
            now: [0; WORDS],
            before: [0; WORDS],
            window: i64::MIN,
            fresh: 0.0,
            usual: Usual { windows: 0.0, mean: 0.0, square: 0.0 },
        }
    }
}

impl core::fmt::Debug for Breadth {
    /// Shows counts, never what was touched.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Breadth({} windows)", self.usual.windows)
    }
}

impl Breadth {
    /// The span in which new things are counted together.
    pub const WINDOW: Duration = Duration::from_micros(WINDOW.unsigned_abs());

    /// Scores that the thing with hash `thing` is touched at `time`, then learns it. The state of a `group` says what
    /// is usual for peers, and learns each window of its member that ends.
    ///
    /// What comes for an earlier window is remembered as touched and tells nothing; so does what is no moment.
    pub fn observe(&mut self, time: Timestamp, thing: u64, mut group: Option<&mut Self>) -> BreadthVerdict {
        let Some(window) = time.micros().map(|micros| micros.div_euclid(WINDOW)) else {
            return self.verdict(false, group.as_deref());
        };
        let is_late = window < self.window;
        if window > self.window {
            self.close(window, group.as_deref_mut());
        }
        let weight = self.touch(thing);
        let is_new = weight > 0.0 && !is_late;
        if is_new {
            self.fresh += weight;
        }
        self.verdict(is_new, group.as_deref())
    }

    /// Says that the entity was about at `time` and touched nothing that counts here: a window of it without anything
    /// new is history too, so that who never read a list is known for it.
    pub fn idle(&mut self, time: Timestamp, group: Option<&mut Self>) {
        if let Some(window) =
            time.micros().map(|micros| micros.div_euclid(WINDOW)).filter(|at| *at > self.window)
        {
            self.close(window, group);
        }
    }

    /// Remembers a thing as touched without counting it, such as what all peers touch.
    pub fn know(&mut self, thing: u64) {
        set(&mut self.now, tag(thing));
    }

    /// Whether the thing was touched in this generation of 28 days or the one before; wrong for a new thing with
    /// a chance of its load, things over 1,024.
    pub fn knows(&self, thing: u64) -> bool {
        bit(&self.now, tag(thing)) || bit(&self.before, tag(thing))
    }

    /// What a window usually brings: own windows, and with the weight of 20 the peers'.
    pub fn usual(&self, peers: Option<&Self>) -> NegativeBinomial {
        let prior = peers.filter(|peers| peers.usual.windows > 0.0).map_or(NOBODY, |peers| peers.usual);
        let (own, all) = (self.usual.windows, self.usual.windows + PRIOR);
        let mean = (own * self.usual.mean + PRIOR * prior.mean) / all;
        let square = (own * self.usual.square + PRIOR * prior.square) / all;
        let excess = square - mean * mean - mean;
        // A scatter below that of chance is a scatter of chance: a large shape.
        NegativeBinomial::new(mean, if excess > 0.0 { mean * mean / excess } else { 1e6 })
    }

    fn verdict(&self, is_new: bool, peers: Option<&Self>) -> BreadthVerdict {
        let usual = self.usual(peers);
        let history = self.usual.windows + peers.map_or(0.0, |peers| peers.usual.windows.min(PRIOR));
        let bits = if is_new && self.fresh > usual.mean() {
            Bits::of_probability(trusted(usual.mid_tail(whole(self.fresh)), history))
        } else {
            Bits::ZERO
        };
        BreadthVerdict { bits, is_new, new_things: self.fresh, usual, windows: whole(self.usual.windows) }
    }

    /// Learns the window that ends and goes on to `window`.
    fn close(&mut self, window: i64, group: Option<&mut Self>) {
        if self.window > i64::MIN {
            let taught = self.fresh.min(self.usual(group.as_deref()).quantile(WINSOR) as f64);
            self.usual.learn(taught);
            if let Some(group) = group {
                group.usual.learn(taught);
            }
        }
        (self.window, self.fresh) = (window, 0.0);
        let generation = window.div_euclid(GENERATION);
        if generation > self.generation {
            let next = self.generation.checked_add(1) == Some(generation);
            self.before = if next { self.now } else { [0; WORDS] };
            self.now = [0; WORDS];
            self.generation = generation;
        }
    }

    /// Remembers a thing; tells for how many new ones it stands, 0 when it was known.
    fn touch(&mut self, thing: u64) -> f64 {
        let known = self.knows(thing);
        set(&mut self.now, tag(thing));
        let free: u32 =
            self.now.iter().zip(&self.before).map(|(now, before)| (now | before).count_zeros()).sum();
        if known || free < CROWDED {
            return 0.0;
        }
        // Before this thing took one there was a bit more.
        WORDS as f64 * 64.0 / (f64::from(free) + 1.0)
    }

    /// The state as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        self.write(&mut out);
        out.finish()
    }

    /// The state that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let read = Self::read(&mut fields)?;
        fields.finish()?;
        Ok(read)
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.u64(self.generation.cast_unsigned());
        out.u64(self.window.cast_unsigned());
        for word in self.now.iter().chain(&self.before) {
            out.u64(*word);
        }
        for number in [self.fresh, self.usual.windows, self.usual.mean, self.usual.square] {
            out.f64(number);
        }
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut read = Self {
            generation: fields.u64()?.cast_signed(),
            window: fields.u64()?.cast_signed(),
            ..Self::default()
        };
        for word in read.now.iter_mut().chain(&mut read.before) {
            *word = fields.u64()?;
        }
        read.fresh = fields.f64()?;
        read.usual = Usual { windows: fields.f64()?, mean: fields.f64()?, square: fields.f64()? };
        let Usual { windows, mean, square } = read.usual;
        let sound = [read.fresh, windows, mean, square].iter().all(|number| (0.0..1e12).contains(number));
        if sound { Ok(read) } else { Err(SnapshotError::Invalid { field: "breadth" }) }
    }
}

impl Usual {
    fn learn(&mut self, count: f64) {
        self.windows += 1.0;
        let rate = 1.0 / self.windows.min(HORIZON);
        self.mean += rate * (count - self.mean);
        self.square += rate * (count * count - self.square);
    }
}

/// Bits are chosen by the upper half of the hash.
fn tag(thing: u64) -> u32 {
    let (low, high) = thing.carrying_mul(0x9E37_79B9_7F4A_7C15, 0);
    ((low ^ high) >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, never negative")]
fn whole(count: f64) -> u64 {
    (count + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn window(number: i64) -> Timestamp {
        Timestamp::from_micros(number * WINDOW)
    }

    /// An entity that touches some of its hundred usual things in each window and now and then a new one.
    fn worker(seed: u64, windows: i64) -> Breadth {
        let mut breadth = Breadth::default();
        work(&mut breadth, seed, 0..windows);
        breadth
    }

    /// The most bits while `breadth` works on for some windows.
    fn work(breadth: &mut Breadth, seed: u64, windows: std::ops::Range<i64>) -> f64 {
        let mut most = 0.0_f64;
        for number in windows {
            for turn in 0..6_u64 {
                let draw = crate::seed::both(seed, number.unsigned_abs() * 8 + turn);
                let thing = if draw.is_multiple_of(12) { draw } else { draw % 100 };
                most = most.max(breadth.observe(window(number), thing, None).bits.get());
            }
        }
        most
    }

    #[test]
    fn a_list_is_told_and_a_usual_day_is_not() {
        for seed in 0..10 {
            let mut breadth = worker(seed, 200);
            let most = work(&mut breadth, seed, 200..400);
            assert!(most < 10.0, "{most}");
            let told = (0..30).map(|thing| breadth.observe(window(400), 1 << 40 | thing, None).bits.get());
            assert!(told.fold(0.0, f64::max) > 12.0);
        }
    }

    #[test]
    fn a_sweep_every_day_for_a_week_is_still_one() {
        let mut breadth = worker(3, 500);
        for day in 0..7 {
            for thing in 0..200_u64 {
                breadth.observe(window(500 + day * 50), crate::seed::both(day.unsigned_abs(), thing), None);
            }
        }
        let last = (0..200).map(|thing| breadth.observe(window(1_000), 7 << 50 | thing, None).bits.get());
        assert!(last.fold(0.0, f64::max) > 10.0, "{:?}", breadth.usual(None));
    }

    #[test]
    fn who_has_no_history_is_told_by_peers_and_not_without() {
        let mut peers = worker(5, 300);
        let sweep = |mut peers: Option<&mut Breadth>| {
            let mut new = Breadth::default();
            let bits = (0..50).map(|thing| new.observe(window(0), thing, peers.as_deref_mut()).bits.get());
            bits.fold(0.0, f64::max)
        };
        assert!(sweep(None) < 1e-9);
        assert!(sweep(Some(&mut peers)) > 8.0, "{peers:?}");
    }

    #[test]
    fn who_was_about_and_never_looked_is_known_for_it() {
        let (mut calm, mut new) = (Breadth::default(), Breadth::default());
        (0..300).for_each(|number| calm.idle(window(number), None));
        new.know(7);
        assert!(new.knows(7) && !calm.knows(7));
        let sweep = |breadth: &mut Breadth| {
            let bits = (0..9).map(|thing| breadth.observe(window(300), thing, None).bits.get());
            bits.fold(0.0, f64::max)
        };
        assert!(sweep(&mut calm) > 12.0 && sweep(&mut new) < 1e-9);
    }

    #[test]
    fn touching_the_same_again_tells_nothing() {
        let mut breadth = worker(1, 100);
        for _ in 0..1_000 {
            breadth.observe(window(100), 9 << 40, None);
        }
        let again = breadth.observe(window(100), 9 << 40, None);
        assert!(!again.is_new && again.bits == Bits::ZERO && again.new_things < 3.0, "{again:?}");
    }

    proptest! {
        /// The slow oracle keeps every thing.
        #[test]
        fn new_things_are_counted_as_an_exact_set_counts_them(
            known in prop::collection::vec(0_u64..1 << 60, 0..400), new in prop::collection::vec(0_u64..1 << 60, 1..300),
        ) {
            let mut breadth = Breadth::default();
            let mut exact: BTreeSet<u64> = BTreeSet::new();
            for thing in &known {
                breadth.observe(window(0), *thing, None);
                exact.insert(*thing);
            }
            let mut fresh = 0.0;
            for thing in &new {
                breadth.observe(window(1), *thing, None);
                fresh += f64::from(u8::from(exact.insert(*thing)));
            }
            // Whether a thing finds a free bit is a matter of chance, never rarer than one in two here.
            prop_assert!((breadth.fresh - fresh).abs() <= 6.0 + 6.0 * libm::sqrt(fresh), "{} {}", breadth.fresh, fresh);
        }

        #[test]
        fn any_touches_are_sound_and_survive_their_bytes(
            touches in prop::collection::vec((any::<i64>(), any::<u64>()), 0..40), near in any::<bool>(),
        ) {
            let (mut breadth, mut peers) = (Breadth::default(), worker(2, 20));
            for (time, thing) in touches {
                let time = Timestamp::from_micros(if near { time % (50 * WINDOW) } else { time });
                let mut restored = Breadth::from_bytes(&breadth.to_bytes()).unwrap();
                prop_assert!(restored == breadth);
                let told = breadth.observe(time, thing, Some(&mut peers.clone()));
                prop_assert_eq!(told, restored.observe(time, thing, Some(&mut peers)));
                prop_assert!(told.bits.get().is_finite() && (!time.is_moment() || breadth.knows(thing)));
            }
        }

        #[test]
        fn more_new_things_are_no_less_surprising(seed in any::<u64>(), count in 1_u64..200) {
            let mut breadth = worker(seed, 60);
            let mut last = 0.0;
            for thing in 0..count {
                let told = breadth.observe(window(60), crate::seed::both(seed, 1 << 32 | thing), None);
                prop_assert!(!told.is_new || told.bits.get() >= last - 1e-6);
                last = if told.is_new { told.bits.get() } else { last };
            }
        }

        #[test]
        fn damaged_bytes_are_refused(at in 0_usize..320, change in 1_u8..) {
            let mut bytes = worker(0, 3).to_bytes();
            let at = at % bytes.len();
            bytes[at] ^= change;
            prop_assert!(Breadth::from_bytes(&bytes).is_err());
        }
    }
}
