//! Reads an OpenGraph payload, the exchange format of BloodHound's collectors.
//!
//! `{"graph": {"nodes": [{id, kinds, properties}], "edges": [{kind, start, end, properties}]}}`; an end is matched by
//! `id` or by `name`, or named by `start_id` and `end_id` as the engine's own dumps do. An end that no node fits stays as a node of its own and is counted. Edges whose kind gives no
//! control alone are counted and left out. O(bytes).

use crate::directory_rule::{is_tier_zero, is_traversable, probability};
use crate::inventory::Problem;
use crate::named::{NamedEdge, NamedGraphBuilder};
use serde_json::Value;
use std::collections::HashMap;

/// What was read of a foreign graph besides nodes and edges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Foreign {
    /// Records that could not be read.
    pub problems: Vec<Problem>,
    /// Ends of edges that no record describes.
    pub unresolved: usize,
    /// Edges that give control only together with others.
    pub not_alone: usize,
}

impl NamedGraphBuilder {
    /// Reads the payload `whole`; `None` when it has no graph of the format.
    pub fn open_graph(&mut self, whole: &Value) -> Option<Foreign> {
        let graph = whole.get("graph")?;
        let list = |name: &str| graph.get(name).and_then(Value::as_array).map(Vec::as_slice);
        let (nodes, edges) = (list("nodes"), list("edges"));
        if nodes.is_none() && edges.is_none() {
            return None;
        }
        let mut foreign = Foreign::default();
        // Only looked up: nothing rests on its order.
        let mut names: HashMap<String, String> = HashMap::new();
        for (record, node) in nodes.unwrap_or_default().iter().enumerate() {
            match node.get("id").and_then(Value::as_str) {
                Some(id) => self.open_node(id, node, &mut names),
                None => foreign.problem(&format!("graph.nodes[{record}]"), "no node with an `id`"),
            }
        }
        for (record, edge) in edges.unwrap_or_default().iter().enumerate() {
            if self.open_edge(edge, record, &names, &mut foreign).is_none() {
                foreign.problem(&format!("graph.edges[{record}]"), "no edge with `kind`, `start` and `end`");
            }
        }
        Some(foreign)
    }

    fn open_node(&mut self, id: &str, node: &Value, names: &mut HashMap<String, String>) {
        self.node(id);
        let property = |name: &str| node.get("properties").and_then(|all| all.get(name));
        if let Some(name) = property("name").and_then(Value::as_str) {
            names.entry(name.to_owned()).or_insert_with(|| id.to_owned());
        }
        let kinds: Vec<&str> = node
            .get("kinds")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if kinds.iter().any(|kind| is_principal(kind)) {
            self.principal(id);
        }
        let tagged =
            property("system_tags").and_then(Value::as_str).is_some_and(|tags| tags.contains("tier_0"));
        let valued = ["highvalue", "tier_zero"].iter().any(|name| property(name) == Some(&Value::Bool(true)));
        let by_kind = kinds.contains(&"Tag_Tier_Zero") || is_tier_zero(id);
        if tagged || valued || by_kind || property("tier").and_then(Value::as_i64) == Some(0) {
            self.jewel(id);
        }
    }

    fn open_edge(
        &mut self,
        edge: &Value,
        record: usize,
        names: &HashMap<String, String>,
        foreign: &mut Foreign,
    ) -> Option<()> {
        let kind = edge.get("kind")?.as_str()?;
        let end = |name: &str| {
            if let Some(id) = edge.get(format!("{name}_id")) {
                return id.as_str();
            }
            let end = edge.get(name)?;
            let value = end.get("value")?.as_str()?;
            let by_name = end.get("match_by").and_then(Value::as_str) == Some("name");
            Some(if by_name { names.get(value).map_or(value, String::as_str) } else { value })
        };
        let (from, to) = (end("start")?, end("end")?);
        foreign.unresolved += [from, to].iter().filter(|id| !self.has(id)).count();
        self.node(from);
        self.node(to);
        let told = edge.get("properties").and_then(|all| all.get("traversable")).and_then(Value::as_bool);
        if !told.unwrap_or_else(|| is_traversable(kind)) {
            foreign.not_alone += 1;
            return Some(());
        }
        let record = u32::try_from(record).unwrap_or(u32::MAX);
        let own = edge.get("properties").and_then(|all| all.get("probability")).and_then(Value::as_f64);
        let probability = own.unwrap_or_else(|| probability(kind));
        self.edge(&NamedEdge { from, to, kind, probability, record });
        Some(())
    }
}

impl Foreign {
    pub(crate) fn problem(&mut self, place: &str, cause: &str) {
        self.problems.push(Problem { place: place.to_owned(), cause: cause.to_owned() });
    }
}

/// Whether nodes of this kind are people, machines or programs that may be taken over.
fn is_principal(kind: &str) -> bool {
    const KINDS: [&str; 6] =
        ["Computer", "AZServicePrincipal", "AZManagedIdentity", "AZVM", "AZDevice", "ServicePrincipal"];
    kind.ends_with("User") || KINDS.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ends_are_matched_by_id_and_by_name() {
        let payload = json!({"graph": {
            "nodes": [
                {"id": "1", "kinds": ["User"], "properties": {"name": "maya"}},
                {"id": "2", "kinds": ["Group"], "properties": {"name": "admins", "system_tags": "admin_tier_0"}},
                {"kinds": []}],
            "edges": [
                {"kind": "MemberOf", "start": {"value": "maya", "match_by": "name"}, "end": {"value": "2"}},
                {"kind": "GetChanges", "start": {"value": "1"}, "end": {"value": "3"}},
                {"kind": "Owns", "start_id": "2", "end_id": "1"},
                {"kind": "Owns", "start": {"value": "1"}}]}});
        let mut builder = NamedGraphBuilder::default();
        let foreign = builder.open_graph(&payload).unwrap();
        assert_eq!((foreign.unresolved, foreign.not_alone, foreign.problems.len()), (1, 1, 2));
        let graph = builder.build();
        let jewels: Vec<u32> = graph.jewels().collect();
        let maya = graph.find("1").unwrap();
        assert_eq!(graph.principals().collect::<Vec<_>>(), [maya]);
        assert!(graph.net().exposed(&jewels).contains(maya));
        assert_eq!(graph.edges(), 2);
        assert!(NamedGraphBuilder::default().open_graph(&json!({"nodes": []})).is_none());
    }
}
