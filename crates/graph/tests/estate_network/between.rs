//! Ways from one network to another.

use super::document::{
    attachment, entries, group, instance, instances, peering, permission, route_table, subnet,
};
use super::{ACCOUNT, Estate};
use serde_json::{Value, json};

/// `i-web` in `vpc-1` (10.1.0.0/16) and `i-db` in `vpc-2` (10.2.0.0/16), which lets SSH in from `source`.
fn two_networks(source: &str) -> Vec<Value> {
    vec![
        instances(&[
            instance(("i-web", "vpc-1", "subnet-1"), "10.1.1.5", &["sg-web"]),
            instance(("i-db", "vpc-2", "subnet-2"), "10.2.2.5", &["sg-db"]),
        ]),
        json!({"Subnets": [subnet("subnet-1", "vpc-1", "10.1.1.0/24"), subnet("subnet-2", "vpc-2", "10.2.2.0/24")]}),
        json!({"SecurityGroups": [
            group(("sg-web", "vpc-1"), &[], Some(&[permission(0, "0.0.0.0/0")])),
            group(("sg-db", "vpc-2"), &[permission(22, source)], Some(&[permission(0, "0.0.0.0/0")]))]}),
    ]
}

/// The route tables of the two, with what `subnet-1` and `subnet-2` have beside the local route.
fn tables(one: &[(&str, &str, &str)], two: &[(&str, &str, &str)]) -> Value {
    let one: Vec<_> = [("10.1.0.0/16", "local", "active")].iter().chain(one).copied().collect();
    let two: Vec<_> = [("10.2.0.0/16", "local", "active")].iter().chain(two).copied().collect();
    json!({"RouteTables": [route_table(("rtb-1", "vpc-1"), &["subnet-1"], &one),
        route_table(("rtb-2", "vpc-2"), &["subnet-2"], &two)]})
}

const THERE: (&str, &str, &str) = ("10.2.0.0/16", "pcx-1", "active");
const BACK: (&str, &str, &str) = ("10.1.0.0/16", "pcx-1", "active");
const ENDS: [(&str, &str); 2] = [("vpc-1", "eu-west-1"), ("vpc-2", "eu-west-1")];

#[test]
fn what_is_in_another_network_is_reached_over_an_accepted_peering_with_routes_both_ways() {
    for source in ["10.1.0.0/16", "sg-web"] {
        let mut estate = Estate::of(&two_networks(source));
        let mut gets = |document: Value| {
            estate.read(&document);
            estate.gets("i-web", "i-db")
        };
        assert!(!gets(tables(&[THERE], &[BACK])), "nobody told the connection, {source}");
        assert!(!gets(peering("pcx-1", ENDS, "pending-acceptance")), "{source}");
        assert!(gets(peering("pcx-1", ENDS, "active")), "{source}");
        assert!(!gets(tables(&[THERE], &[])), "no answer comes back, {source}");
        assert!(!gets(tables(&[], &[BACK])), "nothing gets there, {source}");
        assert!(!gets(tables(&[("10.2.0.0/16", "pcx-1", "blackhole")], &[BACK])), "{source}");
        assert!(!gets(tables(&[("10.2.0.0/16", "pcx-2", "active")], &[BACK])), "two connections, {source}");
        assert!(
            gets(tables(&[("10.2.2.0/24", "pcx-1", "active")], &[("10.0.0.0/8", "pcx-1", "active")])),
            "{source}"
        );
        let shadowed = [THERE, ("10.2.2.0/24", "nat-1", "active")];
        assert!(!gets(tables(&shadowed, &[BACK])), "another route stands before it, {source}");
        assert!(!gets(tables(&[THERE], &[BACK, ("10.1.1.0/24", "pcx-1", "blackhole")])), "{source}");
        assert!(gets(tables(&[THERE, ("0.0.0.0/0", "igw-1", "active")], &[BACK])), "{source}");
        let ends = [("vpc-1", "eu-west-1"), ("vpc-2", "us-east-1")];
        let elsewhere = gets(peering("pcx-1", ends, "active"));
        assert_eq!(elsewhere, source != "sg-web", "groups are known in one region, {source}");
        assert!(!gets(peering("pcx-1", ENDS, "deleted")), "{source}");
        assert!(
            !gets(peering("pcx-1", [("vpc-1", "eu-west-1"), ("vpc-3", "eu-west-1")], "active")),
            "{source}"
        );
    }
}

