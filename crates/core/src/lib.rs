#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod bits;
mod canonical;
#[cfg(feature = "conformance")]
pub mod conformance;
mod detector;
mod domain;
mod entity;
mod event_ref;
mod hash;
mod intel;
mod json;
mod kind;
mod reach;
mod risk;
mod signal;
mod snapshot;
mod stage;
mod state;
mod store;
mod tenant;
mod threat;
mod time;
#[cfg(feature = "chrono")]
mod time_chrono;
mod time_text;
#[cfg(feature = "serde")]
mod wire;

pub use bits::Bits;
pub use detector::Detector;
pub use domain::Domain;
pub use entity::{BadKey, EntityKey, Role};
pub use event_ref::{BadEventRef, EventRef};
pub use hash::xxh64;
pub use intel::{IntelFeed, Watch, Watchlist};
pub use json::JsonText;
pub use kind::EntityKind;
pub use reach::{Criticality, Hop, MemoryReach, MemoryValues, Reach, Reached, Value};
pub use risk::{CalmRisk, Risk, RiskView};
pub use signal::{Occurrence, Outcome, Reason, Signal, SignalId};
pub use snapshot::{SnapshotError, SnapshotReader, SnapshotWriter};
pub use stage::{Stage, Technique};
pub use state::{Forget, Keep, Merge, Observed, Position, Positions, State};
pub use store::{EventStore, MemoryEvents};
pub use tenant::{BadTenant, TenantId};
pub use threat::Threat;
pub use time::{FUTURE_LIMIT, LATENESS, Timestamp};
#[cfg(feature = "chrono")]
pub use time_chrono::NoMoment;
pub use time_text::BadTime;
