//! One change to an inventory, and what it touches.

use crate::Evidence;
use crate::object::{LinkKind, ObjectKind, PolicySlot};
use core::fmt;
use homeostat_core::{EntityKey, Position, TenantId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Something that changed in the estate.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// Whose estate.
    pub tenant: TenantId,
    /// When it changed.
    pub at: Timestamp,
    /// Where in the log the change stands, when it comes from one; a position is applied once.
    pub position: Option<Position>,
    /// What says so.
    pub evidence: Evidence,
    /// What changed.
    pub op: Op,
}

/// What changed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// The object exists and has these attributes; those not named stay as they are.
    Put {
        /// Which object.
        object: EntityKey,
        /// What kind of thing it is; `None` when its key tells.
        kind: Option<ObjectKind>,
        /// Attributes by name; tags are `tag/NAME`.
        attributes: BTreeMap<String, String>,
    },
    /// The object and all that is known of it is gone.
    Remove {
        /// Which object.
        object: EntityKey,
    },
    /// An attribute is gone.
    Unset {
        /// Of which object.
        object: EntityKey,
        /// Its name.
        attribute: String,
    },
    /// Two objects are tied.
    Link {
        /// The one that holds the tie.
        from: EntityKey,
        /// How.
        kind: LinkKind,
        /// To what.
        to: EntityKey,
    },
    /// Two objects are no longer tied.
    Unlink {
        /// The one that held the tie.
        from: EntityKey,
        /// How.
        kind: LinkKind,
        /// To what.
        to: EntityKey,
    },
    /// The object has this policy.
    PutPolicy {
        /// Which object.
        object: EntityKey,
        /// Which of its policies.
        slot: PolicySlot,
        /// The document, as JSON text.
        document: String,
    },
    /// The object no longer has this policy.
    RemovePolicy {
        /// Which object.
        object: EntityKey,
        /// Which of its policies.
        slot: PolicySlot,
    },
    /// Something changed on the object, the change does not say to what.
    Stale {
        /// Which object.
        object: EntityKey,
    },
}

impl Op {
    /// The object that holds what changed.
    pub fn object(&self) -> &EntityKey {
        match self {
            Self::Put { object, .. }
            | Self::Remove { object }
            | Self::Unset { object, .. }
            | Self::PutPolicy { object, .. }
            | Self::RemovePolicy { object, .. }
            | Self::Stale { object } => object,
            Self::Link { from, .. } | Self::Unlink { from, .. } => from,
        }
    }

    pub(crate) fn keys_mut(&mut self) -> Vec<&mut EntityKey> {
        match self {
            Self::Put { object, .. }
            | Self::Remove { object }
            | Self::Unset { object, .. }
            | Self::PutPolicy { object, .. }
            | Self::RemovePolicy { object, .. }
            | Self::Stale { object } => vec![object],
            Self::Link { from, to, .. } | Self::Unlink { from, to, .. } => vec![from, to],
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Remove { .. } => "remove",
            Self::Unset { .. } => "unset",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::PutPolicy { .. } => "put policy",
            Self::RemovePolicy { .. } => "remove policy",
            Self::Stale { .. } => "stale",
        }
    }
}

impl fmt::Debug for Op {
    /// Shows what is done to which key, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.name(), self.object())
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({:?} at {} by {})", self.op, self.at, self.evidence)
    }
}

/// What a change touches: graph and rules redo these and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The object changed and those whose rights follow from it: who holds the policy, who is in the group.
    pub objects: BTreeSet<EntityKey>,
}

impl Touched {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// How many edges a change brought and took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdgeChanges {
    /// Edges that were not there before.
    pub added: usize,
    /// Edges that are no more.
    pub removed: usize,
    /// Pairs of objects that were looked at.
    pub pairs: usize,
}

/// Why a change can not be applied. Nothing is learnt then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The inventory belongs to another tenant.
    #[error("the change is of another tenant than the inventory")]
    OtherTenant,
}
