//! What an inventory knows of one thing: single facts, each with the time it is from and its evidence.
//!
//! A fact is the last one told for its slot (last writer wins by time), so changes may arrive in any order;
//! what was removed leaves a mark behind, so that older changes do not bring it back. O(log facts) per change.

use crate::Evidence;
use core::fmt;
use homeostat_access::{Policy, PolicyError, account_of};
use homeostat_core::{EntityKey, EntityKind, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What kind of thing an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group of users.
    Group,
    /// A policy that is attached to others.
    Policy,
    /// A thing that runs as a role: function, instance, job, stack.
    Workload,
    /// A store of data.
    Bucket,
    /// A secret or a parameter.
    Secret,
    /// Anything else.
    Other,
    /// A managed database.
    Database,
    /// A part of a network: security group, subnet, route table, access list, gateway, balancer, API.
    Network,
    /// Somebody another provider vouches for, or who acts through others: a user of a directory, a service account, a
    /// repository, a vendor, a package, an agent.
    Subject,
}

impl ObjectKind {
    /// In the order of their numbers in snapshots: new ones come last.
    pub(crate) const ALL: [Self; 11] = [
        Self::User,
        Self::Role,
        Self::Group,
        Self::Policy,
        Self::Workload,
        Self::Bucket,
        Self::Secret,
        Self::Other,
        Self::Database,
        Self::Network,
        Self::Subject,
    ];

    /// Whether such an object acts by itself: it has policies of its own.
    pub fn is_principal(self) -> bool {
        matches!(self, Self::User | Self::Role)
    }

    /// The kind that the shape of `arn` tells.
    pub(crate) fn of_arn(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, name) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        let of = |head: &str| name.starts_with(head);
        match service {
            "iam" if of("user/") || name == "root" => Self::User,
            "iam" if of("role/") => Self::Role,
            "iam" if of("group/") => Self::Group,
            "iam" if of("policy/") => Self::Policy,
            "s3" if !name.is_empty() && !name.contains('/') => Self::Bucket,
            "secretsmanager" => Self::Secret,
            "ssm" if of("parameter/") => Self::Secret,
            "lambda" if of("function:") => Self::Workload,
            "ec2" if of("instance/") => Self::Workload,
            _ => Self::Other,
        }
    }
}

/// The key of what `arn` names: users, roles and groups by their kinds, all else as a resource; the scope is
/// the account in the ARN.
///
/// ```
/// use homeostat_core::EntityKind;
///
/// let jane = homeostat_graph::arn_key("arn:aws:iam::111122223333:user/jane").unwrap();
/// assert_eq!((jane.kind(), jane.scope()), (EntityKind::IamUserArn, "111122223333"));
/// assert_eq!(homeostat_graph::arn_key("jane"), None);
/// ```
pub fn arn_key(arn: &str) -> Option<EntityKey> {
    if !arn.starts_with("arn:") {
        return None;
    }
    let kind = match ObjectKind::of_arn(arn) {
        ObjectKind::User => EntityKind::IamUserArn,
        ObjectKind::Role => EntityKind::IamRoleArn,
        ObjectKind::Group => EntityKind::IamGroupArn,
        _ => EntityKind::ResourceArn,
    };
    EntityKey::new(kind, account_of(arn).unwrap_or_default(), arn).ok()
}

/// The key that stands for full authority over the account.
///
/// ```
/// assert_eq!(homeostat_graph::account_key("111122223333").unwrap().value(), "111122223333");
/// ```
pub fn account_key(account: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::CloudAccount, "aws", account).ok()
}

/// How one object is tied to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LinkKind {
    /// A user is in a group.
    MemberOf,
    /// A policy is attached.
    Attached,
    /// A role can be given to an instance through this profile.
    Profile,
    /// A user has this access key.
    HasKey,
    /// It lies in this subnet or network.
    Within,
    /// What comes in is filtered by this security group or access list.
    GuardedBy,
    /// What comes in and goes out follows this route table, which leads to this gateway.
    RoutedBy,
    /// This balancer, its target group or this API passes requests on to it.
    Behind,
    /// This one is made from it elsewhere: who is the one is the other.
    SyncedTo,
    /// It may change the code in this repository, package or image.
    Writes,
    /// What is written in it runs in this pipeline, workload or machine.
    Builds,
    /// It is a part of this one, and runs when this one does.
    ShipsIn,
    /// It acts with what this one may do.
    ActsAs,
    /// What it writes is read as instructions by this agent.
    Prompts,
    /// It holds what opens this one.
    Opens,
    /// It is the same thing under another name.
    SameAs,
    /// It is assigned a role of this application, or this set of permissions.
    AssignedIn,
    /// What it holds is encrypted with this key.
    LockedBy,
    /// One of its rules or routes names this list of addresses.
    Names,
}

impl LinkKind {
    /// In the order of their numbers in snapshots: new ones come last.
    pub(crate) const ALL: [Self; 19] = [
        Self::MemberOf,
        Self::Attached,
        Self::Profile,
        Self::HasKey,
        Self::Within,
        Self::GuardedBy,
        Self::RoutedBy,
        Self::Behind,
        Self::SyncedTo,
        Self::Writes,
        Self::Builds,
        Self::ShipsIn,
        Self::ActsAs,
        Self::Prompts,
        Self::Opens,
        Self::SameAs,
        Self::AssignedIn,
        Self::LockedBy,
        Self::Names,
    ];

