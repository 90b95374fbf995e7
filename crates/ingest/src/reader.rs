//! Cuts any input into records: JSON lines, arrays, `{"Records":[…]}`, documents after documents, forms of text.
//!
//! The form is found out record by record. Only one record is held at a time,
//! so memory does not grow with the input; a broken record is skipped to where the next one can begin.
//! O(bytes).

mod broken;

use crate::error::Reason;
use crate::input::Input;
use crate::limit::Limits;
use crate::list::{ListStart, list_start};
use crate::record::Record;
use crate::skip::{Skim, Skimmed};
use crate::tape::{Flaw, FlawKind, Tape};
use crate::text::{Claims, Forms, Row, Rows, Taken};
use std::io::{self, BufRead, Read};

/// How much is read at a time: large against a record, so that few records are parsed twice.
const CHUNK: usize = 256 << 10;

/// The byte order mark that some programs of Windows write first.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// A record cut out of the input: its number, where it starts, and its JSON text with the parsed tape beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    from_row: bool,
    start: usize,
    length: usize,
}

/// What stands in the way of a record: its number, the byte, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) number: u64,
    pub(crate) offset: u64,
    pub(crate) reason: Reason,
}

/// An input and how far it is read.
pub(crate) struct Reader<R: Read> {
    input: Input<R>,
    limits: Limits,
    buffer: Vec<u8>,
    // Where the unread bytes stand in `buffer`, and where in the input they start.
    start: usize,
    end: usize,
    offset: u64,
    ended: bool,
    number: u64,
    lists: Vec<List>,
    // The last record was broken inside: lines that cannot start a record belong to it.
    recovering: bool,
    // How far brackets were counted in vain.
    followed: u64,
    // Whether a record of JSON was read: a line of text between such is a piece of a broken one.
    holds_json: bool,
    forms: Forms,
    rows: Rows,
    row: Row,
}

/// A list of records that is being read: an array, or an array that is a member of an object.
struct List {
    is_member: bool,
    before: String,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(input: R, limits: Limits) -> Self {
        Self {
            input: Input::Unknown(input),
            limits,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            number: 0,
            lists: Vec::new(),
            recovering: false,
            followed: 0,
            holds_json: false,
            forms: Forms::default(),
            rows: Rows::default(),
            row: Row::default(),
        }
    }

    /// The members of the object around the list that the last record stood in, as a JSON object.
    pub(crate) fn around(&self) -> Option<&str> {
        self.lists.iter().rev().map(|list| list.before.as_str()).find(|before| !before.is_empty())
    }

    /// Which log of its source the text is that the last record stood in, where it tells.
    pub(crate) fn stream(&self) -> Option<&str> {
        self.forms.stream()
    }

    /// The JSON text of the record, unless it is no UTF-8.
    pub(crate) fn text(&self, cut: Cut) -> Result<&str, Fault> {
        if cut.from_row {
            return Ok(&self.row.json);
        }
        let bytes = self.buffer.get(cut.start..cut.start + cut.length).unwrap_or_default();
        core::str::from_utf8(bytes).map_err(|error| {
            let offset = cut.offset.saturating_add(error.valid_up_to() as u64);
            Fault { number: cut.number, offset, reason: Reason::NotUtf8 }
        })
    }

    /// The next record, parsed onto `tape`; `None` at the end.
    pub(crate) fn next(&mut self, tape: &mut Tape) -> Option<Result<Cut, Fault>> {
        loop {
            match self.step(tape) {
                Ok(Step::Record(cut)) => return Some(Ok(cut)),
                Ok(Step::On) => {}
                Ok(Step::End) => return None,
                Err(Stop::Fault(fault)) => return Some(Err(fault)),
                Err(Stop::Input(error)) => {
                    self.give_up();
                    return Some(Err(self.fault(0, Reason::Unreadable(error.kind()))));
                }
            }
        }
    }

    fn step(&mut self, tape: &mut Tape) -> Result<Step, Stop> {
        if !self.rows.is_empty() {
            return self.row(tape);
        }
        if self.forms.claims() == Claims::Everything && (!self.window().is_empty() || self.fill()?) {
            return self.line();
        }
        let Some(first) = self.first_byte()? else { return self.finish() };
        if self.recovering && self.belongs_to_broken(first)? {
            return Ok(Step::On);
        }
        self.recovering = false;
        match (self.lists.is_empty(), first) {
            (_, b'{') => self.object(tape),
            (true, b'[') => Ok(self.open_list()),
            (false, b']') => self.close_list(),
            (false, b',') => Ok(self.pass(1)),
            (false, _) => self.value(tape),
            (true, _) => self.line(),
        }
    }

