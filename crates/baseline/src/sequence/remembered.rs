//! How does a passage compare with the passages most like it? For an entity without peers.
//!
//! What a program does is more or less predictable by nature, so a passage is compared with the quarter of the
//! remembered ones that is nearest by the symbols they hold (cosine of the roots of their counts), and the distance
//! itself counts too. Three kinds of evidence, each in deviations over all remembered passages, added up:
//! - *surprise*: mean −log₂ of the chance of each symbol at full order;
//! - *depth*: how long a context the table has seen each symbol behind, in the mean, negative;
//! - *variety*: bits a symbol that the passage needs to describe itself: a loop is little evidence.
//!
//! The evidence of a remembered passage is taken as if it had never been learnt. It is taken anew each time that
//! an eighth more passages is known, O(symbols) amortised; a comparison costs O(passages · kinds of symbols).

use super::transitions::{Trail, Transitions, UNKNOWN, chance, contexts};
use libm::{log2, sqrt};
use std::collections::{BTreeMap, VecDeque};

/// The share of passages that is near: one of four.
const NEAR: usize = 4;
/// The fewest passages to compare with.
const FEWEST: usize = 8;

/// Which of the nearest tells how far the passage is from all that was seen: the fifth, so that a single odd
/// passage is no excuse for the next.
const CLOSEST: usize = 4;
/// What each halving of the likeness to that one weighs, in deviations.
const DISTANCE: f64 = 2.0;
/// The least likeness that is told apart.
const FARTHEST: f64 = 0.01;

/// Passages that were learnt, the newest last.
#[derive(Clone, Default)]
pub(crate) struct Remembered {
    pub(crate) passages: VecDeque<Passage>,
    /// Passages that came since all evidence was taken anew.
    pub(crate) fresh: u64,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Passage {
    pub(crate) tags: Vec<u32>,
    pub(crate) units: u32,
    pub(crate) evidence: Evidence,
    profile: Profile,
}

/// Surprise, depth and variety.
pub(crate) type Evidence = [f64; 3];

/// Roots of the share of each kind of symbol, in the order of the symbols: a vector of length 1.
type Profile = Vec<(u32, f64)>;

impl Passage {
    pub(crate) fn new(tags: Vec<u32>, units: u32, evidence: Evidence) -> Self {
        let profile = profile(&tags);
        Self { tags, units, evidence, profile }
    }
}

/// What a passage says of itself before it is compared.
pub(crate) struct Reading {
    pub(crate) evidence: Evidence,
    /// Surprise of each symbol.
    pub(crate) bits: Vec<f64>,
}

impl Reading {
    /// Reads `tags` against `own`; what `itself` taught is taken out.
    pub(crate) fn of(tags: &[u32], own: &Transitions, itself: &Transitions) -> Self {
        let mut within = own.empty();
        let (mut bits, mut depth, mut variety) = (Vec::with_capacity(tags.len()), 0.0, 0.0);
        for (at, symbol) in tags.iter().enumerate() {
            let trails: Vec<Trail> = contexts(tags.get(..at).unwrap_or_default(), own.order()).collect();
            let known = || {
                let all = trails.iter().map(|trail| own.follow(*trail, *symbol));
                all.zip(&trails).map(|(all, trail)| all.without(itself.follow(*trail, *symbol)))
            };
            bits.push(-log2(chance(known(), UNKNOWN)));
            depth += known().take_while(|follow| follow.count > 0.0).count() as f64;
            variety -= log2(chance(trails.iter().map(|trail| within.follow(*trail, *symbol)), UNKNOWN));
            within.learn_next(&trails, *symbol);
        }
        let length = tags.len().max(1) as f64;
        let surprise = bits.iter().sum::<f64>() / length;
        Self { evidence: [surprise, -depth / length, variety / length], bits }
    }
}

impl Remembered {
    /// How far `evidence` of a passage of these symbols lies above that of the passages like it, in deviations.
    pub(crate) fn compare(&self, tags: &[u32], evidence: Evidence) -> f64 {
        if self.passages.len() < FEWEST {
            return 0.0;
        }
        let near = self.nearest(tags);
        let number = near.len().max(1) as f64;
        let unlike = near.get(CLOSEST).map_or(0.0, |(like, _)| -log2(like.max(FARTHEST)));
        (0..3).zip(evidence).zip(self.deviations()).fold(
            DISTANCE * unlike,
            |sum, ((kind, value), deviation)| {
                let usual =
                    near.iter().filter_map(|(_, passage)| passage.evidence.get(kind)).sum::<f64>() / number;
                sum + (value - usual) / deviation
            },
        )
    }

    fn nearest(&self, tags: &[u32]) -> Vec<(f64, &Passage)> {
        let own = profile(tags);
        let mut near: Vec<(f64, &Passage)> =
            self.passages.iter().map(|passage| (likeness(&own, &passage.profile), passage)).collect();
        // The sort is stable: of equally near ones the older comes first.
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        near.truncate(self.passages.len().div_ceil(NEAR).max(FEWEST));
        near
    }

    fn deviations(&self) -> Evidence {
        let number = self.passages.len().max(1) as f64;
        let mean = |of: &dyn Fn(&Passage) -> f64| self.passages.iter().map(of).sum::<f64>() / number;
        [0, 1, 2].map(|kind: usize| {
            let value = |passage: &Passage| passage.evidence.get(kind).copied().unwrap_or(0.0);
            let usual = mean(&value);
            let variance = mean(&|passage| (value(passage) - usual) * (value(passage) - usual));
            sqrt(variance).max(0.1)
        })
    }

    /// Remembers a passage that `own` has learnt, at most `limit` of them.
    pub(crate) fn keep(&mut self, passage: Passage, own: &Transitions, limit: usize) {
        self.passages.push_back(passage);
        while self.passages.len() > limit {
            self.passages.pop_front();
        }
        self.fresh = self.fresh.saturating_add(1);
        if self.fresh >= (self.passages.len() / 8).max(FEWEST) as u64 {
            self.read_anew(own);
        }
    }

    fn read_anew(&mut self, own: &Transitions) {
        self.fresh = 0;
        for passage in &mut self.passages {
            let mut itself = own.empty();
            itself.learn_tags(&passage.tags, passage.units);
            passage.evidence = Reading::of(&passage.tags, own, &itself).evidence;
        }
    }

    pub(crate) fn weight(&self) -> usize {
        let one = |passage: &Passage| {
            size_of::<Passage>() + passage.tags.len() * size_of::<u32>() + size_of_val(&*passage.profile)
        };
        self.passages.iter().map(one).sum()
    }
}

fn profile(tags: &[u32]) -> Profile {
    let mut counts = BTreeMap::<u32, f64>::new();
    for tag in tags {
        *counts.entry(*tag).or_default() += 1.0;
    }
    let length = tags.len().max(1) as f64;
    counts.into_iter().map(|(tag, count)| (tag, sqrt(count / length))).collect()
}

/// The cosine of two profiles.
fn likeness(one: &[(u32, f64)], other: &[(u32, f64)]) -> f64 {
    let (mut one, mut other, mut sum) = (one.iter().peekable(), other.iter().peekable(), 0.0);
    while let (Some((left, x)), Some((right, y))) = (one.peek(), other.peek()) {
        match left.cmp(right) {
            core::cmp::Ordering::Less => {
                one.next();
            }
            core::cmp::Ordering::Greater => {
                other.next();
            }
            core::cmp::Ordering::Equal => {
                sum += x * y;
                one.next();
                other.next();
            }
        }
    }
    sum
}
