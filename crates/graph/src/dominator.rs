//! The nodes that every way must pass.
//!
//! Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm" (Rice TR-06-33870, 2001), from a source above all starts:
//! O(E) a round, few rounds. Whoever guards the dominators of a jewel guards it.

use crate::net::{Half, Net};
use crate::node_set::NodeSet;

/// Per node the last node that every way from the starts must pass before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dominators {
    above: Vec<u32>,
    /// Per node its place in `order`, from 1; 0 for what is not in reach.
    rank: Vec<u32>,
    /// The nodes in reach, a node before those above it.
    order: Vec<u32>,
}

/// A step that is the only one: whoever takes it away cuts off all behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlyStep {
    /// Where it starts.
    pub from: u32,
    /// Where it leads.
    pub to: u32,
    /// How many of those watched no longer get there without it.
    pub cuts: usize,
}

const SOURCE: u32 = u32::MAX;
const UNSEEN: u32 = u32::MAX - 1;

impl Dominators {
    /// The nodes that every way from the starts to `node` passes, the nearest to the starts first, without `node`
    /// itself; `None` when no way leads there. O(length).
    pub fn of(&self, node: u32) -> Option<Vec<u32>> {
        let mut chain = Vec::new();
        let mut at = *self.above.get(node as usize)?;
        if at == UNSEEN {
            return None;
        }
        while at < UNSEEN {
            chain.push(at);
            at = *self.above.get(at as usize)?;
        }
        chain.reverse();
        Some(chain)
    }

    fn rank(&self, node: u32) -> u32 {
        self.rank.get(node as usize).copied().unwrap_or_default()
    }

    /// Whether every way to `node` passes `other`, or they are the same.
    fn passes(&self, mut node: u32, other: u32) -> bool {
        while node < UNSEEN && self.rank(node) < self.rank(other) {
            node = self.above.get(node as usize).copied().unwrap_or(UNSEEN);
        }
        node == other
    }

    fn find<'n>(
        nodes: usize,
        starts: &[u32],
        out: impl Fn(u32) -> &'n [Half],
        into: impl Fn(u32) -> &'n [Half],
    ) -> Self {
        let order = post_order(nodes, starts, out);
        let mut own = Self { above: vec![UNSEEN; nodes], rank: vec![0; nodes], order };
        for (number, node) in (1_u32..).zip(&own.order) {
            if let Some(rank) = own.rank.get_mut(*node as usize) {
                *rank = number;
            }
        }
        let mut roots = NodeSet::new(nodes);
        for start in starts.iter().filter(|start| roots.insert(**start)) {
            if let Some(above) = own.above.get_mut(*start as usize) {
                *above = SOURCE;
            }
        }
        let order = core::mem::take(&mut own.order);
        loop {
            let mut changed = false;
            for node in order.iter().rev().filter(|node| !roots.contains(**node)) {
                let seen = into(*node).iter().map(|half| half.node);
                let known =
                    seen.filter(|before| own.above.get(*before as usize).is_some_and(|a| *a != UNSEEN));
                let best = known.reduce(|one, two| own.meet(one, two)).unwrap_or(UNSEEN);
                if let Some(slot) = own.above.get_mut(*node as usize)
                    && *slot != best
                {
                    (*slot, changed) = (best, true);
                }
            }
            if !changed {
                return Self { order, ..own };
            }
        }
    }

    /// The nearest node above both.
    fn meet(&self, mut one: u32, mut two: u32) -> u32 {
        let up = |node: u32| self.above.get(node as usize).copied().unwrap_or(SOURCE);
        while one != two {
            if one != SOURCE && (two == SOURCE || self.rank(one) < self.rank(two)) {
                one = up(one);
            } else {
                two = up(two);
            }
        }
        one
    }
}

impl<L> Net<L> {
    /// What every way from some of `starts` must pass.
    pub fn dominators(&self, starts: &[u32]) -> Dominators {
        Dominators::find(self.len(), starts, |node| self.out(node), |node| self.back(node))
    }

    /// What every way to some of `targets` must pass: the same against the edges.
    pub fn guards(&self, targets: &[u32]) -> Dominators {
        Dominators::find(self.len(), targets, |node| self.back(node), |node| self.out(node))
    }

