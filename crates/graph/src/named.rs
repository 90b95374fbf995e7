//! A graph whose nodes bring their own names and whose edges somebody else worked out: an edge list, a collector's output.
//!
//! Edges lie in compressed sparse rows, once along and once against their direction, sorted by counting: O(V + E)
//! to build, and 28 bytes an edge. Names are found by binary search, so the finished value holds no hash table.

use core::ops::Range;
use std::collections::HashMap;

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
    names: Vec<String>,
    // Only looked up while the graph grows: nothing rests on its order.
    numbers: HashMap<String, u32>,
    kinds: Vec<String>,
    kind_numbers: HashMap<String, u16>,
    principal: Vec<bool>,
    jewel: Vec<bool>,
    edges: Vec<(u32, u32, Step)>,
    documents: Vec<String>,
    unusable: usize,
}

/// What an edge is besides its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) kind: u16,
    document: u16,
    record: u32,
    /// −ln p.
    pub(crate) effort: f32,
}

/// Nodes with names and the edges between them, ready for questions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedGraph {
    names: Vec<String>,
    /// The nodes in the order of their names.
    by_name: Vec<u32>,
    kinds: Vec<String>,
    principal: Vec<bool>,
    jewel: Vec<bool>,
    documents: Vec<String>,
    /// Per node the first of its edges, and one past the last of all.
    first: Vec<u32>,
    target: Vec<u32>,
    steps: Vec<Step>,
    /// Per node the first of the edges that lead to it, in `incoming`.
    first_in: Vec<u32>,
    incoming: Vec<Incoming>,
    unusable: usize,
}

/// An edge seen from its end, with all that a walk against the edges looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Incoming {
    pub(crate) from: u32,
    pub(crate) edge: u32,
    pub(crate) effort: f32,
}

impl NamedGraphBuilder {
    /// Says from which document the edges come that are added from now on. After 65,535 the last one stands for all.
    pub fn document(&mut self, name: &str) {
        self.documents.push(name.to_owned());
    }

    /// The number of the node called `name`, which is added when it is new.
    pub fn node(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        self.principal.push(false);
        self.jewel.push(false);
        number
    }

    /// Whether a node of this name was added.
    pub fn has(&self, name: &str) -> bool {
        self.numbers.contains_key(name)
    }

    /// Says that `name` is somebody who may be taken over: a user, a machine.
    pub fn principal(&mut self, name: &str) {
        let number = self.node(name);
        if let Some(flag) = self.principal.get_mut(number as usize) {
            *flag = true;
        }
    }

    /// Says that `name` is worth getting to: in a directory, tier zero.
    pub fn jewel(&mut self, name: &str) {
        let number = self.node(name);
        if let Some(flag) = self.jewel.get_mut(number as usize) {
            *flag = true;
        }
    }

    /// Adds an edge. One whose chance is zero or no number can not be followed: it is counted and left out.
    pub fn edge(&mut self, edge: &NamedEdge<'_>) {
        let ends = (self.node(edge.from), self.node(edge.to));
        if !(edge.probability > 0.0 && edge.probability <= 1.0) {
            self.unusable += 1;
            return;
        }
        let kind = self.kind(edge.kind);
        let document = u16::try_from(self.documents.len().saturating_sub(1)).unwrap_or(u16::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "efforts are compared, seven digits are plenty")]
        let effort = -libm::log(edge.probability) as f32;
        self.edges.push((
            ends.0,
            ends.1,
            Step { kind, document, record: edge.record, effort: effort.max(0.0) },
        ));
    }

    fn kind(&mut self, name: &str) -> u16 {
        if let Some(number) = self.kind_numbers.get(name) {
            return *number;
        }
        let number = u16::try_from(self.kinds.len()).unwrap_or(u16::MAX);
        if number < u16::MAX {
            self.kinds.push(name.to_owned());
            self.kind_numbers.insert(name.to_owned(), number);
        }
        number
    }

    /// The finished graph. O(V log V + E).
    pub fn build(self) -> NamedGraph {
        let nodes = self.names.len();
        let (first, places) = rows(nodes, self.edges.iter().map(|edge| edge.0));
        let mut target = vec![0; self.edges.len()];
        let mut steps = vec![Step { kind: 0, document: 0, record: 0, effort: 0.0 }; self.edges.len()];
        let mut back = vec![Incoming { from: 0, edge: 0, effort: 0.0 }; self.edges.len()];
        for ((from, to, step), place) in self.edges.iter().zip(places) {
            let at = place as usize;
            if let (Some(a), Some(b), Some(c)) = (target.get_mut(at), steps.get_mut(at), back.get_mut(at)) {
                (*a, *b) = (*to, *step);
                *c = Incoming { from: *from, edge: place, effort: step.effort };
            }
        }
        drop(self.edges);
        let (first_in, places) = rows(nodes, target.iter().copied());
        let mut incoming = back.clone();
        for (edge, place) in back.into_iter().zip(places) {
            if let Some(slot) = incoming.get_mut(place as usize) {
                *slot = edge;
            }
        }
        drop(self.numbers);
        let names = self.names;
        let mut by_name: Vec<u32> = (0..u32::try_from(nodes).unwrap_or(u32::MAX)).collect();
        by_name.sort_unstable_by(|a, b| names.get(*a as usize).cmp(&names.get(*b as usize)));
        NamedGraph {
            names,
            by_name,
            kinds: self.kinds,
            principal: self.principal,
            jewel: self.jewel,
            documents: self.documents,
            first,
            target,
            steps,
            first_in,
            incoming,
            unusable: self.unusable,
        }
    }
}

