//! Google Cloud: may this principal use this permission on this resource: deny policies, boundaries, allow policies.
//!
//! Google Cloud documentation, "IAM policy types", "Deny policies", "Principal access boundary policies", "Allow
//! policies", "Principal identifiers", "Overview of IAM Conditions". Deny policies come first, then what the principal
//! may reach at all, then what allow policies give; each counts from the organization down. Conditions stay open.
//! O(bindings and rules at the resource and above it) per decision.

mod caller;
mod policy;
mod read;

pub use caller::Caller;
pub use policy::Policies;
