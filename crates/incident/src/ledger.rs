//! Everything learnt of one tenant outside incidents: facts, profiles of entities and loose episodes.
//!
//! Signals come in order of time. Each is folded into its episode and weighed for each entity that takes part.
//! O(k log n) a signal of k entities.

use crate::act::{self, Act};
use crate::episode::Episode;
use crate::episodes::EpisodeTable;
use crate::fact::{FactId, FactTable, is_refusal};
use crate::profile::{FAST, Given, Heat, Profile};
use crate::settings::InvestigatorBuilder;
use crate::sorted::EntityTable;
use crate::weight::{DAY, bin_of, fade, log2};
use homeostat_core::{Bits, EntityKey, SnapshotError, SnapshotReader, SnapshotWriter, Value};
use homeostat_identity::{EntityClass, EntityId, LinkKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most that one fact's own bits count: a single surprise, however great, is no story.
const MOST_OF_ONE: Bits = Bits::CRITICAL;
/// How many distinct refused actions make a service's failures more than a misconfiguration.
const PROBING: usize = 3;

/// The episodes of one bin.
#[derive(Clone, Default)]
struct Bin {
    groups: HashMap<u64, u64>,
    // No episode of the bin has a smaller number.
    least: u64,
}

/// What makes acts one episode: their bin, and a hash of what is done by whom.
type Group = (i64, u64);

/// How many episodes incidents hold, and who is in one.
pub(crate) type Held<'a> = (usize, &'a dyn Fn(&EntityId) -> bool);

/// What is learnt of one tenant outside incidents.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) facts: FactTable,
    pub(crate) profiles: EntityTable,
    pub(crate) episodes: EpisodeTable,
    // Under which id each name was met last.
    names: BTreeMap<EntityKey, EntityId>,
    // The episodes of each bin, by what makes them one.
    index: BTreeMap<i64, Bin>,
    next: u64,
    pub(crate) start: Option<i64>,
    signals: u64,
    // Episodes that ever weighed enough to join anything.
    heavy: u64,
    // Greatest heats of entity-days, in buckets of one bit: what the threshold is calibrated on.
    heats: BTreeMap<u8, u64>,
    pub(crate) evicted_entities: u64,
    pub(crate) evicted_episodes: u64,
    // No episode kept weighs more.
    heaviest: f64,
    // Incidents in which nothing changed since they were last weighed.
    pub(crate) settled: BTreeSet<u64>,
}

impl PartialEq for Ledger {
    /// Equal states write equal bytes; what only speeds a search may differ.
    fn eq(&self, other: &Self) -> bool {
        let bytes = |ledger: &Self| {
            let mut out = SnapshotWriter::new([0; 4], 0);
            ledger.write(&mut out);
            out.finish()
        };
        bytes(self) == bytes(other)
    }
}

/// What one act changed.
pub(crate) struct Applied {
    /// Its episode.
    pub(crate) episode: u64,
    /// Whether its weight is new: only then anything else can change.
    pub(crate) weighed: bool,
    /// Whether the episode weighs more than before or shows a further technique.
    pub(crate) changed: bool,
    /// Entities that grew hotter, with their heat.
    pub(crate) hot: Vec<(EntityId, Heat)>,
}

