//! The whole tenant: every entity's state beside its peers', fed one observation after another.
//!
//! Scores first, then learns: an observation is scored against what minutes before it taught, and its own minute
//! is learnt when the watermark (the latest time seen, less [`LATENESS`]) has passed it. So a score is never
//! rewritten, and any order of arrival within the lateness window ends in the same bytes. O(features) an
//! observation, at most 2,048 bytes learnt an entity.

use crate::cohort::{Cohort, Peers, Profile};
use crate::cold::Cold;
use crate::config::{Config, ConfigError};
use crate::entity::{Counted, Entity, Signature};
use crate::observation::{BadObservation, Hashes, Observation};
use crate::score::Scene;
use crate::seed::Seed;
use crate::verdict::{Mark, Verdict};
use crate::{calendar, volume};
use homeostat_core::{
    Bits, EntityKey, FUTURE_LIMIT, Forget, LATENESS, Observed, Position, Positions, RiskView, SnapshotError,
    State, Timestamp,
};
use std::collections::{BTreeMap, HashMap};

/// So many observations in a row beyond the future limit are no wrong clock: the log itself has moved on.
const AHEAD_CONFIRMS: usize = 8;

/// What is normal in one tenant, per entity and per peer group.
///
/// Positions, settings, open minutes and all counts travel in its bytes. It holds hashes of values, never values;
/// entity keys it holds as they are.
///
/// Hand-over: a baseline is not [`Merge`](homeostat_core::Merge) (one owner applies an entity's events in log
/// order); its aspects [`Rate`](crate::Rate), [`Novelty`](crate::Novelty) and [`Volume`](crate::Volume) are.
///
/// ```
/// use homeostat_baseline::{Baseline, Observation};
/// use homeostat_core::{EntityKey, EntityKind, Observed, Position, State as _};
///
/// let mut baseline = Baseline::default();
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let login = Observation::new(jane, "2026-03-16T08:30:00Z".parse()?).with("country", "DE");
/// assert!(baseline.observe(Position::at(0), &login)?.applied().is_some());
/// assert_eq!(baseline.observe(Position::at(0), &login)?, Observed::Replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Baseline {
    pub(crate) config: Config,
    pub(crate) seen: Positions,
    // The latest sound time seen, in microseconds; `i64::MIN` before the first.
    pub(crate) high: i64,
    // The first tick that is not learnt yet.
    pub(crate) open_from: i64,
    // The day that is open for all entities; `i64::MIN` before the first.
    pub(crate) today: i64,
    // The first tick of the tenant's history; `i64::MAX` before it.
    pub(crate) start: i64,
    // Times of the last observations in a row that were ahead of the future limit.
    pub(crate) ahead: Vec<i64>,
    pub(crate) entities: HashMap<EntityKey, Entity, Seed>,
    pub(crate) cohorts: BTreeMap<u64, Cohort>,
    // What few entities need: probation, what was refused, what was pinned.
    pub(crate) cold: BTreeMap<EntityKey, Cold>,
    // Who has something open in which tick. Made from the entities, so it is not in the bytes.
    pub(crate) due: BTreeMap<i64, Vec<EntityKey>>,
    // Room for what is taken out of an open minute, so that learning one allocates nothing. Holds nothing between calls
    // that is read again.
    pub(crate) room: Vec<(Signature, u32)>,
    // Bytes of all entities.
    pub(crate) bytes: u64,
    pub(crate) stats: Stats,
}

impl Default for Baseline {
    fn default() -> Self {
        Self::of(Config::default())
    }
}

/// What a baseline has met and what it holds. Counts saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Entities held.
    pub entities: u64,
    /// Peer groups held, one for each kind of entity among them.
    pub groups: u64,
    /// Bytes of all entities in memory, without the keys and what is open.
    pub bytes: u64,
    /// Bytes of what is on probation, refused or pinned, apart from `bytes`.
    pub cold: u64,
    /// Counts of minutes that are still open, each of some 40 bytes.
    pub open: u64,
    /// Observations that came after their minute was learnt: learnt at half weight.
    pub late: u64,
    /// Observations beyond the future limit: scored and kept, never moving the watermark.
    pub future: u64,
    /// Entities evicted to keep to the memory.
    pub evicted: u64,
    /// Values counted among the others, features beyond a profile's room, rare values that fell out for space.
    pub cut: u64,
}

/// An entity from which nothing comes although something should.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// The last time it was seen, to the minute.
    pub last_seen: Timestamp,
    /// How surprising the silence is.
    pub verdict: Verdict,
}

