//! Where everything in one JSON text lies: a flat list of nodes, reused from record to record.
//!
//! One pass over the bytes checks the whole grammar of RFC 8259 and notes each value's place, so that a mapper
//! reads without copying and what it leaves can be handed on. The members of an object are seen in the order of
//! their names, whatever order the source wrote them in: two texts that differ only in that are one record. Two
//! members of one name, lone surrogates and nesting beyond a limit are flaws. O(bytes) beside the sorting; 32
//! bytes a value, no allocation once warm.

mod parser;
mod sorted;

use crate::memo::Memo;
use core::cell::{Cell, RefCell};
use parser::Parser;
pub(crate) use parser::plain_length;
use sorted::Sorted;
use std::borrow::Cow;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

/// What a mapper did with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing: it stays where it was, in `unmapped`.
    Left,
    /// Put into a typed attribute, and kept in `unmapped` because the attribute shows it in another form.
    Copied,
    /// Put into a typed attribute as it is.
    Taken,
    /// Withheld for privacy: it stands nowhere.
    Withheld,
    /// An envelope's content, read as a record of its own.
    Opened,
    /// A member of an event that is one already: it stands in the event where it stood.
    Whole,
}

/// A stretch of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One value: its name, its place and where the value after it lies.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    // Between the quotes; empty for elements and the root.
    pub(crate) key: Span,
    // Of a text between the quotes, else the whole value.
    pub(crate) span: Span,
    // A digest of the name: names of different tags differ.
    pub(crate) tag: u32,
    // INVARIANT: the index of the first node that is not inside this one.
    pub(crate) next: u32,
    // Of an object written out of order: where in `Tape::order` its members are listed by name.
    order: u32,
    pub(crate) kind: Kind,
    pub(crate) escaped: bool,
    pub(crate) key_escaped: bool,
    pub(crate) mark: Cell<Mark>,
}

/// The `order` of a node whose children stand in order already.
const IN_ORDER: u32 = u32::MAX;

impl Node {
    /// A value with a name of the digest `tag`, of a record that a form of text writes: no name has escapes.
    pub(crate) fn member(key: Span, tag: u32, kind: Kind, span: Span, escaped: bool) -> Self {
        let mark = Cell::new(Mark::Left);
        Self { key, span, tag, next: 1, order: IN_ORDER, kind, escaped, key_escaped: false, mark }
    }

    /// Whether this is an object whose members the source wrote in another order than that of their names.
    pub(crate) fn is_out_of_order(&self) -> bool {
        self.order != IN_ORDER
    }
}

/// Why a text is no record, and where it stops being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) at: usize,
    pub(crate) kind: FlawKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlawKind {
    /// The text ends inside a value.
    Ends,
    /// The text is not JSON.
    Syntax,
    /// A text holds one half of a surrogate pair.
    Surrogate,
    /// An object has two members of one name.
    Duplicate,
    /// Values are nested deeper than the limit.
    Depth,
}

/// The nodes of one text, in the order of the text, and what is kept from text to text.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    open: Vec<Open>,
    // For each object out of order: how many members, then their nodes by name.
    order: Vec<u32>,
    // Of each object that has not ended its members so far, with the starts of their names.
    sorting: Vec<(u64, u32)>,
    // How objects of the same names were sorted before.
    sorted: Sorted,
    // Members by object and name; empty until the first text.
    named: Vec<Named>,
    // Which digests of names there are in the whole text, read without regard to case.
    names: [u64; 4],
    is_spaced: bool,
    has_escaped_names: bool,
    pub(crate) memo: Memo,
    // What is left of the record was given to its event already.
    pub(crate) is_settled: Cell<bool>,
    pub(crate) scratch: RefCell<String>,
    pub(crate) trail: RefCell<Vec<(u32, u32)>>,
    // For the record inside this one, between two such.
    inner: RefCell<Option<Box<Tape>>>,
}

/// An array or object that has not ended yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: u32,
    is_object: bool,
    has_escaped_names: bool,
    // Whether each name so far came after the one before it, the start of the last one, and where in `Tape::sorting` the
    // members are listed from.
    is_in_order: bool,
    last: u64,
    members: usize,
    // A hash of the starts of the names so far.
    shape: u64,
}

/// Which member of which object has a place in the table of names.
#[derive(Clone, Copy, Debug)]
struct Named {
    object: u32,
    member: u32,
}

