#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod error;
mod limit;
mod list;
mod reader;
mod record;
mod skip;
mod tape;
mod zeek_text;

pub use error::{Reason, RecordError};
pub use limit::Limits;
pub use record::{Field, Record};
