//! A signal whose entity keys have become entities: what `homeostat-incident` reads.

use homeostat_core::{EntityKey, Role, Signal};

/// The number of a resolved entity, stable while links come and go: of two that merge the smaller survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u32);

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

/// How two entities belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// Both are the same entity.
    SameAs,
    /// The first acts for the second: session → principal, key → user, agent → person.
    ActsFor,
    /// The first was logged on at the second.
    LoggedOn,
    /// The first, an address, was leased to the second.
    Leases,
    /// The first owns the second.
    Owns,
    /// The first runs the second.
    Runs,
}

/// One entity of a signal, resolved as of the signal's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// Who it is.
    pub id: EntityId,
    /// What it is.
    pub class: EntityClass,
    /// The identifier that the signal named.
    pub key: EntityKey,
    /// The part it plays.
    pub role: Role,
}

/// A signal with its entities resolved and the links among and around them that were valid at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The signal.
    pub signal: Signal,
    /// Its entities, in the order the signal names them.
    pub participants: Vec<Participant>,
    /// Links from a participant to another entity (`SameAs` left out: it is in the ids already).
    pub links: Vec<(EntityId, EntityId, LinkKind)>,
}
