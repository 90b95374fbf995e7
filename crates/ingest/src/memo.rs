//! What parts of records became, so that what comes again need not be mapped again.
//!
//! Logs repeat themselves: one session makes thousands of calls from one address with one program. A part of a
//! record that has the same bytes becomes the same objects, which events then share. A table of fixed size, in which
//! a newer part takes the place of an older one; what it remembers changes no event, only how fast it is made.

use crate::record::Field;
use crate::tape::Mark;
use core::cell::RefCell;
use core::fmt;
use homeostat_event::{Actor, Api, Cloud, HttpRequest, Metadata, NetworkEndpoint, ResourceDetails};
use std::sync::Arc;

/// How many parts are remembered. Default 1,024: more than the sessions, addresses and programs that take turns in a
/// log, in at most a few MiB.
const PARTS: usize = 1_024;

/// The longest part that is remembered, in bytes. Default 2 KiB: longer ones seldom come again.
const LONGEST: usize = 2_048;

/// The parts remembered.
#[derive(Default)]
pub(crate) struct Memo(RefCell<Vec<Option<Entry>>>);

struct Entry {
    // The kind of object, and the values it was made of, as JSON.
    key: String,
    // What the mapper did with them: how far behind the first value, and what.
    marks: Vec<(u32, Mark)>,
    made: Made,
}

#[derive(Clone)]
pub(crate) enum Made {
    Actor(Arc<Actor>),
    Api(Arc<Api>),
    Cloud(Arc<Cloud>),
    Endpoint(Arc<NetworkEndpoint>),
    Metadata(Arc<Metadata>),
    Request(Arc<HttpRequest>),
    Resources(Arc<Vec<ResourceDetails>>),
}

/// An object that is made of parts of a record.
pub(crate) trait Remembered: Sized {
    /// Tells objects of one kind from those of another.
    const KIND: &'static str;

    fn keep(object: &Arc<Self>) -> Made;

    fn known(made: &Made) -> Option<Arc<Self>>;
}

macro_rules! remembered {
    ($($object:ty => $kind:ident),+ $(,)?) => {
        $(
            impl Remembered for $object {
                const KIND: &'static str = stringify!($kind);

                fn keep(object: &Arc<Self>) -> Made {
                    Made::$kind(Arc::clone(object))
                }

                fn known(made: &Made) -> Option<Arc<Self>> {
                    if let Made::$kind(object) = made { Some(Arc::clone(object)) } else { None }
                }
            }
        )+
    };
}

remembered!(
    Actor => Actor, Api => Api, Cloud => Cloud, NetworkEndpoint => Endpoint, Metadata => Metadata,
    HttpRequest => Request, Vec<ResourceDetails> => Resources,
);

impl Memo {
    /// The object that `make` makes of nothing but the values `of`, made now or before; that it makes none is not
    /// remembered. In `of`, `None` stands for a value that the record does not tell.
    ///
    /// `make` must mark no other value than these.
    pub(crate) fn of<T: Remembered>(
        &self,
        of: &[Option<Field<'_>>],
        make: impl FnOnce() -> Option<T>,
    ) -> Option<Arc<T>> {
        let Some(place) = place_of::<T>(of) else { return make().map(Arc::new) };
        if let Some(known) = self.recall(place, of) {
            return Some(known);
        }
        let made = Arc::new(make()?);
        let entry = Entry { key: key_of::<T>(of), marks: marks_of(of), made: T::keep(&made) };
        let mut parts = self.0.borrow_mut();
        if parts.is_empty() {
            parts.resize_with(PARTS, || None);
        }
        if let Some(part) = parts.get_mut(place) {
            *part = Some(entry);
        }
        Some(made)
    }

    fn recall<T: Remembered>(&self, place: usize, of: &[Option<Field<'_>>]) -> Option<Arc<T>> {
        let parts = self.0.borrow();
        let entry = parts.get(place)?.as_ref()?;
        let rest = steps::<T>(of).try_fold(entry.key.as_str(), |rest, step| rest.strip_prefix(step))?;
        let known = if rest.is_empty() { T::known(&entry.made)? } else { return None };
        let mut marks = entry.marks.iter();
        for value in of.iter().flatten() {
            marks.by_ref().take_while(|(_, mark)| *mark != END).for_each(|(at, mark)| value.mark_at(*at, *mark));
        }
        Some(known)
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memo({} parts)", self.0.borrow().iter().flatten().count())
    }
}

/// Ends the marks of one value: no mapper marks a value as left.
const END: Mark = Mark::Left;

/// What makes up a key, in order.
fn steps<'k, T: Remembered>(of: &'k [Option<Field<'_>>]) -> impl Iterator<Item = &'k str> {
    let values = of.iter().flat_map(|value| [value.map_or("", |value| value.json()), "\n"]);
    [T::KIND, "\n"].into_iter().chain(values)
}

fn key_of<T: Remembered>(of: &[Option<Field<'_>>]) -> String {
    steps::<T>(of).collect()
}

/// Where the part belongs; `None` when it is too long to be remembered.
fn place_of<T: Remembered>(of: &[Option<Field<'_>>]) -> Option<usize> {
    let (mut hash, mut length) = (0, 0);
    for step in steps::<T>(of) {
        length += step.len();
        hash = mixed(hash, step.as_bytes());
    }
    let by_case = of.iter().flatten().any(Field::is_folded);
    (length <= LONGEST && !by_case).then_some((hash >> 54) as usize)
}

/// A hash for a table whose size does not grow: whoever makes two parts meet makes the mapper work as if it
/// remembered nothing. Rotate, xor and multiply by words, as Firefox does it.
fn mixed(hash: u64, bytes: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    mix(hash, rest)
}

fn marks_of(of: &[Option<Field<'_>>]) -> Vec<(u32, Mark)> {
    let mut marks = Vec::new();
    for value in of.iter().flatten() {
        marks.extend(value.marks());
        marks.push((0, END));
    }
    marks
}
