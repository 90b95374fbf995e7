//! Is this value new or rare here, and are new values rare here at all?
//!
//! The most frequent values are counted (in the manner of Metwally et al., "Space-Saving", ICDT 2005, but without
//! inherited counts); all are remembered in two bitmaps, *seen* and *seen again*, that also estimate how many
//! there are (linear counting: Whang et al., ACM TODS 15(2), 1990). The chance of a new value is Good and
//! Turing's: values seen once over all seen (Good, Biometrika 40, 1953), so that a feature that is always new is
//! never news. O(slots) a value; values are kept as hashes only.

mod analyst;
mod memory;

use crate::trace::{linear_count, read_map, write_map};
use crate::varint::{Fields, put};
use homeostat_core::{Merge, SnapshotError};
use memory::Memory;

/// Learning weights are counted in sixteenths of an observation, so that sums are exact.
pub(crate) const UNIT: u32 = 16;

/// How many values an entity's feature counts: those of a person's usual day.
const SLOTS: u16 = 10;
/// How many values a group's feature counts.
const WIDE_SLOTS: u16 = 128;

/// Words of an entity's trace: 256 bits, 32 bytes.
const NARROW_WORDS: usize = 4;
/// Words of a group's trace: 4,096 bits.
const WIDE_WORDS: usize = 64;

/// With fewer free bits than this a trace tells nothing of how many values were seen once.
const CROWDED: f64 = 8.0;

/// What is known of one feature's values: counts of the frequent ones, traces of the rest.
///
/// Counts cover the running generation of 28 days and the one before; "seen" has no end. Merging is exact while
/// no more values than slots are known; beyond, the counts of the rarest are lost as in any such summary
/// (Agarwal et al., "Mergeable summaries", ACM TODS 38(4), 2013), never that they were seen.
///
/// ```
/// let mut countries = homeostat_baseline::Novelty::default();
/// for day in 0..20 {
///     countries.learn(49, day);
/// }
/// assert!(countries.tail(49) > 0.5 && countries.tail(7) < 0.05);
/// assert_eq!(countries.last_seen(49), Some(19));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Novelty {
    generation: i64,
    capacity: u16,
    // INVARIANT: sorted by tag, no tag twice, at most `capacity`.
    slots: Vec<Slot>,
    now: u64,
    before: u64,
    // Observations of values not seen before, per generation.
    fresh: u32,
    fresh_before: u32,
    // Empty until a value is learnt. INVARIANT: what was seen again was seen.
    memory: Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    tag: u32,
    now: u32,
    before: u32,
    ticks: u32,
    ticks_before: u32,
    day: u32,
}

impl Slot {
    fn count(&self) -> u64 {
        u64::from(self.now) + u64::from(self.before)
    }
}

impl Default for Novelty {
    fn default() -> Self {
        Self::of_capacity(SLOTS)
    }
}

impl Novelty {
    /// Room for the values of a whole group instead of one entity.
    pub fn wide() -> Self {
        Self::of_capacity(WIDE_SLOTS)
    }

    fn of_capacity(capacity: u16) -> Self {
        Self {
            generation: i64::MIN,
            capacity,
            slots: Vec::new(),
            now: 0,
            before: 0,
            fresh: 0,
            fresh_before: 0,
            memory: Memory::default(),
        }
    }

    /// Learns one full observation of the value with hash `value` on `day` (since 1970).
    pub fn learn(&mut self, value: u64, day: u32) {
        let generation = crate::calendar::generation(i64::from(day) * 24);
        self.learn_weighted(value, UNIT, &Moment { generation, day });
    }

    /// Learns `weight` sixteenths of an observation, made within one tick.
    pub(crate) fn learn_weighted(&mut self, value: u64, weight: u32, at: &Moment) {
        self.turn(at.generation);
        // What comes late belongs to the generation before; older still, it only counts as seen.
        let (mut now, mut before) = (weight, 0);
        if at.generation < self.generation {
            (now, before) = (0, weight);
        }
        self.now = self.now.saturating_add(u64::from(now));
        self.before = self.before.saturating_add(u64::from(before));
        let (ticks, ticks_before) = (u32::from(now > 0), u32::from(before > 0));
        let new = self.memory.remember(tag(value), self.words());
        self.fresh = self.fresh.saturating_add(new * ticks);
        self.fresh_before = self.fresh_before.saturating_add(new * ticks_before);
        self.put(Slot { tag: tag(value), now, before, ticks, ticks_before, day: at.day });
        self.trim();
    }

