//! Does this entity send more than is usual to services outside, such as those of artificial intelligence, or to one
//! that neither it nor its peers use?
//!
//! Octets of a day are added up and judged by the log histogram of days with any upload, own and peers'; a service is
//! new by the Good–Turing chance (Good, Biometrika 40, 1953) of the entity and its peers. O(slots) an upload; below
//! 1 kB an entity.

mod services;

pub use services::ai_service;

use crate::score::trusted;
use crate::varint::{Fields, put, put_signed};
use crate::{Novelty, Volume, combine};
use homeostat_core::{Bits, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days, and uploads, that what peers know weighs at most.
const PRIOR: f64 = 20.0;
/// The share of days with more than what counts as usual.
const UNUSUAL: f64 = 0.02;

const MAGIC: [u8; 4] = *b"HUPL";
const VERSION: u16 = 1;

/// What was sent where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload<'a> {
    time: Timestamp,
    service: &'a str,
    octets: u64,
}

impl<'a> Upload<'a> {
    /// So many octets sent to `service` at `time`. Any name of a service will do, such as that of [`ai_service`].
    pub fn new(time: Timestamp, service: &'a str, octets: u64) -> Self {
        Self { time, service, octets }
    }
}

/// How surprising an upload is, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct UploadVerdict {
    /// Both reasons together.
    pub bits: Bits,
    /// Of the service being new or rare, here and for peers.
    pub service: Bits,
    /// Of so many octets in one day.
    pub volume: Bits,
    /// Octets sent on this day, this upload with them.
    pub today: u64,
    /// What only one day in fifty exceeds, own days if there are any, else those of peers; 0 while nothing is known.
    pub usual_at_most: f64,
    /// Whether a peer was seen to use the service.
    pub peers_use: bool,
    /// Days with any upload on which the volume rests, own ones.
    pub days: f64,
}

/// What an entity, or a group of them, usually sends to services outside.
///
/// One state an entity, beside one for its group: the group's is handed to each `observe` and learns what its
/// members send. It can not be merged: when two entities become one, the one with more days goes on.
///
/// ```
/// use homeostat_baseline::{Upload, Uploads};
/// use homeostat_core::Timestamp;
///
/// let (mut person, mut team) = (Uploads::new(7), Uploads::new(7));
/// let day = |day: i64| Timestamp::from_micros(day * 86_400_000_000);
/// for number in 0..40 {
///     person.observe(&Upload::new(day(number), "OpenAI", 20_000), Some(&mut team));
/// }
/// let usual = person.observe(&Upload::new(day(40), "OpenAI", 25_000), Some(&mut team));
/// let odd = person.observe(&Upload::new(day(40), "DeepSeek", 900_000_000), Some(&mut team));
/// assert!(usual.bits.get() < 2.0 && odd.bits.get() > 8.0 && !odd.peers_use);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Uploads {
    seed: u64,
    day: i64,
    today: u64,
    services: Novelty,
    sizes: Volume,
}

impl core::fmt::Debug for Uploads {
    /// Shows counts, never what was sent where.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Uploads({} days, {} uploads)", self.sizes.support(), self.services.support())
    }
}

impl Uploads {
    /// A state that knows nothing, whose hashes follow from `seed`, the tenant's.
    pub fn new(seed: u64) -> Self {
        Self { seed, day: i64::MIN, today: 0, services: Novelty::default(), sizes: Volume::default() }
    }

    /// Scores an upload, then learns it. The state of a `group` says what is usual for peers, and learns it as well.
    ///
    /// What comes for an earlier day counts for the present one; what is no moment tells and teaches nothing.
    pub fn observe(&mut self, upload: &Upload<'_>, mut group: Option<&mut Self>) -> UploadVerdict {
        let service = self.hash(upload.service);
        let Some(micros) = upload.time.micros() else { return self.verdict((1.0, 1.0), service, None) };
        let day = micros.div_euclid(DAY);
        if day > self.day {
            self.close(day, group.as_deref_mut());
        }
        self.today = self.today.saturating_add(upload.octets);
        let chances = (self.rarity(service, group.as_deref()), self.size(group.as_deref()));
        let told = self.verdict(chances, service, group.as_deref());
        let number = u32::try_from(self.day).unwrap_or(0);
        self.services.learn(service, number);
        if let Some(group) = group {
            group.services.learn(service, number);
        }
        told
    }

