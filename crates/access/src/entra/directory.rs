//! The role definitions, assignments, permissions and owners of a directory.

use super::permission::{gives, holds};
use super::read::{Object, objects};
use crate::azure::Caller;
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use crate::document::{Added, LIMIT, Misfit};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a directory says of who may what.
///
/// ```
/// use homeostat_access::azure::Caller;
/// use homeostat_access::entra::{Act, Directory};
///
/// let mut directory = Directory::default();
/// directory.add(r#"[
///   {"id": "helpdesk", "rolePermissions": [
///     {"allowedResourceActions": ["microsoft.directory/users/password/update"]}]},
///   {"id": "a1", "principalId": "maya",
///    "roleDefinitionId": "helpdesk", "directoryScopeId": "/administrativeUnits/sales"}]"#)?;
/// directory.place("omar", "sales");
///
/// let reset = |who| Act::on("microsoft.directory/users/password/update", who);
/// assert!(directory.decide(&Caller::new("maya"), &reset("omar")).decision.is_allowed());
/// assert!(!directory.decide(&Caller::new("maya"), &reset("root")).decision.is_possible());
/// # Ok::<(), homeostat_access::Misfit>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Directory {
    definitions: BTreeMap<String, Vec<Permission>>,
    assignments: BTreeMap<String, Assignment>,
    // Which value a permission's id stands for, of which application.
    values: BTreeMap<(String, String), String>,
    granted: BTreeMap<String, Granted>,
    owners: BTreeMap<String, BTreeSet<String>>,
    units: BTreeMap<String, BTreeSet<String>>,
}

/// What a role may, in lower case.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) actions: Vec<String>,
    pub(super) condition: Condition,
}

/// On what a permission of a role rests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    None,
    /// That the caller owns the object.
    Owner,
    /// That the object is the caller itself.
    Itself,
    /// What is not read here.
    Other,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: Arc<str>,
    pub(super) principal: String,
    pub(super) definition: String,
    pub(super) scope: String,
    pub(super) rests_on: Option<&'static str>,
}

/// A permission of an application that somebody was granted.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) name: Arc<str>,
    pub(super) principal: String,
    pub(super) of: String,
    pub(super) permission: String,
}

/// What is asked of the directory: an action, in the tenant or on an object.
#[derive(Clone, PartialEq, Eq)]
pub struct Act {
    action: String,
    object: Option<String>,
}

impl Act {
    /// `action` on the object of this id.
    pub fn on(action: &str, object: &str) -> Self {
        Self { action: action.to_lowercase(), object: Some(object.to_lowercase()) }
    }

    /// `action` in the whole tenant, such as creating something or reaching every object.
    pub fn in_tenant(action: &str) -> Self {
        Self { action: action.to_lowercase(), object: None }
    }
}

impl fmt::Debug for Act {
    /// Shows whether it is on an object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Act({})", if self.object.is_some() { "on an object" } else { "in the tenant" })
    }
}

/// What the owner of an application, its service principal or a group may do to it.
///
/// Microsoft Learn, "Default user permissions in Microsoft Entra ID", section "Object ownership".
const OF_OWNERS: [&str; 3] = [
    "microsoft.directory/applications/allproperties/alltasks",
    "microsoft.directory/serviceprincipals/allproperties/alltasks",
    "microsoft.directory/groups/allproperties/alltasks",
];

impl Directory {
    /// The longest document that is read, in bytes. Larger lists come from the API in pages.
    pub const LIMIT: usize = LIMIT;

    /// Reads role definitions, role assignments and eligibilities, service principals with their `appRoles`, and
    /// assignments of those: one object, an array, or a list in `value`. Types are told by `@odata.type`, or by the
    /// fields that only they have; others are left aside and counted.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the document as a whole can not be read. Nothing is added then. Single objects that can not be
    /// read are told in [`Added::bad`].
    pub fn add(&mut self, json: &str) -> Result<Added, Misfit> {
        let (all, added) = objects(json)?;
        for object in all {
            match object {
                Object::Definition(id, permissions) => {
                    self.definitions.insert(id, permissions);
                }
                Object::Assignment(id, assignment) => {
                    self.assignments.insert(id, assignment);
                }
                Object::Granted(id, granted) => {
                    self.granted.insert(id, granted);
                }
                Object::Values(of, values) => {
                    self.values.extend(values.into_iter().map(|(id, value)| ((of.clone(), id), value)));
                }
            }
        }
        Ok(added)
    }

    /// Takes the role assignment or the eligibility of this id away. Whether there was one.
    pub fn remove_assignment(&mut self, id: &str) -> bool {
        self.assignments.remove(&id.to_lowercase()).is_some()
    }

    /// States that `object` belongs to `owner`; both by id.
    pub fn own(&mut self, object: &str, owner: &str) {
        self.owners.entry(object.to_lowercase()).or_default().insert(owner.to_lowercase());
    }

