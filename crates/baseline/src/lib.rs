#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod anchor;
mod baseline;
mod beacon;
mod breadth;
mod budget;
mod calendar;
mod cohort;
mod cold;
mod config;
mod creep;
mod dns;
mod domain_name;
#[cfg(test)]
mod draw;
mod edge;
mod entity;
#[cfg(feature = "event")]
mod featurizer;
mod learning;
mod lookalike;
mod novelty;
mod observation;
mod periodicity;
mod pool;
mod rate;
mod record;
mod score;
mod seed;
mod sequence;
mod series;
mod snapshot;
mod tail;
mod threshold;
mod trace;
mod travel;
mod trial;
mod uploads;
mod varint;
mod verbs;
mod verdict;
mod volume;

pub use anchor::{Anchor, PeerShift};
pub use baseline::{Baseline, Silence, Stats};
pub use beacon::{Beacon, Pair, rank_beacons};
pub use breadth::{Breadth, BreadthVerdict};
pub use budget::{BadPromise, Budget, Cause, Finding, Promise, Realised};
pub use calendar::{BadOffsets, LocalTime};
pub use config::{Config, ConfigError};
pub use dns::{DnsAnswer, DnsProfile, DnsQuery, DnsVerdict};
pub use domain_name::DomainName;
pub use edge::{BadEdge, Edge, EdgeChannel, EdgeContribution, EdgeModel, EdgeVerdict};
#[cfg(feature = "event")]
pub use featurizer::Featurizer;
pub use lookalike::{Lookalike, Lookalikes, Trick};
pub use novelty::Novelty;
pub use observation::{BadObservation, Observation};
pub use periodicity::Periodicity;
pub use pool::Pool;
pub use rate::Rate;
pub use record::{
    BadRecord, Cell, Record, RecordAspect, RecordConfig, RecordConfigError, RecordContribution,
    RecordExplanation, RecordLearning, RecordModel, RecordScore, RecordStats,
};
pub use score::combine;
pub use sequence::{
    BadPassage, Passage, SequenceConfig, SequenceConfigError, SequenceModel, SequenceStats, SequenceVerdict,
    SymbolReason, Transitions,
};
pub use series::{BadReading, Reading, SeriesModel, SeriesScore, SeriesView};
pub use tail::NegativeBinomial;
pub use threshold::Threshold;
pub use travel::{BadPlace, Place, Travel, TravelVerdict};
pub use uploads::{Upload, UploadVerdict, Uploads, ai_service};
pub use verbs::{Drift, Expectation};
pub use verdict::{Contribution, Maturity, PeerShare, Verdict};
pub use volume::Volume;
