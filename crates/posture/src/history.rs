//! What became of each claim about each object: found, fixed, back again.
//!
//! The history is kept by claim, not by rule: what was closed in a policy and comes back through an access list, a
//! group or a trust is the same thing back.

use crate::change::Change;
use crate::finding::{Finding, FindingId, Regression};
use homeostat_core::{EntityKey, EventRef, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One claim about one object, through time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    pub(crate) rule: Arc<str>,
    pub(crate) first: Timestamp,
    pub(crate) fixed: Option<(Timestamp, EventRef)>,
    pub(crate) times: u32,
    pub(crate) story: Option<String>,
}

impl Matter {
    /// The rule that found it last.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// When it was first found.
    pub fn first(&self) -> Timestamp {
        self.first
    }

    /// When it was fixed and what did so; `None` while it is open.
    pub fn fixed(&self) -> Option<(Timestamp, &EventRef)> {
        self.fixed.as_ref().map(|(at, by)| (*at, by))
    }

    /// How often it has come back.
    pub fn times(&self) -> u32 {
        self.times
    }

    /// The story it belongs to.
    pub fn story(&self) -> Option<&str> {
        self.story.as_deref()
    }
}

/// All matters of an estate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) matters: BTreeMap<(Arc<str>, EntityKey), Matter>,
}

impl History {
    pub(crate) fn matter(&self, claim: &str, object: &EntityKey) -> Option<&Matter> {
        self.matters.get(&(claim.into(), object.clone()))
    }

    /// Notes that the claim of `finding` holds from now on; tells what it is a return of.
    pub(crate) fn open(&mut self, finding: &Finding) -> Option<Regression> {
        let (claim, object): (Arc<str>, _) = (finding.claim().into(), finding.object().clone());
        let fresh = Matter {
            rule: finding.rule().into(),
            first: finding.since(),
            fixed: None,
            times: 0,
            story: None,
        };
        let matter = self.matters.entry((claim, object)).or_insert(fresh);
        let (fixed, fixed_by) = matter.fixed.take()?;
        matter.times = matter.times.saturating_add(1);
        let regression = Regression {
            earlier: FindingId::of(&matter.rule, finding.object()),
            rule: matter.rule.to_string(),
            first: matter.first,
            fixed,
            fixed_by,
            times: matter.times,
            story: matter.story.clone(),
        };
        matter.rule = finding.rule().into();
        Some(regression)
    }

    /// Notes that the claim of `finding` holds no more.
    pub(crate) fn close(&mut self, finding: &Finding, change: &Change) {
        let key = (finding.claim().into(), finding.object().clone());
        if let Some(matter) = self.matters.get_mut(&key) {
            matter.fixed = Some((change.at, change.evidence.clone()));
        }
    }

    /// Notes which story the claim belongs to.
    pub(crate) fn tell(&mut self, claim: &str, object: &EntityKey, story: &str) {
        if let Some(matter) = self.matters.get_mut(&(claim.into(), object.clone())) {
            matter.story = Some(story.to_owned());
        }
    }

    pub(crate) fn forget(&mut self, object: &EntityKey) -> bool {
        let before = self.matters.len();
        self.matters.retain(|(_, own), _| own != object);
        self.matters.len() != before
    }
}
