//! Azure: management groups, subscriptions, resources with their identities, and who is assigned what on them.
//!
//! Microsoft Learn, "What are managed identities for Azure resources". A scope is a node under its id, as its own record
//! writes it; scopes are compared in lower case.

use super::azure_network::Network;
use super::azure_role;
use super::azure_way::{IDENTITY, RESOURCE_GROUP, SUBSCRIPTION, VAULT};
use super::record::{Record, text};
use crate::weave::Origin;
use homeostat_access::azure::Roles;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What vaults without role assignments for their data let those do who are in their access policies.
pub(super) const POLICIES: [(&str, &str); 3] =
    [("secrets", "AZGetSecrets"), ("keys", "AZGetKeys"), ("certificates", "AZGetCertificates")];

pub(super) const GROUPS: &str = "/providers/microsoft.management/managementgroups/";

/// What was read of Azure.
#[derive(Clone, Default)]
pub(super) struct Azure {
    pub(super) roles: Roles,
    /// Roles that a document describes.
    defined: BTreeSet<String>,
    /// Roles that no document describes, which were given what Azure's own of that id may do.
    filled: BTreeSet<String>,
    pub(super) assigned: BTreeMap<String, Assigned>,
    /// Ids of what is assigned at each scope.
    pub(super) scopes: BTreeMap<String, BTreeSet<String>>,
    /// Deny assignments with their scopes.
    denied: BTreeMap<String, String>,
    pub(super) resources: BTreeMap<String, Resource>,
    // A management group or subscription to the group above it.
    above: BTreeMap<String, String>,
    pub(super) network: Network,
    /// Who may start something that runs as an identity, by scope.
    pub(super) starters: BTreeMap<String, BTreeSet<String>>,
}

/// A role that somebody holds at a scope.
#[derive(Clone)]
pub(super) struct Assigned {
    role: String,
    pub(super) principal: String,
    scope: String,
    pub(super) is_person: bool,
    pub(super) origin: Origin,
}

/// A resource or a scope, as it is written in its own record.
#[derive(Clone, Default)]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) kind: String,
    /// Identities of its own.
    pub(super) own: BTreeSet<String>,
    /// Identities that are assigned to it, by their scopes; with what the record tells of whose they are.
    pub(super) assigned: BTreeMap<String, Option<String>>,
    /// Of a vault that asks its access policies: who may get what.
    pub(super) policies: Option<BTreeSet<(String, &'static str)>>,
    /// Where a cluster puts its nodes.
    pub(super) nodes: Option<String>,
    pub(super) origin: Origin,
}

