//! Where the journal's bytes lie: a trait of five methods and a sixth for those that several can open, and the in-memory storage that can lose a tail.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An append-only run of bytes.
///
/// Laws: what `append` took MUST be read back in order. What was appended before a `sync` that returned `Ok`
/// MUST survive a crash; what was appended after it MAY be lost from the end. `replace` MUST be all or nothing
/// and durable when it returns `Ok`. After an error nothing more is written until the storage is opened anew.
pub trait Storage: Send {
    /// All bytes.
    ///
    /// # Errors
    ///
    /// When they can not be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Adds `bytes` at the end.
    ///
    /// # Errors
    ///
    /// When they can not be written; a part of them may then stand at the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Adds `bytes` where the run ends, if it ends at byte `at`; else adds nothing and tells `false`, as somebody
    /// else wrote since. Storages that several can open at once MUST do both in one step; the journal fences a
    /// second executor off by it. Without a body of its own it trusts that there is one writer.
    ///
    /// # Errors
    ///
    /// As [`Self::append`].
    fn append_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        let _ = at;
        self.append(bytes).map(|()| true)
    }

    /// Makes durable all that was appended.
    ///
    /// # Errors
    ///
    /// When that is not certain.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the end off, so that `length` bytes remain.
    ///
    /// # Errors
    ///
    /// When it can not be cut.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Puts `bytes` in place of everything.
    ///
    /// # Errors
    ///
    /// When the old bytes are still in place.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Bytes in memory, shared between clones, that can lose what was not synced: for tests, and for those who
/// need no memory over a restart.
///
/// ```
/// use homeostat_response::{MemoryStorage, Storage};
/// let mut storage = MemoryStorage::default();
/// storage.append(b"kept")?;
/// storage.sync()?;
/// storage.append(b" and lost")?;
/// storage.lose_unsynced();
/// assert_eq!(storage.read()?, b"kept");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<Bytes>>);

#[derive(Default)]
struct Bytes {
    all: Vec<u8>,
    synced: usize,
    syncs: u64,
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, {} synced", self.all.len(), self.synced)
    }
}

impl MemoryStorage {
    /// A storage that holds `bytes`, all of them durable.
    pub fn holding(bytes: Vec<u8>) -> Self {
        let synced = bytes.len();
        Self(Arc::new(Mutex::new(Bytes { all: bytes, synced, syncs: 0 })))
    }

    /// Drops what was appended after the last sync, as a crash may.
    pub fn lose_unsynced(&self) {
        let mut bytes = self.lock();
        let synced = bytes.synced;
        bytes.all.truncate(synced);
    }

    /// The bytes that survive any crash.
    pub fn durable(&self) -> Vec<u8> {
        let bytes = self.lock();
        bytes.all.get(..bytes.synced).unwrap_or_default().to_vec()
    }

    /// How often it was synced.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.lock().all.clone())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.lock().all.extend_from_slice(bytes);
        Ok(())
    }

    fn append_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        let mut held = self.lock();
        let ours = held.all.len() as u64 == at;
        if ours {
            held.all.extend_from_slice(bytes);
        }
        Ok(ours)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut bytes = self.lock();
        bytes.synced = bytes.all.len();
        bytes.syncs += 1;
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut bytes = self.lock();
        bytes.all.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        bytes.synced = bytes.synced.min(bytes.all.len());
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        *self.lock() = Bytes { all: bytes.to_vec(), synced: bytes.len(), syncs: 0 };
        Ok(())
    }
}
