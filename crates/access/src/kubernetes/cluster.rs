//! The roles and bindings of a cluster, and what they allow.

use super::attempt::{Attempt, Target, Told, User};
use super::node;
use super::read::{Object, objects};
use super::rule::{Fit, Rule};
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use crate::document::{Added, LIMIT, Misfit};
use core::fmt;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The roles and bindings of one cluster.
///
/// ```
/// use homeostat_access::kubernetes::{Attempt, Cluster, User};
///
/// let mut cluster = Cluster::default();
/// cluster.add(r#"[
///   {"kind": "ClusterRole", "metadata": {"name": "reader"},
///    "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
///   {"kind": "RoleBinding", "metadata": {"name": "readers", "namespace": "shop"},
///    "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "User", "name": "maya"}]}]"#)?;
///
/// let maya = User::new("maya");
/// let answer = cluster.decide(&maya, &Attempt::on("get", "", "pods").in_namespace("shop"));
/// assert!(answer.decision.is_allowed());
/// assert_eq!(
///     answer.because[0].to_string(),
///     "role binding `RoleBinding shop/readers of ClusterRole reader`, statement 0, allows"
/// );
/// assert!(!cluster.decide(&maya, &Attempt::on("get", "", "pods").in_namespace("bank")).decision.is_possible());
/// # Ok::<(), homeostat_access::Misfit>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    roles: BTreeMap<Place, Role>,
    bindings: BTreeMap<Place, Binding>,
    // INVARIANT: follows from `roles`: what aggregated roles come to.
    aggregated: BTreeMap<String, Vec<Rule>>,
    // INVARIANT: follows from `bindings`: which of them name whom.
    of: BTreeMap<Subject, BTreeSet<Place>>,
}

/// A name, in a namespace or in the cluster.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) rules: Vec<Rule>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) aggregation: Option<Aggregation>,
}

/// The roles that another is made of: those that fit any selector.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Aggregation(pub(super) Vec<Selector>);

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(default)]
    match_labels: BTreeMap<String, String>,
    #[serde(default)]
    match_expressions: Vec<Expression>,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) role: Place,
    pub(super) subjects: Vec<Subject>,
}

/// Whom a binding names. A service account is a user of that name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    User(String),
    Group(String),
}

/// Somebody to whom a binding gives what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A user; a service account by its name as a user, `system:serviceaccount:NAMESPACE:NAME`.
    User(String),
    /// A group with all its members.
    Group(String),
}

/// A rule that somebody has, with how it came to have it.
pub(super) struct Held<'a> {
    pub(super) rule: &'a Rule,
    index: usize,
    binding: &'a Place,
    role: &'a Place,
}

impl Cluster {
    /// The longest document that is read, in bytes. Larger lists come from the API in pages.
    pub const LIMIT: usize = LIMIT;

    /// Reads roles and bindings: one object, an array of them, or a list as the API returns it. Other kinds are left
    /// aside and counted; an object of the same kind and name takes the place of the one before.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the document as a whole can not be read. Nothing is added then. Single objects that can not be
    /// read are told in [`Added::bad`].
    pub fn add(&mut self, json: &str) -> Result<Added, Misfit> {
        let (objects, added) = objects(json)?;
        let mut roles = false;
        for object in objects {
            match object {
                Object::Role(place, role) => {
                    roles |= place.namespace.is_none();
                    self.roles.insert(place, role);
                }
                Object::Binding(place, binding) => {
                    self.take_binding(&place);
                    for subject in &binding.subjects {
                        self.of.entry(subject.clone()).or_default().insert(place.clone());
                    }
                    self.bindings.insert(place, binding);
                }
            }
        }
        if roles {
            self.aggregate();
        }
        Ok(added)
    }

    /// Takes the role `name` away, of `namespace` or of the cluster. Whether there was one.
    pub fn remove_role(&mut self, namespace: Option<&str>, name: &str) -> bool {
        let found = self.roles.remove(&Place::new(namespace, name)).is_some();
        if found && namespace.is_none() {
            self.aggregate();
        }
        found
    }

    /// Takes the binding `name` away, of `namespace` or of the cluster. Whether there was one.
    pub fn remove_binding(&mut self, namespace: Option<&str>, name: &str) -> bool {
        self.take_binding(&Place::new(namespace, name))
    }

    fn take_binding(&mut self, place: &Place) -> bool {
        let Some(old) = self.bindings.remove(place) else { return false };
        for subject in &old.subjects {
            if let Some(places) = self.of.get_mut(subject) {
                places.remove(place);
                if places.is_empty() {
                    self.of.remove(subject);
                }
            }
        }
        true
    }

    /// How many roles and bindings there are.
    pub fn len(&self) -> usize {
        self.roles.len() + self.bindings.len()
    }

