//! When something happened: 64-bit microseconds since 1970 UTC, with names for what is no moment.
//!
//! Microseconds, because nanoseconds end at 1677 and 2262 while FILETIME 0 (1601) and 9999-12-31 are normal
//! log values, and because OCSF's milliseconds would lose what Zeek tells. Text form: `time_text.rs`.

use std::time::Duration;

/// How long results wait for events that arrive out of order: the one such constant of all crates.
///
/// 60 s covers the delivery delay of the collectors in use; final results are published after it.
pub const LATENESS: Duration = Duration::from_mins(1);

/// How far ahead of the arrival an event may say it happened before it no longer moves a watermark.
///
/// One day covers clocks set to a wrong zone; such an event is kept and marked, never dropped.
pub const FUTURE_LIMIT: Duration = Duration::from_hours(24);

/// A moment, in microseconds since 1970-01-01T00:00:00Z, or one of three named values that are no moment.
///
/// The named values order as one would expect ([`Timestamp::UNKNOWN`] and [`Timestamp::BEFORE_ALL`] first,
/// [`Timestamp::NEVER`] last) and take no part in arithmetic: [`Timestamp::since`] and [`Timestamp::plus`]
/// answer `None` for them.
///
/// ```
/// use homeostat_core::Timestamp;
///
/// let login: Timestamp = "2026-03-16T08:30:00.25Z".parse()?;
/// assert_eq!(login.plus(std::time::Duration::from_secs(60)).unwrap().to_string(), "2026-03-16T08:31:00.250000Z");
/// assert_eq!(Timestamp::NEVER.since(login), None);
/// # Ok::<(), homeostat_core::BadTime>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The source did not tell.
    pub const UNKNOWN: Self = Self(i64::MIN);
    /// Before all log history, such as FILETIME 0.
    pub const BEFORE_ALL: Self = Self(i64::MIN + 1);
    /// A moment that does not come, such as an account that does not expire (9999-12-31).
    pub const NEVER: Self = Self(i64::MAX);
    /// 0000-01-01T00:00:00Z, the first moment that has a text form.
    pub const FIRST: Self = Self(-62_167_219_200_000_000);
    /// 9999-12-31T23:59:59.999999Z, the last moment that has a text form.
    pub const LAST: Self = Self(253_402_300_799_999_999);

    /// The moment `micros` microseconds after 1970 UTC; clamped to [`Self::FIRST`]`..=`[`Self::LAST`].
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::FIRST.0 {
            Self::FIRST
        } else if micros > Self::LAST.0 {
            Self::LAST
        } else {
            Self(micros)
        }
    }

    /// The moment `millis` milliseconds after 1970 UTC, as OCSF writes it; clamped like [`Self::from_micros`].
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970 UTC; `None` for the named values.
    pub const fn micros(self) -> Option<i64> {
        if self.is_moment() { Some(self.0) } else { None }
    }

    /// Whole milliseconds since 1970 UTC, rounded down; `None` for the named values.
    pub const fn millis(self) -> Option<i64> {
        if self.is_moment() { Some(self.0.div_euclid(1_000)) } else { None }
    }

    /// Whether this is a moment and none of the named values.
    pub const fn is_moment(self) -> bool {
        self.0 >= Self::FIRST.0 && self.0 <= Self::LAST.0
    }

    /// The time from `earlier` to `self` in microseconds, negative when `earlier` is later; `None` when either
    /// is no moment.
    pub fn since(self, earlier: Self) -> Option<i64> {
        Some(self.micros()? - earlier.micros()?)
    }

    /// The moment `span` later; `None` when this is no moment or the result would lie beyond [`Self::LAST`].
    pub fn plus(self, span: Duration) -> Option<Self> {
        let later = self.micros()?.checked_add(i64::try_from(span.as_micros()).ok()?)?;
        (later <= Self::LAST.0).then_some(Self(later))
    }

    /// The moment `span` earlier; `None` when this is no moment or the result would lie before [`Self::FIRST`].
    pub fn minus(self, span: Duration) -> Option<Self> {
        let earlier = self.micros()?.checked_sub(i64::try_from(span.as_micros()).ok()?)?;
        (earlier >= Self::FIRST.0).then_some(Self(earlier))
    }

    /// The minute of the local week, `0..10080` from Monday 00:00, where local time is UTC plus
    /// `offset_minutes`; `None` when this is no moment.
    ///
    /// 1970-01-01 was a Thursday, hence the three days. The offset comes from the caller's table, so a rule
    /// for working hours holds over a switch to summer time.
    pub fn minute_of_week(self, offset_minutes: i32) -> Option<u16> {
        let minutes = self.micros()?.div_euclid(60_000_000) + i64::from(offset_minutes) + 3 * 1_440;
        u16::try_from(minutes.rem_euclid(10_080)).ok()
    }

    pub(crate) const fn raw(self) -> i64 {
        self.0
    }

    /// Reads the representation [`Self::raw`] gives; `None` for what no timestamp holds.
    pub(crate) fn from_raw(raw: i64) -> Option<Self> {
        let value = Self(raw);
        let named = [Self::UNKNOWN, Self::BEFORE_ALL, Self::NEVER].contains(&value);
        (named || value.is_moment()).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_week_starts_on_monday_and_follows_the_offset() {
        let monday: Timestamp = "2026-11-16T00:00:00Z".parse().unwrap();
        assert_eq!(monday.minute_of_week(0), Some(0));
        assert_eq!(monday.minute_of_week(-60), Some(10_020));
        assert_eq!(monday.minute_of_week(90), Some(90));
        assert_eq!(Timestamp::UNKNOWN.minute_of_week(0), None);
    }

    #[test]
    fn named_values_take_no_part_in_arithmetic() {
        let now = Timestamp::from_micros(5);
        for named in [Timestamp::UNKNOWN, Timestamp::BEFORE_ALL, Timestamp::NEVER] {
            assert_eq!(named.since(now), None);
            assert_eq!(named.plus(Duration::from_secs(1)), None);
            assert_eq!(named.micros(), None);
        }
        assert!(Timestamp::UNKNOWN < Timestamp::BEFORE_ALL && Timestamp::BEFORE_ALL < Timestamp::FIRST);
        assert!(Timestamp::LAST < Timestamp::NEVER);
    }

    proptest! {
        #[test]
        fn adding_and_taking_away_meet(micros in -62_167_219_200_000_000_i64..253_402_300_799_999_999, secs in 0_u64..1_000_000) {
            let moment = Timestamp::from_micros(micros);
            if let Some(later) = moment.plus(Duration::from_secs(secs)) {
                prop_assert_eq!(later.minus(Duration::from_secs(secs)), Some(moment));
                prop_assert_eq!(later.since(moment), Some(i64::try_from(secs).unwrap() * 1_000_000));
            }
        }

        #[test]
        fn no_number_of_micros_panics(micros: i64, span: u64, offset: i32) {
            let moment = Timestamp::from_micros(micros);
            prop_assert!(moment.is_moment());
            let _ = (moment.plus(Duration::from_micros(span)), moment.minus(Duration::from_micros(span)));
            prop_assert!(moment.minute_of_week(offset).unwrap() < 10_080);
        }
    }
}
