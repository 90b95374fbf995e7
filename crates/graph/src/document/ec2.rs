//! Answers of EC2 and of Elastic Load Balancing version 2: machines and the network around them.
//!
//! Field names: "Amazon EC2 API Reference" and "Elastic Load Balancing API Reference version 2015-12-01".

use super::{Facts, is_true, list, number, text, texts};
use crate::change::Op;
use crate::network::{
    BALANCER, EGRESS, EGRESS_TOLD, ENTRIES_TOLD, ENTRY, INGRESS, JOINS, MACHINE, NETWORK_OF, OVER, PEERING,
    PORTS, PREFIX_LIST, PUBLIC, RANGES, ROUTE, SECURITY_GROUP, SUBNET, TARGETS, TIED, WHAT, network_key,
    span, span_of,
};
use crate::object::{LinkKind, ObjectKind, arn_key};
use crate::workload::{ACCOUNT, PROFILE, SERVICE};
use homeostat_core::EntityKey;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that are looked at by their ties alone.
pub(crate) const NETWORK: &str = "network";
pub(crate) const ROUTES: &str = "route table";
const ACCESS_LIST: &str = "access list";
pub(crate) const GATEWAY: &str = "gateway";
/// What connects many networks.
pub(crate) const TRANSIT: &str = "transit gateway";

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let lists = [
        facts.each(whole, "Reservations", reservation),
        facts.each(whole, "SecurityGroups", security_group),
        facts.each(whole, "PrefixLists", prefix_list),
        prefix_list_entries(whole, facts),
        facts.each(whole, "Subnets", subnet),
        facts.each(whole, "RouteTables", route_table),
        facts.each(whole, "NetworkAcls", access_list),
        facts.each(whole, "InternetGateways", gateway),
        facts.each(whole, "VpcPeeringConnections", peering),
        facts.each(whole, "TransitGatewayVpcAttachments", attachment),
        facts.each(whole, "TransitGatewayAttachments", attachment),
        facts.each(whole, "LoadBalancers", balancer),
        facts.each(whole, "TargetGroups", target_group),
        listeners(whole, facts),
        target_health(whole, facts),
    ];
    lists.contains(&true)
}

/// A part of a network: it exists, and is this.
pub(crate) fn part<'a>(
    facts: &mut Facts,
    key: &EntityKey,
    what: &str,
    attributes: impl IntoIterator<Item = (&'a str, Option<String>)>,
) {
    let all = attributes.into_iter().chain([(WHAT, Some(what.to_owned()))]);
    facts.put(key, Some(ObjectKind::Network), all);
}

/// The key of a machine by its id, which stands for it where no more is told.
pub(crate) fn machine(facts: &mut Facts, id: &str) -> Option<EntityKey> {
    let key = network_key(id)?;
    part(facts, &key, MACHINE, []);
    Some(key)
}

/// Ties `from` to each of `ids`, and says that these are all.
pub(crate) fn tie<'a>(
    facts: &mut Facts,
    from: &EntityKey,
    kind: LinkKind,
    ids: impl IntoIterator<Item = &'a str>,
) {
    facts.all_from(from, kind);
    for to in ids.into_iter().filter_map(network_key) {
        facts.link(from, kind, &to);
    }
}

pub(crate) fn tags(record: &Value, field: &str) -> Vec<(String, String)> {
    let pairs = list(record, field).filter_map(|tag| text(tag, "Key").zip(text(tag, "Value")));
    pairs.map(|(key, value)| (format!("tag/{key}"), value.to_owned())).collect()
}

fn reservation(facts: &mut Facts, reservation: &Value) -> Option<()> {
    let account = text(reservation, "OwnerId")?;
    facts.each(reservation, "Instances", |facts, record| instance(facts, record, account)).then_some(())
}

