//! Laws: a change redoes only what it touches and gives what building anew gives; the inventory is a state;
//! paths are those that a slow oracle finds.
#![cfg(test)]

mod support;

use homeostat_core::{EntityKey, EntityKind, Forget, State, TenantId, Timestamp, Value, conformance};
use homeostat_graph::{
    Change, ChangeError, EdgeKind, Evidence, Graph, Inventory, KindInfo, LinkKind, Op, OwnEdge, PolicySlot,
    Standing, ValueRules, account_key,
};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use support::{ACCOUNT, change, inventory, key, principal, statement, tenant, trust, with};

const NAMES: [&str; 6] = ["user/a", "user/b", "group/g", "role/r", "role/s", "policy/p"];

fn document() -> impl Strategy<Value = String> {
    let actions = prop_oneof![
        Just("*"),
        Just("iam:PutUserPolicy"),
        Just("iam:CreateAccessKey"),
        Just("sts:AssumeRole"),
        Just("iam:AttachRolePolicy"),
        Just("iam:AddUserToGroup"),
        Just("iam:PassRole"),
        Just("lambda:*"),
    ];
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    (effect, actions, prop_oneof![Just("*".to_owned()), Just(support::arn("role/r"))])
        .prop_map(|(effect, action, resource)| statement(effect, action, &resource).to_string())
}

