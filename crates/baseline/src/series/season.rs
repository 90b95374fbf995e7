//! What is usual at this time of day, or in this hour of the week?
//!
//! A mean and a mean deviation in each cell, over the last few visits; 48 half hours of the day and 168 hours of
//! the week. A season is used only while it errs less than the level does. O(1) a reading; 20 bytes a cell.

use super::tuning::Tuning;
use crate::series::fields::{self, Numbers};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// 1970 began on a Thursday.
const THURSDAY: i64 = 72 * HOUR;
/// A cell tells what is usual from its second visit on.
const VISITS: u16 = 2;
/// A deviation counts as no more than so many common errors.
const FAR: f64 = 4.0;
/// After so many visits a cell's own deviation weighs no more.
const SETTLED: u16 = 10;
/// Readings before a season can show its skill.
const SHOWN: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    // INVARIANT: finite; the deviation not negative; `visits` is at most `readings`.
    mean: f32,
    deviation: f32,
    readings: u32,
    visits: u16,
    last: i32,
}

/// Where a moment lies: the number of its cell, and of the period.
#[derive(Clone, Copy, Debug)]
struct Place {
    cell: usize,
    period: i32,
}

/// What is usual in each of `N` cells of a period.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Season<const N: usize> {
    cells: [Cell; N],
    // INVARIANT: finite and not negative.
    count: f64,
    error: f64,
    level_error: f64,
}

impl<const N: usize> Default for Season<N> {
    fn default() -> Self {
        Self { cells: [Cell::default(); N], count: 0.0, error: 0.0, level_error: 0.0 }
    }
}

/// The half hours of a day.
pub(crate) type Day = Season<48>;
/// The hours of a week from Monday 00:00.
pub(crate) type Week = Season<168>;

impl<const N: usize> Season<N> {
    /// The width of a cell in microseconds: what divides a day or a week into `N`.
    const WIDTH: i64 = if N == 48 { HOUR / 2 } else { HOUR };
    const SHIFT: i64 = if N == 48 { 0 } else { THURSDAY };

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "a remainder below 168; a count of days fits 32 bits for every moment"
    )]
    fn place(micros: i64) -> Place {
        let cells = micros.saturating_add(Self::SHIFT).div_euclid(Self::WIDTH);
        Place { cell: cells.rem_euclid(N as i64) as usize, period: cells.div_euclid(N as i64) as i32 }
    }

    /// The usual value at `micros`, once the cell is known.
    pub(crate) fn expect(&self, micros: i64) -> Option<f64> {
        let cell = self.cells.get(Self::place(micros).cell)?;
        (cell.visits >= VISITS).then_some(f64::from(cell.mean))
    }

    /// How far readings at `micros` usually lie from what is expected.
    pub(crate) fn deviation(&self, micros: i64, tuning: &Tuning) -> f64 {
        let cell = self.cells.get(Self::place(micros).cell).copied().unwrap_or_default();
        let own = f64::from(cell.visits.min(SETTLED));
        (f64::from(cell.deviation) * own + self.error * tuning.shared) / (own + tuning.shared)
    }

    /// Whether it errs less than the level does.
    pub(crate) fn has_skill(&self, tuning: &Tuning) -> bool {
        self.count > SHOWN && self.error < tuning.skill * self.level_error
    }

    /// The mean error of what was expected.
    pub(crate) fn error(&self) -> f64 {
        self.error
    }

    /// Learns `value`, beside a slow `level`.
    #[expect(clippy::cast_possible_truncation, reason = "cells are kept in single precision")]
    pub(crate) fn learn(&mut self, micros: i64, value: f64, level: f64, tuning: &Tuning) {
        let expected = self.expect(micros);
        if let Some(expected) = expected {
            self.count += 1.0;
            let rate = 1.0 / self.count.min(tuning.horizon);
            self.error += rate * ((value - expected).abs() - self.error);
            self.level_error += rate * ((value - level).abs() - self.level_error);
        }
        let (place, most) = (Self::place(micros), FAR * self.error);
        let Some(cell) = self.cells.get_mut(place.cell) else { return };
        if cell.visits == 0 || cell.last != place.period {
            cell.visits = cell.visits.saturating_add(1);
            cell.last = place.period;
        }
        cell.readings = cell.readings.saturating_add(1);
        let readings = f64::from(cell.readings);
        let rate = 1.0 / readings.min((tuning.visits * readings / f64::from(cell.visits)).max(1.0));
        let mut distance = value - f64::from(cell.mean);
        if expected.is_some() {
            distance = distance.clamp(-most, most);
            let deviation = f64::from(cell.deviation);
            cell.deviation = (deviation + rate * (distance.abs() - deviation)) as f32;
        }
        cell.mean = (f64::from(cell.mean) + rate * distance) as f32;
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        fields::put(out, &[self.count, self.error, self.level_error]);
        for cell in &self.cells {
            fields::put_short(out, &[cell.mean, cell.deviation]);
            out.u32(cell.readings);
            out.u32(u32::from(cell.visits));
            out.u32(cell.last.cast_unsigned());
        }
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "season" };
        let mut read = Self::default();
        [read.count, read.error, read.level_error] = fields.numbers()?;
        fields::not_negative(&[read.count, read.error, read.level_error])?;
        for cell in &mut read.cells {
            cell.mean = fields.short()?;
            [cell.deviation] = fields.counts()?;
            cell.readings = fields.u32()?;
            cell.visits = u16::try_from(fields.u32()?).map_err(|_| INVALID)?;
            cell.last = fields.u32()?.cast_signed();
            if u32::from(cell.visits) > cell.readings {
                return Err(INVALID);
            }
        }
        Ok(read)
    }
}
