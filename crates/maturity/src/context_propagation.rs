//! T2, Context Propagation: what an endpoint shows makes all other domains look more closely at the same person, at the
//! next event, by the one rule, for a day, and without feeding itself.
//!
//! The grey deeds are the same events in two runs: in one nothing happened before them and none may be told; in the
//! other passwords were stolen first. A third run sees the theft alone: risk must be the same with the grey deeds.

use crate::Story;
use crate::exam::{Exam, Scene};
use crate::film::Shot;
use homeostat_core::{Bits, Domain, EntityKey, EventRef, Risk};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

const THEFT: Story = Story::CredentialTheft;
const GREY: Story = Story::Grey;
const ROLLOUT: Story = Story::Rollout;
/// The domains in which something grey is done, in the order of the story's steps, which begin with one of its own.
const PROBES: [Domain; 4] = [Domain::Saas, Domain::Cloud, Domain::Email, Domain::Network];
/// How far a threshold may lie from what the rule tells, in bits: what a score loses in being shown.
const EXACT: f64 = 0.02;
/// How much the thresholds of those may move to whom software is handed out, in bits.
const CALM: f64 = 0.2;
/// How much of its base a threshold may lie below it a day later.
const BACK: f64 = 0.01;
/// How far risk may lie from what it is without the grey deeds.
const ECHO: f64 = 0.02;
/// One everyday event of so many is a moment at which risk is asked for.
const EACH: u64 = 16;

/// Whose grey deed: the first person of the story, or the colleague.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    First,
    Colleague,
}

/// Which grey deeds were told.
#[derive(Default)]
struct Told(BTreeSet<(Whose, usize)>);

impl Told {
    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let step = shot.mark.filter(|mark| mark.story == GREY).and_then(|mark| mark.step.checked_sub(1));
        let Some(step) = step else { return };
        let whose = if step < PROBES.len() { Whose::First } else { Whose::Colleague };
        if exam.fires(shot) {
            self.0.insert((whose, step % PROBES.len()));
        }
    }

    fn of(&self, whose: Whose) -> f64 {
        self.0.iter().filter(|(of, _)| *of == whose).count() as f64
    }
}

/// Risk at everyday moments after the theft.
type Curve = Rc<RefCell<BTreeMap<EventRef, f64>>>;

/// Adds the risk at `shot` to `curve`, if it is a moment for it.
fn trace(exam: &mut Exam<'_>, shot: &Shot, curve: &mut BTreeMap<EventRef, f64>) {
    let theft = exam.film.at(exam.film.step(THEFT, 2).last());
    if shot.mark.is_none() && shot.at > theft && shot.id.record().is_multiple_of(EACH) {
        let risk = exam.risk(&exam.who(THEFT), Domain::Identity);
        curve.insert(shot.id.clone(), risk);
    }
}

/// The theft, then the grey deeds.
pub(crate) struct Propagation {
    told: Told,
    own: BTreeMap<EventRef, f64>,
    other: Curve,
    stolen: bool,
}

impl Propagation {
    /// The run beside one without the grey deeds, whose `curve` of risk it is held against.
    pub(crate) fn beside(curve: Curve) -> Self {
        Self { told: Told::default(), own: BTreeMap::new(), other: curve, stolen: false }
    }

    fn echoed(&self) -> f64 {
        let other = self.other.borrow();
        let gap = |(id, risk): (&EventRef, &f64)| Some((other.get(id)? - risk).abs());
        // Where no moment is common to both, nothing was held against the other.
        self.own.iter().filter_map(gap).reduce(f64::max).unwrap_or(f64::NAN)
    }
}

impl Scene for Propagation {
    fn stories(&self) -> &'static [Story] {
        &[THEFT, GREY]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        self.told.watch(exam, shot);
        if shot.is(exam.film.step(THEFT, 2).last()) {
            self.stolen = true;
            by_the_rule(exam);
        }
        trace(exam, shot, &mut self.own);
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        if !self.stolen {
            exam.miss("the theft was not shown");
        }
        exam.at_least("grey deeds told after the theft", self.told.of(Whose::First), 3.0);
        exam.at_most("grey deeds of a colleague told", self.told.of(Whose::Colleague), 0.0);
        exam.at_most("risk that the grey deeds add", self.echoed(), ECHO);
        exam.rest(Duration::from_hours(24));
        let who = exam.who(THEFT);
        let far = Domain::ALL.map(|domain| exam.tightened(&who, domain)).map(|(by, base)| by / base);
        exam.at_most("thresholds below their base after a day", far.into_iter().fold(0.0, f64::max), BACK);
        let calls = exam.figures.calls;
        exam.at_most("calls of an analyst", calls as f64, 0.0);
    }
}

