//! T10, Drift-Regression: what was fixed and comes back is told at that very change, naming the earlier incident,
//! in whatever form it comes; changes that are none stay quiet.

use crate::Story;
use crate::exam::{Exam, Scene, any_of, same};
use crate::film::Shot;
use crate::view::FindingView;
use homeostat_core::{Domain, EntityKey, EventRef, Timestamp};
use homeostat_event::Severity;
use std::time::Duration;

const BEFORE: Story = Story::WildcardPolicy;
const STORY: Story = Story::Comeback;
const QUIET: Story = Story::Maintenance;
/// Each way back is a step, the next takes it back; the first step of all is the sign-in.
const WAYS: [(usize, &str); 4] = [
    (1, "the same policy is not told at its change"),
    (3, "the attached policy is not told at its change"),
    (5, "the group is not told at its change"),
    (7, "the role's trust is not told at its change"),
];
/// How long after the last read an analyst approves the repair.
const LATER: Duration = Duration::from_hours(1);

/// What is known of the first round.
#[derive(Default)]
pub(crate) struct DriftRegression {
    due: Option<Timestamp>,
    repaired: bool,
    /// The ids of the incidents of the first round.
    earlier: Vec<String>,
    calm: f64,
    told: usize,
}

impl Scene for DriftRegression {
    fn stories(&self) -> &'static [Story] {
        &[BEFORE, STORY, QUIET]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        if shot.is(exam.film.step(BEFORE, 1).last()) {
            self.due = shot.at.plus(LATER);
        }
        if !self.repaired && self.due.is_some_and(|due| due <= shot.at) {
            self.repaired = true;
            self.repair(exam);
        }
        for (step, miss) in WAYS {
            if shot.is(exam.film.step(STORY, step).last()) {
                self.judge(exam, miss);
            }
            if shot.is(exam.film.step(STORY, step + 1).last()) {
                self.calm = risk(exam);
            }
        }
        if shot.mark.is_some_and(|mark| mark.story == QUIET) {
            quiet(exam, &shot.id);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        exam.at_least("ways back told at their change", self.told as f64, WAYS.len() as f64);
        let changes = exam.events(QUIET);
        let alarms = exam.incidents_with(&changes, Severity::LOW).len();
        exam.at_most("incidents about maintenance", alarms as f64, 0.0);
    }
}

impl DriftRegression {
    /// The first round ends: an analyst approves what is proposed.
    fn repair(&mut self, exam: &mut Exam<'_>) {
        let film = exam.film;
        let incidents = exam.incidents_with(film.step(BEFORE, 0), Severity::LOW);
        self.earlier = incidents.into_iter().map(|incident| incident.id).collect();
        let who = exam.who(BEFORE);
        let answer = exam.target().plans();
        let plans = exam.ask(answer).unwrap_or_default();
        match plans.into_iter().find(|plan| who.iter().any(|key| same(key, &plan.who))) {
            Some(plan) => exam.approve(&plan.id),
            None => exam.miss("nothing is repaired that could come back"),
        }
        let change = film.step(BEFORE, 0).last();
        if change.is_some() && on(exam, &who).iter().any(|finding| finding.because.as_ref() == change) {
            exam.miss("the finding stays after the repair");
        }
        self.calm = risk(exam);
    }

    fn judge(&mut self, exam: &mut Exam<'_>, miss: &str) {
        exam.worked_at_most("seconds of work on a way back", Duration::from_millis(1));
        let who = exam.who(STORY);
        let back = |finding: &FindingView| finding.regressed.clone();
        let named: Vec<String> = on(exam, &who).iter().filter_map(back).collect();
        if named.iter().any(|name| self.earlier.contains(name)) {
            self.told += 1;
        } else if named.is_empty() {
            exam.miss(miss);
        } else {
            exam.miss("the earlier incident is not named");
        }
        let answer = exam.target().plans();
        let plans = exam.ask(answer).unwrap_or_default();
        if !plans.iter().any(|plan| who.iter().any(|key| same(key, &plan.who))) {
            exam.miss("the path that is back is not shown");
        }
        // Whoever's risk is as good as certain already can not rise.
        let risk = risk(exam);
        if risk <= self.calm && risk < 0.9 {
            exam.miss("the risk does not rise");
        }
    }
}

/// The findings on any of `who`.
fn on(exam: &mut Exam<'_>, who: &[EntityKey]) -> Vec<FindingView> {
    let answer = exam.target().findings();
    let mut findings = exam.ask(answer).unwrap_or_default();
    findings.retain(|finding| any_of(std::slice::from_ref(&finding.object), who));
    findings
}

fn risk(exam: &mut Exam<'_>) -> f64 {
    let who = exam.who(BEFORE);
    exam.risk(&who, Domain::Cloud)
}

/// A change that is none brings nothing back.
fn quiet(exam: &mut Exam<'_>, change: &EventRef) {
    let answer = exam.target().findings();
    let findings = exam.ask(answer).unwrap_or_default();
    let drift = findings.iter().any(|one| one.regressed.is_some() && one.because.as_ref() == Some(change));
    if drift {
        exam.miss("maintenance is told as something that came back");
    }
}
