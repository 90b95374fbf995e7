//! Entra: may this principal do this in the directory, by which role, ownership or application permission?
//!
//! Microsoft Learn, "Understand Microsoft Entra role concepts" and "Microsoft Entra custom roles" (actions such as
//! `microsoft.directory/applications/allProperties/allTasks`), "Administrative units", "Microsoft Graph permissions
//! reference". Roles add up; a role holds in the tenant, in an administrative unit or on one object.

mod directory;
mod permission;
mod read;

pub use directory::{Act, Directory};
