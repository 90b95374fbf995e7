//! Everything about an estate's paths in one value that serializes: what an `attack paths` screen shows.
//!
//! Exposure and its bands follow BloodHound's definition: the share of principals that can get to the target. Choke points
//! are found by what-if: leave out a step, count who no longer gets to administrator, O(V + E) for each of
//! the steps tried. The steps tried are those on most of the cheapest paths.

use crate::edge::{Edge, Standing};
use crate::graph::Graph;
use crate::path::Path;
use homeostat_core::EntityKey;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What to work out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportOptions {
    /// How many choke points to tell, the best first. 10: what a person can act on.
    pub choke_points: usize,
    /// How many steps to try by what-if. 64: each costs a walk over the graph.
    pub tried: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { choke_points: 10, tried: 64 }
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
    /// Steps that lie on cheapest paths and were not tried as choke points.
    pub choke_points_untried: usize,
}

impl Graph {
    /// All paths of the estate as one value.
    ///
    /// O(principals × (V + E) log V) for what each reaches.
    pub fn report(&self, options: ReportOptions) -> PathsReport {
        let paths = self.can_reach_administrator();
        let principals: Vec<PrincipalReport> =
            self.principals().map(|key| self.principal(key, paths.get(key))).collect();
        let (choke_points, untried) = self.choke_points(&paths, options);
        let stats = self.stats();
        PathsReport {
            exposure: exposure(&principals, self),
            choke_points,
            counts: ReportCounts {
                nodes: stats.nodes,
                edges: stats.edges,
                principals: stats.principals,
                administrators: principals.iter().filter(|one| one.admin).count(),
                can_reach_admin: paths.len(),
                unresolved_policies: stats.unresolved,
                choke_points_untried: untried,
            },
            principals,
        }
    }

    fn principal(&self, key: &EntityKey, path: Option<&Path>) -> PrincipalReport {
        PrincipalReport {
            id: key.value().to_owned(),
            admin: self.is_administrator(key),
            can_reach_admin: path.is_some(),
            reaches: self.jewels_in_reach(key).iter().map(|jewel| jewel.value().to_owned()).collect(),
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

    fn choke_points(
        &self,
        paths: &BTreeMap<EntityKey, Path>,
        options: ReportOptions,
    ) -> (Vec<ChokePoint>, usize) {
        let mut uses: BTreeMap<(&EntityKey, &EntityKey), usize> = BTreeMap::new();
        for edge in paths.values().flat_map(|path| &path.steps) {
            *uses.entry((&edge.from, &edge.to)).or_default() += 1;
        }
        let mut ends: Vec<((&EntityKey, &EntityKey), usize)> = uses.into_iter().collect();
        ends.sort_by(|(one, first), (two, second)| second.cmp(first).then(one.cmp(two)));
        let untried = ends.len().saturating_sub(options.tried);
        let tried = ends.into_iter().take(options.tried).map(|(step, _)| step);
        let mut points: Vec<ChokePoint> = tried
            .map(|(from, to)| self.choke_point(from, to, paths.len()))
            .filter(|point| point.cuts > 0)
            .collect();
        points.sort_by(|one, two| (two.cuts, &one.from, &one.to).cmp(&(one.cuts, &two.from, &two.to)));
        points.truncate(options.choke_points);
        (points, untried)
    }

    fn choke_point(&self, from: &EntityKey, to: &EntityKey, reaching: usize) -> ChokePoint {
        let between: Vec<&Edge> = self.between(from, to).collect();
        let kinds: BTreeSet<&str> = between.iter().map(|edge| self.kinds().name(edge.kind)).collect();
        let because: BTreeSet<&str> =
            between.iter().flat_map(|edge| &edge.because).map(String::as_str).collect();
        ChokePoint {
            from: from.value().to_owned(),
            to: to.value().to_owned(),
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            because: because.into_iter().map(str::to_owned).collect(),
            cuts: reaching.saturating_sub(self.reaching_without(from, to)),
        }
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
