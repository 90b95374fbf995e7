#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod asset;
mod capture;
mod channel;
mod collector;
#[cfg(feature = "conformance")]
pub mod conformance;
mod containment;
mod coverage;
mod custody;
mod digest;
mod directory;
mod export;
#[cfg(all(feature = "linux", target_os = "linux"))]
mod linux;
mod manifest;
mod memory;
#[cfg(feature = "object_store")]
mod object;
mod plan;
mod responder;
mod stage;
mod store;
#[cfg(feature = "event")]
mod triage_source;
#[cfg(feature = "event")]
mod unpack;
mod verify;

pub use asset::AssetKind;
pub use capture::{Capture, CaptureError, Order, Pace, Progress, Ways};
pub use channel::{Channel, Contained, Need};
pub use collector::{CollectError, Collector, Item, Kept, Sink, Stop};
pub use containment::{Containment, Unwatched, Watch};
pub use coverage::{Cover, Coverage, Uncovered};
pub use custody::{Custody, CustodyError, Deed, Ending, Record, Tool};
pub use digest::{BadDigest, Digest, HashingReader};
pub use directory::DirectoryStore;
pub use export::case_bundle;
#[cfg(all(feature = "linux", target_os = "linux"))]
pub use linux::LinuxTriage;
pub use manifest::{Manifest, Piece};
pub use memory::{MemoryCollector, MemoryStore};
#[cfg(feature = "object_store")]
pub use object::{Drive, ObjectEvidence, ParkThread};
pub use plan::{BadPlan, CapturePlan, Format, Moment, Profile, Question, Step, Volatility};
pub use responder::{CaptureActuator, Clock, SystemClock};
pub use stage::Stage;
pub use store::{EvidenceStore, StoreError, Stored};
#[cfg(feature = "event")]
pub use triage_source::TriageSource;
#[cfg(feature = "event")]
pub use unpack::{UnpackError, Unpacked, unpack};
pub use verify::{Problem, Report, verify};
