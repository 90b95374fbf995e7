//! One entity's state: what it has learnt, and the minutes that are still open.
//!
//! What happens inside a minute is only counted, in sorted order, and learnt when the watermark has passed: so
//! any order of arrival within the lateness window gives the same bytes, and a flood is seen as one count.

use crate::cohort::Profile;
use crate::creep::Creep;
use crate::varint::{Fields, put, put_signed};
use homeostat_core::SnapshotError;

/// The most different values of one feature that are told apart inside one minute; a person's minute has a few.
const OPEN_VALUES: usize = 64;
/// The most hours that stay open at once: lateness spans two, the rest is room for clocks that run ahead.
const OPEN_HOURS: usize = 8;
/// The most entries of open minutes, over all features.
const OPEN_ENTRIES: usize = 2_048;
/// Stands for all values of a feature beyond [`OPEN_VALUES`].
const OTHERS: u64 = u64::MAX;

/// The most bytes by which one signature lengthens numbers that are there already: six counts, two bits of a
/// trace, a count of an hour, one byte each.
const GROWTH: usize = 12;

/// What an open entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// Observations; the value is the hash of the declared group, 0 for none.
    Seen,
    /// Of a category, by the hash of its value.
    Value,
    /// Of a size, by its octave.
    Octave,
}

/// The place of one count inside the open minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Signature {
    pub(crate) tick: i64,
    pub(crate) counted: Counted,
    pub(crate) feature: u32,
    pub(crate) value: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entity {
    pub(crate) profile: Profile,
    pub(crate) creep: Creep,
    pub(crate) group: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) seen: u64,
    pub(crate) told_silent: bool,
    // Whether it is a member of its kind's cohort.
    pub(crate) counted: bool,
    // The last hour learnt; `i64::MIN` before the first.
    pub(crate) closed: i64,
    // Counts of hours not yet learnt. INVARIANT: sorted, none twice, at most `OPEN_HOURS`.
    pub(crate) hours: Vec<(i64, u32)>,
    // INVARIANT: sorted by signature, none twice.
    pub(crate) open: Vec<(Signature, u32)>,
    // Bytes that what is learnt may still grow before it must be measured again. Shows in no result.
    slack: usize,
    // Bytes of what is learnt in memory. INVARIANT: true whenever it was changed and `fit` or `weigh` called.
    measured: usize,
}

impl Entity {
    /// The most bytes that what an entity has learnt may take in a snapshot.
    pub(crate) const BYTES: usize = 2_048;

    pub(crate) fn new(tick: i64) -> Self {
        let profile = Profile::default();
        let measured = profile.weight();
        Self {
            profile,
            creep: Creep::default(),
            group: 0,
            first: tick,
            last: tick,
            seen: 0,
            told_silent: false,
            counted: false,
            closed: i64::MIN,
            hours: Vec::new(),
            open: Vec::new(),
            slack: 0,
            measured,
        }
    }

    /// Notes that the entity was seen at `tick`.
    pub(crate) fn meet(&mut self, tick: i64) {
        self.first = self.first.min(tick);
        self.last = self.last.max(tick);
        self.seen = self.seen.saturating_add(1);
        self.told_silent = false;
    }

    /// Whether nothing of `tick` is open yet.
    pub(crate) fn is_first_in(&self, tick: i64) -> bool {
        let at = self.open.partition_point(|(signature, _)| signature.tick < tick);
        self.open.get(at).is_none_or(|(signature, _)| signature.tick != tick)
    }

