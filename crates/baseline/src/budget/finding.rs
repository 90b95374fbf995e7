//! What a budget tells, the evidence behind it, and its report.

use super::actor::{CREEPING, PERSISTENT};
use crate::verdict::Verdict;
use core::fmt;
use homeostat_core::{Bits, EntityKey, Timestamp};

/// A verdict that is worth a look.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// Who.
    pub entity: EntityKey,
    /// When the event was that decided.
    pub time: Timestamp,
    /// How rare an hour like this is for an entity like this, all evidence together.
    pub bits: Bits,
    /// The threshold that it reached, before any tightening.
    pub threshold: Bits,
    /// What weighs most.
    pub cause: Cause,
    /// Whether only the risk of its identity let it through.
    pub tightened: bool,
}

/// What makes a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// One event, by itself.
    Sudden,
    /// Many hours, each a little odd.
    Persistent,
    /// A rate that rises day by day.
    Creeping,
}

/// What was promised and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Realised {
    /// Days of entities that were watched, in whole hours.
    pub entity_days: f64,
    /// Findings that the promise allows in that time.
    pub promised: f64,
    /// Findings told.
    pub findings: u64,
    /// Verdicts over the threshold that told nothing new of an entity just told of.
    pub rested: u64,
    /// Verdicts over the threshold for which the quota had no room.
    pub withheld: u64,
}

impl Realised {
    /// Findings over the promise; 0 before any time has passed.
    pub fn ratio(&self) -> f64 {
        if self.promised > 0.0 { self.findings as f64 / self.promised } else { 0.0 }
    }
}

/// The evidence of one verdict, as shares.
pub(super) struct Evidence {
    pub(super) sudden: f64,
    pub(super) persistent: f64,
    pub(super) creeping: f64,
}

impl Evidence {
    pub(super) fn bits(&self) -> Bits {
        Bits::of_probability(crate::combine(&[self.sudden, self.persistent, self.creeping]))
    }

    /// What the event alone makes: what goes on for weeks would fill the pool with one entity's hours.
    pub(super) fn of_event(&self) -> Bits {
        Bits::of_probability(crate::combine(&[self.sudden, 1.0, 1.0]))
    }

    pub(super) fn cause(&self) -> Cause {
        if self.sudden <= self.persistent && self.sudden <= self.creeping {
            Cause::Sudden
        } else if self.persistent <= self.creeping {
            Cause::Persistent
        } else {
            Cause::Creeping
        }
    }
}

/// A share on a scale that is so many times as long.
pub(super) fn stretched(share: f64, scale: f64) -> f64 {
    libm::exp(libm::log(share.max(1e-300)) / scale)
}

/// One of 64 bits for what a finding is about.
pub(super) fn aspect_bit(verdict: &Verdict, cause: Cause) -> u64 {
    match cause {
        Cause::Sudden => {
            let aspect = verdict.contributions().first().map_or("", |top| top.aspect());
            1 << (crate::seed::feature(aspect) % 62)
        }
        Cause::Persistent => PERSISTENT,
        Cause::Creeping => CREEPING,
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("entity", &self.entity)
            .field("time", &self.time)
            .field("bits", &self.bits)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}
