#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod address;
mod aws;
mod azure;
mod azure_activity;
mod cloudtrail;
mod coverage;
mod entra;
mod envelope;
mod error;
mod field_map;
mod gcp;
mod ingest;
mod kubernetes;
mod leaves;
mod limit;
mod list;
mod moment;
mod okta;
mod protocol;
mod reader;
mod record;
mod redact;
mod skip;
mod source;
mod tape;
mod text;
mod tls;
mod zeek;

pub use aws::{GuardDuty, Route53, SecurityHub, VpcFlow, Waf};
pub use azure_activity::AzureActivity;
pub use cloudtrail::CloudTrail;
pub use coverage::{Coverage, RoleCoverage, SourceCoverage};
pub use entra::{EntraAudit, EntraRisk, EntraSignIn};
pub use error::{Reason, RecordError};
pub use field_map::FieldMap;
pub use gcp::{GcpAudit, GcpDns, GcpFlow};
pub use ingest::{Events, Ingest};
pub use kubernetes::Kubernetes;
pub use limit::Limits;
pub use okta::Okta;
pub use record::{Field, Record};
pub use redact::{KeepAll, Member, Redact, Secrets};
pub use source::{Context, Registry, Source};
pub use zeek::Zeek;
