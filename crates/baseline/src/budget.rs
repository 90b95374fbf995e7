//! At most so many findings: which verdicts are told, so that the user's promise is kept?
//!
//! Of each entity and hour the peak counts. Its rank among all peaks of its kind and of the tenant (conformal
//! prediction; Vovk, Gammerman and Shafer 2005, section 2.2) is stretched by the entity's own usual height; what is
//! weak but persists adds up; a creep counts as the one test a day that it is. The threshold is the height that comes
//! as rarely as promised, raised while too much was told (as adaptive conformal inference does: Gibbs and Candès,
//! "Adaptive conformal inference under distribution shift", 2021), and a quota holds it. O(1) a verdict without a new
//! peak, else O(buckets); an hour's end takes O(entities seen in it).

mod actor;
mod finding;
mod peaks;
mod snapshot;
mod wealth;

use crate::seed::Seed;
use crate::verdict::Verdict;
use actor::Actor;
use core::fmt;
pub use finding::{Cause, Finding, Realised};
use finding::{Evidence, aspect_bit, stretched};
use homeostat_core::{
    Bits, EntityKey, EntityKind, Forget, Observed, Position, Positions, SnapshotError, State, Timestamp,
};
use peaks::{Fit, Peaks};
use std::collections::{BTreeMap, HashMap, VecDeque};

const HOUR: i64 = 3_600_000_000;
const DAY_HOURS: f64 = 24.0;
/// Hours after which an entity without events counts no more, half of all peaks go, and a debt is forgotten to a third.
const GENERATION: i64 = 672;
/// Bits by which the threshold rises when a week's findings were told too much: a factor of four in what is told. It
/// never falls for what was not told: a lower threshold would only keep more entities at rest.
const GAIN: f64 = 2.0;
/// Findings too many or too few that mean nothing, however small the promise: the scatter of a Poisson number. So many
/// are told ahead of time, but not on a tenant's first day.
const SCATTER: f64 = 4.0;
/// Hours after which a tenant is no longer new.
const GROWN: i64 = 24;
/// Peaks of a kind that weigh as much as the whole tenant's.
const KIND_TRUST: f64 = 50.0;
/// The most bits by which risk tightens a threshold (incident's one rule of thresholds under risk).
const MOST_TIGHTENED: f64 = 2.0;
/// The most findings a day that can be promised.
const MOST_A_DAY: f64 = 10_000.0;

/// How many findings the user is ready to look at.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Promise {
    /// So many for each entity and day, on average; 0.01 is one finding in a hundred entity-days.
    PerEntityDay(f64),
    /// At most so many in any 24 hours, in all.
    PerDay(u32),
}

/// A promise that no budget can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a promise must lie above 0 and be at most 24 an entity-day or 10000 a day")]
pub struct BadPromise(());

