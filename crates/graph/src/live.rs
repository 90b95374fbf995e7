//! Distances to the jewels and who gets to them, kept true under every change of an edge.
//!
//! Ramalingam and Reps, "An incremental algorithm for a generalization of the shortest-path problem" (J. Algorithms 21(2),
//! 1996): a new edge lowers what it makes cheaper; an edge that goes takes back those whose way led over it and finds them
//! new ways. O(affected nodes and their edges, log of them); when more than a twentieth of the nodes is affected, all is
//! worked out anew, which is cheaper then. The result has the bits of a computation from scratch.

use crate::distance::{Distances, NONE};
use crate::net::{Half, Net, NetEdge};
use crate::node_set::NodeSet;
use core::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// A change of one edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EdgeChange<L> {
    /// The edge is new.
    Insert(NetEdge<L>),
    /// The edge with these ends and this label is gone, of several the easiest; its effort is not looked at.
    Remove(NetEdge<L>),
}

/// A node whose effort to the nearest jewel changed. Infinite: it does not get there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The node.
    pub node: u32,
    /// Its effort before.
    pub before: f32,
    /// Its effort after.
    pub after: f32,
}

/// What a set of changes would bring.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhatIf {
    /// The nodes whose effort would change.
    pub moved: Vec<Moved>,
    /// How many nodes would get to a jewel.
    pub reaching: usize,
}

impl WhatIf {
    /// By how much the chance of the best way, summed over `entries`, would change; below zero is better.
    pub fn risk_change(&self, entries: &NodeSet) -> f64 {
        let watched = self.moved.iter().filter(|moved| entries.contains(moved.node));
        let chance = |effort: f32| libm::exp(-f64::from(effort));
        watched.map(|moved| chance(moved.after) - chance(moved.before)).sum()
    }
}

/// A graph that changes, with the distances to its jewels.
///
/// ```
/// use homeostat_graph::{EdgeChange, LiveNet, Net, NetEdge};
///
/// let edge = |from, to| NetEdge { from, to, effort: 0.5, label: () };
/// let mut live = LiveNet::new(Net::of(4, [edge(0, 1), edge(1, 3)]), &[3]);
/// let cut = live.what_if(&[EdgeChange::Remove(edge(1, 3))]);
/// assert_eq!((cut.reaching, cut.moved.len(), live.reaching()), (1, 2, 3));
/// live.apply(&EdgeChange::Insert(edge(2, 0)));
/// assert_eq!((live.distances().effort(2), live.reaching()), (Some(1.5), 4));
/// ```
#[derive(Clone, Debug)]
pub struct LiveNet<L = ()> {
    // INVARIANT: an edge of `net` that is gone has an infinite effort at both of its ends.
    net: Net<L>,
    added: BTreeMap<u32, Vec<(Half, L)>>,
    added_in: BTreeMap<u32, Vec<Half>>,
    /// The nodes that `added` or `added_in` know.
    touched: NodeSet,
    targets: Vec<u32>,
    // INVARIANT: equal to `distances_to(targets)` on all edges that are there.
    distances: Distances,
    reaching: usize,
    /// Scratch: who is affected. Empty between changes.
    affected: NodeSet,
    /// What was overwritten, while a what-if runs.
    journal: Option<Vec<(u32, Half)>>,
    recomputed: u64,
}

impl<L: Copy + Default + PartialEq> LiveNet<L> {
    /// The graph `net`, watched for ways to `targets`. O(V + E).
    pub fn new(net: Net<L>, targets: &[u32]) -> Self {
        let distances = net.distances_to(targets);
        Self {
            added: BTreeMap::new(),
            added_in: BTreeMap::new(),
            touched: NodeSet::new(net.len()),
            targets: targets.to_vec(),
            reaching: distances.reaching(),
            distances,
            affected: NodeSet::new(net.len()),
            journal: None,
            recomputed: 0,
            net,
        }
    }

    /// The effort from each node to the nearest jewel.
    pub fn distances(&self) -> &Distances {
        &self.distances
    }

    pub(crate) fn nodes(&self) -> usize {
        self.net.len()
    }

    /// The edge of least effort from one node to another.
    pub(crate) fn between(&self, from: u32, to: u32) -> Option<NetEdge<L>> {
        let base = self.net.all_between(from, to).filter_map(|(number, effort)| {
            Some(NetEdge { from, to, effort, label: *self.net.label(number)? })
        });
        let added = self.added.get(&from).into_iter().flatten().filter(|(half, _)| half.node == to);
        let added = added.map(|(half, label)| NetEdge { from, to, effort: half.effort, label: *label });
        let alive = base.chain(added).filter(|edge| edge.effort.is_finite());
        alive.min_by(|one, two| one.effort.total_cmp(&two.effort))
    }

