//! Whether an asset is contained: looked at before, during and after a capture, and never changed by it.
//!
//! A capture has no way to change it: all it holds is a [`Watch`], which only tells.

use core::fmt;
use homeostat_response::{Observed, Target};
use serde::{Deserialize, Serialize};

/// How an asset is contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Containment {
    /// Nothing holds it.
    Free,
    /// It is cut off.
    Contained,
    /// It is cut off in part, or somebody else changed what holds it.
    Partial,
    /// It could not be looked at. Treated as contained: nothing may depend on a way out.
    Unknown,
}

impl Containment {
    /// Whether a channel that needs a way out may be used.
    pub fn leaves_egress(self) -> bool {
        self == Self::Free
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Contained => "contained",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the `observe` of a containment's actuator saw.
impl From<Observed> for Containment {
    fn from(seen: Observed) -> Self {
        match seen {
            Observed::InForce => Self::Contained,
            Observed::NotInForce => Self::Free,
            Observed::Partial | Observed::Conflict => Self::Partial,
        }
    }
}

/// Tells how a target is contained.
///
/// Laws: it MUST change nothing, and MUST say [`Containment::Unknown`] rather than guess. Any closure is one.
pub trait Watch: Send + Sync {
    /// How `target` is contained now.
    fn look(&self, target: &Target) -> Containment;
}

impl<F: Fn(&Target) -> Containment + Send + Sync> Watch for F {
    fn look(&self, target: &Target) -> Containment {
        self(target)
    }
}

/// Nobody can tell how anything is contained.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn look(&self, _: &Target) -> Containment {
        Containment::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_free_leaves_a_way_out() {
        for (seen, expected) in [
            (Observed::InForce, Containment::Contained),
            (Observed::NotInForce, Containment::Free),
            (Observed::Partial, Containment::Partial),
            (Observed::Conflict, Containment::Partial),
        ] {
            let state = Containment::from(seen);
            assert_eq!(state, expected);
            assert_eq!(state.leaves_egress(), state == Containment::Free);
        }
        assert!(!Containment::Unknown.leaves_egress());
    }
}