impl Azure {
    /// Takes a record of Azure; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        let Some(id) = record.text("id").filter(|id| id.starts_with('/')) else { return false };
        let scope = normal(id);
        let kind = kind_of(&scope);
        match kind.strip_prefix("microsoft.authorization/") {
            Some(kind) => return self.take_right(kind, record, (&scope, origin)),
            None if scope.starts_with(GROUPS) => self.take_group(&scope, record),
            None if !scope.starts_with("/subscriptions/") => return false,
            None => {}
        }
        self.network.take((&scope, &kind), record);
        let resource = Resource {
            // Logs write ids in capitals: a name that is known stays.
            id: self.resources.get(&scope).map_or(id, |known| &known.id).to_owned(),
            own: principal_of(record, &kind),
            assigned: assigned_to(record),
            policies: (kind == VAULT && !record.is_true("enableRbacAuthorization"))
                .then(|| policies(record).collect()),
            nodes: record
                .text("nodeResourceGroup")
                .map(|name| format!("{}/resourcegroups/{name}", subscription(&scope)).to_lowercase()),
            kind,
            origin,
        };
        self.resources.insert(scope, resource);
        true
    }

    fn take_right(&mut self, kind: &str, record: &Record<'_>, (id, origin): (&str, Origin)) -> bool {
        let mut body = record.flat();
        body.remove("type");
        let whole = json!({"type": format!("Microsoft.Authorization/{kind}"), "id": id,
            "name": record.text("name").unwrap_or_default(), "properties": Value::Object(body)});
        if self.roles.add(&whole.to_string()).is_ok_and(|added| added.read == 0) {
            return false;
        }
        if kind == "roledefinitions" {
            self.defined.insert(last(id).to_owned());
        }
        let scope = scope_told(record.text("scope").unwrap_or("/"));
        if let Some((role, principal)) = record.text("roleDefinitionId").zip(record.text("principalId")) {
            let role = last(&role.to_lowercase()).to_owned();
            let is_person = record.text("principalType") != Some("Group");
            self.assign(id, Assigned { role, principal: principal.to_lowercase(), scope, is_person, origin });
        } else if kind == "denyassignments" {
            self.denied.insert(id.to_owned(), scope);
        }
        true
    }

    fn assign(&mut self, id: &str, assigned: Assigned) {
        self.unassign(id);
        self.fill_role(&assigned.role);
        self.scopes.entry(assigned.scope.clone()).or_default().insert(id.to_owned());
        self.assigned.insert(id.to_owned(), assigned);
    }

    fn unassign(&mut self, id: &str) -> Option<Assigned> {
        let gone = self.assigned.remove(id)?;
        if let Some(ids) = self.scopes.get_mut(&gone.scope) {
            ids.remove(id);
            if ids.is_empty() {
                self.scopes.remove(&gone.scope);
            }
        }
        Some(gone)
    }

    /// Gives a role that no document describes what Azure's own of that id may do, another nothing.
    fn fill_role(&mut self, id: &str) {
        if self.defined.contains(id) || !self.filled.insert(id.to_owned()) {
            return;
        }
        let permissions: Vec<Value> = azure_role::built_in(id).into_iter().collect();
        let role = json!({"type": "Microsoft.Authorization/roleDefinitions", "id": id, "name": id,
            "properties": {"permissions": permissions}});
        drop(self.roles.add(&role.to_string()));
    }

    /// Forgets what a document said of a role.
    fn undefine(&mut self, id: &str) -> bool {
        let is_known = self.defined.remove(last(id)) && self.roles.remove(id);
        self.filled.remove(last(id));
        if self.assigned.values().any(|one| one.role == last(id)) {
            self.fill_role(last(id));
        }
        is_known
    }

    /// How many roles that are assigned nobody described.
    pub(super) fn unknown_roles(&self) -> usize {
        let used: BTreeSet<&String> = self.assigned.values().map(|one| &one.role).collect();
        let unknown = |id: &&&String| !self.defined.contains(**id) && azure_role::built_in(id).is_none();
        used.iter().filter(unknown).count()
    }

    /// Takes away what has this id, and what lies in it; tells whether there was anything.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let id = normal(id);
        if kind_of(&id).starts_with("microsoft.authorization/") {
            if kind_of(&id).ends_with("/roledefinitions") {
                return self.undefine(&id);
            }
            self.denied.remove(&id);
            self.unassign(&id);
            return self.roles.remove(&id);
        }
        let within = |scope: &String| is_within(scope, &id);
        let before = self.resources.len();
        let assigned = self.assigned.iter().filter(|(_, one)| within(&one.scope)).map(|(id, _)| id);
        let denied = self.denied.iter().filter(|(_, scope)| within(scope)).map(|(id, _)| id);
        let rights: Vec<String> = assigned.chain(denied).cloned().collect();
        for right in &rights {
            self.remove(right);
        }
        self.resources.retain(|scope, _| !within(scope));
        self.network.remove(within);
        self.resources.len() < before || !rights.is_empty()
    }

    /// A resource is there, of which nothing more is told; whether it was not known.
    pub(super) fn is_there(&mut self, id: &str, origin: Origin) -> bool {
        let scope = normal(id);
        let kind = kind_of(&scope);
        // Parts of resources and rights stand for nothing of their own, and deployments are no things.
        let none = kind.starts_with("microsoft.authorization/") || kind.starts_with("microsoft.resources/");
        let is_resource = scope.starts_with("/subscriptions/") && kind.matches('/').count() < 2 && !none;
        is_resource
            && !self.resources.contains_key(&scope)
            && self.take(&Record::of(&json!({"id": id})), origin)
    }

    /// The ids under which a role is assigned to somebody at a scope.
    pub(super) fn same(&self, who: &str, role: &str, scope: &str) -> Vec<String> {
        let ids = self.scopes.get(scope).into_iter().flatten();
        let is_it = |id: &&String| {
            self.assigned.get(*id).is_some_and(|one| one.principal == who && one.role == last(role))
        };
        ids.filter(is_it).cloned().collect()
    }

    /// Lets somebody get something out of a vault that asks its access policies, or no longer; tells whether that is new.
    pub(super) fn open_vault(&mut self, scope: &str, who: &str, kind: &'static str, opens: bool) -> bool {
        let policies = self.resources.get_mut(scope).and_then(|vault| vault.policies.as_mut());
        let policy = (who.to_owned(), kind);
        policies.is_some_and(|all| if opens { all.insert(policy) } else { all.remove(&policy) })
    }

    /// The scopes on which it bears what has this id, besides all that lies in them.
    pub(super) fn bears_on(&self, id: &str) -> BTreeSet<String> {
        let kind = kind_of(id);
        if kind.ends_with("/roledefinitions") {
            let those = self.assigned.values().filter(|one| one.role == last(id));
            return those.map(|one| one.scope.clone()).collect();
        }
        if kind.starts_with("microsoft.authorization/") {
            let assigned = self.assigned.get(id).map(|one| &one.scope);
            return assigned.or(self.denied.get(id)).into_iter().cloned().collect();
        }
        // Those that run as an identity, or put their nodes there.
        let of = self
            .resources
            .iter()
            .filter(|(_, one)| one.assigned.contains_key(id) || one.nodes.as_deref() == Some(id));
        let reached = self.network.bears_on(id);
        of.map(|(scope, _)| scope.clone()).chain(reached).chain([id.to_owned()]).collect()
    }

    /// Everything that is known at a scope or in it; at a management group, all.
    pub(super) fn within(&self, scope: &str) -> BTreeSet<String> {
        if scope == "/" || scope.starts_with(GROUPS) {
            return self.known();
        }
        let from = scope.to_owned()..;
        let scopes = self.scopes.range(from.clone()).map(|(at, _)| at);
        let resources = self.resources.range(from).map(|(at, _)| at);
        let scopes = scopes.take_while(|at| at.starts_with(scope));
        let all = scopes.chain(resources.take_while(|at| at.starts_with(scope)));
        all.filter(|at| is_within(at, scope)).cloned().collect()
    }

    /// All scopes that are known.
    pub(super) fn known(&self) -> BTreeSet<String> {
        let placed = self.above.iter().flat_map(|(below, above)| [below, above]);
        self.scopes.keys().chain(self.resources.keys()).chain(placed).cloned().collect()
    }

    /// Whether something has its own say at a scope.
    pub(super) fn is_known(&self, scope: &str) -> bool {
        self.scopes.contains_key(scope) || self.resources.contains_key(scope)
    }

    fn take_group(&mut self, scope: &str, record: &Record<'_>) {
        let parent = record.at(&["details", "parent", "id"]).or(record.at(&["parent", "id"]));
        if let Some(parent) = parent.map(normal) {
            self.place(scope, &parent);
        }
        for child in record.list("children").filter_map(|child| text(child, "id")) {
            self.place(&normal(child), scope);
        }
    }

    fn place(&mut self, child: &str, parent: &str) {
        self.roles.place(child, parent);
        self.above.insert(child.to_owned(), parent.to_owned());
    }

    /// The name of the node of a scope: as its own record writes it.
    pub(super) fn id<'a>(&'a self, scope: &'a str) -> &'a str {
        self.resources.get(scope).map_or(scope, |resource| &resource.id)
    }

    pub(super) fn parent(&self, scope: &str) -> Option<String> {
        if scope.starts_with(GROUPS) {
            return self.above.get(scope).cloned();
        }
        let parts: Vec<&str> = scope.trim_start_matches('/').split('/').collect();
        let up = |count: usize| Some(format!("/{}", parts.get(..count)?.join("/")));
        match parts.len() {
            0..=1 => None,
            2..=3 => self.above.get(subscription(scope)).cloned(),
            4 => up(2),
            // A resource in a group, a resource of the subscription, a part of another resource.
            8 if parts.get(4) == Some(&"providers") => up(4),
            6 if parts.get(2) == Some(&"providers") => up(2),
            count => up(count - 2),
        }
    }
}