impl Baseline {
    /// A baseline that knows nothing, with the settings of one tenant.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a setting is out of its range.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check().map(Self::of)
    }

    pub(crate) fn of(config: Config) -> Self {
        let entities = HashMap::with_hasher(config.seed());
        Self {
            config,
            seen: Positions::default(),
            high: i64::MIN,
            open_from: i64::MIN,
            today: i64::MIN,
            start: i64::MAX,
            ahead: Vec::new(),
            entities,
            cohorts: BTreeMap::new(),
            cold: BTreeMap::new(),
            due: BTreeMap::new(),
            room: Vec::new(),
            bytes: 0,
            stats: Stats::default(),
        }
    }

    /// The score of `observation` as of now, learning nothing.
    ///
    /// # Errors
    ///
    /// [`BadObservation`] when it is no sound one.
    pub fn score(&self, observation: &Observation) -> Result<Verdict, BadObservation> {
        let micros = observation.check()?;
        let hashes = observation.hashes(self.config.seed());
        Ok(self.verdict(observation, &hashes, (micros, self.mark(observation, micros))))
    }

    /// The threshold `base` for `identity` at `now`, tightened by the risk that `view` tells: at most two bits.
    pub fn threshold(base: Bits, identity: &EntityKey, view: &dyn RiskView, now: Timestamp) -> Bits {
        crate::Threshold::new(base, identity, view, now).bits()
    }

    /// Moves the watermark to `now` less the lateness and tells, once each, of whom nothing came although
    /// something should have. O(entities). Idempotent; a `now` that is no moment does nothing.
    ///
    /// For results that replay, call it with times of the log, at fixed steps.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Silence> {
        let Some(micros) = now.micros() else { return Vec::new() };
        self.advance(micros);
        self.silences(calendar::hour(calendar::tick(self.watermark())))
    }

    /// Counts and sizes. O(entities).
    pub fn stats(&self) -> Stats {
        Stats {
            entities: self.entities.len() as u64,
            groups: self.cohorts.len() as u64,
            bytes: self.bytes,
            cold: self.cold.values().map(|cold| cold.weight() as u64).sum(),
            open: self.entities.values().map(|entity| entity.open.len() as u64).sum(),
            ..self.stats
        }
    }

    /// Bytes that what is learnt of `entity` takes in a snapshot, at most 2,048; `None` when it is not known.
    pub fn entity_bytes(&self, entity: &EntityKey) -> Option<usize> {
        self.entities.get(entity).map(Entity::learnt_bytes)
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn verdict(
        &self,
        observation: &Observation,
        hashes: &Hashes,
        (micros, mark): (i64, Option<Mark>),
    ) -> Verdict {
        self.verdict_of(observation, hashes, (micros, mark), (self.entities.get(&observation.entity), None))
    }

    /// The verdict for `entity` as it is known; or as it was, with what it has learnt since.
    pub(crate) fn verdict_of(
        &self,
        observation: &Observation,
        hashes: &Hashes,
        (micros, mark): (i64, Option<Mark>),
        (entity, since): (Option<&Entity>, Option<&Profile>),
    ) -> Verdict {
        let tick = calendar::tick(micros);
        let group = hashes.group.or(entity.map(|entity| entity.group)).unwrap_or(0);
        let scene = Scene {
            entity,
            since,
            peers: self.peers(group, self.kind_of(&observation.entity)),
            damping: self.damping(tick),
            tick,
            cell: self.config.local_time.cell(calendar::hour(tick)),
        };
        scene.verdict(observation, hashes, mark)
    }

    pub(crate) fn peers(&self, group: u64, kind: u64) -> Peers<'_> {
        Peers {
            group: if group == 0 { None } else { self.cohorts.get(&group) },
            kind: self.cohorts.get(&kind),
        }
    }

    pub(crate) fn kind_of(&self, entity: &EntityKey) -> u64 {
        Self::kind_number(self.config.seed(), entity)
    }

    pub(crate) fn kind_number(seed: Seed, entity: &EntityKey) -> u64 {
        seed.value(u32::MAX - 1, entity.kind().as_str())
    }

    /// On the tenant's first day everything is new: its bits count a half at first and the whole after it.
    pub(crate) fn damping(&self, tick: i64) -> f64 {
        let first_day = self.config.first_day.as_secs_f64() / 60.0;
        let age = tick.saturating_sub(self.start.min(tick)) as f64;
        if age >= first_day { 1.0 } else { 0.5 + 0.5 * age / first_day }
    }

    fn mark(&self, observation: &Observation, micros: i64) -> Option<Mark> {
        let limit = i64::try_from(FUTURE_LIMIT.as_micros()).unwrap_or(i64::MAX);
        let arrival = observation.arrived.micros().or((self.high != i64::MIN).then_some(self.high));
        if arrival.is_some_and(|arrival| micros.saturating_sub(arrival) > limit) {
            Some(Mark::Future)
        } else if calendar::tick(micros) < self.open_from {
            Some(Mark::Late)
        } else {
            None
        }
    }

    /// An observation ahead of everything moves no watermark, unless the whole log has moved on with it.
    fn note_ahead(&mut self, observation: &Observation, micros: i64) {
        if observation.arrived.is_moment() {
            return;
        }
        self.ahead.push(micros);
        if self.ahead.len() >= AHEAD_CONFIRMS {
            let least = self.ahead.iter().copied().min().unwrap_or(micros);
            self.ahead.clear();
            self.advance(least);
        }
    }

    pub(crate) fn watermark(&self) -> i64 {
        self.high.saturating_sub(i64::try_from(LATENESS.as_micros()).unwrap_or(i64::MAX))
    }

    /// Opens the counts of an observation's minute, or, of a minute that is over, learns at once.
    fn apply(&mut self, observation: &Observation, hashes: &Hashes, (micros, mark): (i64, Option<Mark>)) {
        let tick = calendar::tick(micros);
        let entity = match self.entities.get_mut(&observation.entity) {
            Some(entity) => entity,
            None => self.entities.entry(observation.entity.clone()).or_insert_with(|| Entity::new(tick)),
        };
        let group = hashes.group.unwrap_or(entity.group);
        let new = entity.seen == 0;
        entity.meet(tick);
        if mark != Some(Mark::Late) && entity.is_first_in(tick) {
            self.due.entry(tick).or_default().push(observation.entity.clone());
        }
        let mut cut = 0;
        let times = observation.events.max(1);
        let mut count = |entity: &mut Entity, counted, feature, value| {
            cut += u64::from(!entity.count(Signature { tick, counted, feature, value }, times));
        };
        count(entity, Counted::Seen, 0, group);
        for (feature, value) in hashes.categories() {
            count(entity, Counted::Value, *feature, (*value).min(u64::MAX - 1));
        }
        for ((_, size), feature) in observation.sizes.iter().zip(hashes.sizes()) {
            count(entity, Counted::Octave, *feature, u64::from(volume::octave(*size)));
        }
        if observation.events > 0 && mark != Some(Mark::Late) {
            cut += u64::from(!entity.count_hour(calendar::hour(tick), observation.events));
            if mark.is_none() {
                entity.creep.count(tick.div_euclid(1_440).saturating_sub(self.today), observation.events);
            }
        }
        self.stats.cut = self.stats.cut.saturating_add(cut);
        self.bytes = self.bytes.saturating_add(if new { entity.weight() } else { 0 });
        if mark == Some(Mark::Late) {
            self.learn_late(&observation.entity, tick, observation.events);
        }
        if new && self.bytes > self.config.memory {
            self.evict();
        }
    }
}