/// Chooses the verdicts that are told, so that a promise is kept.
///
/// It judges each verdict by what is known when it comes and never takes a judgement back. A tenant without
/// history is judged by the scale of bits alone. Its bytes hold the keys of entities as they are.
///
/// Hand-over: it is not [`Merge`](homeostat_core::Merge): one owner judges a tenant.
///
/// ```
/// use homeostat_baseline::{Baseline, Budget, Observation, Promise};
/// use homeostat_core::{Bits, EntityKey, EntityKind, Position, State as _, Timestamp};
///
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let (mut baseline, mut budget) = (Baseline::default(), Budget::new(Promise::PerEntityDay(0.01))?);
/// for hour in 0..1_000 {
///     let calm = Observation::new(jane.clone(), Timestamp::from_micros(hour * 3_600_000_000)).times(20);
///     let verdict = baseline.observe(Position::at(hour as u64), &calm)?.applied().ok_or("replayed")?;
///     assert!(budget.admit(&verdict, Bits::ZERO).is_none());
/// }
/// let burst = Observation::new(jane, Timestamp::from_micros(1_000 * 3_600_000_000)).times(400);
/// let verdict = baseline.observe(Position::at(1_000), &burst)?.applied().ok_or("replayed")?;
/// let finding = budget.admit(&verdict, Bits::ZERO).ok_or("not told")?;
/// assert!(finding.bits > finding.threshold);
/// assert!(budget.admit(&verdict, Bits::ZERO).is_none(), "once is enough");
/// assert_eq!(budget.realised().findings, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Budget {
    promise: Promise,
    seen: Positions,
    // The open hour; `i64::MIN` before the first.
    hour: i64,
    actors: HashMap<EntityKey, Actor, Seed>,
    // Who has an event in the open hour. Made from the actors, so it is not in the bytes.
    active: Vec<EntityKey>,
    kinds: BTreeMap<EntityKind, Peaks>,
    all: Peaks,
    // What the peaks make on the entities' own scales, over entity-hours with and without events.
    scores: Peaks,
    // Made from the pools at the end of each hour.
    fits: Fits,
    // Findings that may still be told: earned by time, spent by findings, kept for a week.
    credit: f64,
    // Hours watched.
    hours: i64,
    // When the last findings were told, at most as many as a day may have.
    recent: VecDeque<i64>,
    realised: Realised,
}

/// The pools' tails as of the last hour that is over.
#[derive(Clone, Debug, PartialEq)]
struct Fits {
    kinds: BTreeMap<EntityKind, Fit>,
    all: Fit,
    threshold: f64,
    gain: f64,
}

impl Default for Budget {
    /// One finding in a hundred entity-days.
    fn default() -> Self {
        Self::of(Promise::PerEntityDay(0.01))
    }
}

impl Budget {
    /// A budget that keeps `promise`.
    ///
    /// # Errors
    ///
    /// [`BadPromise`] when nobody could.
    pub fn new(promise: Promise) -> Result<Self, BadPromise> {
        let sound = match promise {
            Promise::PerEntityDay(rate) => rate > 0.0 && rate <= DAY_HOURS,
            Promise::PerDay(count) => count > 0 && f64::from(count) <= MOST_A_DAY,
        };
        if sound { Ok(Self::of(promise)) } else { Err(BadPromise(())) }
    }

    fn of(promise: Promise) -> Self {
        let empty = Peaks::default();
        let fits = Fits { kinds: BTreeMap::new(), all: empty.fit(), threshold: 0.0, gain: 0.0 };
        let mut budget = Self {
            promise,
            seen: Positions::default(),
            hour: i64::MIN,
            actors: HashMap::with_hasher(Seed::default()),
            active: Vec::new(),
            kinds: BTreeMap::new(),
            all: empty.clone(),
            scores: empty,
            fits,
            hours: 0,
            credit: 0.0,
            recent: VecDeque::new(),
            realised: Realised::default(),
        };
        budget.refit();
        budget
    }

    /// Whether `verdict` is a finding, its identity's threshold tightened by so many bits
    /// ([`Risk::tightening`](homeostat_core::Risk::tightening)).
    ///
    /// Verdicts come in the order of the log; one of an hour that is over counts for the open one.
    pub fn admit(&mut self, verdict: &Verdict, tightening: Bits) -> Option<Finding> {
        let micros = verdict.time().micros()?;
        if !verdict.is_future() || self.hour == i64::MIN {
            self.close_until(micros.div_euclid(HOUR));
        }
        let (plain, creep) = (verdict.without_creep().get(), verdict.creep().get());
        let (height, threshold) = (self.met(verdict, plain, creep)?, self.threshold().get());
        let admitted = height.bits.get() >= threshold - tightening.get();
        if !admitted {
            return None;
        }
        let aspect = aspect_bit(verdict, height.cause);
        let told = (self.hour, height.bits.get(), aspect);
        if self.actors.get_mut(verdict.entity()).is_some_and(|actor| actor.rests(told)) {
            self.realised.rested = self.realised.rested.saturating_add(1);
            return None;
        }
        if !self.has_room(micros) {
            self.realised.withheld = self.realised.withheld.saturating_add(1);
            return None;
        }
        self.spend(micros);
        if let Some(actor) = self.actors.get_mut(verdict.entity()) {
            actor.tell(told);
        }
        let tightened = height.bits.get() < threshold;
        Some(Finding { threshold: Bits::new(threshold), tightened, ..height })
    }

