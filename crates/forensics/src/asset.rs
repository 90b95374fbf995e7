//! What kind of thing evidence is captured from, and how a target of a response tells it.

use core::fmt;
use homeostat_response::{Target, TargetKind};
use serde::{Deserialize, Serialize};

/// The kinds of assets for which there is a capture plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AssetKind {
    /// A virtual machine or function of a cloud, captured from outside.
    CloudWorkload,
    /// A device or server with Windows.
    Windows,
    /// A device or server with Linux.
    Linux,
    /// A container or workload of a cluster.
    Container,
    /// A mailbox.
    Mailbox,
}

impl AssetKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] =
        [Self::CloudWorkload, Self::Windows, Self::Linux, Self::Container, Self::Mailbox];

    /// The kind of `target`; `None` when no plan fits, or when a host does not tell its system in the attribute `os`.
    ///
    /// ```
    /// use homeostat_forensics::AssetKind;
    /// use homeostat_response::{Target, TargetKind};
    /// let laptop = Target::new(TargetKind::Host, "mkt-01");
    /// assert_eq!(AssetKind::of(&laptop), None, "which system is not told");
    /// assert_eq!(AssetKind::of(&laptop.with("os", "Windows 11")), Some(AssetKind::Windows));
    /// ```
    pub fn of(target: &Target) -> Option<Self> {
        match target.kind {
            TargetKind::Host => Self::of_system(target.attrs.get("os")?),
            TargetKind::Instance => Some(Self::CloudWorkload),
            TargetKind::Workload => Some(Self::Container),
            TargetKind::Mailbox => Some(Self::Mailbox),
            _ => None,
        }
    }

    /// The kind of a host with that operating system, by the words that inventories use.
    fn of_system(name: &str) -> Option<Self> {
        const LINUX: [&str; 9] =
            ["linux", "debian", "ubuntu", "red hat", "rhel", "centos", "suse", "fedora", "amazon"];
        let name = name.to_lowercase();
        if name.contains("windows") {
            return Some(Self::Windows);
        }
        LINUX.iter().any(|word| name.contains(word)).then_some(Self::Linux)
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CloudWorkload => "cloud_workload",
            Self::Windows => "windows",
            Self::Linux => "linux",
            Self::Container => "container",
            Self::Mailbox => "mailbox",
        }
    }
}

impl fmt::Display for AssetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_tells_its_kind_or_that_it_is_not_known() {
        let host = |os| AssetKind::of(&Target::new(TargetKind::Host, "h").with("os", os));
        assert_eq!(host("Ubuntu 24.04"), Some(AssetKind::Linux));
        assert_eq!(host("Windows Server 2022"), Some(AssetKind::Windows));
        assert_eq!(host("macOS"), None);
        for (kind, expected) in [
            (TargetKind::Instance, Some(AssetKind::CloudWorkload)),
            (TargetKind::Workload, Some(AssetKind::Container)),
            (TargetKind::Mailbox, Some(AssetKind::Mailbox)),
            (TargetKind::Credential, None),
        ] {
            assert_eq!(AssetKind::of(&Target::new(kind, "x")), expected);
        }
    }
}