    /// How many nodes get to a jewel, these among them.
    pub fn reaching(&self) -> usize {
        self.reaching
    }

    /// How often everything was worked out anew, because one change affected too much.
    pub fn recomputed(&self) -> u64 {
        self.recomputed
    }

    /// Applies a change; whether there was anything to change. An edge that can not be followed, or whose ends the graph
    /// does not have, is no change.
    pub fn apply(&mut self, change: &EdgeChange<L>) -> bool {
        match change {
            EdgeChange::Insert(edge) => self.insert(edge),
            EdgeChange::Remove(edge) => match self.take(edge, None) {
                Some(effort) => {
                    self.mend(edge, effort);
                    true
                }
                None => false,
            },
        }
    }

    /// What `changes` would bring, applied in order. Nothing is changed when it is told.
    pub fn what_if(&mut self, changes: &[EdgeChange<L>]) -> WhatIf {
        let reaching = self.reaching;
        self.journal = Some(Vec::new());
        let mut undone = Vec::with_capacity(changes.len());
        for change in changes {
            match change {
                EdgeChange::Insert(edge) if self.insert(edge) => undone.push(EdgeChange::Remove(*edge)),
                EdgeChange::Remove(edge) => {
                    if let Some(effort) = self.take(edge, None) {
                        self.mend(edge, effort);
                        undone.push(EdgeChange::Insert(NetEdge { effort, ..*edge }));
                    }
                }
                EdgeChange::Insert(_) => {}
            }
        }
        let journal = self.journal.take().unwrap_or_default();
        let told = WhatIf { moved: self.moved(&journal), reaching: self.reaching };
        for (node, before) in journal.into_iter().rev() {
            if let Some(way) = self.distances.ways.get_mut(node as usize) {
                *way = before;
            }
        }
        self.reaching = reaching;
        for change in undone.into_iter().rev() {
            match change {
                EdgeChange::Insert(edge) => self.put(&edge),
                EdgeChange::Remove(edge) => drop(self.take(&edge, Some(edge.effort))),
            }
        }
        told
    }

    /// What differs from the first that was overwritten of each node.
    fn moved(&self, journal: &[(u32, Half)]) -> Vec<Moved> {
        let mut first: BTreeMap<u32, f32> = BTreeMap::new();
        for (node, before) in journal {
            first.entry(*node).or_insert(before.effort);
        }
        let each =
            first.into_iter().map(|(node, before)| Moved { node, before, after: self.distances.at(node) });
        each.filter(|moved| moved.before.to_bits() != moved.after.to_bits()).collect()
    }

    /// The graph as it is now, packed. O(V + E).
    pub fn snapshot(&self) -> Net<L> {
        let nodes = u32::try_from(self.net.len()).unwrap_or(u32::MAX);
        let base = (0..nodes).flat_map(|from| self.net.numbers(from).map(move |edge| (from, edge)));
        let base = base.filter_map(|(from, edge)| {
            let half = self.net.edge(edge).filter(|half| half.effort.is_finite())?;
            Some(NetEdge { from, to: half.node, effort: half.effort, label: *self.net.label(edge)? })
        });
        let added = self.added.iter().flat_map(|(from, halves)| halves.iter().map(|half| (*from, *half)));
        let added =
            added.map(|(from, (half, label))| NetEdge { from, to: half.node, effort: half.effort, label });
        Net::of(nodes, base.chain(added))
    }

    /// Packs what was added and lets go of what was removed. O(V + E); answers stay the same.
    pub fn compact(&mut self) {
        self.net = self.snapshot();
        self.added.clear();
        self.added_in.clear();
        self.touched = NodeSet::new(self.net.len());
    }

    fn insert(&mut self, edge: &NetEdge<L>) -> bool {
        let known = (edge.from.max(edge.to) as usize) < self.net.len();
        if !known || !edge.effort.is_finite() || edge.effort < 0.0 {
            return false;
        }
        self.put(edge);
        let through = self.distances.at(edge.to) + edge.effort;
        if through < self.distances.at(edge.from) {
            self.set(edge.from, Half { node: edge.to, effort: through });
            self.settle(BinaryHeap::from([Reverse(Waiting(through, edge.from))]));
        }
        true
    }

    fn put(&mut self, edge: &NetEdge<L>) {
        if self.net.revive(edge) {
            return;
        }
        let half = Half { node: edge.to, effort: edge.effort };
        self.added.entry(edge.from).or_default().push((half, edge.label));
        let half = Half { node: edge.from, effort: edge.effort };
        self.added_in.entry(edge.to).or_default().push(half);
        self.touched.insert(edge.from);
        self.touched.insert(edge.to);
    }