fn instance(facts: &mut Facts, record: &Value, account: &str) -> Option<()> {
    let id = text(record, "InstanceId")?;
    let zone = record.get("Placement").and_then(|placement| text(placement, "AvailabilityZone"))?;
    let region = zone.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
    let key = arn_key(&format!("arn:aws:ec2:{region}:{account}:instance/{id}"))?;
    let state = record.get("State").and_then(|state| text(state, "Name")).unwrap_or("running");
    if matches!(state, "terminated" | "shutting-down") {
        facts.remove(&key);
        return Some(());
    }
    let profile = record.get("IamInstanceProfile").and_then(|profile| text(profile, "Arn"));
    let profile = profile.and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
    let tags = tags(record, "Tags");
    let own = [
        (SERVICE, Some("ec2".to_owned())),
        (ACCOUNT, Some(account.to_owned())),
        (PROFILE, profile),
        (PUBLIC, (state == "running").then(|| families(record)).filter(|families| !families.is_empty())),
    ];
    let tagged = tags.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
    facts.put(&key, Some(ObjectKind::Workload), own.into_iter().chain(tagged));
    facts.all_attributes(&key, "tag/");
    let interfaces = || list(record, "NetworkInterfaces");
    let subnets = interfaces().filter_map(|one| text(one, "SubnetId")).chain(text(record, "SubnetId"));
    tie(facts, &key, LinkKind::Within, subnets);
    let groups = list(record, "SecurityGroups").chain(interfaces().flat_map(|one| list(one, "Groups")));
    tie(facts, &key, LinkKind::GuardedBy, groups.filter_map(|group| text(group, "GroupId")));
    let by_id = machine(facts, id)?;
    facts.link(&key, LinkKind::Behind, &by_id);
    facts.link(&by_id, LinkKind::SameAs, &key);
    Some(())
}

/// In which families the machine has an address outside. Those of the longer family always are.
fn families(record: &Value) -> String {
    let interfaces = || list(record, "NetworkInterfaces");
    let public = |one: &Value| one.get("Association").is_some_and(|tie| text(tie, "PublicIp").is_some());
    let four = text(record, "PublicIpAddress").is_some() || interfaces().any(public);
    let six = text(record, "Ipv6Address").is_some()
        || interfaces().any(|one| list(one, "Ipv6Addresses").next().is_some());
    [("4", four), ("6", six)].into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect()
}

/// The most rules that all groups of an interface may have together ("Amazon VPC quotas").
const MOST_RULES: usize = 1_000;

fn security_group(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "GroupId")?)?;
    let mut rules = rules_of_group(facts, record, (&key, "IpPermissions", INGRESS));
    // What the answer does not tell is not known; an empty list lets nothing out.
    let told = record.get("IpPermissionsEgress").is_some_and(Value::is_array);
    rules.extend(rules_of_group(facts, record, (&key, "IpPermissionsEgress", EGRESS)));
    let all = rules.iter().map(|rule| (rule.as_str(), Some(String::new())));
    let told_besides = told.then(|| (EGRESS_TOLD, Some("told".to_owned())));
    let network = text(record, "VpcId").map(|id| (NETWORK_OF, Some(id.to_owned())));
    part(facts, &key, SECURITY_GROUP, all.chain(told_besides).chain(network));
    facts.all_attributes(&key, INGRESS);
    if told {
        facts.all_attributes(&key, EGRESS);
    }
    let permissions =
        ["IpPermissions", "IpPermissionsEgress"].into_iter().flat_map(|field| list(record, field));
    tie(facts, &key, LinkKind::Names, permissions.flat_map(lists));
    Some(())
}

/// The lists of addresses that a permission names.
fn lists(permission: &Value) -> impl Iterator<Item = &str> {
    list(permission, "PrefixListIds").filter_map(|one| text(one, "PrefixListId"))
}

/// A list of addresses; those of AWS's own services come with their ranges.
fn prefix_list(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "PrefixListId")?)?;
    if text(record, "State") == Some("delete-complete") {
        facts.remove(&key);
        return Some(());
    }
    part(facts, &key, PREFIX_LIST, []);
    if record.get("Cidrs").is_some_and(Value::is_array) {
        entries(facts, &key, texts(record, "Cidrs"));
    }
    Some(())
}

/// The answer does not say of which list it is: whoever saved it adds `PrefixListId`.
fn prefix_list_entries(whole: &Value, facts: &mut Facts) -> bool {
    let Some(key) = text(whole, "PrefixListId").and_then(network_key) else { return false };
    let mut ranges = Vec::new();
    let found = facts.each(whole, "Entries", |_, record| {
        ranges.push(text(record, "Cidr")?.to_owned());
        Some(())
    });
    if found {
        part(facts, &key, PREFIX_LIST, []);
        entries(facts, &key, ranges.iter().map(String::as_str));
    }
    found
}

pub(crate) fn entries<'a>(facts: &mut Facts, list: &EntityKey, ranges: impl Iterator<Item = &'a str>) {
    let names: Vec<String> = ranges.map(|range| format!("{ENTRY}{range}")).collect();
    let all = names.iter().map(|name| (name.as_str(), Some(String::new())));
    facts.put(list, None, all.chain([(ENTRIES_TOLD, Some("told".to_owned()))]));
    facts.all_attributes(list, ENTRY);
}

