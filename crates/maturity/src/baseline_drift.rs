//! T11, Baseline Drift: a job that changes overnight is told early and in every domain; what somebody accepts is
//! expected from then on, beside what was; what nobody accepts is not absorbed; a job that grows is no change.

use crate::Story;
use crate::exam::{Exam, Scene, seconds};
use crate::film::Shot;
use crate::view::Acceptance;
use homeostat_core::{Domain, EventRef, Timestamp};
use homeostat_event::Severity;
use std::time::Duration;

/// The change that somebody accepts, the one that nobody does, and the growth that is none.
const ACCEPTED: Story = Story::NewReports;
const SILENT: Story = Story::NewStock;
const GROWN: Story = Story::Growth;
/// The steps of a change: the month before, the day of it, the day after, and the old job beside it.
const CHANGE: usize = 1;
const AGAIN: [usize; 2] = [2, 3];
/// By so much the risk rises where a change is told.
const RISE: f64 = 0.2;
/// Every domain in which the change must show.
const VIEWS: [Domain; 3] = [Domain::Cloud, Domain::Identity, Domain::Network];
/// After a day an analyst looks at it.
const A_DAY: Duration = Duration::from_hours(24);
/// Rises below this are rounding.
const NOTHING: f64 = 1e-9;

/// What is known of one job.
#[derive(Default)]
struct Watched {
    /// The risk before the change.
    before: f64,
    /// Events of the change so far.
    events: u64,
    told: Option<(u64, Timestamp)>,
    /// Events from the first view that rose to the last; `None` while one has not.
    apart: Option<u64>,
    rose: Option<u64>,
    /// The highest risk on the day of the change and on the next.
    highest: [f64; 2],
    /// The risk at the last look.
    last: f64,
    /// How often it rose where it must not.
    signals: u64,
}

#[derive(Default)]
pub(crate) struct BaselineDrift {
    due: Option<Timestamp>,
    accepted: Option<Timestamp>,
    one: Watched,
    other: Watched,
    grown: Watched,
}

impl Scene for BaselineDrift {
    fn stories(&self) -> &'static [Story] {
        &[ACCEPTED, SILENT, GROWN]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        if self.accepted.is_none() && self.due.is_some_and(|due| due <= shot.at) {
            self.accept(exam, shot.at);
        }
        let Some(mark) = shot.mark else { return };
        match mark.story {
            ACCEPTED => {
                if mark.step == CHANGE && self.due.is_none() {
                    self.due = shot.at.plus(A_DAY);
                }
                self.one.look(exam, (ACCEPTED, mark.step), shot.at);
            }
            SILENT => self.other.look(exam, (SILENT, mark.step), shot.at),
            // Nothing of it is a change: after the month all of it must stay quiet.
            GROWN => self.grown.look(exam, (GROWN, mark.step * 2), shot.at),
            _ => {}
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        for watched in [&self.one, &self.other] {
            watched.judge_change(exam);
        }
        let begun = exam.film.at(exam.film.step(ACCEPTED, CHANGE).first());
        exam.figures.seconds = self.one.told.and_then(|(_, at)| seconds(begun, at));
        exam.at_most("signals after acceptance", self.one.signals as f64, 0.0);
        let again = AGAIN.map(|step| exam.film.step(ACCEPTED, step)).concat();
        if let Some(accepted) = self.accepted {
            later_incidents(exam, &again, accepted);
        }
        let [first, second] = self.other.highest;
        exam.at_least("risk kept on the second day", second / first.max(f64::MIN_POSITIVE), 0.8);
        exam.at_most("signals about growth", self.grown.signals as f64, 0.0);
        let growth = exam.film.step(GROWN, 1);
        let alarms = exam.incidents_with(growth, Severity::LOW).len();
        exam.at_most("incidents about growth", alarms as f64, 0.0);
    }
}

impl BaselineDrift {
    /// An analyst says that the new reports are right.
    fn accept(&mut self, exam: &mut Exam<'_>, now: Timestamp) {
        self.accepted = Some(now);
        let changed = exam.film.step(ACCEPTED, CHANGE);
        let (from, until) = (exam.film.at(changed.first()), exam.film.at(changed.last()));
        for who in exam.who(ACCEPTED) {
            exam.accept(&Acceptance { who, from, until });
        }
        self.one.last = exam.risk(&exam.who(ACCEPTED), Domain::Cloud);
    }
}

impl Watched {
    fn look(&mut self, exam: &mut Exam<'_>, (story, step): (Story, usize), now: Timestamp) {
        let who = exam.who(story);
        let risks = VIEWS.map(|domain| exam.risk(&who, domain));
        let (highest, lowest) =
            risks.iter().fold((0.0_f64, 1.0_f64), |(high, low), risk| (high.max(*risk), low.min(*risk)));
        match step {
            0 => self.before = highest,
            CHANGE => self.note_change((highest, lowest), now),
            _ => self.signals += u64::from(highest > self.last + NOTHING),
        }
        if let Some(day) = step.checked_sub(CHANGE).and_then(|day| self.highest.get_mut(day.min(1))) {
            *day = day.max(highest);
        }
        self.last = highest;
    }

    fn note_change(&mut self, (highest, lowest): (f64, f64), now: Timestamp) {
        self.events += 1;
        let bar = self.before + RISE;
        if self.told.is_none() && highest >= bar {
            self.told = Some((self.events, now));
        }
        if self.rose.is_none() && lowest >= bar {
            self.rose = Some(self.events);
            self.apart = self.told.map(|(first, _)| self.events - first);
        }
    }

    fn judge_change(&self, exam: &mut Exam<'_>) {
        let Some((events, _)) = self.told else { return exam.miss("a change of conduct is not told") };
        exam.at_most("events to the first signal", events as f64, 30.0);
        match self.apart {
            Some(apart) => exam.at_most("events between the domains", apart as f64, 1.0),
            None => exam.miss("the risk does not rise in every domain"),
        }
    }
}

/// What is accepted opens no incident.
fn later_incidents(exam: &mut Exam<'_>, events: &[EventRef], accepted: Timestamp) {
    let mut later = exam.incidents_with(events, Severity::LOW);
    later.retain(|incident| incident.opened >= accepted);
    exam.at_most("incidents about what is accepted", later.len() as f64, 0.0);
}
