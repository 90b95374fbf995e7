//! A signal whose entity keys have become entities: what `homeostat-incident` reads.

use crate::{EntityClass, LinkKind};
use homeostat_core::{EntityKey, Role, Signal};

/// The number of a resolved entity, stable while links come and go: of two that merge the smaller survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u32);

/// One entity of a signal, resolved as of the signal's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// Who it is.
    pub id: EntityId,
    /// What it is.
    pub class: EntityClass,
    /// The identifier that the signal named.
    pub key: EntityKey,
    /// The part it plays.
    pub role: Role,
}

/// A signal with its entities resolved and the links among and around them that were valid at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The signal.
    pub signal: Signal,
    /// Its entities, in the order the signal names them.
    pub participants: Vec<Participant>,
    /// Links from a participant to another entity (`SameAs` left out: it is in the ids already).
    pub links: Vec<(EntityId, EntityId, LinkKind)>,
}
