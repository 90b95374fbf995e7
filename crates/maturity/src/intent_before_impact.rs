//! T7, Intent-Before-Impact: looking round is told as such before anything is read or sent; who is new, who scans by
//! profession and a failing name server are not.

use crate::Story;
use crate::exam::{Exam, Scene, seconds};
use crate::film::Shot;
use crate::view::{ActionKind, ActionRecord, ActionState, IncidentView};
use homeostat_core::{EventRef, Stage, Timestamp};
use homeostat_event::Severity;

const STORY: Story = Story::Reconnaissance;
const CALM: [Story; 3] = [Story::FirstWeek, Story::SecurityScan, Story::NameOutage];
/// The step with which reading begins.
const READING: usize = 4;
/// Seconds from the first act by which it must be told.
const SOON: f64 = 900.0;

/// When it was seen, and whether that was asked in time.
#[derive(Default)]
pub(crate) struct IntentBeforeImpact {
    seen: Option<Timestamp>,
    judged: bool,
}

impl Scene for IntentBeforeImpact {
    fn stories(&self) -> &'static [Story] {
        &[STORY, CALM[0], CALM[1], CALM[2]]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let step = shot.mark.filter(|mark| mark.story == STORY).map(|mark| mark.step);
        let ends = step.filter(|step| *step < READING && shot.is(exam.film.step(STORY, *step).last()));
        if ends.is_some() && self.seen.is_none() && !told(exam).is_empty() {
            self.seen = Some(shot.at);
        }
        let last = exam.film.step(STORY, READING - 1).last();
        if shot.is(last) && !self.judged {
            self.judged = true;
            self.judge(exam);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        if !self.judged {
            exam.miss("the search was not shown");
        }
        for story in CALM {
            let events = of_whom_it_is_about(exam, story);
            let alarms = exam.incidents_with(&events, Severity::UNKNOWN).len();
            exam.at_most(calm_name(story), alarms as f64, 0.0);
        }
    }
}

/// The events of a calm story. The first step of the first week is what the team does every day, and whoever looks round
/// is one of the team: an incident about that one may hold it.
fn of_whom_it_is_about(exam: &Exam<'_>, story: Story) -> Vec<EventRef> {
    let others = if story == Story::FirstWeek { exam.film.step(story, 0) } else { &[] };
    let mut events = exam.events(story);
    events.retain(|event| !others.contains(event));
    events
}

const fn calm_name(story: Story) -> &'static str {
    match story {
        Story::FirstWeek => "incidents about somebody who is new",
        Story::SecurityScan => "incidents about the declared scanner",
        _ => "incidents about a failing name server",
    }
}

impl IntentBeforeImpact {
    /// All that is told before the first file is read.
    fn judge(&self, exam: &mut Exam<'_>) {
        let begun = exam.film.at(exam.film.step(STORY, 0).first());
        let lag = self.seen.and_then(|seen| seconds(begun, seen));
        exam.figures.seconds = lag;
        exam.at_most("seconds from the first act", lag.unwrap_or(f64::INFINITY), SOON);
        let found = told(exam);
        if found.is_empty() {
            exam.miss("nothing tells of discovery before the first file is read");
        }
        let events = exam.events(STORY);
        // What is told beside the search, for its time alone, claims nothing of it.
        let claims = |one: &IncidentView| {
            let own = one.steps.iter().filter(|step| step.events.iter().any(|event| events.contains(event)));
            own.filter(|step| is_impact(step.stage)).count()
        };
        let claimed: usize = found.iter().map(claims).sum();
        exam.at_most("steps claimed beyond discovery's harm", claimed as f64, 0.0);
        let worst = found.iter().map(|one| f64::from(one.severity.get())).fold(0.0, f64::max);
        exam.at_most("severity", worst, f64::from(Severity::MEDIUM.get()));
        let harsh = because(exam).into_iter().filter(|action| !is_mild(action.kind)).count();
        exam.at_most("actions beyond watching and tightening", harsh as f64, 0.0);
    }
}

/// The incidents about the search that tell a step of discovery by its events.
fn told(exam: &mut Exam<'_>) -> Vec<IncidentView> {
    let events = exam.events(STORY);
    let mut found = exam.incidents_with(&events, Severity::UNKNOWN);
    found.retain(|one| {
        let mut steps = one.steps.iter().filter(|step| step.stage == Stage::Discovery);
        steps.any(|step| step.events.iter().any(|event| events.contains(event)))
    });
    found
}

const fn is_impact(stage: Stage) -> bool {
    matches!(stage, Stage::Collection | Stage::Egress | Stage::Impact)
}

const fn is_mild(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Watch | ActionKind::Ticket | ActionKind::Tighten)
}

fn because(exam: &mut Exam<'_>) -> Vec<ActionRecord> {
    let events = exam.events(STORY);
    let mut actions = exam.actions();
    actions.retain(|action| !matches!(action.state, ActionState::Proposed | ActionState::Refused));
    actions.retain(|action| action.because.iter().any(|event| events.contains(event)));
    actions
}
