//! What becomes of events that come faster than a pipeline works? They wait, and for what finds no place there is one
//! rule: refuse or shed.
//!
//! A bounded queue in front of a [`Pipeline`]: first in, first out, for a pipeline wants events in order of time. No
//! event drives out another, so that what waits is never lost. No thread and no lock: whoever has several threads
//! locks the intake while one offers or takes, and works outside the lock. O(1) an event; room for
//! [`IntakeSettings::capacity`] events and no more.

use crate::{Pipeline, trace};
use core::fmt;
use homeostat_core::Domain;
use homeostat_event::{ClassUid, Event};
use homeostat_incident::Update;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The most places that an intake can have: beyond it what waits is older than what a story still needs at once.
const MOST: usize = 1 << 24;
/// The most of an intake that can be kept for what counts most, in percent: the rest is for everything.
const MOST_RESERVED: u8 = 90;
/// The categories of OCSF that may take the reserved places: findings of other products, and identity and access
/// (sign-ins, accounts, groups).
const VITAL: [u32; 2] = [2, 3];

/// What becomes of an event for which there is no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// The caller is told and keeps the event: for logs that can be read again or wait elsewhere, such as a broker's.
    #[default]
    Refuse,
    /// It is dropped and counted: for what comes once and can not wait, such as the flows of a sensor.
    Shed,
}

/// How an [`Intake`] is set up; checked by [`Intake::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct IntakeSettings {
    /// How many events wait at most, `1..=16_777_216`. 16,384 by default: a sixth of a second of work, and some 40 MB
    /// of events.
    pub capacity: usize,
    /// How much of the capacity only findings of other products and events of identity and access may take, in
    /// percent, `0..=90`. 10 by default: they are few where nothing is wrong, and stories hang on them. Who floods
    /// with sign-ins fills these places as well: the reserve is for days that are busy elsewhere.
    pub reserved_percent: u8,
    /// What becomes of an event for which there is no place; it is refused by default, so that nothing is lost that
    /// nobody chose to lose.
    pub when_full: WhenFull,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self { capacity: 16_384, reserved_percent: 10, when_full: WhenFull::Refuse }
    }
}

impl IntakeSettings {
    /// The same with places for `capacity` events.
    #[must_use]
    pub const fn capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// The same with so much of it kept for what counts most.
    #[must_use]
    pub const fn reserved_percent(self, reserved_percent: u8) -> Self {
        Self { reserved_percent, ..self }
    }

    /// The same with another rule for what finds no place.
    #[must_use]
    pub const fn when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    pub(crate) fn check(self) -> Result<(), BadIntake> {
        if !(1..=MOST).contains(&self.capacity) {
            return Err(BadIntake::Capacity);
        }
        if self.reserved_percent > MOST_RESERVED { Err(BadIntake::Reserved) } else { Ok(()) }
    }

    /// How many places every event may take.
    fn open_to_all(self) -> usize {
        // INVARIANT: below 2^24 * 100, which fits anywhere.
        self.capacity - self.capacity * usize::from(self.reserved_percent) / 100
    }
}

/// Why an intake can not be set up like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadIntake {
    /// The capacity is out of range.
    #[error("the capacity lies between 1 and {MOST} events")]
    Capacity,
    /// The reserve is out of range.
    #[error("at most {MOST_RESERVED} percent are reserved")]
    Reserved,
}

/// Events that wait for a [`Pipeline`].
///
/// What waits is no state of the pipeline: it is in no snapshot, and nobody can be forgotten in it. Write beside a
/// snapshot the place in your log of what [`Self::peek`] gives, and read on from there; work all that waits before you
/// call [`forget`](homeostat_core::Forget::forget).
///
/// ```
/// use homeostat::{Intake, IntakeSettings, Offered, Pipeline, WhenFull};
/// use homeostat_core::TenantId;
/// use homeostat_event::Event;
///
/// let settings = IntakeSettings::default().capacity(2).when_full(WhenFull::Shed);
/// let mut intake = Intake::new(settings)?;
/// let mut pipeline = Pipeline::new(TenantId::new("acme")?);
/// let flow = Event::from_json(r#"{"class_uid": 4001, "time": 1770000000000}"#)?;
///
/// let offered: Vec<Offered> = (0..3).map(|_| intake.offer(flow.clone())).collect::<Result<_, _>>()?;
/// assert_eq!(offered, [Offered::Waits, Offered::Waits, Offered::Shed]);
/// intake.work(&mut pipeline, usize::MAX);
/// let stats = intake.stats();
/// assert_eq!((stats.offered, stats.worked, stats.waiting, stats.shed), (3, 2, 0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Intake {
    settings: IntakeSettings,
    // INVARIANT: at most `settings.capacity`.
    waiting: VecDeque<Event>,
    stats: IntakeStats,
}

