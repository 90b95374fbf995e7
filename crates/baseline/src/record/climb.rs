//! Does a column of numbers only ever climb, as a counter, an offset or a clock does?
//!
//! Each number of such a column is higher than all before it, so that it is always news and never tells anything. The
//! shares of steps up and down are exponential means. O(1) a number; 24 bytes.

use crate::varint::{Fields, put, put_signed};
use homeostat_core::SnapshotError;

/// Numbers that the means cover, and a quarter of them before anything is said.
const MEMORY: u32 = 1_024;
/// A counter falls when it begins anew, hardly more often than this.
const FALLS: f32 = 1.0 / 256.0;
/// A column that mostly stands still tells by its steps.
const RISES: f32 = 1.0 / 8.0;

/// How the numbers of a column follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Climb {
    last: i64,
    seen: u32,
    // INVARIANT: shares, `0..=1`.
    rises: f32,
    falls: f32,
}

impl Climb {
    /// Learns the next number's position.
    pub(super) fn learn(&mut self, position: i64) {
        let rate = 1.0 / f64::from(self.seen.clamp(1, MEMORY));
        let moved = |share: f32, now: bool| {
            super::ladder::kept(f64::from(share) + rate * (f64::from(u8::from(now)) - f64::from(share)))
        };
        if self.seen > 0 {
            self.rises = moved(self.rises, position > self.last);
            self.falls = moved(self.falls, position < self.last);
        }
        self.seen = self.seen.saturating_add(1);
        self.last = position;
    }

    /// Whether its numbers say no more than that time has passed.
    pub(super) fn is_clock(&self) -> bool {
        self.seen > MEMORY / 4 && self.falls < FALLS && self.rises > RISES
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_signed(out, self.last);
        put(out, u64::from(self.seen));
        put(out, u64::from(self.rises.to_bits()));
        put(out, u64::from(self.falls.to_bits()));
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let (last, seen) = (fields.signed()?, fields.small()?);
        let (rises, falls) = (f32::from_bits(fields.small()?), f32::from_bits(fields.small()?));
        let sound = [rises, falls].iter().all(|share| (0.0..=1.0).contains(share));
        if sound {
            Ok(Self { last, seen, rises, falls })
        } else {
            Err(SnapshotError::Invalid { field: "climb" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: impl Iterator<Item = i64>) -> Climb {
        let mut climb = Climb::default();
        numbers.for_each(|number| climb.learn(number));
        let mut out = Vec::new();
        climb.write(&mut out);
        assert_eq!(Climb::read(&mut Fields(&out)), Ok(climb));
        climb
    }

    #[test]
    fn a_counter_is_a_clock_and_what_wavers_or_stands_still_is_none() {
        assert!(after(0..2_000).is_clock());
        assert!(after((0..2_000).map(|number| number / 4)).is_clock(), "with ties");
        assert!(!after((0..2_000).map(|number| number % 100)).is_clock());
        assert!(!after((0..2_000).map(|_| 7)).is_clock());
        assert!(!after(0..200).is_clock(), "too early to say");
    }
}