    /// Takes the edge out of the store, one of this effort where one is told, else the easiest; its effort when it was
    /// there.
    fn take(&mut self, edge: &NetEdge<L>, effort: Option<f32>) -> Option<f32> {
        let effort = effort.or_else(|| self.easiest(edge))?;
        if self.net.bury(edge, effort) {
            return Some(effort);
        }
        let row = self.added.get_mut(&edge.from)?;
        let fits = |known: f32| effort.to_bits() == known.to_bits();
        let same =
            |(half, label): &(Half, L)| half.node == edge.to && *label == edge.label && fits(half.effort);
        let at = row.iter().position(same)?;
        row.remove(at);
        if let Some(row) = self.added_in.get_mut(&edge.to) {
            let same = |other: &Half| other.node == edge.from && fits(other.effort);
            if let Some(at) = row.iter().position(same) {
                row.remove(at);
            }
        }
        Some(effort)
    }

    /// The least effort of the edges with these ends and this label: in which order they came means nothing.
    fn easiest(&self, edge: &NetEdge<L>) -> Option<f32> {
        let own = |number| self.net.label(number) == Some(&edge.label);
        let base = self.net.all_between(edge.from, edge.to).filter(|(number, _)| own(*number));
        let added = self.added.get(&edge.from).into_iter().flatten();
        let added = added.filter(|(half, label)| half.node == edge.to && *label == edge.label);
        let all = base.map(|(_, effort)| effort).chain(added.map(|(half, _)| half.effort));
        all.filter(|effort| effort.is_finite()).min_by(f32::total_cmp)
    }

    fn set(&mut self, node: u32, way: Half) {
        let Some(known) = self.distances.ways.get_mut(node as usize) else { return };
        if let Some(journal) = &mut self.journal {
            journal.push((node, *known));
        }
        match (known.effort.is_finite(), way.effort.is_finite()) {
            (false, true) => self.reaching += 1,
            (true, false) => self.reaching = self.reaching.saturating_sub(1),
            _ => {}
        }
        *known = way;
    }

    fn back(&self, node: u32) -> impl Iterator<Item = Half> + '_ {
        let added = if self.touched.contains(node) { self.added_in.get(&node) } else { None };
        self.net.back(node).iter().chain(added.into_iter().flatten()).copied()
    }

    fn out(&self, node: u32) -> impl Iterator<Item = Half> + '_ {
        let added = if self.touched.contains(node) { self.added.get(&node) } else { None };
        self.net.out(node).iter().chain(added.into_iter().flatten().map(|(half, _)| half)).copied()
    }

    /// Carries lower efforts on to those before.
    fn settle(&mut self, mut heap: BinaryHeap<Reverse<Waiting>>) {
        let mut before = Vec::new();
        while let Some(Reverse(Waiting(effort, node))) = heap.pop() {
            if self.distances.at(node) < effort {
                continue;
            }
            before.extend(self.back(node));
            for half in before.drain(..) {
                let through = effort + half.effort;
                if through < self.distances.at(half.node) {
                    self.set(half.node, Half { node, effort: through });
                    heap.push(Reverse(Waiting(through, half.node)));
                }
            }
        }
    }

    /// Finds new ways for those whose way led over the edge that is gone.
    fn mend(&mut self, edge: &NetEdge<L>, effort: f32) {
        let over = self.distances.at(edge.to) + effort;
        let used = self.distances.next(edge.from) == Some(edge.to)
            && over.to_bits() == self.distances.at(edge.from).to_bits();
        if !used {
            return;
        }
        let Some(affected) = self.affected_by(edge.from) else {
            self.recompute();
            return;
        };
        let mut heap = BinaryHeap::new();
        for node in &affected {
            let mut best = Half { node: NONE, effort: f32::INFINITY };
            for half in self.out(*node) {
                let through = self.distances.at(half.node) + half.effort;
                if through < best.effort && !self.affected.contains(half.node) {
                    best = Half { node: half.node, effort: through };
                }
            }
            self.set(*node, best);
            if best.effort.is_finite() {
                heap.push(Reverse(Waiting(best.effort, *node)));
            }
        }
        for node in &affected {
            self.affected.remove(*node);
        }
        self.settle(heap);
    }

    /// Those whose cheapest way leads over `start`, itself first; `None` when they are too many. They stay marked.
    fn affected_by(&mut self, start: u32) -> Option<Vec<u32>> {
        let most = (self.net.len() / 20).max(64);
        let mut found = vec![start];
        self.affected.insert(start);
        let mut at = 0;
        while let Some(node) = found.get(at).copied() {
            at += 1;
            let before: Vec<u32> = self.back(node).map(|half| half.node).collect();
            for other in before {
                if self.distances.next(other) == Some(node) && self.affected.insert(other) {
                    found.push(other);
                }
            }
            if found.len() > most {
                for node in &found {
                    self.affected.remove(*node);
                }
                return None;
            }
        }
        Some(found)
    }

    fn recompute(&mut self) {
        self.recomputed = self.recomputed.saturating_add(1);
        let fresh = self.snapshot().distances_to(&self.targets);
        for (node, way) in (0_u32..).zip(fresh.ways) {
            let known = self.distances.ways.get(node as usize);
            if known.is_none_or(|known| *known != way) {
                self.set(node, way);
            }
        }
    }
}