    /// Whether there is neither role nor binding.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bindings whose role is not there: they give nothing until it is.
    pub fn dangling(&self) -> impl Iterator<Item = &str> {
        let all = self.bindings.iter().filter(|(_, binding)| !self.roles.contains_key(&binding.role));
        all.map(|(place, _)| place.name.as_str())
    }

    /// The bindings, by namespace and name, whose rights rest on the role `name` of `namespace` or of the cluster: they bind it,
    /// or one that is made of it. O(bindings + aggregated roles × roles).
    pub fn resting_on<'a>(
        &'a self,
        namespace: Option<&str>,
        name: &str,
    ) -> impl Iterator<Item = (Option<&'a str>, &'a str)> {
        let own = Place::new(namespace, name);
        let of_cluster = self.roles.iter().filter(|_| own.namespace.is_none());
        let made = of_cluster.filter(|(_, role)| self.parts(role).iter().any(|(part, _)| *part == own.name));
        let mut roles: BTreeSet<Place> = made.map(|(place, _)| place.clone()).collect();
        roles.insert(own);
        let all = self.bindings.iter().filter(move |(_, binding)| roles.contains(&binding.role));
        all.map(|(place, _)| (place.namespace.as_deref(), place.name.as_str()))
    }

    /// May `user` do this?
    pub fn decide(&self, user: &User, attempt: &Attempt) -> Answer {
        if user.is_in("system:masters") {
            return told(Gate::Provider, "system:masters", None);
        }
        if let Some(answer) = node::answer(user, attempt) {
            return answer;
        }
        let mut open: Vec<(Open, Because)> = Vec::new();
        for held in self.held(user) {
            match held.fits(attempt) {
                Held::NO => {}
                (true, []) => {
                    return Answer { decision: Decision::Allowed, because: vec![held.because()] };
                }
                (_, keys) => open.extend(keys.iter().map(|key| (held.open(key), held.because()))),
            }
        }
        one_of(open)
    }

    /// Who may do this by a binding: each user and group that one names, in order.
    /// O(bindings and the rules of their roles).
    pub fn who_can(&self, attempt: &Attempt) -> BTreeSet<Holder> {
        let mut all = BTreeSet::from([Holder::Group("system:masters".to_owned())]);
        for (place, binding) in &self.bindings {
            if self.held_by(place, binding).any(|held| held.fits(attempt) != Held::NO) {
                all.extend(binding.subjects.iter().cloned().map(Holder::from));
            }
        }
        all
    }

    /// The rules that `user` has, those of the cluster and of every namespace.
    pub(super) fn held<'a>(&'a self, user: &'a User) -> impl Iterator<Item = Held<'a>> {
        let names = std::iter::once(Subject::User(user.name().to_owned()));
        let names = names.chain(user.groups().map(|group| Subject::Group(group.to_owned())));
        let places = names.filter_map(|name| self.of.get(&name)).flatten();
        places.flat_map(move |place| {
            self.bindings.get(place).into_iter().flat_map(move |binding| self.held_by(place, binding))
        })
    }

    pub(super) fn held_by<'a>(
        &'a self,
        place: &'a Place,
        binding: &'a Binding,
    ) -> impl Iterator<Item = Held<'a>> {
        let rules = self.rules(&binding.role).iter().enumerate();
        rules.map(move |(index, rule)| Held { rule, index, binding: place, role: &binding.role })
    }

    /// All bindings, in order.
    pub(super) fn bindings(&self) -> impl Iterator<Item = (&Place, &Binding)> {
        self.bindings.iter()
    }

    pub(super) fn binding(&self, place: &Place) -> Option<(&Place, &Binding)> {
        self.bindings.get_key_value(place)
    }

    /// The rules of a role; `None` when it is not there.
    pub(super) fn rules_of(&self, place: &Place) -> Option<&[Rule]> {
        self.roles.contains_key(place).then(|| self.rules(place))
    }

    /// The rules of a role; none when it is not there.
    fn rules(&self, place: &Place) -> &[Rule] {
        let aggregated = self.aggregated.get(&place.name).filter(|_| place.namespace.is_none());
        match (aggregated, self.roles.get(place)) {
            (Some(rules), _) => rules,
            (None, Some(role)) => &role.rules,
            (None, None) => &[],
        }
    }

    /// Works out again what aggregated roles come to. O(aggregated roles × roles).
    fn aggregate(&mut self) {
        let of_cluster = self.roles.iter().filter(|(place, _)| place.namespace.is_none());
        let made = of_cluster.filter(|(_, role)| role.aggregation.is_some());
        self.aggregated =
            made.filter_map(|(place, role)| Some((place.name.clone(), self.made_of(role)?))).collect();
    }

    /// The rules of the roles that `role` is made of. `None` when none is there: the rules are then those that the API
    /// showed.
    fn made_of(&self, role: &Role) -> Option<Vec<Rule>> {
        let parts = self.parts(role);
        let own = parts.iter().filter(|(_, part)| part.aggregation.is_none());
        (!parts.is_empty()).then(|| own.flat_map(|(_, part)| part.rules.iter().cloned()).collect())
    }

    /// The roles that `role` is made of, also through others that are made of some.
    fn parts<'a>(&'a self, role: &'a Role) -> Vec<(&'a str, &'a Role)> {
        let (mut seen, mut parts) = (BTreeSet::new(), Vec::new());
        let mut next = vec![("", role)];
        while let Some(one) = next.pop() {
            let selectors = one.1.aggregation.as_ref().map_or(&[][..], |Aggregation(selectors)| selectors);
            let of_cluster =
                self.roles.iter().filter(|(place, _)| !selectors.is_empty() && place.namespace.is_none());
            for (place, part) in of_cluster.rev() {
                if selectors.iter().any(|it| it.fits(&part.labels)) && seen.insert(&place.name) {
                    next.push((&place.name, part));
                }
            }
            if !one.0.is_empty() {
                parts.push(one);
            }
        }
        parts
    }
}

