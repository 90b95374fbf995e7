//! What the baseline finds unusual: one signal per entity of an event whose surprise reaches its threshold.
//!
//! The threshold is the same for every identity, less what the one tightening rule takes off for its risk.
//! The kind of a signal is its heaviest aspect, so that surprises of different sorts add up in a story while
//! repetitions of one sort do not.

use crate::written::{all, one_of, put_all, put_one_of};
use homeostat_baseline::{Baseline, Featurizer, Maturity, Observation, Pool, Threshold};
use homeostat_core::{
    Bits, EntityKey, EntityKind, Forget as _, Occurrence, Position, Risk, RiskView, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, State as _, Technique, Timestamp,
};
use homeostat_event::Event;
use std::collections::BTreeMap;

/// The name under which surprises are told.
const NAME: &str = "baseline";
/// The aspect of how much is done.
const RATE: &str = "rate";
/// The aspect of how much more is done than weeks ago.
const CREEP: &str = "creep";
/// The aspect of how much is sent; what is unusual in it can be exfiltration.
const SENT: &str = "bytes out";
/// The kind of what is done from somewhere unusual, whether for the party or for the whole tenant.
pub(crate) const PLACE: &str = "unusual place";
/// The kind of what is done with an unusual browser or program.
pub(crate) const BROWSER: &str = "unusual browser";
/// What is told to be done when it is the rate that surprises.
const MORE_THAN_USUAL: &str = "more than usual";
/// From how many bits on an observation is told: once in 1,024.
pub(crate) const BASE: Bits = Bits::ONE_IN_A_THOUSAND;

/// The most that a busy hour or week weighs when nothing else is odd: everybody has some, so that alone it is told only
/// of those against whom much is known, who are watched more closely by a bit and a half.
const MOST_OF_RATE: Bits = Bits::new(8.5);

/// The aspects of what is done, and on what. Who is odd in them and has a past puts itself on trial: people travel and
/// change browsers, but a job that becomes another one is somebody's decision.
const DOINGS: [&str; 4] = ["service", "action", "service and action", "target"];

/// A baseline fed with events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surprise {
    baseline: Baseline,
    featurizer: Featurizer,
    pools: Pools,
    next: u64,
}

/// Whether a score is the first of its kind or one of a change that is on trial.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fact {
    Fresh,
    Repeated,
}

/// The scores given so far, by kind of entity and aspect.
#[derive(Clone, Debug, Default)]
struct Pools {
    all: BTreeMap<EntityKind, u64>,
    aspects: BTreeMap<(EntityKind, String), Pool>,
}

impl Pools {
    /// What `bits` of `aspect` are worth among entities of `kind`, and counts them.
    fn calibrate(&mut self, kind: EntityKind, aspect: &str, (bits, fact): (Bits, Fact)) -> Bits {
        let all = self.all.entry(kind).or_default();
        *all = all.saturating_add(1);
        let pool = self.aspects.entry((kind, aspect.to_owned())).or_default();
        pool.pass_to(*all - 1);
        let worth = pool.calibrate(bits);
        if fact == Fact::Fresh {
            pool.learn(bits);
        }
        worth
    }
}

impl From<Baseline> for Surprise {
    fn from(baseline: Baseline) -> Self {
        Self { baseline, ..Self::default() }
    }
}

impl Surprise {
    /// Scores and learns `event`; what an address does is the doing of the machine that `holder` knows behind it.
    pub(crate) fn observe(
        &mut self,
        event: &Event,
        risk: &dyn RiskView,
        holder: &dyn Fn(&EntityKey) -> Option<EntityKey>,
    ) -> Vec<Signal> {
        let Some(occurrence) = event.occurrence() else { return Vec::new() };
        let observations = self.featurizer.observations(event).into_iter().map(|one| {
            let machine = Some(one.entity()).filter(|key| key.kind() == EntityKind::Ip).and_then(holder);
            match machine {
                Some(machine) => one.about(machine),
                None => one,
            }
        });
        observations.filter_map(|one| self.signal(&one, &occurrence, risk)).collect()
    }

    /// Takes what `entity` does of late for granted; whether anything of it was in doubt.
    pub(crate) fn accept(&mut self, entity: &EntityKey, now: Timestamp) -> bool {
        self.baseline.accept_change(entity, now)
    }

