//! The sections of settings, each checked by the room that it sets up.

use super::BadSettings;
use super::bad::Cause;
use core::fmt;
use core::time::Duration;
use homeostat_baseline::{Baseline, Config, LocalTime};
use homeostat_core::{EntityKey, EntityKind, LATENESS, Timestamp, Value};
use homeostat_incident::{AlertBudget, ConfigError, Investigator, InvestigatorBuilder, Limits, Prior};
use serde::{Deserialize, Deserializer, Serialize};

/// The most that anything is worth.
const MOST_WORTH: u8 = Value::MOST.get();

/// How the baseline is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BaselineSettings {
    /// The most that all entities together may take, in MiB, at least 2; 1,024 by default, which holds about a million
    /// entities. Beyond it those of whom least is known go.
    pub memory_mib: u64,
    /// Local time, for the hour of the week: from each moment on the offset that it names. UTC by default.
    pub local_time: Vec<LocalOffset>,
}

impl Default for BaselineSettings {
    fn default() -> Self {
        Self { memory_mib: 1_024, local_time: Vec::new() }
    }
}

/// From when on local time is how far from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalOffset {
    /// From this moment on.
    pub from: Timestamp,
    /// So many minutes ahead of UTC, within a day.
    pub ahead_minutes: i32,
}

impl BaselineSettings {
    pub(super) fn build(&self, seed: u64) -> Result<Baseline, BadSettings> {
        let bad = |place: &str, cause| BadSettings::new(format!("baseline.{place}"), cause);
        let offsets: Vec<(Timestamp, i32)> =
            self.local_time.iter().map(|offset| (offset.from, offset.ahead_minutes)).collect();
        let mut config = Config::default();
        config.table_seed = seed;
        config.memory = self.memory_mib.saturating_mul(1 << 20);
        config.local_time = LocalTime::new(&offsets).map_err(|cause| bad("local_time", cause.into()))?;
        Baseline::new(config).map_err(|cause| bad("memory_mib", cause.into()))
    }
}

/// How stories are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StorySettings {
    /// How long signals are put in order before they count, in milliseconds, at most a day; 60,000 by default. With 0
    /// stories are told at once, and depend on the order in which events come.
    pub lateness_ms: u64,
    /// How many benign incidents are bearable, per 1,000 entities and week, above 0 and at most 1,000; 1 by default,
    /// what a small team can look at beside its other work.
    pub budget: f64,
    /// Bits at which an incident opens until enough history calibrates it, `16.0..=64.0`; 24 by default.
    pub threshold: f64,
    /// The same on the first day, 32 by default: nothing can be called rare yet.
    pub early_threshold: f64,
    /// Which stage tends to follow which.
    pub prior: PriorChoice,
    /// What things and people are worth: evidence about them weighs up to twice. Nothing is told by default.
    pub worth: Vec<Worth>,
    /// What bounds incidents and state.
    pub limits: StoryLimits,
}

impl Default for StorySettings {
    fn default() -> Self {
        Self {
            lateness_ms: u64::try_from(LATENESS.as_millis()).unwrap_or(u64::MAX),
            budget: 1.0,
            threshold: 24.0,
            early_threshold: 32.0,
            prior: PriorChoice::default(),
            worth: Vec::new(),
            limits: StoryLimits::default(),
        }
    }
}

/// Which stage tends to follow which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PriorChoice {
    /// As in the 40 published attack flows: the default.
    #[default]
    AttackFlow,
    /// No stage is likelier than another.
    Flat,
}

/// What bounds incidents and state; each limit is at least 1 and marks what it cuts. Defaults are those of [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct StoryLimits {
    /// Episodes of one incident.
    pub episodes: usize,
    /// Hops from the first entities.
    pub hops: u8,
    /// Days that an incident looks back and can be resumed.
    pub days: u32,
    /// Entities kept.
    pub entities: usize,
    /// Episodes kept outside incidents.
    pub loose_episodes: usize,
    /// Incidents kept.
    pub incidents: usize,
}

