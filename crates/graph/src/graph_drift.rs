//! What differs between two derived graphs, ranked by what it means: a plan against the state, today against last week.

use crate::drift::{DriftKind, Stakes};
use crate::edge::Edge;
use crate::graph::Graph;
use crate::net::{Net, NetEdge};
use crate::report::StepReport;
use crate::snapshot::effort;
use homeostat_core::EntityKey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A step that is new, gone, or more or less likely than before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftStep {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// By how much it raises the chance of the most likely way to a jewel that leads over it; below zero when it lowers it.
    pub risk: f64,
    /// The step.
    pub step: StepReport,
}

/// The edges of both graphs, with one number for each node and one for each kind and rule.
struct Both<'a> {
    nodes: BTreeMap<&'a EntityKey, u32>,
    labels: BTreeMap<(&'a str, &'a str), u32>,
}

impl Graph {
    /// What differs in `after`, what matters most first: edges between the same two nodes by the same rule are the same.
    /// Somebody who may be taken over is an entry, in either; what is worth something in either is a jewel. O(V + E log E).
    pub fn drift(&self, after: &Self) -> Vec<DriftStep> {
        let (old, new) = (self.edges(), after.edges());
        let mut both = Both { nodes: BTreeMap::new(), labels: BTreeMap::new() };
        let ends: BTreeSet<&EntityKey> =
            old.iter().chain(&new).flat_map(|edge| [&edge.from, &edge.to]).collect();
        both.nodes = ends.into_iter().zip(0_u32..).collect();
        for (graph, edges) in [(self, &old), (after, &new)] {
            for edge in edges {
                let next = u32::try_from(both.labels.len()).unwrap_or(u32::MAX);
                both.labels.entry((graph.kinds().name(edge.kind), &edge.rule)).or_insert(next);
            }
        }
        let (before, now) = (both.net(self, &old), both.net(after, &new));
        let entries = both
            .numbers([self, after].into_iter().flat_map(|graph| graph.principals().chain(graph.entries())));
        let snapshots = [self.snapshot(), after.snapshot()];
        let jewels = [self, after].into_iter().zip(&snapshots).flat_map(|(graph, snapshot)| {
            graph.jewels(snapshot).into_iter().filter_map(|node| snapshot.key(node)).collect::<Vec<_>>()
        });
        let targets = both.numbers(jewels);
        let drift = before.drift(&now, Stakes { entries: &entries, targets: &targets });
        let (earlier, later) = (both.by_place(self, &old), both.by_place(after, &new));
        let told = drift.edges.iter().filter_map(|found| {
            let (graph, net, places, change) = match found.kind {
                DriftKind::Added => (after, &now, &later, "added"),
                DriftKind::Removed => (self, &before, &earlier, "removed"),
                DriftKind::Changed => (after, &now, &later, "changed"),
            };
            let edge = places.get(&(found.from, found.to, *net.label(found.edge)?))?;
            // Six digits, as chances have.
            let risk = libm::round(found.risk * 1e6) / 1e6;
            Some(DriftStep { change, risk, step: graph.step(edge) })
        });
        told.collect()
    }
}

impl Both<'_> {
    fn label(&self, graph: &Graph, edge: &Edge) -> Option<u32> {
        self.labels.get(&(graph.kinds().name(edge.kind), &*edge.rule)).copied()
    }

    /// Edges by their ends and label; of those that have all of it alike one is told.
    fn by_place<'e>(&self, graph: &Graph, edges: &[&'e Edge]) -> BTreeMap<(u32, u32, u32), &'e Edge> {
        let place = |edge: &Edge| {
            let ends = self.nodes.get(&edge.from).zip(self.nodes.get(&edge.to))?;
            Some((*ends.0, *ends.1, self.label(graph, edge)?))
        };
        edges.iter().filter_map(|edge| Some((place(edge)?, *edge))).collect()
    }

    fn net(&self, graph: &Graph, edges: &[&Edge]) -> Net<u32> {
        let number = |key: &EntityKey| self.nodes.get(key).copied();
        let all = edges.iter().filter_map(|edge| {
            Some(NetEdge {
                from: number(&edge.from)?,
                to: number(&edge.to)?,
                effort: effort(edge.probability),
                label: self.label(graph, edge)?,
            })
        });
        Net::of(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX), all)
    }

    fn numbers<'k>(&self, keys: impl Iterator<Item = &'k EntityKey>) -> Vec<u32> {
        let all: BTreeSet<u32> = keys.filter_map(|key| self.nodes.get(key).copied()).collect();
        all.into_iter().collect()
    }
}
