#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
mod able;
mod and_edge;
mod authority;
mod best_path;
mod certificate;
mod chance;
mod change;
mod cidr;
#[cfg(feature = "clouds")]
mod cloud;
#[cfg(feature = "event")]
mod cloudtrail;
#[cfg(feature = "event")]
mod cloudtrail_network;
mod component;
mod cut;
mod derive;
mod directory_rule;
mod distance;
#[cfg(feature = "documents")]
mod document;
mod dominator;
mod drift;
mod edge;
mod edge_list;
mod evidence;
mod familiar;
mod federation;
mod graph;
mod graph_drift;
mod inventory;
mod joined;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod live;
mod managed;
mod matrix;
mod named;
mod named_path;
mod named_report;
mod names;
mod net;
mod network;
mod node_set;
mod nodes;
mod object;
mod open_graph;
mod path;
#[cfg(feature = "petgraph")]
mod petgraph_view;
mod picture;
mod reduction;
mod report;
mod rule;
mod sharp_hound;
mod shelf;
mod snapshot;
mod snapshot_aws;
mod state;
mod target;
mod tie;
mod value;
mod vulnerability;
#[cfg(any(feature = "kubernetes", feature = "clouds"))]
mod weave;
mod workload;

pub use and_edge::{AndEdge, Derivations};
pub use best_path::NetPath;
pub use chance::Chance;
pub use change::{Change, ChangeError, EdgeChanges, Op, Touched};
#[cfg(feature = "clouds")]
pub use cloud::{CloudChange, CloudDump, CloudOp, CloudTie, LiveClouds, VaultContent};
#[cfg(feature = "event")]
pub use cloudtrail::EventFault;
pub use component::{Components, Condensation};
pub use cut::Cut;
pub use distance::Distances;
#[cfg(feature = "terraform")]
pub use document::PlanStage;
pub use dominator::{Dominators, OnlyStep};
pub use drift::{Drift, DriftEdge, DriftKind, Stakes};
pub use edge::{Edge, EdgeClass, EdgeKind, EdgeKinds, KindInfo, OwnEdge, Standing};
pub use evidence::Evidence;
pub use familiar::Familiarity;
pub use graph::Graph;
pub use graph_drift::DriftStep;
pub use inventory::{Inventory, InventoryStats, Listing, Problem};
#[cfg(feature = "kubernetes")]
pub use kubernetes::{
    KubernetesChange, KubernetesDump, KubernetesKind, KubernetesObject, KubernetesOp, LiveKubernetes,
};
pub use live::{EdgeChange, LiveNet, Moved, WhatIf};
pub use matrix::{AccessMatrix, Outlier};
pub use named::{NamedEdge, NamedGraph, NamedGraphBuilder, Told};
pub use net::{Half, Net, NetBuilder, NetEdge};
pub use node_set::NodeSet;
pub use object::{LinkKind, Object, ObjectKind, PolicySlot, account_key, arn_key};
pub use open_graph::Foreign;
pub use path::Path;
#[cfg(feature = "petgraph")]
pub use petgraph_view::{Neighbors, WeighedEdge, WeighedEdges};
pub use reduction::Reduction;
pub use report::{
    ChokePoint, ExposureReport, GraphStats, PathsReport, PrincipalReport, ReportCounts, ReportOptions,
    StepReport,
};
pub use sharp_hound::SharpHound;
pub use snapshot::Snapshot;
pub use snapshot_aws::{Reading, SnapshotFault};
pub use value::ValueRules;
pub use vulnerability::Vulnerability;
#[cfg(any(feature = "kubernetes", feature = "clouds"))]
pub use weave::{Way, WaysTouched};
