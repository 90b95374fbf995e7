//! The names of nodes, each held once: one text, and a table that finds a name by its hash.

use core::fmt;
use std::hash::{BuildHasher as _, RandomState};

/// Names by number, and numbers by name. 8 bytes, its text and some 12 bytes of table a name.
#[derive(Clone, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<usize>,
    // Open addressing. Only looked up: nothing rests on its order. `FREE` or the number of a name, and half of its hash,
    // which spares nearly all looks at other names.
    slots: Vec<(u32, u32)>,
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
        let (slot, _) = self.slot(name)?;
        self.slots.get(slot).map(|(number, _)| *number).filter(|number| *number != FREE)
    }

    /// The number of `name`, and whether it is new.
    pub(crate) fn number(&mut self, name: &str) -> (u32, bool) {
        if (self.ends.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let found = self.slot(name);
        let slot = found.and_then(|(slot, tag)| Some((self.slots.get_mut(slot)?, tag)));
        let Some((slot, tag)) = slot else { return (FREE - 1, false) };
        if slot.0 != FREE {
            return (slot.0, false);
        }
        // 2³² − 2 names: beyond that all share the last number.
        let number = u32::try_from(self.ends.len()).unwrap_or(FREE).min(FREE - 1);
        *slot = (number, tag);
        self.text.push_str(name);
        self.ends.push(self.text.len());
        (number, true)
    }

    /// Where `name` stands in the table, or would, and half of its hash.
    fn slot(&self, name: &str) -> Option<(usize, u32)> {
        let mask = self.slots.len().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash")]
        let tag = self.hasher.hash_one(name) as u32;
        let mut at = tag as usize & mask;
        loop {
            let (number, known) = *self.slots.get(at)?;
            if number == FREE || (known == tag && self.name(number) == name) {
                return Some((at, tag));
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let wider = vec![(FREE, 0); (self.slots.len() * 2).max(16)];
        let mask = wider.len() - 1;
        let old = core::mem::replace(&mut self.slots, wider);
        for (number, tag) in old.into_iter().filter(|(number, _)| *number != FREE) {
            let mut at = tag as usize & mask;
            loop {
                match self.slots.get_mut(at) {
                    Some(slot) if slot.0 == FREE => {
                        *slot = (number, tag);
                        break;
                    }
                    Some(_) => at = (at + 1) & mask,
                    None => break,
                }
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
