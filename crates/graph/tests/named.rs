//! Foreign graphs: cheapest ways against the definition, and what a small collection of Active Directory comes to.
#![cfg(test)]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_graph::{NamedEdge, NamedGraph, NamedGraphBuilder, ReportOptions, SharpHound};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn graph(edges: &[(u8, u8, f64)]) -> NamedGraph {
    let mut builder = NamedGraphBuilder::default();
    builder.document("test");
    for node in 0..8 {
        builder.principal(&format!("n{node}"));
    }
    for (record, (from, to, probability)) in (0_u32..).zip(edges) {
        let (from, to) = (format!("n{from}"), format!("n{to}"));
        let edge = NamedEdge { from: &from, to: &to, kind: "edge", probability: *probability, record };
        builder.edge(&edge);
    }
    builder.build()
}

/// Shortest efforts to `target` by relaxing every edge as often as there are nodes.
fn relaxed(edges: &[(u8, u8, f64)], target: u8) -> Vec<f64> {
    let mut effort = vec![f64::INFINITY; 8];
    effort[usize::from(target)] = 0.0;
    for _ in 0..8 {
        for (from, to, probability) in edges {
            let through = effort[usize::from(*to)] - probability.ln();
            let known = &mut effort[usize::from(*from)];
            *known = known.min(through);
        }
    }
    effort
}

fn edges() -> impl Strategy<Value = Vec<(u8, u8, f64)>> {
    prop::collection::vec((0_u8..8, 0_u8..8, 0.05_f64..1.0), 0..30)
}

proptest! {
    #[test]
    fn ways_are_the_cheapest_and_exposure_is_having_one(edges in edges(), target in 0_u8..8) {
        let graph = graph(&edges);
        let node = |number: u8| graph.find(&format!("n{number}")).unwrap();
        let ways = graph.net().distances_to(&[node(target)]);
        let exposed = graph.net().exposed(&[node(target)]);
        let expected = relaxed(&edges, target);
        for from in 0_u8..8 {
            let told = ways.effort(node(from)).map(f64::from);
            let known = Some(expected[usize::from(from)]).filter(|effort| effort.is_finite());
            prop_assert_eq!(told.is_some(), known.is_some());
            prop_assert!((told.unwrap_or_default() - known.unwrap_or_default()).abs() < 1e-4);
            prop_assert_eq!(exposed.contains(node(from)), known.is_some());
            prop_assert_eq!(graph.net().reach(node(from)).contains(node(target)), known.is_some());
        }
    }

    #[test]
    fn the_report_does_not_rest_on_the_order_of_edges(edges in edges()) {
        let told = |edges: &[(u8, u8, f64)]| {
            let graph = graph(edges);
            let principals: Vec<u32> = graph.principals().collect();
            let target = graph.find("n0").unwrap();
            let report = graph.report(&principals, &[target], &BTreeSet::new(), ReportOptions::default());
            let reached: Vec<(String, bool)> =
                report.principals.into_iter().map(|one| (one.id, one.can_reach_admin)).collect();
            (reached, report.exposure.into_iter().map(|one| one.principals).collect::<Vec<_>>())
        };
        let mut turned = edges.clone();
        turned.reverse();
        prop_assert_eq!(told(&edges), told(&turned));
    }
}

const DOMAIN: &str = "S-1-5-21-7-7-7";

fn sid(last: u32) -> String {
    format!("{DOMAIN}-{last}")
}

fn file(kind: &str, data: Value) -> Value {
    json!({"data": data, "meta": {"type": kind, "version": 6}})
}

fn user(last: u32, more: Value) -> Value {
    let mut user = json!({"ObjectIdentifier": sid(last), "Properties": {"domainsid": DOMAIN}, "PrimaryGroupSID": sid(513)});
    if let (Some(user), Some(more)) = (user.as_object_mut(), more.as_object()) {
        user.extend(more.clone());
    }
    user
}

fn reaching(collection: SharpHound) -> (BTreeSet<String>, usize) {
    let (builder, foreign) = collection.finish();
    let graph = builder.build();
    let principals: Vec<u32> = graph.principals().collect();
    let jewels: Vec<u32> = graph.jewels().collect();
    let administrators = graph.belonging_to(&jewels, "MemberOf");
    let report = graph.report(&principals, &jewels, &administrators, ReportOptions::default());
    let reaching = report.principals.into_iter().filter(|one| one.can_reach_admin);
    (reaching.map(|one| one.id).collect(), foreign.unresolved)
}

