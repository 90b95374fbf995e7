//! The pass over the bytes: a machine of one loop, so that depth costs no stack.
//!
//! A step that fails notes the flaw and gives `None`: what succeeds then fits in registers.

use super::{Flaw, FlawKind, IN_ORDER, Kind, Mark, Node, Span, Tape, index_of, slice, tag_of};
use core::cell::Cell;

pub(super) struct Parser<'t, 'b> {
    tape: &'t mut Tape,
    bytes: &'b [u8],
    at: usize,
    depth: usize,
    flaw: Flaw,
}

/// The name of the value to come.
#[derive(Clone, Copy, Default)]
struct Name {
    span: Span,
    tag: u32,
    escaped: bool,
}

/// What comes next in the text.
enum Next {
    Member,
    Element,
    End,
}

impl<'t, 'b> Parser<'t, 'b> {
    pub(super) fn new(tape: &'t mut Tape, bytes: &'b [u8], depth: usize) -> Self {
        let length = bytes.len().min(u32::MAX as usize);
        let bytes = bytes.get(..length).unwrap_or_default();
        Self { tape, bytes, at: 0, depth, flaw: Flaw { at: 0, kind: FlawKind::Ends } }
    }

    pub(super) fn document(mut self) -> Result<usize, Flaw> {
        match self.walk() {
            Some(()) => Ok(self.at),
            None => Err(self.flaw),
        }
    }

    /// Each of the steps is called in one place, so that they become one loop.
    fn walk(&mut self) -> Option<()> {
        let mut name = Name::default();
        loop {
            let has_opened = self.value(name)?;
            name = match self.next(has_opened)? {
                Next::Member => self.name()?,
                Next::Element => Name::default(),
                Next::End => return Some(()),
            };
        }
    }

    /// Goes on to the next value, or the name before it; of the value at hand only the bracket may have been passed.
    fn next(&mut self, has_opened: bool) -> Option<Next> {
        let mut may_follow = has_opened;
        while let Some(open) = self.tape.open.last() {
            let (closing, next) = if open.is_object { (b'}', Next::Member) } else { (b']', Next::Element) };
            match self.peek()? {
                byte if byte == closing => self.end()?,
                _ if may_follow => return Some(next),
                b',' => {
                    self.at += 1;
                    self.peek()?;
                    return Some(next);
                }
                _ => return self.fail(self.at, FlawKind::Syntax),
            }
            may_follow = false;
        }
        Some(Next::End)
    }

    /// The name at hand and the colon behind it.
    fn name(&mut self) -> Option<Name> {
        self.expect(b'"')?;
        let (span, escaped) = self.text()?;
        if escaped {
            self.tape.has_escaped_names = true;
            if let Some(open) = self.tape.open.last_mut() {
                open.has_escaped_names = true;
            }
        }
        self.peek()?;
        self.expect(b':')?;
        self.peek()?;
        Some(Name { span, tag: tag_of(slice(self.bytes, span)), escaped })
    }

    /// Notes the value at hand, of which an array or object is only opened: then gives true.
    fn value(&mut self, name: Name) -> Option<bool> {
        let byte = self.byte()?;
        let (kind, span, escaped) = match byte {
            b'"' => {
                self.at += 1;
                let (span, escaped) = self.text()?;
                (Kind::Text, span, escaped)
            }
            b'{' | b'[' => (self.bracket(byte)?, Span { start: index_of(self.at), end: 0 }, false),
            b't' => (Kind::Bool, self.word(b"true")?, false),
            b'f' => (Kind::Bool, self.word(b"false")?, false),
            b'n' => (Kind::Null, self.word(b"null")?, false),
            b'-' | b'0'..=b'9' => (Kind::Number, self.number()?, false),
            _ => return self.fail(self.at, FlawKind::Syntax),
        };
        let index = self.tape.len();
        let (key, tag, key_escaped) = (name.span, name.tag, name.escaped);
        let (next, order, mark) = (index.saturating_add(1), IN_ORDER, Cell::new(Mark::Left));
        self.tape.add_member(key, tag, self.bytes);
        self.tape.nodes.push(Node { key, span, tag, next, order, kind, escaped, key_escaped, mark });
        let opens = matches!(kind, Kind::Object | Kind::Array);
        if opens {
            self.tape.open(index, kind);
            self.at += 1;
        }
        Some(opens)
    }

    /// What the bracket at hand opens, unless it is nested too deep.
    fn bracket(&mut self, byte: u8) -> Option<Kind> {
        if self.tape.open.len() >= self.depth {
            return self.fail(self.at, FlawKind::Depth);
        }
        Some(if byte == b'{' { Kind::Object } else { Kind::Array })
    }

