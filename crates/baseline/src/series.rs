//! How surprising is the next value of one series of numbers, and which view of it says so?
//!
//! Ten cheap views of each value (step, distance from the fast level, from the slow one and from the season, means
//! and noise over two windows, a flat line, lasting unrest) become bits against their own history, join by a power
//! mean of p-values (Vovk and Wang, Biometrika 107(4), 2020), and are ranked in the series' own history of scores.
//! An alert is followed by rest. One pass, no look-ahead, no setting. O(1) a reading, about 8 kB a series.

mod alarm;
mod bytes;
mod fields;
mod season;
mod tail;
mod trail;
mod tuning;
mod view;

use alarm::Alarm;
use homeostat_core::{Bits, Observed, Position, Positions, SnapshotError, State, Timestamp};
use season::{Day, Week};
use trail::{Predictor, Trail};
use tuning::Tuning;
use view::{Centre, View};

/// Bits of a flat line at most; how much history there is does not limit them, since the line is its own evidence.
const FLAT_MOST: f64 = 24.0;
/// Readings whose noise is smaller than this share of the usual one are not told apart.
const NOISE_FLOOR: f64 = 1e-3;
/// A season of the week is preferred to one of the day unless it errs so much more.
const WEEK_ERROR: f64 = 1.05;
/// More bits of one reading than so many do not raise the mean surprise.
const UNREST_MOST: f64 = 20.0;

/// One value of a series at its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    time: Timestamp,
    value: f64,
}

impl Reading {
    /// The largest size of a value: cells are kept in single precision.
    pub const LIMIT: f64 = 1e30;

    /// The value `value`, in any unit, at `time`.
    pub fn new(time: Timestamp, value: f64) -> Self {
        Self { time, value }
    }
}

/// A reading that no model can learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadReading {
    /// Its time is unknown.
    #[error("the reading names no moment")]
    NoMoment,
    /// Its value is infinite, NaN, or larger than [`Reading::LIMIT`].
    #[error("the value is not a finite number of at most 1e30 in size")]
    NoNumber,
}

/// One view of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeriesView {
    /// The step from the value before, less the season's own.
    Step,
    /// The distance from the mean of the last dozen values.
    Residual,
    /// The value itself, low or high.
    Value,
    /// The distance from what is usual at this time of day or hour of the week.
    Season,
    /// The mean of the last dozen values.
    ShortMean,
    /// The mean of the last hundred values.
    LongMean,
    /// How much the last dozen values jump about.
    ShortNoise,
    /// How much the last hundred values jump about.
    LongNoise,
    /// The same value again and again.
    FlatLine,
    /// Many small surprises in a row.
    Unrest,
}

impl SeriesView {
    /// All views, in the order in which they are computed.
    const ALL: [Self; 10] = [
        Self::Step,
        Self::Residual,
        Self::Value,
        Self::Season,
        Self::ShortMean,
        Self::LongMean,
        Self::ShortNoise,
        Self::LongNoise,
        Self::FlatLine,
        Self::Unrest,
    ];
}

/// How surprising one reading was when it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesScore {
    bits: Bits,
    surprise: Bits,
    view: SeriesView,
    expected: f64,
}

impl SeriesScore {
    /// What is told: high once, then low until the evidence is clearly higher. One threshold serves all series.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// The surprise of this reading alone, rest or no rest.
    pub fn surprise(&self) -> Bits {
        self.surprise
    }

    /// The view that found most.
    pub fn view(&self) -> SeriesView {
        self.view
    }

    /// What the best predictor expected, in the unit of the values.
    pub fn expected(&self) -> f64 {
        self.expected
    }
}

