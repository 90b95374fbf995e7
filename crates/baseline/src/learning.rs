//! How a minute that is over becomes knowledge: flood control, suspicion gate, cohorts, eviction.
//!
//! A minute is learnt entity by entity in the order of their keys, each in the order of its signatures, so that
//! the order of arrival does not show. What is above a signature's usual count teaches less and less; what is
//! suspicious teaches a tenth, and the rest after a quiet week or when an analyst accepts it.

use crate::baseline::{Baseline, Silence};
use crate::calendar;
use crate::cohort::{Cohort, Profile};
use crate::cold::Held;
use crate::entity::{Counted, Entity, Signature};
use crate::novelty::{Moment, Novelty, UNIT};
use crate::score::{Scene, Weighed, trusted};
use crate::verdict::{Contribution, Detail, Maturity, Verdict};
use crate::volume;
use homeostat_core::{Bits, EntityKey, Timestamp};
use std::collections::BTreeMap;

/// Below this p-value a record is suspicious and teaches [`SUSPICIOUS_SHARE`].
const SUSPICIOUS: f64 = 1e-3;
/// One in so many parts of a suspicious record is learnt.
const SUSPICIOUS_SHARE: u32 = 10;
/// Repeats beyond the usual at which the learning weight of the next is a half.
const EXCESS_SCALE: f64 = 4.0;
/// The most hours of one gap that are learnt as silent hours one by one: a week holds every cell once.
const GAP_HOURS: i64 = 168;
/// The most hours of a silence that are weighed: a generation.
const SILENT_HOURS: i64 = 672;

impl Baseline {
    /// Moves on to `micros` and learns all minutes that are over.
    pub(crate) fn advance(&mut self, micros: i64) {
        self.high = self.high.max(micros);
        let over = calendar::tick(self.watermark());
        if over <= self.open_from {
            return;
        }
        self.open_from = over;
        let rest = self.due.split_off(&over);
        for (tick, mut keys) in std::mem::replace(&mut self.due, rest) {
            self.end_days(tick);
            keys.sort_unstable();
            for key in keys {
                self.learn(&key, tick);
            }
        }
        self.end_days(over);
        if self.bytes > self.config.memory {
            self.evict();
        }
    }

    /// Learns what `key` did in `tick`.
    fn learn(&mut self, key: &EntityKey, tick: i64) {
        let Some(entity) = self.entities.get_mut(key) else { return };
        let before = entity.weight();
        let mut entity = std::mem::replace(entity, Entity::new(tick));
        let mut open = std::mem::take(&mut self.room);
        entity.take(tick, &mut open);
        self.join_groups(key, &mut entity, &open);
        self.close_hours(key, &mut entity, calendar::hour(tick));
        let cut = self.learn_open(key, &mut entity, &open, UNIT);
        self.put_back(key, entity, (before, cut, open.len()));
        self.room = open;
    }

    pub(crate) fn put_back(
        &mut self,
        key: &EntityKey,
        mut entity: Entity,
        (before, cut, learnt): (u64, u64, usize),
    ) {
        let cut = cut.saturating_add(entity.fit(learnt));
        self.stats.cut = self.stats.cut.saturating_add(cut);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(entity.weight());
        if let Some(place) = self.entities.get_mut(key) {
            *place = entity;
        }
    }

    /// Learns at once, at half weight, what came after its minute was over.
    pub(crate) fn learn_late(&mut self, key: &EntityKey, tick: i64, events: u32) {
        let Some(entity) = self.entities.get_mut(key) else { return };
        let before = entity.weight();
        let mut entity = std::mem::replace(entity, Entity::new(tick));
        let mut open = std::mem::take(&mut self.room);
        entity.take(tick, &mut open);
        let hour = calendar::hour(tick);
        if hour > entity.closed {
            if events > 0 {
                entity.count_hour(hour, events);
            }
        } else if events > 0 {
            let cell = self.config.local_time.cell(hour);
            entity.profile.rate.add_late(calendar::generation(hour), cell, events);
        }
        self.join_groups(key, &mut entity, &[]);
        let cut = self.learn_open(key, &mut entity, &open, UNIT / 2);
        self.put_back(key, entity, (before, cut, open.len()));
        self.room = open;
    }

