//! From identities to what their bindings let them do, and on to pods, nodes and other identities.
//!
//! A [`PermissionSet`] is a node of its own, as `KubeHound` has it: what it leads to is asked of it once, not of each
//! of its holders. O(sets × what they lead to).

use super::change::KubernetesObject;
use super::unit::Over;
use super::{CLUSTER, Dump, Weave};
use homeostat_access::kubernetes::{Attempt, Granted, Holder, PermissionSet};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Rights that start a pod of any shape: straight, or by what starts pods.
const STARTS: [(&str, &str); 9] = [
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("extensions", "deployments"),
];

/// Rights over what lies in a namespace: the kind, verbs of which one suffices, and the resource.
const OVER_PODS: [(&str, &[&str], &str); 3] = [
    ("POD_EXEC", &["create"], "pods/exec"),
    ("POD_PATCH", &["patch", "update"], "pods"),
    ("POD_DEBUG", &["patch", "update"], "pods/ephemeralcontainers"),
];

/// Rights over the accounts of a namespace. Secrets are not asked by name: which holds a token is not
/// told.
const OVER_ACCOUNTS: [(&str, &str, &str); 4] = [
    ("TOKEN_LIST", "list", "secrets"),
    ("TOKEN_BRUTEFORCE", "get", "secrets"),
    ("TOKEN_REQUEST", "create", "serviceaccounts/token"),
    ("IDENTITY_IMPERSONATE", "impersonate", "serviceaccounts"),
];

impl Dump {
    /// Whom a binding names, and what it gives in the cluster as a whole.
    pub(super) fn held(&self, binding: &KubernetesObject, weave: &mut Weave<'_>) {
        let Some(set) = self.set(binding) else { return };
        let id = set_id(&set);
        weave.at(self.origin(binding));
        set.holders().for_each(|holder| weave.edge(&holder_id(&holder), &id, "PERMISSION_DISCOVER"));
        if set.namespace().is_none() {
            if owns(&set) {
                weave.edge(&id, CLUSTER, "CLUSTER_ADMIN");
            }
            governs(weave, &set, &id);
        }
    }

    /// What a binding gives over others.
    pub(super) fn over(&self, binding: &KubernetesObject, over: &Over, weave: &mut Weave<'_>) {
        let Some(set) = self.set(binding) else { return };
        let id = set_id(&set);
        weave.at(self.origin(binding));
        match over {
            Over::Pods(namespace) => self.over_pods(weave, &set, &id, namespace),
            Over::Accounts(namespace) => self.over_accounts(weave, &set, &id, namespace),
            Over::Sets(namespace) => self.binds(weave, &set, &id, namespace.as_deref()),
            Over::Nodes => self.starts(weave, &set, &id),
            Over::People => self.impersonates(weave, &set, &id),
        }
    }

    fn over_pods(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str, namespace: &str) {
        for (kind, verbs, resource) in OVER_PODS {
            let ask = |verb: &&str| set.grants(&here(set, verb, "", resource).on_some_name());
            let granted: Vec<Granted> = verbs.iter().map(ask).collect();
            if granted.iter().all(|one| *one == Granted::None) {
                continue;
            }
            let by_name = !granted.contains(&Granted::Any);
            for ((_, name), _) in self.pods_of(namespace) {
                let named = |verb: &&str| Attempt::on(verb, "", resource).in_namespace(namespace).named(name);
                if !by_name || verbs.iter().any(|verb| set.grants(&named(verb)) == Granted::Any) {
                    weave.edge(id, &format!("Pod {namespace}/{name}"), kind);
                }
            }
        }
    }

    /// Who starts pods gets to every node.
    fn starts(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str) {
        let somewhere = |(group, resource): (&str, &str)| here(set, "create", group, resource);
        if STARTS.into_iter().any(|what| set.grants(&somewhere(what)) == Granted::Any) {
            for node in self.things.nodes() {
                weave.edge(id, &format!("Node {node}"), "POD_CREATE");
            }
        }
    }

    fn over_accounts(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str, namespace: &str) {
        for (kind, verb, resource) in OVER_ACCOUNTS {
            for name in self.things.accounts(namespace) {
                let attempt = Attempt::on(verb, "", resource).in_namespace(namespace);
                let attempt = if resource == "secrets" { attempt } else { attempt.named(name) };
                if set.grants(&attempt) == Granted::Any {
                    weave.edge(id, &format!("ServiceAccount {namespace}/{name}"), kind);
                }
            }
        }
    }

