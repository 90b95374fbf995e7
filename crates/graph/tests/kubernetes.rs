//! Ways through a cluster: what each privilege, mount and right leads to, and what leads nowhere.
#![cfg(test)]
#![cfg(feature = "kubernetes")]

mod support;

use homeostat_graph::{Foreign, KubernetesDump, NamedGraph};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::edges;

fn graph(objects: &[Value]) -> (NamedGraph, Foreign) {
    let mut dump = KubernetesDump::default();
    dump.read("all.json", &json!({"kind": "List", "items": objects})).unwrap();
    let (builder, foreign) = dump.finish();
    (builder.build(), foreign)
}

/// The pairs of one kind, each end without what stands before its last slash.
fn pairs(objects: &[Value], kind: &str) -> Vec<(String, String)> {
    let (graph, _) = graph(objects);
    let last = |id: &str| id.rsplit(['/', ' ']).next().unwrap().to_owned();
    let of = edges(&graph).into_iter().filter(|(_, _, own)| own == kind);
    of.map(|(from, to, _)| (last(&from), last(&to))).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "literals are written at the call")]
fn pod(name: &str, spec: Value, container: Value) -> Value {
    let mut own = json!({"name": "main"});
    own.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let mut all = json!({"nodeName": "one", "containers": [own]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": all})
}

/// A role with one rule and a binding of it to the account `robot`, in `shop` or in the whole cluster.
fn bound(scope: &str, verbs: &[&str], group: &str, resource: &str) -> Vec<Value> {
    let rules = json!([{"verbs": verbs, "apiGroups": [group], "resources": [resource]}]);
    let data = |name: &str| json!({"name": name, "namespace": "shop"});
    vec![
        json!({"kind": format!("{scope}Role"), "metadata": data("role"), "rules": rules}),
        json!({"kind": format!("{scope}RoleBinding"), "metadata": data("bound"),
            "roleRef": {"kind": format!("{scope}Role"), "name": "role"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}]}),
    ]
}

#[test]
fn privileges_lead_to_the_node() {
    let context = |context: Value| json!({"securityContext": context});
    let can = |names: &[&str]| context(json!({"capabilities": {"add": names}}));
    for (spec, container, kinds) in [
        (json!({}), json!({}), &[][..]),
        (json!({"hostPID": true}), json!({}), &[]),
        (json!({}), can(&["NET_ADMIN"]), &[]),
        (json!({}), can(&["SYS_MODULE"]), &["CE_MODULE_LOAD"]),
        (json!({}), can(&["CAP_SYS_MODULE"]), &["CE_MODULE_LOAD"]),
        (json!({"hostPID": true}), can(&["SYS_PTRACE"]), &[]),
        (json!({}), can(&["SYS_PTRACE", "SYS_ADMIN"]), &[]),
        (json!({"hostPID": true}), can(&["SYS_PTRACE", "SYS_ADMIN"]), &["CE_SYS_PTRACE"]),
        (json!({}), context(json!({"privileged": true})), &["CE_MODULE_LOAD", "CE_PRIV_MOUNT"]),
        (
            json!({"hostPID": true}),
            context(json!({"privileged": true})),
            &["CE_MODULE_LOAD", "CE_NSENTER", "CE_PRIV_MOUNT", "CE_SYS_PTRACE"],
        ),
    ] {
        let (graph, _) = graph(&[pod("a", spec.clone(), container.clone())]);
        let found: Vec<String> = edges(&graph)
            .into_iter()
            .map(|(_, _, kind)| kind)
            .filter(|kind| kind.starts_with("CE_"))
            .collect();
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, kinds.iter().copied().collect(), "{spec} {container}");
    }
}

