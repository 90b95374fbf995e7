//! How much a directory holds, and what it tells of what it cut.

use core::fmt;

/// The limits of a [`Directory`](crate::Directory). What each cuts is counted in [`Stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Identifiers held. Beyond it those not seen for longest go, sessions, addresses, processes, files and
    /// domains first. 1,000,000: ten for each of 100,000 entities; at least 64.
    pub keys: u32,
    /// Links held on one identifier in each direction. Beyond it new ones are refused. 16,384: a role that
    /// takes on a new session every five minutes of two months; at least 2.
    pub links: u32,
    /// Identifiers that links may connect into one group. Beyond it the link is refused: so many names for
    /// one person are a fault of the data. 256; at least 2.
    pub identifiers: u32,
    /// Separate spans of time of one link. Beyond it the oldest goes: an address without a lease stays an
    /// address. 64; at least 1.
    pub periods: u32,
    /// Spans of time in which a group of identifiers is told apart. Beyond it the oldest are taken as one.
    /// 256; at least 1.
    pub slices: u32,
    /// Neighbours counted for the degree of one identifier. Beyond it the weight of a hub is below 0.1 and
    /// hardly falls on. 1,024; at least 16.
    pub neighbours: u32,
    /// Links told with one resolved signal; those nearest to its entities first. 64; at least 1.
    pub told: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            keys: 1_000_000,
            links: 16_384,
            identifiers: 256,
            periods: 64,
            slices: 256,
            neighbours: 1_024,
            told: 64,
        }
    }
}

impl Limits {
    /// The limits as numbers, in the order of the fields.
    pub(crate) fn numbers(self) -> [u32; 7] {
        [self.keys, self.links, self.identifiers, self.periods, self.slices, self.neighbours, self.told]
    }

    /// The limits of which [`Self::numbers`] gave `numbers`.
    pub(crate) fn of_numbers(numbers: [u32; 7]) -> Self {
        let [keys, links, identifiers, periods, slices, neighbours, told] = numbers;
        Self { keys, links, identifiers, periods, slices, neighbours, told }
    }

    /// The name of the first limit that is too small to work with.
    pub(crate) fn fault(self) -> Option<&'static str> {
        const LEAST: [(&str, u32); 7] = [
            ("keys", 64),
            ("links", 2),
            ("identifiers", 2),
            ("periods", 1),
            ("slices", 1),
            ("neighbours", 16),
            ("told", 1),
        ];
        let faulty = LEAST.into_iter().zip(self.numbers()).find(|((_, least), number)| number < least);
        faulty.map(|((name, _), _)| name)
    }
}

/// A limit that is too small to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(crate) &'static str);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit `{}` is smaller than its documented least value", self.0)
    }
}

impl std::error::Error for ConfigError {}

/// What a directory holds, and what it refused and cut since it was built or restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Identifiers held.
    pub keys: u64,
    /// Links held, retracted ones among them.
    pub links: u64,
    /// Links retracted.
    pub retracted: u64,
    /// Groups of identifiers that links connect.
    pub groups: u64,
    /// About how many bytes the directory takes.
    pub bytes: u64,
    /// Links that a law refused.
    pub refused: u64,
    /// Observations and signals of another tenant.
    pub foreign: u64,
    /// Tellings of a class that the kind of the key forbids.
    pub classes_passed_over: u64,
    /// Identifiers gone because of [`Limits::keys`].
    pub keys_evicted: u64,
    /// Links refused because of [`Limits::links`] or [`Limits::identifiers`].
    pub links_cut: u64,
    /// Spans of time gone because of [`Limits::periods`].
    pub periods_cut: u64,
    /// Spans of time taken as one because of [`Limits::slices`].
    pub slices_cut: u64,
    /// Neighbours not counted because of [`Limits::neighbours`].
    pub neighbours_cut: u64,
    /// Links not told because of [`Limits::told`].
    pub told_cut: u64,
}
