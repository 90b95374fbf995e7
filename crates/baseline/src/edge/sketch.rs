//! How often does a key appear, and how much of it when it does? A count-min sketch of decayed cells.
//!
//! A key owns a cell in each of two rows, and each of its figures is the lesser of the two (Cormode and
//! Muthukrishnan, J. Algorithms 55(1), 2005). A cell learns its last tick only when the next one touches it, so
//! nothing is swept. O(1), 20 bytes a cell. What a tick holds beyond the usual is kept out of the mean, as in
//! MIDAS-F (Bhatia et al., ACM TKDD 16(4), 2022, section 5), but not for good: the first odd ticks of a row teach
//! some, so that a burst that returns each day becomes usual and a flood does not.

use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// A count of so many times the usual is odd: three octaves.
const ODD: f32 = 8.0;
/// So many quiet ticks end a row of odd ones. Floods pause for less; what recurs by the hour or day for more.
const QUIET: u32 = 60;
/// Ticks of usual size that a key's own history is joined with.
const PRIOR_TICKS: f32 = 2.0;
/// Ticks after which what is known counts half: half a year of minutes, three days of seconds.
const HALF_LIFE: u32 = 1 << 18;
/// No sum of a sound snapshot is larger: far from where 32-bit floats end.
const LARGEST: f64 = 1e30;

/// One cell: what its keys were like, learnt up to `tick`, and what they are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    // 0 before any key came.
    tick: u32,
    // Odd ticks in a row, however many ordinary ones between.
    odd: u32,
    // Hits of this tick, and half of the tick's before. INVARIANT: these three are finite and not negative.
    heat: f32,
    // Ticks in which a key came, and their heat; odd ones at less than one.
    seen: f32,
    total: f32,
}

/// What is known of a key, its present tick left out of `seen` and `usual`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known {
    /// Hits of this tick, and half of those of the tick before.
    pub(super) heat: f32,
    /// Ticks in which it came before.
    pub(super) seen: f32,
    /// The heat that is usual when it comes.
    pub(super) usual: f32,
    /// Whether this is its first hit of the tick.
    pub(super) first: bool,
}

impl Known {
    /// How many times the usual there is.
    pub(super) fn times(&self) -> f32 {
        self.heat / self.usual
    }
}

/// Cells by key.
#[derive(Clone, PartialEq)]
pub(super) struct Sketch {
    // INVARIANT: a power of two, two rows in turn.
    cells: Vec<Cell>,
    // Over all cells, so that a new key is expected to be like the others.
    seen: f64,
    total: f64,
}

impl Sketch {
    /// A sketch with `cells` cells, rounded up to a power of two of at least 2.
    pub(super) fn new(cells: usize) -> Self {
        // One tick of one hit stands for all that is not known.
        Self { cells: vec![Cell::default(); cells.next_power_of_two().max(2)], seen: 1.0, total: 1.0 }
    }

    /// Counts a hit of the key that hashes to `hash` in tick `tick`, and tells what it is like with it.
    ///
    /// Ticks begin at 1 and never go back.
    pub(super) fn hit(&mut self, hash: u64, tick: u32) -> Known {
        let prior = self.prior();
        let mut known = Known { heat: f32::MAX, seen: f32::MAX, usual: f32::MAX, first: false };
        for at in self.places(hash) {
            let Some(cell) = self.cells.get_mut(at) else { continue };
            if cell.tick != tick {
                known.first = true;
                let (seen, total) = cell.turn(tick, prior);
                self.seen += f64::from(seen);
                self.total += f64::from(total);
            }
            cell.heat += 1.0;
            known.heat = known.heat.min(cell.heat);
            known.seen = known.seen.min(cell.seen);
            known.usual = known.usual.min(cell.usual(prior));
        }
        known
    }

    /// What is known of a key in tick `tick`, without a hit.
    pub(super) fn look(&self, hash: u64, tick: u32) -> Known {
        let prior = self.prior();
        let mut known = Known { heat: f32::MAX, seen: f32::MAX, usual: f32::MAX, first: false };
        for at in self.places(hash) {
            let Some(mut cell) = self.cells.get(at).copied() else { continue };
            if cell.tick != tick {
                known.first = true;
                cell.turn(tick, prior);
            }
            known.heat = known.heat.min(cell.heat);
            known.seen = known.seen.min(cell.seen);
            known.usual = known.usual.min(cell.usual(prior));
        }
        known
    }

