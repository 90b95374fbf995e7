//! What an observation taught, or why it was not taken.

use crate::{EntityId, Law};

/// What became of one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It told something new, and counts.
    New,
    /// It told nothing new.
    Known,
    /// A weak link without a second witness, or between identifiers of different class: kept, without effect.
    Waits,
    /// A law forbids it. When it was kept all the same, another link stands against it, and it takes effect
    /// when that one is retracted.
    Refused(Law),
    /// It is retracted; it counts again after [`Fact::Restore`](crate::Fact::Restore).
    Retracted,
    /// There is no such link.
    NoSuchLink,
    /// The kind of the key does not allow that class.
    PassedOver,
    /// The named limit of [`Limits`](crate::Limits) refuses it.
    Cut(&'static str),
}

/// What became of the numbers of entities, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `absorbed` forwards to `into` from now on.
    Merged {
        /// The number that survives, the smaller one.
        into: EntityId,
        /// The number that forwards.
        absorbed: EntityId,
    },
    /// `back` stands for itself again.
    Split {
        /// The number it forwarded to.
        out_of: EntityId,
        /// The number that came back.
        back: EntityId,
    },
}

/// What one observation taught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// What became of each fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Which entities became one or came apart.
    pub changes: Vec<Change>,
}

/// Why an observation or signal was not taken. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignInput {
    /// The directory was not built for a tenant.
    #[error("the directory belongs to no tenant")]
    NoTenant,
    /// The input names another tenant.
    #[error("the input belongs to another tenant")]
    OtherTenant,
    /// A key is named by another tenant.
    #[error("a key of entry {entry} is named by another tenant")]
    ForeignKey {
        /// Which fact, or which entity of the signal, from 0.
        entry: usize,
    },
}
