//! Our own agent for Linux: reads `/proc`, sockets, accounts, what starts by itself, keys, histories and logs.
//!
//! It starts no program, writes nothing and needs no root; without root it sees less, and says what it could not read.
//! Symbolic links are never followed and devices, pipes and sockets never opened. Files are opened without changing
//! their access time where the kernel allows that (their owner, or root); where not, the item's facts say so.

mod account;
mod file;
mod process;
mod row;
mod socket;
mod walk;

use crate::{Channel, Clock as _, CollectError, Collector, Item, Sink, Step, Stop, SystemClock};
use account::Account;
use homeostat_core::Timestamp;
use homeostat_response::Target;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The collector of [`Channel::own_agent`] for the Linux machine that it runs on.
///
/// ```
/// use homeostat_forensics::{Collector, LinuxTriage};
/// let triage = LinuxTriage::new();
/// assert_eq!(triage.channel().name, "own_agent");
/// ```
#[derive(Clone, Debug)]
pub struct LinuxTriage {
    channel: Channel,
    root: PathBuf,
    recent: Duration,
    largest: u64,
    most: usize,
}

impl Default for LinuxTriage {
    fn default() -> Self {
        Self::new()
    }
}

/// One step being taken.
struct Taking<'s> {
    root: &'s Path,
    sink: &'s mut dyn Sink,
    seen: Timestamp,
    host: String,
    /// Files above that are not taken; 0 for no limit but the capture's own.
    largest: u64,
    most: usize,
}

impl LinuxTriage {
    /// Of the machine itself: files that changed within 14 days are recent, and of temporary files those up to 1 MiB are
    /// taken, at most 1,000 of a step, so that triage stays triage.
    pub fn new() -> Self {
        let recent = Duration::from_hours(14 * 24);
        Self {
            channel: Channel::own_agent(),
            root: PathBuf::from("/"),
            recent,
            largest: 1 << 20,
            most: 1_000,
        }
    }

    /// Of the machine whose files are below `root`, such as a disk that was mounted read-only.
    #[must_use]
    pub fn below(self, root: &Path) -> Self {
        Self { root: root.to_path_buf(), ..self }
    }

    /// The same with another meaning of recent.
    #[must_use]
    pub fn recent(self, recent: Duration) -> Self {
        Self { recent, ..self }
    }

    /// The same with other limits: temporary files up to `bytes`, and that many files of a step.
    #[must_use]
    pub fn limits(self, bytes: u64, files: usize) -> Self {
        Self { largest: bytes, most: files, ..self }
    }
}

impl Collector for LinuxTriage {
    fn channel(&self) -> &Channel {
        &self.channel
    }

    fn collect(&self, step: &Step, _: &Target, sink: &mut dyn Sink) -> Result<(), CollectError> {
        let seen = SystemClock.now();
        let host = std::fs::read_to_string(self.root.join("proc/sys/kernel/hostname"));
        let host =
            host.or_else(|_| std::fs::read_to_string(self.root.join("etc/hostname"))).unwrap_or_default();
        let host = host.trim().to_owned();
        let mut taking = Taking { root: &self.root, sink, seen, host, largest: 0, most: self.most };
        match step.id.as_str() {
            "connections" => socket::rows(&mut taking)?,
            "processes" => process::rows(&mut taking)?,
            "sessions" => taking.files(&["run/utmp", "var/log/wtmp", "var/log/btmp", "var/log/lastlog"])?,
            "network_state" => {
                taking.files(&["proc/net/route", "proc/net/arp", "etc/hosts", "etc/resolv.conf"])?;
            }
            "kernel_state" => {
                taking.files(&["proc/modules", "proc/self/mounts", "proc/version", "proc/cmdline"])?;
            }
            "temporary_files" => {
                taking.largest = self.largest;
                taking.trees(&["tmp", "var/tmp", "dev/shm"])?;
            }
            "accounts" => account::rows(&mut taking)?,
            "persistence" => persistence(&mut taking)?,
            "keys" => keys(&mut taking)?,
            "history" => history(&mut taking)?,
            "logs" => logs(&mut taking)?,
            "recent_files" => walk::recent(&mut taking, self.recent)?,
            _ => return Err(CollectError::Refused { at: "find a way to take this step" }),
        }
        Ok(())
    }
}

