//! T12, Cross-Domain Consistency: one identity has one risk, whoever asks; a shared desk makes nobody suspect.

use crate::Story;
use crate::exam::{Exam, Scene};
use crate::film::Shot;
use crate::walks::{WALKERS, Walker, walker};
use homeostat_core::{Domain, EventRef};

const VIEWS: [Domain; 6] =
    [Domain::Identity, Domain::Email, Domain::Network, Domain::Endpoint, Domain::Cloud, Domain::Saas];
/// After so many findings everybody is asked for, not just whom the finding is about.
const ROUND: u64 = 500;
/// The largest gap between two views, and the largest among 99 of 100.
const GAP: f64 = 0.05;
const USUAL_GAP: f64 = 0.02;
/// The share of a person's risk that somebody at the same desk may bear.
const LEAK: f64 = 0.1;
/// The least risk that six products shouting critical must come to: a stack that says nothing is consistent too.
const ALIVE: f64 = 0.5;
/// The most risk of somebody new about whom products only inform.
const CALM: f64 = 0.3;

/// The gaps found.
#[derive(Default)]
pub(crate) struct OneRisk {
    gaps: Vec<f64>,
    findings: u64,
    disordered: u64,
    odd: f64,
}

impl Scene for OneRisk {
    fn stories(&self) -> &'static [Story] {
        &[Story::Walks]
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let Some(mark) = shot.mark else { return };
        self.findings += 1;
        let risks = views(exam, mark.step);
        self.gaps.push(gap(&risks));
        if Walker::of(mark.step) == Walker::Odd {
            self.odd = risks.into_iter().fold(self.odd, f64::max);
        }
        if self.findings.is_multiple_of(ROUND) {
            self.look_round(exam);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        self.gaps.sort_by(f64::total_cmp);
        let at = |share: usize| self.gaps.get(self.gaps.len().saturating_sub(1) * share / 100).copied();
        exam.at_most("largest gap between views", at(100).unwrap_or(f64::NAN), GAP);
        exam.at_most("99th percentile of gaps", at(99).unwrap_or(f64::NAN), USUAL_GAP);
        exam.at_most("rounds in which the views order people differently", self.disordered as f64, 0.0);
        exam.at_least("findings", self.findings as f64, 10_000.0);
        exam.at_least("risk of who is odd in the cloud alone", self.odd, ALIVE);
        shared_desk(exam);
        let odd: Vec<EventRef> = exam.film.step(Story::Walks, 0).to_vec();
        exam.figures.seconds = exam.film.seconds(odd.first(), odd.last());
    }
}

impl OneRisk {
    fn look_round(&mut self, exam: &mut Exam<'_>) {
        let all: Vec<[f64; VIEWS.len()]> = (0..WALKERS).map(|number| views(exam, number)).collect();
        self.gaps.extend(all.iter().map(gap));
        let order = |view: usize| {
            let mut order: Vec<usize> = (0..all.len()).collect();
            let risk = |number: &usize| all.get(*number).and_then(|risks| risks.get(view)).copied();
            order.sort_by(|a, b| risk(b).unwrap_or(0.0).total_cmp(&risk(a).unwrap_or(0.0)));
            order
        };
        let first = order(0);
        self.disordered += u64::from((1..VIEWS.len()).any(|view| order(view) != first));
    }
}

fn views(exam: &mut Exam<'_>, number: usize) -> [f64; VIEWS.len()] {
    let who = walker(number);
    VIEWS.map(|view| exam.risk(&who, view))
}

fn gap(risks: &[f64; VIEWS.len()]) -> f64 {
    let (low, high) =
        risks.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), risk| (risk.min(low), risk.max(high)));
    high - low
}

/// Two people at one desk: what one bears beyond somebody elsewhere about whom nothing is said either.
fn shared_desk(exam: &mut Exam<'_>) {
    let mut worst = |walker: Walker| {
        let number = (0..WALKERS).find(|number| Walker::of(*number) == walker).unwrap_or(0);
        views(exam, number).into_iter().fold(0.0, f64::max)
    };
    let (suspect, neighbour, calm) = (worst(Walker::Suspect), worst(Walker::Neighbour), worst(Walker::Calm));
    exam.at_most("risk of whom nothing is said", calm, CALM);
    exam.at_least("risk of the suspect at a shared desk", suspect, ALIVE);
    exam.at_most("share of it that the neighbour bears", (neighbour - calm).max(0.0) / suspect, LEAK);
}