    /// Counts the entity among its kind and in its group; on a change of group it is a member of the new one.
    fn join_groups(&mut self, key: &EntityKey, entity: &mut Entity, open: &[(Signature, u32)]) {
        let told = open.iter().filter(|(signature, _)| signature.counted == Counted::Seen);
        let group = told.map(|(signature, _)| signature.value).max().unwrap_or(entity.group);
        if !entity.counted {
            entity.counted = true;
            let kind = self.cohorts.entry(self.kind_of(key)).or_default();
            kind.members = kind.members.saturating_add(1);
        }
        if group != entity.group && group != 0 {
            entity.group = group;
            let cohort = self.cohorts.entry(group).or_default();
            cohort.members = cohort.members.saturating_add(1);
        }
    }

    /// Learns the entity's hours before `hour`, and the silent ones between them.
    fn close_hours(&mut self, key: &EntityKey, entity: &mut Entity, hour: i64) {
        let (kind, group) = (self.kind_of(key), entity.group);
        for (closing, count) in entity.take_hours(hour) {
            let cell = self.config.local_time.cell(closing);
            let generation = calendar::generation(closing);
            if closing <= entity.closed {
                entity.profile.rate.add_late(generation, cell, count);
                continue;
            }
            let gap = if entity.closed == i64::MIN { 0 } else { closing.saturating_sub(entity.closed) - 1 };
            let silent = (gap > 0).then(|| {
                let cells =
                    (closing - gap.min(GAP_HOURS)..closing).map(|hour| self.config.local_time.cell(hour));
                entity.profile.rate.silent_lesson(cells, u32::try_from(gap).unwrap_or(u32::MAX))
            });
            let peers = self.peers(group, kind).nearest().map(|cohort| &cohort.profile.rate);
            let lesson = entity.profile.rate.lesson(cell, count, peers);
            for lesson in silent.iter().chain([&lesson]) {
                entity.profile.rate.apply(generation, cell, lesson);
                self.teach([kind, group], |cohort| cohort.profile.rate.apply(generation, cell, lesson));
            }
            entity.closed = closing;
        }
    }

    /// Learns the counts of one minute; tells how many features found no room.
    fn learn_open(
        &mut self,
        key: &EntityKey,
        entity: &mut Entity,
        open: &[(Signature, u32)],
        unit: u32,
    ) -> u64 {
        let (kind, group) = (self.kind_of(key), entity.group);
        // Few entities have anything refused, and nothing learnt here any_refused more.
        let any_refused = self.cold.get(key).is_some_and(|cold| !cold.refused.is_empty());
        let mut cut = 0;
        for (signature, count) in open {
            let p = self.p_of(kind, entity, signature);
            let units = weight(entity, signature, *count).saturating_mul(unit).div_ceil(UNIT);
            let weight = if p < SUSPICIOUS { (units / SUSPICIOUS_SHARE).max(1) } else { units };
            let tick = signature.tick;
            let at =
                Moment { generation: calendar::generation(calendar::hour(tick)), day: calendar::day(tick) };
            let fits = match signature.counted {
                Counted::Seen => true,
                Counted::Value => {
                    let value = (signature.feature, signature.value);
                    let held = Held { feature: value.0, value: value.1, units: units.saturating_sub(weight) };
                    let refused = any_refused && self.refuses(key, value);
                    if !refused {
                        self.hold(key, held, tick.div_euclid(1_440));
                    }
                    refused || self.learn_value(entity, value, (weight, &at), [kind, group])
                }
                Counted::Octave => {
                    self.teach([kind, group], |cohort| {
                        learn_octave(&mut cohort.profile, signature, (weight, &at));
                    });
                    learn_octave(&mut entity.profile, signature, (weight, &at))
                }
            };
            cut += u64::from(!fits);
        }
        cut
    }

