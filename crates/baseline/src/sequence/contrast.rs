//! Does a passage look more like the entity or more like its peers?
//!
//! Three kinds of evidence, in bits a symbol, added up:
//! - *habit*: log₂ of the peers' chance of the symbol over the entity's own, order 1, at most three bits each way,
//!   so that no single symbol decides;
//! - *passage*: the same at full order, where both learn from the passage itself as it goes on, so that the tenth
//!   repeat of a new command is no news any more;
//! - *uniqueness* (Schonlau and Theus, Inf. Process. Lett. 76, 2000): a symbol that few others use speaks for the
//!   entity when it has it, and against it when it has not.
//!
//! The entity's own chance is interpolated down to the peers', so what is new to it but common among them weighs
//! little. The peers are the group without the entity. O(order) a symbol.

use super::peers::Peers;
use super::transitions::{Trail, Transitions, UNKNOWN, chance, contexts};
use libm::{exp, log2};

/// The most bits that habit or uniqueness of one symbol weighs.
const MOST: f64 = 3.0;
/// Symbols of context for habit: longer ones of a person are mostly unseen.
const HABIT: usize = 1;
/// How fast trust falls with the habit's bits: what speaks for the peers by half a bit a symbol teaches 2 %.
const CAUTION: f64 = 8.0;

/// What a passage says, symbol by symbol.
pub(crate) struct Contrast {
    /// Bits of each symbol, all evidence together.
    pub(crate) bits: Vec<f64>,
    /// Mean bits of habit: below zero the entity explains the passage better than its peers do.
    pub(crate) habit: f64,
}

impl Contrast {
    pub(crate) fn of(tags: &[u32], own: &Transitions, peers: &Peers) -> Self {
        let mut within = own.empty();
        let (mut bits, mut habit) = (Vec::with_capacity(tags.len()), 0.0);
        for (at, symbol) in tags.iter().enumerate() {
            let history = tags.get(..at).unwrap_or_default();
            let trails: Vec<Trail> = contexts(history, own.order()).collect();
            let one = habit_bits(&trails, *symbol, own, peers);
            habit += one;
            let one = one.clamp(-MOST, MOST);
            let three = passage_bits((&trails, *symbol), own, peers, &within);
            bits.push(one + three + uniqueness(*symbol, own, peers));
            within.learn_next(&trails, *symbol);
        }
        Self { habit: habit / tags.len().max(1) as f64, bits }
    }

    /// The mean over the symbols.
    pub(crate) fn score(&self) -> f64 {
        self.bits.iter().sum::<f64>() / self.bits.len().max(1) as f64
    }

    /// The share of full trust with which the passage may teach.
    pub(crate) fn trust(&self) -> f64 {
        1.0 / (1.0 + exp(CAUTION * self.habit))
    }
}

fn habit_bits(trails: &[Trail], symbol: u32, own: &Transitions, peers: &Peers) -> f64 {
    let near = trails.iter().take(HABIT + 1);
    let theirs = chance(near.clone().map(|trail| peers.others(own, *trail, symbol)), UNKNOWN);
    let mine = chance(near.map(|trail| own.follow(*trail, symbol)), theirs);
    log2(theirs / mine)
}

fn passage_bits(
    (trails, symbol): (&[Trail], u32),
    own: &Transitions,
    peers: &Peers,
    within: &Transitions,
) -> f64 {
    let now = |trail: &Trail| within.follow(*trail, symbol);
    let theirs =
        chance(trails.iter().map(|trail| peers.others(own, *trail, symbol).and(now(trail))), UNKNOWN);
    let mine = chance(trails.iter().map(|trail| own.follow(*trail, symbol).and(now(trail))), theirs);
    log2(theirs / mine)
}

fn uniqueness(symbol: u32, own: &Transitions, peers: &Peers) -> f64 {
    let rare = 1.0 - peers.share_with(symbol, own);
    let mine = own.follow(Trail::START, symbol);
    if mine.count <= 0.0 {
        return MOST * rare;
    }
    let theirs = peers.others(own, Trail::START, symbol);
    let usual = mine.count / mine.total;
    let each = theirs.total / peers.number_of_others(own).max(1.0);
    let others = if each > 0.0 { theirs.count / each } else { 0.0 };
    -MOST * rare * usual / (usual + others)
}
