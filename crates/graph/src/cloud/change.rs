//! What changes in clouds: what it does to what was read, and on what it bears.

use super::azure::normal;
use super::entra::{Held, Holding, Tie};
use super::live::Unit;
use super::record::Record;
use super::{CloudDump, is_azure};
use crate::Evidence;
use crate::weave::Origin;
use core::fmt;
use homeostat_core::{Position, TenantId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Something that changed in Azure, Entra or Google Cloud.
#[derive(Clone, PartialEq)]
pub struct CloudChange {
    /// Whose estate.
    pub tenant: TenantId,
    /// When it changed. What comes after a later change of the same is late, and changes nothing.
    pub at: Timestamp,
    /// Where in the log the change stands, when it comes from one; a position is applied once.
    pub position: Option<Position>,
    /// What says so.
    pub evidence: Evidence,
    /// What changed.
    pub op: CloudOp,
}

/// What changed. Objects are named by their ids: of Azure by paths, of Entra by object
/// ids, both in any case, of Google Cloud by full names.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloudOp {
    /// The object is so now.
    Put {
        /// Its record, as the provider's API gives it: JSON text.
        record: String,
    },
    /// The object is gone, with what lies in it, what it is tied to and what it holds.
    Remove {
        /// Its id.
        id: String,
    },
    /// Somebody is tied to something.
    Link {
        /// Who.
        from: String,
        /// How.
        tie: CloudTie,
        /// To what.
        to: String,
    },
    /// Somebody is no longer tied to something.
    Unlink {
        /// Who was.
        from: String,
        /// How.
        tie: CloudTie,
        /// To what.
        to: String,
    },
    /// An account of Entra may sign in from now on, or no longer.
    Switch {
        /// Its id.
        id: String,
        /// Whether it may.
        on: bool,
    },
    /// Something changed on the object, the change does not say to what. A resource that was not known is there.
    Stale {
        /// Its id.
        id: String,
    },
}

/// What ties somebody to something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CloudTie {
    /// He is in the group.
    MemberOf,
    /// He owns the group, the application or the service principal.
    Owns,
    /// He added the secret of this name to the application or the service principal.
    AddedSecret(String),
    /// He is assigned the role of Azure, by the id of its definition, at the scope.
    Role(String),
    /// He holds the role of the directory, by the id of its template or its own, at `/` or at one object.
    DirectoryRole {
        /// Which role.
        role: String,
        /// Whether he must activate it first.
        eligible: bool,
    },
    /// He was granted the permission, by its id or value, of the application that the service principal stands for.
    Permission(String),
    /// The access policies of the vault let him get this.
    Gets(VaultContent),
    /// The allow policy of the resource of Google Cloud binds him to the role, without a condition.
    Binding(String),
}

/// What lies in a vault of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VaultContent {
    /// Secrets.
    Secrets,
    /// Keys.
    Keys,
    /// Certificates.
    Certificates,
}

impl VaultContent {
    /// All there is.
    pub const ALL: [Self; 3] = [Self::Secrets, Self::Keys, Self::Certificates];

    fn edge(self) -> &'static str {
        match self {
            Self::Secrets => "AZGetSecrets",
            Self::Keys => "AZGetKeys",
            Self::Certificates => "AZGetCertificates",
        }
    }
}

impl CloudOp {
    /// What the change is about, so that a later one about the same takes its place.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Put { record } => id_of(record).unwrap_or_default(),
            Self::Remove { id } => id.to_lowercase(),
            Self::Link { from, tie, to } | Self::Unlink { from, tie, to } => {
                format!("{} {tie:?} {}", from.to_lowercase(), to.to_lowercase())
            }
            Self::Switch { id, .. } => format!("{} switch", id.to_lowercase()),
            Self::Stale { id } => format!("{} stale", id.to_lowercase()),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Remove { .. } => "remove",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::Switch { .. } => "switch",
            Self::Stale { .. } => "stale",
        }
    }
}

impl fmt::Debug for CloudOp {
    /// Shows what is done, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for CloudChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudChange({:?} at {} by {})", self.op, self.at, self.evidence)
    }
}

impl CloudDump {
    /// On what the change bears, as things are; asked before and after it.
    pub(super) fn bears_on(&self, op: &CloudOp) -> BTreeSet<Unit> {
        match op {
            CloudOp::Put { record } => id_of(record).map(|id| self.about(&id)).unwrap_or_default(),
            CloudOp::Remove { id } | CloudOp::Stale { id } | CloudOp::Switch { id, .. } => self.about(id),
            CloudOp::Link { tie, to, .. } | CloudOp::Unlink { tie, to, .. } => match tie {
                CloudTie::MemberOf | CloudTie::Owns | CloudTie::AddedSecret(_) => {
                    [Unit::Object(to.to_lowercase())].into()
                }
                CloudTie::Role(_) => self.azure.within(&scope(to)).into_iter().map(Unit::Scope).collect(),
                CloudTie::Gets(_) => [Unit::Scope(scope(to))].into(),
                CloudTie::Binding(_) => [Unit::Google].into(),
                // Those are found by what becomes of the rights of all.
                CloudTie::DirectoryRole { .. } | CloudTie::Permission(_) => BTreeSet::new(),
            },
        }
    }

