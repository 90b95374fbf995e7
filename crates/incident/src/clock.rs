//! How far the clocks of sources differ, told by what two of them saw of the very same thing.
//!
//! A *meeting* is something that happens once and that several sources can tell: a connection by its two ends and
//! ports, a session by its id. For each pair of sources the differences of their times gather round the offset of
//! the clocks, while chance meetings scatter; the offset is the median of the densest minute, and counts only where
//! at least five meetings and half of all agree (the mode as a robust estimate of location: Parzen, Annals of
//! Mathematical Statistics 33, 1962). O(log n) to take in, O(n log n) to estimate; at most 65,536 meetings are kept.

use homeostat_core::{Timestamp, xxh64};
use std::collections::BTreeMap;

/// The most meetings kept; later ones are not counted.
const MEETINGS: usize = 65_536;
/// The most tellings kept of one meeting.
const TELLINGS: usize = 8;
/// How many meetings must agree.
const AGREE: usize = 5;
/// How near to one another differences lie that agree, in microseconds: a minute, the lateness of collectors.
const NEAR: i64 = 60_000_000;
/// Up to how much clocks are taken for equal, in microseconds.
const EQUAL: i64 = 5_000_000;

/// How far one source's clock lies behind the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockOffset {
    /// Microseconds to add to its times; 0 for the reference and for clocks that differ by less than five seconds.
    pub micros: i64,
    /// How many meetings it rests on.
    pub meetings: usize,
}

/// Learns how far the clocks of sources differ.
///
/// ```
/// use homeostat_core::Timestamp;
/// use homeostat_incident::ClockOffsets;
///
/// let mut clocks = ClockOffsets::default();
/// for flow in 0..6 {
///     let at = 1_000_000_000 + flow * 7_000_000;
///     clocks.observe("sensor", &flow.to_string(), Timestamp::from_micros(at));
///     clocks.observe("host", &flow.to_string(), Timestamp::from_micros(at - 3_600_000_000));
/// }
/// let offsets = clocks.estimate();
/// assert_eq!((offsets["host"].micros, offsets["sensor"].micros), (3_600_000_000, 0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClockOffsets {
    sources: BTreeMap<String, usize>,
    meetings: BTreeMap<u64, Vec<(usize, i64)>>,
}

impl ClockOffsets {
    /// Takes in that `source` told of `meeting` at `time`; what has no moment is ignored.
    pub fn observe(&mut self, source: &str, meeting: &str, time: Timestamp) {
        let Some(micros) = time.micros() else { return };
        let next = self.sources.len();
        let source = match self.sources.get(source) {
            Some(known) => *known,
            None => *self.sources.entry(source.to_owned()).or_insert(next),
        };
        let room = self.meetings.len() < MEETINGS;
        let meeting = xxh64(meeting.as_bytes());
        if !room && !self.meetings.contains_key(&meeting) {
            return;
        }
        let told = self.meetings.entry(meeting).or_default();
        // Of several words of one source about one thing the first counts.
        if told.len() < TELLINGS && told.iter().all(|(other, _)| *other != source) {
            told.push((source, micros));
        }
    }

    /// The offset of each source that meets others, by name. Of sources that meet, the one furthest ahead is the
    /// reference: a machine that lost its clock starts in the past.
    pub fn estimate(&self) -> BTreeMap<String, ClockOffset> {
        let between = self.between();
        let mut placed: BTreeMap<usize, ClockOffset> = BTreeMap::new();
        for source in 0..self.sources.len() {
            if !placed.contains_key(&source) && between.keys().any(|(a, b)| *a == source || *b == source) {
                placed.extend(together(source, &between));
            }
        }
        let named = |(name, source): (&String, &usize)| Some((name.clone(), *placed.get(source)?));
        self.sources.iter().filter_map(named).collect()
    }

