//! Keys in order that come and go, and can be halved: what a bisection walks over.

use homeostat_core::EntityKey;

/// Keys in order, in chunks. To add or take one moves those of one chunk: O(chunk + chunks).
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    // INVARIANT: no chunk is empty or longer than `MOST`, and all keys are in order.
    chunks: Vec<Vec<EntityKey>>,
}

/// So many keys move in half a microsecond.
const MOST: usize = 256;

/// Some of the keys, one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    Chunks(&'a [Vec<EntityKey>]),
    Keys(&'a [EntityKey]),
}

impl Shelf {
    /// Whether it was not there.
    pub(crate) fn add(&mut self, key: &EntityKey) -> bool {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![key.clone()]);
            return true;
        };
        let Err(place) = chunk.binary_search(key) else { return false };
        chunk.insert(place, key.clone());
        if chunk.len() > MOST {
            // Keys mostly come in order: what is behind them stays full.
            let rest = chunk.split_off(if place == MOST { MOST } else { MOST / 2 });
            self.chunks.insert(at + 1, rest);
        }
        true
    }

    /// Whether it was there.
    pub(crate) fn take(&mut self, key: &EntityKey) -> bool {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get_mut(at) else { return false };
        let Ok(place) = chunk.binary_search(key) else { return false };
        chunk.remove(place);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        true
    }

    pub(crate) fn get(&self, key: &EntityKey) -> Option<&EntityKey> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        chunk.get(chunk.binary_search(key).ok()?)
    }

    /// The last chunk that begins at or before a key, or the first of all.
    fn chunk_of(&self, key: &EntityKey) -> usize {
        let after = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| first <= key));
        after.saturating_sub(1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &EntityKey> {
        self.chunks.iter().flatten()
    }

    pub(crate) fn all(&self) -> Part<'_> {
        Part::Chunks(&self.chunks)
    }
}

impl PartialEq for Shelf {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a> Part<'a> {
    /// Its keys, when they lie in one piece.
    pub(crate) fn piece(self) -> Option<&'a [EntityKey]> {
        match self {
            Self::Keys(keys) => Some(keys),
            Self::Chunks([]) => Some(&[]),
            Self::Chunks([one]) => Some(one),
            Self::Chunks(_) => None,
        }
    }

    pub(crate) fn ends(self) -> Option<(&'a EntityKey, &'a EntityKey)> {
        match self {
            Self::Keys(keys) => keys.first().zip(keys.last()),
            Self::Chunks(chunks) => chunks.first()?.first().zip(chunks.last()?.last()),
        }
    }

    pub(crate) fn halves(self) -> [Self; 2] {
        match self {
            Self::Chunks([one]) => Self::Keys(one).halves(),
            Self::Chunks(chunks) => {
                let (one, two) = chunks.split_at(chunks.len() / 2);
                [Self::Chunks(one), Self::Chunks(two)]
            }
            Self::Keys(keys) => {
                let (one, two) = keys.split_at(keys.len() / 2);
                [Self::Keys(one), Self::Keys(two)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EntityKind;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn key(number: u16) -> EntityKey {
        EntityKey::new(EntityKind::NativeId, "test", &format!("key-{number:05}")).unwrap()
    }

    fn walk<'a>(part: Part<'a>, found: &mut Vec<&'a EntityKey>) {
        match part.piece() {
            Some(keys) if keys.len() < 3 => found.extend(keys),
            _ => part.halves().into_iter().for_each(|half| walk(half, found)),
        }
    }

    proptest! {
        #[test]
        fn a_shelf_is_a_set_in_order(changes in prop::collection::vec((any::<bool>(), 0_u16..1500), 0..2500)) {
            let (mut shelf, mut set) = (Shelf::default(), BTreeSet::new());
            for number in 0..1000 {
                prop_assert_eq!(shelf.add(&key(number)), set.insert(key(number)));
            }
            for (comes, number) in changes {
                let key = key(number);
                let (told, expected) = if comes {
                    (shelf.add(&key), set.insert(key))
                } else {
                    (shelf.take(&key), set.remove(&key))
                };
                prop_assert_eq!(told, expected);
            }
            prop_assert!(shelf.iter().eq(&set) && shelf.is_empty() == set.is_empty());
            prop_assert!((0..1500).all(|number| shelf.get(&key(number)) == set.get(&key(number))));
            prop_assert!(shelf.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= MOST));
            let mut found = Vec::new();
            walk(shelf.all(), &mut found);
            prop_assert!(found.into_iter().eq(&set));
            let ends = set.first().zip(set.last());
            prop_assert_eq!(shelf.all().ends(), ends);
        }
    }
}