/// At the last event of the theft the thresholds are what the rule says of the risk that is shown, in every domain.
fn by_the_rule(exam: &mut Exam<'_>) {
    let who = exam.who(THEFT);
    let bits = -16.0 * (1.0 - exam.risk(&who, Domain::Endpoint)).log2();
    let now = exam.film.at(exam.film.step(THEFT, 2).last());
    let expected = Risk::new(Bits::new(bits), now).tightening(now).get();
    let lower = Domain::ALL.map(|domain| exam.tightened(&who, domain).0);
    let (least, most) =
        lower.iter().fold((f64::INFINITY, 0.0), |(least, most), by| (by.min(least), by.max(most)));
    exam.at_least("bits that every threshold lies lower", least, f64::MIN_POSITIVE);
    exam.at_most(
        "bits between threshold and rule",
        (least - expected).abs().max((most - expected).abs()),
        EXACT,
    );
}

/// The theft alone: what risk is without the grey deeds, and what thresholds are without the rollout.
#[derive(Default)]
pub(crate) struct Unprobed {
    curve: Curve,
    calm: Tightened,
}

impl Unprobed {
    /// The risk that this run sees.
    pub(crate) fn curve(&self) -> Curve {
        self.curve.clone()
    }

    /// The thresholds that this run sees.
    pub(crate) fn calm(&self) -> Tightened {
        self.calm.clone()
    }
}

impl Scene for Unprobed {
    fn stories(&self) -> &'static [Story] {
        &[THEFT]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        trace(exam, shot, &mut self.curve.borrow_mut());
        note(exam, shot, &self.calm);
    }

    fn finish(&mut self, _exam: &mut Exam<'_>) {}
}

/// By how many bits the thresholds of the machines and people lie lower that get a program, right after they got it.
pub(crate) type Tightened = Rc<RefCell<Option<Vec<f64>>>>;

/// Notes them at the first everyday event after the rollout.
fn note(exam: &mut Exam<'_>, shot: &Shot, into: &Tightened) {
    let done = exam.film.at(exam.film.step(ROLLOUT, 0).last());
    if shot.mark.is_none() && shot.at > done && into.borrow().is_none() {
        let those = exam.film.tenant.truth(ROLLOUT).map(|truth| truth.objects.clone()).unwrap_or_default();
        let by = |key: &EntityKey| exam.tightened(std::slice::from_ref(key), Domain::Endpoint).0;
        *into.borrow_mut() = Some(those.iter().map(by).collect());
    }
}

/// The grey deeds without the theft, and a program that is handed out.
pub(crate) struct Unwarned {
    told: Told,
    own: Tightened,
    other: Tightened,
}

impl Unwarned {
    /// The run beside one without the rollout, whose thresholds it is held against.
    pub(crate) fn beside(calm: Tightened) -> Self {
        Self { told: Told::default(), own: Tightened::default(), other: calm }
    }

    /// How much lower any threshold lies than without the rollout, in bits.
    fn moved(&self) -> f64 {
        let (own, other) = (self.own.borrow(), self.other.borrow());
        let both = own.iter().flatten().zip(other.iter().flatten());
        both.map(|(with, without)| with - without).reduce(f64::max).unwrap_or(f64::NAN)
    }
}

impl Scene for Unwarned {
    fn stories(&self) -> &'static [Story] {
        &[GREY, ROLLOUT]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        self.told.watch(exam, shot);
        note(exam, shot, &self.own);
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        exam.at_most("grey deeds told without the theft", self.told.of(Whose::First), 0.0);
        exam.at_most("grey deeds of a colleague told", self.told.of(Whose::Colleague), 0.0);
        exam.at_most("bits that a rollout moves thresholds", self.moved(), CALM);
    }
}
