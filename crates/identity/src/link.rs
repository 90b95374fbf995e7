//! What sources say of identifiers: that two belong together, how, since when, and which event says so.
//!
//! Links are plain values; a vendor with its own events makes them by hand, the feature `event` makes them of
//! OCSF events. A link is the same statement whenever and however often it is told: its id rests on what it says.

use crate::EntityClass;
use core::fmt;
use homeostat_core::{EntityKey, EventRef, TenantId, Timestamp, xxh64};
use std::sync::Arc;

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

impl LinkKind {
    /// Every kind, in order.
    pub const ALL: [Self; 6] =
        [Self::SameAs, Self::ActsFor, Self::LoggedOn, Self::Leases, Self::Owns, Self::Runs];

    /// The number of this kind in [`Self::ALL`]; stable.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// What a link rests on, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Imported from a directory or a personnel list. The only one that may join two accounts of one directory.
    Directory,
    /// One event states both identifiers.
    Asserted,
    /// A rule of the tenant, such as `corp\x` = `x@corp.example`.
    Rule,
    /// Bounded in time, such as an address lease. Never joins.
    Lease,
    /// A likeness, such as an equal display name. Joins only when two independent witnesses tell it.
    Weak,
}

impl Strength {
    /// Every strength, the strongest first.
    pub const ALL: [Self; 5] = [Self::Directory, Self::Asserted, Self::Rule, Self::Lease, Self::Weak];

    /// The number of this strength in [`Self::ALL`]; stable.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// When a link holds: from a moment on, up to but not including another.
///
/// ```
/// use homeostat_core::Timestamp;
/// use homeostat_identity::Validity;
///
/// let (noon, one) = ("2026-03-16T12:00:00Z".parse()?, "2026-03-16T13:00:00Z".parse()?);
/// let lease = Validity::between(noon, one).ok_or("ends before it begins")?;
/// assert!(lease.holds(noon) && !lease.holds(one));
/// assert!(Validity::ALWAYS.holds(Timestamp::UNKNOWN));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Validity {
    // INVARIANT: a moment or `BEFORE_ALL`, and before `to`.
    from: Timestamp,
    // INVARIANT: a moment or `NEVER`.
    to: Timestamp,
}

impl Validity {
    /// Without beginning and end.
    pub const ALWAYS: Self = Self { from: Timestamp::BEFORE_ALL, to: Timestamp::NEVER };

    /// `[from, to)`; `None` when that holds no moment. [`Timestamp::UNKNOWN`] and [`Timestamp::BEFORE_ALL`]
    /// begin without bound, [`Timestamp::NEVER`] ends without bound.
    pub fn between(from: Timestamp, to: Timestamp) -> Option<Self> {
        let from = if from.is_moment() { from } else { from.max(Timestamp::BEFORE_ALL) };
        let bounded = to.is_moment() || to == Timestamp::NEVER;
        (from < to && bounded).then_some(Self { from, to })
    }

    /// From `from` on; always when that is no moment.
    pub fn since(from: Timestamp) -> Self {
        Self::between(from, Timestamp::NEVER).unwrap_or(Self::ALWAYS)
    }

    /// When it begins; [`Timestamp::BEFORE_ALL`] without bound.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// When it has ended; [`Timestamp::NEVER`] without bound.
    pub fn to(self) -> Timestamp {
        self.to
    }

    /// Whether it holds at `at`. What is [`Timestamp::UNKNOWN`] counts as before all moments,
    /// [`Timestamp::NEVER`] as after them.
    pub fn holds(self, at: Timestamp) -> bool {
        (!self.from.is_moment() || self.from <= at) && (self.to == Timestamp::NEVER || at < self.to)
    }

    /// Whether both ends are moments.
    pub fn is_bounded(self) -> bool {
        self.from.is_moment() && self.to.is_moment()
    }

    /// The one span of both when they overlap or meet.
    pub(crate) fn joined(self, other: Self) -> Option<Self> {
        let meets = self.from <= other.to && other.from <= self.to;
        meets.then(|| Self { from: self.from.min(other.from), to: self.to.max(other.to) })
    }
}

/// The id of a link: XXH64 of what it says and never of when or how often it was said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkId({self})")
    }
}

/// One statement that two identifiers belong together.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind, EventRef};
/// use homeostat_identity::{Link, LinkKind};
///
/// let key = EntityKey::new(EntityKind::AccessKey, "acme", "AKIAEXAMPLE")?;
/// let user = EntityKey::new(EntityKind::IamUserArn, "123456789012", "arn:aws:iam::123456789012:user/jane")?;
/// let event = EventRef::new("cloudtrail.jsonl", 7)?;
/// let link = Link::new(LinkKind::ActsFor, key, user, &event);
/// assert_eq!(link.evidence, event);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// How they belong together.
    pub kind: LinkKind,
    /// The first identifier.
    pub a: EntityKey,
    /// The second identifier.
    pub b: EntityKey,
    /// What the statement rests on.
    pub strength: Strength,
    /// When it holds.
    pub valid: Validity,
    /// The event that says so.
    pub evidence: EventRef,
    /// Who says so: two [`Strength::Weak`] links are independent when their witnesses differ.
    pub witness: Arc<str>,
}