    /// Counts events in `hour`; `false` when there is no room for one more hour.
    pub(crate) fn count_hour(&mut self, hour: i64, events: u32) -> bool {
        match self.hours.binary_search_by_key(&hour, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, count)) = self.hours.get_mut(at) {
                    *count = count.saturating_add(events);
                }
                true
            }
            Err(at) => {
                self.hours.insert(at, (hour, events));
                self.hours.len() <= OPEN_HOURS || self.hours.pop().is_none()
            }
        }
    }

    /// Events counted in `hour` so far.
    pub(crate) fn count_of(&self, hour: i64) -> u32 {
        let at = self.hours.binary_search_by_key(&hour, |(known, _)| *known);
        at.ok().and_then(|at| self.hours.get(at)).map_or(0, |(_, count)| *count)
    }

    /// Counts so many more of `signature`; `false` when it had to be counted among the others.
    ///
    /// Of too many values in one minute the lowest hashes are kept, which does not depend on order.
    pub(crate) fn count(&mut self, signature: Signature, times: u32) -> bool {
        let at = match self.open.binary_search_by_key(&signature, |(known, _)| *known) {
            Ok(at) => {
                if let Some((_, count)) = self.open.get_mut(at) {
                    *count = count.saturating_add(times);
                }
                return true;
            }
            Err(at) => at,
        };
        self.open.insert(at, (signature, times));
        if self.open.len() <= OPEN_VALUES {
            return true;
        }
        let highest = Signature { value: OTHERS, ..signature };
        let end = self.open.partition_point(|(known, _)| *known < highest);
        let lowest = Signature { value: 0, ..signature };
        let start = self.open.partition_point(|(known, _)| *known < lowest);
        if end - start <= OPEN_VALUES && self.open.len() <= OPEN_ENTRIES || signature.value == OTHERS {
            return true;
        }
        let (cut, count) = self.open.remove(end - 1);
        self.add_others(Signature { value: OTHERS, ..cut }, count);
        false
    }

    fn add_others(&mut self, others: Signature, more: u32) {
        match self.open.binary_search_by_key(&others, |(known, _)| *known) {
            Err(at) => self.open.insert(at, (others, more)),
            Ok(at) => {
                if let Some((_, count)) = self.open.get_mut(at) {
                    *count = count.saturating_add(more);
                }
            }
        }
    }

    /// The ticks of which something is open, in order, each once.
    pub(crate) fn open_ticks(&self) -> Vec<i64> {
        let mut ticks: Vec<i64> = self.open.iter().map(|(signature, _)| signature.tick).collect();
        ticks.dedup();
        ticks
    }

    /// Takes out what is open of `tick`, in order, and puts it in `room` in place of what is there.
    pub(crate) fn take(&mut self, tick: i64, room: &mut Vec<(Signature, u32)>) {
        let start = self.open.partition_point(|(signature, _)| signature.tick < tick);
        let end = self.open.partition_point(|(signature, _)| signature.tick <= tick);
        room.clear();
        room.extend(self.open.drain(start..end));
    }

    /// Takes out the hours before `hour`, in order.
    pub(crate) fn take_hours(&mut self, hour: i64) -> Vec<(i64, u32)> {
        let end = self.hours.partition_point(|(known, _)| *known < hour);
        self.hours.drain(..end).collect()
    }

    /// Sheds what is worth least until what is learnt fits its bytes; tells how much was shed.
    ///
    /// Measuring costs a whole encoding, so it is left out while `signatures` learnt can not have used up what was left
    /// when it was measured: four bytes in memory take at most five in a snapshot.
    pub(crate) fn fit(&mut self, signatures: usize) -> u64 {
        let weight = self.profile.weight();
        let longer = weight.saturating_sub(self.measured).div_ceil(4).saturating_mul(5);
        let growth = GROWTH.saturating_mul(signatures + 1).saturating_add(longer);
        if growth <= self.slack {
            (self.slack, self.measured) = (self.slack - growth, weight);
            return 0;
        }
        let mut cut = 0;
        let mut bytes = self.learnt_bytes();
        while bytes > Self::BYTES && self.profile.shed() {
            cut += 1;
            bytes = self.learnt_bytes();
        }
        self.slack = Self::BYTES.saturating_sub(bytes);
        self.measured = self.profile.weight();
        cut
    }

    /// Bytes of what is learnt, as in a snapshot.
    pub(crate) fn learnt_bytes(&self) -> usize {
        let mut out = Vec::with_capacity(Self::BYTES);
        self.profile.write(&mut out);
        out.len()
    }

    /// Bytes this takes in memory, without the entries of open minutes. O(1).
    pub(crate) fn weight(&self) -> u64 {
        (size_of::<Self>() + self.measured) as u64
    }

    /// Weighs what is learnt anew, after a change that [`fit`](Self::fit) need not look at.
    pub(crate) fn weigh(&mut self) {
        self.measured = self.profile.weight();
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.profile.write(out);
        self.creep.write(out);
        put(out, self.group);
        put_signed(out, self.first);
        put_signed(out, self.last);
        put(out, self.seen);
        put(out, u64::from(self.told_silent) | u64::from(self.counted) << 1);
        put_signed(out, self.closed);
        put(out, self.hours.len() as u64);
        for (hour, count) in &self.hours {
            put_signed(out, *hour);
            put(out, u64::from(*count));
        }
        put(out, self.open.len() as u64);
        for (signature, count) in &self.open {
            put_signed(out, signature.tick);
            put(out, signature.counted as u64);
            put(out, u64::from(signature.feature));
            put(out, signature.value);
            put(out, u64::from(*count));
        }
    }

    /// Reads an entity of format `version`; the first knew no days.
    pub(crate) fn read(bytes: &[u8], version: u16) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "entity" };
        let mut fields = Fields(bytes);
        let mut read = Self::new(0);
        read.profile = Profile::read(&mut fields)?;
        read.creep = if version > 1 { Creep::read(&mut fields, version)? } else { Creep::default() };
        read.group = fields.number()?;
        read.first = fields.signed()?;
        read.last = fields.signed()?;
        read.seen = fields.number()?;
        let flags = fields.number()?;
        (read.told_silent, read.counted) = (flags & 1 == 1, flags & 2 == 2);
        read.closed = fields.signed()?;
        for _ in 0..fields.count(OPEN_HOURS)? {
            read.hours.push((fields.signed()?, fields.small()?));
        }
        for _ in 0..fields.count(OPEN_ENTRIES + 64)? {
            read.open.push((Signature::read(&mut fields)?, fields.small()?));
        }
        fields.finish()?;
        read.weigh();
        let sorted = read.hours.is_sorted_by(|a, b| a.0 < b.0) && read.open.is_sorted_by(|a, b| a.0 < b.0);
        if sorted { Ok(read) } else { Err(INVALID) }
    }
}

impl Signature {
    fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let tick = fields.signed()?;
        let counted = match fields.number()? {
            0 => Counted::Seen,
            1 => Counted::Value,
            2 => Counted::Octave,
            _ => return Err(SnapshotError::Invalid { field: "open entry" }),
        };
        Ok(Self { tick, counted, feature: fields.small()?, value: fields.number()? })
    }
}
