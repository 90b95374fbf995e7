//! Acts that wait to be put in order of time.
//!
//! Logs come nearly in order: what comes after all others goes to the end of a queue in O(1), what does not into a
//! tree beside it in O(log n). Both are emptied by moment and id, so the order of arrival leaves no trace.

use crate::act::Act;
use std::collections::{BTreeMap, VecDeque};

type Key = (i64, u64);

/// Acts by moment and signal id, each key once.
#[derive(Clone, Default)]
pub(crate) struct Queue {
    // INVARIANT: keys rise.
    ordered: VecDeque<Act>,
    // INVARIANT: none of its keys is in `ordered`.
    others: BTreeMap<Key, Act>,
}

fn key(act: &Act) -> Key {
    (act.time, act.id.get())
}

impl PartialEq for Queue {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.acts().eq(other.acts())
    }
}

impl Queue {
    /// Puts `act` in; tells whether it stands in for another of its moment and id.
    pub(crate) fn insert(&mut self, act: Act) -> bool {
        let new = key(&act);
        let after_others = self.others.last_key_value().is_none_or(|(last, _)| *last < new);
        if after_others && self.ordered.back().is_none_or(|last| key(last) < new) {
            self.ordered.push_back(act);
            return false;
        }
        let same = self.ordered.binary_search_by_key(&new, key).ok();
        if let Some(place) = same.and_then(|at| self.ordered.get_mut(at)) {
            *place = act;
            return true;
        }
        self.others.insert(new, act).is_some()
    }

    /// Takes the first act out if it is not after `mark`.
    pub(crate) fn next_until(&mut self, mark: i64) -> Option<Act> {
        let one = self.ordered.front().map(key);
        let other = self.others.first_key_value().map(|(key, _)| *key);
        let beside = other.is_some_and(|other| one.is_none_or(|one| other < one));
        let first = if beside { other } else { one };
        first.filter(|(time, _)| *time <= mark)?;
        if beside { self.others.pop_first().map(|(_, act)| act) } else { self.ordered.pop_front() }
    }

    /// All of them, to be changed in what puts none elsewhere.
    pub(crate) fn acts_mut(&mut self) -> impl Iterator<Item = &mut Act> {
        self.ordered.iter_mut().chain(self.others.values_mut())
    }

    /// The latest moment.
    pub(crate) fn last(&self) -> Option<i64> {
        let other = self.others.last_key_value().map(|((time, _), _)| *time);
        self.ordered.back().map(|act| act.time).max(other)
    }

    pub(crate) fn len(&self) -> usize {
        self.ordered.len() + self.others.len()
    }

    /// All of them, in order. O(n).
    pub(crate) fn acts(&self) -> impl Iterator<Item = &Act> {
        let mut all: Vec<&Act> = self.ordered.iter().chain(self.others.values()).collect();
        all.sort_by_key(|act| key(act));
        all.into_iter()
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Act) -> bool) {
        self.ordered.retain(&keep);
        self.others.retain(|_, act| keep(act));
    }
}
