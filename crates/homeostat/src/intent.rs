//! Is somebody looking round, before anything is done? Names that do not exist or carry something, hosts that nobody
//! visits, folders never opened, services never asked what they hold: one alone is curiosity, several within half an
//! hour are a search (ATT&CK TA0007, Discovery; TA0043, Reconnaissance).
//!
//! Each way of looking is a count of things never touched in ten minutes, judged by the looker's own windows and its
//! peers' ([`Breadth`], [`DnsProfile`]). What three others touch is no news, so that who is new follows its peers; what
//! three others show in the same half hour has a common cause, such as an outage. Ways add up because each has causes
//! of its own. Reading and sending are none of them: the signal is there before either, and claims neither.
//! O(log n) an event; about 4 kB a looker, of at most 4,096.

use crate::doer::Doers;
use crate::looked_at::{Look, Way};
use homeostat_baseline::{Breadth, DnsProfile};
use homeostat_core::{
    Bits, EntityKey, EntityKind, EventRef, Occurrence, Reason, Role, Signal, Technique, Timestamp,
};
use homeostat_event::Event;
use homeostat_identity::Directory;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod kept;

/// How long looks belong together, in microseconds: half an hour, what one sitting takes.
const TOGETHER: i64 = 1_800_000_000;
/// From how many others on something is everybody's.
const EVERYBODY: usize = 3;
/// The least that a way of looking counts, and the most: none of them alone is told.
const COUNTS: Bits = Bits::LOW;
const MOST_OF_ONE_WAY: Bits = Bits::HIGH;
/// From when on a way of looking is so odd that others who show it too share a cause: one new host is chance.
const SHOWS: Bits = Bits::MEDIUM;
/// From how many new things on a way of looking counts: one or two are chance.
const THINGS_OF_A_WAY: usize = 3;
/// How many ways make a search, and how much together is told: half of what opens a story.
const WAYS: usize = 2;
const TOLD: Bits = Bits::CRITICAL;
/// The most that all ways weigh: as much as contact with what is known to be bad, so that a story opens by it alone.
const MOST: Bits = Bits::KNOWN_BAD;
/// The most lookers kept; further ones are not judged.
const LOOKERS: usize = 4_096;
/// The most things of one generation of which it is known who touched them.
const THINGS: usize = 65_536;
/// The most events remembered of one way of looking.
const EVIDENCE: usize = 64;

/// What an entity, or all of its kind, usually looks at.
#[derive(Clone)]
struct Habit {
    ways: [Breadth; 4],
    names: Option<Box<DnsProfile>>,
}

impl Default for Habit {
    fn default() -> Self {
        Self { ways: core::array::from_fn(|_| Breadth::default()), names: None }
    }
}

/// What one way of looking has shown lately.
#[derive(Clone)]
struct Sight {
    bits: Bits,
    things: f64,
    last: Timestamp,
    events: Vec<EventRef>,
}

impl Default for Sight {
    fn default() -> Self {
        Self { bits: Bits::ZERO, things: 0.0, last: Timestamp::UNKNOWN, events: Vec::new() }
    }
}

impl Sight {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.last).is_some_and(|age| (0..=TOGETHER).contains(&age))
    }

    /// Whether it is one of the ways of a search.
    fn is_looking(&self, now: Timestamp) -> bool {
        self.bits >= COUNTS && self.events.len() >= THINGS_OF_A_WAY && self.is_fresh(now)
    }
}

/// One who looks round.
#[derive(Clone)]
struct Looker {
    habit: Habit,
    sights: [Sight; 4],
    // What was told last, of how many ways, and when.
    told: (Bits, usize, Timestamp),
}

impl Default for Looker {
    fn default() -> Self {
        let sights = core::array::from_fn(|_| Sight::default());
        Self { habit: Habit::default(), sights, told: (Bits::ZERO, 0, Timestamp::UNKNOWN) }
    }
}

