//! What became of the records of each source: the counts by which a mapping is judged.
//!
//! A leaf is a scalar of a source record. It is mapped when its value, or a documented transform of it, stands
//! in a typed attribute; unmapped when it stands in `unmapped`; dropped when it stands nowhere, which must
//! never be.

use crate::field_map::FieldMap;
use homeostat_core::{Merge, Outcome};
use homeostat_event::{ClassUid, Event};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The counts of one run, by source. Runs over parts of the input merge into the run over the whole.
///
/// ```
/// use homeostat_ingest::{Context, Ingest, Registry};
///
/// let log = r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":"2026-03-16T08:30:00Z",
///     "eventID":"e-1","eventType":"AwsApiCall","sourceIPAddress":"192.0.2.7","recipientAccountId":"123456789012",
///     "userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/jane"}}"#;
/// let mut ingest = Ingest::new(Registry::default()).with_coverage();
/// let events = ingest.read("trail.json", log.as_bytes()).filter_map(Result::ok).count();
///
/// let counts = &ingest.coverage().sources["cloudtrail"];
/// assert_eq!((events, counts.events, counts.leaves_dropped, counts.class_known), (1, 1, 0, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The counts of each source by its name; records that no source claims count as `unknown`.
    pub sources: BTreeMap<String, SourceCoverage>,
}

/// The counts of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCoverage {
    /// Events made.
    pub events: u64,
    /// Records that gave none, because they could not be read.
    pub errors: u64,
    /// Scalars of the records that stand in a typed attribute.
    pub leaves_mapped: u64,
    /// Scalars that stand in `unmapped`.
    pub leaves_unmapped: u64,
    /// Scalars that stand nowhere. Must be 0.
    pub leaves_dropped: u64,
    /// Scalars withheld for privacy.
    pub withheld: u64,
    /// Events of a class other than the base event.
    pub class_known: u64,
    /// Events of an activity other than unknown and other.
    pub activity_known: u64,
    /// What the role view of the events tells.
    pub role_view: RoleCoverage,
    /// Where the values of each field stand in the events. Not part of the JSON.
    #[serde(skip)]
    pub fields: FieldMap,
    /// Operations that no rule of the mapper names, and how often each came. Not part of the JSON.
    #[serde(skip)]
    pub unknown_operations: BTreeMap<String, u64>,
    /// Events of operations that found no room in [`Self::unknown_operations`]. Not part of the JSON.
    #[serde(skip)]
    pub unnamed_operations: u64,
}

/// How many events tell each part of the role view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleCoverage {
    /// Who.
    pub actor: u64,
    /// On whom or what.
    pub targets: u64,
    /// From where.
    pub origin: u64,
    /// With what end.
    pub outcome: u64,
    /// When.
    pub when: u64,
}

/// Where the scalars of one record stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leaves {
    pub(crate) mapped: u64,
    pub(crate) unmapped: u64,
    pub(crate) dropped: u64,
}

impl Coverage {
    /// The name under which records count that no source claims.
    pub const UNKNOWN: &str = "unknown";
    /// How many unknown operations are named for a source. Default 1,000: more is no list that a person reads,
    /// and a hostile input could fill memory with names.
    pub const OPERATIONS: usize = 1_000;

    /// The counts as JSON, in the shape `{"sources":{"cloudtrail":{"events":…}}}`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The counts of `source`, made when it has none.
    pub(crate) fn of(&mut self, source: &str) -> &mut SourceCoverage {
        self.sources.entry(source.to_owned()).or_default()
    }
}

impl Merge for Coverage {
    fn merge(&mut self, other: &Self) {
        for (source, counts) in &other.sources {
            self.of(source).merge(counts);
        }
    }
}

impl Merge for SourceCoverage {
    fn merge(&mut self, other: &Self) {
        for (own, others) in [
            (&mut self.events, other.events),
            (&mut self.errors, other.errors),
            (&mut self.leaves_mapped, other.leaves_mapped),
            (&mut self.leaves_unmapped, other.leaves_unmapped),
            (&mut self.leaves_dropped, other.leaves_dropped),
            (&mut self.withheld, other.withheld),
            (&mut self.class_known, other.class_known),
            (&mut self.activity_known, other.activity_known),
            (&mut self.role_view.actor, other.role_view.actor),
            (&mut self.role_view.targets, other.role_view.targets),
            (&mut self.role_view.origin, other.role_view.origin),
            (&mut self.role_view.outcome, other.role_view.outcome),
            (&mut self.role_view.when, other.role_view.when),
            (&mut self.unnamed_operations, other.unnamed_operations),
        ] {
            *own = own.saturating_add(others);
        }
        self.fields.merge(&other.fields);
        for (operation, count) in &other.unknown_operations {
            self.count_operation(operation, *count);
        }
    }
}

impl SourceCoverage {
    pub(crate) fn count_event(&mut self, event: &Event) {
        let class_known = event.class_uid() != ClassUid::BASE_EVENT;
        let activity_known = class_known && !matches!(event.activity_id(), 0 | 99);
        let add = |count: &mut u64, told: bool| *count = count.saturating_add(u64::from(told));
        add(&mut self.events, true);
        add(&mut self.class_known, class_known);
        add(&mut self.activity_known, activity_known);
        add(&mut self.role_view.actor, event.actor().is_some());
        add(&mut self.role_view.targets, !event.targets().is_empty());
        add(&mut self.role_view.origin, event.origin().is_some());
        add(&mut self.role_view.outcome, event.outcome() != Outcome::Unknown);
        add(&mut self.role_view.when, event.when().is_moment());
        if !activity_known {
            self.count_operation(event.action(), 1);
        }
    }

    pub(crate) fn count_leaves(&mut self, leaves: Leaves, withheld: u64) {
        self.leaves_mapped = self.leaves_mapped.saturating_add(leaves.mapped);
        self.leaves_unmapped = self.leaves_unmapped.saturating_add(leaves.unmapped);
        self.leaves_dropped = self.leaves_dropped.saturating_add(leaves.dropped);
        self.withheld = self.withheld.saturating_add(withheld);
    }

    fn count_operation(&mut self, operation: &str, count: u64) {
        let full = self.unknown_operations.len() >= Coverage::OPERATIONS;
        let counted = if full && !self.unknown_operations.contains_key(operation) {
            &mut self.unnamed_operations
        } else {
            self.unknown_operations.entry(operation.to_owned()).or_default()
        };
        *counted = counted.saturating_add(count);
    }
}
