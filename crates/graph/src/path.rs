//! Cheapest paths, exposure and blast radius.
//!
//! Asked of a [`Snapshot`], which is made anew for each question: O(V + E) and the answer. The cheapest path by the effort
//! −ln p is the most likely one. The same graph gives the same path, however it grew. There is no bound on depth.

use crate::edge::Edge;
use crate::graph::Graph;
use crate::snapshot::Snapshot;
use core::cmp::Reverse;
use core::fmt;
use homeostat_core::{Criticality, EntityKey, Hop, Reach, Reached, Value};
use std::collections::BTreeMap;

/// Steps from one node to another.
#[derive(Clone, PartialEq)]
pub struct Path {
    /// The steps, in order. Empty when start and end are the same.
    pub steps: Vec<Edge>,
    /// The chance that all of them succeed, in `0.0..=1.0`.
    pub probability: f64,
}

impl Path {
    pub(crate) fn of(steps: Vec<Edge>) -> Self {
        let probability = steps.iter().map(|edge| edge.probability).product();
        Self { steps, probability }
    }

    /// The step that is least likely to succeed; the first of several.
    pub fn weakest(&self) -> Option<&Edge> {
        let each = self.steps.iter();
        each.min_by(|a, b| a.probability.total_cmp(&b.probability))
    }

    /// Whether any step rests on an object that changed in a way nobody told.
    pub fn is_stale(&self) -> bool {
        self.steps.iter().any(|edge| edge.stale)
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({:?}, {:.3})", self.steps, self.probability)
    }
}

impl Graph {
    /// The most likely path between two nodes; `None` when there is none.
    pub fn path(&self, from: &EntityKey, to: &EntityKey) -> Option<Path> {
        let snapshot = self.snapshot();
        let (start, end) = (snapshot.node(from)?, snapshot.node(to)?);
        snapshot.path_to(&snapshot.net().distances_to(&[end]), start)
    }

    /// The `count` most likely paths without a loop between two nodes, the most likely first.
    pub fn paths(&self, from: &EntityKey, to: &EntityKey, count: usize) -> Vec<Path> {
        let snapshot = self.snapshot();
        let Some((start, end)) = snapshot.node(from).zip(snapshot.node(to)) else { return Vec::new() };
        let distances = snapshot.net().distances_to(&[end]);
        let ways = snapshot.net().best_paths(&distances, start, count);
        ways.iter().map(|way| snapshot.path(&way.nodes)).collect()
    }

    /// The most likely path to full authority over any account; empty when `from` is an account.
    pub fn path_to_administrator(&self, from: &EntityKey) -> Option<Path> {
        let snapshot = self.snapshot();
        let distances = snapshot.net().distances_to(&snapshot.nodes(self.accounts()));
        snapshot.path_to(&distances, snapshot.node(from)?)
    }

    /// All principals that can get full authority over some account, each with its most likely path.
    ///
    /// One search against the edges serves them all: O(V + E) and the length of the paths.
    pub fn can_reach_administrator(&self) -> BTreeMap<EntityKey, Path> {
        self.to_administrator(&self.snapshot())
    }

    pub(crate) fn to_administrator(&self, snapshot: &Snapshot<'_>) -> BTreeMap<EntityKey, Path> {
        let distances = snapshot.net().distances_to(&snapshot.nodes(self.accounts()));
        let path = |key: &EntityKey| snapshot.path_to(&distances, snapshot.node(key)?);
        self.principals().filter_map(|key| Some((key.clone(), path(key)?))).collect()
    }

    /// What `from` can get to, with the most likely path to each, the most valuable first.
    pub fn blast_radius(&self, from: &EntityKey) -> Vec<(Value, EntityKey, Path)> {
        let snapshot = self.snapshot();
        let Some(start) = snapshot.node(from) else { return Vec::new() };
        let distances = snapshot.net().distances_from(&[start]);
        let ends = snapshot.net().reach(start);
        let each = ends.iter().filter(|node| *node != start).filter_map(|node| {
            let key = snapshot.key(node)?;
            let value = self.worth(key).unwrap_or_default();
            Some((value, key.clone(), snapshot.path_from(&distances, node)?))
        });
        let mut all: Vec<_> = each.collect();
        all.sort_by(|(one, a, first), (two, b, second)| {
            two.cmp(one).then(second.probability.total_cmp(&first.probability)).then(a.cmp(b))
        });
        all
    }

