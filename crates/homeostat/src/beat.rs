//! Which machine has begun to call a far place at a beat, while hardly anybody else calls there?
//!
//! Clocks, mail and updates are called at a beat by all, and what a machine has called for days is its task. So a beat
//! counts only where the place is called by few, and only within the day in which the calls began, once the tenant has
//! been watched for a day. The surprise of the beat is that of [`Periodicity`] (Moran, J. R. Stat. Soc. B 13(1), 1951)
//! less the bits of having looked at so many pairs. O(log n) a connection; at most 65,536 pairs and places.

use crate::written::{all, maybe, put_all, put_maybe};
use homeostat_baseline::Periodicity;
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, Forget, Keep, Reason, RiskView, Role, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique, Timestamp,
};
use homeostat_event::{ClassUid, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most pairs and places kept; beyond it those silent for a day go, and then new ones are not judged.
const KEPT: usize = 65_536;
/// From how many callers on a place is everybody's.
const EVERYBODY: usize = 3;
/// How long a pair is new, in microseconds, and how long the tenant is watched before any is: a day.
const NEW: i64 = 86_400_000_000;
/// How sure a beat must be, beyond the number of pairs looked at.
const SURE: Bits = Bits::ONE_IN_A_THOUSAND;
/// What a new beat to a rare place weighs: programs that look for updates have one too.
const WEIGHS: Bits = Bits::MEDIUM;
/// The finest that sensors' clocks tell apart.
const RESOLUTION: Duration = Duration::from_secs(1);

const KIND: &str = "calls a rare place at a beat";

/// A machine and a port of the place that it calls.
type Pair = (EntityKey, EntityKey, u16);

/// The calls of one pair.
#[derive(Clone, Copy)]
struct Calls {
    first: Timestamp,
    rhythm: Periodicity,
}

/// Tells of machines that begin to call home.
#[derive(Clone, Default)]
pub struct Beats {
    pairs: BTreeMap<Pair, Calls>,
    callers: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    start: Option<Timestamp>,
}

impl Beats {
    /// Learns one call; gives the beat of its pair where it is new, sure and rare.
    fn learn(&mut self, pair: Pair, now: Timestamp) -> Option<Periodicity> {
        let start = *self.start.get_or_insert(now);
        if self.pairs.len() >= KEPT && !self.pairs.contains_key(&pair) {
            self.let_go(now);
        }
        if self.callers.len() < KEPT || self.callers.contains_key(&pair.1) {
            let callers = self.callers.entry(pair.1.clone()).or_default();
            if callers.len() < EVERYBODY {
                callers.insert(pair.0.clone());
            }
        }
        let many = self.callers.get(&pair.1).is_none_or(|callers| callers.len() >= EVERYBODY);
        if self.pairs.len() >= KEPT && !self.pairs.contains_key(&pair) {
            return None;
        }
        let looked_at = Bits::of_probability(1.0 / (self.pairs.len() as f64 + 1.0));
        let first = Calls { first: now, rhythm: Periodicity::default() };
        let calls = self.pairs.entry(pair).or_insert(first);
        calls.rhythm.learn(now, RESOLUTION);
        let fresh = now.since(calls.first).is_some_and(|age| age < NEW)
            && calls.first.since(start).is_some_and(|history| history >= NEW);
        let sure = calls.rhythm.bits().get() >= SURE.get() + looked_at.get();
        (!many && fresh && sure).then_some(calls.rhythm)
    }
}

impl Beats {
    /// Lets go of pairs that were silent for a day, and of places that none of the others calls.
    fn let_go(&mut self, now: Timestamp) {
        let silent = |calls: &Calls| {
            let last = calls.rhythm.last().unwrap_or(calls.first);
            now.since(last).is_some_and(|silence| silence >= NEW)
        };
        self.pairs.retain(|_, calls| !silent(calls));
        let called: BTreeSet<&EntityKey> = self.pairs.keys().map(|(_, place, _)| place).collect();
        self.callers.retain(|place, _| called.contains(place));
    }
}

/// Who calls whom, where the call leaves the own network.
fn pair(event: &Event) -> Option<Pair> {
    let to = event.destination()?;
    let (from, place) = (event.origin().and_then(|end| end.key())?, to.key()?);
    let addresses = from.kind() == EntityKind::Ip && place.kind() == EntityKind::Ip;
    let far = crate::conduct::network(from.value()) != crate::conduct::network(place.value());
    (addresses && far).then(|| to.port().map(|port| (from, place, port))).flatten()
}

impl Detector<Event> for Beats {
    fn name(&self) -> &'static str {
        "beats"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        if event.class_uid() != ClassUid::NETWORK_ACTIVITY {
            return Vec::new();
        }
        let Some((pair, occurrence)) = pair(event).zip(event.occurrence()) else { return Vec::new() };
        let (from, place) = (pair.0.clone(), pair.1.clone());
        let Some(rhythm) = self.learn(pair, occurrence.time) else { return Vec::new() };
        let mut signal = Signal::new(KIND, &occurrence, &from, WEIGHS);
        signal.techniques.extend(Technique::parse("T1071.001"));
        let every = rhythm.period().map_or(0.0, |period| period.as_secs_f64());
        let beat = format!("every {every:.0} s, {} times", rhythm.intervals());
        signal.reasons.push(Reason::new("rhythm", beat, "calls by chance", rhythm.bits()));
        signal.involve(place, Role::Target);
        vec![signal]
    }
}

