//! What one binding gives: a role where it is bound.
//!
//! The unit in which a cluster gives rights, and so the unit that paths through a cluster lead over. Asking one costs
//! O(rules of its role).

use super::attempt::Attempt;
use super::cluster::{Binding, Cluster, Held, Holder, Place};
use core::fmt;

/// A role, bound: to whom, where, and what it allows there.
///
/// ```
/// use homeostat_access::kubernetes::{Attempt, Cluster, Granted};
///
/// let mut cluster = Cluster::default();
/// cluster.add(r#"[
///   {"kind": "Role", "metadata": {"name": "shell", "namespace": "shop"},
///    "rules": [{"verbs": ["create"], "apiGroups": [""], "resources": ["pods/exec"]}]},
///   {"kind": "RoleBinding", "metadata": {"name": "on-call", "namespace": "shop"},
///    "roleRef": {"kind": "Role", "name": "shell"}, "subjects": [{"kind": "User", "name": "maya"}]}]"#)?;
///
/// let set = cluster.permission_sets().next().ok_or("none")?;
/// let exec = Attempt::on("create", "", "pods/exec").in_namespace("shop");
/// assert_eq!((set.name().as_str(), set.namespace()), ("shell::on-call", Some("shop")));
/// assert_eq!(set.grants(&exec.clone().on_some_name()), Granted::Any);
/// assert_eq!(set.grants(&exec.in_namespace("bank")), Granted::None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct PermissionSet<'a> {
    cluster: &'a Cluster,
    place: &'a Place,
    binding: &'a Binding,
}

/// How far a permission set grants what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// On every object, or on the one that was named.
    Any,
    /// On objects of certain names only.
    SomeNames,
    /// Not at all.
    None,
}

impl Cluster {
    /// What each binding gives whose role is there, in the order of bindings.
    pub fn permission_sets(&self) -> impl Iterator<Item = PermissionSet<'_>> {
        let all = self.bindings().filter(|(_, binding)| self.rules_of(&binding.role).is_some());
        all.map(|(place, binding)| PermissionSet { cluster: self, place, binding })
    }

    /// What the binding `name` gives, of `namespace` or of the cluster; `None` when it or its role is not there.
    pub fn permission_set(&self, namespace: Option<&str>, name: &str) -> Option<PermissionSet<'_>> {
        let (place, binding) = self.binding(&Place::new(namespace, name))?;
        self.rules_of(&binding.role)?;
        Some(PermissionSet { cluster: self, place, binding })
    }
}

impl PermissionSet<'_> {
    /// The names of its role and of its binding: `ROLE::BINDING`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.binding.role.name, self.place.name)
    }

    /// The namespace where it holds; the whole cluster when `None`.
    pub fn namespace(&self) -> Option<&str> {
        self.place.namespace.as_deref()
    }

    /// Whether the role that it binds is one of the cluster.
    pub fn is_of_cluster_role(&self) -> bool {
        self.binding.role.namespace.is_none()
    }

    /// The name of the role that it binds.
    pub fn role(&self) -> &str {
        &self.binding.role.name
    }

    /// The name of the binding.
    pub fn binding(&self) -> &str {
        &self.place.name
    }

    /// Whom the binding names.
    pub fn holders(&self) -> impl Iterator<Item = Holder> {
        self.binding.subjects.iter().cloned().map(Holder::from)
    }

    /// How far it grants `attempt`. O(rules of the role).
    pub fn grants(&self, attempt: &Attempt) -> Granted {
        let mut best = Granted::None;
        for held in self.cluster.held_by(self.place, self.binding) {
            match held.fits(attempt) {
                Held::NO => {}
                (true, []) => return Granted::Any,
                _ => best = Granted::SomeNames,
            }
        }
        best
    }
}

impl fmt::Debug for PermissionSet<'_> {
    /// Shows whether it holds in the whole cluster.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = if self.place.namespace.is_none() { "cluster" } else { "namespace" };
        write!(f, "PermissionSet({scope})")
    }
}
