//! How an investigator is set up: thresholds, alert budget, prior, worth of entities, limits; checked once.

use crate::{Investigator, Prior};
use homeostat_core::{EntityKey, LATENESS, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many benign incidents are bearable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertBudget(f64);

impl AlertBudget {
    /// `incidents` benign incidents per 1,000 entities and week.
    pub const fn per_1000_entities_per_week(incidents: f64) -> Self {
        Self(incidents)
    }

    pub(crate) const fn incidents(self) -> f64 {
        self.0
    }

    /// The share of entity-days that may open a benign incident.
    pub(crate) fn share_of_entity_days(self) -> f64 {
        self.0 / 7_000.0
    }
}

impl Default for AlertBudget {
    /// One: what a small team can look at beside its other work.
    fn default() -> Self {
        Self(1.0)
    }
}

/// What bounds an incident and the state; each limit that cuts is marked on the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Episodes of one incident, 256: more nobody reads, and the best are kept.
    pub episodes: usize,
    /// Hops from the first entities, 4: farther links are chance.
    pub hops: u8,
    /// Days that an incident looks back and can be resumed, 7.
    pub days: u32,
    /// Entities kept, 100,000: those not seen for longest go first, members of incidents never.
    pub entities: usize,
    /// Episodes kept outside incidents, 262,144: the oldest go first.
    pub loose_episodes: usize,
    /// Incidents kept, 1,024: the longest closed go first.
    pub incidents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { episodes: 256, hops: 4, days: 7, entities: 100_000, loose_episodes: 262_144, incidents: 1_024 }
    }
}

/// Sets an [`Investigator`] up.
///
/// ```
/// use homeostat_incident::{AlertBudget, Investigator, Prior};
///
/// let investigator = Investigator::builder()
///     .alert_budget(AlertBudget::per_1000_entities_per_week(1.0))
///     .prior(Prior::attack_flow())
///     .build()?;
/// assert_eq!(investigator.threshold(), 24.0);
/// assert!(Investigator::builder().threshold(3.0).build().is_err());
/// # Ok::<(), homeostat_incident::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct InvestigatorBuilder {
    pub(crate) threshold: f64,
    pub(crate) early_threshold: f64,
    pub(crate) budget: AlertBudget,
    pub(crate) prior: Prior,
    pub(crate) values: BTreeMap<EntityKey, Value>,
    pub(crate) lateness: Duration,
    pub(crate) limits: Limits,
}

/// The lowest threshold there is, in bits: below it every busy day opens an incident.
pub(crate) const FLOOR: f64 = 16.0;
/// The highest, so that no calibration blinds.
pub(crate) const CEILING: f64 = 64.0;

impl Default for InvestigatorBuilder {
    fn default() -> Self {
        Self {
            threshold: 24.0,
            early_threshold: 32.0,
            budget: AlertBudget::default(),
            prior: Prior::default(),
            values: BTreeMap::new(),
            lateness: LATENESS,
            limits: Limits::default(),
        }
    }
}

impl InvestigatorBuilder {
    /// Bits of heat at which an incident opens, 24 until enough history calibrates it; `16.0..=64.0`.
    #[must_use]
    pub fn threshold(mut self, bits: f64) -> Self {
        self.threshold = bits;
        self
    }

    /// The same in the first 24 hours of history, 32: nothing can be called rare yet.
    #[must_use]
    pub fn early_threshold(mut self, bits: f64) -> Self {
        self.early_threshold = bits;
        self
    }

    /// How many benign incidents are bearable; the threshold calibrates itself to it once 1/share entity-days
    /// of history are there.
    #[must_use]
    pub fn alert_budget(mut self, budget: AlertBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Which stage tends to follow which.
    #[must_use]
    pub fn prior(mut self, prior: Prior) -> Self {
        self.prior = prior;
        self
    }

    /// What `entity` is worth: evidence about it weighs up to twice.
    #[must_use]
    pub fn value(mut self, entity: EntityKey, value: Value) -> Self {
        self.values.insert(entity, value);
        self
    }

    /// How long signals are put in order before they count, [`LATENESS`]. With [`Duration::ZERO`] results are
    /// *provisional*: there at arrival, but dependent on its order.
    #[must_use]
    pub fn lateness(mut self, lateness: Duration) -> Self {
        self.lateness = lateness;
        self
    }

    /// What bounds incidents and state.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The investigator, knowing nothing yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a threshold, the budget, the lateness or a limit is out of range.
    pub fn build(self) -> Result<Investigator, ConfigError> {
        self.check()?;
        Ok(Investigator::with(self))
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let in_range = |bits: f64| (FLOOR..=CEILING).contains(&bits);
        if !in_range(self.threshold) || !in_range(self.early_threshold) {
            return Err(ConfigError::Threshold);
        }
        if !(self.budget.0 > 0.0 && self.budget.0 <= 1_000.0) {
            return Err(ConfigError::Budget);
        }
        if self.lateness > Duration::from_hours(24) {
            return Err(ConfigError::Lateness);
        }
        let Limits { episodes, hops, days, entities, loose_episodes, incidents } = self.limits;
        let none = [episodes, hops.into(), days as usize, entities, loose_episodes, incidents].contains(&0);
        if none { Err(ConfigError::Limit) } else { Ok(()) }
    }
}

/// Why an investigator can not be set up like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A threshold is out of range.
    #[error("a threshold lies between {FLOOR} and {CEILING} bits")]
    Threshold,
    /// The budget is out of range.
    #[error("an alert budget lies above 0 and at most at 1000 incidents per 1000 entities and week")]
    Budget,
    /// The lateness is too long.
    #[error("the lateness is at most 24 hours")]
    Lateness,
    /// A limit leaves no room.
    #[error("a limit is at least 1")]
    Limit,
}
