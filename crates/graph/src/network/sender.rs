//! Who sends over the network: where it stands, and what its security groups let out.
//!
//! A machine gets where its groups and its subnets get, and what leaves it is let out by any of its groups. Where one of these
//! does not let out everything, neither a group nor a subnet can stand for it: those who are in the same groups and subnets
//! make a crowd, a node of its own between them and what they get to. So edges stay as few as there are kinds of machines.
//! O(rules) a way.

use super::filter::{Rule, overlap};
use super::route::{Bridge, Routes};
use super::{EGRESS, EGRESS_TOLD, NetSide, Place, Start, Way};
use crate::Evidence;
use crate::cidr::Cidr;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object, ObjectKind};
use homeostat_core::{EntityKey, EntityKind};
use std::collections::{BTreeMap, BTreeSet};

/// What the security groups of a sender let out. Without rules that is everything: it has no group, or one that does not
/// tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Egress {
    rules: Option<Vec<Rule>>,
}

impl Egress {
    /// What all groups of `object` together let out.
    pub(super) fn of(inventory: &Inventory, object: &Object) -> Self {
        let mut all = None;
        for key in object.links(LinkKind::GuardedBy) {
            let group =
                inventory.object(key).map(|group| Self::of_group(inventory, group)).unwrap_or_default();
            let Some(rules) = group.rules else { return group };
            all.get_or_insert_with(Vec::new).extend(rules);
        }
        Self { rules: all }
    }

    fn of_group(inventory: &Inventory, group: &Object) -> Self {
        let told = group.attribute(EGRESS_TOLD).is_some();
        Self { rules: told.then(|| Rule::all(inventory, group, EGRESS).collect()) }
    }

    /// Whether it lets all out to whatever has an address of the families of `from`.
    fn is_open(&self, from: &[Place]) -> bool {
        let Some(rules) = &self.rules else { return true };
        let all = |family: &str| {
            let whole = Cidr::parse(family);
            rules.iter().filter(|rule| rule.protocol.fits() && rule.ports == (0, u16::MAX)).any(
                |rule| matches!((&rule.start, &whole), (Start::Ranges(to), Some(whole)) if to.iter().any(|to| to.holds(whole))),
            )
        };
        let six = from.iter().flat_map(|place| &place.ranges).any(Cidr::is_six);
        all("0.0.0.0/0") && (!six || all("::/0"))
    }

    /// What of `ports` is let out to what has these addresses, with the rule that does so.
    pub(super) fn let_out(
        &self,
        ports: (u16, u16),
        to: Addresses<'_>,
    ) -> impl Iterator<Item = ((u16, u16), Option<&Rule>)> {
        let rules = self.rules.iter().flatten().filter(|rule| rule.protocol.fits());
        let some = rules.filter(move |rule| to.are_named(&rule.start));
        let some = some.filter_map(move |rule| Some((overlap(rule.ports, ports)?, Some(rule))));
        self.rules.is_none().then_some((ports, None)).into_iter().chain(some)
    }
}

/// By what a rule may name an asset.
#[derive(Clone, Copy)]
pub(super) struct Addresses<'a> {
    pub(super) groups: &'a BTreeSet<EntityKey>,
    pub(super) ranges: &'a [Cidr],
}

impl Addresses<'_> {
    /// Of what has no address that is known only a rule for everybody is about it.
    fn are_named(&self, by: &Start) -> bool {
        match by {
            Start::Internet => false,
            Start::Node(group) => self.groups.contains(group),
            Start::Ranges(ranges) if self.ranges.is_empty() => ranges.iter().any(Cidr::is_wide),
            Start::Ranges(ranges) => {
                self.ranges.iter().any(|own| ranges.iter().any(|range| range.overlaps(own)))
            }
        }
    }
}

/// What gets where each machine of a crowd gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sender {
    pub(super) groups: BTreeSet<EntityKey>,
    pub(super) places: Vec<Place>,
    egress: Egress,
    evidence: BTreeSet<Evidence>,
}

