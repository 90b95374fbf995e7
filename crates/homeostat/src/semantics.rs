//! What an operation may mean: which ATT&CK technique it can serve, and how much that alone weighs.
//!
//! A table as data, read top down: the first line whose service and operation match decides. An operation is
//! no evidence by itself: discovery weighs nothing, and what changes rights, credentials or logging weighs a
//! little, so that a story needs surprise or several such acts. Technique ids: MITRE ATT&CK, Enterprise.

use homeostat_core::{Bits, Technique};

/// What one operation may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// The technique it can serve.
    pub technique: Technique,
    /// What the act alone weighs.
    pub bits: Bits,
}

/// One line of the table: service (empty: any), operation (a trailing `*` matches any end), technique, bits.
type Line = (&'static str, &'static str, &'static str, f64);

/// A change of rights, credentials or logging: rare, and what an intruder needs.
const CHANGE: f64 = 4.0;
/// Looking round or ordinary use: no weight of its own.
const USE: f64 = 0.0;

const TABLE: &[Line] = &[
    // AWS IAM and STS
    ("iam.", "CreateAccessKey", "T1098.001", CHANGE),
    ("iam.", "CreateLoginProfile", "T1098.001", CHANGE),
    ("iam.", "UpdateLoginProfile", "T1098.001", CHANGE),
    ("iam.", "CreateServiceSpecificCredential", "T1098.001", CHANGE),
    ("iam.", "UploadSSHPublicKey", "T1098.004", CHANGE),
    ("iam.", "CreateUser", "T1136.003", CHANGE),
    ("iam.", "CreateRole", "T1136.003", USE),
    ("iam.", "Put*Policy", "T1098.003", CHANGE),
    ("iam.", "Attach*Policy", "T1098.003", CHANGE),
    ("iam.", "CreatePolicyVersion", "T1098.003", CHANGE),
    ("iam.", "SetDefaultPolicyVersion", "T1098.003", CHANGE),
    ("iam.", "AddUserToGroup", "T1098.003", CHANGE),
    ("iam.", "UpdateAssumeRolePolicy", "T1098.003", CHANGE),
    ("iam.", "AddRoleToInstanceProfile", "T1098.003", CHANGE),
    ("iam.", "DeactivateMFADevice", "T1556.006", CHANGE),
    ("iam.", "DeleteVirtualMFADevice", "T1556.006", CHANGE),
    ("iam.", "*SAMLProvider", "T1484.002", CHANGE),
    ("iam.", "CreateOpenIDConnectProvider", "T1484.002", CHANGE),
    ("rolesanywhere.", "Create*", "T1098.001", CHANGE),
    ("iam.", "ListAttached*", "T1069.003", USE),
    ("iam.", "List*Policies", "T1069.003", USE),
    ("iam.", "GetPolicy*", "T1069.003", USE),
    ("iam.", "Get*Policy", "T1069.003", USE),
    ("iam.", "List*Groups*", "T1069.003", USE),
    ("iam.", "ListGroups*", "T1069.003", USE),
    ("iam.", "List*", "T1087.004", USE),
    ("iam.", "Get*", "T1087.004", USE),
    ("sts.", "GetCallerIdentity", "T1087.004", USE),
    ("sts.", "AssumeRole*", "T1550.001", USE),
    ("sts.", "GetFederationToken", "T1550.001", CHANGE),
    ("sts.", "GetSessionToken", "T1550.001", USE),
    ("organizations.", "List*", "T1087.004", USE),
    ("organizations.", "Describe*", "T1087.004", USE),
    ("organizations.", "LeaveOrganization", "T1562.008", CHANGE),
    // AWS data
    ("s3.", "ListBuckets", "T1619", USE),
    ("s3.", "ListObjects*", "T1619", USE),
    ("s3.", "HeadBucket", "T1619", USE),
    ("s3.", "GetObject*", "T1530", USE),
    ("s3.", "GetBucket*", "T1619", USE),
    ("s3.", "GetAccountPublicAccessBlock", "T1619", USE),
    ("s3.", "CopyObject", "T1530", USE),
    ("s3.", "PutBucketPolicy", "T1537", CHANGE),
    ("s3.", "PutBucketAcl", "T1537", CHANGE),
    ("s3.", "PutBucketReplication", "T1537", CHANGE),
    ("s3.", "DeleteObject*", "T1485", USE),
    ("s3.", "DeleteBucket*", "T1485", CHANGE),
    ("s3.", "PutBucketLifecycle*", "T1485.001", CHANGE),
    ("secretsmanager.", "GetSecretValue", "T1555.006", USE),
    ("secretsmanager.", "BatchGetSecretValue", "T1555.006", CHANGE),
    ("ssm.", "GetParameter*", "T1555.006", USE),
    ("ec2.", "DescribeInstanceAttribute", "T1552.005", USE),
    ("ec2.", "GetPasswordData", "T1552.005", CHANGE),
    ("rds.", "ModifyDBSnapshotAttribute", "T1537", CHANGE),
    ("ec2.", "ModifySnapshotAttribute", "T1537", CHANGE),
    ("ec2.", "ModifyImageAttribute", "T1537", CHANGE),
    ("ec2.", "SharedSnapshot*", "T1537", CHANGE),
    // AWS logging and guards
    ("cloudtrail.", "DeleteTrail", "T1562.008", CHANGE),
    ("cloudtrail.", "StopLogging", "T1562.008", CHANGE),
    ("cloudtrail.", "UpdateTrail", "T1562.008", USE),
    ("cloudtrail.", "PutEventSelectors", "T1562.008", USE),
    ("guardduty.", "Delete*", "T1562.001", CHANGE),
    ("guardduty.", "UpdateDetector", "T1562.001", CHANGE),
    ("config.", "DeleteConfigurationRecorder", "T1562.008", CHANGE),
    ("config.", "StopConfigurationRecorder", "T1562.008", CHANGE),
    ("ec2.", "DeleteFlowLogs", "T1562.008", CHANGE),
    ("logs.", "DeleteLog*", "T1562.008", CHANGE),
    ("route53resolver.", "Delete*", "T1562.008", CHANGE),
    ("route53resolver.", "Disassociate*", "T1562.008", CHANGE),
    ("ec2.", "AuthorizeSecurityGroupIngress", "T1562.007", CHANGE),
    ("kms.", "ScheduleKeyDeletion", "T1485", CHANGE),
    ("kms.", "DisableKey", "T1486", CHANGE),
    // AWS execution
    ("ssm.", "SendCommand", "T1651", CHANGE),
    ("ssm.", "StartSession", "T1021.007", USE),
    ("ec2-instance-connect.", "Send*PublicKey", "T1021.004", CHANGE),
    ("ec2.", "RunInstances", "T1578.002", USE),
    ("ec2.", "CreateKeyPair", "T1098.004", USE),
    ("ec2.", "ModifyInstanceAttribute", "T1578.005", CHANGE),
    ("lambda.", "CreateFunction*", "T1648", USE),
    ("lambda.", "UpdateFunctionCode*", "T1648", CHANGE),
    ("lambda.", "UpdateFunctionConfiguration*", "T1648", USE),
    ("lambda.", "PublishLayerVersion*", "T1648", USE),
    ("lambda.", "AddPermission*", "T1546", CHANGE),
    ("bedrock.", "InvokeModel*", "T1496.004", USE),
    // Signing in
    ("", "ConsoleLogin", "T1078.004", USE),
    ("", "user.session.start", "T1078.004", USE),
    ("", "user.authentication.*", "T1078.004", USE),
    ("", "policy.evaluate_sign_on", "T1078.004", USE),
    // Okta
    ("", "user.mfa.factor.deactivate", "T1556.006", CHANGE),
    ("", "user.mfa.factor.reset_all", "T1556.006", CHANGE),
    ("", "user.mfa.factor.activate", "T1098.005", CHANGE),
    ("", "device.enrollment.create", "T1098.005", CHANGE),
    ("", "user.account.privilege.grant", "T1098.003", CHANGE),
    ("", "group.privilege.grant", "T1098.003", CHANGE),
    ("", "system.api_token.create", "T1098.001", CHANGE),
    ("", "user.session.impersonation.grant", "T1078.004", CHANGE),
    ("", "system.idp.lifecycle.*", "T1484.002", CHANGE),
    ("", "policy.rule.*", "T1556", CHANGE),
    ("", "policy.lifecycle.*", "T1556", CHANGE),
    ("", "zone.*", "T1562.007", CHANGE),
    ("", "app.oauth2.as.consent.grant", "T1528", CHANGE),
    ("", "app.oauth2.consent.grant", "T1528", CHANGE),
    ("", "app.oauth2.token.grant*", "T1550.001", USE),
    ("", "application.user_membership.add", "T1098", USE),
    ("", "user.lifecycle.create", "T1136.003", CHANGE),
    ("", "user.account.update_password", "T1098", USE),
    ("", "user.account.reset_password", "T1098", USE),
    // Microsoft 365: files and mailboxes
    ("", "FileAccessed*", "T1213.002", USE),
    ("", "FileDownloaded", "T1213.002", USE),
    ("", "FileSyncDownloaded*", "T1213.002", USE),
    ("", "SearchQueryInitiatedSharePoint", "T1213.002", USE),
    ("", "SearchQueryInitiatedExchange", "T1114.002", USE),
    ("", "MailItemsAccessed", "T1114.002", USE),
    ("", "New-InboxRule", "T1564.008", USE),
    ("", "Set-InboxRule", "T1564.008", USE),
    ("", "Set-Mailbox", "T1114.003", USE),
    ("", "Add-MailboxPermission", "T1098.002", CHANGE),
    ("", "New-TransportRule", "T1564.008", CHANGE),
    // Whatever else only looks
    ("", "Describe*", "T1580", USE),
    ("", "List*", "T1580", USE),
    ("", "Lookup*", "T1580", USE),
];

/// What `operation` of `service` (`iam.amazonaws.com`, or nothing) may mean; `None` when the table is silent.
///
/// ```
/// let meaning = homeostat::meaning(Some("iam.amazonaws.com"), "CreateAccessKey").unwrap();
/// assert_eq!(meaning.technique.as_str(), "T1098.001");
/// assert!(homeostat::meaning(None, "PutObject").is_none());
/// ```
pub fn meaning(service: Option<&str>, operation: &str) -> Option<Meaning> {
    let service = service.unwrap_or_default();
    let (_, _, technique, bits) =
        TABLE.iter().find(|line| service.starts_with(line.0) && matches(line.1, operation))?;
    Some(Meaning { technique: Technique::parse(technique)?, bits: Bits::new(*bits) })
}

/// Whether `code` says that the caller lacked the right, as opposed to asking for something that is not there.
///
/// ```
/// assert!(homeostat::is_refusal("Client.UnauthorizedOperation"));
/// assert!(!homeostat::is_refusal("NoSuchBucketPolicy"));
/// ```
pub fn is_refusal(code: &str) -> bool {
    const WORDS: [&str; 6] =
        ["denied", "unauthorized", "forbidden", "notauthorized", "access_denied", "not_authorized"];
    let lower = code.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// Whether `text` fits `pattern`, in which one `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let (first, own) = (pattern.as_bytes().first(), text.as_bytes().first());
    if first != own && first != Some(&b'*') {
        return false;
    }
    match pattern.split_once('*') {
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            tail == "*" || rest.ends_with(tail.trim_end_matches('*')) || contains_once(rest, tail)
        }),
        None => pattern == text,
    }
}