fn domain(aces: Value) -> Value {
    file(
        "domains",
        json!([{"ObjectIdentifier": DOMAIN, "Properties": {"name": "ACME.EXAMPLE", "domainsid": DOMAIN}, "Aces": aces}]),
    )
}

fn ace(last: u32, right: &str) -> Value {
    json!({"PrincipalSID": sid(last), "PrincipalType": "Group", "RightName": right, "IsInherited": false})
}

#[test]
fn both_rights_to_replicate_are_needed() {
    let users =
        || file("users", json!([user(1001, json!({})), user(1002, json!({})), user(1003, json!({}))]));
    let members = |last: u32, of: &[u32]| {
        let members: Vec<Value> =
            of.iter().map(|one| json!({"ObjectIdentifier": sid(*one), "ObjectType": "User"})).collect();
        json!({"ObjectIdentifier": sid(last), "Members": members})
    };
    let mut collection = SharpHound::default();
    collection.read("users", &users()).unwrap();
    collection
        .read("groups", &file("groups", json!([members(1101, &[1001, 1002]), members(1102, &[1002])])))
        .unwrap();
    collection
        .read("domains", &domain(json!([ace(1101, "GetChanges"), ace(1102, "GetChangesAll")])))
        .unwrap();
    assert_eq!(reaching(collection).0, BTreeSet::from([sid(1002)]));
}

#[test]
fn sessions_delegation_and_everybody_lead_on() {
    let admin = user(1001, json!({}));
    let clerk = user(1002, json!({}));
    let host = json!({"ObjectIdentifier": sid(2001), "Properties": {"domainsid": DOMAIN}, "PrimaryGroupSID": sid(515),
        "Sessions": {"Results": [{"UserSID": sid(1001), "ComputerSID": sid(2001)}], "Collected": true},
        "LocalGroups": [{"ObjectIdentifier": format!("{}-544", sid(2001)), "Results":
            [{"ObjectIdentifier": "ACME.EXAMPLE-S-1-5-11", "ObjectType": "Group"}]}]});
    let admins = json!({"ObjectIdentifier": sid(512), "Members": [{"ObjectIdentifier": sid(1001), "ObjectType": "User"}]});
    let mut collection = SharpHound::default();
    collection.read("users", &file("users", json!([admin, clerk, {"Properties": {}}]))).unwrap();
    collection.read("users again", &file("users", json!([user(1002, json!({}))]))).unwrap();
    collection.read("computers", &file("computers", json!([host]))).unwrap();
    collection.read("groups", &file("groups", json!([admins]))).unwrap();
    collection.read("domains", &domain(json!([]))).unwrap();
    assert!(collection.read("other", &json!({"data": []})).is_none());
    let (reaching, unresolved) = reaching(collection);
    // Whoever signs in administers the host, where the administrator has a session.
    assert_eq!(reaching, BTreeSet::from([sid(1001), sid(1002), sid(2001)]));
    assert!(unresolved > 0, "the groups for everybody are in no file");
}

