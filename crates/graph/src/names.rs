//! The names of nodes, each held once: one text, and a table that finds a name by its hash.

use core::fmt;
use std::hash::{BuildHasher as _, RandomState};

/// Names by number, and numbers by name. 8 bytes, its text and 6 bytes of table a name.
#[derive(Clone, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<usize>,
    // Open addressing. Only looked up: nothing rests on its order. `FREE`, or the number of a name.
    slots: Vec<u32>,
    hasher: RandomState,
}

const FREE: u32 = u32::MAX;

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name of this number; empty for none.
    pub(crate) fn name(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.slots.get(self.slot(name)?).copied().filter(|number| *number != FREE)
    }

    /// The number of `name`, and whether it is new.
    pub(crate) fn number(&mut self, name: &str) -> (u32, bool) {
        if (self.ends.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(name).and_then(|slot| self.slots.get_mut(slot));
        let Some(slot) = slot else { return (FREE - 1, false) };
        if *slot != FREE {
            return (*slot, false);
        }
        // 2³² − 2 names: beyond that all share the last number.
        *slot = u32::try_from(self.ends.len()).unwrap_or(FREE).min(FREE - 1);
        let number = *slot;
        self.text.push_str(name);
        self.ends.push(self.text.len());
        (number, true)
    }

    /// Where `name` stands in the table, or would.
    fn slot(&self, name: &str) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits of a hash")]
        let mut at = self.hasher.hash_one(name) as usize & mask;
        loop {
            let number = *self.slots.get(at)?;
            if number == FREE || self.name(number) == name {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; (self.slots.len() * 2).max(16)];
        for number in 0..u32::try_from(self.ends.len()).unwrap_or(FREE) {
            let at = self.slot(self.name(number));
            if let Some(slot) = at.and_then(|at| self.slots.get_mut(at)) {
                *slot = number;
            }
        }
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_number() {
        let mut names = Names::default();
        assert_eq!((names.find("n0"), names.name(0)), (None, ""));
        for round in 0..2 {
            for number in 0..5000_u32 {
                assert_eq!(names.number(&format!("n{number}")), (number, round == 0));
            }
        }
        assert!((0..5000).all(|number| names.find(names.name(number)) == Some(number)));
        assert_eq!((names.len(), names.find("n5000"), names.number("")), (5000, None, (5000, true)));
    }
}
