//! The lines of a custody log: how one is made, and how all are read and checked. O(bytes).

use super::Record;
use crate::Digest;

/// What a log holds up to the first line that is not as it was written.
pub(crate) struct Read {
    /// The records before that line.
    pub(crate) records: Vec<Record>,
    /// The digest of the last of them.
    pub(crate) head: Digest,
    /// Where it ends, in bytes.
    pub(crate) end: u64,
    /// How many bytes of a line that was cut short follow.
    pub(crate) torn: u64,
    /// The last line is whole but for its end.
    pub(crate) unended: bool,
    /// A line that is not as it was written follows.
    pub(crate) altered: bool,
}

/// How many bytes stand before a line's JSON: 64 digits and a space.
const BEFORE: usize = 65;

/// The line of `record` after the line whose digest is `head`, and its own digest.
pub(super) fn line(head: &Digest, record: &Record) -> (Digest, Vec<u8>) {
    // A record always has a JSON form.
    let json = serde_json::to_vec(record).unwrap_or_default();
    let digest = head.chained(&json);
    (digest, [digest.to_string().as_bytes(), b" ", &json, b"\n"].concat())
}

/// Reads a log as far as it is as it was written.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let mut all = Read {
        records: Vec::new(),
        head: Digest::default(),
        end: 0,
        torn: 0,
        unended: false,
        altered: false,
    };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(at);
        let Some((digest, record)) = link(&all.head, line) else {
            all.altered = true;
            return all;
        };
        (all.head, rest) = (digest, after.get(1..).unwrap_or_default());
        all.end = all.end.saturating_add(line.len() as u64).saturating_add(1);
        all.records.push(record);
    }
    tail(&mut all, rest);
    all
}

/// What becomes of the bytes after the last line end: whole but for its end, altered at its end, or cut short.
fn tail(all: &mut Read, rest: &[u8]) {
    let without_last = rest.split_last().map_or(rest, |(_, line)| line);
    if let Some((digest, record)) = link(&all.head, rest) {
        (all.head, all.unended) = (digest, true);
        all.end = all.end.saturating_add(rest.len() as u64);
        all.records.push(record);
    } else if link(&all.head, without_last).is_some() {
        all.altered = true;
    } else {
        all.torn = rest.len() as u64;
    }
}

/// The digest and record of a line without its end, if it is the one that was written after `head`.
fn link(head: &Digest, line: &[u8]) -> Option<(Digest, Record)> {
    let (before, json) = line.split_at_checked(BEFORE)?;
    let digest: Digest = str::from_utf8(before).ok()?.strip_suffix(' ')?.parse().ok()?;
    if head.chained(json) != digest {
        return None;
    }
    Some((digest, serde_json::from_slice(json).ok()?))
}
