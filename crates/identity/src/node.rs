//! What a directory keeps of one identifier and of one link.

use crate::class::Told;
use crate::{EntityClass, Link, LinkId, LinkKind, Strength, Validity};
use homeostat_core::{EntityKey, EventRef, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One identifier.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) key: EntityKey,
    pub(crate) told: Told,
    /// When it was last spoken of.
    pub(crate) last: Timestamp,
    /// Links that say what it is the same as.
    pub(crate) same: BTreeSet<LinkId>,
    /// Other links that lead away from it.
    pub(crate) out: BTreeSet<LinkId>,
    /// Other links that lead to it.
    pub(crate) into: BTreeSet<LinkId>,
    /// Identifiers named beside it in signals, rising.
    pub(crate) neighbours: Vec<u32>,
    /// The group it belongs to; derived.
    pub(crate) component: Option<u32>,
}

/// One link, with all spans of time in which it was told to hold.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) kind: LinkKind,
    pub(crate) strength: Strength,
    pub(crate) witness: Arc<str>,
    /// When it was first told.
    pub(crate) told: Timestamp,
    pub(crate) retracted: bool,
    // INVARIANT: rising, not empty, no two overlap or meet.
    pub(crate) periods: Vec<(Validity, EventRef)>,
}

impl Stored {
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        !self.retracted && self.periods.iter().any(|(valid, _)| valid.holds(at))
    }

    /// Takes in that it is told again; whether that tells anything new of when it holds or was first told.
    pub(crate) fn widen(&mut self, link: &Link, told: Timestamp) -> bool {
        // Of several witnesses and events the least stands, so that the order of arrival does not show.
        if link.witness < self.witness {
            self.witness = link.witness.clone();
        }
        let earlier = told < self.told;
        self.told = self.told.min(told);
        let covered = self.periods.iter_mut().find(|(held, _)| held.joined(link.valid) == Some(*held));
        if let Some((_, evidence)) = covered {
            if link.evidence < *evidence {
                *evidence = link.evidence.clone();
            }
            return earlier;
        }
        let mut all = (link.valid, link.evidence.clone());
        self.periods.retain(|(held, evidence)| match held.joined(all.0) {
            Some(both) => {
                all = (both, all.1.clone().min(evidence.clone()));
                false
            }
            None => true,
        });
        self.periods.push(all);
        self.periods.sort();
        true
    }
}

impl Node {
    pub(crate) fn new(key: EntityKey) -> Self {
        Self {
            key,
            told: Told::default(),
            last: Timestamp::UNKNOWN,
            same: BTreeSet::new(),
            out: BTreeSet::new(),
            into: BTreeSet::new(),
            neighbours: Vec::new(),
            component: None,
        }
    }

    pub(crate) fn class(&self) -> EntityClass {
        EntityClass::told(&self.key, self.told)
    }

    /// Whether it is of a kind that comes in masses and is not named again for long.
    pub(crate) fn is_fleeting(&self) -> bool {
        use EntityClass as C;
        matches!(self.class(), C::Session | C::Address | C::Process | C::File | C::Domain)
    }

    pub(crate) fn bytes(&self) -> usize {
        let links = self.same.len() + self.out.len() + self.into.len();
        240 + 2 * (self.key.value().len() + self.key.scope().len()) + 16 * links + 4 * self.neighbours.len()
    }
}