    /// The height from which on a finding is told now.
    pub fn threshold(&self) -> Bits {
        Bits::new(self.fits.threshold + (-self.credit * self.fits.gain).clamp(0.0, GAIN))
    }

    /// What was promised and what came of it.
    pub fn realised(&self) -> Realised {
        self.realised
    }

    /// What is promised.
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// Entities it knows, each some 200 bytes.
    pub fn entities(&self) -> usize {
        self.actors.len()
    }

    /// Ends all hours before that of `now`, so that what passes in silence counts too. Idempotent.
    pub fn tick(&mut self, now: Timestamp) {
        if let Some(micros) = now.micros() {
            self.close_until(micros.div_euclid(HOUR));
        }
    }

    /// Notes the verdict's peak and weighs all evidence; `None` when nothing can have changed since the last time.
    fn met(&mut self, verdict: &Verdict, plain: f64, creep: f64) -> Option<Finding> {
        let (hour, kind) = (self.hour, verdict.entity().kind());
        let fresh = || Actor::new(kind, hour);
        let actor = self.actors.entry(verdict.entity().clone()).or_insert_with(fresh);
        actor.last = actor.last.max(hour);
        if !actor.active {
            actor.active = true;
            self.active.push(verdict.entity().clone());
        } else if plain <= actor.peak && actor.judged < self.fits.threshold - MOST_TIGHTENED {
            return None;
        }
        actor.peak = actor.peak.max(plain);
        let scale = actor.scale();
        let wealth = actor.wealth;
        let sudden = stretched(self.share(kind, plain), scale);
        let evidence = Evidence {
            sudden,
            persistent: wealth.after(sudden).bits().probability(),
            creeping: if creep > 0.0 { Bits::new(creep).probability() / DAY_HOURS } else { 1.0 },
        };
        let bits = evidence.bits();
        if let Some(actor) = self.actors.get_mut(verdict.entity()) {
            actor.top = actor.top.max(evidence.of_event().get());
            actor.judged = actor.judged.max(bits.get());
        }
        Some(Finding {
            entity: verdict.entity().clone(),
            time: verdict.time(),
            bits,
            threshold: Bits::ZERO,
            cause: evidence.cause(),
            tightened: false,
        })
    }

    /// The share of peaks of its kind, shrunk towards the tenant's, that reach `bits`.
    fn share(&self, kind: EntityKind, bits: f64) -> f64 {
        let all = self.all.tail(&self.fits.all, bits);
        let (Some(pool), Some(fit)) = (self.kinds.get(&kind), self.fits.kinds.get(&kind)) else { return all };
        let count = pool.total() as f64;
        (count * pool.tail(fit, bits) + KIND_TRUST * all) / (count + KIND_TRUST)
    }

    fn has_room(&self, micros: i64) -> bool {
        match self.promise {
            Promise::PerEntityDay(_) => self.credit + if self.hours >= GROWN { SCATTER } else { 0.0 } >= 1.0,
            Promise::PerDay(most) => {
                let day = micros.saturating_sub(24 * HOUR);
                self.recent.iter().filter(|told| **told > day).count()
                    < usize::try_from(most).unwrap_or(usize::MAX)
            }
        }
    }

