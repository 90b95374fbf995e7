//! A graph whose nodes bring their own names and whose edges somebody else worked out: an edge list, a collector's output.
//!
//! Edges lie in a [`Net`], which answers all questions; here are names, kinds and what says that an edge is there: 24
//! bytes an edge, O(V + E) to build.

use crate::names::Names;
use crate::net::{Net, NetBuilder, NetEdge};
use crate::snapshot::effort;
use std::collections::BTreeSet;

/// An edge as it is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedEdge<'a> {
    /// The name of the node where it starts.
    pub from: &'a str,
    /// The name of the node where it leads.
    pub to: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// How likely following it succeeds, in `0.0..=1.0`.
    pub probability: f64,
    /// Which record of the document says so, from 0.
    pub record: u32,
}

/// Gathers nodes and edges in any order.
#[derive(Clone, Debug, Default)]
pub struct NamedGraphBuilder {
    names: Names,
    kinds: Names,
    principals: Vec<u32>,
    jewels: Vec<u32>,
    edges: NetBuilder<Told>,
    documents: Vec<String>,
    // The document of the edges that come now.
    document: usize,
    unusable: usize,
    stores: Vec<u32>,
    explained: Vec<Explained>,
}

/// An edge of a derived graph in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Explained {
    pub(crate) because: String,
    pub(crate) condition: Option<String>,
    pub(crate) hypothetical: bool,
    pub(crate) stale: bool,
}

/// Stands for a document where the record is the number of an explanation.
const EXPLAINED: u16 = u16::MAX;

/// What is known of an edge besides its ends: its kind, and which record of which document says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub(crate) kind: u16,
    document: u16,
    record: u32,
}

/// Nodes with names and the edges between them, ready for questions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedGraph {
    names: Names,
    kinds: Names,
    /// In the order of names.
    principals: Vec<u32>,
    jewels: Vec<u32>,
    documents: Vec<String>,
    net: Net<Told>,
    unusable: usize,
    stores: BTreeSet<u32>,
    explained: Vec<Explained>,
}

impl NamedGraphBuilder {
    /// Says from which document the edges come that are added from now on. After 65,534 the last one stands for all.
    pub fn document(&mut self, name: &str) {
        self.document = self.documents.len();
        self.documents.push(name.to_owned());
    }

    /// Goes back to the `number`th document, from 0.
    #[cfg(any(feature = "kubernetes", feature = "clouds"))]
    pub(crate) fn at_document(&mut self, number: usize) {
        self.document = number;
    }

    /// The number of the node called `name`, which is added when it is new.
    pub fn node(&mut self, name: &str) -> u32 {
        let (number, _) = self.names.number(name);
        number
    }

    /// Whether a node of this name was added.
    pub fn has(&self, name: &str) -> bool {
        self.names.find(name).is_some()
    }

    /// Says that `name` is somebody who may be taken over: a user, a machine.
    pub fn principal(&mut self, name: &str) {
        let number = self.node(name);
        self.principals.push(number);
    }

    /// Says that `name` is worth getting to: in a directory, tier zero.
    pub fn jewel(&mut self, name: &str) {
        let number = self.node(name);
        self.jewels.push(number);
    }

    /// Says that `name` is a store of something: a jewel too, but getting to it is not administering anything.
    pub fn store(&mut self, name: &str) {
        let number = self.node(name);
        self.stores.push(number);
        self.jewels.push(number);
    }

    /// Adds all of another graph: nodes of the same name are the same. O(V + E).
    pub fn join(&mut self, other: &NamedGraph) {
        let first = self.documents.len();
        self.documents.extend(other.documents.iter().cloned());
        let nodes: Vec<u32> = (0_u32..).take(other.len()).map(|node| self.node(other.name(node))).collect();
        let at = |node: u32| nodes.get(node as usize).copied();
        self.principals.extend(other.principals.iter().filter_map(|node| at(*node)));
        self.jewels.extend(other.jewels.iter().filter_map(|node| at(*node)));
        self.stores.extend(other.stores.iter().filter_map(|node| at(*node)));
        for node in (0_u32..).take(other.len()) {
            for (edge, half) in other.net.numbers(node).zip(other.net.out(node)) {
                let (Some(from), Some(to), Some(told)) = (at(node), at(half.node), other.net.label(edge))
                else {
                    continue;
                };
                let kind = u16::try_from(self.kinds.number(other.kind(*told)).0).unwrap_or(u16::MAX);
                let label = match other.explanation(*told) {
                    Some(explained) => self.explain(kind, explained.clone()),
                    None => Told { kind, document: document(first + usize::from(told.document)), ..*told },
                };
                self.edges.edge(NetEdge { from, to, effort: half.effort, label });
            }
        }
        self.unusable += other.unusable();
    }

