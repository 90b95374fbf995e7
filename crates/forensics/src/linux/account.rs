//! Accounts and groups, from `passwd(5)` and `group(5)`.

use super::Taking;
use super::row::Row;
use crate::Stop;
use std::fs;
use std::path::{Path, PathBuf};

/// From this number on accounts are people's (`login.defs(5)`, `UID_MIN`); `nobody` is not.
const FIRST_PERSON: u32 = 1_000;
const NOBODY: u32 = 65_534;

/// One account.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    gid: u32,
    home: String,
    shell: String,
}

impl Account {
    fn read(line: &str) -> Option<Self> {
        let mut cells = line.split(':');
        let name = cells.next()?.to_owned();
        let (uid, gid) = (cells.nth(1)?.parse().ok()?, cells.next()?.parse().ok()?);
        let home = cells.nth(1)?.to_owned();
        Some(Self { name, uid, gid, home, shell: cells.next().unwrap_or_default().to_owned() })
    }

    /// The name, when the account is a person's.
    pub(super) fn person(&self) -> Option<&str> {
        (self.uid >= FIRST_PERSON && self.uid != NOBODY).then_some(&self.name)
    }

    /// Where the home is below `root`; what climbs out of it leads nowhere.
    pub(super) fn home_below(&self, root: &Path) -> PathBuf {
        let plain = Path::new(&self.home).components().filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name),
            _ => None,
        });
        root.join(plain.collect::<PathBuf>())
    }
}

/// Every account that has a home of its own.
pub(super) fn all(root: &Path) -> Vec<Account> {
    let mut homes = std::collections::BTreeSet::new();
    let accounts = read(root).into_iter();
    accounts.filter(|account| account.home.len() > 1 && homes.insert(account.home.clone())).collect()
}

pub(super) fn read(root: &Path) -> Vec<Account> {
    let text = fs::read(root.join("etc/passwd")).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(Account::read).collect()
}

pub(super) fn rows(taking: &mut Taking<'_>) -> Result<(), Stop> {
    let mut rows = Vec::new();
    for account in read(taking.root) {
        Row::new("account", taking)
            .text("name", &account.name)
            .number("uid", account.uid.into())
            .number("gid", account.gid.into())
            .text("home", &account.home)
            .text("shell", &account.shell)
            .end(&mut rows);
    }
    let groups = fs::read(taking.root.join("etc/group")).unwrap_or_default();
    for line in String::from_utf8_lossy(&groups).lines() {
        let cells: Vec<&str> = line.split(':').collect();
        if let [name, _, gid, members] = cells[..] {
            let row = Row::new("group", taking).text("name", name).text("gid", gid).text("members", members);
            row.end(&mut rows);
        }
    }
    taking.listing("accounts.jsonl", &rows)
}
