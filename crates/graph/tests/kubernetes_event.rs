//! What the audit log of a cluster tells, from the record as it is written to the edges that come and go.
#![cfg(test)]
#![cfg(all(feature = "kubernetes", feature = "event"))]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

mod support;

use homeostat_event::Event;
use homeostat_graph::{EventFault, KubernetesChange, KubernetesDump, KubernetesOp, LiveKubernetes, Way};
use homeostat_ingest::{Context, Ingest, Registry};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{chances, nested, tenant};

fn event_of(record: &Value, context: Context) -> Event {
    let text = record.to_string();
    let mut ingest = Ingest::new(Registry::default()).with_context(context);
    let mut events = ingest.read("audit.log", text.as_bytes());
    events.next().unwrap().unwrap()
}

fn changes(record: &Value) -> Vec<KubernetesChange> {
    let context = Context::new().with_tenant(tenant()).with_cluster("prod");
    KubernetesChange::from_event(&event_of(record, context)).unwrap()
}

/// A request as the audit log tells it: `delete pods/eviction shop/cart`; bodies are added by [`asked`] and [`answered`].
fn call(words: &str) -> Value {
    let mut words = words.split(' ');
    let (verb, what, place) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let (resource, sub) = what.split_once('/').unwrap_or((what, ""));
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    let group = match resource {
        "roles" | "rolebindings" | "clusterroles" | "clusterrolebindings" => "rbac.authorization.k8s.io",
        "networkpolicies" | "ingresses" => "networking.k8s.io",
        _ => "",
    };
    let mut object = json!({"resource": resource, "apiVersion": "v1"});
    let parts = [("namespace", namespace), ("name", name), ("subresource", sub), ("apiGroup", group)];
    for (field, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
        object[field] = json!(text);
    }
    json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "a1", "stage": "ResponseComplete",
        "requestURI": format!("/api/v1/{resource}"), "verb": verb, "user": {"username": "maya", "groups": ["system:authenticated"]},
        "sourceIPs": ["192.0.2.9"], "objectRef": object, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-03-16T10:00:00.000000Z", "stageTimestamp": "2026-03-16T10:00:00.010000Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""}})
}

fn asked(mut record: Value, body: Value) -> Value {
    record["level"] = json!("Request");
    record["requestObject"] = body;
    record
}

fn answered(mut record: Value, body: Value) -> Value {
    record["level"] = json!("RequestResponse");
    record["responseObject"] = body;
    record
}

