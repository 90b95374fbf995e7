//! What there is in a cluster because objects speak of it: a pod's account and its node, users and groups of bindings.

use super::Dump;
use super::change::{KubernetesKind, KubernetesObject};
use super::pod::Place;
use super::right::account;
use homeostat_access::kubernetes::{Holder, PermissionSet};
use std::collections::{BTreeMap, BTreeSet};

/// What edges lead to, and objects speak of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Pod(Place),
    Account(Place),
    Node(String),
    /// A user or a group.
    Person(Holder),
    /// What a binding gives; whether of a role of the cluster, and of which.
    Set(KubernetesObject, bool, String),
}

/// All things, each as often as objects speak of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Things(BTreeMap<Thing, usize>);

impl Things {
    fn add(&mut self, thing: Thing) {
        *self.0.entry(thing).or_default() += 1;
    }

    fn take(&mut self, thing: &Thing) {
        let Some(count) = self.0.get_mut(thing) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.remove(thing);
        }
    }

    /// Speaks of `new` where `old` was spoken of; the things that came or went by it. O(log things) each.
    pub(super) fn exchange(&mut self, old: Vec<Thing>, new: Vec<Thing>) -> BTreeSet<Thing> {
        for thing in &old {
            self.take(thing);
        }
        let came: BTreeSet<Thing> =
            new.iter().filter(|thing| !self.0.contains_key(*thing)).cloned().collect();
        let gone: BTreeSet<Thing> = old.into_iter().filter(|thing| !self.0.contains_key(thing)).collect();
        for thing in new {
            self.add(thing);
        }
        gone.symmetric_difference(&came).cloned().collect()
    }

    fn from(&self, first: Thing) -> impl Iterator<Item = &Thing> {
        self.0.range(first..).map(|(thing, _)| thing)
    }

    /// The names of the accounts of a namespace.
    pub(super) fn accounts<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        let first = Thing::Account((namespace.to_owned(), String::new()));
        self.from(first).map_while(move |thing| match thing {
            Thing::Account((own, name)) if own == namespace => Some(name.as_str()),
            _ => None,
        })
    }

    /// The namespaces that have accounts.
    pub(super) fn with_accounts(&self) -> BTreeSet<&str> {
        let first = Thing::Account(Place::default());
        let all = self.from(first).map_while(|thing| match thing {
            Thing::Account((namespace, _)) => Some(namespace.as_str()),
            _ => None,
        });
        all.collect()
    }

    /// Nodes that are described, and those where a pod says that it runs.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &str> {
        self.from(Thing::Node(String::new())).map_while(|thing| match thing {
            Thing::Node(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(super) fn has_node(&self, name: &str) -> bool {
        self.0.contains_key(&Thing::Node(name.to_owned()))
    }

    /// Users and groups.
    pub(super) fn people(&self) -> impl Iterator<Item = &Holder> {
        self.from(Thing::Person(Holder::User(String::new()))).map_while(|thing| match thing {
            Thing::Person(holder) => Some(holder),
            _ => None,
        })
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.0.contains_key(&Thing::Person(Holder::Group(name.to_owned())))
    }
}

impl Dump {
    /// What the object speaks of; a role for its bindings.
    pub(super) fn things(&self, id: &KubernetesObject) -> Vec<Thing> {
        let place = (id.namespace.clone(), id.name.clone());
        match id.kind {
            KubernetesKind::Pod => {
                let Some(pod) = self.pods.get(&place) else { return Vec::new() };
                let node = pod.node_name().to_owned();
                let account = (place.0.clone(), pod.account.clone());
                vec![Thing::Pod(place), Thing::Node(node), Thing::Account(account)]
            }
            KubernetesKind::Node => {
                self.nodes.contains_key(&id.name).then_some(Thing::Node(place.1)).into_iter().collect()
            }
            KubernetesKind::ServiceAccount => {
                self.accounts.contains_key(&place).then_some(Thing::Account(place)).into_iter().collect()
            }
            KubernetesKind::Role | KubernetesKind::ClusterRole => {
                let is_own = |thing: &Thing| {
                    let of_cluster = id.kind == KubernetesKind::ClusterRole;
                    matches!(thing, Thing::Set(_, own, role) if *own == of_cluster && *role == id.name)
                };
                let given = self.resting_on(id).into_iter().map(|binding| self.given(&binding));
                // What rests on it by another role is there with that one.
                given.filter(|things| things.first().is_some_and(is_own)).flatten().collect()
            }
            KubernetesKind::RoleBinding | KubernetesKind::ClusterRoleBinding => self.given(id),
            _ => Vec::new(),
        }
    }

    /// What a binding speaks of: what it gives, and whom it names. Nothing while its role is not there.
    fn given(&self, binding: &KubernetesObject) -> Vec<Thing> {
        let Some(set) = self.set(binding) else { return Vec::new() };
        let own = Thing::Set(binding.clone(), set.is_of_cluster_role(), set.role().to_owned());
        let named = set.holders().map(|holder| match account(&holder) {
            Some(place) => Thing::Account(place),
            None => Thing::Person(holder),
        });
        std::iter::once(own).chain(named).collect()
    }

    /// What a binding gives.
    pub(super) fn set(&self, binding: &KubernetesObject) -> Option<PermissionSet<'_>> {
        self.cluster.permission_set(binding.within(), &binding.name)
    }

    /// The bindings whose rights rest on a role.
    pub(super) fn resting_on(&self, role: &KubernetesObject) -> Vec<KubernetesObject> {
        let all = self.cluster.resting_on(role.within(), &role.name);
        all.map(|(namespace, name)| binding(namespace, name)).collect()
    }

    /// Counts things and the pods of nodes, and finds the pods that stand before others, after objects were read.
    pub(super) fn settle(&mut self) {
        let spoken =
            |id: &&KubernetesObject| !matches!(id.kind, KubernetesKind::Role | KubernetesKind::ClusterRole);
        let things: Vec<Thing> = self.known.keys().filter(spoken).flat_map(|id| self.things(id)).collect();
        self.things = Things::default();
        for thing in things {
            self.things.add(thing);
        }
        self.running.clear();
        for (place, pod) in &self.pods {
            let node = pod.node_name().to_owned();
            self.running.entry(node).or_default().insert(place.clone());
        }
        self.fronts.clear();
        for namespace in self.on_network() {
            self.find_fronts(&namespace);
        }
    }
}

/// The binding `name`, of a namespace or of the cluster.
pub(super) fn binding(namespace: Option<&str>, name: &str) -> KubernetesObject {
    let kind = match namespace {
        Some(_) => KubernetesKind::RoleBinding,
        None => KubernetesKind::ClusterRoleBinding,
    };
    KubernetesObject::new(kind, namespace.unwrap_or_default(), name)
}
