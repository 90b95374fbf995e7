//! A made-up estate of a given size with the shape of a large directory and cloud: tiers, sites, few misconfigurations.
//!
//! Drawn from the generator that numpy's `default_rng(7)` is (PCG64, O'Neill, HMC-CS-2014-0905, seeded through its
//! `SeedSequence`), in a fixed order, so that the same arrays can be had there and given to other libraries.

#![expect(clippy::indexing_slicing, reason = "places are drawn within the arrays made here")]

use std::collections::HashSet;

/// Nodes and edges of the estate.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// How many nodes there are.
    pub nodes: u32,
    /// Source, target, number of the kind, effort −ln p.
    pub edges: Vec<(u32, u32, u8, f32)>,
    /// What the internet sees.
    pub entries: Vec<u32>,
    /// What is worth getting to.
    pub jewels: Vec<u32>,
}

/// Shares of the kinds of nodes after the internet; the rest are users.
const SHARES: [f64; 9] = [0.42, 0.23, 0.10, 0.08, 0.08, 0.04, 0.02, 0.02, 0.01];
const USER: usize = 0;
const COMPUTER: usize = 1;
const GROUP: usize = 2;
const ROLE: usize = 3;
const RESOURCE: usize = 4;
const POD: usize = 5;
const FUNCTION: usize = 6;
const APP: usize = 7;
const UNIT: usize = 8;

/// The chance of each kind of edge, in the order in which they are drawn.
const CHANCES: [f64; 16] =
    [0.99, 0.9, 0.9, 0.5, 0.6, 0.85, 0.9, 0.95, 0.8, 0.9, 0.95, 0.15, 0.7, 0.8, 0.4, 0.3];
const NET_REACH: u8 = 11;
const EXPLOIT: u8 = 14;
const EXPOSED: u8 = 15;

impl Estate {
    /// An estate of `nodes` nodes and somewhat fewer edges than `edges`.
    pub fn tiered(nodes: u32, edges: u32) -> Self {
        let mut maker = Maker::new(nodes, f64::from(edges) * 1.75);
        maker.people();
        maker.cloud();
        maker.finish()
    }
}

/// Draws edges kind by kind.
struct Maker {
    draw: Pcg,
    nodes: u32,
    wanted: f64,
    sites: u32,
    site: Vec<u32>,
    /// Per kind: the first id and how many there are.
    kinds: [(u32, u32); 9],
    /// Per kind its ids by site, and where each site starts.
    by_site: Vec<(Vec<u32>, Vec<u32>)>,
    edges: Vec<(u32, u32, u8)>,
    entries: Vec<u32>,
}

fn floor(value: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are small and not negative"
    )]
    let whole = value as u32;
    whole
}

impl Maker {
    fn new(nodes: u32, wanted: f64) -> Self {
        let mut draw = Pcg::new();
        let sites = (nodes / 2000).max(1);
        let mut site: Vec<u32> = (0..nodes).map(|_| draw.below(sites)).collect();
        site.iter_mut().take(1).for_each(|site| *site = 0);
        let mut counts = SHARES.map(|share| floor(f64::from(nodes) * share));
        let rest = nodes - 1;
        let others: u32 = counts.iter().skip(1).sum();
        if let Some(users) = counts.first_mut() {
            *users = rest - others;
        }
        let mut next = 1;
        let kinds = counts.map(|count| {
            next += count;
            (next - count, count)
        });
        let mut maker = Self {
            draw,
            nodes,
            wanted,
            sites,
            site,
            kinds,
            by_site: Vec::new(),
            edges: Vec::new(),
            entries: Vec::new(),
        };
        maker.by_site = kinds.iter().map(|(first, count)| maker.sorted(*first, *count)).collect();
        maker
    }

    fn sorted(&self, first: u32, count: u32) -> (Vec<u32>, Vec<u32>) {
        let mut ids: Vec<u32> = (first..first + count).collect();
        ids.sort_by_key(|id| self.site[*id as usize]);
        let starts = (0..=self.sites).map(|site| {
            u32::try_from(ids.partition_point(|id| self.site[*id as usize] < site)).unwrap_or(u32::MAX)
        });
        let starts = starts.collect();
        (ids, starts)
    }

    fn pick(&mut self, kind: usize, n: u32, power: f64) -> Vec<u32> {
        let (first, count) = self.kinds[kind];
        let draws = (0..n).map(|_| {
            let at = floor(self.draw.unit().powf(power) * f64::from(count));
            first + at.min(count - 1)
        });
        draws.collect()
    }

    fn mate(&mut self, sources: &[u32], kind: usize, (power, local): (f64, f64)) -> Vec<u32> {
        let far: Vec<bool> = sources.iter().map(|_| self.draw.unit() > local).collect();
        let other: Vec<u32> = sources.iter().map(|_| self.draw.below(self.sites)).collect();
        let (ids, starts) = &self.by_site[kind];
        let last = ids.len() - 1;
        let each = sources.iter().zip(far.into_iter().zip(other));
        let draws = each.map(|(source, (far, other))| {
            let site = if far { other } else { self.site[*source as usize] } as usize;
            let (low, high) = (starts[site], starts[site + 1]);
            let at = low + floor(self.draw.unit().powf(power) * f64::from((high - low).max(1)));
            ids[(at as usize).min(last)]
        });
        draws.collect()
    }