    fn finish(&mut self) -> Result<Step, Stop> {
        if self.lists.is_empty() {
            self.forms.end(&mut self.rows);
            return Ok(if self.rows.is_empty() { Step::End } else { Step::On });
        }
        self.lists.clear();
        Err(self.lose(0, 0, Reason::Truncated))
    }

    /// The first byte that is no white space, which is passed unless it belongs to a row.
    fn first_byte(&mut self) -> Result<Option<u8>, Stop> {
        let in_rows = self.lists.is_empty() && self.forms.claims() == Claims::Indents;
        loop {
            let space = |byte: &u8| match byte {
                b'\t' => !in_rows,
                b' ' | b'\n' | b'\r' => true,
                _ => false,
            };
            let blank = self.window().iter().take_while(|byte| space(byte)).count();
            self.drop_front(blank);
            if self.offset == 0 && self.window().starts_with(&MARK) {
                self.drop_front(MARK.len());
            } else if self.offset == 0 && MARK.starts_with(self.window()) && self.fill()? {
                // Three bytes tell a byte order mark; a pipe may give them one by one.
            } else if let Some(first) = self.window().first() {
                return Ok(Some(*first));
            } else if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn object(&mut self, tape: &mut Tape) -> Result<Step, Stop> {
        loop {
            match list_start(self.window(), tape, self.limits.depth) {
                ListStart::Unclear if self.window().len() < CHUNK && self.fill()? => {}
                ListStart::No | ListStart::Unclear => return self.value(tape),
                ListStart::Yes { before, length } => {
                    let is_member = true;
                    let before = compact(&before, tape, self.limits.depth);
                    self.lists.push(List { is_member, before });
                    return Ok(self.pass(length));
                }
            }
        }
    }

    fn open_list(&mut self) -> Step {
        self.lists.push(List { is_member: false, before: String::new() });
        self.pass(1)
    }

    /// Ends a list. Members after the list, in the object around it, become a record of their own.
    fn close_list(&mut self) -> Result<Step, Stop> {
        let ended = self.lists.pop();
        self.drop_front(1);
        if !ended.is_some_and(|list| list.is_member) {
            return Ok(Step::On);
        }
        match self.first_byte()? {
            Some(b'}') => Ok(self.pass(1)),
            Some(b',') => {
                if let Some(comma) = self.buffer.get_mut(self.start) {
                    *comma = b'{';
                }
                Ok(Step::On)
            }
            Some(_) => Err(self.skip_broken(0, Reason::NotJson)?),
            None => Err(self.lose(0, 0, Reason::Truncated)),
        }
    }

    /// A record, or an element of a list that is none but is kept all the same.
    fn value(&mut self, tape: &mut Tape) -> Result<Step, Stop> {
        loop {
            let parsed = tape.parse(self.window(), self.limits.depth);
            let at_edge = matches!(parsed, Ok(length) if length == self.window().len());
            match parsed {
                Ok(length) if !at_edge || self.ended || self.ends_itself() => return self.cut(length),
                Ok(_) | Err(Flaw { kind: FlawKind::Ends, .. }) if !self.ended => {
                    if self.window().len() >= self.limits.record_bytes {
                        return self.skip_long();
                    }
                    self.fill()?;
                }
                Ok(length) => return self.cut(length),
                Err(flaw) => return Err(self.skip_broken(flaw.at, self.reason(flaw.kind))?),
            }
        }
    }

    /// Whether the value at hand shows its own end, as all but numbers and words do.
    fn ends_itself(&self) -> bool {
        matches!(self.window().first(), Some(b'{' | b'[' | b'"'))
    }

    fn cut(&mut self, length: usize) -> Result<Step, Stop> {
        if length > self.limits.record_bytes {
            return Err(self.lose(0, length, Reason::TooLong(self.limits.record_bytes)));
        }
        Ok(Step::Record(self.take(length)))
    }

    fn take(&mut self, length: usize) -> Cut {
        let (number, offset) = (self.number, self.offset);
        let cut = Cut { number, offset, from_row: false, start: self.start, length };
        self.holds_json = true;
        self.drop_front(length);
        self.number += 1;
        cut
    }

    /// A line that is no JSON, by the form that takes it.
    fn line(&mut self) -> Result<Step, Stop> {
        let length = self.line_length()?;
        if length > self.limits.record_bytes {
            return Err(self.lose(0, length, Reason::TooLong(self.limits.record_bytes)));
        }
        let bytes = self.buffer.get(self.start..self.start + length).unwrap_or_default();
        let line = match core::str::from_utf8(trimmed(bytes)) {
            Ok(line) => line,
            Err(error) => return Err(self.lose(error.valid_up_to(), length, Reason::NotUtf8)),
        };
        let taken = match self.forms.take(line, self.number, &mut self.rows) {
            Taken::No if !self.holds_json => self.forms.take_plain(line, self.number, &mut self.rows),
            taken => taken,
        };
        match taken {
            Taken::No => Err(self.lose(0, length, Reason::UnknownForm)),
            Taken::Bad(reason) => Err(self.lose(0, length, reason)),
            Taken::Part => Ok(self.pass(length)),
            Taken::Record => {
                self.number += 1;
                Ok(self.pass(length))
            }
        }
    }

    /// The next record that a form of text gave out.
    fn row(&mut self, tape: &mut Tape) -> Result<Step, Stop> {
        let Some(row) = self.rows.next(std::mem::take(&mut self.row)) else { return Ok(Step::On) };
        self.row = row;
        let (number, offset) = (self.row.number, self.offset);
        if !self.row.nodes.is_empty() && self.limits.depth > 0 {
            tape.take_flat(&mut self.row.nodes);
            return Ok(Step::Record(Cut { number, offset, from_row: true, start: 0, length: 0 }));
        }
        match tape.parse(self.row.json.as_bytes(), self.limits.depth) {
            Ok(_) => Ok(Step::Record(Cut { number, offset, from_row: true, start: 0, length: 0 })),
            Err(flaw) => Err(Stop::Fault(Fault { number, offset, reason: self.reason(flaw.kind) })),
        }
    }

    /// The length of the line at hand with its end, reading on until it is known.
    ///
    /// A line beyond the limit counts as ended there, so that hostile input is not held.
    fn line_length(&mut self) -> Result<usize, Stop> {
        let mut seen = 0;
        loop {
            let fresh = self.window().get(seen..).unwrap_or_default();
            // The standard library's own search for a byte, many at a time.
            let passed = { fresh }.skip_until(b'\n').unwrap_or_default();
            if fresh.get(..passed).is_some_and(|line| line.ends_with(b"\n")) {
                return Ok(seen + passed);
            }
            seen = self.window().len();
            if seen > self.limits.record_bytes || !self.fill()? {
                return Ok(seen);
            }
        }
    }

    /// Counts a record as lost at byte `at` of it and passes `length` bytes.
    fn lose(&mut self, at: usize, length: usize, reason: Reason) -> Stop {
        let fault = self.fault(at, reason);
        self.number += 1;
        self.drop_front(length);
        Stop::Fault(fault)
    }

    fn fault(&self, at: usize, reason: Reason) -> Fault {
        Fault { number: self.number, offset: self.offset.saturating_add(at as u64), reason }
    }

    fn reason(&self, kind: FlawKind) -> Reason {
        match kind {
            FlawKind::Ends => Reason::Truncated,
            FlawKind::Syntax => Reason::NotJson,
            FlawKind::Surrogate => Reason::HalfSurrogate,
            FlawKind::Duplicate => Reason::DuplicateName,
            FlawKind::Depth => Reason::TooDeep(self.limits.depth),
        }
    }

    fn pass(&mut self, length: usize) -> Step {
        self.drop_front(length);
        Step::On
    }

    fn window(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn drop_front(&mut self, length: usize) {
        self.start = self.start.saturating_add(length).min(self.end);
        self.offset = self.offset.saturating_add(length as u64);
    }

    fn give_up(&mut self) {
        self.input = Input::Done;
        self.ended = true;
        self.lists.clear();
        self.drop_front(self.window().len());
    }

    /// Reads on.
    fn fill(&mut self) -> Result<bool, Stop> {
        if self.ended {
            return Ok(false);
        }
        self.make_room();
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let length = self.input.read_some(room, &self.limits).map_err(Stop::Input)?;
        self.end = self.end.saturating_add(length).min(self.buffer.len());
        self.ended = length == 0;
        Ok(!self.ended)
    }

    /// Moves the unread bytes to the front when half a chunk is not free behind them, and grows when they are many.
    fn make_room(&mut self) {
        if self.buffer.len().saturating_sub(self.end) >= CHUNK / 2 {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        let needed = self.end.saturating_add(self.end.max(CHUNK));
        if self.buffer.len() < needed {
            self.buffer.resize(needed, 0);
        }
    }
}

enum Step {
    Record(Cut),
    On,
    End,
}

enum Stop {
    Fault(Fault),
    Input(io::Error),
}

/// The object `text` without white space, its members by name. It was parsed once, so it is one.
fn compact(text: &str, tape: &mut Tape, depth: usize) -> String {
    let mut written = String::new();
    if tape.parse(text.as_bytes(), depth).is_ok() {
        Record::new(text, tape).root().write_left(&mut written);
    }
    written
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
