//! What is asked: by whom, of what, for how long, and why.
//!
//! Ids are DNS labels, so that every target system can carry them in the names and tags of what it creates.

use crate::Action;
use core::fmt;
use homeostat_core::{EntityKey, EntityKind, TenantId, xxh64};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The id of one action, given by whoever proposes it: asking twice with the same id is asking once.
///
/// A DNS label: 1 to 63 bytes of `a-z`, `0-9` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionId(Arc<str>);

/// A text that is no action id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadActionId(());

impl fmt::Display for BadActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an action id has 1 to 63 bytes of a-z, 0-9 and -")
    }
}

impl std::error::Error for BadActionId {}

impl ActionId {
    /// The longest id in bytes: the longest DNS label.
    pub const LIMIT: usize = 63;

    /// Takes `text` as an id.
    ///
    /// # Errors
    ///
    /// [`BadActionId`] when it is no DNS label in lower case.
    pub fn new(text: &str) -> Result<Self, BadActionId> {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=Self::LIMIT).contains(&text.len());
        if fits && text.bytes().all(sound) { Ok(Self(text.into())) } else { Err(BadActionId(())) }
    }

    /// The id that `parts` give: `hs-` and 96 bits of their SHA-256. The same parts give the same id.
    pub fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let bytes = hash.finalize();
        let number = bytes.iter().take(12).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self(format!("hs-{number:024x}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ActionId {
    type Error = BadActionId;

    fn try_from(text: String) -> Result<Self, BadActionId> {
        Self::new(&text)
    }
}

impl From<ActionId> for String {
    fn from(id: ActionId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionId({})", self.0)
    }
}

/// A person who proposes, approves, extends or brakes. Two spellings that differ in case are one person.
///
/// `Debug` shows a hash and never the name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Person(Arc<str>);

impl Person {
    /// The person of that name, trimmed and in lower case.
    pub fn new(name: &str) -> Self {
        Self(name.trim().to_lowercase().into())
    }

    /// The name. Shows who it is.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl From<String> for Person {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Person> for String {
    fn from(person: Person) -> Self {
        person.0.as_ref().to_owned()
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({:016x})", xxh64(self.0.as_bytes()))
    }
}

/// Who proposes an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposer {
    /// A program, by its name: the planner, or a detector.
    Detector(String),
    /// A person, who then can not approve it.
    Person(Person),
}

/// What kind of thing is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TargetKind {
    /// A person's account.
    Person,
    /// An account that is no person's: service account, role, service principal.
    ServiceAccount,
    /// A key, token or certificate.
    Credential,
    /// A session.
    Session,
    /// A host or managed device.
    Host,
    /// A virtual machine.
    Instance,
    /// A container or workload of a cluster.
    Workload,
    /// A network address.
    Address,
    /// A domain name or URL.
    Name,
    /// A mail message.
    Message,
    /// A mailbox.
    Mailbox,
    /// An application that was granted rights.
    Application,
    /// Anything that is configured: a bucket, a policy, a group.
    Resource,
}

impl TargetKind {
    /// The kind of target that an entity key names; `None` for what no action is aimed at, such as a process.
    pub fn of(kind: EntityKind) -> Option<Self> {
        use EntityKind as Entity;
        Some(match kind {
            Entity::Upn
            | Entity::Email
            | Entity::Sam
            | Entity::LocalUser
            | Entity::Sid
            | Entity::DirectoryObjectId
            | Entity::SaasUserId
            | Entity::IamUserArn
            | Entity::K8sUser => Self::Person,
            Entity::ServicePrincipalId
            | Entity::IamRoleArn
            | Entity::GcpServiceAccount
            | Entity::K8sServiceAccount => Self::ServiceAccount,
            Entity::AccessKey | Entity::ApiToken => Self::Credential,
            Entity::RoleSession | Entity::WebSession | Entity::LogonSession => Self::Session,
            Entity::Hostname | Entity::Fqdn | Entity::Mac | Entity::AgentId | Entity::DeviceId => Self::Host,
            Entity::InstanceId => Self::Instance,
            Entity::K8sWorkload | Entity::ContainerId => Self::Workload,
            Entity::Ip => Self::Address,
            Entity::Domain | Entity::Url => Self::Name,
            Entity::MessageId => Self::Message,
            Entity::MailboxId => Self::Mailbox,
            Entity::AppId | Entity::AppObjectId => Self::Application,
            Entity::ResourceArn | Entity::AzureResource | Entity::GcpResource | Entity::SaasObject => {
                Self::Resource
            }
            _ => return None,
        })
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
            Self::Credential => "credential",
            Self::Session => "session",
            Self::Host => "host",
            Self::Instance => "instance",
            Self::Workload => "workload",
            Self::Address => "address",
            Self::Name => "name",
            Self::Message => "message",
            Self::Mailbox => "mailbox",
            Self::Application => "application",
            Self::Resource => "resource",
        }
    }

    /// Whether the id of such a target names a person, and so never enters the journal in clear.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Person | Self::Session | Self::Mailbox)
    }

    /// Whether such a target has a network address, as its id or as its attribute `ip`.
    pub(crate) const fn has_address(self) -> bool {
        matches!(self, Self::Host | Self::Instance | Self::Workload | Self::Address)
    }
}

