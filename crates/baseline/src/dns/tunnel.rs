//! How much leaves in the labels of queries, below one registered name and in one hour?
//!
//! Only names not asked before in the hour carry anything: their octets below the registered name are added up for
//! each of the sixteen registered names that carry most (in the manner of Metwally et al., "Space-Saving", ICDT 2005,
//! without inherited counts). A name that always carries much, as those of content networks and of virus scanners
//! do, is judged by what goes beyond twice its own usual; what one name can hold is free. O(slots) a query; at most
//! 900 bytes.

use crate::Volume;
use crate::score::trusted;
use crate::trace::{bit, set};
use crate::varint::{Fields, put, put_float, put_signed};
use homeostat_core::SnapshotError;

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// Registered names told apart.
const SLOTS: usize = 16;
/// Words of the trace of names asked in this hour: 2,048 bits.
const WORDS: usize = 32;
/// With fewer free bits than this all names count as not asked before.
const CROWDED: u32 = 32;
/// Octets of the longest name (RFC 1035): what one query carries is no tunnel.
const ONE_NAME: f64 = 253.0;
/// Hours that a name's own usual averages over.
const HOURS: f64 = 24.0;
/// What peers know weighs as so many hours of one's own at most.
const PRIOR: f64 = 20.0;

/// What queries carry, by registered name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tunnel {
    hour: i64,
    asked: Vec<u64>,
    // INVARIANT: at most `SLOTS`, no tag twice, all numbers finite and not negative.
    slots: Vec<Slot>,
    sizes: Volume,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Slot {
    tag: u64,
    octets: f64,
    hours: f64,
    usual: f64,
}

impl Default for Tunnel {
    fn default() -> Self {
        Self { hour: i64::MIN, asked: vec![0; WORDS], slots: Vec::new(), sizes: Volume::default() }
    }
}

impl Tunnel {
    /// Counts `octets` below the registered name with hash `tag`, in a name with hash `name`; tells what this hour
    /// has carried below it beyond the usual. Tells nothing of what is late.
    pub(super) fn count(&mut self, micros: i64, (name, tag): (u64, u64), octets: usize) -> f64 {
        let hour = micros.div_euclid(HOUR);
        if hour < self.hour || octets == 0 {
            return 0.0;
        }
        let weight = self.ask(name);
        let Some(slot) = self.slot(tag) else { return 0.0 };
        slot.octets += weight * octets as f64;
        (slot.octets - 2.0 * slot.usual - ONE_NAME).max(0.0)
    }

    /// Ends the hour when `micros` lies in a later one: learns it, and teaches it the group.
    pub(super) fn turn(&mut self, micros: i64, group: Option<&mut Self>) {
        let hour = micros.div_euclid(HOUR);
        if hour <= self.hour {
            return;
        }
        let day = u32::try_from(self.hour.div_euclid(24)).unwrap_or(0);
        let carried = self.slots.iter().filter(|slot| slot.octets > 0.0).map(|slot| slot.octets);
        carried.clone().for_each(|octets| self.sizes.learn(octets, day));
        if let Some(group) = group {
            carried.for_each(|octets| group.sizes.learn(octets, day));
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.octets > 0.0) {
            slot.hours = (slot.hours + 1.0).min(HOURS);
            slot.usual += (slot.octets - slot.usual) / slot.hours;
            slot.octets = 0.0;
        }
        self.asked.fill(0);
        self.hour = hour;
    }

    /// The probability of an hour that carries `octets` or more below one name.
    pub(super) fn tail(&self, octets: f64, group: Option<&Self>) -> f64 {
        let own = self.sizes.support();
        let peers = group.map_or(0.0, |group| group.sizes.support().min(PRIOR));
        if own + peers <= 0.0 || octets <= 0.0 {
            return 1.0;
        }
        let theirs = group.map_or(1.0, |group| group.sizes.tail(octets));
        trusted((own * self.sizes.tail(octets) + peers * theirs) / (own + peers), own + peers)
    }

