//! Reads exports of portals as CSV: a header that names the columns, a record below it in one line or several.
//!
//! Source: RFC 4180. Only headers that name the columns of a known export are taken, for any line of text may hold
//! commas. A row becomes an object of texts without the empty cells; a cell that holds a record as JSON is opened as any
//! envelope is. Exports read: the unified audit of Microsoft 365 (`AuditData`), message traces of Exchange, sign-ins of Entra
//! ([`sign_ins`]). O(row).

use super::table::{Columns, FlatRow};
use super::{Claims, Form, Rows, Taken, sign_ins, write_member};
use crate::error::Reason;
use std::borrow::Cow;

/// Columns by which a header is told: all of one line.
const SIGNS: [&[&str]; 5] = [
    sign_ins::SIGNS,
    &["AuditData"],
    &["MessageTraceId", "RecipientAddress"],
    &["origin_timestamp_utc", "recipient_status"],
    &["message_id", "recipient_address", "event_id", "date_time_utc"],
];

/// The longest record that is held: a cell of a spreadsheet ends at 32 KiB, portals write cells of some MiB at most.
const LONGEST: usize = 16 << 20;

/// The most columns of a header: portals write up to some hundred.
const COLUMNS: usize = 1_024;

/// The header in force and the record that has begun and not ended.
#[derive(Default)]
pub(crate) struct CsvText {
    columns: Vec<String>,
    flat: Option<Columns>,
    sign_ins: Option<sign_ins::Plan>,
    held: String,
    is_open: bool,
    number: u64,
}

impl Form for CsvText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if self.columns.is_empty() {
            // What PowerShell writes above a header.
            return if line.starts_with("#TYPE ") || self.header(line) { Taken::Part } else { Taken::No };
        }
        if self.is_open {
            self.held.push('\n');
        } else {
            self.held.clear();
            self.number = number;
        }
        self.held.push_str(line);
        // Inside quotes a quote stands twice, so that of a whole record there is an even number.
        let odd = line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        self.is_open ^= odd;
        match (self.is_open, self.held.len() > LONGEST) {
            (_, true) => {
                self.is_open = false;
                Taken::Bad(Reason::TooLong(LONGEST))
            }
            (true, false) => Taken::Part,
            (false, false) => self.give(rows),
        }
    }

    /// A record that the input ends in is given out as the text it is.
    fn end(&mut self, rows: &mut Rows) {
        if self.is_open {
            let mut json = rows.blank();
            json.push('{');
            write_member("message", &self.held, &mut json);
            json.push('}');
            rows.push(self.number, json);
        }
        self.is_open = false;
    }

    fn claims(&self) -> Claims {
        match (self.is_open, self.columns.is_empty()) {
            (true, _) => Claims::Everything,
            (false, false) => Claims::Indents,
            (false, true) => Claims::Nothing,
        }
    }
}

impl CsvText {
    /// Takes in the names of the columns when the line is a known header.
    fn header(&mut self, line: &str) -> bool {
        let named = |cells: &[Cow<'_, str>], name: &str| cells.iter().any(|cell| cell.trim() == name);
        let known = |cells: &Vec<Cow<'_, str>>| {
            (2..=COLUMNS).contains(&cells.len())
                && SIGNS.iter().any(|names| names.iter().all(|name| named(cells, name)))
        };
        // Most lines of other logs name no such column.
        let may_be = SIGNS.iter().any(|names| names.iter().all(|name| line.contains(name)));
        let Some(cells) = may_be.then(|| cells(line)).filter(known) else { return false };
        for cell in &cells {
            let name = cell.trim();
            let again = self.columns.iter().filter(|known| known.split('#').next() == Some(name)).count();
            // Members of one name would be none of them.
            self.columns.push(if again == 0 { name.to_owned() } else { format!("{name}#{}", again + 1) });
        }
        let is_of_sign_ins = sign_ins::SIGNS.iter().all(|sign| self.columns.iter().any(|name| name == sign));
        self.sign_ins = is_of_sign_ins.then(|| sign_ins::Plan::of(&self.columns));
        self.flat = Columns::called(self.columns.iter().map(String::as_str));
        true
    }

