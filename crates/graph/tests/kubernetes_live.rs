//! A cluster that is followed is the cluster as it would be read anew, and only what a change bears on is looked at.
#![cfg(test)]
#![cfg(feature = "kubernetes")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

mod support;

use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::{
    ChangeError, Evidence, KubernetesChange, KubernetesDump, KubernetesKind, KubernetesObject, KubernetesOp,
    LiveKubernetes, WaysTouched,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{after, chances, standing, tenant};

fn object(kind: &str, place: &str, rest: Value) -> Value {
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    let mut whole = json!({"kind": kind, "metadata": {"name": name, "namespace": namespace}});
    for (field, value) in rest.as_object().unwrap() {
        match field.as_str() {
            "labels" => whole["metadata"]["labels"] = value.clone(),
            _ => whole[field] = value.clone(),
        }
    }
    whole
}

fn pod(place: &str, labels: Value, spec: Value, container: Value) -> Value {
    let mut own = json!({"name": "main", "ports": [{"containerPort": 80}]});
    own.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let mut all = json!({"containers": [own]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    object("Pod", place, json!({"labels": labels, "spec": all}))
}

fn role(kind: &str, place: &str, labels: Value, rules: &[(&str, &str, &str)]) -> Value {
    let rule = |(verbs, group, resources): &(&str, &str, &str)| {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        json!({"verbs": words(verbs), "apiGroups": [group], "resources": words(resources)})
    };
    object(kind, place, json!({"labels": labels, "rules": rules.iter().map(rule).collect::<Vec<_>>()}))
}

fn bound(place: &str, role: &str, subjects: &[(&str, &str)]) -> Value {
    let kind = if place.contains('/') { "RoleBinding" } else { "ClusterRoleBinding" };
    let (of, role) = role.split_once(' ').unwrap();
    let subject = |(kind, name): &(&str, &str)| match name.split_once('/') {
        Some((namespace, name)) => json!({"kind": kind, "name": name, "namespace": namespace}),
        None => json!({"kind": kind, "name": name}),
    };
    let subjects: Vec<Value> = subjects.iter().map(subject).collect();
    object(kind, place, json!({"roleRef": {"kind": of, "name": role}, "subjects": subjects}))
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// Objects, each in the ways that it may be.
fn objects() -> Vec<Vec<Value>> {
    [workloads(), network(), rights()].concat()
}

fn workloads() -> Vec<Vec<Value>> {
    let mounts = |path: &str| {
        (
            json!({"volumes": [{"name": "v", "hostPath": {"path": path}}]}),
            json!({"volumeMounts": [{"name": "v"}]}),
        )
    };
    let on = |mut spec: Value, node: &str| {
        spec["nodeName"] = json!(node);
        spec
    };
    let outside = json!({"addresses": [{"type": "ExternalIP", "address": "203.0.113.5"}, {"type": "InternalIP", "address": "10.0.0.5"}]});
    let (log, look) = mounts("/var/log");
    let (socket, enter) = mounts("/run/containerd/containerd.sock");
    vec![
        vec![
            pod(
                "shop/cart",
                json!({"app": "front"}),
                json!({"nodeName": "one"}),
                json!({"securityContext": {"privileged": true}}),
            ),
            pod(
                "shop/cart",
                json!({"app": "other"}),
                json!({"nodeName": "two", "serviceAccountName": "robot"}),
                json!({"ports": [{"containerPort": 80, "hostPort": 80}]}),
            ),
            pod(
                "shop/cart",
                json!({"app": "front"}),
                json!({"nodeName": "one", "automountServiceAccountToken": false}),
                json!({"ports": [{"containerPort": 80, "hostPort": 80}]}),
            ),
        ],
        vec![
            pod("shop/db", json!({}), on(log, "one"), look),
            pod("shop/db", json!({}), on(socket, "one"), enter),
        ],
        vec![pod("shop/free", json!({}), json!({"serviceAccountName": "robot"}), json!({}))],
        vec![pod("bank/vault", json!({"app": "vault"}), json!({"nodeName": "two"}), json!({}))],
        vec![object("Node", "one", json!({"status": outside})), object("Node", "one", json!({"status": {}}))],
        vec![object("Node", "two", json!({"labels": {"node-role.kubernetes.io/control-plane": ""}}))],
        vec![
            object("ServiceAccount", "shop/robot", json!({})),
            object("ServiceAccount", "shop/robot", json!({"automountServiceAccountToken": false})),
        ],
        vec![object("ServiceAccount", "bank/teller", json!({}))],
    ]
}

fn network() -> Vec<Vec<Value>> {
    let from = |peer: Value| json!({"spec": {"podSelector": {}, "ingress": [{"from": [peer]}]}});
    let team = json!({"namespaceSelector": {"matchLabels": {"team": "shop"}}, "podSelector": {"matchLabels": {"app": "front"}}});
    vec![
        vec![
            object(
                "Service",
                "shop/web",
                json!({"spec": {"type": "LoadBalancer", "selector": {"app": "front"}, "ports": [{"port": 80}]}}),
            ),
            object(
                "Service",
                "shop/web",
                json!({"spec": {"type": "NodePort", "selector": {"app": "front"}, "ports": [{"port": 80}]}}),
            ),
            object(
                "Service",
                "shop/web",
                json!({"spec": {"selector": {"app": "front"}, "ports": [{"port": 80}]}}),
            ),
        ],
        vec![object(
            "Service",
            "bank/vault",
            json!({"spec": {"selector": {"app": "vault"}, "ports": [{"port": 80}]}}),
        )],
        vec![object(
            "EndpointSlice",
            "shop/web-1",
            json!({"labels": {"kubernetes.io/service-name": "web"}, "ports": [{"port": 80}],
            "endpoints": [{"targetRef": {"kind": "Pod", "name": "db"}}]}),
        )],
        vec![object(
            "Ingress",
            "bank/in",
            json!({"spec": {"defaultBackend": {"service": {"name": "vault"}}}}),
        )],
        vec![
            object("NetworkPolicy", "bank/only", from(team)),
            object("NetworkPolicy", "bank/only", from(json!({"ipBlock": {"cidr": "10.0.0.0/16"}}))),
            object(
                "NetworkPolicy",
                "bank/only",
                json!({"spec": {"podSelector": {}, "policyTypes": ["Egress"]}}),
            ),
        ],
        vec![
            object("Namespace", "shop", json!({"labels": {"team": "shop"}})),
            object("Namespace", "shop", json!({})),
        ],
        vec![object("Namespace", "bank", json!({}))],
    ]
}

fn rights() -> Vec<Vec<Value>> {
    vec![
        vec![role("ClusterRole", "admin", json!({}), &[("*", "*", "*")])],
        vec![object(
            "ClusterRole",
            "sum",
            json!({"rules": [],
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": "yes"}}]}}),
        )],
        vec![
            role("ClusterRole", "part", json!({"part": "yes"}), &[("create", "", "pods/exec pods")]),
            role("ClusterRole", "part", json!({}), &[("patch", "", "pods")]),
            role(
                "ClusterRole",
                "part",
                json!({"part": "yes"}),
                &[("impersonate", "", "users groups serviceaccounts")],
            ),
        ],
        vec![role(
            "ClusterRole",
            "binder",
            json!({}),
            &[("bind create", RBAC, "roles clusterroles rolebindings clusterrolebindings")],
        )],
        vec![role("ClusterRole", "logs", json!({}), &[("get", "", "pods/log nodes/log")])],
        vec![
            role(
                "Role",
                "shop/shell",
                json!({}),
                &[("create", "", "pods/exec"), ("list get", "", "secrets")],
            ),
            role(
                "Role",
                "shop/shell",
                json!({}),
                &[("bind create", RBAC, "roles clusterroles rolebindings")],
            ),
        ],
        vec![
            bound("shop/one", "Role shell", &[("ServiceAccount", "shop/robot"), ("User", "maya")]),
            bound("shop/one", "ClusterRole sum", &[("ServiceAccount", "bank/teller")]),
        ],
        vec![bound("bank/one", "ClusterRole part", &[("Group", "system:serviceaccounts:shop")])],
        vec![bound("shop/logs", "ClusterRole logs", &[("ServiceAccount", "shop/default")])],
        vec![bound("root", "ClusterRole admin", &[("User", "root"), ("Group", "system:masters")])],
        vec![
            bound("sums", "ClusterRole sum", &[("Group", "system:authenticated")]),
            bound("sums", "ClusterRole binder", &[("User", "maya")]),
            bound("sums", "ClusterRole logs", &[("Group", "system:serviceaccounts")]),
        ],
    ]
}

fn id(object: &Value) -> KubernetesObject {
    let kind = match object["kind"].as_str().unwrap() {
        "Pod" => KubernetesKind::Pod,
        "Node" => KubernetesKind::Node,
        "ServiceAccount" => KubernetesKind::ServiceAccount,
        "Service" => KubernetesKind::Service,
        "EndpointSlice" => KubernetesKind::EndpointSlice,
        "Ingress" => KubernetesKind::Ingress,
        "NetworkPolicy" => KubernetesKind::NetworkPolicy,
        "Namespace" => KubernetesKind::Namespace,
        "Role" => KubernetesKind::Role,
        "ClusterRole" => KubernetesKind::ClusterRole,
        "RoleBinding" => KubernetesKind::RoleBinding,
        _ => KubernetesKind::ClusterRoleBinding,
    };
    let data = &object["metadata"];
    KubernetesObject::new(kind, data["namespace"].as_str().unwrap(), data["name"].as_str().unwrap())
}

/// What a dump would hold in which each object is in this of its ways, if it is there.
fn dump(objects: &[Vec<Value>], so: &[Option<usize>]) -> KubernetesDump {
    let now = objects.iter().zip(so).filter_map(|(ways, so)| ways.get((*so)?));
    let mut dump = KubernetesDump::default();
    dump.read("all.json", &json!({"kind": "List", "items": now.collect::<Vec<_>>()})).unwrap();
    dump
}

fn change(at: i64, op: KubernetesOp) -> KubernetesChange {
    KubernetesChange {
        tenant: tenant(),
        cluster: None,
        at: Timestamp::from_micros(at),
        version: None,
        position: None,
        evidence: Evidence::document("log"),
        op,
    }
}

fn put(record: &Value) -> KubernetesOp {
    KubernetesOp::Put { record: record.to_string() }
}

fn remove(record: &Value) -> KubernetesOp {
    KubernetesOp::Remove { object: id(record) }
}

/// What happens to one of the objects.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Put(usize),
    Remove,
    /// With all of its kind in its namespace.
    Clear,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![6 => (0..3_usize).prop_map(Deed::Put), 3 => Just(Deed::Remove), 1 => Just(Deed::Clear)]
}

fn start() -> impl Strategy<Value = Vec<Option<usize>>> {
    let slots: Vec<_> = objects().iter().map(|ways| prop::option::weighted(0.7, 0..ways.len())).collect();
    slots
}

/// Does it to what is so, and tells it as a change.
fn act(objects: &[Vec<Value>], so: &mut [Option<usize>], pick: usize, deed: Deed) -> KubernetesOp {
    let own = id(&objects[pick][0]);
    match deed {
        Deed::Put(way) => {
            let way = way % objects[pick].len();
            so[pick] = Some(way);
            put(&objects[pick][way])
        }
        Deed::Remove => {
            let is_within = |other: &KubernetesObject| {
                own.kind == KubernetesKind::Namespace && other.namespace == own.name
            };
            for (ways, so) in objects.iter().zip(so.iter_mut()) {
                let other = id(&ways[0]);
                *so = so.filter(|_| other != own && !is_within(&other));
            }
            KubernetesOp::Remove { object: own }
        }
        Deed::Clear => {
            for (ways, so) in objects.iter().zip(so.iter_mut()) {
                let other = id(&ways[0]);
                *so = so.filter(|_| (other.kind, &other.namespace) != (own.kind, &own.namespace));
            }
            let namespace = (!own.kind.is_of_cluster()).then_some(own.namespace);
            KubernetesOp::RemoveAll { kind: own.kind, namespace }
        }
    }
}

proptest! {
    #[test]
    fn followed_is_the_same_as_read_anew(
        start in start(),
        order in prop::collection::vec((0..objects().len(), deed()), 1..24),
    ) {
        let objects = objects();
        let mut so = start;
        let mut live = LiveKubernetes::new(dump(&objects, &so));
        for (at, (pick, deed)) in (1..).zip(order) {
            // A namespace of the list goes with what lies in it, which all of them at once do not.
            if matches!(deed, Deed::Clear) && id(&objects[pick][0]).kind == KubernetesKind::Namespace {
                continue;
            }
            let before = chances(&live.graph());
            let change = change(at, act(&objects, &mut so, pick, deed));
            let touched = live.apply(&change).unwrap();
            let (now, anew) = (live.graph(), dump(&objects, &so).finish().0.build());
            prop_assert_eq!(chances(&now), chances(&anew), "after {:?} of {}", deed, id(&objects[pick][0]));
            prop_assert_eq!(standing(&now), standing(&anew));
            prop_assert_eq!(after(before, &touched), chances(&now));
            let again = live.apply(&change).unwrap();
            prop_assert!(again.is_empty(), "{:?}", again);
        }
    }

    #[test]
    fn what_is_made_and_deleted_again_was_never_there(start in start(), pick in 0..objects().len(), way in 0..3_usize) {
        let objects = objects();
        let mut so = start;
        so[pick] = None;
        let record = &objects[pick][way % objects[pick].len()];
        if id(record).kind == KubernetesKind::Namespace {
            for (ways, so) in objects.iter().zip(&mut so) {
                *so = so.filter(|_| id(&ways[0]).namespace != id(record).name);
            }
        }
        let mut live = LiveKubernetes::new(dump(&objects, &so));
        let before = (chances(&live.graph()), standing(&live.graph()));
        live.apply(&change(1, put(record))).unwrap();
        live.apply(&change(2, remove(record))).unwrap();
        prop_assert_eq!(before, (chances(&live.graph()), standing(&live.graph())));
    }
}

/// A cluster of so many namespaces, each with twenty pods on one of ten nodes, five roles and their bindings.
fn town(namespaces: usize) -> LiveKubernetes {
    let mut all = vec![
        role("ClusterRole", "exec", json!({}), &[("create", "", "pods/exec")]),
        bound("operators", "ClusterRole exec", &[("User", "omar")]),
    ];
    for namespace in 0..namespaces {
        for name in 0..20 {
            let spec = json!({"nodeName": format!("node{}", name % 10)});
            all.push(pod(&format!("n{namespace}/p{name}"), json!({}), spec, json!({})));
        }
        for name in 0..5 {
            let place = format!("n{namespace}/r{name}");
            all.push(role("Role", &place, json!({}), &[("create", "", "pods/exec")]));
            all.push(bound(
                &place,
                &format!("Role r{name}"),
                &[("ServiceAccount", &format!("n{namespace}/default"))],
            ));
        }
    }
    let mut dump = KubernetesDump::default();
    dump.read("all.json", &json!(all)).unwrap();
    LiveKubernetes::new(dump)
}

#[test]
fn only_what_a_change_bears_on_is_looked_at() {
    let worked = |namespaces: usize, record: Value| {
        let touched = town(namespaces).apply(&change(1, put(&record))).unwrap();
        (touched.worked, touched.added.len())
    };
    for namespaces in [2, 30] {
        let own = &[("ServiceAccount", "n1/default")];
        // Whom it names, what it gives over pods, accounts, bindings and nodes; and the bindings that hold there may bind it.
        assert_eq!(worked(namespaces, bound("n1/new", "Role r1", own)), (5 + 6, 1 + 20));
        // Somebody new is asked of by the one binding of the cluster, and belongs to groups.
        assert_eq!(worked(namespaces, bound("n1/new", "Role r1", &[("User", "new")])), (5 + 6 + 2, 1 + 20));
        // What runs beside it, the network there, and the six bindings that hold there.
        let one = pod("n1/new", json!({}), json!({"nodeName": "node1"}), json!({}));
        assert_eq!(worked(namespaces, one.clone()).0, 1 + 1 + 6);
        // An account that was not there is asked of by those, and belongs to groups.
        let other =
            pod("n1/new", json!({}), json!({"nodeName": "node1", "serviceAccountName": "x"}), json!({}));
        assert_eq!(worked(namespaces, other).0, 1 + 1 + 6 + 6 + 1);
        // A role is asked of by its bindings alone.
        let rules = [("patch", "", "pods")];
        assert_eq!(worked(namespaces, role("Role", "n1/r1", json!({}), &rules)), (5, 20));
        // What is already known is not looked at.
        let known = pod("n1/p1", json!({}), json!({"nodeName": "node1"}), json!({}));
        assert_eq!(worked(namespaces, known), (0, 0));
    }
}

#[test]
fn a_change_late_or_of_another_tenant_changes_nothing() {
    let binding = |who: &str| bound("shop/one", "Role shell", &[("User", who)]);
    let mut dump = KubernetesDump::default();
    let shell = role("Role", "shop/shell", json!({}), &[("create", "", "pods/exec")]);
    let mut first = binding("ada");
    first["metadata"]["resourceVersion"] = json!("70");
    dump.read("all.json", &json!([shell, first])).unwrap();
    let mut live = LiveKubernetes::new(dump);
    let mut apply = |at, version: Option<u64>, op| {
        let WaysTouched { added, removed, .. } =
            live.apply(&KubernetesChange { version, ..change(at, op) }).unwrap();
        (added.len(), removed.len())
    };
    assert_eq!(apply(9, Some(69), put(&binding("maya"))), (0, 0), "the dump is of a later version");
    assert_eq!(apply(5, Some(90), put(&binding("maya"))), (1, 1));
    assert_eq!(apply(6, Some(80), put(&binding("omar"))), (0, 0), "asked for later, written before");
    assert_eq!(apply(4, None, remove(&binding("maya"))), (0, 0), "without a version time decides");
    assert_eq!(apply(7, None, remove(&binding("maya"))), (0, 1));
    assert_eq!(apply(6, Some(95), put(&binding("omar"))), (0, 0), "what is gone does not come back");
    assert_eq!(apply(8, Some(99), put(&binding("omar"))), (1, 0));
    let mut other = change(9, remove(&binding("omar")));
    other.tenant = TenantId::new("other").unwrap();
    assert_eq!(live.apply(&other), Err(ChangeError::OtherTenant));
}

#[test]
fn what_is_not_told_is_marked_and_what_is_told_again_is_not() {
    let objects = objects();
    let mut live = LiveKubernetes::new(dump(&objects, &vec![Some(0); objects.len()]));
    let before = chances(&live.graph());
    for ways in &objects {
        let object = id(&ways[0]);
        let op = KubernetesOp::Stale { object: object.clone() };
        let touched = live.apply(&change(1, op.clone())).unwrap();
        assert_eq!((touched.objects.len(), touched.added.len(), touched.worked), (1, 0, 0));
        assert!(touched.objects.contains(&object.to_string()));
        assert!(live.apply(&change(1, op)).unwrap().is_empty());
    }
    assert_eq!(chances(&live.graph()), before, "an edge that may be gone still is one");
    for ways in &objects {
        let touched = live.apply(&change(2, put(&ways[0]))).unwrap();
        assert_eq!((touched.objects.len(), touched.added.len()), (1, 0));
    }
    let unknown = KubernetesObject::new(KubernetesKind::Pod, "", "new");
    let op = KubernetesOp::Place { pod: unknown, node: "one".to_owned() };
    let touched = live.apply(&change(3, op)).unwrap();
    assert_eq!(touched.objects.into_iter().collect::<Vec<_>>(), ["Pod default/new"]);
}
