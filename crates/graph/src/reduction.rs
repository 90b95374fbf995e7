//! Which few edges to take away first: the change that lowers risk most, then the next.
//!
//! Greedy, since the best set of k edges is W[1]-hard to find (Guo et al., arXiv 2112.13175): each round asks what-if of every
//! edge on a cheapest way of an entry, microseconds each, and takes the best away.

use crate::live::{EdgeChange, LiveNet};
use crate::net::NetEdge;
use crate::node_set::NodeSet;
use std::collections::BTreeSet;

/// An edge worth taking away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reduction<L> {
    /// The edge.
    pub edge: NetEdge<L>,
    /// By how much the chance of the best way, summed over the entries, changes after those before it are gone: below zero.
    pub risk_change: f64,
}

impl<L: Copy + Default + PartialEq> LiveNet<L> {
    /// Up to `count` edges whose removal lowers the risk of `entries` most, one after the other. Nothing is changed.
    ///
    /// O(V + E) for a copy, and for each round the edges on the ways of the entries times what a change affects. Edges of
    /// which `removable` says no are left alone; fewer come back when nothing helps any more.
    pub fn reductions(
        &self,
        entries: &[u32],
        count: usize,
        removable: impl Fn(&NetEdge<L>) -> bool,
    ) -> Vec<Reduction<L>> {
        let mut live = self.clone();
        let watched = NodeSet::of(live.nodes(), entries.iter().copied());
        let mut found = Vec::new();
        while found.len() < count {
            let mut best: Option<Reduction<L>> = None;
            for edge in live.on_ways(entries).into_iter().filter(&removable) {
                let risk_change = live.what_if(&[EdgeChange::Remove(edge)]).risk_change(&watched);
                if risk_change < best.as_ref().map_or(0.0, |best| best.risk_change) {
                    best = Some(Reduction { edge, risk_change });
                }
            }
            let Some(best) = best else { break };
            live.apply(&EdgeChange::Remove(best.edge));
            found.push(best);
        }
        found
    }

    /// The edges on the cheapest ways of `entries`, each once, in the order of their ends.
    fn on_ways(&self, entries: &[u32]) -> Vec<NetEdge<L>> {
        let mut steps = BTreeSet::new();
        for entry in entries {
            let mut at = *entry;
            while let Some(next) = self.distances().next(at) {
                if !steps.insert((at, next)) {
                    break;
                }
                at = next;
            }
        }
        steps.into_iter().filter_map(|(from, to)| self.between(from, to)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Net;

    #[test]
    fn the_edge_that_all_need_goes_first_and_the_detour_next() {
        let edge = |from, to, effort: f32| NetEdge { from, to, effort, label: () };
        // Three entries meet at 3; from there a short way and a long one lead to 5.
        let edges = [
            edge(0, 3, 0.1),
            edge(1, 3, 0.1),
            edge(2, 3, 0.1),
            edge(3, 5, 0.2),
            edge(3, 4, 1.0),
            edge(4, 5, 1.0),
        ];
        let live = LiveNet::new(Net::of(6, edges), &[5]);
        let told = live.reductions(&[0, 1, 2], 5, |_| true);
        let ends: Vec<(u32, u32)> = told.iter().map(|one| (one.edge.from, one.edge.to)).collect();
        assert_eq!(ends, [(3, 5), (3, 4)]);
        assert!(told.iter().all(|one| one.risk_change < 0.0) && live.reaching() == 6);
        let kept = live.reductions(&[0, 1, 2], 1, |edge| edge.from != 3);
        assert_eq!((kept.len(), kept[0].edge.to), (1, 3));
    }
}
