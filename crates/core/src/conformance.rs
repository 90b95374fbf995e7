//! Public test suites: run them against your own implementation of a trait of this crate.
//!
//! Each function returns the first law that is broken. The suites only use the public API.

use crate::{
    Criticality, Detector, EntityKey, EventRef, EventStore, IntelFeed, Merge, Observed, Position, Reach,
    Risk, RiskView, State, Timestamp, Value,
};
use core::fmt;

/// A law that an implementation breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenLaw {
    law: &'static str,
    step: usize,
}

impl BrokenLaw {
    /// The law, as its trait states it.
    pub fn law(&self) -> &'static str {
        self.law
    }
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at step {}: {}", self.step, self.law)
    }
}

impl std::error::Error for BrokenLaw {}

fn hold(law: &'static str, step: usize, holds: bool) -> Result<(), BrokenLaw> {
    if holds { Ok(()) } else { Err(BrokenLaw { law, step }) }
}

/// Tests the laws of [`State`] on `inputs`, starting from `start`: replay, snapshots at every cut, equal bytes,
/// damage at every byte. O(n²) in inputs and O(n) in bytes: give it tens of inputs.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn state_laws<S: State<I>, I>(start: &S, inputs: &[I]) -> Result<(), BrokenLaw> {
    let whole = learn(start.clone(), inputs, 0);
    let bytes = whole.to_bytes();
    hold("equal states give equal bytes", 0, learn(start.clone(), inputs, 0).to_bytes() == bytes)?;
    for cut in 0..=inputs.len() {
        let (before, after) = inputs.split_at(cut);
        let first = learn(start.clone(), before, 0).to_bytes();
        let restored =
            S::from_bytes(&first).map_err(|_| BrokenLaw { law: "own bytes are read", step: cut })?;
        hold("snapshots are transparent", cut, restored.to_bytes() == first)?;
        hold("snapshots change no later byte", cut, learn(restored, after, cut).to_bytes() == bytes)?;
        hold("replay is exact", cut, replay(whole.clone(), before) == Some(bytes.clone()))?;
    }
    damage_is_refused::<S, I>(&bytes)
}

fn learn<S: State<I>, I>(mut state: S, inputs: &[I], first: usize) -> S {
    for (number, input) in inputs.iter().enumerate() {
        // An input that is refused is no breach: it takes its position and teaches nothing.
        drop(state.observe(Position::at((first + number) as u64), input));
    }
    state
}

fn replay<S: State<I>, I>(mut state: S, inputs: &[I]) -> Option<Vec<u8>> {
    for (number, input) in inputs.iter().enumerate() {
        match state.observe(Position::at(number as u64), input) {
            Ok(Observed::Replayed) => {}
            _ => return None,
        }
    }
    Some(state.to_bytes())
}

fn damage_is_refused<S: State<I>, I>(bytes: &[u8]) -> Result<(), BrokenLaw> {
    let stride = (bytes.len() / 512).max(1);
    for at in (0..bytes.len()).step_by(stride) {
        let cut = bytes.get(..at).unwrap_or_default();
        hold("a snapshot cut off is refused", at, S::from_bytes(cut).is_err())?;
        let mut altered = bytes.to_vec();
        if let Some(byte) = altered.get_mut(at) {
            *byte ^= 0x10;
        }
        hold("an altered snapshot is refused", at, S::from_bytes(&altered).is_err())?;
    }
    Ok(())
}

/// Tests the laws of [`Merge`] on three parts; `same` says whether two are equal (exactly for integers, within
/// 1e-9 relative for floats).
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn merge_laws<M: Merge + Clone>(parts: [&M; 3], same: impl Fn(&M, &M) -> bool) -> Result<(), BrokenLaw> {
    let [a, b, c] = parts;
    let join = |left: &M, right: &M| {
        let mut joined = left.clone();
        joined.merge(right);
        joined
    };
    hold("merging is commutative", 0, same(&join(a, b), &join(b, a)))?;
    hold("merging is associative", 1, same(&join(&join(a, b), c), &join(a, &join(b, c))))?;
    hold("the default is neutral on the right", 2, same(&join(a, &M::default()), a))?;
    hold("the default is neutral on the left", 3, same(&join(&M::default(), a), a))
}

