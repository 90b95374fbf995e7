//! Nodes by number and the edges between them, ready for questions: the store under every graph of this crate.
//!
//! Edges lie in compressed sparse rows, once along and once against their direction, sorted twice by counting: O(V + E) to
//! build. An edge takes 16 bytes and its label; rows along the edges are in the order of their targets, edges
//! between the same two nodes in the order in which they were added.

use crate::NodeSet;
use core::ops::Range;

/// An edge as it is added: where it starts, where it leads, the effort −ln p, and what its owner knows of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetEdge<L> {
    /// The node where it starts.
    pub from: u32,
    /// The node where it leads.
    pub to: u32,
    /// −ln p: 0 for what surely succeeds.
    pub effort: f32,
    /// What its owner knows of it.
    pub label: L,
}

/// An edge as one of its ends sees it: the other end and the effort.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Half {
    /// The node at the other end.
    pub node: u32,
    /// −ln p.
    pub effort: f32,
}

/// Gathers edges in any order.
#[derive(Clone, Debug)]
pub struct NetBuilder<L> {
    // In pieces, so that growing copies nothing and building gives back what it has read.
    pieces: Vec<Vec<NetEdge<L>>>,
    nodes: u32,
    edges: u32,
    unusable: usize,
}

/// Edges in a piece: one piece is some megabytes.
const PIECE: usize = 1 << 17;

impl<L> Default for NetBuilder<L> {
    fn default() -> Self {
        Self { pieces: Vec::new(), nodes: 0, edges: 0, unusable: 0 }
    }
}

impl<L: Copy + Default> NetBuilder<L> {
    /// Makes sure that the nodes `0..nodes` are there.
    pub fn nodes(&mut self, nodes: u32) {
        self.nodes = self.nodes.max(nodes);
    }

    /// Adds an edge and, where they are new, its ends. One whose effort is no number from zero up can not be
    /// followed; one beyond 2³² − 2 edges or nodes has no place: each is counted and left out.
    pub fn edge(&mut self, edge: NetEdge<L>) {
        let fits = self.edges < u32::MAX - 1 && edge.from.max(edge.to) < u32::MAX - 1;
        if !fits || !edge.effort.is_finite() || edge.effort < 0.0 {
            self.unusable += 1;
            return;
        }
        self.nodes = self.nodes.max(edge.from + 1).max(edge.to + 1);
        self.edges += 1;
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(edge),
            _ => {
                let mut piece = Vec::with_capacity(if self.pieces.is_empty() { 16 } else { PIECE });
                piece.push(edge);
                self.pieces.push(piece);
            }
        }
    }

    /// The finished store. O(V + E).
    pub fn build(self) -> Net<L> {
        let (nodes, edges) = (self.nodes as usize, self.edges as usize);
        let mut first_in = counted(nodes, self.pieces.iter().flatten().map(|edge| edge.to));
        let mut first = counted(nodes, self.pieces.iter().flatten().map(|edge| edge.from));
        let mut into = vec![Half { node: 0, effort: 0.0 }; edges];
        let mut told = vec![L::default(); edges];
        for edge in self.pieces.into_iter().flatten() {
            let at = taken(&mut first_in, edge.to);
            if let (Some(half), Some(label)) = (into.get_mut(at), told.get_mut(at)) {
                (*half, *label) = (Half { node: edge.from, effort: edge.effort }, edge.label);
            }
        }
        let first_in = restored(first_in);
        let mut out = vec![Half { node: 0, effort: 0.0 }; edges];
        let mut labels = vec![L::default(); edges];
        for node in 0..self.nodes {
            let row = row(&first_in, node);
            for (half, label) in part(&into, &row).iter().zip(part(&told, &row)) {
                let at = taken(&mut first, half.node);
                if let (Some(place), Some(told)) = (out.get_mut(at), labels.get_mut(at)) {
                    (*place, *told) = (Half { node, effort: half.effort }, *label);
                }
            }
        }
        Net { first: restored(first), out, labels, first_in, into, unusable: self.unusable }
    }
}

