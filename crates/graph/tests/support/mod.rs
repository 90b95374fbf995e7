//! A small estate for tests.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(
    clippy::allow_attributes,
    reason = "in one test file the expectation would be met, in the other not"
)]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_core::{EntityKey, TenantId, Timestamp};
use homeostat_graph::{Change, Evidence, Inventory, NamedGraph, Op, Reading, arn_key};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) fn key(name: &str) -> EntityKey {
    arn_key(&arn(name)).unwrap()
}

pub(crate) fn arn(name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { format!("arn:aws:iam::{ACCOUNT}:{name}") }
}

pub(crate) fn statement(effect: &str, action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]})
}

pub(crate) fn trust(principal: Value) -> Value {
    let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A user or role with inline policies.
pub(crate) fn principal(name: &str, policies: &[Value]) -> Value {
    let inline: Vec<Value> = policies
        .iter()
        .enumerate()
        .map(|(number, document)| json!({"PolicyName": format!("p{number}"), "PolicyDocument": document}))
        .collect();
    json!({"Arn": arn(name), "UserPolicyList": inline, "RolePolicyList": inline})
}

pub(crate) fn with(mut record: Value, field: &str, value: Value) -> Value {
    record[field] = value;
    record
}

pub(crate) fn inventory(users: &[Value], roles: &[Value]) -> Inventory {
    let dump = json!({"UserDetailList": users, "RoleDetailList": roles});
    Inventory::from_account_authorization(&dump.to_string(), &Reading::default()).unwrap()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(crate) fn change(at: i64, op: Op) -> Change {
    Change {
        tenant: tenant(),
        at: Timestamp::from_micros(at),
        position: None,
        evidence: Evidence::document(&format!("note {at}")),
        op,
    }
}

/// The edges of a graph that others worked out, each as its two ends and its kind.
pub(crate) fn edges(graph: &NamedGraph) -> BTreeSet<(String, String, String)> {
    let nodes = 0..u32::try_from(graph.len()).unwrap();
    let of = |from: u32| {
        graph.net().numbers(from).map(move |edge| {
            let to = graph.net().edge(edge).unwrap().node;
            let kind = graph.kind(*graph.net().label(edge).unwrap());
            (graph.name(from).to_owned(), graph.name(to).to_owned(), kind.to_owned())
        })
    };
    nodes.flat_map(of).collect()
}

/// Edges with how likely they are.
pub(crate) type Edges = BTreeSet<(String, String, String, String)>;

pub(crate) fn chances(graph: &NamedGraph) -> Edges {
    let nodes = 0..u32::try_from(graph.len()).unwrap();
    let of = |from: u32| {
        graph.net().numbers(from).map(move |edge| {
            let (half, label) = (graph.net().edge(edge).unwrap(), graph.net().label(edge).unwrap());
            let name = |node| graph.name(node).to_owned();
            let chance = format!("{:.3}", f64::from(-half.effort).exp());
            (name(from), name(half.node), graph.kind(*label).to_owned(), chance)
        })
    };
    nodes.flat_map(of).collect()
}

/// Who may be taken over, and what is worth getting to.
pub(crate) fn standing(graph: &NamedGraph) -> [Vec<String>; 2] {
    let names = |nodes: Vec<u32>| nodes.into_iter().map(|node| graph.name(node).to_owned()).collect();
    [names(graph.principals().collect()), names(graph.jewels().collect())]
}

/// The edges that were, with what is told of them.
#[cfg(any(feature = "clouds", feature = "kubernetes"))]
pub(crate) fn after(mut edges: Edges, touched: &homeostat_graph::WaysTouched) -> Edges {
    let of = |edge: &homeostat_graph::Way| {
        (edge.from.clone(), edge.to.clone(), edge.kind.to_owned(), format!("{:.3}", edge.probability))
    };
    for edge in &touched.removed {
        assert!(edges.remove(&of(edge)), "{edge:?} was not there");
    }
    for edge in &touched.added {
        assert!(edges.insert(of(edge)), "{edge:?} was there");
    }
    edges
}

/// Documents of `leaf` in lists and under `names`, four deep.
pub(crate) fn nested(
    leaf: impl Strategy<Value = Value> + 'static,
    names: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let name = prop::sample::select(names);
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        ]
    })
}