/// A model of one series of numbers, which scores each reading and then learns it.
///
/// Values may be of any size and unit, come at any interval and with gaps; scaling a series by a power of two
/// changes no bit of its scores. It can not be merged: when two series become one, the longer model goes on.
///
/// ```
/// use homeostat_baseline::{Reading, SeriesModel};
/// use homeostat_core::{Position, State as _, Timestamp};
///
/// let mut requests = SeriesModel::default();
/// let mut scores = Vec::new();
/// for minute in 0..2_000_i64 {
///     let value = if minute == 1_700 { 900.0 } else { 100.0 + (minute * 37 % 23) as f64 };
///     let time = Timestamp::from_micros(minute * 60_000_000);
///     let score = requests.observe(Position::at(minute.unsigned_abs()), &Reading::new(time, value))?;
///     scores.push(score.applied().map_or(0.0, |score| score.bits().get()));
/// }
/// let most = scores.iter().copied().fold(0.0, f64::max);
/// assert!(most > 10.0 && scores[1_700] == most);
/// assert!(scores[1_701] < 5.0, "told once");
/// # Ok::<(), homeostat_baseline::BadReading>(())
/// ```
#[derive(Clone, Debug)]
pub struct SeriesModel {
    tuning: &'static Tuning,
    seen: Positions,
    // Readings learnt.
    count: u64,
    // The first value: all others are told from it. INVARIANT: finite, as all below.
    origin: f64,
    last: Trail,
    fast: Trail,
    short: Trail,
    long: Trail,
    // The slow level, the noise over two windows, and the mean surprise.
    level: f64,
    short_noise: f64,
    long_noise: f64,
    unrest: f64,
    flat: FlatLine,
    day: Day,
    week: Week,
    views: Views,
    alarm: Alarm,
}

/// How long the value has not changed, and how often that goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct FlatLine {
    run: f64,
    chances: f64,
    went_on: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Views {
    step: View,
    residual: View,
    value: View,
    season: View,
    short_mean: View,
    long_mean: View,
    short_noise: View,
    long_noise: View,
    unrest: View,
}

impl Default for SeriesModel {
    fn default() -> Self {
        Self::tuned(&tuning::DEFAULT)
    }
}

impl SeriesModel {
    pub(crate) fn tuned(tuning: &'static Tuning) -> Self {
        Self {
            tuning,
            seen: Positions::default(),
            count: 0,
            origin: 0.0,
            last: Trail::default(),
            fast: Trail::default(),
            short: Trail::default(),
            long: Trail::default(),
            level: 0.0,
            short_noise: 0.0,
            long_noise: 0.0,
            unrest: 0.0,
            flat: FlatLine::default(),
            day: Day::default(),
            week: Week::default(),
            views: Views::default(),
            alarm: Alarm::default(),
        }
    }

    /// Bytes that the model of a series takes in memory, whatever it has seen; positions of partitions beside.
    pub const BYTES: usize = size_of::<Self>();

    /// Readings learnt.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Scores `value` at `micros`, then learns it.
    fn step(&mut self, micros: i64, value: f64) -> SeriesScore {
        self.count = self.count.saturating_add(1);
        if self.count == 1 {
            self.origin = value;
        }
        let value = value - self.origin;
        let (day, week) = (self.day.expect(micros), self.week.expect(micros));
        let predictor = self.predictor(day.is_some(), week.is_some());
        let now = Trail {
            value,
            level: self.level,
            day: day.unwrap_or(self.level),
            week: week.or(day).unwrap_or(self.level),
        };
        let surprises = self.surprises(&now, predictor, micros);
        let most = self.most();
        let (surprise, view) = self.join(surprises);
        let bits = self.alarm.hear(surprise, self.count, most, self.tuning);
        self.learn(&now, micros);
        SeriesScore {
            bits: Bits::new(bits),
            surprise: Bits::new(surprise),
            view,
            expected: self.origin + now.expected(predictor),
        }
    }

    /// The most bits that so short a history can vouch for.
    fn most(&self) -> f64 {
        self.tuning.trust * libm::log2(self.count as f64)
    }

    fn predictor(&self, day: bool, week: bool) -> Predictor {
        let no_worse = self.week.error() < WEEK_ERROR * self.day.error();
        if week && no_worse && self.week.has_skill(self.tuning) {
            Predictor::Week
        } else if day && self.day.has_skill(self.tuning) {
            Predictor::Day
        } else {
            Predictor::Level
        }
    }

