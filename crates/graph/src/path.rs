//! Cheapest paths, exposure and blast radius.
//!
//! Dijkstra (Numerische Mathematik 1, 1959) over the effort −ln p, O((V + E) log V); the cheapest path is the
//! most likely one. Equal efforts are ordered by steps, then by key, so the same graph gives the same path.
//! There is no bound on depth.

use crate::edge::Edge;
use crate::graph::Graph;
use core::cmp::{Ordering, Reverse};
use core::fmt;
use homeostat_core::{Criticality, EntityKey, Hop, Reach, Reached, Value};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Steps from one node to another.
#[derive(Clone, PartialEq)]
pub struct Path {
    /// The steps, in order. Empty when start and end are the same.
    pub steps: Vec<Edge>,
    /// The chance that all of them succeed, in `0.0..=1.0`.
    pub probability: f64,
}

impl Path {
    fn of(steps: Vec<Edge>) -> Self {
        let probability = steps.iter().map(|edge| edge.probability).product();
        Self { steps, probability }
    }

    /// The step that is least likely to succeed; the first of several.
    pub fn weakest(&self) -> Option<&Edge> {
        let each = self.steps.iter();
        each.min_by(|a, b| a.probability.total_cmp(&b.probability))
    }

    /// Whether any step rests on an object that changed in a way nobody told.
    pub fn is_stale(&self) -> bool {
        self.steps.iter().any(|edge| edge.stale)
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({:?}, {:.3})", self.steps, self.probability)
    }
}

/// Which way to go along the edges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Along,
    Against,
}

/// Where an edge is held: source node, place among its edges.
type Place = (u32, usize);

/// The tree of cheapest paths.
struct Tree {
    /// Per node: effort and the edge by which it was reached; `None` for starts.
    reached: BTreeMap<u32, (f64, Option<Place>)>,
}

/// A node waiting to be settled: effort, steps, key, number and the edge that leads to it.
struct Waiting<'a> {
    effort: f64,
    steps: u32,
    key: &'a EntityKey,
    node: u32,
    by: Option<Place>,
    edge: Option<&'a Edge>,
}

impl Ord for Waiting<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let effort = self.effort.total_cmp(&other.effort);
        let edge = |waiting: &Self| waiting.edge.map(Edge::order);
        effort
            .then_with(|| (self.steps, self.key).cmp(&(other.steps, other.key)))
            .then_with(|| edge(self).cmp(&edge(other)))
    }
}

impl PartialOrd for Waiting<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting<'_> {}

impl Graph {
    /// The most likely path between two nodes; `None` when there is none.
    pub fn path(&self, from: &EntityKey, to: &EntityKey) -> Option<Path> {
        let (start, end) = (self.nodes.find(from)?, self.nodes.find(to)?);
        self.forward(&self.grow(&[start], Way::Along), end)
    }

    /// The most likely path to full authority over any account; empty when `from` is an account.
    pub fn path_to_administrator(&self, from: &EntityKey) -> Option<Path> {
        self.backward(&self.to_accounts(), self.nodes.find(from)?)
    }

    /// All principals that can get full authority over some account, each with its most likely path.
    ///
    /// One search against the edges serves them all: O((V + E) log V) and the length of the paths.
    pub fn can_reach_administrator(&self) -> BTreeMap<EntityKey, Path> {
        let tree = self.to_accounts();
        let each = self
            .principals()
            .filter_map(|key| Some((key.clone(), self.backward(&tree, self.nodes.find(key)?)?)));
        each.collect()
    }

    /// What `from` can get to, with the most likely path to each, the most valuable first.
    pub fn blast_radius(&self, from: &EntityKey) -> Vec<(Value, EntityKey, Path)> {
        let Some(start) = self.nodes.find(from) else { return Vec::new() };
        let tree = self.grow(&[start], Way::Along);
        let ends = tree.reached.keys().filter(|node| **node != start);
        let each = ends.filter_map(|node| {
            let key = self.nodes.key(*node)?;
            Some((self.worth(key).unwrap_or_default(), key.clone(), self.forward(&tree, *node)?))
        });
        let mut all: Vec<_> = each.collect();
        all.sort_by(|(one, a, first), (two, b, second)| {
            two.cmp(one).then(second.probability.total_cmp(&first.probability)).then(a.cmp(b))
        });
        all
    }

    /// Who can get to `target`, with the most likely path from each, in the order of keys. Only principals are
    /// told: they are who may be taken over.
    pub fn exposure(&self, target: &EntityKey) -> BTreeMap<EntityKey, Path> {
        let Some(end) = self.nodes.find(target) else { return BTreeMap::new() };
        let tree = self.grow(&[end], Way::Against);
        let others = self.principals().filter(|key| *key != target);
        others.filter_map(|key| Some((key.clone(), self.backward(&tree, self.nodes.find(key)?)?))).collect()
    }

    /// The jewels that `from` can get to, by [`crate::ValueRules::jewel`], the most valuable first.
    pub fn jewels_in_reach(&self, from: &EntityKey) -> Vec<EntityKey> {
        let jewel = self.values().jewel;
        let reached = self.blast_radius(from).into_iter();
        let jewels = reached.filter(|(value, key, _)| *value >= jewel && !self.is_principal(key));
        jewels.map(|(_, key, _)| key).collect()
    }

