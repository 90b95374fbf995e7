//! What an analyst may say: this is fine, this is not, this is how it should be; and what may be asked.

use crate::baseline::Baseline;
use crate::calendar;
use crate::cohort::PSEUDO_COUNT;
use crate::cold::{Cold, Held, QUIET_DAYS};
use crate::entity::Entity;
use crate::novelty::{Moment, Novelty, UNIT};
use crate::observation::{BadObservation, Observation};
use crate::threshold::Threshold;
use crate::verdict::Verdict;
use core::fmt;
use homeostat_core::{Bits, EntityKey, Reason};

/// An accepted value counts as so many observations: from then on it weighs as much as what peers do.
pub(crate) const ACCEPTED: u32 = 20 * UNIT;

/// How far an entity has gone from the profile that was pinned as good.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Drift {
    /// The natural logarithm of events per hour now over then; 0 where neither tells.
    pub rate: f64,
    /// Of the feature that changed most: the share of its observations with values that were not known then, 0 to 1.
    pub novelty: f64,
}

/// Whether something was to be expected, and why.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Expectation {
    /// Whether its surprise stays below the threshold.
    pub expected: bool,
    /// The score behind the answer.
    pub verdict: Verdict,
    /// What speaks for the answer, the heaviest first; never empty.
    pub because: Vec<Reason>,
}

impl fmt::Debug for Expectation {
    /// Shows no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("expected", &self.expected)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

impl Baseline {
    /// An analyst says that `observation` is fine: its values are usual for its entity from now on, and nothing of
    /// them is on probation or refused any more. `false` when the entity is not known.
    ///
    /// # Errors
    ///
    /// [`BadObservation`] when it is no sound one.
    pub fn accept(&mut self, observation: &Observation) -> Result<bool, BadObservation> {
        let at = moment(calendar::tick(observation.check()?));
        let values = self.values(observation);
        let key = &observation.entity;
        if let Some(cold) = self.cold.get_mut(key) {
            cold.held.retain(|held| !values.contains(&(held.feature, held.value)));
            cold.refused.retain(|refused| !values.contains(refused));
        }
        self.drop_empty(key);
        let found = self.entities.contains_key(key);
        for (feature, value) in values {
            self.teach_entity(key, Held { feature, value, units: ACCEPTED }, &at);
        }
        Ok(found)
    }

    /// An analyst says that `observation` is not fine: its entity unlearns its values and never learns them again,
    /// unless somebody [accepts](Self::accept) them. What was usual among peers stays so. O(entities).
    ///
    /// # Errors
    ///
    /// [`BadObservation`] when it is no sound one.
    pub fn reject(&mut self, observation: &Observation) -> Result<bool, BadObservation> {
        observation.check()?;
        let values = self.values(observation);
        let key = observation.entity.clone();
        let Some(entity) = self.entities.get_mut(&key) else { return Ok(false) };
        let before = entity.weight();
        for (feature, value) in &values {
            if let Some(known) = entity.profile.category_mut(*feature, Novelty::default) {
                known.unlearn(*value);
            }
        }
        entity.weigh();
        let (after, group) = (entity.weight(), entity.group);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        let cold = self.cold.entry(key.clone()).or_default();
        for (feature, value) in &values {
            cold.refuse(*feature, *value);
        }
        self.drop_empty(&key);
        self.rebuild(self.kind_of(&key));
        self.rebuild(group);
        Ok(true)
    }

    /// Keeps what is known of `entity` now as known to be good; `false` when nothing is.
    pub fn pin(&mut self, entity: &EntityKey) -> bool {
        let Some(known) = self.entities.get(entity) else { return false };
        self.cold.entry(entity.clone()).or_default().pinned = Some(known.profile.clone());
        true
    }

    /// How far `entity` has gone from what was pinned; `None` when nothing was.
    pub fn drift(&self, entity: &EntityKey) -> Option<Drift> {
        let pinned = self.cold.get(entity)?.pinned.as_ref()?;
        let now = &self.entities.get(entity)?.profile;
        let (then, now_rate) = (pinned.rate.level(), now.rate.level());
        let rate = if then > 0.0 && now_rate > 0.0 { libm::log(now_rate / then) } else { 0.0 };
        let share = |(feature, values): &(u32, Novelty)| match pinned.category(*feature) {
            Some(then) => values.share_unknown_to(then),
            None => 1.0,
        };
        Some(Drift { rate, novelty: now.categories.iter().map(share).fold(0.0, f64::max) })
    }

