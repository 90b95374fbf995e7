//! When a line of syslog was written, where the text may tell neither year nor zone.

use homeostat_core::Timestamp;

/// How far behind [`latest`](crate::Context::latest) a stamp may lie: a day covers every zone on earth.
const AHEAD_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// How many years back a day is looked for: eight reach a 29th of February from anywhere.
const YEARS: u16 = 8;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The moment in `text`; one without a year is the last such up to a day after `latest`.
pub(super) fn read(text: &str, latest: Option<Timestamp>) -> Option<Timestamp> {
    let Some((month, day, clock)) = without_year(text) else { return crate::moment::read(text) };
    let latest = latest?;
    let limit = Timestamp::from_micros(latest.micros()?.saturating_add(AHEAD_MICROS));
    let year: u16 = limit.to_string().get(..4)?.parse().ok()?;
    (year.saturating_sub(YEARS)..=year)
        .rev()
        .filter_map(|year| format!("{year:04}-{month:02}-{day:02}T{clock}Z").parse::<Timestamp>().ok())
        .find(|moment| *moment <= limit)
}

/// `Mar  6 08:30:00`
fn without_year(text: &str) -> Option<(usize, u8, &str)> {
    let mut words = text.split_ascii_whitespace();
    let (month, day, clock) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?.saturating_add(1);
    words.next().is_none().then_some((month, day.parse().ok()?, clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_last_up_to_the_latest() {
        for (text, latest, expected) in [
            ("Mar  6 08:30:00", "2026-03-16T00:00:00Z", Some("2026-03-06T08:30:00Z")),
            ("Mar 16 20:30:00", "2026-03-16T08:00:00Z", Some("2026-03-16T20:30:00Z")),
            ("Dec 31 23:59:59", "2026-01-01T00:00:01Z", Some("2025-12-31T23:59:59Z")),
            ("Jan  1 00:30:00", "2025-12-31T23:00:00Z", Some("2026-01-01T00:30:00Z")),
            ("Feb 29 08:30:00", "2026-03-16T00:00:00Z", Some("2024-02-29T08:30:00Z")),
            ("Feb 30 08:30:00", "2026-03-16T00:00:00Z", None),
            ("Mar 16 25:30:00", "2026-03-16T00:00:00Z", None),
            ("2026-03-16T08:30:00+01:00", "2020-01-01T00:00:00Z", Some("2026-03-16T07:30:00Z")),
        ] {
            let latest = Some(latest.parse().unwrap());
            assert_eq!(read(text, latest), expected.map(|time| time.parse().unwrap()), "{text}");
        }
        assert_eq!(read("Mar  6 08:30:00", None), None);
    }
}
