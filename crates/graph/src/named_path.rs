//! Who gets where in a [`NamedGraph`]: cheapest paths, exposure, reach.
//!
//! Dijkstra (Numerische Mathematik 1, 1959) from all targets at once against the edges, O((V + E) log V);
//! breadth-first walks O(V + E). Equal efforts are ordered by node, so the same graph gives the same paths. No
//! bound on depth.

use crate::named::NamedGraph;
use core::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};

/// The cheapest way from each node to the nearest of some targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Ways {
    effort: Vec<f32>,
    /// The edge to follow; [`NONE`] at targets and where there is no way.
    next: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Ways {
    /// The effort −ln p of the cheapest way from `node`; `None` when there is none.
    pub fn effort(&self, node: u32) -> Option<f32> {
        self.effort.get(node as usize).copied().filter(|effort| effort.is_finite())
    }
}

/// A node that waits for its turn, by its effort.
#[derive(Clone, Copy, PartialEq)]
struct Waiting(f32, u32);

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl NamedGraph {
    /// The cheapest ways to the nearest of `targets`. O((V + E) log V).
    pub fn ways_to(&self, targets: &[u32]) -> Ways {
        let mut ways = Ways { effort: vec![f32::INFINITY; self.len()], next: vec![NONE; self.len()] };
        let mut heap = BinaryHeap::new();
        for target in targets {
            if let Some(effort) = ways.effort.get_mut(*target as usize) {
                *effort = 0.0;
                heap.push(Reverse(Waiting(0.0, *target)));
            }
        }
        while let Some(Reverse(Waiting(effort, node))) = heap.pop() {
            if ways.effort(node) != Some(effort) {
                continue;
            }
            for edge in self.into(node) {
                let through = effort + edge.effort;
                let at = edge.from as usize;
                let (Some(known), Some(next)) = (ways.effort.get_mut(at), ways.next.get_mut(at)) else {
                    continue;
                };
                if through < *known {
                    (*known, *next) = (through, edge.edge);
                    heap.push(Reverse(Waiting(through, edge.from)));
                }
            }
        }
        ways
    }

    /// The edges of the cheapest way from `node`; `None` when there is none, empty at a target.
    pub(crate) fn way(&self, ways: &Ways, node: u32) -> Option<Vec<u32>> {
        ways.effort(node)?;
        let mut edges = Vec::new();
        let mut at = node;
        while let Some(edge) = ways.next.get(at as usize).copied().filter(|edge| *edge != NONE) {
            edges.push(edge);
            at = self.edge(edge)?.1;
        }
        Some(edges)
    }

    /// Which nodes get to any of `targets`, these among them. O(V + E).
    pub fn exposed_to(&self, targets: &[u32]) -> Vec<bool> {
        self.exposed_without(targets, None)
    }

    /// The same, were the edges between two nodes gone.
    pub(crate) fn exposed_without(&self, targets: &[u32], cut: Option<(u32, u32)>) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut open: Vec<u32> = Vec::new();
        let mark = |node: u32, seen: &mut Vec<bool>, open: &mut Vec<u32>| {
            if let Some(flag) = seen.get_mut(node as usize)
                && !*flag
            {
                *flag = true;
                open.push(node);
            }
        };
        for target in targets {
            mark(*target, &mut seen, &mut open);
        }
        while let Some(node) = open.pop() {
            for edge in self.into(node) {
                if cut != Some((edge.from, node)) {
                    mark(edge.from, &mut seen, &mut open);
                }
            }
        }
        seen
    }

    /// The nodes of `targets` and all that get to one through edges of `kind` alone. O(V + E).
    pub fn belonging_to(&self, targets: &[u32], kind: &str) -> BTreeSet<u32> {
        let mut all: BTreeSet<u32> = targets.iter().copied().collect();
        let mut open = targets.to_vec();
        while let Some(node) = open.pop() {
            for edge in self.into(node) {
                let fits = self.step_of(edge.edge).is_some_and(|step| self.kind_of(step) == kind);
                if fits && all.insert(edge.from) {
                    open.push(edge.from);
                }
            }
        }
        all
    }

    /// Which nodes `from` gets to, itself among them. O(V + E).
    pub fn reach_of(&self, from: u32) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut open = vec![from];
        if let Some(flag) = seen.get_mut(from as usize) {
            *flag = true;
        }
        while let Some(node) = open.pop() {
            for to in self.ends(node) {
                if let Some(flag) = seen.get_mut(*to as usize).filter(|flag| !**flag) {
                    *flag = true;
                    open.push(*to);
                }
            }
        }
        seen
    }
}
