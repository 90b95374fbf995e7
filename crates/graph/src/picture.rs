//! A graph as text for other programs: DOT (Graphviz), Mermaid, OpenGraph.
//!
//! Names are escaped for each, so that no name of a node can end a line or open a tag. O(V + E).

use crate::named::NamedGraph;
use crate::node_set::NodeSet;
use serde_json::{Value, json};
use std::fmt::Write as _;

impl NamedGraph {
    /// The edges among `nodes` as they are drawn by Graphviz. <https://graphviz.org/doc/info/lang.html>.
    pub fn dot(&self, nodes: &NodeSet) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        let mut text = "digraph paths {\n".to_owned();
        for node in nodes.iter() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  n{node} [label=\"{}\"];", quoted(self.name(node)));
        }
        for (from, to, edge) in self.among(nodes) {
            let _ = writeln!(text, "  n{from} -> n{to} [label=\"{}\"];", quoted(self.kind_of(edge)));
        }
        text.push_str("}\n");
        text
    }

    /// The same for Mermaid. <https://mermaid.js.org/syntax/flowchart.html>.
    pub fn mermaid(&self, nodes: &NodeSet) -> String {
        let quoted = |text: &str| {
            let plain = |sign: char| match sign {
                '"' => "#quot;".to_owned(),
                '<' => "#lt;".to_owned(),
                '>' => "#gt;".to_owned(),
                '#' => "#35;".to_owned(),
                '|' => "#124;".to_owned(),
                '\n' | '\r' => " ".to_owned(),
                other => other.to_string(),
            };
            text.chars().map(plain).collect::<String>()
        };
        let mut text = "flowchart LR\n".to_owned();
        for node in nodes.iter() {
            let _ = writeln!(text, "  n{node}[\"{}\"]", quoted(self.name(node)));
        }
        for (from, to, edge) in self.among(nodes) {
            let _ = writeln!(text, "  n{from} -- \"{}\" --> n{to}", quoted(self.kind_of(edge)));
        }
        text
    }

    /// The whole graph as an OpenGraph payload, which [`crate::NamedGraphBuilder::open_graph`] and BloodHound read.
    ///
    /// Each edge carries its chance and what says that it is there. Nodes that may be taken over are of the kind `User`,
    /// others of the kind `Base`; what is worth getting to has `tier` 0.
    pub fn to_open_graph(&self) -> String {
        let count = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let principals = NodeSet::of(self.len(), self.principals());
        let jewels = NodeSet::of(self.len(), self.jewels());
        let node = |node: u32| {
            let kind = if principals.contains(node) { "User" } else { "Base" };
            let tier = jewels.contains(node).then_some(0);
            json!({"id": self.name(node), "kinds": [kind], "properties": {"name": self.name(node), "tier": tier}})
        };
        let edges: Vec<Value> = self.among(&NodeSet::of(self.len(), 0..count)).map(|(from, to, edge)| {
            let told = self.net().label(edge).copied().unwrap_or_default();
            let effort = self.net().edge(edge).map_or(f32::INFINITY, |half| half.effort);
            json!({
                "kind": self.kind(told),
                "start": {"value": self.name(from), "match_by": "id"},
                "end": {"value": self.name(to), "match_by": "id"},
                "properties": {
                    "because": self.because(told), "probability": libm::exp(-f64::from(effort)), "traversable": true,
                },
            })
        }).collect();
        let nodes: Vec<Value> = (0..count).map(node).collect();
        json!({"graph": {"nodes": nodes, "edges": edges}}).to_string()
    }

    /// The edges both of whose ends are among `nodes`: start, end, number.
    fn among<'a>(&'a self, nodes: &'a NodeSet) -> impl Iterator<Item = (u32, u32, u32)> + 'a {
        nodes.iter().flat_map(move |from| {
            let row = self.net().numbers(from).zip(self.net().out(from));
            row.filter(|(_, half)| nodes.contains(half.node)).map(move |(edge, half)| (from, half.node, edge))
        })
    }

    fn kind_of(&self, edge: u32) -> &str {
        self.net().label(edge).map_or("?", |told| self.kind(*told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::{NamedEdge, NamedGraphBuilder};

    fn graph() -> NamedGraph {
        let mut builder = NamedGraphBuilder::default();
        builder.document("list");
        builder.principal("a\"\n<b>");
        builder.jewel("vault");
        for (from, to) in [("a\"\n<b>", "group"), ("group", "vault")] {
            builder.edge(&NamedEdge { from, to, kind: "MemberOf", probability: 0.5, record: 3 });
        }
        builder.build()
    }

    #[test]
    fn names_are_escaped_and_edges_outside_are_left_out() {
        let graph = graph();
        let some = NodeSet::of(graph.len(), [0, 2]);
        assert_eq!(
            graph.dot(&some),
            "digraph paths {\n  n0 [label=\"a\\\" <b>\"];\n  n2 [label=\"group\"];\n  n0 -> n2 [label=\"MemberOf\"];\n}\n"
        );
        assert_eq!(
            graph.mermaid(&some),
            "flowchart LR\n  n0[\"a#quot; #lt;b#gt;\"]\n  n2[\"group\"]\n  n0 -- \"MemberOf\" --> n2\n"
        );
    }

    #[test]
    fn what_is_written_as_open_graph_is_read_back() {
        let graph = graph();
        let payload: Value = serde_json::from_str(&graph.to_open_graph()).unwrap();
        let mut builder = NamedGraphBuilder::default();
        let foreign = builder.open_graph(&payload).unwrap();
        let back = builder.build();
        assert_eq!((foreign.unresolved, foreign.problems.len(), back.edges()), (0, 0, 2));
        let names = |graph: &NamedGraph, nodes: Vec<u32>| {
            nodes.iter().map(|node| graph.name(*node).to_owned()).collect::<Vec<_>>()
        };
        for (one, two) in [
            (names(&graph, graph.principals().collect()), names(&back, back.principals().collect())),
            (names(&graph, graph.jewels().collect()), names(&back, back.jewels().collect())),
        ] {
            assert_eq!(one, two);
        }
        let effort = |graph: &NamedGraph| graph.net().edge(1).unwrap().effort;
        assert!((effort(&graph) - effort(&back)).abs() < 1e-6, "the chance is lost");
    }
}