    /// The probability of a value as rare as this one or rarer: mid-p over the counted values, 1 while nothing
    /// is known.
    pub fn tail(&self, value: u64) -> f64 {
        let total = self.total() + f64::from(UNIT);
        let own = self.slot(value).map(Slot::count);
        let limit = own.unwrap_or(0);
        let (mut counted, mut below, mut equal) = (0_u64, 0_u64, 0_u64);
        for count in self.slots.iter().map(Slot::count) {
            counted += count;
            below += if count < limit { count } else { 0 };
            equal += if count == limit { count } else { 0 };
        }
        let rest = self.now.saturating_add(self.before).saturating_sub(counted) as f64;
        let known = match own {
            Some(_) => rest + below as f64 + 0.5 * equal as f64,
            None if self.was_seen(value) => 0.5 * rest,
            None => 0.0,
        };
        (self.chance_of_new() + known / total).min(1.0)
    }

    /// The probability that the next value is one never seen here; 1 while nothing is known.
    pub fn chance_of_new(&self) -> f64 {
        let total = self.total() / f64::from(UNIT);
        ((1.0 + self.singletons()) / (1.0 + total)).min(1.0)
    }

    /// Whether the value was seen here. Exact up to as many values as slots; beyond, wrong with a chance of about
    /// `distinct() / 256` (for a group `/ 4096`) for a new value, 1/25 for one that fell out.
    pub fn knows(&self, value: u64) -> bool {
        self.slot(value).is_some() || self.was_seen(value)
    }

    /// The last day (since 1970) on which the value was seen; `None` when it is not among the counted ones.
    pub fn last_seen(&self, value: u64) -> Option<u32> {
        self.slot(value).map(|slot| slot.day)
    }

    /// An estimate of the number of different values ever seen.
    pub fn distinct(&self) -> f64 {
        linear_count(self.memory.bits(), self.memory.ones().0)
    }

    /// Observations behind all counts, in full ones: after flood control and suspicion gate.
    pub fn support(&self) -> u64 {
        self.now.saturating_add(self.before) / u64::from(UNIT)
    }

    /// How many values are counted, each in a slot.
    pub(crate) fn counted(&self) -> usize {
        self.slots.len()
    }

    /// In a group's profile, which counts each member once a generation: how many members show the value.
    /// A value only remembered as seen counts one.
    pub(crate) fn holders(&self, value: u64) -> u32 {
        match self.slot(value) {
            Some(slot) => slot.now.max(slot.before) / UNIT,
            None => u32::from(self.was_seen(value)),
        }
    }

    /// Whether the value was not counted yet in `generation`.
    pub(crate) fn is_fresh(&self, value: u64, generation: i64) -> bool {
        let counted = |slot: &Slot| generation < self.generation || slot.now > 0;
        generation > self.generation || !self.slot(value).is_some_and(counted)
    }

    /// Counts the holdings of one member, as learning them one by one would have.
    pub(crate) fn adopt(&mut self, member: &Self) {
        self.turn(member.generation);
        for slot in &member.slots {
            let (now, before) =
                if member.generation < self.generation { (0, slot.now) } else { (slot.now, slot.before) };
            let (now, before) = (UNIT * u32::from(now > 0), UNIT * u32::from(before > 0));
            self.now = self.now.saturating_add(u64::from(now));
            self.before = self.before.saturating_add(u64::from(before));
            let (ticks, ticks_before) = (u32::from(now > 0), u32::from(before > 0));
            let new = self.memory.remember(slot.tag, self.words());
            self.fresh = self.fresh.saturating_add(new * ticks);
            self.fresh_before = self.fresh_before.saturating_add(new * ticks_before);
            self.put(Slot { now, before, ticks, ticks_before, ..*slot });
        }
        self.slots.retain(|slot| slot.count() > 0);
        self.trim();
    }

    /// How often the value usually comes in a tick in which it comes at all; at least 1.
    pub(crate) fn usual_per_tick(&self, value: u64) -> f64 {
        let Some(slot) = self.slot(value) else { return 1.0 };
        let ticks = f64::from(slot.ticks) + f64::from(slot.ticks_before);
        (slot.count() as f64 / f64::from(UNIT) / ticks.max(1.0)).max(1.0)
    }

    fn total(&self) -> f64 {
        self.now.saturating_add(self.before) as f64
    }

