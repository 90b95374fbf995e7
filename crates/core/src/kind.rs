//! The closed table of what an entity's identifier can be. Who names it (its scope) stands at each kind.

use core::fmt;

/// What kind of identifier an [`EntityKey`](crate::EntityKey) holds; the scope of each kind stands beside it.
///
/// The table is closed: a new kind is a schema-breaking change. What nothing fits is a [`Self::NativeId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// User principal name. Scope: tenant.
    Upn,
    /// Mail address. Scope: tenant.
    Email,
    /// Short host name. Scope: tenant.
    Hostname,
    /// Full host name. Scope: tenant.
    Fqdn,
    /// Hardware address. Scope: tenant.
    Mac,
    /// Access key id, never the secret. Scope: tenant.
    AccessKey,
    /// Message id of a mail. Scope: tenant.
    MessageId,
    /// Container or machine image. Scope: tenant.
    Image,
    /// `sAMAccountName`. Scope: the domain before the backslash.
    Sam,
    /// Local account. Scope: the host.
    LocalUser,
    /// Windows security identifier. Scope: its domain part.
    Sid,
    /// Object in a directory. Scope: the directory.
    DirectoryObjectId,
    /// Registered application object. Scope: the directory.
    AppObjectId,
    /// Service principal. Scope: the directory.
    ServicePrincipalId,
    /// Group. Scope: the directory.
    GroupId,
    /// Mailbox. Scope: the directory.
    MailboxId,
    /// Application, the same number in every directory. Scope: the provider.
    AppId,
    /// Model of artificial intelligence. Scope: the provider.
    AiModel,
    /// Cloud account, subscription or project. Scope: the provider.
    CloudAccount,
    /// IAM user. Scope: the account in the ARN.
    IamUserArn,
    /// IAM role. Scope: the account in the ARN.
    IamRoleArn,
    /// IAM group. Scope: the account in the ARN.
    IamGroupArn,
    /// Role ARN, slash, session name. Scope: the account in the ARN.
    RoleSession,
    /// Any other AWS resource. Scope: the account in the ARN, else the partition.
    ResourceArn,
    /// Virtual machine. Scope: the cloud account.
    InstanceId,
    /// Google service account. Scope: the project in the name.
    GcpServiceAccount,
    /// Google resource. Scope: the project in the name.
    GcpResource,
    /// Azure resource. Scope: the subscription in the path.
    AzureResource,
    /// `namespace:name`. Scope: the cluster.
    K8sServiceAccount,
    /// User of a cluster. Scope: the cluster.
    K8sUser,
    /// `namespace/kind/name`. Scope: the cluster.
    K8sWorkload,
    /// Node of a cluster. Scope: the cluster.
    K8sNode,
    /// Container. Scope: the cluster or host.
    ContainerId,
    /// Process GUID, else pid`@`start. Scope: the host.
    Process,
    /// Path of a file. Scope: the host.
    File,
    /// Logon session. Scope: the host.
    LogonSession,
    /// User of an application. Scope: provider/organization.
    SaasUserId,
    /// Object in an application. Scope: provider/organization.
    SaasObject,
    /// API token id. Scope: provider/organization.
    ApiToken,
    /// Web session id. Scope: provider/organization.
    WebSession,
    /// Installed agent. Scope: provider/organization.
    AgentId,
    /// Managed device. Scope: provider/organization.
    DeviceId,
    /// Network address. Scope: `internet` when public, else the network told by record or argument.
    Ip,
    /// Domain name. Scope: `internet`.
    Domain,
    /// URL. Scope: `internet`.
    Url,
    /// `algorithm:hex`. Scope: `internet`.
    FileHash,
    /// Whatever nothing above fits. Scope: the source's name.
    NativeId,
}