fn op() -> impl Strategy<Value = Op> {
    let object = || prop::sample::select(&NAMES[..]).prop_map(key);
    let slot =
        || prop_oneof![Just(PolicySlot::Inline("x".to_owned())), Just(PolicySlot::Version("v1".to_owned()))];
    let trusts = prop_oneof![
        Just(trust(json!({"AWS": support::arn("root")}))),
        Just(trust(json!({"AWS": support::arn("user/a")}))),
        Just(trust(json!({"AWS": [support::arn("role/s"), support::arn("user/*")]}))),
        Just(trust(json!({"AWS": "*"}))),
        Just(trust(json!({"Service": "lambda.amazonaws.com"}))),
    ];
    let role = prop_oneof![Just("role/r"), Just("role/s")].prop_map(key);
    let link = || {
        prop_oneof![
            Just((key("user/a"), LinkKind::MemberOf, key("group/g"))),
            Just((key("user/b"), LinkKind::MemberOf, key("group/g"))),
            Just((key("group/g"), LinkKind::Attached, key("policy/p"))),
            Just((key("role/r"), LinkKind::Attached, key("policy/p"))),
            Just((key("user/b"), LinkKind::Attached, key("policy/p"))),
        ]
    };
    prop_oneof![
        4 => (object(), slot(), document()).prop_map(|(object, slot, document)| Op::PutPolicy { object, slot, document }),
        1 => (object(), slot()).prop_map(|(object, slot)| Op::RemovePolicy { object, slot }),
        2 => (role, trusts).prop_map(|(object, trust)| Op::PutPolicy {
            object, slot: PolicySlot::Trust, document: trust.to_string() }),
        3 => link().prop_map(|(from, kind, to)| Op::Link { from, kind, to }),
        1 => link().prop_map(|(from, kind, to)| Op::Unlink { from, kind, to }),
        1 => object().prop_map(|object| Op::Remove { object }),
        1 => object().prop_map(|object| Op::Stale { object }),
        1 => object().prop_map(|object| Op::Put { object, kind: None, attributes: BTreeMap::from([
            ("permissions_boundary".to_owned(), support::arn("policy/p"))]) }),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0_i64..40, op()), 0..25)
        .prop_map(|all| all.into_iter().map(|(at, op)| change(at, op)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn changing_one_by_one_is_building_anew(changes in changes()) {
        let mut inventory = Inventory::default();
        let mut graph = Graph::build(&inventory);
        for change in &changes {
            let touched = inventory.apply(change).unwrap();
            graph.update(&inventory, &touched);
        }
        let anew = Graph::build(&inventory);
        let different: Vec<_> = graph.edges().into_iter().filter(|edge| !anew.edges().contains(edge))
            .map(|edge| format!("{:?} {:?} {:?}", edge, edge.because, edge.evidence)).collect();
        prop_assert_eq!(different, Vec::<String>::new());
        prop_assert_eq!(graph.edges(), anew.edges());
        prop_assert_eq!(graph.stats().edges, anew.stats().edges);
        prop_assert_eq!(graph.can_reach_administrator(), anew.can_reach_administrator());
    }

    #[test]
    fn the_same_changes_twice_are_once(changes in changes()) {
        let mut once = Inventory::default();
        for change in &changes {
            once.apply(change).unwrap();
        }
        let last: Vec<&Change> = changes.iter().rev().take(1).collect();
        let before = Graph::build(&once);
        for change in last {
            let again = once.apply(change).unwrap();
            prop_assert!(again.is_empty());
        }
        let after = Graph::build(&once);
        prop_assert_eq!(after.edges(), before.edges());
    }

    #[test]
    fn facts_of_different_times_come_in_any_order(changes in changes(), turn in 0_usize..25) {
        let mut distinct: BTreeMap<i64, Change> = BTreeMap::new();
        for change in changes {
            // Removal decides by time what it takes; every other fact stands for itself.
            distinct.insert(change.at.micros().unwrap(), change);
        }
        let ordered: Vec<Change> = distinct.into_values().collect();
        let mut turned = ordered.clone();
        turned.rotate_left(turn.min(ordered.len()));
        let learn = |changes: &[Change]| {
            let mut inventory = Inventory::default();
            for change in changes {
                inventory.apply(change).unwrap();
            }
            let told = |object: &homeostat_graph::Object| (object.key().clone(),
                object.policies().cloned().collect::<Vec<_>>(), object.links(LinkKind::Attached).cloned().collect::<Vec<_>>());
            inventory.objects().map(told).collect::<Vec<_>>()
        };
        let stale = ordered.iter().any(|change| matches!(change.op, Op::Stale { .. }));
        if !stale {
            prop_assert_eq!(learn(&ordered), learn(&turned));
        }
    }

    #[test]
    fn what_is_worth_more_never_ranks_lower(changes in changes(), value in 1_u8..=50) {
        let mut inventory = Inventory::default();
        let mine = BTreeMap::from([("tag/worth".to_owned(), "mine".to_owned())]);
        let tagged = change(50, Op::Put { object: key("role/r"), kind: None, attributes: mine });
        for change in changes.iter().chain([&tagged]) {
            inventory.apply(change).unwrap();
        }
        let rank = |value: u8| {
            let mut graph = Graph::with_values(ValueRules::default().with_tag("worth", "mine", Value::new(value)));
            graph.rebuild(&inventory);
            graph.blast_radius(&key("user/a")).iter().position(|(_, to, _)| *to == key("role/r"))
        };
        let (once, twice) = (rank(value), rank(value * 2));
        prop_assert_eq!(once.is_some(), twice.is_some());
        prop_assert!(twice <= once, "{:?} {:?}", once, twice);
    }

    #[test]
    fn paths_are_those_of_bellman_and_ford(
        edges in prop::collection::vec((0_u8..12, 0_u8..12, 0.0_f64..=1.0), 0..60),
    ) {
        let mut graph = Graph::default();
        let kind = graph.register(KindInfo {
            name: "Own".into(), class: homeostat_graph::EdgeClass::Reach, techniques: vec![], probability: 1.0,
        });
        let node = |number: u8| EntityKey::new(EntityKind::NativeId, "t", &format!("n{number}")).unwrap();
        for (from, to, probability) in &edges {
            graph.connect(&own(&node(*from), &node(*to), kind, *probability));
        }
        let mut best = [0.0_f64; 12];
        best[0] = 1.0;
        for _ in 0..12 {
            for (from, to, probability) in &edges {
                let through = best[usize::from(*from)] * probability;
                best[usize::from(*to)] = best[usize::from(*to)].max(through);
            }
        }
        for number in 0..12 {
            let path = graph.path(&node(0), &node(number));
            let found = path.as_ref().map_or(0.0, |path| path.probability);
            let expected = best[usize::from(number)];
            let known = edges.iter().any(|(from, to, _)| *from == 0 || *to == 0);
            prop_assert!((found - expected).abs() <= 1e-12 || (number == 0 && !known), "{} {} {}", number, found, expected);
        }
    }
}

fn own(from: &EntityKey, to: &EntityKey, kind: EdgeKind, probability: f64) -> OwnEdge {
    OwnEdge {
        from: from.clone(),
        to: to.clone(),
        kind,
        probability: Some(probability),
        evidence: Evidence::document("test"),
        standing: Standing::Observed,
    }
}

#[test]
fn the_inventory_is_a_state() {
    let put = |name: &str, document: String| Op::PutPolicy {
        object: key(name),
        slot: PolicySlot::Inline("all".to_owned()),
        document,
    };
    let records: Vec<Vec<Change>> = vec![
        vec![change(5, put("user/a", statement("Allow", "*", "*").to_string()))],
        vec![
            change(6, Op::Link { from: key("user/a"), kind: LinkKind::MemberOf, to: key("group/g") }),
            change(6, put("group/g", "no policy".to_owned())),
        ],
        vec![change(4, put("user/a", "{}".to_owned()))],
        vec![Change {
            tenant: TenantId::new("other").unwrap(),
            ..change(9, Op::Remove { object: key("user/a") })
        }],
        vec![change(8, Op::Stale { object: key("role/r") }), change(9, Op::Remove { object: key("user/a") })],
    ];
    conformance::state_laws(&Inventory::default(), &records).unwrap();
}

#[test]
fn the_graph_answers_reach_and_criticality() {
    let inventory = estate();
    let graph = Graph::build(&inventory);
    let known = [key("user/a"), key("role/app"), key("role/admin"), account_key(ACCOUNT).unwrap()];
    conformance::reach_laws(&graph, &known, &key("user/nobody")).unwrap();
    conformance::criticality_laws(&graph, &known, &key("user/nobody")).unwrap();
}

fn estate() -> Inventory {
    let root = trust(json!({"AWS": support::arn("root")}));
    let role =
        |name: &str, policy| with(principal(name, &[policy]), "AssumeRolePolicyDocument", root.clone());
    inventory(
        &[principal("user/a", &[statement("Allow", "sts:AssumeRole", &support::arn("role/app"))])],
        &[
            role("role/app", statement("Allow", "sts:AssumeRole", &support::arn("role/admin"))),
            role("role/admin", statement("Allow", "*", "*")),
        ],
    )
}

#[test]
fn a_change_redoes_just_its_pairs() {
    let users: Vec<_> = (0..50).map(|number| principal(&format!("user/u{number}"), &[])).collect();
    let mut inventory = inventory(&users, &[]);
    let mut graph = Graph::build(&inventory);
    let touched = inventory
        .apply(&change(
            1,
            Op::PutPolicy {
                object: key("user/u7"),
                slot: PolicySlot::Inline("x".to_owned()),
                document: statement("Allow", "iam:PutUserPolicy", "*").to_string(),
            },
        ))
        .unwrap();
    assert_eq!(touched.objects.len(), 1);
    let changes = graph.update(&inventory, &touched);
    assert_eq!((changes.added, changes.removed), (1, 0));
    assert!(changes.pairs <= 101, "{changes:?}");
}

#[test]
fn tenants_never_touch() {
    let mut inventory = Inventory::default();
    inventory.apply(&change(1, Op::Stale { object: key("user/a") })).unwrap();
    let foreign =
        Change { tenant: TenantId::new("other").unwrap(), ..change(2, Op::Remove { object: key("user/a") }) };
    assert_eq!(inventory.apply(&foreign), Err(ChangeError::OtherTenant));
    assert_eq!(ChangeError::OtherTenant.to_string(), "the change is of another tenant than the inventory");
    assert!(inventory.object(&key("user/a")).is_some());
    assert_eq!(inventory.stats().refused, 1);
}

#[test]
fn a_person_is_forgotten() {
    let mut inventory = Inventory::default();
    inventory
        .apply(&change(1, Op::Link { from: key("user/a"), kind: LinkKind::MemberOf, to: key("group/g") }))
        .unwrap();
    assert!(inventory.forget(&key("user/a")) && !inventory.forget(&key("user/a")));
    let bytes = State::<Vec<Change>>::to_bytes(&inventory);
    assert!(!String::from_utf8_lossy(&bytes).contains("user/a"));
}

#[test]
fn late_and_repeated_changes_are_counted() {
    let mut inventory = Inventory::default();
    let link =
        |at| change(at, Op::Link { from: key("user/a"), kind: LinkKind::MemberOf, to: key("group/g") });
    let unlink =
        |at| change(at, Op::Unlink { from: key("user/a"), kind: LinkKind::MemberOf, to: key("group/g") });
    inventory.apply(&link(5)).unwrap();
    assert!(inventory.apply(&unlink(4)).unwrap().is_empty());
    assert!(inventory.apply(&link(5)).unwrap().is_empty());
    assert!(inventory.apply(&Change { at: Timestamp::UNKNOWN, ..unlink(0) }).unwrap().is_empty());
    let stats = inventory.stats();
    assert_eq!((stats.applied, stats.late, stats.repeated), (1, 2, 1));
    assert_eq!(inventory.tenant(), Some(&tenant()));
}

#[test]
fn a_right_that_nobody_else_of_the_group_has_is_listed() {
    let user = |name: &str, role: &str| {
        principal(name, &[statement("Allow", "sts:AssumeRole", &support::arn(role))])
    };
    let root = trust(json!({"AWS": support::arn("root")}));
    let role = |name: &str| with(principal(name, &[]), "AssumeRolePolicyDocument", root.clone());
    let users = [user("user/a", "role/r"), user("user/b", "role/r"), user("user/c", "role/s")];
    let graph = Graph::build(&inventory(&users, &[role("role/r"), role("role/s")]));
    let matrix = graph.access_matrix(&["user/a", "user/b", "user/c"].map(key));
    let outliers = matrix.outliers();
    let told: Vec<_> = outliers.iter().map(|outlier| (&outlier.member, &outlier.to)).collect();
    assert_eq!(told, [(&key("user/c"), &key("role/s"))]);
    assert!((matrix.overlap(&key("user/a"), &key("user/b")) - 1.0).abs() < f64::EPSILON);
    assert!(matrix.overlap(&key("user/a"), &key("user/c")) < f64::EPSILON);
    assert_eq!(graph.access_matrix(&["user/a", "user/c"].map(key)).outliers(), [], "of two each differs");
}

#[test]
fn a_new_thing_is_expected_when_it_is_like_the_others() {
    let member = |name: &str, group: &str| with(principal(name, &[]), "GroupList", json!([group]));
    let users =
        [member("user/a", "g"), member("user/b", "g"), member("user/c", "g"), member("user/d", "owners")];
    let inventory = inventory(&users, &[principal("role/r", &[])]);
    assert!(inventory.is_expected_new(&key("user/c")).unwrap().is_expected());
    let odd = inventory.is_expected_new(&key("user/d")).unwrap();
    assert_eq!((odd.others, odd.unseen.len(), odd.is_expected()), (3, 1, false), "{:?}", odd.unseen);
    assert!(!inventory.is_expected_new(&key("role/r")).unwrap().is_expected(), "nothing is like it");
    assert_eq!(inventory.is_expected_new(&key("user/nobody")), None);
}
