//! What shadow's tools say of accounts and groups.

use super::deed::{Account, Deed, Membership};
use super::said::{bare, between, pair, word_after};

pub(super) fn read<'m>(app: &str, message: &'m str) -> Option<Deed<'m>> {
    if !matches!(
        app,
        "useradd"
            | "userdel"
            | "usermod"
            | "groupadd"
            | "groupdel"
            | "groupmod"
            | "gpasswd"
            | "passwd"
            | "chpasswd"
            | "chage"
            | "chfn"
            | "chsh"
            | "newusers"
    ) {
        return None;
    }
    membership(message)
        .or_else(|| group(message))
        .map(Deed::Group)
        .or_else(|| account(message).map(Deed::Account))
}

/// `new group: name=staff, GID=1003`, `group added to /etc/group: name=staff, GID=1003`, `removed group 'staff' owned by
/// 'jo'`, `group 'staff' removed from /etc/group`
fn group(message: &str) -> Option<Membership<'_>> {
    if message.starts_with("new group:") || message.starts_with("group added to ") {
        let group = pair(message, "name")?;
        return Some(Membership { activity: 6, group, gid: pair(message, "GID"), ..Membership::default() });
    }
    let removed =
        message.strip_prefix("removed group ").or_else(|| message.strip_prefix("removed shadow group "));
    let group = match removed {
        Some(rest) => rest.split(" owned by ").next().map(bare)?,
        None => between(message, "group '", "' removed")?,
    };
    Some(Membership { activity: 5, group, ..Membership::default() })
}

/// `add 'jo' to group 'staff'`, `delete 'jo' from group 'staff'`, `user jo added by root to group staff`
fn membership(message: &str) -> Option<Membership<'_>> {
    for (verb, link, activity) in [("add ", " to ", 3), ("delete ", " from ", 4), ("remove ", " from ", 4)] {
        let told = message.strip_prefix(verb).and_then(|rest| rest.split_once(link));
        let group = told
            .and_then(|(_, rest)| rest.strip_prefix("shadow group ").or_else(|| rest.strip_prefix("group ")));
        if let (Some((user, _)), Some(group)) = (told, group) {
            let (user, group) = (Some(bare(user)), bare(group));
            return Some(Membership { activity, group, user, ..Membership::default() });
        }
    }
    let rest = message.strip_prefix("user ")?;
    for (verb, link, activity) in [(" added by ", " to group ", 3), (" removed by ", " from group ", 4)] {
        if let Some((user, rest)) = rest.split_once(verb)
            && let Some((by, group)) = rest.split_once(link)
        {
            let (user, by, group) = (Some(bare(user)), Some(bare(by)), bare(group));
            return Some(Membership { activity, group, user, by, ..Membership::default() });
        }
    }
    None
}

fn account(message: &str) -> Option<Account<'_>> {
    if message.starts_with("new user:") || message.starts_with("new account added") {
        let user = pair(message, "name").or_else(|| pair(message, "account"))?;
        return Some(Account {
            activity: 1,
            user: bare(user),
            uid: pair(message, "UID").or_else(|| pair(message, "uid")),
            ..Account::default()
        });
    }
    if let Some(user) = between(message, "failed adding user '", "'") {
        return Some(Account {
            activity: 1,
            user,
            refused: true,
            detail: Some(message),
            ..Account::default()
        });
    }
    if let Some(user) = between(message, "delete user '", "'") {
        return Some(Account { activity: 6, user, ..Account::default() });
    }
    changed(message)
}

/// `change user 'jo' shell from …`, `lock user 'jo' password`, `password for 'jo' changed by 'root'`, `changed password
/// expiry for jo`
fn changed(message: &str) -> Option<Account<'_>> {
    if let Some(user) = between(message, "password for '", "' changed by") {
        let by = between(message, "changed by '", "'");
        return Some(Account { activity: 3, user, by, ..Account::default() });
    }
    for (verb, activity) in [("unlock user '", 12), ("lock user '", 9)] {
        if let Some(user) = message.strip_prefix(verb).and_then(|rest| rest.split('\'').next()) {
            return Some(Account { activity, user, ..Account::default() });
        }
    }
    if let Some(user) = word_after(message, "expiry for ") {
        return Some(other(bare(user), "change expiry"));
    }
    let (_, rest) = message.split_once("user name '").or_else(|| message.split_once("user '"))?;
    let (user, rest) = rest.split_once('\'').filter(|_| message.starts_with("change"))?;
    Some(match rest.trim_start().split([' ', '\'']).next() {
        Some("password") => Account { activity: 3, user, ..Account::default() },
        Some(what) if !what.is_empty() => other(user, what),
        _ => other(user, "name"),
    })
}

fn other<'m>(user: &'m str, what: &'m str) -> Account<'m> {
    Account { activity: 99, user, detail: Some(what), ..Account::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_made_changed_and_removed() {
        for (app, message, activity, user, refused) in [
            (
                "useradd",
                "new user: name=jo, UID=1001, GID=1001, home=/home/jo, shell=/bin/sh",
                1,
                "jo",
                false,
            ),
            ("useradd", "failed adding user 'jo', exit code: 9", 1, "jo", true),
            ("userdel", "delete user 'jo'", 6, "jo", false),
            ("usermod", "change user 'jo' password", 3, "jo", false),
            ("usermod", "change user 'jo' shell from '/bin/a' to '/bin/b'", 99, "jo", false),
            ("usermod", "change user name 'jo' to 'joe'", 99, "jo", false),
            ("usermod", "lock user 'jo' password", 9, "jo", false),
            ("usermod", "unlock user 'jo' password", 12, "jo", false),
            ("passwd", "password for 'jo' changed by 'root'", 3, "jo", false),
            ("chage", "changed password expiry for jo", 99, "jo", false),
            ("chfn", "changed user 'jo' information", 99, "jo", false),
        ] {
            let Some(Deed::Account(told)) = read(app, message) else { panic!("{message}") };
            assert_eq!((told.activity, told.user, told.refused), (activity, user, refused), "{message}");
        }
    }

    #[test]
    fn groups_are_made_and_joined() {
        for (app, message, activity, group, user) in [
            ("groupadd", "new group: name=staff, GID=1003", 6, "staff", None),
            ("groupadd", "group added to /etc/gshadow: name=staff", 6, "staff", None),
            ("userdel", "removed group 'jo' owned by 'jo'", 5, "jo", None),
            ("groupdel", "group 'staff' removed from /etc/group", 5, "staff", None),
            ("usermod", "add 'jo' to group 'sudo'", 3, "sudo", Some("jo")),
            ("usermod", "add 'jo' to shadow group 'sudo'", 3, "sudo", Some("jo")),
            ("userdel", "delete 'jo' from group 'sudo'", 4, "sudo", Some("jo")),
            ("gpasswd", "user jo added by root to group staff", 3, "staff", Some("jo")),
        ] {
            let Some(Deed::Group(told)) = read(app, message) else { panic!("{message}") };
            assert_eq!((told.activity, told.group, told.user), (activity, group, user), "{message}");
        }
        assert!(read("sshd", "new group: name=a").is_none() && read("useradd", "hello").is_none());
    }
}
