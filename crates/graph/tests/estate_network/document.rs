//! Documents as the programs of AWS print them.

use super::ACCOUNT;
use serde_json::{Value, json};

/// A machine as `describe-instances` tells it.
pub(crate) fn instance((id, network, subnet): (&str, &str, &str), address: &str, groups: &[&str]) -> Value {
    let groups: Vec<Value> =
        groups.iter().map(|id| json!({"GroupId": id, "GroupName": format!("name-of-{id}")})).collect();
    json!({
        "InstanceId": id, "ImageId": "ami-0abcdef1234567890", "InstanceType": "t3.micro", "EbsOptimized": false,
        "LaunchTime": "2026-03-02T08:15:30+00:00", "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": "eu-west-1a", "GroupName": "", "Tenancy": "default"},
        "PrivateIpAddress": address, "PublicDnsName": "", "State": {"Code": 16, "Name": "running"},
        "SubnetId": subnet, "VpcId": network, "SecurityGroups": groups, "SourceDestCheck": true,
        "NetworkInterfaces": [{"NetworkInterfaceId": format!("eni-of-{id}"), "SubnetId": subnet, "VpcId": network,
            "Groups": groups, "PrivateIpAddress": address, "Ipv6Addresses": [], "Status": "in-use"}]})
}

pub(crate) fn instances(all: &[Value]) -> Value {
    json!({"Reservations": [{"ReservationId": "r-1", "OwnerId": ACCOUNT, "Groups": [], "Instances": all}]})
}

/// A permission for one port, or for everything at port 0.
pub(crate) fn permission(port: u16, to: &str) -> Value {
    let (mut ranges, mut groups, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    match to {
        list if list.starts_with("pl-") => lists.push(json!({"PrefixListId": list, "Description": "told"})),
        group if group.starts_with("sg-") => groups.push(json!({"GroupId": group, "UserId": ACCOUNT})),
        range => ranges.push(json!({"CidrIp": range})),
    }
    let mut one = json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges,
        "Ipv6Ranges": [], "PrefixListIds": lists, "UserIdGroupPairs": groups});
    if port == 0 {
        let fields = one.as_object_mut().unwrap();
        fields.insert("IpProtocol".to_owned(), json!("-1"));
        fields.retain(|name, _| name != "FromPort" && name != "ToPort");
    }
    one
}

/// A group as `describe-security-groups` tells it; without `outward` its rules for outgoing packets were left out.
pub(crate) fn group((id, network): (&str, &str), inward: &[Value], outward: Option<&[Value]>) -> Value {
    let mut one = json!({"GroupId": id, "GroupName": format!("name-of-{id}"), "Description": "told",
        "OwnerId": ACCOUNT, "VpcId": network, "IpPermissions": inward});
    if let Some(outward) = outward {
        one["IpPermissionsEgress"] = json!(outward);
    }
    one
}

pub(crate) fn subnet(id: &str, network: &str, range: &str) -> Value {
    json!({"SubnetId": id, "VpcId": network, "CidrBlock": range, "AvailabilityZone": "eu-west-1a", "State": "available",
        "Ipv6CidrBlockAssociationSet": [], "MapPublicIpOnLaunch": false, "OwnerId": ACCOUNT})
}

/// A list as `describe-managed-prefix-lists` tells it.
pub(crate) fn prefix_list(id: &str, state: &str) -> Value {
    json!({"PrefixListId": id, "AddressFamily": "IPv4", "State": state, "PrefixListName": format!("name-of-{id}"),
        "PrefixListArn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:prefix-list/{id}"), "MaxEntries": 10, "Version": 1,
        "Tags": [], "OwnerId": ACCOUNT})
}

/// Its entries as `get-managed-prefix-list-entries` tells them, with the list's id added.
pub(crate) fn entries(id: &str, ranges: &[&str]) -> Value {
    let entries: Vec<Value> =
        ranges.iter().map(|range| json!({"Cidr": range, "Description": "told"})).collect();
    json!({"PrefixListId": id, "Entries": entries})
}

/// A route table as `describe-route-tables` tells it; routes by range, where they lead and their state.
pub(crate) fn route_table(
    (id, network): (&str, &str),
    subnets: &[&str],
    routes: &[(&str, &str, &str)],
) -> Value {
    let association = |subnet: &&str| {
        json!({"Main": false, "RouteTableAssociationId": format!("rtbassoc-{subnet}"),
        "RouteTableId": id, "SubnetId": subnet, "AssociationState": {"State": "associated"}})
    };
    let field = |hop: &str| match hop.split_once('-').map_or("", |(kind, _)| kind) {
        "pcx" => "VpcPeeringConnectionId",
        "tgw" => "TransitGatewayId",
        "nat" => "NatGatewayId",
        _ => "GatewayId",
    };
    let route = |(range, hop, state): &(&str, &str, &str)| {
        let to = if range.starts_with("pl-") { "DestinationPrefixListId" } else { "DestinationCidrBlock" };
        json!({to: range, field(hop): hop, "Origin": "CreateRoute", "State": state})
    };
    json!({"RouteTableId": id, "VpcId": network, "OwnerId": ACCOUNT, "PropagatingVgws": [], "Tags": [],
        "Associations": subnets.iter().map(association).collect::<Vec<_>>(), "Routes": routes.iter().map(route).collect::<Vec<_>>()})
}

/// A peering connection as `describe-vpc-peering-connections` tells it.
pub(crate) fn peering(id: &str, ends: [(&str, &str); 2], state: &str) -> Value {
    let [requester, accepter] = ends.map(|(network, region)| {
        json!({"VpcId": network, "Region": region, "OwnerId": ACCOUNT, "CidrBlock": "10.0.0.0/16",
            "CidrBlockSet": [{"CidrBlock": "10.0.0.0/16"}],
            "PeeringOptions": {"AllowDnsResolutionFromRemoteVpc": false}})
    });
    json!({"VpcPeeringConnections": [{"VpcPeeringConnectionId": id, "Status": {"Code": state, "Message": "told"},
        "RequesterVpcInfo": requester, "AccepterVpcInfo": accepter, "Tags": []}]})
}

/// An attachment as `describe-transit-gateway-vpc-attachments` tells it.
pub(crate) fn attachment(id: &str, network: &str, state: &str) -> Value {
    json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": "tgw-1", "VpcId": network, "VpcOwnerId": ACCOUNT,
        "State": state, "SubnetIds": ["subnet-9"], "CreationTime": "2026-03-02T08:15:30+00:00", "Tags": [],
        "Options": {"DnsSupport": "enable", "Ipv6Support": "disable", "ApplianceModeSupport": "disable"}})
}

/// Two machines in one network: `i-db` lets SSH in from the group of `i-web`, and from the range of its subnet.
pub(crate) fn two_machines(web_groups: &[&str]) -> Vec<Value> {
    vec![
        instances(&[
            instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", web_groups),
            instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"]),
        ]),
        json!({"Subnets": [subnet("subnet-1", "vpc-1", "10.0.1.0/24"), subnet("subnet-2", "vpc-1", "10.0.2.0/24")]}),
    ]
}
