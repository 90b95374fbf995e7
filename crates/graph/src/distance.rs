//! The least effort from every node to the nearest of some targets.
//!
//! Dijkstra (Numerische Mathematik 1, 1959) against the edges, with the radix heap of Ahuja, Mehlhorn, Orlin and Tarjan
//! (J. ACM 37(2), 1990): efforts are not negative, so the bits of a float are in the order of the floats. O(E + V log C)
//! with 32 bits a float; two words a node. Sums are made in one order, from the target outwards, so that the same
//! edges give the same bits.

use crate::net::{Half, Net};

/// The least effort from each node to the nearest target, and the next node on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    /// Per node: the next node ([`NONE`] at targets and where there is no way) and the effort.
    pub(crate) ways: Vec<Half>,
}

pub(crate) const NONE: u32 = u32::MAX;

impl Distances {
    pub(crate) fn unreached(nodes: usize) -> Self {
        Self { ways: vec![Half { node: NONE, effort: f32::INFINITY }; nodes] }
    }

    /// The effort −ln p of the cheapest way from `node`; `None` when there is none.
    #[inline]
    pub fn effort(&self, node: u32) -> Option<f32> {
        Some(self.at(node)).filter(|effort| effort.is_finite())
    }

    /// The same, infinite when there is no way.
    #[inline]
    pub(crate) fn at(&self, node: u32) -> f32 {
        self.ways.get(node as usize).map_or(f32::INFINITY, |way| way.effort)
    }

    /// The next node on the cheapest way from `node`; `None` at targets and where there is none.
    #[inline]
    pub fn next(&self, node: u32) -> Option<u32> {
        self.ways.get(node as usize).map(|way| way.node).filter(|next| *next != NONE)
    }

    /// The nodes of the cheapest way from `node` on, itself first; empty when there is none.
    pub fn way(&self, node: u32) -> Vec<u32> {
        if self.effort(node).is_none() {
            return Vec::new();
        }
        core::iter::successors(Some(node), |node| self.next(*node)).collect()
    }

    /// How many nodes get to a target.
    pub fn reaching(&self) -> usize {
        self.ways.iter().filter(|way| way.effort.is_finite()).count()
    }
}

impl<L> Net<L> {
    /// The least effort from every node to the nearest of `targets`. O(V + E), no bound on depth.
    pub fn distances_to(&self, targets: &[u32]) -> Distances {
        grow(self.len(), targets, |node| self.back(node))
    }

    /// The least effort to every node from the nearest of `starts`; [`Distances::next`] is the node before.
    pub fn distances_from(&self, starts: &[u32]) -> Distances {
        grow(self.len(), starts, |node| self.out(node))
    }
}

fn grow<'n>(nodes: usize, roots: &[u32], edges: impl Fn(u32) -> &'n [Half]) -> Distances {
    let mut found = Distances::unreached(nodes);
    let mut heap = RadixHeap::default();
    for root in roots {
        if let Some(way) = found.ways.get_mut(*root as usize) {
            way.effort = 0.0;
            heap.push(0.0, *root);
        }
    }
    while let Some((effort, node)) = heap.pop(|effort, node| found.at(node) >= effort) {
        if found.at(node) < effort {
            continue;
        }
        for edge in edges(node) {
            let through = effort + edge.effort;
            if let Some(way) = found.ways.get_mut(edge.node as usize)
                && through < way.effort
            {
                *way = Half { node, effort: through };
                heap.push(through, edge.node);
            }
        }
    }
    found
}

/// A queue whose least entry never goes down.
struct RadixHeap {
    /// The bits of the effort that was given out last.
    last: u32,
    /// Entries by the highest bit in which they differ from `last`; effort in the upper half.
    buckets: [Vec<u64>; 33],
    /// Which buckets hold something.
    filled: u64,
}

impl Default for RadixHeap {
    fn default() -> Self {
        Self { last: 0, buckets: [const { Vec::new() }; 33], filled: 0 }
    }
}

impl RadixHeap {
    #[inline]
    fn push(&mut self, effort: f32, node: u32) {
        self.place(u64::from(effort.to_bits()) << 32 | u64::from(node));
    }

    #[inline]
    fn place(&mut self, entry: u64) {
        let (effort, _) = split(entry);
        let bucket = 32 - (effort ^ self.last).leading_zeros();
        if let Some(entries) = self.buckets.get_mut(bucket as usize) {
            entries.push(entry);
            self.filled |= 1 << bucket;
        }
    }

    /// The entry of least effort. Entries of which `alive` says no are dropped on the way.
    fn pop(&mut self, alive: impl Fn(f32, u32) -> bool) -> Option<(f32, u32)> {
        loop {
            let lowest = (self.filled != 0).then(|| self.filled.trailing_zeros())?;
            let entries = self.buckets.get_mut(lowest as usize)?;
            if lowest == 0 {
                if let Some(entry) = entries.pop() {
                    let (effort, node) = split(entry);
                    return Some((f32::from_bits(effort), node));
                }
                self.filled &= !1;
                continue;
            }
            let mut moving = core::mem::take(entries);
            self.filled &= !(1 << lowest);
            moving.retain(|entry| {
                let (effort, node) = split(*entry);
                alive(f32::from_bits(effort), node)
            });
            if let Some(least) = moving.iter().min() {
                self.last = split(*least).0;
            }
            for entry in moving.drain(..) {
                self.place(entry);
            }
            // The room is kept for the next entries.
            if let Some(entries) = self.buckets.get_mut(lowest as usize)
                && entries.is_empty()
            {
                *entries = moving;
            }
        }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
fn split(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, entry as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    fn slow<L>(net: &Net<L>, targets: &[u32]) -> Vec<f32> {
        let nodes = u32::try_from(net.len()).unwrap();
        let mut effort = vec![f32::INFINITY; net.len()];
        for target in targets {
            effort[*target as usize] = 0.0;
        }
        for _ in 0..nodes {
            for node in 0..nodes {
                for half in net.out(node) {
                    effort[node as usize] =
                        effort[node as usize].min(effort[half.node as usize] + half.effort);
                }
            }
        }
        effort
    }

    proptest! {
        #[test]
        fn no_other_way_is_cheaper(
            edges in prop::collection::vec((0..20_u32, 0..20_u32, prop_oneof![Just(0.0_f32), 0.0..4.0_f32]), 0..80),
            targets in prop::collection::vec(0..20_u32, 1..4),
        ) {
            let net = Net::of(20, edges.into_iter().map(|(from, to, effort)| NetEdge { from, to, effort, label: () }));
            let found = net.distances_to(&targets);
            let bits = |all: &[f32]| all.iter().map(|effort| effort.to_bits()).collect::<Vec<_>>();
            let efforts: Vec<f32> = found.ways.iter().map(|way| way.effort).collect();
            prop_assert_eq!(bits(&efforts), bits(&slow(&net, &targets)));
            for node in 0..20 {
                let way = found.way(node);
                prop_assert!(way.len() <= 20);
                prop_assert_eq!(way.last().is_some_and(|end| targets.contains(end)), found.effort(node).is_some());
            }
        }
    }
}
