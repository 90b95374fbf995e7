//! Asking a directory: who is this, at that time, why, and who stands behind it.

use crate::directory::Directory;
use crate::node::Stored;
use crate::tenant::own_key;
use crate::{
    EntityClass, EntityId, ForeignInput, Learnt, Link, LinkId, LinkKind, Participant, Resolved, Strength,
    Validity,
};
use homeostat_core::{EntityKey, EventRef, Role, Signal, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Who stands behind an identifier, and by which links.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Behind {
    /// The person, service account or agent.
    pub id: EntityId,
    /// The links that lead to it, in their order from the identifier asked about.
    pub because: Vec<Link>,
}

impl Directory {
    /// How many links [`Self::behind`] follows: a session from a session from a session is rare, five are none.
    pub const DEPTH: usize = 6;

    /// The entity that `key` named at `at`; `None` for a key that was never seen. O(log n).
    ///
    /// An address is an entity of its own: [`Self::holder`] tells which machine had it.
    pub fn resolve(&self, key: &EntityKey, at: Timestamp) -> Option<EntityId> {
        Some(EntityId(self.leader(self.id_of(key)?, at)))
    }

    /// The number that `id` forwards to as of now; itself when it stands for itself.
    pub fn current(&self, id: EntityId) -> EntityId {
        EntityId(self.leader(id.0, Timestamp::NEVER))
    }

    /// The machine that held `address` at `at` by a lease. Of several the lease that began last counts; when two
    /// began at once, none does. Where no firm lease held, weak ones count as long as they agree.
    pub fn holder(&self, address: &EntityKey, at: Timestamp) -> Option<EntityId> {
        self.holder_of(self.id_of(address)?, at).map(EntityId)
    }

    /// The links that make `a` and `b` one, as of now: the shortest chain, each with the span of time in which
    /// it holds; weak ones with all their witnesses. Empty when they are not one, or the same key.
    pub fn because(&self, a: &EntityKey, b: &EntityKey) -> Vec<Link> {
        self.because_at(a, b, Timestamp::NEVER)
    }

    /// The links that made `a` and `b` one at `at`. O(n + l) in their group.
    pub fn because_at(&self, a: &EntityKey, b: &EntityKey, at: Timestamp) -> Vec<Link> {
        let (Some(a), Some(b)) = (self.id_of(a), self.id_of(b)) else { return Vec::new() };
        if self.leader(a, at) != self.leader(b, at) {
            return Vec::new();
        }
        let steps = self.steps_from(a, at);
        let mut chain = Vec::new();
        let mut end = b;
        while let Some(&before) = steps.get(&end).filter(|_| end != a) {
            chain.extend(self.joining(before, end, at).into_iter().rev());
            end = before;
        }
        chain.reverse();
        chain
    }

    /// The persons, service accounts and agents for whom `key` acted at `at`, each with the links that lead
    /// there; itself, without links, when `key` names one. Nobody is behind a role or an address.
    pub fn behind(&self, key: &EntityKey, at: Timestamp) -> Vec<Behind> {
        let Some(start) = self.id_of(key).map(|id| self.leader(id, at)) else { return Vec::new() };
        let mut found: BTreeMap<u32, Vec<Link>> = BTreeMap::new();
        let mut seen = BTreeSet::from([start]);
        let mut open = vec![(start, Vec::new())];
        for _ in 0..Self::DEPTH {
            let mut next = Vec::new();
            for (id, chain) in open {
                if self.is_principal(id, at) {
                    found.entry(id).or_insert(chain);
                    continue;
                }
                for (to, link) in self.acts_for(id, at) {
                    if seen.insert(to) {
                        next.push((to, [chain.clone(), vec![link]].concat()));
                    }
                }
            }
            open = next;
        }
        found.into_iter().map(|(id, because)| Behind { id: EntityId(id), because }).collect()
    }

    /// Resolves the entities of `signal` as of its time and gives the links from them that held then: those
    /// that act for others up to [`Self::DEPTH`] deep, the rest one step. Keys not seen before get numbers in
    /// the order the signal names them; asking again changes nothing.
    ///
    /// # Errors
    ///
    /// [`ForeignInput`] when the signal or one of its keys is another tenant's. Nothing is learnt then.
    pub fn resolve_signal(&mut self, signal: &Signal) -> Result<Resolved, ForeignInput> {
        let keys = self.own_keys(signal).inspect_err(|_| self.counted.foreign += 1)?;
        self.make_room(2 * keys.len());
        let mut changes = Learnt::default();
        let ids: Vec<u32> = keys.iter().map(|key| self.admit(key, signal.time, &mut changes)).collect();
        self.meet(&ids);
        let participants: Vec<Participant> = signal
            .entities
            .iter()
            .zip(&ids)
            .map(|((key, role), id)| self.participant(key, *role, *id, signal.time))
            .collect();
        let links = self.links_around(&ids, signal.time);
        Ok(Resolved { signal: signal.clone(), participants, links })
    }

    /// The links in force or retracted that speak of `key`, of every kind and time, by their ids.
    pub fn links_of_key(&self, key: &EntityKey) -> Vec<(LinkId, Link)> {
        let node = self.id_of(key).and_then(|id| self.nodes.get(&id));
        let ids: BTreeSet<LinkId> = node
            .into_iter()
            .flat_map(|node| node.same.iter().chain(&node.out).chain(&node.into))
            .copied()
            .collect();
        let told = |id: LinkId| {
            let stored = self.links.get(&id).into_iter();
            stored
                .flat_map(|stored| &stored.periods)
                .filter_map(move |period| Some((id, self.link(self.links.get(&id)?, period)?)))
        };
        ids.into_iter().flat_map(told).collect()
    }

    pub(crate) fn id_of(&self, key: &EntityKey) -> Option<u32> {
        self.ids.get(&own_key(self.tenant.as_ref()?, key)?).copied()
    }

    fn own_keys(&self, signal: &Signal) -> Result<Vec<EntityKey>, ForeignInput> {
        let tenant = self.tenant.as_ref().ok_or(ForeignInput::NoTenant)?;
        if signal.tenant != *tenant {
            return Err(ForeignInput::OtherTenant);
        }
        let own = |(entry, (key, _)): (usize, &(EntityKey, _))| {
            own_key(tenant, key).ok_or(ForeignInput::ForeignKey { entry })
        };
        signal.entities.iter().enumerate().map(own).collect()
    }

    fn participant(&self, key: &EntityKey, role: Role, id: u32, at: Timestamp) -> Participant {
        let class = self.class_of_members(&self.members(id, at));
        Participant { id: EntityId(self.leader(id, at)), class, key: key.clone(), role }
    }

    /// Notes for each of `ids` that it was named beside the others.
    fn meet(&mut self, ids: &[u32]) {
        let most = self.limits.neighbours as usize;
        for id in ids {
            let Some(node) = self.nodes.get_mut(id) else { continue };
            for other in ids.iter().filter(|other| *other != id) {
                let Err(place) = node.neighbours.binary_search(other) else { continue };
                if node.neighbours.len() < most {
                    node.neighbours.insert(place, *other);
                } else {
                    self.counted.neighbours_cut += 1;
                }
            }
        }
    }

    fn links_around(&mut self, ids: &[u32], at: Timestamp) -> Vec<(EntityId, EntityId, LinkKind)> {
        let mut found = BTreeSet::new();
        let mut seen: BTreeSet<u32> = ids.iter().map(|id| self.leader(*id, at)).collect();
        let mut open: Vec<u32> = seen.iter().copied().collect();
        for depth in 0..Self::DEPTH {
            let mut next = Vec::new();
            for id in open {
                for (kind, to) in self.leading_on(id, at) {
                    if (depth == 0 || kind == LinkKind::ActsFor) && to != id {
                        found.insert((depth, EntityId(id), EntityId(to), kind));
                        next.extend(seen.insert(to).then_some(to));
                    }
                }
            }
            open = next;
        }
        let most = self.limits.told as usize;
        self.counted.told_cut += found.len().saturating_sub(most) as u64;
        let mut links: Vec<_> = found.into_iter().take(most).map(|(_, a, b, kind)| (a, b, kind)).collect();
        links.sort_unstable();
        links
    }

    /// Where links lead from the entity `leader` at `at`; of leases only the one that counts.
    fn leading_on(&self, leader: u32, at: Timestamp) -> Vec<(LinkKind, u32)> {
        let mut ends = Vec::new();
        for member in self.members(leader, at) {
            let held = self.out_of(member).filter(|(_, link)| link.holds(at));
            let others = held.filter(|(_, link)| link.kind != LinkKind::Leases);
            ends.extend(others.map(|(_, link)| (link.kind, self.leader(link.b, at))));
            ends.extend(self.holder_of(member, at).map(|machine| (LinkKind::Leases, machine)));
        }
        ends
    }

    fn acts_for(&self, leader: u32, at: Timestamp) -> Vec<(u32, Link)> {
        let members = self.members(leader, at);
        let out = members.into_iter().flat_map(|member| self.out_of(member));
        let acting = out.filter(|(_, link)| link.kind == LinkKind::ActsFor);
        acting.filter_map(|(_, link)| Some((self.leader(link.b, at), self.link_at(link, at)?))).collect()
    }

    fn is_principal(&self, id: u32, at: Timestamp) -> bool {
        let class = self.class_of_members(&self.members(id, at));
        matches!(class, EntityClass::Person | EntityClass::ServiceAccount | EntityClass::AiAgent)
    }

    fn holder_of(&self, address: u32, at: Timestamp) -> Option<u32> {
        let leases = self.out_of(address).filter(|(_, link)| link.kind == LinkKind::Leases);
        let held: Vec<(Strength, Timestamp, u32)> = leases
            .filter_map(|(_, link)| {
                let (valid, _) = link.periods.iter().find(|(valid, _)| valid.holds(at))?;
                Some((link.strength, valid.from(), self.leader(link.b, at)))
            })
            .collect();
        let firm = held.iter().filter(|(strength, _, _)| *strength != Strength::Weak);
        let last = firm.map(|(_, from, _)| *from).max();
        let counts = |(strength, from, _): &&(Strength, Timestamp, u32)| match last {
            Some(last) => *strength != Strength::Weak && *from == last,
            None => true,
        };
        let machines: BTreeSet<u32> = held.iter().filter(counts).map(|(_, _, machine)| *machine).collect();
        machines.first().copied().filter(|_| machines.len() == 1)
    }

    /// All machines that held one address at any time.
    pub(crate) fn ever_holders(&self, address: u32) -> BTreeSet<u32> {
        let leases = self.out_of(address).filter(|(_, link)| link.kind == LinkKind::Leases);
        leases.map(|(_, link)| self.leader(link.b, Timestamp::NEVER)).collect()
    }

    /// The links that lead away from one identifier and are not retracted.
    fn out_of(&self, id: u32) -> impl Iterator<Item = (LinkId, &Stored)> {
        let out = self.nodes.get(&id).into_iter().flat_map(|node| &node.out);
        let links = out.filter_map(|link| Some((*link, self.links.get(link)?)));
        links.filter(|(_, link)| !link.retracted)
    }

    /// For each identifier reached from `start` over links that join at `at`, the one before it.
    fn steps_from(&self, start: u32, at: Timestamp) -> BTreeMap<u32, u32> {
        let leader = self.leader(start, at);
        let mut steps = BTreeMap::from([(start, start)]);
        let mut open = VecDeque::from([start]);
        while let Some(id) = open.pop_front() {
            let same = self.nodes.get(&id).into_iter().flat_map(|node| &node.same);
            // Rising by key, so that the chain told does not rest on the order of arrival.
            let ends: BTreeMap<&EntityKey, u32> = same
                .filter_map(|link| self.links.get(link))
                .filter(|link| self.joins(link, at))
                .flat_map(|link| [link.a, link.b])
                .filter_map(|end| Some((&self.nodes.get(&end)?.key, end)))
                .collect();
            for (_, end) in ends {
                if self.leader(end, at) == leader && !steps.contains_key(&end) {
                    steps.insert(end, id);
                    open.push_back(end);
                }
            }
        }
        steps
    }

    fn joins(&self, link: &Stored, at: Timestamp) -> bool {
        let one = self.leader(link.a, at) == self.leader(link.b, at);
        one && link.holds(at) && self.connects(link)
    }

    /// The links between two neighbouring identifiers that join them at `at`, the strongest only, unless all
    /// are weak.
    fn joining(&self, a: u32, b: u32, at: Timestamp) -> Vec<Link> {
        let same = self.nodes.get(&a).into_iter().flat_map(|node| &node.same);
        let mut links: Vec<(&LinkId, &Stored)> = same
            .filter_map(|link| Some((link, self.links.get(link)?)))
            .filter(|(_, link)| [link.a, link.b].contains(&b) && self.joins(link, at))
            .collect();
        links.sort_by_key(|(id, link)| (link.strength, **id));
        let weak = links.first().is_some_and(|(_, link)| link.strength == Strength::Weak);
        links.truncate(if weak { links.len() } else { 1 });
        links.into_iter().filter_map(|(_, link)| self.link_at(link, at)).collect()
    }

    fn link_at(&self, stored: &Stored, at: Timestamp) -> Option<Link> {
        let period = stored.periods.iter().find(|(valid, _)| valid.holds(at))?;
        self.link(stored, period)
    }

    fn link(&self, stored: &Stored, (valid, evidence): &(Validity, EventRef)) -> Option<Link> {
        Some(Link {
            kind: stored.kind,
            a: self.nodes.get(&stored.a)?.key.clone(),
            b: self.nodes.get(&stored.b)?.key.clone(),
            strength: stored.strength,
            valid: *valid,
            evidence: evidence.clone(),
            witness: stored.witness.clone(),
        })
    }
}
