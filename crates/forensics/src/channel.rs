//! What a channel to an asset can carry out: a capability table, as data.
//!
//! A channel is the way evidence comes in by: our own agent, the live response of a product that is there already,
//! or the snapshots of a cloud. The five tables are in `channels/`; each names its source. A vendor's own is a text.

use crate::{AssetKind, BadPlan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a step of a plan needs of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// The list of running processes.
    Processes,
    /// Open connections and listening sockets.
    Connections,
    /// Routes, neighbours and name resolution.
    NetworkState,
    /// Who is signed in.
    Sessions,
    /// Loaded modules and mounts.
    KernelState,
    /// The memory of the machine.
    Memory,
    /// The memory of single processes.
    ProcessMemory,
    /// Files of temporary file systems.
    TemporaryFiles,
    /// Accounts and groups.
    Accounts,
    /// What starts by itself: services, tasks, keys of the registry, cron.
    Persistence,
    /// Keys that let somebody in.
    Keys,
    /// What was typed.
    History,
    /// Logs of the system.
    SystemLogs,
    /// Which files changed lately.
    RecentFiles,
    /// Traces of execution: prefetch, amcache, shim cache.
    ExecutionTraces,
    /// The table of files.
    FileTable,
    /// A file by its path.
    File,
    /// A copy of a disk.
    DiskSnapshot,
    /// How the asset is described from outside: instance, pod, image.
    Description,
    /// What changed in a container's file system.
    LayerDiff,
    /// What a container wrote.
    ContainerLogs,
    /// The calls of the control plane about the asset.
    ControlPlaneLogs,
    /// The traffic at its interfaces.
    FlowLogs,
    /// Rules, forwarding and delegates of a mailbox.
    MailboxRules,
    /// What was done in a mailbox.
    MailboxAudit,
    /// Who signed in to a mailbox, and which applications have rights.
    MailboxAccess,
    /// Messages.
    Messages,
}

/// What becomes of a channel when its asset is contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contained {
    /// It goes on: the containment's own permitted flow, or a path that never touches the asset's network.
    Works,
    /// It needs a way out that containment closes.
    NeedsEgress,
}

/// A channel's capability table.
///
/// ```
/// use homeostat_forensics::{AssetKind, Channel, Contained, Need};
/// let defender = Channel::defender();
/// assert!(defender.supplies(AssetKind::Windows, Need::Connections));
/// assert!(!defender.supplies(AssetKind::Linux, Need::Connections), "live response has it on Windows only");
/// assert_eq!(defender.contained, Contained::Works);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Channel {
    /// Its name in plans, custody and manifests.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What becomes of it when the asset is contained.
    pub contained: Contained,
    /// For each kind of asset what it supplies, and how it is asked there.
    pub supplies: BTreeMap<AssetKind, BTreeMap<Need, String>>,
    /// The largest item it hands over, in bytes; `None` when no limit is known.
    #[serde(default)]
    pub max_item_bytes: Option<u64>,
    /// The rights it needs.
    #[serde(default)]
    pub requires: Vec<String>,
    /// What else binds it, in words for people.
    #[serde(default)]
    pub limits: Vec<String>,
    /// Where the table is from.
    pub source: String,
}

impl Channel {
    /// Reads a table from TOML with these fields.
    ///
    /// # Errors
    ///
    /// [`BadPlan`] with the place in the text.
    pub fn from_toml(text: &str) -> Result<Self, BadPlan> {
        toml::from_str(text).map_err(|cause| BadPlan::at(&cause))
    }

    /// Our own agent, which runs on the asset: [`LinuxTriage`](https://docs.rs/homeostat-forensics) is the one for Linux.
    pub fn own_agent() -> Self {
        shipped(include_str!("../channels/own_agent.toml"))
    }

    /// `CrowdStrike` Falcon Real Time Response.
    pub fn crowdstrike() -> Self {
        shipped(include_str!("../channels/crowdstrike.toml"))
    }

    /// Live response of Microsoft Defender for Endpoint.
    pub fn defender() -> Self {
        shipped(include_str!("../channels/defender.toml"))
    }

    /// `SentinelOne`: remote scripts and file fetch.
    pub fn sentinelone() -> Self {
        shipped(include_str!("../channels/sentinelone.toml"))
    }

    /// Snapshots and logs of a cloud's control plane.
    pub fn cloud_snapshot() -> Self {
        shipped(include_str!("../channels/cloud_snapshot.toml"))
    }

    /// The five tables of this crate.
    pub fn all() -> [Self; 5] {
        [
            Self::own_agent(),
            Self::crowdstrike(),
            Self::defender(),
            Self::sentinelone(),
            Self::cloud_snapshot(),
        ]
    }

    /// Whether it supplies `need` on an asset of that kind.
    pub fn supplies(&self, asset: AssetKind, need: Need) -> bool {
        self.how(asset, need).is_some()
    }

    /// How it is asked for `need` on an asset of that kind, in its own words.
    pub fn how(&self, asset: AssetKind, need: Need) -> Option<&str> {
        self.supplies.get(&asset)?.get(&need).map(String::as_str)
    }

    /// The kinds of assets it reaches.
    pub fn assets(&self) -> BTreeSet<AssetKind> {
        self.supplies.keys().copied().collect()
    }
}

/// A table of this crate. A test reads them all; one that could not be read would supply nothing.
fn shipped(text: &str) -> Channel {
    Channel::from_toml(text).unwrap_or_else(|_| Channel {
        name: String::new(),
        title: String::new(),
        contained: Contained::NeedsEgress,
        supplies: BTreeMap::new(),
        max_item_bytes: None,
        requires: Vec::new(),
        limits: Vec::new(),
        source: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_read_and_tells_its_source() {
        let mut names = BTreeSet::new();
        for channel in Channel::all() {
            assert!(names.insert(channel.name.clone()) && !channel.name.is_empty());
            assert!(!channel.source.is_empty() && !channel.requires.is_empty(), "{}", channel.name);
            assert!(channel.supplies.values().all(|needs| !needs.is_empty()), "{}", channel.name);
        }
        let reached: BTreeSet<AssetKind> = Channel::all().iter().flat_map(Channel::assets).collect();
        assert_eq!(reached, AssetKind::ALL.into());
    }

    #[test]
    fn a_wrong_table_is_refused_with_its_place() {
        let wrong = "name = \"x\"\ntitle = \"x\"\ncontained = \"perhaps\"\n";
        assert_eq!(Channel::from_toml(wrong).unwrap_err().to_string(), "not as described from byte 35 on");
    }
}
