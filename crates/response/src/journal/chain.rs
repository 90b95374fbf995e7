//! The layout of the journal: length ‖ SHA-256(previous hash ‖ body) ‖ body, one record after another.
//!
//! A crash only cuts the end off, so a cut is told from an alteration: a record that reaches beyond the end is
//! torn only when what is there of its body is no whole JSON value. O(n) in bytes.

use super::JournalError;
use sha2::{Digest, Sha256};

/// The longest body in bytes. A plan of ten thousand resources has about one million.
pub(crate) const BODY_LIMIT: usize = 16 << 20;

const HEADER: usize = 4 + 32;

/// Whether each record hashes the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chaining {
    Chained,
    Loose,
}

/// Adds the record of `body` that follows `previous` to `out`; its hash.
pub(crate) fn frame(previous: &[u8; 32], body: &[u8], out: &mut Vec<u8>) -> [u8; 32] {
    let hash = digest(previous, body);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&hash);
    out.extend_from_slice(body);
    hash
}

fn digest(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update(body).finalize().into()
}

/// Reads records one after another and stops before a torn tail.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    head: [u8; 32],
    chaining: Chaining,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(bytes: &'a [u8], chaining: Chaining) -> Self {
        Self { bytes, at: 0, head: [0; 32], chaining }
    }

    /// Where the last whole record ends.
    pub(crate) fn end(&self) -> u64 {
        self.at as u64
    }

    /// The hash of the last whole record.
    pub(crate) fn head(&self) -> [u8; 32] {
        self.head
    }

    /// The next whole record, with its place; `None` at the end or before a torn tail.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &'a [u8])>, JournalError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        // A file that grew before its data was written ends in zeros.
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let altered = JournalError::Altered { offset: self.at as u64 };
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some((hash, rest)) = rest.split_first_chunk::<32>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some(body) = rest.get(..length) else {
            return if begins_with_json(rest) { Err(altered) } else { Ok(None) };
        };
        if digest(&self.head, body) != *hash {
            return Err(altered);
        }
        let offset = self.at as u64;
        self.at = self.at.saturating_add(HEADER).saturating_add(length);
        if self.chaining == Chaining::Chained {
            self.head = *hash;
        }
        Ok(Some((offset, body)))
    }
}

/// Whether a whole JSON object stands at the front: then the length was altered, as a cut would have left less.
fn begins_with_json(bytes: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<serde::de::IgnoredAny>();
    matches!(values.next(), Some(Ok(_)))
}
