//! All rooms wired: an event goes in, the stories that matter come out.
//!
//! For each event: the directory learns who belongs together, the estate learns what changed and who can reach
//! what now, the baseline says how surprising it is, detectors say what they see, and the investigator joins
//! what belongs to one story. One pass, no clock: time is the events' own.

use crate::act::{act_of, describe, is_chatter};
use crate::beat::Beats;
use crate::conduct::Conduct;
use crate::detection::Detections;
use crate::estate::{Estate, Word};
use crate::first_seen::FirstSeen;
use crate::intent::Intent;
use crate::lineage::Lineage;
use crate::lookup::Lookups;
use crate::lure::Lures;
use crate::newcomer::Newcomers;
use crate::reflex::Reflex;
use crate::refusals::Refusals;
use crate::repair::Repair;
use crate::room::{Kept, Room, Unkept};
use crate::secrets::Secrets;
use crate::servers::Servers;
use crate::sight::{OpenQuestion, Sight};
use crate::surprise::Surprise;
use crate::trace::{self, EventSpan};
use crate::travels::Travels;
use core::fmt;
use homeostat_baseline::Baseline;
use homeostat_core::{
    Bits, Detector, EntityKey, FUTURE_LIMIT, IntelFeed as _, Keep, Observed, Occurrence, Position, RiskView,
    Role, Signal, State as _, TenantId, Threat, Timestamp, Watch,
};
use homeostat_event::Event;
use homeostat_identity::{Directory, LinkKind};
use homeostat_incident::{IncidentId, Intel, Investigator, RiskBook, Update, WatchBook, heighten};

mod setup;
mod snapshot;

/// The whole of homeostat for one tenant.
///
/// ```
/// use homeostat::Pipeline;
/// use homeostat_core::TenantId;
///
/// let mut pipeline = Pipeline::new(TenantId::new("acme")?);
/// pipeline.finish();
/// assert!(pipeline.investigator().incidents().is_empty());
/// # Ok::<(), homeostat_core::BadTenant>(())
/// ```
pub struct Pipeline {
    tenant: TenantId,
    directory: Directory,
    investigator: Investigator,
    detectors: Vec<Box<dyn Room>>,
    estate: Estate,
    surprise: Surprise,
    risk: RiskBook,
    mended: Vec<IncidentId>,
    reflex: Reflex,
    sight: Sight,
    lookups: Lookups,
    intent: Intent,
    watches: WatchBook,
    // What was said of the last event; no part of the snapshot.
    raised: Vec<Signal>,
    next_event: u64,
    next_signal: u64,
    next_intel: u64,
    // The moments of the last event, and of the last of which something was told.
    heard: Timestamp,
    told: Timestamp,
    stats: Stats,
}

/// What became of the events. Counts saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Events taken in.
    pub events: u64,
    /// Signals raised, plain acts among them.
    pub signals: u64,
    /// Events of another tenant or without tenant, id or time: kept out of every state.
    pub foreign: u64,
    /// Signals that no story could take, such as those without a moment.
    pub untold: u64,
    /// Alarms, and calls-off of one, that nobody took before 1,024 others came.
    pub missed: u64,
}