    /// Learns the day that ends, as one observation however much was sent, and goes on to `day`.
    fn close(&mut self, day: i64, group: Option<&mut Self>) {
        if self.today > 0 {
            let (size, number) = (self.today as f64, u32::try_from(self.day).unwrap_or(0));
            self.sizes.learn(size, number);
            if let Some(group) = group {
                group.sizes.learn(size, number);
            }
        }
        (self.day, self.today) = (day, 0);
    }

    /// The probability of a service as rare as this, for the entity and, with the weight of 20, its peers.
    fn rarity(&self, service: u64, group: Option<&Self>) -> f64 {
        let own = self.services.support() as f64;
        let peers = group.map_or(0.0, |group| (group.services.support() as f64).min(PRIOR));
        let theirs = group.map_or(1.0, |group| group.services.tail(service));
        blend((own, self.services.tail(service)), (peers, theirs))
    }

    /// The probability of a day with as much as today.
    fn size(&self, group: Option<&Self>) -> f64 {
        let today = self.today as f64;
        let peers = group.map_or(0.0, |group| group.sizes.support().min(PRIOR));
        let theirs = group.map_or(1.0, |group| group.sizes.tail(today));
        blend((self.sizes.support(), self.sizes.tail(today)), (peers, theirs))
    }

    fn verdict(&self, chances: (f64, f64), service: u64, group: Option<&Self>) -> UploadVerdict {
        let known = if self.sizes.support() > 0.0 { Some(self) } else { group };
        UploadVerdict {
            bits: Bits::of_probability(combine(&[chances.0, chances.1])),
            service: Bits::of_probability(chances.0),
            volume: Bits::of_probability(chances.1),
            today: self.today,
            usual_at_most: known.map_or(0.0, |known| known.sizes.usual_at_most(UNUSUAL)),
            peers_use: group.is_some_and(|group| group.services.knows(service)),
            days: self.sizes.support(),
        }
    }

    fn hash(&self, service: &str) -> u64 {
        crate::seed::Seed(self.seed).value(0, service)
    }

    /// The state as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u64(self.seed);
        let mut rest = Vec::new();
        put_signed(&mut rest, self.day);
        put(&mut rest, self.today);
        self.services.write(&mut rest);
        self.sizes.write(&mut rest);
        out.bytes(&rest);
        out.finish()
    }

    /// The state that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let seed = fields.u64()?;
        let mut rest = Fields(fields.bytes()?);
        let (day, today) = (rest.signed()?, rest.number()?);
        let (services, sizes) = (Novelty::read(&mut rest)?, Volume::read(&mut rest)?);
        rest.finish()?;
        fields.finish()?;
        Ok(Self { seed, day, today, services, sizes })
    }
}

