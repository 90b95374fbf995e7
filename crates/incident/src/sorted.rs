//! Small maps and sets in one sorted piece of memory, and the table of entities.
//!
//! What is kept of one entity or episode is a handful of entries: a sorted vector takes an allocation and no slack
//! where a tree takes nodes of eleven. O(log n) to look up, O(n) to insert in the midst.

use crate::profile::Profile;
use homeostat_identity::EntityId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::{mem, slice};

/// A map with few entries, in order of its keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VecMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for VecMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> VecMap<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.place(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts `value` under `key`; gives what stood there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => self.0.get_mut(at).map(|(_, old)| mem::replace(old, value)),
            Err(at) => {
                self.make_room();
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// The value under `key`, the default where there was none.
    pub(crate) fn known(&mut self, key: K) -> Option<&mut V>
    where
        V: Default,
    {
        let at = match self.place(&key) {
            Ok(at) => at,
            Err(at) => {
                self.make_room();
                self.0.insert(at, (key, V::default()));
                at
            }
        };
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Grows by a quarter where a vector would double: most never grow again.
    fn make_room(&mut self) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(1 + self.0.len() / 4);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|at| self.0.remove(at).1)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> Pairs<'_, K, V> {
        self.into_iter()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Bytes that the entries take beside what they point to.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(K, V)>()
    }
}

/// The entries of a [`VecMap`].
pub(crate) type Pairs<'a, K, V> = std::iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

impl<'a, K, V> IntoIterator for &'a VecMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Pairs<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        let pair: fn(&'a (K, V)) -> (&'a K, &'a V) = |(key, value)| (key, value);
        self.0.iter().map(pair)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for VecMap<K, V> {
    /// Of entries with one key the last stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries: std::collections::BTreeMap<K, V> = entries.into_iter().collect();
        Self(entries.into_iter().collect())
    }
}

/// A set with few members, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VecSet<T>(Vec<T>);

impl<T> Default for VecSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> VecSet<T> {
    /// Puts `item` in; tells whether it is new. O(1) at the end.
    pub(crate) fn insert(&mut self, item: T) -> bool {
        let after_all = self.0.last().is_none_or(|last| *last < item);
        let place = if after_all { Err(self.0.len()) } else { self.0.binary_search(&item) };
        let Err(at) = place else { return false };
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(at, item);
        true
    }

    pub(crate) fn remove(&mut self, item: &T) -> bool {
        self.0.binary_search(item).map(|at| self.0.remove(at)).is_ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.0.first()
    }

    pub(crate) fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Bytes that the members take beside what they point to.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }
}

impl<'a, T> IntoIterator for &'a VecSet<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Ord> FromIterator<T> for VecSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items: Vec<T> = items.into_iter().collect();
        items.sort_unstable();
        items.dedup();
        Self(items)
    }
}

/// Spreads numbers that a directory gave out, or that are hashes already, over a table. Nobody outside chooses them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        // The odd number nearest to 2⁶⁴ divided by the golden ratio; both halves of the product then count.
        let mixed = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// What is kept of each entity. O(1) to look up; in order of ids where order shows.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct EntityTable(HashMap<EntityId, Box<Profile>, BuildHasherDefault<Spread>>);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "called as a map's methods are")]
impl EntityTable {
    pub(crate) fn get(&self, id: &EntityId) -> Option<&Profile> {
        self.0.get(id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: &EntityId) -> Option<&mut Profile> {
        self.0.get_mut(id).map(Box::as_mut)
    }

    /// The profile of `id`, empty where there was none.
    pub(crate) fn known(&mut self, id: EntityId) -> &mut Profile {
        self.0.entry(id).or_default()
    }

    pub(crate) fn insert(&mut self, id: EntityId, profile: Profile) {
        self.0.insert(id, Box::new(profile));
    }

    pub(crate) fn remove(&mut self, id: &EntityId) -> Option<Box<Profile>> {
        self.0.remove(id)
    }

    pub(crate) fn contains_key(&self, id: &EntityId) -> bool {
        self.0.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in order of ids. O(n log n).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&EntityId, &Profile)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, profile)| (id, &**profile)).collect();
        all.sort_unstable_by_key(|(id, _)| **id);
        all.into_iter()
    }

    /// All of them, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Profile> {
        self.0.values().map(Box::as_ref)
    }

    /// All of them, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Profile> {
        self.0.values_mut().map(Box::as_mut)
    }

    /// Bytes of the table itself.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * (size_of::<(EntityId, Box<Profile>)>() + 1)
    }
}