/// For a pattern with a second `*` (`List*Groups*`): the middle stands somewhere in `rest`.
fn contains_once(rest: &str, tail: &str) -> bool {
    tail.strip_suffix('*').is_some_and(|middle| rest.contains(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: &str, operation: &str, expected: Option<&str>) {
        let found = meaning(Some(service), operation);
        assert_eq!(
            found.as_ref().map(|meaning| meaning.technique.as_str()),
            expected,
            "{service} {operation}"
        );
    }

    #[test]
    fn operations_have_their_meaning() {
        check("iam.amazonaws.com", "PutUserPolicy", Some("T1098.003"));
        check("iam.amazonaws.com", "ListGroupsForUser", Some("T1069.003"));
        check("iam.amazonaws.com", "ListUsers", Some("T1087.004"));
        check("s3.amazonaws.com", "ListBuckets", Some("T1619"));
        check("ec2.amazonaws.com", "DescribeInstances", Some("T1580"));
        check("lambda.amazonaws.com", "ListFunctions20150331", Some("T1580"));
        check("okta", "user.session.start", Some("T1078.004"));
        check("ec2.amazonaws.com", "RebootInstances", None);
    }

    #[test]
    fn every_line_names_a_technique() {
        for (service, operation, technique, _) in TABLE {
            assert!(Technique::parse(technique).is_some(), "{service} {operation}");
        }
    }

    #[test]
    fn a_refusal_is_about_rights() {
        for code in
            ["AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "UnauthorizedAccess"]
        {
            assert!(is_refusal(code), "{code}");
        }
        for code in ["NoSuchBucketPolicy", "Client.FlowLogAlreadyExists", "ThrottlingException", ""] {
            assert!(!is_refusal(code), "{code}");
        }
    }
}
