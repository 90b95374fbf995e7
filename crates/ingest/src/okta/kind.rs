//! Which class and activity an Okta event type is.

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3002.
    SignIn(u32),
    /// 3001.
    Account(u32),
    /// 3005.
    Access(u32),
    /// 3006.
    Group(u32),
    /// 3004.
    Entity(u32),
    /// 2004.
    Finding(u32),
    /// 6003.
    Call(u32),
}

impl Kind {
    pub(super) fn activity(self) -> u32 {
        match self {
            Self::SignIn(activity)
            | Self::Account(activity)
            | Self::Access(activity)
            | Self::Group(activity)
            | Self::Entity(activity)
            | Self::Finding(activity)
            | Self::Call(activity) => activity,
        }
    }
}

/// Event types whose activity their words do not tell.
const NAMED: [(&str, Kind); 35] = [
    ("user.session.start", Kind::SignIn(1)),
    ("user.session.access_admin_app", Kind::SignIn(1)),
    ("policy.evaluate_sign_on", Kind::SignIn(1)),
    ("user.session.end", Kind::SignIn(2)),
    ("user.session.clear", Kind::SignIn(2)),
    ("user.session.expire", Kind::SignIn(2)),
    ("user.account.lock", Kind::Account(9)),
    ("user.lifecycle.create", Kind::Account(1)),
    ("user.lifecycle.activate", Kind::Account(2)),
    ("user.lifecycle.reactivate", Kind::Account(2)),
    ("user.lifecycle.unsuspend", Kind::Account(2)),
    ("user.lifecycle.deactivate", Kind::Account(5)),
    ("user.lifecycle.suspend", Kind::Account(5)),
    ("user.account.update_password", Kind::Account(3)),
    ("user.account.reset_password", Kind::Account(4)),
    ("user.account.expire_password", Kind::Account(4)),
    ("user.mfa.factor.activate", Kind::Account(10)),
    ("user.mfa.factor.unsuspend", Kind::Account(10)),
    ("user.mfa.factor.deactivate", Kind::Account(11)),
    ("user.mfa.factor.suspend", Kind::Account(11)),
    ("user.mfa.factor.reset_all", Kind::Account(11)),
    ("group.user_membership.add", Kind::Group(3)),
    ("group.user_membership.remove", Kind::Group(4)),
    ("group.lifecycle.create", Kind::Group(6)),
    ("group.lifecycle.delete", Kind::Group(5)),
    ("app.oauth2.token.detect_reuse", Kind::Finding(1)),
    ("app.token.reuse", Kind::Finding(1)),
    ("application.integration.rate_limit_exceeded", Kind::Finding(1)),
    ("application.user_membership.show_password", Kind::Call(2)),
    ("system.operation.rate_limit.violation", Kind::Finding(1)),
    ("system.operation.rate_limit.warning", Kind::Finding(1)),
    ("system.org.rate_limit.warning", Kind::Finding(1)),
    ("user.account.report_suspicious_activity_by_enduser", Kind::Finding(1)),
    ("security.threat.detected", Kind::Finding(1)),
    ("security.breached_credential.detected", Kind::Finding(1)),
];

/// Beginnings that tell the class, and the class.
const BEGINNINGS: [(&str, Kind); 28] = [
    ("user.authentication.", Kind::SignIn(1)),
    ("user.session.impersonation.", Kind::SignIn(7)),
    ("user.account.lock.", Kind::Account(9)),
    ("user.account.unlock", Kind::Account(12)),
    ("user.lifecycle.delete.", Kind::Account(6)),
    ("user.risk.", Kind::Finding(1)),
    ("security.attack.", Kind::Finding(1)),
    ("user.account.privilege.", Kind::Access(0)),
    ("iam.resourceset.bindings.", Kind::Access(0)),
    ("group.privilege.", Kind::Group(0)),
    ("group.application_assignment.", Kind::Group(0)),
    ("application.", Kind::Entity(0)),
    ("policy.", Kind::Entity(0)),
    ("zone.", Kind::Entity(0)),
    ("network_zone.", Kind::Entity(0)),
    ("system.api_token.", Kind::Entity(0)),
    ("system.idp.", Kind::Entity(0)),
    ("system.mfa.", Kind::Entity(0)),
    ("system.agent.", Kind::Entity(0)),
    ("system.org.rate_limit.", Kind::Finding(1)),
    ("system.log_stream.", Kind::Entity(0)),
    ("device.", Kind::Entity(0)),
    ("iam.", Kind::Entity(0)),
    ("group.profile.", Kind::Entity(0)),
    ("support.", Kind::Entity(0)),
    ("security.", Kind::Entity(0)),
    ("event_hook.", Kind::Entity(0)),
    ("inline_hook.", Kind::Entity(0)),
];

