//! Who gets where in a [`NamedGraph`]: the questions of its [`crate::Net`], asked by name.

use crate::distance::Distances;
use crate::named::NamedGraph;
use std::collections::BTreeSet;

impl NamedGraph {
    /// The edges of the cheapest way from `node`, by number; `None` when there is none, empty at a target.
    pub fn way(&self, distances: &Distances, node: u32) -> Option<Vec<u32>> {
        distances.effort(node)?;
        let nodes = distances.way(node);
        let steps = nodes.iter().zip(nodes.iter().skip(1));
        Some(steps.filter_map(|(from, to)| self.net().between(*from, *to)).collect())
    }

    /// The nodes of `targets` and all that get to one through edges of `kind` alone. O(V + E).
    pub fn belonging_to(&self, targets: &[u32], kind: &str) -> BTreeSet<u32> {
        let mut all: BTreeSet<u32> = targets.iter().copied().collect();
        let mut open = targets.to_vec();
        while let Some(node) = open.pop() {
            for half in self.net().back(node) {
                let mut between = self.net().all_between(half.node, node);
                let fits = between
                    .any(|(edge, _)| self.net().label(edge).is_some_and(|told| self.kind(*told) == kind));
                if fits && all.insert(half.node) {
                    open.push(half.node);
                }
            }
        }
        all
    }
}
