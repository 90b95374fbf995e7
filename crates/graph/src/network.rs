//! What the network lets in, computed from its parts: never a field that somebody stored.
//!
//! From the Internet: an address of its own, a route to a gateway, an access list and a security group that let the port
//! in; or a balancer or API before it. From inside: the security group of the other, or the subnet it lies in. What is
//! reached is a step only where something is to be used there: a hole, a way to log in, an API that asks nobody. O(rules)
//! for each asset. How VPCs are put together: "Amazon VPC User Guide", security groups, network ACLs, route tables.

mod asset;
mod filter;

use crate::Evidence;
use crate::cidr::Cidr;
use crate::edge::EdgeKind;
use crate::federation::GROUP;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object, ObjectKind};
use asset::Asset;
use filter::{AccessList, Protocol};
use homeostat_core::{EntityKey, EntityKind};
use std::collections::{BTreeMap, BTreeSet};

/// What part of a network an object is.
pub(crate) const WHAT: &str = "what";
pub(crate) const SECURITY_GROUP: &str = "security group";
pub(crate) const SUBNET: &str = "subnet";
pub(crate) const BALANCER: &str = "balancer";
pub(crate) const TARGETS: &str = "target group";
pub(crate) const API: &str = "api";
/// A machine by its id: documents that know no more of it speak of it so.
pub(crate) const MACHINE: &str = "machine";
/// Begins the attributes that are rules of a security group, `ingress/protocol from-to source`, and those that are entries
/// of an access list, `ingress/number verdict protocol from-to range`.
pub(crate) const INGRESS: &str = "ingress/";
pub(crate) const EGRESS: &str = "egress/";
/// Ranges of a subnet, with commas.
pub(crate) const RANGES: &str = "ranges";
/// Begins the attributes of a route table that are routes to a gateway: `route/range`.
pub(crate) const ROUTE: &str = "route/";
/// The families in which an asset has an address outside: `4`, `6`, `46`.
pub(crate) const PUBLIC: &str = "public";
/// Ports that something listens on.
pub(crate) const PORTS: &str = "ports";
/// Whether a gateway is tied to a network.
pub(crate) const TIED: &str = "tied";
/// What of an API asks nobody who he is: `operation target`, one a line.
pub(crate) const OPEN: &str = "open";
/// Who may call the URL of a function.
pub(crate) const URL: &str = "url_authorization";
/// The one node that stands for all that lies outside; `None` never.
pub(crate) fn internet() -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, EntityKey::INTERNET, "Internet").ok()
}

pub(crate) fn is_internet(key: &EntityKey) -> bool {
    (key.kind(), key.scope(), key.value()) == (EntityKind::NativeId, EntityKey::INTERNET, "Internet")
}

/// From where a step leads to an asset.
#[derive(Clone, Debug, PartialEq)]
enum Start {
    Internet,
    /// A security group, a balancer, an API.
    Node(EntityKey),
    /// Whatever lies in a subnet of the same network with addresses in the range.
    Range(Cidr),
}

/// A step to an asset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    start: Start,
    pub(crate) kind: EdgeKind,
    pub(crate) rule: String,
    /// The chance, beside that of the kind.
    pub(crate) factor: f64,
    pub(crate) because: Vec<String>,
    pub(crate) evidence: BTreeSet<Evidence>,
    pub(crate) condition: Option<String>,
    ports: (u16, u16),
    protocol: Protocol,
}

/// What leads to an asset over the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NetSide {
    pub(crate) ways: Vec<Way>,
    list: AccessList,
    network: Option<EntityKey>,
}

/// Where somebody stands: the subnet's ranges and its network, or nothing of the kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stand {
    /// Whether another provider vouches for it.
    pub(crate) subject: bool,
    /// Whether somebody may act as it.
    pub(crate) acts: bool,
    ranges: Vec<Cidr>,
    network: Option<EntityKey>,
}

/// The key of a part of a network by its id, such as `sg-0a1b`: ids of EC2 are unique in all of AWS.
pub(crate) fn network_key(id: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, "aws", id).ok()
}

