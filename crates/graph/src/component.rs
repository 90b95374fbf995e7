//! Which nodes get to one another, and how far each gets, without a walk for each.
//!
//! Strongly connected components by one word a node: Pearce, "A space-efficient algorithm for finding strongly connected
//! components" (Information Processing Letters 116(1), 2016), O(V + E), with its stacks on the heap. What lies
//! in one component gets equally far, so that radii are counted on the condensation, 128 starts in one sweep.

use crate::net::{Half, Net};

/// Nodes by component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components {
    /// Per node its component.
    of: Vec<u32>,
    /// Per component where its nodes start in `nodes`, and one past the last.
    first: Vec<u32>,
    nodes: Vec<u32>,
}

/// What is being visited: the node, the next of its edges, whether nothing earlier is known to be in reach.
struct Visit<'n> {
    node: u32,
    left: core::slice::Iter<'n, Half>,
    root: bool,
}

impl Components {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The component of `node`. An edge never leads to a component of higher number.
    #[inline]
    pub fn of(&self, node: u32) -> Option<u32> {
        self.of.get(node as usize).copied()
    }

    /// The nodes of a component.
    pub fn nodes(&self, component: u32) -> &[u32] {
        match self.first.get(component as usize..) {
            Some([start, end, ..]) => self.nodes.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// How many nodes the largest has.
    pub fn largest(&self) -> usize {
        let ends = self.first.iter().skip(1);
        self.first.iter().zip(ends).map(|(start, end)| (end - start) as usize).max().unwrap_or_default()
    }
}

impl<L> Net<L> {
    /// The strongly connected components. O(V + E).
    pub fn components(&self) -> Components {
        let nodes = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut search = Search { order: vec![0; self.len()], next: 1, last: nodes, kept: Vec::new() };
        let mut open = Vec::new();
        for node in 0..nodes {
            if search.at(node) == 0 {
                search.visit(self, node, &mut open);
            }
        }
        let count = nodes - search.last;
        let mut of = search.order;
        for component in &mut of {
            *component = nodes - *component;
        }
        let mut first = vec![0_u32; count as usize + 1];
        for component in &of {
            if let Some(size) = first.get_mut(*component as usize + 1) {
                *size += 1;
            }
        }
        let mut sum = 0;
        for size in &mut first {
            sum += *size;
            *size = sum;
        }
        let (mut place, mut sorted) = (first.clone(), vec![0; of.len()]);
        for (node, component) in (0_u32..).zip(&of) {
            if let Some(place) = place.get_mut(*component as usize) {
                if let Some(slot) = sorted.get_mut(*place as usize) {
                    *slot = node;
                }
                *place += 1;
            }
        }
        Components { of, first, nodes: sorted }
    }
}

/// The state of the search. `order` is 0 for what was not seen, small numbers in the order of the visits for what
/// is not assigned, and from the highest down one more than the component's for what is.
struct Search {
    order: Vec<u32>,
    next: u32,
    last: u32,
    kept: Vec<u32>,
}

impl Search {
    #[inline]
    fn at(&self, node: u32) -> u32 {
        self.order.get(node as usize).copied().unwrap_or(u32::MAX)
    }

    #[inline]
    fn set(&mut self, node: u32, number: u32) {
        if let Some(order) = self.order.get_mut(node as usize) {
            *order = number;
        }
    }

    #[inline]
    fn enter<'n, L>(&mut self, net: &'n Net<L>, node: u32) -> Visit<'n> {
        self.set(node, self.next);
        self.next += 1;
        Visit { node, left: net.out(node).iter(), root: true }
    }

    fn visit<'n, L>(&mut self, net: &'n Net<L>, start: u32, open: &mut Vec<Visit<'n>>) {
        let mut now = self.enter(net, start);
        let mut own = self.at(start);
        loop {
            let mut child = None;
            for half in now.left.by_ref() {
                let seen = self.at(half.node);
                if seen == 0 {
                    child = Some(half.node);
                    break;
                }
                if seen < own {
                    own = seen;
                    now.root = false;
                }
            }
            if let Some(child) = child {
                self.set(now.node, own);
                let entered = self.enter(net, child);
                own = self.at(child);
                open.push(core::mem::replace(&mut now, entered));
                continue;
            }
            self.leave(&now, own);
            let below = self.at(now.node);
            let Some(parent) = open.pop() else { return };
            now = parent;
            own = self.at(now.node);
            if below < own {
                own = below;
                now.root = false;
            }
        }
    }

    fn leave(&mut self, done: &Visit<'_>, own: u32) {
        if !done.root {
            self.set(done.node, own);
            self.kept.push(done.node);
            return;
        }
        self.next -= 1;
        while let Some(node) = self.kept.last().copied().filter(|node| self.at(*node) >= own) {
            self.kept.pop();
            self.next -= 1;
            self.set(node, self.last);
        }
        self.set(done.node, self.last);
        self.last -= 1;
    }
}

