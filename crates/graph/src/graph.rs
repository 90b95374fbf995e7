//! Who can reach what, by which steps: the edges that follow from an inventory, and those a product brings.
//!
//! Edges belong to pairs of a source and what they are about; a change redoes the pairs of the objects it touches
//! and no others. Building asks each principal about each target, most pairs cost a few look-ups. The state is
//! O(nodes + edges).

mod learn;
mod own;

use crate::authority::{Authority, RoleSide};
use crate::change::{EdgeChanges, Touched};
use crate::derive::Derivation;
use crate::edge::{Edge, EdgeKind, EdgeKinds, Standing};
use crate::inventory::Inventory;
use crate::network::{Crowds, NetSide, Stand, Starts, internet};
use crate::nodes::Nodes;
use crate::object::Object;
use crate::report::GraphStats;
use crate::target::{Targets, inside};
use crate::value::ValueRules;
use core::fmt;
use homeostat_core::{EntityKey, EntityKind, Value};
use own::OWN;
use std::collections::{BTreeMap, BTreeSet};

/// The graph of an estate.
///
/// ```
/// use homeostat_graph::{Graph, Inventory, Reading, arn_key};
///
/// let inventory = Inventory::from_account_authorization(r#"{"UserDetailList": [{
///     "Arn": "arn:aws:iam::111122223333:user/jane",
///     "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement":
///         {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}}]}]}"#, &Reading::default())?;
/// let graph = Graph::build(&inventory);
/// let jane = arn_key("arn:aws:iam::111122223333:user/jane").unwrap();
/// let path = graph.path_to_administrator(&jane).unwrap();
/// assert_eq!((path.steps.len(), &*path.steps[0].rule), (1, "iam:PutUserPolicy"));
/// # Ok::<(), homeostat_graph::SnapshotFault>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Graph {
    kinds: EdgeKinds,
    rules: ValueRules,
    pub(crate) nodes: Nodes,
    /// Per node: its edges, by what they are about: those of an account are many, and change one by one.
    out: Vec<BTreeMap<u32, Vec<Held>>>,
    /// Per node: the sources of edges about it.
    about: Vec<BTreeSet<u32>>,
    authorities: BTreeMap<EntityKey, Authority>,
    roles: BTreeMap<EntityKey, RoleSide>,
    workloads: BTreeSet<EntityKey>,
    /// What leads to each object over the network.
    sides: BTreeMap<EntityKey, NetSide>,
    /// Where edges start besides: places of the network, those whom others vouch for, what is tied to something.
    stands: BTreeMap<EntityKey, Stand>,
    /// What each start is asked about, and the machines that start together.
    starts: Starts,
    targets: Targets,
    crowds: Crowds,
    internet: Option<EntityKey>,
    /// Which objects lie in each account.
    accounts: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    values: BTreeMap<EntityKey, Value>,
    edges: usize,
}

/// Whether some sources were not touched: principals, and machines and places.
#[derive(Clone, Copy)]
struct Left {
    principals: bool,
    placed: bool,
}

/// An edge with the numbers of its ends and of what it is about.
#[derive(Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) about: u32,
    pub(crate) to: u32,
    pub(crate) edge: Edge,
}

impl Default for Graph {
    fn default() -> Self {
        Self::with_values(ValueRules::default())
    }
}

impl Graph {
    /// An empty graph that values things by `rules`.
    pub fn with_values(rules: ValueRules) -> Self {
        Self {
            kinds: EdgeKinds::default(),
            rules,
            nodes: Nodes::default(),
            out: Vec::new(),
            about: Vec::new(),
            authorities: BTreeMap::new(),
            roles: BTreeMap::new(),
            workloads: BTreeSet::new(),
            sides: BTreeMap::new(),
            stands: BTreeMap::new(),
            starts: Starts::default(),
            targets: Targets::default(),
            crowds: Crowds::default(),
            internet: internet(),
            accounts: BTreeMap::new(),
            values: BTreeMap::new(),
            edges: 0,
        }
    }

    /// The graph of `inventory`, with the default values.
    pub fn build(inventory: &Inventory) -> Self {
        let mut graph = Self::default();
        graph.rebuild(inventory);
        graph
    }

    /// Derives everything from `inventory`; own edges stay.
    pub fn rebuild(&mut self, inventory: &Inventory) -> EdgeChanges {
        let known = self.authorities.keys().chain(&self.workloads).chain(self.values.keys());
        let gone = known.chain(self.sides.keys()).chain(self.stands.keys()).cloned();
        let objects = gone.chain(inventory.objects().map(|object| object.key().clone())).collect();
        self.update(inventory, &Touched { objects })
    }

