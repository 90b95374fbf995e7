//! Running means of the value and, in step with it, of what each predictor expected.
//!
//! All are linear, so the mean of a value's residuals is the difference of two means, whichever predictor is the
//! best at the moment: changing the predictor makes no jump. O(1) a reading; 32 bytes.

use crate::series::fields::{self, Numbers};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// Which prediction residuals are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Predictor {
    /// The slow level.
    Level,
    /// The time of day.
    Day,
    /// The hour of the week.
    Week,
}

/// A value beside what was expected of it, or means of these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Trail {
    // INVARIANT: all finite.
    pub(crate) value: f64,
    pub(crate) level: f64,
    pub(crate) day: f64,
    pub(crate) week: f64,
}

impl Trail {
    /// What `predictor` expected.
    pub(crate) fn expected(&self, predictor: Predictor) -> f64 {
        match predictor {
            Predictor::Level => self.level,
            Predictor::Day => self.day,
            Predictor::Week => self.week,
        }
    }

    /// The residual from `predictor`.
    pub(crate) fn residual(&self, predictor: Predictor) -> f64 {
        self.value - self.expected(predictor)
    }

    /// The residual from a season; the value itself where only the level is known, which moves too little to count.
    pub(crate) fn seasonal(&self, predictor: Predictor) -> f64 {
        if predictor == Predictor::Level { self.value } else { self.residual(predictor) }
    }

    /// Moves towards `now` by `rate`.
    pub(crate) fn follow(&mut self, now: &Self, rate: f64) {
        self.value += rate * (now.value - self.value);
        self.level += rate * (now.level - self.level);
        self.day += rate * (now.day - self.day);
        self.week += rate * (now.week - self.week);
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        fields::put(out, &[self.value, self.level, self.day, self.week]);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let [value, level, day, week] = fields.numbers()?;
        Ok(Self { value, level, day, week })
    }
}
