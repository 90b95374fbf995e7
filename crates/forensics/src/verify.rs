//! Whether evidence can be trusted: the chain of custody and every object, checked against each other.
//!
//! Needs no key and changes nothing. O(bytes of the log + bytes of the evidence), 64 KiB of memory and the log.

use crate::custody::{Read, read};
use crate::{Deed, Digest, EvidenceStore, HashingReader, StoreError};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Problem {
    /// A line of the log is not as it was written, or is not where it was.
    Altered {
        /// The number of the line, from 1.
        line: u64,
        /// Where it begins, in bytes.
        offset: u64,
    },
    /// The log ends within a line, as after a crash.
    Torn {
        /// How many bytes there are after the last whole line.
        bytes: u64,
    },
    /// The log does not end where it is known to have ended: lines were cut off or added.
    OtherHead {
        /// Where it ends.
        found: Digest,
    },
    /// Evidence that the log names is not there.
    Missing(Digest),
    /// Evidence is not what it was.
    Changed(Digest),
    /// Evidence could not be read.
    Unreadable(Digest),
    /// Evidence is there that no line names: of a capture that was killed, or put there by somebody.
    Unnamed(Digest),
    /// The manifest that the log tells is not that of its lines.
    OtherManifest {
        /// The manifest of the lines.
        found: Digest,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { line, offset } => {
                write!(f, "line {line}, from byte {offset} on, is not as it was written")
            }
            Self::Torn { bytes } => write!(f, "the log ends within a line, after {bytes} bytes of it"),
            Self::OtherHead { found } => {
                write!(f, "the log ends at {found}, which is not where it is known to have ended")
            }
            Self::Missing(digest) => write!(f, "{digest} is missing"),
            Self::Changed(digest) => write!(f, "{digest} is not what it was"),
            Self::Unreadable(digest) => write!(f, "{digest} can not be read"),
            Self::Unnamed(digest) => write!(f, "{digest} is there and no line names it"),
            Self::OtherManifest { found } => {
                write!(f, "a manifest is told that is not {found}, that of the lines")
            }
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many lines were checked.
    pub lines: u64,
    /// How many objects were read whole.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many objects were destroyed on purpose.
    pub destroyed: u64,
    /// The digest of the last line.
    pub head: Digest,
    /// What is not as it should be.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether all is as it should be.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks the log `custody` and every object of `store`; `head` is where the log is known to have ended, if it is.
///
/// ```
/// use homeostat_forensics::{Digest, MemoryStore, verify};
/// let report = verify(b"", &MemoryStore::default(), Some(Digest::of(b"published")))?;
/// assert!(!report.is_sound(), "a log that was emptied does not end where it ended");
/// # Ok::<(), homeostat_forensics::StoreError>(())
/// ```
///
/// # Errors
///
/// [`StoreError`] when the store can not be listed. An object that can not be read is a problem, not an error.
pub fn verify(custody: &[u8], store: &dyn EvidenceStore, head: Option<Digest>) -> Result<Report, StoreError> {
    let log = read(custody);
    let mut report = Report {
        lines: log.records.len() as u64,
        objects: 0,
        bytes: 0,
        destroyed: 0,
        head: log.head,
        problems: of_chain(&log, head),
    };
    report.problems.extend(of_manifests(&log));
    let (named, destroyed) = named(&log);
    report.destroyed = destroyed.len() as u64;
    for digest in named.difference(&destroyed) {
        match check(store, digest) {
            Ok(bytes) => {
                report.objects = report.objects.saturating_add(1);
                report.bytes = report.bytes.saturating_add(bytes);
            }
            Err(problem) => report.problems.push(problem),
        }
    }
    let kept = store.list()?;
    report.problems.extend(kept.into_iter().filter(|digest| !named.contains(digest)).map(Problem::Unnamed));
    Ok(report)
}

fn of_chain(log: &Read, head: Option<Digest>) -> Vec<Problem> {
    let line = (log.records.len() as u64).saturating_add(1);
    let altered = log.altered.then_some(Problem::Altered { line, offset: log.end });
    let unended = u64::from(log.unended);
    let torn = (log.torn.saturating_add(unended) > 0).then_some(Problem::Torn { bytes: log.torn });
    let other = head.filter(|head| *head != log.head).map(|_| Problem::OtherHead { found: log.head });
    [altered, torn, other].into_iter().flatten().collect()
}

/// Manifests that are told and are not those of the lines before.
fn of_manifests(log: &Read) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, record) in log.records.iter().enumerate() {
        let Deed::Finished { manifest, .. } = record.deed else { continue };
        let before = log.records.iter().take(number).filter(|one| one.capture == record.capture);
        let found = crate::Manifest::of_records(before).digest();
        if found != manifest {
            problems.push(Problem::OtherManifest { found });
        }
    }
    problems
}

/// The digests that the log names, and those of them that were destroyed and not acquired again since.
fn named(log: &Read) -> (BTreeSet<Digest>, BTreeSet<Digest>) {
    let mut there = BTreeMap::new();
    for record in &log.records {
        match &record.deed {
            Deed::Acquired { digest, .. } => drop(there.insert(*digest, true)),
            Deed::Destroyed { digest, .. } => drop(there.insert(*digest, false)),
            _ => {}
        }
    }
    let gone = there.iter().filter(|(_, there)| !**there).map(|(digest, _)| *digest).collect();
    (there.into_keys().collect(), gone)
}

/// Reads an object whole; gives its length.
fn check(store: &dyn EvidenceStore, digest: &Digest) -> Result<u64, Problem> {
    let content = store.open(digest).map_err(|error| match error {
        StoreError::Missing(_) => Problem::Missing(*digest),
        _ => Problem::Unreadable(*digest),
    })?;
    let mut hashing = HashingReader::new(content);
    io::copy(&mut hashing, &mut io::sink()).map_err(|_| Problem::Unreadable(*digest))?;
    if hashing.digest() == *digest { Ok(hashing.length()) } else { Err(Problem::Changed(*digest)) }
}
