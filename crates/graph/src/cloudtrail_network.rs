//! Which changes of the network and of machines an event of AWS CloudTrail shows.
//!
//! Parameter names are those of the "Amazon EC2 API Reference" and the "AWS Lambda API Reference", as CloudTrail spells them:
//! EC2's lists are `{"items": […]}`. A call that names what it takes away by an id that no document tells makes its object
//! stale.

use crate::change::Op;
use crate::network::{
    EGRESS, EGRESS_TOLD, INGRESS, JOINS, NETWORK_OF, OVER, PEERING, PUBLIC, ROUTE, SECURITY_GROUP, TIED, URL,
    WHAT, network_key, span_of,
};
use crate::object::{LinkKind, ObjectKind, arn_key};
use crate::workload::{PROFILE, SERVICE};
use homeostat_core::EntityKey;
use serde_json::Value;
use std::collections::BTreeMap;

/// The rule that a new group has.
const ALL_OUT: &str = "egress/-1 0-65535 0.0.0.0/0";

/// Where a call was made.
pub(crate) struct Place<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

/// The service of a call that is read here; `None` when it is none of them.
pub(crate) fn service_of(action: &str) -> Option<&'static str> {
    const EC2: [&str; 18] = [
        "AcceptVpcPeeringConnection",
        "AssociateAddress",
        "AssociateIamInstanceProfile",
        "AssociateRouteTable",
        "AttachInternetGateway",
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateRoute",
        "CreateSecurityGroup",
        "DeleteRoute",
        "DeleteVpcPeeringConnection",
        "DetachInternetGateway",
        "ModifyInstanceAttribute",
        "ReplaceRoute",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RunInstances",
        "TerminateInstances",
    ];
    const LAMBDA: [&str; 3] =
        ["CreateFunctionUrlConfig", "DeleteFunctionUrlConfig", "UpdateFunctionUrlConfig"];
    if EC2.contains(&action) { Some("ec2") } else { LAMBDA.contains(&action).then_some("lambda") }
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn items<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(field).and_then(|list| list.get("items")).and_then(Value::as_array).into_iter().flatten()
}

fn put(object: EntityKey, kind: Option<ObjectKind>, attributes: &[(&str, &str)]) -> Op {
    let pairs = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Op::Put { object, kind, attributes: pairs.collect::<BTreeMap<_, _>>() }
}

