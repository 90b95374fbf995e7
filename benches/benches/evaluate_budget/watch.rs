//! One baseline and the three budgets that the figures are about, fed with counts of hours.

use homeostat_baseline::{Baseline, Budget, Config, LocalTime, Observation, Promise};
use homeostat_core::{Bits, EntityKey, EntityKind, Position, State as _, Timestamp};
use std::error::Error;

pub(crate) const PROMISES: [f64; 3] = [0.24, 0.024, 0.0024];
pub(crate) const HOUR: i64 = 3_600_000_000;
/// A Monday, so that weeks begin at 0.
pub(crate) const MONDAY: i64 = 20_773 * 24;

#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) baseline: Baseline,
    pub(crate) budgets: Vec<Budget>,
    position: u64,
}

impl Watch {
    pub(crate) fn new(promises: &[f64], local_time: LocalTime) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::default();
        config.local_time = local_time;
        let budgets = promises.iter().map(|rate| Budget::new(Promise::PerEntityDay(*rate)));
        Ok(Self {
            baseline: Baseline::new(config)?,
            budgets: budgets.collect::<Result<_, _>>()?,
            position: 0,
        })
    }

    /// One hour's count of one entity, told in the middle of the hour; tells which budgets find it.
    pub(crate) fn count(
        &mut self,
        key: &EntityKey,
        hour: i64,
        count: u32,
    ) -> Result<Vec<bool>, Box<dyn Error>> {
        let time = Timestamp::from_micros((MONDAY + hour) * HOUR + HOUR / 2);
        let observation = Observation::new(key.clone(), time).of_group("all").times(count);
        self.position += 1;
        let verdict = self.baseline.observe(Position::at(self.position), &observation)?.applied();
        let verdict = verdict.ok_or("a position was taken twice")?;
        Ok(self.budgets.iter_mut().map(|budget| budget.admit(&verdict, Bits::ZERO).is_some()).collect())
    }
}

pub(crate) fn keys(entities: usize) -> Result<Vec<EntityKey>, Box<dyn Error>> {
    let key = |n| EntityKey::new(EntityKind::Upn, "acme", &format!("user{n}@acme.example"));
    Ok((0..entities).map(key).collect::<Result<_, _>>()?)
}
