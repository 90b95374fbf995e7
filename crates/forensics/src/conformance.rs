//! The laws of [`EvidenceStore`] and [`Collector`], run against your own implementation.

use crate::{CollectError, Collector, Digest, EvidenceStore, Item, Kept, Sink, Step, Stop, StoreError};
use homeostat_response::Target;
use std::collections::BTreeSet;
use std::io::{self, Read};

/// A law that an implementation broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("law {law} is broken: {how}")]
pub struct BrokenLaw {
    /// Its number in the trait's documentation.
    pub law: u8,
    /// How, in words.
    pub how: &'static str,
}

fn law(holds: bool, law: u8, how: &'static str) -> Result<(), BrokenLaw> {
    if holds { Ok(()) } else { Err(BrokenLaw { law, how }) }
}

/// A stream of `left` bytes that can fail at its end, and remembers the largest buffer it was asked to fill.
struct Stream {
    left: u64,
    fails: bool,
    piece: usize,
    largest: usize,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.largest = self.largest.max(buffer.len());
        if self.left == 0 && self.fails {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len()).min(self.piece);
        buffer.iter_mut().take(most).for_each(|byte| *byte = b'x');
        self.left = self.left.saturating_sub(most as u64);
        Ok(most)
    }
}

fn content(store: &dyn EvidenceStore, digest: &Digest) -> Result<Vec<u8>, BrokenLaw> {
    let mut bytes = Vec::new();
    let opened =
        store.open(digest).map_err(|_| BrokenLaw { law: 1, how: "what was put can not be opened" })?;
    let mut opened = opened;
    let read = opened.read_to_end(&mut bytes);
    law(read.is_ok(), 1, "what was put can not be read")?;
    Ok(bytes)
}

/// Runs the laws of [`EvidenceStore`]; `open` opens the same, at first empty, store anew each time.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn store_laws<S: EvidenceStore>(open: &mut dyn FnMut() -> S) -> Result<(), BrokenLaw> {
    let store = open();
    let failed = BrokenLaw { law: 1, how: "nothing can be put" };
    for bytes in [&b""[..], b"one", &vec![7; 200_000]] {
        let stored = store.put(&mut &*bytes).map_err(|_| failed)?;
        law(stored.digest == Digest::of(bytes), 1, "the digest is another")?;
        law(stored.bytes == bytes.len() as u64, 1, "the length is another")?;
        law(content(&store, &stored.digest)? == bytes, 1, "other bytes are read back")?;
        law(content(&open(), &stored.digest)? == bytes, 1, "other bytes are read back after a restart")?;
        let again = store.put(&mut &*bytes).map_err(|_| failed)?;
        law(again == stored, 2, "the same bytes are something else")?;
    }
    let listed = store.list().map_err(|_| BrokenLaw { law: 5, how: "it can not be listed" })?;
    law(listed.len() == 3 && listed.iter().collect::<BTreeSet<_>>().len() == 3, 5, "not each digest once")?;
    failures(&store, &listed)?;
    removal(&store, &listed)
}

fn failures(store: &dyn EvidenceStore, before: &[Digest]) -> Result<(), BrokenLaw> {
    // Odd pieces, as sockets give them.
    let mut broken = Stream { left: 100_000, fails: true, piece: 7_919, largest: 0 };
    law(matches!(store.put(&mut broken), Err(StoreError::Source(_))), 3, "a source that fails is not told")?;
    let after = store.list().unwrap_or_default();
    law(after.len() == before.len(), 3, "a put that failed keeps something")?;
    let mut long = Stream { left: 20 << 20, fails: false, piece: usize::MAX, largest: 0 };
    let stored =
        store.put(&mut long).map_err(|_| BrokenLaw { law: 4, how: "a long stream can not be put" })?;
    law(long.largest <= 1 << 20, 4, "it asks for more than a mebibyte at a time")?;
    law(store.remove(&stored.digest).is_ok_and(|there| there), 5, "what is there can not be removed")
}

fn removal(store: &dyn EvidenceStore, listed: &[Digest]) -> Result<(), BrokenLaw> {
    for digest in listed {
        law(store.remove(digest).is_ok_and(|there| there), 5, "what is there is not said to be")?;
        law(store.remove(digest).is_ok_and(|there| !there), 5, "what is gone is said to be there")?;
        law(matches!(store.open(digest), Err(StoreError::Missing(_))), 5, "what is gone is opened")?;
    }
    Ok(())
}

/// A sink that counts, and stops after some items.
struct Counter {
    names: BTreeSet<String>,
    twice: bool,
    left: usize,
    after_stop: bool,
}

impl Counter {
    fn stopping_after(left: usize) -> Self {
        Self { names: BTreeSet::new(), twice: false, left, after_stop: false }
    }

    fn count(&mut self, item: &Item) -> Result<(), Stop> {
        if self.left == 0 {
            return Err(Stop(()));
        }
        self.left = self.left.saturating_sub(1);
        self.after_stop = self.left == 0;
        self.twice |= !self.names.insert(item.name.clone());
        Ok(())
    }
}

impl Sink for Counter {
    fn has(&self, _: &str) -> bool {
        false
    }

    fn take(&mut self, item: &Item, content: &mut dyn Read) -> Result<Kept, Stop> {
        self.count(item)?;
        let read = io::copy(content, &mut io::sink());
        Ok(if read.is_ok() { Kept::Whole } else { Kept::Missed })
    }

    fn miss(&mut self, item: &Item, _: &'static str) -> Result<(), Stop> {
        self.count(item)
    }
}

/// Runs the laws of [`Collector`] that show from outside, on `steps` of `target`.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn collector_laws(collector: &dyn Collector, target: &Target, steps: &[Step]) -> Result<(), BrokenLaw> {
    for step in steps {
        let mut all = Counter::stopping_after(usize::MAX);
        // A step that can not be taken here has nothing to show.
        if collector.collect(step, target, &mut all).is_err() {
            continue;
        }
        law(!all.twice, 3, "two items of a step have one name")?;
        if all.names.len() > 1 {
            let mut one = Counter::stopping_after(1);
            let stopped = collector.collect(step, target, &mut one);
            law(matches!(stopped, Err(CollectError::Stopped(_))), 4, "it goes on after the sink says stop")?;
        }
    }
    Ok(())
}
