//! Which class and activity an entry of the directory's audit log is, by the words of its activity.

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3001.
    Account(u32),
    /// 3004.
    Entity(u32),
    /// 3005.
    Access(u32),
    /// 3006.
    Group(u32),
}

impl Kind {
    pub(super) fn activity(self) -> u32 {
        match self {
            Self::Account(activity)
            | Self::Entity(activity)
            | Self::Access(activity)
            | Self::Group(activity) => activity,
        }
    }
}

/// The class and activity of `name`, such as `Add member to role`; `kind` is the `operationType` beside it.
///
/// A user or group whose properties are updated is a managed entity (3004): their own classes number no update.
pub(super) fn kind_of(name: &str, kind: &str) -> Kind {
    let words = Words(name.to_lowercase());
    let known = factor(&words)
        .or_else(|| password(&words))
        .or_else(|| group(&words))
        .or_else(|| access(&words))
        .or_else(|| account(&words));
    known.unwrap_or_else(|| Kind::Entity(by_verb(&words, kind)))
}

struct Words(String);

impl Words {
    fn any(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.0.contains(part))
    }

    fn takes_away(&self) -> bool {
        self.any(&["remove", "delete", "revoke", "unassign", "deactivat", "expire", "deregister"])
    }
}

fn factor(words: &Words) -> Option<Kind> {
    if words.any(&["strong authentication"]) {
        let number = if words.any(&["disable"]) { 11 } else { 10 };
        return words.any(&["disable", "enable"]).then_some(Kind::Account(number));
    }
    if !words.any(&["security info", "passkey", "fido2 security key"]) || words.any(&["policy"]) {
        return None;
    }
    Some(match () {
        () if words.takes_away() => Kind::Account(11),
        () if words.any(&["register", "add", "create"]) => Kind::Account(10),
        () => Kind::Entity(3),
    })
}

fn password(words: &Words) -> Option<Kind> {
    if !words.any(&["password"])
        || words.any(&["policy", "application", "principal", "protection", "writeback"])
    {
        return None;
    }
    let reset = words.any(&["reset", "force change"]);
    (reset || words.any(&["change"])).then_some(Kind::Account(if reset { 4 } else { 3 }))
}

fn group(words: &Words) -> Option<Kind> {
    if !words.any(&["group"]) || words.any(&["policy", "setting", "lifecycle", "license", "management group"])
    {
        return None;
    }
    Some(match () {
        () if words.any(&["member to group", "user to group"]) => Kind::Group(3),
        () if words.any(&["member from group", "user from group"]) => Kind::Group(4),
        () if words.any(&["owner to group", "assignment to group", "grant to group"]) => Kind::Group(1),
        () if words.any(&["owner from group", "assignment from group"]) => Kind::Group(2),
        () if words.0.starts_with("add group") || words.0.starts_with("create group") => Kind::Group(6),
        () if words.any(&["delete group"]) => Kind::Group(5),
        () => return None,
    })
}

fn access(words: &Words) -> Option<Kind> {
    let role = words.any(&["member", "assignment"])
        && words.any(&["role"])
        && !words.any(&["setting", "definition"]);
    let consent =
        words.any(&["permission grant", "consent to application", "revoke consent", "permissiongrant"]);
    let granted = role || consent || words.any(&["elevated their access", "elevate access"]);
    granted.then(|| Kind::Access(if words.takes_away() { 2 } else { 1 }))
}

fn account(words: &Words) -> Option<Kind> {
    let user = words.0.ends_with(" user")
        || words.any(&["external user", "internal user", "user account", "user (", "guest"]);
    let account = user || words.0.ends_with(" account");
    if !account || words.any(&["application", "principal", "policy", "license", "flow"]) {
        return None;
    }
    Some(Kind::Account(match () {
        () if words.any(&["unlock"]) => 12,
        () if words.any(&["disable", "block"]) => 5,
        () if words.any(&["enable", "restore", "redeem", "unblock"]) => 2,
        () if words.any(&["delete", "remove"]) => 6,
        () if words.any(&["invite", "add", "create"]) => 1,
        () => return None,
    }))
}

