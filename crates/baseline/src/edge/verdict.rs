//! An edge's bits, and what they are made of.

use super::sketch::Known;
use homeostat_core::{Bits, Reason};

/// The share of suspicion that goes to pairs not seen before: people and machines meet new partners all the time.
const NEW_PAIR: f64 = 1.0 / 32.0;
/// Octaves over the usual that make a bit, each of three tails weighing a third: a Pareto tail of index ½, for
/// counts of twice the octaves are as common where sizes of sessions scatter as widely as they do.
const OCTAVES: f64 = 6.0;

/// What is known of one edge and its ends, with the edge itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scene {
    pub(super) horizon: f32,
    pub(super) pair: Known,
    pub(super) source: Known,
    pub(super) destination: Known,
    pub(super) reached: Known,
    pub(super) reaching: Known,
}

impl Scene {
    /// Bits of the pair's being there at all in a tick.
    pub(super) fn pair_rarity(&self) -> f32 {
        self.rarity(&self.pair)
    }

    /// Half a tick for what has not been seen (Krichevsky and Trofimov, IEEE Trans. Inf. Theory 27(2), 1981).
    fn rarity(&self, known: &Known) -> f32 {
        libm::log2f((self.horizon + 1.0) / (known.seen + 0.5)).max(0.0)
    }
}

/// Which way an edge is surprising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EdgeChannel {
    /// The source is seldom there.
    Source,
    /// The two seldom meet, or never did.
    Pair,
    /// More edges of the pair than usual.
    PairBurst,
    /// More edges of the source than usual.
    SourceBurst,
    /// More edges to the destination than usual.
    DestinationBurst,
    /// More destinations of the source than usual, as in a scan.
    FanOut,
    /// More sources at the destination than usual.
    FanIn,
}

impl EdgeChannel {
    /// Its name as an aspect of a score.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Pair => "pair",
            Self::PairBurst => "pair burst",
            Self::SourceBurst => "source burst",
            Self::DestinationBurst => "destination burst",
            Self::FanOut => "fan-out",
            Self::FanIn => "fan-in",
        }
    }
}

/// One channel's part in the bits of an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeContribution {
    channel: EdgeChannel,
    bits: f64,
    observed: f64,
    expected: f64,
}

impl EdgeContribution {
    /// Which way it is surprising.
    pub fn channel(&self) -> EdgeChannel {
        self.channel
    }

    /// What this channel alone weighs, before the cost of an ordinary edge is taken off the whole.
    pub fn bits(&self) -> Bits {
        Bits::new(self.bits)
    }

    /// What was seen: for source and pair the ticks in which it was there before; else edges or partners in this
    /// tick, with half of the tick's before.
    pub fn observed(&self) -> f64 {
        self.observed
    }

    /// What would have been normal: for source and pair the ticks there were; else what is usual in a tick in
    /// which it is there.
    pub fn expected(&self) -> f64 {
        self.expected
    }

    /// This contribution as a reason, in words.
    pub fn reason(&self) -> Reason {
        let Self { channel, observed, expected, .. } = self;
        let (seen, usual) = match channel {
            EdgeChannel::Source | EdgeChannel::Pair if *observed < 0.5 => {
                ("not seen before".to_owned(), format!("seen before, in {expected:.0} ticks so far"))
            }
            EdgeChannel::Source | EdgeChannel::Pair => {
                (format!("seen in {observed:.0} ticks before"), format!("in more of {expected:.0} ticks"))
            }
            EdgeChannel::FanOut => (format!("{observed:.0} destinations just now"), format!("{expected:.1}")),
            EdgeChannel::FanIn => (format!("{observed:.0} sources just now"), format!("{expected:.1}")),
            _ => (format!("{observed:.0} edges just now"), format!("{expected:.1}")),
        };
        Reason::new(channel.name(), seen, usual, self.bits())
    }
}

/// How surprising one edge was, and why. A statement at its time: it is never rewritten.
///
/// ```
/// use homeostat_baseline::{Edge, EdgeChannel, EdgeModel};
/// use homeostat_core::Timestamp;
///
/// let mut model = EdgeModel::default();
/// let mut last = None;
/// for minute in 0..200 {
///     let time = Timestamp::from_micros(minute * 60_000_000);
///     // At last a hundred where one is usual.
///     for _ in 0..if minute == 199 { 100 } else { 1 } {
///         last = Some(model.learn(&Edge { time, source: "a", destination: "b" })?);
///     }
/// }
/// let flood = last.unwrap();
/// let top = flood.contributions()[0];
/// assert_eq!(top.channel(), EdgeChannel::PairBurst);
/// assert!(top.observed() >= 100.0 && top.expected() < 3.0);
/// assert!(flood.without_top() < flood.bits());
/// # Ok::<(), homeostat_baseline::BadEdge>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgeVerdict {
    scene: Scene,
    parts: Parts,
    // Bits of an ordinary edge.
    usual: f64,
    bits: Bits,
}

