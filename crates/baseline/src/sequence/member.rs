//! What is known of one entity: its table, its last scores and, where it has no peers, the passages themselves.

use super::history::bucket;
use super::remembered::Remembered;
use super::transitions::{Trail, Transitions};
use std::collections::VecDeque;
use std::sync::Arc;

/// The last scores that make up an entity's share of its pool.
const SCORES: usize = 128;
/// From so many passages on scores count for the pool: those before tell of how little was known.
const SETTLED: u64 = 8;

/// The state of one entity.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) group: Option<Arc<str>>,
    pub(crate) own: Transitions,
    pub(crate) passages: u64,
    // INVARIANT: at most `SCORES` buckets.
    scores: VecDeque<u16>,
    pub(crate) remembered: Remembered,
}

impl Member {
    pub(crate) fn new(own: Transitions, group: Option<Arc<str>>) -> Self {
        Self { group, own, passages: 0, scores: VecDeque::new(), remembered: Remembered::default() }
    }

    /// Brings the entity into another group. Its habits stay; scores were against others, so they start anew.
    pub(crate) fn change_to(&mut self, group: Option<Arc<str>>) {
        self.group = group;
        self.scores.clear();
        self.remembered = Remembered::default();
    }

    /// The buckets of the last scores, oldest first.
    pub(crate) fn scores(&self) -> impl ExactSizeIterator<Item = u16> + '_ {
        self.scores.iter().copied()
    }

    /// Keeps a score; gives its bucket and that which it pushed out.
    pub(crate) fn keep(&mut self, score: f64) -> (Option<u16>, Option<u16>) {
        self.passages = self.passages.saturating_add(1);
        if self.passages <= SETTLED {
            return (None, None);
        }
        let gone = if self.scores.len() >= SCORES { self.scores.pop_front() } else { None };
        self.scores.push_back(bucket(score));
        (Some(bucket(score)), gone)
    }

    /// Takes over the scores that a snapshot holds; `false` when they are too many.
    pub(crate) fn restore_scores(&mut self, scores: Vec<u16>) -> bool {
        self.scores = scores.into();
        self.scores.len() <= SCORES
    }

    /// In how many passages the entity had a symbol.
    pub(crate) fn seen(&self, symbol: u32) -> f64 {
        self.own.follow(Trail::START, symbol).count
    }

    /// Bytes, its share of the group's table counted in.
    pub(crate) fn weight(&self) -> u64 {
        let places = self.own.places() * 20;
        let both = if self.group.is_some() { 2 * places } else { places };
        (both + self.scores.len() * 2 + self.remembered.weight() + size_of::<Self>()) as u64
    }
}
