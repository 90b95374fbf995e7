//! Which class and activity an event of an application is.

use crate::act::{Deed, deed};

/// Events by name, whatever the application: names are shared by `login` and `user_accounts`.
const NAMED: [(&str, Deed); 50] = [
    ("customer_takeout_succeeded", deed(6003, 2)),
    ("login_success", deed(3002, 1)),
    ("login_failure", deed(3002, 1)),
    ("login_challenge", deed(3002, 1)),
    ("login_verification", deed(3002, 1)),
    ("logout", deed(3002, 2)),
    ("suspicious_login", deed(2004, 1)),
    ("suspicious_login_less_secure_app", deed(2004, 1)),
    ("suspicious_programmatic_login", deed(2004, 1)),
    ("user_signed_out_due_to_suspicious_session_cookie", deed(2004, 1)),
    ("gov_attack_warning", deed(2004, 1)),
    ("device_compromised_event", deed(2004, 1)),
    ("suspicious_activity_event", deed(2004, 1)),
    ("failed_password_attempts_event", deed(2004, 1)),
    ("device_register_unregister_event", deed(3004, 6)),
    ("device_sync_event", deed(3004, 3)),
    ("password_edit", deed(3001, 3)),
    ("recovery_email_edit", deed(3004, 3)),
    ("recovery_phone_edit", deed(3004, 3)),
    ("recovery_secret_qa_edit", deed(3004, 3)),
    ("2sv_enroll", deed(3001, 10)),
    ("2sv_disable", deed(3001, 11)),
    ("titanium_enroll", deed(3001, 10)),
    ("titanium_unenroll", deed(3001, 11)),
    ("passkey_enrolled", deed(3001, 10)),
    ("passkey_removed", deed(3001, 11)),
    ("email_forwarding_out_of_domain", deed(3004, 1)),
    ("create_user", deed(3001, 1)),
    ("undelete_user", deed(3001, 2)),
    ("unsuspend_user", deed(3001, 2)),
    ("change_password", deed(3001, 3)),
    ("change_password_on_next_login", deed(3001, 4)),
    ("suspend_user", deed(3001, 5)),
    ("delete_user", deed(3001, 6)),
    ("unenroll_user_from_strong_auth", deed(3001, 11)),
    ("turn_off_2_step_verification", deed(3001, 11)),
    ("assign_role", deed(3005, 1)),
    ("grant_admin_privilege", deed(3005, 1)),
    ("grant_delegated_admin_privileges", deed(3005, 1)),
    ("unassign_role", deed(3005, 2)),
    ("revoke_admin_privilege", deed(3005, 2)),
    ("change_calendar_acls", deed(3005, 1)),
    ("add_group_member", deed(3006, 3)),
    ("remove_group_member", deed(3006, 4)),
    ("update_group_member", deed(3006, 1)),
    ("create_group", deed(3006, 6)),
    ("delete_group", deed(3006, 5)),
    ("delivery", deed(4009, 2)),
    ("authorize", deed(3005, 1)),
    ("revoke", deed(3005, 2)),
];

/// What is done to files.
const FILES: [(&str, u32); 27] = [
    ("view", 14),
    ("source_copy", 6),
    ("copy", 6),
    ("create", 1),
    ("upload", 1),
    ("edit", 3),
    ("download", 2),
    ("print", 2),
    ("preview", 9),
    ("delete", 4),
    ("trash", 4),
    ("untrash", 8),
    ("rename", 5),
    ("move", 7),
    ("add_to_folder", 7),
    ("remove_from_folder", 7),
    ("add_lock", 10),
    ("remove_lock", 11),
    ("change_user_access", 12),
    ("change_document_visibility", 12),
    ("change_document_access_scope", 12),
    ("change_acl_editors", 12),
    ("change_owner", 12),
    ("publish_change", 12),
    ("team_drive_membership_change", 12),
    ("sheets_import_range_access_change", 12),
    ("expire_access_request", 13),
];

/// The class and activity of an event; both names in lower case.
pub(super) fn deed_of(application: &str, name: &str) -> Deed {
    match application {
        "drive" => return file(name),
        "rules" => return deed(2004, 1),
        "groups" | "groups_enterprise" => return group(name),
        "gmail" if name == "delivery" || name == "send" || name.is_empty() => return deed(4009, 2),
        "access_transparency" => return deed(6003, 2),
        "token" if matches!(name, "activity" | "request") => return deed(6003, 2),
        "login" | "saml" if name.is_empty() => return deed(3002, 1),
        "calendar" | "chat" | "meet" | "keep" => {
            if let Some((_, known)) = NAMED.iter().find(|(known, _)| *known == name) {
                return *known;
            }
            return other(Deed::web(name), name);
        }
        _ => {}
    }
    if let Some((_, known)) = NAMED.iter().find(|(known, _)| *known == name) {
        return *known;
    }
    if name.starts_with("account_disabled") {
        return deed(3001, 5);
    }
    match application {
        "admin" | "mobile" | "user_accounts" | "login" | "chrome" => other(Deed::entity(name), name),
        _ => Deed::call(name),
    }
}

/// What no verb tells is a call.
fn other(known: Deed, name: &str) -> Deed {
    if known.activity == 99 { Deed::call(name) } else { known }
}

fn file(name: &str) -> Deed {
    let name = name.strip_suffix("_hierarchy_reconciled").unwrap_or(name);
    let known = FILES.iter().find(|(known, _)| *known == name).map(|(_, activity)| *activity);
    deed(
        6006,
        known.unwrap_or_else(|| if name.contains("access") || name.contains("visibility") { 12 } else { 3 }),
    )
}

fn group(name: &str) -> Deed {
    match name {
        "add_member"
        | "add_user"
        | "join"
        | "approve_join_request"
        | "accept_invitation"
        | "invite_user"
        | "add_member_role" => deed(3006, 3),
        "remove_member" | "remove_user" | "leave" | "ban_user_with_moderation" | "revoke_invitation" => {
            deed(3006, 4)
        }
        "create_group" => deed(3006, 6),
        "delete_group" => deed(3006, 5),
        "update_member" | "change_member_role" => deed(3006, 1),
        _ => other(Deed::entity(name), name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_find_their_class() {
        for (application, name, expected) in [
            ("login", "login_failure", deed(3002, 1)),
            ("login", "account_disabled_password_leak", deed(3001, 5)),
            ("user_accounts", "2sv_disable", deed(3001, 11)),
            ("admin", "create_role", deed(3004, 1)),
            ("admin", "change_calendar_setting", deed(3004, 3)),
            ("admin", "assign_role", deed(3005, 1)),
            ("drive", "change_user_access_hierarchy_reconciled", deed(6006, 12)),
            ("drive", "view", deed(6006, 14)),
            ("token", "authorize", deed(3005, 1)),
            ("saml", "login_success", deed(3002, 1)),
            ("groups_enterprise", "add_member", deed(3006, 3)),
            ("calendar", "create_event", deed(6001, 1)),
            ("gmail", "delivery", deed(4009, 2)),
            ("rules", "", deed(2004, 1)),
            ("vault", "view_matter", deed(6003, 2)),
        ] {
            assert_eq!(deed_of(application, name), expected, "{application} {name}");
        }
    }
}
