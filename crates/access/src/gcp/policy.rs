//! The policies of an organization, and what they come to.

use super::caller::Caller;
use super::read::{self, Object};
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use crate::document::{Added, LIMIT, Misfit, MisfitCause};
use crate::star;
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Allow, deny and boundary policies with the roles and the places they rest on.
///
/// ```
/// use homeostat_access::gcp::{Caller, Policies};
///
/// let mut policies = Policies::default();
/// policies.add(r#"[{"name": "roles/viewer", "includedPermissions": ["storage.objects.get"]}]"#)?;
/// policies.allow("projects/shop", r#"{"bindings": [
///     {"role": "roles/viewer", "members": ["group:ops@acme.example"]}]}"#)?;
/// policies.place("//storage.googleapis.com/projects/_/buckets/b", "projects/shop");
/// policies.place("projects/shop", "organizations/1");
///
/// let maya = Caller::user("maya@acme.example").in_group("ops@acme.example");
/// let answer = policies.decide(&maya, "storage.objects.get", "//storage.googleapis.com/projects/_/buckets/b");
/// assert!(answer.decision.is_allowed());
/// assert_eq!(answer.because[0].to_string(), "allow policy `projects/shop`, statement 0, allows");
/// # Ok::<(), homeostat_access::Misfit>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Policies {
    roles: BTreeMap<String, BTreeSet<String>>,
    allow: BTreeMap<String, Vec<Binding>>,
    deny: BTreeMap<String, DenyPolicy>,
    boundaries: BTreeMap<String, Vec<String>>,
    bound: BTreeMap<String, BoundTo>,
    above: BTreeMap<String, String>,
}

/// A role for some members.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) role: String,
    pub(super) members: Vec<String>,
    pub(super) rests_on: Option<&'static str>,
}

/// The deny rules of one policy at one place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DenyPolicy {
    pub(super) name: Arc<str>,
    pub(super) at: String,
    pub(super) rules: Vec<DenyRule>,
}

#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct DenyRule {
    pub(super) principals: Vec<String>,
    pub(super) but_principals: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) but_permissions: Vec<String>,
    pub(super) rests_on: Option<&'static str>,
}

/// Who is subject to a boundary.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BoundTo {
    pub(super) policy: String,
    pub(super) set: String,
    pub(super) rests_on: Option<&'static str>,
}

/// Where a policy lies, seen from a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the resource or above it.
    Above,
    Elsewhere,
    /// Perhaps above: what lies above the resource is not all told.
    Unknown,
}

/// A resource in the form that is compared: projects, folders and organizations without their service.
pub(super) fn normal(resource: &str) -> String {
    let text = resource.trim().trim_start_matches("//");
    text.strip_prefix("cloudresourcemanager.googleapis.com/").unwrap_or(text).to_owned()
}

impl Policies {
    /// The longest document that is read, in bytes. Larger lists come from the API in pages.
    pub const LIMIT: usize = LIMIT;

    /// Reads objects as the APIs return them: roles (`includedPermissions`), deny policies (`rules`), principal access
    /// boundary policies (`details`) and their bindings (`target`), and assets of the inventory (`iamPolicy`,
    /// `ancestors`): one object, an array, or a list in `items`. Others are left aside and counted.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the document as a whole can not be read. Nothing is added then. Single objects that can not be
    /// read are told in [`Added::bad`].
    pub fn add(&mut self, json: &str) -> Result<Added, Misfit> {
        let (all, added) = read::objects(json)?;
        for object in all {
            self.take(object);
        }
        Ok(added)
    }

    fn take(&mut self, object: Object) {
        match object {
            Object::Role(name, permissions) => {
                self.roles.insert(name, permissions);
            }
            Object::Deny(policy) => {
                self.deny.insert(policy.name.to_string(), policy);
            }
            Object::Boundary(name, resources) => {
                self.boundaries.insert(name, resources);
            }
            Object::Bound(name, bound) => {
                self.bound.insert(name, bound);
            }
            Object::Asset(name, bindings, ancestors) => {
                let mut at = name.clone();
                for parent in ancestors.into_iter().filter(|parent| *parent != name) {
                    self.above.insert(at, parent.clone());
                    at = parent;
                }
                if let Some(bindings) = bindings {
                    self.allow.insert(name, bindings);
                }
            }
        }
    }

    /// Reads the allow policy of `resource`, as `getIamPolicy` returns it. It takes the place of the one before.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when it is no policy. Nothing is changed then.
    pub fn allow(&mut self, resource: &str, json: &str) -> Result<(), Misfit> {
        if json.len() > LIMIT {
            return Err(Misfit { index: 0, cause: MisfitCause::TooLong });
        }
        let bindings = read::bindings(json).map_err(|cause| Misfit { index: 0, cause })?;
        self.allow.insert(normal(resource), bindings);
        Ok(())
    }

    /// States that `child` lies in `parent`; an empty parent states that it lies in nothing. Where it is not told what
    /// lies above a resource, up to the organization, policies of what may lie there stay open.
    pub fn place(&mut self, child: &str, parent: &str) {
        self.above.insert(normal(child), normal(parent));
    }

