#![doc = include_str!("../README.md")]

mod access_key;
mod api;
mod aws;
mod detachment;
mod inline_policy;
mod quarantine;
mod sign;
mod snapshots;

pub use aws::Aws;
pub use sign::Credentials;
