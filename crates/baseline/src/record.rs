//! How surprising is this record of numbers and words, seen against all records before it?
//!
//! Two questions are asked of each. Is it odd in itself: its cells in their columns, and its numbers among records
//! of the same words? And does it come in a burst: more like it in this tick than there usually are? What comes in
//! excess of the usual teaches less the more of it comes, and what is improbable teaches a tenth, so that neither
//! a flood nor an attack becomes the normal. One pass, in order, O(columns) a record; memory is bounded by the
//! number of columns.

mod bursts;
mod climb;
mod column;
mod contexts;
mod explanation;
mod ladder;
mod ranks;
mod score;
mod sight;
mod snapshot;
mod words;

pub use explanation::{RecordAspect, RecordContribution, RecordExplanation};
pub use score::RecordScore;

use crate::seed::Seed;
use bursts::Bursts;
use column::Column;
use contexts::Contexts;
use core::fmt;
use homeostat_core::{Bits, Observed, Position, Positions, SnapshotError, State};
use ladder::UNIT;
use ranks::Ranks;
use sight::Sight;

/// One field of a record.
#[derive(Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The record has no such field. As normal as it is usual.
    Absent,
    /// A number, of any scale and unit. What is not finite counts as absent.
    Number(f64),
    /// A word: a category, a name, a flag.
    Word(&'a str),
}

impl fmt::Debug for Cell<'_> {
    /// Shows the kind only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Number(_) => "Number",
            Self::Word(_) => "Word",
        })
    }
}

/// A record: cells in the order of their columns. Trailing cells may be left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a>(&'a [Cell<'a>]);

impl<'a> Record<'a> {
    /// The most columns of a record: four times the widest log that is common.
    pub const COLUMNS: usize = 1_024;

    /// A record of these cells.
    pub fn new(cells: &'a [Cell<'a>]) -> Self {
        Self(cells)
    }

    /// Its cells.
    pub fn cells(&self) -> &'a [Cell<'a>] {
        self.0
    }
}

/// Why a record is neither scored nor learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record has more than 1024 columns")]
pub struct BadRecord;

/// What a record teaches. [`RecordLearning::Guarded`] is right for any log that an attacker can write to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordLearning {
    /// Less in a flood, and a tenth when it is suspicious.
    #[default]
    Guarded,
    /// Less in a flood.
    FloodLimited,
    /// A tenth when it is suspicious: less probable than one in a thousand.
    Gated,
    /// All of itself.
    Everything,
}

impl RecordLearning {
    fn limits_floods(self) -> bool {
        matches!(self, Self::Guarded | Self::FloodLimited)
    }

    fn gates(self) -> bool {
        matches!(self, Self::Guarded | Self::Gated)
    }
}

/// The settings of a [`RecordModel`]. They travel in its snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordConfig {
    /// Seeds the hash of words and tables. 0 by default, for tests: give each tenant a random one of its own.
    pub table_seed: u64,
    /// Records in a tick, the time in which a burst is one: 1,000 by default, which a busy log makes in seconds.
    pub tick: u32,
    /// What a record teaches.
    pub learning: RecordLearning,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { table_seed: 0, tick: 1_000, learning: RecordLearning::default() }
    }
}

impl RecordConfig {
    fn seed(&self) -> Seed {
        Seed(self.table_seed)
    }

    fn check(self) -> Result<Self, RecordConfigError> {
        if self.tick < bursts::PARTS { Err(RecordConfigError) } else { Ok(self) }
    }
}

impl fmt::Debug for RecordConfig {
    /// Leaves out the seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordConfig")
            .field("tick", &self.tick)
            .field("learning", &self.learning)
            .finish_non_exhaustive()
    }
}

/// A tick too short to count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`tick` must be at least 8 records")]
pub struct RecordConfigError;

/// What a [`RecordModel`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordStats {
    /// Records learnt.
    pub records: u64,
    /// Records refused.
    pub refused: u64,
    /// Columns known.
    pub columns: usize,
    /// Bytes in memory.
    pub bytes: usize,
}

