//! How surprising is this edge: who, to whom, how often just now?
//!
//! Rarity: the source is there in this tick at all, a share of ticks and not of edges, so that a flood stays rare.
//! Burst: so much of it when it is, a Pareto tail in the octaves over the usual for the pair, the source and the
//! destination, by edges or by partners (scans), joined as the geometric mean of dependent tails (Vovk and Wang,
//! Biometrika 107(4), 2020). The two multiply. A pair not seen before weighs its rank among all pairs, joined by
//! the weighted harmonic mean (Wilson, PNAS 116(4), 2019, eq. 3). Tick by tick as in MIDAS (Bhatia et al., AAAI
//! 2020). O(1) an edge, 2 MB in all.

mod sketch;
mod snapshot;
mod verdict;

pub use verdict::{EdgeChannel, EdgeContribution, EdgeVerdict};

use crate::Pool;
use crate::seed::Seed;
use homeostat_core::{Bits, LATENESS, Observed, Position, Positions, SnapshotError, State, Timestamp};
use sketch::Sketch;
use verdict::Scene;

/// Cells for pairs, sources, destinations, and partners of either: the fewest with which a hundred thousand pairs
/// hardly meet in both rows.
const CELLS: [usize; 5] = [1 << 15, 1 << 15, 1 << 14, 1 << 13, 1 << 13];
/// Tells a name as a source from the same name as a destination.
const SALTS: [u32; 2] = [1, 2];

/// One edge of a graph that grows with time: `source` did something to `destination`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// When. Edges within one second are of the same tick.
    pub time: Timestamp,
    /// From whom, such as an address.
    pub source: &'a str,
    /// To whom.
    pub destination: &'a str,
}

impl core::fmt::Debug for Edge<'_> {
    /// Leaves out between whom.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Edge").field("time", &self.time).finish_non_exhaustive()
    }
}

/// An edge that no model can place: its time is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the edge has no time")]
pub struct BadEdge;

/// What is usual among the edges of one graph, learnt as they come: each is scored, then learnt.
///
/// A tick is a second in which edges come, or the minute where stamps tell no more; seconds without edges are no
/// ticks. An edge that comes up to [`LATENESS`] late is of the running tick; one from further back begins a tick,
/// so that a stamp from the future holds up nothing.
///
/// Names are kept as seeded hashes, in cells that they share; nobody's can be told from it, nor cleared alone. Not
/// mergeable: of two models the one with the longer history takes over, or the edges are replayed.
///
/// ```
/// use homeostat_baseline::{Edge, EdgeChannel, EdgeModel};
/// use homeostat_core::Timestamp;
///
/// let mut model = EdgeModel::new(0x5EED);
/// let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
/// for minute in 0..600 {
///     model.learn(&Edge { time: at(minute), source: "10.0.0.7", destination: "10.0.0.1" })?;
/// }
/// let usual = model.learn(&Edge { time: at(600), source: "10.0.0.7", destination: "10.0.0.1" })?;
/// let odd = model.learn(&Edge { time: at(600), source: "203.0.113.9", destination: "10.0.0.1" })?;
/// assert!(odd.bits().get() > usual.bits().get() + 5.0);
/// assert_eq!(odd.contributions()[0].channel(), EdgeChannel::Source);
/// # Ok::<(), homeostat_baseline::BadEdge>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct EdgeModel {
    seed: Seed,
    positions: Positions,
    // The running tick, from 1, and its second; before the first edge 0 and 0.
    tick: u32,
    second: i64,
    // How many ticks count. Follows from the tick.
    horizon: f32,
    pairs: Sketch,
    sources: Sketch,
    destinations: Sketch,
    // Each tick's different partners, by source and by destination.
    reached: Sketch,
    reaching: Sketch,
    // How rare the pairs of ticks were.
    rarities: Pool,
    cost: Cost,
}

impl Default for EdgeModel {
    /// A model of seed 0, for tests: see [`Self::new`].
    fn default() -> Self {
        Self::new(0)
    }
}

