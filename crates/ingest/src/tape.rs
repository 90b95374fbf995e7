//! Where everything in one JSON text lies: a flat list of nodes, reused from record to record.
//!
//! One pass over the bytes checks the whole grammar of RFC 8259 and notes each value's place, so that a mapper
//! reads without copying and what it leaves can be handed on as the source wrote it. Two members of one name,
//! lone surrogates and nesting beyond a limit are flaws. O(bytes); 32 bytes a value, no allocation once warm.

use core::cell::Cell;
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
    pub(crate) kind: Kind,
    pub(crate) escaped: bool,
    pub(crate) key_escaped: bool,
    pub(crate) mark: Cell<Mark>,
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

/// The nodes of one text, in the order of the text.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    open: Vec<Open>,
    keys: Vec<u32>,
}

/// An array or object that has not ended yet.
#[derive(Debug)]
struct Open {
    node: u32,
    members: u32,
    // One bit for each name seen: a clear bit proves a name new.
    seen: u64,
    // Names must be compared once more when the object ends.
    doubtful: bool,
}

/// How many members an object may have before its names are compared by sorting instead of pair by pair.
const PAIRWISE: u32 = 64;

impl Tape {
    /// Notes the value at the start of `bytes` and gives its length. What follows it is not looked at.
    pub(crate) fn parse(&mut self, bytes: &[u8], depth: usize) -> Result<usize, Flaw> {
        self.nodes.clear();
        self.open.clear();
        Parser { tape: self, bytes, at: 0, depth }.document()
    }

    pub(crate) fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    pub(crate) fn len(&self) -> u32 {
        index_of(self.nodes.len())
    }
}

struct Parser<'t, 'b> {
    tape: &'t mut Tape,
    bytes: &'b [u8],
    at: usize,
    depth: usize,
}

impl Parser<'_, '_> {
    fn document(mut self) -> Result<usize, Flaw> {
        if u32::try_from(self.bytes.len()).is_err() {
            self.bytes = self.bytes.get(..u32::MAX as usize).unwrap_or_default();
        }
        self.value(Span::default(), false)?;
        while !self.tape.open.is_empty() {
            self.inside()?;
        }
        Ok(self.at)
    }

    /// One step inside the innermost array or object: its next element or member, or its end.
    fn inside(&mut self) -> Result<(), Flaw> {
        let Some(open) = self.tape.open.last() else { return Ok(()) };
        let (first, is_object) = (open.members == 0, self.kind_of(open.node) == Kind::Object);
        let close = if is_object { b'}' } else { b']' };
        let byte = self.peek()?;
        if byte == close {
            self.at += 1;
            return self.end();
        }
        if !first {
            self.expect(b',')?;
        }
        if is_object { self.member() } else { self.element() }
    }

    fn member(&mut self) -> Result<(), Flaw> {
        self.expect(b'"')?;
        let (key, escaped) = self.text()?;
        self.note_name(key, escaped)?;
        self.expect(b':')?;
        self.peek()?;
        self.value(key, escaped)
    }

    fn element(&mut self) -> Result<(), Flaw> {
        if let Some(open) = self.tape.open.last_mut() {
            open.members = open.members.saturating_add(1);
        }
        self.peek()?;
        self.value(Span::default(), false)
    }

    fn value(&mut self, key: Span, key_escaped: bool) -> Result<(), Flaw> {
        let start = self.at;
        let (kind, span, escaped) = match self.byte()? {
            b'"' => {
                self.at += 1;
                let (span, escaped) = self.text()?;
                (Kind::Text, span, escaped)
            }
            b'{' => return self.begin(Kind::Object, key, key_escaped),
            b'[' => return self.begin(Kind::Array, key, key_escaped),
            b't' => (Kind::Bool, self.word(b"true")?, false),
            b'f' => (Kind::Bool, self.word(b"false")?, false),
            b'n' => (Kind::Null, self.word(b"null")?, false),
            b'-' | b'0'..=b'9' => (Kind::Number, self.number()?, false),
            _ => return Err(self.flaw_at(start, FlawKind::Syntax)),
        };
        let next = self.tape.len().saturating_add(1);
        let tag = tag_of(slice(self.bytes, key));
        self.push(Node { key, span, tag, next, kind, escaped, key_escaped, mark: Cell::new(Mark::Left) });
        Ok(())
    }