/// What became of an event that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Offered {
    /// It waits for its turn.
    Waits,
    /// It was dropped and counted.
    Shed,
}

/// An event for which there was no place, given back.
pub struct Refused(Box<Event>);

/// What became of the events that were offered. Counts saturate; as long as none does, `offered` is the sum of
/// `worked`, `waiting`, `shed` and `refused`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntakeStats {
    /// Events offered; one that is offered again after a refusal counts again.
    pub offered: u64,
    /// Events handed on to be worked.
    pub worked: u64,
    /// Events that wait now.
    pub waiting: u64,
    /// The most that ever waited.
    pub most_waiting: u64,
    /// Events dropped.
    pub shed: u64,
    /// Events given back.
    pub refused: u64,
    shed_of: [u64; Domain::ALL.len()],
}

impl IntakeStats {
    /// How many events of `domain` were dropped: what a story can not tell because of it.
    pub fn shed_of(&self, domain: Domain) -> u64 {
        Domain::ALL.iter().zip(self.shed_of).find(|(one, _)| **one == domain).map_or(0, |(_, shed)| shed)
    }
}

impl Intake {
    /// An intake in which nothing waits.
    ///
    /// # Errors
    ///
    /// [`BadIntake`] when the capacity or the reserve is out of range.
    pub fn new(settings: IntakeSettings) -> Result<Self, BadIntake> {
        settings.check()?;
        Ok(Self { settings, waiting: VecDeque::new(), stats: IntakeStats::default() })
    }

    /// Lets `event` wait for its turn; where there is no place, as the settings say.
    ///
    /// # Errors
    ///
    /// [`Refused`] with the event when there is no place and [`WhenFull::Refuse`] is the rule.
    pub fn offer(&mut self, event: Event) -> Result<Offered, Refused> {
        add(&mut self.stats.offered);
        if self.waiting.len() < self.places_for(&event) {
            self.waiting.push_back(event);
            self.stats.most_waiting = self.stats.most_waiting.max(self.waiting.len() as u64);
            return Ok(Offered::Waits);
        }
        match self.settings.when_full {
            WhenFull::Refuse => {
                add(&mut self.stats.refused);
                Err(Refused(Box::new(event)))
            }
            WhenFull::Shed => {
                self.shed(event.domain());
                Ok(Offered::Shed)
            }
        }
    }

    fn places_for(&self, event: &Event) -> usize {
        let vital = |class: ClassUid| class.category().is_some_and(|category| VITAL.contains(&category));
        let whole = vital(event.class_uid());
        if whole { self.settings.capacity } else { self.settings.open_to_all() }
    }

    fn shed(&mut self, domain: Domain) {
        add(&mut self.stats.shed);
        let counts = Domain::ALL.iter().zip(&mut self.stats.shed_of);
        counts.filter(|(one, _)| **one == domain).for_each(|(_, shed)| add(shed));
        trace::shed(domain, self.stats.shed);
    }

    /// Takes out the event whose turn it is, for whoever works it elsewhere.
    pub fn take(&mut self) -> Option<Event> {
        let event = self.waiting.pop_front()?;
        add(&mut self.stats.worked);
        Some(event)
    }

    /// The event whose turn it is.
    pub fn peek(&self) -> Option<&Event> {
        self.waiting.front()
    }

    /// Has `pipeline` take in what waits, at most so many events; gives what it tells.
    pub fn work(&mut self, pipeline: &mut Pipeline, most: usize) -> Vec<Update> {
        let turns = most.min(self.waiting.len());
        let mut updates = Vec::new();
        for event in (0..turns).map_while(|_| self.take()) {
            updates.extend(pipeline.observe(&event));
        }
        updates
    }

    /// How it is set up.
    pub fn settings(&self) -> IntakeSettings {
        self.settings
    }

