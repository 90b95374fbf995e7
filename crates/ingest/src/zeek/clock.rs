//! Zeek's `ntp` log: a machine asks what time it is.
//!
//! Source: docs.zeek.org, `base/protocols/ntp`; modes and strata of RFC 5905. Delays are seconds there and
//! milliseconds in OCSF; the precision is seconds there and its binary logarithm in OCSF.

use super::flow::{ends, head, tell_connection};
use crate::json::tell;
use crate::member::millis;
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::Event;

pub(super) fn message(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    root.look_at("version")?;
    let ends = ends(record)?;
    let mode = root.member("mode").and_then(|mode| mode.copy()?.parse::<u32>().ok());
    let activity = mode.filter(|mode| (1..=7).contains(mode)).unwrap_or(0);
    let version = root.take_at("version")?;
    let mut event = Event::ntp_activity(head(record, activity), version, ends);
    tell_connection(root, &mut event);
    event.set_outcome(Outcome::Success, None);
    let number = |number: Option<i64>| number.map(|number| JsonText::new(number.to_string()));
    tell(&mut event, "stratum_id", number(stratum(root)));
    tell(&mut event, "delay", number(delay(root, "root_delay")));
    tell(&mut event, "dispersion", number(delay(root, "root_disp")));
    tell(&mut event, "precision", number(precision(root)));
    Some(event)
}

/// 1 is a clock of its own, 2 to 15 are set by another, 16 by none.
fn stratum(root: Field<'_>) -> Option<i64> {
    match root.member("stratum")?.copy()?.parse::<u32>().ok()? {
        0 => Some(0),
        1 => Some(1),
        2..=15 => Some(2),
        16 => Some(16),
        _ => Some(17),
    }
}

fn delay(root: Field<'_>, name: &str) -> Option<i64> {
    millis(&root.look_at(name)?).filter(|delay| i32::try_from(*delay).is_ok())
}

/// Seconds as the nearest power of two, by its exponent.
fn precision(root: Field<'_>) -> Option<i64> {
    let seconds = root.look_at("precision")?.parse::<f64>().ok()?;
    (-60..=8_i32)
        .find(|exponent| seconds <= 2_f64.powi(*exponent) * 1.5)
        .filter(|_| seconds > 0.0)
        .map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[test]
    fn precision_is_told_as_an_exponent() {
        for (seconds, exponent) in [
            ("1", Some(0)),
            ("0.0000152587890625", Some(-16)),
            ("5.960464477539063e-08", Some(-24)),
            ("0", None),
            ("nan", None),
        ] {
            let text = format!(r#"{{"precision":"{seconds}"}}"#);
            let mut tape = Tape::default();
            tape.parse(text.as_bytes(), 8).unwrap();
            assert_eq!(precision(Record::new(&text, &tape).root()), exponent, "{seconds}");
        }
    }
}