impl fmt::Debug for Cluster {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({} roles, {} bindings)", self.roles.len(), self.bindings.len())
    }
}

/// Allowed if one of several conditions holds: the one that asks least is told.
fn one_of(open: Vec<(Open, Because)>) -> Answer {
    let because = |it: Option<Because>| it.unwrap_or_else(|| silent(Gate::Role));
    let mut open = open.into_iter();
    match open.next() {
        None => Answer { decision: Decision::ImplicitlyDenied, because: vec![because(None)] },
        Some((first, said)) => {
            let same = open.take_while(|(_, other)| *other == said).map(|(it, _)| it);
            let residual = Residual(std::iter::once(first).chain(same).collect());
            Answer { decision: Decision::AllowedIf(residual), because: vec![said] }
        }
    }
}

pub(super) fn silent(gate: Gate) -> Because {
    Because { gate, policy: "".into(), statement: None, says: Says::Nothing }
}

pub(super) fn told(gate: Gate, policy: &str, statement: Option<usize>) -> Answer {
    let because = Because { gate, policy: policy.into(), statement, says: Says::Allow };
    Answer { decision: Decision::Allowed, because: vec![because] }
}

impl Held<'_> {
    pub(super) const NO: (bool, &'static [&'static str]) = (false, &[]);

    /// Whether it fits, and on which names of the attempt that rests.
    pub(super) fn fits(&self, attempt: &Attempt) -> (bool, &'static [&'static str]) {
        let namespace = match (&self.binding.namespace, &attempt.target) {
            (None, _) => true,
            (Some(_), Target::Path(_)) => return Self::NO,
            (Some(own), Target::Resource { namespace, .. }) => match namespace {
                Told::Is(asked) if asked == own => true,
                Told::Some => false,
                Told::Is(_) | Told::Nothing => return Self::NO,
            },
        };
        match (self.rule.fits(attempt), namespace) {
            (Fit::No, _) => Self::NO,
            (Fit::Yes, true) => (true, &[]),
            (Fit::Yes, false) => (true, &["namespace"]),
            (Fit::IfNamed, true) => (true, &["resourceName"]),
            (Fit::IfNamed, false) => (true, &["namespace", "resourceName"]),
        }
    }

    /// Whether it holds in `namespace`, or in the whole cluster.
    pub(super) fn is_in(&self, namespace: Option<&str>) -> bool {
        self.binding.namespace.is_none() || self.binding.namespace.as_deref() == namespace
    }

    fn open(&self, key: &str) -> Open {
        Open { policy: self.name(), statement: self.index, key: key.into(), wanted: Wanted::Holds }
    }

    pub(super) fn because(&self) -> Because {
        Because { gate: Gate::Role, policy: self.name(), statement: Some(self.index), says: Says::Allow }
    }

    fn name(&self) -> Arc<str> {
        format!("{} of {}", self.binding.spelled("RoleBinding"), self.role.spelled("Role")).into()
    }
}

impl Place {
    pub(super) fn new(namespace: Option<&str>, name: &str) -> Self {
        Self { namespace: namespace.map(str::to_owned), name: name.to_owned() }
    }

    fn spelled(&self, kind: &str) -> String {
        match &self.namespace {
            Some(namespace) => format!("{kind} {namespace}/{}", self.name),
            None => format!("Cluster{kind} {}", self.name),
        }
    }
}

impl Selector {
    /// Whether all that it asks for is among `labels`.
    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let expressions = self.match_expressions.iter().all(|one| {
            let value = labels.get(&one.key);
            match one.operator {
                Operator::In => value.is_some_and(|value| one.values.contains(value)),
                Operator::NotIn => value.is_none_or(|value| !one.values.contains(value)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
            }
        });
        expressions && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

impl From<Subject> for Holder {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::User(name) => Self::User(name),
            Subject::Group(name) => Self::Group(name),
        }
    }
}
