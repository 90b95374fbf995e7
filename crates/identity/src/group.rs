//! How a directory keeps its groups of identifiers in step with its links.

use crate::component::{Component, Edge, Member, Slice, leaders};
use crate::directory::Directory;
use crate::node::{Node, Stored};
use crate::{Change, EntityClass, EntityId, Learnt, LinkKind, Strength};
use homeostat_core::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Directory {
    /// The smallest number of the entity that `id` belongs to at `at`.
    pub(crate) fn leader(&self, id: u32, at: Timestamp) -> u32 {
        self.component(id).map_or(id, |component| component.leader(id, at))
    }

    /// The numbers that are one with `id` at `at`, rising.
    pub(crate) fn members(&self, id: u32, at: Timestamp) -> Vec<u32> {
        self.component(id).map_or_else(|| vec![id], |component| component.entity(id, at))
    }

    /// The numbers that were one with `id` at any time.
    pub(crate) fn ever_one_with(&self, id: u32) -> BTreeSet<u32> {
        let Some(component) = self.component(id) else { return BTreeSet::from([id]) };
        component.slices.iter().flat_map(|slice| component.entity(id, slice.from)).collect()
    }

    /// The sessions and credentials that acted for `id`.
    pub(crate) fn followers(&self, id: u32) -> Vec<u32> {
        let into = self.nodes.get(&id).map(|node| &node.into);
        let acting = into.into_iter().flatten().filter_map(|link| self.links.get(link));
        acting
            .filter(|link| link.kind == LinkKind::ActsFor)
            .map(|link| link.a)
            .filter(|a| matches!(self.class_of(*a), EntityClass::Session | EntityClass::Credential))
            .collect()
    }

    pub(crate) fn class_of(&self, id: u32) -> EntityClass {
        self.nodes.get(&id).map_or(EntityClass::Unknown, Node::class)
    }

    /// All that links connect with `id`, itself among them.
    pub(crate) fn group(&self, id: u32) -> BTreeSet<u32> {
        self.component(id)
            .map_or_else(|| BTreeSet::from([id]), |group| group.members.iter().copied().collect())
    }

    /// The groups of all that any link calls the same as `id`.
    pub(crate) fn linked_group(&self, id: u32) -> BTreeSet<u32> {
        let same = self.nodes.get(&id).map(|node| &node.same);
        let links = same.into_iter().flatten().filter_map(|link| self.links.get(link));
        let ends = links.flat_map(|link| [link.a, link.b]);
        ends.chain([id]).flat_map(|end| self.group(end)).collect()
    }

    /// Whether `link` can join: it counts, and when it is weak another witness tells the same of one class.
    pub(crate) fn connects(&self, link: &Stored) -> bool {
        if link.retracted || link.kind != LinkKind::SameAs {
            return false;
        }
        link.strength != Strength::Weak || (self.of_one_class(link) && self.witnesses(link) >= 2)
    }

    fn of_one_class(&self, link: &Stored) -> bool {
        let (a, b) = (self.class_of(link.a), self.class_of(link.b));
        a == b && a != EntityClass::Unknown
    }

    fn witnesses(&self, link: &Stored) -> usize {
        let told = self.nodes.get(&link.a).map(|node| &node.same);
        let links = told.into_iter().flatten().filter_map(|id| self.links.get(id));
        links
            .filter(|other| other.strength == Strength::Weak && !other.retracted)
            .filter(|other| (other.a, other.b) == (link.a, link.b))
            .count()
    }

    /// Computes the groups of `affected` anew; tells what that changed as of now.
    pub(crate) fn rebuild(&mut self, affected: &BTreeSet<u32>, learnt: &mut Learnt) {
        let now = Timestamp::NEVER;
        let before: BTreeMap<u32, u32> = affected.iter().map(|id| (*id, self.leader(*id, now))).collect();
        for id in affected {
            self.dissolve(*id);
        }
        let mut left = affected.clone();
        while let Some(first) = left.pop_first() {
            let group = self.flood(first);
            for id in &group {
                left.remove(id);
            }
            self.form(&group);
        }
        for (id, old) in before {
            learnt.changes.extend(change(id, old, self.leader(id, now)));
        }
    }

    fn dissolve(&mut self, id: u32) {
        if let Some(root) = self.nodes.get_mut(&id).and_then(|node| node.component.take()) {
            self.components.remove(&root);
        }
    }

    fn flood(&self, first: u32) -> BTreeSet<u32> {
        let mut group = BTreeSet::from([first]);
        let mut open = vec![first];
        while let Some(node) = open.pop().and_then(|id| self.nodes.get(&id)) {
            let links = node.same.iter().filter_map(|link| self.links.get(link));
            for link in links.filter(|link| self.connects(link)) {
                open.extend([link.a, link.b].into_iter().filter(|end| group.insert(*end)));
            }
        }
        group
    }

    fn form(&mut self, group: &BTreeSet<u32>) {
        let (Some(&root), true) = (group.first(), group.len() > 1) else { return };
        let (component, cut) = self.resolved(group);
        self.counted.slices_cut += cut as u64;
        self.components.insert(root, component);
        for id in group {
            if let Some(node) = self.nodes.get_mut(id) {
                node.component = Some(root);
            }
        }
    }

    /// The group with its entities at each time, and how many spans of time were taken as one.
    fn resolved(&self, group: &BTreeSet<u32>) -> (Component, usize) {
        let members: Vec<Member<'_>> = group
            .iter()
            .filter_map(|id| Some(Member { id: *id, key: &self.nodes.get(id)?.key, side: self.side(*id) }))
            .collect();
        let ids: BTreeSet<_> =
            group.iter().filter_map(|id| self.nodes.get(id)).flat_map(|node| &node.same).copied().collect();
        let links: Vec<&Stored> =
            ids.iter().filter_map(|id| self.links.get(id)).filter(|link| self.connects(link)).collect();
        let (starts, cut) = self.starts(&links);
        let numbers: Vec<u32> = members.iter().map(|member| member.id).collect();
        let slice = |from| Slice { from, leaders: leaders(&members, edges(&numbers, &links, from)) };
        let mut slices: Vec<Slice> = starts.into_iter().map(slice).collect();
        slices.dedup_by(|later, earlier| later.leaders == earlier.leaders);
        (Component { members: numbers, slices }, cut)
    }

    /// The moments from which another set of links holds, the first of them unbounded.
    fn starts(&self, links: &[&Stored]) -> (Vec<Timestamp>, usize) {
        let periods = links.iter().flat_map(|link| &link.periods);
        let ends = periods.flat_map(|(valid, _)| [valid.from(), valid.to()]);
        let moments: BTreeSet<Timestamp> = ends.filter(|end| end.is_moment()).collect();
        let cut = (moments.len() + 1).saturating_sub(self.limits.slices as usize);
        let starts = [Timestamp::UNKNOWN].into_iter().chain(moments.into_iter().skip(cut));
        (starts.collect(), cut)
    }

    fn component(&self, id: u32) -> Option<&Component> {
        self.components.get(&self.nodes.get(&id)?.component?)
    }
}

