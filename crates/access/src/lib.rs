#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
mod aws;
mod decision;
#[cfg(feature = "aws")]
mod glob;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;

#[cfg(feature = "aws")]
pub use aws::{
    ArnPattern, Condition, Context, Limits, ListOf, Policy, PolicyError, PolicyFault, Principal,
    PublicAccessBlock, Request, ResourceSide, Subject, account_of,
};
pub use decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
#[cfg(feature = "aws")]
pub use glob::Glob;
