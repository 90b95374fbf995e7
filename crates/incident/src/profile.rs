//! What is kept of one entity: which facts it showed and when, how hot it is, whom it deals with, where from.
//!
//! Heat is Σ over families of facts of weight · 2^(−Δt/τ): repetition never adds, and further facts of one
//! family count half of the one before. At most [`FACTS`] facts, O(facts) for a heat.

use crate::act::{self, Act};
use crate::fact::{FactId, FactTable};
use crate::settings::FLOOR;
use crate::sorted::{VecMap, VecSet};
use crate::weight::{self, DAY, bin_of, fade, fade_peak};
use homeostat_core::{EntityKey, SnapshotError, SnapshotReader, SnapshotWriter};
use homeostat_identity::{EntityClass, EntityId, LinkKind};
use std::collections::{BTreeSet, VecDeque};

/// The most facts kept of one entity; the coldest go first.
const FACTS: usize = 64;
/// The most identifiers, partners, origins and links kept of one entity: more make it a hub anyway.
const NEIGHBOURS: usize = 64;
/// How many distinct others act through or on a hub.
const HUB_PARTNERS: usize = 8;
/// As many are enough when the entity takes part in over a quarter of all signals.
const HUB_PARTNERS_OF_MANY: usize = 3;
/// Half-life of fast heat, τ = 90 min: an attack's pace. 30 to 240 min give the same incidents.
pub(crate) const FAST: i64 = 5_400_000_000;
/// Half-life of slow heat, τ = 3 days: one weak signal a day.
pub(crate) const SLOW: i64 = 3 * DAY;
/// From how many times in one bin, or bins in all, the same thing is done over and over.
const OFTEN: u32 = 8;
const OFTEN_BINS: u32 = 3;
/// Families that a slow heat needs to open an incident.
pub(crate) const SLOW_FACTS: usize = 4;
/// Bits that are not felt at all.
const FAINT: f64 = 0.01;
/// From how many bins on it is an entity's habit: an hour of them in all.
const HABIT_BINS: u32 = 6;
/// The fewest bits of a detector's own for slow heat: rarity alone comes to everybody in three days.
const RATED: f64 = 2.0;

/// One fact as one entity showed it.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Seen {
    // Bins in which the entity showed it, the last among them, and how often in that last one.
    bins: u32,
    last: i64,
    count: u32,
    // Past peak of log2(1 + count), as of the last bin.
    peak: f64,
    // The heaviest weight still felt and when it came.
    pub(crate) weight: f64,
    pub(crate) time: i64,
    // The same for what detectors themselves gave it.
    rated: f64,
    rated_time: i64,
    // Whether it is an action that was refused.
    refused: bool,
}

/// Everything kept of one entity.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Profile {
    pub(crate) class: EntityClass,
    // Each identifier, and whether it was last met as this entity's.
    pub(crate) keys: VecMap<EntityKey, bool>,
    pub(crate) first: i64,
    pub(crate) last: i64,
    signals: u64,
    facts: VecMap<FactId, Seen>,
    pub(crate) partners: VecSet<EntityId>,
    pub(crate) origins: VecMap<EntityId, i64>,
    pub(crate) links: VecMap<(EntityId, LinkKind), i64>,
    pub(crate) episodes: VecDeque<u64>,
    // The day whose greatest heat is being taken, and that heat.
    day: i64,
    hottest: f64,
}

/// What one look at an entity's heat shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Heat {
    /// Bits.
    pub(crate) bits: f64,
    /// Families that give at least one bit.
    pub(crate) families: usize,
    /// Days on which they were seen.
    pub(crate) days: usize,
}