    /// The steps without which some of those `watched` no longer get to any of `targets`, in the order of nodes. The
    /// edges between two nodes count as one step. O(E) after the guards are found.
    pub fn only_steps(&self, targets: &[u32], watched: &NodeSet) -> Vec<OnlyStep> {
        let guards = self.guards(targets);
        let mut behind: Vec<usize> =
            (0_u32..).zip(&guards.rank).map(|(node, _)| usize::from(watched.contains(node))).collect();
        for node in &guards.order {
            let own = behind.get(*node as usize).copied().unwrap_or_default();
            if let Some(above) =
                guards.above.get(*node as usize).and_then(|above| behind.get_mut(*above as usize))
            {
                *above += own;
            }
        }
        let steps = (0_u32..).zip(behind).filter(|(_, cuts)| *cuts > 0);
        steps
            .filter_map(|(from, cuts)| Some(OnlyStep { from, to: self.only_way(&guards, from)?, cuts }))
            .collect()
    }

    /// The one node through which `from` gets to a target: all others lead back to it, or nowhere.
    fn only_way(&self, guards: &Dominators, from: u32) -> Option<u32> {
        if guards.above.get(from as usize).is_none_or(|above| *above == SOURCE) {
            return None;
        }
        let ends = self.out(from).iter().map(|half| half.node);
        let mut ways = ends.filter(|to| guards.rank(*to) > 0 && !guards.passes(*to, from));
        let only = ways.next()?;
        ways.all(|to| to == only).then_some(only)
    }
}

/// Nodes in reach, each after those it leads to first.
fn post_order<'n>(nodes: usize, starts: &[u32], out: impl Fn(u32) -> &'n [Half]) -> Vec<u32> {
    let mut seen = NodeSet::new(nodes);
    let (mut order, mut open): (Vec<u32>, Vec<(u32, core::slice::Iter<'n, Half>)>) = (Vec::new(), Vec::new());
    for start in starts {
        if seen.insert(*start) {
            open.push((*start, out(*start).iter()));
        }
        while let Some((node, left)) = open.last_mut() {
            if let Some(half) = left.find(|half| seen.insert(half.node)) {
                open.push((half.node, out(half.node).iter()));
            } else {
                order.push(*node);
                open.pop();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn without_a_dominator_there_is_no_way(
            edges in prop::collection::vec((0..10_u32, 0..10_u32), 0..25),
            starts in prop::collection::vec(0..10_u32, 1..3),
        ) {
            let of = |gone: Option<u32>| {
                let left = edges.iter().filter(|(from, to)| Some(*from) != gone && Some(*to) != gone);
                Net::of(10, left.map(|(from, to)| NetEdge { from: *from, to: *to, effort: 0.0, label: () }))
            };
            let whole = of(None);
            let told = whole.dominators(&starts);
            for node in 0..10 {
                let reached = whole.reach_of(&starts).contains(node);
                let chain = told.of(node);
                prop_assert_eq!(chain.is_some(), reached);
                for other in (0..10).filter(|other| reached && *other != node) {
                    let left: Vec<u32> = starts.iter().copied().filter(|start| *start != other).collect();
                    let needed = !of(Some(other)).reach_of(&left).contains(node);
                    prop_assert_eq!(chain.as_ref().unwrap().contains(&other), needed, "{} before {}", other, node);
                }
            }
        }

        #[test]
        fn only_steps_are_those_that_part_somebody_from_the_targets(
            edges in prop::collection::vec((0..9_u32, 0..9_u32), 0..22),
            targets in prop::collection::vec(0..9_u32, 1..3),
        ) {
            let of = |gone: Option<(u32, u32)>| {
                let left = edges.iter().filter(|ends| Some(**ends) != gone);
                Net::of(9, left.map(|(from, to)| NetEdge { from: *from, to: *to, effort: 0.0, label: () }))
            };
            let whole = of(None);
            let watched = NodeSet::of(9, 0..9);
            let told = whole.only_steps(&targets, &watched);
            let reaching = whole.exposed(&targets).len();
            let steps: std::collections::BTreeSet<(u32, u32)> = edges.iter().copied().collect();
            for (from, to) in steps {
                let cuts = reaching - of(Some((from, to))).exposed(&targets).len();
                let step = told.iter().find(|step| (step.from, step.to) == (from, to));
                prop_assert_eq!(step.map_or(0, |step| step.cuts), cuts, "{} to {}", from, to);
            }
        }
    }
}