/// The mean of own and peers' probability, each with its weight, no lower than so much history can vouch for.
fn blend(own: (f64, f64), peers: (f64, f64)) -> f64 {
    let history = own.0 + peers.0;
    if history <= 0.0 {
        return 1.0;
    }
    trusted((own.0 * own.1 + peers.0 * peers.1) / history, history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY)
    }

    /// Twelve people of a team who use two services with much scatter, after so many days.
    fn team(days: i64) -> (Vec<Uploads>, Uploads) {
        let (mut people, mut group) = (vec![Uploads::new(1); 12], Uploads::new(1));
        for number in 0..days {
            for (who, person) in (0_u64..).zip(&mut people) {
                let draw = crate::seed::both(number.unsigned_abs(), who);
                let service = if draw.is_multiple_of(3) { "Anthropic" } else { "OpenAI" };
                let size = 1 << (10 + draw % 8);
                person.observe(&Upload::new(day(number), service, size), Some(&mut group));
            }
        }
        (people, group)
    }

    #[test]
    fn a_heavy_day_and_a_new_service_are_told_and_ordinary_days_are_not() {
        let (mut people, mut group) = team(60);
        let person = &mut people[3];
        for number in 60..160 {
            let size = 1 << (10 + crate::seed::both(number, 3) % 8);
            let told =
                person.observe(&Upload::new(day(number.cast_signed()), "OpenAI", size), Some(&mut group));
            assert!(told.bits.get() < 8.0, "{told:?}");
        }
        let heavy = person.observe(&Upload::new(day(160), "OpenAI", 4_000_000_000), Some(&mut group));
        assert!(heavy.volume.get() > 9.0 && heavy.service.get() < 2.0, "{heavy:?}");
        let new = person.observe(&Upload::new(day(161), "DeepSeek", 2_000), Some(&mut group));
        assert!(new.service.get() > 5.0 && new.volume.get() < 3.0 && !new.peers_use, "{new:?}");
    }

    #[test]
    fn who_is_new_is_judged_by_peers() {
        let (_, mut group) = team(60);
        let usual = Uploads::new(1).observe(&Upload::new(day(60), "OpenAI", 20_000), Some(&mut group));
        let odd = Uploads::new(1).observe(&Upload::new(day(60), "OpenAI", 8_000_000_000), Some(&mut group));
        let alone = Uploads::new(1).observe(&Upload::new(day(60), "OpenAI", 8_000_000_000), None);
        assert!(usual.bits.get() < 3.0 && usual.peers_use, "{usual:?}");
        assert!(odd.volume.get() > 8.0 && alone.bits == Bits::ZERO, "{odd:?} {alone:?}");
    }

    #[test]
    fn many_small_uploads_are_one_large_one() {
        let (mut people, mut group) = team(60);
        let person = &mut people[0];
        let told =
            (0..4_000).map(|_| person.observe(&Upload::new(day(60), "OpenAI", 1_000_000), Some(&mut group)));
        let last = told.last().unwrap();
        assert!(last.volume.get() > 8.0 && last.today == 4_000_000_000, "{last:?}");
    }

    proptest! {
        #[test]
        fn any_uploads_are_sound_and_survive_their_bytes(
            uploads in prop::collection::vec((any::<i64>(), "[ab]{1,3}", any::<u64>()), 0..30), near: bool,
        ) {
            let (mut person, mut group) = (Uploads::new(5), Uploads::new(5));
            for (time, service, octets) in &uploads {
                let time = Timestamp::from_micros(if near { time % (90 * DAY) } else { *time });
                let upload = Upload::new(time, service, *octets);
                let mut restored = Uploads::from_bytes(&person.to_bytes()).unwrap();
                prop_assert!(restored == person);
                let mut copy = Uploads::from_bytes(&group.to_bytes()).unwrap();
                let told = person.observe(&upload, Some(&mut group));
                prop_assert_eq!(told, restored.observe(&upload, Some(&mut copy)));
                prop_assert!(restored == person && copy == group && told.bits.get().is_finite());
                prop_assert!(told.bits.get() <= told.service.max(told.volume).get() + 1e-9);
            }
        }

        #[test]
        fn more_is_no_less_surprising(octets in 0_u64..1 << 40, more in 0_u64..1 << 40) {
            static TEAM: LazyLock<(Vec<Uploads>, Uploads)> = LazyLock::new(|| team(20));
            let (people, mut group) = TEAM.clone();
            let mut told = |octets| {
                let upload = Upload::new(day(20), "OpenAI", octets);
                people[1].clone().observe(&upload, Some(&mut group)).volume
            };
            prop_assert!(told(octets) <= told(octets + more));
        }

        #[test]
        fn damaged_bytes_are_refused(at in any::<usize>(), change in 1_u8..) {
            static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| team(3).1.to_bytes());
            let mut bytes = BYTES.clone();
            let at = at % bytes.len();
            bytes[at] ^= change;
            prop_assert!(Uploads::from_bytes(&bytes).is_err());
        }
    }
}
