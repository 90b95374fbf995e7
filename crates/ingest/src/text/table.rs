//! Columns of a table, by which its rows become records whose values need not be looked for again.
//!
//! The name of a column is put in quotes and digested once. A row is one flat object, its members in the order of their
//! names: then its place on the tape is known while it is written. O(row).

use super::{Row, write_text};
use crate::tape::{Kind, Node, Span, tag_of};

/// The columns of a table in the order of their names, no two of one name.
#[derive(Debug)]
pub(crate) struct Columns(Vec<Column>);

/// A column: where its cells stand among those of a row, and its name.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) place: usize,
    // In quotes, with a comma before and the colon behind it.
    name: String,
    tag: u32,
}

impl Columns {
    /// The columns called `names`, which stand in the order of their cells; `None` when two are called alike, or one in a
    /// way that JSON spells otherwise.
    pub(crate) fn called<'n>(names: impl Iterator<Item = &'n str>) -> Option<Self> {
        let mut names: Vec<(&str, usize)> = names.zip(0..).collect();
        names.sort_unstable();
        let alike = names.iter().zip(names.iter().skip(1)).any(|(one, other)| one.0 == other.0);
        let columns: Vec<Column> =
            names.into_iter().map(|(name, place)| Column::called(name, place)).collect();
        let spelt = columns.iter().all(|column| !column.name.contains('\\'));
        (!alike && spelt && !columns.is_empty()).then_some(Self(columns))
    }

    /// The columns by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.iter()
    }
}

impl Column {
    fn called(name: &str, place: usize) -> Self {
        let mut quoted = ",".to_owned();
        write_text(name, &mut quoted);
        quoted.push(':');
        Self { place, name: quoted, tag: tag_of(name.as_bytes()) }
    }
}

/// A row that is being written: its members must come in the order of the columns.
pub(crate) struct FlatRow(Row);

impl FlatRow {
    /// Begins the record `number` in `row`, which is empty.
    pub(crate) fn begin(mut row: Row, number: u64) -> Self {
        row.number = number;
        row.json.push('{');
        row.nodes.push(Node::member(Span::default(), 0, Kind::Object, Span::default(), false));
        Self(row)
    }

    /// Writes a cell as a text.
    pub(crate) fn text(&mut self, column: &Column, cell: &str) {
        let (key, start) = self.name(column);
        write_text(cell, &mut self.0.json);
        let span = Span { start: start.saturating_add(1), end: end_of(&self.0.json).saturating_sub(1) };
        let escaped = (span.end.saturating_sub(span.start)) as usize != cell.len();
        self.note(Node::member(key, column.tag, Kind::Text, span, escaped));
    }

    /// Writes a cell that is a list: of each element its kind, and what it is; what is no text is JSON.
    pub(crate) fn list<'c>(&mut self, column: &Column, elements: impl Iterator<Item = (Kind, &'c str)>) {
        let (key, start) = self.name(column);
        let place = self.0.nodes.len();
        self.note(Node::member(key, column.tag, Kind::Array, Span { start, end: start }, false));
        self.0.json.push('[');
        for (number, (kind, element)) in elements.enumerate() {
            if number > 0 {
                self.0.json.push(',');
            }
            self.element(kind, element);
        }
        self.0.json.push(']');
        let (end, next) = (end_of(&self.0.json), index_of(&self.0.nodes));
        if let Some(list) = self.0.nodes.get_mut(place) {
            (list.span.end, list.next) = (end, next);
        }
    }

    fn element(&mut self, kind: Kind, element: &str) {
        let json = &mut self.0.json;
        let quote = u32::from(kind == Kind::Text);
        let start = end_of(json).saturating_add(quote);
        if kind == Kind::Text {
            write_text(element, json);
        } else {
            json.push_str(element);
        }
        let span = Span { start, end: end_of(json).saturating_sub(quote) };
        let escaped = span.end.saturating_sub(span.start) as usize != element.len();
        self.note(Node::member(Span::default(), 0, kind, span, escaped));
    }

    fn note(&mut self, mut node: Node) {
        node.next = index_of(&self.0.nodes).saturating_add(1);
        self.0.nodes.push(node);
    }

    /// Writes a cell that is JSON: a number, or a truth value.
    pub(crate) fn word(&mut self, column: &Column, kind: Kind, json: &str) {
        let (key, start) = self.name(column);
        self.0.json.push_str(json);
        let span = Span { start, end: end_of(&self.0.json) };
        self.note(Node::member(key, column.tag, kind, span, false));
    }

    /// Writes the name of a column; gives where it stands between its quotes, and where the value starts.
    fn name(&mut self, column: &Column) -> (Span, u32) {
        let json = &mut self.0.json;
        let is_first = json.len() == 1;
        let name = if is_first { column.name.get(1..).unwrap_or_default() } else { &column.name };
        let start = end_of(json).saturating_add(if is_first { 1 } else { 2 });
        json.push_str(name);
        let value = end_of(json);
        (Span { start, end: value.saturating_sub(2) }, value)
    }

    /// The row, written.
    pub(crate) fn end(mut self) -> Row {
        self.0.json.push('}');
        let (end, next) = (end_of(&self.0.json), index_of(&self.0.nodes));
        if let Some(whole) = self.0.nodes.first_mut() {
            (whole.span, whole.next) = (Span { start: 0, end }, next);
        }
        self.0
    }
}

fn index_of(nodes: &[Node]) -> u32 {
    u32::try_from(nodes.len()).unwrap_or(u32::MAX)
}

/// Offsets fit: a line is cut before it comes so long.
fn end_of(json: &str) -> u32 {
    u32::try_from(json.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::tape::Tape;

    #[test]
    fn a_row_is_noted_as_it_would_be_read() {
        let columns = Columns::called(["b", "a", "c", "d"].into_iter()).unwrap();
        let mut flat = FlatRow::begin(Row::default(), 3);
        let list = [(Kind::Text, "é\""), (Kind::Null, "null"), (Kind::Number, "-1.5")];
        for (column, cell) in columns.iter().zip(["", "x\"\u{1}y", "list", "7"]) {
            match cell {
                "7" => flat.word(column, Kind::Number, cell),
                "list" => flat.list(column, list.into_iter()),
                text => flat.text(column, text),
            }
        }
        let mut row = flat.end();
        assert_eq!(
            (row.number, row.json.as_str()),
            (3, "{\"a\":\"\",\"b\":\"x\\\"\\u0001y\",\"c\":[\"é\\\"\",null,-1.5],\"d\":7}")
        );
        let (mut noted, mut read) = (Tape::default(), Tape::default());
        noted.take_flat(&mut row.nodes);
        assert_eq!(read.parse(row.json.as_bytes(), 9), Ok(row.json.len()));
        assert_eq!(noted.len(), read.len());
        for index in 0..read.len() {
            assert_eq!(format!("{:?}", noted.node(index)), format!("{:?}", read.node(index)));
        }
        let record = Record::new(&row.json, &noted);
        assert_eq!(record.take("b").as_deref(), Some("x\"\u{1}y"));
        assert_eq!((record.take("a"), record.take("e")), (None, None));
        assert_eq!(record.field("c").unwrap().children().count(), 3);
    }

    #[test]
    fn names_that_need_a_look_are_refused() {
        assert!(Columns::called(["a", "b", "a"].into_iter()).is_none());
        assert!(Columns::called(["a\"", "b"].into_iter()).is_none());
        assert!(Columns::called(core::iter::empty()).is_none());
    }
}
