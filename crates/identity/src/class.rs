//! What an identifier names, and which two identifiers can never name the same.
//!
//! The class follows from the kind of the key and, where that leaves it open, from what a source tells. The
//! laws are judged on the nature behind the class, so that the order in which sources tell it changes nothing.

use homeostat_core::{EntityKey, EntityKind};

/// What a resolved entity is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityClass {
    /// A human being.
    Person,
    /// An account that no human signs in to.
    ServiceAccount,
    /// A role that principals take on.
    Role,
    /// A session, acting for somebody.
    Session,
    /// A key or token, acting for somebody.
    Credential,
    /// A laptop, server or phone.
    Device,
    /// A cloud machine, container or function.
    Workload,
    /// An application.
    Application,
    /// A mailbox.
    Mailbox,
    /// A bucket, table, repository or share.
    DataStore,
    /// A network address.
    Address,
    /// A domain name.
    Domain,
    /// A process.
    Process,
    /// A file.
    File,
    /// An agent of artificial intelligence.
    AiAgent,
    /// A model of artificial intelligence.
    AiService,
    /// A cloud account, tenant or organization.
    Account,
    /// Something else, or not told.
    #[default]
    Unknown,
}

impl EntityClass {
    /// Every class, in order.
    pub const ALL: [Self; 18] = [
        Self::Person,
        Self::ServiceAccount,
        Self::Role,
        Self::Session,
        Self::Credential,
        Self::Device,
        Self::Workload,
        Self::Application,
        Self::Mailbox,
        Self::DataStore,
        Self::Address,
        Self::Domain,
        Self::Process,
        Self::File,
        Self::AiAgent,
        Self::AiService,
        Self::Account,
        Self::Unknown,
    ];

    /// The number of this class in [`Self::ALL`]; stable.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The lower-case word, as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service account",
            Self::Role => "role",
            Self::Session => "session",
            Self::Credential => "credential",
            Self::Device => "device",
            Self::Workload => "workload",
            Self::Application => "application",
            Self::Mailbox => "mailbox",
            Self::DataStore => "data store",
            Self::Address => "address",
            Self::Domain => "domain",
            Self::Process => "process",
            Self::File => "file",
            Self::AiAgent => "agent",
            Self::AiService => "model",
            Self::Account => "account",
            Self::Unknown => "unknown",
        }
    }

    /// What the kind of `key` tells; [`Self::Unknown`] for what it leaves open and for what has no class.
    ///
    /// Login names are persons until a source tells otherwise, except those that end in `$`: machine accounts.
    ///
    /// ```
    /// use homeostat_core::{EntityKey, EntityKind};
    /// use homeostat_identity::EntityClass;
    ///
    /// let machine = EntityKey::new(EntityKind::Sam, "corp", "mkt01$")?;
    /// assert_eq!(EntityClass::of(&machine), EntityClass::Device);
    /// # Ok::<(), homeostat_core::BadKey>(())
    /// ```
    pub fn of(key: &EntityKey) -> Self {
        use EntityKind as K;
        match key.kind() {
            K::Sam | K::LocalUser if key.value().ends_with('$') => Self::Device,
            K::Sid if is_well_known_service(key.value()) => Self::ServiceAccount,
            K::Upn
            | K::Email
            | K::Sam
            | K::LocalUser
            | K::Sid
            | K::DirectoryObjectId
            | K::IamUserArn
            | K::K8sUser
            | K::SaasUserId => Self::Person,
            K::ServicePrincipalId | K::GcpServiceAccount | K::K8sServiceAccount => Self::ServiceAccount,
            K::IamRoleArn => Self::Role,
            K::RoleSession | K::LogonSession | K::WebSession => Self::Session,
            K::AccessKey | K::ApiToken => Self::Credential,
            K::Hostname | K::Fqdn | K::Mac | K::AgentId | K::DeviceId | K::K8sNode => Self::Device,
            K::InstanceId | K::ContainerId | K::K8sWorkload => Self::Workload,
            K::AppId | K::AppObjectId => Self::Application,
            K::MailboxId => Self::Mailbox,
            K::AiModel => Self::AiService,
            K::CloudAccount => Self::Account,
            K::ResourceArn => of_arn(key.value()),
            K::Process => Self::Process,
            K::File | K::FileHash => Self::File,
            K::Ip => Self::Address,
            K::Domain => Self::Domain,
            K::MessageId
            | K::Image
            | K::GroupId
            | K::IamGroupArn
            | K::GcpResource
            | K::AzureResource
            | K::SaasObject
            | K::Url
            | K::NativeId => Self::Unknown,
        }
    }

    /// The class of `key` when sources have told `told`; a telling that the kind forbids is passed over.
    ///
    /// Of several the first of [`Self::ALL`] counts, except that one who was told to be an agent or a service
    /// account is no plain person.
    pub(crate) fn told(key: &EntityKey, told: Told) -> Self {
        let by_kind = Self::of(key);
        let order = [Self::AiAgent, Self::ServiceAccount].into_iter().chain(Self::ALL);
        order.into_iter().find(|class| told.holds(*class) && by_kind.can_be(*class)).unwrap_or(by_kind)
    }

    /// Whether a source may tell that what its kind calls `self` is a `told`.
    pub(crate) fn can_be(self, told: Self) -> bool {
        match self {
            Self::Person => matches!(told, Self::Person | Self::ServiceAccount | Self::AiAgent),
            Self::ServiceAccount => matches!(told, Self::ServiceAccount | Self::AiAgent),
            Self::Device => matches!(told, Self::Device | Self::Workload),
            Self::Application => matches!(told, Self::Application | Self::AiAgent | Self::AiService),
            Self::Unknown => true,
            _ => self == told,
        }
    }
}

