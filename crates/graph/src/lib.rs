#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod authority;
mod change;
#[cfg(feature = "event")]
mod cloudtrail;
mod derive;
mod edge;
mod evidence;
mod graph;
mod inventory;
mod managed;
mod object;
mod path;
mod report;
mod rule;
mod snapshot_aws;
mod state;
mod value;
mod workload;

pub use change::{Change, ChangeError, Op, Touched};
#[cfg(feature = "event")]
pub use cloudtrail::EventFault;
pub use edge::{Edge, EdgeClass, EdgeKind, EdgeKinds, KindInfo, Standing};
pub use evidence::Evidence;
pub use graph::{EdgeChanges, Graph, GraphStats, OwnEdge};
pub use inventory::{Inventory, InventoryStats, Listing, Problem};
pub use object::{LinkKind, Object, ObjectKind, PolicySlot, account_key, arn_key};
pub use path::Path;
pub use report::{
    ChokePoint, ExposureReport, PathsReport, PrincipalReport, ReportCounts, ReportOptions, StepReport,
};
pub use snapshot_aws::{Reading, SnapshotFault};
pub use value::ValueRules;
