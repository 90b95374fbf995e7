//! Which part of the estate something belongs to.

use core::fmt;

/// One of the seven parts in which homeostat sees an estate. Order and numbers are stable.
///
/// ```
/// use homeostat_core::Domain;
/// assert_eq!(Domain::parse("cloud"), Some(Domain::Cloud));
/// assert_eq!(Domain::ALL.len(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Sign-ins, accounts, groups, directories.
    Identity,
    /// Mail flow and mailboxes.
    Email,
    /// Applications used as a service.
    Saas,
    /// Control and data planes of cloud providers and Kubernetes.
    Cloud,
    /// Flows, names, web traffic.
    Network,
    /// Processes, files, hosts.
    Endpoint,
    /// Models and agents of artificial intelligence.
    Ai,
}

impl Domain {
    /// Every domain, in order.
    pub const ALL: [Self; 7] =
        [Self::Identity, Self::Email, Self::Saas, Self::Cloud, Self::Network, Self::Endpoint, Self::Ai];

    /// The wire word, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Email => "email",
            Self::Saas => "saas",
            Self::Cloud => "cloud",
            Self::Network => "network",
            Self::Endpoint => "endpoint",
            Self::Ai => "ai",
        }
    }

    /// Reads the wire word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.as_str() == text)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
