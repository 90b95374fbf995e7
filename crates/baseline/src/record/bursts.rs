//! Do records like this one come more often just now than they usually do?
//!
//! Beside each hashed signature a fast count, halved each tick, and a slow one that learns no more than the
//! excess over the usual allows: what comes `x` times as often as usual teaches `1/x` of a record each. So a flood
//! is not learnt as the normal (in the manner of MIDAS-F: Bhatia et al., ACM TKDD 16(4), 2022, section 4.3, whose threshold
//! is a weight here), while what always repeats is learnt in full. O(1) a record, 12 bytes a cell.

use super::ladder::kept;
use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;
use libm::log2;

/// Cells of the table: a power of two.
const CELLS: usize = 1 << 15;
/// Parts of a tick in which counts decay.
pub(super) const PARTS: u32 = 8;
/// Decays told apart: after 32 ticks nothing is left.
const DECAYS: usize = 256;
/// Repeats in a tick that are nothing yet: so many of a kind come together by chance in any log.
const CHANCE: f64 = 4.0;
/// A fast count of a steady stream is 1/ln 2 of what comes in a tick.
const GAIN: f64 = core::f64::consts::LOG2_E;
/// Ticks that the slow counts cover before they are halved.
const MEMORY: f64 = 128.0;

#[derive(Clone, PartialEq)]
pub(super) struct Bursts {
    // INVARIANT: `CELLS` long.
    cells: Vec<Cell>,
    decays: Vec<f32>,
    // Ticks that the slow counts cover.
    ticks: f64,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Cell {
    // INVARIANT: both finite and not negative.
    fast: f32,
    slow: f32,
    part: u32,
}

/// How often a signature comes now, and how often it usually does: records a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Burst {
    pub(super) now: f64,
    pub(super) usual: f64,
}

impl Burst {
    /// How many times as often as usual: `0..`, about 1 for what comes as it does.
    fn ratio(self) -> f64 {
        (self.now + CHANCE) / (self.usual + CHANCE)
    }

    /// The logarithm of the ratio, in bits: the statistic that is ranked.
    pub(super) fn bits(self) -> f64 {
        log2(self.ratio())
    }

    /// The most bits that the counts themselves vouch for: the bound of Chernoff for a Poisson count
    /// (Mitzenmacher and Upfal, 2005, theorem 5.4); 0 when no more come than usual.
    pub(super) fn vouched(self) -> f64 {
        let (now, usual) = (self.now + CHANCE, self.usual + CHANCE);
        let excess = (now - usual).max(0.0);
        if excess > 0.0 { now * log2(now / usual) - excess * core::f64::consts::LOG2_E } else { 0.0 }
    }

    /// The part of a record that one teaches: all of it up to the usual, `1 / ratio` in a flood.
    pub(super) fn weight(self) -> f64 {
        (1.0 / self.ratio()).min(1.0)
    }
}

impl Bursts {
    pub(super) fn new() -> Self {
        let decays = (0..DECAYS).map(|parts| kept(libm::exp2(-(parts as f64) / f64::from(PARTS))));
        Self { cells: vec![Cell::default(); CELLS], decays: decays.collect(), ticks: 0.0 }
    }

    /// What is known of a signature in part `part` of a tick.
    pub(super) fn of(&self, signature: u64, part: u32) -> Burst {
        let cell = self.cells.get(place(signature)).copied().unwrap_or_default();
        let now = f64::from(cell.fast * self.decay(cell, part)) / GAIN;
        Burst { now, usual: f64::from(cell.slow) / self.ticks.max(1e-9) }
    }