    fn explain(&mut self, kind: u16, explained: Explained) -> Told {
        let record = u32::try_from(self.explained.len()).unwrap_or(u32::MAX);
        self.explained.push(explained);
        Told { kind, document: EXPLAINED, record }
    }

    /// Adds an edge that brings its own explanation.
    pub(crate) fn explained(
        &mut self,
        (from, to): (&str, &str),
        (kind, probability): (&str, f64),
        told: Explained,
    ) {
        let ends = (self.node(from), self.node(to));
        if !(probability > 0.0 && probability <= 1.0) {
            self.unusable += 1;
            return;
        }
        let kind = u16::try_from(self.kinds.number(kind).0).unwrap_or(u16::MAX);
        let label = self.explain(kind, told);
        self.edges.edge(NetEdge { from: ends.0, to: ends.1, effort: effort(probability), label });
    }

    /// Adds an edge. One whose chance is zero or no number can not be followed: it is counted and left out.
    pub fn edge(&mut self, edge: &NamedEdge<'_>) {
        let ends = (self.node(edge.from), self.node(edge.to));
        if !(edge.probability > 0.0 && edge.probability <= 1.0) {
            self.unusable += 1;
            return;
        }
        let document = document(self.document);
        // 65,535 kinds: beyond that all share the last number, which no name has.
        let kind = u16::try_from(self.kinds.number(edge.kind).0).unwrap_or(u16::MAX);
        let label = Told { kind, document, record: edge.record };
        self.edges.edge(NetEdge { from: ends.0, to: ends.1, effort: effort(edge.probability), label });
    }

    /// The finished graph. O(V + E).
    pub fn build(mut self) -> NamedGraph {
        self.edges.nodes(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let names = self.names;
        let by_name = |mut nodes: Vec<u32>| {
            nodes.sort_unstable_by(|one, two| names.name(*one).cmp(names.name(*two)));
            nodes.dedup();
            nodes
        };
        NamedGraph {
            principals: by_name(self.principals),
            jewels: by_name(self.jewels),
            names,
            kinds: self.kinds,
            documents: self.documents,
            net: self.edges.build(),
            unusable: self.unusable,
            stores: self.stores.into_iter().collect(),
            explained: self.explained,
        }
    }
}

/// The number of a document in a label: the last one stands for all that have no number of their own.
fn document(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(EXPLAINED).min(EXPLAINED - 1)
}

impl NamedGraph {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The nodes by number and the edges between them: what all questions are asked of.
    pub fn net(&self) -> &Net<Told> {
        &self.net
    }

    /// How many edges there are.
    pub fn edges(&self) -> usize {
        self.net.edges()
    }

    /// How many edges had no chance to succeed and were left out.
    pub fn unusable(&self) -> usize {
        self.unusable + self.net.unusable()
    }

    /// The node called `name`.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.names.find(name)
    }

    /// The name of `node`; empty for none.
    pub fn name(&self, node: u32) -> &str {
        self.names.name(node)
    }

    /// Those who may be taken over, in the order of their names.
    pub fn principals(&self) -> impl Iterator<Item = u32> + '_ {
        self.principals.iter().copied()
    }

    /// What is worth getting to, in the order of names.
    pub fn jewels(&self) -> impl Iterator<Item = u32> + '_ {
        self.jewels.iter().copied()
    }

    /// The kind of an edge.
    pub fn kind(&self, told: Told) -> &str {
        match self.kinds.name(u32::from(told.kind)) {
            "" => "?",
            name => name,
        }
    }

    pub(crate) fn explanation(&self, told: Told) -> Option<&Explained> {
        (told.document == EXPLAINED).then(|| self.explained.get(told.record as usize))?
    }

    /// Whether it is a store: worth getting to without administering anything.
    pub fn is_store(&self, node: u32) -> bool {
        self.stores.contains(&node)
    }

    /// What says that an edge is there: document and record, or the statements of a derived one.
    pub fn because(&self, told: Told) -> String {
        if let Some(explained) = self.explanation(told) {
            return explained.because.clone();
        }
        let last = self.documents.len().saturating_sub(1);
        let document = self.documents.get(usize::from(told.document).min(last)).map_or("", String::as_str);
        format!("{document}, record {}", told.record)
    }
}
