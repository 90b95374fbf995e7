//! Findings in the graph: ranked by the paths they lie on, gone with their fix, fed by the graph's own changes.
#![cfg(test)]
#![cfg(feature = "graph")]

mod support;

use homeostat_core::{Criticality, EntityKey, Reach, Value};
use homeostat_graph::{Graph, Inventory, LinkKind, PolicySlot, arn_key};
use homeostat_posture::{FindingEdges, Op, Posture, Ranking, Severity, internet};
use proptest::prelude::*;
use std::collections::BTreeSet;
use support::{apply, change, hour, key, put};

const PUBLIC: &str = r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#;
const CLOSED: &str = r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": false}}}"#;

/// An estate of some buckets, each of which findings may open.
fn inventory(buckets: u8) -> Inventory {
    let mut inventory = Inventory::default();
    for number in 0..buckets {
        let object = arn_key(&format!("arn:aws:s3:::b{number}")).unwrap();
        let op = homeostat_graph::Op::Put { object, kind: None, attributes: [].into() };
        inventory.apply(&told(1, op)).unwrap();
    }
    inventory
}

fn told(at: u64, op: homeostat_graph::Op) -> homeostat_graph::Change {
    let change = change(at, Op::Tick);
    homeostat_graph::Change {
        tenant: change.tenant,
        at: change.at,
        position: None,
        evidence: homeostat_graph::Evidence::Event(change.evidence),
        op,
    }
}

fn reached(graph: &Graph) -> BTreeSet<EntityKey> {
    graph.reachable(&internet().unwrap()).into_iter().map(|one| one.entity).collect()
}

fn edges(graph: &Graph) -> Vec<String> {
    graph.edges().iter().map(|edge| format!("{edge:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_finding_never_takes_a_path_and_its_fix_takes_its_edges_alone(
        steps in prop::collection::vec((0_u8..6, any::<bool>()), 1..30)
    ) {
        let mut graph = Graph::build(&inventory(6));
        let bare = edges(&graph);
        let (mut posture, mut followed) = (Posture::default(), FindingEdges::default());
        let mut open: BTreeSet<EntityKey> = BTreeSet::new();
        for (number, (bucket, public)) in (1..).zip(steps) {
            let bucket = arn_key(&format!("arn:aws:s3:::b{bucket}")).unwrap();
            let before = reached(&graph);
            let document = if public { PUBLIC } else { CLOSED };
            posture.apply(&change(number, put(&bucket, "aws.s3.bucket", document))).unwrap();
            let changed = followed.follow(&posture, &mut graph);
            let after = reached(&graph);
            if public {
                open.insert(bucket);
                prop_assert!(before.is_subset(&after) && changed.removed == 0);
            } else {
                open.remove(&bucket);
                prop_assert!(changed.added == 0 && changed.removed <= 1);
            }
            prop_assert_eq!(&after, &open);
            prop_assert_eq!(followed.len(), open.len());
        }
        followed.follow(&Posture::default(), &mut graph);
        prop_assert_eq!(edges(&graph), bare);
    }
}

#[test]
fn a_medium_one_on_a_path_stands_before_a_critical_one_on_none() {
    let user = arn_key("arn:aws:iam::111122223333:user/jane").unwrap();
    let mut inventory = inventory(1);
    let mut posture = Posture::default();
    // The user may read the bucket; its password alone opens the way. A queue that nothing knows is open to all.
    let reads = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let op = homeostat_graph::Op::PutPolicy {
        object: user.clone(),
        slot: PolicySlot::Inline("read".into()),
        document: reads.into(),
    };
    inventory.apply(&told(1, op)).unwrap();
    let mut graph = Graph::build(&inventory);
    let report = r#"{"CredentialReport": {"password_enabled": true, "mfa_active": false}}"#;
    let open = r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": false}}, "GetPublicAccessBlock": null,
        "GetBucketPolicy": {"Policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:PutObject\", \"Resource\": \"*\"}]}"}}"#;
    let nowhere = key("arn:aws:s3:::nowhere");
    apply(&mut posture, 1, vec![put(&user, "aws.iam.user", report), put(&nowhere, "aws.s3.bucket", open)]);
    FindingEdges::default().follow(&posture, &mut graph);
    let ranking = Ranking::new(&graph, &graph, &[]);
    let ranked = ranking.of(&posture);
    assert_eq!(ranked[0].finding.rule(), "aws-iam-user-no-mfa");
    assert!(ranked[0].risk > 0.0 && ranked[0].path[0].to == user && ranked[0].paths > 0);
    let critical = ranked.iter().position(|one| one.finding.severity() == Severity::Critical);
    assert!(critical.is_some_and(|at| at > 0), "{ranked:?}");
}

