//! What an investigator has seen, kept, cut and lost; and what it tells after a signal.

use std::fmt;

/// The number of an incident: that of its first signal, the same on every run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub(crate) u64);

impl IncidentId {
    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text.strip_prefix("inc-")?, 16).ok().map(Self)
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inc-{:016x}", self.0)
    }
}

impl fmt::Debug for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What changed. Incidents are fetched by id when wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// An incident opened.
    Opened(IncidentId),
    /// Its score doubled since it was last told: worth looking at again.
    Raised(IncidentId),
    /// So many episodes came in.
    Added(IncidentId, usize),
    /// Two incidents turned out to be one.
    Merged {
        /// The one that is no more.
        id: IncidentId,
        /// The one that goes on.
        into: IncidentId,
    },
    /// It was quiet for an hour; it may be resumed for a week.
    Closed(IncidentId),
}

impl Update {
    /// The incident to look at.
    pub const fn id(self) -> IncidentId {
        match self {
            Self::Opened(id) | Self::Raised(id) | Self::Added(id, _) | Self::Closed(id) => id,
            Self::Merged { into, .. } => into,
        }
    }
}

/// Counts over the life of an investigator, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Signals taken.
    pub signals: u64,
    /// Of these, older than what was final already; they count all the same.
    pub late: u64,
    /// Signals whose moment and id were waiting already; the later one counts.
    pub duplicates: u64,
    /// Signals from too far ahead to move the watermark.
    pub ahead: u64,
    /// Signals waiting to be put in order.
    pub waiting: u64,
    /// Entities kept.
    pub entities: u64,
    /// Entities let go at the limit.
    pub evicted_entities: u64,
    /// Episodes kept.
    pub episodes: u64,
    /// Episodes let go at the limit, before their time.
    pub evicted_episodes: u64,
    /// Signals whose action or kind found the table of facts full.
    pub folded_facts: u64,
    /// Incidents kept.
    pub incidents: u64,
    /// Incidents ever opened.
    pub opened: u64,
    /// Incidents let go at the limit.
    pub evicted_incidents: u64,
    /// Bytes held, about.
    pub bytes: u64,
}