    fn refuses(&self, key: &EntityKey, (feature, value): (u32, u64)) -> bool {
        self.cold.get(key).is_some_and(|cold| cold.is_refused(feature, value))
    }

    /// Puts on probation what a suspicious value may not teach yet.
    fn hold(&mut self, key: &EntityKey, held: Held, day: i64) {
        if held.units > 0 {
            self.cold.entry(key.clone()).or_default().hold(held, day);
        }
    }

    /// Learns a value; the first time in a generation, the entity counts as one more peer that shows it.
    pub(crate) fn learn_value(
        &mut self,
        entity: &mut Entity,
        (feature, value): (u32, u64),
        (weight, at): (u32, &Moment),
        cohorts: [u64; 2],
    ) -> bool {
        let Some(own) = entity.profile.category_mut(feature, Novelty::default) else { return false };
        let fresh = own.is_fresh(value, at.generation);
        own.learn_weighted(value, weight, at);
        if fresh {
            self.teach(cohorts, |cohort| {
                if let Some(values) = cohort.profile.category_mut(feature, Novelty::wide) {
                    values.learn_weighted(value, UNIT, at);
                }
            });
        }
        true
    }

    fn teach(&mut self, cohorts: [u64; 2], mut lesson: impl FnMut(&mut Cohort)) {
        for id in cohorts {
            if let Some(cohort) = self.cohorts.get_mut(&id) {
                lesson(cohort);
            }
        }
    }

    /// The final p-value of what a signature tells, against all that was learnt before its minute.
    fn p_of(&self, kind: u64, entity: &Entity, signature: &Signature) -> f64 {
        if signature.counted == Counted::Seen {
            return 1.0;
        }
        let scene = self.scene(kind, entity, signature.tick);
        match signature.counted {
            Counted::Seen => 1.0,
            Counted::Value => scene.value(signature.feature, signature.value).p,
            Counted::Octave => {
                let octave = u8::try_from(signature.value).unwrap_or(u8::MAX);
                scene.size(signature.feature, volume::middle(octave)).p
            }
        }
    }

    fn scene<'a>(&'a self, kind: u64, entity: &'a Entity, tick: i64) -> Scene<'a> {
        Scene {
            entity: Some(entity),
            since: None,
            peers: self.peers(entity.group, kind),
            damping: self.damping(tick),
            tick,
            cell: self.config.local_time.cell(calendar::hour(tick)),
        }
    }

    /// Tells once each, of whom nothing came before the hour `now` although something should have.
    pub(crate) fn silences(&mut self, now: i64) -> Vec<Silence> {
        let mut found = Vec::new();
        for (key, entity) in self.entities.iter().filter(|(_, entity)| !entity.told_silent) {
            let silence = self.silence(key, entity, now);
            found.extend(silence.filter(|told| told.verdict.bits().get() >= self.config.silence_bits));
        }
        found.sort_by(|a, b| a.verdict.entity.cmp(&b.verdict.entity));
        for told in &found {
            if let Some(entity) = self.entities.get_mut(&told.verdict.entity) {
                entity.told_silent = true;
            }
        }
        found
    }

