//! Reads Zeek's text logs: a header that names and types the columns, rows below it, as JSON records.
//!
//! A row becomes the record that Zeek's JSON writer would have written: unset columns (`-`) are left out,
//! `(empty)` is an empty list or text, sets and vectors are arrays, numbers keep their digits. O(row).
//! Source: docs.zeek.org, log formats; writer `Ascii.cc`.

use super::table::{Columns, FlatRow};
use super::{Claims, Form, Rows, Taken, write_text};
use crate::error::Reason;
use crate::tape::Kind;

/// The header in force.
#[derive(Debug)]
pub(crate) struct ZeekText {
    separator: String,
    set_separator: String,
    unset: String,
    empty: String,
    path: Option<String>,
    columns: Vec<Column>,
    // The columns in the order of their names, and where the cells of the row at hand stand.
    order: Vec<usize>,
    flat: Option<Columns>,
    cells: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Column {
    name: String,
    // What the column or its elements are.
    shape: Shape,
    is_list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Number,
    Truth,
}

impl Default for ZeekText {
    fn default() -> Self {
        Self {
            separator: "\t".to_owned(),
            set_separator: ",".to_owned(),
            unset: "-".to_owned(),
            empty: "(empty)".to_owned(),
            path: None,
            columns: Vec::new(),
            order: Vec::new(),
            flat: None,
            cells: Vec::new(),
        }
    }
}

impl Form for ZeekText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if line.starts_with('#') {
            return if self.header(line) { Taken::Part } else { Taken::No };
        }
        if self.columns.is_empty() {
            return Taken::No;
        }
        self.cut(line);
        let (named, found) = (self.columns.len(), self.cells.len());
        if found != named {
            return Taken::Bad(Reason::Columns { named, found });
        }
        if let Some(columns) = &self.flat {
            let mut row = FlatRow::begin(rows.blank_row(), number);
            self.write_flat(line, columns, &mut row);
            rows.push_row(row.end());
        } else {
            let mut json = rows.blank();
            self.write_row(line, &mut json);
            rows.push(number, json);
        }
        Taken::Record
    }

    fn stream(&self) -> Option<&str> {
        self.path.as_deref()
    }

    fn claims(&self) -> Claims {
        if self.columns.is_empty() { Claims::Nothing } else { Claims::Indents }
    }
}

impl ZeekText {
    /// Takes in a line that starts with `#`; gives whether it is one of Zeek's.
    fn header(&mut self, line: &str) -> bool {
        if let Some(separator) = line.strip_prefix("#separator ") {
            *self = Self { separator: decoded(separator), ..Self::default() };
            return true;
        }
        let mut parts = line.split(self.separator.as_str());
        let directive = parts.next().unwrap_or_default();
        let first = parts.clone().next().unwrap_or_default().to_owned();
        match directive {
            "#set_separator" if !first.is_empty() => self.set_separator = first,
            "#unset_field" => self.unset = first,
            "#empty_field" => self.empty = first,
            "#path" => self.path = Some(first),
            "#fields" => {
                self.flat = Columns::called(parts.clone());
                self.columns = parts.map(Column::named).collect();
                self.sort();
            }
            "#types" => {
                for (column, kind) in self.columns.iter_mut().zip(parts) {
                    column.become_kind(kind);
                }
            }
            "#open" | "#close" => {}
            _ => return false,
        }
        true
    }

    fn cell<'l>(&self, place: usize, line: &'l str) -> &'l str {
        let (start, end) = self.cells.get(place).copied().unwrap_or_default();
        line.get(start..end).unwrap_or_default()
    }

    fn write_flat(&self, line: &str, columns: &Columns, row: &mut FlatRow) {
        for (column, own) in
            columns.iter().filter_map(|column| Some((column, self.columns.get(column.place)?)))
        {
            let cell = self.cell(column.place, line);
            if cell == self.unset {
                continue;
            }
            if own.is_list {
                let elements = cell.split(self.set_separator.as_str()).filter(|_| cell != self.empty);
                row.list(
                    column,
                    elements.map(|element| match element {
                        unset if unset == self.unset => (Kind::Null, "null"),
                        element => told(own.shape, element),
                    }),
                );
                continue;
            }
            match told(own.shape, if cell == self.empty { "" } else { cell }) {
                (Kind::Text, cell) => row.text(column, cell),
                (kind, json) => row.word(column, kind, json),
            }
        }
    }

    /// Writes a row as a JSON object, its members in the order of their names.
    fn write_row(&self, line: &str, json: &mut String) {
        json.push('{');
        for place in &self.order {
            let Some(column) = self.columns.get(*place) else { continue };
            let cell = self.cell(*place, line);
            if cell == self.unset {
                continue;
            }
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&column.name);
            json.push(':');
            self.write_cell(column, cell, json);
        }
        json.push('}');
    }

    /// Notes where the cells of a row start and end.
    fn cut(&mut self, line: &str) {
        let (cells, mut start) = (&mut self.cells, 0);
        cells.clear();
        let mut note = |at: usize, length: usize| {
            cells.push((start, at));
            start = at + length;
        };
        match self.separator.as_bytes() {
            // Cells are short: to go byte by byte is faster than to search for each next one.
            [one] => line.bytes().zip(0..).filter(|(byte, _)| byte == one).for_each(|(_, at)| note(at, 1)),
            more => line.match_indices(self.separator.as_str()).for_each(|(at, _)| note(at, more.len())),
        }
        note(line.len(), 0);
    }

    /// Orders the columns by name, as the members of a record are ordered.
    fn sort(&mut self) {
        self.order = (0..self.columns.len()).collect();
        let columns = &self.columns;
        self.order.sort_by_key(|place| columns.get(*place).map(|column| column.name.as_str()));
    }

    fn write_cell(&self, column: &Column, cell: &str, json: &mut String) {
        if !column.is_list {
            let cell = if cell == self.empty { "" } else { cell };
            return write_scalar(column.shape, cell, json);
        }
        json.push('[');
        if cell != self.empty {
            for (number, element) in cell.split(self.set_separator.as_str()).enumerate() {
                if number > 0 {
                    json.push(',');
                }
                if element == self.unset {
                    json.push_str("null");
                } else {
                    write_scalar(column.shape, element, json);
                }
            }
        }
        json.push(']');
    }
}

