//! Entra: users, groups, applications and their service principals, who holds a role of the directory or a permission of
//! Microsoft Graph.
//!
//! Nodes are objects by their ids in lower case, and the directory itself. Who holds a role that only some may reset the
//! password of is left to those.

use super::azure::Azure;
use super::entra_right::{ACTIONS, Over, PERMISSIONS, ROLES};
use super::record::{Record, text};
use crate::weave::{Origin, Weave};
use homeostat_access::azure::Caller;
use homeostat_access::entra::{Act, Directory};
use std::collections::{BTreeMap, BTreeSet};

/// The directory: whoever gets here governs all that is in it.
const TENANT: &str = "AZTenant";
/// The application that Microsoft Graph is, in every tenant.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What was read of a directory.
#[derive(Clone, Default)]
pub(super) struct Entra {
    rights: Directory,
    objects: BTreeMap<String, Object>,
    /// Who is in which group.
    members: BTreeSet<(String, String)>,
    /// Who owns what.
    owners: BTreeSet<(String, String)>,
    held: BTreeSet<Held>,
    /// Roles of the tenant's own making.
    made: BTreeSet<String>,
}

#[derive(Clone)]
struct Object {
    kind: Kind,
    /// Of an application and its service principals: which application it is.
    app: Option<String>,
    /// Whether the group may hold roles, so that only their administrators change its members.
    holds_roles: bool,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Application,
    ServicePrincipal,
}

/// A role of the directory or a permission of an application that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    who: String,
    right: String,
    /// Where: the directory, an administrative unit, an object; of a permission, whose it is.
    scope: String,
    permission: bool,
}

impl Entra {
    /// Takes a record of Microsoft Graph; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        if let Some(template) = record.text("roleTemplateId").filter(|_| !record.has("principalId")) {
            for member in ids(record, "members") {
                self.hold(&member, template, "/", false);
            }
            return true;
        }
        if record.has("rolePermissions") {
            let read = self.rights.add(&record.value().to_string()).is_ok_and(|added| added.read > 0);
            self.made.extend(record.text("id").filter(|_| read).map(str::to_lowercase));
            return read;
        }
        if let Some(who) = record.text("principalId") {
            return self.take_held(who, record);
        }
        let Some((id, kind)) = record.text("id").map(str::to_lowercase).zip(kind_of(record)) else {
            return false;
        };
        self.members.extend(ids(record, "members").map(|member| (member, id.clone())));
        self.owners.extend(ids(record, "owners").map(|owner| (owner, id.clone())));
        if record.has("appRoles") && kind == Kind::ServicePrincipal {
            drop(self.rights.add(&record.value().to_string()));
        }
        let object = Object {
            kind,
            app: record.text("appId").map(str::to_lowercase),
            holds_roles: record.is_true("isAssignableToRole"),
            origin,
        };
        self.objects.insert(id, object);
        true
    }

    fn take_held(&mut self, who: &str, record: &Record<'_>) -> bool {
        if let Some((of, role)) = record.text("resourceId").zip(record.text("appRoleId")) {
            self.hold(who, role, of, true);
        } else if let Some(role) = record.text("roleDefinitionId").filter(|role| !role.contains('/')) {
            let scope = record.text("directoryScopeId").unwrap_or("/");
            self.hold(who, role, scope, false);
            drop(self.rights.add(&record.value().to_string()));
        } else {
            return false;
        }
        true
    }

    fn hold(&mut self, who: &str, right: &str, scope: &str, permission: bool) {
        let [who, right, scope] = [who, right, scope].map(str::to_lowercase);
        self.held.insert(Held { who, right, scope, permission });
    }

    /// Finds all edges.
    pub(super) fn finish(&self, weave: &mut Weave) {
        if self.objects.is_empty() && self.held.is_empty() {
            return;
        }
        weave.builder.jewel(TENANT);
        for (id, object) in &self.objects {
            weave.at(object.origin);
            weave.edge(TENANT, id, "AZContains");
            if matches!(object.kind, Kind::User | Kind::ServicePrincipal) {
                weave.builder.principal(id);
            }
            let twins = self.of_kind(Kind::ServicePrincipal).filter(|(_, twin)| twin.app == object.app);
            if object.kind == Kind::Application && object.app.is_some() {
                twins.for_each(|(twin, _)| weave.edge(id, twin, "AZRunsAs"));
            }
        }
        self.members.iter().for_each(|(who, group)| weave.edge(who, group, "AZMemberOf"));
        self.owners.iter().for_each(|(who, what)| weave.edge(who, what, "AZOwns"));
        let guarded = self.guarded();
        for held in &self.held {
            self.by_right(weave, held, &guarded);
        }
    }

    fn by_right(&self, weave: &mut Weave, held: &Held, guarded: &BTreeSet<&str>) {
        if held.permission {
            let of = self.objects.get(&held.scope);
            let graph = of.is_none_or(|of| of.app.as_deref() == Some(GRAPH));
            let named = |(id, value, ..): &&(&str, &str, Over, &str)| {
                held.right == *id || held.right.eq_ignore_ascii_case(value)
            };
            for (.., over, kind) in PERMISSIONS.iter().filter(|_| graph).filter(named) {
                self.over(weave, (&held.who, kind), *over, ("/", guarded));
            }
            return;
        }
        for (_, over, kind) in ROLES.iter().filter(|(id, ..)| *id == held.right) {
            self.over(weave, (&held.who, kind), *over, (&held.scope, guarded));
        }
        if self.made.contains(&held.right) {
            self.by_made(weave, &held.who, guarded);
        }
    }

    /// What a role of the tenant's own making gives `who`.
    fn by_made(&self, weave: &mut Weave, who: &str, guarded: &BTreeSet<&str>) {
        let caller = Caller::new(who);
        for (action, over, kind) in ACTIONS {
            for id in self.under(over, guarded) {
                let decision = self.rights.decide(&caller, &Act::on(action, id)).decision;
                if decision.is_possible() {
                    weave.edge_if(who, id, kind, decision.is_allowed());
                }
            }
        }
    }

    /// A right over all of a kind, or over the one object that its scope names.
    fn over(
        &self,
        weave: &mut Weave,
        (who, kind): (&str, &'static str),
        over: Over,
        (scope, guarded): (&str, &BTreeSet<&str>),
    ) {
        let whole = scope == "/";
        if over == Over::Tenant {
            if whole {
                weave.edge(who, TENANT, kind);
            }
            return;
        }
        let object = scope.trim_start_matches('/');
        for id in self.under(over, guarded).filter(|id| whole || *id == object) {
            weave.edge(who, id, kind);
        }
    }

    fn under<'a>(&'a self, over: Over, guarded: &'a BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
        let is_under = move |(id, object): &(&String, &Object)| match over {
            Over::Tenant => false,
            Over::Applications => matches!(object.kind, Kind::Application | Kind::ServicePrincipal),
            Over::Users => object.kind == Kind::User && !guarded.contains(id.as_str()),
            Over::Groups => {
                object.kind == Kind::Group && !object.holds_roles && !guarded.contains(id.as_str())
            }
        };
        self.objects.iter().filter(is_under).map(|(id, _)| id.as_str())
    }

    /// Who holds a role of the directory, also by a group: not everybody resets their passwords.
    fn guarded(&self) -> BTreeSet<&str> {
        let roles = self.held.iter().filter(|held| !held.permission);
        let mut guarded: BTreeSet<&str> = roles.map(|held| held.who.as_str()).collect();
        let groups = guarded.clone();
        let by_group = self.members.iter().filter(|(_, group)| groups.contains(group.as_str()));
        guarded.extend(by_group.map(|(who, _)| who.as_str()));
        guarded
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&String, &Object)> {
        self.objects.iter().filter(move |(_, object)| object.kind == kind)
    }
}

