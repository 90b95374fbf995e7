//! Can one person have been at both places? Speed between two sign-ins, and places never seen before.
//!
//! The distance is that of the great circle (haversine; Sinnott, Sky and Telescope 68(2), 1984) on a sphere of
//! 6,371 km, off by at most 0.6 %, less than what addresses tell of places. A move faster than an airliner is
//! implausible, and how implausible is learnt: who comes by a gateway that stands elsewhere makes such moves all
//! the time, each place keeping its own count. A place is new by the Good–Turing chance (Good, Biometrika 40,
//! 1953) of the entity's own places. O(places) a sign-in; at most 16 places of 40 bytes.

mod place;

pub use place::{BadPlace, Place};

use crate::combine;
use homeostat_core::{Bits, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};

/// Kilometres an hour above which nobody travels: an airliner with the wind behind it.
const FASTEST: f64 = 1_000.0;
/// Kilometres within which two places are one: what addresses tell of places is no better.
const SAME: f64 = 100.0;
/// Hours that a move takes at least: clocks and sessions are no better than a minute.
const LEAST_HOURS: f64 = 1.0 / 60.0;
/// One in so many arrivals of anybody is implausible for no bad reason: a wrong entry in a table of addresses.
const HONEST: f64 = 1.0 / 1_024.0;
/// Arrivals at a place that outweigh what holds for all.
const PRIOR: f64 = 2.0;
/// The most places kept.
const PLACES: usize = 16;
const HOUR: i64 = 3_600_000_000;

const MAGIC: [u8; 4] = *b"HTRV";
const VERSION: u16 = 1;

/// Where an entity was and usually is.
///
/// ```
/// use homeostat_baseline::{Place, Travel};
/// use homeostat_core::Timestamp;
///
/// let (vienna, sydney) = (Place::new(48.2, 16.4)?, Place::new(-33.9, 151.2)?);
/// let mut travel = Travel::default();
/// for day in 0..30 {
///     travel.observe(Timestamp::from_micros(day * 86_400_000_000), vienna);
/// }
/// let verdict = travel.score(Timestamp::from_micros(30 * 86_400_000_000 - 80_000_000_000), sydney);
/// assert!(verdict.bits.get() > 10.0);
/// assert!(verdict.speed.is_some_and(|speed| speed > 1_000.0));
/// # Ok::<(), homeostat_baseline::BadPlace>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Travel {
    last: Option<(Timestamp, Place)>,
    // INVARIANT: at most `PLACES`.
    known: Vec<Known>,
}

/// One place that is known. Repeats within an hour are one visit, so that nobody floods a profile.
#[derive(Clone, Copy, PartialEq)]
struct Known {
    place: Place,
    last: Timestamp,
    visits: u32,
    jumps: u32,
}

/// How surprising a sign-in's place is, and why.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TravelVerdict {
    /// Both reasons together.
    pub bits: Bits,
    /// Of the move being faster than anybody travels; none when it is not.
    pub implausible: Bits,
    /// Of the place being new.
    pub new_place: Bits,
    /// Kilometres an hour from the last place, when there is one and it is another.
    pub speed: Option<f64>,
    /// Kilometres from the last place.
    pub distance: Option<f64>,
    /// Visits to this place before, by the hour.
    pub visits: u32,
    /// Implausible arrivals among them, as by a gateway.
    pub jumps: u32,
}

impl core::fmt::Debug for TravelVerdict {
    /// Shows bits, never where and how far.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TravelVerdict").field("bits", &self.bits).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Travel {
    /// Shows a count, never a place.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Travel({} places)", self.known.len())
    }
}

impl Travel {
    /// How surprising it is to be at `place` at `time`; learns nothing. Times may come in any order.
    pub fn score(&self, time: Timestamp, place: Place) -> TravelVerdict {
        let (distance, speed) = self.movement(time, place);
        let known = self.at(place);
        let (visits, jumps) = known.map_or((0, 0), |known| (known.visits, known.jumps));
        let implausible = match speed {
            Some(speed) if speed > FASTEST => chance_of_jump((visits, jumps), speed),
            _ => 1.0,
        };
        let new = if known.is_some() { 1.0 } else { self.chance_of_new() };
        let bits = |chance: f64| Bits::of_probability(chance);
        TravelVerdict {
            bits: bits(combine(&[implausible, new])),
            implausible: bits(implausible),
            new_place: bits(new),
            speed,
            distance,
            visits,
            jumps,
        }
    }

