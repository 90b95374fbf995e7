//! Why a record scores as it does: what its score would be without each of its cells.
//!
//! Contributions are ablations, so that they are true by construction: O(columns) scores.

use super::ladder::number;
use super::{Cell, Record, RecordModel, RecordScore};
use crate::record::column::{Column, Reading};
use crate::record::sight::{Look, Sight};
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

/// What a part of a score is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordAspect {
    /// One cell: the column's place, from 0.
    Column(usize),
    /// The combination of the octaves of all numbers, in a record without words.
    Combination,
    /// How many records like it come now.
    Burst,
}

/// One aspect's part in a score.
#[derive(Clone, PartialEq)]
pub struct RecordContribution {
    aspect: RecordAspect,
    bits: Bits,
    observed: String,
    expected: String,
}

impl RecordContribution {
    /// What it is about.
    pub fn aspect(&self) -> RecordAspect {
        self.aspect
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
        write!(f, "RecordContribution({:?}, {})", self.aspect, self.bits)
    }
}

impl RecordModel {
    /// The explanation of a record that was looked at as `sight`.
    pub(super) fn explained(&self, record: &Record<'_>, sight: &Sight) -> RecordExplanation {
        let score = self.judge(sight);
        let mut contributions = Vec::new();
        for (at, (look, cell)) in sight.looks.iter().zip(record.cells()).enumerate() {
            let bits = score.bits().above(self.without(sight, look, score).bits());
            let Some(column) = self.columns.get(at).filter(|_| bits > Bits::ZERO) else { continue };
            let (observed, expected) = (observed(cell), expected(column, look.reading));
            contributions.push(RecordContribution {
                aspect: RecordAspect::Column(at),
                bits,
                observed,
                expected,
            });
        }
        let (now, usual) = (sight.burst.now + 1.0, sight.burst.usual);
        let mut add = |aspect, bits, observed| {
            if bits > Bits::ZERO {
                let expected = format!("{usual:.3} in a tick");
                contributions.push(RecordContribution { aspect, bits, observed, expected });
            }
        };
        let calm = RecordScore { burst: Bits::ZERO, ..score };
        let lost = score.bits().above(calm.bits());
        add(RecordAspect::Burst, lost, format!("{now:.0} such records in a tick"));
        if !sight.has_words {
            let apart = RecordScore { context: Bits::ZERO, ..score };
            let lost = score.bits().above(apart.bits());
            add(RecordAspect::Combination, lost, "a combination of numbers of these sizes".to_owned());
        }
        contributions.sort_by(|a, b| b.bits.get().total_cmp(&a.bits.get()));
        contributions.truncate(RecordExplanation::CONTRIBUTIONS);
        RecordExplanation { score, contributions }
    }
}

impl RecordModel {
    /// The score as if a cell said nothing. Of a combination of octaves it can not be told apart.
    fn without(&self, sight: &Sight, look: &Look, score: RecordScore) -> RecordScore {
        let rarity = self.rarity_bits(sight.rarity - look.rarity);
        if !sight.has_words {
            return RecordScore { rarity, ..score };
        }
        let context = self.context_bits(sight.context - self.context_of(sight, look));
        RecordScore { rarity, context, ..score }
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