    /// The whole gap is one draw, so that a holiday, in which all hours are silent together, weighs once.
    fn silence(&self, key: &EntityKey, entity: &Entity, now: i64) -> Option<Silence> {
        let first = calendar::hour(entity.last).saturating_add(1);
        let hours = now.saturating_sub(first);
        let rate = &entity.profile.rate;
        if hours <= 0 || rate.hours() < 1.0 {
            return None;
        }
        let scene = self.scene(self.kind_of(key), entity, entity.last);
        let cells = (first..first.saturating_add(hours.min(SILENT_HOURS)))
            .map(|hour| self.config.local_time.cell(hour));
        let p = rate.silence(cells, scene.peers.nearest().map(|cohort| &cohort.profile.rate));
        let last_seen = Timestamp::from_micros(entity.last.saturating_mul(60_000_000));
        let mut verdict = Verdict {
            entity: key.clone(),
            time: Timestamp::from_micros(now.saturating_mul(3_600_000_000)),
            maturity: Maturity::of(entity.seen, calendar::day(entity.last) - calendar::day(entity.first)),
            mark: None,
            creep: Bits::ZERO,
            odds: 0.0,
            aspects: 0,
            contributions: Vec::new(),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, never negative"
        )]
        let support = rate.hours() as u64;
        let weighed = Weighed { p: trusted(p.nothing(), rate.hours()), support };
        scene.add(&mut verdict, &weighed, || Contribution {
            aspect: "silence".into(),
            bits: Bits::ZERO,
            detail: Detail::Silence { hours: hours.unsigned_abs(), expected: p.mean() },
            peers: None,
            support: 0,
            last_seen: Some(last_seen),
        });
        Some(Silence { last_seen, verdict })
    }

    /// Evicts those of whom least is known (of equals the one not seen longest) down to 15/16 of the memory.
    pub(crate) fn evict(&mut self) {
        let mut known: Vec<(u64, i64, EntityKey)> =
            self.entities.iter().map(|(key, entity)| (entity.seen, entity.last, key.clone())).collect();
        known.sort_unstable();
        let goal = self.config.memory / 16 * 15;
        for (_, _, key) in known {
            if self.bytes <= goal {
                break;
            }
            if let Some(entity) = self.entities.remove(&key) {
                self.bytes = self.bytes.saturating_sub(entity.weight());
                self.stats.evicted = self.stats.evicted.saturating_add(1);
                self.cold.remove(&key);
            }
        }
        let entities = &self.entities;
        for waiting in self.due.values_mut() {
            waiting.retain(|key| entities.contains_key(key));
        }
        self.due.retain(|_, waiting| !waiting.is_empty());
    }

    /// Makes a cohort anew from its members, in the order of their keys.
    pub(crate) fn rebuild(&mut self, id: u64) {
        if self.cohorts.remove(&id).is_none() {
            return;
        }
        let member = |(key, entity): &(&EntityKey, &Entity)| {
            entity.counted && (entity.group == id || self.kind_of(key) == id)
        };
        let members: BTreeMap<_, _> = self.entities.iter().filter(member).collect();
        let mut cohort = Cohort::default();
        for entity in members.values() {
            cohort.adopt(&entity.profile);
        }
        if cohort.members > 0 {
            self.cohorts.insert(id, cohort);
        }
    }
}

fn learn_octave(profile: &mut Profile, signature: &Signature, (weight, at): (u32, &Moment)) -> bool {
    let octave = u8::try_from(signature.value).unwrap_or(u8::MAX);
    let sizes = profile.size_mut(signature.feature);
    sizes.map(|sizes| sizes.learn_weighted(octave, weight, at)).is_some()
}

/// What `count` repeats in one tick teach, in sixteenths: up to the usual count each its whole, the n-th beyond
/// it 1/(1 + n/4), summed by its integral.
fn weight(entity: &Entity, signature: &Signature, count: u32) -> u32 {
    let usual = match signature.counted {
        Counted::Value => entity.profile.category(signature.feature),
        _ => None,
    };
    let usual = usual.map_or(1.0, |values| values.usual_per_tick(signature.value));
    let count = f64::from(count);
    let excess = (count - usual).max(0.0);
    let more = if excess > 0.0 { EXCESS_SCALE * libm::log1p(excess / EXCESS_SCALE) } else { 0.0 };
    let learnt = count.min(usual) + more;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most sixteen counts of u32"
    )]
    let units = libm::round(learnt * f64::from(UNIT)).min(f64::from(u32::MAX)) as u32;
    units
}