    /// How far the second of two sources is ahead of the first, where enough meetings agree.
    fn between(&self) -> BTreeMap<(usize, usize), ClockOffset> {
        let mut apart: BTreeMap<(usize, usize), Vec<i64>> = BTreeMap::new();
        for told in self.meetings.values() {
            for (at, (a, first)) in told.iter().enumerate() {
                for (b, second) in told.iter().skip(at + 1) {
                    let (pair, gap) = if a < b {
                        ((*a, *b), second.saturating_sub(*first))
                    } else {
                        ((*b, *a), first.saturating_sub(*second))
                    };
                    apart.entry(pair).or_default().push(gap);
                }
            }
        }
        apart.into_iter().filter_map(|(pair, gaps)| Some((pair, agreed(gaps)?))).collect()
    }
}

/// The median of the densest minute of `gaps`, if enough lie in it.
fn agreed(mut gaps: Vec<i64>) -> Option<ClockOffset> {
    gaps.sort_unstable();
    let reach = |from: usize| {
        let start = gaps.get(from).copied().unwrap_or(i64::MAX);
        gaps.partition_point(|gap| gap.saturating_sub(start) <= NEAR)
    };
    let (from, to) = (0..gaps.len())
        .map(|from| (from, reach(from)))
        .max_by_key(|(from, to)| (to - from, std::cmp::Reverse(*from)))?;
    let meetings = to - from;
    let micros = gaps.get(from + meetings / 2).copied()?;
    (meetings >= AGREE && meetings * 2 >= gaps.len()).then_some(ClockOffset { micros, meetings })
}

/// The sources tied to `start`, each with what is to be added to its times.
fn together(start: usize, between: &BTreeMap<(usize, usize), ClockOffset>) -> BTreeMap<usize, ClockOffset> {
    let mut ahead: BTreeMap<usize, ClockOffset> = BTreeMap::new();
    ahead.insert(start, ClockOffset { micros: 0, meetings: 0 });
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        let here = ahead.get(&at).map_or(0, |offset| offset.micros);
        for ((a, b), offset) in between {
            let (other, there) = match (*a == at, *b == at) {
                (true, _) => (*b, here.saturating_add(offset.micros)),
                (_, true) => (*a, here.saturating_sub(offset.micros)),
                _ => continue,
            };
            if let std::collections::btree_map::Entry::Vacant(free) = ahead.entry(other) {
                free.insert(ClockOffset { micros: there, meetings: offset.meetings });
                open.push(other);
            }
        }
    }
    let most = ahead.values().map(|offset| offset.micros).max().unwrap_or(0);
    for offset in ahead.values_mut() {
        let behind = most.saturating_sub(offset.micros);
        offset.micros = if behind > EQUAL { behind } else { 0 };
    }
    ahead
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn told(clocks: &mut ClockOffsets, source: &str, meeting: i64, micros: i64) {
        clocks.observe(source, &meeting.to_string(), Timestamp::from_micros(micros));
    }

    #[test]
    fn chance_meetings_do_not_hide_the_offset() {
        let mut clocks = ClockOffsets::default();
        for number in 0..20 {
            let at = number * 90_000_000;
            told(&mut clocks, "sensor", number, at + 19 * HOUR + number * 50_000);
            told(&mut clocks, "host", number, at);
            told(&mut clocks, "flows", number, at + 19 * HOUR + 1_000_000);
        }
        for number in 100..110 {
            told(&mut clocks, "sensor", number, number * number * HOUR);
            told(&mut clocks, "host", number, number * 11);
        }
        let offsets = clocks.estimate();
        assert!((offsets["host"].micros - 19 * HOUR).abs() <= 2_000_000, "{offsets:?}");
        assert_eq!((offsets["sensor"].micros, offsets["flows"].micros), (0, 0));
    }

    #[test]
    fn few_or_scattered_meetings_say_nothing() {
        let mut clocks = ClockOffsets::default();
        for number in 0..4 {
            told(&mut clocks, "a", number, 0);
            told(&mut clocks, "b", number, HOUR);
        }
        for number in 10..40 {
            told(&mut clocks, "c", number, 0);
            told(&mut clocks, "d", number, number * number * HOUR);
        }
        assert!(clocks.estimate().is_empty());
    }
}
