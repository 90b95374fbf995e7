#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod estate;
mod first_seen;
mod pipeline;
mod refusals;
mod semantics;
mod surprise;

pub use estate::Estate;
pub use first_seen::FirstSeen;
pub use pipeline::{Pipeline, Stats};
pub use refusals::Refusals;
pub use semantics::{Meaning, is_refusal, meaning};
