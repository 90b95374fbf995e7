//! Everything about an estate's paths in one value that serializes: what an `attack paths` screen shows.
//!
//! Exposure and its bands follow BloodHound's definition: the share of principals that can get to the target. Choke points
//! are the steps without which most principals no longer get to administrator, found exactly and all at once.

use crate::dominator::OnlyStep;
use crate::edge::{Edge, Standing};
use crate::graph::Graph;
use crate::node_set::NodeSet;
use crate::path::Path;
use crate::snapshot::Snapshot;
use homeostat_core::EntityKey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What to work out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportOptions {
    /// How many choke points to tell, the best first. 10: what a person can act on.
    pub choke_points: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { choke_points: 10 }
    }
}

/// Who reaches what in an estate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathsReport {
    /// Every user and role, in the order of keys.
    pub principals: Vec<PrincipalReport>,
    /// Each jewel and account with those who can get to it, the most exposed first.
    pub exposure: Vec<ExposureReport>,
    /// The steps whose removal cuts most principals off from administrator.
    pub choke_points: Vec<ChokePoint>,
    /// How much was looked at.
    pub counts: ReportCounts,
}

/// What one principal can get to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrincipalReport {
    /// Its ARN.
    pub id: String,
    /// Whether it has full authority over its account now, without any condition.
    pub admin: bool,
    /// Whether it can get it.
    pub can_reach_admin: bool,
    /// The jewels it can get to, the most valuable first.
    pub reaches: Vec<String>,
    /// Its most likely path to administrator; empty when there is none.
    pub path: Vec<StepReport>,
    /// The chance that the path succeeds; 0 when there is none.
    pub probability: f64,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Where it starts.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// The kind of edge.
    pub kind: String,
    /// What the step needs, its statements and their sources.
    pub because: String,
    /// What must hold besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Whether it is possible only if something exists that no snapshot listed.
    pub hypothetical: bool,
    /// Whether it rests on an object that changed in a way nobody told.
    pub stale: bool,
}

/// How exposed a target is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExposureReport {
    /// The account or jewel.
    pub target: String,
    /// How many principals can get to it.
    pub principals: usize,
    /// Their share of all principals, in percent.
    pub percent: f64,
    /// `critical` from 95 %, `high` from 80 %, `moderate` from 40 %, else `low`.
    pub severity: &'static str,
}

/// A step worth taking away.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChokePoint {
    /// Where it starts.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// The kinds of the edges between the two.
    pub kinds: Vec<String>,
    /// The statements to change.
    pub because: Vec<String>,
    /// How many principals can no longer get to administrator without it.
    pub cuts: usize,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReportCounts {
    /// Nodes.
    pub nodes: usize,
    /// Edges.
    pub edges: usize,
    /// Users and roles.
    pub principals: usize,
    /// Those with full authority now.
    pub administrators: usize,
    /// Those that can get it, the administrators among them.
    pub can_reach_admin: usize,
    /// Attached policies whose documents nobody told.
    pub unresolved_policies: usize,
}

/// How big the graph is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphStats {
    /// Nodes, those without edges included.
    pub nodes: usize,
    /// Edges.
    pub edges: usize,
    /// Users and roles.
    pub principals: usize,
    /// Attachments whose policy document nobody told: such a policy grants nothing here.
    pub unresolved: usize,
    /// Lists of addresses that security groups name and whose entries nobody told: such a list lets nothing through.
    pub untold_lists: usize,
}