impl Link {
    /// What the event `evidence` asserts, for all time; the place of the event is the witness.
    pub fn new(kind: LinkKind, a: EntityKey, b: EntityKey, evidence: &EventRef) -> Self {
        Self {
            kind,
            a,
            b,
            strength: Strength::Asserted,
            valid: Validity::ALWAYS,
            evidence: evidence.clone(),
            witness: evidence.place().into(),
        }
    }

    /// Both name the same, as the event `evidence` asserts.
    pub fn same(a: EntityKey, b: EntityKey, evidence: &EventRef) -> Self {
        Self::new(LinkKind::SameAs, a, b, evidence)
    }

    /// `address` belonged to `device` while `valid`.
    pub fn lease(address: EntityKey, device: EntityKey, valid: Validity, evidence: &EventRef) -> Self {
        Self::new(LinkKind::Leases, address, device, evidence).resting_on(Strength::Lease).valid(valid)
    }

    /// The link, resting on `strength`.
    #[must_use]
    pub fn resting_on(mut self, strength: Strength) -> Self {
        self.strength = strength;
        self
    }

    /// The link, holding while `valid`.
    #[must_use]
    pub fn valid(mut self, valid: Validity) -> Self {
        self.valid = valid;
        self
    }

    /// The link, told by `witness`, such as the name of a product.
    #[must_use]
    pub fn told_by(mut self, witness: &str) -> Self {
        self.witness = witness.into();
        self
    }

    /// The id of the statement. Which of the two is named first counts only where it has a meaning; who tells
    /// it counts only for weak links.
    pub fn id(&self) -> LinkId {
        let swap = self.kind == LinkKind::SameAs && self.b < self.a;
        let (first, second) = if swap { (&self.b, &self.a) } else { (&self.a, &self.b) };
        let mut bytes = Vec::with_capacity(256);
        bytes.extend([self.kind.number(), self.strength.number()]);
        for key in [first, second] {
            for part in [key.scope(), key.kind().as_str(), key.value()] {
                bytes.extend_from_slice(part.as_bytes());
                bytes.push(0x1F);
            }
        }
        if self.strength == Strength::Weak {
            bytes.extend_from_slice(self.witness.as_bytes());
        }
        LinkId(xxh64(&bytes))
    }
}

/// One thing that is said of identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Two belong together.
    Link(Link),
    /// What one is. Only what its kind leaves open can be told; the rest is passed over.
    Class(EntityKey, EntityClass),
    /// A link was wrong: it counts no longer, however often it is told again.
    Retract(LinkId),
    /// A retracted link counts again.
    Restore(LinkId),
}

/// All that one event, import or decision says: the input of [`Directory`](crate::Directory).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Whose data it is.
    pub tenant: TenantId,
    /// When it was said; of statements that exclude each other the earlier stands.
    pub time: Timestamp,
    /// What is said.
    pub facts: Vec<Fact>,
}

impl Observation {
    /// The `facts` told at `time`.
    pub fn new(tenant: &TenantId, time: Timestamp, facts: Vec<Fact>) -> Self {
        Self { tenant: tenant.clone(), time, facts }
    }

    /// The `links` told at `time`.
    pub fn of_links(tenant: &TenantId, time: Timestamp, links: Vec<Link>) -> Self {
        Self::new(tenant, time, links.into_iter().map(Fact::Link).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EntityKind;

    fn link() -> Link {
        let key = |kind, value| EntityKey::new(kind, "acme", value).unwrap();
        let event = EventRef::new("okta/log.jsonl", 3).unwrap();
        Link::same(key(EntityKind::Upn, "j@acme.example"), key(EntityKind::Email, "j@acme.example"), &event)
    }

    #[test]
    fn the_id_rests_on_what_is_said_alone() {
        let (first, mut turned) = (link(), link());
        std::mem::swap(&mut turned.a, &mut turned.b);
        assert_eq!(first.id(), turned.id());
        assert_eq!(first.id(), link().valid(Validity::since(Timestamp::from_micros(7))).told_by("x").id());
        assert_ne!(first.id(), link().resting_on(Strength::Rule).id());
        let weak = |witness| link().resting_on(Strength::Weak).told_by(witness).id();
        assert_ne!(weak("okta"), weak("slack"));
    }

    #[test]
    fn no_validity_is_empty() {
        let time = Timestamp::from_micros;
        assert_eq!(Validity::between(time(2), time(2)), None);
        assert_eq!(Validity::between(time(2), Timestamp::UNKNOWN), None);
        assert_eq!(Validity::between(Timestamp::NEVER, Timestamp::NEVER), None);
        assert_eq!(Validity::between(Timestamp::UNKNOWN, Timestamp::NEVER), Some(Validity::ALWAYS));
        let (early, late) = (Validity::between(time(0), time(2)), Validity::between(time(2), time(3)));
        let both = early.unwrap().joined(late.unwrap()).unwrap();
        assert_eq!((both.from(), both.to(), both.is_bounded()), (time(0), time(3), true));
    }
}
