#![cfg(test)]
//! Every store of this crate keeps the laws; stores that break one are found.

use homeostat_forensics::conformance::store_laws;
use homeostat_forensics::{
    Digest, DirectoryStore, EvidenceStore, MemoryStore, Problem, StoreError, Stored, verify,
};
use std::fs;
use std::io::{self, Read};

#[test]
fn memory_and_directory_keep_the_laws() {
    let memory = MemoryStore::default();
    store_laws(&mut || memory.clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    store_laws(&mut || DirectoryStore::open(folder.path()).unwrap()).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
}

#[test]
#[cfg(feature = "object_store")]
fn an_object_store_keeps_the_laws() {
    use homeostat_forensics::{ObjectEvidence, ParkThread};
    let (folder, spool) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = std::sync::Arc::new(object_store::memory::InMemory::new());
    store_laws(&mut || ObjectEvidence::new(memory.clone(), "case-7", spool.path(), ParkThread).unwrap())
        .unwrap();
    assert_eq!(DirectoryStore::open(spool.path()).unwrap().list().unwrap(), [], "nothing stays in the spool");
    drop(folder);
}

/// A memory store that breaks law `breaks`.
struct Broken {
    inner: MemoryStore,
    breaks: u8,
}

impl EvidenceStore for Broken {
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let mut bytes = Vec::new();
        let end = content.read_to_end(&mut bytes).map_err(StoreError::Source);
        match (self.breaks, end) {
            (3, Err(error)) => self.inner.put(&mut bytes.as_slice()).and(Err(error)),
            (_, Err(error)) => Err(error),
            (1, _) => self.inner.put(&mut &bytes[..bytes.len() / 2]),
            (4, _) => Ok(self.inner.put(&mut io::Cursor::new(bytes)).unwrap()),
            _ => self.inner.put(&mut bytes.as_slice()),
        }
    }

    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError> {
        self.inner.open(digest)
    }

    fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let mut all = self.inner.list()?;
        if self.breaks == 5 {
            all.extend_from_within(..);
        }
        Ok(all)
    }

    fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.inner.remove(digest)
    }
}

#[test]
fn a_store_that_breaks_a_law_is_found() {
    for breaks in [1, 3, 4, 5] {
        let inner = MemoryStore::default();
        let broken = store_laws(&mut || Broken { inner: inner.clone(), breaks }).unwrap_err();
        assert_eq!(broken.law, breaks, "{broken}");
    }
}

#[test]
fn what_a_kill_left_half_written_is_gone_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(folder.path()).unwrap();
    let kept = store.put(&mut &b"evidence"[..]).unwrap();
    fs::write(folder.path().join("incoming/77-0"), "half").unwrap();
    let store = DirectoryStore::open(folder.path()).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    assert_eq!(store.list().unwrap(), [kept.digest]);
    assert_eq!(verify(b"", &store, None).unwrap().problems, [Problem::Unnamed(kept.digest)]);
}
