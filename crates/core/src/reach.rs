//! Who can get to what, and what that is worth: asked by incident and response, answered by the graph.

use crate::EntityKey;
use std::collections::BTreeMap;

/// What an entity is worth to its owner, from 0 (nothing) to 100 (the crown jewels).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(u8);

impl Value {
    /// Worth most.
    pub const MOST: Self = Self(100);

    /// `value`, at most 100.
    pub const fn new(value: u8) -> Self {
        if value > 100 { Self::MOST } else { Self(value) }
    }

    /// The number, `0..=100`.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The factor from 1 to 2 by which evidence about this entity weighs more.
    pub fn factor(self) -> f64 {
        1.0 + f64::from(self.0) / 100.0
    }
}

/// One step of a path: from whom to whom, by which kind of edge, and what proves that edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where the step starts.
    pub from: EntityKey,
    /// Where it ends.
    pub to: EntityKey,
    /// The kind of edge in the field's own word, such as `AssumeRole`.
    pub kind: String,
    /// The document, statement or event that makes the step possible.
    pub because: String,
}

/// Something that can be reached: the best way there and how likely it succeeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// What is reached.
    pub entity: EntityKey,
    /// The chance that the whole path succeeds, in `0.0..=1.0`.
    pub probability: f64,
    /// The best path; empty when the entity is reached because it is the start itself.
    pub path: Vec<Hop>,
}

/// Answers what an entity can reach now.
///
/// Laws: the answer MUST be the same for the same state, best first (by value, then probability, then key),
/// each path MUST lead from the entity asked about to the entity reached without a gap, and an entity of which
/// nothing is known reaches nothing.
pub trait Reach {
    /// What of value `from` can reach, the most valuable first.
    fn reachable(&self, from: &EntityKey) -> Vec<Reached>;
}

/// Answers what an entity is worth. Law: an entity of which nothing is known is worth 0.
pub trait Criticality {
    /// The worth of `entity`.
    fn value(&self, entity: &EntityKey) -> Value;
}

/// A [`Reach`] that knows what it was told: for products without a graph, and for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryReach(BTreeMap<EntityKey, Vec<Reached>>);

impl MemoryReach {
    /// Adds that `from` can get to `reached`.
    #[inline]
    pub fn insert(&mut self, from: EntityKey, reached: Reached) {
        self.0.entry(from).or_default().push(reached);
    }
}

impl Reach for MemoryReach {
    #[inline]
    fn reachable(&self, from: &EntityKey) -> Vec<Reached> {
        let mut known = self.0.get(from).cloned().unwrap_or_default();
        known.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.entity.cmp(&b.entity)));
        known
    }
}

/// A [`Criticality`] that knows what it was told.
#[derive(Clone, Debug, Default)]
pub struct MemoryValues(BTreeMap<EntityKey, Value>);

impl MemoryValues {
    /// States that `entity` is worth `value`.
    #[inline]
    pub fn insert(&mut self, entity: EntityKey, value: Value) {
        self.0.insert(entity, value);
    }
}

impl Criticality for MemoryValues {
    #[inline]
    fn value(&self, entity: &EntityKey) -> Value {
        self.0.get(entity).copied().unwrap_or_default()
    }
}
