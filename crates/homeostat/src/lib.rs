#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod estate;
mod first_seen;
mod pipeline;
mod refusals;
mod responder;
mod semantics;
mod surprise;
mod told;

pub use estate::Estate;
pub use first_seen::FirstSeen;
pub use pipeline::{Pipeline, Stats};
pub use refusals::Refusals;
pub use responder::{Answered, Responder, ResponderError, ResponderOptions};
pub use semantics::{Meaning, is_refusal, meaning};
pub use told::ActionTold;