    fn about(&self, id: &str) -> BTreeSet<Unit> {
        if !is_azure(id) {
            return self.entra.bears_on(&id.to_lowercase()).into_iter().map(Unit::Object).collect();
        }
        let scopes = self.azure.bears_on(&normal(id)).into_iter();
        let within = scopes.flat_map(|scope| self.azure.within(&scope).into_iter().chain([scope]));
        within.map(Unit::Scope).collect()
    }

    /// Takes the change in; tells whether it is one.
    pub(super) fn learn(&mut self, op: &CloudOp, origin: Origin) -> bool {
        match op {
            CloudOp::Put { record } => self.put(record, origin),
            CloudOp::Remove { id } if is_azure(id) => self.azure.remove(id),
            CloudOp::Remove { id } => self.entra.remove(&id.to_lowercase()),
            CloudOp::Link { from, tie: CloudTie::Binding(role), to } => {
                self.google.bind(to, (role, from), true, origin)
            }
            CloudOp::Unlink { from, tie: CloudTie::Binding(role), to } => {
                self.google.bind(to, (role, from), false, origin)
            }
            CloudOp::Link { from, tie, to } => self.link([from, to].map(|id| id.to_lowercase()), tie, origin),
            CloudOp::Unlink { from, tie, to } => self.unlink([from, to].map(|id| id.to_lowercase()), tie),
            CloudOp::Switch { id, on } => self.entra.switch(&id.to_lowercase(), *on),
            CloudOp::Stale { id } => self.azure.is_there(id, origin),
        }
    }

    /// Whether something is known of what has this id.
    pub(super) fn knows(&self, id: &str) -> bool {
        id == "/" || self.azure.is_known(id) || self.entra.objects.contains_key(id) || self.google.knows(id)
    }

    fn put(&mut self, record: &str, origin: Origin) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(record) else { return false };
        self.take_record(&Record::of(&value), origin)
    }

    fn link(&mut self, [from, to]: [String; 2], tie: &CloudTie, origin: Origin) -> bool {
        match tie {
            CloudTie::Role(role) => {
                let scope = scope(&to);
                if !self.azure.same(&from, role, &scope).is_empty() {
                    return false;
                }
                let id = format!("/providers/microsoft.authorization/roleassignments/{from}-{role}");
                let record = json!({"id": format!("{}{id}", scope.trim_end_matches('/')), "principalId": from,
                    "roleDefinitionId": role, "scope": scope});
                self.azure.take(&Record::of(&record), origin)
            }
            CloudTie::Gets(what) => self.azure.open_vault(&scope(&to), &from, what.edge(), true),
            _ => match self.holding(&from, tie, &to) {
                Some(held) => self.entra.grant(held, origin),
                None => own_tie(tie).is_some_and(|tie| self.entra.tie(&from, tie, &to, origin)),
            },
        }
    }

    fn unlink(&mut self, [from, to]: [String; 2], tie: &CloudTie) -> bool {
        match tie {
            CloudTie::Role(role) => {
                let same = self.azure.same(&from, &role.to_lowercase(), &scope(&to));
                same.iter().filter(|id| self.azure.remove(id)).count() > 0
            }
            CloudTie::Gets(what) => self.azure.open_vault(&scope(&to), &from, what.edge(), false),
            _ => match self.holding(&from, tie, &to) {
                Some(held) => self.entra.revoke(&held),
                None => own_tie(tie).is_some_and(|tie| self.entra.untie(&from, &tie, &to)),
            },
        }
    }

    /// Takes a record of Azure or Entra.
    pub(super) fn take_record(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        self.azure.take(record, origin) || self.entra.take(record, origin)
    }

    /// What somebody holds by such a tie.
    fn holding(&self, who: &str, tie: &CloudTie, at: &str) -> Option<Held> {
        let (right, holding) = match tie {
            CloudTie::DirectoryRole { role, eligible } => {
                let role = role.to_lowercase();
                let holding = if *eligible { Holding::Eligible } else { Holding::Role };
                (self.entra.template(&role).to_owned(), holding)
            }
            CloudTie::Permission(permission) => (permission.to_lowercase(), Holding::Permission),
            _ => return None,
        };
        Some(Held::new([who, &right, at], holding))
    }
}

/// The tie between objects of a directory.
fn own_tie(tie: &CloudTie) -> Option<Tie> {
    Some(match tie {
        CloudTie::MemberOf => Tie::Member,
        CloudTie::Owns => Tie::Owner,
        CloudTie::AddedSecret(name) => Tie::Secret(name.clone()),
        _ => return None,
    })
}

/// A scope as it is compared.
fn scope(id: &str) -> String {
    match normal(id) {
        root if root.is_empty() => "/".to_owned(),
        scope => scope,
    }
}

/// The id of a record.
pub(super) fn id_of(record: &str) -> Option<String> {
    let value: Value = serde_json::from_str(record).ok()?;
    Some(value.get("id")?.as_str()?.to_lowercase())
}