/// What is acted upon: its kind, its id in the target system, and what is known of it.
///
/// `Debug` shows the kind and a hash, never id or attributes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Target {
    /// What kind of thing it is.
    pub kind: TargetKind,
    /// Its id in the target system.
    pub id: String,
    /// What is known of it, for the rails to go by: team, subnet, tier. A rule that needs one which is missing
    /// never lets the action pass by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, String>,
}

impl Target {
    /// The target of that kind and id, of which nothing else is known.
    pub fn new(kind: TargetKind, id: &str) -> Self {
        Self { kind, id: id.to_owned(), attrs: BTreeMap::new() }
    }

    /// The target that `key` names; `None` when no action is aimed at such an entity.
    pub fn of(key: &EntityKey) -> Option<Self> {
        Some(Self::new(TargetKind::of(key.kind())?, key.value()))
    }

    /// The same with one attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attrs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Whether both name the same thing.
    pub fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({:?} {:016x})", self.kind, xxh64(self.id.as_bytes()))
    }
}

/// The arguments of an action, each a list of texts: the allow-list of a pattern of life, permitted addresses.
pub type Args = BTreeMap<String, Vec<String>>;

/// One action asked for.
///
/// ```
/// use homeostat_core::TenantId;
/// use homeostat_response::{Action, ActionId, Request, Target, TargetKind};
/// use std::time::Duration;
///
/// let address = Target::new(TargetKind::Address, "203.0.113.9").with("network", "internet");
/// let request = Request::new(ActionId::new("incident-7-block")?, TenantId::new("acme")?, Action::Block, address)
///     .lease(Duration::from_secs(1_800))
///     .sure(0.93);
/// assert_eq!(request.ttl_ms, Some(1_800_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Its id; the key of everything.
    pub id: ActionId,
    /// Whose estate it is.
    pub tenant: TenantId,
    /// What is asked.
    pub action: Action,
    /// What it is aimed at.
    pub target: Target,
    /// What the action needs besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: Args,
    /// How long it shall hold, in milliseconds from when it is applied. Only a remediation or an irreversible
    /// action may leave it out.
    pub ttl_ms: Option<u64>,
    /// How sure it is that this is called for, in `0.0..=1.0`.
    pub confidence: f64,
    /// Who proposes it.
    pub proposer: Proposer,
    /// The incident it belongs to.
    pub incident: Option<String>,
    /// Why, in words for people.
    pub reason: String,
}

impl Request {
    /// A request with the lease of its action's row, made by the program `homeostat` without any confidence.
    pub fn new(id: ActionId, tenant: TenantId, action: Action, target: Target) -> Self {
        let lease = Duration::from_mins(u64::from(action.facts().lease_minutes));
        Self {
            id,
            tenant,
            action,
            target,
            args: Args::new(),
            ttl_ms: None,
            confidence: 0.0,
            proposer: Proposer::Detector("homeostat".to_owned()),
            incident: None,
            reason: String::new(),
        }
        .lease(lease)
    }

    /// The same with a lease of that length, cut to whole milliseconds.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.ttl_ms = Some(u64::try_from(lease.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The same with that confidence.
    #[must_use]
    pub fn sure(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// The same, proposed by `proposer`.
    #[must_use]
    pub fn proposed_by(mut self, proposer: Proposer) -> Self {
        self.proposer = proposer;
        self
    }

    /// The same, belonging to `incident`, with the reason in words.
    #[must_use]
    pub fn about(mut self, incident: &str, reason: &str) -> Self {
        self.incident = Some(incident.to_owned());
        reason.clone_into(&mut self.reason);
        self
    }

    /// The same with one argument more.
    #[must_use]
    pub fn with_arg(mut self, name: &str, values: &[&str]) -> Self {
        self.args.insert(name.to_owned(), values.iter().map(|&value| value.to_owned()).collect());
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("action", &self.action)
            .field("target", &self.target)
            .field("args", &self.args.len())
            .field("ttl_ms", &self.ttl_ms)
            .field("confidence", &self.confidence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_dns_label() {
        for bad in ["", "Upper", "with space", "under_score", &"x".repeat(64)] {
            assert_eq!(ActionId::new(bad), Err(BadActionId(())), "{bad}");
            assert!(serde_json::from_value::<ActionId>(bad.into()).is_err());
        }
        assert_eq!(ActionId::derive(&["a", "bc"]).as_str().len(), 27);
        assert_ne!(ActionId::derive(&["a", "bc"]), ActionId::derive(&["ab", "c"]));
    }

    #[test]
    fn a_person_is_the_same_in_any_case() {
        assert_eq!(Person::new(" Jane@acme.example"), Person::new("jane@ACME.example "));
    }
}