    fn join(&mut self, kind: u8, sources: Vec<u32>, targets: Vec<u32>) {
        self.edges.extend(sources.into_iter().zip(targets).map(|(from, to)| (from, to, kind)));
    }

    /// Sources of one kind, each with a mate of another.
    fn draw(&mut self, kind: u8, n: u32, (from, power): (usize, f64), (to, shape): (usize, (f64, f64))) {
        let sources = self.pick(from, n, power);
        let targets = self.mate(&sources, to, shape);
        self.join(kind, sources, targets);
    }

    /// The same, where the mate is of one of three kinds.
    fn one_of(&mut self, kind: u8, n: u32, (from, power): (usize, f64), kinds: [usize; 3]) {
        let sources = self.pick(from, n, power);
        let chosen: Vec<u32> = (0..n).map(|_| self.draw.below(3)).collect();
        let mates = kinds.map(|to| self.mate(&sources, to, NEAR));
        let targets = chosen.into_iter().enumerate().map(|(at, which)| mates[which as usize][at]).collect();
        self.join(kind, sources, targets);
    }

    fn people(&mut self) {
        let count = |share: f64| floor(self.wanted * share);
        let (members, contains, admins, sessions, remote, control, add) =
            (count(0.215), count(0.06), count(0.12), count(0.055), count(0.06), count(0.035), count(0.02));
        let part = |n: u32, share: f64| floor(share * f64::from(n));
        let (users, computers) = (part(members, 0.72), part(members, 0.2));
        self.draw(0, users, (USER, 1.0), (GROUP, (2.5, 0.97)));
        self.draw(0, computers, (COMPUTER, 1.0), (GROUP, (2.5, 0.97)));
        let nested = self.pick(GROUP, members - users - computers, 1.0);
        let groups = self.mate(&nested, GROUP, NEAR);
        let kept =
            nested.into_iter().zip(groups).filter(|(from, to)| from > to).map(|(from, to)| (from, to, 0));
        self.edges.extend(kept);
        self.one_of(1, contains, (UNIT, 1.0), [USER, COMPUTER, GROUP]);
        let groups = part(admins, 0.8);
        self.draw(2, groups, (GROUP, 1.6), (COMPUTER, (1.0, 0.995)));
        self.draw(2, admins - groups, (USER, 1.0), (COMPUTER, (1.0, 0.995)));
        self.draw(3, sessions, (COMPUTER, 1.0), (USER, (1.3, 0.97)));
        self.draw(4, remote, (GROUP, 1.4), (COMPUTER, (1.0, 0.99)));
        self.one_of(5, control, (GROUP, 1.5), [USER, GROUP, COMPUTER]);
        self.draw(6, add, (GROUP, 1.5), (GROUP, NEAR));
    }

    fn cloud(&mut self) {
        let count = |share: f64| floor(self.wanted * share);
        let (assume, pass, runs, access) = (count(0.05), count(0.015), count(0.03), count(0.09));
        let (reach, synced, secrets, exploits) = (count(0.215), count(0.015), count(0.01), count(0.009));
        self.draw(7, assume / 2, (USER, 1.0), (ROLE, (2.0, 0.999)));
        self.draw(7, assume - assume / 2, (ROLE, 1.0), (ROLE, (2.0, 0.98)));
        self.draw(8, pass, (ROLE, 1.0), (FUNCTION, (1.0, 0.999)));
        for (kind, n) in [(FUNCTION, runs / 3), (POD, runs / 3), (COMPUTER, runs - 2 * (runs / 3))] {
            self.draw(9, n, (kind, 1.0), (ROLE, (1.5, 0.97)));
        }
        self.draw(10, access, (ROLE, 1.0), (RESOURCE, (1.5, 0.99)));
        let from = self.pick(COMPUTER, reach, 1.0);
        let to = self.mate(&from, COMPUTER, (1.0, 0.98));
        let upward = from.into_iter().zip(to).map(|(one, two)| (one.min(two), one.max(two), NET_REACH));
        self.edges.extend(upward);
        self.draw(12, synced, (USER, 1.0), (APP, NEAR));
        self.draw(13, secrets, (ROLE, 1.0), (RESOURCE, NEAR));
        self.draw(EXPLOIT, exploits, (COMPUTER, 1.0), (COMPUTER, (1.0, 0.99)));
        let exposed = (self.nodes / 200).max(20);
        for (kind, share) in [(COMPUTER, 2), (FUNCTION, 4), (APP, 8), (POD, 8)] {
            let mut picked = self.pick(kind, exposed / share, 1.0);
            self.entries.append(&mut picked);
        }
        self.entries.sort_unstable();
        self.entries.dedup();
        self.edges.extend(self.entries.iter().map(|entry| (0, *entry, EXPOSED)));
    }

