//! One record as the model sees it: each cell read, hashed and weighed once, for scoring and learning alike.

use super::bursts::Burst;
use super::column::{Rarity, Reading};
use super::contexts::{Context, joined};
use super::{Cell, Record, RecordModel};
use crate::seed::Seed;
use libm::log2;

/// A cell of a column that is not known yet.
const UNKNOWN: Rarity = Rarity { bits: 0.0, share: 1.0 };
/// Stands for any cell of a column whose cells are new each time.
const NEW_EACH_TIME: u64 = 0x6E65_7765_6163_6821;
/// Combinations of octaves that usually come less often than once in 16 ticks are equally rare.
const SELDOM: f64 = 1.0 / 16.0;

/// What is known of a record before it is learnt.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    pub(super) looks: Vec<Look>,
    // Hash of the words, and of all cells roughly.
    pub(super) words: u64,
    pub(super) signature: u64,
    pub(super) rarity: f64,
    pub(super) context: f64,
    pub(super) has_words: bool,
    pub(super) burst: Burst,
}

impl Default for Burst {
    fn default() -> Self {
        Self { now: 0.0, usual: 0.0 }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) reading: Reading,
    // The hash of its column and eighth of an octave.
    pub(super) fine: u64,
    // Bits in its column.
    pub(super) rarity: f64,
    // The probability of its bin or word in its column.
    share: f64,
}

impl RecordModel {
    /// Looks at a record as it stands to what was learnt. `sight` gives its buffer.
    pub(super) fn look(&self, record: &Record<'_>, mut sight: Sight) -> Sight {
        sight.looks.clear();
        (sight.words, sight.signature, sight.rarity) = (0, 0, 0.0);
        sight.has_words = false;
        for (column, cell) in (0_u32..).zip(record.cells()) {
            let (reading, mut rough, mut fine) = read(self.config.seed(), column, cell);
            let own = usize::try_from(column).ok().and_then(|at| self.columns.get(at));
            let is_always_new = own.is_some_and(|own| own.is_always_new(reading));
            if is_always_new {
                // That there is one counts, which one it is does not: else no two records would be alike.
                (rough, fine) = (NEW_EACH_TIME ^ u64::from(column), NEW_EACH_TIME ^ !u64::from(column));
            }
            if !matches!(reading, Reading::Number(_)) && !is_always_new {
                sight.has_words = true;
                sight.words = sight.words.wrapping_add(rough);
            }
            sight.signature = sight.signature.wrapping_add(rough);
            let known = own.filter(|_| !is_always_new);
            let Rarity { bits, share } = known.map_or(UNKNOWN, |own| own.rarity(reading));
            sight.rarity += bits;
            sight.looks.push(Look { reading, fine, rarity: bits, share });
        }
        sight.burst = self.bursts.of(sight.signature, self.part());
        sight.context =
            if sight.has_words { self.context(&sight) } else { -log2(sight.burst.usual + SELDOM) };
        sight
    }

    /// The bits of all cells, numbers seen among records of the same words.
    fn context(&self, sight: &Sight) -> f64 {
        let context = self.contexts.of(sight.words);
        // One logarithm for several factors, of which eight can not leave the range of a float.
        let product = |looks: &[Look]| looks.iter().map(|look| self.share(context, look)).product::<f64>();
        -sight.looks.chunks(8).map(|looks| log2(product(looks))).sum::<f64>()
    }

    /// The bits of one cell in that sum.
    pub(super) fn context_of(&self, sight: &Sight, look: &Look) -> f64 {
        -log2(self.share(self.contexts.of(sight.words), look))
    }

    fn share(&self, context: Context, look: &Look) -> f64 {
        match look.reading {
            Reading::Number(_) => self.contexts.share(context, look.fine, look.share),
            _ => look.share.max(1e-12),
        }
    }
}

/// The reading of a cell, the hash of its octave or word, and that of its eighth of an octave.
fn read(seed: Seed, column: u32, cell: &Cell<'_>) -> (Reading, u64, u64) {
    let salt = (u64::from(column) + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ seed.0;
    let reading = match cell {
        Cell::Number(x) => Reading::of_number(*x),
        Cell::Absent => Reading::Absent,
        Cell::Word(word) => {
            let hash = seed.value(column, word);
            return (Reading::Word((hash >> 32) as u32), joined(hash, salt), hash);
        }
    };
    let Reading::Number(position) = reading else { return (reading, joined(u64::MAX, salt), 0) };
    let rough = joined((position >> 20).cast_unsigned(), salt);
    (reading, rough, joined((position >> 17).cast_unsigned(), !salt))
}
