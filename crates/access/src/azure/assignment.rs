//! Role and deny assignments, and what they come to.

use super::read::{Object, objects};
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use crate::document::{Added, LIMIT, Misfit};
use crate::star;
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The id that stands for everybody in deny assignments.
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

/// The role definitions, role assignments and deny assignments of a tenant.
///
/// ```
/// use homeostat_access::azure::{Caller, Operation, Roles};
///
/// let mut roles = Roles::default();
/// roles.add(r#"{"value": [
///   {"type": "Microsoft.Authorization/roleDefinitions", "name": "r1", "id": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r1",
///    "properties": {"roleName": "Reader", "permissions": [{"actions": ["*/read"], "notActions": []}]}},
///   {"type": "Microsoft.Authorization/roleAssignments", "name": "a1", "properties": {
///     "scope": "/subscriptions/s/resourceGroups/web", "principalId": "maya",
///     "roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r1"}}]}"#)?;
///
/// let vm = "/subscriptions/s/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm1";
/// let read = Operation::control("Microsoft.Compute/virtualMachines/read", vm);
/// let answer = roles.decide(&Caller::new("maya"), &read);
/// assert!(answer.decision.is_allowed());
/// assert_eq!(answer.because[0].to_string(), "role assignment `a1`, statement 0, allows");
/// # Ok::<(), homeostat_access::Misfit>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Roles {
    definitions: BTreeMap<String, Vec<Permission>>,
    // By whose they are, then by their ids.
    assignments: BTreeMap<String, BTreeMap<String, Assignment>>,
    // INVARIANT: whose each assignment is, by its id.
    whose: BTreeMap<String, String>,
    denials: BTreeMap<String, Denial>,
    // Scope to the management group above it, all in lower case.
    above: BTreeMap<String, String>,
}

/// What a role may or a denial forbids: some patterns, less others. In lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) actions: Vec<String>,
    pub(super) not_actions: Vec<String>,
    pub(super) data_actions: Vec<String>,
    pub(super) not_data_actions: Vec<String>,
    /// Some roles let their holder assign only some roles, by a condition of their own.
    pub(super) rests_on: Option<&'static str>,
}

/// A role for somebody at a scope.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: Arc<str>,
    pub(super) principal: String,
    pub(super) definition: String,
    pub(super) scope: String,
    /// On what it rests besides: a condition, or that it is activated first.
    pub(super) rests_on: Option<&'static str>,
}

/// What is forbidden to some at a scope.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) name: Arc<str>,
    pub(super) principals: Vec<String>,
    pub(super) but: Vec<String>,
    pub(super) permissions: Vec<Permission>,
    pub(super) scope: String,
    pub(super) depth: Depth,
    pub(super) rests_on: Option<&'static str>,
}

/// How far below its scope a denial reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Scope,
    Below,
}

/// Whose request it is: an object of Entra with the groups that it is in, also through other groups.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    ids: Vec<String>,
}

impl Caller {
    /// A user, service principal or managed identity by its object id.
    pub fn new(id: &str) -> Self {
        Self { ids: vec![id.to_lowercase()] }
    }

    /// The caller as a member of the group `id` besides.
    #[must_use]
    pub fn in_group(mut self, id: &str) -> Self {
        self.ids.push(id.to_lowercase());
        self
    }

    pub(crate) fn is_any_of(&self, ids: &[String]) -> bool {
        ids.iter().any(|id| self.is(id))
    }

    pub(crate) fn is(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own == id)
    }
}

impl fmt::Debug for Caller {
    /// Shows how many ids there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({} ids)", self.ids.len())
    }
}

/// Whether an operation is on a resource or on what lies in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// On the resource: `Actions`.
    Control,
    /// On the data in it: `DataActions`.
    Data,
}

/// What is asked for: an operation at a scope.
#[derive(Clone, PartialEq, Eq)]
pub struct Operation {
    action: String,
    scope: String,
    plane: Plane,
}

impl Operation {
    /// An operation on a resource, such as `Microsoft.Compute/virtualMachines/read`, at the id of the resource.
    pub fn control(action: &str, scope: &str) -> Self {
        Self { action: action.to_lowercase(), scope: normal(scope), plane: Plane::Control }
    }

    /// An operation on data, such as `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`.
    pub fn data(action: &str, scope: &str) -> Self {
        Self { plane: Plane::Data, ..Self::control(action, scope) }
    }
}

