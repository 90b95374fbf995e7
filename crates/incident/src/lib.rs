#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod act;
mod answer;
mod attack_flow;
mod beside;
mod clock;
mod diagram;
mod episode;
mod fact;
mod html;
mod hypothesis;
mod incident;
mod investigator;
mod ledger;
mod markdown;
mod ocsf;
mod opening;
mod picture;
mod prior;
mod profile;
mod report;
mod risk_book;
mod settings;
mod snapshot;
mod stats;
mod step;
mod story;
mod technique_retired;
mod technique_stage;
mod timeline;
mod walk;
mod weight;

pub use answer::{Answer, Answers};
pub use clock::{ClockOffset, ClockOffsets};
pub use hypothesis::Hypothesis;
pub use incident::{Edge, Incident, Involved, Severity};
pub use investigator::{Investigator, ObserveError};
pub use prior::Prior;
pub use report::{Report, ReportEdge, ReportStep, shown};
pub use risk_book::{RiskBook, RiskChanged};
pub use settings::{AlertBudget, ConfigError, InvestigatorBuilder, Limits};
pub use stats::{IncidentId, Stats, Update};
pub use step::Step;
pub use story::{Cut, Why};
pub use technique_stage::stage_of;
pub use timeline::Entry;
