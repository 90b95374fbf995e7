//! One change to the configuration that posture watches.

use crate::approval::Approval;
use crate::patch::Patch;
use core::fmt;
use homeostat_core::{EntityKey, EventRef, TenantId, Timestamp};
use serde_json::{Map, Value};

/// Something that changed, or that somebody decided.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// Whose estate.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// The event or record that says so.
    pub evidence: EventRef,
    /// What.
    pub op: Op,
}

/// What changed. Documents are JSON texts of one object each, as the provider's interface returns them.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// These members of the object's document are as told; others stay. `null` says that it was read and is not set.
    Put {
        /// Which object.
        object: EntityKey,
        /// What it is, such as `aws.s3.bucket`.
        kind: String,
        /// The members.
        document: String,
    },
    /// This is the whole document of the object.
    Replace {
        /// Which object.
        object: EntityKey,
        /// What it is.
        kind: String,
        /// The document.
        document: String,
    },
    /// A fix was carried out.
    Patch {
        /// On which object.
        object: EntityKey,
        /// What it does to the document.
        patch: Patch,
    },
    /// A member changed in a way that nobody told: it is unread from here on.
    Unread {
        /// Of which object.
        object: EntityKey,
        /// The member's name.
        member: String,
    },
    /// The object is gone.
    Remove {
        /// Which object.
        object: EntityKey,
    },
    /// Time goes on: what has come of age is looked at, approvals end.
    Tick,
    /// Somebody approves of a deviation.
    Approve(Approval),
    /// An approval ends before its time.
    Withdraw {
        /// Rule or claim.
        about: String,
        /// On which object.
        object: EntityKey,
    },
    /// What is open now is known and good enough: drift is counted from here.
    Settle {
        /// What this state is called.
        name: String,
    },
    /// A finding belongs to a story, such as an incident; should it come back, the story is named.
    Tell {
        /// The claim of the finding.
        claim: String,
        /// On which object.
        object: EntityKey,
        /// What the story is called.
        story: String,
    },
}

impl Op {
    /// The object it is about; `None` for what is about all.
    pub fn object(&self) -> Option<&EntityKey> {
        match self {
            Self::Put { object, .. }
            | Self::Replace { object, .. }
            | Self::Patch { object, .. }
            | Self::Unread { object, .. }
            | Self::Remove { object }
            | Self::Withdraw { object, .. }
            | Self::Tell { object, .. } => Some(object),
            Self::Approve(approval) => Some(&approval.object),
            Self::Tick | Self::Settle { .. } => None,
        }
    }

    /// Whether it tells how things are, and not what somebody decided.
    pub(crate) fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Put { .. }
                | Self::Replace { .. }
                | Self::Patch { .. }
                | Self::Unread { .. }
                | Self::Remove { .. }
        )
    }

    /// Whether its document can be read.
    pub(crate) fn check(&self) -> Result<(), ChangeError> {
        match self {
            Self::Put { document, .. } | Self::Replace { document, .. } => members(document).map(drop),
            _ => Ok(()),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Replace { .. } => "replace",
            Self::Patch { .. } => "patch",
            Self::Unread { .. } => "unread",
            Self::Remove { .. } => "remove",
            Self::Tick => "tick",
            Self::Approve(_) => "approve",
            Self::Withdraw { .. } => "withdraw",
            Self::Settle { .. } => "settle",
            Self::Tell { .. } => "tell",
        }
    }
}

/// The members of a document.
pub(crate) fn members(document: &str) -> Result<Map<String, Value>, ChangeError> {
    if document.len() > crate::Posture::DOCUMENT_LIMIT {
        return Err(ChangeError::TooLong);
    }
    serde_json::from_str(document).map_err(|_| ChangeError::NotAnObject)
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

/// Why a change can not be applied. Nothing is learnt then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The estate belongs to another tenant.
    #[error("the change is of another tenant than the estate")]
    OtherTenant,
    /// The document is no JSON object.
    #[error("the document is no JSON object")]
    NotAnObject,
    /// The document is longer than [`crate::Posture::DOCUMENT_LIMIT`].
    #[error("the document is longer than {} bytes", crate::Posture::DOCUMENT_LIMIT)]
    TooLong,
    /// The patch does not fit the document.
    #[error("the patch does not fit the document")]
    Misfit,
}