impl Place<'_> {
    fn instance(&self, id: &str) -> Option<EntityKey> {
        arn_key(&format!("arn:aws:ec2:{}:{}:instance/{id}", self.region, self.account))
    }

    /// What the call does, by its parameters and its answer; `None` when one is missing that says so.
    pub(crate) fn ops(&self, action: &str, asked: &Value, answered: &Value) -> Option<Vec<Op>> {
        match action {
            "AuthorizeSecurityGroupEgress"
            | "AuthorizeSecurityGroupIngress"
            | "RevokeSecurityGroupEgress"
            | "RevokeSecurityGroupIngress" => rules(action, asked),
            "CreateSecurityGroup" => {
                // A new group lets everything out until that rule is taken from it.
                let group = network_key(text(answered, "groupId")?)?;
                let own = [(WHAT, SECURITY_GROUP), (EGRESS_TOLD, "told"), (ALL_OUT, "")];
                let network = text(asked, "vpcId").map(|id| (NETWORK_OF, id));
                let own: Vec<(&str, &str)> = own.into_iter().chain(network).collect();
                Some(vec![put(group, Some(ObjectKind::Network), &own)])
            }
            "CreateRoute" | "ReplaceRoute" | "DeleteRoute" => route(action, asked),
            "AcceptVpcPeeringConnection" | "DeleteVpcPeeringConnection" => peering(asked, answered),
            "AssociateRouteTable" => {
                let (from, to) =
                    (network_key(text(asked, "subnetId")?)?, network_key(text(asked, "routeTableId")?)?);
                Some(vec![Op::Link { from, kind: LinkKind::RoutedBy, to }])
            }
            "AttachInternetGateway" | "DetachInternetGateway" => {
                let gateway = network_key(text(asked, "internetGatewayId")?)?;
                let tied = if action == "AttachInternetGateway" { "true" } else { "false" };
                Some(vec![put(gateway, Some(ObjectKind::Network), &[(TIED, tied)])])
            }
            "AssociateAddress" => Some(vec![put(
                self.instance(text(asked, "instanceId")?)?,
                Some(ObjectKind::Workload),
                &[(PUBLIC, "4")],
            )]),
            "AssociateIamInstanceProfile" => {
                let request = asked.get("AssociateIamInstanceProfileRequest").unwrap_or(asked);
                let instance = self.instance(text(request, "InstanceId")?)?;
                let profile = request.get("IamInstanceProfile")?;
                let name = text(profile, "Name").or_else(|| text(profile, "Arn")?.rsplit('/').next())?;
                Some(vec![put(instance, Some(ObjectKind::Workload), &[(PROFILE, name)])])
            }
            "ModifyInstanceAttribute" => {
                let object = self.instance(text(asked, "instanceId")?)?;
                asked.get("groupSet")?;
                Some(vec![Op::Stale { object }])
            }
            "RunInstances" => {
                Some(items(answered, "instancesSet").filter_map(|one| self.run(one)).flatten().collect())
            }
            "TerminateInstances" => {
                let ids = items(asked, "instancesSet").filter_map(|one| text(one, "instanceId"));
                Some(ids.filter_map(|id| Some(Op::Remove { object: self.instance(id)? })).collect())
            }
            _ => self.function_url(action, asked),
        }
    }

    fn run(&self, instance: &Value) -> Option<Vec<Op>> {
        let key = self.instance(text(instance, "instanceId")?)?;
        let profile =
            instance.get("iamInstanceProfile").and_then(|profile| text(profile, "arn")?.rsplit('/').next());
        let public = text(instance, "ipAddress").map(|_| (PUBLIC, "4"));
        let own: Vec<(&str, &str)> = [Some((SERVICE, "ec2")), profile.map(|name| (PROFILE, name)), public]
            .into_iter()
            .flatten()
            .collect();
        let mut ops = vec![put(key.clone(), Some(ObjectKind::Workload), &own)];
        let subnet = text(instance, "subnetId").into_iter().map(|id| (LinkKind::Within, id));
        let groups = items(instance, "groupSet").filter_map(|group| text(group, "groupId"));
        for (kind, id) in subnet.chain(groups.map(|id| (LinkKind::GuardedBy, id))) {
            ops.push(Op::Link { from: key.clone(), kind, to: network_key(id)? });
        }
        Some(ops)
    }

    fn function_url(&self, action: &str, asked: &Value) -> Option<Vec<Op>> {
        let name = text(asked, "functionName")?;
        let arn = format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account);
        let object = arn_key(name).or_else(|| arn_key(&arn))?;
        if action == "DeleteFunctionUrlConfig" {
            return Some(vec![Op::Unset { object, attribute: URL.to_owned() }]);
        }
        Some(vec![put(object, Some(ObjectKind::Workload), &[(URL, text(asked, "authType")?)])])
    }
}