    /// Whether what follows from the one that holds the tie follows from the other too.
    pub(crate) fn carries(self) -> bool {
        use LinkKind::{
            AssignedIn, Attached, Behind, GuardedBy, LockedBy, MemberOf, Names, RoutedBy, Within,
        };
        matches!(
            self,
            MemberOf | Attached | Within | GuardedBy | RoutedBy | Behind | AssignedIn | LockedBy | Names
        )
    }
}

/// Which policy of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicySlot {
    /// An inline policy, by its name.
    Inline(String),
    /// A version of a managed policy, by its id.
    Version(String),
    /// Who may become the role.
    Trust,
    /// What the resource itself allows and denies.
    Resource,
}

impl fmt::Display for PolicySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(name) => write!(f, "inline/{name}"),
            Self::Version(id) => write!(f, "version/{id}"),
            Self::Trust => f.write_str("trust"),
            Self::Resource => f.write_str("resource"),
        }
    }
}

/// A place in an object that holds one fact.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Attribute(String),
    Policy(PolicySlot),
    Link(LinkKind, EntityKey),
}

/// What a slot holds.
#[derive(Clone, PartialEq)]
pub(crate) enum Held {
    /// It was there and is no more.
    Gone,
    Text(String),
    Document(Document),
    Linked,
}

/// A policy document with what reading it gave.
#[derive(Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) json: Arc<str>,
    pub(crate) read: Result<Policy, PolicyError>,
}

impl Document {
    pub(crate) fn new(name: &str, json: &str) -> Self {
        Self { json: json.into(), read: Policy::parse(name, json) }
    }
}

/// A fact with its time and evidence.
#[derive(Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) at: Timestamp,
    pub(crate) evidence: Evidence,
    pub(crate) held: Held,
}

/// One thing of the estate: what is known of it, since when and from what.
#[derive(Clone, PartialEq)]
pub struct Object {
    pub(crate) key: EntityKey,
    pub(crate) kind: ObjectKind,
    pub(crate) present: bool,
    /// Nothing older is believed.
    pub(crate) as_of: Timestamp,
    /// The last time it was said to exist.
    pub(crate) seen: Timestamp,
    pub(crate) evidence: Evidence,
    pub(crate) stale: Option<Evidence>,
    pub(crate) facts: BTreeMap<Slot, Fact>,
}

impl Object {
    pub(crate) fn new(key: EntityKey, as_of: Timestamp, evidence: Evidence) -> Self {
        // An ARN that stands where another name should makes nobody a user or role.
        let named = [
            EntityKind::IamUserArn,
            EntityKind::IamRoleArn,
            EntityKind::IamGroupArn,
            EntityKind::ResourceArn,
        ];
        let told = named.contains(&key.kind()).then(|| ObjectKind::of_arn(key.value()));
        let kind = told.unwrap_or(ObjectKind::Other);
        Self { key, kind, present: true, as_of, seen: as_of, evidence, stale: None, facts: BTreeMap::new() }
    }

    /// Its key.
    pub fn key(&self) -> &EntityKey {
        &self.key
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// Whether it exists; `false` for what was removed.
    pub fn is_present(&self) -> bool {
        self.present
    }

    /// Since when the object as a whole is known.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// What said that it exists.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The event that said that something changed here without saying to what; answers that rest on the object
    /// carry the mark until it is read again.
    pub fn stale(&self) -> Option<&Evidence> {
        self.stale.as_ref()
    }

    /// The value of an attribute, such as `role` or `tag/Owner`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        match &self.facts.get(&Slot::Attribute(name.to_owned()))?.held {
            Held::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All attributes in the order of their names.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().filter_map(|(slot, fact)| match (slot, &fact.held) {
            (Slot::Attribute(name), Held::Text(text)) => Some((name.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// What it is tied to in this way.
    pub fn links(&self, kind: LinkKind) -> impl Iterator<Item = &EntityKey> {
        self.facts.iter().filter_map(move |(slot, fact)| match slot {
            Slot::Link(own, to) if *own == kind && fact.held == Held::Linked => Some(to),
            _ => None,
        })
    }

    /// Whether it is tied to `to` in this way.
    pub(crate) fn is_linked(&self, kind: LinkKind, to: &EntityKey) -> bool {
        self.facts.get(&Slot::Link(kind, to.clone())).is_some_and(|fact| fact.held == Held::Linked)
    }

    /// Which policies it has.
    pub fn policies(&self) -> impl Iterator<Item = &PolicySlot> {
        self.documents().map(|(slot, _, _)| slot)
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = (&PolicySlot, &Document, &Evidence)> {
        self.facts.iter().filter_map(|(slot, fact)| match (slot, &fact.held) {
            (Slot::Policy(slot), Held::Document(document)) => Some((slot, document, &fact.evidence)),
            _ => None,
        })
    }

    pub(crate) fn document(&self, slot: &PolicySlot) -> Option<(&Document, &Evidence)> {
        let fact = self.facts.get(&Slot::Policy(slot.clone()))?;
        if let Held::Document(document) = &fact.held { Some((document, &fact.evidence)) } else { None }
    }

    /// What the policy in `slot` is called in answers.
    pub(crate) fn policy_name(&self, slot: &PolicySlot) -> String {
        format!("{}#{slot}", self.key.value())
    }
}

impl fmt::Debug for Object {
    /// Shows key, kind and counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({:?} {:?}, {} facts)", self.key, self.kind, self.facts.len())
    }
}
