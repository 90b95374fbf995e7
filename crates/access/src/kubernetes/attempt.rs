//! Who asks the API server, and for what.

use core::fmt;

/// A user as the API server knows it after it has said who it is: a name and groups.
///
/// ```
/// use homeostat_access::kubernetes::User;
///
/// let robot = User::service_account("shop", "cart");
/// assert_eq!(robot.name(), "system:serviceaccount:shop:cart");
/// assert!(robot.groups().any(|group| group == "system:serviceaccounts:shop"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    groups: Vec<String>,
}

impl User {
    /// Somebody who has said who it is: a member of `system:authenticated`.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), groups: vec!["system:authenticated".to_owned()] }
    }

    /// A service account of a namespace, in the groups that each has.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::new(&service_account(namespace, name))
            .in_group("system:serviceaccounts")
            .in_group(&format!("system:serviceaccounts:{namespace}"))
    }

    /// Somebody who has not said who it is.
    pub fn anonymous() -> Self {
        Self { name: "system:anonymous".to_owned(), groups: vec!["system:unauthenticated".to_owned()] }
    }

    /// The user as a member of `group` besides.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The groups.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }

    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

impl fmt::Debug for User {
    /// Shows how many groups there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({} groups)", self.groups.len())
    }
}

/// The name of a service account as a user.
pub(super) fn service_account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// What is known of a name that a request may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It has none.
    Nothing,
    /// It is this one.
    Is(String),
    /// It has one, any.
    Some,
}

/// What is asked of the API server: a verb on a resource, or on a path that is none.
///
/// ```
/// use homeostat_access::kubernetes::Attempt;
///
/// let logs = Attempt::on("get", "", "pods/log").in_namespace("shop").named("cart-0");
/// let health = Attempt::path("get", "/healthz");
/// assert_ne!(logs, health);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    pub(super) verb: String,
    pub(super) target: Target,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Target {
    Resource { group: String, resource: String, subresource: String, namespace: Told, name: Told },
    Path(String),
}

impl Attempt {
    /// `verb` on `resource` of the API group `group` (empty for the core group), in no namespace and of no name. A
    /// subresource stands behind a slash: `pods/log`.
    pub fn on(verb: &str, group: &str, resource: &str) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let [group, resource, subresource] = [group, resource, subresource].map(str::to_owned);
        let target =
            Target::Resource { group, resource, subresource, namespace: Told::Nothing, name: Told::Nothing };
        Self { verb: verb.to_owned(), target }
    }

    /// `verb` on a path that stands for no resource, such as `/healthz`.
    pub fn path(verb: &str, path: &str) -> Self {
        Self { verb: verb.to_owned(), target: Target::Path(path.to_owned()) }
    }

    /// The attempt in `namespace`; an empty one is none. Says nothing of a path.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        let told = if namespace.is_empty() { Told::Nothing } else { Told::Is(namespace.to_owned()) };
        self.told(|_, own| *own = told)
    }

    /// The attempt in some namespace that is not known: what only holds in some is then allowed if.
    #[must_use]
    pub fn in_some_namespace(self) -> Self {
        self.told(|_, own| *own = Told::Some)
    }

    /// The attempt on the object `name`. Says nothing of a path.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let told = if name.is_empty() { Told::Nothing } else { Told::Is(name.to_owned()) };
        self.told(|own, _| *own = told)
    }

    /// The attempt on an object whose name is not known: what only holds of some is then allowed if.
    #[must_use]
    pub fn on_some_name(self) -> Self {
        self.told(|own, _| *own = Told::Some)
    }

    fn told(mut self, change: impl FnOnce(&mut Told, &mut Told)) -> Self {
        if let Target::Resource { namespace, name, .. } = &mut self.target {
            change(name, namespace);
        }
        self
    }
}

impl fmt::Debug for Attempt {
    /// Shows the verb and whether it is about a resource.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if matches!(self.target, Target::Path(_)) { "path" } else { "resource" };
        write!(f, "Attempt({} {what})", self.verb)
    }
}