impl Column {
    fn named(name: &str) -> Self {
        let mut quoted = String::new();
        write_text(name, &mut quoted);
        Self { name: quoted, shape: Shape::Text, is_list: false }
    }

    fn become_kind(&mut self, kind: &str) {
        let inner = ["set[", "vector[", "table["].iter().find_map(|list| kind.strip_prefix(list));
        self.is_list = inner.is_some();
        self.shape = match inner.and_then(|inner| inner.strip_suffix(']')).unwrap_or(kind) {
            "time" | "interval" | "count" | "int" | "double" | "port" => Shape::Number,
            "bool" => Shape::Truth,
            _ => Shape::Text,
        };
    }
}

/// What a cell is by its shape, and how JSON writes it unless it is a text: what is no number or truth value is one.
fn told(shape: Shape, cell: &str) -> (Kind, &str) {
    match (shape, cell) {
        (Shape::Truth, "T") => (Kind::Bool, "true"),
        (Shape::Truth, "F") => (Kind::Bool, "false"),
        (Shape::Number, number) if is_number(number) => (Kind::Number, number),
        _ => (Kind::Text, cell),
    }
}

fn write_scalar(shape: Shape, cell: &str, json: &mut String) {
    match told(shape, cell) {
        (Kind::Text, cell) => write_text(cell, json),
        (_, word) => json.push_str(word),
    }
}

/// Whether the text is a number as JSON writes it.
fn is_number(text: &str) -> bool {
    fn after_digits(text: &[u8]) -> Option<&[u8]> {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        text.get(count..).filter(|_| count > 0)
    }
    let unsigned = text.as_bytes().strip_prefix(b"-").unwrap_or(text.as_bytes());
    let whole = match unsigned {
        [b'0', rest @ ..] => Some(rest),
        _ => after_digits(unsigned),
    };
    let fraction = whole.and_then(|rest| rest.strip_prefix(b".").map_or(Some(rest), after_digits));
    let exponent = fraction.and_then(|rest| match rest {
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => after_digits(digits),
        _ => Some(rest),
    });
    exponent == Some(&[])
}

/// `\x09` → tab.
fn decoded(separator: &str) -> String {
    let code = separator.strip_prefix("\\x").and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match code {
        Some(code) if code.is_ascii() => char::from(code).to_string(),
        _ if separator.is_empty() => "\t".to_owned(),
        _ => separator.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    fn reader(header: &str) -> ZeekText {
        let mut zeek = ZeekText::default();
        for line in header.lines() {
            assert!(zeek.header(line), "{line}");
        }
        zeek
    }

    fn row(zeek: &mut ZeekText, line: &str) -> Result<String, Reason> {
        let mut rows = Rows::default();
        match zeek.take(line, 0, &mut rows) {
            Taken::Bad(reason) => Err(reason),
            _ => Ok(rows.next(Row::default()).unwrap().json),
        }
    }

    #[test]
    fn rows_become_what_the_json_writer_writes() {
        let mut zeek = reader(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
             #fields\tts\tid.orig_h\tid.orig_p\tlocal_orig\ttunnel_parents\tservice\thistory\n\
             #types\ttime\taddr\tport\tbool\tset[string]\tstring\tstring",
        );
        assert_eq!(zeek.stream(), Some("conn"));
        assert_eq!(
            row(&mut zeek, "1.500000\t::1\t22\tT\t(empty)\t-\tSh\\x2d\""),
            Ok(r#"{"history":"Sh\\x2d\"","id.orig_h":"::1","id.orig_p":22,"local_orig":true,"ts":1.500000,"tunnel_parents":[]}"#.to_owned())
        );
        assert_eq!(
            row(&mut zeek, "-\t-\t-\tx\ta,-,b\t(empty)\t\u{1}"),
            Ok(r#"{"history":"\u0001","local_orig":"x","service":"","tunnel_parents":["a",null,"b"]}"#
                .to_owned())
        );
        assert_eq!(row(&mut zeek, "1.5\t::1"), Err(Reason::Columns { named: 7, found: 2 }));
    }

    #[test]
    fn other_separators_are_read() {
        let mut zeek = reader("#separator |\n#fields|a|b\n#types|count|vector[double]");
        assert_eq!(row(&mut zeek, "007|1.5,nan"), Ok(r#"{"a":"007","b":[1.5,"nan"]}"#.to_owned()));
        assert!(!zeek.header("# a comment"));
    }

    #[test]
    fn numbers_are_told_as_json_tells_them() {
        for (text, expected) in
            [("0", true), ("-1.5e-06", true), ("01", false), ("1.", false), ("nan", false)]
        {
            assert_eq!(is_number(text), expected, "{text}");
            assert_eq!(serde_json::from_str::<f64>(text).is_ok(), expected, "{text}");
        }
    }
}