impl Profile {
    /// Notes that the entity takes part in `act` at `act.time`.
    pub(crate) fn meet(&mut self, me: EntityId, act: &Act) {
        if self.signals == 0 {
            self.first = act.time;
        }
        self.first = self.first.min(act.time);
        self.last = self.last.max(act.time);
        self.signals = self.signals.saturating_add(1);
        for participant in act.who.iter().filter(|p| p.id == me) {
            if self.class == EntityClass::Unknown {
                self.class = participant.class;
            }
            if self.keys.len() < NEIGHBOURS && !self.keys.contains_key(&participant.key) {
                self.keys.insert(participant.key.clone(), false);
            }
        }
        let primary = act.primary().map(|p| p.id).filter(|id| *id != me);
        if let Some(primary) = primary.filter(|_| self.partners.len() < NEIGHBOURS) {
            self.partners.insert(primary);
        }
        if let Some(origin) = act.origin().filter(|id| *id != me) {
            note_first(&mut self.origins, origin, act.time);
        }
        for (a, b, kind) in &act.links {
            let other = if *a == me { Some(*b) } else { (*b == me).then_some(*a) };
            if let Some(other) = other {
                note_first(&mut self.links, (other, *kind), act.time);
            }
        }
    }

    /// Lets go of episode `id`; those that go are nearly always the oldest.
    pub(crate) fn leave(&mut self, id: u64) {
        if self.episodes.front() == Some(&id) {
            self.episodes.pop_front();
        } else {
            self.episodes.retain(|other| *other != id);
        }
    }

    /// Notes a link to `other`.
    pub(crate) fn link(&mut self, other: EntityId, kind: LinkKind, time: i64) {
        note_first(&mut self.links, (other, kind), time);
    }

    /// Whether so many deal with this entity that dealing with it says nothing; `all` counts the tenant's
    /// signals.
    pub(crate) fn is_hub(&self, all: u64) -> bool {
        let partners = self.partners.len();
        partners >= HUB_PARTNERS || partners >= HUB_PARTNERS_OF_MANY && self.signals.saturating_mul(4) > all
    }

    /// Weighs `fact`, seen now, and keeps the weight; `None` when nothing is to be re-weighed. `n_t` is the
    /// number of the tenant's bins with it before, `scale` the factor of criticality (0 when it is rote).
    pub(crate) fn weigh(&mut self, fact: FactId, act: &Act, given: Given) -> Option<f64> {
        if !self.facts.contains_key(&fact) && self.facts.len() >= FACTS {
            self.drop_coldest(act.time);
        }
        let seen = self.facts.known(fact)?;
        let bin = bin_of(act.time);
        let fresh = seen.bins == 0 || bin > seen.last;
        if fresh {
            seen.turn(bin);
        }
        seen.count = seen.count.saturating_add(1);
        seen.refused = crate::fact::is_refusal(act);
        let rated = given.bits;
        if !fresh && !seen.count.is_power_of_two() && rated <= seen.weight {
            return None;
        }
        let own_before = seen.bins.saturating_sub(1);
        let learnt = weight::surprise(own_before, given.tenant_bins, given.history)
            + weight::burst(seen.count, seen.peak);
        let learnt = learnt * weight::trust(given.history);
        let weight = learnt.max(rated) * given.scale;
        if weight >= seen.weight * fade(act.time.saturating_sub(seen.time), FAST) {
            (seen.weight, seen.time) = (weight, act.time.max(seen.time));
        }
        if rated >= RATED && given.scale > 0.0 {
            let left = seen.rated * fade(act.time.saturating_sub(seen.rated_time), SLOW);
            if rated >= left {
                (seen.rated, seen.rated_time) = (rated, act.time.max(seen.rated_time));
            }
        }
        Some(weight)
    }

    fn drop_coldest(&mut self, now: i64) {
        let coldest = self.facts.iter().min_by(|(_, a), (_, b)| {
            let left = |seen: &Seen| seen.weight * fade(now.saturating_sub(seen.time), FAST);
            left(a).total_cmp(&left(b)).then(a.last.cmp(&b.last))
        });
        if let Some(fact) = coldest.map(|(fact, _)| *fact) {
            self.facts.remove(&fact);
        }
    }

    /// Heat of the entity at `now` over the last hours.
    pub(crate) fn heat(&self, now: i64, table: &FactTable) -> Heat {
        let warmth = |seen: &Seen| (seen.weight * fade(now.saturating_sub(seen.time), FAST), seen.time);
        sum_families(self.facts.iter().map(|(fact, seen)| (table.family(*fact), warmth(seen))))
    }

