//! From what is known to bits: the p-value of each aspect, and how they join.
//!
//! Aspects of one event depend on one another (a new country comes with a new address), so their p-values are
//! joined by the harmonic mean, which stays valid under dependence (Wilson, PNAS 116(4), 2019, eq. 3), never by
//! Fisher's product. Aspects that say nothing count with p = 1, so looking at more features costs.

use crate::calendar::{day, hour};
use crate::cohort::{PSEUDO_COUNT, Peers, Profile};
use crate::entity::Entity;
use crate::observation::{Hashes, Observation};
use crate::verdict::{Contribution, Detail, Mark, Maturity, Verdict};
use homeostat_core::{Bits, Timestamp};

/// Bits up to which an aspect is no contribution: what comes as often as not says nothing.
const WORTH_TELLING: f64 = 1.0;

/// The joint p-value of several that may depend on one another: their harmonic mean; 1 for none.
///
/// ```
/// use homeostat_baseline::combine;
/// assert_eq!(combine(&[0.5, 0.5]), 0.5);
/// assert!(combine(&[1e-6, 1.0, 1.0]) < 4e-6);
/// ```
pub fn combine(p_values: &[f64]) -> f64 {
    if p_values.is_empty() {
        return 1.0;
    }
    let odds: f64 = p_values.iter().map(|p| 1.0 / p.clamp(1e-300, 1.0)).sum();
    p_values.len() as f64 / odds
}

/// What a score is made from: the entity as far as it is known, its peers, and the tenant's age.
pub(crate) struct Scene<'a> {
    pub(crate) entity: Option<&'a Entity>,
    /// Of an entity on trial: what it has learnt by now, which its peers have learnt from it.
    pub(crate) since: Option<&'a Profile>,
    pub(crate) peers: Peers<'a>,
    /// The share of the bits that counts on the tenant's first day: a half to the whole.
    pub(crate) damping: f64,
    pub(crate) tick: i64,
    pub(crate) cell: usize,
}

/// A p-value with what it rests on.
pub(crate) struct Weighed {
    pub(crate) p: f64,
    pub(crate) support: u64,
}

