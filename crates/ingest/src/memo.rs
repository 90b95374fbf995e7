//! What parts of records became, so that what comes again need not be mapped again.
//!
//! Logs repeat themselves: one session makes thousands of calls from one address with one program. A part of a
//! record that has the same bytes becomes the same objects, which events then share. A table of fixed size, in which
//! a newer part takes the place of an older one; what it remembers changes no event, only how fast it is made.

use crate::record::Field;
use crate::tape::Mark;
use core::cell::RefCell;
use core::fmt;
use homeostat_event::{Actor, Api, Cloud, HttpRequest, Metadata, NetworkEndpoint, ResourceDetails, User};
use std::sync::Arc;

/// How many parts are remembered. Default 1,024: more than the sessions, addresses and programs that take turns in a
/// log, in at most a few MiB.
const PARTS: usize = 1_024;

/// The longest part that is remembered, in bytes. Default 2 KiB: longer ones seldom come again.
const LONGEST: usize = 2_048;

/// The parts remembered.
#[derive(Default)]
pub(crate) struct Memo(RefCell<Vec<Place>>);

/// How often a part is missed before it is remembered. Default 3, so that what comes once, or with its answer, drives
/// nothing out.
const TIMES: u8 = 3;

/// A place of the table: what is remembered there, and the hash of what was last missed there, how often.
#[derive(Default)]
struct Place {
    missed: u64,
    times: u8,
    entry: Option<Entry>,
}

struct Entry {
    hash: u64,
    // The values it was made of, as JSON.
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
    Resources(Arc<[ResourceDetails]>),
    User(Arc<User>),
}

/// An object that is made of parts of a record, shared.
pub(crate) trait Remembered: Clone {
    /// Tells objects of one kind from those of another.
    const KIND: u64;

    fn keep(self) -> Made;

    fn known(made: &Made) -> Option<Self>;
}

macro_rules! remembered {
    ($($object:ty => $kind:ident $number:literal),+ $(,)?) => {
        $(
            impl Remembered for Arc<$object> {
                const KIND: u64 = $number;

                fn keep(self) -> Made {
                    Made::$kind(self)
                }

                fn known(made: &Made) -> Option<Self> {
                    if let Made::$kind(object) = made { Some(Arc::clone(object)) } else { None }
                }
            }
        )+
    };
}

remembered!(
    Actor => Actor 1, Api => Api 2, Cloud => Cloud 3, NetworkEndpoint => Endpoint 4, Metadata => Metadata 5,
    HttpRequest => Request 6, [ResourceDetails] => Resources 7, User => User 8,
);

impl Memo {
    /// The object that `of_them` makes of nothing but the values `of`, made now or before; that it makes none is not
    /// remembered. In `of`, `None` stands for a value that the record does not tell.
    ///
    /// `of_them` must mark no other value than these.
    pub(crate) fn of<T: Remembered>(
        &self,
        of: &[Option<Field<'_>>],
        of_them: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        self.recall(of).or_else(|| {
            let made = of_them()?;
            self.remember(of, &made);
            Some(made)
        })
    }

    /// The object that was made of the values `of` before.
    pub(crate) fn recall<T: Remembered>(&self, of: &[Option<Field<'_>>]) -> Option<T> {
        let hash = hash_of::<T>(of)?;
        let places = self.0.borrow();
        let entry = places.get(place_of(hash))?.entry.as_ref().filter(|entry| entry.hash == hash)?;
        let mut rest = entry.key.as_str();
        for value in of {
            rest = rest.strip_prefix(value.map_or("", |value| value.json()))?.strip_prefix('\n')?;
        }
        let known = if rest.is_empty() { T::known(&entry.made)? } else { return None };
        let mut marks = entry.marks.iter();
        for value in of.iter().flatten() {
            marks
                .by_ref()
                .take_while(|(_, mark)| *mark != END)
                .for_each(|(at, mark)| value.mark_at(*at, *mark));
        }
        Some(known)
    }

    /// Notes what was made of the values `of`, for the time when they come again.
    pub(crate) fn remember<T: Remembered>(&self, of: &[Option<Field<'_>>], made: &T) {
        let Some(hash) = hash_of::<T>(of) else { return };
        let mut places = self.0.borrow_mut();
        if places.is_empty() {
            places.resize_with(PARTS, Place::default);
        }
        let Some(place) = places.get_mut(place_of(hash)) else { return };
        place.times = if place.missed == hash { place.times.saturating_add(1) } else { 1 };
        place.missed = hash;
        if place.times >= TIMES {
            place.entry =
                Some(Entry { hash, key: key_of(of), marks: marks_of(of), made: made.clone().keep() });
        }
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memo({} parts)", self.0.borrow().iter().filter(|place| place.entry.is_some()).count())
    }
}

/// Ends the marks of one value: no mapper marks a value as left.
const END: Mark = Mark::Left;

fn key_of(of: &[Option<Field<'_>>]) -> String {
    let mut key = String::new();
    for value in of {
        key.push_str(value.map_or("", |value| value.json()));
        key.push('\n');
    }
    key
}

/// `None` when the part is too long to be remembered.
fn hash_of<T: Remembered>(of: &[Option<Field<'_>>]) -> Option<u64> {
    let (mut hash, mut length) = (T::KIND, 0);
    for value in of {
        let json = value.map_or("", |value| value.json());
        length += json.len();
        hash = mixed(hash, json.as_bytes());
    }
    let by_case = of.iter().flatten().any(Field::is_folded);
    (length <= LONGEST && !by_case).then_some(hash)
}

fn place_of(hash: u64) -> usize {
    (hash >> 54) as usize
}

/// A hash for a table whose size does not grow: whoever makes two parts meet makes the mapper work as if it
/// remembered nothing. Rotate, xor and multiply by words, as Firefox does it.
fn mixed(hash: u64, bytes: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // The last word overlaps the one before it where there is one.
    let last = match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mix(mix(hash, last), bytes.len() as u64)
}

fn marks_of(of: &[Option<Field<'_>>]) -> Vec<(u32, Mark)> {
    let mut marks = Vec::new();
    for value in of.iter().flatten() {
        marks.extend(value.marks());
        marks.push((0, END));
    }
    marks
}