/// How many places the table of names has. Default 256: four times the members of most records, so that few share a
/// place, and 2 KiB, which are cleared in no time.
const PLACES: usize = 256;
/// No member has this place: the first node is no member.
const FREE: u32 = 0;
/// Several members share this place: the object must be walked.
const SHARED: u32 = u32::MAX;

/// What the table of names knows of a name.
pub(crate) enum Known {
    /// No member has it.
    Nothing,
    /// None but this one can have it.
    Member(u32),
    /// The members must be walked.
    Perhaps,
}

impl Tape {
    /// Notes the value at the start of `bytes` and gives its length. What follows it is not looked at.
    pub(crate) fn parse(&mut self, bytes: &[u8], depth: usize) -> Result<usize, Flaw> {
        self.clear();
        Parser::new(self, bytes, depth).document()
    }

    /// Takes over an object without objects inside, as [`Self::parse`] would note it: `nodes` are its members in the order
    /// of their names, no two of one name, each with its elements, behind a first one for the object itself. Gives back
    /// other nodes to be written over.
    pub(crate) fn take_flat(&mut self, nodes: &mut Vec<Node>) {
        self.clear();
        core::mem::swap(&mut self.nodes, nodes);
        let mut index = 1;
        while let Some(node) = self.nodes.get(index as usize) {
            let (tag, next) = (node.tag, node.next);
            self.name_member(0, tag, index);
            // Whatever the form says, this ends.
            index = next.max(index.saturating_add(1));
        }
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.open.clear();
        self.order.clear();
        self.sorting.clear();
        self.named.clear();
        self.named.resize(PLACES, Named { object: 0, member: FREE });
        (self.is_spaced, self.has_escaped_names) = (false, false);
        self.is_settled.set(false);
        self.names = [0; 4];
    }

