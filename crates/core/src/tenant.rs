//! Whose data this is. Tenants never touch: no state, no shard and no snapshot is shared between two.

use core::fmt;
use std::sync::Arc;

/// The vendor's customer whose data this is. A cloud account is not a tenant.
///
/// ```
/// use homeostat_core::TenantId;
/// assert_eq!(TenantId::new("acme")?.as_str(), "acme");
/// assert!(TenantId::new("").is_err());
/// # Ok::<(), homeostat_core::BadTenant>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The longest name in bytes: names travel in every signal and every path.
    pub const LIMIT: usize = 128;

    /// A tenant by its name.
    ///
    /// # Errors
    ///
    /// [`BadTenant`] when the name is empty, longer than [`Self::LIMIT`] or holds a control character.
    pub fn new(name: &str) -> Result<Self, BadTenant> {
        let sound = !name.is_empty() && name.len() <= Self::LIMIT && !name.chars().any(char::is_control);
        if sound { Ok(Self(name.into())) } else { Err(BadTenant(())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that no tenant can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTenant(());

impl fmt::Display for BadTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a tenant has a name of 1 to {} bytes without control characters", TenantId::LIMIT)
    }
}

impl std::error::Error for BadTenant {}
