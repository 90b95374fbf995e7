//! Keyed pseudonyms: what stands in a journal, or in another chain that must stay whole, in place of a person's name.
//!
//! A pseudonym is HMAC-SHA-256 (RFC 2104) of the name under the tenant's key, which never enters the chain.
//! The way back, pseudonym to name, lies in a storage of its own; forgetting a person drops the entry there,
//! and no byte of the chain changes. After that the same name gets another pseudonym, as the generation grew.

use super::chain::{Chaining, Frames, frame};
use super::{JournalError, Storage};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The key of a tenant's pseudonyms. Keep it apart from the journal; who has both can guess names.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// Takes over 256 random bits.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey")
    }
}

/// Marks a pseudonym in a text; 32 hexadecimal digits follow.
const MARK: char = '~';
const DIGITS: usize = 32;
const ZERO: [u8; 32] = [0; 32];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Generation(u64),
    Name { token: String, name: String },
}

/// The pseudonyms of one chain, and the way back from them, in a storage of its own.
///
/// ```
/// use homeostat_response::{MemoryStorage, PseudonymKey, Pseudonyms};
/// let mut names = Pseudonyms::open(MemoryStorage::default(), PseudonymKey::new([7; 32]))?;
/// let people = ["jane".to_owned()];
/// names.introduce(&people)?;
/// let sealed = names.seal("jane signed in", &people);
/// assert!(!sealed.contains("jane"));
/// assert_eq!(names.open_text(&sealed), "jane signed in");
/// names.forget(&people)?;
/// assert_eq!(names.open_text(&sealed), sealed);
/// # Ok::<(), homeostat_response::JournalError>(())
/// ```
pub struct Pseudonyms<S> {
    storage: S,
    /// Whether the end of the storage is not known. INVARIANT: nothing is written any more then.
    broken: bool,
    key: PseudonymKey,
    generation: u64,
    by_token: BTreeMap<String, String>,
    by_name: BTreeMap<String, String>,
}

impl<S> fmt::Debug for Pseudonyms<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonyms({} people)", self.by_token.len())
    }
}

impl<S: Storage> Pseudonyms<S> {
    /// The byte that every pseudonym begins with.
    pub(crate) const MARK: u8 = MARK as u8;

    /// Reads the names that lie in `storage`; cuts a torn tail off.
    ///
    /// # Errors
    ///
    /// [`JournalError`] when the storage fails, or was altered or holds what can not be understood.
    pub fn open(mut storage: S, key: PseudonymKey) -> Result<Self, JournalError> {
        let bytes = storage.read()?;
        let (by_token, by_name) = Default::default();
        let mut names = Self { storage, broken: false, key, generation: 0, by_token, by_name };
        let mut frames = Frames::new(&bytes, Chaining::Loose);
        while let Some((offset, body)) = frames.next()? {
            match serde_json::from_slice(body) {
                Ok(Entry::Generation(generation)) => names.generation = generation,
                Ok(Entry::Name { token, name }) => names.learn(token, name),
                Err(_) => return Err(JournalError::Unreadable { offset }),
            }
        }
        if frames.end() < bytes.len() as u64 {
            names.storage.truncate(frames.end())?;
        }
        Ok(names)
    }

    fn learn(&mut self, token: String, name: String) {
        self.by_name.insert(name.clone(), token.clone());
        self.by_token.insert(token, name);
    }