    fn give(&self, rows: &mut Rows) -> Taken {
        if self.held.is_empty() {
            return Taken::Bad(Reason::UnknownForm);
        }
        let cells = cells(&self.held);
        let (named, found) = (self.columns.len(), cells.len());
        if named != found {
            return Taken::Bad(Reason::Columns { named, found });
        }
        if let Some(plan) = &self.sign_ins {
            let mut json = rows.blank();
            plan.write(&cells, &mut json);
            rows.push(self.number, json);
            return Taken::Record;
        }
        if let Some(columns) = &self.flat {
            let mut row = FlatRow::begin(rows.blank_row(), self.number);
            for column in columns.iter() {
                let cell = cells.get(column.place).map_or("", |cell| &**cell);
                if !cell.is_empty() {
                    row.text(column, cell);
                }
            }
            rows.push_row(row.end());
            return Taken::Record;
        }
        let mut json = rows.blank();
        json.push('{');
        for (name, cell) in self.columns.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty()) {
            write_member(name, cell, &mut json);
        }
        json.push('}');
        rows.push(self.number, json);
        Taken::Record
    }
}

/// The cells of one record. What stands behind a closing quote belongs to the cell, as spreadsheets read it.
fn cells(text: &str) -> Vec<Cow<'_, str>> {
    let (mut cells, mut rest) = (Vec::new(), Some(text));
    while let Some(from) = rest {
        let (cell, after) =
            if let Some(inside) = from.strip_prefix('"') { quoted(inside) } else { plain(from) };
        cells.push(cell);
        rest = after;
    }
    cells
}

/// A cell without quotes around it, and what follows the comma behind it.
fn plain(from: &str) -> (Cow<'_, str>, Option<&str>) {
    // Cells are short: to go byte by byte is faster than to search.
    let comma = from.bytes().position(|byte| byte == b',');
    match comma.and_then(|at| Some((from.get(..at)?, from.get(at + 1..)?))) {
        Some((cell, after)) => (Cow::Borrowed(cell), Some(after)),
        None => (Cow::Borrowed(from), None),
    }
}

/// As [`plain`], of a cell whose opening quote was passed: inside it a quote stands twice.
fn quoted(from: &str) -> (Cow<'_, str>, Option<&str>) {
    let mut cell = Cow::Borrowed("");
    let mut rest = from;
    loop {
        let (before, behind) = rest.split_once('"').unwrap_or((rest, ""));
        cell += before;
        if let Some(after) = behind.strip_prefix('"') {
            cell += "\"";
            rest = after;
        } else {
            let (tail, after) = plain(behind);
            cell += tail;
            return (cell, after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    fn read(lines: &[&str]) -> (Vec<Taken>, Vec<(u64, String)>) {
        let (mut form, mut rows) = (CsvText::default(), Rows::default());
        let mut number = 0;
        let taken = lines.iter().map(|line| {
            let taken = form.take(line, number, &mut rows);
            number += u64::from(matches!(taken, Taken::Record | Taken::Bad(_)));
            taken
        });
        let taken = taken.collect();
        form.end(&mut rows);
        let rows = core::iter::from_fn(|| rows.next(Row::default())).map(|row| (row.number, row.json));
        (taken, rows.collect())
    }

    #[test]
    fn rows_are_read_below_a_known_header() {
        let (taken, rows) = read(&[
            "#TYPE Selected.System.Management.Automation.PSCustomObject",
            "\"RecordId\",\"AuditData\",\"Note\"",
            "1,\"{\"\"Operation\"\":\"\"FileAccessed\"\"}\",",
            "2,\"{\"\"a\"\":",
            " 1}\",\"x, y\"",
            "3,b",
            "4,\"cut",
        ]);
        let columns = Taken::Bad(Reason::Columns { named: 3, found: 2 });
        let (part, record) = (Taken::Part, Taken::Record);
        assert_eq!(taken, [part, part, record, part, record, columns, part]);
        let expected = [
            (0, r#"{"AuditData":"{\"Operation\":\"FileAccessed\"}","RecordId":"1"}"#),
            (1, "{\"AuditData\":\"{\\\"a\\\":\\u000a 1}\",\"Note\":\"x, y\",\"RecordId\":\"2\"}"),
            (3, r#"{"message":"4,\"cut"}"#),
        ];
        assert_eq!(rows, expected.map(|(number, json)| (number, json.to_owned())));
    }

    #[test]
    fn other_lines_are_not_taken() {
        for line in ["a,b,c", "hello, AuditData is here", "AuditData", "", "1,2", "#fields\tts"] {
            assert_eq!(read(&[line]).0, [Taken::No], "{line}");
        }
    }

    #[test]
    fn columns_of_one_name_are_kept_apart() {
        let (_, rows) = read(&["a,AuditData,a", "1,2,3"]);
        assert_eq!(rows[0].1, r#"{"AuditData":"2","a":"1","a#2":"3"}"#);
    }
}