impl Graph {
    /// All paths of the estate as one value.
    ///
    /// O(jewels × (V + E)) for who gets to which, and the length of the paths.
    pub fn report(&self, options: ReportOptions) -> PathsReport {
        let snapshot = self.snapshot();
        let distances = snapshot.net().distances_to(&snapshot.nodes(self.accounts()));
        let jewels: Vec<(&EntityKey, NodeSet)> = self
            .jewels(&snapshot)
            .into_iter()
            .filter_map(|jewel| Some((snapshot.key(jewel)?, snapshot.net().exposed(&[jewel]))))
            .collect();
        let told = |key: &EntityKey| {
            let node = snapshot.node(key);
            let exposed = jewels.iter().filter(|(_, seen)| node.is_some_and(|node| seen.contains(node)));
            let reaches = exposed.map(|(jewel, _)| jewel.value().to_owned()).collect();
            // One path at a time: those of a big account together are far longer than the account.
            let path = node.and_then(|node| snapshot.path_to(&distances, node));
            self.principal(key, path.as_ref(), reaches)
        };
        let principals: Vec<PrincipalReport> = self.principals().map(told).collect();
        let stats = self.stats();
        PathsReport {
            exposure: exposure(&principals, self),
            choke_points: self.choke_points(&snapshot, options),
            counts: ReportCounts {
                nodes: stats.nodes,
                edges: stats.edges,
                principals: stats.principals,
                administrators: principals.iter().filter(|one| one.admin).count(),
                can_reach_admin: principals.iter().filter(|one| one.can_reach_admin).count(),
                unresolved_policies: stats.unresolved,
            },
            principals,
        }
    }

    fn principal(&self, key: &EntityKey, path: Option<&Path>, reaches: Vec<String>) -> PrincipalReport {
        PrincipalReport {
            id: key.value().to_owned(),
            admin: self.is_administrator(key),
            can_reach_admin: path.is_some(),
            reaches,
            path: path.iter().flat_map(|path| &path.steps).map(|edge| self.step(edge)).collect(),
            probability: path.map_or(0.0, |path| path.probability),
        }
    }

    /// A step in words.
    pub fn step(&self, edge: &Edge) -> StepReport {
        let mut sources = Vec::new();
        for source in edge.evidence.iter().map(ToString::to_string) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        StepReport {
            from: edge.from.value().to_owned(),
            to: edge.to.value().to_owned(),
            kind: self.kinds().name(edge.kind).to_owned(),
            because: format!("{}: {} [{}]", edge.rule, edge.because.join("; "), sources.join(", ")),
            condition: edge.condition.clone(),
            hypothetical: edge.standing == Standing::Hypothetical,
            stale: edge.stale,
        }
    }

    fn choke_points(&self, snapshot: &Snapshot<'_>, options: ReportOptions) -> Vec<ChokePoint> {
        let watched = NodeSet::of(snapshot.net().len(), snapshot.nodes(self.principals()));
        let mut steps = snapshot.net().only_steps(&snapshot.nodes(self.accounts()), &watched);
        // Nodes are in the order of keys.
        steps.sort_by(|one, two| (two.cuts, one.from, one.to).cmp(&(one.cuts, two.from, two.to)));
        steps.truncate(options.choke_points);
        steps.into_iter().filter_map(|step| self.choke_point(snapshot, step)).collect()
    }

    fn choke_point(&self, snapshot: &Snapshot<'_>, step: OnlyStep) -> Option<ChokePoint> {
        let between = snapshot.net().all_between(step.from, step.to);
        let edges: Vec<&Edge> = between.filter_map(|(edge, _)| snapshot.edge(edge)).collect();
        let kinds: BTreeSet<&str> = edges.iter().map(|edge| self.kinds().name(edge.kind)).collect();
        let because: BTreeSet<&str> =
            edges.iter().flat_map(|edge| &edge.because).map(String::as_str).collect();
        Some(ChokePoint {
            from: snapshot.key(step.from)?.value().to_owned(),
            to: snapshot.key(step.to)?.value().to_owned(),
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            because: because.into_iter().map(str::to_owned).collect(),
            cuts: step.cuts,
        })
    }
}

fn exposure(principals: &[PrincipalReport], graph: &Graph) -> Vec<ExposureReport> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for target in principals.iter().flat_map(|principal| &principal.reaches) {
        *counts.entry(target).or_default() += 1;
    }
    let all = graph.stats().principals.max(1);
    let mut exposure: Vec<ExposureReport> = counts
        .into_iter()
        .map(|(target, principals)| {
            let percent = 100.0 * principals as f64 / all as f64;
            ExposureReport { target: target.to_owned(), principals, percent, severity: severity(percent) }
        })
        .collect();
    exposure.sort_by(|one, two| two.principals.cmp(&one.principals).then(one.target.cmp(&two.target)));
    exposure
}

pub(crate) fn severity(percent: f64) -> &'static str {
    match percent {
        95.0.. => "critical",
        80.0.. => "high",
        40.0.. => "moderate",
        _ => "low",
    }
}