    fn spend(&mut self, micros: i64) {
        self.credit -= 1.0;
        self.realised.findings = self.realised.findings.saturating_add(1);
        if let Promise::PerDay(most) = self.promise {
            self.recent.push_back(micros);
            if self.recent.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                self.recent.pop_front();
            }
        }
    }

    /// Findings allowed in one hour of all entities.
    fn allowed(&self, entities: f64) -> f64 {
        match self.promise {
            Promise::PerEntityDay(rate) => rate * entities / DAY_HOURS,
            Promise::PerDay(count) => f64::from(count) / DAY_HOURS,
        }
    }

    fn close_until(&mut self, hour: i64) {
        if self.hour == i64::MIN || hour <= self.hour {
            self.hour = self.hour.max(hour);
            return;
        }
        let hours = hour.saturating_sub(self.hour);
        let scored = self.close();
        self.pass(hours, scored);
        let turns = hour.div_euclid(GENERATION) - self.hour.div_euclid(GENERATION);
        if turns > 0 {
            self.turn(hour);
        }
        self.hour = hour;
        self.refit();
    }

    /// Learns the peaks of the open hour; tells how many.
    fn close(&mut self) -> u64 {
        let mut closed = Vec::new();
        for key in std::mem::take(&mut self.active) {
            let Some(actor) = self.actors.get(&key) else { continue };
            let share = self.share(actor.kind, actor.peak);
            closed.push((actor.kind, actor.peak, actor.top));
            if let Some(actor) = self.actors.get_mut(&key) {
                actor.close(share, stretched(share, actor.scale()));
            }
        }
        for (kind, peak, top) in &closed {
            self.kinds.entry(*kind).or_default().learn(*peak);
            self.all.learn(*peak);
            self.scores.learn(*top);
        }
        closed.len() as u64
    }

    /// Counts `hours` of all entities that are known.
    fn pass(&mut self, hours_passed: i64, scored: u64) {
        let hours = hours_passed.clamp(1, GENERATION) as f64;
        let entities = self.actors.len() as f64;
        let allowed = self.allowed(entities) * hours;
        self.realised.entity_days += entities * hours / DAY_HOURS;
        self.realised.promised += allowed;
        self.credit = (self.credit + allowed).min(SCATTER.max(self.allowed(entities) * DAY_HOURS * 7.0));
        self.hours = self.hours.saturating_add(hours_passed);
        // What was scored in the open hour is counted already.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most a generation's hours"
        )]
        let all = entities as u64 * hours as u64;
        self.scores.pass(all.saturating_sub(scored));
    }

    /// Half of all peaks go, and who was not seen for a generation.
    fn turn(&mut self, hour: i64) {
        self.kinds.values_mut().chain([&mut self.all, &mut self.scores]).for_each(Peaks::halve);
        self.actors.retain(|_, actor| hour.saturating_sub(actor.last) < GENERATION);
    }

    fn refit(&mut self) {
        let entities = self.actors.len().max(1) as f64;
        let share = self.allowed(entities) / entities;
        let fit = self.scores.fit();
        self.fits = Fits {
            kinds: self.kinds.iter().map(|(kind, peaks)| (*kind, peaks.fit())).collect(),
            all: self.all.fit(),
            threshold: self.scores.quantile(&fit, share).max(-libm::log2(share)),
            gain: GAIN / (7.0 * DAY_HOURS * self.allowed(entities) + SCATTER),
        };
    }
}

impl State<Verdict> for Budget {
    type Output = Option<Finding>;
    type Error = core::convert::Infallible;

    /// Judges without any tightening.
    fn observe(
        &mut self,
        position: Position,
        verdict: &Verdict,
    ) -> Result<Observed<Option<Finding>>, Self::Error> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        Ok(Observed::Applied(self.admit(verdict, Bits::ZERO)))
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

impl Forget for Budget {
    /// Clears an entity. Its peaks stay counted, as numbers without a name.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.active.retain(|key| key != entity);
        self.actors.remove(entity).is_some()
    }
}

impl fmt::Debug for Budget {
    /// Shows counts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("promise", &self.promise)
            .field("realised", &self.realised)
            .finish_non_exhaustive()
    }
}
