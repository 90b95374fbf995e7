//! Why a record scores as it does: what its score would be without each of its cells.
//!
//! Contributions are ablations, so that they are true by construction: O(columns) scores.

use super::ladder::number;
use super::{Cell, Record, RecordModel, RecordScore};
use crate::record::column::{Column, Reading};
use crate::record::sight::Sight;
use core::fmt;
use homeostat_core::Bits;

/// What a record scores, and what each cell does to that.
#[derive(Clone, PartialEq)]
pub struct RecordExplanation {
    score: RecordScore,
    contributions: Vec<RecordContribution>,
}

impl RecordExplanation {
    /// The most contributions that are kept, the heaviest first.
    pub const CONTRIBUTIONS: usize = 8;

    /// The score.
    pub fn score(&self) -> RecordScore {
        self.score
    }

    /// What the score rests on, the heaviest first.
    pub fn contributions(&self) -> &[RecordContribution] {
        &self.contributions
    }

    /// The bits if the heaviest contribution said nothing: lower, whenever there is one.
    pub fn without_top(&self) -> Bits {
        let lost = self.contributions.first().map_or(Bits::ZERO, |top| top.bits);
        self.score.bits().above(lost)
    }
}

impl fmt::Debug for RecordExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordExplanation")
            .field("score", &self.score)
            .field("contributions", &self.contributions)
            .finish()
    }
}

/// One cell's part in a score, or the part of how often such records come.
#[derive(Clone, PartialEq)]
pub struct RecordContribution {
    column: Option<usize>,
    bits: Bits,
    observed: String,
    expected: String,
}

impl RecordContribution {
    /// The column, from 0; `None` for how often records like this one come.
    pub fn column(&self) -> Option<usize> {
        self.column
    }

    /// How many bits the score loses without it. Above 0.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// What was seen, in words. Holds the cell's value.
    pub fn observed(&self) -> &str {
        &self.observed
    }

    /// What would have been normal, in words.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Debug for RecordContribution {
    /// Shows no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordContribution(column {:?}, {})", self.column, self.bits)
    }
}

impl RecordModel {
    /// The explanation of a record that was looked at as `sight`.
    pub(super) fn explained(&self, record: &Record<'_>, sight: &Sight) -> RecordExplanation {
        let score = self.judge(sight);
        let mut contributions = Vec::new();
        for (at, (look, cell)) in sight.looks.iter().zip(record.cells()).enumerate() {
            let without = RecordScore {
                rarity: self.rarity_bits(sight.rarity - look.rarity),
                context: sight.context.map(|sum| self.context_bits(sum - look.context)),
                ..score
            };
            let bits = score.bits().above(without.bits());
            let Some(column) = self.columns.get(at).filter(|_| bits > Bits::ZERO) else { continue };
            let (observed, expected) = (observed(cell), expected(column, look.reading));
            contributions.push(RecordContribution { column: Some(at), bits, observed, expected });
        }
        let calm = RecordScore { burst: Bits::ZERO, ..score };
        let bits = score.bits().above(calm.bits());
        if bits > Bits::ZERO {
            contributions.push(RecordContribution {
                column: None,
                bits,
                observed: format!("{:.0} such records in a tick", sight.burst.now + 1.0),
                expected: format!("{:.1} in a tick", sight.burst.usual),
            });
        }
        contributions.sort_by(|a, b| b.bits.get().total_cmp(&a.bits.get()));
        contributions.truncate(RecordExplanation::CONTRIBUTIONS);
        RecordExplanation { score, contributions }
    }
}

fn observed(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Number(x) if x.is_finite() => format!("{x}"),
        Cell::Word(word) => (*word).to_owned(),
        _ => "nothing".to_owned(),
    }
}

fn expected(column: &Column, reading: Reading) -> String {
    let kind = 100.0 * column.share_of_kind(reading);
    match (reading, column.usual_range()) {
        (Reading::Number(_), Some((low, high))) if kind > 50.0 => {
            format!("{:.4} to {:.4} in 98 of 100", number(low), number(high))
        }
        (Reading::Word(tag), _) if kind > 50.0 => {
            let (words, share) = (column.words.counted(), 100.0 * column.words.share(tag));
            let known = if column.words.knows(tag) { "this one" } else { "a new one" };
            format!("one of {words} words, {known} in {share:.3} of 100 records")
        }
        (Reading::Absent, _) => format!("nothing in {kind:.3} of 100 records"),
        _ => format!("a cell of this kind in {kind:.3} of 100 records"),
    }
}
