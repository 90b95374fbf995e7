//! One record of a source, read in place: what a mapper looks at, takes, and what it leaves.
//!
//! A mapper that *takes* a value puts it into a typed attribute; whatever nobody took stands in `unmapped`
//! afterwards, as the source wrote it. So nothing is lost by forgetting it. Lookups walk the members of one
//! object, O(members); no lookup allocates unless a text holds escapes.

mod find;
mod left;

use crate::memo::Memo;
use crate::moment;
use crate::tape::{Kind, Mark, Node, Span, Tape, unescape};
use core::cell::RefMut;
use core::fmt;
use core::str::FromStr;
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{Event, Str};
use left::end_of;
use std::borrow::Cow;
use std::sync::Arc;

/// The name under which an event's id stands in `unmapped`.
pub(crate) const REFERENCE: &str = "homeostat_ref";

/// One record of a source, borrowed from the text it stands in.
///
/// A path names members from the outside in, joined by dots: `actor.email`. Where a source writes dots into
/// its names (`id.orig_h`), the whole remaining path is tried as one name first, so both spellings are found.
///
/// `Debug` shows the size and never a value.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    root: Field<'a>,
    stream: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(text: &'a str, tape: &'a Tape) -> Self {
        Self { root: Field { text, tape, index: 0, folded: false }, stream: None }
    }

    /// The same record, its names read without regard to case: some collectors lower all names.
    pub(crate) fn folded(self) -> Self {
        Self { root: Field { folded: true, ..self.root }, ..self }
    }

    pub(crate) fn within(root: Field<'a>) -> Self {
        Self { root, stream: None }
    }

    /// The same record over another text of the same values, such as one without secrets.
    pub(crate) fn over(&self, text: &'a str, tape: &'a Tape) -> Self {
        Self { root: Field { text, tape, ..self.root }, ..*self }
    }

    pub(crate) fn with_stream(self, stream: Option<&'a str>) -> Self {
        Self { stream, ..self }
    }

    /// The whole record as one value.
    pub fn root(&self) -> Field<'a> {
        self.root
    }

    /// Which log of its source this is, told by the file and not by the record: Zeek's `#path`, or the name of
    /// the file without directory and extensions.
    pub fn stream(&self) -> Option<&'a str> {
        self.stream
    }

    /// The value at `path`; `None` when the record has none. O(members) for each step.
    pub fn field(&self, path: &str) -> Option<Field<'a>> {
        self.root.get(path)
    }

    /// Whether the record has a value at `path` that is not null.
    pub fn has(&self, path: &str) -> bool {
        self.field(path).is_some_and(|field| !field.is_null())
    }

    /// Takes the scalar at `path`: it goes into a typed attribute as it is and leaves `unmapped`.
    ///
    /// `None` (and nothing is taken) for null, an empty text, an array or an object.
    pub fn take(&self, path: &str) -> Option<Cow<'a, str>> {
        self.field(path)?.take()
    }

    /// Reads the scalar at `path` for a typed attribute that shows it in another form; it stays in `unmapped`.
    pub fn copy(&self, path: &str) -> Option<Cow<'a, str>> {
        self.field(path)?.copy()
    }

    /// Reads the scalar at `path` without using it up.
    pub fn look(&self, path: &str) -> Option<Cow<'a, str>> {
        self.field(path)?.look()
    }

    /// What parts of records became before.
    pub(crate) fn memo(&self) -> &'a Memo {
        &self.root.tape.memo
    }

    /// Gives `event` what is left of the record when nothing more will be taken, and `texts` back as attributes:
    /// all in one text that the event's attributes share.
    pub(crate) fn settle<const N: usize>(
        &self,
        event: &mut Event,
        texts: [Option<Cow<'_, str>>; N],
    ) -> [Option<Str>; N] {
        let root = self.root;
        if !root.is_object() || root.has_escaped_names() || root.member(REFERENCE).is_some() {
            return texts.map(|text| text.map(Str::from));
        }
        let mut whole = root.tape.scratch.borrow_mut();
        whole.clear();
        root.write_leftovers(&mut whole);
        let left = whole.len();
        let places = texts.map(|text| {
            text.map(|text| {
                let start = whole.len();
                whole.push_str(&text);
                (start, whole.len())
            })
        });
        let whole: Arc<str> = whole.as_str().into();
        if left > 0 {
            event.set_leftovers(Str::within(&whole, 0, left));
        }
        root.tape.is_settled.set(true);
        places.map(|place| place.map(|(start, end)| Str::within(&whole, start, end)))
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.root.tape.is_settled.get()
    }

    /// Gives back all that was taken or copied, for an event that came to nothing: another is made of the record.
    pub(crate) fn give_back(&self) {
        let used = |node: &&Node| matches!(node.mark.get(), Mark::Taken | Mark::Copied);
        self.root.nodes().filter(used).for_each(|node| node.mark.set(Mark::Left));
    }

    /// Reads the moment at `path`, which stays in `unmapped` as the source wrote it: RFC 3339, or decimal seconds
    /// or milliseconds since 1970. [`Timestamp::UNKNOWN`] when it tells none.
    pub fn moment(&self, path: &str) -> Timestamp {
        self.copy(path).and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.root.json().len())
    }
}

