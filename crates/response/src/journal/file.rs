//! The journal's bytes in a file: the only place of this crate that touches a file system.

use crate::Storage;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that one process appends to, locked while it is open.
///
/// `sync` is one `fdatasync`. `replace` writes a neighbour `NAME.new`, syncs it and renames it over the file.
#[derive(Debug)]
pub struct FileStorage {
    path: PathBuf,
    file: File,
    // The lock lies beside the file, because `replace` puts another file in its place.
    _lock: File,
}

impl FileStorage {
    /// Opens the file at `path`, making it when it is not there, and locks it against a second executor.
    ///
    /// # Errors
    ///
    /// When it can not be opened; [`io::ErrorKind::WouldBlock`] when another process holds it.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        let lock = OpenOptions::new().create(true).append(true).open(beside(&path, ".lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        let file = open(&path)?;
        sync_folder(&path)?;
        Ok(Self { path, file, _lock: lock })
    }
}

impl Storage for FileStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    // The lock keeps others out; where a network file system lost it, the length still tells that somebody wrote.
    fn append_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        let ours = self.file.metadata()?.len() == at;
        if ours {
            self.file.write_all(bytes)?;
        }
        Ok(ours)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.sync_data()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let new = beside(&self.path, ".new");
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        std::fs::rename(&new, &self.path)?;
        sync_folder(&self.path)?;
        self.file = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).read(true).append(true).open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Makes a name in a folder durable. Where folders can not be opened as files, renaming is all there is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_it_was_given_and_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut storage = FileStorage::open(&path).unwrap();
        storage.append(b"one two").unwrap();
        storage.sync().unwrap();
        storage.truncate(3).unwrap();
        storage.append(b"!").unwrap();
        assert_eq!(storage.read().unwrap(), b"one!");
        assert_eq!(FileStorage::open(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        storage.replace(b"new").unwrap();
        storage.append(b"er").unwrap();
        drop(storage);
        assert_eq!(FileStorage::open(&path).unwrap().read().unwrap(), b"newer");
    }
}