impl Ledger {
    /// Applies one act.
    pub(crate) fn apply(&mut self, act: Act, now: i64, setup: &InvestigatorBuilder) -> Applied {
        let start = *self.start.get_or_insert(act.time);
        let history = bin_of(act.time).saturating_sub(bin_of(start));
        self.signals = self.signals.saturating_add(1);
        let fact = self.facts.intern(&act);
        let group = (bin_of(act.time), Episode::group(&act, fact));
        let open = self.index.get(&group.0).and_then(|bin| bin.groups.get(&group.1)).copied();
        let echo = open.and_then(|id| self.episodes.get(&id)).is_some_and(|episode| episode.is_echo(&act));
        let tenant_bins = self.facts.note(fact, act.time);
        let takers = act.takers();
        for id in &takers {
            self.profiles.known(*id).meet(*id, &act);
        }
        self.join_names(&act);
        let rote = self.is_rote(&act, fact);
        let known_bad = act.is_known_bad();
        let bits = if known_bad { act.bits.get() } else { act.bits.get().min(MOST_OF_ONE.get()) };
        // An act of no bits is context: told with the story, never a reason for one.
        let context = act.bits == Bits::ZERO || self.is_habit(&act, fact);
        let bits = if context { 0.0 } else { bits };
        let scale = if rote || context { 0.0 } else { criticality(&act, &setup.values) };
        let given = Given { bits, tenant_bins, history, scale, now };
        let primary = act.primary().map(|p| p.id);
        let (mut own, mut hot) = (None, Vec::new());
        if !echo {
            for id in &takers {
                let alone = takers.len() == 1;
                let Some((weight, heat)) = self.weigh(*id, &act, (fact, given, alone)) else { continue };
                if primary == Some(*id) {
                    own = Some(weight);
                }
                hot.extend(heat.map(|heat| (*id, heat)));
            }
        }
        let (time, told) = (act.time, !act.evidence.is_empty());
        let before = open.and_then(|id| self.episodes.get(&id));
        let techniques = before.map_or(0, |episode| episode.act.techniques.len());
        let episode = self.fold(act, (fact, group, open), &takers);
        let (mut weighed, mut changed) = (own.is_some(), false);
        if let Some(episode) = self.episodes.get_mut(&episode) {
            weighed |= episode.count == 1 && told;
            let enough = |weight: f64| weight >= crate::walk::MARGINAL;
            let heavy = !enough(episode.weight) && own.is_some_and(enough);
            self.heavy = self.heavy.saturating_add(u64::from(heavy));
            changed =
                own.is_some_and(|own| own > episode.weight) || episode.act.techniques.len() > techniques;
            episode.weight = episode.weight.max(own.unwrap_or(0.0));
            episode.rated = if rote { 0.0 } else { episode.rated.max(bits) };
            self.heaviest = self.heaviest.max(episode.weight).max(episode.rated);
        }
        self.note_days(time, &hot);
        Applied { episode, weighed, changed, hot }
    }

    /// Links what was kept under the ids that a name of `act` had before: they turned out to be one entity.
    fn join_names(&mut self, act: &Act) {
        for participant in &act.who {
            let id = participant.id;
            let own = self.profiles.get_mut(&id).and_then(|profile| profile.keys.get_mut(&participant.key));
            if own.is_some_and(|last| std::mem::replace(last, true))
                || self.names.get(&participant.key) == Some(&id)
            {
                continue;
            }
            let old = self.names.insert(participant.key.clone(), id);
            let theirs = old.and_then(|old| self.profiles.get_mut(&old));
            if let Some(last) = theirs.and_then(|profile| profile.keys.get_mut(&participant.key)) {
                *last = false;
            }
            for (a, b) in old.into_iter().flat_map(|old| [(id, old), (old, id)]) {
                if let Some(profile) = self.profiles.get_mut(&a) {
                    profile.link(b, LinkKind::SameAs, act.time);
                }
            }
        }
    }

    /// Whether `act` is a service failing the same single way, again and again or and nothing else: a
    /// misconfiguration, not an attack.
    pub(crate) fn is_rote(&self, act: &Act, fact: FactId) -> bool {
        let Some(primary) = act.primary().filter(|_| is_refused_service(act)) else { return false };
        let stuck = |profile: &Profile| profile.is_stuck(fact) && profile.refusals(fact, act.time) < PROBING;
        self.profiles.get(&primary.id).is_none_or(stuck) && !act.is_known_bad()
    }

    /// Whether `act` is worth something by its name alone, for no reason that anybody gives, and whoever does it does so
    /// as a habit: then it is use, as any other act.
    fn is_habit(&self, act: &Act, fact: FactId) -> bool {
        let profile = || act.primary().and_then(|p| self.profiles.get(&p.id));
        act.reasons.is_empty() && profile().is_some_and(|profile| profile.is_habit(fact))
    }

