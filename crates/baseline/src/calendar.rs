//! Which hour of the local week is it, and which four weeks do we learn in?
//!
//! Calendars are the caller's: a table of UTC offsets, so that working hours hold over a switch to summer time.
//! Learning runs in generations of 28 days counted from 1970, the same for every shard, so that merging is exact.

use homeostat_core::Timestamp;

/// Cells of the week: one per local hour, from Monday 00:00.
pub(crate) const CELLS: usize = 168;
/// The span of one generation: four whole weeks, so that every cell occurs equally often in it.
const GENERATION_HOURS: i64 = 4 * 168;
/// The largest offset of any zone in use is 14 hours; one day leaves room and keeps arithmetic harmless.
const MOST_MINUTES: i32 = 1_440;

/// How far local time lies from UTC, from which moment on. Empty means UTC.
///
/// ```
/// use homeostat_baseline::LocalTime;
///
/// let berlin = LocalTime::new(&[("1970-01-01T00:00:00Z".parse()?, 60), ("2026-03-29T01:00:00Z".parse()?, 120)])?;
/// assert_eq!(berlin.offset_minutes("2026-07-01T00:00:00Z".parse()?), 120);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalTime(Vec<(Timestamp, i32)>);

impl LocalTime {
    /// The table of `offsets`: from each moment on, local time is UTC plus so many minutes.
    ///
    /// # Errors
    ///
    /// [`BadOffsets`] when the moments do not rise or an offset is beyond a day.
    pub fn new(offsets: &[(Timestamp, i32)]) -> Result<Self, BadOffsets> {
        let rising = offsets.is_sorted_by(|a, b| a.0 < b.0);
        let sound = offsets
            .iter()
            .all(|(from, minutes)| from.is_moment() && (-MOST_MINUTES..=MOST_MINUTES).contains(minutes));
        if rising && sound { Ok(Self(offsets.to_vec())) } else { Err(BadOffsets(())) }
    }

    /// Minutes that local time is ahead of UTC at `time`; before the first entry its offset holds too.
    pub fn offset_minutes(&self, time: Timestamp) -> i32 {
        let after = self.0.partition_point(|(from, _)| *from <= time);
        self.0.get(after.saturating_sub(1)).map_or(0, |(_, minutes)| *minutes)
    }

    pub(crate) fn entries(&self) -> &[(Timestamp, i32)] {
        &self.0
    }

    /// The cell of the local week in which the hour `hour` (since 1970 UTC) begins.
    pub(crate) fn cell(&self, hour: i64) -> usize {
        let start = Timestamp::from_micros(hour.saturating_mul(3_600_000_000));
        let minute = start.minute_of_week(self.offset_minutes(start)).unwrap_or(0);
        usize::from(minute / 60)
    }
}

/// A table of offsets that no calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the moments of an offset table must rise and each offset be within a day")]
pub struct BadOffsets(());

/// Whole minutes since 1970: the tick.
pub(crate) fn tick(micros: i64) -> i64 {
    micros.div_euclid(60_000_000)
}

/// The hour since 1970 of a tick.
pub(crate) fn hour(tick: i64) -> i64 {
    tick.div_euclid(60)
}

/// The day since 1970 of a tick, for "last seen"; days before 1970 are day 0.
pub(crate) fn day(tick: i64) -> u32 {
    u32::try_from(tick.div_euclid(1_440)).unwrap_or(0)
}

/// The generation of an hour.
pub(crate) fn generation(hour: i64) -> i64 {
    hour.div_euclid(GENERATION_HOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_follow_local_time() {
        let monday = 20_773 * 24; // 2026-11-16, a Monday
        assert_eq!(LocalTime::default().cell(monday + 9), 9);
        let start = Timestamp::from_micros(0);
        let tokyo = LocalTime::new(&[(start, 540)]).unwrap();
        assert_eq!(tokyo.cell(monday + 9), 18);
        assert_eq!(LocalTime::default().cell(i64::MAX) / CELLS, 0);
    }

    #[test]
    fn tables_that_no_calendar_has_are_refused() {
        let moment = Timestamp::from_micros(0);
        for wrong in [vec![(moment, 0), (moment, 60)], vec![(moment, 1_441)], vec![(Timestamp::NEVER, 0)]] {
            let error = LocalTime::new(&wrong).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the moments of an offset table must rise and each offset be within a day"
            );
        }
    }
}
