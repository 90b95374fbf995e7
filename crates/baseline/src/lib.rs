#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod anchor;
mod baseline;
mod calendar;
mod cohort;
mod config;
mod entity;
#[cfg(feature = "event")]
mod featurizer;
mod learning;
mod novelty;
mod observation;
mod pool;
mod rate;
mod score;
mod seed;
mod series;
mod snapshot;
mod tail;
mod threshold;
mod trace;
mod varint;
mod verdict;
mod volume;

pub use anchor::{Anchor, PeerShift};
pub use baseline::{Baseline, Silence, Stats};
pub use calendar::{BadOffsets, LocalTime};
pub use config::{Config, ConfigError};
#[cfg(feature = "event")]
pub use featurizer::Featurizer;
pub use novelty::Novelty;
pub use observation::{BadObservation, Observation};
pub use pool::Pool;
pub use rate::Rate;
pub use score::combine;
pub use series::{BadReading, Reading, SeriesModel, SeriesScore, SeriesView};
pub use tail::NegativeBinomial;
pub use threshold::Threshold;
pub use verdict::{Contribution, Maturity, PeerShare, Verdict};
pub use volume::Volume;
