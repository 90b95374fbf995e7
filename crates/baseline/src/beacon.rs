//! Which of these pairs call home: at a beat, to where few others go, or as hardly anyone else goes there?
//!
//! Regularity alone is no malice: clocks are set by a beat and passwords are guessed by one. So two things must
//! hold, and the p-value of both together is the larger one (Berger, Technometrics 24(4), 1982): the intervals are
//! no chance ([`Periodicity`]), and the pair is not what its peers do. Here the bits are the two in parallel,
//! a·b/(a + b), which is never more than the lesser and still grows with either. O(n log n) in pairs.

use crate::cohort::PSEUDO_COUNT;
use crate::verdict::PeerShare;
use crate::{Periodicity, combine};
use homeostat_core::{Bits, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// A source that goes to a port of a destination, with its times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// From where, such as an address.
    pub source: &'a str,
    /// To where.
    pub destination: &'a str,
    /// The port there. One scan's ports are so many pairs, or their steps would look like a beat.
    pub port: u16,
    /// When.
    pub rhythm: Periodicity,
}

impl core::fmt::Debug for Pair<'_> {
    /// Leaves out between whom.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pair").field("rhythm", &self.rhythm).finish_non_exhaustive()
    }
}

/// How much of a beacon one pair is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beacon {
    index: usize,
    regular: Bits,
    unusual: Bits,
    alike: PeerShare,
    visitors: PeerShare,
}

impl Beacon {
    /// The place of its pair in the list that was asked about.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How surprising it is that a pair is so regular and so unusual.
    pub fn bits(&self) -> Bits {
        let (a, b) = (self.regular.get(), self.unusual.get());
        Bits::new(if a + b > 0.0 { a * b / (a + b) } else { 0.0 })
    }

    /// How surprising so much regularity is by chance.
    pub fn regular(&self) -> Bits {
        self.regular
    }

    /// How surprising it is among peers to go there so regularly, or at all.
    pub fn unusual(&self) -> Bits {
        self.unusual
    }

    /// How many of the others that go to the same port of the destination do so regularly.
    pub fn alike(&self) -> PeerShare {
        self.alike
    }

    /// How many go to the destination, of the largest circle that shares a destination with the source.
    pub fn visitors(&self) -> PeerShare {
        self.visitors
    }

    /// The reasons in words, given its pair.
    pub fn reasons(&self, pair: &Pair<'_>) -> Vec<Reason> {
        let seconds = pair.rhythm.period().map_or(0.0, |period| period.as_secs_f64());
        let jitter = pair.rhythm.jitter().map_or(100.0, |jitter| jitter * 100.0);
        let beat = format!("every {seconds:.0} s, {jitter:.0} % off");
        let mut regular = Reason::new("regularity", beat, "intervals by chance", self.regular);
        regular.support = pair.rhythm.intervals().into();
        let (alike, visitors) = (self.alike, self.visitors);
        let seen = format!("{} of {} others are as regular there", alike.holders, alike.members);
        let usual = format!("{} of {} go to that destination", visitors.holders, visitors.members);
        vec![regular, Reason::new("peers", seen, usual, self.unusual)]
    }
}