impl Sender {
    /// The crowd of a machine; `None` where its groups and subnets stand for it.
    pub(crate) fn of(inventory: &Inventory, object: &Object) -> Option<(EntityKey, Self)> {
        if object.kind() != ObjectKind::Workload {
            return None;
        }
        let groups: BTreeSet<EntityKey> = object.links(LinkKind::GuardedBy).cloned().collect();
        let subnets: Vec<&EntityKey> = object.links(LinkKind::Within).collect();
        let known = subnets.iter().filter_map(|key| inventory.object(key));
        let places: Vec<Place> = known.map(|subnet| Place::of(inventory, subnet)).collect();
        let guards = || groups.iter().filter_map(|key| inventory.object(key));
        let open = guards().all(|group| Egress::of_group(inventory, group).is_open(&places));
        if open && places.iter().all(|place| place.routes.is_empty()) {
            return None;
        }
        let egress = Egress::of(inventory, object);
        let evidence = guards().map(|group| group.evidence().clone()).collect();
        let name = format!("{} in {}", joined(groups.iter()), joined(subnets.into_iter()));
        let key = EntityKey::new(EntityKind::NativeId, "aws/senders", &name).ok()?;
        Some((key, Self { groups, places, egress, evidence }))
    }

    /// What would be in a security group and in no other; `None` where the group lets all out.
    pub(super) fn of_group(inventory: &Inventory, group: &Object) -> Option<Self> {
        let (groups, egress) = ([group.key().clone()].into(), Egress::of_group(inventory, group));
        let evidence = [group.evidence().clone()].into();
        (!egress.is_open(&[])).then(|| Self {
            groups,
            places: vec![Place::of_group(group)],
            egress,
            evidence,
        })
    }

    /// `way` as it is for these machines; `None` when it does not start at them or is not let out.
    pub(super) fn sends(&self, side: &NetSide, way: &Way) -> Option<Way> {
        let nowhere = [Place::default()];
        let places = if self.places.is_empty() { &nowhere[..] } else { &self.places };
        let (rule, bridge) = places.iter().find_map(|place| self.by_place(place, side, way))?;
        let mut own = way.clone();
        own.because
            .extend(rule.map(|rule| format!("a security group of the sender lets `{}` out", rule.line)));
        own.because.extend(bridge.map(Bridge::told));
        own.evidence
            .extend(self.evidence.iter().chain(bridge.into_iter().flat_map(|one| &one.evidence)).cloned());
        Some(own)
    }

    /// By which rule it is let out of a place, and over what it goes to another network.
    fn by_place<'a>(&'a self, place: &'a Place, side: &'a NetSide, way: &Way) -> Option<Sent<'a>> {
        let near = side.is_near(place);
        let mut bridge = None;
        if near == Some(false) {
            let all = side.beyond.iter().filter_map(|to| Routes::between(place, to));
            bridge = Some(all.max_by_key(|bridge| bridge.knows_groups)?);
        }
        // Elsewhere a group is known over a peering connection alone; addresses say nothing where no network is known.
        let knows_groups = bridge.is_none_or(|bridge| bridge.knows_groups);
        let starts = |ports| match &way.start {
            Start::Internet => false,
            Start::Node(group) => knows_groups && self.groups.contains(group),
            Start::Ranges(ranges) => near.is_some() && side.lets(ranges, (way.protocol, ports), place),
        };
        let nobody = BTreeSet::new();
        let groups = if knows_groups { &side.groups } else { &nobody };
        let addresses = Addresses { groups, ranges: &side.ranges };
        let (_, rule) = self.egress.let_out(way.ports, addresses).find(|(ports, _)| starts(*ports))?;
        Some((rule, bridge))
    }
}

/// The rule that lets something out, and the connection over which it goes.
type Sent<'a> = (Option<&'a Rule>, Option<&'a Bridge>);

fn joined<'a>(keys: impl Iterator<Item = &'a EntityKey>) -> String {
    keys.map(EntityKey::value).collect::<Vec<_>>().join("+")
}

/// Which machines are in which crowd.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Crowds {
    of: BTreeMap<EntityKey, EntityKey>,
    members: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
}

impl Crowds {
    /// Puts a machine into a crowd, or into none; the crowds that this concerns go to `changed`.
    pub(crate) fn put(
        &mut self,
        machine: &EntityKey,
        crowd: Option<EntityKey>,
        changed: &mut BTreeSet<EntityKey>,
    ) {
        if let Some(old) = self.of.remove(machine) {
            if let Some(members) = self.members.get_mut(&old) {
                members.remove(machine);
                if members.is_empty() {
                    self.members.remove(&old);
                }
            }
            changed.insert(old);
        }
        if let Some(new) = crowd {
            self.members.entry(new.clone()).or_default().insert(machine.clone());
            self.of.insert(machine.clone(), new.clone());
            changed.insert(new);
        }
    }

    /// One of the machines of a crowd: they are alike.
    pub(crate) fn one_of(&self, crowd: &EntityKey) -> Option<&EntityKey> {
        self.members.get(crowd)?.first()
    }
}
