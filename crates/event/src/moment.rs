//! The moment of an event to the microsecond: OCSF tells milliseconds, the source's own text may tell more.

use homeostat_core::Timestamp;

/// `time` as its source's own text `original` tells it, when that text is the same moment, or the name of none.
///
/// Read are RFC 3339, the named values of [`Timestamp`], and decimal seconds, milliseconds, microseconds or
/// nanoseconds since 1970. Text that tells another millisecond changes nothing.
pub(crate) fn refine(time: Timestamp, original: &str) -> Timestamp {
    let original = original.trim();
    match original.parse::<Timestamp>() {
        Ok(told) if !told.is_moment() && time.millis() == Some(0) => told,
        Ok(told) if told.millis() == time.millis() => told,
        Ok(_) => time,
        Err(_) => epochs(original).find(|told| told.millis() == time.millis()).unwrap_or(time),
    }
}

/// Whether `text`, by its shape, is a date and time without a fourth digit of its seconds' fraction, or no time at all:
/// then [`refine`] never makes a whole millisecond finer. Said of fewer texts than it holds for.
pub(crate) fn tells_no_micros(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_date = matches!(bytes.get(4), Some(b'-')) && bytes.first().is_some_and(u8::is_ascii_digit);
    is_date && !bytes.get(23).is_some_and(u8::is_ascii_digit)
}

/// What a decimal number can mean, in seconds, milliseconds, microseconds and nanoseconds since 1970.
fn epochs(text: &str) -> impl Iterator<Item = Timestamp> {
    [6, 3, 0, -3].into_iter().filter_map(move |digits| micros(text, digits).map(Timestamp::from_micros))
}

/// The decimal `text` times ten to the power of `digits`, rounded down; `None` when it is no such number.
fn micros(text: &str, digits: i32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let sign = if whole.starts_with('-') { return None } else { 1 };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.len() > 20 {
        return None;
    }
    let kept = usize::try_from(digits).unwrap_or(0);
    // All but the longest fit in half the width, which is read several times as fast.
    let mut number: i128 =
        if whole.len() > 18 { whole.parse().ok()? } else { whole.parse::<i64>().ok()?.into() };
    for place in 0..kept {
        let digit = fraction.as_bytes().get(place).map_or(0, |byte| i128::from(byte - b'0'));
        number = number * 10 + digit;
    }
    if digits < 0 {
        number = number.div_euclid(10_i128.pow(digits.unsigned_abs()));
    }
    i64::try_from(number * sign).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(millis: i64, original: &str, expected: &str) {
        assert_eq!(refine(Timestamp::from_millis(millis), original), expected.parse().unwrap(), "{original}");
    }

    proptest! {
        #[test]
        fn what_tells_no_micros_refines_nothing(text in "[0-9]{4}-0[1-9]-1[0-9][T ]1[0-9]:2[0-9]:3[0-9]([.,][0-9]{1,7})?(Z|[+]01:?00)?|.{0,25}") {
            if tells_no_micros(&text) {
                for time in [text.parse().unwrap_or(Timestamp::UNKNOWN), Timestamp::from_millis(0)] {
                    let wire = Timestamp::from_millis(time.millis().unwrap_or(0));
                    prop_assert_eq!(refine(wire, &text), wire);
                }
            }
        }
    }

    #[test]
    fn the_sources_text_tells_the_microseconds() {
        check(1_591_367_999_305, "1591367999.305988", "2020-06-05T14:39:59.305988Z");
        check(1_591_367_999_305, "2020-06-05T16:39:59.305988+0200", "2020-06-05T14:39:59.305988Z");
        check(1_591_367_999_305, "1591367999305988", "2020-06-05T14:39:59.305988Z");
        check(1_591_367_999_305, "1591367999305988123", "2020-06-05T14:39:59.305988Z");
        check(0, "unknown", "unknown");
        check(0, "never", "never");
    }

    #[test]
    fn text_of_another_moment_changes_nothing() {
        for original in
            ["", "yesterday", "1591368000.305988", "2020-06-05T16:39:59.305988Z", "-1", "1e9", "unknown"]
        {
            check(1_591_367_999_305, original, "2020-06-05T14:39:59.305Z");
        }
    }
}
