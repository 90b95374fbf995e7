//! The bits of one record: three channels, brought to one unit and joined.
//!
//! Each channel's statistic becomes a tail probability by its ranks; the joint one is their weighted harmonic mean, which
//! stays valid under dependence (Wilson, PNAS 116(4), 2019, eq. 3), never Fisher's product.

use homeostat_core::Bits;

/// The burst channel's share in the joint probability. Bursts of harmless kinds are common and each of their
/// records would be news; a flood is far enough out to pay the 5.3 bits.
const BURST: f64 = 1.0 / 40.0;

/// The context's share in what a record is in itself: a half where words sort records into kinds, a fifth where
/// octaves of all its numbers together do, which is but a rough sort.
pub(super) const BY_WORDS: f64 = 0.5;
/// See [`BY_WORDS`].
pub(super) const BY_NUMBERS: f64 = 0.2;

/// How surprising one record is, and by which channel.
///
/// A statement at its place in the log: it is never rewritten.
///
/// ```
/// use homeostat_baseline::{Cell, Record, RecordModel};
/// use homeostat_core::{Position, State as _};
///
/// let mut model = RecordModel::default();
/// for n in 0..3_000_u32 {
///     let cells = [Cell::Number(f64::from(n % 50)), Cell::Word("GET")];
///     model.observe(Position::at(n.into()), &Record::new(&cells))?;
/// }
/// let usual = model.score(&Record::new(&[Cell::Number(17.0), Cell::Word("GET")]))?;
/// let odd = model.score(&Record::new(&[Cell::Number(1e9), Cell::Word("GET")]))?;
/// assert!(odd.bits() > usual.bits());
/// assert!(odd.rarity() > odd.burst(), "it is odd in itself, and no flood");
/// # Ok::<(), homeostat_baseline::BadRecord>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordScore {
    pub(super) rarity: Bits,
    pub(super) context: Bits,
    // The context's share in what a record is in itself.
    pub(super) share: f64,
    pub(super) burst: Bits,
}

impl RecordScore {
    /// The surprise of all channels together.
    pub fn bits(&self) -> Bits {
        let odds = |bits: Bits| 1.0 / bits.probability().max(1e-300);
        let own = (1.0 - self.share) * odds(self.rarity) + self.share * odds(self.context);
        Bits::of_probability(1.0 / ((1.0 - BURST) * own + BURST * odds(self.burst)))
    }

    /// How rare its cells are, each in its column.
    pub fn rarity(&self) -> Bits {
        self.rarity
    }

    /// How rare its numbers are among records with the same words; without words, how rare the combination of
    /// their octaves is.
    pub fn context(&self) -> Bits {
        self.context
    }

    /// How much more often than usual records like it come now.
    pub fn burst(&self) -> Bits {
        self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_joint_score_lies_between_the_channels(
            rarity in 0.0_f64..60.0, context in 0.0_f64..60.0, burst in 0.0_f64..60.0,
        ) {
            let [own, beside, now] = [rarity, context, burst].map(Bits::new);
            let score = RecordScore { rarity: own, context: beside, share: BY_NUMBERS, burst: now };
            let bits = score.bits().get();
            let (least, most) = (rarity.min(context).min(burst), rarity.max(context).max(burst));
            prop_assert!(bits >= least - 1e-9 && bits <= most + 1e-9);
            prop_assert!(bits >= rarity - 0.37 && bits >= context - 2.48 && bits >= burst - 5.33, "the price");
        }
    }
}
