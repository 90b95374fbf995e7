//! A [`Graph`] as a [`Net`]: what is asked of nodes and edges by number, told by key.
//!
//! Nodes are numbered in the order of their keys and edges between two nodes lie in the order of [`Edge`]s, so that the answers
//! do not depend on how the graph grew. O(V + E log of the edges of a node) to make; one serves many questions.

use crate::distance::Distances;
use crate::edge::Edge;
use crate::graph::Graph;
use crate::net::{Net, NetEdge};
use crate::path::Path;
use core::fmt;
use homeostat_core::EntityKey;

/// A graph at one moment, with nodes and edges by number.
///
/// ```
/// use homeostat_graph::{Graph, Inventory, Reading, arn_key};
///
/// let inventory = Inventory::from_account_authorization(r#"{"UserDetailList": [{
///     "Arn": "arn:aws:iam::111122223333:user/jane",
///     "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement":
///         {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*"}}}]}]}"#, &Reading::default())?;
/// let graph = Graph::build(&inventory);
/// let snapshot = graph.snapshot();
/// let jane = snapshot.node(&arn_key("arn:aws:iam::111122223333:user/jane").unwrap()).unwrap();
/// let reached: Vec<_> = snapshot.net().reach(jane).iter().filter_map(|node| snapshot.key(node)).collect();
/// assert_eq!(reached.len(), 2);
/// # Ok::<(), homeostat_graph::SnapshotFault>(())
/// ```
pub struct Snapshot<'a> {
    net: Net<u32>,
    /// In order.
    keys: Vec<&'a EntityKey>,
    edges: Vec<&'a Edge>,
}

impl Graph {
    /// The graph at this moment, for questions by number: cuts, k best ways, dominators, chances, drift.
    pub fn snapshot(&self) -> Snapshot<'_> {
        let sorted: Vec<(&EntityKey, u32)> = self.nodes.sorted().collect();
        let mut rank = vec![u32::MAX; self.nodes.len()];
        for (at, (_, number)) in (0_u32..).zip(&sorted) {
            if let Some(rank) = rank.get_mut(*number as usize) {
                *rank = at;
            }
        }
        let rank = |number: u32| rank.get(number as usize).copied().unwrap_or(u32::MAX);
        let (mut all, mut edges) = (Vec::new(), Vec::new());
        for (from, (_, number)) in (0_u32..).zip(&sorted) {
            let mut out: Vec<(u32, &Edge)> =
                self.held(*number).map(|held| (rank(held.to), &held.edge)).collect();
            out.sort_by(|(one, a), (two, b)| one.cmp(two).then_with(|| a.order().cmp(&b.order())));
            for (to, edge) in out {
                let label = u32::try_from(edges.len()).unwrap_or(u32::MAX);
                all.push(NetEdge { from, to, effort: effort(edge.probability), label });
                edges.push(edge);
            }
        }
        let nodes = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
        Snapshot { net: Net::of(nodes, all), keys: sorted.into_iter().map(|(key, _)| key).collect(), edges }
    }
}

/// The effort of a step, −ln p.
pub(crate) fn effort(probability: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "efforts are compared, seven digits are plenty")]
    let effort = -libm::log(probability) as f32;
    effort.max(0.0)
}

impl<'a> Snapshot<'a> {
    /// The nodes and edges by number. An edge's label is the place of the [`Edge`].
    pub fn net(&self) -> &Net<u32> {
        &self.net
    }

    /// The node of this key. O(log V).
    pub fn node(&self, key: &EntityKey) -> Option<u32> {
        u32::try_from(self.keys.binary_search(&key).ok()?).ok()
    }

    /// The key of a node.
    pub fn key(&self, node: u32) -> Option<&'a EntityKey> {
        self.keys.get(node as usize).copied()
    }

    /// The edge of this number.
    pub fn edge(&self, number: u32) -> Option<&'a Edge> {
        self.edges.get(*self.net.label(number)? as usize).copied()
    }

    /// The nodes of these keys.
    pub fn nodes<'k>(&self, keys: impl IntoIterator<Item = &'k EntityKey>) -> Vec<u32> {
        keys.into_iter().filter_map(|key| self.node(key)).collect()
    }

    /// The path over these nodes, by the likeliest edge between each two.
    pub fn path(&self, nodes: &[u32]) -> Path {
        let steps = nodes.iter().zip(nodes.iter().skip(1));
        let edges = steps.filter_map(|(from, to)| self.edge(self.net.between(*from, *to)?));
        Path::of(edges.cloned().collect())
    }

    /// The path from `node` to the nearest target of `distances`; `None` when there is none.
    pub fn path_to(&self, distances: &Distances, node: u32) -> Option<Path> {
        distances.effort(node)?;
        Some(self.path(&distances.way(node)))
    }

    /// The path to `node` from the nearest start of `distances`; `None` when there is none.
    pub fn path_from(&self, distances: &Distances, node: u32) -> Option<Path> {
        distances.effort(node)?;
        let mut nodes = distances.way(node);
        nodes.reverse();
        Some(self.path(&nodes))
    }
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} nodes, {} edges)", self.net.len(), self.net.edges())
    }
}
