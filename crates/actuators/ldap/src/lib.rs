#![doc = include_str!("../README.md")]

mod directory;
mod ldap;

pub use directory::{Change, Directory, LdapError, Server};
pub use ldap::{Flavor, Ldap};