/// A node that waits for its turn, by its effort.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Waiting(pub(crate) f32, pub(crate) u32);

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODES: u32 = 30;

    fn edges(most: usize) -> impl Strategy<Value = Vec<NetEdge<u8>>> {
        let effort = prop_oneof![Just(0.0_f32), 0.0..3.0_f32];
        let one = (0..NODES, 0..NODES, effort, 0..2_u8);
        let one = one.prop_map(|(from, to, effort, label)| NetEdge { from, to, effort, label });
        prop::collection::vec(one, 0..most)
    }

    fn efforts(distances: &Distances) -> Vec<u32> {
        distances.ways.iter().map(|way| way.effort.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn kept_is_the_same_as_worked_out_anew(
            start in edges(60),
            new in edges(60),
            targets in prop::collection::vec(0..NODES, 1..4),
            order in prop::collection::vec((any::<bool>(), 0..80_usize), 1..60),
        ) {
            let mut live = LiveNet::new(Net::of(NODES, start.clone()), &targets);
            let pool: Vec<NetEdge<u8>> = start.into_iter().chain(new).collect();
            for (insert, pick) in order {
                let Some(edge) = pool.get(pick).copied() else { continue };
                let change = if insert { EdgeChange::Insert(edge) } else { EdgeChange::Remove(edge) };
                let (before, reaching) = (efforts(live.distances()), live.reaching());
                let told = live.what_if(&[change]);
                prop_assert_eq!((&before, reaching), (&efforts(live.distances()), live.reaching()));
                live.apply(&change);
                let anew = live.snapshot().distances_to(&targets);
                prop_assert_eq!(efforts(live.distances()), efforts(&anew));
                prop_assert_eq!((live.reaching(), told.reaching), (anew.reaching(), anew.reaching()));
                let moved = before.iter().zip(efforts(&anew)).filter(|(one, two)| **one != *two).count();
                prop_assert_eq!(told.moved.len(), moved);
                for node in 0..NODES {
                    prop_assert!(live.distances().way(node).len() <= NODES as usize);
                }
            }
            let before = efforts(live.distances());
            live.compact();
            prop_assert_eq!(&before, &efforts(&live.net.distances_to(&targets)));
        }
    }

    #[test]
    fn of_edges_that_are_alike_the_easiest_goes_whatever_was_asked_before() {
        let edge = |effort| NetEdge { from: 0, to: 1, effort, label: () };
        let mut live = LiveNet::new(Net::of(2, []), &[1]);
        live.apply(&EdgeChange::Insert(edge(0.5)));
        live.apply(&EdgeChange::Insert(edge(2.0)));
        for _ in 0..2 {
            assert_eq!(live.what_if(&[EdgeChange::Remove(edge(0.0))]).moved.len(), 1);
        }
        live.apply(&EdgeChange::Remove(edge(0.0)));
        assert_eq!(live.distances().effort(0), Some(2.0));
    }

    #[test]
    fn a_change_that_takes_everything_is_worked_out_anew() {
        let edge = |from, to| NetEdge { from, to, effort: 0.5, label: () };
        let chain = (0..2000).map(|node| edge(node, node + 1));
        let mut live = LiveNet::new(Net::of(2001, chain), &[2000]);
        let entries = live.net.reach_of(&[0]);
        let told = live.what_if(&[EdgeChange::Remove(edge(1999, 2000))]);
        assert_eq!((told.reaching, told.moved.len(), live.recomputed()), (1, 2000, 1));
        assert!(told.risk_change(&entries) < 0.0);
        assert!(
            live.apply(&EdgeChange::Remove(edge(1999, 2000)))
                && !live.apply(&EdgeChange::Remove(edge(1999, 2000)))
        );
        assert!(!live.apply(&EdgeChange::Insert(edge(1, 9999))));
        assert_eq!(live.reaching(), 1);
    }
}
