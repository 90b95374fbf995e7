//! Working hours and change freezes: minutes of the local week, with offsets that the caller tells.
//!
//! No time-zone data lives here. The caller gives, per zone, from which moment on which offset holds; so a
//! freeze "on weekdays from nine to five" holds over a switch to summer time.

use homeostat_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Spans of the local week.
///
/// ```
/// use homeostat_response::Calendar;
/// let office: Calendar = toml::from_str(r#"
///     id = "office"
///     zone = "Europe/Berlin"
///     minutes_of_week = [[540, 1020], [1980, 2460]]   # Monday and Tuesday, 09:00 to 17:00
/// "#)?;
/// assert_eq!(office.zone, "Europe/Berlin");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Calendar {
    /// The name rules call it by.
    pub id: String,
    /// Whose local time; the empty text is UTC.
    #[serde(default)]
    pub zone: String,
    /// Spans in minutes from Monday 00:00, each from the first minute to before the second, in `0..=10080`.
    pub minutes_of_week: Vec<[u16; 2]>,
}

impl Calendar {
    /// Minutes in a week.
    pub const WEEK: u16 = 10_080;

    pub(crate) fn is_sound(&self) -> bool {
        !self.minutes_of_week.is_empty()
            && self.minutes_of_week.iter().all(|[from, to]| from < to && *to <= Self::WEEK)
    }

    /// Whether `now` lies in one of the spans; `None` when the zone's offset is not known.
    pub(crate) fn is_open(&self, now: Timestamp, offsets: &Offsets) -> Option<bool> {
        let minute = now.minute_of_week(offsets.at(&self.zone, now)?)?;
        Some(self.minutes_of_week.iter().any(|[from, to]| (*from..*to).contains(&minute)))
    }
}

/// From which moment on which offset from UTC holds in which zone, in minutes; told by the caller.
///
/// ```
/// use homeostat_response::Offsets;
/// let mut offsets = Offsets::default();
/// offsets.insert("Europe/Berlin", "2026-03-29T01:00:00Z".parse()?, 120);
/// offsets.insert("Europe/Berlin", "2026-10-25T01:00:00Z".parse()?, 60);
/// assert_eq!(offsets.at("Europe/Berlin", "2026-07-01T00:00:00Z".parse()?), Some(120));
/// assert_eq!(offsets.at("Europe/Berlin", "2026-01-01T00:00:00Z".parse()?), None, "before all that is known");
/// # Ok::<(), homeostat_core::BadTime>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(BTreeMap<String, BTreeMap<Timestamp, i32>>);

impl Offsets {
    /// States that from `from` on local time in `zone` is UTC plus `minutes`.
    pub fn insert(&mut self, zone: &str, from: Timestamp, minutes: i32) {
        self.0.entry(zone.to_owned()).or_default().insert(from, minutes);
    }

    /// The offset of `zone` at `now` in minutes; `None` when it is not known. UTC, the empty zone, needs no entry.
    pub fn at(&self, zone: &str, now: Timestamp) -> Option<i32> {
        if zone.is_empty() {
            return Some(0);
        }
        self.0.get(zone)?.range(..=now).next_back().map(|(_, minutes)| *minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_oclock_stays_nine_oclock_over_a_switch_to_summer_time() {
        let office = Calendar {
            id: "office".into(),
            zone: "Europe/Berlin".into(),
            minutes_of_week: vec![[540, 1_020]],
        };
        let mut offsets = Offsets::default();
        offsets.insert("Europe/Berlin", Timestamp::FIRST, 60);
        offsets.insert("Europe/Berlin", "2026-03-29T01:00:00Z".parse().unwrap(), 120);
        let open = |time: &str| office.is_open(time.parse().unwrap(), &offsets);
        // Mondays before and after the switch.
        assert_eq!(open("2026-03-23T08:00:00Z"), Some(true));
        assert_eq!(open("2026-03-23T07:59:59Z"), Some(false));
        assert_eq!(open("2026-03-30T07:00:00Z"), Some(true));
        assert_eq!(open("2026-03-30T15:00:00Z"), Some(false));
        assert_eq!(office.is_open("2026-03-30T07:00:00Z".parse().unwrap(), &Offsets::default()), None);
    }
}