/// Tells of those who look round in several ways within half an hour.
#[derive(Clone, Default)]
pub struct Intent {
    seed: u64,
    expected: BTreeSet<EntityKey>,
    doers: Doers,
    lookers: BTreeMap<EntityKey, Looker>,
    peers: BTreeMap<EntityKind, Habit>,
    // Who touched a thing, by hash: a generation that fills up, and the one before it.
    touched: BTreeMap<u64, Vec<u64>>,
    touched_before: BTreeMap<u64, Vec<u64>>,
    // Who showed something by each way lately.
    showing: [Vec<(u64, Timestamp)>; 4],
}

impl Intent {
    /// Watches with hashes that follow from `seed`, the tenant's, so that nobody outside can choose names that collide.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Those of whom the tenant has declared that looking round is their work, such as the account of a scanner.
    #[must_use]
    pub fn expecting(mut self, who: impl IntoIterator<Item = EntityKey>) -> Self {
        self.expected.extend(who);
        self
    }

    /// Takes in what is looked at in `event`; gives the one signal for all ways when they are a search.
    pub(crate) fn observe(&mut self, event: &Event, directory: &Directory) -> Option<Signal> {
        let (look, occurrence) = (Look::of(event)?, event.occurrence()?);
        let who = &self.doers.of(event, directory)?;
        if who.is_public_address() || self.is_expected(event, who) {
            return None;
        }
        if self.lookers.len() >= LOOKERS && !self.lookers.contains_key(who) {
            return None;
        }
        let (bits, things) = self.judge(&look, (who, occurrence.time))?;
        let own = self.lookers.get_mut(who)?;
        let sight = own.sights.get_mut(look.way as usize)?;
        if !sight.is_fresh(occurrence.time) {
            *sight = Sight::default();
        }
        sight.bits = sight.bits.max(bits.min(MOST_OF_ONE_WAY));
        (sight.things, sight.last) = (sight.things.max(things), occurrence.time);
        if sight.events.len() < EVIDENCE {
            sight.events.push(occurrence.event.clone());
        }
        if sight.bits >= SHOWS {
            self.show(look.way, who.hash64(), occurrence.time);
        }
        self.conclude(who, &occurrence)
    }

    fn is_expected(&self, event: &Event, who: &EntityKey) -> bool {
        let named = || event.entities().into_iter().any(|(key, _)| self.expected.contains(&key));
        !self.expected.is_empty() && (self.expected.contains(who) || named())
    }

    /// How odd a look is, and how many new things its window holds; `None` for what is no news.
    fn judge(&mut self, look: &Look<'_>, (who, now): (&EntityKey, Timestamp)) -> Option<(Bits, f64)> {
        let thing = look.thing(self.seed);
        let everybodys = self.touch(thing, who.hash64());
        let peers = self.peers.entry(who.kind()).or_default();
        let habit = &mut self.lookers.entry(who.clone()).or_default().habit;
        for (own, all) in habit.ways.iter_mut().zip(&mut peers.ways) {
            own.idle(now, Some(all));
        }
        let carried = look.query(now).map(|query| {
            let fresh = || Box::new(DnsProfile::new(self.seed));
            let all = peers.names.get_or_insert_with(fresh);
            let told = habit.names.get_or_insert_with(fresh).observe(&query, Some(all));
            told.tunnel.max(told.letters)
        });
        let way = look.way as usize;
        let (own, all) = habit.ways.get_mut(way).zip(peers.ways.get_mut(way))?;
        if everybodys || !look.counts {
            own.know(thing);
        }
        let told = own.observe(now, thing, Some(all));
        let carried = carried.filter(|bits| *bits >= COUNTS && !everybodys);
        let odd = told.is_new || carried.is_some();
        odd.then(|| (told.bits.max(carried.unwrap_or(Bits::ZERO)), told.new_things))
    }

