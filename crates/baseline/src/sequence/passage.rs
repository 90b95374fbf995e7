//! What the model of sequences eats: some symbols in a row that one entity gave.

use core::fmt;
use homeostat_core::EntityKey;
use std::sync::Arc;

/// Symbols in a row: a block of commands, the calls of a process, the kinds of events of a session.
///
/// What came before the passage is no context of its first symbols: passages stand alone.
///
/// ```
/// use homeostat_baseline::Passage;
/// use homeostat_core::{EntityKey, EntityKind};
///
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let block = Passage::new(jane, ["cd", "ls", "vi"]).of_group("engineers");
/// assert_eq!(block.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Passage {
    pub(crate) entity: EntityKey,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) symbols: Vec<String>,
    pub(crate) trusted: bool,
}

impl Passage {
    /// The most symbols of one passage: beyond that a passage is no unit that anybody looks at.
    pub const LIMIT: usize = 1 << 20;

    /// What `entity` gave, in order.
    pub fn new<S: Into<String>>(entity: EntityKey, symbols: impl IntoIterator<Item = S>) -> Self {
        let symbols = symbols.into_iter().map(Into::into).collect();
        Self { entity, group: None, symbols, trusted: false }
    }

    /// The entity belongs to this group of peers.
    #[must_use]
    pub fn of_group(mut self, group: impl Into<Arc<str>>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Known to be the entity's own: teaches in full, whatever it looks like.
    #[must_use]
    pub fn trusted(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// Who gave it.
    pub fn entity(&self) -> &EntityKey {
        &self.entity
    }

    /// The number of symbols.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether it has no symbols.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), BadPassage> {
        if self.is_empty() {
            return Err(BadPassage::Empty);
        }
        if self.len() > Self::LIMIT { Err(BadPassage::TooLong) } else { Ok(()) }
    }
}

impl fmt::Debug for Passage {
    /// Shows the entity and the number of symbols, never one of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passage")
            .field("entity", &self.entity)
            .field("symbols", &self.len())
            .finish_non_exhaustive()
    }
}

/// A passage that can not be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPassage {
    /// It has no symbols.
    #[error("a passage needs a symbol")]
    Empty,
    /// It has more than [`Passage::LIMIT`] symbols.
    #[error("a passage has at most 1048576 symbols")]
    TooLong,
}
