#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod accounts;
mod calendar;
mod cast;
mod cloudtrail;
mod configuration;
mod intrusion;
mod log;
mod machinery;
mod object;
mod okta;
mod rng;
mod story;
mod tenant;
mod truth;
mod workday;
mod zeek;

pub use log::LogSource;
pub use tenant::{OKTA_ORG, TENANT, Tenant, TenantOptions};
pub use truth::{Story, Truth, TruthStep};
