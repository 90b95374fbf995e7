//! The identifier of an entity, everywhere: its kind, who names it, and the value in canonical spelling.
//!
//! Keys never merge entities: that is the work of `homeostat-identity`.

use crate::{EntityKind, canonical::canonical, xxh64};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// An identifier of a person, machine, session, address or thing: `kind`, `scope` (who names it) and `value`.
///
/// The same thing gives the same key from every source: the value is brought to its canonical spelling when
/// the key is made. Cloning is cheap. `Debug` shows kind and hash, `Display` shows the value: print a key only
/// where a person may read it.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind};
///
/// let key = EntityKey::new(EntityKind::Upn, "acme", "Jane.Doe@acme.example")?;
/// assert_eq!(key.value(), "jane.doe@acme.example");
/// assert_eq!(key.shard(), 3422);
/// assert_eq!(key.partition(8), 6);
/// # Ok::<(), homeostat_core::BadKey>(())
/// ```
#[derive(Clone)]
pub struct EntityKey {
    kind: EntityKind,
    /// Where the separator stands in `text`.
    split: u16,
    /// Scope, 0x1F, value: one text is made, copied and compared in half the time of two.
    text: Arc<str>,
}

impl EntityKey {
    /// The scope of a value whose namer neither the record nor the caller tells; only
    /// `homeostat-identity` may join such a key.
    pub const UNSCOPED: &str = "-";
    /// The scope of what is the same for everybody: public addresses, domains, hashes.
    pub const INTERNET: &str = "internet";
    /// The number of virtual shards; each holds whole entities, so another partition count moves whole shards.
    pub const SHARDS: u16 = 4_096;
    /// The longest value in bytes. URLs and paths beyond it are no identifiers but content.
    pub const LIMIT: usize = 4_096;

    /// The key of `raw`, named by `scope`; an empty scope is [`Self::UNSCOPED`].
    ///
    /// # Errors
    ///
    /// [`BadKey`] when `raw` names nothing (`-`, `unknown`, a zero id, a loopback address), a part holds the
    /// separator 0x1F or is longer than [`Self::LIMIT`].
    pub fn new(kind: EntityKind, scope: &str, raw: &str) -> Result<Self, BadKey> {
        let (scope, value) = Self::sound(kind, scope, raw)?;
        Ok(Self::joined(kind, scope, &value))
    }

    /// Scope and value as they stand in a key.
    fn sound<'t>(kind: EntityKind, scope: &'t str, raw: &'t str) -> Result<(&'t str, Cow<'t, str>), BadKey> {
        let scope = if scope.is_empty() { Self::UNSCOPED } else { scope };
        if raw.len() > Self::LIMIT || scope.len() > Self::LIMIT {
            return Err(BadKey::TooLong);
        }
        if raw.contains(SEPARATOR) || scope.contains(SEPARATOR) {
            return Err(BadKey::Separator);
        }
        Ok((scope, canonical(kind, raw).ok_or(BadKey::NamesNothing)?))
    }

    /// The key of parts that are sound.
    fn joined(kind: EntityKind, scope: &str, value: &str) -> Self {
        // INVARIANT: a scope is no longer than `LIMIT`, which is far below what the number holds.
        let split = u16::try_from(scope.len()).unwrap_or(u16::MAX);
        let mut text = String::with_capacity(scope.len() + 1 + value.len());
        text.push_str(scope);
        text.push(SEPARATOR);
        text.push_str(value);
        Self { kind, split, text: text.into() }
    }

    /// The key of a network address: public ones are the internet's, others belong to `network`.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn ip(network: &str, raw: &str) -> Result<Self, BadKey> {
        let (network, value) = Self::sound(EntityKind::Ip, network, raw)?;
        let public = value.parse().is_ok_and(is_public);
        Ok(Self::joined(EntityKind::Ip, if public { Self::INTERNET } else { network }, &value))
    }

    /// What kind of identifier this is.
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// Who names the value.
    pub fn scope(&self) -> &str {
        self.text.get(..usize::from(self.split)).unwrap_or_default()
    }

    /// The value, in canonical spelling.
    pub fn value(&self) -> &str {
        self.text.get(usize::from(self.split) + 1..).unwrap_or_default()
    }

    /// XXH64 of the key bytes `scope 0x1F kind 0x1F value`; the same on every platform, for ever.
    pub fn hash64(&self) -> u64 {
        xxh64(&self.bytes())
    }

    /// The virtual shard, `0..4096`: the top twelve bits of [`Self::hash64`].
    pub fn shard(&self) -> u16 {
        (self.hash64() >> 52) as u16
    }

    /// The partition of `partitions` that owns this entity. Of 0 partitions it is 0.
    pub fn partition(&self, partitions: u16) -> u16 {
        let share = u32::from(self.shard()) * u32::from(partitions) / u32::from(Self::SHARDS);
        u16::try_from(share).unwrap_or(u16::MAX)
    }

    /// Whether this is a network address of the public internet.
    pub fn is_public_address(&self) -> bool {
        self.kind == EntityKind::Ip && self.scope() == Self::INTERNET
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.scope(), self.kind.as_str(), self.value()].map(str::as_bytes).join(&0x1F)
    }
}

