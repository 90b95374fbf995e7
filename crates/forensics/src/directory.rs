//! Evidence in a local directory: the default store.
//!
//! `objects/ab/cdef…` is named by its digest and read-only. What comes in is written to `incoming/`, synced, and then
//! renamed, so that a crash leaves either nothing or the whole. Memory: one chunk of 64 KiB.

use crate::store::pump;
use crate::{Digest, EvidenceStore, HashingReader, StoreError, Stored};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A store in a directory.
///
/// ```no_run
/// use homeostat_forensics::{DirectoryStore, EvidenceStore};
/// let store = DirectoryStore::open("case-7".as_ref())?;
/// let stored = store.put(&mut std::fs::File::open("/var/log/auth.log")?)?;
/// println!("{} bytes under {}", stored.bytes, stored.digest);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DirectoryStore {
    objects: PathBuf,
    incoming: PathBuf,
    next: AtomicU64,
}

impl DirectoryStore {
    /// Opens the store in `folder`, making it when it is not there. What a crash left half written is removed.
    ///
    /// # Errors
    ///
    /// When the folder can not be made or read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (objects, incoming) = (folder.join("objects"), folder.join("incoming"));
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&incoming)?;
        for left in fs::read_dir(&incoming)? {
            fs::remove_file(left?.path())?;
        }
        Ok(Self { objects, incoming, next: AtomicU64::new(0) })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let (folder, file) = name.split_at(2);
        self.objects.join(folder).join(file)
    }

    /// Writes what comes in to `file`, and makes it durable.
    fn write(mut file: File, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let mut hashing = HashingReader::new(content);
        pump(&mut hashing, &mut |bytes| file.write_all(bytes).map_err(StoreError::Write))?;
        file.sync_all().map_err(StoreError::Write)?;
        Ok(Stored { digest: hashing.digest(), bytes: hashing.length() })
    }

    /// Gives what came in its name, unless it is there already.
    fn name(&self, came: &Path, digest: &Digest) -> io::Result<()> {
        let path = self.path(digest);
        if path.exists() {
            return fs::remove_file(came);
        }
        let folder = path.parent().unwrap_or(&self.objects);
        fs::create_dir_all(folder)?;
        let mut permissions = fs::metadata(came)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(came, permissions)?;
        fs::rename(came, &path)?;
        sync_folder(folder)?;
        sync_folder(&self.objects)
    }
}

/// Makes the names in a folder durable, where folders can be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

impl EvidenceStore for DirectoryStore {
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let came = self.incoming.join(format!("{}-{number}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&came).map_err(StoreError::Write)?;
        let stored = Self::write(file, content);
        let named = stored.and_then(|stored| {
            self.name(&came, &stored.digest).map_err(StoreError::Write)?;
            Ok(stored)
        });
        if named.is_err() {
            // It is removed at the next start at the latest.
            let _ = fs::remove_file(&came);
        }
        named
    }

    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError> {
        match File::open(self.path(digest)) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing(*digest)),
            Err(error) => Err(StoreError::Read(error)),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::new();
        for folder in fs::read_dir(&self.objects).map_err(StoreError::Read)? {
            let folder = folder.map_err(StoreError::Read)?;
            for file in fs::read_dir(folder.path()).map_err(StoreError::Read)? {
                let file = file.map_err(StoreError::Read)?.file_name();
                digests.extend(named_by(&folder.file_name(), &file));
            }
        }
        digests.sort_unstable();
        Ok(digests)
    }

    fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        match fs::remove_file(self.path(digest)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::Write(error)),
        }
    }
}

fn named_by(folder: &OsStr, file: &OsStr) -> Option<Digest> {
    format!("{}{}", folder.to_str()?, file.to_str()?).parse().ok()
}
