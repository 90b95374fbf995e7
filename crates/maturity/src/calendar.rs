//! When Acme works: the days of its history, in the office's own time.
//!
//! The last day but one, on which stories happen, is always Tuesday 17 March 2026, so that a longer history
//! reaches further back and a story always meets a working day. The office keeps UTC+1 all through.

/// 2026-03-17 in days after 1970-01-01.
const STORY_DAY: i64 = 20_529;
const MINUTE: i64 = 60_000_000;

/// The office's clock is this much ahead of UTC, in minutes.
pub(crate) const OFFSET_MINUTES: i64 = 60;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    pub(crate) days: i64,
}

impl Calendar {
    /// The day (from 0) on which stories reach their height: the last but one.
    pub(crate) fn story_day(self) -> i64 {
        self.days - 2
    }

    /// The moment of `minute` after midnight, office time, of `day` (from 0), in microseconds since 1970.
    pub(crate) fn at(self, day: i64, minute: i64) -> i64 {
        ((STORY_DAY - self.story_day() + day) * 1_440 + minute - OFFSET_MINUTES) * MINUTE
    }

    /// The day of the week, Monday 0.
    pub(crate) fn weekday(self, day: i64) -> i64 {
        (STORY_DAY - self.story_day() + day + 3).rem_euclid(7)
    }

    pub(crate) fn is_weekend(self, day: i64) -> bool {
        self.weekday(day) >= 5
    }

    /// The day of the monthly close, a Friday four days before the stories: once in a history of 14 days.
    pub(crate) fn is_monthly_close(self, day: i64) -> bool {
        (self.story_day() - day).rem_euclid(28) == 4
    }

    /// The day on which the big deployment goes out, every second Wednesday.
    pub(crate) fn is_deploy_day(self, day: i64) -> bool {
        (self.story_day() - day).rem_euclid(14) == 6
    }
}

#[cfg(test)]
mod tests {
    use super::Calendar;
    use homeostat_core::Timestamp;

    #[test]
    fn stories_happen_on_a_tuesday() {
        for days in [3, 14, 30] {
            let calendar = Calendar { days };
            let noon = Timestamp::from_micros(calendar.at(calendar.story_day(), 720));
            assert_eq!(noon.to_string(), "2026-03-17T11:00:00.000000Z");
            assert_eq!(calendar.weekday(calendar.story_day()), 1);
            assert_eq!(noon.minute_of_week(60), Some(1_440 + 720));
        }
    }
}
