//! Which machine has begun to call a far place at a beat, while hardly anybody else calls there?
//!
//! Clocks, mail and updates are called at a beat by all, and what a machine has called for days is its task. So a beat
//! counts only where the place is called by few, and only within the day in which the calls began, once the tenant has
//! been watched for a day. The surprise of the beat is that of [`Periodicity`] (Moran, J. R. Stat. Soc. B 13(1), 1951)
//! less the bits of having looked at so many pairs. The calls before the one at which the beat is sure are its evidence
//! too. O(log n) a connection; at most 65,536 pairs and places, and the calls of 4,096 pairs that may turn out to beat.

use crate::written::{all, event, maybe, put_all, put_maybe};
use homeostat_baseline::Periodicity;
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, EventRef, Forget, Keep, Occurrence, Reason, RiskView, Role,
    Signal, SnapshotError, SnapshotReader, SnapshotWriter, Technique, Timestamp,
};
use homeostat_event::{ClassUid, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most pairs and places kept; beyond it those silent for a day go, and then new ones are not judged.
const KEPT: usize = 65_536;
/// From how many callers on a place is everybody's.
const EVERYBODY: usize = 3;
/// The most pairs whose calls are remembered until they beat, and the most calls of each.
const MOST_UNSURE: usize = 4_096;
const MOST_CALLS: usize = 32;
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
    // The calls of new pairs to rare places, as long as they do not beat.
    unsure: BTreeMap<Pair, Vec<EventRef>>,
    start: Option<Timestamp>,
}

impl Beats {
    /// Learns one call; gives the beat of its pair where it is new, sure and rare, with the calls before it that were
    /// not given yet.
    fn hear(&mut self, pair: Pair, call: &Occurrence) -> Option<(Periodicity, Vec<EventRef>)> {
        let (fresh, beat) = self.learn(pair.clone(), call.time);
        if beat.is_some() || !fresh {
            let before = self.unsure.remove(&pair).unwrap_or_default();
            return beat.map(|beat| (beat, before));
        }
        if self.unsure.len() < MOST_UNSURE || self.unsure.contains_key(&pair) {
            let calls = self.unsure.entry(pair).or_default();
            if calls.len() < MOST_CALLS {
                calls.push(call.event.clone());
            }
        }
        None
    }

    /// Learns one call; tells whether its pair is new and rare, and gives its beat where that is sure besides.
    fn learn(&mut self, pair: Pair, now: Timestamp) -> (bool, Option<Periodicity>) {
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
            return (false, None);
        }
        let looked_at = Bits::of_probability(1.0 / (self.pairs.len() as f64 + 1.0));
        let first = Calls { first: now, rhythm: Periodicity::default() };
        let calls = self.pairs.entry(pair).or_insert(first);
        calls.rhythm.learn(now, RESOLUTION);
        let fresh = !many
            && now.since(calls.first).is_some_and(|age| age < NEW)
            && calls.first.since(start).is_some_and(|history| history >= NEW);
        let sure = calls.rhythm.bits().get() >= SURE.get() + looked_at.get();
        (fresh, (fresh && sure).then_some(calls.rhythm))
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
        self.unsure.retain(|pair, _| self.pairs.contains_key(pair));
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
        let Some((rhythm, before)) = self.hear(pair, &occurrence) else { return Vec::new() };
        let mut signal = Signal::new(KIND, &occurrence, &from, WEIGHS);
        signal.techniques.extend(Technique::parse("T1071.001"));
        let every = rhythm.period().map_or(0.0, |period| period.as_secs_f64());
        let beat = format!("every {every:.0} s, {} times", rhythm.intervals());
        signal.reasons.push(Reason::new("rhythm", beat, "calls by chance", rhythm.bits()));
        signal.evidence.extend(before);
        signal.involve(place, Role::Target);
        vec![signal]
    }
}

impl Forget for Beats {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|(from, to, _), _| from != entity && to != entity);
        let mut known = before != self.pairs.len();
        self.unsure.retain(|(from, to, _), _| from != entity && to != entity);
        known |= self.callers.remove(entity).is_some();
        for callers in self.callers.values_mut() {
            known |= callers.remove(entity);
        }
        known
    }
}

/// A pair as it was written.
fn pair_of(fields: &mut SnapshotReader<'_>) -> Result<Pair, SnapshotError> {
    let (from, to, port) = (fields.key()?, fields.key()?, fields.u32()?);
    let port = u16::try_from(port).map_err(|_| SnapshotError::Invalid { field: "port" })?;
    Ok((from, to, port))
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
        put_all(&mut out, self.unsure.iter(), |out, ((from, to, port), calls)| {
            out.key(from);
            out.key(to);
            out.u32(u32::from(*port));
            put_all(out, calls.iter(), |out, event| out.text(event.as_str()));
        });
        put_maybe(&mut out, self.start, SnapshotWriter::time);
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let pairs = all(&mut fields, 54, |fields| {
            let (pair, first) = (pair_of(fields)?, fields.time()?);
            Ok((pair, Calls { first, rhythm: Periodicity::from_bytes(fields.bytes()?)? }))
        })?;
        let callers =
            all(&mut fields, 25, |fields| Ok((fields.key()?, all(fields, 17, SnapshotReader::key)?)))?;
        let unsure = all(&mut fields, 46, |fields| Ok((pair_of(fields)?, all(fields, 8, event)?)))?;
        let start = maybe(&mut fields, SnapshotReader::time)?;
        fields.finish()?;
        *self = Self { pairs, callers, unsure, start };
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
    use homeostat_core::{Domain, TenantId};

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
        (0..60).filter(|beat| beats.learn(pair.clone(), call(*beat)).1.is_some()).count()
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
    fn the_calls_before_are_evidence_once() {
        let mut beats = Beats::default();
        let call = |number: i64, time: Timestamp| {
            let event = EventRef::new("conn.log", number.cast_unsigned()).unwrap();
            let (tenant, domain) = (TenantId::new("acme").unwrap(), Domain::Network);
            Occurrence { tenant, event, time, domain }
        };
        beats.learn((ip("10.0.0.1"), ip("198.51.100.9"), 443), at(0));
        let pair = || (ip("10.0.0.2"), ip("203.0.113.7"), 443);
        let mut heard = (0..40).map(|beat| beats.hear(pair(), &call(beat, at(110_000 + beat * 300))));
        let (number, before) = heard.by_ref().enumerate().find_map(|(at, told)| Some((at, told?.1))).unwrap();
        assert_eq!(before.len(), number);
        assert!(heard.all(|told| told.is_some_and(|(_, before)| before.is_empty())));
    }

    /// A gap of a process without memory, 300 s on average, from a hash of its number.
    fn chance(number: i64) -> i64 {
        let hashed = (number.cast_unsigned() + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (hashed ^ (hashed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11;
        let uniform = (mixed as f64 + 1.0) / (1_u64 << 53) as f64;
        1 + i64::try_from(Duration::from_secs_f64(-300.0 * uniform.ln()).as_secs()).unwrap()
    }

    #[test]
    fn calls_by_chance_have_no_beat() {
        let mut beats = Beats::default();
        beats.learn((ip("10.0.0.1"), ip("198.51.100.9"), 443), at(0));
        let mut time = 100_000;
        for step in 0..200_i64 {
            time += chance(step);
            assert!(beats.learn((ip("10.0.0.2"), ip("203.0.113.7"), 443), at(time)).1.is_none());
        }
    }
}
