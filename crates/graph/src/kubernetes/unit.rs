//! In which parts ways through a cluster are found, and what of it a change bears on.
//!
//! What each binding gives is asked apart for pods, accounts and other bindings of each namespace, so that an object that
//! comes asks the bindings that hold in its namespace for its kind alone, and a binding what lies where it holds.

use super::change::{KubernetesKind, KubernetesObject};
use super::thing::{Thing, binding};
use super::{Dump, Weave};
use homeostat_access::kubernetes::{Holder, PermissionSet};
use std::collections::BTreeSet;

/// What ways are found of at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// What runs on a node.
    Node(String),
    /// Whom a binding names, and what it gives in the cluster as a whole.
    Held(KubernetesObject),
    /// What a binding gives over these.
    Over(KubernetesObject, Over),
    /// To which groups the accounts of a namespace belong.
    Members(String),
    /// To which groups users belong.
    People,
    /// What the network reaches in a namespace.
    Network(String),
}

/// Over what a binding gives something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Over {
    /// The pods of a namespace.
    Pods(String),
    /// The accounts of a namespace.
    Accounts(String),
    /// What other bindings give, those of a namespace or of the cluster.
    Sets(Option<String>),
    /// All nodes.
    Nodes,
    /// Users and groups.
    People,
}

impl Dump {
    /// Finds the ways of one part.
    pub(super) fn ways(&self, unit: &Unit, weave: &mut Weave<'_>) {
        match unit {
            Unit::Node(name) => self.on_node(name, weave),
            Unit::Held(binding) => self.held(binding, weave),
            Unit::Over(binding, over) => self.over(binding, over, weave),
            Unit::Members(namespace) => self.members(namespace, weave),
            Unit::People => self.users(weave),
            Unit::Network(namespace) => self.by_network(namespace, weave),
        }
    }

    pub(super) fn everything(&self) -> BTreeSet<Unit> {
        let nodes = self.things.nodes().map(|name| Unit::Node(name.to_owned()));
        let sets = self.cluster.permission_sets().map(|set| binding(set.namespace(), set.binding()));
        let given = sets.flat_map(|binding| self.of_binding(&binding));
        let network = self.on_network().into_iter().map(Unit::Network);
        nodes.chain(given).chain(self.all_members()).chain(network).chain([Unit::People]).collect()
    }

    /// What is found of an object itself; asked before it changes and after.
    pub(super) fn about(&self, id: &KubernetesObject) -> Vec<Unit> {
        let place = (id.namespace.clone(), id.name.clone());
        let network = || Unit::Network(id.namespace.clone());
        match id.kind {
            KubernetesKind::Pod => {
                let node = self.pods.get(&place).map(|pod| Unit::Node(pod.node_name().to_owned()));
                node.into_iter().chain([network()]).collect()
            }
            KubernetesKind::Node => {
                let network = self.on_network().into_iter().map(Unit::Network);
                network.chain([Unit::Node(id.name.clone())]).collect()
            }
            KubernetesKind::ServiceAccount => {
                let pods = self.pods_of(&id.namespace).filter(|(_, pod)| pod.account == id.name);
                pods.map(|(_, pod)| Unit::Node(pod.node_name().to_owned())).collect()
            }
            KubernetesKind::Role | KubernetesKind::ClusterRole => {
                self.resting_on(id).iter().flat_map(|binding| self.about(binding)).collect()
            }
            KubernetesKind::RoleBinding | KubernetesKind::ClusterRoleBinding => {
                let logs = self.with_logs(id.within()).into_iter().map(Unit::Node);
                self.of_binding(id).into_iter().chain(logs).collect()
            }
            KubernetesKind::Namespace => Vec::new(),
            _ => vec![network()],
        }
    }

    /// What is found of others by a thing that came or went.
    pub(super) fn rests_on(&self, thing: &Thing) -> Vec<Unit> {
        match thing {
            Thing::Pod((namespace, _)) => self.givers(Some(namespace), &Over::Pods(namespace.clone())),
            Thing::Account((namespace, _)) => {
                let mut units = self.givers(Some(namespace), &Over::Accounts(namespace.clone()));
                units.push(Unit::Members(namespace.clone()));
                units
            }
            Thing::Node(name) => {
                let all = self.cluster.permission_sets().map(|set| over(&set, &Over::Nodes));
                all.chain([Unit::Node(name.clone())]).collect()
            }
            Thing::Person(holder) => {
                let mut units = self.givers(None, &Over::People);
                units.push(Unit::People);
                units.extend(self.members_of(holder));
                units
            }
            Thing::Set(binding, ..) => {
                self.givers(binding.within(), &Over::Sets(binding.within().map(str::to_owned)))
            }
        }
    }

    /// All bindings that hold in a namespace, or in the cluster, as far as they are asked for `what`.
    fn givers(&self, namespace: Option<&str>, what: &Over) -> Vec<Unit> {
        let holds = |set: &PermissionSet<'_>| set.namespace().is_none_or(|own| Some(own) == namespace);
        self.cluster.permission_sets().filter(holds).map(|set| over(&set, what)).collect()
    }

    /// All that is found of a binding.
    fn of_binding(&self, binding: &KubernetesObject) -> Vec<Unit> {
        let mut all = vec![Over::Nodes];
        if let Some(namespace) = binding.within() {
            let own = namespace.to_owned();
            all.extend([Over::Pods(own.clone()), Over::Accounts(own.clone()), Over::Sets(Some(own))]);
        } else {
            all.extend([Over::People, Over::Sets(None)]);
            let pods: BTreeSet<&String> = self.pods.keys().map(|(namespace, _)| namespace).collect();
            all.extend(pods.into_iter().cloned().map(Over::Pods));
            all.extend(self.things.with_accounts().into_iter().map(str::to_owned).map(Over::Accounts));
            let sets = self.cluster.permission_sets();
            let sets: BTreeSet<String> = sets.filter_map(|set| Some(set.namespace()?.to_owned())).collect();
            all.extend(sets.into_iter().map(Some).map(Over::Sets));
        }
        let over = all.into_iter().map(|over| Unit::Over(binding.clone(), over));
        over.chain([Unit::Held(binding.clone())]).collect()
    }

    /// The namespaces whose accounts belong to a group.
    fn members_of(&self, group: &Holder) -> Vec<Unit> {
        let Holder::Group(name) = group else { return Vec::new() };
        match name.strip_prefix("system:serviceaccounts:") {
            Some(namespace) => vec![Unit::Members(namespace.to_owned())],
            None if name.starts_with("system:") => self.all_members(),
            None => Vec::new(),
        }
    }

    fn all_members(&self) -> Vec<Unit> {
        self.things.with_accounts().into_iter().map(|namespace| Unit::Members(namespace.to_owned())).collect()
    }
}

fn over(set: &PermissionSet<'_>, what: &Over) -> Unit {
    Unit::Over(binding(set.namespace(), set.binding()), what.clone())
}