pub(super) fn normal(id: &str) -> String {
    id.trim_end_matches('/').to_lowercase()
}

pub(super) fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// The subscription of a scope.
fn subscription(scope: &str) -> &str {
    let end = scope.match_indices('/').nth(2).map_or(scope.len(), |(at, _)| at);
    scope.get(..end).unwrap_or(scope)
}

/// What kind of thing an id in lower case names: namespace and types of what it ends with.
pub(super) fn kind_of(scope: &str) -> String {
    let Some((_, named)) = scope.rsplit_once("/providers/") else {
        return if scope.contains("/resourcegroups/") { RESOURCE_GROUP } else { SUBSCRIPTION }.to_owned();
    };
    let mut parts = named.split('/');
    let space = parts.next().unwrap_or_default();
    let types = parts.step_by(2);
    types.fold(space.to_owned(), |kind, part| format!("{kind}/{part}"))
}

/// The identity of the record's own: of a user-assigned identity it stands beside the other fields.
fn principal_of(record: &Record<'_>, kind: &str) -> BTreeSet<String> {
    let own = record.at(&["identity", "principalId"]);
    let of_itself = if kind == IDENTITY { record.text("principalId") } else { None };
    own.into_iter().chain(of_itself).map(str::to_lowercase).collect()
}

fn assigned_to(record: &Record<'_>) -> BTreeMap<String, Option<String>> {
    let identity = record.get("identity").and_then(|identity| identity.get("userAssignedIdentities"));
    let all = identity.and_then(Value::as_object).into_iter().flatten();
    all.map(|(id, told)| (normal(id), text(told, "principalId").map(str::to_lowercase))).collect()
}

/// Who may get what by the access policies of a vault.
pub(super) fn policies<'a>(record: &'a Record<'_>) -> impl Iterator<Item = (String, &'static str)> + 'a {
    record
        .list("accessPolicies")
        .filter_map(|policy| Some((text(policy, "objectId")?.to_lowercase(), policy)))
        .flat_map(|(who, policy)| {
            let gets = POLICIES.iter().filter(|(field, _)| gets(policy, field));
            gets.map(move |(_, kind)| (who.clone(), *kind))
        })
}

fn gets(policy: &Value, field: &str) -> bool {
    let granted = policy.get("permissions").and_then(|all| all.get(field)).and_then(Value::as_array);
    let one =
        |one: &Value| one.as_str().is_some_and(|it| ["get", "all"].contains(&it.to_lowercase().as_str()));
    granted.is_some_and(|granted| granted.iter().any(one))
}

/// Whether a scope is another one, or lies in it.
fn is_within(scope: &str, outer: &str) -> bool {
    scope.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn scope_told(scope: &str) -> String {
    match normal(scope) {
        empty if empty.is_empty() => "/".to_owned(),
        scope => scope,
    }
}