    /// Brings the graph up to `inventory` after changes that touched `touched`.
    ///
    /// The result is the same as that of building anew. Of a touched principal what its permissions are about is looked at;
    /// of a touched object those who may have an edge about it: principals of what they may have rights on, machines and
    /// places of the network of what lets somebody in, accounts.
    pub fn update(&mut self, inventory: &Inventory, touched: &Touched) -> EdgeChanges {
        let crowds = self.learn(inventory, touched);
        let mut changes = EdgeChanges::default();
        for key in touched.objects.union(&crowds) {
            if self.is_source(key) {
                self.redo_source(inventory, key, &mut changes);
            } else if let Some(number) = self.nodes.find(key) {
                self.drop_from(number, &mut changes);
            }
        }
        let done = |source: &EntityKey| touched.objects.contains(source) || crowds.contains(source);
        // Building anew touches all: then there is nobody left to ask about each.
        let left = Left {
            principals: self.authorities.keys().any(|source| !done(source)),
            placed: self.workloads.iter().chain(self.stands.keys()).any(|source| !done(source)),
        };
        for key in &touched.objects {
            let Some(target) = inventory.object(key) else {
                self.drop_about(key, &mut changes);
                continue;
            };
            let sources = self
                .sources(target, left)
                .into_iter()
                .filter(|source| !done(source) && self.concerns(source, target));
            let concerned: BTreeSet<EntityKey> = sources.cloned().collect();
            for source in self.sources_about(key) {
                if !done(&source) && !concerned.contains(&source) {
                    self.forget(&source, key, &mut changes);
                }
            }
            for source in &concerned {
                self.redo(inventory, (source, target), &mut changes);
            }
        }
        changes
    }

    /// All from which an edge may lead about `target`, by its kind and by what is let in to it.
    fn sources(&self, target: &Object, left: Left) -> BTreeSet<&EntityKey> {
        let key = target.key();
        let mut all: BTreeSet<&EntityKey> = self.accounts.keys().chain(&self.internet).collect();
        if left.principals {
            match self.roles.get(key) {
                Some(side) => match self.targets.able_to_become(key, side) {
                    Some(able) => {
                        let known = able.iter().filter_map(|key| self.authorities.get_key_value(key));
                        all.extend(known.map(|(key, _)| key));
                    }
                    None => all.extend(self.authorities.keys()),
                },
                None => all.extend(self.targets.able(target)),
            }
        }
        if left.placed && self.roles.contains_key(key) {
            all.extend(self.workloads.iter().chain(self.stands.keys()));
        }
        if let Some(side) = self.sides.get(key).filter(|_| left.placed) {
            all.extend(self.starts.to(side).into_iter().filter(|start| self.stands.contains_key(*start)));
        }
        all
    }

    /// From where edges about `key` were derived.
    fn sources_about(&self, key: &EntityKey) -> Vec<EntityKey> {
        let sources = self.nodes.find(key).and_then(|about| self.about.get(about as usize));
        sources.into_iter().flatten().filter_map(|from| self.nodes.key(*from)).cloned().collect()
    }

    fn is_source(&self, key: &EntityKey) -> bool {
        let by_itself = self.authorities.contains_key(key) || self.workloads.contains(key);
        by_itself || self.stands.contains_key(key) || self.internet.as_ref() == Some(key)
    }

    /// Derives all edges that start at `key`, and drops those that no longer follow.
    fn redo_source(&mut self, inventory: &Inventory, key: &EntityKey, changes: &mut EdgeChanges) {
        let known = self.nodes.find(key);
        let mut left: BTreeSet<u32> =
            known.map(|from| self.derived(from).map(|held| held.about).collect()).unwrap_or_default();
        let mut redo = |own: &mut Self, target: &Object| {
            own.redo(inventory, (key, target), &mut *changes);
            if let Some(about) = own.nodes.find(target.key()) {
                left.remove(&about);
            }
        };
        if self.authorities.contains_key(key) {
            if let Some(object) = inventory.object(key) {
                redo(self, object);
            }
            let owned = self.owns_account(key).then(|| key.scope());
            let candidates =
                self.authorities.get(key).map(|authority| self.targets.of(inventory, authority, owned));
            for target in candidates.into_iter().flatten() {
                redo(self, target);
            }
        } else {
            let near: Vec<&Object> = self
                .starts
                .near(key, self.stands.get(key))
                .into_iter()
                .filter_map(|other| inventory.object(other))
                .collect();
            let own =
                inventory.object(key).into_iter().chain(near.into_iter().filter(|other| other.key() != key));
            let mut roles = Vec::new();
            if let Some(workload) = inventory.object(key).filter(|_| self.workloads.contains(key)) {
                roles = self.targets.run_as(inventory, workload);
            }
            if self.stands.get(key).is_some_and(|stand| stand.subject) {
                roles.extend(self.targets.federated(inventory));
            }
            for target in own.chain(roles) {
                if self.concerns(key, target) {
                    redo(self, target);
                }
            }
        }
        if let Some(from) = self.nodes.find(key) {
            for about in left {
                self.replace(from, about, Vec::new(), changes);
            }
        }
    }