impl fmt::Debug for Operation {
    /// Shows the plane alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({:?})", self.plane)
    }
}

/// Whether a scope holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Itself,
    Below,
    No,
    /// It is a management group, and which one the subscription lies in is not told.
    Unknown,
}

/// A scope in the form that is compared.
pub(super) fn normal(scope: &str) -> String {
    let scope = scope.trim().to_lowercase();
    match scope.trim_matches('/') {
        "" => "/".to_owned(),
        inner => format!("/{inner}"),
    }
}

const GROUPS: &str = "/providers/microsoft.management/managementgroups/";

impl Roles {
    /// The longest document that is read, in bytes. Larger lists come from the API in pages.
    pub const LIMIT: usize = LIMIT;

    /// Reads role definitions, role assignments, eligible assignments and deny assignments: one object, an array, or a
    /// list in `value`. Other types are left aside and counted; an object of the same id takes the place of the one
    /// before.
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
                    self.remove_assignment(&id);
                    self.whose.insert(id.clone(), assignment.principal.clone());
                    self.assignments.entry(assignment.principal.clone()).or_default().insert(id, assignment);
                }
                Object::Denial(id, denial) => {
                    self.denials.insert(id, denial);
                }
            }
        }
        Ok(added)
    }

    /// Takes the assignment of this id away. Whether there was one.
    pub fn remove_assignment(&mut self, id: &str) -> bool {
        let id = id.to_lowercase();
        let Some(principal) = self.whose.remove(&id) else { return false };
        if let Some(own) = self.assignments.get_mut(&principal) {
            own.remove(&id);
            if own.is_empty() {
                self.assignments.remove(&principal);
            }
        }
        true
    }

    /// Takes the assignment, the denial or the definition of this id away. Whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let id = id.to_lowercase();
        let (at, name) = id.rsplit_once('/').unwrap_or(("", &id));
        let defines = at.ends_with("/roledefinitions") && self.definitions.remove(name).is_some();
        defines || self.denials.remove(&id).is_some() || self.remove_assignment(&id)
    }

    /// States that `child`, a subscription or a management group, lies in the management group `parent`; both as scopes.
    /// Of a subscription of which nothing is stated, what is assigned at management groups stays open.
    pub fn place(&mut self, child: &str, parent: &str) {
        self.above.insert(normal(child), normal(parent));
    }

    /// How many definitions, assignments and denials there are.
    pub fn len(&self) -> usize {
        self.definitions.len() + self.whose.len() + self.denials.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// May `caller` do `operation`?
    pub fn decide(&self, caller: &Caller, operation: &Operation) -> Answer {
        let mut denied = Vec::new();
        for denial in self.denials.values() {
            match self.forbids(denial, caller, operation) {
                None => {}
                Some((statement, None)) => {
                    let because = said(Gate::DenyAssignment, &denial.name, statement, Says::Deny);
                    return Answer { decision: Decision::ExplicitlyDenied, because: vec![because] };
                }
                Some((statement, Some(key))) => {
                    denied.push(open(&denial.name, statement, key, Wanted::Fails));
                }
            }
        }
        let own = caller.ids.iter().filter_map(|id| self.assignments.get(id)).flat_map(BTreeMap::values);
        let granted = own.filter_map(|one| self.grants(one, operation));
        // What rests on nothing first, then on least.
        let best = granted.min_by_key(|(open, _)| open.len());
        let Some((mut rests, because)) = best else {
            let because =
                Because { gate: Gate::Assignment, policy: "".into(), statement: None, says: Says::Nothing };
            return Answer { decision: Decision::ImplicitlyDenied, because: vec![because] };
        };
        rests.append(&mut denied);
        let decision =
            if rests.is_empty() { Decision::Allowed } else { Decision::AllowedIf(Residual(rests)) };
        Answer { decision, because: vec![because] }
    }

    /// Who may do this, perhaps under conditions, by an assignment to itself: ids of users, groups, service principals.
    /// O(assignments + those about the operation × denials).
    pub fn who_can(&self, operation: &Operation) -> BTreeSet<&str> {
        let about = |own: &BTreeMap<String, Assignment>| {
            own.values().any(|one| self.grants(one, operation).is_some())
        };
        let ids = self.assignments.iter().filter(|(_, own)| about(own)).map(|(id, _)| id.as_str());
        ids.filter(|id| self.decide(&Caller::new(id), operation).decision.is_possible()).collect()
    }

    /// On what the assignment's grant rests, and what speaks; `None` when it grants nothing.
    fn grants(&self, one: &Assignment, operation: &Operation) -> Option<(Vec<Open>, Because)> {
        let (statement, mut keys) = match self.definitions.get(&one.definition) {
            Some(permissions) => {
                let (statement, rests_on) = first(permissions, operation)?;
                (statement, rests_on.into_iter().collect())
            }
            // What the role may is not told.
            None => (0, vec!["roleDefinition"]),
        };
        match self.within(&one.scope, &operation.scope) {
            Within::No => return None,
            Within::Unknown => keys.push("scope"),
            Within::Itself | Within::Below => {}
        }
        keys.extend(one.rests_on);
        let rests = keys.into_iter().map(|key| open(&one.name, statement, key, Wanted::Holds));
        Some((rests.collect(), said(Gate::Assignment, &one.name, statement, Says::Allow)))
    }

    /// By which permission the denial forbids, and on what that rests.
    fn forbids(
        &self,
        denial: &Denial,
        caller: &Caller,
        operation: &Operation,
    ) -> Option<(usize, Option<&'static str>)> {
        let is_named =
            denial.principals.iter().any(|id| id == EVERYBODY) || caller.is_any_of(&denial.principals);
        if !is_named || caller.is_any_of(&denial.but) {
            return None;
        }
        let (statement, rests_on) = first(&denial.permissions, operation)?;
        let rests_on = rests_on.or(denial.rests_on);
        match (self.within(&denial.scope, &operation.scope), denial.depth) {
            (Within::No, _) | (Within::Below | Within::Unknown, Depth::Scope) => None,
            (Within::Unknown, Depth::Below) => Some((statement, Some("scope"))),
            (Within::Itself, _) | (Within::Below, Depth::Below) => Some((statement, rests_on)),
        }
    }

    fn within(&self, outer: &str, inner: &str) -> Within {
        if outer == inner {
            return Within::Itself;
        }
        let is_below =
            |inner: &str| outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        if is_below(inner) {
            return Within::Below;
        }
        if !outer.starts_with(GROUPS) {
            return Within::No;
        }
        // Up through the management groups, each once.
        let mut at = if inner.starts_with(GROUPS) { inner } else { subscription(inner) };
        let mut seen = BTreeSet::new();
        while let Some(parent) = self.above.get(at).filter(|parent| seen.insert(parent.as_str())) {
            if parent == outer {
                return Within::Below;
            }
            at = parent;
        }
        if seen.is_empty() && at != "/" { Within::Unknown } else { Within::No }
    }
}