/// Per node where its row starts, and one past the last row.
fn counted(nodes: usize, of: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut first = vec![0_u32; nodes + 1];
    for node in of {
        if let Some(count) = first.get_mut(node as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut first {
        sum += *count;
        *count = sum;
    }
    first
}

/// The next free place of the node's row.
#[inline]
fn taken(first: &mut [u32], node: u32) -> usize {
    first.get_mut(node as usize).map_or(usize::MAX, |place| {
        *place += 1;
        *place as usize - 1
    })
}

/// Where rows start, after every place was taken: each start has moved to the next one's.
fn restored(mut first: Vec<u32>) -> Vec<u32> {
    first.pop();
    first.insert(0, 0);
    first
}

/// Nodes by number and the edges between them.
///
/// ```
/// use homeostat_graph::{Net, NetEdge};
///
/// let edges = [(0, 1, 0.5), (1, 2, 0.25), (0, 2, 1.0)];
/// let net = Net::of(3, edges.map(|(from, to, effort)| NetEdge { from, to, effort, label: () }));
/// assert_eq!(net.reach(0).len(), 3);
/// assert_eq!(net.distances_to(&[2]).effort(0), Some(0.75));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Net<L = ()> {
    first: Vec<u32>,
    out: Vec<Half>,
    labels: Vec<L>,
    first_in: Vec<u32>,
    into: Vec<Half>,
    unusable: usize,
}

impl<L: Copy + Default> Net<L> {
    /// The store of `edges` over at least `nodes` nodes.
    pub fn of(nodes: u32, edges: impl IntoIterator<Item = NetEdge<L>>) -> Self {
        let mut builder = NetBuilder::default();
        builder.nodes(nodes);
        for edge in edges {
            builder.edge(edge);
        }
        builder.build()
    }
}

impl<L> Net<L> {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many edges there are.
    pub fn edges(&self) -> usize {
        self.out.len()
    }

    /// How many edges could not be kept.
    pub fn unusable(&self) -> usize {
        self.unusable
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let rows = size_of_val(self.first.as_slice()) + size_of_val(self.first_in.as_slice());
        let halves = size_of_val(self.out.as_slice()) + size_of_val(self.into.as_slice());
        rows + halves + size_of_val(self.labels.as_slice())
    }

    /// The edges that start at `node`, in the order of their targets.
    #[inline]
    pub fn out(&self, node: u32) -> &[Half] {
        part(&self.out, &row(&self.first, node))
    }

    /// The edges that lead to `node`.
    #[inline]
    pub fn back(&self, node: u32) -> &[Half] {
        part(&self.into, &row(&self.first_in, node))
    }

    /// The numbers of the edges that start at `node`: places in the order of all edges.
    pub fn numbers(&self, node: u32) -> Range<u32> {
        row(&self.first, node)
    }

    /// The node where the edge of this number starts. O(log V).
    pub fn from(&self, edge: u32) -> Option<u32> {
        let from = self.first.partition_point(|first| *first <= edge).checked_sub(1)?;
        ((edge as usize) < self.out.len()).then_some(u32::try_from(from).ok()?)
    }

    /// Where the edge of this number leads, and its effort.
    pub fn edge(&self, edge: u32) -> Option<Half> {
        self.out.get(edge as usize).copied()
    }

    /// What its owner knows of the edge of this number.
    pub fn label(&self, edge: u32) -> Option<&L> {
        self.labels.get(edge as usize)
    }

    /// The edge of least effort from one node to another, the first of several. O(log of the row + edges between).
    pub fn between(&self, from: u32, to: u32) -> Option<u32> {
        let best = |best: Option<(u32, f32)>, (edge, effort): (u32, f32)| match best {
            Some((_, least)) if least <= effort => best,
            _ => Some((edge, effort)),
        };
        self.all_between(from, to).fold(None, best).map(|(edge, _)| edge)
    }

    /// The edges from one node to another, with their efforts.
    pub fn all_between(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let row = self.out(from);
        let start = row.partition_point(|half| half.node < to);
        let number = self.numbers(from).start;
        let after = (0_u32..).zip(row).skip(start).take_while(move |(_, half)| half.node == to);
        after.map(move |(at, half)| (number + at, half.effort))
    }

    /// Every node that `from` gets to, itself among them. O(V + E), no bound on depth.
    pub fn reach(&self, from: u32) -> NodeSet {
        walk(self.len(), &[from], |node| self.out(node))
    }

    /// Every node that some of `from` gets to, these among them. O(V + E).
    pub fn reach_of(&self, from: &[u32]) -> NodeSet {
        walk(self.len(), from, |node| self.out(node))
    }

    /// Every node that gets to some of `targets`, these among them. O(V + E).
    pub fn exposed(&self, targets: &[u32]) -> NodeSet {
        walk(self.len(), targets, |node| self.back(node))
    }

    /// How many nodes get to each of `targets`, itself counted. O(nodes and edges in reach of each).
    pub fn exposure_of_each(&self, targets: &[u32]) -> Vec<usize> {
        let (mut seen, mut found) = (NodeSet::new(self.len()), Vec::new());
        let counted = targets.iter().map(|target| {
            walk_on(&mut seen, &mut found, &[*target], |node| self.back(node));
            for node in &found {
                seen.remove(*node);
            }
            found.len()
        });
        counted.collect()
    }
}

impl<L: PartialEq> Net<L> {
    /// Makes an edge of this effort infinitely hard, at both of its ends; whether there is one.
    pub(crate) fn bury(&mut self, edge: &NetEdge<L>, effort: f32) -> bool {
        let alive = |(number, known): &(u32, f32)| {
            known.to_bits() == effort.to_bits() && self.labels.get(*number as usize) == Some(&edge.label)
        };
        let found = self.all_between(edge.from, edge.to).find(alive);
        found.is_some_and(|(number, _)| self.turn(edge, number, (effort, f32::INFINITY)))
    }

    /// Gives a buried edge its effort back; whether there is one that fits.
    pub(crate) fn revive(&mut self, edge: &NetEdge<L>) -> bool {
        let buried = |(number, effort): &(u32, f32)| {
            effort.is_infinite() && self.labels.get(*number as usize) == Some(&edge.label)
        };
        let found = self.all_between(edge.from, edge.to).find(buried);
        found.is_some_and(|(number, effort)| self.turn(edge, number, (effort, edge.effort)))
    }

    /// Gives the edge of this number another effort, at both of its ends.
    fn turn(&mut self, edge: &NetEdge<L>, number: u32, (old, new): (f32, f32)) -> bool {
        let row = row(&self.first_in, edge.to);
        let into = self.into.get_mut(row.start as usize..row.end as usize).unwrap_or_default();
        let same = |half: &&mut Half| half.node == edge.from && half.effort.to_bits() == old.to_bits();
        let (Some(half), Some(out)) = (into.iter_mut().find(same), self.out.get_mut(number as usize)) else {
            return false;
        };
        (half.effort, out.effort) = (new, new);
        true
    }
}

fn walk<'n>(nodes: usize, starts: &[u32], next: impl Fn(u32) -> &'n [Half]) -> NodeSet {
    let mut seen = NodeSet::new(nodes);
    walk_on(&mut seen, &mut Vec::new(), starts, next);
    seen
}