    /// Whether the one edge that says so leads from the principal straight to its account: what is in the account is
    /// then in its reach by it, and edges to each thing would say the same again.
    fn owns_account(&self, key: &EntityKey) -> bool {
        let Some(own) = self.nodes.find(key) else { return false };
        let out = self.out.get(own as usize).and_then(|out| out.get(&own));
        let sure =
            |edge: &Edge| edge.standing == Standing::Possible && edge.condition.is_none() && !edge.stale;
        let account =
            |edge: &Edge| edge.to.kind() == EntityKind::CloudAccount && edge.to.value() == key.scope();
        out.into_iter().flatten().any(|held| sure(&held.edge) && account(&held.edge))
    }

    /// Whether there may be an edge from `source` about `target`: what can be said without asking about the pair.
    fn concerns(&self, source: &EntityKey, target: &Object) -> bool {
        let Some(authority) = self.authorities.get(source) else {
            return self.concerns_others(source, target);
        };
        if target.key() != source && inside(target, source.scope()) && self.owns_account(source) {
            return false;
        }
        authority.concerns(target, self.roles.get(target.key()))
    }

    /// The same of a source that has no rights of its own.
    fn concerns_others(&self, source: &EntityKey, target: &Object) -> bool {
        if source == target.key() {
            return true;
        }
        let stand = self.stands.get(source);
        let side = self.sides.get(target.key());
        if side.is_some_and(|side| side.from(source, stand).next().is_some()) {
            return true;
        }
        let role = self.roles.get(target.key());
        let runs = role.is_some() && self.workloads.contains(source);
        let vouched = stand.is_some_and(|stand| stand.subject) && role.is_some_and(|side| side.federated);
        runs || vouched || self.accounts.contains_key(source)
    }

    /// Drops what was derived from `source` about `target`.
    fn forget(&mut self, source: &EntityKey, target: &EntityKey, changes: &mut EdgeChanges) {
        if let Some((from, about)) = self.nodes.find(source).zip(self.nodes.find(target))
            && self.is_about(from, about)
        {
            self.replace(from, about, Vec::new(), changes);
        }
    }

    fn redo(
        &mut self,
        inventory: &Inventory,
        (source, target): (&EntityKey, &Object),
        changes: &mut EdgeChanges,
    ) {
        let derivation = Derivation {
            inventory,
            kinds: &self.kinds,
            authorities: &self.authorities,
            roles: &self.roles,
            sides: &self.sides,
            stands: &self.stands,
        };
        let edges = derivation.pair(source, target);
        changes.pairs += 1;
        if edges.is_empty() && self.edges == 0 {
            return;
        }
        let known = self.nodes.find(source).zip(self.nodes.find(target.key()));
        if edges.is_empty() && known.is_none_or(|(from, about)| !self.is_about(from, about)) {
            return;
        }
        let (from, about) = (self.node(source), self.node(target.key()));
        self.replace(from, about, edges, changes);
    }

    fn is_about(&self, from: u32, about: u32) -> bool {
        self.about.get(about as usize).is_some_and(|sources| sources.contains(&from))
    }

    fn node(&mut self, key: &EntityKey) -> u32 {
        let number = self.nodes.number(key);
        self.out.resize_with(self.nodes.len(), BTreeMap::new);
        self.about.resize_with(self.nodes.len(), BTreeSet::new);
        number
    }

    fn replace(&mut self, from: u32, about: u32, edges: Vec<Edge>, changes: &mut EdgeChanges) {
        let mut fresh = Vec::with_capacity(edges.len());
        for edge in edges {
            fresh.push(Held { about, to: self.node(&edge.to), edge });
        }
        let Some(out) = self.out.get_mut(from as usize) else { return };
        let old = out.remove(&about).unwrap_or_default();
        if old.is_empty() && fresh.is_empty() {
            return;
        }
        changes.removed += old.iter().filter(|held| !fresh.contains(held)).count();
        changes.added += fresh.iter().filter(|held| !old.contains(held)).count();
        self.edges = (self.edges + fresh.len()).saturating_sub(old.len());
        if let Some(sources) = self.about.get_mut(about as usize) {
            if fresh.is_empty() {
                sources.remove(&from);
            } else {
                sources.insert(from);
            }
        }
        if !fresh.is_empty() {
            out.insert(about, fresh);
        }
    }