    /// Notes that `who` touched `thing`; tells whether it is everybody's.
    fn touch(&mut self, thing: u64, who: u64) -> bool {
        if self.touched.len() >= THINGS && !self.touched.contains_key(&thing) {
            self.touched_before = core::mem::take(&mut self.touched);
        }
        let now = self.touched.entry(thing).or_default();
        if now.len() <= EVERYBODY && !now.contains(&who) {
            now.push(who);
        }
        let before = self.touched_before.get(&thing).into_iter().flatten();
        let others: BTreeSet<&u64> = now.iter().chain(before).filter(|other| **other != who).collect();
        others.len() >= EVERYBODY
    }

    fn show(&mut self, way: Way, who: u64, now: Timestamp) {
        let Some(showing) = self.showing.get_mut(way as usize) else { return };
        showing.retain(|(other, at)| *other != who && now.since(*at).is_some_and(|age| age <= TOGETHER));
        if showing.len() < LOOKERS {
            showing.push((who, now));
        }
    }

    /// Whether so many others show the same way of looking now that it has a cause in common.
    fn is_common(&self, way: usize, who: u64, now: Timestamp) -> bool {
        let lately = |at: &Timestamp| now.since(*at).is_some_and(|age| age <= TOGETHER);
        let showing = self.showing.get(way).into_iter().flatten();
        showing.filter(|(other, at)| *other != who && lately(at)).count() >= EVERYBODY
    }

    fn conclude(&mut self, who: &EntityKey, occurrence: &Occurrence) -> Option<Signal> {
        let now = occurrence.time;
        let hash = who.hash64();
        let common: Vec<bool> = (0..4).map(|way| self.is_common(way, hash, now)).collect();
        let looker = self.lookers.get_mut(who)?;
        let ways: Vec<(Way, &Sight)> = Way::ALL
            .into_iter()
            .zip(&looker.sights)
            .zip(common)
            .filter(|((_, sight), common)| sight.is_looking(now) && !common)
            .map(|(seen, _)| seen)
            .collect();
        let sum: f64 = ways.iter().map(|(_, sight)| sight.bits.get()).sum();
        let bits = Bits::new(sum).min(MOST);
        if ways.len() < WAYS || bits < TOLD {
            return None;
        }
        let (before, of, at) = looker.told;
        let lately = now.since(at).is_some_and(|age| age <= TOGETHER);
        if lately && bits <= before && ways.len() <= of {
            return None;
        }
        let signal = tell(who, occurrence, (bits, &ways));
        looker.told = (bits, ways.len(), now);
        Some(signal)
    }
}

fn tell(who: &EntityKey, occurrence: &Occurrence, (bits, ways): (Bits, &[(Way, &Sight)])) -> Signal {
    let mut signal = Signal::new("intent", occurrence, who, bits);
    "reconnaissance or staging".clone_into(&mut signal.kind);
    "looks round in several ways".clone_into(&mut signal.action);
    signal.involve(who.clone(), Role::Actor);
    let mut ways = ways.to_vec();
    ways.sort_by(|(_, a), (_, b)| b.bits.get().total_cmp(&a.bits.get()));
    for (way, sight) in ways {
        signal.techniques.extend(Technique::parse(way.technique()));
        let observed = format!("{:.0} in ten minutes", sight.things);
        signal.reasons.push(Reason::new(way.as_str(), observed, "own and peers' habit", sight.bits));
        let known = |event: &&EventRef| !signal.evidence.contains(event);
        let more: Vec<EventRef> = sight.events.iter().filter(known).cloned().collect();
        signal.evidence.extend(more);
    }
    signal
}

impl fmt::Debug for Intent {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Intent({} lookers, {} things)", self.lookers.len(), self.touched.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::{Forget as _, Keep as _, TenantId};
    use serde_json::{Value, json};

    /// Four desks that look up the same names every ten minutes for ten days, and open a folder an hour.
    struct Office {
        intent: Intent,
        directory: Directory,
        number: u64,
        minute: i64,
    }