    fn begin(&mut self, kind: Kind, key: Span, key_escaped: bool) -> Result<(), Flaw> {
        if self.tape.open.len() >= self.depth {
            return Err(self.flaw_at(self.at, FlawKind::Depth));
        }
        let node = self.tape.len();
        let span = Span { start: index_of(self.at), end: index_of(self.at) };
        let tag = tag_of(slice(self.bytes, key));
        self.push(Node {
            key,
            span,
            tag,
            next: 0,
            kind,
            escaped: false,
            key_escaped,
            mark: Cell::new(Mark::Left),
        });
        self.tape.open.push(Open { node, members: 0, seen: 0, doubtful: false });
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Flaw> {
        let Some(open) = self.tape.open.pop() else { return Ok(()) };
        let (next, end) = (self.tape.len(), index_of(self.at));
        if let Some(node) = self.tape.nodes.get_mut(open.node as usize) {
            node.next = next;
            node.span.end = end;
        }
        if open.doubtful && self.has_duplicates(open.node) {
            return Err(self.flaw_at(self.at.saturating_sub(1), FlawKind::Duplicate));
        }
        Ok(())
    }

    /// Notes a member's name and finds out whether it is new, cheaply for the small objects that logs are of.
    fn note_name(&mut self, key: Span, escaped: bool) -> Result<(), Flaw> {
        let Some(open) = self.tape.open.last() else { return Ok(()) };
        let bit = name_bit(tag_of(slice(self.bytes, key)));
        let suspect = open.seen & bit != 0 && open.members < PAIRWISE;
        if suspect && self.is_known(open.node, key) {
            return Err(self.flaw_at(key.start as usize, FlawKind::Duplicate));
        }
        if let Some(open) = self.tape.open.last_mut() {
            open.members = open.members.saturating_add(1);
            open.seen |= bit;
            open.doubtful |= escaped || open.members > PAIRWISE;
        }
        Ok(())
    }

    fn is_known(&self, object: u32, key: Span) -> bool {
        let name = slice(self.bytes, key);
        let mut index = object.saturating_add(1);
        let tag = tag_of(name);
        while let Some(node) = self.tape.node(index) {
            if node.tag == tag && slice(self.bytes, node.key) == name {
                return true;
            }
            index = node.next;
        }
        false
    }

    fn has_duplicates(&mut self, object: u32) -> bool {
        let mut keys = std::mem::take(&mut self.tape.keys);
        keys.clear();
        let mut index = object.saturating_add(1);
        while let Some(node) = self.tape.node(index) {
            keys.push(index);
            index = node.next;
        }
        let name = |index: &u32| -> Cow<'_, [u8]> {
            let Some(node) = self.tape.node(*index) else { return Cow::Borrowed(&[]) };
            let raw = slice(self.bytes, node.key);
            match core::str::from_utf8(raw) {
                Ok(text) if node.key_escaped => Cow::Owned(unescape(text).into_bytes()),
                _ => Cow::Borrowed(raw),
            }
        };
        keys.sort_by(|one, other| name(one).cmp(&name(other)));
        let twice = keys.iter().zip(keys.iter().skip(1)).any(|(one, other)| name(one) == name(other));
        self.tape.keys = keys;
        twice
    }

