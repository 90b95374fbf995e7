//! What happened, in order, so that nobody can change it unseen and a restart knows all of it.
//!
//! One record is length ‖ SHA-256(previous hash ‖ body) ‖ JSON. A tail torn at any byte is cut off on opening;
//! any altered byte is found. Opening costs O(n) in bytes; appending one write, and one sync where asked.
//! People stand in it as keyed pseudonyms, so that a person can be forgotten and the chain stays whole.

mod chain;
mod entry;
mod file;
mod pseudonym;
mod storage;

pub use entry::{Durability, Entry, JournalError, Record};
pub use file::FileStorage;
pub use pseudonym::{PseudonymKey, Pseudonyms};
pub use storage::{MemoryStorage, Storage};

use chain::{BODY_LIMIT, Chaining, Frames, frame};
use std::collections::BTreeSet;
use std::fmt;
use std::io;

/// The append-only, hash-chained journal of one tenant.
///
/// ```
/// use homeostat_response::{Journal, MemoryStorage, PseudonymKey};
/// let (journal, records) =
///     Journal::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([1; 32]))?;
/// assert!(records.is_empty());
/// assert_eq!(journal.head(), [0; 32]);
/// # Ok::<(), homeostat_response::JournalError>(())
/// ```
pub struct Journal<S> {
    chain: S,
    names: Pseudonyms<S>,
    head: [u8; 32],
    bytes: u64,
    records: u64,
    state: Writing,
}

/// Whether the end of the chain is known. INVARIANT: once it is not, nothing is written any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    Sound,
    Broken,
    Fenced,
}

/// Records that are written together: encoded, and not yet in the storage.
pub(crate) struct Page {
    bytes: Vec<u8>,
    head: [u8; 32],
    records: u64,
}

impl<S: Storage> Journal<S> {
    /// Opens the journal whose chain lies in `chain` and whose names lie in `names`; cuts a torn tail off and
    /// tells all records.
    ///
    /// # Errors
    ///
    /// [`JournalError`] when a storage fails, or the chain was altered or holds what can not be understood.
    pub fn open(mut chain: S, names: S, key: PseudonymKey) -> Result<(Self, Vec<Record>), JournalError> {
        let names = Pseudonyms::open(names, key)?;
        let bytes = chain.read()?;
        let mut frames = Frames::new(&bytes, Chaining::Chained);
        let mut records = Vec::new();
        while let Some((offset, body)) = frames.next()? {
            let record: Record =
                serde_json::from_slice(body).map_err(|_| JournalError::Unreadable { offset })?;
            // Most records name nobody, and reading each text again would take half the time.
            let names_people = body.contains(&Pseudonyms::<S>::MARK);
            records.push(if names_people { record.map_texts(&|text| names.open_text(text)) } else { record });
        }
        let (head, end) = (frames.head(), frames.end());
        if end < bytes.len() as u64 {
            chain.truncate(end)?;
        }
        let count = records.len() as u64;
        Ok((Self { chain, names, head, bytes: end, records: count, state: Writing::Sound }, records))
    }

    /// Adds `records` in one write; synced when `durability` asks for it.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; how much was written is then not known, and every later write is
    /// [`JournalError::Broken`] or [`JournalError::Fenced`].
    pub fn append(&mut self, records: &[Record], durability: Durability) -> Result<(), JournalError> {
        let mut page = self.page()?;
        for record in records {
            self.encode(record, &mut page)?;
        }
        self.write(&page, durability)
    }

    /// An empty page after the last record.
    pub(crate) fn page(&self) -> Result<Page, JournalError> {
        match self.state {
            Writing::Sound => Ok(Page { bytes: Vec::new(), head: self.head, records: 0 }),
            Writing::Broken => Err(JournalError::Broken),
            Writing::Fenced => Err(JournalError::Fenced),
        }
    }

    /// Writes a page that was begun after the last record.
    pub(crate) fn write(&mut self, page: &Page, durability: Durability) -> Result<(), JournalError> {
        if page.records == 0 && durability == Durability::Buffered {
            return Ok(());
        }
        // Set before the first write, so that no way out of here leaves it sound after a failure.
        self.state = Writing::Broken;
        if !self.chain.append_at(self.bytes, &page.bytes)? {
            self.state = Writing::Fenced;
            return Err(JournalError::Fenced);
        }
        if durability == Durability::Synced {
            self.chain.sync()?;
        }
        self.state = Writing::Sound;
        self.head = page.head;
        self.bytes = self.bytes.saturating_add(page.bytes.len() as u64);
        self.records = self.records.saturating_add(page.records);
        Ok(())
    }

