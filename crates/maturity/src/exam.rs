//! One run of one target over one tenant: it is fed event by event, asked in between, and every bar is noted.
//!
//! A missed bar fails the test; a part the target or the tenant lacks leaves it not passed; both are told.

use crate::film::{Film, Shot};
use crate::scorecard::{Figures, MaturityTest, Verdict};
use crate::shared::Shared;
use crate::view::{Acceptance, ActionRecord, IncidentView, PlanId};
use crate::{IntelItem, MaturityTarget, Part, Story, Unsupported};
use homeostat_core::{Domain, EntityKey, EventRef, LATENESS, Timestamp};
use homeostat_event::{Event, Severity};
use std::cell::Ref;
use std::time::Duration;

/// A clock of the caller's, for the bars on computing time: the time since any fixed moment.
pub type Clock = fn() -> Duration;

/// One run of one test: which stories the target is shown, and what is asked of it when.
pub(crate) trait Scene {
    /// The stories that are told on top of everyday life.
    fn stories(&self) -> &'static [Story];

    /// Whether everyday life is left out: the target sees these stories alone.
    fn is_alone(&self) -> bool {
        false
    }

    /// Whether the target is shown this event; a scene may lack a source.
    fn sees(&self, _shot: &Shot) -> bool {
        true
    }

    /// Another test that asks the same target after the same events.
    fn epilogue(&self) -> Option<(MaturityTest, Box<dyn Scene>)> {
        None
    }

    /// An event was fed.
    fn watch(&mut self, _exam: &mut Exam<'_>, _shot: &Shot) {}

    /// All events were fed, and the time that results may wait has gone by.
    fn finish(&mut self, exam: &mut Exam<'_>);
}

pub(crate) struct Exam<'a> {
    pub(crate) film: &'a Film,
    pub(crate) figures: Figures,
    target: Shared,
    clock: Option<Clock>,
    failed: Vec<String>,
    lacking: Vec<String>,
    /// How long the target worked on the last event.
    worked: Option<Duration>,
    now: Timestamp,
}

impl<'a> Exam<'a> {
    pub(crate) fn new(film: &'a Film, target: Shared, clock: Option<Clock>) -> Self {
        Self {
            film,
            figures: Figures::default(),
            target,
            clock,
            failed: Vec::new(),
            lacking: Vec::new(),
            worked: None,
            now: Timestamp::UNKNOWN,
        }
    }

    /// Feeds one event.
    pub(crate) fn feed(&mut self, event: &Event, shot: &Shot) {
        self.figures.events += 1;
        let (taken, worked) = self.target.feed(self.figures.events, event, self.clock);
        self.worked = worked;
        self.now = self.now.max(shot.at);
        self.ask(taken);
    }

    /// The target that this run goes on with, which others may go on with as well.
    pub(crate) fn shared(&self) -> &Shared {
        &self.target
    }

    /// Goes on with `fork`, of the target that this run had; without one nothing that follows can be judged.
    pub(crate) fn part(&mut self, fork: Option<Shared>) {
        self.target = fork.unwrap_or_else(|| {
            self.lack(&Unsupported(Part::Fork).to_string());
            self.target.lost()
        });
    }

    /// Tells the target something, which no other run sees.
    fn tell<T>(&mut self, tell: impl FnOnce(&mut dyn MaturityTarget) -> T) -> Option<T> {
        if self.target.own().is_none() {
            self.part(self.target.fork());
        }
        self.target.own().map(|mut target| tell(&mut *target))
    }

    /// Lets the time go by that final results may wait.
    pub(crate) fn settle(&mut self) {
        self.rest(LATENESS.saturating_add(Duration::from_secs(1)));
    }