impl EntityKind {
    /// Every kind, in order.
    pub const ALL: [Self; 47] = [
        Self::Upn,
        Self::Email,
        Self::Hostname,
        Self::Fqdn,
        Self::Mac,
        Self::AccessKey,
        Self::MessageId,
        Self::Image,
        Self::Sam,
        Self::LocalUser,
        Self::Sid,
        Self::DirectoryObjectId,
        Self::AppObjectId,
        Self::ServicePrincipalId,
        Self::GroupId,
        Self::MailboxId,
        Self::AppId,
        Self::AiModel,
        Self::CloudAccount,
        Self::IamUserArn,
        Self::IamRoleArn,
        Self::IamGroupArn,
        Self::RoleSession,
        Self::ResourceArn,
        Self::InstanceId,
        Self::GcpServiceAccount,
        Self::GcpResource,
        Self::AzureResource,
        Self::K8sServiceAccount,
        Self::K8sUser,
        Self::K8sWorkload,
        Self::K8sNode,
        Self::ContainerId,
        Self::Process,
        Self::File,
        Self::LogonSession,
        Self::SaasUserId,
        Self::SaasObject,
        Self::ApiToken,
        Self::WebSession,
        Self::AgentId,
        Self::DeviceId,
        Self::Ip,
        Self::Domain,
        Self::Url,
        Self::FileHash,
        Self::NativeId,
    ];

    /// The wire word, in snake case; part of the shard hash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upn => "upn",
            Self::Email => "email",
            Self::Hostname => "hostname",
            Self::Fqdn => "fqdn",
            Self::Mac => "mac",
            Self::AccessKey => "access_key",
            Self::MessageId => "message_id",
            Self::Image => "image",
            Self::Sam => "sam",
            Self::LocalUser => "local_user",
            Self::Sid => "sid",
            Self::DirectoryObjectId => "directory_object_id",
            Self::AppObjectId => "app_object_id",
            Self::ServicePrincipalId => "service_principal_id",
            Self::GroupId => "group_id",
            Self::MailboxId => "mailbox_id",
            Self::AppId => "app_id",
            Self::AiModel => "ai_model",
            Self::CloudAccount => "cloud_account",
            Self::IamUserArn => "iam_user_arn",
            Self::IamRoleArn => "iam_role_arn",
            Self::IamGroupArn => "iam_group_arn",
            Self::RoleSession => "role_session",
            Self::ResourceArn => "resource_arn",
            Self::InstanceId => "instance_id",
            Self::GcpServiceAccount => "gcp_service_account",
            Self::GcpResource => "gcp_resource",
            Self::AzureResource => "azure_resource",
            Self::K8sServiceAccount => "k8s_service_account",
            Self::K8sUser => "k8s_user",
            Self::K8sWorkload => "k8s_workload",
            Self::K8sNode => "k8s_node",
            Self::ContainerId => "container_id",
            Self::Process => "process",
            Self::File => "file",
            Self::LogonSession => "logon_session",
            Self::SaasUserId => "saas_user_id",
            Self::SaasObject => "saas_object",
            Self::ApiToken => "api_token",
            Self::WebSession => "web_session",
            Self::AgentId => "agent_id",
            Self::DeviceId => "device_id",
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::FileHash => "file_hash",
            Self::NativeId => "native_id",
        }
    }

    /// Reads the wire word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The number of this kind in [`Self::ALL`]; stable.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether two events that name the same such identifier are parts of one act by one party: a session, a
    /// key, a process. Such an edge is followed before any other.
    pub fn is_exact(self) -> bool {
        matches!(
            self,
            Self::AccessKey
                | Self::RoleSession
                | Self::Process
                | Self::LogonSession
                | Self::WebSession
                | Self::ApiToken
                | Self::MessageId
        )
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EntityKind;

    #[test]
    fn words_and_numbers_are_one_to_one() {
        for (number, kind) in EntityKind::ALL.into_iter().enumerate() {
            assert_eq!(EntityKind::parse(kind.as_str()), Some(kind));
            assert_eq!(usize::from(kind.number()), number);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }
}
