//! What machines do to one another on the network, where nothing tells of programs or people: calling far places that
//! nobody else calls, sending files there, and administering a machine that serves nobody.
//!
//! A *member* is a machine that asks directory or name servers; administered by another member it is being moved to.
//! A *far place* lies in another network than who calls it and is called by few. Once such a place shows one of the
//! signs (an odd port held long, a certificate nobody vouches for, files put there, a program brought from there, the
//! same call again and again) all that goes on with it is told. Private networks are told apart by their first 16
//! bits, IPv6 by its first 48. One pass; at most 65,536 pairs and places, O(log n) an event.

use crate::written::{all, flag, put_all, put_flag};
use homeostat_core::{
    Bits, Detector, EntityKey, Forget, Keep, Occurrence, Reason, RiskView, Role, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique,
};
use homeostat_event::{ClassUid, Event, Origin};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The most pairs of machines and places kept; beyond it new ones are not judged.
const KEPT: usize = 65_536;
/// From how many callers on a place is everybody's.
const EVERYBODY: usize = 3;
/// How long a connection lasts that is held open, in milliseconds: ten minutes, longer than a page is read.
const HELD: i64 = 600_000;
/// From how many equal calls on somebody calls again and again.
const AGAIN: u32 = 32;
/// Ports that everybody calls.
const USUAL_PORTS: [u16; 8] = [25, 53, 80, 123, 443, 587, 853, 993];
/// Ports by which a machine asks who and where: names, tickets, directory.
const ASKING: [u16; 4] = [53, 88, 389, 636];
/// Ports by which one machine administers another, with the technique of each.
const ADMINISTRATION: &[(u16, &str, Bits)] = &[
    (22, "T1021.004", Bits::LOW),
    (135, "T1021.003", Bits::LOW),
    (445, "T1021.002", Bits::LOW),
    (3389, "T1021.001", Bits::MEDIUM),
    (5900, "T1021.005", Bits::MEDIUM),
    (5985, "T1021.006", Bits::MEDIUM),
    (5986, "T1021.006", Bits::MEDIUM),
];

/// Ends of names that run on machines but are also parts of pages and of names of places.
const OF_PAGES: [&str; 2] = [".js", ".com"];

/// What is told: kind, technique, bits.
type Finding = (&'static str, &'static str, Bits);

const HELD_ODD: Finding = ("odd port held open", "T1571", Bits::MEDIUM);
const UNVOUCHED: Finding = ("certificate that nobody vouches for", "T1573.002", Bits::MEDIUM);
const PUT: Finding = ("files put at a far place", "T1048.003", Bits::MEDIUM);
const BROUGHT: Finding = ("program brought from a far place", "T1105", Bits::MEDIUM);
const CALLED_AGAIN: Finding = ("the same call again and again", "T1071.001", Bits::LOW);
/// Whatever else goes on with a place that showed a sign.
const GOES_ON: Finding = ("calls a place that showed signs", "T1071.001", Bits::LOW);
const MOVED: &str = "administers a machine that serves nobody";

/// What is known of one machine calling another.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    calls: u32,
    port: u16,
    odd: bool,
}

/// Tells what is odd in who calls whom.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    pairs: BTreeMap<(EntityKey, EntityKey), Pair>,
    callers: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    members: BTreeSet<EntityKey>,
    // Who serves names, tickets or a directory.
    servers: BTreeSet<EntityKey>,
}

/// One connection: from where, to where.
struct Call {
    from: EntityKey,
    to: EntityKey,
    port: u16,
}

impl Call {
    fn of(event: &Event) -> Option<Self> {
        let seen = || event.evidences().iter().find_map(|evidence| evidence.dst_endpoint());
        let to = event.destination().and_then(|end| Some((end.key()?, end.port()?)));
        let from = event.origin().and_then(|end: Origin<'_>| end.key())?;
        let (to, port) = to.or_else(|| {
            let end = seen()?;
            let named = event.named();
            let (key, _) = named.iter().find(|(key, _)| Some(key.value()) == end.ip())?;
            Some((key.clone(), u16::try_from(end.port()?).ok()?))
        })?;
        let addresses = [&from, &to].into_iter().all(|key| key.kind() == homeostat_core::EntityKind::Ip);
        (addresses && from != to && !is_many(to.value())).then_some(Self { from, to, port })
    }

    /// Whether it leaves the network of the caller.
    fn is_far(&self) -> bool {
        network(self.from.value()) != network(self.to.value())
    }
}

impl Conduct {
    fn learn(&mut self, call: &Call, calls: u32) {
        if ASKING.contains(&call.port) {
            self.members.insert(call.from.clone());
            self.servers.insert(call.to.clone());
        }
        let room = self.callers.len() < KEPT;
        if room || self.callers.contains_key(&call.to) {
            let callers = self.callers.entry(call.to.clone()).or_default();
            if callers.len() < EVERYBODY {
                callers.insert(call.from.clone());
            }
        }
        let key = (call.from.clone(), call.to.clone());
        if self.pairs.len() < KEPT || self.pairs.contains_key(&key) {
            let pair = self.pairs.entry(key).or_default();
            pair.calls = if pair.port == call.port { pair.calls.saturating_add(calls) } else { calls };
            pair.port = call.port;
        }
    }

    fn is_everybodys(&self, place: &EntityKey) -> bool {
        self.servers.contains(place)
            || self.callers.get(place).is_some_and(|callers| callers.len() >= EVERYBODY)
    }

