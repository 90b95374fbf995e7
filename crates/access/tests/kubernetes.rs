//! What roles and bindings of Kubernetes allow, section by section of its documentation; names are made up here.
#![cfg(test)]
#![cfg(feature = "kubernetes")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::kubernetes::{Attempt, Cluster, Holder, Rule, User};
use homeostat_access::{Decision, MisfitCause};
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

fn cluster(objects: Value) -> Cluster {
    let mut cluster = Cluster::default();
    let added = cluster.add(&objects.to_string()).unwrap();
    assert!(added.bad.is_empty(), "{added:?}");
    cluster
}

fn role(name: &str, rules: Value) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

fn bind(name: &str, namespace: Option<&str>, role: (&str, &str), subject: Value) -> Value {
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({"kind": kind, "metadata": metadata, "subjects": [subject],
        "roleRef": {"apiGroup": RBAC, "kind": role.0, "name": role.1}})
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "name": name, "apiGroup": RBAC})
}

fn decide(cluster: &Cluster, who: &User, attempt: &Attempt) -> Decision {
    cluster.decide(who, attempt).decision
}

/// "`RoleBinding` and `ClusterRoleBinding`": a cluster role through a role binding holds in its namespace alone.
#[test]
fn a_role_binding_limits_to_its_namespace() {
    let cluster = cluster(json!([
        role("secrets", json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}])),
        {"kind": "Role", "metadata": {"name": "secrets", "namespace": "shop"},
         "rules": [{"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]}]},
        bind("a", Some("shop"), ("ClusterRole", "secrets"), user("maya")),
        bind("b", None, ("ClusterRole", "secrets"), user("root")),
        bind("c", Some("shop"), ("Role", "secrets"), user("omar")),
    ]));
    let get = Attempt::on("get", "", "secrets");
    for (who, attempt, allowed) in [
        ("maya", get.clone().in_namespace("shop"), true),
        ("maya", get.clone().in_namespace("bank"), false),
        ("maya", get.clone(), false),
        ("root", get.clone().in_namespace("bank"), true),
        ("root", get.clone(), true),
        ("omar", get.clone().in_namespace("shop"), false),
        ("omar", Attempt::on("list", "", "secrets").in_namespace("shop"), true),
        ("Maya", get.clone().in_namespace("shop"), false),
        ("maya", Attempt::on("GET", "", "secrets").in_namespace("shop"), false),
    ] {
        assert_eq!(decide(&cluster, &User::new(who), &attempt).is_allowed(), allowed, "{who} {attempt:?}");
    }
    let anywhere = decide(&cluster, &User::new("maya"), &get.in_some_namespace());
    let Decision::AllowedIf(residual) = anywhere else { panic!("{anywhere:?}") };
    assert_eq!(
        residual.to_string(),
        "`namespace` meets `RoleBinding shop/a of ClusterRole secrets` statement 0"
    );
}

/// "Referring to resources": resource names limit to objects; what is created or listed has no name.
#[test]
fn resource_names_limit_to_objects() {
    let cluster = cluster(json!([
        role(
            "one",
            json!([{"verbs": ["get", "create", "list"], "apiGroups": [""], "resources": ["configmaps"],
            "resourceNames": ["settings"]}])
        ),
        bind("a", None, ("ClusterRole", "one"), user("maya")),
    ]));
    let maya = User::new("maya");
    let get = Attempt::on("get", "", "configmaps").in_namespace("shop");
    assert!(decide(&cluster, &maya, &get.clone().named("settings")).is_allowed());
    assert_eq!(decide(&cluster, &maya, &get.clone().named("other")), Decision::ImplicitlyDenied);
    let create = Attempt::on("create", "", "configmaps").in_namespace("shop");
    assert_eq!(decide(&cluster, &maya, &create), Decision::ImplicitlyDenied);
    assert!(matches!(decide(&cluster, &maya, &get.on_some_name()), Decision::AllowedIf(_)));
}

