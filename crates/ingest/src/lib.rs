#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod address;
mod auditd;
mod azure_activity;
mod azure_log;
mod cloudtrail;
mod coverage;
mod entra;
mod envelope;
mod error;
#[cfg(feature = "evtx")]
mod evtx_lines;
mod field_map;
mod gcp;
mod guardduty;
mod ingest;
mod kubernetes;
mod leaves;
mod limit;
mod list;
mod memo;
mod moment;
mod okta;
mod protocol;
mod reader;
mod record;
mod redact;
mod route53;
mod security_hub;
mod skip;
mod source;
mod tape;
mod text;
mod tls;
mod vpc_flow;
mod waf;
mod windows;
mod zeek;

pub use auditd::Auditd;
pub use azure_activity::AzureActivity;
pub use cloudtrail::CloudTrail;
pub use coverage::{Coverage, RoleCoverage, SourceCoverage};
pub use entra::{EntraAudit, EntraRisk, EntraSignIn};
pub use error::{Reason, RecordError};
#[cfg(feature = "evtx")]
pub use evtx_lines::EvtxLines;
pub use field_map::FieldMap;
pub use gcp::{GcpAudit, GcpDns, GcpFlow};
pub use guardduty::GuardDuty;
pub use ingest::{Events, Ingest};
pub use kubernetes::Kubernetes;
pub use limit::Limits;
pub use okta::Okta;
pub use record::{Field, Record};
pub use redact::{KeepAll, Member, Redact, Secrets};
pub use route53::Route53Resolver;
pub use security_hub::SecurityHub;
pub use source::{Context, Registry, Source};
pub use vpc_flow::VpcFlow;
pub use waf::Waf;
pub use windows::Windows;
pub use zeek::Zeek;
