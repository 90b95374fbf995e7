//! Which identifiers of one connected group are the same entity, at each time, under the laws.
//!
//! Links are taken strongest first, then earliest told, then by the keys they join (Kruskal, 1956, with the
//! never-merge laws as an extra condition), so that the result rests on the set of links and not on the order in
//! which they came. O(s · (l log l + n²)) for n identifiers, l links and s spans of time; all three are bounded.

use crate::Strength;
use crate::law::{Bond, Law, Side};
use homeostat_core::{EntityKey, Timestamp};

/// One identifier of the group.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) id: u32,
    pub(crate) key: &'a EntityKey,
    pub(crate) side: Side,
}

/// A link that may join two members, given by their places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) strength: Strength,
    pub(crate) told: Timestamp,
}

/// The leaders from one moment up to the next slice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) from: Timestamp,
    /// For each member, in order, the smallest id of its entity.
    pub(crate) leaders: Vec<u32>,
}

/// Identifiers that links connect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Component {
    // INVARIANT: rising, at least two.
    pub(crate) members: Vec<u32>,
    // INVARIANT: rising by `from`, the first from `UNKNOWN`.
    pub(crate) slices: Vec<Slice>,
}

impl Component {
    /// The smallest id of the entity that `id` belongs to at `at`; `id` itself when it is no member.
    pub(crate) fn leader(&self, id: u32, at: Timestamp) -> u32 {
        let place = self.members.binary_search(&id).ok();
        place.and_then(|place| self.leaders_at(at).get(place).copied()).unwrap_or(id)
    }

    /// The ids that are one with `id` at `at`, rising.
    pub(crate) fn entity(&self, id: u32, at: Timestamp) -> Vec<u32> {
        let leader = self.leader(id, at);
        let members = self.members.iter().zip(self.leaders_at(at));
        members.filter(|(_, of)| **of == leader).map(|(member, _)| *member).collect()
    }

    fn leaders_at(&self, at: Timestamp) -> &[u32] {
        let after = self.slices.partition_point(|slice| slice.from <= at);
        self.slices.get(after.saturating_sub(1)).map_or(&[], |slice| &slice.leaders)
    }
}

/// The leader of each member under `edges`, all of which hold at the same time.
pub(crate) fn leaders(members: &[Member<'_>], mut edges: Vec<Edge>) -> Vec<u32> {
    let name = |place: usize| members.get(place).map(|member| member.key);
    edges.sort_by(|x, y| {
        let rank = |edge: &Edge| (edge.strength, edge.told);
        let ends = |edge: &Edge| {
            let (a, b) = (name(edge.a), name(edge.b));
            if a <= b { (a, b) } else { (b, a) }
        };
        rank(x).cmp(&rank(y)).then_with(|| ends(x).cmp(&ends(y)))
    });
    let mut groups = Groups::of(members);
    for edge in edges {
        let ends = [edge.a, edge.b].map(name);
        if let [Some(a), Some(b)] = ends {
            groups.try_join(edge, Bond::of(edge.strength, [a, b]));
        }
    }
    groups.leaders(members)
}

/// The entities found so far: for each member the place of its group, and the side of each group.
struct Groups {
    group_of: Vec<usize>,
    sides: Vec<Side>,
}

impl Groups {
    fn of(members: &[Member<'_>]) -> Self {
        Self {
            group_of: (0..members.len()).collect(),
            sides: members.iter().map(|member| member.side.clone()).collect(),
        }
    }

    fn try_join(&mut self, edge: Edge, bond: Bond) {
        let (Some(&a), Some(&b)) = (self.group_of.get(edge.a), self.group_of.get(edge.b)) else { return };
        let (Some(one), Some(other)) = (self.sides.get(a), self.sides.get(b)) else { return };
        if a == b || Law::between(one, other, bond).is_some() {
            return;
        }
        let other = other.clone();
        if let Some(one) = self.sides.get_mut(a) {
            one.join(other);
        }
        for group in self.group_of.iter_mut().filter(|group| **group == b) {
            *group = a;
        }
    }

    fn leaders(&self, members: &[Member<'_>]) -> Vec<u32> {
        let smallest = |group: usize| {
            let of_group = self.group_of.iter().zip(members).filter(|(of, _)| **of == group);
            of_group.map(|(_, member)| member.id).min().unwrap_or_default()
        };
        self.group_of.iter().map(|&group| smallest(group)).collect()
    }
}
