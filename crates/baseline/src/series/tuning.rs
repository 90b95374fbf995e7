//! The numbers that the model of a series is set with: one set for every series, scale and sampling interval.
//!
//! Chosen among round numbers on public series of operations (docs/provenance.md), by the mean over neighbouring
//! settings: one setting's score moves by chance, its neighbourhood's does not. All views count alike.

/// One set of constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tuning {
    /// Readings after which older ones count half.
    pub(crate) memory: f64,
    /// Readings that the slow level, scales and errors average over.
    pub(crate) horizon: f64,
    /// What one reading moves the fast level.
    pub(crate) fast: f64,
    /// Readings of the two windows in which changes of level and of noise are looked for: 12 and 8 times 12.
    pub(crate) short: f64,
    pub(crate) long: f64,
    /// Before so many readings nothing is told.
    pub(crate) warm: f64,
    /// A p-value is at least `n^-trust` after `n` readings.
    pub(crate) trust: f64,
    /// From so many bits on a reading teaches only `gate_weight`.
    pub(crate) gate: f64,
    pub(crate) gate_weight: f64,
    /// A deviation teaches a scale no more than so many times itself.
    pub(crate) winsor: f64,
    /// The assumed tail: excess in scales, Pareto shape, and the readings that this assumption weighs.
    pub(crate) tail_excess: f64,
    pub(crate) tail_shape: f64,
    pub(crate) tail_weight: f64,
    /// Visits that a cell of a season averages over.
    pub(crate) visits: f64,
    /// A season is used while its error is below so many times the slow level's.
    pub(crate) skill: f64,
    /// Visits that the common error of a season weighs against a cell's own.
    pub(crate) shared: f64,
    /// A flat line goes on with at least this chance.
    pub(crate) tie: f64,
    /// What one reading moves the mean surprise.
    pub(crate) unrest: f64,
    /// The power mean by which views join: 1 is the harmonic mean of their p-values, 0 the geometric one.
    pub(crate) power: f64,
    /// Bits that a flat line must have beyond those of other views: what is measured in steps stands still often.
    pub(crate) steps: f64,
    /// The share of a score that is its rank in the series' own history of scores.
    pub(crate) own: f64,
    /// During a rest only scores below so many bits are history.
    pub(crate) calm: f64,
    /// Readings in which the memory of an alert loses half of its bits, and at most this share of the history: who
    /// has seen little cannot say that all is told.
    pub(crate) rest: f64,
    pub(crate) rest_share: f64,
    /// Bits by which evidence must be higher to end a rest.
    pub(crate) margin: f64,
    /// What a score keeps during a rest.
    pub(crate) quiet: f64,
    /// Bits that a doubling of the number of earlier alerts of this size costs.
    pub(crate) habit: f64,
    /// Alerts so many bits smaller count as of this size.
    pub(crate) habit_slack: f64,
    /// Readings in which the memory of alerts loses half.
    pub(crate) habit_memory: f64,
}

pub(crate) static DEFAULT: Tuning = Tuning {
    memory: 8_000.0,
    horizon: 4_000.0,
    fast: 0.1,
    short: 12.0,
    long: 96.0,
    warm: 50.0,
    trust: 1.5,
    gate: 7.0,
    gate_weight: 0.1,
    winsor: 12.0,
    tail_excess: 0.4,
    tail_shape: 0.1,
    tail_weight: 8.0,
    visits: 3.0,
    skill: 1.2,
    shared: 2.0,
    tie: 0.97,
    unrest: 0.2,
    power: 0.3,
    steps: 12.0,
    own: 0.5,
    calm: 2.0,
    rest: 200.0,
    rest_share: 0.1,
    margin: 2.0,
    quiet: 0.3,
    habit: 1.0,
    habit_slack: 1.0,
    habit_memory: 10_000.0,
};