/// How much of a beacon each of `pairs` is, the most first; each pair is to be listed once.
///
/// Peers of a source are the largest circle that goes to one of its destinations. A destination that few of them
/// go to is rare; a port of a destination that hardly anyone else calls at a beat makes the beat unusual; the two
/// are joined by the harmonic mean. Where few others go at all, the share of regular sources everywhere speaks,
/// with the weight of 20 sources.
///
/// ```
/// use homeostat_baseline::{Pair, Periodicity, rank_beacons};
/// use homeostat_core::Timestamp;
/// use std::time::Duration;
///
/// let beat = |seconds: [i64; 2]| {
///     let mut rhythm = Periodicity::default();
///     let mut at = 0;
///     for beat in 0..60 {
///         at += seconds[beat % 2];
///         rhythm.learn(Timestamp::from_micros(at * 1_000_000), Duration::from_secs(1));
///     }
///     rhythm
/// };
/// let hosts: Vec<String> = (0..50).map(|host| format!("10.0.0.{host}")).collect();
/// let clock = |source| Pair { source, destination: "10.0.0.123", port: 123, rhythm: beat([64, 64]) };
/// let mut pairs: Vec<Pair> = hosts.iter().map(|host| clock(host)).collect();
/// pairs.push(Pair { source: "10.0.0.9", destination: "203.0.113.5", port: 443, rhythm: beat([55, 70]) });
///
/// let ranked = rank_beacons(&pairs);
/// assert_eq!(ranked[0].index(), 50);
/// assert!(ranked[0].bits().get() > 3.0 && ranked[1].bits().get() < 1.0);
/// ```
pub fn rank_beacons(pairs: &[Pair<'_>]) -> Vec<Beacon> {
    let estate = Estate::of(pairs);
    let beacons = pairs.iter().zip(&estate.regular).enumerate();
    let mut ranked: Vec<Beacon> =
        beacons.map(|(index, (pair, regular))| estate.beacon(index, pair, *regular)).collect();
    ranked.sort_by(|a, b| {
        let by = |beacon: &Beacon| (beacon.bits().get(), beacon.regular.get());
        by(b).partial_cmp(&by(a)).unwrap_or(core::cmp::Ordering::Equal).then(a.index.cmp(&b.index))
    });
    ranked
}

/// Who goes where, and who does so regularly.
struct Estate<'a> {
    // In the order of the pairs.
    regular: Vec<Bits>,
    visitors: BTreeMap<&'a str, BTreeSet<&'a str>>,
    // Sources of a destination's port, and how many of them are regular.
    services: BTreeMap<(&'a str, u16), PeerShare>,
    // The largest circle that each source shares a destination with.
    circles: BTreeMap<&'a str, u32>,
    // The share of sources that have a regular pair.
    regulars: f64,
}

impl<'a> Estate<'a> {
    fn of(pairs: &[Pair<'a>]) -> Self {
        let regular: Vec<Bits> = pairs.iter().map(|pair| pair.rhythm.bits()).collect();
        let mut visitors: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut services: BTreeMap<(&str, u16), PeerShare> = BTreeMap::new();
        let mut sources: BTreeMap<&str, bool> = BTreeMap::new();
        for (pair, bits) in pairs.iter().zip(&regular) {
            let is_regular = is_regular(*bits);
            visitors.entry(pair.destination).or_default().insert(pair.source);
            let nobody = PeerShare { holders: 0, members: 0 };
            let service = services.entry((pair.destination, pair.port)).or_insert(nobody);
            service.members = service.members.saturating_add(1);
            service.holders = service.holders.saturating_add(u32::from(is_regular));
            *sources.entry(pair.source).or_default() |= is_regular;
        }
        let mut circles: BTreeMap<&str, u32> = BTreeMap::new();
        for pair in pairs {
            let circle = circles.entry(pair.source).or_default();
            *circle = (*circle).max(count(visitors.get(pair.destination)));
        }
        let holders = sources.values().filter(|is_regular| **is_regular).count();
        let regulars = (holders as f64 + 0.5) / (sources.len() as f64 + 1.0);
        Self { regular, visitors, services, circles, regulars }
    }

    fn beacon(&self, index: usize, pair: &Pair<'_>, regular: Bits) -> Beacon {
        let own = u32::from(is_regular(regular));
        let service = self.services.get(&(pair.destination, pair.port));
        let alike = service.map_or(PeerShare { holders: 0, members: 0 }, |service| PeerShare {
            holders: service.holders.saturating_sub(own),
            members: service.members.saturating_sub(1),
        });
        let visitors = PeerShare {
            holders: count(self.visitors.get(pair.destination)),
            members: self.circles.get(pair.source).copied().unwrap_or(1),
        };
        let expected = f64::from(alike.holders) + PSEUDO_COUNT * self.regulars;
        let as_regular = expected / (f64::from(alike.members) + PSEUDO_COUNT);
        let there_at_all = f64::from(visitors.holders) / f64::from(visitors.members.max(1));
        let unusual = Bits::of_probability(combine(&[as_regular, there_at_all]));
        Beacon { index, regular, unusual, alike, visitors }
    }
}

fn is_regular(bits: Bits) -> bool {
    bits >= Bits::ONE_IN_A_THOUSAND
}

fn count(names: Option<&BTreeSet<&str>>) -> u32 {
    names.map_or(0, |names| u32::try_from(names.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::Timestamp;
    use proptest::prelude::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn every(steps: &[i64], beats: usize) -> Periodicity {
        let (mut rhythm, mut at) = (Periodicity::default(), 0);
        for step in steps.iter().cycle().take(beats) {
            at += step;
            rhythm.learn(Timestamp::from_micros(at * 1_000_000), SECOND);
        }
        rhythm
    }

    /// Where each pair ranks, from 1.
    fn ranks(pairs: &[Pair<'_>]) -> Vec<usize> {
        let ranked = rank_beacons(pairs);
        let rank = |index| ranked.iter().position(|beacon| beacon.index() == index).unwrap() + 1;
        (0..pairs.len()).map(rank).collect()
    }

    #[test]
    fn a_beat_that_many_share_ranks_below_one_of_few() {
        let hosts: Vec<String> = (0..30).map(|host| format!("host{host}")).collect();
        let mut pairs: Vec<Pair<'_>> = hosts
            .iter()
            .map(|source| Pair { source, destination: "clock", port: 123, rhythm: every(&[64], 500) })
            .collect();
        let browse = every(&[1, 3, 400, 2, 90, 1, 3_000, 5], 60);
        pairs.extend(hosts.iter().map(|source| Pair {
            source,
            destination: "web",
            port: 443,
            rhythm: browse,
        }));
        // Among the visitors of the web site one has a beat; another calls a place of its own.
        pairs[31].rhythm = every(&[200, 350, 260], 60);
        let own = Pair { source: "host7", destination: "drop", port: 8_443, rhythm: every(&[55, 70], 60) };
        pairs.push(own);
        let ranks = ranks(&pairs);
        assert!(ranks[60] <= 2 && ranks[31] <= 2, "{} {}", ranks[60], ranks[31]);
        let told = rank_beacons(&pairs)[0].reasons(&own);
        assert_eq!((told[0].aspect.as_str(), told[1].aspect.as_str()), ("regularity", "peers"));
    }

    #[test]
    fn chance_to_a_rare_place_is_no_beacon() {
        let pairs = [
            Pair { source: "a", destination: "rare", port: 1, rhythm: every(&[1, 500, 3, 20, 9_000], 80) },
            Pair { source: "b", destination: "also", port: 1, rhythm: every(&[60], 80) },
        ];
        let ranked = rank_beacons(&pairs);
        assert_eq!(ranked[0].index(), 1);
        assert!(ranked[1].bits().get() < 0.1, "{}", ranked[1].bits());
    }

    proptest! {
        #[test]
        fn bits_are_never_more_than_either_and_every_pair_is_told(
            steps in prop::collection::vec((0_u8..5, 0_u8..5, prop::collection::vec(1_i64..5_000, 1..6)), 0..30),
        ) {
            let names = ["a", "b", "c", "d", "e"];
            let pairs: Vec<Pair<'_>> = steps.iter().enumerate().map(|(port, (from, to, steps))| Pair {
                source: names[usize::from(*from)],
                destination: names[usize::from(*to)],
                port: u16::try_from(port).unwrap(),
                rhythm: every(steps, 20),
            }).collect();
            let ranked = rank_beacons(&pairs);
            let mut told: Vec<usize> = ranked.iter().map(Beacon::index).collect();
            prop_assert!(ranked.is_sorted_by(|a, b| a.bits() >= b.bits()));
            for beacon in &ranked {
                prop_assert!(beacon.bits() <= beacon.regular().min(beacon.unusual()));
            }
            told.sort_unstable();
            prop_assert!(told.into_iter().eq(0..pairs.len()));
        }
    }
}
