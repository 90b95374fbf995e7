//! What differs between two snapshots of a graph, ranked by what it means for the jewels.
//!
//! Rows lie in the order of their targets, so that two of them are merged in one pass: O(V + E). An edge weighs what the most
//! likely way over it to a jewel is worth, in the snapshot that has it; one that no entry gets to weighs nothing.

use crate::net::{Half, Net};
use crate::node_set::NodeSet;

/// How an edge differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is as it was but for its effort.
    Changed,
}

/// An edge that differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriftEdge {
    /// How it differs.
    pub kind: DriftKind,
    /// Where it starts.
    pub from: u32,
    /// Where it leads.
    pub to: u32,
    /// Its number in the later snapshot; in the earlier one when it is gone.
    pub edge: u32,
    /// By how much it raises the chance of the most likely way to a jewel that leads over it; below zero when it lowers it.
    pub risk: f64,
}

/// What differs between two snapshots.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// The edges that differ, those that matter most first.
    pub edges: Vec<DriftEdge>,
    /// Nodes that get to a jewel, before and after.
    pub reaching: (usize, usize),
}

/// Who starts and what is worth getting to, in both snapshots.
#[derive(Clone, Copy, Debug)]
pub struct Stakes<'a> {
    /// Where an intruder may start.
    pub entries: &'a [u32],
    /// What is worth getting to.
    pub targets: &'a [u32],
}

impl<L: PartialEq> Net<L> {
    /// What differs in `after`, a later snapshot with the same numbers for the same nodes.
    pub fn drift(&self, after: &Self, stakes: Stakes<'_>) -> Drift {
        let nodes = u32::try_from(self.len().max(after.len())).unwrap_or(u32::MAX);
        let mut found = Vec::new();
        for node in 0..nodes {
            if self.out(node) != after.out(node) || !same_labels(self, after, node) {
                rows(self, after, node, &mut found);
            }
        }
        if found.is_empty() {
            let reaching = self.exposed(stakes.targets).len();
            return Drift { edges: found, reaching: (reaching, reaching) };
        }
        let (before, now) = (Weigher::new(self, stakes), Weigher::new(after, stakes));
        for edge in &mut found {
            let own = |net: &Self| net.edge(edge.edge).map_or(f32::INFINITY, |half| half.effort);
            edge.risk = match edge.kind {
                DriftKind::Added => now.through(edge, own(after)),
                DriftKind::Removed => -before.through(edge, own(self)),
                // The effort before is carried here since rows were merged.
                #[expect(clippy::cast_possible_truncation, reason = "it was an f32")]
                DriftKind::Changed => now.through(edge, own(after)) - before.through(edge, edge.risk as f32),
            };
        }
        found.sort_by(|one, two| {
            let order = two.risk.abs().total_cmp(&one.risk.abs());
            order.then((one.from, one.to, one.kind, one.edge).cmp(&(two.from, two.to, two.kind, two.edge)))
        });
        Drift { edges: found, reaching: (before.reaching(), now.reaching()) }
    }
}

fn same_labels<L: PartialEq>(one: &Net<L>, two: &Net<L>, node: u32) -> bool {
    one.numbers(node).zip(two.numbers(node)).all(|(a, b)| one.label(a) == two.label(b))
}

/// Merges the rows of one node. The risk of a changed edge holds its effort before, until it is weighed.
fn rows<L: PartialEq>(before: &Net<L>, after: &Net<L>, from: u32, found: &mut Vec<DriftEdge>) {
    let mut left: Vec<(u32, Half)> = after.numbers(from).zip(after.out(from).iter().copied()).collect();
    for (number, old) in before.numbers(from).zip(before.out(from)) {
        let same =
            |(edge, half): &(u32, Half)| half.node == old.node && after.label(*edge) == before.label(number);
        let exact = |one: &(u32, Half)| same(one) && one.1.effort.to_bits() == old.effort.to_bits();
        let start = left.partition_point(|(_, half)| half.node < old.node);
        let ahead = || left.iter().skip(start).take_while(|(_, half)| half.node == old.node);
        let at = ahead().position(exact).or_else(|| ahead().position(same));
        let edge = |kind, edge, risk| DriftEdge { kind, from, to: old.node, edge, risk };
        match at {
            Some(at) => {
                let (number, new) = left.remove(start + at);
                if new.effort.to_bits() != old.effort.to_bits() {
                    found.push(edge(DriftKind::Changed, number, f64::from(old.effort)));
                }
            }
            None => found.push(edge(DriftKind::Removed, number, 0.0)),
        }
    }
    let added = |(edge, half): (u32, Half)| DriftEdge {
        kind: DriftKind::Added,
        from,
        to: half.node,
        edge,
        risk: 0.0,
    };
    found.extend(left.into_iter().map(added));
}

/// Tells what an edge is worth in one snapshot.
struct Weigher {
    from: NodeSet,
    to: crate::distance::Distances,
}

impl Weigher {
    fn new<L>(net: &Net<L>, stakes: Stakes<'_>) -> Self {
        Self { from: net.reach_of(stakes.entries), to: net.distances_to(stakes.targets) }
    }

    fn through(&self, edge: &DriftEdge, effort: f32) -> f64 {
        let reached = self.from.contains(edge.from);
        if reached { libm::exp(-f64::from(effort + self.to.at(edge.to))) } else { 0.0 }
    }

    fn reaching(&self) -> usize {
        self.to.reaching()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    fn edge(from: u32, to: u32, effort: f32) -> NetEdge<u8> {
        NetEdge { from, to, effort, label: 1 }
    }

    #[test]
    fn what_opens_a_way_comes_before_what_leads_nowhere() {
        let before = Net::of(6, [edge(0, 1, 0.1), edge(1, 2, 0.5), edge(3, 4, 0.1)]);
        let after =
            Net::of(6, [edge(0, 1, 0.1), edge(1, 2, 0.7), edge(1, 5, 0.1), edge(0, 2, 0.2), edge(4, 2, 0.1)]);
        let told = before.drift(&after, Stakes { entries: &[0], targets: &[2] });
        let named: Vec<_> = told.edges.iter().map(|edge| (edge.kind, edge.from, edge.to)).collect();
        assert_eq!(named[0], (DriftKind::Added, 0, 2));
        assert_eq!(named[1], (DriftKind::Changed, 1, 2));
        assert!(told.edges[0].risk > 0.8 && told.edges[1].risk < 0.0 && told.edges[2].risk.abs() < 1e-12);
        assert_eq!((named.len(), told.reaching), (5, (3, 4)));
    }

    proptest! {
        #[test]
        fn drift_tells_all_that_differs(
            one in prop::collection::vec((0..5_u32, 0..5_u32, 0..3_u8), 0..20),
            two in prop::collection::vec((0..5_u32, 0..5_u32, 0..3_u8), 0..20),
        ) {
            let net = |edges: &[(u32, u32, u8)]| {
                Net::of(5, edges.iter().map(|(from, to, effort)| edge(*from, *to, f32::from(*effort))))
            };
            let told = net(&one).drift(&net(&two), Stakes { entries: &[0], targets: &[4] });
            let count = |kind| told.edges.iter().filter(|edge| edge.kind == kind).count();
            prop_assert_eq!(one.len() + count(DriftKind::Added), two.len() + count(DriftKind::Removed));
            let (mut one, mut two) = (one, two);
            one.sort_unstable();
            two.sort_unstable();
            prop_assert_eq!(one == two, told.edges.is_empty());
        }
    }
}