    /// Users and groups belong to no namespace: a right in one says nothing of them.
    fn impersonates(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str) {
        let masters = Holder::Group("system:masters".to_owned());
        for holder in self.things.people().chain([&masters]) {
            let (Holder::User(name) | Holder::Group(name)) = holder;
            let resource = if matches!(holder, Holder::User(_)) { "users" } else { "groups" };
            if set.grants(&Attempt::on("impersonate", "", resource).named(name)) == Granted::Any {
                weave.edge(id, &holder_id(holder), "IDENTITY_IMPERSONATE");
            }
        }
    }

    /// Who may make bindings and may bind the role gets what other sets give. Who has all of a role's rights may bind it
    /// too, and gets nothing new by that.
    fn binds(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str, namespace: Option<&str>) {
        let kind = if namespace.is_some() { "rolebindings" } else { "clusterrolebindings" };
        if !makes(set, kind) {
            return;
        }
        for other in self.cluster.permission_sets().filter(|other| other.namespace() == namespace) {
            if may_bind(set, &other) {
                weave.edge(id, &set_id(&other), "ROLE_BIND");
            }
        }
    }

    /// To which groups accounts belong that no object lists. Only groups that a binding names lead anywhere.
    pub(super) fn members(&self, namespace: &str, weave: &mut Weave<'_>) {
        let own = format!("system:serviceaccounts:{namespace}");
        let groups = [own.as_str(), "system:serviceaccounts", "system:authenticated"];
        for name in self.things.accounts(namespace) {
            let who = format!("ServiceAccount {namespace}/{name}");
            weave.principal(&who);
            for group in groups.iter().filter(|group| self.things.has_group(group)) {
                weave.edge(&who, &format!("Group {group}"), "MemberOf");
            }
        }
    }

    /// To which groups users belong that no object lists.
    pub(super) fn users(&self, weave: &mut Weave<'_>) {
        for holder in self.things.people() {
            let who = holder_id(holder);
            weave.principal(&who);
            let Holder::User(name) = holder else { continue };
            let is_anonymous = name == "system:anonymous";
            let group = if is_anonymous { "system:unauthenticated" } else { "system:authenticated" };
            if self.things.has_group(group) {
                weave.edge(&who, &format!("Group {group}"), "MemberOf");
            }
        }
        weave.jewel(CLUSTER);
        weave.edge("Group system:masters", CLUSTER, "CLUSTER_ADMIN");
    }
}

/// Who binds the role that may do everything, or changes roles beyond his own rights, governs the cluster.
fn governs(weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str) {
    let bind = Attempt::on("bind", RBAC, "clusterroles").named("cluster-admin");
    if makes(set, "clusterrolebindings") && set.grants(&bind) == Granted::Any {
        weave.edge(id, CLUSTER, "ROLE_BIND");
    }
    let changes = ["update", "patch", "create"].into_iter();
    let mut changes = changes.map(|verb| Attempt::on(verb, RBAC, "clusterroles"));
    let escalates = set.grants(&Attempt::on("escalate", RBAC, "clusterroles")) == Granted::Any;
    if escalates && changes.any(|attempt| set.grants(&attempt) == Granted::Any) {
        weave.edge(id, CLUSTER, "ROLE_ESCALATE");
    }
}

fn makes(set: &PermissionSet<'_>, kind: &str) -> bool {
    set.grants(&here(set, "create", RBAC, kind)) == Granted::Any
}

fn may_bind(set: &PermissionSet<'_>, other: &PermissionSet<'_>) -> bool {
    let kind = if other.is_of_cluster_role() { "clusterroles" } else { "roles" };
    let namespace = other.namespace().unwrap_or_default();
    let bind = Attempt::on("bind", RBAC, kind).in_namespace(namespace).named(other.role());
    set.grants(&bind) == Granted::Any
}

/// Whether it allows everything on everything.
fn owns(set: &PermissionSet<'_>) -> bool {
    set.grants(&Attempt::on("*", "*", "*")) == Granted::Any
}

/// An attempt where the set holds: in its namespace, or in any.
fn here(set: &PermissionSet<'_>, verb: &str, group: &str, resource: &str) -> Attempt {
    Attempt::on(verb, group, resource).in_namespace(set.namespace().unwrap_or_default())
}

pub(super) fn set_id(set: &PermissionSet<'_>) -> String {
    match set.namespace() {
        Some(namespace) => format!("PermissionSet {namespace}/{}", set.name()),
        None => format!("PermissionSet {}", set.name()),
    }
}

fn holder_id(holder: &Holder) -> String {
    match (account(holder), holder) {
        (Some((namespace, name)), _) => format!("ServiceAccount {namespace}/{name}"),
        (None, Holder::User(name)) => format!("User {name}"),
        (None, Holder::Group(name)) => format!("Group {name}"),
    }
}

/// The service account that a holder is.
pub(super) fn account(holder: &Holder) -> Option<(String, String)> {
    let Holder::User(name) = holder else { return None };
    let (namespace, name) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some((namespace.to_owned(), name.to_owned()))
}