    /// Whether its heat can neither open an incident nor be the greatest of the day: what its facts weighed, without
    /// any fading, comes to less.
    pub(crate) fn is_cool(&self, time: i64) -> bool {
        let most: f64 = self.facts.values().map(|seen| seen.weight).sum();
        time.div_euclid(DAY) <= self.day && most <= self.hottest && most < FLOOR
    }

    /// Heat of the entity at `now` over the last days, of what detectors rated alone; none where too few facts were.
    pub(crate) fn slow_heat(&self, now: i64, table: &FactTable) -> Heat {
        if self.facts.values().filter(|seen| seen.rated > FAINT).count() < SLOW_FACTS {
            return Heat::default();
        }
        let warmth =
            |seen: &Seen| (seen.rated * fade(now.saturating_sub(seen.rated_time), SLOW), seen.rated_time);
        sum_families(self.facts.iter().map(|(fact, seen)| (table.family(*fact), warmth(seen))))
    }

    /// Whether the entity does `fact` over and over, or has shown nothing else.
    pub(crate) fn is_stuck(&self, fact: FactId) -> bool {
        let often = |seen: &Seen| seen.bins >= OFTEN_BINS || seen.count >= OFTEN;
        self.facts.keys().all(|other| *other == fact) || self.facts.get(&fact).is_some_and(often)
    }

    /// Whether the entity is known to do `fact`.
    pub(crate) fn is_habit(&self, fact: FactId) -> bool {
        self.facts.get(&fact).is_some_and(|seen| seen.bins >= HABIT_BINS)
    }

    /// How many distinct actions of the entity were refused within a day before `now`, `fact` among them.
    pub(crate) fn refusals(&self, fact: FactId, now: i64) -> usize {
        let recent =
            |seen: &Seen| seen.refused && now.saturating_sub(seen.last.saturating_mul(weight::BIN)) < DAY;
        1 + self.facts.iter().filter(|(id, seen)| **id != fact && recent(seen)).count()
    }

    /// Takes the greatest heat of the day; gives that of the day before when the day turned.
    pub(crate) fn note_day(&mut self, time: i64, heat: f64) -> Option<f64> {
        let day = time.div_euclid(DAY);
        if day > self.day {
            let before = self.hottest;
            (self.day, self.hottest) = (day, heat);
            return (before > 0.0).then_some(before);
        }
        self.hottest = self.hottest.max(heat);
        None
    }

    pub(crate) fn forget(&mut self, id: EntityId) -> bool {
        let before = self.partners.len() + self.origins.len() + self.links.len();
        self.partners.remove(&id);
        self.origins.remove(&id);
        self.links.retain(|(other, _), _| *other != id);
        before != self.partners.len() + self.origins.len() + self.links.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        let neighbours = self.partners.bytes() + self.origins.bytes() + self.links.bytes();
        let keys: usize = self.keys.keys().map(|key| key.value().len() + key.scope().len() + 32).sum();
        size_of::<Self>()
            + keys
            + self.keys.bytes()
            + neighbours
            + self.facts.bytes()
            + self.episodes.capacity() * 8
    }
}

/// What weighing needs beside the act.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    /// The signal's own bits, capped.
    pub(crate) bits: f64,
    /// Bins of the tenant with this fact before this one.
    pub(crate) tenant_bins: u32,
    /// Bins of history.
    pub(crate) history: i64,
    /// Factor of criticality; 0 for what is rote.
    pub(crate) scale: f64,
    /// The latest moment applied: not before the act's.
    pub(crate) now: i64,
}

impl Seen {
    fn turn(&mut self, bin: i64) {
        if self.bins > 0 {
            let left = fade_peak(bin.saturating_sub(self.last));
            self.peak = self.peak.max(weight::log2(1.0 + f64::from(self.count))) * left;
        }
        self.bins = self.bins.saturating_add(1);
        self.last = bin;
        self.count = 0;
    }