    /// Whether this is still the only writer; asked before what needs no record.
    ///
    /// # Errors
    ///
    /// [`JournalError::Fenced`] when another executor wrote since.
    pub(crate) fn check_ours(&mut self) -> Result<(), JournalError> {
        drop(self.page()?);
        if self.chain.append_at(self.bytes, &[])? {
            return Ok(());
        }
        self.state = Writing::Fenced;
        Err(JournalError::Fenced)
    }

    /// Adds `record` to a page.
    pub(crate) fn encode(&mut self, record: &Record, page: &mut Page) -> Result<(), JournalError> {
        let people = record.people();
        let body = if people.is_empty() {
            serde_json::to_vec(record)
        } else {
            self.names.introduce(&people)?;
            serde_json::to_vec(&record.clone().map_texts(&|text| self.names.seal(text, &people)))
        };
        let body = body.map_err(io::Error::other)?;
        if body.len() > BODY_LIMIT {
            return Err(JournalError::TooLong { bytes: body.len() });
        }
        page.head = frame(&page.head, &body, &mut page.bytes);
        page.records = page.records.saturating_add(1);
        Ok(())
    }

    /// Drops the way back from a person's pseudonym to the name; whether there was any. The chain stays as it is.
    ///
    /// # Errors
    ///
    /// When the storage of names fails; the name is then still known.
    pub fn forget(&mut self, name: &str) -> Result<bool, JournalError> {
        self.names.forget(&spellings(name))
    }

    /// The hash of the last record. Publish it elsewhere from time to time: a journal rolled back to an earlier
    /// state is whole in itself, and only a head kept outside tells.
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// The length of the chain in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many people it knows by name.
    pub fn people(&self) -> usize {
        self.names.len()
    }
}

impl<S> fmt::Debug for Journal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({} records, {} bytes)", self.records, self.bytes)
    }
}

