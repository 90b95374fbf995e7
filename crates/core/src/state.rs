//! The laws of everything that learns: where in the log it stands, and that its bytes are its whole truth.

use core::fmt;
use std::collections::BTreeMap;

/// A place in one partition of the log. It orders what is applied and never enters an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which partition of the log.
    pub partition: u32,
    /// Which record of it, from 0.
    pub offset: u64,
}

impl Position {
    /// Record `offset` of a log that has one partition.
    pub const fn at(offset: u64) -> Self {
        Self { partition: 0, offset }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

/// The position of the last input applied, per partition. Never goes back.
///
/// ```
/// use homeostat_core::{Position, Positions};
/// let mut seen = Positions::default();
/// assert!(seen.advance(Position::at(4)));
/// assert!(!seen.advance(Position::at(4)), "a second delivery is ignored");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<u32, u64>);

impl Positions {
    /// Goes on to `position`; `false`, changing nothing, when it is not beyond the last one of its partition.
    #[inline]
    pub fn advance(&mut self, position: Position) -> bool {
        let fresh = !self.covers(position);
        if fresh {
            self.0.insert(position.partition, position.offset);
        }
        fresh
    }

    /// Whether `position` was applied already.
    #[inline]
    pub fn covers(&self, position: Position) -> bool {
        self.0.get(&position.partition).is_some_and(|last| position.offset <= *last)
    }

    /// The last position of each partition, in the order of partitions.
    pub fn iter(&self) -> impl Iterator<Item = Position> + '_ {
        self.0.iter().map(|(&partition, &offset)| Position { partition, offset })
    }
}

/// What became of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed<T> {
    /// It was applied, with this result.
    Applied(T),
    /// Its position was applied before; nothing changed.
    Replayed,
}

impl<T> Observed<T> {
    /// The result, when the input was applied.
    pub fn applied(self) -> Option<T> {
        match self {
            Self::Applied(result) => Some(result),
            Self::Replayed => None,
        }
    }
}

/// A state that learns one input after another and whose bytes are its whole truth.
///
/// Laws, which `conformance::state_laws` tests:
/// 1. *Replay is exact*: `observe` MUST ignore a position that [`Self::position`] covers, and an input for
///    which it returns an error MUST change nothing but the position.
/// 2. *Snapshots are transparent*: `from_bytes(to_bytes())` at any point MUST change no later byte.
/// 3. *Old bytes are read*: version n reads n and n − 1.
/// 4. *Equal states give equal bytes*: no map order, address, clock or platform in them.
/// 5. *Damage is named*: `from_bytes` MUST refuse truncated, altered and future bytes, and never panics.
///
/// Merging lives in [`Merge`]; a state without it documents what becomes of its bytes when two keys become one.
pub trait State<Input: ?Sized>: Clone + Default {
    /// What one input gives.
    type Output;
    /// Why an input can not be applied.
    type Error: std::error::Error;

    /// Applies one input.
    ///
    /// # Errors
    ///
    /// When the input is no sound one; nothing is learnt then, and the position is taken all the same.
    fn observe(&mut self, position: Position, input: &Input) -> Result<Observed<Self::Output>, Self::Error>;

    /// Positions of the last inputs applied.
    fn position(&self) -> &Positions;

    /// The state as versioned bytes with a checksum.
    fn to_bytes(&self) -> Vec<u8>;

    /// The state that gave `bytes`.
    ///
    /// # Errors
    ///
    /// When the bytes are no whole snapshot of a known version, or break an invariant.
    fn from_bytes(bytes: &[u8]) -> Result<Self, crate::SnapshotError>;
}

/// Learning from what another instance has learnt. Only for types marked mergeable.
///
/// Laws, which `conformance::merge_laws` tests: commutative, associative, `Default` is the neutral element;
/// exact for integers, within 1e-9 relative for floats.
pub trait Merge: Default {
    /// Learns all that `other` has learnt.
    fn merge(&mut self, other: &Self);
}

/// A memory of its own that goes into the snapshot of whatever holds it, such as a detector's.
///
/// Laws: equal memories MUST give equal bytes; after `recall` of what `keep` gave, all further answers and bytes
/// MUST be those of the one that was kept; damaged bytes MUST cost an error and never a panic, and what is recalled
/// in vain MUST change nothing. [`SnapshotWriter`](crate::SnapshotWriter) and
/// [`SnapshotReader`](crate::SnapshotReader) hold the last two.
pub trait Keep: Forget {
    /// All that is remembered, as versioned bytes with a checksum.
    fn keep(&self) -> Vec<u8>;

    /// Remembers what `bytes` hold, and nothing else.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`](crate::SnapshotError) when they are no whole snapshot of a known version.
    fn recall(&mut self, bytes: &[u8]) -> Result<(), crate::SnapshotError>;
}

/// Clearing a person from a state.
///
/// Law: afterwards no byte of the state depends on the entity, and scores of others are as if the next event
/// were the entity's first.
pub trait Forget {
    /// Clears all that is known of `entity`; tells whether anything was.
    fn forget(&mut self, entity: &crate::EntityKey) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_never_go_back(steps in prop::collection::vec((0_u32..3, 0_u64..20), 0..60)) {
            let mut positions = Positions::default();
            let mut highest: BTreeMap<u32, u64> = BTreeMap::new();
            for (partition, offset) in steps {
                let fresh = highest.get(&partition).is_none_or(|last| offset > *last);
                prop_assert_eq!(positions.advance(Position { partition, offset }), fresh);
                let last = highest.entry(partition).or_insert(offset);
                *last = (*last).max(offset);
                let position = Position { partition, offset };
                prop_assert!(positions.covers(position));
            }
            let seen: BTreeMap<u32, u64> = positions.iter().map(|p| (p.partition, p.offset)).collect();
            prop_assert_eq!(seen, highest);
        }
    }
}
