//! Entra: users, groups, applications and their service principals, who holds a role of the directory or a permission of
//! Microsoft Graph.
//!
//! Nodes are objects by their ids in lower case, and the directory itself.

use super::entra_way::GRAPH;
use super::record::{Record, text};
use crate::weave::Origin;
use homeostat_access::entra::Directory;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What was read of a directory.
#[derive(Clone, Default)]
pub(super) struct Entra {
    pub(super) rights: Directory,
    pub(super) objects: BTreeMap<String, Object>,
    /// What ties whom to an object.
    pub(super) ties: BTreeMap<String, BTreeMap<(Tie, String), Origin>>,
    pub(super) held: BTreeMap<Held, Told>,
    /// Roles of the tenant's own making.
    pub(super) made: BTreeSet<String>,
    /// Of which template the directory's roles are, by their ids.
    templates: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// Of an application and its service principals: which application it is.
    pub(super) app: Option<String>,
    /// Whether the group may hold roles, so that only their administrators change its members.
    pub(super) holds_roles: bool,
    /// Whether nobody can sign in as it.
    pub(super) is_off: bool,
    pub(super) origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    Application,
    ServicePrincipal,
}

/// What ties somebody to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    Member,
    Owner,
    /// He added a secret of this name to it.
    Secret(String),
}

/// A role of the directory or a permission of an application that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) who: String,
    pub(super) right: String,
    /// Where: the directory, an administrative unit, an object; of a permission, whose it is.
    pub(super) scope: String,
    pub(super) holding: Holding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holding {
    Role,
    /// A role that must be activated first.
    Eligible,
    Permission,
}

/// Which records say that something is held, and where the first stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    ids: BTreeSet<String>,
    pub(super) origin: Origin,
}

