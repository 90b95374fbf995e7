//! Forms of text that are no JSON: single lines, rows below a header, blocks of lines, each made a JSON record.
//!
//! A form takes in line after line and gives out rows, each one JSON object. It may hold lines back until their
//! record is whole, as many as it names a limit for; at the end of the input it gives out all. What no other form
//! takes is a plain line. O(line) beside the form's own work.

mod audit;
mod csv;
mod flow;
mod line;
mod pairs;
mod s3;
mod sign_ins;
mod table;
mod xml;
mod zeek;

use crate::error::Reason;
use crate::tape::{Node, plain_length};
use audit::AuditText;
pub(crate) use audit::from_hex;
use csv::CsvText;
use flow::FlowText;
use line::Line;
use pairs::PairsText;
use s3::AccessText;
use std::collections::VecDeque;
use xml::XmlText;
use zeek::ZeekText;

/// One form of text, and what it holds of the lines so far.
pub(crate) trait Form {
    /// Takes in a line without its end; the rows that it completes go to `rows`.
    ///
    /// `number` is the number of the line's record if it is one. A row made of several lines bears the first's.
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken;

    /// Gives out what is held back: the input has ended.
    fn end(&mut self, _rows: &mut Rows) {}

    /// Which log of its source the lines are of, where the form tells.
    fn stream(&self) -> Option<&str> {
        None
    }

    /// What of the lines to come is this form's, whatever it looks like.
    fn claims(&self) -> Claims {
        Claims::Nothing
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is not of this form.
    No,
    /// It is no record by itself: a header, a comment, the continuation of a line before.
    Part,
    /// It is a record, given out at once or later, alone or with others.
    Record,
    /// It is of this form and broken.
    Bad(Reason),
}

/// What of the lines to come a form has a claim on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claims {
    /// Nothing: each line speaks for itself.
    #[default]
    Nothing,
    /// White space at the start of a line belongs to it.
    Indents,
    /// Every line, blank ones and those that look like JSON too: a block has begun and not ended.
    Everything,
}

/// Records made of text, in order, until they are read.
#[derive(Default)]
pub(crate) struct Rows {
    ready: VecDeque<Row>,
    spare: Option<Row>,
}

/// A record made of text.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) json: String,
    // Where the values of `json` stand, when the form knows them: as `Tape::take_flat` wants them. Else empty.
    pub(crate) nodes: Vec<Node>,
}

impl Rows {
    /// An empty text to write a row into: used before where there is one.
    pub(crate) fn blank(&mut self) -> String {
        self.blank_row().json
    }

    /// An empty row to write into: used before where there is one.
    pub(crate) fn blank_row(&mut self) -> Row {
        let mut row = self.spare.take().unwrap_or_default();
        row.json.clear();
        row.nodes.clear();
        row
    }

    /// Gives out `json`, one object, as the record `number`.
    pub(crate) fn push(&mut self, number: u64, json: String) {
        self.ready.push_back(Row { number, json, nodes: Vec::new() });
    }

    /// Gives out a row that was written.
    pub(crate) fn push_row(&mut self, row: Row) {
        self.ready.push_back(row);
    }

    /// The next row; `used` is one that is done with.
    pub(crate) fn next(&mut self, used: Row) -> Option<Row> {
        let next = self.ready.pop_front();
        if used.json.capacity() > 0 && self.spare.is_none() {
            self.spare = Some(used);
        }
        next
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }
}

/// All forms, and which of them took the last line.
pub(crate) struct Forms {
    known: Vec<Box<dyn Form + Send>>,
    plain: Line,
    last: usize,
}

impl Default for Forms {
    fn default() -> Self {
        let known: Vec<Box<dyn Form + Send>> = vec![
            Box::new(ZeekText::default()),
            Box::new(FlowText::default()),
            Box::new(AuditText::default()),
            Box::new(XmlText::default()),
            Box::new(PairsText),
            Box::new(CsvText::default()),
            Box::new(AccessText::default()),
        ];
        Self { known, plain: Line, last: 0 }
    }
}

impl Forms {
    /// Hands the line to the form that took the last one, then to the others.
    pub(crate) fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        let last = self.last;
        if let Some(form) = self.known.get_mut(last) {
            match form.take(line, number, rows) {
                Taken::No => {}
                taken => return taken,
            }
        }
        for (at, form) in self.known.iter_mut().enumerate().filter(|(at, _)| *at != last) {
            match form.take(line, number, rows) {
                Taken::No => {}
                taken => {
                    self.last = at;
                    return taken;
                }
            }
        }
        Taken::No
    }

    /// Makes the line a record of its own, whatever it tells.
    pub(crate) fn take_plain(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        self.plain.take(line, number, rows)
    }

    /// Gives out what any form holds back.
    pub(crate) fn end(&mut self, rows: &mut Rows) {
        self.known.iter_mut().for_each(|form| form.end(rows));
    }

    /// Which log the last line was of, where its form tells.
    pub(crate) fn stream(&self) -> Option<&str> {
        self.known.get(self.last).and_then(|form| form.stream())
    }

    /// The claim of the form that took the last line.
    pub(crate) fn claims(&self) -> Claims {
        self.known.get(self.last).map(|form| form.claims()).unwrap_or_default()
    }
}

/// The record that a text from inside another record is, when it is one: a line of a known form.
pub(crate) fn alone(text: &str) -> Option<String> {
    let (mut forms, mut rows) = (Forms::default(), Rows::default());
    let taken =
        text.lines().all(|line| matches!(forms.take(line, 0, &mut rows), Taken::Part | Taken::Record));
    if taken {
        forms.end(&mut rows);
    } else {
        line::write_prefixed(text, 0, &mut rows);
    }
    rows.next(Row::default()).filter(|_| rows.is_empty()).map(|row| row.json)
}

/// Writes a text in quotes, as JSON does.
pub(crate) fn write_text(text: &str, json: &mut String) {
    json.push('"');
    let mut rest = text;
    while let Some((plain, after)) = special_at(rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        json.push_str(plain);
        let mut signs = after.chars();
        match signs.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some(control) => {
                json.push_str("\\u00");
                let code = u32::from(control);
                json.extend(
                    [char::from_digit(code / 16, 16), char::from_digit(code % 16, 16)].iter().flatten(),
                );
            }
            None => {}
        }
        rest = signs.as_str();
    }
    json.push_str(rest);
    json.push('"');
}

/// Where the first sign stands that JSON escapes.
fn special_at(text: &[u8]) -> Option<usize> {
    Some(plain_length(text)).filter(|at| *at < text.len())
}

/// A name in lower case without separators; empty when it is too long.
pub(crate) fn plain_in<'p, const N: usize>(plain: &'p mut [u8; N], name: &str) -> &'p [u8] {
    let mut length = 0;
    for byte in name.bytes().filter(|byte| !matches!(byte, b'-' | b'_')) {
        let Some(slot) = plain.get_mut(length) else { return &[] };
        *slot = byte.to_ascii_lowercase();
        length += 1;
    }
    plain.get(..length).unwrap_or_default()
}

/// Writes `,"name":` or `"name":` into the object that `json` is in the middle of.
pub(crate) fn write_name(name: &str, json: &mut String) {
    if !json.ends_with('{') {
        json.push(',');
    }
    write_text(name, json);
    json.push(':');
}

/// Writes a member whose value is a text.
pub(crate) fn write_member(name: &str, text: &str, json: &mut String) {
    write_name(name, json);
    write_text(text, json);
}
