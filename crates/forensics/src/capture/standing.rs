//! Where a capture stands, read from its records. O(records of the capture).

use super::Pace;
use crate::{Containment, Custody, Deed, Digest, Ending, Record};
use homeostat_core::Timestamp;
use homeostat_response::{ActionId, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where a capture stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Under which plan it was begun, and how the target was contained then.
    pub(super) begun: Option<(Digest, Containment)>,
    /// The digest of its manifest, when every step has its end.
    pub(super) finished: Option<Digest>,
    /// The steps that have their end, or were left out.
    pub(super) ended: BTreeSet<String>,
    /// How often each step was begun.
    pub(super) attempts: BTreeMap<String, u32>,
    /// How the target was contained when it was halted, if nothing came after that.
    pub(super) halted: Option<Containment>,
    /// Steps of which something came in.
    came: BTreeSet<String>,
    /// When the last step was begun, and how many bytes came in since.
    last: Option<(Timestamp, u64)>,
}

impl Standing {
    pub(super) fn of<S: Storage>(custody: &Custody<S>, capture: &ActionId) -> Self {
        let mut standing = Self::default();
        custody.of(capture).for_each(|record| standing.learn(record));
        standing
    }

    fn learn(&mut self, record: &Record) {
        self.halted = None;
        match &record.deed {
            Deed::Begun { plan, containment, .. } => self.begun = Some((*plan, *containment)),
            Deed::Halted { now, .. } => self.halted = Some(*now),
            Deed::Finished { manifest, .. } => self.finished = Some(*manifest),
            Deed::LeftOut { step, .. } | Deed::StepEnded { step, .. } => {
                self.ended.insert(step.clone());
            }
            Deed::StepBegun { step, attempt, .. } => {
                self.attempts.insert(step.clone(), *attempt);
                self.last = Some((record.at, 0));
            }
            Deed::Acquired { step, bytes, .. } => {
                self.came.insert(step.clone());
                self.last = self.last.map(|(at, sum)| (at, sum.saturating_add(*bytes)));
            }
            _ => {}
        }
    }

    /// How a step ended that may not be tried again.
    pub(super) fn ending_of(&self, step: &str) -> Ending {
        if self.came.contains(step) { Ending::Partly } else { Ending::Failed }
    }

    /// When the pace allows the next step; `None` for at once.
    pub(super) fn next_at(&self, pace: &Pace) -> Option<Timestamp> {
        let (begun, bytes) = self.last?;
        let micros = u128::from(bytes).saturating_mul(1_000_000) / u128::from(pace.bytes_per_second.max(1));
        let spent = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        begun.plus(spent.max(pace.between_steps))
    }
}