#[test]
fn mounts_of_the_node_lead_there_by_what_they_show() {
    let ways = |path: &str, mount: Value, user: u32| {
        let mut own = json!({"name": "host", "mountPath": "/x"});
        own.as_object_mut().unwrap().extend(mount.as_object().unwrap().clone());
        let spec = json!({"volumes": [{"name": "host", "hostPath": {"path": path}}]});
        let container = json!({"volumeMounts": [own], "securityContext": {"runAsUser": user}});
        let (graph, _) = graph(&[pod("a", spec, container)]);
        let kinds = edges(&graph).into_iter().map(|(_, _, kind)| kind);
        kinds.filter(|kind| kind.starts_with("CE_") || kind.starts_with("EXPLOIT_")).collect::<BTreeSet<_>>()
    };
    let set = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>();
    let none = json!({});
    let read_only = json!({"readOnly": true});
    assert_eq!(ways("/proc/sys/kernel", none.clone(), 0), set(&["CE_UMH_CORE_PATTERN"]));
    assert_eq!(ways("/proc/sys/kernel", none.clone(), 7), set(&[]));
    assert_eq!(ways("/proc/sys/kernel", read_only.clone(), 0), set(&[]));
    assert_eq!(ways("/root/.ssh", read_only.clone(), 0), set(&["EXPLOIT_HOST_READ"]));
    assert_eq!(ways("/etc/localtime", none.clone(), 0), set(&[]));
    assert_eq!(ways("/usr", read_only.clone(), 0), set(&[]));
    assert_eq!(ways("/", json!({"subPath": "srv/data"}), 0), set(&[]));
    assert_eq!(ways("/var/lib/kubelet/pods", read_only.clone(), 0), set(&["EXPLOIT_HOST_TRAVERSE"]));
    assert!(ways("/", none, 7).contains("EXPLOIT_HOST_WRITE"));
    let socket = pod(
        "a",
        json!({"volumes": [{"name": "host", "hostPath": {"path": "/var/run"}}]}),
        json!({"volumeMounts": [{"name": "host", "readOnly": true}]}),
    );
    let other = pod("b", json!({}), json!({"name": "other"}));
    let found = pairs(&[socket, other], "EXPLOIT_CONTAINERD_SOCK");
    assert_eq!(found, [("main".to_owned(), "other".to_owned())]);
}

#[test]
fn tokens_lead_to_accounts_unless_they_are_kept() {
    let account = |kept: bool| {
        json!({"kind": "ServiceAccount", "automountServiceAccountToken": !kept,
        "metadata": {"name": "robot", "namespace": "shop"}})
    };
    let with = |spec: Value| pod("a", spec, json!({}));
    let robot = json!({"serviceAccountName": "robot"});
    let to = |objects: &[Value]| {
        pairs(objects, "IDENTITY_ASSUME")
            .into_iter()
            .map(|(_, to)| to)
            .filter(|to| to != "system:nodes")
            .collect::<Vec<_>>()
    };
    assert_eq!(to(&[with(robot.clone())]), ["robot"]);
    assert_eq!(to(&[with(json!({}))]), ["default"]);
    assert!(to(&[with(robot.clone()), account(true)]).is_empty());
    assert_eq!(to(&[with(robot), account(false)]), ["robot"]);
    let said = json!({"serviceAccountName": "robot", "automountServiceAccountToken": true});
    assert_eq!(to(&[with(said), account(true)]), ["robot"]);
}

#[test]
fn rights_lead_as_far_as_they_hold() {
    let elsewhere = json!({"kind": "Pod", "metadata": {"name": "far", "namespace": "bank"},
        "spec": {"nodeName": "two", "containers": [{"name": "main"}]}});
    let pods = [pod("near", json!({}), json!({})), elsewhere];
    let to = |scope: &str, (verbs, group, resource): (&[&str], &str, &str), kind: &str| {
        let mut objects = bound(scope, verbs, group, resource);
        objects.extend(pods.clone());
        pairs(&objects, kind).into_iter().map(|(_, to)| to).collect::<Vec<_>>()
    };
    let exec = (&["create"][..], "", "pods/exec");
    assert_eq!(to("", exec, "POD_EXEC"), ["near"]);
    assert_eq!(to("Cluster", exec, "POD_EXEC"), ["far", "near"]);
    assert!(to("Cluster", (&["get"], "", "pods/exec"), "POD_EXEC").is_empty());
    assert_eq!(to("", (&["patch"], "", "pods"), "POD_PATCH"), ["near"]);
    assert_eq!(to("", (&["create"], "apps", "deployments"), "POD_CREATE"), ["one", "two"]);
    assert_eq!(to("", (&["list"], "", "secrets"), "TOKEN_LIST"), ["default", "robot"]);
    // Users belong to no namespace.
    assert!(to("", (&["impersonate"], "", "groups"), "IDENTITY_IMPERSONATE").is_empty());
    assert_eq!(to("Cluster", (&["impersonate"], "", "groups"), "IDENTITY_IMPERSONATE"), ["system:masters"]);
    assert_eq!(to("Cluster", (&["*"], "*", "*"), "CLUSTER_ADMIN").len(), 2);
}

