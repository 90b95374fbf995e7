//! The references: a store and a collector in memory, with faults to plant, for tests and for small jobs.

use crate::store::pump;
use crate::{
    Channel, CollectError, Collector, Digest, EvidenceStore, HashingReader, Item, Sink, Step, StoreError,
    Stored,
};
use homeostat_response::Target;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Evidence in memory, shared between clones.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    kept: BTreeMap<Digest, Vec<u8>>,
    room: Option<usize>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} objects", self.kept.len())
    }
}

impl MemoryStore {
    /// From now on there is room for `bytes` more; then the store is full. `None` for no end.
    pub fn room(&self, bytes: Option<usize>) {
        self.lock().room = bytes;
    }

    /// Puts other bytes under a digest, as somebody may who tampers.
    pub fn tamper(&self, digest: &Digest, bytes: Vec<u8>) {
        self.lock().kept.insert(*digest, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EvidenceStore for MemoryStore {
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let mut hashing = HashingReader::new(content);
        let mut bytes = Vec::new();
        let room = self.lock().room;
        pump(&mut hashing, &mut |piece| {
            bytes.extend_from_slice(piece);
            match room {
                Some(room) if bytes.len() > room => Err(StoreError::Write(io::ErrorKind::StorageFull.into())),
                _ => Ok(()),
            }
        })?;
        let stored = Stored { digest: hashing.digest(), bytes: hashing.length() };
        let mut held = self.lock();
        held.room = room.map(|room| room.saturating_sub(bytes.len()));
        held.kept.entry(stored.digest).or_insert(bytes);
        Ok(stored)
    }

    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError> {
        let bytes = self.lock().kept.get(digest).cloned();
        bytes
            .map(|bytes| Box::new(io::Cursor::new(bytes)) as Box<dyn Read>)
            .ok_or(StoreError::Missing(*digest))
    }

    fn list(&self) -> Result<Vec<Digest>, StoreError> {
        Ok(self.lock().kept.keys().copied().collect())
    }

    fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.lock().kept.remove(digest).is_some())
    }
}

/// A channel to an asset that is made up: for each step the items it gives.
///
/// ```
/// use homeostat_forensics::{Channel, MemoryCollector};
/// let laptop = MemoryCollector::new(Channel::defender())
///     .with("processes", "processes.jsonl", r#"{"pid":7,"name":"powershell.exe"}"#)
///     .failing("event_logs");
/// ```
#[derive(Clone, Debug)]
pub struct MemoryCollector {
    channel: Channel,
    items: BTreeMap<String, Vec<(Item, Vec<u8>)>>,
    failing: Vec<String>,
}

impl MemoryCollector {
    /// A channel that gives nothing yet.
    pub fn new(channel: Channel) -> Self {
        Self { channel, items: BTreeMap::new(), failing: Vec::new() }
    }

    /// The same, giving such an item at that step.
    #[must_use]
    pub fn with(self, step: &str, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.with_item(step, Item::new(name), content)
    }

    /// The same, giving that item at that step.
    #[must_use]
    pub fn with_item(mut self, step: &str, item: Item, content: impl Into<Vec<u8>>) -> Self {
        self.items.entry(step.to_owned()).or_default().push((item, content.into()));
        self
    }

    /// The same, out of reach at that step.
    #[must_use]
    pub fn failing(mut self, step: &str) -> Self {
        self.failing.push(step.to_owned());
        self
    }
}

impl Collector for MemoryCollector {
    fn channel(&self) -> &Channel {
        &self.channel
    }

    fn collect(&self, step: &Step, _: &Target, sink: &mut dyn Sink) -> Result<(), CollectError> {
        if self.failing.contains(&step.id) {
            return Err(CollectError::Unreachable { at: "reach the asset" });
        }
        for (item, content) in self.items.get(&step.id).into_iter().flatten() {
            sink.take(item, &mut content.as_slice())?;
        }
        Ok(())
    }
}
