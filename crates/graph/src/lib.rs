#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod authority;
mod change;
mod derive;
mod edge;
mod evidence;
mod graph;
mod inventory;
mod managed;
mod object;
mod path;
mod rule;
mod snapshot_aws;
mod value;
mod workload;

pub use change::{Change, ChangeError, Op, Touched};
pub use edge::{Edge, EdgeClass, EdgeKind, EdgeKinds, KindInfo, Standing};
pub use evidence::Evidence;
pub use graph::{EdgeChanges, Graph, GraphStats, OwnEdge};
pub use inventory::{Inventory, InventoryStats, Listing, Problem};
pub use object::{LinkKind, Object, ObjectKind, PolicySlot, account_key, arn_key};
pub use path::Path;
pub use snapshot_aws::{Reading, SnapshotFault};
pub use value::ValueRules;
