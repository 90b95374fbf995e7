//! T1, Shadow Identity: a new account's first acts raise its risk in every view at once; joiners stay calm.

use crate::Story;
use crate::exam::{Exam, Scene};
use crate::film::Shot;
use homeostat_core::{Domain, EventRef};
use homeostat_event::Severity;
use std::time::Duration;

const VIEWS: [Domain; 5] = [Domain::Identity, Domain::Email, Domain::Saas, Domain::Network, Domain::Cloud];
const STORY: Story = Story::ShadowIdentity;

/// The run, and how many events came after the consent.
#[derive(Default)]
pub(crate) struct ShadowIdentity {
    since_consent: Option<u64>,
}

impl Scene for ShadowIdentity {
    fn stories(&self) -> &'static [Story] {
        &[STORY, Story::Joiners]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let film = exam.film;
        let (login, consent) = (film.step(STORY, 1).last(), film.step(STORY, 2).last());
        if shot.is(login) {
            let who = exam.who(STORY);
            let risk = VIEWS.iter().map(|view| exam.risk(&who, *view)).fold(1.0, f64::min);
            exam.at_least("risk after the sign-in", risk, 0.35);
        }
        if let Some(events) = &mut self.since_consent {
            *events = events.saturating_add(1);
            if *events == 1 {
                judge_views(exam);
                exam.figures.seconds = film.seconds(login, consent);
            }
        }
        if shot.is(consent) {
            exam.worked_at_most("seconds of work on the consent", Duration::from_millis(5));
            self.since_consent = Some(0);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        if self.since_consent.is_none() {
            exam.miss("the consent was not shown");
        }
        explained(exam, exam.film.step(STORY, 2).last());
        joiners_stay_calm(exam);
    }
}

fn judge_views(exam: &mut Exam<'_>) {
    let who = exam.who(STORY);
    let risks = VIEWS.map(|view| exam.risk(&who, view));
    let (lowest, highest) =
        risks.iter().fold((f64::INFINITY, 0.0), |(low, high), risk| (risk.min(low), risk.max(high)));
    exam.at_least("lowest risk within one event of the consent", lowest, 0.7);
    exam.at_most("gap between the five views", highest - lowest, 0.02);
}

/// Some explanation, the report's or an incident's, names the account's making, its sign-in and its consent.
fn explained(exam: &mut Exam<'_>, consent: Option<&EventRef>) {
    let Some(consent) = consent else { return };
    let film = exam.film;
    let report = exam.target().report(consent);
    let told: Vec<EventRef> = match report {
        Ok(report) => report.sections.into_values().flatten().flat_map(|line| line.events).collect(),
        Err(_) => Vec::new(),
    };
    let mut tellings: Vec<Vec<EventRef>> = vec![told];
    tellings.extend(exam.incidents().into_iter().map(|incident| incident.events));
    let explains = |telling: &Vec<EventRef>| {
        (0..3).all(|step| film.step(STORY, step).iter().any(|event| telling.contains(event)))
    };
    if !tellings.iter().any(explains) {
        exam.miss("no explanation lists the account's making, its sign-in and its consent");
    }
}

fn joiners_stay_calm(exam: &mut Exam<'_>) {
    let who = exam.who(Story::Joiners);
    let risk = VIEWS.iter().map(|view| exam.risk(&who, *view)).fold(0.0, f64::max);
    exam.at_most("risk of the joiner new-8", risk, 0.3);
    let joined = exam.events(Story::Joiners);
    let alerts = exam.incidents_with(&joined, Severity::LOW).len();
    exam.at_most("alerts about twenty joiners", alerts as f64, 0.0);
}
