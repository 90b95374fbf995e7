//! What the network lets in, computed from its parts: never a field that somebody stored.
//!
//! From the Internet: an address of its own, a route to a gateway, an access list and a security group that let the port
//! in; or a balancer or API before it. From inside: the security group of the other, or the subnet it lies in. What is
//! reached is a step only where something is to be used there: a hole, a way to log in, an API that asks nobody. O(rules)
//! for each asset. How VPCs are put together: "Amazon VPC User Guide", security groups, network ACLs, route tables.

mod asset;
mod filter;
mod prefix_list;
mod route;
mod sender;
mod start;

use crate::Evidence;
use crate::cidr::Cidr;
use crate::edge::EdgeKind;
use crate::federation::GROUP;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object, ObjectKind};
use asset::Asset;
use filter::{AccessList, Protocol, Rule};
use homeostat_core::{EntityKey, EntityKind};
use route::Routes;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

#[cfg(feature = "clouds")]
pub(crate) use asset::LOGINS;
#[cfg(feature = "documents")]
pub(crate) use prefix_list::{ENTRIES_TOLD, ENTRY, PREFIX_LIST};
pub(crate) use sender::{Crowds, Sender};
pub(crate) use start::Starts;

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
/// of an access list, `ingress/number verdict protocol from-to range`; outgoing ones begin with `egress/`.
pub(crate) const INGRESS: &str = "ingress/";
pub(crate) const EGRESS: &str = "egress/";
/// Whether a security group tells what it lets out: without it that is everything.
pub(crate) const EGRESS_TOLD: &str = "egress";
/// Ranges of a subnet, with commas.
pub(crate) const RANGES: &str = "ranges";
/// Begins the attributes of a route table that are routes to a gateway: `route/range`.
pub(crate) const ROUTE: &str = "route/";
/// Begins the other routes of a table: `over/range` is where they lead, such as a peering connection.
pub(crate) const OVER: &str = "over/";
/// A connection of two networks.
pub(crate) const PEERING: &str = "peering";
/// Begins the attributes that are networks which such a connection joins, with their regions: `joins/end`.
pub(crate) const JOINS: &str = "joins/";
/// The network of a security group.
pub(crate) const NETWORK_OF: &str = "network";
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
    /// Whatever lies in a subnet of the same network with addresses in one of the ranges.
    Ranges(Arc<[Cidr]>),
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
    /// The addresses of the subnets that it lies in.
    ranges: Vec<Cidr>,
    /// The security groups that it is in.
    groups: BTreeSet<EntityKey>,
    /// Those of its subnets from which answers get to other networks.
    beyond: Vec<Place>,
}

/// The ranges of a subnet, its network, and where its routes lead.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    ranges: Vec<Cidr>,
    network: Option<EntityKey>,
    routes: Routes,
}

/// Where somebody stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stand {
    /// Whether another provider vouches for it.
    pub(crate) subject: bool,
    /// Whether somebody may act as it.
    pub(crate) acts: bool,
    place: Place,
    sender: Option<Sender>,
    /// How many lists of addresses its rules name whose entries nobody told.
    pub(crate) untold: usize,
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

#[cfg(any(feature = "documents", feature = "event"))]
/// The same of a rule of a security group: one for all protocols is for all ports, whatever it says of them.
pub(crate) fn span_of(protocol: &str, from: Option<i64>, to: Option<i64>) -> String {
    if protocol == "-1" { span(None, None) } else { span(from, to) }
}

pub(crate) fn is(object: &Object, what: &str) -> bool {
    object.kind() == ObjectKind::Network && object.attribute(WHAT) == Some(what)
}

impl Place {
    fn of(inventory: &Inventory, subnet: &Object) -> Self {
        let ranges = subnet.attribute(RANGES).unwrap_or_default().split(',');
        Self {
            ranges: ranges.filter_map(Cidr::parse).collect(),
            network: subnet.links(LinkKind::Within).next().cloned(),
            routes: Routes::of(inventory, subnet),
        }
    }

    /// Where a security group stands: in its network, when that is told.
    fn of_group(group: &Object) -> Self {
        Self { network: group.attribute(NETWORK_OF).and_then(network_key), ..Self::default() }
    }
}

impl Stand {
    pub(crate) fn of(inventory: &Inventory, object: &Object) -> Self {
        let subject = object.kind() == ObjectKind::Subject;
        let acts = subject && object.attribute(GROUP).is_none();
        let place = if is(object, SUBNET) { Place::of(inventory, object) } else { Place::default() };
        if !is(object, SECURITY_GROUP) {
            return Self { subject, acts, place, ..Self::default() };
        }
        let rules =
            [INGRESS, EGRESS].into_iter().flat_map(|beginning| Rule::all(inventory, object, beginning));
        let rules: Vec<Rule> = rules.collect();
        let lists = rules.iter().filter_map(|rule| prefix_list::untold(object, &rule.start));
        let untold = lists.collect::<BTreeSet<_>>().len();
        let (place, sender) = (Place::of_group(object), Sender::of_group(inventory, object));
        Self { subject, acts, place, sender, untold }
    }

    /// Where the machines of a crowd stand.
    pub(crate) fn of_sender(sender: Sender) -> Self {
        Self { sender: Some(sender), ..Self::default() }
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
        (!ways.is_empty()).then(|| Self {
            ways,
            list: asset.list,
            network: asset.network,
            ranges: asset.ranges,
            groups: object.links(LinkKind::GuardedBy).cloned().collect(),
            beyond: asset.beyond,
        })
    }

    /// The ways that start at `key`, where it stands at `stand`.
    pub(crate) fn from<'a>(
        &'a self,
        key: &'a EntityKey,
        stand: Option<&'a Stand>,
    ) -> impl Iterator<Item = Cow<'a, Way>> {
        let outside = is_internet(key);
        let sender = stand.and_then(|stand| stand.sender.as_ref());
        self.ways.iter().filter_map(move |way| {
            let starts = match (&way.start, sender) {
                (Start::Internet, _) => outside,
                (_, Some(sender)) => return sender.sends(self, way).map(Cow::Owned),
                (Start::Node(node), None) => {
                    node == key && stand.is_none_or(|stand| self.is_near(&stand.place) != Some(false))
                }
                (Start::Ranges(ranges), None) => stand.is_some_and(|stand| {
                    let near = self.is_near(&stand.place) == Some(true);
                    near && self.lets(ranges, (way.protocol, way.ports), &stand.place)
                }),
            };
            starts.then_some(Cow::Borrowed(way))
        })
    }

    /// Whether one of the ranges is for something in `from`, and the access list lets it in.
    fn lets(&self, ranges: &[Cidr], (protocol, ports): (Protocol, (u16, u16)), from: &Place) -> bool {
        let named = |own: &Cidr| ranges.iter().any(|range| range.overlaps(own));
        let lets = |own: &Cidr| named(own) && self.list.lets(own, protocol, ports).is_some();
        from.ranges.iter().any(lets)
    }

    /// Whether it lies in the network of `place`; `None` when one of the two is not known.
    fn is_near(&self, place: &Place) -> Option<bool> {
        Some(self.network.as_ref()? == place.network.as_ref()?)
    }
}
