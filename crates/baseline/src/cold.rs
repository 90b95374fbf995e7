//! What is kept beside an entity's profile: what is on probation, what an analyst refused, what is known to be good.
//!
//! It lies apart from the 2,048 bytes of an entity, at most one of each, and only for those who need it.

use crate::cohort::Profile;
use crate::varint::{Fields, put, put_signed};
use homeostat_core::SnapshotError;

/// The most values on probation, and the most refused, of one entity: what is suspicious is rare.
pub(crate) const MOST: usize = 32;
/// Quiet days after which what is on probation is believed.
pub(crate) const QUIET_DAYS: i64 = 7;

/// A value that was suspicious, with the units that it has not taught yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) feature: u32,
    pub(crate) value: u64,
    pub(crate) units: u32,
}

/// One entity's cold store.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cold {
    // The day of the last suspicious value.
    pub(crate) last: i64,
    // INVARIANT: no feature and value twice, at most `MOST`.
    pub(crate) held: Vec<Held>,
    // INVARIANT: sorted, none twice, at most `MOST`.
    pub(crate) refused: Vec<(u32, u64)>,
    pub(crate) pinned: Option<Profile>,
    /// What was known before its doings changed, while nobody has accepted the change.
    pub(crate) trial: Option<Profile>,
}

impl Cold {
    /// Puts units of a value on probation; what finds no room teaches nothing.
    pub(crate) fn hold(&mut self, new: Held, day: i64) {
        self.last = self.last.max(day);
        let known = self.held.iter_mut().find(|held| (held.feature, held.value) == (new.feature, new.value));
        if let Some(held) = known {
            held.units = held.units.saturating_add(new.units);
        } else if self.held.len() < MOST {
            self.held.push(new);
        }
    }

    /// Notes that a value is never to be learnt; the oldest hash gives way when there are too many.
    pub(crate) fn refuse(&mut self, feature: u32, value: u64) {
        self.held.retain(|held| (held.feature, held.value) != (feature, value));
        if let Err(at) = self.refused.binary_search(&(feature, value))
            && self.refused.len() < MOST
        {
            self.refused.insert(at, (feature, value));
        }
    }

    pub(crate) fn is_refused(&self, feature: u32, value: u64) -> bool {
        self.refused.binary_search(&(feature, value)).is_ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.refused.is_empty() && self.pinned.is_none() && self.trial.is_none()
    }

    /// Bytes this takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let kept: usize = [&self.pinned, &self.trial].into_iter().flatten().map(Profile::weight).sum();
        size_of::<Self>() + self.held.len() * size_of::<Held>() + self.refused.len() * 16 + kept
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.last);
        put(out, self.held.len() as u64);
        for held in &self.held {
            put(out, u64::from(held.feature));
            put(out, held.value);
            put(out, u64::from(held.units));
        }
        put(out, self.refused.len() as u64);
        for (feature, value) in &self.refused {
            put(out, u64::from(*feature));
            put(out, *value);
        }
        put(out, u64::from(self.pinned.is_some()) | (u64::from(self.trial.is_some()) << 1));
        for profile in [&self.pinned, &self.trial].into_iter().flatten() {
            profile.write(out);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "cold store" };
        let mut fields = Fields(bytes);
        let mut read = Self { last: fields.signed()?, ..Self::default() };
        for _ in 0..fields.count(MOST)? {
            let (feature, value) = (fields.small()?, fields.number()?);
            if read.held.iter().any(|held| (held.feature, held.value) == (feature, value)) {
                return Err(INVALID);
            }
            read.held.push(Held { feature, value, units: fields.small()? });
        }
        for _ in 0..fields.count(MOST)? {
            read.refused.push((fields.small()?, fields.number()?));
        }
        // Version 2 knew no trials, and so writes 0 or 1.
        let kept = fields.number()?;
        if kept > 3 {
            return Err(INVALID);
        }
        for (bit, place) in [(1, &mut read.pinned), (2, &mut read.trial)] {
            if kept & bit != 0 {
                *place = Some(Profile::read(&mut fields)?);
            }
        }
        fields.finish()?;
        if read.refused.is_sorted_by(|a, b| a < b) && !read.is_empty() { Ok(read) } else { Err(INVALID) }
    }
}