/// The components and the edges between them, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condensation {
    components: Components,
    first: Vec<u32>,
    target: Vec<u32>,
}

impl<L> Net<L> {
    /// The components with the edges between them. O(V + E).
    pub fn condense(&self) -> Condensation {
        let components = self.components();
        let count = u32::try_from(components.len()).unwrap_or(u32::MAX);
        let mut seen = vec![u32::MAX; components.len()];
        let (mut first, mut target) = (Vec::with_capacity(components.len() + 1), Vec::new());
        first.push(0);
        for component in 0..count {
            for half in components.nodes(component).iter().flat_map(|node| self.out(*node)) {
                let Some(other) = components.of(half.node) else { continue };
                if let Some(mark) = seen.get_mut(other as usize)
                    && *mark != component
                    && other != component
                {
                    *mark = component;
                    target.push(other);
                }
            }
            first.push(u32::try_from(target.len()).unwrap_or(u32::MAX));
        }
        Condensation { components, first, target }
    }
}

impl Condensation {
    /// The components.
    pub fn components(&self) -> &Components {
        &self.components
    }

    /// How many edges lead from one component to another.
    pub fn edges(&self) -> usize {
        self.target.len()
    }

    /// How many nodes each of `starts` gets to, itself counted. One sweep over the edges for 128 starts.
    pub fn radii(&self, starts: &[u32]) -> Vec<usize> {
        let mut radii = vec![0; starts.len()];
        let mut masks = vec![0_u128; self.components.len()];
        for (part, counts) in starts.chunks(128).zip(radii.chunks_mut(128)) {
            self.mark(part, &mut masks);
            self.sweep(&mut masks, counts);
        }
        radii
    }

    /// How many nodes get to each of `targets`, itself counted. One sweep over the edges for 128 targets.
    pub fn exposures(&self, targets: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; targets.len()];
        let mut masks = vec![0_u128; self.components.len()];
        for (part, counts) in targets.chunks(128).zip(counts.chunks_mut(128)) {
            self.mark(part, &mut masks);
            for component in 0..u32::try_from(masks.len()).unwrap_or(u32::MAX) {
                let ahead = self.targets(component).iter();
                let reached =
                    ahead.fold(0, |all, other| all | masks.get(*other as usize).copied().unwrap_or_default());
                let Some(mask) = masks.get_mut(component as usize) else { continue };
                *mask |= reached;
                add(*mask, self.components.nodes(component).len(), counts);
            }
            masks.fill(0);
        }
        counts
    }

    /// Sets one bit for each of `nodes` at its component.
    fn mark(&self, nodes: &[u32], masks: &mut [u128]) {
        for (bit, node) in nodes.iter().enumerate() {
            let component = self.components.of(*node);
            if let Some(mask) = component.and_then(|component| masks.get_mut(component as usize)) {
                *mask |= 1 << bit;
            }
        }
    }

    /// Carries the marks along the edges, adds up the nodes under each, and clears them.
    fn sweep(&self, masks: &mut [u128], counts: &mut [usize]) {
        for component in (0..u32::try_from(masks.len()).unwrap_or(u32::MAX)).rev() {
            let Some(mask) = masks.get_mut(component as usize).map(core::mem::take).filter(|mask| *mask != 0)
            else {
                continue;
            };
            add(mask, self.components.nodes(component).len(), counts);
            for other in self.targets(component) {
                if let Some(reached) = masks.get_mut(*other as usize) {
                    *reached |= mask;
                }
            }
        }
    }

    fn targets(&self, component: u32) -> &[u32] {
        match self.first.get(component as usize..) {
            Some([start, end, ..]) => self.target.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// Adds `size` to the count of each bit.
fn add(mut mask: u128, size: usize, counts: &mut [usize]) {
    while mask != 0 {
        if let Some(count) = counts.get_mut(mask.trailing_zeros() as usize) {
            *count += size;
        }
        mask &= mask - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_component_is_those_that_get_to_one_another(
            edges in prop::collection::vec((0..24_u32, 0..24_u32), 0..70),
        ) {
            let net = Net::of(24, edges.into_iter().map(|(from, to)| NetEdge { from, to, effort: 0.0, label: () }));
            let condensed = net.condense();
            let reach: Vec<_> = (0..24).map(|node| net.reach(node)).collect();
            for (one, from) in (0_u32..).zip(&reach) {
                for (two, back) in (0_u32..).zip(&reach) {
                    let together = from.contains(two) && back.contains(one);
                    let components = condensed.components();
                    prop_assert_eq!(components.of(one) == components.of(two), together);
                    prop_assert!(!from.contains(two) || components.of(one) >= components.of(two));
                }
            }
            let starts: Vec<u32> = (0..24).cycle().take(200).collect();
            let walked: Vec<usize> = starts.iter().map(|start| reach[*start as usize].len()).collect();
            prop_assert_eq!(condensed.radii(&starts), walked);
            prop_assert_eq!(condensed.exposures(&starts), net.exposure_of_each(&starts));
        }
    }
}
