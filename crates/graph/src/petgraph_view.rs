//! petgraph's algorithms on a [`Net`], by its traits of visiting: at the speed of packed rows, and without a copy.
//!
//! Behind the feature `petgraph`. Edges weigh their effort; nodes are their numbers.

use crate::net::{Half, Net};
use crate::node_set::NodeSet;
use petgraph::Direction;
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoNeighbors, IntoNeighborsDirected,
    IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, VisitMap, Visitable,
};

/// An edge as petgraph sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeighedEdge {
    from: u32,
    to: u32,
    number: u32,
    effort: f32,
}

impl EdgeRef for WeighedEdge {
    type NodeId = u32;
    type EdgeId = u32;
    type Weight = f32;

    fn source(&self) -> u32 {
        self.from
    }

    fn target(&self) -> u32 {
        self.to
    }

    fn weight(&self) -> &f32 {
        &self.effort
    }

    fn id(&self) -> u32 {
        self.number
    }
}

/// The nodes at the other ends of a node's edges.
#[derive(Clone, Debug)]
pub struct Neighbors<'a>(core::slice::Iter<'a, Half>);

impl Iterator for Neighbors<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next().map(|half| half.node)
    }
}

/// The edges that start at a node, or all from a node on.
#[derive(Debug)]
pub struct WeighedEdges<'a, L> {
    net: &'a Net<L>,
    from: u32,
    /// One past the last node whose edges are told.
    end: u32,
    number: u32,
    left: core::slice::Iter<'a, Half>,
}

impl<'a, L> WeighedEdges<'a, L> {
    fn new(net: &'a Net<L>, from: u32, end: u32) -> Self {
        Self { net, from, end, number: net.numbers(from).start, left: net.out(from).iter() }
    }
}

impl<L> Iterator for WeighedEdges<'_, L> {
    type Item = WeighedEdge;

    fn next(&mut self) -> Option<WeighedEdge> {
        loop {
            if let Some(half) = self.left.next() {
                let number = self.number;
                self.number += 1;
                return Some(WeighedEdge { from: self.from, to: half.node, number, effort: half.effort });
            }
            let next = self.from.checked_add(1).filter(|next| *next < self.end)?;
            *self = Self::new(self.net, next, self.end);
        }
    }
}

fn count<L>(net: &Net<L>) -> u32 {
    u32::try_from(net.len()).unwrap_or(u32::MAX)
}

impl<L> GraphBase for Net<L> {
    type NodeId = u32;
    type EdgeId = u32;
}

impl<L> Data for Net<L> {
    type NodeWeight = ();
    type EdgeWeight = f32;
}

impl<L> GraphProp for Net<L> {
    type EdgeType = petgraph::Directed;
}

impl<'a, L> IntoNeighbors for &'a Net<L> {
    type Neighbors = Neighbors<'a>;

    fn neighbors(self, node: u32) -> Neighbors<'a> {
        Neighbors(self.out(node).iter())
    }
}

impl<'a, L> IntoNeighborsDirected for &'a Net<L> {
    type NeighborsDirected = Neighbors<'a>;

    fn neighbors_directed(self, node: u32, way: Direction) -> Neighbors<'a> {
        match way {
            Direction::Outgoing => Neighbors(self.out(node).iter()),
            Direction::Incoming => Neighbors(self.back(node).iter()),
        }
    }
}

impl<'a, L> IntoEdgeReferences for &'a Net<L> {
    type EdgeRef = WeighedEdge;
    type EdgeReferences = WeighedEdges<'a, L>;

    fn edge_references(self) -> WeighedEdges<'a, L> {
        WeighedEdges::new(self, 0, count(self))
    }
}

impl<'a, L> IntoEdges for &'a Net<L> {
    type Edges = WeighedEdges<'a, L>;

    fn edges(self, node: u32) -> WeighedEdges<'a, L> {
        WeighedEdges::new(self, node, node.saturating_add(1))
    }
}

impl<L> IntoNodeIdentifiers for &Net<L> {
    type NodeIdentifiers = core::ops::Range<u32>;

    fn node_identifiers(self) -> core::ops::Range<u32> {
        0..count(self)
    }
}

impl<L> NodeCount for Net<L> {
    fn node_count(&self) -> usize {
        self.len()
    }
}

impl<L> NodeIndexable for Net<L> {
    fn node_bound(&self) -> usize {
        self.len()
    }

    fn to_index(&self, node: u32) -> usize {
        node as usize
    }

    fn from_index(&self, at: usize) -> u32 {
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

impl<L> NodeCompactIndexable for Net<L> {}

impl VisitMap<u32> for NodeSet {
    fn visit(&mut self, node: u32) -> bool {
        self.insert(node)
    }

    fn is_visited(&self, node: &u32) -> bool {
        self.contains(*node)
    }

    fn unvisit(&mut self, node: u32) -> bool {
        let known = self.contains(node);
        self.remove(node);
        known
    }
}

impl<L> Visitable for Net<L> {
    type Map = NodeSet;

    fn visit_map(&self) -> NodeSet {
        NodeSet::new(self.len())
    }

    fn reset_map(&self, map: &mut NodeSet) {
        *map = NodeSet::new(self.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn petgraph_gives_the_same_answers(
            edges in prop::collection::vec((0..15_u32, 0..15_u32, 0..40_u8), 0..50),
        ) {
            let edges = edges.into_iter();
            let edge = |(from, to, effort)| NetEdge { from, to, effort: f32::from(effort) / 8.0, label: () };
            let net = Net::of(15, edges.map(edge));
            let found = petgraph::algo::dijkstra(&net, 0, None, |edge| *edge.weight());
            let own = net.distances_from(&[0]);
            for node in 0..15 {
                prop_assert_eq!(found.get(&node).copied(), own.effort(node));
            }
            prop_assert_eq!(petgraph::algo::tarjan_scc(&net).len(), net.components().len());
            prop_assert_eq!((&net).edge_references().count(), net.edges());
            let mut walk = petgraph::visit::Bfs::new(petgraph::visit::Reversed(&net), 3);
            let back = core::iter::from_fn(|| walk.next(petgraph::visit::Reversed(&net))).count();
            prop_assert_eq!(back, net.exposed(&[3]).len());
        }
    }
}