    /// Whether `observation` stays below `threshold`, and what speaks for that.
    ///
    /// # Errors
    ///
    /// [`BadObservation`] when it is no sound one.
    pub fn is_expected(
        &self,
        observation: &Observation,
        threshold: &Threshold,
    ) -> Result<Expectation, BadObservation> {
        let verdict = self.score(observation)?;
        let expected = threshold.admits(verdict.bits()).is_none();
        let mut because = verdict.reasons();
        if expected || because.is_empty() {
            let seen = self.entities.get(&observation.entity).map_or(0, |entity| entity.seen);
            let observed = format!("{} features, {}", observation.features(), verdict.bits());
            let usual = format!("less than {}, after {seen} observations of it", threshold.bits());
            let mut reason = Reason::new("usual", observed, usual, Bits::ZERO);
            reason.support = seen;
            because.insert(0, reason);
        }
        Ok(Expectation { expected, verdict, because })
    }

    /// Who of its kind lives most like `entity`, at most `most`, the nearest first, each with its likeness 0 to 1:
    /// what the two have in common of their values, each weighed by how few others show it (as TF-IDF does, Sparck
    /// Jones, J. Documentation 28(1), 1972). O(entities × values).
    pub fn usual_peers(&self, entity: &EntityKey, most: usize) -> Vec<(EntityKey, f64)> {
        let Some(own) = self.entities.get(entity) else { return Vec::new() };
        let others = self.entities.iter().filter(|(key, _)| key.kind() == entity.kind() && *key != entity);
        let mut like: Vec<(EntityKey, f64)> = others
            .map(|(key, other)| (key.clone(), self.likeness(own, other, entity)))
            .filter(|(_, likeness)| *likeness > 0.0)
            .collect();
        like.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        like.truncate(most);
        like
    }

    fn likeness(&self, own: &Entity, other: &Entity, key: &EntityKey) -> f64 {
        let kind = self.cohorts.get(&self.kind_of(key));
        let (mut common, mut all) = (0.0, 0.0);
        for (feature, values) in &own.profile.categories {
            let Some(theirs) = other.profile.category(*feature) else { continue };
            let wide = kind.and_then(|kind| kind.profile.category(*feature));
            let members = kind.map_or(1.0, |kind| f64::from(kind.members)) + PSEUDO_COUNT;
            let weight = |tag: u32| {
                let holders = wide.map_or(0, |wide| wide.holders(u64::from(tag) << 32));
                libm::log(members / (f64::from(holders) + 1.0)).max(0.0)
            };
            common += values.tags().filter(|tag| theirs.has_tag(*tag)).map(weight).sum::<f64>();
            all += values.tags().map(weight).sum::<f64>();
            all += theirs.tags().filter(|tag| !values.has_tag(*tag)).map(weight).sum::<f64>();
        }
        if all > 0.0 { common / all } else { 0.0 }
    }

    /// The features and hashes of an observation's categories.
    fn values(&self, observation: &Observation) -> Vec<(u32, u64)> {
        let seed = self.config.seed();
        let hashed = observation.categories.iter().map(|(name, value)| {
            let feature = crate::seed::feature(name);
            (feature, seed.value(feature, value).min(u64::MAX - 1))
        });
        hashed.collect()
    }

    /// Teaches an entity alone, and its cohorts that it shows the value.
    pub(crate) fn teach_entity(&mut self, key: &EntityKey, held: Held, at: &Moment) {
        let Some(known) = self.entities.get_mut(key) else { return };
        let before = known.weight();
        let mut entity = std::mem::replace(known, Entity::new(0));
        let cohorts = [self.kind_of(key), entity.group];
        let signature = (held.feature, held.value);
        self.learn_value(&mut entity, signature, (held.units, at), cohorts);
        self.put_back(key, entity, (before, 0, 1));
    }

    /// Hands over what has been on probation for a week in which nothing suspicious came.
    pub(crate) fn end_probations(&mut self, today: i64) {
        let over = |cold: &Cold| !cold.held.is_empty() && today.saturating_sub(cold.last) > QUIET_DAYS;
        let ready: Vec<EntityKey> =
            self.cold.iter().filter(|(_, cold)| over(cold)).map(|(key, _)| key.clone()).collect();
        let at = moment(today.saturating_mul(1_440));
        for key in ready {
            let held = self.cold.get_mut(&key).map(|cold| std::mem::take(&mut cold.held));
            for held in held.unwrap_or_default() {
                self.teach_entity(&key, held, &at);
            }
            self.drop_empty(&key);
        }
        self.end_trials(today);
    }

    pub(crate) fn drop_empty(&mut self, key: &EntityKey) {
        if self.cold.get(key).is_some_and(Cold::is_empty) {
            self.cold.remove(key);
        }
    }
}

pub(crate) fn moment(tick: i64) -> Moment {
    Moment { generation: calendar::generation(calendar::hour(tick)), day: calendar::day(tick) }
}
