//! How likely somebody gets there, when each edge succeeds or not by chance: the most likely way, and trials.
//!
//! The exact chance is #P-hard (Valiant, SIAM J. Computing 8(3), 1979). Trials run 64 worlds in the bits of one word. Which
//! edges hold in a world follows from the seed, the edge and the world alone (common random numbers), so that two
//! graphs are compared in the same worlds. The interval is Wilson's (J. Amer. Stat. Assoc. 22, 1927).

use crate::net::Net;
use std::collections::VecDeque;

/// How likely a target is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// The target.
    pub target: u32,
    /// The chance of the most likely way to it alone: never more than the true chance.
    pub best_path: f64,
    /// The share of the worlds in which it is reached.
    pub share: f64,
    /// Lower end of the 95 % interval of the chance.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

impl<L> Net<L> {
    /// How likely each of `targets` is reached from some of `starts`, tried in `worlds` worlds, rounded up to whole words
    /// of 64. O(worlds / 64 × edges in reach).
    pub fn chances(&self, starts: &[u32], targets: &[u32], worlds: u32, seed: u64) -> Vec<Chance> {
        let rounds = worlds.div_ceil(64).max(1);
        let mut held = vec![0_u64; targets.len()];
        let mut masks = vec![0_u64; self.len()];
        for round in 0..rounds {
            masks.fill(0);
            self.spread(starts, seed ^ u64::from(round).wrapping_mul(STEP), &mut masks);
            for (count, target) in held.iter_mut().zip(targets) {
                let mask = masks.get(*target as usize).copied().unwrap_or_default();
                *count += u64::from(mask.count_ones());
            }
        }
        let ways = self.distances_from(starts);
        let all = f64::from(rounds) * 64.0;
        let each = targets.iter().zip(held).map(|(target, held)| {
            let share = held as f64 / all;
            let (low, high) = wilson(share, all);
            Chance { target: *target, best_path: libm::exp(-f64::from(ways.at(*target))), share, low, high }
        });
        each.collect()
    }

    /// In which of 64 worlds each node is reached.
    fn spread(&self, starts: &[u32], seed: u64, masks: &mut [u64]) {
        let mut open: VecDeque<u32> = VecDeque::new();
        for start in starts {
            if let Some(mask) = masks.get_mut(*start as usize) {
                *mask = u64::MAX;
                open.push_back(*start);
            }
        }
        while let Some(node) = open.pop_front() {
            let own = masks.get(node as usize).copied().unwrap_or_default();
            for (edge, half) in self.numbers(node).zip(self.out(node)) {
                let known = masks.get(half.node as usize).copied().unwrap_or(u64::MAX);
                if own & !known == 0 {
                    continue;
                }
                let reached = own & coins(seed, edge, half.effort) & !known;
                if reached != 0 {
                    if let Some(mask) = masks.get_mut(half.node as usize) {
                        *mask |= reached;
                    }
                    open.push_back(half.node);
                }
            }
        }
    }
}

/// The step of the sequence of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
/// Binary digits of a chance: it is off by at most one in 2²¹.
const DIGITS: u32 = 20;

/// 64 tosses of a coin that comes up with the edge's chance: its binary digits decide between "and" and "or".
fn coins(seed: u64, edge: u32, effort: f32) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance lies in 0..=1")]
    let digits = (libm::exp(-f64::from(effort)) * f64::from(1 << DIGITS) + 0.5) as u64;
    if digits >> DIGITS != 0 {
        return u64::MAX;
    }
    let mut state = mixed(seed ^ mixed(u64::from(edge)));
    (0..DIGITS).fold(0, |mask, digit| {
        state = state.wrapping_add(STEP);
        let random = mixed(state);
        if digits >> digit & 1 == 1 { mask | random } else { mask & random }
    })
}

fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The 95 % interval of a share of `all` trials.
fn wilson(share: f64, all: f64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let square = Z * Z;
    let middle = share + square / (2.0 * all);
    let wide = Z * libm::sqrt(share * (1.0 - share) / all + square / (4.0 * all * all));
    let whole = 1.0 + square / all;
    (((middle - wide) / whole).max(0.0), ((middle + wide) / whole).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetEdge;

    fn edge(from: u32, to: u32, p: f64) -> NetEdge<()> {
        #[expect(clippy::cast_possible_truncation, reason = "an effort")]
        NetEdge { from, to, effort: -libm::log(p) as f32, label: () }
    }

    #[test]
    fn two_ways_are_likelier_than_one() {
        // Two ways of two edges of one half each: 1 − (1 − 1/4)².
        let net = Net::of(4, [edge(0, 1, 0.5), edge(1, 3, 0.5), edge(0, 2, 0.5), edge(2, 3, 0.5)]);
        let told = net.chances(&[0], &[3, 0, 1], 1 << 16, 7);
        let truth = 1.0 - 0.75 * 0.75;
        assert!((told[0].best_path - 0.25).abs() < 1e-6);
        assert!(told[0].low < truth && truth < told[0].high && told[0].high - told[0].low < 0.01, "{told:?}");
        assert!((told[1].share - 1.0).abs() < 1e-12);
        assert!(told[2].low < 0.5 && 0.5 < told[2].high);
        assert_eq!(told, net.chances(&[0], &[3, 0, 1], 1 << 16, 7));
    }

    #[test]
    fn a_ring_is_no_trap_and_what_is_sure_is_sure() {
        let net = Net::of(5, [edge(0, 1, 1.0), edge(1, 2, 1.0), edge(2, 0, 1.0), edge(3, 4, 1.0)]);
        let told = net.chances(&[0], &[2, 4], 100, 1);
        assert!(
            (told[0].share - 1.0).abs() < 1e-12
                && told[1].share.abs() < 1e-12
                && told[1].best_path.abs() < 1e-12
        );
    }
}
