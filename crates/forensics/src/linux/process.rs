//! Running processes, from `proc(5)`: one row each, in the order of their numbers.

use super::row::Row;
use super::{Taking, account, file};
use crate::Stop;
use homeostat_core::Timestamp;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

/// Ticks a second in `/proc/PID/stat`: the kernel gives 100 to programs on every architecture in use (`USER_HZ`).
const TICKS: u64 = 100;

/// The longest command line that is read: the kernel allows 2 MiB, the first 64 KiB tell what runs.
const LONGEST: u64 = 64 * 1024;

pub(super) fn rows(taking: &mut Taking<'_>) -> Result<(), Stop> {
    let folder = taking.root.join("proc");
    let users: BTreeMap<u32, String> =
        account::read(taking.root).into_iter().map(|account| (account.uid, account.name)).collect();
    let booted = booted(&folder);
    let mut rows = Vec::new();
    for pid in numbers(&folder) {
        if let Some(row) = row(taking, (pid, &folder.join(pid.to_string())), booted, &users) {
            row.end(&mut rows);
        }
    }
    taking.listing("processes.jsonl", &rows)
}

/// The numbers of all processes, in order.
pub(super) fn numbers(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut pids: Vec<u64> =
        entries.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).collect();
    pids.sort_unstable();
    pids
}

/// When the machine was started.
fn booted(folder: &Path) -> Option<Timestamp> {
    let stat = read(&folder.join("stat"));
    let seconds: i64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
}

/// A row; `None` when the process ended meanwhile.
fn row(
    taking: &Taking<'_>,
    (pid, folder): (u64, &Path),
    booted: Option<Timestamp>,
    users: &BTreeMap<u32, String>,
) -> Option<Row> {
    let stat = read(&folder.join("stat"));
    // The name stands in parentheses and may hold any sign, parentheses and spaces too.
    let (before, after) = (stat.find('(')?, stat.rfind(')')?);
    let name = stat.get(before + 1..after)?;
    let cells: Vec<&str> = stat.get(after + 1..)?.split_whitespace().collect();
    let ticks: Option<u64> = cells.get(19).and_then(|ticks| ticks.parse().ok());
    let since = ticks.map(|ticks| Duration::from_millis(ticks.saturating_mul(1_000 / TICKS)));
    let started = booted.zip(since).and_then(|(booted, since)| booted.plus(since));
    let uid = uid(&folder.join("status"));
    let user = uid.and_then(|uid| users.get(&uid)).map_or("", String::as_str);
    let row = Row::new("process", taking)
        .number("pid", pid)
        .text("ppid", cells.get(1).copied().unwrap_or_default())
        .text("name", name)
        .text("cmd_line", &command(&folder.join("cmdline")))
        .text("path", &link(&folder.join("exe")))
        .text("cwd", &link(&folder.join("cwd")))
        .text("uid", &uid.map_or_else(String::new, |uid| uid.to_string()))
        .text("user", user)
        .text("started", &started.map_or_else(String::new, |started| started.to_string()));
    Some(row)
}

fn uid(status: &Path) -> Option<u32> {
    let status = read(status);
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()
}

/// The command line, its words joined by spaces.
fn command(path: &Path) -> String {
    read(path).split('\0').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn link(path: &Path) -> String {
    fs::read_link(path).map(|target| file::name_of(&target)).unwrap_or_default()
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    // What ended meanwhile, or may not be read, is empty.
    let _ = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