/// "Referring to subjects": users, groups, service accounts with the groups that they have.
#[test]
fn subjects_are_users_groups_and_service_accounts() {
    let rules = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]);
    let cluster = cluster(json!([
        role("a", rules),
        role("b", json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}])),
        bind("robot", Some("shop"), ("ClusterRole", "a"), json!({"kind": "ServiceAccount", "name": "cart"})),
        bind(
            "robots",
            None,
            ("ClusterRole", "b"),
            json!({"kind": "Group", "name": "system:serviceaccounts:bank"})
        ),
        bind("all", None, ("ClusterRole", "b"), json!({"kind": "Group", "name": "system:unauthenticated"})),
    ]));
    let get = Attempt::on("get", "", "pods").in_namespace("shop");
    let list = Attempt::on("list", "", "pods").in_namespace("shop");
    assert!(decide(&cluster, &User::service_account("shop", "cart"), &get).is_allowed());
    assert!(decide(&cluster, &User::new("system:serviceaccount:shop:cart"), &get).is_allowed());
    assert!(!decide(&cluster, &User::service_account("bank", "cart"), &get).is_allowed());
    assert!(decide(&cluster, &User::service_account("bank", "cart"), &list).is_allowed());
    assert!(decide(&cluster, &User::anonymous(), &list).is_allowed());
    assert!(!decide(&cluster, &User::new("cart"), &list).is_allowed());
    assert!(decide(&cluster, &User::new("x").in_group("system:masters"), &get).is_allowed());
}

#[test]
fn bindings_rest_on_what_their_role_is_made_of() {
    let role = |name: &str, label: &str, of: &str| {
        json!({"kind": "ClusterRole", "metadata": {"name": name, "labels": {label: "true"}}, "rules": [],
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {of: "true"}}]}})
    };
    let bound = |name: &str, role: &str| {
        json!({"kind": "RoleBinding", "metadata": {"name": name, "namespace": "shop"}, "subjects": [],
            "roleRef": {"kind": "ClusterRole", "name": role}})
    };
    let part =
        json!({"kind": "ClusterRole", "metadata": {"name": "part", "labels": {"low": "true"}}, "rules": []});
    let all = json!([
        role("middle", "high", "low"),
        role("top", "none", "high"),
        part,
        bound("a", "top"),
        bound("b", "middle"),
        bound("c", "part"),
        bound("d", "absent")
    ]);
    let mut cluster = Cluster::default();
    cluster.add(&all.to_string()).unwrap();
    let names = |role: &str| -> Vec<&str> { cluster.resting_on(None, role).map(|(_, name)| name).collect() };
    assert_eq!(names("part"), ["a", "b", "c"]);
    assert_eq!(names("middle"), ["a", "b"]);
    assert_eq!(names("absent"), ["d"]);
    assert_eq!(cluster.resting_on(Some("shop"), "part").count(), 0);
    assert!(cluster.permission_set(Some("shop"), "a").is_some());
    assert!(cluster.permission_set(Some("shop"), "d").is_none(), "its role is not there");
}

/// "Aggregated `ClusterRoles`": the control plane fills them, through others that are aggregated too.
#[test]
fn aggregated_roles_are_made_of_others() {
    let labelled = |name: &str, label: &str, verb: &str| {
        json!({"kind": "ClusterRole", "metadata": {"name": name, "labels": {label: "true"}},
            "rules": [{"verbs": [verb], "apiGroups": ["x"], "resources": ["y"]}]})
    };
    let made = |name: &str, of: &str, own: &str| {
        json!({"kind": "ClusterRole", "metadata": {"name": name, "labels": {own: "true"}}, "rules": null,
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {of: "true"}},
                {"matchExpressions": [{"key": "also", "operator": "In", "values": ["a", "b"]}]}]}})
    };
    let cluster = cluster(json!([
        made("admin", "to-admin", "to-nothing"), made("edit", "to-edit", "to-admin"),
        labelled("viewer", "to-edit", "get"), labelled("writer", "to-admin", "create"),
        {"kind": "ClusterRole", "metadata": {"name": "more", "labels": {"also": "b"}},
         "rules": [{"verbs": ["watch"], "apiGroups": ["x"], "resources": ["y"]}]},
        made("round", "to-round", "to-round"),
        bind("a", None, ("ClusterRole", "admin"), user("maya")), bind("e", None, ("ClusterRole", "edit"), user("omar")),
        bind("r", None, ("ClusterRole", "round"), user("ring")),
    ]));
    for (who, verb, allowed) in [
        ("maya", "get", true),
        ("maya", "create", true),
        ("maya", "watch", true),
        ("omar", "get", true),
        ("omar", "create", false),
        ("ring", "watch", true),
        ("ring", "get", false),
    ] {
        let attempt = Attempt::on(verb, "x", "y");
        assert_eq!(decide(&cluster, &User::new(who), &attempt).is_allowed(), allowed, "{who} {verb}");
    }
}