    fn prior(&self) -> f32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a mean of counts that are themselves of 32 bits"
        )]
        let prior = (self.total / self.seen) as f32;
        prior
    }

    fn places(&self, hash: u64) -> [usize; 2] {
        let half = self.cells.len() as u64 / 2;
        [hash & (half - 1), half + (hash >> 32 & (half - 1))].map(|at| usize::try_from(at).unwrap_or(0))
    }

    /// Bytes this takes in memory.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.cells.len() * size_of::<Cell>()
    }

    /// Writes the cells that hold something.
    pub(super) fn write(&self, out: &mut SnapshotWriter) {
        out.f64(self.seen);
        out.f64(self.total);
        let used = || self.cells.iter().enumerate().filter(|(_, cell)| cell.tick > 0);
        out.len(used().count());
        for (at, cell) in used() {
            out.u32(u32::try_from(at).unwrap_or(u32::MAX));
            out.u32(cell.tick);
            out.u32(cell.odd);
            for figure in [cell.heat, cell.seen, cell.total] {
                out.u32(figure.to_bits());
            }
        }
    }

    /// Reads into an empty sketch what a sketch of as many cells wrote up to tick `tick`.
    pub(super) fn read(&mut self, fields: &mut SnapshotReader<'_>, tick: u32) -> Result<(), SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "sketch" };
        (self.seen, self.total) = (fields.f64()?, fields.f64()?);
        let sound = |sum: f64| (1.0..=LARGEST).contains(&sum);
        if !sound(self.seen) || !sound(self.total) {
            return Err(INVALID);
        }
        let mut next = 0;
        for _ in 0..fields.len(24)? {
            let at = usize::try_from(fields.u32()?).map_err(|_| INVALID)?;
            let cell = Cell {
                tick: fields.u32()?,
                odd: fields.u32()?,
                heat: figure(fields)?,
                seen: figure(fields)?,
                total: figure(fields)?,
            };
            let slot = self.cells.get_mut(at).filter(|_| at >= next && (1..=tick).contains(&cell.tick));
            *slot.ok_or(INVALID)? = cell;
            next = at + 1;
        }
        Ok(())
    }
}

impl Cell {
    fn usual(&self, prior: f32) -> f32 {
        (self.total + PRIOR_TICKS * prior) / (self.seen + PRIOR_TICKS)
    }

    /// Learns the tick it is in and goes on to `tick`; gives what it learnt, in ticks and heat.
    fn turn(&mut self, tick: u32, prior: f32) -> (f32, f32) {
        let mut learnt = (0.0, 0.0);
        let gap = tick.saturating_sub(self.tick);
        if self.tick > 0 {
            let usual = self.usual(prior);
            let is_odd = self.heat > ODD * usual;
            self.odd = self.odd.saturating_add(u32::from(is_odd));
            let weight = if is_odd { halved(1.0, self.odd) } else { 1.0 };
            learnt = (weight, weight * self.heat.min(ODD * usual));
            self.seen += learnt.0;
            self.total += learnt.1;
            let turns = tick / HALF_LIFE - self.tick / HALF_LIFE;
            (self.seen, self.total) = (halved(self.seen, turns), halved(self.total, turns));
        }
        if gap > QUIET {
            self.odd = 0;
        }
        self.heat = halved(self.heat, gap);
        self.tick = tick;
        learnt
    }
}

/// `value` halved `times` times; nothing from 64 times on.
pub(super) fn halved(value: f32, times: u32) -> f32 {
    if times < 64 { value / (1_u64 << times) as f32 } else { 0.0 }
}

/// The ticks that count at tick `tick`, by the same half-life as the cells'.
pub(super) fn horizon(tick: u32) -> f32 {
    let mut whole = 0.0;
    for _ in 0..(tick / HALF_LIFE).min(64) {
        whole = f32::midpoint(whole, HALF_LIFE as f32);
    }
    whole + (tick % HALF_LIFE) as f32
}

