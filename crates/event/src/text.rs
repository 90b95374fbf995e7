//! The text of an attribute, and what a setter takes.

use core::fmt;
use homeostat_core::{JsonText, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;

/// The text of an attribute. Cloning is cheap; `Debug` shows its length and never its content.
///
/// ```
/// use homeostat_event::Str;
/// let login = Str::from("jane@acme.example");
/// assert_eq!(login.as_str(), "jane@acme.example");
/// assert_eq!(format!("{login:?}"), "Str(17 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Arc<str>);

impl Str {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Str({} bytes)", self.0.len())
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self(text.as_str().into())
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        Self(text)
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into())
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

impl<T> Told<Self> for Vec<T> {
    /// An empty list tells nothing.
    fn told(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }
}

/// A value that is told and already of its type.
pub(crate) struct Just<T>(pub(crate) T);

impl<T> Told<T> for Just<T> {
    fn told(self) -> Option<T> {
        Some(self.0)
    }
}
