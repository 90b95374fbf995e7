//! Each entity's days: what it did today, its two horizons, and how far it creeps away from its peers.
//!
//! A day is one of UTC, the same for all entities of a tenant, so that a change of clock is no change of rate.
//! It ends when the watermark passes it, for all at once: O(n log n) for n entities. The horizons are fed with the
//! mean of the last seven days, in which no weekend shows: entities keep it very differently. An entity's first day
//! began before it did, so it teaches nothing: taken for a whole one it would make a steady rate creep for two months.

use crate::anchor::{Anchor, PeerShift};
use crate::baseline::Baseline;
use crate::varint::{Fields, put, put_float};
use homeostat_core::SnapshotError;
use std::collections::BTreeMap;

/// Today, and the days that clocks within the future limit may be ahead.
const OPEN_DAYS: usize = 3;
/// Days of silence after which nothing of a mean over two months is left that could still change.
const MOST_DAYS: i64 = 400;
/// A day counts at most so many times the week's mean: one burst is no ramp.
const WINSOR: u32 = 3;
const WEEK: usize = 7;
/// Peers that can tell their own scatter, as for [`PeerShift`].
const PEERS: usize = 8;

/// One entity's days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Creep {
    pub(crate) anchor: Anchor,
    // Days that are over, the first among them.
    days: u32,
    counts: [u32; OPEN_DAYS],
    // The last days that are over, by their number.
    week: [u32; WEEK],
    // How surprising its creep was when the last day ended. INVARIANT: finite, not negative.
    pub(crate) bits: f64,
}

impl Creep {
    /// Counts events of the day that is `ahead` days after today; those of days that are over teach no more.
    pub(crate) fn count(&mut self, ahead: i64, events: u32) {
        let open = usize::try_from(ahead).ok().and_then(|at| self.counts.get_mut(at));
        if let Some(count) = open {
            *count = count.saturating_add(events);
        }
    }

    fn end_day(&mut self) {
        if self.days > 0 {
            self.learn_day(self.days());
        }
        self.days = self.days.saturating_add(1);
        let [_, next, last] = self.counts;
        self.counts = [next, last, 0];
    }

    /// Learns today, before which the horizons hold so many days.
    fn learn_day(&mut self, before: u32) {
        let [today, ..] = self.counts;
        let known = usize::try_from(before).unwrap_or(WEEK);
        let mean = u32::try_from(self.sum() / WEEK as u64).unwrap_or(u32::MAX);
        let most = if known < WEEK { u32::MAX } else { mean.saturating_add(1).saturating_mul(WINSOR) };
        if let Some(day) = self.week.get_mut(known % WEEK) {
            *day = today.min(most);
        }
        self.anchor.learn(self.sum() as f64 / (known + 1).min(WEEK) as f64, before);
    }

    fn sum(&self) -> u64 {
        self.week.iter().map(|day| u64::from(*day)).sum()
    }

    /// Whether its two horizons are long enough to be compared.
    pub(crate) fn is_grown(&self) -> bool {
        self.days() >= Anchor::YOUNG
    }

    /// Days behind the two horizons.
    pub(crate) fn days(&self) -> u32 {
        self.days.saturating_sub(1)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (fast, slow) = self.anchor.means();
        put(out, u64::from(self.days));
        self.counts.iter().chain(&self.week).for_each(|count| put(out, u64::from(*count)));
        for number in [f64::from(fast), f64::from(slow), self.bits] {
            put_float(out, number);
        }
    }

    /// Reads days of format `version`; before the fourth the first day was learnt too.
    #[expect(clippy::cast_possible_truncation, reason = "the means are written from f32")]
    pub(crate) fn read(fields: &mut Fields<'_>, version: u16) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "days" };
        let days = fields.small()?;
        let days = if version < 4 && days > 0 { days.saturating_add(1) } else { days };
        let counts = [fields.small()?, fields.small()?, fields.small()?];
        let mut week = [0; WEEK];
        for day in &mut week {
            *day = fields.small()?;
        }
        let (fast, slow, bits) = (fields.float()? as f32, fields.float()? as f32, fields.float()?);
        let anchor = Anchor::of(fast, slow).ok_or(INVALID)?;
        if (0.0..=1_000.0).contains(&bits) {
            Ok(Self { anchor, days, counts, week, bits })
        } else {
            Err(INVALID)
        }
    }
}

impl Baseline {
    /// Ends the days before that of `tick`.
    pub(crate) fn end_days(&mut self, tick: i64) {
        let day = tick.div_euclid(1_440);
        if self.today == i64::MIN || day <= self.today {
            self.today = self.today.max(day);
            return;
        }
        let days = day.saturating_sub(self.today).min(MOST_DAYS);
        for entity in self.entities.values_mut() {
            (0..days).for_each(|_| entity.creep.end_day());
        }
        self.today = day;
        self.judge_creeps();
        self.end_probations(day);
    }

    /// Weighs every entity's creep against its group's, or, of a small group, its kind's.
    fn judge_creeps(&mut self) {
        let mut shifts = BTreeMap::<u64, Vec<f64>>::new();
        let seed = self.config.seed();
        let grown = self.entities.iter().filter(|(_, entity)| entity.creep.is_grown());
        for (key, entity) in grown {
            let shift = entity.creep.anchor.shift();
            shifts.entry(Self::kind_number(seed, key)).or_default().push(shift);
            if entity.group != 0 {
                shifts.entry(entity.group).or_default().push(shift);
            }
        }
        let peers: BTreeMap<u64, (usize, PeerShift)> =
            shifts.iter().map(|(id, shifts)| (*id, (shifts.len(), PeerShift::of(shifts)))).collect();
        for (key, entity) in &mut self.entities {
            let group = peers.get(&entity.group).filter(|(count, _)| *count >= PEERS);
            let peers = group.or_else(|| peers.get(&Self::kind_number(seed, key)));
            let creep = &mut entity.creep;
            creep.bits = peers.map_or(0.0, |(_, peers)| creep.anchor.bits(creep.days(), peers).get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_no_whole_one() {
        let mut creep = Creep::default();
        for day in 0..60 {
            creep.count(0, if day == 0 { 10 } else { 400 });
            creep.end_day();
        }
        assert_eq!(creep.days(), 59);
        assert!(creep.anchor.shift().abs() < 1e-6, "{}", creep.anchor.shift());
    }
}