    /// The edges that lead straight from one node to another.
    pub(crate) fn between(&self, from: &EntityKey, to: &EntityKey) -> impl Iterator<Item = &Edge> {
        let out = self.nodes.find(from).and_then(|from| self.out.get(from as usize));
        let end = self.nodes.find(to);
        out.into_iter().flatten().filter(move |held| Some(held.to) == end).map(|held| &held.edge)
    }

    /// How many principals would still get to some account if the edges from `from` to `to` were gone.
    pub(crate) fn reaching_without(&self, from: &EntityKey, to: &EntityKey) -> usize {
        let cut = self.nodes.find(from).zip(self.nodes.find(to));
        let back = self.against();
        let mut open: Vec<u32> = self.accounts().filter_map(|key| self.nodes.find(key)).collect();
        let mut seen: BTreeSet<u32> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            for place in back.get(node as usize).into_iter().flatten() {
                let possible = self.held(*place).is_some_and(|held| held.edge.probability > 0.0);
                if possible && cut != Some((place.0, node)) && seen.insert(place.0) {
                    open.push(place.0);
                }
            }
        }
        self.principals().filter_map(|key| self.nodes.find(key)).filter(|node| seen.contains(node)).count()
    }

    fn to_accounts(&self) -> Tree {
        let accounts: Vec<u32> = self.accounts().filter_map(|key| self.nodes.find(key)).collect();
        self.grow(&accounts, Way::Against)
    }

    fn grow(&self, starts: &[u32], way: Way) -> Tree {
        let back = if way == Way::Against { self.against() } else { Vec::new() };
        let mut reached: BTreeMap<u32, (f64, Option<Place>)> = BTreeMap::new();
        let mut heap = BinaryHeap::new();
        let waiting = |node: u32, effort: f64, steps: u32, by: Option<Place>| {
            Some(Reverse(Waiting {
                effort,
                steps,
                key: self.nodes.key(node)?,
                node,
                by,
                edge: by.and_then(|by| Some(&self.held(by)?.edge)),
            }))
        };
        heap.extend(starts.iter().filter_map(|node| waiting(*node, 0.0, 0, None)));
        while let Some(Reverse(next)) = heap.pop() {
            if reached.contains_key(&next.node) {
                continue;
            }
            reached.insert(next.node, (next.effort, next.by));
            let steps = next.steps.saturating_add(1);
            match way {
                Way::Along => {
                    for (place, held) in self.out.get(next.node as usize).into_iter().flatten().enumerate() {
                        let effort = next.effort + effort(held.edge.probability);
                        if effort.is_finite() && !reached.contains_key(&held.to) {
                            heap.extend(waiting(held.to, effort, steps, Some((next.node, place))));
                        }
                    }
                }
                Way::Against => {
                    for place in back.get(next.node as usize).into_iter().flatten() {
                        let Some(held) = self.held(*place) else { continue };
                        let effort = next.effort + effort(held.edge.probability);
                        if effort.is_finite() && !reached.contains_key(&place.0) {
                            heap.extend(waiting(place.0, effort, steps, Some(*place)));
                        }
                    }
                }
            }
        }
        Tree { reached }
    }

    /// Per node, where the edges are held that lead to it.
    fn against(&self) -> Vec<Vec<Place>> {
        let mut back = vec![Vec::new(); self.nodes.len()];
        for (from, out) in (0_u32..).zip(&self.out) {
            for (place, held) in out.iter().enumerate() {
                if let Some(places) = back.get_mut(held.to as usize) {
                    places.push((from, place));
                }
            }
        }
        back
    }

    fn held(&self, (from, place): Place) -> Option<&crate::graph::Held> {
        self.out.get(from as usize)?.get(place)
    }

    /// The path that the tree, grown along the edges, has to `end`.
    fn forward(&self, tree: &Tree, end: u32) -> Option<Path> {
        let mut steps = Vec::new();
        let mut by = tree.reached.get(&end)?.1;
        while let Some(place) = by {
            steps.push(self.held(place)?.edge.clone());
            by = tree.reached.get(&place.0)?.1;
        }
        steps.reverse();
        Some(Path::of(steps))
    }

    /// The path that the tree, grown against the edges, has from `start`.
    fn backward(&self, tree: &Tree, start: u32) -> Option<Path> {
        let mut steps = Vec::new();
        let mut by = tree.reached.get(&start)?.1;
        while let Some(place) = by {
            let held = self.held(place)?;
            steps.push(held.edge.clone());
            by = tree.reached.get(&held.to)?.1;
        }
        Some(Path::of(steps))
    }
}

/// The effort of a step, −ln p.
fn effort(probability: f64) -> f64 {
    if probability > 0.0 { -libm::log(probability) } else { f64::INFINITY }
}

impl Reach for Graph {
    fn reachable(&self, from: &EntityKey) -> Vec<Reached> {
        let each = self.blast_radius(from).into_iter().map(|(_, entity, path)| {
            let hop = |edge: &Edge| Hop {
                from: edge.from.clone(),
                to: edge.to.clone(),
                kind: self.kinds().name(edge.kind).to_owned(),
                because: edge.because.join("; "),
            };
            Reached { entity, probability: path.probability, path: path.steps.iter().map(hop).collect() }
        });
        each.collect()
    }
}

impl Criticality for Graph {
    fn value(&self, entity: &EntityKey) -> Value {
        self.worth(entity).unwrap_or_default()
    }
}