/// JSON of any shape, with the names that the readers look for.
/// A forest with one authority, whose template lets the group 1100 enroll under any name.
fn certified(template: Value, trusted: &str) -> SharpHound {
    let mut hound = SharpHound::default();
    let named = |more: Value| {
        let mut properties = json!({"domainsid": DOMAIN});
        if let (Some(all), Some(more)) = (properties.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        properties
    };
    for (kind, object) in [
        (
            "rootcas",
            json!({"ObjectIdentifier": "ROOT", "Properties": named(json!({"certthumbprint": "R1"}))}),
        ),
        (
            "ntauthstores",
            json!({"ObjectIdentifier": "NT", "Properties": named(json!({"certthumbprints": [trusted]}))}),
        ),
        (
            "enterprisecas",
            json!({"ObjectIdentifier": "CA", "HostingComputer": sid(1200),
                "Properties": named(json!({"certthumbprint": "C1", "certchain": ["C1", "R1"]})),
                "EnabledCertTemplates": [{"ObjectIdentifier": "T"}],
                "Aces": [{"PrincipalSID": "ACME.EXAMPLE-S-1-5-11", "RightName": "Enroll"}]}),
        ),
        (
            "certtemplates",
            json!({"ObjectIdentifier": "T", "Properties": named(template), "Aces": [ace(1100, "Enroll")]}),
        ),
        ("computers", json!({"ObjectIdentifier": sid(1200), "Properties": {"domainsid": DOMAIN}})),
        ("groups", json!({"ObjectIdentifier": sid(1100), "Members": [{"ObjectIdentifier": sid(1001)}]})),
    ] {
        hound.read(kind, &file(kind, json!([object]))).unwrap();
    }
    hound.read("users", &file("users", json!([user(1001, json!({})), user(1002, json!({}))]))).unwrap();
    hound.read("domains", &domain(json!([]))).unwrap();
    hound
}

#[test]
fn a_certificate_under_any_name_is_the_domain_for_who_may_enroll() {
    let open = || json!({"authenticationenabled": true, "enrolleesuppliessubject": true, "schemaversion": 2});
    let mut asked = open();
    asked["requiresmanagerapproval"] = json!(true);
    let mut signed = open();
    signed["authorizedsignatures"] = json!(1);
    for (template, trusted, expected) in [
        (open(), "C1", vec![sid(1001), sid(1200)]),
        // Somebody is asked, or must sign: only the host of the authority can forge one.
        (asked, "C1", vec![sid(1200)]),
        (signed, "C1", vec![sid(1200)]),
        // Nobody believes the authority.
        (open(), "OTHER", vec![]),
    ] {
        let (found, _) = reaching(certified(template, trusted));
        assert_eq!(found, expected.into_iter().collect());
    }
}

#[test]
fn circles_strangers_and_doubles_are_taken_as_they_come() {
    let group = |own: u32, member: u32| json!({"ObjectIdentifier": sid(own), "Members": [{"ObjectIdentifier": sid(member)}]});
    let mut hound = SharpHound::default();
    let groups = json!([
        group(1100, 1101),
        group(1101, 1102),
        group(1102, 1100),
        group(1100, 1101),
        group(512, 1100),
        {},
        7
    ]);
    hound.read("groups", &file("groups", groups)).unwrap();
    let member = json!({"ObjectIdentifier": sid(1102), "Members": [{"ObjectIdentifier": sid(1001)}, {"ObjectIdentifier": sid(9999)}]});
    hound.read("more", &file("groups", json!([member]))).unwrap();
    hound.read("users", &file("users", json!([user(1001, json!({})), user(1001, json!({}))]))).unwrap();
    let (builder, foreign) = hound.finish();
    assert_eq!((foreign.problems.len(), foreign.unresolved), (2, 2));
    let graph = builder.build();
    let names: Vec<&str> = graph.principals().map(|node| graph.name(node)).collect();
    assert_eq!(names, [sid(1001)]);
    let user = graph.find(&sid(1001)).unwrap();
    assert!(graph.net().exposed(&[graph.find(&sid(512)).unwrap()]).contains(user));
}

fn shapes() -> impl Strategy<Value = Value> {
    let names = "(data|meta|type|graph|nodes|edges|id|kind|start|end|value|ObjectIdentifier|Aces|Members|Properties|\
        PrincipalSID|RightName|Links|GUID|GPOChanges|LocalAdmins|Sessions|Results|UserSID)";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(users|domains|S-1-5-21-1-512|GetChanges|GetChangesAll|MemberOf|.{0,6})".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_input_panics(text in ".{0,80}", lines in "(src|dst|kind|p|,|\"|\n|a|1|\\.5){0,40}", shape in shapes()) {
        for list in [text, lines] {
            let _ = NamedGraphBuilder::default().edge_list(list.as_bytes());
        }
        let mut builder = NamedGraphBuilder::default();
        builder.open_graph(&shape);
        builder.open_graph(&json!({"graph": shape.clone()}));
        let mut collection = SharpHound::default();
        collection.read("any", &shape);
        for kind in ["users", "domains", "computers"] {
            collection.read(kind, &file(kind, json!([shape.clone()])));
        }
        let graphs = [builder, collection.finish().0].map(NamedGraphBuilder::build);
        for graph in graphs {
            let principals: Vec<u32> = graph.principals().collect();
            let jewels: Vec<u32> = graph.jewels().collect();
            graph.report(&principals, &jewels, &BTreeSet::new(), ReportOptions::default());
        }
    }
}
