//! Does this client ask the domain name system for odd names, for too many that do not exist, or to carry data out?
//!
//! Three views, joined by the harmonic mean: the letters of the registered label against those of usual names, new
//! names without an answer in ten minutes (generated names are mostly not registered: Antonakakis et al., USENIX
//! Security 2012), and octets carried by different names below one registered name in an hour (Paxson et al., USENIX
//! Security 2013, section 3, who count what names can inform of). What is usual comes from the client and its group,
//! no threshold is fixed. O(length of the name) a query; about 2 kB a client, and 3 kB more for what knows letters.

mod letters;
mod tunnel;

use crate::domain_name::DomainName;
use crate::seed::Seed;
use crate::varint::Fields;
use crate::{Breadth, combine};
use homeostat_core::{Bits, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use letters::Letters;
use tunnel::Tunnel;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// From so many bits on a name teaches nothing of what names are made of: what is generated is not learnt as usual.
const ODD: f64 = 10.0;

const MAGIC: [u8; 4] = *b"HDNS";
const VERSION: u16 = 1;

/// What came back to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DnsAnswer {
    /// The name exists, or nothing is known of the answer.
    Found,
    /// The name does not exist (NXDOMAIN, RFC 8020).
    Missing,
}

/// One query of a client.
#[derive(Clone, Copy, Debug)]
pub struct DnsQuery<'a> {
    time: Timestamp,
    name: DomainName<'a>,
    answer: DnsAnswer,
}

impl<'a> DnsQuery<'a> {
    /// The query for `name` at `time`, and what came back.
    pub fn new(time: Timestamp, name: DomainName<'a>, answer: DnsAnswer) -> Self {
        Self { time, name, answer }
    }
}

/// How odd one query is, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DnsVerdict {
    /// The three views together.
    pub bits: Bits,
    /// Of the letters of the registered label.
    pub letters: Bits,
    /// Of so many names without an answer in ten minutes.
    pub missing: Bits,
    /// Of what queries below this registered name carried in this hour.
    pub tunnel: Bits,
    /// Different names without an answer in these ten minutes.
    pub missing_names: f64,
    /// Octets carried below this registered name in this hour, beyond twice its own usual.
    pub octets: f64,
}

/// What a client, or a group of them, usually asks.
///
/// One state a client, beside one for its group: the group's is handed to each `observe` and learns what its
/// members show. It can not be merged: when two clients become one, the one with the longer history goes on.
///
/// ```
/// use homeostat_baseline::{DnsAnswer, DnsProfile, DnsQuery, DomainName};
/// use homeostat_core::Timestamp;
///
/// let (mut client, mut group) = (DnsProfile::new(7), DnsProfile::new(7));
/// let mut ask = |minute: i64, name: &str, answer| {
///     let name = DomainName::new(name).unwrap();
///     let query = DnsQuery::new(Timestamp::from_micros(minute * 60_000_000), name, answer);
///     client.observe(&query, Some(&mut group))
/// };
/// for minute in 0..3_000 {
///     let name = format!("{}.example.org", ["www", "mail", "static", "login"][minute as usize % 4]);
///     ask(minute, &name, DnsAnswer::Found);
/// }
/// let carried = (0..60).map(|part| {
///     let name = format!("{:032x}{:016x}.t.example.net", part * 977, part * 31);
///     ask(3_000, &name, DnsAnswer::Found).tunnel.get()
/// });
/// assert!(carried.fold(0.0, f64::max) > 8.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct DnsProfile {
    seed: Seed,
    letters: Letters,
    missing: Breadth,
    tunnel: Tunnel,
}

impl core::fmt::Debug for DnsProfile {
    /// Shows counts, never a name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DnsProfile({:?}, {} names)", self.missing, self.letters.support())
    }
}

impl DnsProfile {
    /// A profile that knows nothing, whose hashes follow from `seed`: the tenant's, so that nobody outside can
    /// choose names that collide.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: Seed(seed),
            letters: Letters::default(),
            missing: Breadth::default(),
            tunnel: Tunnel::default(),
        }
    }

    /// Scores a query, then learns it. The state of a `group` says what is usual for peers, and learns it as well;
    /// letters are learnt there alone when there is a group. What is no moment tells and teaches nothing.
    pub fn observe(&mut self, query: &DnsQuery<'_>, mut group: Option<&mut Self>) -> DnsVerdict {
        let Some(micros) = query.time.micros() else { return DnsVerdict::from_parts([1.0; 3], 0.0, 0.0) };
        self.tunnel.turn(micros, group.as_deref_mut().map(|group| &mut group.tunnel));
        let registered = self.hash(query.name.registered());
        let whole = self.hash(query.name.name());
        let octets = self.tunnel.count(micros, (whole, registered), query.name.below().len());
        let carried = self.tunnel.tail(octets, group.as_deref().map(|group| &group.tunnel));
        let (missing, names) = self.miss(query, registered, group.as_deref_mut());
        let letters = group.map_or(&mut self.letters, |group| &mut group.letters);
        let odd = letters.tail(query.name.label());
        let is_usual = Bits::of_probability(odd).get() < ODD;
        if query.answer == DnsAnswer::Found && is_usual {
            letters.learn(query.name.label(), u32::try_from(micros.div_euclid(DAY)).unwrap_or(0));
        }
        DnsVerdict::from_parts([odd, missing, carried], names, octets)
    }

    /// The probability of so many names without an answer, and how many they are. Names below one registered name
    /// are one: a search list asks for each host anew.
    fn miss(&mut self, query: &DnsQuery<'_>, registered: u64, group: Option<&mut Self>) -> (f64, f64) {
        if query.answer != DnsAnswer::Missing {
            return (1.0, 0.0);
        }
        let group = group.map(|group| &mut group.missing);
        let told = self.missing.observe(query.time, registered, group);
        (told.bits.probability(), told.new_things)
    }

    fn hash(&self, name: &str) -> u64 {
        let bytes = name.bytes().map(|byte| byte.to_ascii_lowercase());
        bytes.fold(crate::seed::both(self.seed.0, 1), |hash, byte| {
            crate::seed::both(hash, u64::from(byte) + 1)
        })
    }

    /// The profile as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u64(self.seed.0);
        self.missing.write(&mut out);
        let mut rest = Vec::new();
        self.letters.write(&mut rest);
        self.tunnel.write(&mut rest);
        out.bytes(&rest);
        out.finish()
    }

    /// The profile that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let (seed, missing) = (Seed(fields.u64()?), Breadth::read(&mut fields)?);
        let mut rest = Fields(fields.bytes()?);
        let (letters, tunnel) = (Letters::read(&mut rest)?, Tunnel::read(&mut rest)?);
        rest.finish()?;
        fields.finish()?;
        Ok(Self { seed, letters, missing, tunnel })
    }
}

impl DnsVerdict {
    fn from_parts(chances: [f64; 3], missing_names: f64, octets: f64) -> Self {
        let [letters, missing, tunnel] = chances.map(Bits::of_probability);
        Self {
            bits: Bits::of_probability(combine(&chances)),
            letters,
            missing,
            tunnel,
            missing_names,
            octets,
        }
    }
}

#[cfg(test)]
mod tests;
