//! What is reported of a record that could not be read: where it is and why, never what it holds.

use homeostat_core::EventRef;
use std::io;
use std::sync::Arc;

/// A record that gives no event, or an input that ends early. The records after it are read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` record {record}, byte {offset}: {reason}")]
pub struct RecordError {
    place: Arc<str>,
    record: u64,
    offset: u64,
    reason: Reason,
}

impl RecordError {
    pub(crate) fn new(place: &Arc<str>, at: (u64, u64), reason: Reason) -> Self {
        Self { place: Arc::clone(place), record: at.0, offset: at.1, reason }
    }

    /// The place of the input, as the caller named it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The number of the record in its input, from 0. Bad records are counted too.
    pub fn record(&self) -> u64 {
        self.record
    }

    /// The byte at which the record stops making sense, from the start of the (unpacked) input.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The id that the record's events would have; `None` for a nameless place.
    pub fn reference(&self) -> Option<EventRef> {
        EventRef::new(&self.place, self.record).ok()
    }

    /// Whether the input itself could not be read any further.
    pub fn is_fatal(&self) -> bool {
        matches!(self.reason, Reason::Unreadable(_))
    }
}

/// Why a record gives no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The input ends inside the record.
    #[error("the input ends inside the record")]
    Truncated,
    /// The record is not JSON.
    #[error("not JSON")]
    NotJson,
    /// The record begins as XML and is none.
    #[error("not XML")]
    NotXml,
    /// A text of the record is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A text holds one half of a surrogate pair, which is no character.
    #[error("half a surrogate pair in a text")]
    HalfSurrogate,
    /// An object has two members of one name, so that readers would disagree on what it says.
    #[error("two members of one name")]
    DuplicateName,
    /// Values are nested deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// The record is longer than [`Limits::record_bytes`](crate::Limits::record_bytes).
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The line is neither JSON nor a row below a header.
    #[error("a line of no known form")]
    UnknownForm,
    /// The row has another number of columns than its header.
    #[error("{found} columns where the header names {named}")]
    Columns {
        /// How many columns the header names.
        named: usize,
        /// How many the row has.
        found: usize,
    },
    /// The input could not be read any further.
    #[error("cannot be read any further ({0})")]
    Unreadable(io::ErrorKind),
}