fn figure(fields: &mut SnapshotReader<'_>) -> Result<f32, SnapshotError> {
    let value = f32::from_bits(fields.u32()?);
    let sound = value.is_sign_positive() && f64::from(value) <= LARGEST;
    if sound { Ok(value) } else { Err(SnapshotError::Invalid { field: "sketch" }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The same for each key on its own, from all that is known of its ticks: the slow oracle.
    #[derive(Default)]
    struct Exact(BTreeMap<u64, Vec<(u32, u32)>>);

    impl Exact {
        fn hit(&mut self, key: u64, tick: u32) {
            let ticks = self.0.entry(key).or_default();
            match ticks.last_mut().filter(|last| last.0 == tick) {
                Some(last) => last.1 += 1,
                None => ticks.push((tick, 1)),
            }
        }

        fn heat(&self, key: u64, now: u32) -> f64 {
            let ticks = self.0.get(&key).map_or(&[][..], Vec::as_slice);
            ticks.iter().map(|(tick, hits)| f64::from(*hits) * libm::exp2(-f64::from(now - tick))).sum()
        }

        /// Ticks before this one.
        fn seen(&self, key: u64, now: u32) -> usize {
            self.0.get(&key).map_or(0, |ticks| ticks.iter().filter(|(tick, _)| *tick < now).count())
        }
    }

    fn scattered(key: u64) -> u64 {
        crate::seed::Seed(1).value(0, &key.to_string())
    }

    proptest! {
        #[test]
        fn few_keys_are_counted_as_by_the_oracle(steps in prop::collection::vec((0_u64..8, 0_u32..3), 1..80)) {
            let (mut sketch, mut exact, mut tick) = (Sketch::new(1 << 12), Exact::default(), 1);
            for (key, pause) in steps {
                tick += pause;
                exact.hit(key, tick);
                let known = sketch.hit(scattered(key), tick);
                let heat = exact.heat(key, tick);
                prop_assert!((f64::from(known.heat) - heat).abs() <= 1e-4 * heat, "{:?} {}", known, heat);
                // No count is odd among so few: every tick teaches in full.
                if heat < 8.0 {
                    prop_assert!((known.seen - exact.seen(key, tick) as f32).abs() < 1e-3);
                }
                let looked = sketch.look(scattered(key), tick);
                prop_assert_eq!((looked.heat, looked.seen, looked.first), (known.heat, known.seen, false));
            }
        }

        #[test]
        fn however_crowded_no_heat_is_missed(steps in prop::collection::vec((0_u64..200, 0_u32..3), 1..200)) {
            let (mut sketch, mut exact, mut tick) = (Sketch::new(16), Exact::default(), 1);
            for (key, pause) in steps {
                tick += pause;
                exact.hit(key, tick);
                prop_assert!(f64::from(sketch.hit(scattered(key), tick).heat) >= exact.heat(key, tick) * 0.999);
            }
        }
    }

    #[test]
    fn a_flood_teaches_no_more_than_a_little() {
        let mut sketch = Sketch::new(64);
        for tick in 1..=100 {
            sketch.hit(1, tick);
        }
        let before = sketch.look(1, 101);
        for tick in 101..=130 {
            for _ in 0..10_000 {
                sketch.hit(1, tick);
            }
        }
        let after = sketch.look(1, 131);
        assert!(after.seen < before.seen + 1.5 && after.usual < 2.0 * before.usual, "{before:?} {after:?}");
    }

    #[test]
    fn keys_scatter_over_both_rows() {
        let sketch = Sketch::new(1 << 13);
        for row in 0..2 {
            let mut taken: Vec<usize> = (0..1_000).map(|key| sketch.places(scattered(key))[row]).collect();
            taken.sort_unstable();
            taken.dedup();
            assert!((860..920).contains(&taken.len()), "885 by chance: {}", taken.len());
        }
    }

    #[test]
    fn what_is_old_counts_half() {
        assert!((horizon(HALF_LIFE * 3) - 1.75 * HALF_LIFE as f32 / 2.0).abs() < 1.0);
        assert!((horizon(10) - 10.0).abs() < 1e-6);
        let mut sketch = Sketch::new(64);
        for tick in 1..=64 {
            sketch.hit(1, tick);
        }
        let later = sketch.look(1, HALF_LIFE + 1).seen;
        assert!((later - 32.0).abs() < 0.1, "{later}");
    }
}