    /// Scores, then learns.
    pub fn observe(&mut self, time: Timestamp, place: Place) -> TravelVerdict {
        let verdict = self.score(time, place);
        if time.micros().is_none() {
            return verdict;
        }
        let is_jump = verdict.speed.is_some_and(|speed| speed > FASTEST);
        self.visit(time, place, u32::from(is_jump));
        // A late event never moves the entity back.
        if self.last.is_none_or(|(last, _)| last <= time) {
            self.last = Some((time, place));
        }
        verdict
    }

    fn visit(&mut self, time: Timestamp, place: Place, jumps: u32) {
        if let Some(known) = self.known.iter_mut().find(|known| known.place.distance(place) <= SAME) {
            let apart = time.since(known.last).map_or(0, i64::abs);
            if apart >= HOUR {
                known.visits = known.visits.saturating_add(1);
                known.jumps = known.jumps.saturating_add(jumps);
                known.last = known.last.max(time);
            }
            return;
        }
        if self.known.len() >= PLACES {
            let least = self.known.iter().enumerate().min_by_key(|(_, known)| (known.visits, known.last));
            if let Some(at) = least.map(|(at, _)| at) {
                self.known.remove(at);
            }
        }
        self.known.push(Known { place, last: time, visits: 1, jumps });
    }

    fn at(&self, place: Place) -> Option<&Known> {
        self.known.iter().find(|known| known.place.distance(place) <= SAME)
    }

    /// Kilometres from the last place, and kilometres an hour; what may be an error of places is no distance.
    fn movement(&self, time: Timestamp, place: Place) -> (Option<f64>, Option<f64>) {
        let Some((before, from)) = self.last else { return (None, None) };
        let distance = from.distance(place);
        let Some(micros) = time.since(before) else { return (Some(distance), None) };
        let hours = (micros.unsigned_abs() as f64 / HOUR as f64).max(LEAST_HOURS);
        let speed = (distance > SAME).then(|| (distance - SAME) / hours);
        (Some(distance), speed)
    }

    /// The chance that the next place is new: places seen once, of all visits; half for who has no history.
    fn chance_of_new(&self) -> f64 {
        let once = self.known.iter().filter(|known| known.visits == 1).count() as f64;
        let all: f64 = self.known.iter().map(|known| f64::from(known.visits)).sum();
        ((once + 0.5) / (all + 1.0)).min(1.0)
    }

    /// The travel as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u8(u8::from(self.last.is_some()));
        if let Some((time, place)) = self.last {
            out.time(time);
            place.write(&mut out);
        }
        out.len(self.known.len());
        for known in &self.known {
            known.place.write(&mut out);
            out.time(known.last);
            out.u32(known.visits);
            out.u32(known.jumps);
        }
        out.finish()
    }

    /// The travel that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "travel" };
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let last = match fields.u8()? {
            0 => None,
            1 => Some((fields.time()?, Place::read(&mut fields)?)),
            _ => return Err(INVALID),
        };
        let mut known = Vec::new();
        for _ in 0..fields.len(32)? {
            let place = Place::read(&mut fields)?;
            let (last, visits, jumps) = (fields.time()?, fields.u32()?, fields.u32()?);
            if visits == 0 || jumps > visits || !last.is_moment() {
                return Err(INVALID);
            }
            known.push(Known { place, last, visits, jumps });
        }
        fields.finish()?;
        let sound =
            known.len() <= PLACES && last.is_none_or(|(time, _): (Timestamp, Place)| time.is_moment());
        if sound { Ok(Self { last, known }) } else { Err(INVALID) }
    }
}