#[cfg(any(feature = "documents", feature = "event"))]
/// From and to, as rules are written: all ports where none is told, or −1.
pub(crate) fn span(from: Option<i64>, to: Option<i64>) -> String {
    let bound = |port: Option<i64>, all: u16| port.and_then(|port| u16::try_from(port).ok()).unwrap_or(all);
    format!("{}-{}", bound(from, 0), bound(to, u16::MAX))
}

pub(crate) fn is(object: &Object, what: &str) -> bool {
    object.kind() == ObjectKind::Network && object.attribute(WHAT) == Some(what)
}

impl Stand {
    pub(crate) fn of(object: &Object) -> Self {
        let subject = object.kind() == ObjectKind::Subject;
        if !is(object, SUBNET) {
            let acts = subject && object.attribute(GROUP).is_none();
            return Self { subject, acts, ..Self::default() };
        }
        let ranges = object.attribute(RANGES).unwrap_or_default().split(',');
        Self {
            subject,
            acts: false,
            ranges: ranges.filter_map(Cidr::parse).collect(),
            network: object.links(LinkKind::Within).next().cloned(),
        }
    }

    /// Whether something may start here by the network.
    pub(crate) fn is_place(object: &Object) -> bool {
        [SECURITY_GROUP, SUBNET, BALANCER, API].iter().any(|what| is(object, what))
    }
}

impl NetSide {
    /// What leads to `object`; `None` when nothing does.
    pub(crate) fn of(inventory: &Inventory, object: &Object) -> Option<Self> {
        let asset = Asset::new(inventory, object);
        let ways = match object.kind() {
            ObjectKind::Workload | ObjectKind::Database => asset.ways(),
            ObjectKind::Network => asset.open_place().into_iter().collect(),
            ObjectKind::Bucket => asset.open_bucket().into_iter().collect(),
            ObjectKind::Role => asset.open_role().into_iter().collect(),
            _ => Vec::new(),
        };
        (!ways.is_empty()).then_some(Self { ways, list: asset.list, network: asset.network })
    }

    /// The ways that start at `key`, where it stands at `stand`.
    pub(crate) fn from<'a>(
        &'a self,
        key: &'a EntityKey,
        stand: Option<&'a Stand>,
    ) -> impl Iterator<Item = &'a Way> {
        let outside = is_internet(key);
        self.ways.iter().filter(move |way| match &way.start {
            Start::Internet => outside,
            Start::Node(node) => node == key,
            Start::Range(range) => stand.is_some_and(|stand| self.lets(range, way, stand)),
        })
    }

    fn lets(&self, range: &Cidr, way: &Way, stand: &Stand) -> bool {
        let same = self.network.is_some() && self.network == stand.network;
        same && stand
            .ranges
            .iter()
            .any(|own| range.overlaps(own) && self.list.lets(own, way.protocol, way.ports).is_some())
    }
}

/// Which assets something leads to from each start.
#[derive(Default)]
pub(crate) struct Starts {
    by_node: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
}

impl Starts {
    /// O(ways + assets × subnets of their networks).
    pub(crate) fn of_sides(
        sides: &BTreeMap<EntityKey, NetSide>,
        stands: &BTreeMap<EntityKey, Stand>,
    ) -> Self {
        let mut subnets: BTreeMap<&EntityKey, Vec<(&EntityKey, &Stand)>> = BTreeMap::new();
        for (key, stand) in stands {
            if let Some(network) = &stand.network {
                subnets.entry(network).or_default().push((key, stand));
            }
        }
        let (mut own, outside) = (Self::default(), internet());
        for (asset, side) in sides {
            let near = side.network.as_ref().and_then(|network| subnets.get(network)).into_iter().flatten();
            for (key, _) in near.filter(|(key, stand)| side.from(key, Some(stand)).next().is_some()) {
                own.add(key, asset);
            }
            for way in &side.ways {
                match &way.start {
                    Start::Node(node) => own.add(node, asset),
                    Start::Internet => {
                        if let Some(internet) = &outside {
                            own.add(internet, asset);
                        }
                    }
                    Start::Range(_) => {}
                }
            }
        }
        own
    }

    fn add(&mut self, start: &EntityKey, asset: &EntityKey) {
        self.by_node.entry(start.clone()).or_default().insert(asset.clone());
    }

    pub(crate) fn of(&self, start: &EntityKey) -> impl Iterator<Item = &EntityKey> {
        self.by_node.get(start).into_iter().flatten()
    }
}
