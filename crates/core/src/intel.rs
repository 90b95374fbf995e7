//! What the outside world says: things to watch more closely, for a time.

use crate::{Bits, EntityKey, Timestamp};
use std::collections::BTreeMap;

/// A reason to watch an entity more closely until a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// How many bits contact with the entity adds.
    pub bits: Bits,
    /// When the watch ends; it MUST end.
    pub until: Timestamp,
    /// Who says so and why, such as a report's id.
    pub because: String,
}

/// Answers whether an entity is to be watched more closely.
///
/// Laws: the answer MUST be `None` from [`Watch::until`] on, and the same for the same state.
pub trait IntelFeed {
    /// The watch on `entity` at `now`, the heaviest when there are several.
    fn watch(&self, entity: &EntityKey, now: Timestamp) -> Option<Watch>;
}

/// An [`IntelFeed`] that knows what it was told. Empty, it watches nothing.
#[derive(Clone, Debug, Default)]
pub struct Watchlist(BTreeMap<EntityKey, Vec<Watch>>);

impl Watchlist {
    /// Adds a watch on `entity`.
    #[inline]
    pub fn insert(&mut self, entity: EntityKey, watch: Watch) {
        self.0.entry(entity).or_default().push(watch);
    }
}

impl IntelFeed for Watchlist {
    #[inline]
    fn watch(&self, entity: &EntityKey, now: Timestamp) -> Option<Watch> {
        let watches = self.0.get(entity)?;
        let current = watches.iter().filter(|watch| now < watch.until);
        current.max_by(|a, b| a.bits.get().total_cmp(&b.bits.get())).cloned()
    }
}