/// Rules that a call adds or takes.
fn rules(action: &str, asked: &Value) -> Option<Vec<Op>> {
    let group = network_key(text(asked, "groupId")?)?;
    let beginning = if action.ends_with("Egress") { EGRESS } else { INGRESS };
    let mut lines: Vec<String> = items(asked, "ipPermissions").flat_map(permission).collect();
    if lines.is_empty() {
        // The older form: one rule, flat.
        let (protocol, range) = (text(asked, "ipProtocol")?, text(asked, "cidrIp")?);
        lines.push(format!("{protocol} {} {range}", span(protocol, asked)));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{beginning}{line}")).collect();
    if action.starts_with("Revoke") {
        let unset = lines.into_iter().map(|attribute| Op::Unset { object: group.clone(), attribute });
        return Some(unset.collect());
    }
    let told: Vec<(&str, &str)> =
        lines.iter().map(|line| (line.as_str(), "")).chain([(WHAT, SECURITY_GROUP)]).collect();
    let mut ops = vec![put(group.clone(), Some(ObjectKind::Network), &told)];
    for to in items(asked, "ipPermissions").flat_map(lists).filter_map(network_key) {
        ops.push(Op::Link { from: group.clone(), kind: LinkKind::Names, to });
    }
    Some(ops)
}

fn lists(permission: &Value) -> impl Iterator<Item = &str> {
    items(permission, "prefixListIds").filter_map(|one| text(one, "prefixListId"))
}

fn permission(record: &Value) -> Vec<String> {
    let protocol = text(record, "ipProtocol").unwrap_or("-1");
    let ports = span(protocol, record);
    let four = items(record, "ipRanges").filter_map(|one| text(one, "cidrIp"));
    let six = items(record, "ipv6Ranges").filter_map(|one| text(one, "cidrIpv6"));
    let groups = items(record, "groups").filter_map(|one| text(one, "groupId"));
    four.chain(six)
        .chain(groups)
        .chain(lists(record))
        .map(|from| format!("{protocol} {ports} {from}"))
        .collect()
}

fn span(protocol: &str, record: &Value) -> String {
    let port = |field: &str| record.get(field).and_then(Value::as_i64);
    span_of(protocol, port("fromPort"), port("toPort"))
}

/// Where a route may lead.
const HOPS: [&str; 7] = [
    "vpcPeeringConnectionId",
    "transitGatewayId",
    "gatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "instanceId",
    "egressOnlyInternetGatewayId",
];

fn route(action: &str, asked: &Value) -> Option<Vec<Op>> {
    let table = network_key(text(asked, "routeTableId")?)?;
    let fields = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
    let range = fields.into_iter().find_map(|field| text(asked, field))?;
    let [outward, over] = [ROUTE, OVER].map(|beginning| format!("{beginning}{range}"));
    let unset = |attribute: &str| Op::Unset { object: table.clone(), attribute: attribute.to_owned() };
    let hop = HOPS.into_iter().find_map(|field| text(asked, field)).filter(|_| action != "DeleteRoute");
    let Some(hop) = hop else { return Some(vec![unset(&outward), unset(&over)]) };
    // A route that leads elsewhere takes the place of the one that was.
    let (own, other) = if hop.starts_with("igw-") { (outward, over) } else { (over, outward) };
    let mut ops = vec![unset(&other), put(table.clone(), Some(ObjectKind::Network), &[(&own, hop)])];
    if ["igw-", "pcx-", "tgw-"].iter().any(|kind| hop.starts_with(kind)) {
        ops.push(Op::Link { from: table.clone(), kind: LinkKind::RoutedBy, to: network_key(hop)? });
    }
    if let Some(list) = text(asked, "destinationPrefixListId") {
        ops.push(Op::Link { from: table, kind: LinkKind::Names, to: network_key(list)? });
    }
    Some(ops)
}

/// A connection between two networks joins them from its acceptance until it is deleted.
fn peering(asked: &Value, answered: &Value) -> Option<Vec<Op>> {
    let key = network_key(text(asked, "vpcPeeringConnectionId")?)?;
    let ends = [("requester", "requesterVpcInfo"), ("accepter", "accepterVpcInfo")];
    let Some(accepted) = answered.get("vpcPeeringConnection") else {
        let gone = ends.map(|(end, _)| Op::Unset { object: key.clone(), attribute: format!("{JOINS}{end}") });
        return Some(gone.into());
    };
    let mut told = vec![(WHAT.to_owned(), PEERING.to_owned())];
    for (end, field) in ends {
        let side = accepted.get(field)?;
        let network = format!("{} {}", text(side, "vpcId")?, text(side, "region").unwrap_or_default());
        told.push((format!("{JOINS}{end}"), network));
    }
    let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Some(vec![put(key, Some(ObjectKind::Network), &told)])
}