/// Built-in Windows accounts: `SYSTEM`, `LOCAL SERVICE`, `NETWORK SERVICE`, service and virtual accounts.
fn is_well_known_service(sid: &str) -> bool {
    ["S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-80-", "S-1-5-82-", "S-1-5-83-"]
        .iter()
        .any(|known| if known.ends_with('-') { sid.starts_with(known) } else { sid == *known })
}

/// What the service part of an ARN tells.
fn of_arn(arn: &str) -> EntityClass {
    match arn.split(':').nth(2) {
        Some("s3" | "dynamodb" | "rds" | "secretsmanager" | "ssm" | "sqs" | "kms" | "efs" | "redshift") => {
            EntityClass::DataStore
        }
        Some("lambda" | "ec2" | "ecs" | "eks") => EntityClass::Workload,
        Some("bedrock" | "sagemaker") => EntityClass::AiService,
        _ => EntityClass::Unknown,
    }
}

/// The set of classes that sources have told of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(pub(crate) u32);

impl Told {
    /// Adds `class`; whether that is new.
    pub(crate) fn add(&mut self, class: EntityClass) -> bool {
        let before = self.0;
        self.0 |= 1 << class.number();
        self.0 != before
    }

    fn holds(self, class: EntityClass) -> bool {
        self.0 & (1 << class.number()) != 0
    }
}

/// What lies behind a class as far as the laws of identity go: two natures never are one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nature {
    /// A person, service account or agent.
    Principal,
    /// A role.
    Role,
    /// A session.
    Session,
    /// A key or token.
    Credential,
    /// A device or virtual machine.
    Machine,
    /// An address.
    Address,
    /// Any other class or kind, told apart by its number.
    Other(u8),
}

impl Nature {
    /// The nature of `key`; `None` when it is still open: then the key may be one with anything but an address.
    pub(crate) fn of(key: &EntityKey, told: Told) -> Option<Self> {
        use EntityClass as C;
        let by_kind = EntityClass::of(key);
        let class = if by_kind == C::Unknown { EntityClass::told(key, told) } else { by_kind };
        Some(match class {
            C::Person | C::ServiceAccount | C::AiAgent => Self::Principal,
            C::Role => Self::Role,
            C::Session => Self::Session,
            C::Credential => Self::Credential,
            C::Workload if matches!(key.kind(), EntityKind::ContainerId | EntityKind::K8sWorkload) => {
                Self::Other(class.number())
            }
            C::Device | C::Workload => Self::Machine,
            C::Address => Self::Address,
            // Without a class, only the kind tells things apart; a native id is open.
            C::Unknown if key.kind() == EntityKind::NativeId => return None,
            C::Unknown => Self::Other(64 + key.kind().number()),
            other => Self::Other(other.number()),
        })
    }
}

/// Who gave `key` out as the number of one account or machine, when it is such a number and that is told.
pub(crate) fn numbered_by(key: &EntityKey) -> Option<(EntityKind, &str)> {
    let numbered = matches!(
        key.kind(),
        EntityKind::DirectoryObjectId
            | EntityKind::Sid
            | EntityKind::SaasUserId
            | EntityKind::MailboxId
            | EntityKind::InstanceId
            | EntityKind::DeviceId
    );
    let namer = key.scope().rsplit('/').next().unwrap_or_default();
    (numbered && namer != EntityKey::UNSCOPED).then(|| (key.kind(), key.scope()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: EntityKind, value: &str) -> EntityKey {
        EntityKey::new(kind, "acme", value).unwrap()
    }

    #[track_caller]
    fn check(kind: EntityKind, value: &str, expected: EntityClass) {
        assert_eq!(EntityClass::of(&key(kind, value)), expected, "{kind} {value}");
    }

    #[test]
    fn the_kind_tells_the_class() {
        check(EntityKind::Upn, "jane@acme.example", EntityClass::Person);
        check(EntityKind::Sam, "jane", EntityClass::Person);
        check(EntityKind::LocalUser, "ws7$", EntityClass::Device);
        check(EntityKind::Sid, "S-1-5-18", EntityClass::ServiceAccount);
        check(EntityKind::Sid, "S-1-5-180", EntityClass::Person);
        check(EntityKind::ResourceArn, "arn:aws:s3:::data", EntityClass::DataStore);
        check(EntityKind::ResourceArn, "arn:aws:lambda:eu-west-1:1:function:f", EntityClass::Workload);
        check(EntityKind::NativeId, "anything", EntityClass::Unknown);
    }

    #[test]
    fn sources_tell_only_what_the_kind_leaves_open() {
        let mut told = Told::default();
        assert!(told.add(EntityClass::Device) && !told.add(EntityClass::Device));
        let user = key(EntityKind::Upn, "svc@acme.example");
        assert_eq!(EntityClass::told(&user, told), EntityClass::Person, "a login is no device");
        assert_eq!(EntityClass::told(&key(EntityKind::NativeId, "7"), told), EntityClass::Device);
        told.add(EntityClass::Person);
        told.add(EntityClass::ServiceAccount);
        assert_eq!(EntityClass::told(&user, told), EntityClass::ServiceAccount);
    }

    #[test]
    fn classes_and_numbers_are_one_to_one() {
        for (number, class) in EntityClass::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(class.number()), number);
        }
    }
}