    /// The new weight of a fact for one entity and, unless it is a hub that others act on, its heat. Where the entity
    /// takes part `alone` and no heat could matter, it is given as none.
    fn weigh(
        &mut self,
        id: EntityId,
        act: &Act,
        (fact, given, alone): (FactId, Given, bool),
    ) -> Option<(f64, Option<Heat>)> {
        let (all, now) = (self.signals, given.now);
        let profile = self.profiles.get_mut(&id)?;
        let acted_on = act.primary().is_some_and(|p| p.id != id);
        if acted_on && profile.is_hub(all) {
            return None;
        }
        let weight = profile.weigh(fact, act, given)?;
        let cool = alone && profile.is_cool(act.time);
        let heat = || if cool { Heat::default() } else { profile.heat(now, &self.facts) };
        Some((weight, (weight > 0.0).then(heat)))
    }

    /// Folds `act` into the episode that is `open` for it, else into a new one.
    fn fold(
        &mut self,
        act: Act,
        (fact, group, open): (FactId, Group, Option<u64>),
        takers: &[EntityId],
    ) -> u64 {
        if let Some(id) = open {
            if let Some(episode) = self.episodes.get_mut(&id) {
                episode.fold(&act);
            }
            return id;
        }
        let id = self.next;
        self.next = self.next.saturating_add(1);
        self.put_in_bin(group, id);
        for taker in takers {
            if let Some(profile) = self.profiles.get_mut(taker) {
                profile.episodes.push_back(id);
            }
        }
        self.episodes.insert(id, Episode::new(act, fact));
        id
    }

