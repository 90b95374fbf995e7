//! Which class and activity an action of the audit log is.

use crate::act::{Deed, deed};

/// Actions whose words do not tell their class.
const NAMED: [(&str, Deed); 48] = [
    ("personal_access_token.access_granted", deed(3004, 1)),
    ("user.login", deed(3002, 1)),
    ("user.failed_login", deed(3002, 1)),
    ("user.logout", deed(3002, 2)),
    ("business.sso_response", deed(3002, 1)),
    ("org.sso_response", deed(3002, 1)),
    ("user.create", deed(3001, 1)),
    ("user.delete", deed(3001, 6)),
    ("user.destroy", deed(3001, 6)),
    ("user.suspend", deed(3001, 5)),
    ("user.unsuspend", deed(3001, 2)),
    ("user.change_password", deed(3001, 3)),
    ("user.forgot_password", deed(3001, 4)),
    ("user.reset_password", deed(3001, 4)),
    ("two_factor_authentication.enabled", deed(3001, 10)),
    ("two_factor_authentication.add_factor", deed(3001, 10)),
    ("two_factor_authentication.disabled", deed(3001, 11)),
    ("two_factor_authentication.remove_factor", deed(3001, 11)),
    ("org.add_member", deed(3006, 3)),
    ("org.remove_member", deed(3006, 4)),
    ("org.remove_outside_collaborator", deed(3006, 4)),
    ("org.add_outside_collaborator", deed(3006, 3)),
    ("team.add_member", deed(3006, 3)),
    ("team.remove_member", deed(3006, 4)),
    ("team.create", deed(3006, 6)),
    ("team.destroy", deed(3006, 5)),
    ("team.add_repository", deed(3006, 1)),
    ("team.update_repository_permission", deed(3006, 1)),
    ("team.remove_repository", deed(3006, 2)),
    ("organization_moderators.add_user", deed(3006, 3)),
    ("organization_moderators.remove_user", deed(3006, 4)),
    ("org.update_member", deed(3005, 1)),
    ("team.promote_maintainer", deed(3005, 1)),
    ("team.demote_maintainer", deed(3005, 2)),
    ("business.add_admin", deed(3005, 1)),
    ("business.remove_admin", deed(3005, 2)),
    ("repo.add_member", deed(3005, 1)),
    ("repo.update_member", deed(3005, 1)),
    ("repo.remove_member", deed(3005, 2)),
    ("oauth_authorization.create", deed(3005, 1)),
    ("oauth_authorization.destroy", deed(3005, 2)),
    ("repo.access", deed(6001, 3)),
    ("repo.download_zip", deed(6001, 7)),
    ("repo.import", deed(6001, 6)),
    ("git.clone", deed(6003, 2)),
    ("git.fetch", deed(6003, 2)),
    ("git.push", deed(6003, 3)),
    ("api.request", deed(6003, 2)),
];

/// Beginnings of actions that are a product's findings.
const FINDINGS: [&str; 4] = [
    "secret_scanning_alert.",
    "repository_vulnerability_alert.",
    "code_scanning_alert.",
    "dependabot_alert.",
];

/// Beginnings of actions on what repositories hold.
const CONTENT: [&str; 14] = [
    "repo.",
    "issue.",
    "issue_comment.",
    "pull_request.",
    "pull_request_review.",
    "pull_request_review_comment.",
    "discussion.",
    "discussion_post.",
    "project.",
    "project_field.",
    "commit_comment.",
    "gist.",
    "wiki.",
    "release.",
];

/// The class and activity of an action such as `repo.create`.
pub(super) fn deed_of(action: &str) -> Deed {
    if let Some((_, known)) = NAMED.iter().find(|(known, _)| *known == action) {
        return *known;
    }
    if FINDINGS.iter().any(|beginning| action.starts_with(beginning)) {
        return deed(2004, finding(action));
    }
    let invites = action.contains("invite_") || action.ends_with(".invite");
    if invites && !action.contains("cancel") {
        return deed(3004, 1);
    }
    let known = if CONTENT.iter().any(|beginning| action.starts_with(beginning)) {
        match crate::verb::entity_activity(action) {
            Some(1 | 6) => deed(6001, 1),
            Some(2) => deed(6001, 2),
            Some(4) => deed(6001, 4),
            Some(_) => deed(6001, 3),
            None => deed(6001, 99),
        }
    } else if action.starts_with("workflows.") || action.starts_with("checks.") {
        Deed::call(action)
    } else {
        Deed::entity(action)
    };
    if known.activity == 99 { Deed::call(action) } else { known }
}

fn finding(action: &str) -> u32 {
    match action.rsplit('.').next().unwrap_or(action) {
        "create" => 1,
        "resolve" | "dismiss" | "auto_dismiss" | "revoke" | "close" | "fix" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_find_their_class() {
        for (action, expected) in [
            ("user.login", deed(3002, 1)),
            ("two_factor_authentication.disabled", deed(3001, 11)),
            ("org.add_member", deed(3006, 3)),
            ("repo.add_member", deed(3005, 1)),
            ("git.push", deed(6003, 3)),
            ("repo.create", deed(6001, 1)),
            ("repo.archived", deed(6001, 3)),
            ("repo.transfer_outgoing", deed(6001, 3)),
            ("protected_branch.destroy", deed(3004, 4)),
            ("protected_branch.policy_override", deed(3004, 3)),
            ("hook.create", deed(3004, 1)),
            ("org.saml_disabled", deed(3004, 9)),
            ("org.invite_member", deed(3004, 1)),
            ("invite_member", deed(3004, 1)),
            ("secret_scanning_alert.create", deed(2004, 1)),
            ("repository_vulnerability_alert.dismiss", deed(2004, 3)),
            ("repository_secret_scanning_push_protection.disable", deed(3004, 9)),
            ("workflows.completed_workflow_run", deed(6003, 3)),
            ("personal_access_token.access_granted", deed(3004, 1)),
        ] {
            assert_eq!(deed_of(action), expected, "{action}");
        }
    }
}
