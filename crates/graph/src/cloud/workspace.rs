//! Google Workspace: users, groups with their members, and who administers it.
//!
//! Admin SDK Directory API and Cloud Identity API. Nodes have the names that policies of Google Cloud give their members:
//! `user:`, `group:` and the address.

use super::record::{Record, text};
use crate::weave::{Origin, Weave};
use std::collections::{BTreeMap, BTreeSet};

/// Who governs the accounts of a domain.
const ADMINISTRATION: &str = "Google Workspace";

/// What was read of a Workspace.
#[derive(Clone, Default)]
pub(super) struct Workspace {
    users: BTreeMap<String, User>,
    /// Groups, by every name that documents give them, to their addresses.
    groups: BTreeMap<String, String>,
    members: Vec<Member>,
    /// Roles by their ids, and whether they govern all.
    roles: BTreeMap<String, Role>,
    assigned: Vec<(String, String, Origin)>,
}

#[derive(Clone)]
struct User {
    id: String,
    governs: bool,
    origin: Origin,
}

/// What a role of administration lets do with accounts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Governs,
    ResetsPasswords,
    Neither,
}

/// Somebody in a group, by any of its names.
#[derive(Clone)]
struct Member {
    group: String,
    who: String,
    manages: bool,
    origin: Origin,
}

impl Workspace {
    /// Takes a record of a Workspace, of a list that stands `under` a name; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, under: &str, origin: Origin) -> bool {
        let key = record.at(&["preferredMemberKey", "id"]);
        if let Some(email) = record.text("primaryEmail") {
            self.take_user(email, record, origin);
        } else if let Some(name) = record.at(&["groupKey", "id"]) {
            self.groups.extend(record.text("name").map(|own| (own.to_lowercase(), name.to_lowercase())));
            self.take_members(record, name, origin);
        } else if record.text("kind") == Some("admin#directory#group") {
            let Some(email) = record.text("email") else { return false };
            self.groups.extend(record.text("id").map(|id| (id.to_lowercase(), email.to_lowercase())));
            self.take_members(record, email, origin);
        } else if let Some(group) = record.text("group").filter(|_| record.has("members")) {
            self.take_members(record, group, origin);
        } else if let Some(role) = record.text("roleId").filter(|_| !record.has("assignedTo")) {
            self.roles.insert(role.to_owned(), role_of(record));
        } else if let Some((who, role)) = record.text("assignedTo").zip(record.text("roleId")) {
            self.assigned.push((who.to_owned(), role.to_owned(), origin));
        } else if let (Some(who), true) = (key.or(record.text("email")), is_group(under)) {
            self.members.push(member(record, (under, who), origin));
        } else {
            return false;
        }
        true
    }

    fn take_user(&mut self, email: &str, record: &Record<'_>, origin: Origin) {
        let off = record.is_true("suspended") || record.is_true("archived");
        let id = record.text("id").unwrap_or_default().to_owned();
        let user = User { id, governs: record.is_true("isAdmin") && !off, origin };
        self.users.insert(email.to_lowercase(), user);
    }

    /// The members that a record of a group brings along.
    fn take_members(&mut self, record: &Record<'_>, group: &str, origin: Origin) {
        self.groups.entry(group.to_lowercase()).or_insert_with(|| group.to_lowercase());
        for one in record.list("members").chain(record.list("memberships")) {
            let one = Record::of(one);
            let Some(who) = one.at(&["preferredMemberKey", "id"]).or(one.text("email")) else { continue };
            self.members.push(member(&one, (group, who), origin));
        }
    }

    /// The addresses of all users.
    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Whether `address` is that of a group.
    fn is_group(&self, address: &str) -> bool {
        self.groups.values().any(|group| group == address)
    }

    /// The groups that somebody is in, also by other groups, by their addresses.
    pub(super) fn groups_of(&self, address: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![address];
        while let Some(who) = open.pop() {
            for member in self.members.iter().filter(|member| member.who == who) {
                let group = self.address(&member.group);
                if found.insert(group) {
                    open.push(group);
                }
            }
        }
        found
    }

    /// The address of a group, whatever it is called.
    fn address<'a>(&'a self, group: &'a str) -> &'a str {
        self.groups.get(group).map_or(group, String::as_str)
    }

    /// Finds all edges.
    pub(super) fn finish(&self, weave: &mut Weave<'_>) {
        for (email, user) in &self.users {
            let node = format!("user:{email}");
            weave.at(user.origin);
            weave.principal(&node);
            weave.jewel(ADMINISTRATION);
            weave.edge(ADMINISTRATION, &node, "Contains");
            if user.governs {
                weave.edge(&node, ADMINISTRATION, "SuperAdmin");
            }
        }
        for member in &self.members {
            let group = format!("group:{}", self.address(&member.group));
            let kind = if self.is_group(&member.who) { "group" } else { "user" };
            let kind = if member.who.ends_with(".gserviceaccount.com") { "serviceAccount" } else { kind };
            let who = format!("{kind}:{}", member.who);
            weave.at(member.origin);
            weave.edge(&who, &group, "MemberOf");
            if member.manages {
                weave.edge(&who, &group, "AddMember");
            }
        }
        self.by_roles(weave);
    }

    fn by_roles(&self, weave: &mut Weave<'_>) {
        let named = |id: &str| self.users.iter().find(|(_, user)| user.id == id).map(|(email, _)| email);
        for (who, role, origin) in &self.assigned {
            let Some(email) = named(who) else { continue };
            let node = format!("user:{email}");
            weave.at(*origin);
            match self.roles.get(role) {
                Some(Role::Governs) => weave.edge(&node, ADMINISTRATION, "SuperAdmin"),
                Some(Role::ResetsPasswords) => {
                    // Not of those who govern: they alone may.
                    for (other, _) in self.users.iter().filter(|(_, user)| !user.governs) {
                        weave.edge(&node, &format!("user:{other}"), "ResetPassword");
                    }
                }
                Some(Role::Neither) | None => {}
            }
        }
    }
}

fn member(record: &Record<'_>, (group, who): (&str, &str), origin: Origin) -> Member {
    let manages = |role: &str| ["OWNER", "MANAGER"].contains(&role);
    let plain = record.text("role").is_some_and(manages);
    let several = record.list("roles").filter_map(|role| text(role, "name")).any(manages);
    Member { group: group.to_lowercase(), who: who.to_lowercase(), manages: plain || several, origin }
}

/// What a role's privileges come to.
fn role_of(record: &Record<'_>) -> Role {
    let privileges = || record.list("rolePrivileges").filter_map(|one| text(one, "privilegeName"));
    let resets = |name: &str| {
        ["USERS_ALL", "USERS_UPDATE", "USERS_RESET_PASSWORD", "USER_SECURITY_ALL"].contains(&name)
    };
    if record.is_true("isSuperAdminRole") || privileges().any(|name| name == "SUPER_ADMIN") {
        Role::Governs
    } else if privileges().any(resets) {
        Role::ResetsPasswords
    } else {
        Role::Neither
    }
}

/// Whether a name is that of a group: an address, or a name of Cloud Identity.
fn is_group(name: &str) -> bool {
    name.starts_with("groups/") || (name.contains('@') && !name.contains('/'))
}
