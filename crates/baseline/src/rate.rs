//! How many events are usual in this hour of the week, for this entity?
//!
//! A gamma–Poisson hierarchy: the cell of the week is shrunk towards its hour of the day times its day of the week,
//! each of them towards the entity's level, that towards its peers' (Gelman et al., Bayesian Data Analysis, 3rd ed.
//! 2013, ch. 5). The prediction for one hour is a negative binomial whose shape joins what is not known of the rate with the
//! scatter between weeks, estimated by moments. O(1) an event; 1.3 KiB at most, half of that in its snapshot.

use crate::NegativeBinomial;
use crate::calendar::CELLS;
use crate::varint::{Fields, put, put_float, put_signed};
use homeostat_core::{Merge, SnapshotError};

/// Weeks of evidence that the product of hour and day weighs against a cell's own: it rests on ten times as many
/// counts, but weekly jobs do not keep to it.
const PARENT_WEEKS: f64 = 4.0;
/// Weeks of evidence that the level weighs against an hour of the day and a day of the week.
const LEVEL_WEEKS: f64 = 1.0;
/// Hours of evidence that the peers' level weighs against an entity's own: one day.
const PEER_HOURS: f64 = 24.0;
/// Squared scatter of rates between weeks (1 / shape) before any is seen: a factor of about two.
const PRIOR_SCATTER: f64 = 0.5;
/// Hours that this assumption weighs.
const SCATTER_HOURS: f64 = 24.0;
/// Hours after which each cell of the week is known from two counts.
const SEASON_HOURS: f64 = 336.0;
/// The gamma shape of levels across entities of one group: they differ by orders of magnitude.
const LEVEL_SHAPE: f64 = 0.5;
/// An hour teaches no more than its mean plus so many deviations, and a tenth of what is above.
const WINSOR: f64 = 4.0;

/// What is known of the number of events per hour.
///
/// Hours are told apart by their cell, the hour of the local week `0..168` from Monday 00:00; counts cover the
/// running generation of 28 days and the one before.
///
/// ```
/// let mut rate = homeostat_baseline::Rate::default();
/// for week in 0..8 {
///     for cell in 0..168_u8 {
///         let count = if (8..18).contains(&(cell % 24)) { 10 } else { 0 };
///         rate.learn(week * 168 + i64::from(cell), usize::from(cell), count);
///     }
/// }
/// assert!(rate.predict(10, None).mean() > 8.0 && rate.predict(3, None).mean() < 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    generation: i64,
    // INVARIANT: each empty or of `CELLS` counts.
    now: Vec<u32>,
    before: Vec<u32>,
    // Sums of the two, so that a score need not add up the week. Not in the bytes.
    total_now: u64,
    total_before: u64,
    hours_now: u32,
    hours_before: u32,
    // Sums for the scatter. INVARIANT: finite; `square` is not negative.
    excess: f64,
    square: f64,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            generation: i64::MIN,
            now: Vec::new(),
            before: Vec::new(),
            total_now: 0,
            total_before: 0,
            hours_now: 0,
            hours_before: 0,
            excess: 0.0,
            square: 0.0,
        }
    }
}

impl Rate {
    /// The largest count of one hour that is told from larger ones.
    pub const LIMIT: u32 = 100_000_000;

    /// Learns that the whole hour `hour` (since 1970), which has `cell`, held `count` events.
    pub fn learn(&mut self, hour: i64, cell: usize, count: u32) {
        let lesson = self.lesson(cell, count, None);
        self.apply(crate::calendar::generation(hour), cell, &lesson);
    }

    /// What an hour of `count` events teaches this rate, and the cohort in step with it.
    pub(crate) fn lesson(&self, cell: usize, count: u32, peers: Option<&Self>) -> Lesson {
        let usual = self.predict(cell, peers);
        let count = winsorised(count.min(Self::LIMIT), usual);
        let gap = f64::from(count) - usual.mean();
        let square = usual.mean() * usual.mean();
        let trust = self.trust();
        Lesson { count, hours: 1, excess: trust * (gap * gap - f64::from(count)), square: trust * square }
    }

    /// What `hours` hours without any event teach.
    pub(crate) fn silent_lesson(&self, cells: impl Iterator<Item = usize>, hours: u32) -> Lesson {
        let square: f64 = cells.map(|cell| self.predict(cell, None).mean()).map(|mean| mean * mean).sum();
        let square = self.trust() * square;
        Lesson { count: 0, hours, excess: square, square }
    }

    /// How much a gap between count and prediction tells of scatter: little while the hours of the week are not known,
    /// because then the gap is the season.
    fn trust(&self) -> f64 {
        let known = (self.hours() / SEASON_HOURS).clamp(0.05, 1.0);
        known * known
    }

