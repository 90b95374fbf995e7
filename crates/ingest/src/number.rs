//! Numbers and truth values of a record that go into attributes of OCSF's own widths.

use crate::record::Field;
use homeostat_core::JsonText;

/// `text` as a JSON string, for attributes that have no type of their own.
pub(crate) fn quoted(text: &str) -> JsonText {
    JsonText::new(serde_json::Value::from(text).to_string())
}

/// Takes a whole number, also one that the source wrote as text; one that is none, or too large, stays.
pub(crate) fn long(field: Field<'_>) -> Option<i64> {
    let number = field.look()?.parse::<i64>().ok()?;
    field.take()?;
    Some(number)
}

/// As [`long`], for attributes of 32 bits.
pub(crate) fn int(field: Field<'_>) -> Option<i32> {
    let number = field.look()?.parse::<i32>().ok()?;
    field.take()?;
    Some(number)
}

/// Takes a truth value, also one that the source wrote as text.
pub(crate) fn flag(field: Field<'_>) -> Option<bool> {
    let text = field.look()?;
    let truth = if text.eq_ignore_ascii_case("true") {
        true
    } else if text.eq_ignore_ascii_case("false") {
        false
    } else {
        return None;
    };
    if *text == *truth.to_string() { field.take() } else { field.copy() }?;
    Some(truth)
}