impl EdgeModel {
    /// A model that knows nothing, its tables hashed by `seed`.
    ///
    /// Give each tenant a seed of its own, or whoever reads this source can choose names that collide.
    pub fn new(seed: u64) -> Self {
        let [pairs, sources, destinations, reached, reaching] = CELLS.map(Sketch::new);
        Self {
            seed: Seed(seed),
            positions: Positions::default(),
            tick: 0,
            second: 0,
            horizon: 0.0,
            pairs,
            sources,
            destinations,
            reached,
            reaching,
            rarities: Pool::default(),
            cost: Cost::default(),
        }
    }

    /// Scores `edge` by all edges before it, then learns it.
    ///
    /// # Errors
    ///
    /// [`BadEdge`] when its time is no moment; nothing is learnt then.
    pub fn learn(&mut self, edge: &Edge<'_>) -> Result<EdgeVerdict, BadEdge> {
        self.turn(edge.time.micros().ok_or(BadEdge)?.div_euclid(1_000_000));
        let [from, to] = SALTS;
        let (from, to) = (self.seed.value(from, edge.source), self.seed.value(to, edge.destination));
        let scene = self.hit(from, to);
        let rank = self.rarities.calibrate(Bits::new(scene.pair_rarity().into()));
        let verdict = EdgeVerdict::of(scene, rank, self.cost.mean());
        // An edge that repeats within its tick teaches what is usual once.
        if scene.pair.first {
            self.rarities.learn(Bits::new(scene.pair_rarity().into()));
            self.cost.learn(&verdict);
        }
        Ok(verdict)
    }

    /// Ticks so far.
    pub fn ticks(&self) -> u32 {
        self.tick
    }

    /// Bytes this takes in memory, whatever it has learnt.
    pub fn memory(&self) -> usize {
        let sketches = [&self.pairs, &self.sources, &self.destinations, &self.reached, &self.reaching];
        size_of::<Self>() + sketches.map(Sketch::weight).iter().sum::<usize>() + Pool::WEIGHT
    }

    fn hit(&mut self, from: u64, to: u64) -> Scene {
        let tick = self.tick;
        let pair = self.pairs.hit(crate::seed::both(from, to), tick);
        let source = self.sources.hit(from, tick);
        let destination = self.destinations.hit(to, tick);
        // A partner counts once a tick.
        let (reached, reaching) = if pair.first {
            (self.reached.hit(from, tick), self.reaching.hit(to, tick))
        } else {
            (self.reached.look(from, tick), self.reaching.look(to, tick))
        };
        Scene { horizon: self.horizon, pair, source, destination, reached, reaching }
    }

    fn turn(&mut self, second: i64) {
        let late = self.second.saturating_sub(second);
        let is_late = late > 0 && late.unsigned_abs() <= LATENESS.as_secs();
        if self.tick > 0 && (late == 0 || is_late) {
            return;
        }
        // What comes after four billion ticks is of the last one.
        self.tick = self.tick.saturating_add(1);
        self.second = second;
        self.horizon = sketch::horizon(self.tick);
    }
}

impl State<Edge<'_>> for EdgeModel {
    type Output = EdgeVerdict;
    type Error = BadEdge;

    fn observe(&mut self, position: Position, edge: &Edge<'_>) -> Result<Observed<EdgeVerdict>, BadEdge> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        self.learn(edge).map(Observed::Applied)
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.snapshot()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes)
    }
}

impl core::fmt::Debug for EdgeModel {
    /// Shows sizes only.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EdgeModel").field("ticks", &self.tick).finish_non_exhaustive()
    }
}

/// What an ordinary edge costs in bits: the entropy of the graph, which no edge is blamed for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cost {
    sum: f64,
    count: u64,
}

impl Cost {
    fn mean(self) -> f64 {
        self.sum / (self.count as f64 + 1.0)
    }

    /// Learns from an edge that is no suspect, so that a flood from a million forged sources stays dear.
    fn learn(&mut self, verdict: &EdgeVerdict) {
        if verdict.bits() < Bits::ONE_IN_A_THOUSAND {
            self.sum += verdict.cost();
            self.count = self.count.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