/// Tests that two fresh detectors say the same about the same inputs, and nothing that is not theirs.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn detector_laws<I>(
    make: impl Fn() -> Box<dyn Detector<I>>,
    inputs: &[I],
    risk: &dyn RiskView,
) -> Result<(), BrokenLaw> {
    let (mut first, mut second) = (make(), make());
    hold("the name is stable", 0, first.name() == second.name() && !first.name().is_empty())?;
    for (step, input) in inputs.iter().enumerate() {
        let (one, other) = (first.detect(input, risk), second.detect(input, risk));
        hold("the same inputs give the same signals", step, one == other)?;
        hold("a signal has evidence", step, one.iter().all(|signal| !signal.evidence.is_empty()))?;
    }
    Ok(())
}

/// Tests the laws of [`RiskView`]: the same answer twice, and none for `stranger`, of whom nothing is known.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn risk_laws(view: &dyn RiskView, known: &[EntityKey], stranger: &EntityKey) -> Result<(), BrokenLaw> {
    let now = Timestamp::from_micros(0);
    for (step, identity) in known.iter().enumerate() {
        hold(
            "the same state gives the same risk",
            step,
            view.risk(identity, now) == view.risk(identity, now),
        )?;
    }
    hold("nothing is known against a stranger", known.len(), view.risk(stranger, now) == Risk::NONE)
}

/// Tests the laws of [`Reach`]: paths without gaps from the entity asked about, chances that are ones, the same
/// answer twice, nothing for `stranger`.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn reach_laws(reach: &dyn Reach, known: &[EntityKey], stranger: &EntityKey) -> Result<(), BrokenLaw> {
    for (step, from) in known.iter().enumerate() {
        let reached = reach.reachable(from);
        hold("the same state gives the same answer", step, reached == reach.reachable(from))?;
        for target in &reached {
            hold("a chance lies between 0 and 1", step, (0.0..=1.0).contains(&target.probability))?;
            let mut at = from;
            for hop in &target.path {
                hold("a path has no gap", step, hop.from == *at)?;
                at = &hop.to;
            }
            hold("a path ends at what is reached", step, *at == target.entity || target.path.is_empty())?;
        }
    }
    hold("a stranger reaches nothing", known.len(), reach.reachable(stranger).is_empty())
}

/// Tests the laws of [`Criticality`].
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn criticality_laws(
    values: &dyn Criticality,
    known: &[EntityKey],
    stranger: &EntityKey,
) -> Result<(), BrokenLaw> {
    for (step, entity) in known.iter().enumerate() {
        hold("the same state gives the same value", step, values.value(entity) == values.value(entity))?;
    }
    hold("a stranger is worth 0", known.len(), values.value(stranger) == Value::default())
}

/// Tests the laws of [`IntelFeed`]: every watch ends.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn intel_laws(feed: &dyn IntelFeed, known: &[EntityKey], now: Timestamp) -> Result<(), BrokenLaw> {
    for (step, entity) in known.iter().enumerate() {
        let mut at = now;
        while let Some(watch) = feed.watch(entity, at) {
            hold("a watch ends after the moment it is told for", step, watch.until > at)?;
            hold("a watch ends at a moment", step, watch.until.is_moment())?;
            at = watch.until;
        }
    }
    Ok(())
}

/// Tests the laws of [`EventStore`]: the same body twice, none for `absent`.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn store_laws(store: &dyn EventStore, known: &[EventRef], absent: &EventRef) -> Result<(), BrokenLaw> {
    for (step, event) in known.iter().enumerate() {
        let body = store.fetch(event);
        hold("what was stored is there", step, body.is_some())?;
        hold("a body does not change", step, body == store.fetch(event))?;
    }
    hold("what was not stored is not there", known.len(), store.fetch(absent).is_none())
}
