//! Reads the text of Mimecast's SIEM logs: `name=value` parts with bars between them.
//!
//! Source: Mimecast, "Understanding SIEM logs": every line begins with `datetime=` and holds the `aCode` of its mail.
//! A value may hold bars and line signs of its own: what has no name belongs to the value before it. O(line).

use super::{Form, Rows, Taken, write_member};
use std::collections::BTreeMap;

/// Takes each line by itself.
pub(crate) struct PairsText;

impl Form for PairsText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if !(line.starts_with("datetime=") && line.contains("|aCode=")) {
            return Taken::No;
        }
        let mut json = rows.blank();
        json.push('{');
        let mut seen = Seen::default();
        for (name, value) in parts(line) {
            match seen.times(name) {
                0 => write_member(name, value, &mut json),
                again => write_member(&format!("{name}#{}", again + 1), value, &mut json),
            }
        }
        json.push('}');
        rows.push(number, json);
        Taken::Record
    }
}

/// From how many names on they are looked up in order: a line has some thirty.
const FEW: usize = 48;

/// The names of a line so far.
#[derive(Default)]
struct Seen<'l> {
    few: Vec<&'l str>,
    many: BTreeMap<&'l str, usize>,
}

impl<'l> Seen<'l> {
    /// Notes a name; gives how often it came before.
    fn times(&mut self, name: &'l str) -> usize {
        if self.few.len() < FEW {
            let times = self.few.iter().filter(|known| **known == name).count();
            self.few.push(name);
            return times;
        }
        if self.many.is_empty() {
            for known in &self.few {
                *self.many.entry(known).or_default() += 1;
            }
        }
        let times = self.many.entry(name).or_default();
        *times = times.saturating_add(1);
        *times - 1
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

/// The longest name.
const LONGEST: usize = 40;

/// Whether `name=` stands at `at`.
fn begins_with_name(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes().get(at..).unwrap_or_default();
    let name = bytes.iter().take(LONGEST + 1).position(|byte| *byte == b'=').and_then(|end| bytes.get(..end));
    let Some([first, others @ ..]) = name else { return false };
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    first.is_ascii_alphabetic() && others.iter().all(of_name)
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

    #[test]
    fn bars_and_names_by_the_many_take_time_that_grows_with_them() {
        let mut rows = Rows::default();
        let line = format!("datetime=1|aCode=2|b={}{}", "|".repeat(200_000), "|c=1".repeat(100_000));
        assert_eq!(PairsText.take(&line, 0, &mut rows), Taken::Record);
        let json = rows.next(Row::default()).unwrap().json;
        assert!(json.ends_with(r#""c#99999":"1","c#100000":"1"}"#));
    }
}