    fn judge(&mut self, call: &Call, event: &Event) -> Option<Finding> {
        let port = |(port, ..): &&(u16, &str, Bits)| *port == call.port;
        let administers = ADMINISTRATION.iter().find(port).filter(|_| self.members.contains(&call.to));
        if self.is_everybodys(&call.to) {
            return None;
        }
        if let Some((_, technique, bits)) = administers {
            return Some((MOVED, technique, *bits));
        }
        if !call.is_far() {
            return None;
        }
        let pair = self.pairs.get_mut(&(call.from.clone(), call.to.clone()))?;
        let again = pair.calls >= AGAIN && !USUAL_PORTS.contains(&call.port);
        let sign = sign(call, event).or(again.then_some(CALLED_AGAIN));
        let known = pair.odd;
        pair.odd |= sign.is_some();
        sign.or(known.then_some(GOES_ON))
    }
}

/// What one event shows of a far place.
fn sign(call: &Call, event: &Event) -> Option<Finding> {
    let method = event.http_request().and_then(|request| request.http_method());
    let puts = || matches!(method.or(event.activity_name()), Some("PUT" | "PROPPATCH" | "MKCOL" | "MOVE"));
    let held = || event.duration().is_some_and(|span| span >= HELD);
    let odd = !USUAL_PORTS.contains(&call.port);
    if is_unvouched(event) {
        Some(UNVOUCHED)
    } else if puts() {
        Some(PUT)
    } else if brings_program(event) {
        Some(BROUGHT)
    } else if odd && held() {
        Some(HELD_ODD)
    } else {
        None
    }
}

/// Whether the certificate shown is signed by itself or by nobody known.
fn is_unvouched(event: &Event) -> bool {
    let told = [event.status_detail(), event.message()];
    told.into_iter().flatten().any(|text| {
        let text = text.to_ascii_lowercase();
        text.contains("self signed")
            || text.contains("self-signed")
            || text.contains("unable to get local issuer")
    })
}

/// Whether a program was asked for or given.
fn brings_program(event: &Event) -> bool {
    let path = event.http_request().and_then(|request| request.url()).and_then(|url| url.path());
    let named = path.map(str::to_ascii_lowercase).is_some_and(|path| {
        crate::program::is_runnable(&path) && !OF_PAGES.iter().any(|end| path.ends_with(end))
    });
    let kind = event.http_response().and_then(|response| response.content_type());
    named || kind.is_some_and(|kind| kind.contains("dosexec") || kind.contains("x-executable"))
}

/// The network an address lies in, as far as addresses tell.
pub(crate) fn network(address: &str) -> Option<u64> {
    match address.parse().ok()? {
        IpAddr::V4(four) => Some(u64::from(four.to_bits() >> 16)),
        IpAddr::V6(six) => u64::try_from(six.to_bits() >> 80).ok().map(|bits| bits | 1 << 63),
    }
}

/// Whether an address means many machines.
fn is_many(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(four)) => four.is_multicast() || four.is_broadcast() || four.octets().ends_with(&[255]),
        Ok(IpAddr::V6(six)) => six.is_multicast(),
        Err(_) => true,
    }
}

impl Detector<Event> for Conduct {
    fn name(&self) -> &'static str {
        "conduct"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let network =
            event.class_uid().get() / 1_000 == 4 || event.class_uid() == ClassUid::DETECTION_FINDING;
        if !network {
            return Vec::new();
        }
        let Some(call) = Call::of(event) else { return Vec::new() };
        // A connection is counted once; other records of it tell who called whom.
        self.learn(&call, u32::from(event.class_uid() == ClassUid::NETWORK_ACTIVITY));
        let Some(occurrence) = event.occurrence() else { return Vec::new() };
        let found = self.judge(&call, event);
        found.map(|found| tell(found, &call, &occurrence)).into_iter().collect()
    }
}

fn tell((kind, technique, bits): Finding, call: &Call, occurrence: &Occurrence) -> Signal {
    let mut signal = Signal::new(kind, occurrence, &call.from, bits);
    signal.action = format!("port {}", call.port);
    signal.techniques.extend(Technique::parse(technique));
    signal.reasons.push(Reason::new("far end", kind, "what others call", bits));
    signal.involve(call.to.clone(), Role::Target);
    signal
}

impl Forget for Conduct {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.pairs.len();
        self.pairs.retain(|(from, to), _| from != entity && to != entity);
        let mut known = before != self.pairs.len();
        known |= self.callers.remove(entity).is_some();
        for callers in self.callers.values_mut() {
            known |= callers.remove(entity);
        }
        self.members.remove(entity) | self.servers.remove(entity) | known
    }
}

const MAGIC: [u8; 4] = *b"COND";
const VERSION: u16 = 1;

impl Keep for Conduct {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.pairs.iter(), |out, ((from, to), pair)| {
            out.key(from);
            out.key(to);
            out.u32(pair.calls);
            out.u32(u32::from(pair.port));
            put_flag(out, pair.odd);
        });
        put_all(&mut out, self.callers.iter(), |out, (place, callers)| {
            out.key(place);
            put_all(out, callers.iter(), SnapshotWriter::key);
        });
        put_all(&mut out, self.members.iter(), SnapshotWriter::key);
        put_all(&mut out, self.servers.iter(), SnapshotWriter::key);
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let pairs = all(&mut fields, 43, |fields| {
            let (ends, calls) = ((fields.key()?, fields.key()?), fields.u32()?);
            let port = u16::try_from(fields.u32()?).map_err(|_| SnapshotError::Invalid { field: "port" })?;
            Ok((ends, Pair { calls, port, odd: flag(fields)? }))
        })?;
        let callers =
            all(&mut fields, 25, |fields| Ok((fields.key()?, all(fields, 17, SnapshotReader::key)?)))?;
        let members = all(&mut fields, 17, SnapshotReader::key)?;
        let servers = all(&mut fields, 17, SnapshotReader::key)?;
        fields.finish()?;
        *self = Self { pairs, callers, members, servers };
        Ok(())
    }
}
