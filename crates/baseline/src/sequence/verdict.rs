//! What the model of sequences answers: how surprising a passage is, and which symbols make it so.

use core::fmt;
use homeostat_core::Bits;

/// The symbols that are told as reasons.
pub(crate) const REASONS: usize = 5;

/// How surprising one passage is for its entity, and why.
#[derive(Clone, PartialEq)]
pub struct SequenceVerdict {
    pub(crate) bits: Bits,
    pub(crate) score: f64,
    pub(crate) passages: u64,
    pub(crate) reasons: Vec<SymbolReason>,
}

impl SequenceVerdict {
    /// The surprise: −log₂ of the share of passages, of the entity and its peers, that score as high.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// The evidence before calibration. With peers: bits a symbol that speak for somebody else, below zero where
    /// the entity's own habits explain the passage better. Without: deviations from the passages most like it.
    pub fn evidence(&self) -> f64 {
        self.score
    }

    /// Passages before this one that were taken for the entity's own; few of them make a weak verdict.
    pub fn passages(&self) -> u64 {
        self.passages
    }

    /// The symbols that speak most against the entity, at most five, the strongest first.
    pub fn reasons(&self) -> &[SymbolReason] {
        &self.reasons
    }
}

impl fmt::Debug for SequenceVerdict {
    /// Shows figures, never a symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequenceVerdict")
            .field("bits", &self.bits)
            .field("score", &self.score)
            .field("passages", &self.passages)
            .field("reasons", &self.reasons.len())
            .finish()
    }
}

/// One symbol of a passage that speaks against the entity.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SymbolReason {
    /// The symbol, as the passage has it.
    pub symbol: String,
    /// How often the passage has it.
    pub times: usize,
    /// Its evidence in bits, over all times.
    pub bits: f64,
    /// Passages of the entity that had it, faded ones in part.
    pub seen: f64,
    /// How many of the peers have it, and how many peers there are; none without a group.
    pub peers: Option<(u32, u32)>,
}

impl fmt::Debug for SymbolReason {
    /// Shows figures, never the symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbolReason")
            .field("times", &self.times)
            .field("bits", &self.bits)
            .field("seen", &self.seen)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SymbolReason {
    /// As in `nmap 4 times, in no passage before, 0 of 30 peers have it`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.times == 1 { "time" } else { "times" };
        write!(f, "{} {} {times}, in ", self.symbol, self.times)?;
        match self.seen {
            seen if seen <= 0.0 => f.write_str("no passage before")?,
            seen if seen < 1.5 => f.write_str("one passage before")?,
            seen => write!(f, "{seen:.0} passages before")?,
        }
        self.peers.map_or(Ok(()), |(with, all)| write!(f, ", {with} of {all} peers have it"))
    }
}
