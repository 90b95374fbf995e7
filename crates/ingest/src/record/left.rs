//! What nobody took of a record, written as one JSON object without white space, its members by name.
//!
//! A part that is left whole is copied as it stands; O(what is left) beside the walk.

use super::Field;
use crate::tape::{Kind, Mark, Node, Span};

impl Field<'_> {
    /// Writes what is left of this object's members as one JSON object without white space, its members by name;
    /// gives whether any is left.
    pub(crate) fn write_leftovers(&self, out: &mut String) -> bool {
        let start = out.len();
        out.push('{');
        let open = out.len();
        self.write_members(out);
        if out.len() == open {
            out.truncate(start);
            return false;
        }
        out.push('}');
        true
    }

    fn write_members(&self, out: &mut String) {
        let first = out.len();
        for child in self.children() {
            let Some(node) = child.node() else { continue };
            if is_gone(node) {
                continue;
            }
            let before = out.len();
            if before != first {
                out.push(',');
            }
            if !self.tape.is_spaced() && child.is_as_written(node) {
                // Name and value stand side by side.
                out.push_str(self.slice(Span { start: node.key.start.saturating_sub(1), end: end_of(node) }));
                continue;
            }
            out.push('"');
            out.push_str(child.raw_name());
            out.push_str("\":");
            if !child.write_left(out) {
                out.truncate(before);
            }
        }
    }

    /// Writes what is left of this value; gives false, and writes nothing, when nothing is.
    pub(crate) fn write_left(&self, out: &mut String) -> bool {
        let Some(node) = self.node() else { return false };
        if is_gone(node) {
            return false;
        }
        let is_scalar = !matches!(node.kind, Kind::Object | Kind::Array);
        if is_scalar || (!self.tape.is_spaced() && self.is_as_written(node)) {
            out.push_str(self.raw(node));
            return true;
        }
        match node.kind {
            Kind::Object => self.write_leftovers(out) || self.write_empty(out, "{}"),
            _ => self.write_elements(out) || self.write_empty(out, "[]"),
        }
    }

    /// Whether all of this value is left, and its members in order.
    fn is_as_written(&self, node: &Node) -> bool {
        let is_scalar = !matches!(node.kind, Kind::Object | Kind::Array);
        is_scalar || !self.nodes().any(|node| is_gone(node) || node.is_out_of_order())
    }

    /// Writes an array or object that the source wrote empty, with white space in it.
    fn write_empty(&self, out: &mut String, empty: &str) -> bool {
        let is_empty = self.children().next().is_none();
        if is_empty {
            out.push_str(empty);
        }
        is_empty
    }

    /// Elements keep their positions: what is gone of an array of which something is left shows empty.
    fn write_elements(&self, out: &mut String) -> bool {
        let start = out.len();
        let mut any = false;
        out.push('[');
        for (number, child) in self.children().enumerate() {
            if number > 0 {
                out.push(',');
            }
            if child.write_left(out) {
                any = true;
            } else {
                out.push_str(match (child.kind(), child.marked()) {
                    (Kind::Object, _) => "{}",
                    (Kind::Array, _) => "[]",
                    (_, Mark::Withheld) => "null",
                    _ => child.json(),
                });
            }
        }
        out.push(']');
        if !any {
            out.truncate(start);
        }
        any
    }
}

/// The first byte behind a value.
pub(super) fn end_of(node: &Node) -> u32 {
    node.span.end.saturating_add(u32::from(node.kind == Kind::Text))
}

fn is_gone(node: &Node) -> bool {
    matches!(node.mark.get(), Mark::Taken | Mark::Withheld | Mark::Opened | Mark::Whole)
}

#[cfg(test)]
mod tests {
    use crate::Record;
    use crate::tape::Tape;

    fn left_after(text: &str, taken: &[&str]) -> String {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        for path in taken {
            record.take(path).unwrap();
        }
        let mut left = String::new();
        record.root().write_leftovers(&mut left);
        left
    }

    #[test]
    fn what_is_not_taken_is_left_as_it_was() {
        let text = r#"{"a":{"b":1.50,"c":[]},"d":"x\ny","e":null,"f":{}}"#;
        assert_eq!(left_after(text, &[]), text);
        assert_eq!(left_after(text, &["a.b", "d"]), r#"{"a":{"c":[]},"e":null,"f":{}}"#);
    }

    #[test]
    fn white_space_and_order_of_names_do_not_show() {
        let text = "{ \"b\" : [ { } , [ ] ,\t{\"z\": 1,\n\"y\" : \" x \"} ], \"a\":-0.50e1 }";
        assert_eq!(left_after(text, &[]), r#"{"a":-0.50e1,"b":[{},[],{"y":" x ","z":1}]}"#);
    }

    #[test]
    fn an_object_all_taken_is_gone() {
        assert_eq!(left_after(r#"{"a":{"b":{"c":"x"}},"d":1}"#, &["a.b.c"]), r#"{"d":1}"#);
        assert_eq!(left_after(r#"{"a":"x"}"#, &["a"]), "");
    }

    #[test]
    fn elements_keep_their_positions() {
        let text = r#"{"list":[{"id":"x"},{"id":"y","kind":"z"},"w"]}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        for element in record.field("list").unwrap().children().take(2) {
            element.get("id").unwrap().take().unwrap();
        }
        let mut left = String::new();
        record.root().write_leftovers(&mut left);
        assert_eq!(left, r#"{"list":[{},{"kind":"z"},"w"]}"#);
    }

    #[test]
    fn null_and_nothing_are_not_taken() {
        assert_eq!(left_after(r#"{"a":null,"b":"","c":[1]}"#, &[]), r#"{"a":null,"b":"","c":[1]}"#);
        let text = r#"{"a":null,"b":"","c":[1]}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        assert!(["a", "b", "c", "d"].iter().all(|path| record.take(path).is_none()));
    }
}
