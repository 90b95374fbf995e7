//! One file, taken without following links, without waiting on pipes, and without touching its access time.

use super::{Account, Taking};
use crate::{Item, Stop};
use homeostat_core::Timestamp;
use std::fmt::Write as _;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Takes the file at `path`; a link is taken as the text of its target. What is not there is no miss.
pub(super) fn take(taking: &mut Taking<'_>, path: &Path, owner: Option<&Account>) -> Result<(), Stop> {
    let mut item = taking.item(path);
    if let Some(person) = owner.and_then(Account::person) {
        item = item.about(person);
    }
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotADirectory =>
        {
            return Ok(());
        }
        Err(_) => return taking.sink.miss(&item, "look at it"),
    };
    if taking.sink.has(&item.name) {
        return Ok(());
    }
    if found.is_symlink() {
        return link(taking, path, &item.with_facts(facts(&found, "link")));
    }
    if !found.is_file() {
        return taking.sink.miss(&item, "take what is no file");
    }
    if taking.largest > 0 && found.len() > taking.largest {
        return taking.sink.miss(&item.with_facts(facts(&found, "file")), "take a file of that size");
    }
    match open(path, &found) {
        Ok((mut file, kind)) => taking.sink.take(&item.with_facts(facts(&found, kind)), &mut file).map(drop),
        Err(_) => taking.sink.miss(&item, "open it"),
    }
}

fn link(taking: &mut Taking<'_>, path: &Path, item: &Item) -> Result<(), Stop> {
    match fs::read_link(path) {
        Ok(target) => taking.sink.take(item, &mut target.as_os_str().as_bytes()).map(drop),
        Err(_) => taking.sink.miss(item, "read the link"),
    }
}

/// Opens the very file that was looked at: never a link, a pipe or a file that was put in its place since.
fn open(path: &Path, found: &Metadata) -> io::Result<(File, &'static str)> {
    let with = |flags: i32| {
        OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | flags).open(path)
    };
    let (file, kind) = match with(libc::O_NOATIME) {
        Ok(file) => (file, "file"),
        // Only an owner may leave the access time alone.
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => (with(0)?, "file, access time may change"),
        Err(error) => return Err(error),
    };
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) == (found.dev(), found.ino()) && opened.is_file() {
        Ok((file, kind))
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// What the file system tells, before anything was read.
fn facts(found: &Metadata, kind: &str) -> String {
    let [modified, accessed, changed] = [found.mtime(), found.atime(), found.ctime()]
        .map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    let (size, mode, uid, gid, inode) = (found.len(), found.mode(), found.uid(), found.gid(), found.ino());
    format!(
        "{kind}; size {size}; mode {mode:o}; uid {uid}; gid {gid}; inode {inode}; \
         modified {modified}; accessed {accessed}; changed {changed}"
    )
}

/// A path as text, so that no two paths have one text: bytes that are no UTF-8 and backslashes are escaped.
pub(super) fn name_of(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        name.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Writing to a text does not fail.
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn no_two_paths_have_one_name() {
        let name = |bytes: &[u8]| name_of(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name(b"/tmp/a b"), "/tmp/a b");
        assert_eq!(name(b"/tmp/\xff\xfe"), "/tmp/\\xff\\xfe");
        assert_ne!(name(b"/tmp/\xff"), name(b"/tmp/\\xff"));
        assert_ne!(name(b"/tmp/\xff"), name(b"/tmp/\xfe"));
    }
}
