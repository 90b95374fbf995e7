//! Edges that a product brings: they stay until it takes them away.

use super::{Graph, Held};
use crate::edge::{Edge, EdgeKind, KindInfo, OwnEdge, probability};
use homeostat_core::EntityKey;

/// What own edges are about: nothing of the inventory.
pub(super) const OWN: u32 = u32::MAX;

impl Graph {
    /// Registers a kind of edge of the product's own.
    pub fn register(&mut self, info: KindInfo) -> EdgeKind {
        self.kinds.register(info)
    }

    /// Adds an edge of the product's own. It stays until [`Self::disconnect`].
    pub fn connect(&mut self, own: &OwnEdge) {
        let (from, to) = (self.node(&own.from), self.node(&own.to));
        let default = self.kinds.info(own.kind).map_or(0.0, |info| info.probability);
        let edge = Edge {
            from: own.from.clone(),
            to: own.to.clone(),
            kind: own.kind,
            rule: self.kinds.name(own.kind).into(),
            probability: probability(own.probability.unwrap_or(default)),
            standing: own.standing,
            because: vec![own.evidence.to_string()],
            evidence: vec![own.evidence.clone()],
            condition: None,
            stale: false,
        };
        if let Some(out) = self.out.get_mut(from as usize) {
            out.entry(OWN).or_default().push(Held { about: OWN, to, edge });
            self.edges += 1;
        }
    }

    /// Takes away own edges of this kind between two nodes; tells how many there were.
    pub fn disconnect(&mut self, from: &EntityKey, to: &EntityKey, kind: EdgeKind) -> usize {
        let Some((from, to)) = self.nodes.find(from).zip(self.nodes.find(to)) else { return 0 };
        let Some(out) = self.out.get_mut(from as usize) else { return 0 };
        let Some(own) = out.get_mut(&OWN) else { return 0 };
        let before = own.len();
        own.retain(|held| !(held.to == to && held.edge.kind == kind));
        let removed = before - own.len();
        if own.is_empty() {
            out.remove(&OWN);
        }
        self.edges = self.edges.saturating_sub(removed);
        removed
    }
}