    fn note_days(&mut self, time: i64, hot: &[(EntityId, Heat)]) {
        for (id, heat) in hot {
            let day = self.profiles.get_mut(id).and_then(|profile| profile.note_day(time, heat.bits));
            if let Some(before) = day {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
                let bucket = before.clamp(0.0, 255.0) as u8;
                let count = self.heats.entry(bucket).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// The heat that no more than `share` of entity-days pass; `None` until there are 1/share of them.
    pub(crate) fn calibrated(&self, share: f64) -> Option<f64> {
        let days: u64 = self.heats.values().sum();
        if (days as f64) * share < 1.0 {
            return None;
        }
        let mut above = 0_u64;
        for (bucket, count) in self.heats.iter().rev() {
            above = above.saturating_add(*count);
            if above as f64 > share * days as f64 {
                return Some(f64::from(*bucket) + 1.0);
            }
        }
        None
    }

    /// The slow heat of `id` at `now`.
    pub(crate) fn slow_heat(&self, id: EntityId, now: i64) -> Heat {
        self.profiles.get(&id).map_or_else(Heat::default, |profile| profile.slow_heat(now, &self.facts))
    }

    /// Whether so many deal with `id` that dealing with it says nothing.
    pub(crate) fn is_hub(&self, id: EntityId) -> bool {
        self.profiles.get(&id).is_some_and(|profile| profile.is_hub(self.signals))
    }

    /// Whether history is not older than a day at `time`.
    pub(crate) fn is_early(&self, time: i64) -> bool {
        self.start.is_none_or(|start| time.saturating_sub(start) < DAY)
    }

    /// How many episodes heavy enough to join an incident there are a bin, counted with one more.
    pub(crate) fn heavy_rate(&self) -> f64 {
        let first = self.start.map_or(0, bin_of);
        let last = self.index.keys().next_back().map_or(first, |bin| *bin);
        (self.heavy as f64 + 1.0) / (last.saturating_sub(first).max(0) as f64 + 1.0)
    }

    /// The episodes of the bins from that of one moment to that of another.
    pub(crate) fn between(&self, from: i64, to: i64) -> impl Iterator<Item = u64> + '_ {
        self.index.range(bin_of(from)..=bin_of(to)).flat_map(|(_, bin)| {
            let mut ids: Vec<u64> = bin.groups.values().copied().collect();
            ids.sort_unstable();
            ids
        })
    }

    /// The least number of an episode that can still be felt at `now`: older bins have faded below one bit, however
    /// much they weighed. Numbers rise with arrival, so all older bins' episodes have smaller ones or are late.
    fn least_felt(&self, now: i64, half_life: i64) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "a few half-lives")]
        let felt = (log2(self.heaviest.max(2.0)).ceil() + 1.0) as i64;
        let oldest = bin_of(now.saturating_sub(half_life.saturating_mul(felt)));
        self.index.range(oldest..).map(|(_, bin)| bin.least).min().unwrap_or(u64::MAX)
    }

    fn put_in_bin(&mut self, (bin, group): Group, id: u64) {
        let bin = self.index.entry(bin).or_insert_with(|| Bin { least: id, ..Bin::default() });
        bin.least = bin.least.min(id);
        bin.groups.insert(group, id);
    }

    /// Loose episodes of `id` still felt at `now`: those behind its heat, in order.
    pub(crate) fn warm(&self, id: EntityId, now: i64, half_life: i64) -> Vec<u64> {
        let Some(profile) = self.profiles.get(&id) else { return Vec::new() };
        let hub = profile.is_hub(self.signals);
        let felt = |episode: &Episode| {
            let strength = if half_life == FAST { episode.weight } else { episode.rated };
            let own = !hub || episode.act.primary().is_none_or(|p| p.id == id);
            let left = strength * fade(now.saturating_sub(episode.last), half_life);
            own && episode.story.is_none() && left >= 1.0
        };
        let least = self.least_felt(now, half_life);
        let from = profile.episodes.partition_point(|id| *id < least);
        let loose = profile.episodes.range(from..).filter(|at| self.episodes.get(at).is_some_and(felt));
        loose.copied().collect()
    }

    /// Lets go of what no incident needs and limits do not hold, as of `now`.
    pub(crate) fn prune(&mut self, now: i64, setup: &InvestigatorBuilder, (held, member): Held<'_>) {
        let oldest = now.saturating_sub(i64::from(setup.limits.days).saturating_mul(DAY));
        let loose = self.episodes.len().saturating_sub(held);
        let mut over = loose.saturating_sub(setup.limits.loose_episodes);
        let mut gone = Vec::new();
        for (id, episode) in self.episodes.iter().filter(|(_, episode)| episode.story.is_none()) {
            if over == 0 && episode.last >= oldest {
                break;
            }
            self.evicted_episodes += u64::from(episode.last >= oldest);
            over = over.saturating_sub(1);
            gone.push(id);
        }
        for id in gone {
            self.drop_episode(id);
        }
        self.prune_entities(setup.limits.entities, member);
    }

    fn prune_entities(&mut self, limit: usize, member: &dyn Fn(&EntityId) -> bool) {
        if self.profiles.len() <= limit {
            return;
        }
        let mut idle: Vec<_> =
            self.profiles.iter().filter(|(id, _)| !member(id)).map(|(id, p)| (p.last, *id)).collect();
        idle.sort_unstable();
        // A sixteenth more than must go, so that the search is not made for every signal.
        let surplus = self.profiles.len() - limit + limit / 16;
        for (_, id) in idle.into_iter().take(surplus) {
            self.profiles.remove(&id);
            self.evicted_entities = self.evicted_entities.saturating_add(1);
        }
        let profiles = &self.profiles;
        self.names.retain(|_, id| profiles.contains_key(id));
    }

    pub(crate) fn drop_episode(&mut self, id: u64) {
        let Some(episode) = self.episodes.remove(&id) else { return };
        let bin = bin_of(episode.act.time);
        if let Some(own) = self.index.get_mut(&bin) {
            own.groups.remove(&Episode::group(&episode.act, episode.fact));
            if own.groups.is_empty() {
                self.index.remove(&bin);
            }
        }
        for taker in episode.act.takers() {
            if let Some(profile) = self.profiles.get_mut(&taker) {
                profile.leave(id);
            }
        }
    }

    /// The entity that `key` named last.
    pub(crate) fn last_named(&self, key: &EntityKey) -> Option<EntityId> {
        self.names.get(key).copied()
    }

    /// The entities that `key` names.
    pub(crate) fn named(&self, key: &EntityKey) -> Vec<EntityId> {
        self.profiles
            .iter()
            .filter(|(_, profile)| profile.keys.contains_key(key))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Clears `id`; tells whether anything was known.
    pub(crate) fn forget(&mut self, id: EntityId) -> bool {
        let mut known = self.profiles.remove(&id).is_some();
        self.names.retain(|_, other| *other != id);
        let names = |episode: &Episode| {
            episode.act.who.iter().any(|p| p.id == id)
                || episode.act.links.iter().any(|(a, b, _)| *a == id || *b == id)
        };
        let gone: Vec<u64> = self.episodes.iter().filter(|(_, e)| names(e)).map(|(at, _)| at).collect();
        known |= !gone.is_empty();
        for at in gone {
            self.drop_episode(at);
        }
        for profile in self.profiles.values_mut() {
            known |= profile.forget(id);
        }
        known
    }

    pub(crate) fn bytes(&self) -> usize {
        let profiles: usize = self.profiles.values().map(Profile::bytes).sum();
        let episodes: usize = self.episodes.values().map(Episode::bytes).sum();
        let tables =
            self.profiles.bytes() + self.names.len() * 80 + self.episodes.len() * 32 + self.episodes.bytes();
        profiles + episodes + self.facts.bytes() + tables
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        self.facts.write(out);
        out.len(self.profiles.len());
        for (id, profile) in self.profiles.iter() {
            out.u32(id.0);
            profile.write(out);
        }
        out.len(self.names.len());
        for (name, id) in &self.names {
            out.key(name);
            out.u32(id.0);
        }
        out.len(self.episodes.len());
        for (id, episode) in self.episodes.iter() {
            out.u64(id);
            episode.write(out);
        }
        out.u64(self.next);
        out.u8(u8::from(self.start.is_some()));
        out.u64(self.start.unwrap_or(0).cast_unsigned());
        out.u64(self.signals);
        out.u64(self.heavy);
        out.len(self.heats.len());
        for (bucket, count) in &self.heats {
            out.u8(*bucket);
            out.u64(*count);
        }
        out.u64(self.evicted_entities);
        out.u64(self.evicted_episodes);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut ledger = Self { facts: FactTable::read(fields)?, ..Self::default() };
        for _ in 0..fields.len(80)? {
            ledger.profiles.insert(EntityId(fields.u32()?), Profile::read(fields)?);
        }
        let names = act::read_all(fields, 21, |fields| Ok((fields.key()?, EntityId(fields.u32()?))))?;
        for (name, id) in names {
            if let Some(last) = ledger.profiles.get_mut(&id).and_then(|profile| profile.keys.get_mut(&name)) {
                *last = true;
            }
            ledger.names.insert(name, id);
        }
        for _ in 0..fields.len(80)? {
            let id = fields.u64()?;
            ledger.adopt(id, Episode::read(fields)?);
        }
        ledger.next = fields.u64()?;
        let started = fields.u8()? != 0;
        let start = fields.u64()?.cast_signed();
        ledger.start = started.then_some(start);
        ledger.signals = fields.u64()?;
        // Version 1 did not count them: those kept are nearly all there are.
        let kept = || ledger.episodes.values().filter(|episode| episode.weight >= crate::walk::MARGINAL);
        ledger.heavy = if fields.version() > 1 { fields.u64()? } else { kept().count() as u64 };
        for _ in 0..fields.len(9)? {
            ledger.heats.insert(fields.u8()?, fields.u64()?);
        }
        ledger.evicted_entities = fields.u64()?;
        ledger.evicted_episodes = fields.u64()?;
        if ledger.episodes.last().is_some_and(|last| last >= ledger.next) {
            return Err(SnapshotError::Invalid { field: "episode" });
        }
        Ok(ledger)
    }

    /// Puts an episode read from a snapshot in its places.
    fn adopt(&mut self, id: u64, episode: Episode) {
        let group = Episode::group(&episode.act, episode.fact);
        self.heaviest = self.heaviest.max(episode.weight).max(episode.rated);
        self.put_in_bin((bin_of(episode.act.time), group), id);
        self.episodes.insert(id, episode);
    }
}

fn criticality(act: &Act, values: &BTreeMap<EntityKey, Value>) -> f64 {
    if values.is_empty() {
        return Value::default().factor();
    }
    let worth = act.who.iter().filter_map(|p| values.get(&p.key)).max().copied();
    worth.unwrap_or_default().factor()
}

/// Whether `act` is something that no human and no session was refused: by what is then a service.
pub(crate) fn is_refused_service(act: &Act) -> bool {
    let human = |class: EntityClass| {
        matches!(
            class,
            EntityClass::Person
                | EntityClass::Session
                | EntityClass::Credential
                | EntityClass::Device
                | EntityClass::Address
                | EntityClass::Process
                | EntityClass::AiAgent
        )
    };
    is_refusal(act) && act.primary().is_some_and(|primary| !human(primary.class))
}