    /// States that the object `member` lies in the administrative unit `unit`; both by id.
    pub fn place(&mut self, member: &str, unit: &str) {
        self.units.entry(member.to_lowercase()).or_default().insert(unit.to_lowercase());
    }

    /// May `caller` do this, by a role, as an owner or by a permission of Microsoft Graph?
    pub fn decide(&self, caller: &Caller, act: &Act) -> Answer {
        let roles = self.assignments.values().filter_map(|one| self.grants(one, caller, act));
        let owned = self.owned(caller, act).map(|because| (Vec::new(), because));
        let permitted = self.permitted(caller, act).map(|because| (Vec::new(), because));
        match roles.chain(owned).chain(permitted).min_by_key(|(open, _)| open.len()) {
            Some((open, because)) if open.is_empty() => {
                Answer { decision: Decision::Allowed, because: vec![because] }
            }
            Some((open, because)) => {
                Answer { decision: Decision::AllowedIf(Residual(open)), because: vec![because] }
            }
            None => {
                let because = Because {
                    gate: Gate::Assignment,
                    policy: "".into(),
                    statement: None,
                    says: Says::Nothing,
                };
                Answer { decision: Decision::ImplicitlyDenied, because: vec![because] }
            }
        }
    }

    /// The permissions of applications that `caller` was granted, by their values; those whose application is not read
    /// by their ids.
    pub fn permissions_of<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = &'a str> {
        self.held(caller).map(|(_, value)| value)
    }

    fn held<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = (&'a Granted, &'a str)> {
        let own = self.granted.values().filter(|one| caller.is(&one.principal));
        own.map(|one| {
            let value = self.values.get(&(one.of.clone(), one.permission.clone()));
            (one, value.map_or(one.permission.as_str(), String::as_str))
        })
    }

    fn permitted(&self, caller: &Caller, act: &Act) -> Option<Because> {
        let (granted, _) =
            self.held(caller).find(|(_, value)| gives(std::iter::once(*value), &act.action).is_some())?;
        Some(said(&granted.name, None))
    }

    fn owned(&self, caller: &Caller, act: &Act) -> Option<Because> {
        let is_own = self.owns(caller, act) && OF_OWNERS.iter().any(|pattern| holds(pattern, &act.action));
        is_own.then(|| said(&"owner".into(), None))
    }

    fn owns(&self, caller: &Caller, act: &Act) -> bool {
        let owners = act.object.as_ref().and_then(|object| self.owners.get(object));
        owners.is_some_and(|owners| owners.iter().any(|owner| caller.is(owner)))
    }

    fn grants(&self, one: &Assignment, caller: &Caller, act: &Act) -> Option<(Vec<Open>, Because)> {
        if !caller.is(&one.principal) || !self.reaches(&one.scope, act) {
            return None;
        }
        let (statement, mut keys) = match self.definitions.get(&one.definition) {
            // What the role may is not told.
            None => (0, vec!["roleDefinition"]),
            Some(all) => {
                let held = all.iter().enumerate().filter_map(|(at, permission)| {
                    permission.actions.iter().any(|own| holds(own, &act.action)).then_some(())?;
                    Some((at, self.meets(permission.condition, caller, act)?))
                });
                held.min_by_key(|(_, keys)| keys.len())?
            }
        };
        keys.extend(one.rests_on);
        let open = |key: &'static str| Open {
            policy: one.name.clone(),
            statement,
            key: key.into(),
            wanted: Wanted::Holds,
        };
        Some((keys.into_iter().map(open).collect(), said(&one.name, Some(statement))))
    }

    /// On what the condition still rests; `None` when it does not hold.
    fn meets(&self, condition: Condition, caller: &Caller, act: &Act) -> Option<Vec<&'static str>> {
        let holds = match condition {
            Condition::None => true,
            Condition::Owner => self.owns(caller, act),
            Condition::Itself => act.object.as_ref().is_some_and(|object| caller.is(object)),
            Condition::Other => return Some(vec!["condition"]),
        };
        holds.then(Vec::new)
    }

    /// Whether a role at `scope` reaches what is asked about.
    fn reaches(&self, scope: &str, act: &Act) -> bool {
        let Some(object) = &act.object else { return scope == "/" };
        match scope.strip_prefix("/administrativeunits/") {
            Some(unit) => self.units.get(object).is_some_and(|units| units.contains(unit)),
            None => scope == "/" || scope.strip_prefix('/') == Some(object),
        }
    }
}

impl fmt::Debug for Directory {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("definitions", &self.definitions.len())
            .field("assignments", &self.assignments.len())
            .field("granted", &self.granted.len())
            .finish_non_exhaustive()
    }
}

fn said(name: &Arc<str>, statement: Option<usize>) -> Because {
    Because { gate: Gate::Assignment, policy: name.clone(), statement, says: Says::Allow }
}