impl fmt::Debug for Roles {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roles")
            .field("definitions", &self.definitions.len())
            .field("assignments", &self.whose.len())
            .field("denials", &self.denials.len())
            .finish_non_exhaustive()
    }
}

/// The subscription of a scope below one; the scope itself when it is not below one.
fn subscription(scope: &str) -> &str {
    let end = scope.match_indices('/').nth(2).map_or(scope.len(), |(at, _)| at);
    if scope.starts_with("/subscriptions/") { scope.get(..end).unwrap_or(scope) } else { "/" }
}

impl Permission {
    fn holds(&self, operation: &Operation) -> bool {
        let (only, but) = match operation.plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        };
        let any = |list: &[String]| list.iter().any(|pattern| star::fits(pattern, &operation.action));
        any(only) && !any(but)
    }
}

/// The first permission that holds the operation, one that rests on nothing before others; and on what it rests.
fn first(all: &[Permission], operation: &Operation) -> Option<(usize, Option<&'static str>)> {
    let holding = all.iter().enumerate().filter(|(_, one)| one.holds(operation));
    holding.min_by_key(|(_, one)| one.rests_on.is_some()).map(|(at, one)| (at, one.rests_on))
}

fn open(name: &Arc<str>, statement: usize, key: &'static str, wanted: Wanted) -> Open {
    Open { policy: name.clone(), statement, key: key.into(), wanted }
}

fn said(gate: Gate, name: &Arc<str>, statement: usize, says: Says) -> Because {
    Because { gate, policy: name.clone(), statement: Some(statement), says }
}