/// An administrator of the directory may give himself access to all that hangs on it: Microsoft Learn, "Elevate access to
/// manage all Azure subscriptions and management groups".
pub(super) fn over_azure(entra: &Entra, azure: &Azure, weave: &mut Weave) {
    if entra.objects.is_empty() && entra.held.is_empty() {
        return;
    }
    azure.roots().into_iter().for_each(|root| weave.edge(TENANT, root, "AZContains"));
}

/// What the record is, by its type or by the fields that only such records have.
fn kind_of(record: &Record<'_>) -> Option<Kind> {
    let told = record.text("@odata.type").and_then(|kind| kind.rsplit_once('.')).map(|(_, kind)| kind);
    let has = |names: &[&str]| names.iter().any(|name| record.has(name));
    match told {
        Some("user") => Some(Kind::User),
        Some("group") => Some(Kind::Group),
        Some("application") => Some(Kind::Application),
        Some("servicePrincipal") => Some(Kind::ServicePrincipal),
        None if has(&["userPrincipalName"]) => Some(Kind::User),
        None if has(&["servicePrincipalType", "appOwnerOrganizationId"]) => Some(Kind::ServicePrincipal),
        None if has(&["appId"]) => Some(Kind::Application),
        None if has(&["securityEnabled", "groupTypes", "mailEnabled"]) => Some(Kind::Group),
        Some(_) | None => None,
    }
}

/// The ids in a list of objects that the record brings along.
fn ids<'a>(record: &'a Record<'_>, field: &'a str) -> impl Iterator<Item = String> + 'a {
    record.list(field).filter_map(|one| text(one, "id")).map(str::to_lowercase)
}
