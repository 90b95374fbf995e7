//! What a server never did: start a program of that name, or call a place outside. Servers do the same for months, so
//! that the first deed of somebody who got in stands out before anybody has a name for the weakness.
//!
//! How unlikely something new is, is told by how often new things come, as firsts in so many hours, (k + ½) / (h + 1)
//! (Krichevsky and Trofimov, IEEE Trans. Inf. Theory 27(2), 1981): where something is new every day nothing weighs.
//! So is it where a program starts something new on some host each week. Each host is watched for a week before
//! anything is told of it; what three hosts do is usual; what comes within two hours of a declared change is learnt in
//! silence. What was odd once stays odd until it was seen on seven days.
//! O(log n) an event; at most 65,536 habits are kept.

use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, Occurrence, Reason, RiskView, Role, Signal, Technique,
};
use homeostat_event::{ClassUid, Event, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod kept;

/// One hour and one day, in microseconds.
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// How long a host is learnt before anything is told: a week holds its weekly jobs.
const LEARNING: i64 = 7 * DAY;
/// How long a declared change excuses what is new: as long as a deployment takes, with its first requests.
const CHANGE: i64 = 2 * HOUR;
/// How near two firsts are one deed.
const ONE_DEED: i64 = HOUR;
/// From how many hosts on something is usual, and from how many days on it is so for one.
const EVERYBODY: usize = 3;
const USUAL_DAYS: u32 = 7;
/// The least that is told, and the most of one first and of two that are one deed.
const TOLD: Bits = Bits::MEDIUM;
const MOST: Bits = Bits::HIGH;
const MOST_TOGETHER: Bits = Bits::CRITICAL;
/// The most habits kept, and the most things of one of them; more teach nothing.
const HABITS: usize = 65_536;
const THINGS: usize = 1_024;
/// Stands for all hosts where a host's name is asked for.
const ANYWHERE: &str = "";
/// OCSF's activity of a process that starts.
const LAUNCH: u32 = 1;

/// One thing that is done: when first and last, on how many days, and what it weighed when it was odd.
#[derive(Clone, Copy)]
struct Done {
    last: i64,
    days: u32,
    odd: Bits,
}

/// What one program starts on one host, or one host calls.
#[derive(Clone)]
struct Habit {
    first: i64,
    // Firsts after the time of learning.
    firsts: u32,
    done: BTreeMap<u64, Done>,
}

/// Tells what servers never did before.
#[derive(Clone, Default)]
pub struct Servers {
    habits: BTreeMap<(String, String), Habit>,
    // On which hosts something was seen: the first few.
    hosts: BTreeMap<u64, BTreeSet<u64>>,
    // Addresses that strangers call.
    serving: BTreeSet<EntityKey>,
    // Which host stands behind an address, as its own sensor says.
    machines: BTreeMap<String, (String, EntityKey)>,
    // The last first of each host, and the last declared change.
    firsts: BTreeMap<String, (&'static str, Bits, i64)>,
    changes: BTreeMap<String, i64>,
}

/// What is told: kind and technique.
type Finding = (&'static str, &'static str);

const CHILD: Finding = ("server starts what it never started", "T1059");
const CHILD_SERVING: Finding = ("server starts what it never started", "T1190");
const CALL: Finding = ("server calls where it never called", "T1071");

/// One deed of a host: by which program, what, and how it is told.
struct Deed {
    host: String,
    about: EntityKey,
    by: String,
    what: String,
    finding: Finding,
}

impl Habit {
    fn new(now: i64) -> Self {
        Self { first: now, firsts: 0, done: BTreeMap::new() }
    }

    /// Learns `thing`; gives what it weighs when it is new, or was odd and is not yet usual.
    fn learn(&mut self, thing: u64, now: i64, common: bool) -> Option<Bits> {
        let watched = now.saturating_sub(self.first).saturating_sub(LEARNING);
        if let Some(done) = self.done.get_mut(&thing) {
            let another = now.div_euclid(DAY) > done.last.div_euclid(DAY);
            done.days = done.days.saturating_add(u32::from(another));
            done.last = done.last.max(now);
            return (done.odd >= TOLD && done.days < USUAL_DAYS && !common).then_some(done.odd);
        }
        let hours = watched.max(0) / HOUR;
        let expected = (f64::from(self.firsts) + 0.5) / (hours as f64 + 1.0);
        let odd = if watched > 0 && !common {
            Bits::of_probability(expected.min(1.0)).min(MOST)
        } else {
            Bits::ZERO
        };
        self.firsts = self.firsts.saturating_add(u32::from(watched > 0));
        if self.done.len() < THINGS {
            self.done.insert(thing, Done { last: now, days: 1, odd });
        }
        Some(odd).filter(|bits| *bits >= TOLD)
    }
}

impl Servers {
    fn judge(&mut self, deed: &Deed, now: i64) -> Option<Bits> {
        let thing = homeostat_core::xxh64(deed.what.as_bytes());
        let changed =
            self.changes.get(&deed.host).is_some_and(|at| (0..CHANGE).contains(&now.saturating_sub(*at)));
        let common = self.is_common(deed, thing) || changed;
        let own = self.learn(&deed.host, &deed.by, (thing, now, common));
        if deed.by.is_empty() {
            return own;
        }
        // A program that starts something new somewhere each week, as whatever hands out software does, surprises
        // nowhere.
        let anywhere = self.learn(ANYWHERE, &deed.by, (thing, now, common));
        own.zip(anywhere).map(|(own, anywhere)| own.min(anywhere))
    }

    fn learn(&mut self, host: &str, by: &str, (thing, now, common): (u64, i64, bool)) -> Option<Bits> {
        let key = (host.to_owned(), by.to_owned());
        if self.habits.len() >= HABITS && !self.habits.contains_key(&key) {
            return None;
        }
        self.habits.entry(key).or_insert_with(|| Habit::new(now)).learn(thing, now, common)
    }

    /// Whether three other hosts do the same; notes that this one does.
    fn is_common(&mut self, deed: &Deed, thing: u64) -> bool {
        let pair = thing ^ homeostat_core::xxh64(deed.by.as_bytes()).rotate_left(1);
        if self.hosts.len() >= HABITS && !self.hosts.contains_key(&pair) {
            return false;
        }
        let host = homeostat_core::xxh64(deed.host.as_bytes());
        let hosts = self.hosts.entry(pair).or_default();
        let others = hosts.len().saturating_sub(usize::from(hosts.contains(&host)));
        if hosts.len() <= EVERYBODY {
            hosts.insert(host);
        }
        others >= EVERYBODY
    }

    /// Two firsts of different kinds within an hour are one deed, as unlikely as both together.
    fn together(&mut self, deed: &Deed, bits: Bits, now: i64) -> Bits {
        let before = self.firsts.insert(deed.host.clone(), (deed.finding.0, bits, now));
        let near = |at: i64| (0..ONE_DEED).contains(&now.saturating_sub(at));
        match before {
            Some((kind, other, at)) if kind != deed.finding.0 && near(at) => {
                Bits::new(bits.get() + other.get()).min(MOST_TOGETHER)
            }
            _ => bits,
        }
    }

    fn note_change(&mut self, event: &Event, now: i64) {
        let names =
            event.device().into_iter().flat_map(|device| [device.hostname(), device.name(), device.ip()]);
        for name in names.flatten().map(str::to_ascii_lowercase) {
            if self.changes.len() < HABITS || self.changes.contains_key(&name) {
                self.changes.insert(name, now);
            }
        }
    }

    fn started(&mut self, event: &Event) -> Option<Deed> {
        let child = program(event.process()?)?;
        let actor = event.actor_told().and_then(|actor| actor.process());
        let parent = actor.or_else(|| event.process()?.parent_process()).and_then(program)?;
        let device = event.device()?;
        let host = device.hostname().or(device.name())?.to_ascii_lowercase();
        let about =
            event.entities().into_iter().find(|(_, role)| *role == Role::Device).map(|(key, _)| key)?;
        if let Some(ip) =
            device.ip().filter(|ip| self.machines.len() < HABITS || self.machines.contains_key(*ip))
        {
            self.machines.insert(ip.to_owned(), (host.clone(), about.clone()));
        }
        let serves = device.ip().is_some_and(|ip| self.serving.iter().any(|key| key.value() == ip));
        let finding = if serves { CHILD_SERVING } else { CHILD };
        Some(Deed { host, about, by: parent, what: child, finding })
    }

    /// A call of a host inside to a place outside; a call from outside makes known who serves.
    fn called(&mut self, event: &Event) -> Option<Deed> {
        let from = event.origin()?.key().filter(|key| key.kind() == EntityKind::Ip)?;
        let to = event.destination()?.key()?;
        if from.is_public_address() {
            if !to.is_public_address() && self.serving.len() < HABITS {
                self.serving.insert(to);
            }
            return None;
        }
        let outside = to.kind() != EntityKind::Ip || to.is_public_address();
        if !outside || !self.serving.contains(&from) {
            return None;
        }
        let known = self.machines.get(from.value()).cloned();
        let (host, about) = known.unwrap_or_else(|| (from.value().to_owned(), from));
        Some(Deed { host, about, by: String::new(), what: to.value().to_owned(), finding: CALL })
    }
}

/// The name of a program, without the place it lies in and the digits of its version.
pub(crate) fn program(process: &Process) -> Option<String> {
    let told =
        process.file().and_then(|file| file.name()).or_else(|| process.name()).or_else(|| process.path())?;
    let name = told.rsplit(['/', '\\']).next()?;
    let name: String = name.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

impl Detector<Event> for Servers {
    fn name(&self) -> &'static str {
        "servers"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let (class, Some(now)) = (event.class_uid(), event.when().micros()) else { return Vec::new() };
        let deed = match class {
            ClassUid::APPLICATION_LIFECYCLE | ClassUid::DEVICE_CONFIG_STATE_CHANGE => {
                self.note_change(event, now);
                None
            }
            ClassUid::PROCESS_ACTIVITY if event.activity_id() == LAUNCH => self.started(event),
            ClassUid::NETWORK_ACTIVITY | ClassUid::HTTP_ACTIVITY => self.called(event),
            _ => None,
        };
        let (Some(deed), Some(occurrence)) = (deed, event.occurrence()) else { return Vec::new() };
        let Some(bits) = self.judge(&deed, now) else { return Vec::new() };
        let bits = self.together(&deed, bits, now);
        vec![tell(&deed, &occurrence, bits)]
    }
}

fn tell(deed: &Deed, occurrence: &Occurrence, bits: Bits) -> Signal {
    let (kind, technique) = deed.finding;
    let mut signal = Signal::new(kind, occurrence, &deed.about, bits);
    signal.techniques.extend(Technique::parse(technique));
    signal.reasons.push(Reason::new("server", "for the first time", "what it did for weeks", bits));
    signal
}

impl fmt::Debug for Servers {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Servers({} habits, {} serving)", self.habits.len(), self.serving.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_weighs_where_nothing_is_new_for_weeks() {
        let mut calm = Habit::new(0);
        for hour in 0..40 * 24 {
            assert_eq!(calm.learn(1, hour * HOUR, false), None);
        }
        let odd = calm.learn(2, 40 * DAY, false);
        assert!(odd >= Some(Bits::new(10.0)));
        assert_eq!(calm.learn(2, 41 * DAY, false), odd, "what was odd stays so");
        let usual = (42..60).filter_map(|day| calm.learn(2, day * DAY, false)).count();
        assert_eq!(usual, 4, "until it was seen on seven days");
        let mut busy = Habit::new(0);
        let told = (0..40_u64).filter_map(|day| busy.learn(day, day.cast_signed() * DAY, false));
        assert!(told.count() <= 3, "where something is new every day nothing is told");
    }

    #[test]
    fn what_a_declared_change_brings_is_learnt_in_silence() {
        let mut habit = Habit::new(0);
        assert_eq!(habit.learn(1, 30 * DAY, true), None);
        assert_eq!(habit.learn(1, 31 * DAY, false), None);
    }

    #[test]
    fn who_starts_something_new_somewhere_each_week_surprises_on_no_host() {
        let told = |weekly: bool| {
            let mut servers = Servers::default();
            let start = |host: &str, what: &str| {
                let about = EntityKey::new(EntityKind::Hostname, "acme", host).unwrap();
                Deed { host: host.into(), about, by: "agent".into(), what: what.into(), finding: CHILD }
            };
            for hour in 0..800_i64 {
                servers.judge(&start("pc-1", "checks"), hour * HOUR);
                if weekly && hour % 84 == 0 {
                    servers.judge(&start("pc-2", &format!("setup {hour}")), hour * HOUR);
                }
            }
            servers.judge(&start("pc-1", "rollout"), 800 * HOUR)
        };
        assert!(told(false) >= Some(TOLD));
        assert_eq!(told(true), None);
    }

    #[test]
    fn what_is_kept_comes_back_and_a_host_is_forgotten() {
        use homeostat_core::{Forget as _, Keep as _};
        let about = EntityKey::new(EntityKind::Hostname, "acme", "web-1").unwrap();
        let deed = |what: &str| Deed {
            host: "web-1".into(),
            about: about.clone(),
            by: "nginx".into(),
            what: what.into(),
            finding: CHILD,
        };
        let mut servers = Servers::default();
        let odd = (0..400_i64).filter_map(|hour| servers.judge(&deed("worker"), hour * HOUR)).count();
        assert_eq!(odd, 0);
        servers.machines.insert("10.0.0.5".into(), ("web-1".into(), about.clone()));
        let mut again = Servers::default();
        again.recall(&servers.keep()).unwrap();
        assert_eq!(again.keep(), servers.keep());
        let first = |servers: &mut Servers| {
            let deed = deed("sh");
            let bits = servers.judge(&deed, 400 * HOUR).unwrap();
            servers.together(&deed, bits, 400 * HOUR)
        };
        assert_eq!(first(&mut again), first(&mut servers));
        assert_eq!(again.keep(), servers.keep());
        assert!(again.recall(b"SERV").is_err(), "cut");
        assert!(servers.forget(&about) && !servers.forget(&about));
        // What a program starts anywhere names nobody.
        assert!(servers.habits.keys().all(|(host, _)| host == ANYWHERE) && servers.machines.is_empty());
        assert!(!String::from_utf8_lossy(&servers.keep()).contains("web-1"));
    }
}