    impl Office {
        fn new(intent: Intent) -> Self {
            let directory = Directory::new(TenantId::new("acme").unwrap());
            let mut office = Self { intent, directory, number: 0, minute: 0 };
            for window in 0..600_i64 {
                office.minute = window * 10;
                for desk in 1..=4 {
                    let name = format!("www.site-{}.example", window % 9);
                    assert!(office.ask(desk, &name, 0).is_none());
                    if window % 6 == 0 {
                        assert!(office.list(desk, &format!("Team {}", window % 5)).is_none());
                    }
                }
            }
            office.minute += 10;
            office
        }

        fn see(&mut self, desk: u64, class: u64, more: &Value) -> Option<Signal> {
            let mut told = json!({
                "class_uid": class, "time": 1_770_000_000_000_i64 + self.minute * 60_000,
                "src_endpoint": { "ip": format!("10.0.0.{desk}") },
            });
            told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut event = Event::from_json(&told.to_string()).unwrap();
            event.set_tenant(&TenantId::new("acme").unwrap());
            event.set_reference(&EventRef::new("log", self.number).unwrap());
            self.number += 1;
            self.intent.observe(&event, &self.directory)
        }

        fn ask(&mut self, desk: u64, name: &str, rcode: u64) -> Option<Signal> {
            self.see(desk, 4_003, &json!({ "query": { "hostname": name }, "rcode_id": rcode }))
        }

        fn list(&mut self, desk: u64, folder: &str) -> Option<Signal> {
            let file = json!({ "name": folder, "type_id": 2, "path": folder });
            self.see(desk, 6_006, &json!({ "activity_id": 14, "file": file }))
        }

        /// Thirty names that do not exist; the last signal.
        fn guess(&mut self, desk: u64) -> Option<Signal> {
            (0..30).filter_map(|name| self.ask(desk, &format!("d{desk}-{name}.corp.example"), 3)).last()
        }

        fn rummage(&mut self, desk: u64) -> Option<Signal> {
            (0..20).filter_map(|folder| self.list(desk, &format!("Board {folder}"))).last()
        }
    }

    #[test]
    fn two_ways_of_looking_within_half_an_hour_are_one_signal_and_one_is_none() {
        let mut office = Office::new(Intent::default());
        assert!(office.guess(1).is_none(), "names alone are curiosity");
        office.minute += 5;
        let told = office.rummage(1).unwrap();
        assert_eq!((told.kind.as_str(), told.bits), ("reconnaissance or staging", MOST));
        assert!(told.techniques.iter().all(|technique| ["T1018", "T1083"].contains(&technique.as_str())));
        assert!(told.evidence.len() > 30 && told.reasons.len() == 2, "{told:?}");
        assert!(office.rummage(1).is_none(), "told once");
        assert!(office.guess(2).is_none());
        office.minute += 45;
        assert!(office.rummage(2).is_none(), "too far apart");
    }

    #[test]
    fn what_three_others_show_has_a_common_cause_and_what_is_declared_is_expected() {
        let mut office = Office::new(Intent::default());
        assert!((2..=4).all(|desk| office.guess(desk).is_none()));
        assert!(office.guess(1).is_none() && office.rummage(1).is_none(), "an outage is nobody's search");
        let scanner = EntityKey::new(EntityKind::Ip, "acme", "10.0.0.1").unwrap();
        let mut office = Office::new(Intent::new(7).expecting([scanner.clone()]));
        assert!(office.guess(1).is_none() && office.rummage(1).is_none());
        let kept = office.intent.keep();
        let mut again = Intent::default();
        again.recall(&kept).unwrap();
        assert_eq!(again.keep(), kept);
        assert!(again.recall(&kept[..kept.len() - 9]).is_err());
        office.intent = again;
        assert!(office.intent.forget(&scanner) && !office.intent.forget(&scanner));
        assert!(!format!("{:?}", office.intent).contains("Board"));
    }
}