    /// Lets `span` of event time go by. A target that has no clock of its own may lack this.
    pub(crate) fn rest(&mut self, span: Duration) {
        self.now = self.now.plus(span).unwrap_or(self.now);
        // Whoever publishes at arrival needs no tick; whoever needs it and lacks it misses a bar.
        let now = self.now;
        let _ = self.tell(|target| target.tick(now));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn target(&self) -> Ref<'_, dyn MaturityTarget + 'static> {
        self.target.target()
    }

    /// An analyst says that what was seen is expected.
    pub(crate) fn accept(&mut self, what: &Acceptance) {
        self.figures.calls += 1;
        if let Some(answer) = self.tell(|target| target.accept(what)) {
            self.ask(answer);
        }
    }

    /// An analyst approves `plan`.
    pub(crate) fn approve(&mut self, plan: &PlanId) {
        self.figures.calls += 1;
        if let Some(answer) = self.tell(|target| target.approve(plan)) {
            self.ask(answer);
        }
    }

    /// The outside tells of an attacked product.
    pub(crate) fn inform(&mut self, item: &IntelItem) {
        if let Some(answer) = self.tell(|target| target.intelligence(item)) {
            self.ask(answer);
        }
    }

    /// How closely an asset is watched, in bits.
    pub(crate) fn watched(&mut self, asset: &EntityKey) -> f64 {
        let answer = self.target().watched(asset);
        self.ask(answer).unwrap_or(0.0)
    }

    /// What the target answers, and how long it took; none without a clock.
    pub(crate) fn timed<T>(&self, ask: impl FnOnce(&dyn MaturityTarget) -> T) -> (T, Option<Duration>) {
        let begun = self.clock.map(|clock| clock());
        let answer = ask(&*self.target());
        (answer, self.clock.zip(begun).map(|(clock, begun)| clock().saturating_sub(begun)))
    }

    /// The time that an answer took must not lie above `bar`; judged as [`worked_at_most`](Self::worked_at_most).
    pub(crate) fn took_at_most(&mut self, name: &'static str, took: Option<Duration>, bar: Duration) {
        let worked = core::mem::replace(&mut self.worked, took);
        self.worked_at_most(name, bar);
        self.worked = worked;
    }

    /// The answer, or a note of what the target lacks.
    pub(crate) fn ask<T>(&mut self, answer: Result<T, Unsupported>) -> Option<T> {
        answer.map_err(|lack| self.lack(&lack.to_string())).ok()
    }

    pub(crate) fn lack(&mut self, what: &str) {
        note(&mut self.lacking, what);
    }

    pub(crate) fn miss(&mut self, why: &str) {
        note(&mut self.failed, why);
    }

    /// Notes a score and that it must not lie below `bar`.
    pub(crate) fn at_least(&mut self, name: &'static str, value: f64, bar: f64) {
        self.figures.scores.insert(name, value);
        if value.is_nan() || value < bar {
            self.miss(&format!("{name}: at least {bar} expected"));
        }
    }

    /// Notes a score and that it must not lie above `bar`.
    pub(crate) fn at_most(&mut self, name: &'static str, value: f64, bar: f64) {
        self.figures.scores.insert(name, value);
        if value.is_nan() || value > bar {
            self.miss(&format!("{name}: at most {bar} expected"));
        }
    }

    /// The time that the last event took must not lie above `bar`; judged in release builds with a clock only.
    pub(crate) fn worked_at_most(&mut self, name: &'static str, bar: Duration) {
        match self.worked {
            Some(worked) if !cfg!(debug_assertions) => {
                self.at_most(name, worked.as_secs_f64(), bar.as_secs_f64());
            }
            Some(_) => self.lack("a release build, in which computing time is judged"),
            None => self.lack("a clock, by which computing time is judged"),
        }
    }

    /// The highest risk that `domain` tells of any of the identifiers `who`.
    pub(crate) fn risk(&mut self, who: &[EntityKey], domain: Domain) -> f64 {
        let mut highest = 0.0_f64;
        for key in who {
            let answer = self.target().risk(key, domain);
            highest = highest.max(self.ask(answer).unwrap_or(0.0));
        }
        highest
    }

    /// Whether the target found something in the event that it was fed last.
    pub(crate) fn fires(&mut self, shot: &Shot) -> bool {
        let answer = self.target().fires(&shot.id);
        self.ask(answer).unwrap_or(false)
    }

    /// How many bits the threshold of `who` in `domain` lies below its base, and the base: the most of any of the
    /// identifiers `who`.
    pub(crate) fn tightened(&mut self, who: &[EntityKey], domain: Domain) -> (f64, f64) {
        let mut most = (0.0, f64::INFINITY);
        for key in who {
            let answer = self.target().thresholds(key);
            let told = self.ask(answer).and_then(|told| told.domains.get(&domain).copied());
            if let Some((base, now)) = told.filter(|(base, now)| base.get() - now.get() >= most.0) {
                most = (base.get() - now.get(), base.get());
            }
        }
        most
    }

    pub(crate) fn incidents(&mut self) -> Vec<IncidentView> {
        let answer = self.target().incidents();
        self.ask(answer).unwrap_or_default()
    }

    /// The incidents of at least `severity` that hold one of `events`.
    pub(crate) fn incidents_with(&mut self, events: &[EventRef], severity: Severity) -> Vec<IncidentView> {
        let all = self.incidents();
        all.into_iter().filter(|one| one.severity >= severity && one.holds(events) > 0).collect()
    }

    pub(crate) fn actions(&mut self) -> Vec<ActionRecord> {
        let answer = self.target().actions();
        self.ask(answer).unwrap_or_default()
    }

    /// The identifiers under which the main character of `story` appears.
    pub(crate) fn who(&self, story: Story) -> Vec<EntityKey> {
        self.film.tenant.truth(story).map(|truth| truth.who.clone()).unwrap_or_default()
    }

    /// The ids of all events of `story`.
    pub(crate) fn events(&self, story: Story) -> Vec<EventRef> {
        self.film.tenant.truth(story).map(crate::Truth::events).unwrap_or_default()
    }

    /// How it went; a further test of the same target begins without notes.
    pub(crate) fn end(&mut self) -> (Verdict, Figures) {
        let next = Figures { events: self.figures.events, ..Figures::default() };
        let mut figures = core::mem::replace(&mut self.figures, next);
        if let Ok(actions) = self.target().actions() {
            figures.actions = actions.len() as u64;
        }
        let (failed, lacking) = (core::mem::take(&mut self.failed), core::mem::take(&mut self.lacking));
        let verdict = match (failed.is_empty(), lacking.is_empty()) {
            (false, _) => Verdict::Failed(failed),
            (_, false) => Verdict::Lacking(lacking),
            _ => Verdict::Passed,
        };
        (verdict, figures)
    }
}

fn note(notes: &mut Vec<String>, what: &str) {
    if !notes.iter().any(|noted| noted == what) {
        notes.push(what.to_owned());
    }
}

/// Whether two keys name the same thing, whoever names it.
pub(crate) fn same(one: &EntityKey, other: &EntityKey) -> bool {
    one.kind() == other.kind() && one.value() == other.value()
}

/// Whether `keys` holds any of `wanted`.
pub(crate) fn any_of(keys: &[EntityKey], wanted: &[EntityKey]) -> bool {
    keys.iter().any(|key| wanted.iter().any(|one| same(key, one)))
}

/// Seconds from `earlier` to `later`; none when either is no moment.
pub(crate) fn seconds(earlier: Timestamp, later: Timestamp) -> Option<f64> {
    later.since(earlier).map(|micros| micros as f64 / 1e6)
}
