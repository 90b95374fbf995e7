//! Route tables, and what joins one network to another.

use super::world::{is_true, text};
use super::{Facts, Resource, World};
use crate::document::ec2::{NETWORK, ROUTES, TRANSIT, part};
use crate::network::{JOINS, OVER, PEERING, ROUTE, network_key};
use crate::object::LinkKind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where a route may lead, and the kind of resource that stands for it before it has an id.
const HOPS: [(&str, &str, &str); 6] = [
    ("gateway_id", "igw-", "aws_internet_gateway"),
    ("vpc_peering_connection_id", "pcx-", "aws_vpc_peering_connection"),
    ("transit_gateway_id", "tgw-", "aws_ec2_transit_gateway"),
    ("nat_gateway_id", "nat-", "aws_nat_gateway"),
    ("network_interface_id", "eni-", "aws_network_interface"),
    ("egress_only_gateway_id", "eigw-", "aws_egress_only_internet_gateway"),
];

/// How many of these are followed: gateways to the Internet and what joins networks.
const FOLLOWED: usize = 3;

/// The routes of a table as attributes, and what it is tied to.
#[derive(Default)]
struct Table {
    routes: BTreeMap<String, String>,
    hops: BTreeSet<String>,
    lists: BTreeSet<String>,
}

impl Table {
    fn add(&mut self, (at, hop): (usize, String), ranges: impl IntoIterator<Item = String>) {
        // A gateway of another kind, such as that of an own line, leads elsewhere.
        let outward = at == 0 && is_a(at, &hop);
        for range in ranges {
            if range.starts_with("pl-") || range.contains("_prefix_list") {
                self.lists.insert(range.clone());
            }
            let beginning = if outward { ROUTE } else { OVER };
            self.routes.insert(format!("{beginning}{range}"), hop.clone());
        }
        if at < FOLLOWED && is_a(at, &hop) {
            self.hops.insert(hop);
        }
    }
}

/// Whether an id, or an address in its place, is of the kind that such a field names.
fn is_a(at: usize, id: &str) -> bool {
    HOPS.get(at).is_some_and(|(_, id_of, kind)| id.starts_with(id_of) || id.contains(kind))
}

impl World<'_> {
    /// Route tables with their routes, and the subnets that follow them.
    pub(super) fn route_tables(&self, facts: &mut Facts) {
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for resource in &self.resources {
            match resource.kind {
                "aws_route_table" => {
                    if let Some(id) = self.id(resource) {
                        self.inline_routes(resource, tables.entry(id).or_default());
                    }
                }
                "aws_route" => self.route(resource, &mut tables),
                "aws_route_table_association" | "aws_main_route_table_association" => {
                    self.follow(facts, resource);
                }
                _ => {}
            }
        }
        for (id, table) in tables {
            let Some(key) = network_key(&id) else { continue };
            part(
                facts,
                &key,
                ROUTES,
                table.routes.iter().map(|(name, to)| (name.as_str(), Some(to.clone()))),
            );
            for hop in table.hops.iter().filter_map(|id| network_key(id)) {
                facts.link(&key, LinkKind::RoutedBy, &hop);
            }
            for list in table.lists.iter().filter_map(|id| network_key(id)) {
                facts.link(&key, LinkKind::Names, &list);
            }
        }
    }

    fn route(&self, resource: &Resource<'_>, tables: &mut BTreeMap<String, Table>) {
        let hops = (0..).zip(HOPS);
        let mut told = hops.filter_map(|(at, (field, ..))| Some((at, self.text(resource, field, Self::id)?)));
        let Some(hop) = told.next() else { return };
        let ranges = ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];
        let ranges: Vec<String> =
            ranges.into_iter().flat_map(|field| self.texts(resource, field, Self::id)).collect();
        for table in self.texts(resource, "route_table_id", Self::id) {
            tables.entry(table).or_default().add(hop.clone(), ranges.iter().cloned());
        }
    }

    /// Routes that stand in their table. Which of them a reference belongs to is not told: those to the Internet are taken
    /// first, others when there is but one.
    fn inline_routes(&self, resource: &Resource<'_>, table: &mut Table) {
        let blocks = resource.references.and_then(|all| all.get("route")).and_then(Value::as_array);
        let mut referred: Vec<(usize, String)> = Vec::new();
        for (at, (field, ..)) in (0..).zip(HOPS) {
            let told = blocks.into_iter().flatten().filter_map(|block| block.get(field));
            let ids = told.flat_map(|one| self.referred(resource, Some(one), Self::id));
            referred.extend(ids.map(|id| (at, id)));
        }
        let guess = referred.iter().find(|(at, id)| *at == 0 && is_a(*at, id));
        let guess = guess.or_else(|| referred.first().filter(|_| referred.len() == 1));
        for route in resource.values.get("route").and_then(Value::as_array).into_iter().flatten() {
            let known =
                (0..).zip(HOPS).find_map(|(at, (field, ..))| Some((at, text(route, field)?.to_owned())));
            let Some(hop) = known.or_else(|| guess.cloned()) else { continue };
            let ranges = ["cidr_block", "ipv6_cidr_block", "destination_prefix_list_id"];
            table.add(hop, ranges.into_iter().filter_map(|field| text(route, field)).map(str::to_owned));
        }
    }

    fn follow(&self, facts: &mut Facts, resource: &Resource<'_>) {
        for table in self.texts(resource, "route_table_id", Self::id).iter().filter_map(|id| network_key(id))
        {
            for subnet in self.texts(resource, "subnet_id", Self::id).iter().filter_map(|id| network_key(id))
            {
                facts.link(&subnet, LinkKind::RoutedBy, &table);
            }
            for network in self.texts(resource, "vpc_id", Self::id).iter().filter_map(|id| network_key(id)) {
                part(facts, &network, NETWORK, []);
                facts.link(&network, LinkKind::RoutedBy, &table);
            }
        }
    }

    /// A connection of two networks joins them when the state says so, or when one side accepts by itself.
    pub(super) fn peering(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let id = self.id(resource)?;
        let accepts = |one: &&Resource<'_>| {
            one.kind == "aws_vpc_peering_connection_accepter"
                && is_true(one.values, "auto_accept")
                && self.texts(one, "vpc_peering_connection_id", Self::id).contains(&id)
        };
        let active = text(resource.values, "accept_status") == Some("active")
            || is_true(resource.values, "auto_accept")
            || self.resources.iter().any(|one| accepts(&one));
        let region = text(resource.values, "peer_region").unwrap_or(&self.region);
        let end = |field: &str, region: &str| {
            let network = self.text(resource, field, Self::id).filter(|_| active)?;
            Some(format!("{network} {region}"))
        };
        let ends = [
            (format!("{JOINS}requester"), end("vpc_id", &self.region)),
            (format!("{JOINS}accepter"), end("peer_vpc_id", region)),
        ];
        part(facts, &network_key(&id)?, PEERING, ends.iter().map(|(name, end)| (name.as_str(), end.clone())));
        Some(())
    }

    pub(super) fn attachment(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let name = format!("{JOINS}{}", self.id(resource)?);
        for gateway in self.texts(resource, "transit_gateway_id", Self::id) {
            let network = self.text(resource, "vpc_id", Self::id);
            part(facts, &network_key(&gateway)?, TRANSIT, [(name.as_str(), network)]);
        }
        Some(())
    }
}
