#![doc = include_str!("../README.md")]

mod access_key;
mod api;
mod aws;
mod inline_policy;
mod quarantine;
mod sign;

pub use aws::Aws;
pub use sign::Credentials;
