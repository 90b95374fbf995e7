//! How values are found below another: by a path, by a name, or one after the other.
//!
//! Most names that a mapper asks for are not there, and a look at the digests of all names of the text says so. A name
//! that is there is found at its place in the table of names; only where two share a place are the members walked.

use super::Field;
use crate::tape::{Kind, Known, tag_of};

impl<'a> Field<'a> {
    /// The value at `path` below this one.
    pub fn get(&self, path: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        let whole = self.member(path);
        if whole.is_some() {
            return whole;
        }
        let dot = |from: usize| Some(from + dot_in(path.as_bytes().get(from..)?)?);
        let mut cut = dot(0);
        while let Some(at) = cut {
            let outer = path.get(..at).and_then(|outer| self.member(outer));
            if let Some(inner) = outer.and_then(|outer| outer.get(path.get(at + 1..)?)) {
                return Some(inner);
            }
            cut = dot(at + 1);
        }
        None
    }

    /// The member called `name`, dots and all.
    #[inline]
    pub fn member(&self, name: &str) -> Option<Self> {
        let tag = tag_of(name.as_bytes());
        if self.tape.lacks(tag) { None } else { self.member_of_tag(name, tag) }
    }

    #[inline(never)]
    fn member_of_tag(&self, name: &str, tag: u32) -> Option<Self> {
        let walked = || self.children().find(|child| child.is_called(name));
        if self.tape.has_escaped_names() {
            return walked();
        }
        if !self.folded {
            let index = self.tape.member(self.index, (name.as_bytes(), tag), self.text.as_bytes());
            return index.map(|index| self.at(index));
        }
        match self.tape.known(self.index, tag) {
            Known::Nothing => None,
            Known::Member(index) => Some(self.at(index)).filter(|child| child.is_called(name)),
            Known::Perhaps => walked(),
        }
    }

    /// The elements of an array in order, or the members of an object in the order of their names; none of a scalar.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'a> {
        let Self { text, tape, index, folded } = *self;
        let node = self.node();
        let mut by_name = node.and_then(|node| tape.order_of(node)).map(|order| order.iter());
        let end = node.map_or(0, |node| node.next);
        let mut next = index.saturating_add(1);
        core::iter::from_fn(move || {
            let index = match &mut by_name {
                Some(order) => *order.next()?,
                None => (next < end).then_some(next)?,
            };
            next = tape.node(index)?.next;
            Some(Self { text, tape, index, folded })
        })
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.node().is_some_and(|node| match (self.folded, node.key_escaped) {
            (false, false) => self.slice(node.key).as_bytes() == name.as_bytes(),
            (true, _) => self.name().eq_ignore_ascii_case(name),
            (false, true) => self.name() == name,
        })
    }
}

/// Where the first dot stands, looked for eight bytes at a time.
fn dot_in(path: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (words, rest) = path.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let differing = u64::from_le_bytes(*word) ^ (ONES * u64::from(b'.'));
        let dots = differing.wrapping_sub(ONES) & !differing & (ONES * 0x80);
        if dots != 0 {
            // The lowest mark is exact; only marks above a true one can be false.
            return Some(number * 8 + dots.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| *byte == b'.');
    found.map(|at| words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::dot_in;
    use crate::Record;
    use crate::tape::Tape;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dots_are_found_where_they_stand(path in "[./-]{0,3}[a-z.\\-/é\u{ae}]{0,24}") {
            prop_assert_eq!(dot_in(path.as_bytes()), path.find('.'), "{}", path);
        }
    }

    #[test]
    fn dots_in_names_are_found_either_way() {
        for text in [r#"{"id.orig_h":"h"}"#, r#"{"id":{"orig_h":"h"}}"#, r#"{"id":{"x":1},"id.orig_h":"h"}"#]
        {
            let mut tape = Tape::default();
            tape.parse(text.as_bytes(), 16).unwrap();
            assert_eq!(Record::new(text, &tape).look("id.orig_h").as_deref(), Some("h"), "{text}");
        }
    }
}
