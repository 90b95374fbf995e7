//! What PAM's modules, `su` and the manager of sessions say.

use super::deed::{Account, Deed, SignIn};
use super::said::{bare, named_and_numbered, pair, word_after};

/// `pam_unix(sshd:session): session opened for user jo by (uid=0)` and its kin, in the words of any program.
pub(super) fn read<'m>(app: &str, message: &'m str) -> Option<Deed<'m>> {
    if let Some(deed) = more_failures(message) {
        return Some(Deed::SignIn(deed));
    }
    let (module, rest) = message.split_once("): ").filter(|(module, _)| module.starts_with("pam_"))?;
    let (_, place) = module.split_once('(')?;
    let (service, kind) = place.rsplit_once(':').unwrap_or((place, ""));
    match kind {
        "session" => session(app, service, rest).map(Deed::SignIn),
        "chauthtok" => password(rest).map(Deed::Account),
        _ => refused(service, rest).map(Deed::SignIn),
    }
}

/// Those who become another by these programs have signed in before.
fn is_switch(service: &str) -> bool {
    matches!(service, "su" | "su-l" | "sudo" | "sudo-i" | "doas" | "runuser" | "polkit-1")
}

fn activity(service: &str) -> u32 {
    if is_switch(service) { 7 } else { 1 }
}

/// OCSF's types: 4 batch, 5 service, 3 by network, 2 at the machine.
fn logon_type(service: &str) -> Option<i32> {
    match service {
        "cron" | "crond" | "atd" => Some(4),
        "systemd-user" => Some(5),
        "sshd" => Some(3),
        "login" | "gdm-password" | "lightdm" | "sddm" => Some(2),
        _ => None,
    }
}

fn session<'m>(app: &str, service: &str, rest: &'m str) -> Option<SignIn<'m>> {
    let service = if service.is_empty() { app } else { service };
    let user = |rest: &'m str| {
        let name = rest.split(' ').next().unwrap_or(rest);
        named_and_numbered(bare(name))
    };
    if let Some(rest) = rest.strip_prefix("session opened for user ") {
        let by = rest.split_once(" by ").map(|(_, by)| named_and_numbered(by)).unwrap_or_default();
        // A number alone is that of the server which opens sessions for others.
        let (by, runs_as) =
            if by.0.is_some() || is_switch(service) { (by, None) } else { ((None, None), by.1) };
        let (user, uid) = user(rest);
        return Some(SignIn {
            activity: activity(service),
            user,
            uid,
            by,
            runs_as,
            logon_type: logon_type(service),
            ..SignIn::default()
        });
    }
    let rest = rest.strip_prefix("session closed for user ")?;
    let (user, uid) = user(rest);
    Some(SignIn { activity: 2, user, uid, logon_type: logon_type(service), ..SignIn::default() })
}

/// `authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root`
fn refused<'m>(service: &str, rest: &'m str) -> Option<SignIn<'m>> {
    let detail = rest.split(';').next();
    let fails = ["authentication failure", "check pass; user unknown", "conversation failed", "bad username"];
    let fails = fails.iter().any(|word| rest.starts_with(word))
        || rest.contains("not met by user")
        || rest.starts_with("auth could not identify password for")
        || rest.starts_with("account ")
        || rest.contains("locked");
    if !fails {
        return None;
    }
    let quoted = word_after(rest, "by user ").or_else(|| word_after(rest, "identify password for "));
    let user = pair(rest, "user").or_else(|| quoted.map(|user| user.trim_matches(['"', '[', ']'])));
    Some(SignIn {
        activity: activity(service),
        user: user.or_else(|| word_after(rest, "account ")),
        by: (
            pair(rest, "ruser").or_else(|| pair(rest, "logname")),
            pair(rest, "uid").filter(|_| is_switch(service)),
        ),
        from: pair(rest, "rhost"),
        terminal: pair(rest, "tty").filter(|tty| *tty != "ssh"),
        refused: true,
        detail,
        ..SignIn::default()
    })
}

/// `PAM 4 more authentication failures; logname= … rhost=192.0.2.7  user=root`
fn more_failures(message: &str) -> Option<SignIn<'_>> {
    let (count, rest) = message.strip_prefix("PAM ")?.split_once(" more authentication failure")?;
    Some(SignIn {
        activity: 1,
        user: pair(rest, "user"),
        from: pair(rest, "rhost"),
        refused: true,
        detail: message.split(';').next(),
        count: count.parse().ok(),
        ..SignIn::default()
    })
}

/// `password changed for jo`, `user "jo" does not exist in /etc/passwd`
fn password(rest: &str) -> Option<Account<'_>> {
    if let Some(user) = word_after(rest, "password changed for ") {
        return Some(Account { activity: 3, user: bare(user), ..Account::default() });
    }
    let (user, _) = rest.strip_prefix("user \"")?.split_once("\" does not exist")?;
    Some(Account { activity: 3, user, refused: true, detail: Some(rest), ..Account::default() })
}

