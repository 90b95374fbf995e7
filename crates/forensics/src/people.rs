//! Keyed pseudonyms: what stands in the custody log in place of a person's name.
//!
//! A pseudonym is HMAC-SHA-256 (RFC 2104) of the name and a generation under the tenant's key, 128 bits of it. The way
//! back lies in a storage of its own; forgetting a person drops the entry there, and no byte of the chain changes.

use crate::CustodyError;
use hmac::{Hmac, KeyInit, Mac};
use homeostat_response::Storage;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// The key of a tenant's pseudonyms in custody logs. Keep it apart from the log; who has both can guess names.
#[derive(Clone, PartialEq, Eq)]
pub struct CustodyKey([u8; 32]);

impl CustodyKey {
    /// Takes over 256 random bits.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }
}

impl fmt::Debug for CustodyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustodyKey")
    }
}

/// Marks a pseudonym in a text; 32 hexadecimal digits follow.
const MARK: char = '~';
const DIGITS: usize = 32;

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    generation: u64,
    /// Pseudonym to name.
    names: BTreeMap<String, String>,
}

pub(crate) struct People<S> {
    storage: S,
    key: CustodyKey,
    kept: Kept,
}

impl<S: Storage> People<S> {
    pub(crate) fn open(mut storage: S, key: CustodyKey) -> Result<Self, CustodyError> {
        let bytes = storage.read()?;
        let kept = if bytes.is_empty() { Ok(Kept::default()) } else { serde_json::from_slice(&bytes) };
        Ok(Self { storage, key, kept: kept.map_err(|_| CustodyError::Names)? })
    }

    /// The pseudonym of `name`, durable before it is given out.
    pub(crate) fn introduce(&mut self, name: &str) -> Result<String, CustodyError> {
        let known = self.kept.names.iter().find(|(_, known)| *known == name);
        if let Some((token, _)) = known {
            return Ok(token.clone());
        }
        let token = self.token(name);
        self.kept.names.insert(token.clone(), name.to_owned());
        if let Err(error) = self.write() {
            self.kept.names.remove(&token);
            return Err(error);
        }
        Ok(token)
    }

    /// `text` with every mention of `people` replaced by their pseudonyms; the longest name goes first.
    pub(crate) fn seal(&mut self, text: &str, people: &[String]) -> Result<String, CustodyError> {
        let mut named: Vec<&String> = people.iter().filter(|name| !name.is_empty()).collect();
        named.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let mut sealed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = if let Some(name) = named.iter().find(|name| rest.starts_with(name.as_str())) {
                sealed.push_str(&self.introduce(name)?);
                name.len()
            } else {
                sealed.push(first);
                first.len_utf8()
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(sealed)
    }

    /// `text` with every pseudonym whose person is still known replaced by the name.
    pub(crate) fn open_text(&self, text: &str) -> String {
        let mut opened = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(MARK) {
            let (before, from) = rest.split_at(at);
            opened.push_str(before);
            let token = from.get(..MARK.len_utf8() + DIGITS);
            let name = token.and_then(|token| Some((token.len(), self.kept.names.get(token)?)));
            let (length, shown) =
                name.map_or((MARK.len_utf8(), "~"), |(length, name)| (length, name.as_str()));
            opened.push_str(shown);
            rest = from.get(length..).unwrap_or_default();
        }
        opened.push_str(rest);
        opened
    }

    /// The pseudonym of `name` where it has one.
    pub(crate) fn token_of(&self, name: &str) -> Option<&str> {
        self.kept.names.iter().find(|(_, known)| *known == name).map(|(token, _)| token.as_str())
    }

    /// Drops the way back to `name`; whether there was any. After that the name gets another pseudonym.
    pub(crate) fn forget(&mut self, name: &str) -> Result<bool, CustodyError> {
        let Some(token) = self.token_of(name).map(str::to_owned) else { return Ok(false) };
        self.kept.names.remove(&token);
        self.kept.generation = self.kept.generation.saturating_add(1);
        if let Err(error) = self.write() {
            self.kept.names.insert(token, name.to_owned());
            return Err(error);
        }
        Ok(true)
    }

    fn write(&mut self) -> Result<(), CustodyError> {
        // Names and numbers always have a JSON form.
        let bytes = serde_json::to_vec(&self.kept).unwrap_or_default();
        Ok(self.storage.replace(&bytes)?)
    }

    fn token(&self, name: &str) -> String {
        let mut token = String::from(MARK);
        // A key of 32 bytes always fits.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key.0) else { return token };
        mac.update(&self.kept.generation.to_le_bytes());
        mac.update(name.as_bytes());
        for byte in mac.finalize().into_bytes().iter().take(DIGITS / 2) {
            // Writing to a text does not fail.
            let _ = write!(token, "{byte:02x}");
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_response::MemoryStorage;

    #[test]
    fn a_person_who_is_forgotten_is_a_stranger_afterwards() {
        let storage = MemoryStorage::default();
        let mut people = People::open(storage.clone(), CustodyKey::new([7; 32])).unwrap();
        let names = ["jane".to_owned(), "janet".to_owned()];
        let sealed = people.seal("/home/janet/.ssh of jane", &names).unwrap();
        assert!(!sealed.contains("jane"));
        assert_eq!(people.open_text(&sealed), "/home/janet/.ssh of jane");
        assert_eq!(
            People::open(storage.clone(), CustodyKey::new([7; 32])).unwrap().open_text(&sealed),
            "/home/janet/.ssh of jane"
        );
        assert!(people.forget("jane").unwrap() && !people.forget("jane").unwrap());
        let opened = people.open_text(&sealed);
        assert!(opened.contains("janet") && !opened.ends_with("jane"));
        assert_ne!(people.introduce("jane").unwrap(), sealed[sealed.len() - 33..]);
        assert!(!String::from_utf8_lossy(&storage.durable()).contains("\"generation\":0"));
        assert!(People::open(MemoryStorage::holding(b"{".to_vec()), CustodyKey::new([7; 32])).is_err());
    }
}