    /// Drops all that was derived from a source that is none any more.
    fn drop_from(&mut self, from: u32, changes: &mut EdgeChanges) {
        let abouts: BTreeSet<u32> = self.derived(from).map(|held| held.about).collect();
        for about in abouts {
            self.replace(from, about, Vec::new(), changes);
        }
    }

    fn derived(&self, from: u32) -> impl Iterator<Item = &Held> {
        let account = self.nodes.key(from).is_some_and(|key| self.accounts.contains_key(key));
        self.held(from).filter(move |held| held.about != OWN && !account)
    }

    /// The edges that start at a node.
    pub(crate) fn held(&self, node: u32) -> impl Iterator<Item = &Held> {
        self.out.get(node as usize).into_iter().flat_map(BTreeMap::values).flatten()
    }

    pub(crate) fn all_held(&self) -> impl Iterator<Item = &Held> {
        self.out.iter().flat_map(BTreeMap::values).flatten()
    }

    fn drop_about(&mut self, key: &EntityKey, changes: &mut EdgeChanges) {
        let Some(about) = self.nodes.find(key) else { return };
        let sources = self.about.get(about as usize).cloned().unwrap_or_default();
        for from in sources {
            self.replace(from, about, Vec::new(), changes);
        }
    }

    /// The kinds of edges.
    pub fn kinds(&self) -> &EdgeKinds {
        &self.kinds
    }

    /// What is worth how much.
    pub fn values(&self) -> &ValueRules {
        &self.rules
    }

    /// All edges, in the order of source, target, kind, rule and proof.
    pub fn edges(&self) -> Vec<&Edge> {
        let mut edges: Vec<&Edge> = self.all_held().map(|held| &held.edge).collect();
        edges.sort_by(|one, two| one.order().cmp(&two.order()));
        edges
    }

    /// Users and roles, in the order of keys.
    pub fn principals(&self) -> impl Iterator<Item = &EntityKey> {
        self.authorities.keys()
    }

    /// Those who may start besides users and roles: whom other providers vouch for, and the Internet where something is open
    /// to it.
    pub fn entries(&self) -> impl Iterator<Item = &EntityKey> {
        let subjects = self.stands.iter().filter(|(_, stand)| stand.acts).map(|(key, _)| key);
        let open = |key: &&EntityKey| self.nodes.find(key).is_some_and(|node| self.has_edges(node));
        subjects.chain(self.internet.iter().filter(open))
    }

    #[cfg(test)]
    pub(crate) fn targets(&self) -> &Targets {
        &self.targets
    }

    fn has_edges(&self, node: u32) -> bool {
        self.held(node).next().is_some()
    }

    /// Whether `key` is a user or role of the inventory.
    pub fn is_principal(&self, key: &EntityKey) -> bool {
        self.authorities.contains_key(key)
    }

    /// The principals that have full authority over their account now, without any condition.
    pub fn administrators(&self) -> impl Iterator<Item = &EntityKey> {
        self.authorities.keys().filter(|key| self.is_administrator(key))
    }

    /// Whether `key` has full authority over its account now, without any condition.
    pub fn is_administrator(&self, key: &EntityKey) -> bool {
        let mut out = self.nodes.find(key).into_iter().flat_map(|number| self.held(number));
        out.any(|held| held.edge.kind == EdgeKind::ADMINISTRATOR && held.edge.condition.is_none())
    }

    /// What `key` is worth; `None` when nothing is known of it.
    pub(crate) fn worth(&self, key: &EntityKey) -> Option<Value> {
        if self.accounts.contains_key(key) {
            return Some(self.rules.account);
        }
        let value = *self.values.get(key)?;
        Some(if self.is_administrator(key) { value.max(self.rules.administrator) } else { value })
    }

    /// All that is worth something, in no order that means anything.
    pub(crate) fn valued(&self) -> impl Iterator<Item = (&EntityKey, Value)> {
        let accounts = self.accounts.keys().map(|key| (key, self.rules.account));
        let others = self.values.keys().filter(|key| !self.accounts.contains_key(*key));
        accounts.chain(others.filter_map(|key| Some((key, self.worth(key)?))))
    }

    /// The accounts that the estate has, as nodes.
    pub fn accounts(&self) -> impl Iterator<Item = &EntityKey> {
        self.accounts.keys()
    }

    /// How big the graph is.
    pub fn stats(&self) -> GraphStats {
        GraphStats {
            nodes: self.nodes.len(),
            edges: self.edges,
            principals: self.authorities.len(),
            unresolved: self.authorities.values().map(|authority| authority.unresolved.len()).sum(),
            untold_lists: self.stands.values().map(|stand| stand.untold).sum(),
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({:?})", self.stats())
    }
}
