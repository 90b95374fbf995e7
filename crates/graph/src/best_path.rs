//! The k cheapest ways without a loop, from one node to the nearest of some targets.
//!
//! Yen (Management Science 17(11), 1971) splits the ways that are left into disjoint sets after each answer, in Lawler's
//! form. Each set waits with a bound, its cheapest edge onwards and the known distance from there (Eppstein, SIAM J.
//! Computing 28(2), 1998), which is the answer itself when that way meets nothing of its own beginning; only else, and
//! only when its turn comes, A* (Hart, Nilsson and Raphael, 1968) with the same distances looks for the way.

use crate::distance::{Distances, NONE};
use crate::net::Net;
use core::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A way through a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct NetPath {
    /// The nodes in order, start and end among them.
    pub nodes: Vec<u32>,
    /// −ln p of the whole.
    pub effort: f64,
}

/// The ways that begin with `prefix` and do not go on to a node of `barred`.
struct Branch {
    bound: f64,
    prefix: Vec<u32>,
    /// Effort of the prefix.
    spent: f64,
    /// Where not to go next; [`NONE`] is to end here.
    barred: Vec<u32>,
    /// The best way on, once it is known.
    rest: Option<Vec<u32>>,
}

impl Branch {
    fn rank(&self) -> (bool, &[u32], Option<&[u32]>) {
        (self.rest.is_none(), &self.prefix, self.rest.as_deref())
    }
}

impl Ord for Branch {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then_with(|| self.rank().cmp(&other.rank()))
    }
}

impl PartialOrd for Branch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Branch {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Branch {}

impl<L> Net<L> {
    /// The `count` cheapest ways without a loop from `start` to the targets of `distances`, the cheapest first.
    ///
    /// Ways are told apart by their nodes; of several edges between two nodes the cheapest counts. A way may pass one
    /// target on the way to another. Fewer come back when there are no more.
    pub fn best_paths(&self, distances: &Distances, start: u32, count: usize) -> Vec<NetPath> {
        let search = Search { net: self, distances };
        let (mut found, mut open) = (Vec::new(), BinaryHeap::new());
        open.extend(search.branch(vec![start], 0.0, Vec::new()).map(Reverse));
        while let Some(Reverse(mut next)) = open.pop() {
            if found.len() == count {
                break;
            }
            if let Some(rest) = next.rest.take() {
                open.extend(search.split(&next, &rest).into_iter().map(Reverse));
                let nodes = [next.prefix, rest].concat();
                found.push(NetPath { nodes, effort: next.bound });
            } else if let Some((rest, effort)) = search.find(&next) {
                open.push(Reverse(Branch { bound: next.spent + effort, rest: Some(rest), ..next }));
            }
        }
        found
    }
}

struct Search<'a, L> {
    net: &'a Net<L>,
    distances: &'a Distances,
}

