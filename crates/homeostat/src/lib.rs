#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod conduct;
mod detection;
mod estate;
mod first_seen;
mod lineage;
mod newcomer;
mod pipeline;
mod program;
mod refusals;
mod responder;
mod semantics;
mod surprise;
mod told;
mod wording;

pub use conduct::Conduct;
pub use detection::Detections;
pub use estate::Estate;
pub use first_seen::FirstSeen;
pub use lineage::Lineage;
pub use newcomer::Newcomers;
pub use pipeline::{Pipeline, Stats};
pub use refusals::Refusals;
pub use responder::{Answered, Responder, ResponderError, ResponderOptions};
pub use semantics::{Meaning, is_refusal, meaning};
pub use told::ActionTold;
pub use wording::techniques_of_words;