/// The chance that an arrival at a place of so many visits and jumps is a jump for no bad reason. The faster, the
/// less a wrong entry explains it; what the place has shown to be usual is so at any speed.
fn chance_of_jump((visits, jumps): (u32, u32), speed: f64) -> f64 {
    (f64::from(jumps) + PRIOR * HONEST * FASTEST / speed) / (f64::from(visits) + PRIOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * HOUR)
    }

    fn place(latitude: f64, longitude: f64) -> Place {
        Place::new(latitude, longitude).unwrap()
    }

    #[test]
    fn a_gateway_is_learnt_and_a_stranger_is_not_excused_by_it() {
        let (home, gateway, stranger) = (place(48.2, 16.4), place(37.4, -122.1), place(55.8, 37.6));
        let mut travel = Travel::default();
        let first = {
            travel.observe(hours(0), home);
            travel.observe(hours(1), gateway)
        };
        for day in 1..40 {
            travel.observe(hours(day * 24), home);
            travel.observe(hours(day * 24 + 1), gateway);
        }
        let odd = travel.score(hours(39 * 24 + 2), stranger);
        let usual = travel.observe(hours(40 * 24), home);
        let again = travel.score(hours(40 * 24 + 1), gateway);
        assert!(again.speed.is_some_and(|speed| speed > FASTEST) && again.jumps == 40);
        assert!(first.implausible.get() > 10.0, "{first:?}");
        assert!(usual.bits.get() < 1.0 && again.bits.get() < 1.5, "{usual:?} {again:?}");
        assert!(odd.bits.get() > 10.0 && odd.visits == 0, "{odd:?}");
    }

    #[test]
    fn a_flight_is_plausible_and_a_place_nearby_is_none() {
        let mut travel = Travel::default();
        for day in 0..100 {
            travel.observe(hours(day * 24), place(48.2, 16.4));
        }
        let new_york = travel.score(hours(99 * 24 + 10), place(40.7, -74.0));
        assert_eq!(new_york.implausible, Bits::ZERO);
        assert!(new_york.new_place.get() > 6.0, "{new_york:?}");
        let suburb = travel.score(hours(99 * 24), place(48.3, 16.3));
        assert_eq!(suburb.bits, Bits::ZERO);
    }

    fn steps() -> impl Strategy<Value = Vec<(i64, f64, f64)>> {
        prop::collection::vec((-9_000_i64..9_000, -90.0_f64..=90.0, -180.0_f64..=180.0), 0..60)
    }

    proptest! {
        #[test]
        fn any_travel_is_sound_bounded_and_survives_its_bytes(steps in steps()) {
            let mut travel = Travel::default();
            for (hour, latitude, longitude) in &steps {
                let mut restored = Travel::from_bytes(&travel.to_bytes()).unwrap();
                prop_assert!(restored == travel);
                let seen = travel.observe(hours(*hour), place(*latitude, *longitude));
                prop_assert_eq!(seen, restored.observe(hours(*hour), place(*latitude, *longitude)));
                prop_assert!(seen.bits.get() <= seen.implausible.max(seen.new_place).get() + 1e-9);
                prop_assert!(seen.speed.is_none_or(f64::is_finite) && travel.known.len() <= PLACES);
                prop_assert_eq!(restored.to_bytes(), travel.to_bytes());
            }
        }

        #[test]
        fn the_same_move_in_less_time_is_no_less_surprising(
            latitude in -90.0_f64..=90.0, longitude in -180.0_f64..=180.0, one in 0_i64..200, other in 0_i64..200,
        ) {
            let mut travel = Travel::default();
            travel.observe(hours(0), place(10.0, 10.0));
            let (short, long) = (one.min(other), one.max(other));
            let score = |hour| travel.score(hours(hour), place(latitude, longitude)).bits;
            prop_assert!(score(short) >= score(long));
        }

        #[test]
        fn no_time_panics(times in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut travel = Travel::default();
            for time in times {
                travel.observe(Timestamp::from_micros(time), place(0.0, time as f64 % 180.0));
            }
        }

        #[test]
        fn damaged_bytes_are_refused(at in 0_usize..80, change in 1_u8..) {
            let mut travel = Travel::default();
            travel.observe(hours(1), place(1.0, 2.0));
            travel.observe(hours(2), place(50.0, 2.0));
            let mut bytes = travel.to_bytes();
            let at = at % bytes.len();
            bytes[at] ^= change;
            prop_assert!(Travel::from_bytes(&bytes).is_err());
        }
    }
}