/// Where each node's row starts, and the place of each item in its row: a counting sort that keeps the order.
fn rows(nodes: usize, of: impl Iterator<Item = u32> + Clone) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; nodes + 1];
    for node in of.clone() {
        if let Some(count) = first.get_mut(node as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for count in &mut first {
        sum += *count;
        *count = sum;
    }
    let mut next = first.clone();
    let places = of.map(|node| {
        next.get_mut(node as usize).map_or(0, |place| {
            *place += 1;
            *place - 1
        })
    });
    let places = places.collect();
    (first, places)
}

impl NamedGraph {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many edges there are.
    pub fn edges(&self) -> usize {
        self.target.len()
    }

    /// How many edges had no chance to succeed and were left out.
    pub fn unusable(&self) -> usize {
        self.unusable
    }

    /// The node called `name`. O(log V).
    pub fn find(&self, name: &str) -> Option<u32> {
        let at = self.by_name.binary_search_by(|node| self.name(*node).cmp(name)).ok()?;
        self.by_name.get(at).copied()
    }

    /// The name of `node`; empty for none.
    pub fn name(&self, node: u32) -> &str {
        self.names.get(node as usize).map_or("", String::as_str)
    }

    /// Those who may be taken over, in the order of their names.
    pub fn principals(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_name.iter().copied().filter(|node| is_set(&self.principal, *node))
    }

    /// What is worth getting to, in the order of names.
    pub fn jewels(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_name.iter().copied().filter(|node| is_set(&self.jewel, *node))
    }

    /// The edges that start at `node`.
    pub(crate) fn out(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        row(&self.first, node)
    }

    /// The edges that lead to `node`.
    pub(crate) fn into(&self, node: u32) -> &[Incoming] {
        let row = row(&self.first_in, node);
        self.incoming.get(row.start as usize..row.end as usize).unwrap_or_default()
    }

    /// Where `edge` starts and leads, and what it is. O(log V).
    pub(crate) fn edge(&self, edge: u32) -> Option<(u32, u32, Step)> {
        let from = self.first.partition_point(|first| *first <= edge).checked_sub(1)?;
        let at = edge as usize;
        Some((u32::try_from(from).ok()?, *self.target.get(at)?, *self.steps.get(at)?))
    }

    /// Where the edges that start at `node` lead.
    pub(crate) fn ends(&self, node: u32) -> &[u32] {
        let row = row(&self.first, node);
        self.target.get(row.start as usize..row.end as usize).unwrap_or_default()
    }

    pub(crate) fn step_of(&self, edge: u32) -> Option<Step> {
        self.steps.get(edge as usize).copied()
    }

    pub(crate) fn kind_of(&self, step: Step) -> &str {
        self.kinds.get(usize::from(step.kind)).map_or("?", String::as_str)
    }

    /// What says that the edge is there: document and record.
    pub(crate) fn because(&self, step: Step) -> String {
        let last = self.documents.len().saturating_sub(1);
        let document = self.documents.get(usize::from(step.document).min(last)).map_or("", String::as_str);
        format!("{document}, record {}", step.record)
    }
}

fn row(first: &[u32], node: u32) -> Range<u32> {
    let at = node as usize;
    let start = first.get(at).copied().unwrap_or_default();
    start..first.get(at + 1).copied().unwrap_or(start)
}

pub(crate) fn is_set(flags: &[bool], node: u32) -> bool {
    flags.get(node as usize).copied().unwrap_or_default()
}
