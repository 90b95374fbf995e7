//! Ways from one network to another: peering connections and transit gateways, and the routes that lead over them.
//!
//! A packet takes the route with the longest prefix, and its answer one of its own: both have to lead over the same
//! connection, which joins just the networks that it says ("Amazon VPC User Guide", route priority; "VPC Peering Guide",
//! no transitive peering). O(routes) for two subnets.

use super::{JOINS, OVER, PEERING, Place, is, network_key, prefix_list};
use crate::Evidence;
use crate::cidr::Cidr;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object};
use homeostat_core::EntityKey;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A connection between networks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bridge {
    key: EntityKey,
    networks: BTreeSet<EntityKey>,
    /// Whether rules on one side may name security groups of the other: it peers two networks in one region.
    pub(super) knows_groups: bool,
    pub(super) evidence: BTreeSet<Evidence>,
}

/// Where a route table sends a range: over a connection, or where nobody follows here.
#[derive(Clone, Debug, PartialEq)]
struct Route {
    range: Cidr,
    over: Option<Arc<Bridge>>,
}

/// The routes of a subnet that lead over connections, with those that stand before them; none where none does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Routes(Vec<Route>);

impl Bridge {
    /// `None` when it joins nothing: it is not known, not accepted, or gone. What a table is not tied to is none: nothing of it
    /// touches the table.
    fn of(inventory: &Inventory, id: &str, table: &Object) -> Option<Self> {
        let key = network_key(id)?;
        let object = inventory.object(&key).filter(|_| table.is_linked(LinkKind::RoutedBy, &key))?;
        let ends = object.attributes().filter_map(|(name, text)| name.strip_prefix(JOINS).map(|_| text));
        let (mut networks, mut regions) = (BTreeSet::new(), BTreeSet::new());
        for end in ends {
            let (network, region) = end.split_once(' ').unwrap_or((end, ""));
            networks.extend(network_key(network));
            regions.insert(region.to_owned());
        }
        let knows_groups = is(object, PEERING) && regions.len() == 1;
        let evidence = [object.evidence().clone(), table.evidence().clone()].into();
        (!networks.is_empty()).then_some(Self { key, networks, knows_groups, evidence })
    }

    fn joins(&self, one: &Place, two: &Place) -> bool {
        let joins = |place: &Place| place.network.as_ref().is_some_and(|key| self.networks.contains(key));
        joins(one) && joins(two)
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        format!("routes lead over `{}` both ways", self.key.value())
    }
}

impl Routes {
    pub(super) fn of(inventory: &Inventory, subnet: &Object) -> Self {
        let mut all = Vec::new();
        for table in tables(inventory, subnet) {
            let lines = table.attributes().filter_map(|(name, to)| Some((name.strip_prefix(OVER)?, to)));
            for (range, to) in lines {
                let over = Bridge::of(inventory, to, table).map(Arc::new);
                let ranges = destinations(inventory, table, range).into_iter();
                all.extend(ranges.map(|range| Route { range, over: over.clone() }));
            }
        }
        let leads = all.iter().any(|route| route.over.is_some());
        Self(if leads { all } else { Vec::new() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The networks that something here is joined to.
    pub(super) fn networks(&self) -> impl Iterator<Item = &EntityKey> {
        self.0.iter().filter_map(|route| route.over.as_deref()).flat_map(|bridge| &bridge.networks)
    }

    /// Where packets go to for `range` as a whole, and for parts of it.
    fn to<'a>(&'a self, range: &'a Cidr) -> impl Iterator<Item = &'a Bridge> {
        let holding = || self.0.iter().filter(|route| route.range.holds(range));
        let longest = holding().map(|route| route.range.size()).min();
        let whole = holding().filter(move |route| Some(route.range.size()) == longest);
        let parts = self.0.iter().filter(|route| range.holds(&route.range) && route.range != *range);
        whole.chain(parts).filter_map(|route| route.over.as_deref())
    }

    /// The connection over which packets get from one place to the other and answers back; one that knows groups first.
    pub(super) fn between<'a>(one: &'a Place, two: &'a Place) -> Option<&'a Bridge> {
        let there = two.ranges.iter().flat_map(|range| one.routes.to(range));
        let back = |bridge: &&Bridge| {
            let mut all = one.ranges.iter().flat_map(|range| two.routes.to(range));
            bridge.joins(one, two) && all.any(|other| other.key == bridge.key)
        };
        there.filter(back).max_by_key(|bridge| (bridge.knows_groups, core::cmp::Reverse(&bridge.key)))
    }
}

/// The route table of a subnet: its own, else that of the network.
pub(super) fn tables<'a>(inventory: &'a Inventory, subnet: &Object) -> Vec<&'a Object> {
    let of = |object: &Object| -> Vec<&'a Object> {
        object.links(LinkKind::RoutedBy).filter_map(|key| inventory.object(key)).collect()
    };
    let own = of(subnet);
    if !own.is_empty() {
        return own;
    }
    let networks = subnet.links(LinkKind::Within).filter_map(|key| inventory.object(key));
    networks.flat_map(of).collect()
}

/// The ranges that a route is for: its own, or those of the list that it names.
pub(super) fn destinations(inventory: &Inventory, table: &Object, text: &str) -> Vec<Cidr> {
    if let Some(range) = Cidr::parse(text) {
        return vec![range];
    }
    network_key(text).map(|key| prefix_list::ranges(inventory, table, key)).unwrap_or_default()
}
