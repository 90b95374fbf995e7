//! Everything about the paths of a [`NamedGraph`] in the same value as that of a derived graph.

use crate::distance::Distances;
use crate::dominator::OnlyStep;
use crate::named::NamedGraph;
use crate::node_set::NodeSet;
use crate::report::{
    ChokePoint, ExposureReport, PathsReport, PrincipalReport, ReportCounts, ReportOptions, StepReport,
    severity,
};
use std::collections::BTreeSet;

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
        let (stores, tops): (Vec<u32>, Vec<u32>) = targets.iter().partition(|target| self.is_store(**target));
        // Asked for stores alone, the ways to them are what is told.
        let (tops, stores) = if tops.is_empty() { (stores, Vec::new()) } else { (tops, stores) };
        let ways = self.net().distances_to(&tops);
        let further = (!stores.is_empty()).then(|| self.net().distances_to(&stores));
        let exposed: Vec<(u32, NodeSet)> =
            targets.iter().map(|target| (*target, self.net().exposed(&[*target]))).collect();
        let told: Vec<PrincipalReport> = principals
            .iter()
            .map(|node| PrincipalReport {
                admin: administrators.contains(node),
                ..self.principal(*node, (&ways, further.as_ref()), &exposed)
            })
            .collect();
        let choke_points = self.choke_points(principals, &tops, options);
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
            },
            principals: told,
        }
    }

    /// `ways` are those to what is administered, and those to stores: told where there are no others.
    fn principal(
        &self,
        node: u32,
        (tops, stores): (&Distances, Option<&Distances>),
        exposed: &[(u32, NodeSet)],
    ) -> PrincipalReport {
        let reached = exposed.iter().filter(|(target, seen)| *target != node && seen.contains(node));
        let can_reach_admin = tops.effort(node).is_some();
        let ways = stores.filter(|_| !can_reach_admin).unwrap_or(tops);
        let edges = self.way(ways, node);
        PrincipalReport {
            id: self.name(node).to_owned(),
            admin: false,
            can_reach_admin,
            reaches: reached.map(|(target, _)| self.name(*target).to_owned()).collect(),
            path: edges.iter().flatten().filter_map(|edge| self.step(*edge)).collect(),
            probability: ways.effort(node).map_or(0.0, chance),
        }
    }

    fn step(&self, edge: u32) -> Option<StepReport> {
        let (from, to) = (self.net().from(edge)?, self.net().edge(edge)?.node);
        let told = *self.net().label(edge)?;
        Some(StepReport {
            from: self.name(from).to_owned(),
            to: self.name(to).to_owned(),
            kind: self.kind(told).to_owned(),
            because: self.because(told),
            condition: self.explanation(told).and_then(|one| one.condition.clone()),
            hypothetical: self.explanation(told).is_some_and(|one| one.hypothetical),
            stale: self.explanation(told).is_some_and(|one| one.stale),
        })
    }

    fn exposure(&self, principals: &[u32], exposed: &[(u32, NodeSet)]) -> Vec<ExposureReport> {
        let all = principals.len().max(1);
        let mut told: Vec<ExposureReport> = exposed
            .iter()
            .map(|(target, seen)| {
                let others = principals.iter().filter(|node| *node != target);
                let principals = others.filter(|node| seen.contains(**node)).count();
                let percent = 100.0 * principals as f64 / all as f64;
                let target = self.name(*target).to_owned();
                ExposureReport { target, principals, percent, severity: severity(percent) }
            })
            .filter(|one| one.principals > 0)
            .collect();
        told.sort_by(|one, two| two.principals.cmp(&one.principals).then(one.target.cmp(&two.target)));
        told
    }

    fn choke_points(&self, principals: &[u32], targets: &[u32], options: ReportOptions) -> Vec<ChokePoint> {
        let watched = NodeSet::of(self.len(), principals.iter().copied());
        let mut steps = self.net().only_steps(targets, &watched);
        let name = |step: &OnlyStep| (self.name(step.from), self.name(step.to));
        steps.sort_by(|one, two| two.cuts.cmp(&one.cuts).then_with(|| name(one).cmp(&name(two))));
        steps.truncate(options.choke_points);
        steps.into_iter().map(|step| self.choke_point(step)).collect()
    }

    fn choke_point(&self, step: OnlyStep) -> ChokePoint {
        let between = self.net().all_between(step.from, step.to);
        let (mut kinds, mut because) = (BTreeSet::new(), BTreeSet::new());
        for told in between.filter_map(|(edge, _)| self.net().label(edge)) {
            kinds.insert(self.kind(*told).to_owned());
            because.insert(self.because(*told));
        }
        ChokePoint {
            from: self.name(step.from).to_owned(),
            to: self.name(step.to).to_owned(),
            kinds: kinds.into_iter().collect(),
            because: because.into_iter().collect(),
            cuts: step.cuts,
        }
    }
}