    /// How many names this one stands for: 0 when it was asked in this hour.
    fn ask(&mut self, name: u64) -> f64 {
        let tag = (name >> 32) as u32;
        let free: u32 = self.asked.iter().map(|word| word.count_zeros()).sum();
        if free < CROWDED {
            return 1.0;
        }
        let known = bit(&self.asked, tag);
        set(&mut self.asked, tag);
        if known { 0.0 } else { WORDS as f64 * 64.0 / f64::from(free) }
    }

    /// The slot of a registered name; the one that carries least makes room.
    fn slot(&mut self, tag: u64) -> Option<&mut Slot> {
        if !self.slots.iter().any(|slot| slot.tag == tag) {
            if self.slots.len() >= SLOTS {
                let carries = |slot: &Slot| slot.octets.max(slot.usual);
                let least =
                    self.slots.iter().enumerate().min_by(|a, b| carries(a.1).total_cmp(&carries(b.1)));
                let at = least.map(|(at, _)| at)?;
                self.slots.remove(at);
            }
            self.slots.push(Slot { tag, octets: 0.0, hours: 0.0, usual: 0.0 });
        }
        self.slots.iter_mut().find(|slot| slot.tag == tag)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.hour);
        crate::trace::write_map(out, &self.asked);
        put(out, self.slots.len() as u64);
        for slot in &self.slots {
            put(out, slot.tag);
            for number in [slot.octets, slot.hours, slot.usual] {
                put_float(out, number);
            }
        }
        self.sizes.write(out);
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "tunnel" };
        let hour = fields.signed()?;
        let asked = crate::trace::read_map(fields, WORDS)?;
        let mut slots: Vec<Slot> = Vec::new();
        for _ in 0..fields.count(SLOTS)? {
            let tag = fields.number()?;
            let slot = Slot { tag, octets: fields.float()?, hours: fields.float()?, usual: fields.float()? };
            let sound =
                [slot.octets, slot.hours, slot.usual].iter().all(|number| (0.0..1e15).contains(number));
            if !sound || slots.iter().any(|other| other.tag == tag) {
                return Err(INVALID);
            }
            slots.push(slot);
        }
        Ok(Self { hour, asked, slots, sizes: Volume::read(fields)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        /// The slow oracle keeps every name of the hour.
        #[test]
        fn octets_are_counted_as_an_exact_set_counts_them(
            queries in prop::collection::vec((0_u64..300, 0_u64..10, 1_usize..60), 1..600),
        ) {
            let mut tunnel = Tunnel::default();
            tunnel.turn(0, None);
            let (mut asked, mut exact) = (BTreeSet::new(), BTreeMap::<u64, f64>::new());
            for (number, tag, octets) in &queries {
                let name = crate::seed::both(*number, *tag);
                tunnel.count(0, (name, *tag), *octets);
                if asked.insert((*number, *tag)) {
                    *exact.entry(*tag).or_default() += *octets as f64;
                }
            }
            let (told, truth): (f64, f64) = (tunnel.slots.iter().map(|slot| slot.octets).sum(), exact.values().sum());
            // A name that finds its bit taken is missed, and the next stands for it: chance, of some 60 octets a name.
            let slack = 60.0 * (4.0 + 4.0 * libm::sqrt(asked.len() as f64 / 3.0));
            prop_assert!((told - truth).abs() <= slack, "{} {}", told, truth);
        }

        #[test]
        fn slots_are_bounded_and_the_largest_stays(tags in prop::collection::vec(any::<u64>(), 0..200)) {
            let mut tunnel = Tunnel::default();
            tunnel.turn(0, None);
            tunnel.count(0, (7 << 40, 1), 10_000);
            for tag in tags {
                tunnel.count(0, (tag, tag), 20);
            }
            prop_assert!(tunnel.slots.len() <= SLOTS && tunnel.slots.iter().any(|slot| slot.tag == 1));
        }
    }
}
