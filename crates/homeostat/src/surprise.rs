//! What the baseline finds unusual: one signal per entity of an event whose surprise reaches its threshold.
//!
//! The threshold is the same for every identity, less what the one tightening rule takes off for its risk.
//! The kind of a signal is its heaviest aspect, so that surprises of different sorts add up in a story while
//! repetitions of one sort do not.

use homeostat_baseline::{Baseline, Featurizer, Observation, Threshold, Verdict};
use homeostat_core::{Bits, Occurrence, Position, RiskView, Signal, State as _, Timestamp};
use homeostat_event::Event;

/// From how many bits on an observation is told: once in 4,096.
const BASE: Bits = Bits::HIGH;

/// A baseline fed with events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surprise {
    baseline: Baseline,
    featurizer: Featurizer,
    next: u64,
}

impl Surprise {
    /// Scores and learns `event`.
    pub(crate) fn observe(&mut self, event: &Event, risk: &dyn RiskView) -> Vec<Signal> {
        let Some(occurrence) = event.occurrence() else { return Vec::new() };
        let observations = self.featurizer.observations(event);
        observations.iter().filter_map(|one| self.signal(one, &occurrence, risk)).collect()
    }

    /// What has been learnt.
    pub(crate) fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Says that it is `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        // Silences are told by the baseline's own users; here only the watermark moves.
        drop(self.baseline.tick(now));
    }

    fn signal(&mut self, one: &Observation, occurrence: &Occurrence, risk: &dyn RiskView) -> Option<Signal> {
        let position = Position::at(self.next);
        self.next += 1;
        let verdict = self.baseline.observe(position, one).ok()?.applied()?;
        let threshold = Threshold::new(BASE, one.entity(), risk, occurrence.time);
        let mut signal = verdict.signal_over(&threshold, "baseline", occurrence)?;
        signal.kind = kind_of(&verdict);
        Some(signal)
    }
}

fn kind_of(verdict: &Verdict) -> String {
    let aspect = verdict.contributions().first().map_or("behaviour", |top| top.aspect());
    format!("unusual {aspect}")
}