fn object(kind: &str, place: &str, rest: Value) -> Value {
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    let mut whole =
        json!({"kind": kind, "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace}});
    whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    whole
}

/// The object with more said of it in `metadata`.
fn with(mut object: Value, data: Value) -> Value {
    let own = object["metadata"].as_object_mut().unwrap();
    own.extend(data.as_object().unwrap().clone());
    object
}

fn pod(place: &str, spec: Value) -> Value {
    let mut all = json!({"containers": [{"name": "main", "ports": [{"containerPort": 80}]}]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    object("Pod", place, json!({"spec": all}))
}

fn binding(place: &str, role: &str, who: &str) -> Value {
    let kind = if place.contains('/') { "RoleBinding" } else { "ClusterRoleBinding" };
    let (of, role) = role.split_once(' ').unwrap();
    object(
        kind,
        place,
        json!({"roleRef": {"kind": of, "name": role}, "subjects": [{"kind": "User", "name": who}]}),
    )
}

fn role(place: &str, verb: &str, resource: &str) -> Value {
    let kind = if place.contains('/') { "Role" } else { "ClusterRole" };
    let rules = json!([{"verbs": [verb], "apiGroups": [""], "resources": [resource]}]);
    object(kind, place, json!({"rules": rules}))
}

fn cluster() -> LiveKubernetes {
    let mut dump = KubernetesDump::default();
    let known = json!([
        pod("shop/cart", json!({"nodeName": "one"})),
        role("shop/shell", "create", "pods/exec"),
        role("exec", "create", "pods/exec"),
        binding("shop/on-call", "Role shell", "omar"),
        object("ServiceAccount", "shop/default", json!({})),
        object(
            "Service",
            "shop/web",
            json!({"spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}})
        )
    ]);
    dump.read("known.json", &known).unwrap();
    LiveKubernetes::new(dump)
}

/// The edges that came (`+`) and went (`-`) by one record, or what it marks (`?`); the same record once more brings nothing.
fn told(cluster: &mut LiveKubernetes, record: Value) -> Vec<String> {
    let mut told = Vec::new();
    let changes = changes(&record);
    for change in &changes {
        assert_eq!(
            (change.evidence.to_string().as_str(), change.cluster.as_deref()),
            ("audit#0", Some("prod"))
        );
        let touched = cluster.apply(change).unwrap();
        let edge = |sign: &str, edge: &Way| format!("{sign}{} {} {}", edge.from, edge.kind, edge.to);
        told.extend(touched.added.iter().map(|way| edge("+", way)));
        told.extend(touched.removed.iter().map(|way| edge("-", way)));
        if touched.added.is_empty() && touched.removed.is_empty() {
            told.extend(touched.objects.iter().map(|object| format!("?{object}")));
        }
    }
    for change in &changes {
        assert!(cluster.apply(change).unwrap().is_empty(), "once more");
    }
    told.sort_unstable();
    told
}

const GIVEN: [&str; 2] = [
    "+PermissionSet shop/shell::new POD_EXEC Pod shop/cart",
    "+User maya PERMISSION_DISCOVER PermissionSet shop/shell::new",
];

fn gone() -> [String; 2] {
    GIVEN.map(|edge| edge.replace('+', "-"))
}

#[test]
fn a_binding_comes_as_it_was_asked_for_or_answered_and_goes_by_its_name() {
    let mut cluster = cluster();
    let new = binding("shop/new", "Role shell", "maya");
    let create = call("create rolebindings shop/new");
    let delete = call("delete rolebindings shop/new");
    assert_eq!(told(&mut cluster, asked(create.clone(), new.clone())), GIVEN);
    assert_eq!(told(&mut cluster, delete.clone()), gone());
    // What is asked for may lack its name, which the answer tells.
    let unnamed = object("RoleBinding", "shop/", json!({"metadata": {"generateName": "n"}}));
    let create = call("create rolebindings shop/");
    let both = answered(asked(create.clone(), unnamed.clone()), new.clone());
    assert_eq!(told(&mut cluster, both), GIVEN);
    assert!(changes(&asked(create, unnamed)).is_empty(), "of what it is is not known");
    // It holds as long as its finalizers hold it.
    let held = json!({"deletionTimestamp": "2026-03-16T10:00:00Z", "finalizers": ["example/keep"]});
    let deleting = with(new.clone(), held);
    assert!(told(&mut cluster, answered(delete, deleting)).is_empty());
    let ended = with(new, json!({"deletionTimestamp": "2026-03-16T10:00:00Z"}));
    assert_eq!(told(&mut cluster, answered(call("patch rolebindings shop/new"), ended)), gone());
}

#[test]
fn what_is_told_in_part_is_marked() {
    let mut cluster = cluster();
    let before = chances(&cluster.graph());
    let held = json!({"deletionTimestamp": "2026-03-16T10:00:00Z", "finalizers": ["example/keep"]});
    let held = with(object("PartialObjectMetadata", "shop/on-call", json!({})), held);
    for (record, marked) in [
        (answered(call("delete rolebindings shop/on-call"), held), "?RoleBinding shop/on-call"),
        (call("create clusterrolebindings all"), "?ClusterRoleBinding all"),
        (call("update roles shop/shell"), "?Role shop/shell"),
        (asked(call("patch clusterroles exec"), json!({"rules": []})), "?ClusterRole exec"),
        (asked(call("patch pods/ephemeralcontainers shop/cart"), json!({"spec": {}})), "?Pod shop/cart"),
        (call("create pods/binding shop/new"), "?Pod shop/new"),
        (call("patch services shop/web"), "?Service shop/web"),
        (call("create networkpolicies shop/only"), "?NetworkPolicy shop/only"),
        (call("update serviceaccounts shop/default"), "?ServiceAccount shop/default"),
    ] {
        assert_eq!(told(&mut cluster, record.clone()), [marked], "{record}");
    }
    let mut some = call("deletecollection rolebindings shop/");
    some["requestURI"] = json!("/apis/x?labelSelector=app%3Dweb");
    assert_eq!(told(&mut self::cluster(), some), ["?RoleBinding shop/on-call"]);
    assert_eq!(chances(&cluster.graph()), before);
}

#[test]
fn a_role_and_a_collection_change_what_rests_on_them() {
    let mut cluster = cluster();
    let update = call("update roles shop/shell");
    let record = answered(update, role("shop/shell", "patch", "pods"));
    let set = "PermissionSet shop/shell::on-call";
    let expected = [format!("+{set} POD_PATCH Pod shop/cart"), format!("-{set} POD_EXEC Pod shop/cart")];
    assert_eq!(told(&mut cluster, record), expected);
    let all = call("deletecollection rolebindings shop/");
    let held = format!("-User omar PERMISSION_DISCOVER {set}");
    let gone = [format!("-{set} POD_PATCH Pod shop/cart"), held];
    assert_eq!(told(&mut cluster, all), gone);
    let mut listed = cluster.clone();
    let new = asked(call("create rolebindings shop/new"), binding("shop/new", "Role shell", "maya"));
    assert_eq!(told(&mut listed, new).len(), 2);
    let mut some = call("deletecollection rolebindings shop/");
    some["requestURI"] = json!("/apis/x?labelSelector=app%3Dweb");
    let items =
        json!([binding("shop/new", "Role shell", "maya"), binding("shop/unknown", "Role shell", "maya")]);
    let some = answered(some, json!({"kind": "RoleBindingList", "items": items}));
    assert_eq!(told(&mut listed, some).len(), 2);
    assert_eq!(chances(&listed.graph()), chances(&cluster.graph()));
}

#[test]
fn a_pod_is_made_placed_seen_to_run_and_ends() {
    let mut cluster = cluster();
    let bare = chances(&cluster.graph());
    let is = |edges: &[String], edge: &str| edges.iter().any(|one| one == edge);
    let made =
        told(&mut cluster, asked(call("create pods shop/new"), pod("shop/new", json!({"hostPID": true}))));
    assert!(is(&made, "+Node (not placed) POD_ATTACH Pod shop/new"), "{made:?}");
    let bind = object("Binding", "shop/new", json!({"target": {"kind": "Node", "name": "one"}}));
    let placed = told(&mut cluster, asked(call("create pods/binding shop/new"), bind));
    assert!(is(&placed, "+Node one POD_ATTACH Pod shop/new"), "{placed:?}");
    assert!(is(&placed, "-Node (not placed) POD_ATTACH Pod shop/new"), "{placed:?}");
    assert!(changes(&call("patch pods/status shop/new")).is_empty(), "what is seen of it leads nowhere");
    let runs = pod("shop/new", json!({"nodeName": "one", "hostPID": true}));
    let status = call("patch pods/status shop/new");
    assert!(told(&mut cluster, answered(status.clone(), runs.clone())).is_empty());
    // It runs until the time it was given is over.
    let ending = |seconds: u32| {
        with(
            runs.clone(),
            json!({"deletionTimestamp": "2026-03-16T10:00:00Z", "deletionGracePeriodSeconds": seconds}),
        )
    };
    assert!(told(&mut cluster, answered(call("delete pods shop/new"), ending(30))).is_empty());
    let gone = told(&mut cluster, answered(call("delete pods shop/new"), ending(0)));
    assert!(is(&gone, "-Node one POD_ATTACH Pod shop/new"), "{gone:?}");
    assert_eq!(chances(&cluster.graph()), bare);
}

#[test]
fn what_is_open_follows() {
    let mut cluster = cluster();
    let web = |policy: &str| {
        object(
            "Service",
            "shop/web",
            json!({"spec": {"type": policy, "selector": {"app": "web"}, "ports": [{"port": 80}]}}),
        )
    };
    let update = |body| answered(call("update services shop/web"), body);
    let open = "Internet EXPOSED_TO Endpoint shop/web";
    assert_eq!(told(&mut cluster, update(web("ClusterIP"))), [format!("-{open}")]);
    assert_eq!(told(&mut cluster, update(web("LoadBalancer"))), [format!("+{open}")]);
    let labelled = with(pod("shop/cart", json!({"nodeName": "one"})), json!({"labels": {"app": "web"}}));
    let behind = "Endpoint shop/web ENDPOINT_EXPLOIT Container shop/cart/main";
    assert_eq!(told(&mut cluster, answered(call("patch pods shop/cart"), labelled)), [format!("+{behind}")]);
    let none = object(
        "NetworkPolicy",
        "shop/only",
        json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
    );
    let cut = told(&mut cluster, asked(call("create networkpolicies shop/only"), none));
    assert!(cut.contains(&format!("-{behind}")) && cut.contains(&format!("-{open}")), "{cut:?}");
    let back = told(&mut cluster, call("delete networkpolicies shop/only"));
    assert_eq!(back.len(), cut.len());
    assert!(told(&mut cluster, call("delete services shop/web")).contains(&format!("-{open}")));
    let all = told(&mut cluster, call("delete namespaces shop"));
    assert!(all.contains(&"-User omar PERMISSION_DISCOVER PermissionSet shop/shell::on-call".to_owned()));
}

#[test]
fn what_changes_nothing_is_no_change() {
    let new = binding("shop/new", "Role shell", "maya");
    let create = asked(call("create rolebindings shop/new"), new.clone());
    let mut failed = create.clone();
    failed["responseStatus"] = json!({"code": 409, "reason": "AlreadyExists"});
    let mut refused = create.clone();
    refused["annotations"] = json!({"authorization.k8s.io/decision": "forbid"});
    let mut tried = create.clone();
    tried["requestURI"] = json!("/apis/x?dryRun=All");
    let early = |stage: &str| {
        let mut early = create.clone();
        early["stage"] = json!(stage);
        early
    };
    let mut foreign = create.clone();
    foreign["objectRef"]["apiGroup"] = json!("authorization.openshift.io");
    let secret = asked(call("create secrets shop/key"), object("Secret", "shop/key", json!({})));
    let options = json!({"kind": "DeleteOptions", "dryRun": ["All"]});
    for record in [
        failed,
        refused,
        tried,
        early("RequestReceived"),
        early("Panic"),
        foreign,
        secret,
        asked(call("delete pods shop/cart"), options),
        call("get pods shop/cart"),
        call("create pods/exec shop/cart"),
        call("create serviceaccounts/token shop/default"),
    ] {
        assert!(changes(&record).is_empty(), "{record}");
    }
    let untold = event_of(&create, Context::new());
    assert_eq!(KubernetesChange::from_event(&untold), Err(EventFault::NoTenant));
    assert!(!format!("{:?}", changes(&create)).contains("maya"));
}

#[test]
fn the_later_version_counts_whatever_comes_first() {
    let answer = |who: &str, version: u32| {
        let object =
            with(binding("shop/on-call", "Role shell", who), json!({"resourceVersion": version.to_string()}));
        answered(call("update rolebindings shop/on-call"), object)
    };
    let mut cluster = cluster();
    assert_eq!(told(&mut cluster, answer("maya", 12)).len(), 2);
    assert!(told(&mut cluster, answer("zoe", 11)).is_empty());
    assert_eq!(told(&mut cluster, answer("zoe", 13)).len(), 2);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "shop",
            "cart",
            "one",
            "*",
            "Pod",
            "Role",
            "ClusterRole",
            "User",
            "create",
            "9"
        ])
        .prop_map(Value::from),
    ];
    nested(
        leaf,
        &[
            "kind",
            "metadata",
            "name",
            "namespace",
            "labels",
            "spec",
            "containers",
            "volumes",
            "rules",
            "verbs",
            "resources",
            "roleRef",
            "subjects",
            "items",
            "target",
            "finalizers",
            "deletionTimestamp",
            "resourceVersion",
            "dryRun",
            "ingress",
        ],
    )
}

proptest! {
    #[test]
    fn whatever_a_log_tells_is_a_change_or_none(
        bodies in prop::collection::vec((any_json(), any_json(), 0..4_usize, 0..12_usize, any::<bool>()), 1..8),
    ) {
        let mut cluster = cluster();
        let resources = ["pods", "nodes", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "services",
            "ingresses", "networkpolicies", "namespaces", "serviceaccounts", "pods/binding"];
        for (one, two, verb, resource, is_whole) in bodies {
            let verb = ["create", "update", "delete", "deletecollection"][verb];
            let mut record = asked(call(&format!("{verb} {} shop/cart", resources[resource])), one);
            record["responseObject"] = if is_whole { with(object("x", "shop/cart", json!({"spec": two, "rules": two, "roleRef": two})), json!({"labels": two})) } else { two };
            if is_whole {
                record["responseObject"].as_object_mut().unwrap().remove("kind");
            }
            for change in changes(&record) {
                let (edges, touched) = (cluster.graph().edges(), cluster.apply(&change).unwrap());
                prop_assert_eq!(edges + touched.added.len(), cluster.graph().edges() + touched.removed.len());
                if let KubernetesOp::Put { record } = &change.op {
                    prop_assert!(serde_json::from_str::<Value>(record).is_ok());
                }
            }
        }
    }
}
