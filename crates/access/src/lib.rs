#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
pub mod azure;
mod decision;
#[cfg(any(feature = "azure", feature = "gcp", feature = "kubernetes"))]
mod document;
#[cfg(feature = "azure")]
pub mod entra;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(feature = "aws")]
mod glob;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(any(feature = "azure", feature = "gcp"))]
mod star;

#[cfg(feature = "aws")]
pub use aws::{
    ArnPattern, Condition, Context, Limits, ListOf, Policy, PolicyError, PolicyFault, Principal,
    PublicAccessBlock, Request, ResourceSide, Subject, account_of,
};
pub use decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
#[cfg(any(feature = "azure", feature = "gcp", feature = "kubernetes"))]
pub use document::{Added, Misfit, MisfitCause};
#[cfg(feature = "aws")]
pub use glob::Glob;
