//! Conversions between [`Timestamp`] and the types of chrono, behind the feature `chrono`.
//!
//! chrono is being succeeded by jiff; nothing else in these crates names its types.

use crate::Timestamp;
use chrono::{DateTime, TimeZone, Utc};
use core::fmt;

/// The moment as chrono knows it; the named values are no moment and stay as they are.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use homeostat_core::{NoMoment, Timestamp};
///
/// let login: Timestamp = "2026-03-16T08:30:00.25Z".parse()?;
/// let moment = DateTime::<Utc>::try_from(login)?;
/// assert_eq!(moment.timestamp_millis(), 1_773_649_800_250);
/// assert_eq!(Timestamp::from(moment), login);
/// assert_eq!(DateTime::<Utc>::try_from(Timestamp::NEVER), Err(NoMoment));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl TryFrom<Timestamp> for DateTime<Utc> {
    type Error = NoMoment;

    fn try_from(time: Timestamp) -> Result<Self, NoMoment> {
        time.micros().and_then(Self::from_timestamp_micros).ok_or(NoMoment)
    }
}

/// A time that is one of the named values and no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is no moment")
    }
}

impl std::error::Error for NoMoment {}

/// To the microsecond, rounded down; what lies outside the years 0 to 9999 becomes the first or last moment.
impl<Z: TimeZone> From<DateTime<Z>> for Timestamp {
    fn from(moment: DateTime<Z>) -> Self {
        Self::from_micros(moment.timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    #[test]
    fn zones_and_the_ends_of_time_convert() {
        let east = FixedOffset::east_opt(3_600).unwrap();
        let moment = east.with_ymd_and_hms(2026, 3, 16, 9, 30, 0).unwrap();
        assert_eq!(Timestamp::from(moment).to_string(), "2026-03-16T08:30:00.000000Z");
        assert_eq!(Timestamp::from(DateTime::<Utc>::MAX_UTC), Timestamp::LAST);
        assert_eq!(Timestamp::from(DateTime::<Utc>::MIN_UTC), Timestamp::FIRST);
        for end in [Timestamp::FIRST, Timestamp::LAST] {
            assert_eq!(Timestamp::from(DateTime::<Utc>::try_from(end).unwrap()), end);
        }
    }
}