    pub(crate) fn apply(&mut self, generation: i64, cell: usize, lesson: &Lesson) {
        self.turn(generation);
        let late = generation < self.generation;
        let (counts, total, hours) = if late {
            (&mut self.before, &mut self.total_before, &mut self.hours_before)
        } else {
            (&mut self.now, &mut self.total_now, &mut self.hours_now)
        };
        if lesson.count > 0 && counts.is_empty() {
            counts.resize(CELLS, 0);
        }
        if let Some(known) = counts.get_mut(cell % CELLS) {
            let sum = known.saturating_add(lesson.count);
            *total += u64::from(sum - *known);
            *known = sum;
        }
        *hours = hours.saturating_add(lesson.hours);
        self.excess += lesson.excess;
        self.square += lesson.square;
    }

    /// Adds `count` late events to an hour that was learnt already.
    pub(crate) fn add_late(&mut self, generation: i64, cell: usize, count: u32) {
        self.apply(generation, cell, &Lesson { count, hours: 0, excess: 0.0, square: 0.0 });
    }

    /// The distribution of the count of one whole hour of `cell`, in the light of the peers' rate per member.
    pub fn predict(&self, cell: usize, peers: Option<&Self>) -> NegativeBinomial {
        let cell = cell % CELLS;
        let hours = self.hours();
        let prior = peers.filter(|peers| peers.hours() > 0.0);
        let prior_mean = prior.map_or(1.0, |peers| peers.cell_mean(cell));
        let prior_hours = if prior.is_some() { PEER_HOURS } else { 1.0 };
        let level = (self.total() + prior_hours * prior_mean) / (hours + prior_hours);
        let (days, weeks) = (hours / 24.0, hours / 168.0);
        let of_hour = (self.hour_of_day(cell % 24) + LEVEL_WEEKS * 7.0 * level) / (days + LEVEL_WEEKS * 7.0);
        let of_day =
            (self.day_of_week(cell / 24) + LEVEL_WEEKS * 24.0 * level) / ((weeks + LEVEL_WEEKS) * 24.0);
        let parent = of_hour * of_day / level;
        let mean = (self.count(cell) + PARENT_WEEKS * parent) / (weeks + PARENT_WEEKS);
        // Unknown: little of the level is known at first; later, as much as the counts of the cell and its kin.
        let known = LEVEL_SHAPE + self.count(cell) + PARENT_WEEKS * parent * (hours / (hours + prior_hours));
        let scatter = self.scatter(prior);
        NegativeBinomial::new(mean, 1.0 / (1.0 / known + scatter))
    }

    /// The distribution of the events in a row of whole hours, drawn together.
    pub(crate) fn silence(
        &self,
        cells: impl Iterator<Item = usize>,
        peers: Option<&Self>,
    ) -> NegativeBinomial {
        let expected = cells.map(|cell| self.predict(cell, peers).mean()).sum();
        NegativeBinomial::new(expected, 1.0 / self.scatter(peers))
    }

    /// Hours learnt, with and without events.
    pub fn hours(&self) -> f64 {
        f64::from(self.hours_now) + f64::from(self.hours_before)
    }

    /// Events per hour over all hours learnt; 0 before the first.
    pub(crate) fn level(&self) -> f64 {
        self.total() / self.hours().max(1.0)
    }

    fn total(&self) -> f64 {
        self.total_now as f64 + self.total_before as f64
    }

    fn add_up(&mut self) {
        let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum();
        (self.total_now, self.total_before) = (sum(&self.now), sum(&self.before));
    }

    fn count(&self, cell: usize) -> f64 {
        [&self.now, &self.before].iter().filter_map(|counts| counts.get(cell)).map(|n| f64::from(*n)).sum()
    }

    fn hour_of_day(&self, hour: usize) -> f64 {
        (0..7).map(|day| self.count(day * 24 + hour)).sum()
    }

    fn day_of_week(&self, day: usize) -> f64 {
        (0..24).map(|hour| self.count(day * 24 + hour)).sum()
    }

    fn cell_mean(&self, cell: usize) -> f64 {
        let level = self.total() / self.hours().max(1.0);
        (self.count(cell) + PARENT_WEEKS * level) / (self.hours() / 168.0 + PARENT_WEEKS)
    }

    /// 1 / shape of the scatter between weeks, shrunk towards the peers'.
    fn scatter(&self, peers: Option<&Self>) -> f64 {
        let prior = peers.map_or(PRIOR_SCATTER, |peers| peers.scatter(None));
        let level = self.total() / self.hours().max(1.0);
        let weight = SCATTER_HOURS * (level * level).max(0.01);
        ((self.excess.max(0.0) + weight * prior) / (self.square + weight)).clamp(0.01, 20.0)
    }

    /// Forgets the cells of the generation before; `false` when there are none.
    pub(crate) fn drop_before(&mut self) -> bool {
        let had = !self.before.is_empty();
        (self.before, self.total_before, self.hours_before) = (Vec::new(), 0, 0);
        had
    }

