#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod address;
mod cloudtrail;
mod coverage;
mod envelope;
mod error;
mod field_map;
mod ingest;
mod leaves;
mod limit;
mod list;
mod m365;
mod moment;
mod number;
mod okta;
mod reader;
mod record;
mod redact;
mod skip;
mod source;
mod tape;
mod text;
mod tls;
mod verb;
mod zeek;

pub use cloudtrail::CloudTrail;
pub use coverage::{Coverage, RoleCoverage, SourceCoverage};
pub use error::{Reason, RecordError};
pub use field_map::FieldMap;
pub use ingest::{Events, Ingest};
pub use limit::Limits;
pub use m365::M365;
pub use okta::Okta;
pub use record::{Field, Record};
pub use redact::{KeepAll, Member, Redact, Secrets};
pub use source::{Context, Registry, Source};
pub use zeek::Zeek;
