//! What proves a fact: an event of the log, or a document that was read.

use core::fmt;
use homeostat_core::EventRef;
use std::sync::Arc;

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// An event.
    Event(EventRef),
    /// A document, by its name.
    Document(Arc<str>),
}

impl Evidence {
    /// A document called `name`.
    pub fn document(name: &str) -> Self {
        Self::Document(name.into())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => f.write_str(event.as_str()),
            Self::Document(name) => f.write_str(name),
        }
    }
}
