//! T5, One-Hour Timeline Build: the same whole story from any of its signals; a mere novelty has none.

use crate::Story;
use crate::exam::{Exam, Scene};
use crate::view::{LineView, ReportView, Section};
use homeostat_core::{EventRef, Timestamp};
use homeostat_event::Severity;
use std::collections::BTreeSet;
use std::time::Duration;

const STORY: Story = Story::MultiHop;
/// What the target was shown that is asked: also T6's stories.
pub(crate) const STORIES: &[Story] = &[STORY, Story::Trip, Story::NewTool];
const SECTIONS: [Section; 4] = [Section::Entry, Section::Privilege, Section::Movement, Section::Egress];
/// A step is asked from each of its first so many events, and from every further so manieth.
const ASKED: usize = 12;
/// How long one report may take.
const REPORT: Duration = Duration::from_millis(200);
/// The lines that a story of nothing may have.
const FEW: usize = 3;

/// The story asked from everywhere.
pub(crate) struct Timeline;

impl Scene for Timeline {
    fn stories(&self) -> &'static [Story] {
        STORIES
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let asked = asked_from(exam);
        let mut reports: Vec<ReportView> = Vec::new();
        let mut slowest = Some(Duration::ZERO);
        for event in &asked {
            let (answer, took) = exam.timed(|target| target.report(event));
            slowest = slowest.zip(took).map(|(slowest, took)| slowest.max(took));
            reports.extend(exam.ask(answer));
        }
        exam.took_at_most("seconds of work on a report", slowest, REPORT);
        let told: BTreeSet<Option<&String>> = reports.iter().map(|report| report.incident.as_ref()).collect();
        exam.at_most("stories told of one, asked from each signal", told.len() as f64, 1.0);
        match reports.iter().find(|report| report.incident.is_some()) {
            Some(report) => judge(exam, report),
            None => exam.miss("no signal leads to the story"),
        }
        novelty_stays_small(exam);
    }
}

/// The events from which the story is asked.
fn asked_from(exam: &Exam<'_>) -> Vec<EventRef> {
    let steps = exam.film.tenant.truth(STORY).map(|truth| truth.steps.as_slice()).unwrap_or_default();
    let some = |events: &[EventRef]| -> Vec<EventRef> {
        let first = events.iter().take(ASKED);
        first.chain(events.iter().skip(ASKED).step_by(ASKED * 4)).cloned().collect()
    };
    steps.iter().flat_map(|step| some(&step.events)).collect()
}

fn judge(exam: &mut Exam<'_>, report: &ReportView) {
    if !SECTIONS.iter().all(|section| report.sections.contains_key(section)) {
        exam.miss("a section is neither filled nor marked as not observed");
    }
    let lines: Vec<&LineView> = report.sections.values().flatten().collect();
    if !report.sections.values().all(|section| section.is_sorted_by_key(|line| line.at)) {
        exam.miss("the lines of a section are not in order of time");
    }
    if lines.is_empty() || lines.iter().any(|line| line.events.is_empty()) {
        exam.miss("a line has no event behind it");
    }
    let source = |event: &EventRef| event.place().split('/').next().map(str::to_owned);
    let sources: BTreeSet<String> =
        lines.iter().flat_map(|line| line.events.iter().filter_map(source)).collect();
    exam.at_least("sources behind the lines", sources.len() as f64, 3.0);
    let answered = report.answers.values().filter(|answer| !answer.trim().is_empty()).count();
    exam.at_least("answers", answered as f64, 6.0);
    let hostile: BTreeSet<EventRef> = exam.events(STORY).into_iter().collect();
    let noise = lines.iter().filter(|line| !line.events.iter().any(|event| hostile.contains(event))).count();
    exam.at_most("share of lines about something else", noise as f64 / lines.len().max(1) as f64, 0.1);
    recall(exam, &lines);
}

/// The share of the steps that a line tells, and whether they are told in their order.
fn recall(exam: &mut Exam<'_>, lines: &[&LineView]) {
    let steps = exam.film.tenant.truth(STORY).map(|truth| truth.steps.as_slice()).unwrap_or_default();
    let told: Vec<Option<Timestamp>> = steps
        .iter()
        .map(|step| {
            let events: BTreeSet<&EventRef> = step.events.iter().collect();
            let tells = |line: &&&LineView| line.events.iter().any(|event| events.contains(event));
            lines.iter().filter(tells).map(|line| line.at).min()
        })
        .collect();
    let share = told.iter().flatten().count() as f64 / told.len().max(1) as f64;
    exam.at_least("steps that the report tells", share, 0.9);
    // Remote control goes on beside the other steps, so only the others have an order.
    if !told.iter().take(told.len().saturating_sub(1)).flatten().is_sorted() {
        exam.miss("the steps are not told in order");
    }
}

/// The first use of a tool is an anomaly and no story.
fn novelty_stays_small(exam: &mut Exam<'_>) {
    let used = exam.events(Story::NewTool);
    let mut most = 0;
    for event in &used {
        let answer = exam.target().report(event);
        let report = exam.ask(answer).unwrap_or_default();
        most = most.max(report.sections.values().map(Vec::len).sum());
    }
    exam.at_most("lines about the first use of a tool", most as f64, FEW as f64);
    let alarms = exam.incidents_with(&used, Severity::MEDIUM).len();
    exam.at_most("incidents about the first use of a tool", alarms as f64, 0.0);
}