/// The class and activity of `name`, such as `user.session.start`.
pub(super) fn kind_of(name: &str) -> Kind {
    if let Some((_, kind)) = NAMED.iter().find(|(known, _)| *known == name) {
        return *kind;
    }
    let begun = BEGINNINGS.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, kind)| *kind);
    let (given, role) = (given_or_taken(name), name.contains(".role."));
    let call = || Kind::Call(by_verb(name));
    match begun {
        Some(Kind::Entity(_)) | None if role => given.map_or_else(|| entity(name), Kind::Access),
        Some(Kind::Access(_)) => given.map_or_else(call, Kind::Access),
        Some(Kind::Group(_)) => given.map_or_else(call, Kind::Group),
        Some(Kind::Entity(_)) => entity(name),
        Some(kind) => kind,
        None => call(),
    }
}

fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// 1 for a right given, 2 for one taken.
fn given_or_taken(name: &str) -> Option<u32> {
    match last_word(name) {
        "grant" | "add" | "assign" | "provision" => Some(1),
        "revoke" | "remove" | "unassign" | "deprovision" => Some(2),
        _ => None,
    }
}

/// The activity of a change to something managed; what changes nothing is a call.
fn entity(name: &str) -> Kind {
    Kind::Entity(match last_word(name) {
        "create" | "add" | "import" | "register" => 1,
        "update" | "change" | "rename" | "override" | "reorder" | "modify" | "edit" => 3,
        "delete" | "remove" | "revoke" => 4,
        "enroll" => 6,
        "unenroll" => 7,
        "activate" | "enable" | "unsuspend" | "enabled" => 8,
        "deactivate" | "disable" | "suspend" | "disabled" => 9,
        _ => return Kind::Call(by_verb(name)),
    })
}

/// The activity of a call by the words of its last part.
fn by_verb(name: &str) -> u32 {
    let last = last_word(name);
    let has = |words: &[&str]| {
        last.split('_').chain(name.rsplit('.').skip(1).take(2)).any(|word| words.contains(&word))
    };
    if has(&["delete", "remove", "revoke", "deactivate", "deprovision", "unassign", "purge", "clear"]) {
        4
    } else if has(&[
        "update", "change", "push", "sync", "rename", "activate", "suspend", "set", "reset", "verify",
    ]) {
        3
    } else if has(&[
        "create",
        "add",
        "grant",
        "import",
        "generate",
        "provision",
        "send",
        "issue",
        "start",
        "assign",
    ]) {
        1
    } else if has(&[
        "read", "view", "list", "download", "get", "search", "export", "access", "check", "evaluate",
    ]) {
        2
    } else {
        crate::verb::call_activity(name).unwrap_or(99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_find_their_class() {
        for (name, kind) in [
            ("user.session.start", Kind::SignIn(1)),
            ("user.authentication.auth_via_mfa", Kind::SignIn(1)),
            ("user.session.impersonation.grant", Kind::SignIn(7)),
            ("user.account.unlock_by_admin", Kind::Account(12)),
            ("user.lifecycle.delete.initiated", Kind::Account(6)),
            ("user.account.privilege.revoke", Kind::Access(2)),
            ("iam.role.assign", Kind::Access(1)),
            ("iam.role.create", Kind::Entity(1)),
            ("group.privilege.grant", Kind::Group(1)),
            ("application.user_membership.add", Kind::Entity(1)),
            ("policy.rule.deactivate", Kind::Entity(9)),
            ("system.api_token.revoke", Kind::Entity(4)),
            ("user.risk.change", Kind::Finding(1)),
            ("app.oauth2.token.grant.access_token", Kind::Call(1)),
            ("system.email.send_factor_verify_message", Kind::Call(3)),
            ("core.concurrency.org.limit.violation", Kind::Call(99)),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
