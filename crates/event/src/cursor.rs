//! Reads JSON text where it stands: looks at a value before it takes it, and cuts out what it does not know.
//!
//! A typed attribute whose value is of another type goes back to its first byte and is kept as text, which no
//! streaming deserializer allows. One pass, O(n); a value is read twice only when its type is wrong.

use core::fmt;
use std::borrow::Cow;

/// How deep objects and arrays may nest: what `serde_json` reads too, and ten times what real events use.
pub(crate) const DEPTH: usize = 127;

/// Why and where a text stops being JSON. Never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadJson {
    pub(crate) offset: usize,
    pub(crate) cause: &'static str,
}

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.cause, self.offset)
    }
}

/// What is done with each member of an object: it must take the value.
type EachMember<'e, 'a> = &'e mut dyn FnMut(&mut Cursor<'a>, Cow<'a, str>) -> Result<(), BadJson>;

/// A place in a JSON text.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The next byte that is no white space, not taken.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))?;
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Where the next value starts.
    pub(crate) fn start(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Goes back to a place that [`Self::start`] gave at the same depth.
    pub(crate) fn back_to(&mut self, start: usize) {
        self.at = start;
    }

    /// Asks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), BadJson> {
        if self.peek().is_some() { Err(self.bad("more text after the end")) } else { Ok(()) }
    }

    /// Takes an object and hands each key to `each`, which must take the value.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), BadJson>,
    ) -> Result<(), BadJson> {
        self.members(&mut each)
    }

    /// Not generic, so that it is compiled once.
    fn members(&mut self, each: EachMember<'_, 'a>) -> Result<(), BadJson> {
        self.enter(b'{')?;
        if self.closes(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':', "no colon after a key")?;
            each(self, key)?;
            if self.closes(b'}') {
                return Ok(());
            }
            self.expect(b',', "neither comma nor end of object")?;
        }
    }

    /// Takes an array; `each` must take one element a call.
    pub(crate) fn array(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), BadJson>,
    ) -> Result<(), BadJson> {
        self.elements(&mut each)
    }

    /// Not generic, so that it is compiled once.
    fn elements(&mut self, each: &mut dyn FnMut(&mut Self) -> Result<(), BadJson>) -> Result<(), BadJson> {
        self.enter(b'[')?;
        if self.closes(b']') {
            return Ok(());
        }
        loop {
            each(self)?;
            if self.closes(b']') {
                return Ok(());
            }
            self.expect(b',', "neither comma nor end of array")?;
        }
    }

    /// Takes a string, borrowed when it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, BadJson> {
        self.expect(b'"', "no string")?;
        let start = self.at;
        let plain = self.plain()?;
        if self.text.as_bytes().get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        self.at = start;
        self.escaped().map(Cow::Owned)
    }

    /// Takes a number and gives its text.
    pub(crate) fn number(&mut self) -> Result<&'a str, BadJson> {
        let start = self.start();
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Takes `true` or `false`.
    pub(crate) fn flag(&mut self) -> Result<bool, BadJson> {
        if self.peek() == Some(b't') {
            self.word("true")?;
            return Ok(true);
        }
        self.word("false")?;
        Ok(false)
    }

    /// Takes any value and gives its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, BadJson> {
        let start = self.start();
        match self.peek() {
            Some(b'{') => self.object(|cursor, _| cursor.skip().map(drop))?,
            Some(b'[') => self.array(|cursor| cursor.skip().map(drop))?,
            Some(b'"') => self.string().map(drop)?,
            Some(b't' | b'f') => self.flag().map(drop)?,
            Some(b'n') => self.word("null")?,
            Some(_) => self.number().map(drop)?,
            None => return Err(self.bad("no value")),
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn enter(&mut self, byte: u8) -> Result<(), BadJson> {
        self.expect(byte, "no object or array")?;
        self.depth += 1;
        if self.depth > DEPTH { Err(self.bad("nested deeper than 127")) } else { Ok(()) }
    }

    fn closes(&mut self, byte: u8) -> bool {
        let closed = self.peek() == Some(byte);
        if closed {
            self.at += 1;
            self.depth -= 1;
        }
        closed
    }

    fn expect(&mut self, byte: u8, cause: &'static str) -> Result<(), BadJson> {
        if self.peek() != Some(byte) {
            return Err(self.bad(cause));
        }
        self.at += 1;
        Ok(())
    }

    fn eat(&mut self, byte: u8) -> bool {
        let eaten = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(eaten);
        eaten
    }

    fn digits(&mut self) -> Result<(), BadJson> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.bad("no value"));
        }
        self.at += count;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), BadJson> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.bad("no value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// The text up to the next quote or backslash, which is not taken.
    fn plain(&mut self) -> Result<&'a str, BadJson> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let special = special(rest);
        let start = self.at;
        self.at += special.unwrap_or(rest.len());
        match self.text.as_bytes().get(self.at) {
            Some(b'"' | b'\\') => Ok(self.text.get(start..self.at).unwrap_or_default()),
            Some(_) => Err(self.bad("control character in a string")),
            None => Err(self.bad("string without end")),
        }
    }

    fn escaped(&mut self) -> Result<String, BadJson> {
        let mut text = String::new();
        loop {
            text.push_str(self.plain()?);
            if self.eat(b'"') {
                return Ok(text);
            }
            self.at += 1;
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, BadJson> {
        let kind = self.text.as_bytes().get(self.at).copied();
        self.at += usize::from(kind.is_some_and(|byte| byte.is_ascii()));
        match kind {
            Some(byte @ (b'"' | b'\\' | b'/')) => Ok(char::from(byte)),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{C}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode(),
            _ => Err(self.bad("unknown escape")),
        }
    }

    fn unicode(&mut self) -> Result<char, BadJson> {
        let first = self.hex()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.bad("half a surrogate pair"));
        }
        if !(self.eat(b'\\') && self.eat(b'u')) {
            return Err(self.bad("half a surrogate pair"));
        }
        let second = self.hex()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(self.bad("half a surrogate pair"));
        }
        let joined = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        char::from_u32(joined).ok_or_else(|| self.bad("half a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, BadJson> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.bad("unknown escape"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.bad("unknown escape"))
    }

    fn bad(&self, cause: &'static str) -> BadJson {
        BadJson { offset: self.at, cause }
    }
}

/// The place of the first byte that a JSON string cannot hold as it is: quote, backslash, control character.
///
/// Eight bytes at a time; the test for a byte below another is that of Anderson, "Bit Twiddling Hacks" (2005), whose
/// lowest hit is exact. With the bit 2 turned the quote, 0x22, stands right behind the control characters, which stay
/// below 0x20, so that one test finds both.
#[inline]
pub(crate) fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let hits = (quote_or_control | backslash) & !word & HIGHS;
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let tail = bytes.get(at..).unwrap_or_default();
    tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).map(|place| at + place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_find_what_one_at_a_time_finds(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let slow = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(special(&bytes), slow);
        }

        #[test]
        fn a_string_is_read_as_it_was_written(text: String) {
            let out = crate::attribute::written(|out| crate::attribute::write_text(text.as_bytes(), out));
            prop_assert_eq!(Cursor::new(&out).string().unwrap(), text.as_str());
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
