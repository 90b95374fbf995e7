//! A point on the globe, and how far it is to another.

use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};
use libm::{asin, cos, sin, sqrt};

/// The mean radius of the globe in kilometres (IUGG).
const RADIUS: f64 = 6_371.0;

/// A point on the globe, in degrees.
///
/// ```
/// use homeostat_baseline::Place;
///
/// let (vienna, sydney) = (Place::new(48.2, 16.4)?, Place::new(-33.9, 151.2)?);
/// assert!((vienna.distance(sydney) - 15_980.0).abs() < 30.0);
/// assert!(Place::new(91.0, 0.0).is_err());
/// # Ok::<(), homeostat_baseline::BadPlace>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Place {
    // INVARIANT: finite, −90..=90 and −180..=180, no −0.0.
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// The point at `latitude`, −90 to 90 degrees north, and `longitude`, −180 to 180 degrees east.
    ///
    /// # Errors
    ///
    /// [`BadPlace`] for anything else.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, BadPlace> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(BadPlace::Latitude);
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(BadPlace::Longitude);
        }
        Ok(Self { latitude: latitude + 0.0, longitude: longitude + 0.0 })
    }

    /// Kilometres on the great circle to `other`, at most 20,016.
    pub fn distance(self, other: Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = sin((to - from) / 2.0);
        let east = sin((other.longitude - self.longitude).to_radians() / 2.0);
        let half = north * north + cos(from) * cos(to) * east * east;
        2.0 * RADIUS * asin(sqrt(half.clamp(0.0, 1.0)))
    }

    pub(crate) fn write(self, out: &mut SnapshotWriter) {
        out.f64(self.latitude);
        out.f64(self.longitude);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let (latitude, longitude) = (fields.f64()?, fields.f64()?);
        Self::new(latitude, longitude).map_err(|_| SnapshotError::Invalid { field: "place" })
    }
}

impl core::fmt::Debug for Place {
    /// Shows no coordinate: where a person is, is nobody's business in a log.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Place(..)")
    }
}

/// Degrees that are no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPlace {
    /// Beyond the poles, or no number.
    #[error("a latitude lies between -90 and 90 degrees")]
    Latitude,
    /// More than half around, or no number.
    #[error("a longitude lies between -180 and 180 degrees")]
    Longitude,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn degrees_off_the_globe_are_told() {
        for (latitude, longitude, message) in [
            (90.1, 0.0, "a latitude lies between -90 and 90 degrees"),
            (f64::NAN, 0.0, "a latitude lies between -90 and 90 degrees"),
            (0.0, -180.1, "a longitude lies between -180 and 180 degrees"),
            (0.0, f64::INFINITY, "a longitude lies between -180 and 180 degrees"),
        ] {
            assert_eq!(Place::new(latitude, longitude).unwrap_err().to_string(), message);
        }
    }

    fn places() -> impl Strategy<Value = Place> {
        (-90.0_f64..=90.0, -180.0_f64..=180.0).prop_map(|(north, east)| Place::new(north, east).unwrap())
    }

    proptest! {
        #[test]
        fn the_distance_is_a_metric(a in places(), b in places(), c in places()) {
            prop_assert!(a.distance(a) < 1e-6);
            prop_assert!((a.distance(b) - b.distance(a)).abs() < 1e-6);
            prop_assert!(a.distance(c) <= a.distance(b) + b.distance(c) + 1e-6);
            prop_assert!(a.distance(b) <= 20_016.0);
        }
    }
}