/// The links that hold at `at` as edges between places in `members`; of weak ones those told by two.
fn edges(members: &[u32], links: &[&Stored], at: Timestamp) -> Vec<Edge> {
    let place = |id: u32| members.binary_search(&id).ok();
    let mut weak: BTreeMap<(u32, u32), (usize, Timestamp)> = BTreeMap::new();
    let mut edges = Vec::new();
    for link in links.iter().filter(|link| link.holds(at)) {
        let (Some(a), Some(b)) = (place(link.a), place(link.b)) else { continue };
        let mut told = link.told;
        if link.strength == Strength::Weak {
            let (count, first) = weak.entry((link.a, link.b)).or_insert((0, link.told));
            *count += 1;
            *first = (*first).min(link.told);
            told = *first;
            if *count < 2 {
                continue;
            }
        }
        edges.push(Edge { a, b, strength: link.strength, told });
    }
    edges
}

fn change(id: u32, old: u32, new: u32) -> Option<Change> {
    let (was_leader, is_leader) = (old == id, new == id);
    match (was_leader, is_leader) {
        (true, false) => Some(Change::Merged { into: EntityId(new), absorbed: EntityId(id) }),
        (false, true) => Some(Change::Split { out_of: EntityId(old), back: EntityId(id) }),
        _ => None,
    }
}
