//! Lists of addresses in rules.

use super::document::{entries, group, instance, instances, permission, prefix_list, two_machines};
use super::{ACCOUNT, Estate};
use serde_json::json;

#[test]
fn a_list_lets_in_what_its_entries_say_and_nothing_before_they_are_told() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], None),
        group(("sg-db", "vpc-1"), &[permission(22, "pl-1")], None)]}));
    let state = |estate: &Estate| (estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists);
    assert_eq!(state(&estate), (false, 1), "nobody told the list");
    estate.read(&json!({"PrefixLists": [prefix_list("pl-1", "create-complete")]}));
    assert_eq!(state(&estate), (false, 1), "nor its entries");
    estate.read(&entries("pl-1", &["10.0.1.0/28", "192.0.2.0/24"]));
    assert_eq!(state(&estate), (true, 0));
    let login =
        "a security group of `arn:aws:ec2:eu-west-1:111122223333:instance/i-db` lets `tcp 22-22 pl-1` in";
    assert!(estate.graph.edges().iter().any(|edge| edge.because.iter().any(|why| why == login)));
    estate.read(&entries("pl-1", &["192.0.2.0/24"]));
    assert_eq!(state(&estate), (false, 0), "an entry was taken");
    estate.read(&entries("pl-1", &["10.0.1.5/32", "not a range"]));
    assert_eq!(state(&estate), (true, 0));
    estate.read(&json!([prefix_list("pl-1", "delete-complete")]));
    assert_eq!(state(&estate), (false, 1), "the list is gone, the rule is not");
    estate.read(
        &json!({"SecurityGroups": [group(("sg-db", "vpc-1"), &[permission(22, "10.0.1.0/24")], None)]}),
    );
    assert_eq!(state(&estate), (true, 0), "the rule is another");
}

#[test]
fn a_list_lets_out_what_its_entries_say() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], Some(&[permission(22, "pl-1")])),
        group(("sg-db", "vpc-1"), &[permission(22, "sg-web")], Some(&[]))]}));
    assert_eq!((estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists), (false, 1));
    estate.read(&entries("pl-1", &["10.0.2.0/24"]));
    assert_eq!((estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists), (true, 0));
    estate.read(&entries("pl-1", &["10.0.3.0/24"]));
    assert!(!estate.gets("i-web", "i-db"));
    estate.read(&entries("pl-1", &[]));
    assert!(!estate.gets("i-web", "i-db"));
    estate.read(
        &json!({"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.eu-west-1.s3",
        "Cidrs": ["10.0.2.0/25"]}]}),
    );
    assert!(estate.gets("i-web", "i-db"), "a service's list comes with its ranges");
}

#[test]
fn the_internet_comes_in_by_a_list_of_everything() {
    let mut open = instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", &["sg-web"]);
    open["PublicIpAddress"] = json!("203.0.113.9");
    let mut estate = Estate::of(&[instances(&[open]), two_machines(&[])[1].clone()]);
    estate.read(&json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "OwnerId": ACCOUNT,
        "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1", "RouteTableId": "rtb-1"}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}]}]}));
    estate
        .read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[permission(22, "pl-1")], Some(&[]))]}));
    let mut open = |ranges: &[&str]| {
        estate.read(&entries("pl-1", ranges));
        estate.graph.edges().iter().any(|edge| edge.from.value() == "Internet")
    };
    assert!(!open(&["203.0.113.0/24"]));
    assert!(open(&["203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1"]));
}

#[test]
fn what_is_told_under_the_name_of_a_group_or_a_hop_makes_it_no_list_and_no_bridge() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], None),
        group(("sg-db", "vpc-1"), &[permission(22, "sg-web")], None)]}));
    assert!(estate.gets("i-web", "i-db"));
    // Each reading compares what follows with what is built anew.
    estate.read(&entries("sg-web", &["10.0.9.0/24"]));
    assert!(!estate.graph.edges().iter().any(|edge| edge.from.value() == "subnet-1"));
    estate.read(&json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-1"}],
        "Routes": [{"DestinationCidrBlock": "10.9.0.0/16", "NetworkInterfaceId": "eni-1"}]}]}));
    estate.read(&json!({"TransitGatewayVpcAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1",
        "TransitGatewayId": "eni-1", "VpcId": "vpc-1", "State": "available"}]}));
}