/// The activity of a change to something managed: by its first word, else by the kind of operation.
fn by_verb(words: &Words, kind: &str) -> u32 {
    const VERBS: [(&[&str], u32); 8] = [
        (
            &[
                "update", "set", "change", "changed", "rotate", "modify", "convert", "verify", "renew",
                "assign",
            ],
            3,
        ),
        (&["add", "added", "create", "created", "register", "invite", "import", "issue", "upload", "new"], 1),
        (&["delete", "deleted", "remove", "removed", "hard", "purge", "unregister", "revoke"], 4),
        (&["get", "list", "read", "export", "download", "view", "validate", "check", "evaluate", "fetch"], 2),
        (&["restore", "enable", "approve"], 8),
        (&["disable", "deny", "cancel"], 9),
        (&["start", "resume"], 13),
        (&["stop", "suspend", "pause"], 12),
    ];
    // What is added to something or taken from it changes that something.
    if words.any(&[
        "credential",
        " owner to ",
        " owner from ",
        " policy to ",
        " policy from ",
        "certificates and secrets",
    ]) {
        return 3;
    }
    let first = words.0.split([' ', '-']).next().unwrap_or_default();
    let known = VERBS.iter().find(|(verbs, _)| verbs.contains(&first)).map(|(_, number)| *number);
    let last = || match () {
        () if words.0.ends_with("update") || words.0.ends_with("updated") => Some(3),
        () if words.0.ends_with("deleted") || words.0.ends_with("delete") => Some(4),
        () if words.0.ends_with("created") || words.0.ends_with("create") => Some(1),
        () => None,
    };
    known.or_else(last).unwrap_or_else(|| match kind.to_ascii_lowercase().as_str() {
        "add" | "create" => 1,
        "get" | "read" => 2,
        "update" | "assign" | "unassign" => 3,
        "delete" | "remove" => 4,
        _ => 99,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activities_find_their_class() {
        for (name, kind) in [
            ("Add user", Kind::Account(1)),
            ("Invite external user", Kind::Account(1)),
            ("Delete user", Kind::Account(6)),
            ("Restore user", Kind::Account(2)),
            ("Disable account", Kind::Account(5)),
            ("Enable account", Kind::Account(2)),
            ("Update user", Kind::Entity(3)),
            ("Change user password", Kind::Account(3)),
            ("Reset password (by admin)", Kind::Account(4)),
            ("Unlock user account (self-service)", Kind::Account(12)),
            ("User registered security info", Kind::Account(10)),
            ("Admin deleted security info", Kind::Account(11)),
            ("User changed default security info", Kind::Entity(3)),
            ("Disable Strong Authentication", Kind::Account(11)),
            ("Add member to role", Kind::Access(1)),
            ("Add eligible member to role in PIM completed (permanent)", Kind::Access(1)),
            ("Remove member from role", Kind::Access(2)),
            ("Remove role assignment", Kind::Access(2)),
            ("Update role setting in PIM", Kind::Entity(3)),
            ("Add delegated permission grant", Kind::Access(1)),
            ("Consent to application", Kind::Access(1)),
            ("Add app role assignment to service principal", Kind::Access(1)),
            ("Add app role assignment grant to user", Kind::Access(1)),
            ("Remove delegated permission grant", Kind::Access(2)),
            ("Add member to group", Kind::Group(3)),
            ("Remove member from group", Kind::Group(4)),
            ("Add owner to group", Kind::Group(1)),
            ("Add group", Kind::Group(6)),
            ("Delete group", Kind::Group(5)),
            ("Update group", Kind::Entity(3)),
            ("Add service principal credentials", Kind::Entity(3)),
            ("Add owner to application", Kind::Entity(3)),
            ("Add application", Kind::Entity(1)),
            ("Update application – Certificates and secrets management", Kind::Entity(3)),
            ("Hard Delete application", Kind::Entity(4)),
            ("Update conditional access policy", Kind::Entity(3)),
            ("Set federation settings on domain", Kind::Entity(3)),
            ("Add registered owner to device", Kind::Entity(3)),
            ("Authentication Methods Policy Update", Kind::Entity(3)),
        ] {
            assert_eq!(kind_of(name, ""), kind, "{name}");
        }
        assert_eq!(kind_of("Something of its own", "Update"), Kind::Entity(3));
        assert_eq!(kind_of("Something of its own", "Other"), Kind::Entity(99));
    }
}
