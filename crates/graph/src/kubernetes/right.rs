//! From identities to what their bindings let them do, and on to pods, nodes and other identities.
//!
//! A [`PermissionSet`] is a node of its own, as `KubeHound` has it: what it leads to is asked of it once, not of each
//! of its holders. O(sets × what they lead to).

use super::{CLUSTER, Dump, Weave};
use homeostat_access::kubernetes::{Attempt, Granted, Holder, PermissionSet};
use std::collections::BTreeSet;

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

/// Rights that bring tokens of the accounts of a namespace. Secrets are not asked by name: which holds a token is not
/// told.
const OVER_ACCOUNTS: [(&str, &str, &str); 3] = [
    ("TOKEN_LIST", "list", "secrets"),
    ("TOKEN_BRUTEFORCE", "get", "secrets"),
    ("TOKEN_REQUEST", "create", "serviceaccounts/token"),
];

impl Dump {
    /// All edges by way of rights.
    pub(super) fn by_rights(&self, weave: &mut Weave<'_>) {
        let sets: Vec<PermissionSet<'_>> = self.cluster.permission_sets().collect();
        let accounts = self.all_accounts(&sets);
        let holders: BTreeSet<Holder> = sets.iter().flat_map(PermissionSet::holders).collect();
        for set in &sets {
            let id = set_id(set);
            let place = (set.namespace().map(str::to_owned), set.binding().to_owned());
            weave.at(self.bindings.get(&place).copied().unwrap_or_default());
            set.holders().for_each(|holder| weave.edge(&holder_id(&holder), &id, "PERMISSION_DISCOVER"));
            self.over_pods(weave, set, &id);
            over_accounts(weave, set, &id, &accounts);
            impersonates(weave, set, &id, (&holders, &accounts));
            binds(weave, set, &id, &sets);
            if set.namespace().is_none() && owns(set) {
                weave.edge(&id, CLUSTER, "CLUSTER_ADMIN");
            }
        }
        groups(weave, &holders, &accounts);
    }

