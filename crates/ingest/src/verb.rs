//! What kind of act a word of a source names: `repo.create`, `New-InboxRule`, `FileDownloaded`, `DELETE_ROLE`.
//!
//! The last part after a dot decides, and in it the first word that is a verb. O(length × verbs).

/// Verbs of making, reading, changing and removing, with the numbers OCSF gives them in class 6003.
const VERBS: [(u32, &[&str]); 4] = [
    (
        1,
        &[
            "create",
            "add",
            "new",
            "insert",
            "import",
            "generate",
            "provision",
            "send",
            "sent",
            "issue",
            "start",
            "assign",
            "grant",
            "invite",
            "upload",
            "post",
            "register",
            "enroll",
            "install",
            "publish",
            "subscribe",
            "join",
            "submit",
            "copy",
            "copied",
            "clone",
            "fork",
            "open",
            "request",
            "enqueue",
            "deploy",
            "schedule",
            "launch",
            "run",
            "invoke",
            "push",
            "record",
            "commit",
            "upsert",
            "put",
            "build",
            "trigger",
            "initiate",
            "authorize",
        ],
    ),
    (
        2,
        &[
            "read", "view", "list", "download", "get", "search", "export", "access", "check", "evaluate",
            "fetch", "describe", "query", "preview", "watch", "show", "lookup", "find", "test", "validate",
            "audit", "browse", "receive", "detect", "scan", "play", "retrieve", "peek", "hit",
        ],
    ),
    (
        3,
        &[
            "update",
            "change",
            "modify",
            "modified",
            "modification",
            "edit",
            "set",
            "reset",
            "rename",
            "move",
            "transfer",
            "sync",
            "enable",
            "disable",
            "activate",
            "suspend",
            "unsuspend",
            "lock",
            "unlock",
            "verify",
            "verified",
            "verification",
            "override",
            "reorder",
            "approve",
            "reject",
            "accept",
            "decline",
            "archive",
            "unarchive",
            "pin",
            "unpin",
            "promote",
            "demote",
            "convert",
            "merge",
            "close",
            "reopen",
            "resolve",
            "dismiss",
            "restore",
            "undelete",
            "rotate",
            "renew",
            "regenerate",
            "apply",
            "applied",
            "toggle",
            "configure",
            "block",
            "unblock",
            "mark",
            "share",
            "unshare",
            "complete",
            "finish",
            "label",
            "untrash",
            "attach",
            "recover",
            "replace",
            "migrate",
            "upgrade",
            "assert",
            "ban",
            "unban",
            "reconcile",
            "deliver",
            "stop",
            "pause",
            "resume",
            "require",
            "allow",
            "deny",
            "turn",
            "patch",
            "extend",
            "link",
            "unlink",
            "minimize",
            "route",
            "wipe",
            "manage",
            "management",
            "edited",
            "signed",
            "scheduled",
            "updates",
            "auto",
            "settings",
        ],
    ),
    (
        4,
        &[
            "delete",
            "remove",
            "destroy",
            "revoke",
            "deactivate",
            "deprovision",
            "unassign",
            "purge",
            "clear",
            "uninstall",
            "unregister",
            "unsubscribe",
            "leave",
            "left",
            "cancel",
            "expire",
            "trash",
            "terminate",
            "drop",
            "detach",
            "unenroll",
            "recycle",
            "deauthorize",
            "withdraw",
            "discard",
            "empty",
            "hide",
        ],
    ),
];

/// Verbs that class 3004 numbers on its own.
const OF_ENTITIES: [(u32, &[&str]); 9] = [
    (5, &["move", "transfer"]),
    (6, &["enroll", "register"]),
    (7, &["unenroll", "unregister"]),
    (8, &["enable"]),
    (9, &["disable"]),
    (10, &["activate"]),
    (11, &["deactivate"]),
    (12, &["suspend"]),
    (13, &["resume", "unsuspend"]),
];

/// 1 for making, 2 for reading, 3 for changing, 4 for removing; `None` when no word of `operation` is a known verb.
pub(crate) fn call_activity(operation: &str) -> Option<u32> {
    first_of(operation, &VERBS)
}

/// The activity of class 3004 that `operation` names.
pub(crate) fn entity_activity(operation: &str) -> Option<u32> {
    let own = first_of(last_part(operation), &OF_ENTITIES);
    own.or_else(|| call_activity(operation))
}

fn last_part(operation: &str) -> &str {
    operation.rsplit('.').next().unwrap_or(operation)
}

fn first_of(operation: &str, verbs: &[(u32, &[&str])]) -> Option<u32> {
    operation.rsplit('.').find_map(|part| words(part).find_map(|word| activity_of(word, verbs)))
}

fn activity_of(word: &str, verbs: &[(u32, &[&str])]) -> Option<u32> {
    verbs.iter().find(|(_, known)| known.iter().any(|verb| is_form_of(word, verb))).map(|(number, _)| *number)
}

/// Whether `word` is `verb` or a regular form of it.
fn is_form_of(word: &str, verb: &str) -> bool {
    let Some(start) = word.get(..verb.len()) else { return false };
    if start.eq_ignore_ascii_case(verb) {
        let rest = word.get(verb.len()..).unwrap_or_default();
        let endings: &[&str] =
            if verb.ends_with('e') { &["", "d", "s"] } else { &["", "ed", "s", "ing", "ned"] };
        return endings.iter().any(|ending| rest.eq_ignore_ascii_case(ending));
    }
    let stem = verb.strip_suffix('e').unwrap_or("\u{0}");
    let rest = word.get(..stem.len()).filter(|start| start.eq_ignore_ascii_case(stem));
    rest.is_some_and(|_| word.get(stem.len()..).is_some_and(|rest| rest.eq_ignore_ascii_case("ing")))
}

/// The words of a name, cut at what is no letter and before a capital that follows a small letter.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphabetic()).flat_map(humps).filter(|word| !word.is_empty())
}

fn humps(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let cut = bytes.windows(2).position(|pair| {
            matches!(pair, [small, capital] if small.is_ascii_lowercase() && capital.is_ascii_uppercase())
        });
        let (word, after) = rest.split_at(cut.map_or(rest.len(), |cut| cut + 1));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_by_their_verbs() {
        for (operation, expected) in [
            ("repo.create", Some(1)),
            ("New-InboxRule", Some(1)),
            ("FileDownloaded", Some(2)),
            ("DELETE_ROLE", Some(4)),
            ("CHANGE_CALENDAR_SETTING", Some(3)),
            ("protected_branch.policy_override", Some(3)),
            ("Update policy.", Some(3)),
            ("MailItemsAccessed", Some(2)),
            ("org.remove_member", Some(4)),
            ("address_book", None),
            ("", None),
        ] {
            assert_eq!(call_activity(operation), expected, "{operation}");
        }
    }

    #[test]
    fn entities_have_verbs_of_their_own() {
        for (operation, expected) in [
            ("dependabot_alerts.disable", Some(9)),
            ("business_advanced_security.enabled", Some(8)),
            ("device.enroll", Some(6)),
            ("repo.transfer", Some(5)),
            ("hook.destroy", Some(4)),
            ("hook.config_changed", Some(3)),
        ] {
            assert_eq!(entity_activity(operation), expected, "{operation}");
        }
    }
}
