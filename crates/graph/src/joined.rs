//! A derived graph among graphs that others worked out: all providers in one.
//!
//! Nodes are joined by their names, the values of their keys: ARNs, security identifiers, object ids, the names that a
//! cluster's objects have. Each derived edge keeps its explanation. O(V + E).

use crate::edge::Standing;
use crate::graph::Graph;
use crate::named::{Explained, NamedGraphBuilder};
use homeostat_core::{EntityKey, EntityKind};

impl NamedGraphBuilder {
    /// Adds all of `graph`: edges with their explanations, who may be taken over, what is worth getting to. Add graphs of
    /// collectors first: who has written a name in capitals there is found by it.
    pub fn graph(&mut self, graph: &Graph) {
        for edge in graph.edges() {
            let step = graph.step(edge);
            let told = Explained {
                because: step.because,
                condition: step.condition,
                hypothetical: edge.standing == Standing::Hypothetical,
                stale: edge.stale,
            };
            let (from, to) = (self.name_of(&edge.from), self.name_of(&edge.to));
            self.explained((&from, &to), (&step.kind, edge.probability), told);
        }
        for key in graph.principals().chain(graph.entries()) {
            let name = self.name_of(key);
            self.principal(&name);
        }
        let snapshot = graph.snapshot();
        for key in graph.jewels(&snapshot).into_iter().filter_map(|node| snapshot.key(node)) {
            let name = self.name_of(key);
            if key.kind() == EntityKind::CloudAccount { self.jewel(&name) } else { self.store(&name) }
        }
    }

    /// The name under which a node is known here.
    fn name_of(&self, key: &EntityKey) -> String {
        let name = key.value().to_owned();
        let directory = matches!(
            key.kind(),
            EntityKind::DirectoryObjectId | EntityKind::GroupId | EntityKind::ServicePrincipalId
        );
        let capitals = name.to_ascii_uppercase();
        if directory && !self.has(&name) && self.has(&capitals) { capitals } else { name }
    }
}