    /// All service accounts: described, used by a pod, or named by a binding.
    fn all_accounts(&self, sets: &[PermissionSet<'_>]) -> BTreeSet<(String, String)> {
        let used = self.pods.iter().map(|((namespace, _), pod)| (namespace.clone(), pod.account.clone()));
        let named = sets.iter().flat_map(PermissionSet::holders).filter_map(|holder| account(&holder));
        self.accounts.keys().cloned().chain(used).chain(named).collect()
    }

    fn over_pods(&self, weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str) {
        for (kind, verbs, resource) in OVER_PODS {
            let ask = |verb: &&str| set.grants(&here(set, verb, "", resource).on_some_name());
            let granted: Vec<Granted> = verbs.iter().map(ask).collect();
            if granted.iter().all(|one| *one == Granted::None) {
                continue;
            }
            let by_name = !granted.contains(&Granted::Any);
            for (namespace, name) in self.pods.keys().filter(|(place, _)| is_in(set, place)) {
                let named = |verb: &&str| Attempt::on(verb, "", resource).in_namespace(namespace).named(name);
                if !by_name || verbs.iter().any(|verb| set.grants(&named(verb)) == Granted::Any) {
                    weave.edge(id, &format!("Pod {namespace}/{name}"), kind);
                }
            }
        }
        let somewhere = |(group, resource): (&str, &str)| here(set, "create", group, resource);
        if STARTS.into_iter().any(|what| set.grants(&somewhere(what)) == Granted::Any) {
            for node in self.all_nodes() {
                weave.edge(id, &format!("Node {node}"), "POD_CREATE");
            }
        }
    }
}

fn over_accounts(
    weave: &mut Weave<'_>,
    set: &PermissionSet<'_>,
    id: &str,
    accounts: &BTreeSet<(String, String)>,
) {
    for (kind, verb, resource) in OVER_ACCOUNTS {
        for (namespace, name) in accounts.iter().filter(|(place, _)| is_in(set, place)) {
            let attempt = Attempt::on(verb, "", resource).in_namespace(namespace);
            let attempt = if resource == "secrets" { attempt } else { attempt.named(name) };
            if set.grants(&attempt) == Granted::Any {
                weave.edge(id, &format!("ServiceAccount {namespace}/{name}"), kind);
            }
        }
    }
}

/// Users and groups belong to no namespace: a right in one says nothing of them.
fn impersonates(
    weave: &mut Weave<'_>,
    set: &PermissionSet<'_>,
    id: &str,
    (holders, accounts): (&BTreeSet<Holder>, &BTreeSet<(String, String)>),
) {
    let masters = Holder::Group("system:masters".to_owned());
    for holder in holders.iter().chain([&masters]).filter(|holder| account(holder).is_none()) {
        let (Holder::User(name) | Holder::Group(name)) = holder;
        let resource = if matches!(holder, Holder::User(_)) { "users" } else { "groups" };
        if set.grants(&Attempt::on("impersonate", "", resource).named(name)) == Granted::Any {
            weave.edge(id, &holder_id(holder), "IDENTITY_IMPERSONATE");
        }
    }
    for (namespace, name) in accounts.iter().filter(|(place, _)| is_in(set, place)) {
        let attempt = Attempt::on("impersonate", "", "serviceaccounts").in_namespace(namespace).named(name);
        if set.grants(&attempt) == Granted::Any {
            weave.edge(id, &format!("ServiceAccount {namespace}/{name}"), "IDENTITY_IMPERSONATE");
        }
    }
}

/// Who may make bindings and may bind the role gets what other sets give. Who has all of a role's rights may bind it
/// too, and gets nothing new by that.
fn binds(weave: &mut Weave<'_>, set: &PermissionSet<'_>, id: &str, sets: &[PermissionSet<'_>]) {
    let everywhere = set.namespace().is_none();
    let makes = |kind: &str| set.grants(&here(set, "create", RBAC, kind)) == Granted::Any;
    let (of_cluster, of_namespace) = (everywhere && makes("clusterrolebindings"), makes("rolebindings"));
    if of_cluster
        && set.grants(&Attempt::on("bind", RBAC, "clusterroles").named("cluster-admin")) == Granted::Any
    {
        weave.edge(id, CLUSTER, "ROLE_BIND");
    }
    let changes = ["update", "patch", "create"].into_iter();
    let mut changes = changes.map(|verb| Attempt::on(verb, RBAC, "clusterroles"));
    let escalates = set.grants(&Attempt::on("escalate", RBAC, "clusterroles")) == Granted::Any;
    if everywhere && escalates && changes.any(|attempt| set.grants(&attempt) == Granted::Any) {
        weave.edge(id, CLUSTER, "ROLE_ESCALATE");
    }
    if !of_cluster && !of_namespace {
        return;
    }
    for other in sets {
        let may_make = match other.namespace() {
            None => of_cluster,
            Some(namespace) => of_namespace && is_in(set, namespace),
        };
        if may_make && may_bind(set, other) {
            weave.edge(id, &set_id(other), "ROLE_BIND");
        }
    }
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

/// Accounts and users belong to groups that no object lists. Only groups that a binding names lead anywhere.
fn groups(weave: &mut Weave<'_>, holders: &BTreeSet<Holder>, accounts: &BTreeSet<(String, String)>) {
    let mut member = |who: &str, group: &str| {
        if holders.contains(&Holder::Group(group.to_owned())) {
            weave.edge(who, &format!("Group {group}"), "MemberOf");
        }
    };
    for (namespace, name) in accounts {
        let who = format!("ServiceAccount {namespace}/{name}");
        let own = format!("system:serviceaccounts:{namespace}");
        for group in [own.as_str(), "system:serviceaccounts", "system:authenticated"] {
            member(&who, group);
        }
    }
    let users = holders.iter().filter(|holder| matches!(holder, Holder::User(_)));
    for holder in users.filter(|holder| account(holder).is_none()) {
        let anonymous = *holder == Holder::User("system:anonymous".to_owned());
        let group = if anonymous { "system:unauthenticated" } else { "system:authenticated" };
        member(&holder_id(holder), group);
    }
    let named = holders.iter().map(holder_id);
    let described = accounts.iter().map(|(namespace, name)| format!("ServiceAccount {namespace}/{name}"));
    named.chain(described).for_each(|who| weave.principal(&who));
    weave.edge("Group system:masters", CLUSTER, "CLUSTER_ADMIN");
}

/// An attempt where the set holds: in its namespace, or in any.
fn here(set: &PermissionSet<'_>, verb: &str, group: &str, resource: &str) -> Attempt {
    Attempt::on(verb, group, resource).in_namespace(set.namespace().unwrap_or_default())
}

fn is_in(set: &PermissionSet<'_>, namespace: &str) -> bool {
    set.namespace().is_none_or(|own| own == namespace)
}

fn set_id(set: &PermissionSet<'_>) -> String {
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
fn account(holder: &Holder) -> Option<(String, String)> {
    let Holder::User(name) = holder else { return None };
    let (namespace, name) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some((namespace.to_owned(), name.to_owned()))
}