impl Default for StoryLimits {
    fn default() -> Self {
        let Limits { episodes, hops, days, entities, loose_episodes, incidents, .. } = Limits::default();
        Self { episodes, hops, days, entities, loose_episodes, incidents }
    }
}

impl From<StoryLimits> for Limits {
    fn from(told: StoryLimits) -> Self {
        let mut limits = Self::default();
        limits.episodes = told.episodes;
        limits.hops = told.hops;
        limits.days = told.days;
        limits.entities = told.entities;
        limits.loose_episodes = told.loose_episodes;
        limits.incidents = told.incidents;
        limits
    }
}

/// What an entity is worth to its owner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// Who or what.
    #[serde(deserialize_with = "key")]
    pub entity: EntityKey,
    /// From 0 (nothing) to 100 (the crown jewels).
    pub value: u8,
}

/// What an asset runs where strangers reach it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposed {
    /// Which asset.
    #[serde(deserialize_with = "key")]
    pub asset: EntityKey,
    /// What it runs, spelt as advisories spell it; case does not matter.
    pub product: String,
}

impl From<(EntityKey, String)> for Exposed {
    fn from((asset, product): (EntityKey, String)) -> Self {
        Self { asset, product }
    }
}

impl StorySettings {
    pub(super) fn build(&self) -> Result<Investigator, BadSettings> {
        // Each by itself first, so that the place of what is wrong is known.
        alone("threshold", |one| one.threshold(self.threshold))?;
        alone("early_threshold", |one| one.early_threshold(self.early_threshold))?;
        alone("budget", |one| one.alert_budget(self.alert_budget()))?;
        alone("lateness_ms", |one| one.lateness(self.lateness()))?;
        alone("limits", |one| one.limits(self.limits.into()))?;
        if let Some(at) = self.worth.iter().position(|worth| worth.value > MOST_WORTH) {
            return Err(BadSettings::new(format!("stories.worth[{at}].value"), Cause::Value));
        }
        let whole = Investigator::builder()
            .threshold(self.threshold)
            .early_threshold(self.early_threshold)
            .alert_budget(self.alert_budget())
            .lateness(self.lateness())
            .limits(self.limits.into())
            .prior(self.prior.into());
        let valued = self.worth.iter();
        let whole =
            valued.fold(whole, |one, Worth { entity, value }| one.value(entity.clone(), Value::new(*value)));
        whole.build().map_err(|cause| bad("limits", cause))
    }

    fn alert_budget(&self) -> AlertBudget {
        AlertBudget::per_1000_entities_per_week(self.budget)
    }

    fn lateness(&self) -> Duration {
        Duration::from_millis(self.lateness_ms)
    }
}

/// Whether one setting alone is in range.
fn alone(
    place: &str,
    set: impl FnOnce(InvestigatorBuilder) -> InvestigatorBuilder,
) -> Result<(), BadSettings> {
    set(Investigator::builder()).build().map(drop).map_err(|cause| bad(place, cause))
}

fn bad(place: &str, cause: ConfigError) -> BadSettings {
    BadSettings::new(format!("stories.{place}"), cause.into())
}

impl From<PriorChoice> for Prior {
    fn from(choice: PriorChoice) -> Self {
        match choice {
            PriorChoice::AttackFlow => Self::attack_flow(),
            PriorChoice::Flat => Self::flat(),
        }
    }
}

impl fmt::Debug for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worth").field("kind", &self.entity.kind()).field("value", &self.value).finish()
    }
}

impl fmt::Debug for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposed").field("kind", &self.asset.kind()).finish_non_exhaustive()
    }
}

/// A key as settings write it, in which nothing unknown may stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    kind: EntityKind,
    scope: String,
    value: String,
}

impl Key {
    fn checked<E: serde::de::Error>(self) -> Result<EntityKey, E> {
        EntityKey::new(self.kind, &self.scope, &self.value).map_err(E::custom)
    }
}

fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EntityKey, D::Error> {
    Key::deserialize(deserializer)?.checked()
}

pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EntityKey>, D::Error> {
    Vec::<Key>::deserialize(deserializer)?.into_iter().map(Key::checked).collect()
}