impl Pipeline {
    /// A pipeline that knows nothing yet, with the detectors of this crate.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            directory: Directory::new(tenant.clone()),
            tenant,
            investigator: Investigator::default(),
            detectors: vec![
                // What has a memory is `Kept`: it implements `Keep` and `Forget`, in the file of its state.
                Box::new(Kept(Refusals::default())),
                Box::new(Kept(FirstSeen::default())),
                Box::new(Kept(Newcomers::default())),
                Box::new(Kept(Lineage::default())),
                Box::new(Kept(Conduct::default())),
                Box::new(Kept(Servers::default())),
                Box::new(Kept(Travels::default())),
                Box::new(Kept(Lures::default())),
                Box::new(Kept(Beats::default())),
                Box::new(Kept(Secrets::default())),
                Box::new(Unkept(Detections)),
            ],
            estate: Estate::default(),
            surprise: Surprise::default(),
            risk: RiskBook::default(),
            mended: Vec::new(),
            reflex: Reflex::default(),
            sight: Sight::default(),
            lookups: Lookups::default(),
            intent: Intent::default(),
            watches: WatchBook::default(),
            raised: Vec::new(),
            next_event: 0,
            next_signal: 0,
            next_intel: 0,
            heard: Timestamp::UNKNOWN,
            told: Timestamp::UNKNOWN,
            stats: Stats::default(),
        }
    }

    /// Adds a detector of the vendor's own that remembers nothing of people: what it remembers is not in the
    /// snapshot, so that it begins anew where that is restored, and
    /// [`Forget::forget`](homeostat_core::Forget::forget) does not ask it.
    #[must_use]
    pub fn with_detector(mut self, detector: impl Detector<Event> + 'static) -> Self {
        self.detectors.push(Box::new(Unkept(detector)));
        self
    }

    /// Adds a detector of the vendor's own with a memory, which is kept and forgotten with all the rest. Its name is
    /// that of no other detector here.
    #[must_use]
    pub fn with_learner(mut self, detector: impl Detector<Event> + Keep + 'static) -> Self {
        self.detectors.push(Box::new(Kept(detector)));
        self
    }

    /// Starts from an estate that was read before the first event.
    #[must_use]
    pub fn with_estate(self, estate: Estate) -> Self {
        Self { estate, ..self }
    }

    /// Tells who belongs together with `directory`, which may have rules of the tenant.
    #[must_use]
    pub fn with_directory(self, directory: Directory) -> Self {
        Self { directory, ..self }
    }

    /// Watches sign-ins with `reflex`, which knows the tenant's list of services that hide who comes from them.
    #[must_use]
    pub fn with_reflex(self, reflex: Reflex) -> Self {
        Self { reflex, ..self }
    }

    /// Tells who looks round with `intent`, which knows whose work that is.
    #[must_use]
    pub fn with_intent(self, intent: Intent) -> Self {
        Self { intent, ..self }
    }

    /// Tells stories with `investigator`: one of no lateness tells them at once, before late events can come.
    #[must_use]
    pub fn with_investigator(self, investigator: Investigator) -> Self {
        Self { investigator, ..self }
    }

    /// Takes in one event; events come in order of time, up to the lateness that all crates share.
    pub fn observe(&mut self, event: &Event) -> Vec<Update> {
        let (span, before) = (EventSpan::enter(&self.tenant, self.next_event, event), self.stats);
        let updates = self.observe_next(event);
        trace::told(&updates, &self.investigator);
        span.leave(before, self.stats, &updates);
        updates
    }

    fn observe_next(&mut self, event: &Event) -> Vec<Update> {
        self.raised.clear();
        let position = Position::at(self.next_event);
        self.next_event += 1;
        self.stats.events = self.stats.events.saturating_add(1);
        if event.tenant().as_ref() != Some(&self.tenant) {
            self.stats.foreign = self.stats.foreign.saturating_add(1);
            return Vec::new();
        }
        event.lend(|| self.take_in(position, event))
    }

    /// Lets every room read `event`, which is the tenant's own.
    fn take_in(&mut self, position: Position, event: &Event) -> Vec<Update> {
        if self.directory.observe_event(position, event).is_err() {
            self.stats.foreign = self.stats.foreign.saturating_add(1);
        }
        self.sight.observe(event);
        let signals = self.signals(event);
        let mut updates = if signals.is_empty() { Vec::new() } else { self.pass_calm(event.when()) };
        self.heard = event.when();
        updates.extend(signals.iter().flat_map(|signal| self.weigh(signal)));
        self.halves(&mut updates);
        self.raised = signals;
        updates
    }

    /// Takes in many events, as [`Self::observe`] would one after the other.
    pub fn observe_batch(&mut self, events: &[Event]) -> Vec<Update> {
        events.iter().flat_map(|event| self.observe(event)).collect()
    }

    /// Tells the investigator that a calm before an event at `now` was one: without a signal for longer than a clock
    /// may be wrong, it would take the next for one from the future.
    fn pass_calm(&mut self, now: Timestamp) -> Vec<Update> {
        let limit = i64::try_from(FUTURE_LIMIT.as_micros()).unwrap_or(i64::MAX);
        let (before, calm) = (now.since(self.heard), self.heard.since(self.told));
        let flows = before.is_some_and(|span| (0..=limit).contains(&span));
        self.told = now;
        if flows && calm.is_some_and(|span| span > limit) {
            self.investigator.tick(self.heard)
        } else {
            Vec::new()
        }
    }

    /// Takes in one signal of a detector outside this pipeline.
    pub fn tell(&mut self, signal: &Signal) -> Vec<Update> {
        let updates = self.weigh(signal);
        trace::told(&updates, &self.investigator);
        updates
    }

    fn weigh(&mut self, signal: &Signal) -> Vec<Update> {
        let position = Position::at(self.next_signal);
        self.next_signal += 1;
        self.stats.signals = self.stats.signals.saturating_add(1);
        let updates = self.directory.resolve_signal(signal).ok().and_then(|resolved| {
            // An identity's risk changes at the signal's position, before the next event is scored.
            drop(self.risk.observe(position, &resolved));
            self.investigator.observe(position, &resolved).ok()
        });
        if updates.is_none() {
            self.stats.untold = self.stats.untold.saturating_add(1);
        }
        updates.and_then(Observed::applied).unwrap_or_default()
    }

    /// Learns what runs where strangers reach it and what the outside says is attacked; gives the assets that are
    /// watched more closely from now on. What is said of them weighs up to twice, less each day, for 14 days.
    pub fn learn_intel(&mut self, intel: &Intel) -> Vec<EntityKey> {
        let position = Position::at(self.next_intel);
        self.next_intel += 1;
        let Ok(observed) = self.watches.observe(position, intel);
        observed.applied().unwrap_or_default()
    }

    /// How closely `asset` is watched at `now` because of what the outside says; `None` when nothing is said.
    pub fn watch(&self, asset: &EntityKey, now: Timestamp) -> Option<Watch> {
        self.watches.watch(asset, now)
    }

    /// Says that it is `now`: stories that went quiet close.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Update> {
        self.surprise.tick(now);
        let mut updates = self.investigator.tick(now);
        self.halves(&mut updates);
        trace::told(&updates, &self.investigator);
        updates
    }

    /// Says that a repair that [`Estate::repairs`] proposes was carried out, as the event `done` tells; an incident
    /// of which nothing is left open may close from here on, and [`Pipeline::take_mended`] names it.
    pub fn carry_out(&mut self, repair: &Repair, done: &Occurrence) -> Vec<Update> {
        let signals = self.estate.carry_out(repair, done);
        let mut updates: Vec<Update> = signals.iter().flat_map(|signal| self.weigh(signal)).collect();
        self.halves(&mut updates);
        trace::told(&updates, &self.investigator);
        updates
    }

    /// Says that what `who` does of late is right: it is expected from `now` on, beside what was, under whatever name
    /// and with whatever key or session it is done, and so in every domain. Gives how many of these were in doubt.
    pub fn accept(&mut self, who: &EntityKey, now: Timestamp) -> usize {
        let id = self.directory.resolve(who, now);
        let entity = id.and_then(|id| self.directory.entity_at(id, now));
        let mut names = entity.map(|entity| entity.identifiers).unwrap_or_default();
        names.push(who.clone());
        let used = names.iter().flat_map(|name| self.directory.links_of_key(name));
        let used = used.filter(|(_, link)| link.kind == LinkKind::ActsFor && names.contains(&link.b));
        let used: Vec<EntityKey> = used.map(|(_, link)| link.a).collect();
        names.extend(used);
        names.sort();
        names.dedup();
        names.iter().filter(|name| self.surprise.accept(name, now)).count()
    }

    /// The incidents whose posture half was mended since this was asked last: their containment can be lifted.
    pub fn take_mended(&mut self) -> Vec<IncidentId> {
        core::mem::take(&mut self.mended)
    }

    /// Says that the log has ended: whatever waits for late events counts now.
    pub fn finish(&mut self) -> Vec<Update> {
        let updates = self.investigator.finish();
        trace::told(&updates, &self.investigator);
        updates
    }

    /// The stories.
    pub fn investigator(&self) -> &Investigator {
        &self.investigator
    }

    /// Who belongs together.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who can reach what.
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    /// What is normal.
    pub fn baseline(&self) -> &Baseline {
        self.surprise.baseline()
    }

    /// How much is known against each identity.
    pub fn risk(&self) -> &RiskBook {
        &self.risk
    }

    /// From how many bits on a surprise is told, the same in every domain; risk takes off some of them.
    pub const fn threshold(&self) -> Bits {
        crate::surprise::BASE
    }

    /// What was said of the last event that was taken in, be it under the threshold or not; plain acts are among it,
    /// with no bits.
    pub fn raised(&self) -> &[Signal] {
        &self.raised
    }

    /// The questions that can not be answered now, because nothing comes in from the part of the estate that would
    /// tell: those of a domain that never told anything, or nothing in the day before the newest event.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        self.sight.open()
    }

    /// What became of the events.
    pub fn stats(&self) -> Stats {
        Stats { missed: self.reflex.missed(), ..self.stats }
    }

    /// What is to be answered at once, before there is a story, since this was asked last.
    pub fn take_alarms(&mut self) -> Vec<Threat> {
        self.reflex.take_alarms()
    }

    /// The ids of alarms that came to nothing since this was asked last: what answered them can be lifted.
    pub fn take_calmed(&mut self) -> Vec<String> {
        self.reflex.take_calmed()
    }

    /// Ties findings to the incidents that hold their events, and holds those open until all is mended.
    fn halves(&mut self, updates: &mut Vec<Update>) {
        let Some(upkeep) = self.estate.upkeep_mut() else { return };
        for update in &*updates {
            if let Update::Merged { id, into } = update {
                upkeep.merge(*id, *into);
            }
        }
        for (finding, object, event) in if updates.is_empty() { Vec::new() } else { upkeep.loose() } {
            if let Some(incident) = self.investigator.incident_of(&object, &event) {
                upkeep.tie(finding, incident);
                self.investigator.hold(incident);
            }
        }
        for incident in upkeep.take_mended() {
            updates.extend(self.investigator.release(incident));
            self.mended.push(incident);
        }
    }

    /// What is said about `event`: by detectors, or, when they are silent, by the event itself.
    fn signals(&mut self, event: &Event) -> Vec<Signal> {
        let risk: &dyn RiskView = &self.risk;
        let mut told = self.estate.observe(event);
        let mut signals = self.reflex.observe(event);
        let directory = &self.directory;
        let holder = |address: &EntityKey| {
            let id = directory.holder(address, event.when())?;
            directory.canonical_key(id).cloned()
        };
        signals.extend(self.surprise.observe(event, risk, &holder));
        signals.extend(self.intent.observe(event, directory));
        signals.extend(self.detectors.iter_mut().flat_map(|detector| detector.detect(event, risk)));
        self.lookups.learn(event);
        let look_up = if signals.is_empty() { None } else { self.lookups.behind(event) };
        for signal in &mut signals {
            describe(signal, event);
            signal.evidence.extend(look_up.clone());
            heighten(signal, &self.watches);
        }
        if !is_chatter(event) {
            signals.extend(act_of(event));
        }
        if self.estate.word() == Word::Last {
            for signal in &mut signals {
                signal.bits = Bits::ZERO;
            }
        }
        told.append(&mut signals);
        for signal in &mut told {
            self.name_machines(signal);
        }
        told
    }

    /// Names the machine that held an address at the time: addresses change hands, machines stay.
    fn name_machines(&self, signal: &mut Signal) {
        let time = signal.time;
        let addresses: Vec<EntityKey> = signal
            .entities
            .iter()
            .filter(|(_, role)| *role == Role::Origin)
            .map(|(key, _)| key.clone())
            .collect();
        for machine in addresses.iter().filter_map(|address| self.machine_behind(address, time)) {
            signal.involve(machine, Role::Device);
        }
    }

    fn machine_behind(&self, address: &EntityKey, time: Timestamp) -> Option<EntityKey> {
        self.directory.holder(address, time).and_then(|id| self.directory.canonical_key(id)).cloned()
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("tenant", &self.tenant)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
