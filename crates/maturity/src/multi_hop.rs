//! T6, Multi-Hop Replay: many hops under many names are one incident of one person; a trip and a quiet month are none.
//!
//! Two variants lack a source: without mail and click the entry is told as not observed, without the network sensor
//! the incident is still one, and less sure.

use crate::Story;
use crate::exam::{Exam, Scene, any_of, same, seconds};
use crate::film::Shot;
use crate::scorecard::MaturityTest;
use crate::timeline::{STORIES, Timeline};
use crate::view::IncidentView;
use homeostat_core::{EntityKey, EntityKind, EventRef, Timestamp};
use homeostat_event::Severity;
use std::cell::Cell;
use std::rc::Rc;

const STORY: Story = Story::MultiHop;
/// Steps of the story by which the incident must be found, and by which it must be severe.
const SIGN_IN: usize = 2;
const GRANT: usize = 3;
const ROLE_SWITCH: usize = 5;
/// Mail address, login, Okta id, role session, device and address lease.
const NAMES: [EntityKind; 6] = [
    EntityKind::Email,
    EntityKind::Upn,
    EntityKind::DirectoryObjectId,
    EntityKind::RoleSession,
    EntityKind::Hostname,
    EntityKind::Ip,
];

/// How sure a stack is that sees every source, once it was asked.
pub(crate) type Sure = Rc<Cell<Option<f64>>>;

/// The attack and the trip that looks like it.
pub(crate) struct MultiHop {
    sure: Sure,
}

impl MultiHop {
    /// Tells `sure` how sure the stack is.
    pub(crate) fn telling(sure: Sure) -> Self {
        Self { sure }
    }
}

impl Scene for MultiHop {
    fn stories(&self) -> &'static [Story] {
        STORIES
    }

    fn epilogue(&self) -> Option<(MaturityTest, Box<dyn Scene>)> {
        Some((MaturityTest::OneHourTimeline, Box::new(Timeline)))
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let film = exam.film;
        if shot.is(film.step(STORY, GRANT).last()) {
            let found = worst(exam);
            exam.at_least("severity by the grant", found, f64::from(Severity::MEDIUM.get()));
        }
        if shot.is(film.step(STORY, ROLE_SWITCH).last()) {
            let found = worst(exam);
            exam.at_least("severity by the role switch", found, f64::from(Severity::HIGH.get()));
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let hostile = exam.events(STORY);
        self.sure.set(one_incident(exam, &hostile));
        let trip = exam.events(Story::Trip);
        let alarms = exam.incidents_with(&trip, Severity::MEDIUM).len();
        exam.at_most("incidents about the trip", alarms as f64, 0.0);
    }
}

/// The attack before the eyes of a stack that lacks a source.
pub(crate) struct Blind {
    lacks: Lacks,
    sure: Sure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Mail,
    Network,
}

impl Blind {
    /// Mail and clicked links are not collected.
    pub(crate) fn to_mail() -> Self {
        Self { lacks: Lacks::Mail, sure: Sure::default() }
    }

    /// The sensor that sees the devices' traffic is gone; with it a stack is as `sure`.
    pub(crate) fn to_network(sure: Sure) -> Self {
        Self { lacks: Lacks::Network, sure }
    }
}

impl Scene for Blind {
    fn stories(&self) -> &'static [Story] {
        &[STORY]
    }

    fn sees(&self, shot: &Shot) -> bool {
        match self.lacks {
            Lacks::Mail => {
                shot.mark.is_none_or(|mark| mark.step >= SIGN_IN) && !is_of(shot, "m365/message-trace")
            }
            Lacks::Network => !is_of(shot, "zeek/"),
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let hostile = exam.events(STORY);
        let found = exam.incidents_with(&hostile, Severity::LOW);
        let Some(main) = found.iter().max_by_key(|one| one.holds(&hostile)) else {
            return exam.miss("no incident where a source is missing");
        };
        match self.lacks {
            Lacks::Mail => {
                exam.at_most("fragments without mail", found.len() as f64, 1.0);
                if !main.answers.values().any(|answer| answer.contains("not observed")) {
                    exam.miss("the entry is not told as not observed where mail is missing");
                }
            }
            Lacks::Network => {
                exam.figures.scores.insert("confidence without the network sensor", main.confidence);
                if self.sure.get().is_some_and(|sure| main.confidence >= sure) {
                    exam.miss("the incident is no less sure where a source is missing");
                }
            }
        }
    }
}

