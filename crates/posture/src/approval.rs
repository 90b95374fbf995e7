//! What somebody took responsibility for: approved deviations, and states that are known and good enough.

use core::fmt;
use homeostat_core::{EntityKey, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A deviation that somebody approves of, for a time.
///
/// An approval is in force while the clock, which [`crate::Op::Tick`] moves, is known and before `until`: without
/// a clock nothing is approved.
#[derive(Clone, PartialEq, Eq)]
pub struct Approval {
    /// The id of a rule, or the claim of several.
    pub about: String,
    /// On which object.
    pub object: EntityKey,
    /// Who approves.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Until when; an approval without an end is none.
    pub until: Timestamp,
}

impl Approval {
    /// Whether it is in force at `clock`.
    pub fn is_in_force(&self, clock: Timestamp) -> bool {
        clock.is_moment() && self.until.is_moment() && clock < self.until
    }
}

impl fmt::Debug for Approval {
    /// Shows what it is about and until when, neither who nor why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Approval({} on {:?} until {})", self.about, self.object, self.until)
    }
}

/// A state that was found known and good enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGood {
    /// What it is called.
    pub name: String,
    /// When it was settled.
    pub at: Timestamp,
    /// The claims that were open then, with their objects.
    pub(crate) claims: BTreeSet<(Arc<str>, EntityKey)>,
}

impl KnownGood {
    /// Whether `claim` on `object` was open then.
    pub fn has(&self, claim: &str, object: &EntityKey) -> bool {
        self.claims.contains(&(claim.into(), object.clone()))
    }

    /// How many claims were open then.
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// Whether nothing was open then.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EntityKind;

    #[test]
    fn an_approval_needs_a_clock_and_an_end() {
        let object = EntityKey::new(EntityKind::NativeId, "acme", "share").unwrap();
        let (who, reason) = ("marked".to_owned(), "marked".to_owned());
        let until = Timestamp::from_micros(10);
        let approval = Approval { about: "public-read".into(), object, who, reason, until };
        assert!(approval.is_in_force(Timestamp::from_micros(9)));
        assert!(!approval.is_in_force(Timestamp::from_micros(10)));
        assert!(!approval.is_in_force(Timestamp::UNKNOWN));
        let endless = Approval { until: Timestamp::NEVER, ..approval.clone() };
        assert!(!endless.is_in_force(Timestamp::from_micros(9)));
        assert!(!format!("{approval:?}").contains("marked"));
    }
}