    pub(crate) fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    /// The nodes from place `start` to before `end`; none where these are no places.
    pub(crate) fn nodes_between(&self, start: u32, end: u32) -> &[Node] {
        self.nodes.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> u32 {
        index_of(self.nodes.len())
    }

    /// Whether there is white space between values: then no part of the text can be handed on as it is.
    pub(crate) fn is_spaced(&self) -> bool {
        self.is_spaced
    }

    /// The members of `object` by name, when the source wrote them in another order.
    pub(crate) fn order_of(&self, object: &Node) -> Option<&[u32]> {
        let run = self.order.get(object.order as usize..)?;
        let (count, members) = run.split_first()?;
        members.get(..*count as usize)
    }

    /// The member of `object` called `name`, whose digest is `tag`, of the text `bytes`; names are compared as they are
    /// spelled.
    #[inline]
    pub(crate) fn member(&self, object: u32, (name, tag): (&[u8], u32), bytes: &[u8]) -> Option<u32> {
        let is_it = |node: &Node| node.tag == tag && slice(bytes, node.key) == name;
        match self.known(object, tag) {
            Known::Nothing => None,
            Known::Member(member) => self.node(member).filter(|node| is_it(node)).map(|_| member),
            Known::Perhaps => self.members(object).find(|(_, node)| is_it(node)).map(|(index, _)| index),
        }
    }

    /// Which member of `object` can have a name of the digest `tag`, in whatever case.
    #[inline]
    pub(crate) fn known(&self, object: u32, tag: u32) -> Known {
        match self.named.get(place_of(object, tag)) {
            Some(Named { member: SHARED, .. }) => Known::Perhaps,
            Some(known) if known.member != FREE && known.object == object => Known::Member(known.member),
            _ => Known::Nothing,
        }
    }

    /// Whether some name of the text is spelled with escapes, so that spellings do not tell what is missing.
    pub(crate) fn has_escaped_names(&self) -> bool {
        self.has_escaped_names
    }

    /// The children of a node, in the order of the text.
    fn members(&self, of: u32) -> impl Iterator<Item = (u32, &Node)> {
        let end = self.node(of).map_or(0, |node| node.next);
        let mut index = of.saturating_add(1);
        core::iter::from_fn(move || {
            let node = (index < end).then(|| self.node(index))??;
            let found = (index, node);
            index = node.next;
            Some(found)
        })
    }

    /// Whether no name of the text, in whatever case, has the digest `tag`. Inlined, for most names that mappers ask for
    /// are not there.
    #[inline]
    pub(crate) fn lacks(&self, tag: u32) -> bool {
        let (word, bit) = bit_of(tag);
        !self.has_escaped_names && self.names.get(word).is_none_or(|names| names & bit == 0)
    }

    fn name_member(&mut self, object: u32, tag: u32, member: u32) {
        let (word, bit) = bit_of(tag);
        if let Some(names) = self.names.get_mut(word) {
            *names |= bit;
        }
        if let Some(place) = self.named.get_mut(place_of(object, tag)) {
            place.member = if place.member == FREE { member } else { SHARED };
            place.object = object;
        }
    }

    /// A tape for a record inside this one, such as was given back before.
    pub(crate) fn take_inner(&self) -> Box<Self> {
        self.inner.take().unwrap_or_default()
    }

    /// Keeps a tape for the next record inside this one.
    pub(crate) fn give_back_inner(&self, inner: Box<Self>) {
        self.inner.replace(Some(inner));
    }

    /// Begins the array or object that the node `node` is of.
    fn open(&mut self, node: u32, kind: Kind) {
        let (is_object, members) = (kind == Kind::Object, self.sorting.len());
        self.open.push(Open {
            node,
            is_object,
            has_escaped_names: false,
            is_in_order: true,
            last: 0,
            members,
            shape: 0,
        });
    }

    /// Notes the value to come as a member of the innermost object.
    fn add_member(&mut self, name: Span, tag: u32, bytes: &[u8]) {
        let member = self.len();
        let Some(open) = self.open.last_mut().filter(|open| open.is_object) else { return };
        let start = start_of_name(bytes, name);
        // A name that starts as the one before, and an empty one, need a closer look.
        open.is_in_order &= open.last < start;
        open.last = start;
        open.shape = sorted::with(open.shape, start);
        let object = open.node;
        self.sorting.push((start, member));
        self.name_member(object, tag, member);
    }

    /// Whether two members of an object have one name, read without escapes.
    fn has_duplicates(&self, object: u32, bytes: &[u8]) -> bool {
        let name = |node: &Node| match core::str::from_utf8(slice(bytes, node.key)) {
            Ok(text) if node.key_escaped => Cow::Owned(unescape(text)),
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Borrowed(""),
        };
        let mut names: Vec<Cow<'_, str>> = self.members(object).map(|(_, node)| name(node)).collect();
        names.sort_unstable();
        names.iter().zip(names.iter().skip(1)).any(|(one, other)| one == other)
    }
}

/// Length, first, middle and last byte of a name: most names of one object differ in them. Inlined, so that of a name
/// that stands in the code it is worked out when compiling.
#[inline]
pub(crate) fn tag_of(name: &[u8]) -> u32 {
    let [length, ..] = name.len().to_le_bytes();
    match name {
        [] => 0,
        [first, ..] => {
            let middle = name.get(name.len() / 2).copied().unwrap_or_default();
            let last = name.last().copied().unwrap_or_default();
            u32::from_le_bytes([length, *first, middle, last])
        }
    }
}

/// The place of a digest among 256 bits: which word, and which bit of it.
#[inline]
fn bit_of(tag: u32) -> (usize, u64) {
    let place = folded(tag).wrapping_mul(0x9E37_79B1) >> 24;
    ((place >> 6) as usize, 1 << (place & 63))
}

/// The digest of a name in any case: equal for names that differ in nothing but case.
#[inline]
fn folded(tag: u32) -> u32 {
    tag | u32::from_le_bytes([0, 0x20, 0x20, 0x20])
}

/// The place of a member in the table of names (Knuth's multiplicative hashing): the same for names that differ in
/// nothing but case, so that one look tells both who asks for a spelling and who does not.
fn place_of(object: u32, tag: u32) -> usize {
    (folded(tag) ^ object.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0x9E37_79B1) as usize >> 24
}

/// The first eight bytes of a name, as a number that orders names as they do. JSON names hold no zero bytes, so
/// what fills a short one up comes before all.
fn start_of_name(bytes: &[u8], name: Span) -> u64 {
    let (start, length) = (name.start as usize, name.end.saturating_sub(name.start));
    let read = bytes.get(start..).and_then(|rest| rest.first_chunk::<8>());
    let word = read.copied().unwrap_or_else(|| {
        let mut word = [0; 8];
        word.iter_mut().zip(slice(bytes, name)).for_each(|(slot, byte)| *slot = *byte);
        word
    });
    let beyond = u64::MAX.checked_shr(length.saturating_mul(8)).unwrap_or(0);
    u64::from_be_bytes(word) & !beyond
}

/// Offsets fit, because a record longer than `u32::MAX` bytes is cut before it is parsed.
fn index_of(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn slice(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// The text that `raw`, the checked inside of a JSON text, stands for. Signs that JSON would escape and `raw` does not stand
/// as they are.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, special)) = rest.split_at_checked(plain_length(rest.as_bytes())) {
        text.push_str(plain);
        let Some(escape) = special.strip_prefix('\\') else {
            let Some(sign) = special.chars().next() else { break };
            text.push(sign);
            rest = special.get(sign.len_utf8()..).unwrap_or_default();
            continue;
        };
        let (sign, length) = meaning(escape);
        text.push(sign);
        rest = escape.get(length..).unwrap_or_default();
    }
    text
}

/// The character an escape stands for and the length of the escape after its backslash.
fn meaning(escape: &str) -> (char, usize) {
    let unit = |from: usize| {
        let digits = escape.get(from..from + 4).unwrap_or_default();
        u32::from_str_radix(digits, 16).unwrap_or(0xFFFD)
    };
    match escape.bytes().next() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{C}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => match unit(1) {
            high @ 0xD800..=0xDBFF => {
                let low = unit(7).saturating_sub(0xDC00) & 0x3FF;
                (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + low).unwrap_or('\u{FFFD}'), 11)
            }
            unit => (char::from_u32(unit).unwrap_or('\u{FFFD}'), 5),
        },
        Some(sign) => (char::from(sign), 1),
        None => ('\\', 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(text: &str) -> Result<usize, FlawKind> {
        Tape::default().parse(text.as_bytes(), 16).map_err(|flaw| flaw.kind)
    }

    #[test]
    fn flaws_are_told_apart() {
        for (text, expected) in [
            (r#"{"a":1}{"b":2}"#, Ok(7)),
            ("{\"a\":\n [1, -0.5e+3, true , null]}", Ok(33)),
            (r#"{"a":"#, Err(FlawKind::Ends)),
            (r#"{"a":"x"#, Err(FlawKind::Ends)),
            (r#"{"a":01}"#, Err(FlawKind::Syntax)),
            (r#"{"a":1,}"#, Err(FlawKind::Syntax)),
            ("{\"a\":\"x\n\"}", Err(FlawKind::Syntax)),
            (r#"{"a":"\ud800x"}"#, Err(FlawKind::Surrogate)),
            (r#"{"a":"\ud83d\ude00"}"#, Ok(20)),
            (r#"{"a":1,"a":2}"#, Err(FlawKind::Duplicate)),
            (r#"{"a":1,"\u0061":2}"#, Err(FlawKind::Duplicate)),
            (r"[[[[[[[[[[[[[[[[[", Err(FlawKind::Depth)),
            ("nul", Err(FlawKind::Ends)),
            ("nope", Err(FlawKind::Syntax)),
        ] {
            assert_eq!(verdict(text), expected, "{text}");
        }
    }

    #[test]
    fn duplicates_are_found_in_large_objects() {
        let members: Vec<String> = (0..500).map(|number| format!("\"name-{number}\":1")).collect();
        assert!(verdict(&format!("{{{}}}", members.join(","))).is_ok());
        let twice = format!("{{{},\"name-3\":2}}", members.join(","));
        assert_eq!(verdict(&twice), Err(FlawKind::Duplicate));
    }

    #[test]
    fn escapes_are_read_as_the_standard_reads_them() {
        let raw = r#"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z"#;
        assert_eq!(unescape(raw), serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap());
    }

    proptest! {
        #[test]
        fn the_same_texts_are_json_as_for_serde(text in r#"[\[\]{}",:0-9eE.+\-truefalsn \\u]{0,24}"#) {
            let own = Tape::default().parse(text.as_bytes(), 64);
            let whole = matches!(own, Ok(length) if text.get(length..).is_some_and(|rest| rest.trim().is_empty()));
            let serde = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let leading_space = text.starts_with([' ']);
            let own_only = matches!(own, Err(Flaw { kind: FlawKind::Duplicate | FlawKind::Surrogate, .. }));
            prop_assert!(whole == serde || leading_space || own_only, "{} {:?} {}", text, own, serde);
        }

        #[test]
        fn any_text_is_read_back(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let mut tape = Tape::default();
            prop_assert_eq!(tape.parse(json.as_bytes(), 4), Ok(json.len()));
            let span = tape.node(0).unwrap().span;
            prop_assert_eq!(unescape(&json[span.start as usize..span.end as usize]), text);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Tape::default().parse(&bytes, 8);
        }
    }
}
