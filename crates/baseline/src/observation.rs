//! What the baseline eats: one entity did something at a time, with these features.

use crate::seed::{Seed, feature};
use core::fmt;
use homeostat_core::{EntityKey, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;

/// The name of a feature: a fixed word of the caller's, such as `country`.
pub(crate) type Name = Cow<'static, str>;

/// One thing an entity did, as features: categories (`country` is `DE`), sizes (`bytes_out` is 1,200) and the
/// event itself, which counts for the rate.
///
/// Values of categories are hashed into the state; their text is used for this observation's reasons only.
/// Absent features are normal input.
///
/// ```
/// use homeostat_baseline::Observation;
/// use homeostat_core::{EntityKey, EntityKind};
///
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let download = Observation::new(jane, "2026-03-16T08:30:00Z".parse()?)
///     .of_group("engineers")
///     .with("country", "DE")
///     .measure("bytes_out", 1_200.0);
/// assert_eq!(download.features(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Observation {
    pub(crate) entity: EntityKey,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) time: Timestamp,
    pub(crate) arrived: Timestamp,
    pub(crate) categories: Vec<(Name, String)>,
    pub(crate) sizes: Vec<(Name, f64)>,
    // How many events it tells of; 0 does not count for the rate.
    pub(crate) events: u32,
}

impl Observation {
    /// The most features of one observation: twice what the widest event class has.
    pub const FEATURES: usize = 32;

    /// `entity` did something at `time`; counts for the rate, no features yet.
    pub fn new(entity: EntityKey, time: Timestamp) -> Self {
        Self {
            entity,
            group: None,
            time,
            arrived: Timestamp::UNKNOWN,
            categories: Vec::new(),
            sizes: Vec::new(),
            events: 1,
        }
    }

    /// The same observation, of `entity`: for a product that knows who stands behind an address or a session.
    #[must_use]
    pub fn about(mut self, entity: EntityKey) -> Self {
        self.entity = entity;
        self
    }

    /// Names the declared peer group, such as a department. Without one the peers are all entities of its kind.
    #[must_use]
    pub fn of_group(mut self, group: impl Into<Arc<str>>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Adds a categorical feature. The same name may come more than once.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.categories.push((name.into(), value.into()));
        self
    }

    /// Adds a size, in a unit of the caller's: bytes, items, seconds; 0 and above.
    #[must_use]
    pub fn measure(mut self, name: impl Into<Cow<'static, str>>, size: f64) -> Self {
        self.sizes.push((name.into(), size));
        self
    }

    /// Does not count for the rate: one event told in several observations of one entity counts once.
    #[must_use]
    pub fn uncounted(mut self) -> Self {
        self.events = 0;
        self
    }

    /// Tells of `events` events alike at once, as summed records do: flows of a minute, calls of an hour. 0 is
    /// [`uncounted`](Self::uncounted).
    #[must_use]
    pub fn times(mut self, events: u32) -> Self {
        self.events = events;
        self
    }

    /// When it arrived at the collector. With it, a clock that runs ahead by more than
    /// [`FUTURE_LIMIT`](homeostat_core::FUTURE_LIMIT) is told at once; without, by the events around it.
    #[must_use]
    pub fn arrived_at(mut self, arrived: Timestamp) -> Self {
        self.arrived = arrived;
        self
    }

    /// Who did it.
    pub fn entity(&self) -> &EntityKey {
        &self.entity
    }

    /// When it happened.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The number of features.
    pub fn features(&self) -> usize {
        self.categories.len() + self.sizes.len()
    }

    /// The hashes of its group, names and values under `seed`.
    pub(crate) fn hashes(&self, seed: Seed) -> Hashes {
        let mut hashes = Hashes {
            group: self.group.as_deref().map(|group| seed.value(u32::MAX, group).max(1)),
            values: [(0, 0); Self::FEATURES],
            features: [0; Self::FEATURES],
            categories: self.categories.len(),
            sizes: self.sizes.len(),
        };
        for ((name, value), hash) in self.categories.iter().zip(&mut hashes.values) {
            let feature = feature(name);
            *hash = (feature, seed.value(feature, value));
        }
        for ((name, _), hash) in self.sizes.iter().zip(&mut hashes.features) {
            *hash = feature(name);
        }
        hashes
    }

    /// The time in microseconds, when all is sound.
    pub(crate) fn check(&self) -> Result<i64, BadObservation> {
        if self.features() > Self::FEATURES {
            return Err(BadObservation::TooManyFeatures);
        }
        let sound = |size: f64| size.is_finite() && size >= 0.0;
        if !self.sizes.iter().all(|(_, size)| sound(*size)) {
            return Err(BadObservation::NoSize);
        }
        self.time.micros().ok_or(BadObservation::NoMoment)
    }
}

/// What a model needs of an observation's words, hashed once and without memory of the heap.
pub(crate) struct Hashes {
    /// Of the declared group; never 0.
    pub(crate) group: Option<u64>,
    values: [(u32, u64); Observation::FEATURES],
    features: [u32; Observation::FEATURES],
    categories: usize,
    sizes: usize,
}

impl Hashes {
    /// Feature and value of each category, in their order.
    pub(crate) fn categories(&self) -> &[(u32, u64)] {
        self.values.get(..self.categories).unwrap_or(&self.values)
    }

    /// The feature of each size, in their order.
    pub(crate) fn sizes(&self) -> &[u32] {
        self.features.get(..self.sizes).unwrap_or(&self.features)
    }
}

impl fmt::Debug for Observation {
    /// Shows the entity's kind and hash, the time and the names of features, never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            self.categories.iter().map(|(name, _)| name).chain(self.sizes.iter().map(|(name, _)| name));
        f.debug_struct("Observation")
            .field("entity", &self.entity)
            .field("time", &self.time)
            .field("features", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Why an observation teaches nothing. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadObservation {
    /// Its time is unknown or a named value.
    #[error("the observation names no moment")]
    NoMoment,
    /// A size is not a number, infinite or negative.
    #[error("a size of the observation is not a finite number of 0 or more")]
    NoSize,
    /// It has more features than [`Observation::FEATURES`].
    #[error("the observation has more than 32 features")]
    TooManyFeatures,
}
