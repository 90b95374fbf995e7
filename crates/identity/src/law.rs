//! Which links never stand, whoever tells them: the never-merge laws.

use crate::class::{Nature, numbered_by};
use crate::{EntityClass, Link, LinkKind, Strength};
use core::fmt;
use homeostat_core::{EntityKey, EntityKind};

/// Why two identifiers were not joined. Each law holds for a single link and for whole entities alike: a chain of
/// allowed links never joins what one link may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Law {
    /// Both ends are the same identifier.
    Itself,
    /// A person is no device: people share devices.
    PersonAndDevice,
    /// A role is none of those who take it on.
    RoleAndPrincipal,
    /// A session is none of those it acts for, so that a session used from a second place is seen as such.
    SessionAndPrincipal,
    /// A key or token is none of those it acts for.
    CredentialAndPrincipal,
    /// An address is nothing but itself: it is shared and goes on to others. Only a lease leads on from it.
    Address,
    /// The two are of different natures.
    OtherNature,
    /// Two numbers of one directory are two accounts or machines; only [`Strength::Directory`] may say that they
    /// are one.
    TwoAccounts,
    /// A short host name joins no two full names: there is a `web` in many domains.
    ShortName,
    /// A lease tells where an address was, not who somebody is.
    LeaseIsNoIdentity,
    /// A lease leads from an address or container to a machine.
    LeaseShape,
    /// A lease has a beginning and an end.
    LeaseWithoutEnd,
    /// One logs on at a machine, and no address logs on.
    LogonShape,
    /// Another link has the same id; 64 bits collide by intent only.
    IdTaken,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itself => "both ends are the same identifier",
            Self::PersonAndDevice => "a person is no device",
            Self::RoleAndPrincipal => "a role is none of those who take it on",
            Self::SessionAndPrincipal => "a session is none of those it acts for",
            Self::CredentialAndPrincipal => "a credential is none of those it acts for",
            Self::Address => "an address is nothing but itself",
            Self::OtherNature => "the two are of different natures",
            Self::TwoAccounts => "two numbers of one directory are two accounts or machines",
            Self::ShortName => "a short host name joins no two full names",
            Self::LeaseIsNoIdentity => "a lease tells no identity",
            Self::LeaseShape => "a lease leads from an address to a machine",
            Self::LeaseWithoutEnd => "a lease has a beginning and an end",
            Self::LogonShape => "one logs on at a machine, and no address does",
            Self::IdTaken => "another link has the same id",
        })
    }
}

impl Law {
    /// The law that forbids `link` whatever else is known, by the kinds of its ends alone.
    pub(crate) fn against(link: &Link) -> Option<Self> {
        if link.a == link.b {
            return Some(Self::Itself);
        }
        let class = |key: &EntityKey| (EntityClass::of(key), key.kind());
        match link.kind {
            LinkKind::SameAs => Self::against_same(link),
            LinkKind::Leases => Self::against_lease(class(&link.a), class(&link.b), link),
            LinkKind::LoggedOn => {
                let fits = class(&link.a).0 != EntityClass::Address && is_machine(class(&link.b));
                (!fits).then_some(Self::LogonShape)
            }
            LinkKind::ActsFor | LinkKind::Owns | LinkKind::Runs => None,
        }
    }

    fn against_same(link: &Link) -> Option<Self> {
        if link.strength == Strength::Lease {
            return Some(Self::LeaseIsNoIdentity);
        }
        let [a, b] = [&link.a, &link.b].map(Side::by_kind);
        Self::between(&a, &b, Bond::of(link.strength, [&link.a, &link.b]))
    }

    fn against_lease(
        a: (EntityClass, EntityKind),
        b: (EntityClass, EntityKind),
        link: &Link,
    ) -> Option<Self> {
        let holdable = matches!(a.1, EntityKind::Ip | EntityKind::ContainerId);
        if !holdable || !is_machine(b) {
            return Some(Self::LeaseShape);
        }
        (!link.valid.is_bounded()).then_some(Self::LeaseWithoutEnd)
    }

    /// The law that keeps two sides apart.
    pub(crate) fn between(a: &Side, b: &Side, bond: Bond) -> Option<Self> {
        if a.holds_address || b.holds_address {
            return Some(Self::Address);
        }
        match (a.nature, b.nature) {
            (Some(one), Some(other)) if one != other => return Some(Self::of_natures(one, other)),
            _ => {}
        }
        let same_directory = a.accounts.iter().any(|account| b.accounts.contains(account));
        if same_directory && bond.strength != Strength::Directory {
            return Some(Self::TwoAccounts);
        }
        (bond.by_short_name && a.has_full_name && b.has_full_name).then_some(Self::ShortName)
    }

    fn of_natures(one: Nature, other: Nature) -> Self {
        let pair = if one <= other { (one, other) } else { (other, one) };
        match pair {
            (Nature::Principal, Nature::Role) => Self::RoleAndPrincipal,
            (Nature::Principal, Nature::Session) => Self::SessionAndPrincipal,
            (Nature::Principal, Nature::Credential) => Self::CredentialAndPrincipal,
            (Nature::Principal, Nature::Machine) => Self::PersonAndDevice,
            _ => Self::OtherNature,
        }
    }
}

fn is_machine((class, kind): (EntityClass, EntityKind)) -> bool {
    matches!(class, EntityClass::Device | EntityClass::Workload) || kind == EntityKind::NativeId
}

/// What the laws look at in a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bond {
    strength: Strength,
    by_short_name: bool,
}

impl Bond {
    /// The bond of `strength` between two identifiers.
    pub(crate) fn of(strength: Strength, ends: [&EntityKey; 2]) -> Self {
        Self { strength, by_short_name: ends.iter().any(|end| end.kind() == EntityKind::Hostname) }
    }
}

/// What the laws look at in an identifier or in a whole entity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Side {
    nature: Option<Nature>,
    holds_address: bool,
    has_full_name: bool,
    accounts: Vec<(EntityKind, String)>,
}

impl Side {
    /// The side of one identifier of which `nature` is known.
    pub(crate) fn new(key: &EntityKey, nature: Option<Nature>) -> Self {
        let accounts = numbered_by(key).map(|(kind, scope)| (kind, scope.to_owned()));
        Self {
            nature,
            holds_address: nature == Some(Nature::Address),
            has_full_name: key.kind() == EntityKind::Fqdn,
            accounts: accounts.into_iter().collect(),
        }
    }

    fn by_kind(key: &EntityKey) -> Self {
        let told = crate::class::Told::default();
        let mut side = Self::new(key, Nature::of(key, told));
        if EntityClass::of(key) == EntityClass::Unknown {
            // A source may tell more of it later: no verdict by kind.
            side.nature = None;
        }
        side
    }

    /// Takes `other` in.
    pub(crate) fn join(&mut self, other: Self) {
        self.nature = self.nature.or(other.nature);
        self.holds_address |= other.holds_address;
        self.has_full_name |= other.has_full_name;
        self.accounts.extend(other.accounts);
    }
}