#[test]
fn a_binding_is_made_only_with_leave_to_bind() {
    let other = [
        json!({"kind": "ClusterRole", "metadata": {"name": "all"},
            "rules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}),
        json!({"kind": "ClusterRoleBinding", "metadata": {"name": "owners"},
            "roleRef": {"kind": "ClusterRole", "name": "all"}, "subjects": [{"kind": "User", "name": "maya"}]}),
    ];
    let rule = |verbs: &[&str], resource: &str| json!({"verbs": verbs, "apiGroups": ["rbac.authorization.k8s.io"], "resources": [resource]});
    let reaches = |rules: Vec<Value>| {
        let mut objects = bound("Cluster", &["get"], "", "pods");
        objects[0]["rules"] = Value::from(rules);
        objects.extend(other.clone());
        let (graph, _) = graph(&objects);
        let robot = graph.find("ServiceAccount shop/robot").unwrap();
        graph.net().reach(robot).contains(graph.find("Cluster").unwrap())
    };
    let (makes, binds) = (rule(&["create"], "clusterrolebindings"), rule(&["bind"], "clusterroles"));
    assert!(!reaches(vec![makes.clone()]));
    assert!(!reaches(vec![binds.clone()]));
    assert!(reaches(vec![makes, binds.clone()]));
    // In a namespace it gives the role there and no more.
    assert!(!reaches(vec![rule(&["create"], "rolebindings"), binds]));
    assert!(reaches(vec![rule(&["escalate", "update"], "clusterroles")]));
}

#[test]
fn a_service_is_open_where_its_balancer_is() {
    let mut web = pod("web", json!({}), json!({"ports": [{"name": "http", "containerPort": 80}]}));
    web["metadata"]["labels"] = json!({"app": "web"});
    let service = |kind: &str, notes: Value| {
        json!({"kind": "Service",
        "metadata": {"name": "front", "namespace": "shop", "annotations": notes},
        "spec": {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 443, "targetPort": "http"}]}})
    };
    let open = |service: Value| {
        let (graph, _) = graph(&[web.clone(), service]);
        let container = graph.find("Container shop/web/main").unwrap();
        graph.find("Internet").is_some_and(|node| graph.net().reach(node).contains(container))
    };
    let none = json!({});
    assert!(open(service("LoadBalancer", none.clone())));
    assert!(!open(service("ClusterIP", none.clone())));
    let internal = json!({"service.beta.kubernetes.io/aws-load-balancer-internal": "true"});
    assert!(!open(service("LoadBalancer", internal)));
    // A port of a node without an address outside.
    assert!(!open(service("NodePort", none)));
}

#[test]
fn what_can_not_be_read_is_told_and_the_rest_is_there() {
    let bad =
        [json!({"kind": "Pod"}), json!({"kind": "Role", "metadata": {"name": "x"}, "rules": 3}), json!(7)];
    let mut objects = bad.to_vec();
    objects.push(pod("a", json!({}), json!({})));
    objects.push(pod("a", json!({}), json!({})));
    let (graph, foreign) = graph(&objects);
    assert_eq!(foreign.problems.len(), 3);
    assert!(graph.find("Pod shop/a").is_some());
    // The account and the node that nobody describes.
    assert_eq!(foreign.unresolved, 2);
    assert!(KubernetesDump::default().read("x.json", &json!({"a": 1})).is_none());
    assert!(KubernetesDump::default().read("x.json", &json!([1, 2])).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The order of objects says nothing but which of two of one name counts.
    #[test]
    fn objects_come_in_any_order(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle()) {
        let mut objects = bound("Cluster", &["create"], "", "pods/exec");
        objects.extend(bound("", &["list"], "", "secrets"));
        objects.push(pod("a", json!({"serviceAccountName": "robot"}), json!({})));
        objects.push(pod("b", json!({"shareProcessNamespace": true}), json!({})));
        objects.push(json!({"kind": "Node", "metadata": {"name": "one"}}));
        objects.push(json!({"kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "shop"}}));
        let shuffled: Vec<Value> = order.iter().map(|at| objects[*at].clone()).collect();
        prop_assert_eq!(edges(&graph(&objects).0), edges(&graph(&shuffled).0));
    }
}