impl Taking<'_> {
    fn files(&mut self, paths: &[&str]) -> Result<(), Stop> {
        paths.iter().try_for_each(|path| self.file(&self.root.join(path), None))
    }

    fn file(&mut self, path: &Path, owner: Option<&Account>) -> Result<(), Stop> {
        file::take(self, path, owner)
    }

    fn trees(&mut self, paths: &[&str]) -> Result<(), Stop> {
        paths.iter().try_for_each(|path| self.tree(&self.root.join(path), None))
    }

    fn tree(&mut self, path: &Path, owner: Option<&Account>) -> Result<(), Stop> {
        let (found, cut) = walk::files(path, self.most);
        found.iter().try_for_each(|path| self.file(path, owner))?;
        if cut {
            self.sink.miss(&self.item(path), "list all files below it within the limit")?;
        }
        Ok(())
    }

    /// The item of a path, named as it is on the machine.
    fn item(&self, path: &Path) -> Item {
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        Item::new(file::name_of(&Path::new("/").join(inside)))
    }

    /// Hands in rows that were made here.
    fn listing(&mut self, name: &str, rows: &[u8]) -> Result<(), Stop> {
        self.sink.take(&Item::new(name), &mut &*rows).map(drop)
    }
}

/// What a shell or session runs when somebody signs in.
const AT_SIGN_IN: [&str; 6] = [".bashrc", ".bash_profile", ".profile", ".zshrc", ".bash_login", ".xprofile"];

/// What comes back after a start or a sign-in.
fn persistence(taking: &mut Taking<'_>) -> Result<(), Stop> {
    taking.files(&[
        "etc/crontab",
        "etc/anacrontab",
        "etc/ld.so.preload",
        "etc/profile",
        "etc/bash.bashrc",
        "etc/rc.local",
    ])?;
    taking.trees(&[
        "etc/cron.d",
        "etc/cron.hourly",
        "etc/cron.daily",
        "etc/cron.weekly",
        "etc/cron.monthly",
    ])?;
    taking.trees(&["var/spool/cron", "etc/systemd/system", "etc/profile.d", "etc/init.d", "etc/pam.d"])?;
    for account in account::all(taking.root) {
        let home = account.home_below(taking.root);
        for file in AT_SIGN_IN {
            taking.file(&home.join(file), Some(&account))?;
        }
        for tree in [".config/systemd/user", ".config/autostart"] {
            taking.tree(&home.join(tree), Some(&account))?;
        }
    }
    Ok(())
}

/// Keys that let somebody in: the public halves, never a private key.
fn keys(taking: &mut Taking<'_>) -> Result<(), Stop> {
    for account in account::all(taking.root) {
        let folder = account.home_below(taking.root).join(".ssh");
        let (found, _) = walk::files(&folder, taking.most);
        let public = |path: &&PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with("authorized_keys")
                || name.starts_with("known_hosts")
                || path.extension().is_some_and(|end| end == "pub")
        };
        found.iter().filter(public).try_for_each(|path| taking.file(path, Some(&account)))?;
    }
    Ok(())
}

fn history(taking: &mut Taking<'_>) -> Result<(), Stop> {
    const FILES: [&str; 6] = [
        ".bash_history",
        ".zsh_history",
        ".ash_history",
        ".python_history",
        ".local/share/fish/fish_history",
        ".mysql_history",
    ];
    for account in account::all(taking.root) {
        let home = account.home_below(taking.root);
        FILES.iter().try_for_each(|file| taking.file(&home.join(file), Some(&account)))?;
    }
    Ok(())
}

/// Logs in text, those that were rotated too.
fn logs(taking: &mut Taking<'_>) -> Result<(), Stop> {
    const NAMES: [&str; 8] =
        ["auth.log", "secure", "syslog", "messages", "kern.log", "cron", "daemon.log", "audit.log"];
    for folder in ["var/log", "var/log/audit"] {
        for path in walk::flat(&taking.root.join(folder)) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if NAMES.iter().any(|log| {
                name.strip_prefix(log).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
            }) {
                taking.file(&path, None)?;
            }
        }
    }
    Ok(())
}