    /// May `caller` use `permission`, such as `storage.objects.get`, on `resource`?
    pub fn decide(&self, caller: &Caller, permission: &str, resource: &str) -> Answer {
        let chain = self.chain(resource);
        let mut open = Vec::new();
        for policy in self.deny.values() {
            match Self::forbids(policy, caller, permission, &chain) {
                None => {}
                Some((rule, None)) => {
                    let because = said(Gate::DenyPolicy, &policy.name, Some(rule), Says::Deny);
                    return Answer { decision: Decision::ExplicitlyDenied, because: vec![because] };
                }
                Some((rule, Some(key))) => open.push(rests(&policy.name, rule, key, Wanted::Fails)),
            }
        }
        if let Err(name) = self.bounded(caller, &chain, &mut open) {
            let because = said(Gate::AccessBoundary, &name, None, Says::Nothing);
            return Answer { decision: Decision::ImplicitlyDenied, because: vec![because] };
        }
        let granted = self.granted(caller, permission, &chain);
        let Some((mut all, because)) = granted.min_by_key(|(rests, _)| rests.len()) else {
            let because = said(Gate::AllowPolicy, &"".into(), None, Says::Nothing);
            return Answer { decision: Decision::ImplicitlyDenied, because: vec![because] };
        };
        all.append(&mut open);
        let decision = if all.is_empty() { Decision::Allowed } else { Decision::AllowedIf(Residual(all)) };
        Answer { decision, because: vec![because] }
    }

    /// The members, as policies write them, to whom some allow policy gives `permission` on `resource`, perhaps under a
    /// condition. Denials and boundaries are about single principals: ask [`Policies::decide`] of those.
    pub fn members_with(&self, permission: &str, resource: &str) -> BTreeSet<&str> {
        let chain = self.chain(resource);
        let near = self.allow.iter().filter(|(at, _)| Self::is_near(at, &chain) != Place::Elsewhere);
        let giving =
            near.flat_map(|(_, bindings)| bindings).filter(|one| self.gives(one, permission) != Some(false));
        giving.flat_map(|one| one.members.iter().map(String::as_str)).collect()
    }