impl Scene<'_> {
    /// Scores `observation`, which is not learnt yet.
    pub(crate) fn verdict(&self, observation: &Observation, hashes: &Hashes, mark: Option<Mark>) -> Verdict {
        let mut verdict = Verdict {
            entity: observation.entity.clone(),
            time: observation.time,
            maturity: self.maturity(),
            mark,
            creep: Bits::ZERO,
            odds: 0.0,
            aspects: 0,
            contributions: Vec::new(),
        };
        if observation.events > 0 {
            self.add_rate(&mut verdict, observation.events);
            self.add_creep(&mut verdict);
        }
        for ((name, value), (feature, hash)) in observation.categories.iter().zip(hashes.categories()) {
            let (feature, hash) = (*feature, *hash);
            let weighed = self.value(feature, hash);
            self.add(&mut verdict, &weighed, || self.tell_value(name.clone(), (feature, hash), value));
        }
        for ((name, size), feature) in observation.sizes.iter().zip(hashes.sizes()) {
            let weighed = self.size(*feature, *size);
            self.add(&mut verdict, &weighed, || self.tell_size(name.clone(), *feature, *size));
        }
        verdict.contributions.sort_by(|a, b| b.bits.get().total_cmp(&a.bits.get()));
        verdict.contributions.truncate(Verdict::CONTRIBUTIONS);
        verdict
    }

    fn maturity(&self) -> Maturity {
        self.entity.map_or(Maturity::Learning { observations: 0, days: 0 }, |entity| {
            let days = day(self.tick.max(entity.last)).saturating_sub(day(entity.first));
            Maturity::of(entity.seen, days)
        })
    }

    /// How rare `value` is: for this entity, and what is new to it, for its peers.
    ///
    /// New to itself counts only as much as it is new to peers too; what a share of the peers do is expected
    /// with the weight of `PSEUDO_COUNT` observations.
    pub(crate) fn value(&self, feature: u32, value: u64) -> Weighed {
        let own = self.entity.and_then(|entity| entity.profile.category(feature));
        let alone = self.is_its_own(feature, value);
        let share = if alone { 0.0 } else { self.peers.share(feature, value) };
        // What peers say of its rarity counts only for what is new here, and going through their values costs most.
        let tail = || if alone { self.peers.tail_of_new(feature) } else { self.peers.tail(feature, value) };
        let (rare, support) = match own {
            Some(own) if own.knows(value) => (own.tail(value), own.support()),
            Some(own) => (own.chance_of_new() * tail(), own.support()),
            None => (tail(), 0),
        };
        let expected = PSEUDO_COUNT * share / (support as f64 + PSEUDO_COUNT);
        Weighed { p: rare.max(expected).min(1.0), support }
    }

    /// Whether peers know `value` from the entity on trial alone: that is no word of theirs for it.
    fn is_its_own(&self, feature: u32, value: u64) -> bool {
        let known = self.since.and_then(|since| since.category(feature));
        known.is_some_and(|known| known.knows(value)) && self.peers.holders(feature, value) <= 1
    }

    /// How rare a size of `size` or more is: for this entity and, with the weight of `PSEUDO_COUNT`, its peers.
    pub(crate) fn size(&self, feature: u32, size: f64) -> Weighed {
        let own = self.entity.and_then(|entity| entity.profile.size(feature));
        let peers = self.peers.nearest().and_then(|peers| peers.profile.size(feature));
        let count = own.map_or(0.0, crate::Volume::support);
        let weight = peers.map_or(0.0, |peers| peers.support().min(PSEUDO_COUNT));
        let sum = count * own.map_or(1.0, |own| own.tail(size))
            + weight * peers.map_or(1.0, |peers| peers.tail(size));
        let p = if count + weight > 0.0 { sum / (count + weight) } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, never negative"
        )]
        let support = count as u64;
        Weighed { p: trusted(p, count + weight), support }
    }

    fn add_rate(&self, verdict: &mut Verdict, events: u32) {
        let count = self.entity.map_or(0, |entity| entity.count_of(hour(self.tick)));
        let count = u64::from(count).saturating_add(u64::from(events));
        let peers = self.peers.nearest().map(|cohort| &cohort.profile.rate);
        let unknown = crate::Rate::default();
        let rate = self.entity.map_or(&unknown, |entity| &entity.profile.rate);
        let usual = rate.predict(self.cell, peers);
        // At or below the mean there is nothing to tell, and the tail need not be computed.
        let p = if (count as f64) <= usual.mean() { 1.0 } else { usual.mid_tail(count) };
        let hours = rate.hours() + peers.map_or(0.0, |peers| peers.hours().min(PSEUDO_COUNT));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, never negative"
        )]
        let support = rate.hours() as u64;
        self.add(verdict, &Weighed { p: trusted(p, hours), support }, || Contribution {
            aspect: "rate".into(),
            bits: Bits::ZERO,
            detail: Detail::Rate { count, usual, cell: self.cell },
            peers: None,
            support: 0,
            last_seen: None,
        });
    }

    /// How far its rate has crept up, on all events of a day alike.
    fn add_creep(&self, verdict: &mut Verdict) {
        let Some(creep) = self.entity.map(|entity| &entity.creep).filter(|creep| creep.is_grown()) else {
            return;
        };
        let bits = Bits::new(creep.bits);
        verdict.creep = bits;
        let (week, months) = creep.anchor.means();
        self.add(verdict, &Weighed { p: bits.probability(), support: u64::from(creep.days()) }, || {
            Contribution {
                aspect: "creep".into(),
                bits: Bits::ZERO,
                detail: Detail::Creep { week: f64::from(week), months: f64::from(months) },
                peers: None,
                support: 0,
                last_seen: None,
            }
        });
    }

    /// Adds one aspect; its words are only asked for when it is worth telling.
    pub(crate) fn add(&self, verdict: &mut Verdict, weighed: &Weighed, tell: impl FnOnce() -> Contribution) {
        verdict.aspects += 1;
        // What is certain says nothing, and needs no logarithm to say it.
        if weighed.p >= 1.0 {
            verdict.odds += 1.0;
            return;
        }
        let bits = Bits::new(Bits::of_probability(weighed.p).get() * self.damping);
        verdict.odds += 1.0 / bits.probability().max(1e-300);
        if bits.get() > WORTH_TELLING {
            verdict.contributions.push(Contribution { bits, support: weighed.support, ..tell() });
        }
    }

    fn tell_value(&self, aspect: crate::observation::Name, at: (u32, u64), value: &str) -> Contribution {
        let own = self.entity.and_then(|entity| entity.profile.category(at.0));
        let last_seen = own.and_then(|own| own.last_seen(at.1));
        let micros = |day: u32| Timestamp::from_micros(i64::from(day).saturating_mul(86_400_000_000));
        Contribution {
            aspect,
            bits: Bits::ZERO,
            detail: Detail::Value {
                value: value.to_owned(),
                distinct: own.map_or(0.0, crate::Novelty::distinct),
            },
            peers: self.peers.told(at.0, at.1),
            support: 0,
            last_seen: last_seen.map(micros),
        }
    }

    fn tell_size(&self, aspect: crate::observation::Name, feature: u32, size: f64) -> Contribution {
        let own = self.entity.and_then(|entity| entity.profile.size(feature));
        let peers = self.peers.nearest().and_then(|peers| peers.profile.size(feature));
        let usual_at_most = own.or(peers).map_or(0.0, |known| known.usual_at_most(0.02));
        Contribution {
            aspect,
            bits: Bits::ZERO,
            detail: Detail::Size { size, usual_at_most },
            peers: None,
            support: 0,
            last_seen: None,
        }
    }
}

/// No p-value below what so much history can vouch for: 1/(n + 1)², twice the bits of a mere rank.
pub(crate) fn trusted(p: f64, history: f64) -> f64 {
    p.max(1.0 / ((history + 1.0) * (history + 1.0))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_joint_value_lies_between_least_and_most(p in prop::collection::vec(1e-12_f64..1.0, 1..12)) {
            let least = p.iter().copied().fold(1.0, f64::min);
            let most = p.iter().copied().fold(0.0, f64::max);
            let joint = combine(&p);
            prop_assert!(joint >= least * 0.999_999 && joint <= most * 1.000_001);
            prop_assert!(joint <= least * p.len() as f64 * 1.000_001, "never worse than Bonferroni");
        }
    }

    #[test]
    fn wrong_numbers_give_no_certainty() {
        assert!((combine(&[]) - 1.0).abs() < 1e-15 && combine(&[0.0]) > 0.0);
    }
}
