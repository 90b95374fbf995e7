//! The cheapest set of edges whose removal parts some nodes from others.
//!
//! Dinic (Soviet Math. Doklady 11, 1970) on what lies on some way between the two, with levels counted from the targets, so
//! that no step leads into a dead end at first. By Ford and Fulkerson (1956) the greatest flow is the cheapest cut.

use crate::net::Net;
use crate::node_set::NodeSet;

/// The cheapest cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The edges to remove, by number, in order.
    pub edges: Vec<u32>,
    /// What removing them costs together.
    pub cost: u64,
    /// Targets that are starts themselves: no edge parts them, so they were set apart.
    pub set_apart: Vec<u32>,
}

impl<L> Net<L> {
    /// The edges whose removal costs least and parts all of `starts` from all of `targets`.
    ///
    /// `cost` tells what removing the edge of this number costs; an edge that costs nothing is always cut. Targets that
    /// are starts are set apart.
    pub fn min_cut(&self, starts: &[u32], targets: &[u32], cost: impl Fn(u32) -> u32) -> Cut {
        let entries = NodeSet::of(self.len(), starts.iter().copied());
        let (apart, ends): (Vec<u32>, Vec<u32>) =
            targets.iter().partition(|target| entries.contains(**target));
        let (from, to) = (self.reach_of(starts), self.exposed(&ends));
        let mut flow = Flow::new(self, |node| from.contains(node) && to.contains(node), cost);
        let places =
            |nodes: &[u32]| -> Vec<u32> { nodes.iter().filter_map(|node| flow.place(*node)).collect() };
        let (sources, sinks) = (places(starts), places(&ends));
        let mut total = 0;
        while flow.levels(&sources, &sinks) {
            for source in &sources {
                while let Some(more) = flow.push(*source) {
                    total += u64::from(more);
                }
            }
        }
        Cut { edges: flow.parted(self, &sources), cost: total, set_apart: apart }
    }
}

const FAR: u32 = u32::MAX;

/// A direction of an edge in which more may flow.
#[derive(Clone, Copy, Default)]
struct Arc {
    to: u32,
    /// The place of the other direction.
    back: u32,
    left: u32,
}

/// The nodes on some way, renumbered, and what may still flow.
struct Flow {
    /// The nodes by place.
    nodes: Vec<u32>,
    place: Vec<u32>,
    first: Vec<u32>,
    arcs: Vec<Arc>,
    level: Vec<u32>,
    next: Vec<u32>,
}

impl Flow {
    fn new<L>(net: &Net<L>, keep: impl Fn(u32) -> bool, cost: impl Fn(u32) -> u32) -> Self {
        let all = u32::try_from(net.len()).unwrap_or(u32::MAX);
        let nodes: Vec<u32> = (0..all).filter(|node| keep(*node)).collect();
        let mut place = vec![FAR; net.len()];
        for (at, node) in (0_u32..).zip(&nodes) {
            if let Some(slot) = place.get_mut(*node as usize) {
                *slot = at;
            }
        }
        let mut flow = Self {
            level: vec![FAR; nodes.len()],
            next: vec![0; nodes.len()],
            first: vec![0; nodes.len() + 1],
            arcs: Vec::new(),
            nodes,
            place,
        };
        flow.count(net);
        flow.connect(net, cost);
        flow
    }

    fn place(&self, node: u32) -> Option<u32> {
        self.place.get(node as usize).copied().filter(|place| *place != FAR)
    }

    /// The edges between nodes that are kept, without those from a node to itself: place, number, place.
    fn kept<'a, L>(&'a self, net: &'a Net<L>) -> impl Iterator<Item = (u32, u32, u32)> + 'a {
        (0_u32..).zip(&self.nodes).flat_map(move |(from, node)| {
            let row = net.numbers(*node).zip(net.out(*node));
            row.filter_map(move |(edge, half)| Some((from, edge, self.place(half.node)?)))
                .filter(|(from, _, to)| from != to)
        })
    }