    /// Learns one record: `weight` of it in the slow count, and `tick` ticks passed.
    pub(super) fn learn(&mut self, signature: u64, part: u32, weight: f64, tick: f64) {
        let at = place(signature);
        let decay = self.cells.get(at).map_or(0.0, |cell| self.decay(*cell, part));
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = Cell { fast: cell.fast * decay + 1.0, slow: cell.slow + kept(weight), part };
        }
        self.ticks += tick;
        if self.ticks > MEMORY {
            self.ticks /= 2.0;
            self.cells.iter_mut().for_each(|cell| cell.slow /= 2.0);
        }
    }

    fn decay(&self, cell: Cell, part: u32) -> f32 {
        let parts = usize::try_from(part.saturating_sub(cell.part)).unwrap_or(DECAYS);
        self.decays.get(parts).copied().unwrap_or(0.0)
    }

    /// Bytes of the table.
    pub(super) fn weight(&self) -> usize {
        self.cells.len() * size_of::<Cell>() + self.decays.len() * size_of::<f32>()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        crate::varint::put_float(out, self.ticks);
        let known = |cell: &&Cell| **cell != Cell::default();
        put(out, self.cells.iter().filter(known).count() as u64);
        for (at, cell) in self.cells.iter().enumerate().filter(|(_, cell)| known(cell)) {
            let numbers = [cell.fast.to_bits(), cell.slow.to_bits(), cell.part];
            put(out, at as u64);
            for number in numbers {
                put(out, u64::from(number));
            }
        }
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "bursts" };
        let mut read = Self { ticks: fields.float()?, ..Self::new() };
        let mut least = 0;
        for _ in 0..fields.count(CELLS)? {
            let at = fields.place(CELLS)?;
            let (fast, slow) = (f32::from_bits(fields.small()?), f32::from_bits(fields.small()?));
            let cell = Cell { fast, slow, part: fields.small()? };
            let sound = (0.0..1e30).contains(&fast) && (0.0..1e30).contains(&slow) && cell != Cell::default();
            *read.cells.get_mut(at).filter(|_| at >= least && sound).ok_or(INVALID)? = cell;
            least = at + 1;
        }
        if (0.0..=MEMORY).contains(&read.ticks) { Ok(read) } else { Err(INVALID) }
    }
}

fn place(signature: u64) -> usize {
    usize::try_from(signature % CELLS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICK: f64 = 1_000.0;

    fn feed(bursts: &mut Bursts, signature: u64, at: u32) -> Burst {
        let part = at / 125;
        let burst = bursts.of(signature, part);
        bursts.learn(signature, part, burst.weight(), 1.0 / TICK);
        burst
    }

    #[test]
    fn what_always_repeats_is_learnt_and_a_flood_is_not() {
        let mut bursts = Bursts::new();
        // Half of the log is one signature from the start; from record 20,000 on another floods it.
        let (mut steady, mut flood) = (1.0_f64, 0.0_f64);
        for at in 0..30_000_u32 {
            if at % 2 == 0 {
                let weight = feed(&mut bursts, 1, at).weight();
                steady = if at > 5_000 { steady.min(weight) } else { steady };
            } else if at < 20_000 {
                feed(&mut bursts, u64::from(1_000 + at), at);
            } else {
                flood = feed(&mut bursts, 2, at).bits();
            }
        }
        assert!(steady > 0.9, "{steady}");
        assert!(flood > 4.0, "{flood}");
        assert!(bursts.of(2, 240).usual < 20.0, "ten ticks of flood are not the usual");
    }

    proptest! {
        /// The oracle keeps when each record came, and decays every one by itself.
        #[test]
        fn counts_are_those_of_adding_up_all_records(
            records in prop::collection::vec((0_u64..6, 0_u32..60), 1..150),
        ) {
            let mut bursts = Bursts::new();
            let mut all: Vec<(u64, u32)> = Vec::new();
            let mut part = 0;
            for (signature, step) in records {
                part += step;
                let exact: f64 = all.iter().filter(|(own, _)| *own == signature).map(|(_, at)| {
                    libm::exp2(-f64::from(part - at) / 8.0)
                }).sum::<f64>() / GAIN;
                let burst = bursts.of(signature, part);
                prop_assert!((burst.now - exact).abs() < 1e-4 * exact + 1e-6, "{} {exact}", burst.now);
                prop_assert!(burst.vouched() >= 0.0 && (0.0..=1.0).contains(&burst.weight()));
                bursts.learn(signature, part, 1.0, 0.01);
                all.push((signature, part));
            }
            let mut out = Vec::new();
            bursts.write(&mut out);
            prop_assert!(Bursts::read(&mut Fields(&out)).unwrap() == bursts);
        }
    }
}