    /// Values seen once ever, but no more than were new in the generations that the counts cover.
    ///
    /// With values scattered over bits by chance, the bits met once stand to the bits never met as the values
    /// seen once to all bits. A crowded map tells nothing: then whatever is not counted may have been seen once.
    fn singletons(&self) -> f64 {
        let bits = self.memory.bits();
        let (seen, again) = self.memory.ones();
        if bits - seen < CROWDED && bits > 0.0 {
            let counted: u64 =
                self.slots.iter().map(Slot::count).filter(|count| *count > u64::from(UNIT)).sum();
            return (self.total() - counted as f64) / f64::from(UNIT);
        }
        let once = if bits > 0.0 { bits * (seen - again) / (bits - seen) } else { 0.0 };
        once.min(f64::from(self.fresh) + f64::from(self.fresh_before))
    }

    fn slot(&self, value: u64) -> Option<&Slot> {
        let at = self.slots.binary_search_by_key(&tag(value), |slot| slot.tag).ok()?;
        self.slots.get(at)
    }

    /// A bit that a counted value explains tells nothing of another one.
    fn was_seen(&self, value: u64) -> bool {
        let own = tag(value);
        self.memory.holds(own) && !self.slots.iter().any(|slot| self.memory.share(slot.tag, own))
    }

    fn put(&mut self, new: Slot) {
        match self.slots.binary_search_by_key(&new.tag, |slot| slot.tag) {
            Err(at) => self.slots.insert(at, new),
            Ok(at) => {
                if let Some(slot) = self.slots.get_mut(at) {
                    slot.now = slot.now.saturating_add(new.now);
                    slot.before = slot.before.saturating_add(new.before);
                    slot.ticks = slot.ticks.saturating_add(new.ticks);
                    slot.ticks_before = slot.ticks_before.saturating_add(new.ticks_before);
                    slot.day = slot.day.max(new.day);
                }
            }
        }
    }

    /// Lets the rarest slots fall out until they fit: lowest count, then seen longest ago, then lowest tag.
    fn trim(&mut self) {
        while self.slots.len() > usize::from(self.capacity) {
            self.drop_rarest();
        }
    }

    /// Lets the rarest slot fall out; `false` when there is none.
    pub(crate) fn drop_rarest(&mut self) -> bool {
        let rank = |slot: &Slot| (slot.count(), slot.day, slot.tag);
        let rarest = self.slots.iter().enumerate().min_by_key(|(_, slot)| rank(slot));
        let Some(at) = rarest.map(|(at, _)| at) else { return false };
        self.slots.remove(at);
        true
    }

    fn words(&self) -> usize {
        if self.capacity > SLOTS { WIDE_WORDS } else { NARROW_WORDS }
    }

    /// Goes on to `generation`; what is two generations old keeps only the trace that it was seen.
    fn turn(&mut self, generation: i64) {
        if generation <= self.generation {
            return;
        }
        let next = self.generation.checked_add(1) == Some(generation);
        self.generation = generation;
        self.before = if next { self.now } else { 0 };
        self.now = 0;
        self.fresh_before = if next { self.fresh } else { 0 };
        self.fresh = 0;
        for slot in &mut self.slots {
            (slot.before, slot.ticks_before) = if next { (slot.now, slot.ticks) } else { (0, 0) };
            (slot.now, slot.ticks) = (0, 0);
        }
        self.slots.retain(|slot| slot.before > 0);
    }

    /// Bytes this takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.slots.len() * size_of::<Slot>() + self.memory.weight()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        crate::varint::put_signed(out, self.generation);
        put(out, u64::from(self.capacity > SLOTS));
        put(out, self.now);
        put(out, self.before);
        put(out, u64::from(self.fresh));
        put(out, u64::from(self.fresh_before));
        put(out, self.slots.len() as u64);
        for slot in &self.slots {
            for field in [slot.tag, slot.now, slot.before, slot.ticks, slot.ticks_before, slot.day] {
                put(out, u64::from(field));
            }
        }
        put(out, self.memory.words() as u64);
        write_map(out, self.memory.seen());
        write_map(out, self.memory.again());
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let generation = fields.signed()?;
        let wide = fields.number()?;
        let mut read = if wide == 1 { Self::wide() } else { Self::default() };
        read.generation = generation;
        read.now = fields.number()?;
        read.before = fields.number()?;
        read.fresh = fields.small()?;
        read.fresh_before = fields.small()?;
        for _ in 0..fields.count(usize::from(read.capacity))? {
            read.slots.push(Slot {
                tag: fields.small()?,
                now: fields.small()?,
                before: fields.small()?,
                ticks: fields.small()?,
                ticks_before: fields.small()?,
                day: fields.small()?,
            });
        }
        let width = usize::try_from(fields.number()?).unwrap_or(usize::MAX);
        let fits = width == 0 || width == NARROW_WORDS || width == read.words();
        let seen = read_map(fields, if fits { width } else { 0 })?;
        let again = read_map(fields, seen.len())?;
        read.memory = Memory::of(&seen, &again);
        let sorted = read.slots.is_sorted_by(|a, b| a.tag < b.tag);
        if sorted && wide <= 1 && fits { Ok(read) } else { Err(SnapshotError::Invalid { field: "novelty" }) }
    }
}

