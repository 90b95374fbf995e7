//! Steps that need several things at once: a way over the network and a stolen credential.
//!
//! Cheapest derivations by Knuth's generalisation of Dijkstra (Information Processing Letters 6(1), 1977): the effort of a step is
//! its own plus that of all it needs, O(size log V); a step is taken when the last of its needs is reached, as in Dowling
//! and Gallier (J. Logic Programming 1(3), 1984). What two needs share is counted for each, as independent chances are.

use crate::live::Waiting;
use crate::net::{Half, Net};
use core::cmp::Reverse;
use std::collections::BinaryHeap;

/// A step that needs all of several nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct AndEdge {
    /// All that is needed.
    pub needs: Vec<u32>,
    /// Where it leads.
    pub to: u32,
    /// −ln p of the step alone.
    pub effort: f32,
}

/// The cheapest derivation of each node.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivations {
    effort: Vec<f32>,
    by: Vec<By>,
}

/// How a node was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// It was not, or it is a start.
    Nothing,
    From(u32),
    And(u32),
}

impl Derivations {
    /// The effort −ln p of the cheapest derivation; `None` when there is none.
    pub fn effort(&self, node: u32) -> Option<f32> {
        self.effort.get(node as usize).copied().filter(|effort| effort.is_finite())
    }

    /// What the last step of the cheapest derivation of `node` needs; empty for a start and for what is not reached.
    pub fn needs(&self, node: u32, ands: &[AndEdge]) -> Vec<u32> {
        match self.by.get(node as usize) {
            Some(By::From(before)) => vec![*before],
            Some(By::And(at)) => ands.get(*at as usize).map(|and| and.needs.clone()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

impl<L> Net<L> {
    /// The cheapest derivation of every node from `starts`, by the edges and by `ands`. A step that needs nothing, or whose
    /// effort is no number from zero up, is never taken.
    pub fn derivations(&self, starts: &[u32], ands: &[AndEdge]) -> Derivations {
        let mut search = Search::new(self.len(), ands);
        for start in starts {
            search.reach(*start, 0.0, By::Nothing);
        }
        while let Some(Reverse(Waiting(effort, node))) = search.heap.pop() {
            if search.found.effort(node) != Some(effort) || !search.settle(node) {
                continue;
            }
            for Half { node: to, effort: own } in self.out(node) {
                search.reach(*to, effort + own, By::From(node));
            }
            search.meet(node, effort);
        }
        search.found
    }
}

struct Search<'a> {
    ands: &'a [AndEdge],
    /// Per node the steps that need it.
    needed: Vec<Vec<u32>>,
    /// Per step how many needs are not reached, and the effort of those that are.
    left: Vec<(usize, f32)>,
    found: Derivations,
    settled: Vec<bool>,
    heap: BinaryHeap<Reverse<Waiting>>,
}

impl<'a> Search<'a> {
    fn new(nodes: usize, ands: &'a [AndEdge]) -> Self {
        let mut needed = vec![Vec::new(); nodes];
        let mut left = Vec::with_capacity(ands.len());
        for (at, and) in (0_u32..).zip(ands) {
            let mut needs = and.needs.clone();
            needs.sort_unstable();
            needs.dedup();
            for need in &needs {
                if let Some(steps) = needed.get_mut(*need as usize) {
                    steps.push(at);
                }
            }
            left.push((needs.len(), and.effort));
        }
        let found = Derivations { effort: vec![f32::INFINITY; nodes], by: vec![By::Nothing; nodes] };
        Self { ands, needed, left, found, settled: vec![false; nodes], heap: BinaryHeap::new() }
    }

    fn settle(&mut self, node: u32) -> bool {
        self.settled.get_mut(node as usize).is_some_and(|settled| !core::mem::replace(settled, true))
    }

    fn reach(&mut self, node: u32, effort: f32, by: By) {
        if let Some(known) = self.found.effort.get_mut(node as usize)
            && effort < *known
        {
            *known = effort;
            if let Some(slot) = self.found.by.get_mut(node as usize) {
                *slot = by;
            }
            self.heap.push(Reverse(Waiting(effort, node)));
        }
    }

    /// Tells the steps that need `node` that it is reached; those that have all they need are taken.
    fn meet(&mut self, node: u32, effort: f32) {
        let steps = self.needed.get_mut(node as usize).map(core::mem::take).unwrap_or_default();
        for at in steps {
            let Some((left, sum)) = self.left.get_mut(at as usize) else { continue };
            *left = left.saturating_sub(1);
            *sum += effort;
            let ready = (*left == 0).then_some(*sum);
            if let Some((sum, and)) =
                ready.zip(self.ands.get(at as usize)).filter(|(_, and)| and.effort >= 0.0)
            {
                self.reach(and.to, sum, By::And(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    const NODES: u32 = 10;

    #[test]
    fn both_needs_must_be_met() {
        let net = Net::of(4, [NetEdge { from: 0, to: 1, effort: 0.5, label: () }]);
        let ands = [AndEdge { needs: vec![1, 2], to: 3, effort: 0.25 }];
        assert_eq!(net.derivations(&[0], &ands).effort(3), None);
        let both = net.derivations(&[0, 2], &ands);
        assert_eq!(
            (both.effort(3), both.needs(3, &ands), both.needs(1, &ands)),
            (Some(0.75), vec![1, 2], vec![0])
        );
    }

    proptest! {
        #[test]
        fn derivations_are_the_least_that_all_steps_allow(
            edges in prop::collection::vec((0..NODES, 0..NODES, 0..9_u8), 0..15),
            ands in prop::collection::vec((prop::collection::vec(0..NODES, 1..4), 0..NODES, 0..9_u8), 0..10),
            starts in prop::collection::vec(0..NODES, 1..3),
        ) {
            // Quarters add up without rounding, in any order.
            let effort = |value: u8| f32::from(value) / 4.0;
            let net = Net::of(NODES, edges.iter().map(|(from, to, own)| NetEdge { from: *from, to: *to, effort: effort(*own), label: () }));
            let ands: Vec<AndEdge> = ands.into_iter().map(|(mut needs, to, own)| {
                needs.sort_unstable();
                needs.dedup();
                AndEdge { needs, to, effort: effort(own) }
            }).collect();
            let mut slow = vec![f32::INFINITY; NODES as usize];
            for start in &starts {
                slow[*start as usize] = 0.0;
            }
            for _ in 0..=NODES {
                for (from, to, own) in &edges {
                    slow[*to as usize] = slow[*to as usize].min(slow[*from as usize] + effort(*own));
                }
                for and in &ands {
                    let sum = and.needs.iter().map(|need| slow[*need as usize]).sum::<f32>() + and.effort;
                    slow[and.to as usize] = slow[and.to as usize].min(sum);
                }
            }
            let found = net.derivations(&starts, &ands);
            for node in 0..NODES {
                let known = Some(slow[node as usize]).filter(|effort| effort.is_finite());
                prop_assert_eq!(found.effort(node), known);
            }
        }
    }
}
