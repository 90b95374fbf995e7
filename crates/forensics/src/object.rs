//! Evidence in any `object_store`: S3, GCS, Azure, memory, disk; behind the feature of that name.
//!
//! An object is named by its digest, which is known only when all of it went by: it is spooled to a local file first,
//! and then sent in parts, so memory holds one part of 8 MiB. Put with "create if absent", so nothing is overwritten.

use crate::{Digest, DirectoryStore, EvidenceStore, StoreError, Stored};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload};
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// How much is sent or fetched at a time: the part size that every provider takes (S3 wants at least 5 MiB).
const PART: u64 = 8 << 20;

/// Drives a future to its end. A cloud's store needs the runtime that its client was made for: implement this with its
/// `block_on`. [`ParkThread`] is enough for memory and disk.
pub trait Drive: Send + Sync {
    /// Returns when `future` is done.
    fn drive(&self, future: Pin<&mut (dyn Future<Output = ()> + Send)>);
}

/// Polls on this thread, and parks it in between.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParkThread;

impl Drive for ParkThread {
    fn drive(&self, mut future: Pin<&mut (dyn Future<Output = ()> + Send)>) {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        while future.as_mut().poll(&mut context) == Poll::Pending {
            std::thread::park();
        }
    }
}

/// Evidence in an object store, below a prefix.
///
/// ```
/// use homeostat_forensics::{EvidenceStore, ObjectEvidence, ParkThread};
/// let spool = std::env::temp_dir().join("homeostat-spool-doc");
/// let store = ObjectEvidence::new(object_store::memory::InMemory::new(), "case-7", &spool, ParkThread)?;
/// let stored = store.put(&mut &b"evidence"[..])?;
/// assert_eq!(store.list()?, [stored.digest]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ObjectEvidence {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    spool: DirectoryStore,
    drive: Box<dyn Drive>,
}

impl ObjectEvidence {
    /// Keeps evidence in `store` below `prefix`; what comes in waits in the local folder `spool` until it is sent.
    ///
    /// # Errors
    ///
    /// When the spool can not be made.
    pub fn new(
        store: impl ObjectStore,
        prefix: &str,
        spool: &std::path::Path,
        drive: impl Drive + 'static,
    ) -> io::Result<Self> {
        let spool = DirectoryStore::open(spool)?;
        Ok(Self { store: Arc::new(store), prefix: prefix.to_owned(), spool, drive: Box::new(drive) })
    }

    fn path(&self, digest: &Digest) -> Path {
        let name = digest.to_string();
        let (folder, file) = name.split_at(2);
        Path::from(format!("{}/{folder}/{file}", self.prefix))
    }

    /// Drives a call to its end.
    fn call<T: Send>(&self, call: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let mut answer = None;
        {
            let future = pin!(async { answer = Some(call.await) });
            self.drive.drive(future);
        }
        answer.unwrap_or(Err(Error::NotImplemented {
            operation: "drive".to_owned(),
            implementer: "Drive".to_owned(),
        }))
    }

    /// Sends what is spooled, in parts when it is long.
    fn send(&self, stored: &Stored) -> Result<(), StoreError> {
        let path = self.path(&stored.digest);
        match self.call(self.store.head(&path)) {
            Ok(_) => return Ok(()),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(StoreError::Write(io::Error::other(error))),
        }
        let mut content = self.spool.open(&stored.digest)?;
        if stored.bytes <= PART {
            let payload = part(&mut *content)?;
            return self.call(self.store.put(&path, payload)).map(drop).map_err(wrote);
        }
        let mut upload = self.call(self.store.put_multipart(&path)).map_err(wrote)?;
        let parts = stored.bytes.div_ceil(PART);
        let sent =
            (0..parts).try_for_each(|_| self.call(upload.put_part(part(&mut *content)?)).map_err(wrote));
        let sent = sent.and_then(|()| self.call(upload.complete()).map(drop).map_err(wrote));
        if sent.is_err() {
            // Parts that stay behind cost room and name nothing.
            let _ = self.call(upload.abort());
        }
        sent
    }

    fn folders(&self) -> Result<Vec<Path>, Error> {
        let prefix = Path::from(self.prefix.as_str());
        Ok(self.call(self.store.list_with_delimiter(Some(&prefix)))?.common_prefixes)
    }
}

fn part(content: &mut dyn Read) -> Result<PutPayload, StoreError> {
    let mut bytes = Vec::new();
    content.take(PART).read_to_end(&mut bytes).map_err(StoreError::Read)?;
    Ok(PutPayload::from(bytes))
}

fn wrote(error: Error) -> StoreError {
    StoreError::Write(io::Error::other(error))
}

fn read(error: Error) -> StoreError {
    StoreError::Read(io::Error::other(error))
}

impl EvidenceStore for ObjectEvidence {
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let stored = self.spool.put(content)?;
        let sent = self.send(&stored);
        self.spool.remove(&stored.digest)?;
        sent.map(|()| stored)
    }

    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError> {
        let path = self.path(digest);
        match self.call(self.store.head(&path)) {
            Ok(found) => Ok(Box::new(Ranges {
                of: self,
                path,
                next: 0,
                size: found.size,
                held: io::Cursor::default(),
            })),
            Err(Error::NotFound { .. }) => Err(StoreError::Missing(*digest)),
            Err(error) => Err(read(error)),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::new();
        for folder in self.folders().map_err(read)? {
            let objects = self.call(self.store.list_with_delimiter(Some(&folder))).map_err(read)?.objects;
            let start = folder.filename().unwrap_or_default().to_owned();
            let named = objects.iter().filter_map(|object| object.location.filename());
            digests.extend(named.filter_map(|rest| format!("{start}{rest}").parse::<Digest>().ok()));
        }
        digests.sort_unstable();
        Ok(digests)
    }

    fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        let path = self.path(digest);
        match self.call(self.store.head(&path)) {
            Ok(_) => self.call(self.store.delete(&path)).map(|()| true).map_err(wrote),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(wrote(error)),
        }
    }
}

/// Reads an object range by range.
struct Ranges<'s> {
    of: &'s ObjectEvidence,
    path: Path,
    next: u64,
    size: u64,
    held: io::Cursor<Vec<u8>>,
}

impl Read for Ranges<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.held.read(buffer)?;
        if read > 0 || buffer.is_empty() || self.next >= self.size {
            return Ok(read);
        }
        let range: Range<u64> = self.next..self.size.min(self.next.saturating_add(PART));
        self.next = range.end;
        let bytes = self.of.call(self.of.store.get_range(&self.path, range)).map_err(io::Error::other)?;
        self.held = io::Cursor::new(bytes.to_vec());
        self.held.read(buffer)
    }
}

impl fmt::Debug for ObjectEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectEvidence").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