impl Entra {
    /// Takes a record of Microsoft Graph; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        if let Some(template) = record.text("roleTemplateId").filter(|_| !record.has("principalId")) {
            let id = record.text("id").map(str::to_lowercase);
            self.templates.extend(id.map(|id| (id, template.to_lowercase())));
            for member in ids(record, "members") {
                self.hold(Held::new([&member, template, "/"], Holding::Role), None, origin);
            }
            return true;
        }
        if record.has("rolePermissions") {
            let read = self.rights.add(&record.value().to_string()).is_ok_and(|added| added.read > 0);
            self.made.extend(record.text("id").filter(|_| read).map(str::to_lowercase));
            return read;
        }
        if let Some(who) = record.text("principalId") {
            return self.take_held(who, record, origin);
        }
        let Some((id, kind)) = record.text("id").map(str::to_lowercase).zip(kind_of(record)) else {
            return false;
        };
        for (list, tie) in [("members", Tie::Member), ("owners", Tie::Owner)] {
            for who in ids(record, list) {
                self.tie(&who, tie.clone(), &id, origin);
            }
        }
        if record.has("appRoles") && kind == Kind::ServicePrincipal {
            drop(self.rights.add(&record.value().to_string()));
        }
        let object = Object {
            kind,
            app: record.text("appId").map(str::to_lowercase),
            holds_roles: record.is_true("isAssignableToRole"),
            is_off: record.get("accountEnabled").and_then(serde_json::Value::as_bool) == Some(false),
            origin,
        };
        self.objects.insert(id, object);
        true
    }

    fn take_held(&mut self, who: &str, record: &Record<'_>, origin: Origin) -> bool {
        if let Some((of, role)) = record.text("resourceId").zip(record.text("appRoleId")) {
            self.hold(Held::new([who, role, of], Holding::Permission), None, origin);
        } else if let Some(role) = record.text("roleDefinitionId").filter(|role| !role.contains('/')) {
            let eligible = record.text("@odata.type").is_some_and(|kind| kind.contains("Eligib"));
            let scope = record.text("directoryScopeId").unwrap_or("/");
            let holding = if eligible { Holding::Eligible } else { Holding::Role };
            self.hold(Held::new([who, role, scope], holding), record.text("id"), origin);
            self.fill_role(role);
            drop(self.rights.add(&record.value().to_string()));
        } else {
            return false;
        }
        true
    }

    fn hold(&mut self, held: Held, id: Option<&str>, origin: Origin) -> bool {
        let is_new = !self.held.contains_key(&held);
        let told = self.held.entry(held).or_insert_with(|| Told { origin, ids: BTreeSet::new() });
        told.ids.extend(id.map(str::to_lowercase));
        is_new
    }

    /// Says of a role that no document describes that it gives nothing besides what such a role is known to give.
    fn fill_role(&mut self, role: &str) {
        let role = role.to_lowercase();
        if !self.made.contains(&role) {
            drop(self.rights.add(&json!({"id": role, "rolePermissions": []}).to_string()));
        }
    }

    /// Somebody holds a role or a permission, as an event says; tells whether that is new.
    pub(super) fn grant(&mut self, held: Held, origin: Origin) -> bool {
        let id = format!("{} {} {}", held.who, held.right, held.scope);
        let kind = match held.holding {
            Holding::Permission => return self.hold(held, None, origin),
            Holding::Role => "#microsoft.graph.unifiedRoleAssignment",
            Holding::Eligible => "#microsoft.graph.unifiedRoleEligibilityScheduleInstance",
        };
        if self.held.contains_key(&held) {
            return false;
        }
        let record = json!({"@odata.type": kind, "id": id, "principalId": held.who,
            "roleDefinitionId": held.right, "directoryScopeId": held.scope});
        self.fill_role(&held.right);
        drop(self.rights.add(&record.to_string()));
        self.hold(held, Some(&id), origin)
    }

    /// Somebody holds it no more; tells whether he did.
    pub(super) fn revoke(&mut self, held: &Held) -> bool {
        let told = self.held.remove(held);
        for id in told.iter().flat_map(|told| &told.ids) {
            self.rights.remove_assignment(id);
        }
        told.is_some()
    }

    /// Ties somebody to an object; tells whether that is new.
    pub(super) fn tie(&mut self, who: &str, tie: Tie, to: &str, origin: Origin) -> bool {
        let ties = self.ties.entry(to.to_owned()).or_default();
        let is_new = !ties.contains_key(&(tie.clone(), who.to_owned()));
        ties.entry((tie, who.to_owned())).or_insert(origin);
        is_new
    }

    /// Hands ties to an application that is named by what it is to others to the object that it is.
    pub(super) fn settle(&mut self) {
        let named =
            self.of_kind(Kind::Application).filter_map(|(id, object)| Some((id, object.app.as_ref()?)));
        let named = named.filter(|(_, app)| self.ties.contains_key(*app) && !self.objects.contains_key(*app));
        let named: Vec<(String, String)> = named.map(|(id, app)| (id.clone(), app.clone())).collect();
        for (id, app) in named {
            let ties = self.ties.remove(&app).unwrap_or_default();
            self.ties.entry(id).or_default().extend(ties);
        }
    }

    /// Takes a tie away; tells whether there was one. Whoever added a secret, it is gone.
    pub(super) fn untie(&mut self, who: &str, tie: &Tie, to: &str) -> bool {
        let Some(ties) = self.ties.get_mut(to) else { return false };
        let before = ties.len();
        let secret = matches!(tie, Tie::Secret(_));
        ties.retain(|(known, other), _| known != tie || !(secret || other == who));
        let is_gone = ties.len() < before;
        if ties.is_empty() {
            self.ties.remove(to);
        }
        is_gone
    }

    /// Takes an object away with all that ties it to others and that it holds; tells whether anything was known of it.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let of = |held: &Held| held.holding == Holding::Permission && held.scope == id;
        let held: Vec<Held> = self.held.keys().filter(|held| held.who == id || of(held)).cloned().collect();
        for held in &held {
            self.revoke(held);
        }
        let tied = self.tied(id);
        for to in &tied {
            self.ties.entry(to.clone()).or_default().retain(|(_, who), _| who != id);
        }
        self.ties.retain(|_, ties| !ties.is_empty());
        let is_known = self.objects.remove(id).is_some() | self.ties.remove(id).is_some();
        is_known || !held.is_empty() || !tied.is_empty()
    }

    /// The objects to which somebody is tied. O(ties).
    fn tied(&self, who: &str) -> BTreeSet<String> {
        let tied = self.ties.iter().filter(|(_, ties)| ties.keys().any(|(_, other)| other == who));
        tied.map(|(to, _)| to.clone()).collect()
    }

    /// The objects on which it bears what becomes of one: itself, those it is tied to, applications that run as it.
    pub(super) fn bears_on(&self, id: &str) -> BTreeSet<String> {
        let app = self.objects.get(id).and_then(|object| object.app.as_ref());
        let twins =
            self.of_kind(Kind::Application).filter(|(_, twin)| app.is_some() && twin.app.as_ref() == app);
        let twins = twins.map(|(id, _)| id.clone());
        self.tied(id).into_iter().chain(twins).chain([id.to_owned()]).collect()
    }

    /// Lets an account sign in or not; tells whether that is new. Of one that is not known it is not.
    pub(super) fn switch(&mut self, id: &str, on: bool) -> bool {
        let object = self.objects.get_mut(id);
        object.is_some_and(|object| std::mem::replace(&mut object.is_off, !on) == on)
    }

    /// The template of a role of the directory; the role itself when it is none, or one that nobody told.
    pub(super) fn template<'a>(&'a self, role: &'a str) -> &'a str {
        self.templates.get(role).map_or(role, String::as_str)
    }

    /// Whether there is no directory.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.held.is_empty()
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&String, &Object)> {
        self.objects.iter().filter(move |(_, object)| object.kind == kind)
    }

    /// Whether a permission of this application is one of Microsoft Graph's; of one that nobody described it may be.
    pub(super) fn is_graph(&self, of: &str) -> bool {
        self.objects.get(of).is_none_or(|of| of.app.as_deref() == Some(GRAPH))
    }
}

impl Held {
    pub(super) fn new(told: [&str; 3], holding: Holding) -> Self {
        let [who, right, scope] = told.map(str::to_lowercase);
        Self { who, right, scope, holding }
    }
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
