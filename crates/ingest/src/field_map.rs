//! Where the values of each field of a source stand in the events: the mapping as data shows it.
//!
//! A value may stand in an event by chance, so a place counts for a field only when every value of the field that
//! was mapped stands there, class by class. O(leaves · places) while coverage is counted.

use homeostat_core::Merge;
use std::collections::{BTreeMap, BTreeSet};

/// The places in events of each field of a source, found from the records read so far.
///
/// A path names members from the outside in, joined by dots, with `[]` after the name of a list:
/// `resources[].ARN` goes to `resources[].uid`.
///
/// ```
/// use homeostat_ingest::{Ingest, Registry};
///
/// let log = r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":"2026-03-16T08:30:00Z",
///     "eventID":"e-1","eventType":"AwsApiCall","sourceIPAddress":"192.0.2.7"}"#;
/// let mut ingest = Ingest::new(Registry::default()).with_coverage();
/// assert_eq!(ingest.read("trail.json", log.as_bytes()).filter(Result::is_ok).count(), 1);
///
/// let fields = &ingest.coverage().sources["cloudtrail"].fields;
/// assert!(fields.places("sourceIPAddress").contains("src_endpoint.ip"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldMap {
    // By field, then by class.
    fields: BTreeMap<String, BTreeMap<u32, BTreeSet<String>>>,
}

impl FieldMap {
    /// How many fields are told of one source. Default 10,000: more are names made by users, which no page shows.
    pub const FIELDS: usize = 10_000;

    /// The fields that were mapped, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Where the values of `field` stand in events of any class; nothing when it was never mapped.
    pub fn places(&self, field: &str) -> BTreeSet<&str> {
        let classes = self.fields.get(field).into_iter().flat_map(BTreeMap::values);
        classes.flatten().map(String::as_str).collect()
    }

    /// Notes that a value of `field` stood at `places` of an event of `class`.
    pub(crate) fn meet<'p>(&mut self, field: &str, class: u32, places: impl Iterator<Item = &'p str>) {
        let places: BTreeSet<String> = places.map(str::to_owned).collect();
        if self.fields.len() >= Self::FIELDS && !self.fields.contains_key(field) {
            return;
        }
        self.fields
            .entry(field.to_owned())
            .or_default()
            .entry(class)
            .and_modify(|known| known.retain(|place| places.contains(place)))
            .or_insert(places);
    }
}

impl Merge for FieldMap {
    fn merge(&mut self, other: &Self) {
        for (field, classes) in &other.fields {
            for (class, places) in classes {
                self.meet(field, *class, places.iter().map(String::as_str));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_only_when_every_value_stands_there() {
        let mut map = FieldMap::default();
        map.meet("a", 3002, ["user.name", "metadata.uid"].into_iter());
        map.meet("a", 3002, ["user.name"].into_iter());
        map.meet("a", 6003, ["actor.user.name"].into_iter());
        assert_eq!(map.places("a"), BTreeSet::from(["actor.user.name", "user.name"]));
        assert_eq!(map.fields().collect::<Vec<_>>(), ["a"]);
        assert!(map.places("b").is_empty());
    }
}
