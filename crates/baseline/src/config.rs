//! What a tenant may set, each with the reason of its default.

use crate::LocalTime;
use crate::seed::Seed;
use std::time::Duration;

/// The settings of one tenant's baseline. They travel in its snapshot.
///
/// ```
/// use homeostat_baseline::{Baseline, Config};
///
/// let mut config = Config::default();
/// config.table_seed = 0x5EED_0F7E_4A17;
/// config.memory = 64 << 20;
/// let baseline = Baseline::new(config)?;
/// assert_eq!(baseline.stats().entities, 0);
/// # Ok::<(), homeostat_baseline::ConfigError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Seeds the hash of values and tables. 0 by default, for tests: give each tenant a random one of its own,
    /// or whoever reads this source can choose values that collide.
    pub table_seed: u64,
    /// Local time, for the hour of the week. UTC by default.
    pub local_time: LocalTime,
    /// The most bytes all entities together may take; 1 GiB by default, which holds about a million. Beyond it
    /// those of whom least is known are evicted.
    pub memory: u64,
    /// How long the first bits of a new tenant's history are damped, from a half to the whole: 24 h by default,
    /// because on its first day everything is new.
    pub first_day: Duration,
    /// From how many bits on [`Baseline::tick`](crate::Baseline::tick) tells of a silence; 12 by default, once
    /// in 4,096 such waits.
    pub silence_bits: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            table_seed: 0,
            local_time: LocalTime::default(),
            memory: 1 << 30,
            first_day: Duration::from_hours(24),
            silence_bits: 12.0,
        }
    }
}

impl Config {
    /// The least memory that is of use: one thousand entities.
    pub const LEAST_MEMORY: u64 = 1 << 21;

    pub(crate) fn check(self) -> Result<Self, ConfigError> {
        if self.memory < Self::LEAST_MEMORY {
            return Err(ConfigError::Memory);
        }
        if !(0.0..=1_000.0).contains(&self.silence_bits) {
            return Err(ConfigError::SilenceBits);
        }
        Ok(self)
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed(self.table_seed)
    }
}

impl core::fmt::Debug for Config {
    /// Leaves out the seed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Config")
            .field("local_time", &self.local_time)
            .field("memory", &self.memory)
            .field("first_day", &self.first_day)
            .field("silence_bits", &self.silence_bits)
            .finish_non_exhaustive()
    }
}

/// A setting that no baseline can work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `memory` is below [`Config::LEAST_MEMORY`].
    #[error("`memory` must be at least 2097152 bytes")]
    Memory,
    /// `silence_bits` is no number of bits.
    #[error("`silence_bits` must lie between 0 and 1000")]
    SilenceBits,
}