/// The rules of a group in one direction, as attributes.
fn rules_of_group(
    facts: &mut Facts,
    record: &Value,
    (group, field, beginning): (&EntityKey, &str, &str),
) -> Vec<String> {
    let lines = list(record, field).flat_map(permission);
    let mut rules: Vec<String> = lines.map(|line| format!("{beginning}{line}")).collect();
    if rules.len() > MOST_RULES {
        facts.problem(group.value(), "more rules than a group can have: the rest is left out");
        rules.truncate(MOST_RULES);
    }
    rules
}

/// A rule for each of those that a permission lets in or out.
fn permission(record: &Value) -> Vec<String> {
    let protocol = text(record, "IpProtocol").unwrap_or("-1");
    let ports = span_of(protocol, number(record, "FromPort"), number(record, "ToPort"));
    let four = list(record, "IpRanges").filter_map(|range| text(range, "CidrIp"));
    let six = list(record, "Ipv6Ranges").filter_map(|range| text(range, "CidrIpv6"));
    let groups = list(record, "UserIdGroupPairs").filter_map(|pair| text(pair, "GroupId"));
    four.chain(six)
        .chain(groups)
        .chain(lists(record))
        .map(|from| format!("{protocol} {ports} {from}"))
        .collect()
}

fn subnet(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "SubnetId")?)?;
    let six = list(record, "Ipv6CidrBlockAssociationSet").filter_map(|one| text(one, "Ipv6CidrBlock"));
    let ranges: Vec<&str> = text(record, "CidrBlock").into_iter().chain(six).collect();
    part(facts, &key, SUBNET, [(RANGES, Some(ranges.join(",")))]);
    tie(facts, &key, LinkKind::Within, text(record, "VpcId"));
    Some(())
}

/// Where a route may lead but to a gateway to the Internet.
const HOPS: [&str; 10] = [
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
];

fn route_table(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "RouteTableId")?)?;
    let (mut routes, mut hops, mut lists) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for route in list(record, "Routes") {
        let dead = text(route, "State") == Some("blackhole");
        let Some(hop) = HOPS.iter().find_map(|field| text(route, field)) else { continue };
        let outward = hop.starts_with("igw-");
        // A route that leads nowhere stands before others that are for more.
        let (beginning, to) =
            if outward && !dead { (ROUTE, hop) } else { (OVER, if dead { "nowhere" } else { hop }) };
        let named = text(route, "DestinationPrefixListId");
        let ranges = ["DestinationCidrBlock", "DestinationIpv6CidrBlock"].into_iter();
        let ranges = ranges.filter_map(|field| text(route, field)).chain(named);
        routes.extend(ranges.map(|range| (format!("{beginning}{range}"), to.to_owned())));
        lists.extend(named);
        hops.extend(
            (!dead && ["igw-", "pcx-", "tgw-"].iter().any(|kind| hop.starts_with(kind))).then_some(hop),
        );
    }
    part(facts, &key, ROUTES, routes.iter().map(|(name, to)| (name.as_str(), Some(to.clone()))));
    facts.all_attributes(&key, ROUTE);
    facts.all_attributes(&key, OVER);
    tie(facts, &key, LinkKind::RoutedBy, hops);
    tie(facts, &key, LinkKind::Names, lists);
    facts.all_to(&key, LinkKind::RoutedBy);
    for association in list(record, "Associations") {
        let main = is_true(association, "Main").then(|| text(record, "VpcId")).flatten();
        if let Some(main) = main.and_then(network_key) {
            part(facts, &main, NETWORK, []);
            facts.link(&main, LinkKind::RoutedBy, &key);
        }
        if let Some(subnet) = text(association, "SubnetId").and_then(network_key) {
            facts.link(&subnet, LinkKind::RoutedBy, &key);
        }
    }
    Some(())
}

fn access_list(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "NetworkAclId")?)?;
    let entries = list(record, "Entries").filter_map(|one| {
        Some(format!("{}{}", if is_true(one, "Egress") { EGRESS } else { INGRESS }, entry(one)?))
    });
    let entries: Vec<String> = entries.collect();
    part(facts, &key, ACCESS_LIST, entries.iter().map(|entry| (entry.as_str(), Some(String::new()))));
    facts.all_attributes(&key, INGRESS);
    facts.all_attributes(&key, EGRESS);
    facts.all_to(&key, LinkKind::GuardedBy);
    for association in list(record, "Associations") {
        if let Some(subnet) = text(association, "SubnetId").and_then(network_key) {
            facts.link(&subnet, LinkKind::GuardedBy, &key);
        }
    }
    Some(())
}