    /// Clears an entity; what its scores were stays in the pools, which name nobody.
    pub(crate) fn forget(&mut self, entity: &EntityKey) -> bool {
        self.baseline.forget(entity)
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.bytes(&self.baseline.to_bytes());
        put_all(out, self.pools.all.iter(), |out, (kind, count)| {
            put_one_of(out, &EntityKind::ALL, kind);
            out.u64(*count);
        });
        put_all(out, self.pools.aspects.iter(), |out, ((kind, aspect), pool)| {
            put_one_of(out, &EntityKind::ALL, kind);
            out.text(aspect);
            out.bytes(&pool.to_bytes());
        });
        out.u64(self.next);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let baseline = Baseline::from_bytes(fields.bytes()?)?;
        let kind = |fields: &mut SnapshotReader<'_>| one_of(fields, &EntityKind::ALL);
        let counts = all(fields, 9, |fields| Ok((kind(fields)?, fields.u64()?)))?;
        let aspects = all(fields, 17, |fields| {
            Ok(((kind(fields)?, fields.text()?), Pool::from_bytes(fields.bytes()?)?))
        })?;
        let pools = Pools { all: counts, aspects };
        Ok(Self { baseline, featurizer: Featurizer, pools, next: fields.u64()? })
    }

    /// What has been learnt.
    pub(crate) fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Says that it is `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        // Silences are told by the baseline's own users; here only the watermark moves.
        drop(self.baseline.tick(now));
    }

    fn signal(&mut self, one: &Observation, occurrence: &Occurrence, risk: &dyn RiskView) -> Option<Signal> {
        let position = Position::at(self.next);
        self.next += 1;
        let trial = self.baseline.score_on_trial(one).ok()?;
        let verdict = self.baseline.observe(position, one).ok()?.applied()?;
        let grown = verdict.maturity() == Maturity::Grown;
        // What is on trial is no new fact: it teaches no pool that such scores come often.
        let trial = trial.filter(|trial| trial.bits() > verdict.bits());
        let (verdict, fact) = match trial {
            Some(trial) => (trial, Fact::Repeated),
            None => (verdict, Fact::Fresh),
        };
        let aspect = verdict.contributions().first().map_or("behaviour", |top| top.aspect()).to_owned();
        let bits = self.pools.calibrate(one.entity().kind(), &aspect, (verdict.bits(), fact));
        let is_rate = [RATE, CREEP].contains(&aspect.as_str());
        let bits = if is_rate { bits.min(MOST_OF_RATE.max(verdict.without_top())) } else { bits };
        let tightened = admits(bits, one.entity(), risk, occurrence.time)?;
        if grown && DOINGS.contains(&aspect.as_str()) {
            self.baseline.try_out(one.entity(), occurrence.time);
        }
        let mut signal = verdict.signal(NAME, occurrence);
        signal.kind = kind_of(&aspect);
        if is_rate {
            // How often something is done is one fact, whatever is done and however it ends.
            MORE_THAN_USUAL.clone_into(&mut signal.action);
        }
        (signal.bits, signal.tightened) = (bits, tightened);
        if aspect == SENT {
            signal.techniques.extend(Technique::parse("T1048"));
        }
        Some(signal)
    }
}

/// Whether `bits` pass the threshold of `identity`, and whether only its risk let them through, as
/// [`Threshold::admits`] tells; the risk is asked for only where it decides.
fn admits(bits: Bits, identity: &EntityKey, risk: &dyn RiskView, now: Timestamp) -> Option<bool> {
    if bits >= BASE {
        return Some(false);
    }
    let near = bits >= BASE.above(Risk::MOST_TIGHTENING);
    near.then(|| Threshold::new(BASE, identity, risk, now).admits(bits)).flatten()
}

/// The kind of a signal. How often and how much are one kind: they rise together, and a story needs more. So are
/// address, network and country: who is elsewhere is so in all of them.
fn kind_of(aspect: &str) -> String {
    match aspect {
        RATE | CREEP | "bytes in" | SENT => "unusual amount".to_owned(),
        "origin address" | "origin network" | "country" => PLACE.to_owned(),
        "user agent" => BROWSER.to_owned(),
        _ => format!("unusual {aspect}"),
    }
}
