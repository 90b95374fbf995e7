//! How the pipeline holds its detectors: those that have a memory, and those that have none.

use homeostat_core::{Detector, EntityKey, Keep, RiskView, Signal, SnapshotError};
use homeostat_event::Event;

/// A detector, and what becomes of what it remembers.
pub(crate) trait Room {
    fn detector(&self) -> &dyn Detector<Event>;
    fn detect(&mut self, event: &Event, risk: &dyn RiskView) -> Vec<Signal>;
    /// What it remembers; `None` when nothing of it is kept.
    fn keep(&self) -> Option<Vec<u8>>;
    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError>;
    fn forget(&mut self, entity: &EntityKey) -> bool;
}

/// A detector of which nothing is kept.
pub(crate) struct Unkept<D>(pub(crate) D);

/// A detector whose memory goes into the snapshot.
pub(crate) struct Kept<D>(pub(crate) D);

impl<D: Detector<Event>> Room for Unkept<D> {
    fn detector(&self) -> &dyn Detector<Event> {
        &self.0
    }

    fn detect(&mut self, event: &Event, risk: &dyn RiskView) -> Vec<Signal> {
        self.0.detect(event, risk)
    }

    fn keep(&self) -> Option<Vec<u8>> {
        None
    }

    fn recall(&mut self, _bytes: &[u8]) -> Result<(), SnapshotError> {
        Err(SnapshotError::Invalid { field: "detector" })
    }

    fn forget(&mut self, _entity: &EntityKey) -> bool {
        false
    }
}

impl<D: Detector<Event> + Keep> Room for Kept<D> {
    fn detector(&self) -> &dyn Detector<Event> {
        &self.0
    }

    fn detect(&mut self, event: &Event, risk: &dyn RiskView) -> Vec<Signal> {
        self.0.detect(event, risk)
    }

    fn keep(&self) -> Option<Vec<u8>> {
        Some(self.0.keep())
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.0.recall(bytes)
    }

    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.0.forget(entity)
    }
}