    /// What became of the events.
    pub fn stats(&self) -> IntakeStats {
        IntakeStats { waiting: self.waiting.len() as u64, ..self.stats }
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl Refused {
    /// The event, to be offered again.
    pub fn into_event(self) -> Event {
        *self.0
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("settings", &self.settings)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.0.class_uid()).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no place in the intake for this event now")
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EventRef;
    use proptest::prelude::*;

    const FLOW: u32 = 4_001;
    const SIGN_IN: u32 = 3_002;

    fn event(class: u32, number: u64) -> Event {
        let told = format!(
            r#"{{"class_uid": {class}, "time": 1770000000000, "actor": {{"user": {{"name": "jane"}}}}}}"#
        );
        let mut event = Event::from_json(&told).unwrap();
        event.set_reference(&EventRef::new("log", number).unwrap());
        event
    }

    fn intake(capacity: usize, reserved_percent: u8, when_full: WhenFull) -> Intake {
        let settings = IntakeSettings { capacity, reserved_percent, when_full };
        Intake::new(settings).unwrap()
    }

    #[test]
    fn places_are_reserved_for_findings_and_sign_ins() {
        let mut intake = intake(10, 20, WhenFull::Refuse);
        for number in 0..8 {
            assert_eq!(intake.offer(event(FLOW, number)).unwrap(), Offered::Waits);
        }
        let back = intake.offer(event(FLOW, 8)).unwrap_err();
        assert_eq!(back.into_event().reference(), event(FLOW, 8).reference(), "the caller keeps it");
        assert_eq!(intake.offer(event(SIGN_IN, 9)).unwrap(), Offered::Waits);
        assert_eq!(intake.offer(event(2_004, 10)).unwrap(), Offered::Waits);
        assert!(intake.offer(event(SIGN_IN, 11)).is_err(), "the reserve ends too");
        assert_eq!(intake.take().unwrap().reference(), event(FLOW, 0).reference(), "nobody overtakes");
    }

    #[test]
    fn settings_that_leave_no_room_are_refused_with_the_range() {
        let refused = |settings: IntakeSettings| Intake::new(settings).unwrap_err().to_string();
        let usual = IntakeSettings::default();
        assert_eq!(refused(usual.capacity(0)), "the capacity lies between 1 and 16777216 events");
        assert_eq!(refused(usual.capacity(MOST + 1)), "the capacity lies between 1 and 16777216 events");
        assert_eq!(refused(usual.reserved_percent(91)), "at most 90 percent are reserved");
        assert!(Intake::new(usual.capacity(1).reserved_percent(90)).is_ok());
    }

    #[test]
    fn no_value_shows() {
        let mut intake = intake(1, 0, WhenFull::Refuse);
        assert_eq!(intake.offer(event(SIGN_IN, 0)).unwrap(), Offered::Waits);
        let refused = intake.offer(event(SIGN_IN, 1)).unwrap_err();
        assert!(!format!("{intake:?} {refused:?} {refused}").contains("jane"));
    }

    /// What happens to an intake in a test.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Offer(u32),
        Take(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let class = prop::sample::select(vec![FLOW, FLOW, SIGN_IN, 6_003, 1_007, 2_004]);
        prop_oneof![8 => class.prop_map(Step::Offer), 1 => (0..20_usize).prop_map(Step::Take)]
    }

    proptest! {
        /// Each event that was offered waits, was worked, was shed or was given back, and is in just one of these
        /// counts; no more wait than may; what is worked comes in order.
        #[test]
        fn every_event_is_accounted_for(
            steps in prop::collection::vec(step(), 0..400),
            capacity in 1..40_usize,
            reserved in 0..=90_u8,
            sheds in any::<bool>(),
        ) {
            let mut intake = intake(capacity, reserved, if sheds { WhenFull::Shed } else { WhenFull::Refuse });
            let (mut waits, mut out, mut dropped, mut back) = (Vec::new(), Vec::new(), Vec::new(), 0);
            for (number, step) in (0..).zip(steps) {
                match step {
                    Step::Offer(class) => match intake.offer(event(class, number)) {
                        Ok(Offered::Waits) => waits.push(event(class, number).reference()),
                        Ok(Offered::Shed) => dropped.push(event(class, number).domain()),
                        Err(refused) => {
                            prop_assert_eq!(refused.into_event().reference(), event(class, number).reference());
                            back += 1;
                        }
                    },
                    Step::Take(most) => {
                        out.extend((0..most).map_while(|_| intake.take()).map(|event| event.reference()));
                    }
                }
                let stats = intake.stats();
                prop_assert!(stats.waiting <= capacity as u64 && stats.waiting <= stats.most_waiting);
                prop_assert_eq!(stats.offered, stats.worked + stats.waiting + stats.shed + stats.refused);
                prop_assert_eq!((stats.worked, stats.shed, stats.refused), (out.len() as u64, dropped.len() as u64, back));
                prop_assert!(dropped.is_empty() || sheds);
                for domain in Domain::ALL {
                    let own = dropped.iter().filter(|one| **one == domain).count() as u64;
                    prop_assert_eq!(stats.shed_of(domain), own);
                }
            }
            out.extend(core::iter::from_fn(|| intake.take()).map(|event| event.reference()));
            prop_assert_eq!(out, waits);
        }
    }
}