#[test]
fn a_step_to_another_network_says_over_what_it_leads() {
    let mut estate = Estate::of(&two_networks("10.1.0.0/16"));
    estate.read(&tables(&[("pl-1", "pcx-1", "active")], &[BACK]));
    estate.read(&peering("pcx-1", ENDS, "active"));
    assert!(!estate.gets("i-web", "i-db"), "nobody told the list that the route is for");
    estate.read(&entries("pl-1", &["10.2.0.0/16"]));
    let told = "routes lead over `pcx-1` both ways";
    assert!(estate.graph.edges().iter().any(|edge| edge.because.iter().any(|why| why == told)));
    // The sender's own rules hold there too.
    let mut only = |to: &str| {
        estate
            .read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], Some(&[permission(22, to)]))]}));
        estate.gets("i-web", "i-db")
    };
    assert!(only("10.2.0.0/16") && !only("10.1.0.0/16") && only("sg-db") && !only("sg-web"));
}

#[test]
fn peering_is_not_passed_on() {
    let mut estate = Estate::of(&two_networks("10.1.0.0/16"));
    estate.read(&peering("pcx-1", [("vpc-1", "eu-west-1"), ("vpc-3", "eu-west-1")], "active"));
    estate.read(&peering("pcx-2", [("vpc-3", "eu-west-1"), ("vpc-2", "eu-west-1")], "active"));
    estate.read(&tables(&[THERE], &[("10.1.0.0/16", "pcx-2", "active")]));
    assert!(!estate.gets("i-web", "i-db"));
    estate.read(&tables(&[THERE], &[BACK]));
    assert!(!estate.gets("i-web", "i-db"));
    // A machine in the third network gets to what lets it in, over its own connection.
    estate.read(&instances(&[instance(("i-mid", "vpc-3", "subnet-3"), "10.3.3.5", &["sg-mid"])]));
    estate.read(&json!({"Subnets": [subnet("subnet-3", "vpc-3", "10.3.3.0/24")]}));
    estate.read(&json!({"RouteTables": [route_table(("rtb-3", "vpc-3"), &["subnet-3"], &[("10.2.0.0/16", "pcx-2", "active")])]}));
    estate.read(&tables(&[THERE], &[("10.3.0.0/16", "pcx-2", "active")]));
    assert!(!estate.gets("i-mid", "i-db"));
    estate
        .read(&json!({"SecurityGroups": [group(("sg-db", "vpc-2"), &[permission(22, "10.0.0.0/8")], None)]}));
    assert!(estate.gets("i-mid", "i-db") && !estate.gets("i-web", "i-db"));
}

#[test]
fn a_transit_gateway_joins_what_is_attached_to_it() {
    let routes = tables(&[("10.0.0.0/8", "tgw-1", "active")], &[("10.0.0.0/8", "tgw-1", "active")]);
    for (source, reached) in [("10.1.0.0/16", true), ("sg-web", false)] {
        let mut estate = Estate::of(&two_networks(source));
        let mut gets = |document: &Value| {
            estate.read(document);
            estate.gets("i-web", "i-db")
        };
        assert!(!gets(&routes));
        assert!(!gets(
            &json!({"TransitGatewayVpcAttachments": [attachment("tgw-attach-1", "vpc-1", "available")]})
        ));
        assert!(!gets(
            &json!({"TransitGatewayVpcAttachments": [attachment("tgw-attach-2", "vpc-2", "pendingAcceptance")]})
        ));
        let other = json!({"TransitGatewayAttachments": [
            {"TransitGatewayAttachmentId": "tgw-attach-2", "TransitGatewayId": "tgw-1", "TransitGatewayOwnerId": ACCOUNT,
            "ResourceOwnerId": ACCOUNT, "ResourceType": "vpc", "ResourceId": "vpc-2", "State": "available",
            "Association": {"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associated"}, "Tags": []},
            {"TransitGatewayAttachmentId": "tgw-attach-3", "TransitGatewayId": "tgw-1", "ResourceType": "vpn",
            "ResourceId": "vpn-1", "State": "available"}]});
        assert_eq!(gets(&other), reached, "{source}");
        assert!(!gets(&json!([attachment("tgw-attach-1", "vpc-1", "deleted")])));
    }
}
