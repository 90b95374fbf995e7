//! What kind of act an operation is: signing in, changing an account or a group, or calling an interface.

use crate::record::Record;

/// An act and its activity number in its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// 3002.
    SignIn(u32),
    /// 3001.
    Account(u32),
    /// 3006.
    Group(u32),
    /// 6003.
    Call(u32),
}

impl Act {
    pub(super) fn activity(self) -> u32 {
        match self {
            Self::SignIn(activity)
            | Self::Account(activity)
            | Self::Group(activity)
            | Self::Call(activity) => activity,
        }
    }
}

/// The act of `operation` at `service`, a host name such as `iam.amazonaws.com`.
pub(super) fn classify(service: &str, operation: &str, record: &Record<'_>) -> Act {
    let special = match service.split('.').next().unwrap_or_default() {
        "signin" | "sso" | "sso-directory" => at_sign_in(operation),
        "sts" => at_sts(operation),
        "iam" => at_iam(operation, record),
        _ => None,
    };
    special.unwrap_or_else(|| {
        let read_only = record.look("readOnly").is_some_and(|told| told == "true");
        Act::Call(if read_only { 2 } else { by_verb(operation) })
    })
}

fn at_sign_in(operation: &str) -> Option<Act> {
    Some(match operation {
        "ConsoleLogin"
        | "CredentialChallenge"
        | "CredentialVerification"
        | "UserAuthentication"
        | "Authenticate"
        | "Federate"
        | "GetSigninToken" => Act::SignIn(1),
        "Logout" | "UserLogout" => Act::SignIn(2),
        "SwitchRole" | "ExitRole" | "RenewRole" => Act::SignIn(7),
        "CheckMfa" => Act::SignIn(99),
        "PasswordUpdated" => Act::Account(3),
        "PasswordRecoveryRequested" | "PasswordRecoveryCompleted" => Act::Account(4),
        _ => return None,
    })
}

fn at_sts(operation: &str) -> Option<Act> {
    let opens = operation.starts_with("AssumeRole")
        || matches!(operation, "AssumeRoot" | "GetSessionToken" | "GetFederationToken");
    opens.then_some(Act::SignIn(1))
}

fn at_iam(operation: &str, record: &Record<'_>) -> Option<Act> {
    Some(match operation {
        "CreateUser" | "CreateRole" | "CreateServiceLinkedRole" | "CreateAccessKey" => Act::Account(1),
        "DeleteUser" | "DeleteRole" | "DeleteServiceLinkedRole" | "DeleteAccessKey" => Act::Account(6),
        "ChangePassword" | "CreateLoginProfile" => Act::Account(3),
        "UpdateLoginProfile" => Act::Account(4),
        "DeleteLoginProfile" => Act::Account(5),
        "AttachUserPolicy"
        | "AttachRolePolicy"
        | "PutUserPolicy"
        | "PutRolePolicy"
        | "PutUserPermissionsBoundary"
        | "PutRolePermissionsBoundary" => Act::Account(7),
        "DetachUserPolicy"
        | "DetachRolePolicy"
        | "DeleteUserPolicy"
        | "DeleteRolePolicy"
        | "DeleteUserPermissionsBoundary"
        | "DeleteRolePermissionsBoundary" => Act::Account(8),
        "UpdateAccessKey" => Act::Account(access_key_status(record)),
        "EnableMFADevice" | "CreateVirtualMFADevice" => Act::Account(10),
        "DeactivateMFADevice" | "DeleteVirtualMFADevice" => Act::Account(11),
        "AttachGroupPolicy" | "PutGroupPolicy" => Act::Group(1),
        "DetachGroupPolicy" | "DeleteGroupPolicy" => Act::Group(2),
        "AddUserToGroup" => Act::Group(3),
        "RemoveUserFromGroup" => Act::Group(4),
        "DeleteGroup" => Act::Group(5),
        "CreateGroup" => Act::Group(6),
        _ => return None,
    })
}

fn access_key_status(record: &Record<'_>) -> u32 {
    match record.copy("requestParameters.status").as_deref() {
        Some("Active") => 2,
        Some("Inactive") => 5,
        _ => 99,
    }
}

const CREATE: [&str; 28] = [
    "Create",
    "Put",
    "Run",
    "Start",
    "Add",
    "Allocate",
    "Register",
    "Import",
    "Upload",
    "Copy",
    "Send",
    "Publish",
    "Invoke",
    "Converse",
    "Execute",
    "Generate",
    "Issue",
    "Request",
    "Submit",
    "Restore",
    "Post",
    "Launch",
    "Open",
    "Provision",
    "Initiate",
    "Sign",
    "Write",
    "Assume",
];
const READ: [&str; 25] = [
    "Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Scan", "Select", "Check", "Validate",
    "Test", "Simulate", "View", "Preview", "Download", "Filter", "Estimate", "Decrypt", "Verify", "Read",
    "Receive", "Detect", "Discover", "Export",
];
const UPDATE: [&str; 36] = [
    "Update",
    "Modify",
    "Set",
    "Attach",
    "Associate",
    "Authorize",
    "Change",
    "Enable",
    "Disable",
    "Tag",
    "Untag",
    "Reset",
    "Reboot",
    "Rotate",
    "Replace",
    "Move",
    "Merge",
    "Configure",
    "Accept",
    "Grant",
    "Activate",
    "Deactivate",
    "Stop",
    "Complete",
    "Confirm",
    "Rename",
    "Resize",
    "Suspend",
    "Resume",
    "Cancel",
    "Assign",
    "Promote",
    "Apply",
    "Encrypt",
    "Share",
    "Failover",
];
const DELETE: [&str; 18] = [
    "Delete",
    "Remove",
    "Terminate",
    "Revoke",
    "Detach",
    "Disassociate",
    "Deregister",
    "Release",
    "Purge",
    "Destroy",
    "Leave",
    "Clear",
    "Unassign",
    "Unsubscribe",
    "Deauthorize",
    "Reject",
    "Abort",
    "Close",
];

/// The activity by the operation's verb, its first word (its second after `Batch` and `Admin`).
fn by_verb(operation: &str) -> u32 {
    let mut rest = operation;
    for prefix in ["Batch", "Admin", "Bulk"] {
        rest = rest.strip_prefix(prefix).filter(|rest| !rest.is_empty()).unwrap_or(rest);
    }
    let end =
        rest.char_indices().skip(1).find(|(_, sign)| sign.is_uppercase()).map_or(rest.len(), |(at, _)| at);
    let verb = rest.get(..end).unwrap_or(rest);
    [(1, &CREATE[..]), (2, &READ[..]), (3, &UPDATE[..]), (4, &DELETE[..])]
        .into_iter()
        .find(|(_, verbs)| verbs.contains(&verb))
        .map_or(99, |(activity, _)| activity)
}

#[cfg(test)]
mod tests {
    use super::by_verb;

    #[test]
    fn verbs_tell_the_activity() {
        for (operation, activity) in [
            ("PutObject", 1),
            ("RunInstances", 1),
            ("BatchGetItem", 2),
            ("HeadBucket", 2),
            ("ModifyImageAttribute", 3),
            ("AdminDeleteUser", 4),
            ("RevokeSecurityGroupIngress", 4),
            ("Batch", 99),
            ("REST.GET.OBJECT", 99),
            ("", 99),
        ] {
            assert_eq!(by_verb(operation), activity, "{operation}");
        }
    }
}
