#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod authority;
mod change;
#[cfg(feature = "event")]
mod cloudtrail;
mod derive;
mod directory_rule;
mod edge;
mod edge_list;
mod evidence;
mod graph;
mod inventory;
mod managed;
mod named;
mod named_path;
mod named_report;
mod object;
mod open_graph;
mod path;
mod report;
mod rule;
mod sharp_hound;
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
pub use named::{NamedEdge, NamedGraph, NamedGraphBuilder};
pub use named_path::Ways;
pub use object::{LinkKind, Object, ObjectKind, PolicySlot, account_key, arn_key};
pub use open_graph::Foreign;
pub use path::Path;
pub use report::{
    ChokePoint, ExposureReport, PathsReport, PrincipalReport, ReportCounts, ReportOptions, StepReport,
};
pub use sharp_hound::SharpHound;
pub use snapshot_aws::{Reading, SnapshotFault};
pub use value::ValueRules;
