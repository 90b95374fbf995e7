//! Who had which evidence when, why, and with what tool: the chain of custody (RFC 3227 section 4, SP 800-86).
//!
//! One line a record: the SHA-256 of the digest before and of this line's JSON, a space, the JSON. So `sha256sum` is
//! enough to check it by hand. An altered, missing or reordered line breaks the chain at that line; a line that was
//! cut off by a crash is taken off when the log is opened, and that is a record of its own. What a chain can not show
//! by itself is being cut at a whole line: publish [`Custody::head`] elsewhere and hand it to [`crate::verify`].

mod chain;
mod record;

pub(crate) use chain::{Read, read};
pub use record::{Deed, Ending, Record, Tool};

use crate::{Digest, Item};
use homeostat_core::Timestamp;
use homeostat_response::{ActionId, FileStorage, JournalError, PseudonymKey, Pseudonyms, Storage, Target};
use std::fmt;
use std::io;
use std::path::Path;

/// A custody log that one process appends to.
///
/// People stand in it as keyed pseudonyms; [`Custody::forget`] drops the way back and leaves the chain whole.
/// Memory: the records, some 400 bytes each.
///
/// ```
/// use homeostat_core::Timestamp;
/// use homeostat_forensics::{Custody, Deed};
/// use homeostat_response::{ActionId, MemoryStorage, PseudonymKey};
///
/// let chain = MemoryStorage::default();
/// let mut custody = Custody::open(chain.clone(), MemoryStorage::default(), PseudonymKey::new([7; 32]))?;
/// let deed = Deed::HandedOver { to: "Acme Labs".to_owned(), purpose: "memory analysis".to_owned() };
/// let at: Timestamp = "2026-11-21T09:00:00Z".parse()?;
/// custody.note(at, &ActionId::new("inc-7-capture")?, "joe@acme.example", deed)?;
/// assert!(!String::from_utf8_lossy(&chain.durable()).contains("joe"));
/// assert_eq!(custody.records()[0].who, "joe@acme.example");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Custody<S> {
    storage: S,
    people: Pseudonyms<S>,
    records: Vec<Record>,
    head: Digest,
    bytes: u64,
    tool: Tool,
    // After a write that failed the file's end is not known until it is opened anew.
    broken: bool,
}

/// Why a custody log could not be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustodyError {
    /// The storage failed; nothing more is written until the log is opened anew.
    #[error("the custody log could not be read or written")]
    Storage(#[from] io::Error),
    /// A line is not what was written there.
    #[error("the custody log is not as it was written from byte {offset} on")]
    Altered {
        /// Where the first such line begins.
        offset: u64,
    },
    /// The names of people can not be read.
    #[error("the names beside the custody log can not be read")]
    Names,
    /// A write failed before; open the log anew.
    #[error("a write to the custody log failed before: open it anew")]
    Broken,
}

impl From<JournalError> for CustodyError {
    /// What became of the names beside the log.
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Storage(error) => Self::Storage(error),
            JournalError::Broken => Self::Broken,
            _ => Self::Names,
        }
    }
}

impl Custody<FileStorage> {
    /// Opens `custody.log` and `names` in `folder`, making them when they are not there, and locks them.
    ///
    /// # Errors
    ///
    /// As [`Custody::open`]; also when another process holds them.
    pub fn in_folder(folder: &Path, key: PseudonymKey) -> Result<Self, CustodyError> {
        let log = FileStorage::open(folder.join("custody.log"))?;
        Self::open(log, FileStorage::open(folder.join("names"))?, key)
    }
}

impl<S: Storage> Custody<S> {
    /// Opens the log in `storage`; `names` holds the way back from pseudonyms.
    ///
    /// # Errors
    ///
    /// [`CustodyError::Altered`] when a line is not as it was written: nothing is appended to such a log.
    pub fn open(mut storage: S, names: S, key: PseudonymKey) -> Result<Self, CustodyError> {
        let people = Pseudonyms::open(names, key)?;
        let bytes = storage.read()?;
        let Read { records, head, end, torn, unended, altered } = read(&bytes);
        if altered {
            return Err(CustodyError::Altered { offset: end });
        }
        if torn > 0 {
            storage.truncate(end)?;
        } else if unended {
            storage.append(b"\n")?;
        }
        // What was read may never have been synced by whom it was killed.
        storage.sync()?;
        let end = end.saturating_add(u64::from(unended));
        let mut custody =
            Self { storage, people, records, head, bytes: end, tool: Tool::own(), broken: false };
        custody.records = custody.records.iter().map(|record| custody.shown(record)).collect();
        if torn > 0 {
            custody.recover(torn)?;
        }
        Ok(custody)
    }

