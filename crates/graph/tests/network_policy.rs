//! What network policies cut of the ways from the Internet into a cluster.
#![cfg(test)]
#![cfg(feature = "kubernetes")]

use homeostat_graph::KubernetesDump;
use proptest::prelude::*;
use serde_json::{Value, json};

fn data(name: &str, namespace: &str, labels: &Value) -> Value {
    json!({"name": name, "namespace": namespace, "labels": labels, "uid": format!("uid-of-{name}"),
        "creationTimestamp": "2026-03-02T08:15:30Z"})
}

/// A pod that listens on 8080 as `http` and on 9090.
fn pod(name: &str, namespace: &str, labels: &Value, spec: &Value) -> Value {
    let mut all = json!({"nodeName": "one", "containers": [{"name": "main", "image": "registry.example/web:1",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9090, "protocol": "TCP"}]}]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": data(name, namespace, labels), "spec": all,
        "status": {"phase": "Running"}})
}

fn service(kind: &str, local: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": data("front", "shop", &json!({})), "spec": {"type": kind,
        "externalTrafficPolicy": if local { "Local" } else { "Cluster" }, "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http", "nodePort": 31080}]}})
}

fn policy(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": data(name, "shop", &json!({})), "spec": spec})
}

/// A policy for the web pods, with these rules.
fn lets(rules: &Value) -> Value {
    policy(
        "web",
        &json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": rules}),
    )
}

fn everything_shut() -> Value {
    policy("default-deny", &json!({"podSelector": {}, "policyTypes": ["Ingress"]}))
}

fn node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "status": {"addresses": [
        {"type": "InternalIP", "address": "10.0.1.20"}, {"type": "Hostname", "address": "one"}]}})
}

/// Whether the Internet gets to the container of a pod.
fn reaches(objects: &[Value], pod: &str) -> bool {
    let mut dump = KubernetesDump::default();
    dump.read("all.json", &json!({"apiVersion": "v1", "kind": "List", "items": objects})).unwrap();
    let (builder, foreign) = dump.finish();
    assert!(foreign.problems.is_empty(), "{:?}", foreign.problems);
    let graph = builder.build();
    let container = graph.find(&format!("Container shop/{pod}/main")).unwrap();
    graph.find("Internet").is_some_and(|node| graph.net().reach(node).contains(container))
}

fn web() -> Value {
    pod("web", "shop", &json!({"app": "web"}), &json!({}))
}

/// The same of a pod behind a balancer with these policies.
fn with(policies: &[Value], local: bool) -> bool {
    let mut all = vec![web(), service("LoadBalancer", local), node()];
    all.extend(policies.iter().cloned());
    reaches(&all, "web")
}

#[test]
fn a_selected_pod_lets_in_what_a_rule_lets_in() {
    assert!(with(&[], false));
    assert!(!with(&[everything_shut()], false));
    assert!(!with(&[lets(&json!([]))], false));
    assert!(with(&[lets(&json!([{}]))], false), "an empty rule is for everybody");
    assert!(with(&[everything_shut(), lets(&json!([{}]))], false), "policies add up");
    let other = json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]});
    assert!(with(&[policy("db", &other)], false), "it is for other pods");
    let outward = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": []});
    assert!(with(&[policy("out", &outward)], false), "it is for what goes out");
    let untyped = json!({"podSelector": {}, "egress": [{}]});
    assert!(!with(&[policy("both", &untyped)], false), "without types it is for what comes in");
    let expression = |operator: &str, values: &[&str]| {
        let one = json!({"key": "app", "operator": operator, "values": values});
        policy("some", &json!({"podSelector": {"matchExpressions": [one]}}))
    };
    assert!(!with(&[expression("In", &["web", "api"])], false) && with(&[expression("In", &["api"])], false));
    assert!(!with(&[expression("NotIn", &["api"])], false) && with(&[expression("NotIn", &["web"])], false));
    assert!(!with(&[expression("Exists", &[])], false) && with(&[expression("DoesNotExist", &[])], false));
}

#[test]
fn a_rule_is_for_its_ports() {
    let on = |port: Value| with(&[lets(&json!([{"ports": [port]}]))], false);
    assert!(on(json!({"protocol": "TCP", "port": 8080})));
    assert!(on(json!({"protocol": "TCP", "port": "http"})));
    assert!(on(json!({"protocol": "TCP", "port": 8000, "endPort": 8100})));
    assert!(on(json!({"protocol": "TCP"})) && on(json!({"port": 8080})));
    assert!(!on(json!({"protocol": "TCP", "port": 9090})), "the service leads to another");
    assert!(!on(json!({"protocol": "UDP", "port": 8080})));
    assert!(!on(json!({"protocol": "TCP", "port": "metrics"})));
}

#[test]
fn a_block_is_for_the_internet_where_it_is_wide_enough() {
    let from = |cidr: &str, except: &[&str], local: bool| {
        with(&[lets(&json!([{"from": [{"ipBlock": {"cidr": cidr, "except": except}}]}]))], local)
    };
    assert!(from("0.0.0.0/0", &[], true));
    assert!(from("0.0.0.0/0", &["10.0.0.0/8", "169.254.169.254/32"], true));
    assert!(!from("0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1"], true), "nothing is left");
    assert!(!from("203.0.113.0/24", &[], true));
    assert!(!from("10.0.0.0/8", &[], true), "the balancer leaves the address as it is");
    assert!(from("10.0.0.0/8", &[], false), "a node passes it on under its own address");
    assert!(!from("10.0.0.0/8", &["10.0.1.0/24"], false), "but for that node");
    assert!(!from("10.9.0.0/16", &[], false));
}