impl State<Observation> for Baseline {
    type Output = Verdict;
    type Error = BadObservation;

    fn observe(
        &mut self,
        position: Position,
        observation: &Observation,
    ) -> Result<Observed<Verdict>, BadObservation> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        let micros = observation.check()?;
        let mark = self.mark(observation, micros);
        match mark {
            Some(Mark::Future) => {
                self.stats.future = self.stats.future.saturating_add(1);
                self.note_ahead(observation, micros);
            }
            Some(Mark::Late) => self.stats.late = self.stats.late.saturating_add(1),
            None => {
                self.ahead.clear();
                self.start = self.start.min(calendar::tick(micros));
                self.advance(micros);
            }
        }
        let hashes = observation.hashes(self.config.seed());
        let verdict = self.verdict(observation, &hashes, (micros, mark));
        self.apply(observation, &hashes, (micros, mark));
        Ok(Observed::Applied(verdict))
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.snapshot()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes)
    }
}

impl Forget for Baseline {
    /// Clears an entity, and makes its cohorts anew from their other members. O(entities).
    ///
    /// What other members saw too rarely to be counted still is lost to the cohort with it.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let Some(gone) = self.entities.remove(entity) else { return false };
        self.bytes = self.bytes.saturating_sub(gone.weight());
        self.cold.remove(entity);
        for waiting in self.due.values_mut() {
            waiting.retain(|key| key != entity);
        }
        self.due.retain(|_, waiting| !waiting.is_empty());
        self.rebuild(self.kind_of(entity));
        self.rebuild(gone.group);
        true
    }
}

impl core::fmt::Debug for Baseline {
    /// Shows counts only.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Baseline").field(&self.stats()).finish()
    }
}