    /// A torn line was taken off: said in the log, under the capture and at the time of the line before.
    fn recover(&mut self, bytes: u64) -> Result<(), CustodyError> {
        let before = self.records.last().map(|record| (record.at, record.capture.clone()));
        let (at, capture) = before.unwrap_or_else(|| (Timestamp::UNKNOWN, ActionId::derive(&["recovered"])));
        self.note(at, &capture, &Tool::own().name, Deed::Recovered { bytes })
    }

    /// The same, telling that `tool` does what is noted from now on.
    #[must_use]
    pub fn with_tool(self, tool: Tool) -> Self {
        Self { tool, ..self }
    }

    /// Every record, in order, with the names of people who are still known.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records of one capture.
    pub fn of<'a>(&'a self, capture: &'a ActionId) -> impl DoubleEndedIterator<Item = &'a Record> + 'a {
        self.records.iter().filter(move |record| record.capture == *capture)
    }

    /// The digest of the last line. Publish it elsewhere: it shows a log that was cut.
    pub fn head(&self) -> Digest {
        self.head
    }

    /// How long the log is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes that `who` did `deed`; durable when it returns. A name that `who` gives stands in the chain as pseudonym.
    ///
    /// # Errors
    ///
    /// When it can not be written; nothing more is written then.
    pub fn note(
        &mut self,
        at: Timestamp,
        capture: &ActionId,
        who: &str,
        deed: Deed,
    ) -> Result<(), CustodyError> {
        let people = deed.people();
        self.write(
            Record { at, capture: capture.clone(), who: who.to_owned(), tool: self.tool.clone(), deed },
            people,
        )
    }

    /// As [`Self::note`], of something about `target` or `item`, which may name people too.
    pub(crate) fn note_about(&mut self, record: Record, about: About<'_>) -> Result<(), CustodyError> {
        let mut people = record.deed.people();
        match about {
            About::Target(target) if target.kind.is_personal() => people.push(target.id.clone()),
            About::Item(item) => people.extend(item.people.iter().cloned()),
            About::Target(_) => {}
        }
        self.write(record, people)
    }

    pub(crate) fn tool(&self) -> Tool {
        self.tool.clone()
    }

    /// Appends a record in which `people`, and whoever did it, stand as pseudonyms.
    fn write(&mut self, record: Record, mut people: Vec<String>) -> Result<(), CustodyError> {
        if self.broken {
            return Err(CustodyError::Broken);
        }
        people.extend((!Tool::is_program(&record.who)).then(|| record.who.clone()));
        people.retain(|name| !name.is_empty());
        people.sort_by_key(|name| std::cmp::Reverse(name.len()));
        self.people.introduce(&people)?;
        let sealed = record.map(&mut |text| self.people.seal(text, &people));
        let (head, line) = chain::line(&self.head, &sealed);
        self.broken = true;
        self.storage.append(&line)?;
        self.storage.sync()?;
        (self.broken, self.head) = (false, head);
        self.bytes = self.bytes.saturating_add(line.len() as u64);
        self.records.push(record);
        Ok(())
    }

    fn shown(&self, record: &Record) -> Record {
        record.map(&mut |text| self.people.open_text(text))
    }

    /// Forgets a person: their pseudonyms lead to nobody any more, and no byte of the chain changes. Gives the digests
    /// of evidence that is about them, for their keeper to keep or [`destroy`](Deed::Destroyed) as the law asks.
    ///
    /// # Errors
    ///
    /// When the names can not be written; nothing is forgotten then.
    pub fn forget(&mut self, person: &str) -> Result<Vec<Digest>, CustodyError> {
        let about: Vec<Digest> = self.about(person).collect();
        if self.people.forget(&[person.to_owned()])? {
            let bytes = self.storage.read()?;
            self.records = read(&bytes).records.iter().map(|record| self.shown(record)).collect();
        }
        Ok(about)
    }

    /// The evidence that is about a person, by what collectors said of their items.
    pub fn about<'a>(&'a self, person: &'a str) -> impl Iterator<Item = Digest> + 'a {
        self.records.iter().filter_map(move |record| match &record.deed {
            Deed::Acquired { digest, people, .. } if people.iter().any(|name| name == person) => {
                Some(*digest)
            }
            _ => None,
        })
    }
}

/// What a record is about besides its deed.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    Target(&'a Target),
    Item(&'a Item),
}

impl<S> fmt::Debug for Custody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custody")
            .field("records", &self.records.len())
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