#[test]
fn pods_of_the_cluster_are_not_the_internet_but_may_stand_before_others() {
    let named = |namespaces: Option<Value>| {
        let mut peer = json!({"podSelector": {"matchLabels": {"app": "proxy"}}});
        if let Some(selector) = namespaces {
            peer["namespaceSelector"] = selector;
        }
        lets(&json!([{"from": [peer], "ports": [{"port": 8080}]}]))
    };
    let any = || Some(json!({}));
    assert!(!with(&[named(any())], false), "a balancer comes from outside");
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": data("in", "shop", &json!({})),
        "spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": [{"path": "/",
            "pathType": "Prefix", "backend": {"service": {"name": "front", "port": {"number": 80}}}}]}}]}});
    let behind = |policy: Value, proxy: bool| {
        let mut all = vec![web(), service("ClusterIP", false), node(), ingress.clone(), policy];
        all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "edge", "labels": {"tier": "front"}}}));
        if proxy {
            all.push(pod("proxy", "edge", &json!({"app": "proxy"}), &json!({})));
            let mut balancer = service("LoadBalancer", true);
            balancer["metadata"] = data("proxy", "edge", &json!({}));
            balancer["spec"]["selector"] = json!({"app": "proxy"});
            all.push(balancer);
        }
        reaches(&all, "web")
    };
    assert!(behind(named(any()), false), "nobody tells what stands before the cluster");
    assert!(behind(named(any()), true));
    assert!(behind(named(Some(json!({"matchLabels": {"tier": "front"}}))), true));
    assert!(behind(named(Some(json!({"matchLabels": {"kubernetes.io/metadata.name": "edge"}}))), true));
    assert!(!behind(named(Some(json!({"matchLabels": {"tier": "back"}}))), true), "another namespace");
    assert!(!behind(named(None), true), "pods of its own namespace");
    assert!(!behind(
        lets(&json!([{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}]}])),
        true
    ));
    assert!(behind(lets(&json!([{"from": [{"namespaceSelector": {}}]}])), true));
    assert!(!behind(everything_shut(), true) && !behind(everything_shut(), false));
}

#[test]
fn ports_of_nodes_and_pods_without_an_address_of_their_own() {
    let outside = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "status": {"addresses": [
        {"type": "ExternalIP", "address": "203.0.113.20"}, {"type": "InternalIP", "address": "10.0.1.20"}]}});
    let on_node = |spec: Value, policies: &[Value]| {
        let mut one = pod("web", "shop", &json!({"app": "web"}), &spec);
        one["spec"]["containers"][0]["ports"][0]["hostPort"] = json!(8080);
        let mut all = vec![one, outside.clone()];
        all.extend(policies.iter().cloned());
        reaches(&all, "web")
    };
    assert!(on_node(json!({}), &[]));
    assert!(!on_node(json!({}), &[everything_shut()]));
    assert!(on_node(json!({"hostNetwork": true}), &[everything_shut()]), "it has its node's address");
    let node_port = |policies: &[Value]| {
        let mut all = vec![web(), service("NodePort", false), outside.clone()];
        all.extend(policies.iter().cloned());
        reaches(&all, "web")
    };
    assert!(node_port(&[]) && !node_port(&[everything_shut()]));
}

#[test]
fn one_pod_that_is_shut_does_not_shut_the_others() {
    let open = pod("open", "shop", &json!({"app": "web", "tier": "open"}), &json!({}));
    let only = json!({"podSelector": {"matchLabels": {"tier": "open"}}, "ingress": [{}]});
    let all = [web(), open, service("LoadBalancer", false), everything_shut(), policy("open", &only)];
    assert!(reaches(&all, "open") && !reaches(&all, "web"));
}

#[test]
fn a_policy_that_can_not_be_read_is_told_and_cuts_nothing() {
    let bad = [
        json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Like", "values": ["w"]}]}}),
        json!({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "everything"}}]}]}),
        json!({"podSelector": {}, "ingress": [{"from": [{}]}]}),
        json!({"podSelector": {}, "ingress": [{"ports": [{"port": -1}]}]}),
        json!(7),
    ];
    for spec in bad {
        let mut dump = KubernetesDump::default();
        let all = [web(), service("LoadBalancer", false), policy("bad", &spec)];
        dump.read("all.json", &json!({"items": all})).unwrap();
        let (builder, foreign) = dump.finish();
        assert_eq!(foreign.problems.len(), 1, "{spec}");
        let graph = builder.build();
        let [internet, container] =
            ["Internet", "Container shop/web/main"].map(|name| graph.find(name).unwrap());
        assert!(graph.net().reach(internet).contains(container), "{spec}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A policy more never opens what one fewer that selects the pod had shut, but by its own rules; order means nothing.
    #[test]
    fn policies_add_up_in_any_order(chosen in prop::collection::vec(0_usize..6, 0..4), turn in any::<prop::sample::Index>()) {
        let block = |cidr: &str| lets(&json!([{"from": [{"ipBlock": {"cidr": cidr}}]}]));
        let pool = [everything_shut(), lets(&json!([])), block("10.0.0.0/8"), block("203.0.113.0/24"), block("0.0.0.0/0"),
            lets(&json!([{"ports": [{"port": 8080}]}]))];
        let named = |(at, which): (usize, &usize)| {
            let mut one = pool[*which].clone();
            one["metadata"]["name"] = json!(format!("policy-{at}"));
            one
        };
        let policies: Vec<Value> = chosen.iter().enumerate().map(named).collect();
        let alone = policies.iter().any(|one| with(std::slice::from_ref(one), false));
        prop_assert_eq!(with(&policies, false), policies.is_empty() || alone);
        let mut turned = policies.clone();
        turned.rotate_left(turn.index(policies.len().max(1)));
        prop_assert_eq!(with(&turned, false), with(&policies, false));
    }
}