/// One value of a [`Record`]: a scalar, an array or an object, in its place. `Debug` never shows it.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    text: &'a str,
    tape: &'a Tape,
    index: u32,
    folded: bool,
}

impl<'a> Field<'a> {
    /// The name of a member; empty for an element.
    pub fn name(&self) -> Cow<'a, str> {
        match self.node() {
            Some(node) => read(self.slice(node.key), node.key_escaped),
            None => Cow::Borrowed(""),
        }
    }

    /// The scalar as text: of a text its content, of a number or a truth value its spelling.
    ///
    /// `None` for null, an empty text, an array or an object.
    pub fn look(&self) -> Option<Cow<'a, str>> {
        let node = self.node().filter(|node| is_told(node))?;
        Some(read(self.slice(node.span), node.escaped))
    }

    /// Whether [`Self::look`] finds a text, which may be long to read.
    pub(crate) fn is_told(&self) -> bool {
        self.node().is_some_and(is_told)
    }

    /// As [`Record::take`].
    pub fn take(&self) -> Option<Cow<'a, str>> {
        let text = self.look()?;
        self.mark(Mark::Taken);
        Some(text)
    }

    /// Takes the scalar when its text is `sound`; else nothing is taken.
    ///
    /// To take first and look afterwards would lose what does not fit.
    pub fn take_if(&self, sound: impl FnOnce(&str) -> bool) -> Option<Cow<'a, str>> {
        let text = self.look().filter(|text| sound(text))?;
        self.mark(Mark::Taken);
        Some(text)
    }

    /// Takes the scalar when it reads as a `T`, such as a number of a size; else nothing is taken.
    pub fn take_as<T: FromStr>(&self) -> Option<T> {
        let value = self.look()?.parse().ok()?;
        self.mark(Mark::Taken);
        Some(value)
    }

    /// Takes a number as the source spells it, for an attribute that holds fractions; a text is none.
    pub(crate) fn take_fraction(&self) -> Option<JsonText> {
        let number = self.node().filter(|node| node.kind == Kind::Number).and_then(|_| self.take())?;
        Some(JsonText::new(&*number))
    }

    /// As [`Record::copy`].
    pub fn copy(&self) -> Option<Cow<'a, str>> {
        let text = self.look()?;
        if self.node().is_some_and(|node| node.mark.get() == Mark::Left) {
            self.mark(Mark::Copied);
        }
        Some(text)
    }

    /// Takes all that is left of this value, whatever it is, as JSON for a typed attribute that holds any.
    ///
    /// `None` (and nothing is taken) for null, an empty text, and where nothing is left. What is withheld stays out.
    pub fn take_whole(&self) -> Option<JsonText> {
        self.whole(Mark::Taken)
    }

    /// As [`Field::take_whole`], but it stays in `unmapped` too, where those look who know the source.
    pub fn copy_whole(&self) -> Option<JsonText> {
        self.whole(Mark::Copied)
    }

    fn whole(&self, mark: Mark) -> Option<JsonText> {
        let mut text = String::with_capacity(self.json().len());
        let left = match self.kind() {
            Kind::Null => false,
            Kind::Text => self.look().is_some() && self.write_left(&mut text),
            _ => self.write_left(&mut text),
        };
        left.then(|| {
            // What tells nothing is kept where it stands too: null is no value of an attribute.
            let tells = |node: &&Node| {
                !matches!(node.kind, Kind::Null | Kind::Array | Kind::Object)
                    && node.span.start < node.span.end
            };
            let open = |node: &&Node| matches!(node.mark.get(), Mark::Left | Mark::Copied);
            for node in self.nodes().filter(|node| tells(node) && open(node)) {
                node.mark.set(mark);
            }
            JsonText::new(text)
        })
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether this is an object.
    pub fn is_object(&self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        self.kind() == Kind::Array
    }

    /// Whether this is a text.
    pub fn is_text(&self) -> bool {
        self.kind() == Kind::Text
    }

    /// The value as the source wrote it, as JSON.
    pub fn json(&self) -> &'a str {
        self.node().map_or("null", |node| self.raw(node))
    }

    /// The whole text that the value stands in.
    pub(crate) fn whole_text(&self) -> &'a str {
        self.text
    }

    /// Where the value stands: of a text, between its quotes.
    pub(crate) fn span(&self) -> Span {
        self.node().map(|node| node.span).unwrap_or_default()
    }

    /// Notes of the values of `tape`, which has as many, what is noted of these.
    pub(crate) fn copy_marks_to(&self, tape: &Tape) {
        for index in 0..self.tape.len() {
            if let (Some(own), Some(other)) = (self.tape.node(index), tape.node(index)) {
                other.mark.set(own.mark.get());
            }
        }
    }

    pub(crate) fn mark(&self, mark: Mark) {
        if let Some(node) = self.node() {
            node.mark.set(mark);
        }
    }

    /// Marks the value `offset` places behind this one.
    pub(crate) fn mark_at(&self, offset: u32, mark: Mark) {
        if let Some(node) = self.tape.node(self.index.saturating_add(offset)) {
            node.mark.set(mark);
        }
    }

    /// What a mapper did with the values in this one: how far behind it they stand, and what.
    pub(crate) fn marks(&self) -> impl Iterator<Item = (u32, Mark)> {
        let told = |mark: Mark| !matches!(mark, Mark::Left | Mark::Withheld);
        self.nodes()
            .map(|node| node.mark.get())
            .zip(0..)
            .filter(move |(mark, _)| told(*mark))
            .map(|(mark, at)| (at, mark))
    }

    /// Whether names are read without regard to case.
    pub(crate) fn is_folded(&self) -> bool {
        self.folded
    }

    pub(crate) fn marked(&self) -> Mark {
        self.node().map_or(Mark::Left, |node| node.mark.get())
    }

    /// Marks every scalar in this value; gives their number.
    pub(crate) fn mark_leaves(&self, mark: Mark) -> u64 {
        let mut leaves = 0;
        for node in self.nodes().filter(|node| !matches!(node.kind, Kind::Array | Kind::Object)) {
            node.mark.set(mark);
            leaves += 1;
        }
        leaves
    }

    /// The values below this one in the order of the text, each with its place.
    pub(crate) fn below(&self) -> impl Iterator<Item = (&'a Node, u32)> + use<'a> {
        let start = self.index.saturating_add(1);
        let end = self.node().map_or(0, |node| node.next);
        self.tape.nodes_between(start, end).iter().zip(start..)
    }

    /// The name of a value of the same record as it stands between its quotes.
    pub(crate) fn key_of(&self, node: &Node) -> &'a str {
        self.slice(node.key)
    }

    /// The value at a place of the same record.
    pub(crate) fn at(&self, place: u32) -> Self {
        Self { index: place, ..*self }
    }

    /// A tape for a record inside this value.
    pub(crate) fn take_inner(&self) -> Box<Tape> {
        self.tape.take_inner()
    }

    /// Keeps a tape that was taken for the next such record.
    pub(crate) fn give_back_inner(&self, inner: Box<Tape>) {
        self.tape.give_back_inner(inner);
    }

    /// An empty list to note in what is around the value at hand: where each ends, and where it stands.
    pub(crate) fn trail(&self) -> RefMut<'a, Vec<(u32, u32)>> {
        let mut trail = self.tape.trail.borrow_mut();
        trail.clear();
        trail
    }

    pub(crate) fn kind(&self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    /// The name as it stands between its quotes.
    pub(crate) fn raw_name(&self) -> &'a str {
        self.node().map_or("", |node| self.slice(node.key))
    }

    /// Whether some name of the record is spelled with escapes.
    pub(crate) fn has_escaped_names(&self) -> bool {
        self.tape.has_escaped_names()
    }

    fn nodes(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        let end = self.node().map_or(0, |node| node.next);
        self.tape.nodes_between(self.index, end).iter()
    }

    fn node(&self) -> Option<&'a Node> {
        self.tape.node(self.index)
    }

    fn raw(&self, node: &Node) -> &'a str {
        let start = node.span.start.saturating_sub(u32::from(node.kind == Kind::Text));
        self.slice(Span { start, end: end_of(node) })
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({:?}, {} bytes)", self.kind(), self.json().len())
    }
}

/// Whether a value is a scalar with some text. What JSON writes for a text is never empty unless the text is.
fn is_told(node: &Node) -> bool {
    let is_scalar = !matches!(node.kind, Kind::Null | Kind::Array | Kind::Object);
    is_scalar && node.span.start < node.span.end && node.mark.get() != Mark::Withheld
}

fn read(raw: &str, escaped: bool) -> Cow<'_, str> {
    if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let text = r#"{"password":"MARKED"}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        assert_eq!(format!("{record:?} {:?}", record.root()), "Record(21 bytes) Field(Object, 21 bytes)");
    }
}