/// What stands between the parts of a key, and in none of them.
const SEPARATOR: char = '\x1F';

impl PartialEq for EntityKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && (Arc::ptr_eq(&self.text, &other.text) || self.text == other.text)
    }
}

impl Eq for EntityKey {}

impl Ord for EntityKey {
    /// By kind, then scope, then value.
    fn cmp(&self, other: &Self) -> Ordering {
        // The separator is less than whatever a name begins with, so that a text orders as its parts do.
        self.kind.cmp(&other.kind).then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for EntityKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for EntityKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.text.hash(state);
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_link_local() || v4.is_broadcast() || v4.is_multicast() || shared)
        }
        IpAddr::V6(v6) => !(v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast()),
    }
}

impl fmt::Debug for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityKey({} {:016x})", self.kind, self.hash64())
    }
}

impl fmt::Display for EntityKey {
    /// `kind:scope:value`. Shows the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.scope(), self.value())
    }
}

/// Why a text is no entity key. Never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// The text is a place-holder, a zero id or this very host.
    NamesNothing,
    /// A part holds the separator 0x1F.
    Separator,
    /// A part is longer than [`EntityKey::LIMIT`].
    TooLong,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NamesNothing => "the text names no entity",
            Self::Separator => "a part of the key holds the separator 0x1F",
            Self::TooLong => "a part of the key is longer than 4096 bytes",
        })
    }
}

impl std::error::Error for BadKey {}

/// What part an entity plays in an event or a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Who did it.
    Actor,
    /// Whom or what it was done to.
    Target,
    /// Through what it was done: the session, key, role or application that acted for the actor.
    Via,
    /// Where it came from: an address, a host.
    Origin,
    /// The device it was done on.
    Device,
    /// Who saw it.
    Observer,
    /// Named beside the others.
    Related,
}

impl Role {
    /// Every role, in order.
    pub const ALL: [Self; 7] =
        [Self::Actor, Self::Target, Self::Via, Self::Origin, Self::Device, Self::Observer, Self::Related];

    /// The wire word, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Target => "target",
            Self::Via => "via",
            Self::Origin => "origin",
            Self::Device => "device",
            Self::Observer => "observer",
            Self::Related => "related",
        }
    }

    /// Reads the wire word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(kind: EntityKind, scope: &str, value: &str) -> EntityKey {
        EntityKey::new(kind, scope, value).unwrap()
    }

    #[test]
    fn shard_vectors_hold() {
        let vectors = [
            (key(EntityKind::Upn, "acme", "jane.doe@acme.example"), 3_422, 6),
            (key(EntityKind::Upn, "acme", "zoë@acme.example"), 3_762, 7),
            (key(EntityKind::Hostname, "acme", "mkt01.acme.example"), 2_731, 5),
            (key(EntityKind::IamRoleArn, "acme", "arn:aws:iam::123456789012:role/svc-etl"), 215, 0),
        ];
        for (key, shard, partition) in vectors {
            assert_eq!((key.shard(), key.partition(8)), (shard, partition), "{key}");
        }
    }

    #[test]
    fn keys_spread_evenly_over_partitions() {
        let mut fill = [0_u32; 8];
        for number in 0..100_000 {
            let key = key(EntityKind::Upn, "acme", &format!("person-{number}@acme.example"));
            fill[usize::from(key.partition(8))] += 1;
        }
        let fullest = f64::from(*fill.iter().max().unwrap());
        assert!(fullest <= 1.03 * 100_000.0 / 8.0, "{fill:?}");
    }

    #[test]
    fn addresses_find_their_scope() {
        for (raw, scope) in [
            ("8.8.8.8", "internet"),
            ("10.1.2.3", "office"),
            ("100.64.0.1", "office"),
            ("fe80::1", "office"),
            ("2001:4860:4860::8888", "internet"),
        ] {
            assert_eq!(EntityKey::ip("office", raw).unwrap().scope(), scope, "{raw}");
        }
        assert_eq!(EntityKey::ip("", "10.1.2.3").unwrap().scope(), EntityKey::UNSCOPED);
    }

    #[test]
    fn debug_and_errors_hide_the_value() {
        let shown = format!("{:?}", key(EntityKind::Upn, "acme", "MARKED-SECRET@acme.example"));
        assert!(!shown.to_lowercase().contains("marked"), "{shown}");
        let error = EntityKey::new(EntityKind::Upn, "acme", "marked\x1Fsecret").unwrap_err();
        assert_eq!(error.to_string(), "a part of the key holds the separator 0x1F");
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_canonical_form(number in 0_usize..47, scope in "[a-z0-9]{0,12}", raw in ".{0,60}") {
            if let Ok(key) = EntityKey::new(EntityKind::ALL[number], &scope, &raw) {
                let again = EntityKey::new(key.kind(), key.scope(), key.value());
                prop_assert_eq!(again.as_ref(), Ok(&key));
                let json = serde_json::to_string(&key).unwrap();
                prop_assert_eq!(serde_json::from_str::<EntityKey>(&json).unwrap(), key);
            }
        }
    }
}
