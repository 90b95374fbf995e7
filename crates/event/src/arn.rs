//! What AWS calls things: resource names, and ids that are told by their shape.

use crate::naming::key;
use homeostat_core::{EntityKey, EntityKind};

/// An Amazon resource name, `arn:partition:service:region:account:resource`.
pub(crate) struct Arn<'a> {
    pub(crate) text: &'a str,
    partition: &'a str,
    service: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, service, _region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { text, partition, service, account: parts.next()?, resource: parts.next()? })
    }

    pub(crate) fn is_role(&self) -> bool {
        self.service == "iam" && self.resource.starts_with("role/")
    }

    pub(crate) fn is_user(&self) -> bool {
        self.service == "iam" && (self.resource.starts_with("user/") || self.resource == "root")
    }

    /// What stands after the last slash.
    pub(crate) fn last(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }

    /// The kind by the shape, the scope by the account, without one by the partition.
    pub(crate) fn key(&self) -> Option<EntityKey> {
        let scope = if self.account.is_empty() { self.partition } else { self.account };
        if let (true, Some(path)) = (self.service == "sts", self.resource.strip_prefix("assumed-role/")) {
            let role = format!("arn:{}:iam::{}:role/{path}", self.partition, self.account);
            return key(EntityKind::RoleSession, scope, &role);
        }
        let kind = match self.resource {
            _ if self.is_user() => EntityKind::IamUserArn,
            _ if self.is_role() => EntityKind::IamRoleArn,
            group if self.service == "iam" && group.starts_with("group/") => EntityKind::IamGroupArn,
            _ => EntityKind::ResourceArn,
        };
        key(kind, scope, self.text)
    }
}

/// A virtual machine: `i-` and hexadecimal digits.
pub(crate) fn is_instance(uid: &str) -> bool {
    uid.strip_prefix("i-")
        .is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A key id: `AKIA` or `ASIA` and 16 letters or digits.
pub(crate) fn is_access_key(uid: &str) -> bool {
    uid.len() == 20 && (uid.starts_with("AKIA") || uid.starts_with("ASIA"))
}

/// An account: twelve digits.
pub(crate) fn is_account(uid: &str) -> bool {
    uid.len() == 12 && uid.bytes().all(|byte| byte.is_ascii_digit())
}

/// The unique id of a role: `AROA` and 17 letters or digits.
pub(crate) fn is_role_id(text: &str) -> bool {
    text.len() >= 16 && text.starts_with("AROA") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