    fn count<L>(&mut self, net: &Net<L>) {
        let mut first = core::mem::take(&mut self.first);
        for (from, _, to) in self.kept(net) {
            for node in [from, to] {
                if let Some(count) = first.get_mut(node as usize + 1) {
                    *count += 1;
                }
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        self.arcs = vec![Arc::default(); sum as usize];
        self.first = first;
    }

    fn connect<L>(&mut self, net: &Net<L>, cost: impl Fn(u32) -> u32) {
        let (mut free, mut arcs) = (self.first.clone(), core::mem::take(&mut self.arcs));
        let mut take = |node: u32| {
            free.get_mut(node as usize).map_or(FAR, |place| {
                *place += 1;
                *place - 1
            })
        };
        for (from, edge, to) in self.kept(net) {
            let (ahead, back) = (take(from), take(to));
            for (at, arc) in
                [(ahead, Arc { to, back, left: cost(edge) }), (back, Arc { to: from, back: ahead, left: 0 })]
            {
                if let Some(slot) = arcs.get_mut(at as usize) {
                    *slot = arc;
                }
            }
        }
        self.arcs = arcs;
    }

    fn arcs(&self, place: u32) -> &[Arc] {
        match self.first.get(place as usize..) {
            Some([start, end, ..]) => self.arcs.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    fn left(&self, arc: u32) -> u32 {
        self.arcs.get(arc as usize).map_or(0, |arc| arc.left)
    }

    /// Numbers each place by its steps to the nearest sink; whether some source gets there.
    fn levels(&mut self, sources: &[u32], sinks: &[u32]) -> bool {
        let mut level = core::mem::take(&mut self.level);
        level.fill(FAR);
        let mut queue = sinks.to_vec();
        for sink in sinks {
            if let Some(level) = level.get_mut(*sink as usize) {
                *level = 0;
            }
        }
        let mut at = 0;
        while let Some(node) = queue.get(at).copied() {
            at += 1;
            let own = level.get(node as usize).copied().unwrap_or(FAR);
            for arc in self.arcs(node) {
                if let Some(known) = level.get_mut(arc.to as usize)
                    && *known == FAR
                    && self.left(arc.back) > 0
                {
                    *known = own + 1;
                    queue.push(arc.to);
                }
            }
        }
        self.level = level;
        self.next.clone_from(&self.first);
        sources.iter().any(|source| self.level_of(*source) != FAR)
    }

    fn level_of(&self, place: u32) -> u32 {
        self.level.get(place as usize).copied().unwrap_or(FAR)
    }

    /// The next arc from `place` that leads one step nearer to a sink and is not full.
    fn ahead(&mut self, place: u32) -> Option<u32> {
        let end = self.first.get(place as usize + 1).copied()?;
        let own = self.level_of(place);
        loop {
            let at = self.next.get(place as usize).copied().filter(|at| *at < end)?;
            let arc = self.arcs.get(at as usize).copied()?;
            if arc.left > 0 && own != FAR && self.level_of(arc.to).checked_add(1) == Some(own) {
                return Some(at);
            }
            if let Some(next) = self.next.get_mut(place as usize) {
                *next += 1;
            }
        }
    }

    /// Sends as much as fits along one more way from `source`; `None` when no way is left on these levels.
    fn push(&mut self, source: u32) -> Option<u32> {
        if self.level_of(source) == FAR {
            return None;
        }
        let (mut way, mut at): (Vec<u32>, u32) = (Vec::new(), source);
        while self.level_of(at) > 0 {
            if let Some(arc) = self.ahead(at) {
                way.push(arc);
                at = self.arcs.get(arc as usize)?.to;
                continue;
            }
            // A dead end: the arc that led here is passed over.
            let arc = way.pop()?;
            let back = self.arcs.get(arc as usize)?.back;
            at = self.arcs.get(back as usize)?.to;
            *self.next.get_mut(at as usize)? += 1;
        }
        let most = way.iter().map(|arc| self.left(*arc)).min()?;
        for arc in way {
            let back = self.arcs.get_mut(arc as usize).map(|arc| {
                arc.left -= most;
                arc.back
            })?;
            if let Some(back) = self.arcs.get_mut(back as usize) {
                back.left = back.left.saturating_add(most);
            }
        }
        Some(most)
    }

    /// The edges from what the sources still get to, to the rest.
    fn parted<L>(&self, net: &Net<L>, sources: &[u32]) -> Vec<u32> {
        let mut seen = NodeSet::new(self.nodes.len());
        let mut open: Vec<u32> = sources.iter().copied().filter(|source| seen.insert(*source)).collect();
        while let Some(place) = open.pop() {
            for arc in self.arcs(place) {
                if arc.left > 0 && seen.insert(arc.to) {
                    open.push(arc.to);
                }
            }
        }
        let across = self.kept(net).filter(|(from, _, to)| seen.contains(*from) && !seen.contains(*to));
        across.map(|(_, edge, _)| edge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_set_of_edges_is_cheaper(
            edges in prop::collection::vec((0..6_u32, 0..6_u32, 1..5_u32), 0..10),
        ) {
            let net = Net::of(6, edges.into_iter().map(|(from, to, label)| NetEdge { from, to, effort: 0.0, label }));
            let price = |edge: u32| *net.label(edge).unwrap();
            let cut = net.min_cut(&[0, 1], &[4, 5, 1], price);
            prop_assert_eq!(&cut.set_apart, &[1]);
            prop_assert_eq!(cut.edges.iter().map(|edge| u64::from(price(*edge))).sum::<u64>(), cut.cost);
            let count = u32::try_from(net.edges()).unwrap();
            let without = |gone: u32| {
                let left = (0..count).filter(|edge| gone & (1 << edge) == 0);
                let rest = left.map(|edge| NetEdge {
                    from: net.from(edge).unwrap(), to: net.edge(edge).unwrap().node, effort: 0.0, label: (),
                });
                let reach = Net::of(6, rest).reach_of(&[0, 1]);
                !reach.contains(4) && !reach.contains(5)
            };
            prop_assert!(without(cut.edges.iter().fold(0, |all, edge| all | 1 << edge)));
            for gone in 0..1_u32 << count {
                let cost: u64 = (0..count).filter(|edge| gone & (1 << edge) != 0).map(|edge| u64::from(price(edge))).sum();
                prop_assert!(cost >= cut.cost || !without(gone));
            }
        }
    }
}
