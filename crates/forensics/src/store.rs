//! Where evidence is kept: a content-addressed store, as a trait of four methods.

use crate::Digest;
use std::io::{self, Read};

/// What was put into a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored {
    /// Its digest, which names it from now on.
    pub digest: Digest,
    /// How long it is, in bytes.
    pub bytes: u64,
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What was to be put could not be read to its end. Nothing was kept.
    #[error("the evidence could not be read from where it comes")]
    Source(#[source] io::Error),
    /// The store could not write, as its disk is full. Nothing was kept.
    #[error("the store could not write")]
    Write(#[source] io::Error),
    /// The store could not read.
    #[error("the store could not read")]
    Read(#[source] io::Error),
    /// It is not there.
    #[error("the store does not hold `{0}`")]
    Missing(Digest),
}

/// Keeps evidence under its digest.
///
/// Laws, which `conformance::store_laws` tests:
/// 1. What `put` took MUST be read back byte for byte under the digest it gave, also after a restart.
/// 2. Putting the same bytes again MUST give the same digest and keep one copy.
/// 3. A `put` that failed MUST keep nothing, and MUST leave what is there as it is.
/// 4. It MUST NOT hold the whole of what it is given in memory, but for a store that is memory.
/// 5. `list` MUST tell each digest once. `remove` MUST say whether there was something.
pub trait EvidenceStore: Send + Sync {
    /// Keeps all that `content` gives.
    ///
    /// # Errors
    ///
    /// [`StoreError::Source`] or [`StoreError::Write`]; nothing is kept then.
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError>;

    /// Reads what is kept under `digest`. Whether it is still that is [`crate::verify`]'s to say.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] or [`StoreError::Read`].
    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError>;

    /// The digests under which something is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`].
    fn list(&self) -> Result<Vec<Digest>, StoreError>;

    /// Destroys what is kept under `digest`; whether there was something. Note it in the custody log first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`].
    fn remove(&self, digest: &Digest) -> Result<bool, StoreError>;
}

const _: Option<&dyn EvidenceStore> = None;

/// How much is read at a time: what an SSD and a socket hand over well; memory does not grow with evidence.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Hands all that `content` gives to `write`, piece by piece.
pub(crate) fn pump(
    content: &mut dyn Read,
    write: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => write(buffer.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::Source(error)),
        }
    }
}