/// A name as it stands in texts: as it is, in lower case, and escaped as JSON has it inside an undo value.
fn spellings(name: &str) -> Vec<String> {
    let mut spellings = BTreeSet::from([name.to_owned(), name.to_lowercase()]);
    for plain in spellings.clone() {
        let json = serde_json::to_string(&plain).unwrap_or_default();
        spellings.extend(json.get(1..json.len().saturating_sub(1)).map(str::to_owned));
    }
    spellings.into_iter().filter(|spelling| !spelling.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Proposer;
    use crate::{Action, ActionId, Brake, Event, Person, Plan, Request, Target, TargetKind, Undo};
    use homeostat_core::TenantId;
    use homeostat_core::Timestamp;
    use proptest::prelude::*;

    fn open(storage: &MemoryStorage) -> Result<(Journal<MemoryStorage>, Vec<Record>), JournalError> {
        Journal::open(storage.clone(), MemoryStorage::default(), PseudonymKey::new([3; 32]))
    }

    fn records() -> Vec<Record> {
        let id = ActionId::new("a-1").unwrap();
        let target = Target::new(TargetKind::Host, "web-1").with("team", "ü\"x");
        let request = Request::new(id.clone(), TenantId::new("acme").unwrap(), Action::Isolate, target);
        let event = Event::Proposed { request: Box::new(request) };
        let action = |event| Entry::Action { id: id.clone(), event };
        [
            action(event),
            action(Event::ApplyIntent { expires_at: Timestamp::from_micros(9) }),
            action(Event::Applied),
            Entry::Brake { brake: Brake::HoldNew, by: Person::new("jane@acme.example") },
            action(Event::Reverted),
        ]
        .map(|entry| Record { at: Timestamp::from_micros(5), entry })
        .to_vec()
    }

    #[test]
    fn a_tail_torn_at_any_byte_leaves_a_clean_prefix() {
        let storage = MemoryStorage::default();
        let mut ends = vec![0];
        let (mut journal, _) = open(&storage).unwrap();
        for record in records() {
            journal.append(&[record], Durability::Synced).unwrap();
            ends.push(storage.durable().len());
        }
        let whole = storage.durable();
        for cut in 0..=whole.len() {
            let torn = MemoryStorage::holding(whole[..cut].to_vec());
            let (mut journal, read) = open(&torn).unwrap();
            let kept = ends.iter().filter(|end| **end > 0 && **end <= cut).count();
            assert_eq!(read.len(), kept, "cut at {cut}");
            journal.append(&records()[..1], Durability::Synced).unwrap();
            assert_eq!(open(&torn).unwrap().1.len(), kept + 1, "and it goes on from there");
        }
    }

    #[test]
    fn any_altered_byte_is_found() {
        let storage = MemoryStorage::default();
        open(&storage).unwrap().0.append(&records(), Durability::Synced).unwrap();
        let whole = storage.durable();
        for at in 0..whole.len() {
            for flip in [0x01, 0x80] {
                let mut altered = whole.clone();
                altered[at] ^= flip;
                let error = open(&MemoryStorage::holding(altered)).unwrap_err();
                assert!(matches!(error, JournalError::Altered { .. }), "byte {at}: {error}");
            }
        }
    }

    #[test]
    fn people_stand_as_pseudonyms_and_can_be_forgotten() {
        let (chain, names) = (MemoryStorage::default(), MemoryStorage::default());
        let key = PseudonymKey::new([3; 32]);
        let (mut journal, _) = Journal::open(chain.clone(), names.clone(), key.clone()).unwrap();
        let jane = "jane@acme.example";
        let target = Target::new(TargetKind::Person, jane).with("mail", jane);
        let id = ActionId::new("a-2").unwrap();
        let request = Request::new(id.clone(), TenantId::new("acme").unwrap(), Action::Challenge, target)
            .about("inc", "jane@acme.example signed in twice")
            .proposed_by(Proposer::Person(Person::new("joe@acme.example")));
        let undo = Undo::new(1, &serde_json::json!({"dn": "uid=jane@acme.example", "b": 1, "a": 2})).unwrap();
        let plan = Plan::new(&request).with_undo(undo);
        let decision = crate::Decision {
            ruling: crate::Ruling::Autonomous,
            max_ttl_ms: 1,
            because: BTreeSet::new(),
            policy: "1".into(),
        };
        let written: Vec<Record> = [
            Event::Proposed { request: Box::new(request) },
            Event::Planned {
                plan: Box::new(plan),
                actuator: "m".into(),
                effect: crate::Effect::Containment,
                decision,
            },
        ]
        .map(|event| Record { at: Timestamp::from_micros(1), entry: Entry::Action { id: id.clone(), event } })
        .to_vec();
        journal.append(&written, Durability::Synced).unwrap();
        let before = chain.durable();
        let text = String::from_utf8_lossy(&before).into_owned();
        assert!(!text.contains("jane") && !text.contains("joe"), "{text}");
        let (_, read) = Journal::open(chain.clone(), names.clone(), key.clone()).unwrap();
        assert_eq!(read, written, "whoever has the names reads it all, byte for byte");

        assert!(journal.forget(jane).unwrap());
        assert_eq!(chain.durable(), before, "the chain is untouched");
        let (_, read) = Journal::open(chain, names, key).unwrap();
        let Entry::Action { event: Event::Proposed { request }, .. } = &read[0].entry else { panic!() };
        assert!(!request.target.id.contains("jane") && !request.reason.contains("jane"));
        assert_eq!(request.proposer, Proposer::Person(Person::new("joe@acme.example")));
    }

    proptest! {
        #[test]
        fn what_was_appended_is_read_back(ids in prop::collection::vec("[a-z0-9-]{1,8}", 1..8), name in ".{0,12}") {
            let storage = MemoryStorage::default();
            let names = MemoryStorage::default();
            let key = PseudonymKey::new([3; 32]);
            let (mut journal, _) = Journal::open(storage.clone(), names.clone(), key.clone()).unwrap();
            let mut written = Vec::new();
            for (number, id) in (0_i64..).zip(&ids) {
                let target = Target::new(TargetKind::Person, &name).with("x", &name);
                let id = ActionId::new(id).unwrap();
                let request = Request::new(id.clone(), TenantId::new("t").unwrap(), Action::Notify, target)
                    .proposed_by(Proposer::Person(Person::new(&name)));
                let event = Event::Proposed { request: Box::new(request) };
                let record = Record { at: Timestamp::from_micros(number), entry: Entry::Action { id, event } };
                journal.append(std::slice::from_ref(&record), Durability::Buffered).unwrap();
                written.push(record);
            }
            let (reopened, read) = Journal::open(storage, names, key).unwrap();
            prop_assert_eq!(read, written);
            prop_assert_eq!(reopened.head(), journal.head());
        }
    }
}