/// `Successful su for root by jo`, `FAILED SU (to root) jo on pts/0`, `+ /dev/pts/0 jo:root`
pub(super) fn read_su(message: &str) -> Option<Deed<'_>> {
    let switch = |user, by, refused| SignIn {
        activity: 7,
        user: Some(user),
        by: (Some(by), None),
        refused,
        ..SignIn::default()
    };
    for (word, refused) in [("Successful su for ", false), ("FAILED su for ", true)] {
        if let Some((user, by)) = message.strip_prefix(word).and_then(|rest| rest.split_once(" by ")) {
            return Some(Deed::SignIn(switch(user, by, refused)));
        }
    }
    let (rest, refused) = match message.strip_prefix("FAILED SU ") {
        Some(rest) => (rest, true),
        None => (message, false),
    };
    if let Some((user, by)) = rest.strip_prefix("(to ").and_then(|rest| rest.split_once(") ")) {
        let (by, terminal) = by.split_once(" on ").map_or((by, None), |(by, on)| (by, Some(on)));
        return Some(Deed::SignIn(SignIn { terminal, ..switch(user, by, refused) }));
    }
    let (sign, rest) = message.split_once(' ').filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    let (terminal, names) = rest.rsplit_once(' ')?;
    let (by, user) = names.split_once(':')?;
    Some(Deed::SignIn(SignIn { terminal: Some(terminal), ..switch(user, by, sign == "-") }))
}

/// `New session 4 of user jo.`, `Removed session 4.`, `Session 4 logged out. Waiting for processes to exit.`
pub(super) fn read_logind(message: &str) -> Option<Deed<'_>> {
    if let Some(rest) = message.strip_prefix("New session ") {
        let session = rest.split([' ', '.']).next();
        let user = word_after(rest, "of user ").map(bare);
        return Some(Deed::SignIn(SignIn { activity: 1, user, session, ..SignIn::default() }));
    }
    let rest = message.strip_prefix("Removed session ").or_else(|| message.strip_prefix("Session "))?;
    let ends = message.starts_with("Removed") || rest.contains(" logged out");
    let session = rest.split([' ', '.']).next().filter(|_| ends)?;
    Some(Deed::SignIn(SignIn { activity: 2, session: Some(session), ..SignIn::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(read: Option<Deed<'_>>, activity: u32, user: Option<&str>, by: Option<&str>, refused: bool) {
        let Some(Deed::SignIn(told)) = read else { panic!("no sign-in") };
        assert_eq!((told.activity, told.user, told.by.0, told.refused), (activity, user, by, refused));
    }

    #[test]
    fn sessions_open_and_close() {
        let opened = "pam_unix(sudo:session): session opened for user root(uid=0) by jo(uid=1000)";
        check(read("sudo", opened), 7, Some("root"), Some("jo"), false);
        check(
            read("sshd", "pam_unix(sshd:session): session opened for user jo by (uid=0)"),
            1,
            Some("jo"),
            None,
            false,
        );
        check(
            read("CRON", "pam_unix(cron:session): session closed for user root"),
            2,
            Some("root"),
            None,
            false,
        );
    }

    #[test]
    fn failures_name_whom_they_are_about() {
        let failed = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root";
        check(read("sshd", failed), 1, Some("root"), None, true);
        check(read("sshd", "pam_unix(sshd:auth): check pass; user unknown"), 1, None, None, true);
        let switched = "pam_unix(su:auth): authentication failure; logname=jo uid=1000 euid=0 tty=pts/0 ruser=jo rhost=  user=root";
        check(read("su", switched), 7, Some("root"), Some("jo"), true);
        let more = "PAM 4 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root";
        let Some(Deed::SignIn(told)) = read("sshd", more) else { panic!("no sign-in") };
        assert_eq!((told.count, told.user, told.from), (Some(4), Some("root"), Some("192.0.2.7")));
    }

    #[test]
    fn becoming_another_is_told_in_three_ways() {
        check(read_su("Successful su for root by jo"), 7, Some("root"), Some("jo"), false);
        check(read_su("FAILED SU (to root) jo on pts/0"), 7, Some("root"), Some("jo"), true);
        check(read_su("- /dev/pts/0 jo:root"), 7, Some("root"), Some("jo"), true);
        assert!(read_su("hello").is_none() && read_su("+ x").is_none());
    }

    #[test]
    fn sessions_have_numbers() {
        let Some(Deed::SignIn(told)) = read_logind("New session c4 of user jo.") else {
            panic!("no sign-in")
        };
        assert_eq!((told.session, told.user), (Some("c4"), Some("jo")));
        let Some(Deed::SignIn(told)) = read_logind("Removed session 4.") else { panic!("no sign-in") };
        assert_eq!((told.session, told.activity), (Some("4"), 2));
        assert!(read_logind("New seat seat0.").is_none());
    }
}