    /// The bits of all views but the last, in the order of [`SeriesView::ALL`].
    fn surprises(&mut self, now: &Trail, predictor: Predictor, micros: i64) -> [f64; 9] {
        let (most, tuning) = (self.most(), self.tuning);
        let step = now.seasonal(predictor) - self.last.seasonal(predictor);
        let residual = now.seasonal(predictor) - self.fast.seasonal(predictor);
        self.follow(now, step);
        let views = &mut self.views;
        let usual = views.step.scale();
        let noise = |noise: f64| libm::log2(NOISE_FLOOR + if usual > 0.0 { noise / usual } else { 0.0 });
        let rise = |view: &mut View, number: f64| {
            let rises = view.is_below(number);
            let bits = view.see(number, Centre::Mean, most, tuning);
            if rises { bits } else { 0.0 }
        };
        let deviation = match predictor {
            Predictor::Level => 0.0,
            Predictor::Day => self.day.deviation(micros, tuning),
            Predictor::Week => self.week.deviation(micros, tuning),
        };
        [
            views.step.see(step, Centre::Zero, most, tuning),
            views.residual.see(residual, Centre::Zero, most, tuning),
            views.value.see(now.value, Centre::Mean, most, tuning),
            if deviation > 0.0 {
                views.season.see(now.residual(predictor) / deviation, Centre::Zero, most, tuning)
            } else {
                0.0
            },
            views.short_mean.see(self.short.residual(predictor), Centre::Mean, most, tuning),
            views.long_mean.see(self.long.residual(predictor), Centre::Mean, most, tuning),
            rise(&mut views.short_noise, noise(self.short_noise)),
            rise(&mut views.long_noise, noise(self.long_noise)),
            (self.flat.see(self.is_tied(now), tuning.tie) - tuning.steps).min(FLAT_MOST),
        ]
    }

    #[expect(clippy::float_cmp, reason = "a flat line is the very same value again")]
    fn is_tied(&self, now: &Trail) -> bool {
        self.count > 1 && now.value == self.last.value
    }

    /// Moves the running means.
    fn follow(&mut self, now: &Trail, step: f64) {
        if self.count == 1 {
            (self.last, self.fast, self.short, self.long) = (*now, *now, *now, *now);
            return;
        }
        let (count, tuning) = (self.count as f64, self.tuning);
        let (short, long) = (1.0 / tuning.short.min(count), 1.0 / tuning.long.min(count));
        self.fast.follow(now, tuning.fast.max(1.0 / count));
        self.short.follow(now, short);
        self.long.follow(now, long);
        self.short_noise += short * (step.abs() - self.short_noise);
        self.long_noise += long * (step.abs() - self.long_noise);
    }

    /// Joins the views, the last of which is the mean of the others' surprise.
    fn join(&mut self, surprises: [f64; 9]) -> (f64, SeriesView) {
        let tuning = self.tuning;
        let highest = surprises.into_iter().fold(0.0, f64::max);
        self.unrest += tuning.unrest * (highest.min(UNREST_MOST) - self.unrest);
        let rises = self.views.unrest.is_below(self.unrest);
        let most = self.most();
        let unrest = self.views.unrest.see(self.unrest, Centre::Mean, most, tuning);
        let all = surprises.into_iter().chain([if rises { unrest } else { 0.0 }]);
        let (mut odds, mut best) = (0.0, (f64::NEG_INFINITY, SeriesView::Value));
        for (bits, view) in all.zip(SeriesView::ALL) {
            odds += libm::exp2(bits * tuning.power);
            if bits > best.0 {
                best = (bits, view);
            }
        }
        let joint = libm::log2(odds / SeriesView::ALL.len() as f64) / tuning.power;
        (joint.max(0.0), best.1)
    }

    fn learn(&mut self, now: &Trail, micros: i64) {
        self.day.learn(micros, now.value, self.level, self.tuning);
        self.week.learn(micros, now.value, self.level, self.tuning);
        self.level += (now.value - self.level) / (self.count as f64).min(self.tuning.horizon);
        self.last = *now;
    }
}

impl FlatLine {
    /// The bits of a run of equal values: each goes on with the chance that the runs before it did.
    fn see(&mut self, tied: bool, least: f64) -> f64 {
        if !tied {
            // A run of n ties went on n - 1 times and then ended.
            self.chances += self.run;
            self.went_on += (self.run - 1.0).max(0.0);
            self.run = 0.0;
            return 0.0;
        }
        self.run += 1.0;
        let chance = ((self.went_on + 2.0) / (self.chances + 4.0)).max(least);
        -(self.run - 1.0) * libm::log2(chance)
    }
}

impl State<Reading> for SeriesModel {
    type Output = SeriesScore;
    type Error = BadReading;

    fn observe(&mut self, position: Position, input: &Reading) -> Result<Observed<SeriesScore>, BadReading> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        let micros = input.time.micros().ok_or(BadReading::NoMoment)?;
        if input.value.is_nan() || input.value.abs() > Reading::LIMIT {
            return Err(BadReading::NoNumber);
        }
        Ok(Observed::Applied(self.step(micros, input.value)))
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.snapshot()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes)
    }
}

#[cfg(test)]
mod tests;
