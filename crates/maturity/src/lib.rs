#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod accounts;
mod autonomous_boundary;
mod baseline_drift;
mod calendar;
mod cast;
mod chain_reaction;
mod closed_loop;
mod cloudtrail;
mod comeback;
mod configuration;
mod context_propagation;
mod cve_window;
mod drift_regression;
mod endpoint;
mod exam;
mod faulty;
mod film;
mod grey;
mod intent_before_impact;
mod intrusion;
mod job;
mod log;
mod machinery;
mod multi_hop;
mod mutant;
mod object;
mod office;
mod okta;
mod one_risk;
mod rng;
mod scorecard;
mod search;
mod shadow_identity;
mod shared;
mod sign_in;
mod story;
mod suite;
mod target;
mod tenant;
mod timeline;
mod truth;
mod view;
mod walks;
mod web_service;
mod workday;
mod zeek;

pub use exam::Clock;
pub use log::LogSource;
pub use mutant::Mutant;
pub use scorecard::{Figures, MaturityTest, Scorecard, SeedResult, TestResult, Verdict};
pub use suite::{Maker, Setting, Suite, SuiteOptions, TestBed};
pub use target::{IntelItem, MaturityTarget, Part, Unsupported};
pub use tenant::{OKTA_ORG, TENANT, Tenant, TenantOptions};
pub use truth::{Story, Truth, TruthStep};
pub use view::{
    Acceptance, ActionKind, ActionRecord, ActionState, FindingView, IncidentView, LineView, PlanId, PlanView,
    ReportView, Section, StepView, Thresholds,
};