/// A walk in breadth: `found` is the queue and in the end all that was seen.
fn walk_on<'n>(seen: &mut NodeSet, found: &mut Vec<u32>, starts: &[u32], next: impl Fn(u32) -> &'n [Half]) {
    found.clear();
    found.extend(starts.iter().copied().filter(|node| seen.insert(*node)));
    let mut at = 0;
    while let Some(node) = found.get(at).copied() {
        at += 1;
        found.extend(next(node).iter().map(|half| half.node).filter(|node| seen.insert(*node)));
    }
}

#[inline]
fn row(first: &[u32], node: u32) -> Range<u32> {
    match first.get(node as usize..) {
        Some([start, end, ..]) => *start..*end,
        _ => 0..0,
    }
}

#[inline]
fn part<'a, T>(all: &'a [T], row: &Range<u32>) -> &'a [T] {
    all.get(row.start as usize..row.end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(nodes: u32, edges: &[(u32, u32, f32)]) -> Net<u32> {
        let numbered = (0_u32..).zip(edges);
        Net::of(
            nodes,
            numbered.map(|(label, (from, to, effort))| NetEdge {
                from: *from,
                to: *to,
                effort: *effort,
                label,
            }),
        )
    }

    #[test]
    fn rows_are_in_order_and_labels_stay_with_their_edges() {
        let net =
            net(5, &[(2, 1, 0.5), (0, 3, 0.1), (2, 0, 0.2), (2, 1, 0.4), (0, 1, f32::NAN), (1, 2, -1.0)]);
        assert_eq!((net.len(), net.edges(), net.unusable()), (5, 4, 2));
        let told: Vec<_> =
            net.numbers(2).map(|edge| (net.edge(edge).unwrap().node, *net.label(edge).unwrap())).collect();
        assert_eq!(told, [(0, 2), (1, 0), (1, 3)]);
        assert_eq!(net.between(2, 1).and_then(|edge| net.label(edge).copied()), Some(3));
        assert_eq!((net.between(2, 3), net.from(3), net.from(4)), (None, Some(2), None));
        assert_eq!(net.back(1).iter().map(|half| half.node).collect::<Vec<_>>(), [2, 2]);
        assert!(net.out(99).is_empty() && net.back(4).is_empty());
    }

    #[test]
    fn walks_go_round_circles_once() {
        let net = net(6, &[(0, 1, 0.0), (1, 0, 0.0), (1, 2, 0.0), (4, 4, 0.0)]);
        assert_eq!(net.reach(0).iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(net.exposed(&[2, 4]).iter().collect::<Vec<_>>(), [0, 1, 2, 4]);
        assert_eq!(net.exposure_of_each(&[2, 4, 5, 77]), [3, 1, 1, 0]);
    }
}