impl Forget for Beats {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|(from, to, _), _| from != entity && to != entity);
        let mut known = before != self.pairs.len();
        known |= self.callers.remove(entity).is_some();
        for callers in self.callers.values_mut() {
            known |= callers.remove(entity);
        }
        known
    }
}

const MAGIC: [u8; 4] = *b"BEAT";
const VERSION: u16 = 1;

impl Keep for Beats {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.pairs.iter(), |out, ((from, to, port), calls)| {
            out.key(from);
            out.key(to);
            out.u32(u32::from(*port));
            out.time(calls.first);
            out.bytes(&calls.rhythm.to_bytes());
        });
        put_all(&mut out, self.callers.iter(), |out, (place, callers)| {
            out.key(place);
            put_all(out, callers.iter(), SnapshotWriter::key);
        });
        put_maybe(&mut out, self.start, SnapshotWriter::time);
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let pairs = all(&mut fields, 54, |fields| {
            let (from, to, port) = (fields.key()?, fields.key()?, fields.u32()?);
            let port = u16::try_from(port).map_err(|_| SnapshotError::Invalid { field: "port" })?;
            let first = fields.time()?;
            Ok(((from, to, port), Calls { first, rhythm: Periodicity::from_bytes(fields.bytes()?)? }))
        })?;
        let callers =
            all(&mut fields, 25, |fields| Ok((fields.key()?, all(fields, 17, SnapshotReader::key)?)))?;
        let start = maybe(&mut fields, SnapshotReader::time)?;
        fields.finish()?;
        *self = Self { pairs, callers, start };
        Ok(())
    }
}

impl std::fmt::Debug for Beats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Beats({} pairs)", self.pairs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(value: &str) -> EntityKey {
        EntityKey::new(EntityKind::Ip, "acme", value).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// How many of 60 calls, one every five minutes, are told; the first `after` hours of history.
    fn told(beats: &mut Beats, (from, to): (&str, &str), after: i64) -> usize {
        let call = |beat: i64| at(after * 3_600 + beat * 300 + beat * beat % 7);
        let pair = (ip(from), ip(to), 443);
        (0..60).filter(|beat| beats.learn(pair.clone(), call(*beat)).is_some()).count()
    }

    #[test]
    fn a_new_beat_to_a_rare_place_is_told() {
        let mut beats = Beats::default();
        assert_eq!(told(&mut beats, ("10.0.0.1", "198.51.100.9"), 0), 0, "without history nothing is new");
        let new = told(&mut beats, ("10.0.0.2", "203.0.113.7"), 30);
        assert!(new > 40, "{new}");
        assert_eq!(told(&mut beats, ("10.0.0.2", "203.0.113.7"), 60), 0, "what goes on for days is a task");
        told(&mut beats, ("10.0.0.3", "203.0.113.8"), 30);
        told(&mut beats, ("10.0.0.4", "203.0.113.8"), 40);
        assert_eq!(told(&mut beats, ("10.0.0.5", "203.0.113.8"), 50), 0, "where many go nobody is odd");
        let mut again = Beats::default();
        again.recall(&beats.keep()).unwrap();
        assert_eq!(again.keep(), beats.keep());
        assert!(beats.forget(&ip("10.0.0.2")) && !beats.forget(&ip("10.0.0.2")));
    }

    #[test]
    fn calls_by_chance_have_no_beat() {
        let mut beats = Beats::default();
        beats.learn((ip("10.0.0.1"), ip("198.51.100.9"), 443), at(0));
        let mut time = 100_000;
        for step in 0..200_i64 {
            time += 1 + step * step * 7_919 % 613;
            assert!(beats.learn((ip("10.0.0.2"), ip("203.0.113.7"), 443), at(time)).is_none());
        }
    }
}
