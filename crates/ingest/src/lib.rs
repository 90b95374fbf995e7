#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod address;
mod cloudtrail;
mod coverage;
mod envelope;
mod error;
mod ingest;
mod json;
mod leaves;
mod limit;
mod list;
mod mailbox;
mod member;
mod moment;
mod okta;
mod reader;
mod record;
mod redact;
mod skip;
mod source;
mod suricata;
mod tape;
mod text;
mod tls;
mod web;
mod wire;
mod zeek;

pub use cloudtrail::CloudTrail;
pub use coverage::{Coverage, RoleCoverage, SourceCoverage};
pub use error::{Reason, RecordError};
pub use ingest::{Events, Ingest};
pub use limit::Limits;
pub use okta::Okta;
pub use record::{Field, Record};
pub use redact::{KeepAll, Member, Redact, Secrets};
pub use source::{Context, Registry, Source};
pub use suricata::Suricata;
pub use zeek::Zeek;