    /// Who can get to `target`, with the most likely path from each, in the order of keys. Only principals are
    /// told: they are who may be taken over.
    pub fn exposure(&self, target: &EntityKey) -> BTreeMap<EntityKey, Path> {
        let snapshot = self.snapshot();
        let Some(end) = snapshot.node(target) else { return BTreeMap::new() };
        let distances = snapshot.net().distances_to(&[end]);
        let path = |key: &EntityKey| snapshot.path_to(&distances, snapshot.node(key)?);
        let others = self.principals().filter(|key| *key != target);
        others.filter_map(|key| Some((key.clone(), path(key)?))).collect()
    }

    /// Who can get to `target`: every node, in the order of keys, without paths. O(V + E).
    ///
    /// ```
    /// use homeostat_graph::{EdgeClass, Evidence, Graph, KindInfo, OwnEdge, Standing, arn_key};
    ///
    /// let of = |name: &str| arn_key(&format!("arn:aws:iam::111122223333:{name}")).unwrap();
    /// let mut graph = Graph::default();
    /// let kind = graph.register(KindInfo {
    ///     name: "Deploys".into(), class: EdgeClass::Reach, techniques: vec![], probability: 0.9,
    /// });
    /// for (from, to) in [("user/ann", "role/build"), ("role/build", "role/deploy")] {
    ///     let (evidence, standing) = (Evidence::document("deploy plan"), Standing::Observed);
    ///     graph.connect(&OwnEdge { from: of(from), to: of(to), kind, probability: None, evidence, standing });
    /// }
    /// assert_eq!(graph.who_can(&of("role/deploy")), [of("user/ann"), of("role/build")]);
    /// ```
    pub fn who_can(&self, target: &EntityKey) -> Vec<EntityKey> {
        let snapshot = self.snapshot();
        let Some(end) = snapshot.node(target) else { return Vec::new() };
        let exposed = snapshot.net().exposed(&[end]);
        let others = exposed.iter().filter(|node| *node != end);
        others.filter_map(|node| snapshot.key(node).cloned()).collect()
    }

    /// Whether `from` gets to `to`, by any number of steps. O(V + E).
    pub fn can_reach(&self, from: &EntityKey, to: &EntityKey) -> bool {
        let snapshot = self.snapshot();
        let ends = snapshot.node(from).zip(snapshot.node(to));
        ends.is_some_and(|(from, to)| snapshot.net().reach(from).contains(to))
    }

    /// The jewels that `from` can get to, by [`crate::ValueRules::jewel`], the most valuable first.
    pub fn jewels_in_reach(&self, from: &EntityKey) -> Vec<EntityKey> {
        let snapshot = self.snapshot();
        let Some(start) = snapshot.node(from) else { return Vec::new() };
        let reach = snapshot.net().reach(start);
        let jewels =
            self.jewels(&snapshot).into_iter().filter(|node| *node != start && reach.contains(*node));
        jewels.filter_map(|node| snapshot.key(node).cloned()).collect()
    }

    /// What is worth getting to and nobody who may be taken over, the most valuable first, then by key.
    pub(crate) fn jewels(&self, snapshot: &Snapshot<'_>) -> Vec<u32> {
        let least = self.values().jewel;
        let mut jewels: Vec<(Reverse<Value>, u32)> = self
            .valued()
            .filter(|(key, value)| *value >= least && !self.is_principal(key))
            .filter_map(|(key, value)| Some((Reverse(value), snapshot.node(key)?)))
            .collect();
        jewels.sort_unstable();
        jewels.into_iter().map(|(_, node)| node).collect()
    }
}

impl Reach for Graph {
    fn reachable(&self, from: &EntityKey) -> Vec<Reached> {
        let each = self.blast_radius(from).into_iter().map(|(_, entity, path)| {
            let hop = |edge: &Edge| Hop {
                from: edge.from.clone(),
                to: edge.to.clone(),
                kind: self.kinds().name(edge.kind).to_owned(),
                because: edge.because.join("; "),
            };
            Reached { entity, probability: path.probability, path: path.steps.iter().map(hop).collect() }
        });
        each.collect()
    }
}

impl Criticality for Graph {
    fn value(&self, entity: &EntityKey) -> Value {
        self.worth(entity).unwrap_or_default()
    }
}