/// "Role and `ClusterRole`": paths that are no resources belong to the cluster, a role binding gives none.
#[test]
fn paths_are_given_by_cluster_role_bindings_alone() {
    let cluster = cluster(json!([
        role("health", json!([{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/healthz/*"]}])),
        bind("a", None, ("ClusterRole", "health"), user("maya")),
        bind("b", Some("shop"), ("ClusterRole", "health"), user("omar")),
    ]));
    for (who, path, allowed) in
        [("maya", "/healthz/x", true), ("maya", "/health", false), ("omar", "/healthz", false)]
    {
        assert_eq!(decide(&cluster, &User::new(who), &Attempt::path("get", path)).is_allowed(), allowed);
    }
    assert!(!decide(&cluster, &User::new("maya"), &Attempt::path("post", "/healthz")).is_allowed());
}

/// "Privilege escalation prevention and bootstrapping".
#[test]
fn nobody_gives_more_than_it_has() {
    let writes = json!([
        {"verbs": ["create", "update"], "apiGroups": [RBAC], "resources": ["roles", "rolebindings"]},
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]);
    let cluster = cluster(json!([
        role("writer", writes.clone()),
        role(
            "free",
            json!([
            {"verbs": ["*"], "apiGroups": [RBAC], "resources": ["roles", "rolebindings"]},
            {"verbs": ["bind"], "apiGroups": [RBAC], "resources": ["clusterroles"], "resourceNames": ["admin"]}])
        ),
        role("admin", json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])),
        role("reader", json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}])),
        bind("w", Some("shop"), ("ClusterRole", "writer"), user("omar")),
        bind("f", Some("shop"), ("ClusterRole", "free"), user("maya")),
    ]));
    let own =
        [Rule::parse(r#"{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}"#).unwrap()];
    let more = [Rule::parse(r#"{"verbs": ["delete"], "apiGroups": [""], "resources": ["pods"]}"#).unwrap()];
    let (omar, maya) = (User::new("omar"), User::new("maya"));
    let writes = |who: &User, rules: &[Rule]| {
        cluster.may_write_role(who, "update", (Some("shop"), "r"), rules).decision.is_allowed()
    };
    assert!(writes(&omar, &own) && !writes(&omar, &more) && writes(&maya, &more));
    let binds = |who: &User, role: &str, namespace| {
        cluster.may_bind(who, (None, role), namespace).decision.is_allowed()
    };
    assert!(binds(&omar, "reader", Some("shop")) && !binds(&omar, "admin", Some("shop")));
    assert!(!binds(&omar, "reader", Some("bank")) && !binds(&omar, "reader", None));
    assert!(!binds(&omar, "absent", Some("shop")), "what is not there is not had");
    assert!(binds(&maya, "admin", Some("shop")) && !binds(&maya, "writer", Some("shop")));
    assert!(!binds(&maya, "admin", None));
    let refused = cluster.may_bind(&omar, (None, "admin"), Some("shop"));
    assert_eq!(refused.because[0].to_string(), "the check against escalation says nothing");
}

/// "User impersonation".
#[test]
fn acting_as_another_is_a_verb() {
    let cluster = cluster(json!([
        role(
            "act",
            json!([
            {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["omar"]},
            {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]}])
        ),
        bind("a", None, ("ClusterRole", "act"), user("maya")),
    ]));
    for (other, allowed) in [
        (Holder::User("omar".into()), true),
        (Holder::User("root".into()), false),
        (Holder::Group("system:masters".into()), false),
        (Holder::User("system:serviceaccount:shop:cart".into()), true),
    ] {
        let answer = cluster.may_impersonate(&User::new("maya"), &other);
        assert_eq!(answer.decision.is_allowed(), allowed, "{other:?}");
    }
}

/// "Using Node Authorization".
#[test]
fn a_node_reads_what_its_pods_need() {
    let node = User::new("system:node:n1").in_group("system:nodes");
    let cluster = Cluster::default();
    let secret = Attempt::on("get", "", "secrets").in_namespace("shop").named("token");
    assert!(matches!(decide(&cluster, &node, &secret), Decision::AllowedIf(_)));
    assert!(decide(&cluster, &node, &Attempt::on("list", "", "services")).is_allowed());
    assert_eq!(decide(&cluster, &node, &Attempt::on("delete", "", "secrets")), Decision::ImplicitlyDenied);
    assert!(!decide(&cluster, &User::new("system:node:n1"), &secret).is_possible(), "not of the group");
}

#[test]
fn who_can_names_those_that_a_binding_names() {
    let cluster = cluster(json!([
        role("a", json!([{"verbs": ["delete"], "apiGroups": ["apps"], "resources": ["*"]}])),
        bind("b", Some("shop"), ("ClusterRole", "a"), user("maya")),
        bind("c", None, ("ClusterRole", "a"), json!({"kind": "Group", "name": "ops"})),
    ]));
    let names = |attempt: Attempt| cluster.who_can(&attempt).into_iter().collect::<Vec<_>>();
    let delete = Attempt::on("delete", "apps", "deployments");
    let masters = Holder::Group("system:masters".into());
    let ops = Holder::Group("ops".into());
    assert_eq!(
        names(delete.clone().in_namespace("shop")),
        [Holder::User("maya".into()), ops.clone(), masters.clone()]
    );
    assert_eq!(names(delete), [ops, masters]);
}

/// What a cluster comes to is the same whether its objects come at once, one by one, over others or after removals.
#[test]
fn objects_one_by_one_are_objects_at_once() {
    let made = json!({"kind": "ClusterRole", "metadata": {"name": "made"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]}});
    let part = |verb: &str| {
        json!({"kind": "ClusterRole", "metadata": {"name": "part", "labels": {"x": "y"}},
            "rules": [{"verbs": [verb], "apiGroups": [""], "resources": ["pods"]}]})
    };
    let whole = [
        made.clone(),
        part("get"),
        bind("a", None, ("ClusterRole", "made"), user("maya")),
        bind("b", Some("shop"), ("ClusterRole", "part"), user("maya")),
    ];
    let mut steps = Cluster::default();
    let before = [
        bind("a", None, ("ClusterRole", "part"), user("omar")),
        part("list"),
        bind("gone", None, ("ClusterRole", "part"), user("omar")),
        role("gone", json!([])),
    ];
    for object in before.iter().chain(&whole) {
        steps.add(&object.to_string()).unwrap();
    }
    assert!(steps.remove_binding(None, "gone") && steps.remove_role(None, "gone"));
    assert_eq!(steps, cluster(json!(whole)));
    let get = Attempt::on("get", "", "pods");
    assert!(decide(&steps, &User::new("maya"), &get).is_allowed());
    assert!(steps.remove_role(None, "part"));
    assert_eq!(decide(&steps, &User::new("maya"), &get), Decision::ImplicitlyDenied);
}

#[test]
fn bad_objects_are_told_by_their_place_and_grant_nothing() {
    let mut cluster = Cluster::default();
    let added = cluster
        .add(&json!({"kind": "List", "items": [
            {"kind": "Pod", "metadata": {"name": "p"}},
            {"kind": "Role", "metadata": {"name": "r"}},
            {"kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"verbs": "get"}]},
            {"kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"verbs": ["*"], "only": ["x"]}]},
            {"kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"}},
            {"kind": "ClusterRoleBinding", "metadata": {"name": "c"}, "roleRef": {"kind": "ClusterRole", "name": "r"},
             "subjects": null},
            {"kind": "ClusterRoleBinding", "metadata": {"name": "d"}, "roleRef": {"kind": "ClusterRole", "name": "r"},
             "subjects": [{"kind": "ServiceAccount", "name": "x"}]}]})
        .to_string())
        .unwrap();
    assert_eq!((added.read, added.skipped), (1, 1));
    let told: Vec<(usize, MisfitCause)> = added.bad.iter().map(|bad| (bad.index, bad.cause)).collect();
    let (unnamed, wrong) = (MisfitCause::Unnamed, MisfitCause::WrongShape);
    assert_eq!(told, [(1, unnamed), (2, wrong), (3, wrong), (4, wrong), (6, unnamed)]);
    assert_eq!(cluster.dangling().collect::<Vec<_>>(), ["c"]);
    assert_eq!(added.bad[0].to_string(), "object 1: without a name or a namespace that its kind needs");
    for text in ["", "5", "{", r#"{"items": 5}"#, &"[".repeat(100_000)] {
        assert_eq!(cluster.add(text).unwrap_err().cause, MisfitCause::NoObjects);
    }
    let long = cluster.add(&" ".repeat(Cluster::LIMIT + 1)).unwrap_err();
    assert_eq!(long.to_string(), "object 0: longer than 67108864 bytes");
    assert_eq!(cluster.len(), 1);
}

#[test]
fn nothing_shows_names() {
    let mut cluster = cluster(json!([
        role("MARKED", json!([])),
        bind("MARKED", None, ("ClusterRole", "MARKED"), user("MARKED"))
    ]));
    let attempt = Attempt::on("get", "MARKED", "MARKED").named("MARKED").in_namespace("MARKED");
    let shown = format!("{cluster:?} {:?} {attempt:?}", User::new("MARKED"));
    assert!(!shown.contains("MARKED"), "{shown}");
    assert!(cluster.remove_binding(None, "MARKED") && cluster.remove_role(None, "MARKED"));
    assert!(cluster.is_empty() && !cluster.remove_role(Some("shop"), "MARKED"));
}

/// Cases of Kubernetes' own authorizer, where a corpus lies beside.
#[test]
fn answers_are_those_of_the_authorizer() {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else { return };
    let file = std::path::Path::new(&corpus).join("graph/k8s_rbac/rbac_cases.json");
    let cases: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut asked = 0;
    for case in cases["authorizer"].as_array().unwrap() {
        let mut objects: Vec<Value> = case["clusterRoles"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, rules)| role(name, rules.clone()))
            .collect();
        for (kind, list) in
            [("RoleBinding", &case["roleBindings"]), ("ClusterRoleBinding", &case["clusterRoleBindings"])]
        {
            for (at, binding) in list.as_array().into_iter().flatten().enumerate() {
                let mut object = binding.clone();
                object["kind"] = json!(kind);
                object["metadata"] = json!({"name": format!("b{at}"), "namespace": binding["namespace"].as_str().unwrap_or_default()});
                objects.push(object);
            }
        }
        let cluster = cluster(json!(objects));
        for (list, expected) in [("allow", true), ("deny", false)] {
            for request in case[list].as_array().unwrap() {
                let groups = request["groups"].as_array().unwrap().iter().filter_map(Value::as_str);
                let who = groups.fold(User::new(request["user"].as_str().unwrap()), User::in_group);
                assert_eq!(decide(&cluster, &who, &attempt(request)).is_allowed(), expected, "{request}");
                asked += 1;
            }
        }
    }
    for case in cases["rule_allows"].as_array().unwrap() {
        let cluster = cluster(json!([
            role("r", json!([case["rule"]])),
            bind("b", None, ("ClusterRole", "r"), user("u"))
        ]));
        for request in case["requests"].as_array().unwrap() {
            let allowed = decide(&cluster, &User::new("u"), &attempt(request)).is_allowed();
            assert_eq!(Some(allowed), request["allowed"].as_bool(), "{request}");
            asked += 1;
        }
    }
    assert!(asked > 60, "{asked}");
}

fn attempt(request: &Value) -> Attempt {
    let text = |field: &str| request[field].as_str().unwrap_or_default();
    if let Some(path) = request["nonResourcePath"].as_str() {
        return Attempt::path(text("verb"), path);
    }
    let resource = format!("{}/{}", text("resource"), text("subresource"));
    let attempt = Attempt::on(text("verb"), text("apiGroup"), resource.trim_end_matches('/'));
    attempt.in_namespace(text("namespace")).named(text("name"))
}
