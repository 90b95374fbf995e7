//! Azure: may this principal do this operation at this scope, by which role, against which denial?
//!
//! Microsoft Learn, "How Azure RBAC determines if a user has access to a resource", "Understand Azure role
//! definitions", "Understand scope for Azure RBAC", "List Azure deny assignments", "What is Azure attribute-based access
//! control". Assignments add up along management groups, subscription, resource group and resource; what `notActions`
//! takes away is taken from that role alone; a deny assignment wins. O(assignments of the caller × their
//! patterns + denials) per decision.

mod assignment;
mod read;

pub use assignment::{Caller, Operation, Plane, Roles};
