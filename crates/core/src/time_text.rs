//! The text form of [`Timestamp`]: RFC 3339 in, RFC 3339 with microseconds in UTC out.
//!
//! Read besides the standard's own form: a space for `T`, an offset without colon, no offset (taken as UTC, as
//! the log sources that write so mean it), any number of fraction digits (what is below a microsecond is cut).
//! Days are counted as in Howard Hinnant's "chrono-compatible low-level date algorithms" (2013).

use crate::Timestamp;
use core::fmt;
use core::ops::RangeInclusive;

const NAMES: [(&str, Timestamp); 3] =
    [("unknown", Timestamp::UNKNOWN), ("before-all", Timestamp::BEFORE_ALL), ("never", Timestamp::NEVER)];

/// A text that is no RFC 3339 date and time. Says where it stops being one, never what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTime {
    offset: usize,
}

impl BadTime {
    /// The byte at which the text stops being a date and time.
    pub fn offset(self) -> usize {
        self.offset
    }
}

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an RFC 3339 date and time from byte {} on", self.offset)
    }
}

impl std::error::Error for BadTime {}

impl core::str::FromStr for Timestamp {
    type Err = BadTime;

    /// Reads RFC 3339 (forms: see the module), `unknown`, `before-all` or `never`.
    fn from_str(text: &str) -> Result<Self, BadTime> {
        match NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, named)) => Ok(*named),
            None => Cursor { bytes: text.as_bytes(), at: 0 }.timestamp(),
        }
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn timestamp(mut self) -> Result<Timestamp, BadTime> {
        let days = self.date()?;
        self.one_of(b"Tt ")?;
        let seconds = self.clock()?;
        let micros = self.fraction()?;
        let offset = self.offset()?;
        if self.at != self.bytes.len() {
            return Err(self.bad());
        }
        let total = days * 86_400 + seconds - offset;
        Timestamp::from_raw(total * 1_000_000 + micros).ok_or(BadTime { offset: 0 })
    }

    fn date(&mut self) -> Result<i64, BadTime> {
        let year = self.digits::<4>(0..=9_999)?;
        self.one_of(b"-")?;
        let month = self.digits::<2>(1..=12)?;
        self.one_of(b"-")?;
        let day = self.digits::<2>(1..=days_of_month(year, month))?;
        Ok(days_since_epoch(year, month, day))
    }

    fn clock(&mut self) -> Result<i64, BadTime> {
        let hour = self.digits::<2>(0..=23)?;
        self.one_of(b":")?;
        let minute = self.digits::<2>(0..=59)?;
        self.one_of(b":")?;
        // A leap second is the same moment as the second after it.
        let second = self.digits::<2>(0..=60)?;
        Ok(hour * 3_600 + minute * 60 + second)
    }

    fn fraction(&mut self) -> Result<i64, BadTime> {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return Ok(0);
        }
        self.at += 1;
        let first = self.at;
        let mut micros = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at - first < 6 {
                micros = micros * 10 + i64::from(digit - b'0');
            }
            self.at += 1;
        }
        match self.at - first {
            0 => Err(self.bad()),
            digits => Ok((digits..6).fold(micros, |micros, _| micros * 10)),
        }
    }

    fn offset(&mut self) -> Result<i64, BadTime> {
        let sign = match self.peek() {
            None => return Ok(0),
            Some(b'Z' | b'z') => {
                self.at += 1;
                return Ok(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return Err(self.bad()),
        };
        self.at += 1;
        let hours = self.digits::<2>(0..=23)?;
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        let minutes = if self.peek().is_some() { self.digits::<2>(0..=59)? } else { 0 };
        Ok(sign * (hours * 3_600 + minutes * 60))
    }

    fn digits<const N: usize>(&mut self, range: RangeInclusive<i64>) -> Result<i64, BadTime> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let Some(digits) = rest.first_chunk::<N>().filter(|digits| digits.iter().all(u8::is_ascii_digit))
        else {
            self.at += rest.iter().take(N).take_while(|byte| byte.is_ascii_digit()).count();
            return Err(self.bad());
        };
        self.at += N;
        let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        if range.contains(&value) { Ok(value) } else { Err(BadTime { offset: start }) }
    }

    fn one_of(&mut self, allowed: &[u8]) -> Result<(), BadTime> {
        match self.peek() {
            Some(byte) if allowed.contains(&byte) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.bad()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn bad(&self) -> BadTime {
        BadTime { offset: self.at }
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the given date of the proleptic Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of the given number of days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(micros) = self.micros() else {
            let name = NAMES.iter().find(|(_, named)| named == self).map_or("unknown", |(name, _)| name);
            return f.write_str(name);
        };
        let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let (days, seconds) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let parts = [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2), (second, 2), (micros, 6)];
        match spelt(parts) {
            Some(text) => f.write_str(core::str::from_utf8(&text).unwrap_or_default()),
            None => write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"),
        }
    }
}

/// The parts of a moment, each with as many digits, which costs a fifth of what `fmt` does; `None` of a year that has
/// others.
fn spelt(parts: [(i64, usize); 7]) -> Option<[u8; 27]> {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let mut at = 0;
    for (value, width) in parts {
        let mut rest = u64::try_from(value).ok()?;
        for place in text.get_mut(at..at + width)?.iter_mut().rev() {
            let [digit, ..] = (rest % 10).to_le_bytes();
            (*place, rest) = (b'0' + digit, rest / 10);
        }
        if rest > 0 {
            return None;
        }
        at += width + 1;
    }
    Some(text)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected, "{text}");
    }

    #[test]
    fn forms_of_the_sources_are_read() {
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z");
        check("2021-07-29T13:06:49Z", "2021-07-29T13:06:49.000000Z");
        check("2020-11-25 21:27:03.496000000", "2020-11-25T21:27:03.496000Z");
        check("2024-02-29T23:59:60+0200", "2024-02-29T22:00:00.000000Z");
        check("2024-03-01T00:00:00.1234567-05:30", "2024-03-01T05:30:00.123456Z");
        check("2024-03-01t00:00:00,5+01", "2024-02-29T23:00:00.500000Z");
        check("1601-01-01T00:00:00Z", "1601-01-01T00:00:00.000000Z");
        check("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
        check("never", "never");
    }

    #[test]
    fn errors_say_where_and_not_what() {
        for (text, offset) in [
            ("", 0),
            ("yesterday", 0),
            ("2021-13-01T00:00:00Z", 5),
            ("2021-02-29T00:00:00Z", 8),
            ("2021-02-28", 10),
            ("2021-02-28T24:00:00Z", 11),
            ("2021-02-28T00:00:00.Z", 20),
            ("2021-02-28T00:00:00Zsecret", 20),
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert_eq!(error.offset(), offset, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn text_and_moment_round_trip(micros in -62_167_219_200_000_000_i64..=253_402_300_799_999_999) {
            let moment = Timestamp::from_micros(micros);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>(), Ok(moment));
            let json = serde_json::to_string(&moment).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", near in "[0-9TZ:.+ -]{0,40}") {
            let _ = (text.parse::<Timestamp>(), near.parse::<Timestamp>());
        }
    }
}