    fn turn(&mut self, generation: i64) {
        if generation <= self.generation {
            return;
        }
        let known = self.generation;
        let next = known.checked_add(1) == Some(generation);
        self.generation = generation;
        let (now, hours) = (std::mem::take(&mut self.now), std::mem::take(&mut self.hours_now));
        (self.before, self.hours_before) = if next { (now, hours) } else { (Vec::new(), 0) };
        self.add_up();
        // Halving at each turn, adjacent or not, is what makes the order of merging not show.
        let turns = generation.saturating_sub(known).min(60);
        let kept = libm::ldexp(1.0, i32::try_from(-turns).unwrap_or(-60));
        self.excess *= kept;
        self.square *= kept;
    }

    /// Bytes this takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + (self.now.len() + self.before.len()) * size_of::<u32>()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.generation);
        put(out, u64::from(self.hours_now));
        put(out, u64::from(self.hours_before));
        put_float(out, self.excess);
        put_float(out, self.square);
        for counts in [&self.now, &self.before] {
            put(out, counts.len() as u64);
            for count in counts {
                put(out, u64::from(*count));
            }
        }
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let mut read = Self {
            generation: fields.signed()?,
            hours_now: fields.small()?,
            hours_before: fields.small()?,
            excess: fields.float()?,
            square: fields.float()?,
            ..Self::default()
        };
        for counts in [&mut read.now, &mut read.before] {
            let cells = fields.count(CELLS)?;
            if cells != 0 && cells != CELLS {
                return Err(SnapshotError::Invalid { field: "rate" });
            }
            for _ in 0..cells {
                counts.push(fields.small()?);
            }
        }
        read.add_up();
        Ok(read)
    }
}

impl Merge for Rate {
    fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        let newest = self.generation.max(other.generation);
        self.turn(newest);
        other.turn(newest);
        add(&mut self.now, &other.now);
        add(&mut self.before, &other.before);
        self.add_up();
        self.hours_now = self.hours_now.saturating_add(other.hours_now);
        self.hours_before = self.hours_before.saturating_add(other.hours_before);
        self.excess += other.excess;
        self.square += other.square;
    }
}

/// What one hour, or a row of silent ones, teaches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lesson {
    pub(crate) count: u32,
    pub(crate) hours: u32,
    excess: f64,
    square: f64,
}

fn add(into: &mut Vec<u32>, from: &[u32]) {
    if into.is_empty() {
        into.extend_from_slice(from);
    } else {
        into.iter_mut().zip(from).for_each(|(a, b)| *a = a.saturating_add(*b));
    }
}

/// A burst must not become the normal: of what is above the usual only a tenth is learnt, and never twice the usual.
fn winsorised(count: u32, usual: NegativeBinomial) -> u32 {
    let most = (usual.mean() + WINSOR * usual.deviation()).max(8.0);
    let value = f64::from(count);
    if value <= most {
        return count;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `count`")]
    let learnt = libm::ceil(most + ((value - most) / 10.0).min(most)) as u32;
    learnt.min(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::conformance::merge_laws;
    use proptest::prelude::*;

    fn learnt(hours: &[(i64, u32)]) -> Rate {
        let mut rate = Rate::default();
        let mut hours = hours.to_vec();
        hours.sort_unstable();
        for (hour, count) in hours {
            rate.learn(hour, usize::try_from(hour % 168).unwrap(), count);
        }
        rate
    }

    fn same(a: &Rate, b: &Rate) -> bool {
        let close = |x: f64, y: f64| (x - y).abs() <= 1e-9 * x.abs().max(1.0);
        let exact = |rate: &Rate| {
            let rate = rate.clone();
            (rate.generation, rate.now, rate.before, rate.hours_now, rate.hours_before)
        };
        exact(a) == exact(b) && close(a.excess, b.excess) && close(a.square, b.square)
    }

    proptest! {
        #[test]
        fn parts_merge(parts in prop::collection::vec(prop::collection::vec((0_i64..3_000, 0_u32..50), 0..40), 3)) {
            let parts: Vec<Rate> = parts.iter().map(|part| learnt(part)).collect();
            prop_assert_eq!(merge_laws([&parts[0], &parts[1], &parts[2]], same), Ok(()));
        }

        #[test]
        fn predictions_are_sound(hours in prop::collection::vec((0_i64..5_000, any::<u32>()), 0..40), cell: usize) {
            let rate = learnt(&hours);
            let usual = rate.predict(cell, Some(&rate));
            prop_assert!(usual.mean() > 0.0 && usual.deviation().is_finite());
            let mut out = Vec::new();
            rate.write(&mut out);
            prop_assert_eq!(Rate::read(&mut Fields(&out)).unwrap(), rate);
        }
    }

    #[test]
    fn a_burst_does_not_become_the_normal() {
        let mut hours: Vec<(i64, u32)> = (0..1_000).map(|hour| (hour, 5)).collect();
        let calm = learnt(&hours).predict(100, None).mean();
        hours.push((1_000, 100_000));
        let after = learnt(&hours).predict(1_000 % 168, None).mean();
        assert!(after < 10.0 && calm < 6.0, "{calm} {after}");
    }
}