    /// The allow policies at the places of `chain`; all of them where it is not told what lies above.
    fn near<'a>(&'a self, chain: &'a [String]) -> impl Iterator<Item = (&'a String, &'a Vec<Binding>)> {
        let known = is_whole(chain);
        let at = chain.iter().filter(move |_| known).filter_map(|at| self.allow.get_key_value(at));
        at.chain(self.allow.iter().filter(move |_| !known))
    }

    /// The resource and what lies above it, nearest first.
    fn chain(&self, resource: &str) -> Vec<String> {
        let mut chain = vec![normal(resource)];
        let mut seen = BTreeSet::new();
        while let Some(parent) = chain.last().and_then(|at| self.above.get(at)) {
            if !seen.insert(parent) {
                break;
            }
            chain.push(parent.clone());
        }
        chain
    }

    fn is_near(at: &str, chain: &[String]) -> Place {
        if chain.iter().any(|own| own == at) {
            return Place::Above;
        }
        let is_container =
            ["projects/", "folders/", "organizations/"].iter().any(|kind| at.starts_with(kind));
        let has_project = chain.iter().any(|own| own.starts_with("projects/"));
        if is_whole(chain) || !is_container || (at.starts_with("projects/") && has_project) {
            Place::Elsewhere
        } else {
            Place::Unknown
        }
    }

    /// By which rule the policy forbids, and on what that rests.
    fn forbids(
        policy: &DenyPolicy,
        caller: &Caller,
        permission: &str,
        chain: &[String],
    ) -> Option<(usize, Option<&'static str>)> {
        let place = match Self::is_near(&policy.at, chain) {
            Place::Elsewhere => return None,
            Place::Unknown => Some("ancestry"),
            Place::Above => None,
        };
        let asked = qualified(permission);
        let any = |list: &[String]| list.iter().any(|own| star::fits(own, &asked));
        let hits = policy.rules.iter().enumerate().filter(|(_, rule)| {
            rule.principals.iter().any(|it| caller.has(it))
                && !rule.but_principals.iter().any(|it| caller.has(it))
                && any(&rule.permissions)
                && !any(&rule.but_permissions)
        });
        let hit = hits.min_by_key(|(_, rule)| rule.rests_on.is_some());
        hit.map(|(at, rule)| (at, rule.rests_on.or(place)))
    }

    /// Whether what bounds the caller lets it reach the resource: an error names a boundary that does not. On what that
    /// rests is told in `open`.
    fn bounded(&self, caller: &Caller, chain: &[String], open: &mut Vec<Open>) -> Result<(), Arc<str>> {
        let subject = self.bound.values().filter(|one| caller.has(&one.set));
        let (firm, conditional): (Vec<&BoundTo>, Vec<&BoundTo>) =
            subject.partition(|one| one.rests_on.is_none());
        let is = |one: &BoundTo, place: Place| self.reach(one, chain) == place;
        if firm.iter().any(|one| is(one, Place::Above)) {
            return Ok(());
        }
        let name = |one: &BoundTo| -> Arc<str> { one.policy.as_str().into() };
        let key = |one: &BoundTo| one.rests_on.unwrap_or("ancestry");
        let Some(first) = firm.first() else {
            // Who is subject to no boundary may reach everything: those that do not let it must not count.
            let against = conditional.iter().filter(|one| !is(one, Place::Above));
            open.extend(against.map(|one| rests(&name(one), 0, key(one), Wanted::Fails)));
            return Ok(());
        };
        let saving = conditional.iter().find(|one| is(one, Place::Above));
        let saving = saving.or_else(|| firm.iter().chain(&conditional).find(|one| is(one, Place::Unknown)));
        let saving = saving.ok_or_else(|| name(first))?;
        open.push(rests(&name(saving), 0, key(saving), Wanted::Holds));
        Ok(())
    }

    /// Whether a boundary lets reach the resource; unknown too when the boundary is not read.
    fn reach(&self, bound: &BoundTo, chain: &[String]) -> Place {
        let Some(resources) = self.boundaries.get(&bound.policy) else { return Place::Unknown };
        let places = resources.iter().map(|at| Self::is_near(at, chain));
        // Above before unknown before elsewhere.
        places.fold(Place::Elsewhere, |best, one| match (best, one) {
            (Place::Above, _) | (_, Place::Above) => Place::Above,
            (Place::Unknown, _) | (_, Place::Unknown) => Place::Unknown,
            _ => Place::Elsewhere,
        })
    }

    fn granted<'a>(
        &'a self,
        caller: &'a Caller,
        permission: &'a str,
        chain: &'a [String],
    ) -> impl Iterator<Item = (Vec<Open>, Because)> + 'a {
        self.near(chain).flat_map(move |(at, bindings)| {
            let place = Self::is_near(at, chain);
            let near = bindings.iter().enumerate().filter(move |_| place != Place::Elsewhere);
            near.filter_map(move |(index, one)| {
                let is_named = one.members.iter().any(|it| caller.has(it) || self.is_convenience(it, caller));
                let gives = self.gives(one, permission);
                if !is_named || gives == Some(false) {
                    return None;
                }
                let name: Arc<str> = at.as_str().into();
                let unknown = gives.is_none().then_some("role");
                let place = (place == Place::Unknown).then_some("ancestry");
                let keys = unknown.into_iter().chain(place).chain(one.rests_on);
                let open = keys.map(|key| rests(&name, index, key, Wanted::Holds)).collect();
                Some((open, said(Gate::AllowPolicy, &name, Some(index), Says::Allow)))
            })
        })
    }

    /// Whether the role of a binding has the permission; `None` when the role is not read.
    fn gives(&self, binding: &Binding, permission: &str) -> Option<bool> {
        Some(self.roles.get(&binding.role)?.contains(permission))
    }

    /// Whether `member` stands for those who have a basic role on a project, such as `projectOwner:shop`, and the caller
    /// has it there.
    fn is_convenience(&self, member: &str, caller: &Caller) -> bool {
        const KINDS: [(&str, &str); 3] = [
            ("projectowner:", "roles/owner"),
            ("projecteditor:", "roles/editor"),
            ("projectviewer:", "roles/viewer"),
        ];
        let found = KINDS.iter().find_map(|(kind, role)| Some((member.strip_prefix(kind)?, role)));
        let Some((project, role)) = found else { return false };
        let bindings = self.allow.get(&format!("projects/{project}")).into_iter().flatten();
        bindings
            .filter(|one| one.role == **role && one.rests_on.is_none())
            .any(|one| one.members.iter().any(|it| caller.has(it)))
    }
}

impl fmt::Debug for Policies {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("roles", &self.roles.len())
            .field("allow", &self.allow.len())
            .field("deny", &self.deny.len())
            .field("boundaries", &self.boundaries.len())
            .finish_non_exhaustive()
    }
}

/// Whether all that lies above is told, up to the organization or to nothing.
fn is_whole(chain: &[String]) -> bool {
    chain.last().is_none_or(|top| top.is_empty() || top.starts_with("organizations/"))
}

/// A permission as deny policies write it: `storage.objects.get` is `storage.googleapis.com/objects.get`. In lower case.
fn qualified(permission: &str) -> String {
    let lower = permission.to_lowercase();
    let (service, rest) = lower.split_once('.').unwrap_or((&lower, ""));
    // The one service whose permissions bear another name than its address.
    let service = if service == "resourcemanager" { "cloudresourcemanager" } else { service };
    format!("{service}.googleapis.com/{rest}")
}

fn rests(name: &Arc<str>, statement: usize, key: &'static str, wanted: Wanted) -> Open {
    Open { policy: name.clone(), statement, key: key.into(), wanted }
}

fn said(gate: Gate, name: &Arc<str>, statement: Option<usize>, says: Says) -> Because {
    Because { gate, policy: name.clone(), statement, says }
}