impl Merge for Novelty {
    fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        let newest = self.generation.max(other.generation);
        self.capacity = self.capacity.max(other.capacity);
        other.capacity = self.capacity;
        self.turn(newest);
        other.turn(newest);
        self.now = self.now.saturating_add(other.now);
        self.before = self.before.saturating_add(other.before);
        self.fresh = self.fresh.saturating_add(other.fresh);
        self.fresh_before = self.fresh_before.saturating_add(other.fresh_before);
        self.memory.join(&other.memory);
        for slot in other.slots {
            self.put(slot);
        }
        self.trim();
    }
}

/// When something is learnt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) generation: i64,
    pub(crate) day: u32,
}

fn tag(value: u64) -> u32 {
    u32::try_from((value >> 32) ^ (value & u64::from(u32::MAX))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::conformance::merge_laws;
    use proptest::prelude::*;

    fn value(number: u32) -> u64 {
        crate::seed::Seed(3).value(0, &number.to_string())
    }

    fn learnt(values: &[(u32, u32)]) -> Novelty {
        let mut novelty = Novelty::default();
        for (number, day) in values {
            novelty.learn(value(*number), *day);
        }
        novelty
    }

    proptest! {
        #[test]
        fn parts_of_few_values_merge_exactly(
            parts in prop::collection::vec(prop::collection::vec((0_u32..10, 0_u32..100), 0..60), 3),
        ) {
            let parts: Vec<Novelty> = parts.iter().map(|part| {
                let mut part = part.clone();
                part.sort_by_key(|(_, day)| *day);
                learnt(&part)
            }).collect();
            prop_assert_eq!(merge_laws([&parts[0], &parts[1], &parts[2]], |a, b| a == b), Ok(()));
        }

        #[test]
        fn beyond_the_slots_hardly_anything_seen_is_forgotten(numbers in prop::collection::vec(0_u32..200, 0..150)) {
            let novelty = learnt(&numbers.iter().map(|number| (*number, 1)).collect::<Vec<_>>());
            let lost = numbers.iter().filter(|number| !novelty.knows(value(**number))).count();
            prop_assert!(lost <= 3 + numbers.len() / 8, "{lost} of {}", numbers.len());
            prop_assert!(novelty.slots.len() <= usize::from(SLOTS));
            let mut out = Vec::new();
            novelty.write(&mut out);
            prop_assert_eq!(Novelty::read(&mut Fields(&out)).unwrap(), novelty);
        }
    }

    #[test]
    fn a_feature_that_is_always_new_is_no_news() {
        let urls = learnt(&(0..100).map(|number| (number, 1)).collect::<Vec<_>>());
        assert!(urls.tail(value(1_000)) > 0.5, "{}", urls.tail(value(1_000)));
        let countries = learnt(&(0..100).map(|number| (number % 2, 1)).collect::<Vec<_>>());
        assert!(countries.tail(value(1_000)) < 0.02);
    }

    #[test]
    fn distinct_values_are_estimated() {
        for number in [5, 50, 200] {
            let novelty = learnt(&(0..number).map(|value| (value, 1)).collect::<Vec<_>>());
            let error = (novelty.distinct() - f64::from(number)).abs() / f64::from(number);
            assert!(error < 0.15, "{number}: {}", novelty.distinct());
        }
    }

    #[test]
    fn after_two_generations_counts_are_gone_and_the_trace_stays() {
        let mut novelty = learnt(&[(1, 0), (1, 1)]);
        novelty.learn(value(2), 90);
        assert!(novelty.knows(value(1)) && novelty.support() == 1);
    }
}