    /// Ends the innermost array or object at the bracket at hand.
    fn end(&mut self) -> Option<()> {
        self.at += 1;
        let open = self.tape.open.pop()?;
        let (next, end) = (self.tape.len(), index_of(self.at));
        if let Some(node) = self.tape.nodes.get_mut(open.node as usize) {
            node.next = next;
            node.span.end = end;
        }
        if !open.is_object {
            return Some(());
        }
        if let Some(twice) = self.tape.sort_members(open, self.bytes) {
            let at = self.tape.node(twice).map_or(0, |node| node.key.start);
            return self.fail(at as usize, FlawKind::Duplicate);
        }
        if open.has_escaped_names && self.tape.has_duplicates(open.node, self.bytes) {
            return self.fail(self.at.saturating_sub(1), FlawKind::Duplicate);
        }
        Some(())
    }

    /// The text whose opening quote was just passed; passes the closing one. Most texts have no escape.
    #[inline]
    fn text(&mut self) -> Option<(Span, bool)> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = plain_length(rest);
        self.at = start + length;
        if rest.get(length) == Some(&b'"') {
            self.at += 1;
            return Some((Span { start: index_of(start), end: index_of(start + length) }, false));
        }
        self.text_from(start)
    }

    /// The rest of a text that starts at `start`, with an escape or a flaw at hand.
    #[inline(never)]
    fn text_from(&mut self, start: usize) -> Option<(Span, bool)> {
        let mut escaped = false;
        loop {
            self.at += plain_length(self.bytes.get(self.at..).unwrap_or_default());
            match self.byte()? {
                b'"' => {
                    let span = Span { start: index_of(start), end: index_of(self.at) };
                    self.at += 1;
                    return Some((span, escaped));
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.fail(self.at, FlawKind::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        match self.byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Some(())
            }
            b'u' => self.unit(),
            _ => self.fail(self.at, FlawKind::Syntax),
        }
    }

    /// `uXXXX`, and the second half when it is the first half of a surrogate pair.
    fn unit(&mut self) -> Option<()> {
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
                if paired { Some(()) } else { self.fail(start, FlawKind::Surrogate) }
            }
            0xDC00..=0xDFFF => self.fail(start, FlawKind::Surrogate),
            _ => Some(()),
        }
    }

    /// The number after the `u` at hand.
    fn hex(&mut self) -> Option<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.byte()?).to_digit(16) else {
                return self.fail(self.at, FlawKind::Syntax);
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Some(unit)
    }

    fn word(&mut self, word: &[u8]) -> Option<Span> {
        let start = self.at;
        for expected in word {
            if self.byte()? != *expected {
                return self.fail(self.at, FlawKind::Syntax);
            }
            self.at += 1;
        }
        Some(Span { start: index_of(start), end: index_of(self.at) })
    }

    fn number(&mut self) -> Option<Span> {
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.byte()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return self.fail(self.at, FlawKind::Syntax),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(Span { start: index_of(start), end: index_of(self.at) })
    }

    fn digits(&mut self) -> Option<()> {
        if !self.byte()?.is_ascii_digit() {
            return self.fail(self.at, FlawKind::Syntax);
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        Some(())
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        if self.byte()? != wanted {
            return self.fail(self.at, FlawKind::Syntax);
        }
        self.at += 1;
        Some(())
    }

    /// The next byte that is no white space, which is passed.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_past_space(),
        }
    }

    #[inline(never)]
    fn peek_past_space(&mut self) -> Option<u8> {
        let byte = self.byte()?;
        if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Some(byte);
        }
        self.tape.is_spaced = true;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        self.byte()
    }

    fn byte(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) => Some(*byte),
            None => self.fail(self.at, FlawKind::Ends),
        }
    }

    fn byte_after(&mut self) -> Option<u8> {
        let at = self.at.saturating_add(1);
        match self.bytes.get(at) {
            Some(byte) => Some(*byte),
            None => self.fail(at, FlawKind::Ends),
        }
    }

    #[cold]
    fn fail<T>(&mut self, at: usize, kind: FlawKind) -> Option<T> {
        self.flaw = Flaw { at, kind };
        None
    }
}

/// How many bytes at the start of `bytes` are neither a quote, a backslash nor a control character.
///
/// Eight at a time. With the bit 2 turned the quote, 0x22, comes to stand right behind the control characters, which
/// stay below 0x20, so that one comparison finds both.
#[inline]
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let mut done = 0;
    while let Some(word) = bytes.get(done..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let special = (quote_or_control | backslash) & !word & (ONES * 0x80);
        if special != 0 {
            // The lowest mark is exact; only marks above a true one can be false.
            return done + special.trailing_zeros() as usize / 8;
        }
        done += 8;
    }
    let tail = bytes.get(done..).unwrap_or_default();
    done + tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}
