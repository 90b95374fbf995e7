//! The fields of a line of the Linux audit log: `name=value`, plain, in quotes or in hexadecimal digits.
//!
//! O(n log n) in the length of a line, however often a name comes in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// How deep fields stand in quotes inside quotes. What PAM sends stands in one pair; what is deeper stays a text.
const NESTED: usize = 8;

/// From how many fields of a line on their names are looked up in order: the kernel writes some thirty.
const FEW: usize = 48;

/// The fields of a line, in order.
#[derive(Default)]
pub(super) struct Fields<'a> {
    told: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    // Every name, and the number that the next of that name may have; empty while there are few.
    numbers: BTreeMap<String, u32>,
}

impl<'a> Fields<'a> {
    /// Takes in names and values; what has no name stands under `text`.
    pub(super) fn read(&mut self, line: &'a str) {
        self.told.clear();
        self.numbers.clear();
        let (own, added) = line.split_once('\u{1D}').unwrap_or((line, ""));
        let mut words = String::new();
        self.read_part(own, &mut words, NESTED);
        self.read_part(added, &mut words, NESTED);
        if !words.is_empty() {
            self.add(Cow::Borrowed("text"), Cow::Owned(words));
        }
    }

    pub(super) fn told(&self) -> &[(Cow<'a, str>, Cow<'a, str>)] {
        &self.told
    }

    /// Gives the fields away.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        self.told.drain(..)
    }

    fn read_part(&mut self, text: &'a str, words: &mut String, nested: usize) {
        let mut rest = text.trim_start_matches([' ', ',']);
        let mut before = "";
        while !rest.is_empty() {
            let end = rest.bytes().position(|byte| matches!(byte, b' ' | b'=')).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let Some(after) = after.strip_prefix('=') else {
                before = name.trim_end_matches(',');
                if !matches!(before, "old" | "new") {
                    words.push_str(if words.is_empty() { "" } else { " " });
                    words.push_str(before);
                }
                rest = after.trim_start();
                continue;
            };
            let (value, left) = value_of(after);
            match value {
                Value::Nested(inner) if nested > 0 => self.read_part(inner, words, nested - 1),
                Value::Nested(text) | Value::Text(text) => {
                    self.add(aged(before, name), Cow::Borrowed(text));
                }
                Value::Bare(text) => {
                    let name = aged(before, name);
                    let text = decoded(&name, text);
                    self.add(name, text);
                }
            }
            before = "";
            rest = left.trim_start_matches([' ', ',']);
        }
    }

    /// Adds a field; one of a name that was there goes under the name and a number. O(log n) for many.
    pub(super) fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        if self.told.len() < FEW {
            let is_taken = |name: &str| self.told.iter().any(|(known, _)| *known == name);
            let free = if is_taken(&name) { free_name(&name, 2, is_taken).0.into() } else { name };
            return self.told.push((free, value));
        }
        if self.numbers.is_empty() {
            self.numbers.extend(self.told.iter().map(|(name, _)| (name.clone().into_owned(), 2)));
        }
        let free = match self.numbers.get(&*name) {
            None => name,
            Some(number) => {
                let (free, next) = free_name(&name, *number, |name| self.numbers.contains_key(name));
                self.numbers.insert(name.into_owned(), next);
                free.into()
            }
        };
        self.numbers.insert(free.clone().into_owned(), 2);
        self.told.push((free, value));
    }
}

/// The name with the first number from `number` on that is not taken, and the number behind that.
fn free_name(name: &str, mut number: u32, is_taken: impl Fn(&str) -> bool) -> (String, u32) {
    loop {
        let free = format!("{name}_{number}");
        number = number.saturating_add(1);
        if !is_taken(&free) {
            return (free, number);
        }
    }
}

/// The name of a field that the word `before` stands before.
fn aged<'a>(before: &str, name: &'a str) -> Cow<'a, str> {
    if matches!(before, "old" | "new") { format!("{before}-{name}").into() } else { name.into() }
}

enum Value<'a> {
    /// In double quotes.
    Text(&'a str),
    Bare(&'a str),
    /// In single quotes, or in braces: fields of their own.
    Nested(&'a str),
}

fn value_of(text: &str) -> (Value<'_>, &str) {
    if let Some(rest) = text.strip_prefix('"') {
        let (value, left) = rest.split_once('"').unwrap_or((rest, ""));
        return (Value::Text(value), left);
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let (inner, left) = rest.rsplit_once('\'').unwrap_or((rest, ""));
        return (Value::Nested(inner), left);
    }
    if let Some((inner, left)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (Value::Nested(inner), left);
    }
    let end = text.find(' ').unwrap_or(text.len());
    let (value, left) = text.split_at(end);
    (Value::Bare(value), left)
}

/// Fields that hold what a user chose, and so may be in hexadecimal digits.
fn decoded<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    const CHOSEN: [&str; 19] = [
        "acct",
        "cmd",
        "comm",
        "cwd",
        "data",
        "dir",
        "exe",
        "file",
        "grp",
        "key",
        "name",
        "new",
        "ocomm",
        "old",
        "path",
        "proctitle",
        "sw",
        "unit",
        "watch",
    ];
    let argument = || name.strip_prefix('a').is_some_and(|rest| rest.ends_with(']'));
    let text = if CHOSEN.contains(&name) || argument() { from_hex(value) } else { None };
    text.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// The text of pairs of hexadecimal digits; `None` when it is none.
pub(crate) fn from_hex(digits: &str) -> Option<String> {
    let sound = digits.len() >= 4
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !sound {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(pair).collect();
    Some(String::from_utf8_lossy(&bytes?).into_owned())
}