    /// The text whose opening quote was just passed; passes the closing one.
    fn text(&mut self) -> Result<(Span, bool), Flaw> {
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_length(self.bytes.get(self.at..).unwrap_or_default());
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let span = Span { start: index_of(start), end: index_of(self.at) };
                    self.at += 1;
                    return Ok((span, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.flaw_at(self.at, FlawKind::Syntax)),
                None => return Err(self.flaw_at(self.at, FlawKind::Ends)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        self.at += 1;
        match self.byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => self.unit(),
            _ => Err(self.flaw_at(self.at, FlawKind::Syntax)),
        }
    }

    /// `uXXXX`, and the second half when it is the first half of a surrogate pair.
    fn unit(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        match self.hex()? {
            0xD800..=0xDBFF => {
                let second = if (self.byte()?, self.byte_after()?) == (b'\\', b'u') {
                    self.at += 1;
                    self.hex()?
                } else {
                    0
                };
                let paired = (0xDC00..=0xDFFF).contains(&second);
                if paired { Ok(()) } else { Err(self.flaw_at(start, FlawKind::Surrogate)) }
            }
            0xDC00..=0xDFFF => Err(self.flaw_at(start, FlawKind::Surrogate)),
            _ => Ok(()),
        }
    }

    /// The number after the `u` at hand.
    fn hex(&mut self) -> Result<u32, Flaw> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.byte()?).to_digit(16) else {
                return Err(self.flaw_at(self.at, FlawKind::Syntax));
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    fn word(&mut self, word: &[u8]) -> Result<Span, Flaw> {
        let start = self.at;
        for expected in word {
            if self.byte()? != *expected {
                return Err(self.flaw_at(self.at, FlawKind::Syntax));
            }
            self.at += 1;
        }
        Ok(Span { start: index_of(start), end: index_of(self.at) })
    }

    fn number(&mut self) -> Result<Span, Flaw> {
        let start = self.at;
        self.skip(|byte| byte == b'-', 1);
        match self.byte()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.skip(|byte| byte.is_ascii_digit(), usize::MAX),
            _ => return Err(self.flaw_at(self.at, FlawKind::Syntax)),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.skip(|byte| matches!(byte, b'+' | b'-'), 1);
            self.digits()?;
        }
        Ok(Span { start: index_of(start), end: index_of(self.at) })
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        if !self.byte()?.is_ascii_digit() {
            return Err(self.flaw_at(self.at, FlawKind::Syntax));
        }
        self.skip(|byte| byte.is_ascii_digit(), usize::MAX);
        Ok(())
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool, most: usize) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take(most).take_while(|byte| wanted(**byte)).count();
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Flaw> {
        if self.peek()? != wanted {
            return Err(self.flaw_at(self.at, FlawKind::Syntax));
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is no white space, which is passed.
    fn peek(&mut self) -> Result<u8, Flaw> {
        loop {
            match self.byte()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Ok(byte),
            }
        }
    }

    fn byte(&self) -> Result<u8, Flaw> {
        self.bytes.get(self.at).copied().ok_or(Flaw { at: self.at, kind: FlawKind::Ends })
    }

    fn byte_after(&self) -> Result<u8, Flaw> {
        let at = self.at.saturating_add(1);
        self.bytes.get(at).copied().ok_or(Flaw { at, kind: FlawKind::Ends })
    }

    fn kind_of(&self, node: u32) -> Kind {
        self.tape.node(node).map_or(Kind::Null, |node| node.kind)
    }

    fn push(&mut self, node: Node) {
        self.tape.nodes.push(node);
    }

    #[expect(clippy::unused_self, reason = "reads as part of the parser at its many calls")]
    fn flaw_at(&self, at: usize, kind: FlawKind) -> Flaw {
        Flaw { at, kind }
    }
}

/// Length, first, middle and last byte of a name: most names of one object differ in them.
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

/// One of 64 bits by a name's tag.
fn name_bit(tag: u32) -> u64 {
    1 << (tag.wrapping_mul(0x9E37_79B1) >> 26)
}

/// How many bytes at the start of `bytes` are neither a quote, a backslash nor a control character.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let holds = |word: u64, byte: u64| {
        let zeroed = word ^ (ONES * byte);
        zeroed.wrapping_sub(ONES) & !zeroed & HIGH
    };
    let (words, _) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let special = holds(word, u64::from(b'"')) | holds(word, u64::from(b'\\')) | control;
        if special != 0 {
            // The lowest mark is exact; only marks above a true one can be false.
            return number * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let done = words.len() * 8;
    let tail = bytes.get(done..).unwrap_or_default();
    done + tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// Offsets fit, because a record longer than `u32::MAX` bytes is cut before it is parsed.
fn index_of(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn slice(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// The text that `raw`, the checked inside of a JSON text, stands for.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (sign, length) = meaning(escape);
        text.push(sign);
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
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
