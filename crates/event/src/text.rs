//! The text of an attribute, and what a setter takes.

use crate::attribute::{write_short, write_text};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use homeostat_core::{JsonText, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;

/// The text of an attribute. Cloning is cheap; `Debug` shows its length and never its content.
///
/// Up to 22 bytes stand in it; longer text is shared, alone or with other texts of its event, so that most names,
/// numbers and codes of a log cost no allocation. 24 bytes.
///
/// ```
/// use homeostat_event::Str;
/// let login = Str::from("jane@acme.example");
/// assert_eq!(login.as_str(), "jane@acme.example");
/// assert_eq!(format!("{login:?}"), "Str(17 bytes)");
/// ```
#[derive(Clone)]
pub struct Str(Kept);

/// How many bytes fit beside tag and length in the 24 bytes that a shared text needs.
pub(crate) const INLINE: usize = 22;

#[derive(Clone)]
enum Kept {
    // INVARIANT: `length` bytes of `bytes` are UTF-8, and the others are zero.
    Inline { length: u8, bytes: [u8; INLINE] },
    // INVARIANT: `start` is a border of characters, and so is `start + length`; [`WHOLE`] is all of the text.
    Shared { length: u16, start: u32, text: Arc<str> },
}

/// The length that stands for all of a shared text.
const WHOLE: u16 = u16::MAX;

impl Str {
    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kept::Inline { .. } => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Kept::Shared { length: WHOLE, text, .. } => text,
            Kept::Shared { length, start, text } => {
                let start = *start as usize;
                text.get(start..start + usize::from(*length)).unwrap_or_default()
            }
        }
    }

    /// The text's bytes, which need not be checked to be UTF-8 once more.
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kept::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Kept::Shared { length: WHOLE, text, .. } => text.as_bytes(),
            Kept::Shared { length, start, text } => {
                let start = *start as usize;
                text.as_bytes().get(start..start + usize::from(*length)).unwrap_or_default()
            }
        }
    }

    /// The part of `text` from `start` to `end`, without a copy when it is long; empty where there is no such part.
    ///
    /// It keeps all of `text` in memory: for texts of one event, which live and die together.
    ///
    /// ```
    /// use homeostat_event::Str;
    /// let text = "4b1f9c0e-0000-4000-8000-00000000e001/req-1".into();
    /// assert_eq!(Str::within(&text, 37, 42).as_str(), "req-1");
    /// ```
    pub fn within(text: &Arc<str>, start: usize, end: usize) -> Self {
        let part = text.get(start..end).unwrap_or_default();
        match (u32::try_from(start), u16::try_from(part.len())) {
            (Ok(start), Ok(length)) if part.len() > INLINE && length != WHOLE => {
                Self(Kept::Shared { length, start, text: Arc::clone(text) })
            }
            _ => part.into(),
        }
    }

    /// Appends the text as a JSON string.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Kept::Inline { length, bytes } => write_short(bytes, usize::from(*length), out),
            Kept::Shared { .. } => write_text(self.as_bytes(), out),
        }
    }

    fn inline(text: &str) -> Option<Self> {
        let mut bytes = [0; INLINE];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(Self(Kept::Inline { length, bytes }))
    }

    fn shared(text: Arc<str>) -> Self {
        Self(Kept::Shared { length: WHOLE, start: 0, text })
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Str({} bytes)", self.as_str().len())
    }
}

impl From<&str> for Str {
    #[inline]
    fn from(text: &str) -> Self {
        Self::inline(text).unwrap_or_else(|| Self::shared(text.into()))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::inline(&text).unwrap_or_else(|| Self::shared(text.into()))
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        Self::inline(&text).unwrap_or_else(|| Self::shared(text))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        text.as_ref().into()
    }
}

/// What a setter takes: a value, or an `Option` of one where `None` leaves the attribute as it was.
///
/// Implemented for the types an attribute can be made of; nobody needs to implement it.
pub trait Told<T> {
    /// The value, if the source told one.
    fn told(self) -> Option<T>;
}

macro_rules! told {
    ($($from:ty => $to:ty),+ $(,)?) => {
        $(
            impl Told<$to> for $from {
                fn told(self) -> Option<$to> {
                    Some(self.into())
                }
            }

            impl Told<$to> for Option<$from> {
                fn told(self) -> Option<$to> {
                    self.map(Into::into)
                }
            }
        )+
    };
}

told!(
    &str => Str, &String => Str, String => Str, Arc<str> => Str, Cow<'_, str> => Str, Str => Str,
    i32 => i32, u8 => i32, u16 => i32, i64 => i64, u32 => i64, i32 => i64, bool => bool,
    Timestamp => Timestamp, JsonText => JsonText,
);

impl<T> Told<Arc<[T]>> for Vec<T> {
    /// An empty list tells nothing.
    fn told(self) -> Option<Arc<[T]>> {
        (!self.is_empty()).then(|| self.into())
    }
}

impl<T: ?Sized> Told<Self> for Arc<T> {
    /// One object or list may stand in many events.
    fn told(self) -> Option<Self> {
        Some(self)
    }
}

impl<T: ?Sized> Told<Arc<T>> for Option<Arc<T>> {
    fn told(self) -> Option<Arc<T>> {
        self
    }
}

/// A value that is told and already of its type.
pub(crate) struct Just<T>(pub(crate) T);

impl<T> Told<T> for Just<T> {
    fn told(self) -> Option<T> {
        Some(self.0)
    }
}
