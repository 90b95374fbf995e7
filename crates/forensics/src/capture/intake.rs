//! What takes the items of one step: streams each into the store, then writes its line of custody.

use super::{CaptureError, Order};
use crate::custody::About;
use crate::{Custody, Deed, EvidenceStore, Item, Kept, Record, Sink, Step, Stop, StoreError};
use homeostat_core::Timestamp;
use homeostat_response::Storage;
use std::collections::BTreeSet;
use std::io::{self, Read};

pub(super) struct Intake<'t, S> {
    order: &'t Order,
    store: &'t dyn EvidenceStore,
    custody: &'t mut Custody<S>,
    step: &'t Step,
    now: Timestamp,
    // The names that are in, or were missed, in this attempt or one before.
    names: BTreeSet<String>,
    bytes: u64,
    came: bool,
    partly: bool,
    failed: Option<CaptureError>,
}

impl<'t, S: Storage> Intake<'t, S> {
    pub(super) fn new(
        order: &'t Order,
        store: &'t dyn EvidenceStore,
        custody: &'t mut Custody<S>,
        (step, now): (&'t Step, Timestamp),
    ) -> Self {
        let (mut names, mut bytes, mut came, mut partly) = (BTreeSet::new(), 0_u64, false, false);
        for record in custody.of(&order.id) {
            match &record.deed {
                Deed::Acquired { step: of, item, bytes: long, cut, .. } if *of == step.id => {
                    names.insert(item.clone());
                    (bytes, came, partly) = (bytes.saturating_add(*long), true, partly || *cut);
                }
                Deed::Missed { step: of, item, .. } if *of == step.id => {
                    names.insert(item.clone());
                    partly = true;
                }
                _ => {}
            }
        }
        Self { order, store, custody, step, now, names, bytes, came, partly, failed: None }
    }

    /// What failed, whether something is missing, and whether anything came in.
    pub(super) fn end(self) -> (Option<CaptureError>, bool, bool) {
        (self.failed, self.partly, self.came)
    }

    fn note(&mut self, item: &Item, deed: Deed) -> Result<(), Stop> {
        let Order { id, who, .. } = self.order;
        let record =
            Record { at: self.now, capture: id.clone(), who: who.clone(), tool: self.custody.tool(), deed };
        let noted = self.custody.note_about(record, About::Item(item));
        noted.map_err(|error| self.fail(error.into()))?;
        self.names.insert(item.name.clone());
        Ok(())
    }

    fn fail(&mut self, error: CaptureError) -> Stop {
        self.failed = Some(error);
        Stop(())
    }

    fn is_full(&self) -> bool {
        let pace = &self.order.pace;
        self.bytes >= pace.max_step_bytes || self.names.len() as u64 >= pace.max_step_items
    }
}

impl<S: Storage> Sink for Intake<'_, S> {
    fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn take(&mut self, item: &Item, content: &mut dyn Read) -> Result<Kept, Stop> {
        if self.failed.is_some() {
            return Err(Stop(()));
        }
        if self.has(&item.name) {
            return Ok(Kept::Before);
        }
        if self.is_full() {
            self.partly = true;
            return Err(Stop(()));
        }
        let pace = &self.order.pace;
        let room = pace.max_step_bytes.saturating_sub(self.bytes);
        let mut capped = Capped { inner: content, left: pace.max_item_bytes.min(room), cut: false };
        let stored = match self.store.put(&mut capped) {
            Ok(stored) => stored,
            Err(StoreError::Source(_)) => {
                return self.miss(item, "read it to its end").map(|()| Kept::Missed);
            }
            Err(error) => return Err(self.fail(CaptureError::Store(error))),
        };
        let cut = capped.cut;
        self.note(
            item,
            Deed::Acquired {
                step: self.step.id.clone(),
                item: item.name.clone(),
                digest: stored.digest,
                bytes: stored.bytes,
                format: self.step.format,
                cut,
                facts: item.facts.clone(),
                people: item.people.clone(),
            },
        )?;
        self.bytes = self.bytes.saturating_add(stored.bytes);
        (self.came, self.partly) = (true, self.partly || cut);
        Ok(if cut { Kept::Cut } else { Kept::Whole })
    }

    fn miss(&mut self, item: &Item, reason: &'static str) -> Result<(), Stop> {
        if self.failed.is_some() {
            return Err(Stop(()));
        }
        self.partly = true;
        if self.has(&item.name) {
            return Ok(());
        }
        let (step, name) = (self.step.id.clone(), item.name.clone());
        self.note(item, Deed::Missed { step, item: name, reason: reason.to_owned() })
    }
}

/// Reads up to a limit, and tells whether there was more.
struct Capped<'r> {
    inner: &'r mut dyn Read,
    left: u64,
    cut: bool,
}

impl Read for Capped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cut || buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.cut = self.inner.read(&mut [0])? > 0;
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
