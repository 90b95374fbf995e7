#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod beat;
mod conduct;
mod detection;
mod doer;
mod estate;
mod exercise;
mod first_seen;
#[cfg(feature = "forensics")]
mod forensics;
mod granted;
mod intake;
mod intent;
mod lineage;
mod looked_at;
mod lookup;
mod lure;
mod newcomer;
mod pipeline;
mod program;
mod reflex;
mod refusals;
mod repair;
mod responder;
mod room;
mod secrets;
mod semantics;
mod servers;
mod settings;
mod sight;
mod spray;
mod surprise;
mod told;
mod trace;
mod travels;
mod upkeep;
mod wording;
mod written;

pub use beat::Beats;
pub use conduct::Conduct;
pub use detection::Detections;
pub use estate::Estate;
pub use first_seen::FirstSeen;
#[cfg(feature = "forensics")]
pub use forensics::{Forensics, SystemOf};
pub use intake::{BadIntake, Intake, IntakeSettings, IntakeStats, Offered, Refused, WhenFull};
pub use intent::Intent;
pub use lineage::Lineage;
pub use lure::Lures;
pub use newcomer::Newcomers;
pub use pipeline::{Pipeline, Stats};
pub use reflex::Reflex;
pub use refusals::Refusals;
pub use repair::Repair;
pub use responder::{Answered, Responder, ResponderError, ResponderOptions};
pub use secrets::Secrets;
pub use semantics::{Meaning, is_refusal, meaning};
pub use servers::Servers;
pub use settings::{
    BadSettings, BaselineSettings, Exposed, LocalOffset, PriorChoice, Settings, StoryLimits, StorySettings,
    Worth,
};
pub use sight::OpenQuestion;
pub use told::ActionTold;
pub use travels::Travels;
pub use upkeep::Upkeep;
pub use wording::techniques_of_words;