#[test]
fn ranks_do_not_hang_on_names() {
    let ranks = |names: [&str; 2]| {
        let mut posture = Posture::default();
        let buckets = names.map(|name| arn_key(&format!("arn:aws:s3:::{name}")).unwrap());
        let mut reach = homeostat_core::MemoryReach::default();
        let mut worth = homeostat_core::MemoryValues::default();
        for (number, (bucket, probability)) in buckets.iter().zip([0.9, 0.4]).enumerate() {
            apply(&mut posture, number as u64, vec![put(bucket, "aws.s3.bucket", PUBLIC)]);
            let hop = posture.findings_on(bucket).next().unwrap().edges()[0].clone();
            let entity = bucket.clone();
            reach.insert(
                internet().unwrap(),
                homeostat_core::Reached { entity, probability, path: vec![hop] },
            );
            worth.insert(bucket.clone(), Value::new(80));
        }
        assert_eq!(worth.value(&buckets[0]).get(), 80);
        let ranked = Ranking::new(&reach, &worth, &[]).of(&posture);
        ranked
            .iter()
            .map(|one| buckets.iter().position(|own| own == one.finding.object()).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ranks(["a", "b"]), [0, 1]);
    assert_eq!(ranks(["z", "b"]), [0, 1]);
}

#[test]
fn the_graphs_changes_are_followed_and_what_comes_back_is_known() {
    let user = arn_key("arn:aws:iam::111122223333:user/etl").unwrap();
    let group = arn_key("arn:aws:iam::111122223333:group/ops").unwrap();
    let admin = arn_key("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
    let mut posture = Posture::default();
    let mut hours = 1..;
    let mut follow = |posture: &mut Posture, op: homeostat_graph::Op| {
        let followed = posture.follow(&told(hours.next().unwrap(), op)).unwrap();
        posture.apply(&followed).unwrap()
    };
    let inline = |document: &str| homeostat_graph::Op::PutPolicy {
        object: group.clone(),
        slot: PolicySlot::Inline("all".into()),
        document: document.into(),
    };
    let link = |kind, to: &EntityKey| homeostat_graph::Op::Link { from: user.clone(), kind, to: to.clone() };
    let unlink =
        |kind, to: &EntityKey| homeostat_graph::Op::Unlink { from: user.clone(), kind, to: to.clone() };
    let made = homeostat_graph::Op::Put { object: user.clone(), kind: None, attributes: [].into() };
    follow(&mut posture, made);
    follow(&mut posture, link(LinkKind::MemberOf, &group));
    let update = follow(
        &mut posture,
        inline(r#"{"Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#),
    );
    assert!(posture.findings_on(&user).any(|finding| finding.claim() == "administrator"), "{update:?}");
    let update = follow(&mut posture, unlink(LinkKind::MemberOf, &group));
    assert!(!update.closed.is_empty());
    let update = follow(&mut posture, link(LinkKind::Attached, &admin));
    assert_eq!(update.regressed.len(), 1);
    assert_eq!(posture.finding(update.regressed[0]).unwrap().regression().unwrap().fixed, hour(4));
}