impl EdgeVerdict {
    pub(super) fn of(scene: Scene, rank: Bits, usual: f64) -> Self {
        let parts = Parts::of(&scene, rank);
        Self { scene, parts, usual, bits: bits_of(parts.odds(usual)) }
    }

    /// The surprise of all channels together.
    ///
    /// An edge as surprising as an ordinary one has a bit, the chance of one half.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// The surprise if the heaviest contribution said nothing: lower, whenever there is one.
    pub fn without_top(&self) -> Bits {
        let mut parts = self.parts;
        match self.contributions().first().map(EdgeContribution::channel) {
            None => {}
            Some(EdgeChannel::Source) => parts.source = 0.0,
            Some(EdgeChannel::Pair) => parts.rank = 0.0,
            Some(EdgeChannel::PairBurst) => parts.pair_burst = 0.0,
            Some(EdgeChannel::SourceBurst | EdgeChannel::FanOut) => parts.source_burst = 0.0,
            Some(EdgeChannel::DestinationBurst | EdgeChannel::FanIn) => parts.destination_burst = 0.0,
        }
        bits_of(parts.odds(self.usual))
    }

    /// What the bits are made of, the heaviest first. Built only here.
    pub fn contributions(&self) -> Vec<EdgeContribution> {
        let Scene { horizon, pair, source, destination, reached, reaching } = &self.scene;
        let there = |channel, bits, known: &Known| {
            let (observed, expected) = (known.seen.into(), (*horizon).into());
            EdgeContribution { channel, bits, observed, expected }
        };
        let more = |channel, bits, known: &Known| {
            let (observed, expected) = (known.heat.into(), known.usual.into());
            EdgeContribution { channel, bits, observed, expected }
        };
        let Parts { source: rare, rank, pair_burst, source_burst, destination_burst } = self.parts;
        let from = if source.times() >= reached.times() {
            more(EdgeChannel::SourceBurst, source_burst, source)
        } else {
            more(EdgeChannel::FanOut, source_burst, reached)
        };
        let to = if destination.times() >= reaching.times() {
            more(EdgeChannel::DestinationBurst, destination_burst, destination)
        } else {
            more(EdgeChannel::FanIn, destination_burst, reaching)
        };
        let seldom = there(EdgeChannel::Source, rare, source);
        let new = there(EdgeChannel::Pair, rank + libm::log2(NEW_PAIR), pair);
        let mut found = vec![seldom, new, more(EdgeChannel::PairBurst, pair_burst, pair), from, to];
        found.retain(|part| part.bits > 0.0);
        found.sort_by(|a, b| b.bits.total_cmp(&a.bits));
        found
    }

    /// The reasons in words, the heaviest first.
    pub fn reasons(&self) -> Vec<Reason> {
        self.contributions().iter().map(EdgeContribution::reason).collect()
    }

    /// What the edge costs in all, in bits.
    pub(super) fn cost(&self) -> f64 {
        libm::log2(self.parts.odds(0.0))
    }
}

/// Bits of each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Parts {
    source: f64,
    // Of the pair's rarity, by rank among all pairs.
    rank: f64,
    pair_burst: f64,
    source_burst: f64,
    destination_burst: f64,
}

impl Parts {
    fn of(scene: &Scene, rank: Bits) -> Self {
        // From one octave for just the usual, so that less than it still differs.
        let burst = |times: f32| f64::from(libm::log2f(1.0 + times)) / OCTAVES;
        Self {
            source: scene.rarity(&scene.source).into(),
            rank: rank.get(),
            pair_burst: burst(scene.pair.times()),
            source_burst: burst(scene.source.times().max(scene.reached.times())),
            destination_burst: burst(scene.destination.times().max(scene.reaching.times())),
        }
    }

    /// How many times as improbable this is as an ordinary edge of `usual` bits.
    fn odds(&self, usual: f64) -> f64 {
        let whole = self.source + self.pair_burst + self.source_burst + self.destination_burst;
        (1.0 - NEW_PAIR) * libm::exp2(whole - usual) + NEW_PAIR * libm::exp2(self.rank - usual)
    }
}

/// The tail of the logistic distribution in bits of cost: near 0 bits where nothing is odd, the odds' own beyond.
fn bits_of(odds: f64) -> Bits {
    Bits::new(libm::log1p(odds) / core::f64::consts::LN_2)
}
