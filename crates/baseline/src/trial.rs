//! An entity whose doings changed: until somebody accepts the change it is held against what it did before.
//!
//! A profile learns what suspicious values teach little by little, so that within a day it would take a change for
//! granted. The profile that an entity had before its change is kept beside it: what the trial scores against it is
//! as surprising on the second day as on the first. A trial ends when an analyst accepts the change, or after a week
//! in which nothing of it came again. Two kilobytes an entity on trial; O(features) a score.

use crate::baseline::Baseline;
use crate::calendar;
use crate::cold::QUIET_DAYS;
use crate::observation::{BadObservation, Observation};
use crate::verbs::{ACCEPTED, moment};
use crate::verdict::Verdict;
use homeostat_core::{EntityKey, Timestamp};

impl Baseline {
    /// Says that what `entity` did at `now` is a change of what it does: from here on it is on trial, or stays so for
    /// another week. `false` when the entity is not known or `now` is no moment.
    ///
    /// ```
    /// use homeostat_baseline::{Baseline, Observation};
    /// use homeostat_core::{EntityKey, EntityKind, Position, State as _, Timestamp};
    ///
    /// let mut baseline = Baseline::default();
    /// let job = EntityKey::new(EntityKind::IamUserArn, "111122223333", "arn:aws:iam::111122223333:user/job")?;
    /// let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
    /// let doing = |hour, what: &str| Observation::new(job.clone(), at(hour)).with("action", what);
    /// for hour in 0..400_u32 {
    ///     baseline.observe(Position::at(hour.into()), &doing(hour.into(), "Query"))?;
    /// }
    /// assert!(baseline.try_out(&job, at(400)));
    /// for hour in 400..500_u32 {
    ///     baseline.observe(Position::at(hour.into()), &doing(hour.into(), "Scan"))?;
    /// }
    /// let again = doing(500, "Scan");
    /// let before = baseline.score_on_trial(&again)?.unwrap().bits();
    /// assert!(before > baseline.score(&again)?.bits(), "the profile has got used to it, the trial has not");
    /// assert!(baseline.accept_change(&job, at(500)));
    /// assert!(baseline.score_on_trial(&again)?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_out(&mut self, entity: &EntityKey, now: Timestamp) -> bool {
        let (Some(known), Some(micros)) = (self.entities.get(entity), now.micros()) else { return false };
        let profile = || known.profile.clone();
        let cold = self.cold.entry(entity.clone()).or_default();
        cold.trial.get_or_insert_with(profile);
        cold.last = cold.last.max(calendar::tick(micros).div_euclid(1_440));
        true
    }

    /// How surprising `observation` is for what its entity did before its change; `None` when it is not on trial.
    ///
    /// # Errors
    ///
    /// [`BadObservation`] when it is no sound one.
    pub fn score_on_trial(&self, observation: &Observation) -> Result<Option<Verdict>, BadObservation> {
        if self.cold.is_empty() {
            return Ok(None);
        }
        let trial = self.cold.get(&observation.entity).and_then(|cold| cold.trial.as_ref());
        let Some((profile, entity)) = trial.zip(self.entities.get(&observation.entity)) else {
            return Ok(None);
        };
        let mut then = entity.clone();
        then.profile.clone_from(profile);
        let micros = observation.check()?;
        let hashes = observation.hashes(self.config.seed());
        Ok(Some(self.verdict_of(observation, &hashes, (micros, None), (Some(&then), Some(&entity.profile)))))
    }

    /// An analyst says that all that `entity` did of late is fine: what is on probation is usual for it from now on,
    /// beside what was, and its trial is over. `false` when it was neither on probation nor on trial.
    pub fn accept_change(&mut self, entity: &EntityKey, now: Timestamp) -> bool {
        let (Some(micros), Some(cold)) = (now.micros(), self.cold.get_mut(entity)) else { return false };
        let held = core::mem::take(&mut cold.held);
        let known = cold.trial.take().is_some() || !held.is_empty();
        self.drop_empty(entity);
        let at = moment(calendar::tick(micros));
        for held in held {
            let units = held.units.max(ACCEPTED);
            self.teach_entity(entity, crate::cold::Held { units, ..held }, &at);
        }
        known
    }

    /// Ends the trials of whom nothing of the change came for a week.
    pub(crate) fn end_trials(&mut self, today: i64) {
        for cold in self.cold.values_mut() {
            if today.saturating_sub(cold.last) > QUIET_DAYS {
                cold.trial = None;
            }
        }
        self.cold.retain(|_, cold| !cold.is_empty());
    }
}
