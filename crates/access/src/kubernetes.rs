//! Kubernetes: may this user do this in the cluster, by which rule of which role through which binding?
//!
//! Kubernetes documentation, "Using RBAC Authorization", "Authorization" (request attributes), "Using Node
//! Authorization" and "User Impersonation". Rights only add up, there is no denial; names are compared in their very
//! case. Reading takes O(bytes), a decision O(rules of the roles that are bound to the user and its groups).

mod attempt;
mod cluster;
mod escalation;
mod node;
mod permission;
mod read;
mod rule;

pub use attempt::{Attempt, User};
pub use cluster::{Cluster, Holder};
pub use permission::{Granted, PermissionSet};
pub use rule::{Rule, RuleError};