impl<L> Search<'_, L> {
    fn left(&self, node: u32) -> f64 {
        f64::from(self.distances.at(node))
    }

    fn is_target(&self, node: u32) -> bool {
        self.distances.effort(node).is_some() && self.distances.next(node).is_none()
    }

    /// The branch with its bound; `None` when nothing goes on.
    fn branch(&self, prefix: Vec<u32>, spent: f64, barred: Vec<u32>) -> Option<Branch> {
        let last = *prefix.last()?;
        let ends = self.is_target(last) && !barred.contains(&NONE);
        let mut best = (if ends { 0.0 } else { f64::INFINITY }, NONE);
        for half in self.net.out(last) {
            let through = f64::from(half.effort) + self.left(half.node);
            if through < best.0 && !barred.contains(&half.node) && !prefix.contains(&half.node) {
                best = (through, half.node);
            }
        }
        if !best.0.is_finite() {
            return None;
        }
        let rest = if best.1 == NONE { Vec::new() } else { self.distances.way(best.1) };
        let simple = rest.iter().all(|node| !prefix.contains(node));
        let rest = simple.then_some(rest);
        Some(Branch { bound: spent + best.0, prefix, spent, barred, rest })
    }

    /// All that is left of a branch without the way found in it.
    fn split(&self, from: &Branch, rest: &[u32]) -> Vec<Branch> {
        let mut branches = Vec::with_capacity(rest.len() + 1);
        let (mut prefix, mut spent, mut barred) = (from.prefix.clone(), from.spent, from.barred.clone());
        for node in rest.iter().copied().chain([NONE]) {
            barred.push(node);
            branches.extend(self.branch(prefix.clone(), spent, core::mem::take(&mut barred)));
            let step = prefix.last().and_then(|last| self.net.between(*last, node));
            if let Some(half) = step.and_then(|edge| self.net.edge(edge)) {
                spent += f64::from(half.effort);
            }
            prefix.push(node);
        }
        branches
    }

    /// The best way on from the end of the prefix, and its effort.
    fn find(&self, branch: &Branch) -> Option<(Vec<u32>, f64)> {
        let start = *branch.prefix.last()?;
        let closed: BTreeSet<u32> = branch.prefix.iter().copied().collect();
        let mut known: BTreeMap<u32, (f64, u32)> = BTreeMap::new();
        let mut open = BinaryHeap::new();
        let mut go = |node: u32, spent: f64, open: &mut BinaryHeap<Reverse<Waiting>>| {
            for half in self.net.out(node) {
                let (through, to) = (spent + f64::from(half.effort), half.node);
                let barred = closed.contains(&to) || (node == start && branch.barred.contains(&to));
                let total = through + self.left(to);
                let better = known.get(&to).is_none_or(|(least, _)| through < *least);
                if total.is_finite() && !barred && better {
                    known.insert(to, (through, node));
                    open.push(Reverse(Waiting { total, spent: through, node: to }));
                }
            }
        };
        go(start, 0.0, &mut open);
        let mut settled = BTreeSet::new();
        let end = loop {
            let Reverse(next) = open.pop()?;
            if self.is_target(next.node) {
                break next;
            }
            if settled.insert(next.node) {
                go(next.node, next.spent, &mut open);
            }
        };
        let mut nodes = vec![end.node];
        let mut at = end.node;
        while let Some((_, before)) = known.get(&at).filter(|(_, before)| *before != start) {
            nodes.push(*before);
            at = *before;
        }
        nodes.reverse();
        Some((nodes, end.spent))
    }
}

/// A node in the queue of A*.
#[derive(Clone, Copy, PartialEq)]
struct Waiting {
    total: f64,
    spent: f64,
    node: u32,
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.total.total_cmp(&other.total).then(self.node.cmp(&other.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    /// Every way without a loop, by trying all.
    fn all(net: &Net, targets: &[u32], path: &mut Vec<u32>, effort: f64, found: &mut Vec<(f64, Vec<u32>)>) {
        let last = *path.last().unwrap();
        if targets.contains(&last) {
            found.push((effort, path.clone()));
        }
        let mut ends: Vec<u32> = net.out(last).iter().map(|half| half.node).collect();
        ends.dedup();
        for to in ends {
            if !path.contains(&to) {
                let edge = net.edge(net.between(last, to).unwrap()).unwrap();
                path.push(to);
                all(net, targets, path, effort + f64::from(edge.effort), found);
                path.pop();
            }
        }
    }

    proptest! {
        #[test]
        fn the_cheapest_of_all_ways_come_first(
            edges in prop::collection::vec((0..7_u32, 0..7_u32, 1..30_u8), 0..26),
            targets in prop::collection::vec(0..7_u32, 1..3),
        ) {
            let edges = edges.into_iter();
            let net = Net::of(7, edges.map(|(from, to, effort)| NetEdge { from, to, effort: f32::from(effort) / 8.0, label: () }));
            let mut slow = Vec::new();
            all(&net, &targets, &mut vec![0], 0.0, &mut slow);
            slow.sort_by(|one, two| one.0.total_cmp(&two.0));
            let told = net.best_paths(&net.distances_to(&targets), 0, 12);
            prop_assert_eq!(told.len(), slow.len().min(12));
            for (path, (effort, _)) in told.iter().zip(&slow) {
                prop_assert!((path.effort - effort).abs() < 1e-9, "{} {}", path.effort, effort);
                prop_assert!(slow.iter().any(|(_, nodes)| *nodes == path.nodes));
            }
            let distinct: BTreeSet<&Vec<u32>> = told.iter().map(|path| &path.nodes).collect();
            prop_assert_eq!(distinct.len(), told.len());
        }
    }
}
