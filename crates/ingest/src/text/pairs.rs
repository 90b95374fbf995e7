//! Reads the text of Mimecast's SIEM logs: `name=value` parts with bars between them.
//!
//! Source: Mimecast, "Understanding SIEM logs": every line begins with `datetime=` and holds the `aCode` of its mail.
//! A value may hold bars and line signs of its own: what has no name belongs to the value before it. O(line).

use super::{Form, Rows, Taken, write_member};

/// Takes each line by itself.
pub(crate) struct PairsText;

impl Form for PairsText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if !(line.starts_with("datetime=") && line.contains("|aCode=")) {
            return Taken::No;
        }
        let mut json = rows.blank();
        json.push('{');
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parts(line) {
            let again = seen.iter().filter(|known| **known == name).count();
            seen.push(name);
            match again {
                0 => write_member(name, value, &mut json),
                again => write_member(&format!("{name}#{}", again + 1), value, &mut json),
            }
        }
        json.push('}');
        rows.push(number, json);
        Taken::Record
    }
}

/// Names and values in order.
fn parts(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    core::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let end = after.match_indices('|').map(|(at, _)| at).find(|at| begins_with_name(after, at + 1));
        let value = end.and_then(|end| after.get(..end)).unwrap_or(after);
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
        Some((name, value))
    })
}

/// Whether `name=` stands at `at`.
fn begins_with_name(text: &str, at: usize) -> bool {
    let name = text.get(at..).and_then(|rest| rest.split_once('=')).map_or("", |(name, _)| name);
    (1..=40).contains(&name.len())
        && name.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    #[test]
    fn parts_are_told_by_their_names() {
        let mut rows = Rows::default();
        let line =
            r#"datetime=2026-03-16T08:30:00+0100|aCode=A1|Subject=a | b=c|d "x"|Rcpt=a@b|Rcpt=c@d|Empty="#;
        assert_eq!(PairsText.take(line, 3, &mut rows), Taken::Record);
        let row = rows.next(Row::default()).unwrap();
        assert_eq!(
            (row.number, row.json.as_str()),
            (
                3,
                r#"{"datetime":"2026-03-16T08:30:00+0100","aCode":"A1","Subject":"a | b=c|d \"x\"","Rcpt":"a@b","Rcpt#2":"c@d","Empty":""}"#
            )
        );
    }

    #[test]
    fn other_lines_are_not_taken() {
        for line in ["", "datetime=x", "a=b|aCode=c", "hello|aCode=x"] {
            assert_eq!(PairsText.take(line, 0, &mut Rows::default()), Taken::No, "{line}");
        }
    }
}