/// What is normal in a log of records with numeric and categorical columns, and cells that may be absent.
///
/// Nobody scales, labels or declares anything: a column is what its cells are. It holds hashes of words, never
/// words. Hand-over: a model is not [`Merge`](homeostat_core::Merge), since a burst is a matter of order; one owner
/// applies a log, and its bytes go on elsewhere.
///
/// ```
/// use homeostat_baseline::{Cell, Record, RecordAspect, RecordModel};
/// use homeostat_core::{Position, State as _};
///
/// let mut model = RecordModel::default();
/// for n in 0..2_000_u32 {
///     let cells = [Cell::Word("http"), Cell::Number(f64::from(200 + n % 97)), Cell::Absent];
///     model.observe(Position::at(n.into()), &Record::new(&cells))?;
/// }
/// let odd = [Cell::Word("http"), Cell::Number(54_540.0), Cell::Absent];
/// let why = model.explain(&Record::new(&odd))?;
/// assert!(why.score().bits().get() > 8.0);
/// assert_eq!(why.contributions()[0].aspect(), RecordAspect::Column(1));
/// assert!(why.without_top() < why.score().bits());
/// # Ok::<(), homeostat_baseline::BadRecord>(())
/// ```
#[derive(Clone)]
pub struct RecordModel {
    config: RecordConfig,
    seen: Positions,
    records: u64,
    refused: u64,
    columns: Vec<Column>,
    contexts: Contexts,
    bursts: Bursts,
    // Ranks of the statistics: rarity, context, burst.
    ranks: [Ranks; 3],
    // A buffer, between records of no meaning.
    sight: Sight,
}

impl Default for RecordModel {
    fn default() -> Self {
        Self::of(RecordConfig::default())
    }
}

impl RecordModel {
    /// A suspicious record is less probable than this.
    const SUSPICIOUS: f64 = 1e-3;
    /// What a suspicious record teaches.
    const SUSPICIOUS_SHARE: f64 = 0.1;

    /// A model that knows nothing.
    ///
    /// # Errors
    ///
    /// [`RecordConfigError`] when the tick is shorter than 8 records.
    pub fn new(config: RecordConfig) -> Result<Self, RecordConfigError> {
        config.check().map(Self::of)
    }

    fn of(config: RecordConfig) -> Self {
        Self {
            config,
            seen: Positions::default(),
            records: 0,
            refused: 0,
            columns: Vec::new(),
            contexts: Contexts::new(),
            bursts: Bursts::new(),
            ranks: [Ranks::new(), Ranks::new(), Ranks::new()],
            sight: Sight::default(),
        }
    }

    /// How surprising a record would be now. Learns nothing.
    ///
    /// # Errors
    ///
    /// [`BadRecord`] when it has more than [`Record::COLUMNS`] columns.
    pub fn score(&self, record: &Record<'_>) -> Result<RecordScore, BadRecord> {
        check(record)?;
        Ok(self.judge(&self.look(record, Sight::default())))
    }

    /// Why a record would score as it does now: ask before it is learnt. O(columns).
    ///
    /// # Errors
    ///
    /// [`BadRecord`] when it has more than [`Record::COLUMNS`] columns.
    pub fn explain(&self, record: &Record<'_>) -> Result<RecordExplanation, BadRecord> {
        check(record)?;
        Ok(self.explained(record, &self.look(record, Sight::default())))
    }

    /// What it holds.
    pub fn stats(&self) -> RecordStats {
        let columns: usize = self.columns.iter().map(Column::weight).sum();
        let ranks: usize = self.ranks.iter().map(Ranks::weight).sum();
        let bytes = size_of::<Self>() + columns + ranks + self.contexts.weight() + self.bursts.weight();
        RecordStats { records: self.records, refused: self.refused, columns: self.columns.len(), bytes }
    }

    /// The part of a tick that the next record falls in.
    fn part(&self) -> u32 {
        u32::try_from(self.records / u64::from(self.config.tick / bursts::PARTS).max(1)).unwrap_or(u32::MAX)
    }

    fn is_first_of_part(&self) -> bool {
        self.records.is_multiple_of(u64::from(self.config.tick / bursts::PARTS).max(1))
    }

