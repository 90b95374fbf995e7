//! Reading one by one is building anew, reading again takes back, and order means nothing.

use super::document::{
    attachment, entries, group, instance, instances, peering, permission, prefix_list, route_table, subnet,
};
use super::{Estate, reading};
use homeostat_graph::{Edge, Graph, Inventory};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The documents of two networks; each choice is one of up to four states of a fact.
fn documents(choices: &[usize]) -> Vec<(&'static str, Value)> {
    let pick = |at: usize, all: &[Value]| all[choices[at] % all.len()].clone();
    let text = |at: usize, all: [&'static str; 4]| all[choices[at]];
    let outward = [
        json!([permission(0, "0.0.0.0/0")]),
        json!([]),
        json!([permission(22, "sg-db")]),
        json!([permission(22, "pl-1"), permission(443, "0.0.0.0/0")]),
    ];
    let mut web = group(("sg-web", "vpc-1"), &[permission(22, "sg-db")], Some(&[]));
    web["IpPermissionsEgress"] = pick(0, &outward);
    let mut out = group(("sg-out", "vpc-1"), &[], Some(&[]));
    out["IpPermissionsEgress"] = pick(1, &outward);
    let inward = |at: usize, all| [permission(22, text(at, all))];
    let db = group(("sg-db", "vpc-1"), &inward(2, ["sg-web", "10.0.1.0/24", "sg-out", "pl-1"]), Some(&[]));
    let far = group(("sg-far", "vpc-2"), &inward(5, ["sg-web", "10.0.0.0/16", "sg-out", "pl-1"]), Some(&[]));
    let groups = [&["sg-web"][..], &["sg-web", "sg-out"], &["sg-out"], &["sg-web", "sg-untold"]][choices[3]];
    let hop = text(6, ["pcx-1", "tgw-1", "pcx-2", "nat-1"]);
    let back = text(7, ["pcx-1", "tgw-1", "pcx-1", "tgw-1"]);
    vec![
        (
            "instances",
            instances(&[
                instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", groups),
                instance(("i-also", "vpc-1", "subnet-1"), "10.0.1.6", &["sg-web"]),
                instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"]),
                instance(("i-far", "vpc-2", "subnet-3"), "10.9.3.5", &["sg-far"]),
            ]),
        ),
        (
            "subnets",
            json!({"Subnets": [subnet("subnet-1", "vpc-1", "10.0.1.0/24"), subnet("subnet-2", "vpc-1", "10.0.2.0/24"),
                subnet("subnet-3", "vpc-2", "10.9.3.0/24")]}),
        ),
        ("groups", json!({"SecurityGroups": [web, out, db, far]})),
        ("lists", json!({"PrefixLists": [prefix_list("pl-1", "create-complete")]})),
        (
            "entries",
            entries("pl-1", [&["10.0.1.0/24"][..], &["10.0.2.0/24"], &["10.0.0.0/16"], &[]][choices[4]]),
        ),
        (
            "tables",
            json!({"RouteTables": [
                route_table(("rtb-1", "vpc-1"), &["subnet-1"], &[("10.9.0.0/16", hop, text(8, ["active", "active", "active", "blackhole"]))]),
                route_table(("rtb-2", "vpc-2"), &["subnet-3"], &[("10.0.0.0/16", back, "active")])]}),
        ),
        (
            "peering",
            peering(
                "pcx-1",
                [
                    ("vpc-1", "eu-west-1"),
                    ("vpc-2", text(9, ["eu-west-1", "eu-west-1", "us-east-1", "eu-west-1"])),
                ],
                text(10, ["active", "active", "deleted", "active"]),
            ),
        ),
        (
            "attachments",
            json!({"TransitGatewayVpcAttachments": [attachment("tgw-attach-1", "vpc-1", "available"),
                attachment("tgw-attach-2", "vpc-2", text(11, ["available", "available", "deleted", "available"]))]}),
        ),
    ]
}

#[test]
fn all_that_the_two_networks_can_have_is_had_by_some_choice() {
    // The law below says little of edges that never come.
    let reached = |changed: &[(usize, usize)]| {
        let mut choices = vec![0; 12];
        for (at, choice) in changed {
            choices[*at] = *choice;
        }
        let all: Vec<Value> = documents(&choices).into_iter().map(|(_, whole)| whole).collect();
        let estate = Estate::of(&all);
        (estate.gets("i-web", "i-db"), estate.gets("i-web", "i-far"))
    };
    assert_eq!(reached(&[]), (true, true));
    assert_eq!(reached(&[(0, 1)]), (false, false), "nothing is let out");
    assert_eq!(reached(&[(0, 2)]), (true, false), "one group is let out to");
    assert_eq!(reached(&[(6, 1)]), (true, false), "the answer takes another way");
    assert_eq!(reached(&[(5, 1), (6, 1), (7, 1)]), (true, true), "over the transit gateway");
    assert_eq!(reached(&[(2, 3), (4, 2), (5, 3)]), (true, true), "by the list");
}

fn choices() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..4, 12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_means_nothing_and_reading_again_is_reading_anew(
        first in choices(), second in choices(), order in any::<prop::sample::Index>(),
    ) {
        let (mut inventory, mut graph) = (Inventory::default(), Graph::default());
        let turn = order.index(documents(&first).len());
        for (at, choices) in [(1, &first), (2, &second)] {
            let mut all = documents(choices);
            all.rotate_left(turn);
            for (name, whole) in all {
                let touched = inventory.read_document(&whole, &reading(name, at)).unwrap();
                graph.update(&inventory, &touched);
                let anew = Graph::build(&inventory);
                prop_assert_eq!(graph.edges(), anew.edges(), "after {}", name);
            }
        }
        let mut only = Inventory::default();
        for (name, whole) in documents(&second) {
            only.read_document(&whole, &reading(name, 2)).unwrap();
        }
        prop_assert_eq!(bare(&graph), bare(&Graph::build(&only)));
    }
}

/// Edges without where they come from: what was told twice rests on what told it first.
fn bare(graph: &Graph) -> Vec<Edge> {
    let edges = graph.edges().into_iter().cloned();
    edges.map(|edge| Edge { evidence: Vec::new(), ..edge }).collect()
}
