//! Reads the times of log sources: RFC 3339 in its loose forms, decimal seconds since 1970, and what servers write.

use homeostat_core::Timestamp;

/// The moment that `text` tells to the microsecond; `None` when it tells none.
///
/// A number is seconds since 1970, or milliseconds when it has 12 to 14 digits: as seconds those would lie
/// tens of thousands of years ahead.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let counted = epoch(text).map(Timestamp::from_micros);
    let moment =
        counted.or_else(|| text.parse::<Timestamp>().ok()).or_else(|| loose(text)).or_else(|| common(text));
    moment.filter(|moment| moment.is_moment())
}

/// What some of Microsoft's services write: `8/22/2022 6:11:52 PM`, and RFC 3339 with an hour of one digit.
fn loose(text: &str) -> Option<Timestamp> {
    let (day, clock) = text.split_once(['T', ' '])?;
    let Some((clock, half)) = clock.split_once(' ') else {
        let padded = clock.as_bytes().get(1) == Some(&b':');
        return if padded { [day, "T0", clock].concat().parse().ok() } else { None };
    };
    let mut parts = day.split('/').map(str::parse::<u32>);
    let (month, day, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let (hour, rest) = clock.split_once(':')?;
    let hour = hour.parse::<u32>().ok().filter(|hour| (1..=12).contains(hour))? % 12;
    let hour = match half {
        "AM" => hour,
        "PM" => hour + 12,
        _ => return None,
    };
    let mut whole = String::with_capacity(rest.len() + 24);
    for (number, digits, sign) in [(year, 4, "-"), (month, 2, "-"), (day, 2, "T"), (hour, 2, ":")] {
        push_padded(number, digits, &mut whole);
        whole.push_str(sign);
    }
    whole.push_str(rest);
    whole.push('Z');
    whole.parse().ok()
}

/// Appends a number in decimal, in so many digits; of a longer one all of them.
fn push_padded(number: u32, digits: u32, text: &mut String) {
    let digits = number.checked_ilog10().map_or(1, |power| power + 1).max(digits);
    for place in (0..digits).rev() {
        text.extend(char::from_digit(number / 10_u32.pow(place) % 10, 10));
    }
}

/// The time of the common log format: `16/Mar/2026:08:30:00 +0000`.
fn common(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (date, zone) = text.split_once(' ')?;
    let (day, rest) = date.split_once('/').filter(|(day, _)| day.len() == 2)?;
    let (month, rest) = rest.split_once('/').filter(|(month, _)| month.len() == 3)?;
    let (year, clock) = rest.split_once(':')?;
    let month = MONTHS.find(month).filter(|at| at.is_multiple_of(3))? / 3 + 1;
    let (hours, minutes) = zone.split_at_checked(3)?;
    format!("{year}-{month:02}-{day}T{clock}{hours}:{minutes}").parse().ok()
}

fn epoch(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    // Most times are no numbers, which their first signs tell.
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, fraction) = digits.split_at_checked(length)?;
    let fraction = match fraction.as_bytes() {
        [] => fraction,
        [b'.', places @ ..] if numeric(places) => fraction.get(1..)?,
        _ => return None,
    };
    if !(1..=14).contains(&length) {
        return None;
    }
    let (unit, places) = if length >= 12 { (1_000, 3) } else { (1_000_000, 6) };
    let micros = whole.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(scaled(fraction, places))?;
    Some(if digits.len() < text.len() { -micros } else { micros })
}

/// The first `places` digits of a decimal fraction, as a whole number.
fn scaled(fraction: &str, places: usize) -> i64 {
    let digits = fraction.bytes().chain(core::iter::repeat(b'0')).take(places);
    digits.fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_as_formats_pad_them() {
        for number in [0, 7, 10, 99, 2026, 40_000, u32::MAX] {
            for digits in [2_u32, 4] {
                let mut text = String::new();
                push_padded(number, digits, &mut text);
                assert_eq!(text, format!("{number:0width$}", width = digits as usize));
            }
        }
    }

    #[test]
    fn times_of_the_sources_are_read() {
        for (text, expected) in [
            ("2026-03-16T08:30:00Z", Some("2026-03-16T08:30:00Z")),
            ("2020-11-25 21:27:03.496000000", Some("2020-11-25T21:27:03.496Z")),
            ("1591367999.305988", Some("2020-06-05T14:39:59.305988Z")),
            ("1591367999.3", Some("2020-06-05T14:39:59.3Z")),
            ("1591367999305", Some("2020-06-05T14:39:59.305Z")),
            ("8/22/2022 6:11:52 PM", Some("2022-08-22T18:11:52Z")),
            ("12/1/2022 12:05:00 AM", Some("2022-12-01T00:05:00Z")),
            ("13/13/2022 1:05:00 AM", None),
            ("16/Mar/2026:08:30:00 +0100", Some("2026-03-16T07:30:00Z")),
            ("16/arA/2026:08:30:00 +0100", None),
            ("2022-09-09T9:59:27.958Z", Some("2022-09-09T09:59:27.958Z")),
            ("-1.5", Some("1969-12-31T23:59:58.5Z")),
            ("8/22/2022 6:11:52 PM", Some("2022-08-22T18:11:52Z")),
            ("12/1/2022 12:00:01 AM", Some("2022-12-01T00:00:01Z")),
            ("2022-09-09T9:59:27.958Z", Some("2022-09-09T09:59:27.958Z")),
            ("8/22 6:11", None),
            ("soon", None),
            ("", None),
            ("unknown", None),
            ("1e9", None),
            ("999999999999999999", None),
        ] {
            assert_eq!(read(text), expected.map(|time| time.parse().unwrap()), "{text}");
        }
    }
}
