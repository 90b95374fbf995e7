//! What may be set about sequences, each with the reason of its default.

use super::Transitions;

/// The settings of one tenant's model of sequences. They travel in its snapshot.
///
/// ```
/// use homeostat_baseline::{SequenceConfig, SequenceModel};
///
/// let mut config = SequenceConfig::default();
/// config.table_seed = 0x5EED_0F7E_4A17;
/// config.order = 6;
/// assert_eq!(SequenceModel::new(config)?.stats().entities, 0);
/// # Ok::<(), homeostat_baseline::SequenceConfigError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SequenceConfig {
    /// Seeds the names of symbols and contexts. 0 by default, for tests: give each tenant a random one of its
    /// own, or whoever reads this source can choose symbols that collide.
    pub table_seed: u64,
    /// Symbols in the longest context; 3 by default, beyond which a person's commands tell nothing new.
    /// System calls, of which there are few kinds, need 6.
    pub order: usize,
    /// Places in the table of one entity, of contexts and of symbols behind them; 32,768 by default, some
    /// 20,000 commands of a person. Beyond it all counts are halved until a quarter is free.
    pub places: usize,
    /// Passages that are remembered of an entity without peers, to compare like with like; 1,024 by default,
    /// a quarter of which is enough for a mean.
    pub remembered: usize,
    /// The most bytes all entities together may take; 1 GiB by default. Beyond it those of whom least is known
    /// are evicted.
    pub memory: u64,
}

impl Default for SequenceConfig {
    fn default() -> Self {
        Self { table_seed: 0, order: 3, places: 1 << 15, remembered: 1 << 10, memory: 1 << 30 }
    }
}

impl SequenceConfig {
    /// The fewest places that are of use: a passage or two.
    pub const LEAST_PLACES: usize = 1 << 10;
    /// The least memory that is of use: some entities.
    pub const LEAST_MEMORY: u64 = 1 << 20;

    pub(crate) fn check(self) -> Result<Self, SequenceConfigError> {
        if self.order > Transitions::MAX_ORDER {
            return Err(SequenceConfigError::Order);
        }
        if self.places < Self::LEAST_PLACES {
            return Err(SequenceConfigError::Places);
        }
        if self.remembered == 0 {
            return Err(SequenceConfigError::Remembered);
        }
        if self.memory < Self::LEAST_MEMORY {
            return Err(SequenceConfigError::Memory);
        }
        Ok(self)
    }
}

impl core::fmt::Debug for SequenceConfig {
    /// Leaves out the seed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SequenceConfig")
            .field("order", &self.order)
            .field("places", &self.places)
            .field("remembered", &self.remembered)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

/// A setting that no model of sequences can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceConfigError {
    /// `order` is above [`Transitions::MAX_ORDER`].
    #[error("`order` must be at most 16")]
    Order,
    /// `places` is below [`SequenceConfig::LEAST_PLACES`].
    #[error("`places` must be at least 1024")]
    Places,
    /// `remembered` is 0.
    #[error("`remembered` must be at least 1")]
    Remembered,
    /// `memory` is below [`SequenceConfig::LEAST_MEMORY`].
    #[error("`memory` must be at least 1048576 bytes")]
    Memory,
}