    /// Makes sure that each of `people` has a durable pseudonym. One sync, and only for people not seen before.
    ///
    /// # Errors
    ///
    /// When the storage fails; how much was written is then not known, and whatever would be written later is
    /// [`JournalError::Broken`].
    pub fn introduce(&mut self, people: &[String]) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        let mut fresh = Vec::new();
        let strange: BTreeSet<&String> =
            people.iter().filter(|name| !self.by_name.contains_key(*name)).collect();
        for name in strange {
            let token = self.token(name);
            let entry = Entry::Name { token: token.clone(), name: name.clone() };
            frame(&ZERO, &serde_json::to_vec(&entry).unwrap_or_default(), &mut bytes);
            fresh.push((token, name.clone()));
        }
        if !fresh.is_empty() {
            self.sound()?;
            self.broken = true;
            self.storage.append(&bytes)?;
            self.storage.sync()?;
            self.broken = false;
        }
        for (token, name) in fresh {
            self.learn(token, name);
        }
        Ok(())
    }

    fn sound(&self) -> Result<(), JournalError> {
        if self.broken { Err(JournalError::Broken) } else { Ok(()) }
    }

    /// `text` with every mention of `people`, who were introduced, replaced. `people` come longest first.
    pub fn seal(&self, text: &str, people: &[String]) -> String {
        let mut sealed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let named = people.iter().find(|name| rest.starts_with(name.as_str()));
            let taken =
                if let Some((name, token)) = named.and_then(|name| Some((name, self.by_name.get(name)?))) {
                    sealed.push_str(token);
                    name.len()
                } else {
                    sealed.push(first);
                    first.len_utf8()
                };
            rest = rest.get(taken..).unwrap_or_default();
        }
        sealed
    }

    /// `text` with every pseudonym whose person is still known replaced by the name.
    pub fn open_text(&self, text: &str) -> String {
        let mut opened = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(MARK) {
            let (before, from) = rest.split_at(at);
            opened.push_str(before);
            let length = MARK.len_utf8() + DIGITS;
            let taken = if let Some(name) = from.get(..length).and_then(|token| self.by_token.get(token)) {
                opened.push_str(name);
                length
            } else {
                opened.push(MARK);
                MARK.len_utf8()
            };
            rest = from.get(taken..).unwrap_or_default();
        }
        opened.push_str(rest);
        opened
    }

    /// Drops the way back to `names`; whether there was any.
    ///
    /// # Errors
    ///
    /// When the storage fails; the names are then still known.
    pub fn forget(&mut self, names: &[String]) -> Result<bool, JournalError> {
        let known: Vec<_> = names.iter().filter(|name| self.by_name.contains_key(*name)).collect();
        if known.is_empty() {
            return Ok(false);
        }
        self.sound()?;
        let generation = self.generation.saturating_add(1);
        let mut bytes = Vec::new();
        frame(&ZERO, &serde_json::to_vec(&Entry::Generation(generation)).unwrap_or_default(), &mut bytes);
        for (token, name) in self.by_token.iter().filter(|(_, name)| !known.contains(name)) {
            let entry = Entry::Name { token: token.clone(), name: name.clone() };
            frame(&ZERO, &serde_json::to_vec(&entry).unwrap_or_default(), &mut bytes);
        }
        self.storage.replace(&bytes)?;
        self.generation = generation;
        for name in names {
            if let Some(token) = self.by_name.remove(name) {
                self.by_token.remove(&token);
            }
        }
        Ok(true)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_token.len()
    }

    fn token(&self, name: &str) -> String {
        let mut message = self.generation.to_le_bytes().to_vec();
        message.extend_from_slice(name.as_bytes());
        let digest = hmac(&self.key.0, &message);
        let number =
            digest.iter().take(DIGITS / 2).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        format!("{MARK}{number:032x}")
    }
}

/// RFC 2104 with SHA-256, whose block has 64 bytes.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5C)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStorage;
    use proptest::prelude::*;

    fn names() -> Pseudonyms<MemoryStorage> {
        Pseudonyms::open(MemoryStorage::default(), PseudonymKey::new([7; 32])).unwrap()
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        // Test case 2 has a shorter key, which HMAC fills with zeros.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let digest = hmac(&key, b"what do ya want for nothing?");
        assert_eq!(digest[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(digest[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    proptest! {
        #[test]
        fn sealing_and_opening_meet(text in "[a-d0-9 ]{0,40}", people in prop::collection::btree_set("[a-d0-9]{1,4}", 0..4)) {
            let mut people: Vec<String> = people.into_iter().collect();
            people.sort_by_key(|name| std::cmp::Reverse(name.len()));
            let mut names = names();
            names.introduce(&people).unwrap();
            let sealed = names.seal(&text, &people);
            prop_assert_eq!(names.open_text(&sealed), text);
        }
    }

    #[test]
    fn a_forgotten_name_comes_back_as_another() {
        let people = ["jane".to_owned(), "joe".to_owned()];
        let mut names = names();
        names.introduce(&people).unwrap();
        let (jane, joe) = (names.seal("jane", &people), names.seal("joe", &people));
        assert!(names.forget(&people[..1]).unwrap() && !names.forget(&people[..1]).unwrap());
        let storage = names.storage.clone();
        assert!(!String::from_utf8_lossy(&storage.durable()).contains("jane"));
        let mut names = Pseudonyms::open(storage, PseudonymKey::new([7; 32])).unwrap();
        assert_eq!((names.open_text(&jane), names.open_text(&joe)), (jane.clone(), "joe".to_owned()));
        names.introduce(&people).unwrap();
        assert_ne!(names.seal("jane", &people), jane);
    }
}
