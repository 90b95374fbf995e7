//! Everything about the paths of a [`NamedGraph`] in the same value as that of a derived graph.

use crate::named::{NamedGraph, is_set};
use crate::named_path::Ways;
use crate::report::{
    ChokePoint, ExposureReport, PathsReport, PrincipalReport, ReportCounts, ReportOptions, StepReport,
    severity,
};
use std::collections::{BTreeMap, BTreeSet};

/// The chance behind an effort, to the six digits that an effort holds.
fn chance(effort: f32) -> f64 {
    libm::round(libm::exp(-f64::from(effort)) * 1e6) / 1e6
}

impl NamedGraph {
    /// Who of `principals` gets to which of `targets`, by which way, and where to cut.
    ///
    /// `administrators` are those who are there already. O(targets × (V + E)) for what each reaches.
    pub fn report(
        &self,
        principals: &[u32],
        targets: &[u32],
        administrators: &BTreeSet<u32>,
        options: ReportOptions,
    ) -> PathsReport {
        let ways = self.ways_to(targets);
        let exposed: Vec<(u32, Vec<bool>)> =
            targets.iter().map(|target| (*target, self.exposed_to(&[*target]))).collect();
        let told: Vec<PrincipalReport> = principals
            .iter()
            .map(|node| PrincipalReport {
                admin: administrators.contains(node),
                ..self.principal(*node, &ways, &exposed)
            })
            .collect();
        let (choke_points, untried) = self.choke_points(principals, targets, &ways, options);
        PathsReport {
            exposure: self.exposure(principals, &exposed),
            choke_points,
            counts: ReportCounts {
                nodes: self.len(),
                edges: self.edges(),
                principals: principals.len(),
                administrators: told.iter().filter(|one| one.admin).count(),
                can_reach_admin: told.iter().filter(|one| one.can_reach_admin).count(),
                unresolved_policies: 0,
                choke_points_untried: untried,
            },
            principals: told,
        }
    }

    fn principal(&self, node: u32, ways: &Ways, exposed: &[(u32, Vec<bool>)]) -> PrincipalReport {
        let reached = exposed.iter().filter(|(target, seen)| *target != node && is_set(seen, node));
        let edges = self.way(ways, node);
        PrincipalReport {
            id: self.name(node).to_owned(),
            admin: false,
            can_reach_admin: edges.is_some(),
            reaches: reached.map(|(target, _)| self.name(*target).to_owned()).collect(),
            path: edges.iter().flatten().filter_map(|edge| self.step(*edge)).collect(),
            probability: ways.effort(node).map_or(0.0, chance),
        }
    }

    fn step(&self, edge: u32) -> Option<StepReport> {
        let (from, to, step) = self.edge(edge)?;
        Some(StepReport {
            from: self.name(from).to_owned(),
            to: self.name(to).to_owned(),
            kind: self.kind_of(step).to_owned(),
            because: self.because(step),
            condition: None,
            hypothetical: false,
            stale: false,
        })
    }

    fn exposure(&self, principals: &[u32], exposed: &[(u32, Vec<bool>)]) -> Vec<ExposureReport> {
        let all = principals.len().max(1);
        let mut told: Vec<ExposureReport> = exposed
            .iter()
            .map(|(target, seen)| {
                let others = principals.iter().filter(|node| *node != target);
                let principals = others.filter(|node| is_set(seen, **node)).count();
                let percent = 100.0 * principals as f64 / all as f64;
                let target = self.name(*target).to_owned();
                ExposureReport { target, principals, percent, severity: severity(percent) }
            })
            .filter(|one| one.principals > 0)
            .collect();
        told.sort_by(|one, two| two.principals.cmp(&one.principals).then(one.target.cmp(&two.target)));
        told
    }

    fn choke_points(
        &self,
        principals: &[u32],
        targets: &[u32],
        ways: &Ways,
        options: ReportOptions,
    ) -> (Vec<ChokePoint>, usize) {
        let mut uses: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for edge in principals.iter().filter_map(|node| self.way(ways, *node)).flatten() {
            if let Some((from, to, _)) = self.edge(edge) {
                *uses.entry((from, to)).or_default() += 1;
            }
        }
        let mut ends: Vec<((u32, u32), usize)> = uses.into_iter().collect();
        ends.sort_by(|(one, first), (two, second)| second.cmp(first).then(one.cmp(two)));
        let untried = ends.len().saturating_sub(options.tried);
        let count = |seen: &[bool]| principals.iter().filter(|node| is_set(seen, **node)).count();
        let reaching = principals.iter().filter(|node| ways.effort(**node).is_some()).count();
        let tried = ends.into_iter().take(options.tried).map(|((from, to), _)| {
            let left = count(&self.exposed_without(targets, Some((from, to))));
            self.choke_point(from, to, reaching.saturating_sub(left))
        });
        let mut points: Vec<ChokePoint> = tried.filter(|point| point.cuts > 0).collect();
        points.sort_by(|one, two| (two.cuts, &one.from, &one.to).cmp(&(one.cuts, &two.from, &two.to)));
        points.truncate(options.choke_points);
        (points, untried)
    }

    fn choke_point(&self, from: u32, to: u32, cuts: usize) -> ChokePoint {
        let between = self.out(from).filter_map(|edge| self.edge(edge)).filter(|(_, end, _)| *end == to);
        let (mut kinds, mut because) = (BTreeSet::new(), BTreeSet::new());
        for (_, _, step) in between {
            kinds.insert(self.kind_of(step).to_owned());
            because.insert(self.because(step));
        }
        ChokePoint {
            from: self.name(from).to_owned(),
            to: self.name(to).to_owned(),
            kinds: kinds.into_iter().collect(),
            because: because.into_iter().collect(),
            cuts,
        }
    }
}
