//! What an analyst's verbs need of the values: to take one back, to compare two profiles.

use super::{Novelty, UNIT, tag};

impl Novelty {
    /// Takes a value back as if it had not been seen. What shares its bit of the trace stays seen.
    pub(crate) fn unlearn(&mut self, value: u64) {
        let own = tag(value);
        if let Ok(at) = self.slots.binary_search_by_key(&own, |slot| slot.tag) {
            let gone = self.slots.remove(at);
            self.now = self.now.saturating_sub(u64::from(gone.now));
            self.before = self.before.saturating_sub(u64::from(gone.before));
        }
        if !self.slots.iter().any(|slot| self.memory.share(slot.tag, own)) {
            self.memory.clear(own);
        }
    }

    /// Of the observations whose values are counted, the share whose values `then` does not know.
    pub(crate) fn share_unknown_to(&self, then: &Self) -> f64 {
        let all: u64 = self.slots.iter().map(super::Slot::count).sum();
        let unknown = self.slots.iter().filter(|slot| !then.knows(u64::from(slot.tag) << 32));
        unknown.map(super::Slot::count).sum::<u64>() as f64 / (all as f64).max(f64::from(UNIT))
    }

    /// The hashes of the counted values.
    pub(crate) fn tags(&self) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().map(|slot| slot.tag)
    }

    /// Whether a value is among the counted ones.
    pub(crate) fn has_tag(&self, tag: u32) -> bool {
        self.slots.binary_search_by_key(&tag, |slot| slot.tag).is_ok()
    }
}
