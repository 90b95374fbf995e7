//! Which finding matters most: the one that lies on a way to something of value.
//!
//! Severity says how bad a mistake is by itself. What it is worth to an attacker follows from the graph: the best of
//! all paths from an entry to something of value that take one of its edges or pass its object. So a medium one on
//! such a path stands before a high one on none. O(entries × what each reaches × length of the paths).

use crate::finding::{Finding, internet};
use crate::posture::Posture;
use crate::rule::Severity;
use core::cmp::Ordering;
use homeostat_core::{Criticality, EntityKey, Hop, Reach};
use std::collections::BTreeMap;

/// What surrounds findings: who can reach what, and what it is worth.
#[derive(Clone, Copy)]
pub struct Ranking<'r> {
    reach: &'r dyn Reach,
    worth: &'r dyn Criticality,
    entries: &'r [EntityKey],
}

/// A finding with what lies behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked<'f> {
    /// The finding.
    pub finding: &'f Finding,
    /// Worth times chance of the best path that it lies on, `0.0..=100.0`; for one on no path, 0.
    pub risk: f64,
    /// What its object is worth itself, `0..=100`.
    pub worth: u8,
    /// The path that gives the risk; empty when there is none.
    pub path: Vec<Hop>,
    /// On how many of the best paths from entries to something of value it lies.
    pub paths: usize,
}

/// The best of the paths that pass somewhere.
#[derive(Clone, Default)]
struct Best {
    risk: f64,
    paths: usize,
    /// From which entry and to which of the things it reaches.
    at: (usize, usize),
}

impl<'r> Ranking<'r> {
    /// Findings are ranked by what `entries`, and the internet, can get at: who may already be an attacker's.
    pub fn new(reach: &'r dyn Reach, worth: &'r dyn Criticality, entries: &'r [EntityKey]) -> Self {
        Self { reach, worth, entries }
    }

    /// The open findings of `posture` that nobody approves of, the weightiest first.
    ///
    /// Ordered by risk, then what the object is worth, severity, rule and object: names alone decide between equals.
    pub fn of<'f>(&self, posture: &'f Posture) -> Vec<Ranked<'f>> {
        let open = posture.findings().filter(|finding| posture.approval(finding).is_none());
        self.rank(open)
    }

    /// Any findings, the weightiest first.
    pub fn rank<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> Vec<Ranked<'f>> {
        let entries: Vec<EntityKey> = internet().into_iter().chain(self.entries.iter().cloned()).collect();
        let reached: Vec<_> = entries.iter().map(|entry| self.reach.reachable(entry)).collect();
        let (mut steps, mut places) = (BTreeMap::new(), BTreeMap::new());
        for (from, reached) in reached.iter().enumerate() {
            for (to, one) in reached.iter().enumerate() {
                let risk = f64::from(self.worth.value(&one.entity).get()) * one.probability;
                for hop in &one.path {
                    note(steps.entry((&hop.from, &hop.to, hop.kind.as_str())).or_default(), risk, (from, to));
                    note(places.entry(&hop.to).or_default(), risk, (from, to));
                }
                if let Some(hop) = one.path.first() {
                    note(places.entry(&hop.from).or_default(), risk, (from, to));
                }
            }
        }
        let mut ranked: Vec<Ranked<'f>> = findings
            .map(|finding| {
                let own = finding.edges().iter();
                let on = own.filter_map(|hop| steps.get(&(&hop.from, &hop.to, hop.kind.as_str())));
                let on = on.chain(places.get(finding.object()));
                let best = on.max_by(|one, two| one.risk.total_cmp(&two.risk)).cloned().unwrap_or_default();
                let path = reached.get(best.at.0).and_then(|reached| reached.get(best.at.1));
                let path = path.filter(|_| best.paths > 0).map(|one| one.path.clone()).unwrap_or_default();
                let worth = self.worth.value(finding.object()).get();
                Ranked { finding, risk: best.risk, worth, path, paths: best.paths }
            })
            .collect();
        ranked.sort_by(order);
        ranked
    }
}

fn note(best: &mut Best, risk: f64, at: (usize, usize)) {
    best.paths += 1;
    if best.paths == 1 || risk > best.risk {
        best.risk = risk;
        best.at = at;
    }
}

fn order(one: &Ranked<'_>, two: &Ranked<'_>) -> Ordering {
    let weight = |ranked: &Ranked<'_>| -> (u8, Severity) { (ranked.worth, ranked.finding.severity()) };
    let name = |ranked: &Ranked<'_>| (ranked.finding.rule().to_owned(), ranked.finding.object().clone());
    two.risk
        .total_cmp(&one.risk)
        .then_with(|| weight(two).cmp(&weight(one)))
        .then_with(|| name(one).cmp(&name(two)))
}

impl core::fmt::Debug for Ranking<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ranking({} entries)", self.entries.len())
    }
}
