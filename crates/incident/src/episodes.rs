//! The table of episodes by number: numbers rise with arrival, so the recent ones lie in a queue and are found in O(1),
//! and the few old ones that incidents still hold in a tree.

use crate::episode::Episode;
use std::collections::{BTreeMap, VecDeque};

/// How many empty places the queue may hold beside four for each episode in it.
const SLACK: usize = 64;

/// Episodes by number, in order.
#[derive(Clone, Default)]
pub(crate) struct EpisodeTable {
    // INVARIANT: all numbers are below `base`.
    old: BTreeMap<u64, Box<Episode>>,
    // The number of the first place of `recent`.
    base: u64,
    recent: VecDeque<Option<Box<Episode>>>,
    // Places of `recent` that hold one.
    held: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "called as a map's methods are")]
impl EpisodeTable {
    fn place(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(self.base)?).ok()
    }

    pub(crate) fn get(&self, id: &u64) -> Option<&Episode> {
        match self.place(*id) {
            Some(at) => self.recent.get(at)?.as_deref(),
            None => self.old.get(id).map(Box::as_ref),
        }
    }

    pub(crate) fn get_mut(&mut self, id: &u64) -> Option<&mut Episode> {
        match self.place(*id) {
            Some(at) => self.recent.get_mut(at)?.as_deref_mut(),
            None => self.old.get_mut(id).map(Box::as_mut),
        }
    }

    pub(crate) fn contains_key(&self, id: &u64) -> bool {
        self.get(id).is_some()
    }

    /// Puts in an episode whose number is not taken; numbers after all others cost O(1).
    pub(crate) fn insert(&mut self, id: u64, episode: Episode) {
        let end = self.base.saturating_add(self.recent.len() as u64);
        if id < self.base {
            self.old.insert(id, Box::new(episode));
            return;
        }
        if let Some(place) = self.place(id).and_then(|at| self.recent.get_mut(at)) {
            self.held += usize::from(place.is_none());
            *place = Some(Box::new(episode));
            return;
        }
        if id > end {
            self.retire(0);
            self.base = id;
        }
        self.recent.push_back(Some(Box::new(episode)));
        self.held += 1;
    }

    pub(crate) fn remove(&mut self, id: &u64) -> Option<Box<Episode>> {
        let Some(at) = self.place(*id) else { return self.old.remove(id) };
        let gone = self.recent.get_mut(at)?.take()?;
        self.held -= 1;
        while self.recent.front().is_some_and(Option::is_none) {
            self.recent.pop_front();
            self.base = self.base.saturating_add(1);
        }
        self.retire(SLACK + 4 * self.held);
        Some(gone)
    }

    /// Moves the oldest to the tree until the queue has no more than `most` places.
    fn retire(&mut self, most: usize) {
        while self.recent.len() > most {
            if let Some(episode) = self.recent.pop_front().flatten() {
                self.old.insert(self.base, episode);
                self.held -= 1;
            }
            self.base = self.base.saturating_add(1);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.old.len() + self.held
    }

    /// All of them, in order of number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Episode)> {
        let recent = (self.base..).zip(&self.recent);
        let recent = recent.filter_map(|(id, episode)| Some((id, episode.as_deref()?)));
        self.old.iter().map(|(id, episode)| (*id, &**episode)).chain(recent)
    }

    /// All of them, in order of number.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Episode> {
        self.iter().map(|(_, episode)| episode)
    }

    /// All of them, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        self.old.values_mut().chain(self.recent.iter_mut().flatten()).map(Box::as_mut)
    }

    /// The greatest number.
    pub(crate) fn last(&self) -> Option<u64> {
        let recent = (self.held > 0).then(|| self.base.saturating_add(self.recent.len() as u64 - 1));
        recent.or_else(|| self.old.last_key_value().map(|(id, _)| *id))
    }

    /// Bytes of the table itself.
    pub(crate) fn bytes(&self) -> usize {
        self.recent.capacity() * size_of::<usize>() + self.old.len() * 24
    }
}