fn entry(record: &Value) -> Option<String> {
    let range = text(record, "CidrBlock").or_else(|| text(record, "Ipv6CidrBlock"))?;
    let (protocol, verdict) = (text(record, "Protocol")?, text(record, "RuleAction")?);
    let of = record.get("PortRange");
    let port = |field| of.and_then(|of| number(of, field));
    let ports = span(port("From"), port("To"));
    Some(format!("{} {verdict} {protocol} {ports} {range}", number(record, "RuleNumber")?))
}

fn gateway(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "InternetGatewayId")?)?;
    let tied = list(record, "Attachments")
        .any(|one| matches!(text(one, "State"), None | Some("available" | "attached" | "attaching")));
    part(facts, &key, GATEWAY, [(TIED, Some(tied.to_string()))]);
    Some(())
}

/// A connection of two networks joins them once it is accepted.
fn peering(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "VpcPeeringConnectionId")?)?;
    let active = record.get("Status").and_then(|status| text(status, "Code")) == Some("active");
    let end = |field: &str| {
        let side = record.get(field).filter(|_| active)?;
        Some(format!("{} {}", text(side, "VpcId")?, text(side, "Region").unwrap_or_default()))
    };
    let ends = [("requester", end("RequesterVpcInfo")), ("accepter", end("AccepterVpcInfo"))];
    let named = ends.map(|(name, end)| (format!("{JOINS}{name}"), end));
    part(facts, &key, PEERING, named.iter().map(|(name, end)| (name.as_str(), end.clone())));
    Some(())
}

/// What a transit gateway joins; both answers about attachments tell it.
fn attachment(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = network_key(text(record, "TransitGatewayId")?)?;
    let id = text(record, "TransitGatewayAttachmentId")?;
    let network = text(record, "VpcId")
        .or_else(|| text(record, "ResourceId").filter(|_| text(record, "ResourceType") == Some("vpc")));
    let joined = matches!(text(record, "State"), Some("available" | "modifying"));
    let name = format!("{JOINS}{id}");
    part(facts, &key, TRANSIT, [(name.as_str(), network.filter(|_| joined).map(str::to_owned))]);
    Some(())
}

fn balancer(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "LoadBalancerArn")?)?;
    let outward = text(record, "Scheme") == Some("internet-facing");
    let both = text(record, "IpAddressType").is_some_and(|kind| kind.starts_with("dualstack"));
    let public = outward.then(|| if both { "46" } else { "4" }.to_owned());
    part(facts, &key, BALANCER, [(PUBLIC, public)]);
    tie(facts, &key, LinkKind::GuardedBy, texts(record, "SecurityGroups"));
    let zones = list(record, "AvailabilityZones").filter_map(|zone| text(zone, "SubnetId"));
    tie(facts, &key, LinkKind::Within, zones);
    Some(())
}

/// All listeners of a balancer stand in one answer.
fn listeners(whole: &Value, facts: &mut Facts) -> bool {
    let mut all: BTreeMap<EntityKey, BTreeSet<i64>> = BTreeMap::new();
    let found = facts.each(whole, "Listeners", |_, record| {
        let key = arn_key(text(record, "LoadBalancerArn")?)?;
        all.entry(key).or_default().extend(number(record, "Port"));
        Some(())
    });
    for (key, ports) in all {
        let ports: Vec<String> = ports.into_iter().map(|port| port.to_string()).collect();
        part(facts, &key, BALANCER, [(PORTS, Some(ports.join(",")))]);
    }
    found
}

fn target_group(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "TargetGroupArn")?)?;
    part(facts, &key, TARGETS, [(PORTS, number(record, "Port").map(|port| port.to_string()))]);
    facts.all_from(&key, LinkKind::Behind);
    for balancer in texts(record, "LoadBalancerArns").filter_map(arn_key) {
        facts.link(&key, LinkKind::Behind, &balancer);
    }
    Some(())
}

/// The answer does not say of which group it is: whoever saved it adds `TargetGroupArn`.
fn target_health(whole: &Value, facts: &mut Facts) -> bool {
    let Some(group) = text(whole, "TargetGroupArn").and_then(arn_key) else { return false };
    facts.all_to(&group, LinkKind::Behind);
    facts.each(whole, "TargetHealthDescriptions", |facts, record| {
        let id = text(record.get("Target")?, "Id")?;
        let target = match arn_key(id) {
            Some(function) => function,
            None => machine(facts, id)?,
        };
        facts.op(Op::Link { from: target, kind: LinkKind::Behind, to: group.clone() });
        Some(())
    })
}
