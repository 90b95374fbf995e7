//! Lists of files: never through a link, to a depth and a number that are limits with a mark.

use super::row::Row;
use super::{Taking, file};
use crate::Stop;
use homeostat_core::Timestamp;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How deep a walk goes: deeper than people and packages nest, and no deeper than a path may be long.
const DEEPEST: usize = 32;

/// How many files a walk for recent ones looks at: a desktop has a million, and half a minute is allowed.
const LOOKED_AT: usize = 2_000_000;

/// The files, links and others directly below `folder`, sorted; none when it can not be read.
pub(super) fn flat(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort_unstable();
    found
}

/// The files and links below `folder`, sorted folder by folder; whether a limit cut them.
pub(super) fn files(folder: &Path, most: usize) -> (Vec<PathBuf>, bool) {
    let mut found = Vec::new();
    let cut = each(folder, &mut |path, _| {
        found.push(path.to_path_buf());
        found.len() < most
    });
    (found, cut)
}

/// Hands each file and link below `folder` to `take` until it says no; whether something was not handed over.
fn each(folder: &Path, take: &mut dyn FnMut(&Path, &fs::Metadata) -> bool) -> bool {
    let mut open = vec![(folder.to_path_buf(), 0)];
    let mut cut = false;
    if !fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
        return false;
    }
    while let Some((folder, depth)) = open.pop() {
        for path in flat(&folder) {
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            if !found.is_dir() {
                if !take(&path, &found) {
                    return true;
                }
            } else if depth < DEEPEST {
                open.push((path, depth + 1));
            } else {
                cut = true;
            }
        }
    }
    cut
}

/// Rows of the files whose content or state changed lately. The time of change (`ctime`) counts: no program can set it.
pub(super) fn recent(taking: &mut Taking<'_>, recent: Duration) -> Result<(), Stop> {
    const TREES: [&str; 13] = [
        "etc",
        "usr/bin",
        "usr/sbin",
        "usr/local",
        "usr/lib/systemd",
        "opt",
        "srv",
        "root",
        "home",
        "var/www",
        "var/spool",
        "tmp",
        "dev/shm",
    ];
    let since = taking.seen.minus(recent).and_then(Timestamp::millis).unwrap_or(0) / 1_000;
    let (mut rows, mut left, most) = (Vec::new(), LOOKED_AT, taking.most.saturating_mul(10));
    let mut count = 0_usize;
    let mut cut = false;
    for tree in TREES {
        cut |= each(&taking.root.join(tree), &mut |path, found| {
            left = left.saturating_sub(1);
            if found.ctime() >= since {
                count = count.saturating_add(1);
                row(taking, path, found).end(&mut rows);
            }
            left > 0 && count < most
        });
    }
    taking.listing("recent_files.jsonl", &rows)?;
    if cut {
        taking.sink.miss(&crate::Item::new("recent_files"), "list all recent files within the limit")?;
    }
    Ok(())
}

fn row(taking: &Taking<'_>, path: &Path, found: &fs::Metadata) -> Row {
    let time = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1_000)).to_string();
    let inside = Path::new("/").join(path.strip_prefix(taking.root).unwrap_or(path));
    Row::new("file", taking)
        .text("path", &file::name_of(&inside))
        .number("size", found.len())
        .text("mode", &format!("{:o}", found.mode()))
        .number("uid", found.uid().into())
        .number("gid", found.gid().into())
        .text("modified", &time(found.mtime()))
        .text("changed", &time(found.ctime()))
}
