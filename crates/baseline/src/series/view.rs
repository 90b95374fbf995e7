//! One statistic of a series: its scale, its history, and how far out the present number lies in that history.
//!
//! The history is kept in units of the running scale, so that a series in bytes and one in seconds look alike.
//! O(1) a number; 284 bytes.

use super::tail::Tail;
use super::tuning::Tuning;
use crate::series::fields::{self, Numbers};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// Numbers further out than so many scales are not told apart.
const FAR: f64 = 4_000.0;
/// Before so many numbers the scale is no guide to what is too much.
const FIRST: f64 = 20.0;

/// Where the usual number of a statistic lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Centre {
    /// At zero, as for a difference.
    Zero,
    /// At its own mean.
    Mean,
}

/// What is known of one statistic.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    // INVARIANT: all finite; count and scale not negative.
    count: f64,
    mean: f64,
    scale: f64,
    tail: Tail,
}

impl View {
    /// Scores `number` in bits, at most `most`, and then learns it.
    pub(crate) fn see(&mut self, number: f64, centre: Centre, most: f64, tuning: &Tuning) -> f64 {
        self.count += 1.0;
        let first = self.count <= 1.0;
        let distance = match centre {
            Centre::Zero => number,
            Centre::Mean => number - self.mean,
        };
        let place = self.place(distance);
        let told = self.count > tuning.warm;
        let bits = if told { (-libm::log2(self.tail.p(place, tuning))).clamp(0.0, most) } else { 0.0 };
        let weight = if bits > tuning.gate { tuning.gate_weight } else { 1.0 };
        match centre {
            Centre::Mean if first => self.mean = number,
            Centre::Mean | Centre::Zero => {
                // A place in units of a scale that is a guess would stand in the history for good.
                if self.count > FIRST && (self.scale > 0.0 || distance == 0.0) {
                    self.tail.learn(place, weight, tuning.memory);
                }
                self.follow(distance, centre, weight / self.count.min(tuning.horizon), tuning.winsor);
            }
        }
        bits
    }

    /// Whether `number` lies above the mean.
    pub(crate) fn is_below(&self, number: f64) -> bool {
        number > self.mean
    }

    /// The mean distance from the centre.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    fn place(&self, distance: f64) -> f64 {
        if self.scale > 0.0 {
            (distance / self.scale).clamp(-FAR, FAR)
        } else if distance == 0.0 {
            0.0
        } else {
            FAR.copysign(distance)
        }
    }

    fn follow(&mut self, distance: f64, centre: Centre, rate: f64, winsor: f64) {
        let known = self.count > FIRST && self.scale > 0.0;
        let most = if known { winsor * self.scale } else { f64::MAX };
        let distance = distance.clamp(-most, most);
        if let Centre::Mean = centre {
            self.mean += rate * distance;
        }
        self.scale += rate * (distance.abs() - self.scale);
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        fields::put(out, &[self.count, self.mean, self.scale]);
        self.tail.write(out);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let [count, mean, scale] = fields.numbers()?;
        fields::not_negative(&[count, scale])?;
        Ok(Self { count, mean, scale, tail: Tail::read(fields)? })
    }
}