fn is_of(shot: &Shot, source: &str) -> bool {
    shot.id.place().starts_with(source)
}

/// The negative twin: the same tenant without the attack must hold no incident as severe as the attack.
pub(crate) struct Quiet;

impl Scene for Quiet {
    fn stories(&self) -> &'static [Story] {
        &[]
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let incidents = exam.incidents();
        let of = |least: Severity| incidents.iter().filter(|one| one.severity >= least).count() as f64;
        let (medium, high) = (of(Severity::MEDIUM), of(Severity::HIGH));
        exam.figures.scores.insert("medium incidents without attack", medium);
        exam.at_most("high incidents without attack", high, 0.0);
    }
}

fn worst(exam: &mut Exam<'_>) -> f64 {
    let hostile = exam.events(STORY);
    let found = exam.incidents_with(&hostile, Severity::UNKNOWN);
    found.iter().map(|one| f64::from(one.severity.get())).fold(0.0, f64::max)
}

/// Judges the incident; tells how sure the stack is of it.
fn one_incident(exam: &mut Exam<'_>, hostile: &[EventRef]) -> Option<f64> {
    let found = exam.incidents_with(hostile, Severity::LOW);
    exam.at_least("incidents that hold the attack", found.len() as f64, 1.0);
    exam.at_most("fragments", found.len() as f64, 1.0);
    let main = found.into_iter().max_by_key(|one| one.holds(hostile))?;
    let first = exam.film.at(hostile.first());
    exam.figures.seconds = seconds(first, main.opened);
    let noise = main.events.len().saturating_sub(main.holds(hostile));
    exam.at_most("share of noise", noise as f64 / main.events.len().max(1) as f64, 0.02);
    stages(exam, &main);
    one_person(exam, &main);
    Some(main.confidence)
}

fn stages(exam: &mut Exam<'_>, main: &IncidentView) {
    let Some(truth) = exam.film.tenant.truth(STORY) else { return };
    // When the incident first tells each step of the truth.
    let told: Vec<Option<Timestamp>> = truth
        .steps
        .iter()
        .map(|step| {
            let tells =
                main.steps.iter().filter(|told| told.events.iter().any(|event| step.events.contains(event)));
            tells.map(|told| told.at).min()
        })
        .collect();
    let recall = told.iter().flatten().count() as f64 / told.len().max(1) as f64;
    exam.at_least("stage recall", recall, 1.0);
    // Remote control goes on beside the other steps, so only the others have an order.
    let ordered: Vec<Timestamp> =
        told.iter().take(truth.steps.len().saturating_sub(1)).flatten().copied().collect();
    if !ordered.is_sorted() || !main.steps.is_sorted_by_key(|step| step.at) {
        exam.miss("the hops are not told in order");
    }
}

fn one_person(exam: &mut Exam<'_>, main: &IncidentView) {
    let who = exam.who(STORY);
    let kinds = |group: &[EntityKey]| {
        let named = |kind: &EntityKind| {
            group.iter().any(|key| key.kind() == *kind && who.iter().any(|own| same(own, key)))
        };
        NAMES.iter().filter(|kind| named(kind)).count()
    };
    let group = main.who.iter().max_by_key(|group| kinds(group)).map_or(&[][..], Vec::as_slice);
    exam.at_least("kinds of identifier joined to one person", kinds(group) as f64, NAMES.len() as f64);
    let is_person = |key: &&EntityKey| matches!(key.kind(), EntityKind::Upn | EntityKind::Email);
    let others = group.iter().filter(is_person).filter(|key| !who.iter().any(|own| same(own, key)));
    let others = others.count();
    exam.at_most("names of others joined to that person", others as f64, 0.0);
    let objects = exam.film.tenant.truth(STORY).map(|truth| truth.objects.clone()).unwrap_or_default();
    let stores: Vec<EntityKey> =
        objects.into_iter().filter(|object| object.kind() == EntityKind::ResourceArn).collect();
    if !any_of(&main.objects, &stores) {
        exam.miss("the data store is not named");
    }
}