    fn write(&self, out: &mut SnapshotWriter) {
        out.u32(self.bins);
        out.u64(self.last.cast_unsigned());
        out.u32(self.count);
        out.f64(self.peak);
        out.f64(self.weight);
        out.u64(self.time.cast_unsigned());
        out.f64(self.rated);
        out.u64(self.rated_time.cast_unsigned());
        out.u8(u8::from(self.refused));
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        Ok(Self {
            bins: fields.u32()?,
            last: fields.u64()?.cast_signed(),
            count: fields.u32()?,
            peak: act::read_weight(fields)?,
            weight: act::read_weight(fields)?,
            time: fields.u64()?.cast_signed(),
            rated: act::read_weight(fields)?,
            rated_time: fields.u64()?.cast_signed(),
            refused: fields.u8()? != 0,
        })
    }
}

/// The sum over families, each further member of one counting half of the one before.
fn sum_families(facts: impl Iterator<Item = (u32, (f64, i64))>) -> Heat {
    let mut warm: Vec<_> = facts.filter(|(_, (bits, _))| *bits > FAINT).collect();
    warm.sort_by(|(fa, (a, _)), (fb, (b, _))| fa.cmp(fb).then(b.total_cmp(a)));
    let (mut heat, mut last, mut share) = (Heat::default(), None, 1.0);
    let mut days = BTreeSet::new();
    for (family, (bits, time)) in warm {
        if last == Some(family) {
            share /= 2.0;
        } else {
            (last, share) = (Some(family), 1.0);
            heat.families += usize::from(bits >= 1.0);
        }
        heat.bits += bits * share;
        days.insert(time.div_euclid(DAY));
    }
    heat.days = days.len();
    heat
}

fn note_first<K: Ord>(map: &mut VecMap<K, i64>, key: K, time: i64) {
    let room = map.len() < NEIGHBOURS;
    if let Some(first) = map.get_mut(&key) {
        *first = (*first).min(time);
    } else if room {
        map.insert(key, time);
    }
}

impl Profile {
    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        act::write_class(out, self.class);
        out.len(self.keys.len());
        self.keys.keys().for_each(|key| out.key(key));
        out.u64(self.first.cast_unsigned());
        out.u64(self.last.cast_unsigned());
        out.u64(self.signals);
        out.len(self.facts.len());
        for (fact, seen) in &self.facts {
            out.u32(fact.0);
            seen.write(out);
        }
        out.len(self.partners.len());
        self.partners.iter().for_each(|id| out.u32(id.0));
        out.len(self.origins.len());
        for (id, first) in &self.origins {
            out.u32(id.0);
            out.u64(first.cast_unsigned());
        }
        out.len(self.links.len());
        for ((id, kind), first) in &self.links {
            out.u32(id.0);
            act::write_link(out, *kind);
            out.u64(first.cast_unsigned());
        }
        out.len(self.episodes.len());
        self.episodes.iter().for_each(|id| out.u64(*id));
        out.u64(self.day.cast_unsigned());
        out.f64(self.hottest);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut profile = Self { class: act::read_class(fields)?, ..Self::default() };
        let keys = act::read_all(fields, 17, SnapshotReader::key)?;
        profile.keys = keys.into_iter().map(|key| (key, false)).collect();
        profile.first = fields.u64()?.cast_signed();
        profile.last = fields.u64()?.cast_signed();
        profile.signals = fields.u64()?;
        let facts = act::read_all(fields, 57, |fields| Ok((FactId(fields.u32()?), Seen::read(fields)?)))?;
        profile.facts = facts.into_iter().collect();
        profile.partners = act::read_all(fields, 4, |f| Ok(EntityId(f.u32()?)))?.into_iter().collect();
        let origins = act::read_all(fields, 12, |f| Ok((EntityId(f.u32()?), f.u64()?.cast_signed())))?;
        profile.origins = origins.into_iter().collect();
        let links = act::read_all(fields, 13, |fields| {
            let end = (EntityId(fields.u32()?), act::read_link(fields)?);
            Ok((end, fields.u64()?.cast_signed()))
        })?;
        profile.links = links.into_iter().collect();
        profile.episodes = act::read_all(fields, 8, SnapshotReader::u64)?.into();
        profile.day = fields.u64()?.cast_signed();
        profile.hottest = act::read_weight(fields)?;
        Ok(profile)
    }
}