    fn judge(&self, sight: &Sight) -> RecordScore {
        let [_, _, bursts] = &self.ranks;
        // A burst must be rare among scores, and no more than its counts vouch for.
        let burst = bursts.bits(sight.burst.bits()).min(sight.burst.vouched());
        RecordScore {
            rarity: self.rarity_bits(sight.rarity),
            context: self.context_bits(sight.context),
            share: if sight.has_words { score::BY_WORDS } else { score::BY_NUMBERS },
            burst: Bits::new(burst),
        }
    }

    fn rarity_bits(&self, sum: f64) -> Bits {
        let [rarity, ..] = &self.ranks;
        Bits::new(rarity.bits(sum) * self.damping())
    }

    fn context_bits(&self, sum: f64) -> Bits {
        let [_, context, _] = &self.ranks;
        Bits::new(context.bits(sum) * self.damping())
    }

    /// The share of the bits that counts while little is known: a half after half a tick.
    fn damping(&self) -> f64 {
        let records = self.records as f64;
        records / (records + 0.5 * f64::from(self.config.tick))
    }

    fn learn(&mut self, sight: &Sight, score: RecordScore) {
        let tick = f64::from(self.config.tick);
        let suspicious = score.bits().probability() < Self::SUSPICIOUS && self.records as f64 > tick;
        let gate = if suspicious && self.config.learning.gates() { Self::SUSPICIOUS_SHARE } else { 1.0 };
        let limit = if self.config.learning.limits_floods() { sight.burst.weight() } else { 1.0 };
        let weight = units(limit * gate);
        for (column, look) in self.columns.iter_mut().zip(&sight.looks) {
            column.learn(look.reading, weight);
        }
        if sight.has_words {
            let numbers =
                sight.looks.iter().filter(|look| matches!(look.reading, column::Reading::Number(_)));
            self.contexts.learn(sight.words, numbers.map(|look| look.fine), weight);
        }
        let part = self.part();
        self.bursts.learn(sight.signature, part, limit * gate, 1.0 / tick);
        // The ranks are of all scores, also suspicious ones, but of a flood `x` times the usual they learn no more
        // than 1/√x of what they learn of the usual: else a long one would be ranked among its like.
        let seen = units(limit * libm::sqrt(limit));
        let [rarity, context, burst] = &mut self.ranks;
        rarity.learn(sight.rarity, seen);
        context.learn(sight.context, seen);
        burst.learn(sight.burst.bits(), seen);
    }

    fn fit(&mut self) {
        self.columns.iter_mut().for_each(Column::fit);
        self.ranks.iter_mut().for_each(Ranks::fit);
    }
}

impl<'a> State<Record<'a>> for RecordModel {
    type Output = RecordScore;
    type Error = BadRecord;

    fn observe(
        &mut self,
        position: Position,
        record: &Record<'a>,
    ) -> Result<Observed<RecordScore>, BadRecord> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        if let Err(bad) = check(record) {
            self.refused = self.refused.saturating_add(1);
            return Err(bad);
        }
        let buffer = core::mem::take(&mut self.sight);
        let sight = self.look(record, buffer);
        let score = self.judge(&sight);
        if self.columns.len() < record.cells().len() {
            self.columns.resize_with(record.cells().len(), Column::new);
        }
        self.learn(&sight, score);
        self.records = self.records.saturating_add(1);
        if self.is_first_of_part() {
            self.fit();
        }
        self.sight = sight;
        Ok(Observed::Applied(score))
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.snapshot()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes)
    }
}

impl fmt::Debug for RecordModel {
    /// Shows counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordModel").field(&self.stats()).finish()
    }
}

fn check(record: &Record<'_>) -> Result<(), BadRecord> {
    if record.cells().len() > Record::COLUMNS { Err(BadRecord) } else { Ok(()) }
}

/// A weight of `0..=1` in 1,024ths.
fn units(weight: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1")]
    let units = libm::round(weight.clamp(0.0, 1.0) * f64::from(UNIT)) as u32;
    units
}
