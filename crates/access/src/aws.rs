//! AWS: what identity, resource and trust policies, boundaries, sessions, organizations and endpoints say together.

mod arn;
mod bucket;
mod compare;
mod condition;
mod context;
mod grant;
mod key_grant;
mod limits;
mod operator;
mod policy;
mod principal;
mod provider;
mod read;
mod request;
mod statement;
mod subject;
mod template;
mod weigh;

pub use arn::{ArnPattern, account_of};
pub use bucket::{ListOf, PublicAccessBlock};
pub use condition::Condition;
pub use context::Context;
pub use limits::Limits;
pub use policy::{Policy, PolicyError, PolicyFault};
pub use principal::Principal;
pub use request::Request;
pub use subject::{ResourceSide, Subject};
