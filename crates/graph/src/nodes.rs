//! Nodes of a graph that grows: a number for each key, for good.

use homeostat_core::EntityKey;
use std::collections::BTreeMap;

/// The keys of the nodes and their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Nodes {
    keys: Vec<EntityKey>,
    numbers: BTreeMap<EntityKey, u32>,
}

impl Nodes {
    /// The number of `key`, which is added when it is new.
    pub(crate) fn number(&mut self, key: &EntityKey) -> u32 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push(key.clone());
        self.numbers.insert(key.clone(), number);
        number
    }

    pub(crate) fn find(&self, key: &EntityKey) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub(crate) fn key(&self, number: u32) -> Option<&EntityKey> {
        self.keys.get(number as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Keys and numbers, in the order of keys.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&EntityKey, u32)> {
        self.numbers.iter().map(|(key, number)| (key, *number))
    }
}