    fn finish(mut self) -> Estate {
        self.edges.retain(|(from, to, _)| from != to);
        let mut level: Vec<u32> =
            (0..self.nodes).map(|_| floor((10.0 * self.draw.unit().powf(0.6)).min(9.0))).collect();
        level.iter_mut().take(1).for_each(|level| *level = 9);
        let (mut kept, mut seen) = (Vec::new(), HashSet::new());
        for (from, to, kind) in &self.edges {
            let chance = self.draw.unit();
            let (one, two) = (level[*from as usize], level[*to as usize]);
            let near = self.site[*from as usize] == self.site[*to as usize];
            let mistake = if [NET_REACH, EXPLOIT].contains(kind) { 0.0012 } else { 0.0006 };
            let allowed = *kind == EXPOSED || (one <= two && (near || one < two)) || chance < mistake;
            if allowed && seen.insert(u64::from(*from) << 32 | u64::from(*to)) {
                kept.push((*from, *to, *kind));
            }
        }
        drop(seen);
        let edges = kept.into_iter().map(|(from, to, kind)| {
            let chance = CHANCES[kind as usize] * (0.7 + (1.0 - 0.7) * self.draw.unit());
            #[expect(clippy::cast_possible_truncation, reason = "efforts are of single precision")]
            let effort = -chance.ln() as f32;
            (from, to, kind, effort)
        });
        let edges = edges.collect();
        let worthy = [RESOURCE, GROUP, COMPUTER].map(|kind| self.kinds[kind]);
        let is_worthy =
            |node: u32| worthy.iter().any(|(first, count)| (*first..first + count).contains(&node));
        let candidates: Vec<u32> =
            (0..self.nodes).filter(|node| level[*node as usize] <= 2 && is_worthy(*node)).collect();
        let wanted = floor(50.0 * (f64::from(self.nodes) / 1e5).sqrt()).max(10);
        let mut jewels = self.draw.choice(&candidates, wanted);
        jewels.sort_unstable();
        Estate { nodes: self.nodes, edges, entries: self.entries, jewels }
    }
}

/// The shape of a mate that is drawn evenly, mostly on the same site.
const NEAR: (f64, f64) = (1.0, 0.97);

/// PCG64 with the halves of words that numpy keeps for draws of 32 bits.
struct Pcg {
    state: u128,
    step: u128,
    half: Option<u32>,
}

impl Pcg {
    /// The generator that seed 7 gives.
    fn new() -> Self {
        let words = seed_words(7);
        let wide = |at: usize| u128::from(words[at]) << 64 | u128::from(words[at + 1]);
        let mut own = Self { state: 0, step: wide(2) << 1 | 1, half: None };
        own.advance();
        own.state = own.state.wrapping_add(wide(0));
        own.advance();
        own
    }

    fn advance(&mut self) {
        const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.step);
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    fn word(&mut self) -> u64 {
        self.advance();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    fn short(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.word();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// Evenly from 0 up to 1.
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Evenly below `bound`: Lemire, "Fast random integer generation in an interval" (ACM TOMACS 29(1), 2019).
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    fn below(&mut self, bound: u32) -> u32 {
        if bound == 1 {
            return 0;
        }
        let mut wide = u64::from(self.short()) * u64::from(bound);
        if (wide as u32) < bound {
            let least = bound.wrapping_neg() % bound;
            while (wide as u32) < least {
                wide = u64::from(self.short()) * u64::from(bound);
            }
        }
        (wide >> 32) as u32
    }

    /// `wanted` of `all`, none twice: Floyd's method (Bentley, CACM 30(9), 1987).
    fn choice(&mut self, all: &[u32], wanted: u32) -> Vec<u32> {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let mut taken = HashSet::new();
        for last in count - wanted..count {
            let at = self.below(last + 1);
            if !taken.insert(at) {
                taken.insert(last);
            }
        }
        taken.into_iter().map(|at| all[at as usize]).collect()
    }
}

/// What numpy's `SeedSequence(seed).generate_state(4, uint64)` gives.
fn seed_words(seed: u32) -> [u64; 4] {
    let mut constant = 0x43b0_d7e5_u32;
    let mut hashed = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ (value >> 16)
    };
    let mut pool = [seed, 0, 0, 0].map(&mut hashed);
    for source in 0..4 {
        for target in (0..4).filter(|target| *target != source) {
            let other = hashed(pool[source]).wrapping_mul(0x4973_f715);
            let mixed = pool[target].wrapping_mul(0xca01_f9dd).wrapping_sub(other);
            pool[target] = mixed ^ (mixed >> 16);
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    let mut word = |at: usize| {
        let value = pool[at % 4] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ (value >> 16))
    };
    [0, 2, 4, 6].map(|at| word(at) | word(at + 1) << 32)
}

#[cfg(test)]
mod tests {
    use super::Estate;

    #[test]
    fn the_estate_is_the_one_that_numpy_draws() {
        let estate = Estate::tiered(100_000, 1_000_000);
        assert_eq!((estate.edges.len(), estate.entries.len(), estate.jewels.len()), (924_600, 490, 50));
    }
}
