//! The configuration of an estate as a value: objects by key, changed one fact at a time.
//!
//! A change is applied in O(log objects + those it touches). Each fact keeps its time: what is older than what is
//! known is ignored and counted, the same change twice is once.

use crate::Evidence;
use crate::change::{Change, ChangeError, Op, Touched};
use crate::object::{Document, Fact, Held, LinkKind, Object, ObjectKind, Slot, arn_key};
use core::fmt;
use homeostat_core::{EntityKey, EntityKind, Positions, TenantId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is configured in one tenant's estate.
///
/// ```
/// use homeostat_core::{TenantId, Timestamp};
/// use homeostat_graph::{Change, Evidence, Inventory, Op, PolicySlot, arn_key};
///
/// let jane = arn_key("arn:aws:iam::111122223333:user/jane").unwrap();
/// let mut inventory = Inventory::default();
/// let touched = inventory.apply(&Change {
///     tenant: TenantId::new("acme")?,
///     at: Timestamp::from_micros(5),
///     position: None,
///     evidence: Evidence::document("ticket 7"),
///     op: Op::PutPolicy {
///         object: jane.clone(),
///         slot: PolicySlot::Inline("all".to_owned()),
///         document: r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#.to_owned(),
///     },
/// })?;
/// assert!(touched.objects.contains(&jane));
/// assert_eq!(inventory.object(&jane).unwrap().policies().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Inventory {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) positions: Positions,
    pub(crate) objects: BTreeMap<EntityKey, Object>,
    /// Who rests on whom: policy → holders, group → members. Follows from `objects`.
    pub(crate) holders: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    /// Who is tied to whom in a way that carries nothing on. Follows from `objects`.
    pub(crate) ties: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    /// Users, roles and groups by account and name: calls name them without their path.
    pub(crate) names: BTreeMap<(EntityKind, String, String), EntityKey>,
    pub(crate) workloads: Listing,
    pub(crate) problems: Vec<Problem>,
    pub(crate) stats: InventoryStats,
}

/// Whether the things that run as roles were listed when the snapshot was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// They were not: what is absent may still exist, edges through it are hypothetical.
    #[default]
    Unread,
    /// They were.
    Read,
}

/// A record that could not be read, and why. The others were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the input.
    pub place: String,
    /// What is wrong there.
    pub cause: String,
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.place, self.cause)
    }
}

/// What became of the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InventoryStats {
    /// Changes that changed something.
    pub applied: u64,
    /// Changes older than what is known already.
    pub late: u64,
    /// Changes that said what is known already.
    pub repeated: u64,
    /// Changes of another tenant, refused.
    pub refused: u64,
    /// Changes that did not say to what.
    pub stale: u64,
    /// Policy documents that could not be understood.
    pub unreadable: u64,
}

impl Inventory {
    /// Whose estate it is; `None` before the first change.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// What is known of `key`, when it exists.
    pub fn object(&self, key: &EntityKey) -> Option<&Object> {
        self.objects.get(key).filter(|object| object.present)
    }

    /// All that exists, in the order of keys.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| object.present)
    }

    /// Whether workloads were listed.
    pub fn workloads(&self) -> Listing {
        self.workloads
    }

    /// The records of the snapshot that could not be read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What became of the changes so far.
    pub fn stats(&self) -> InventoryStats {
        self.stats
    }

    /// Applies one change.
    ///
    /// A change about an object that was never seen makes it. A change older than what is known, or equal to
    /// it, touches nothing and is counted.
    ///
    /// # Errors
    ///
    /// [`ChangeError`] when the change is of another tenant. Nothing is learnt then.
    pub fn apply(&mut self, change: &Change) -> Result<Touched, ChangeError> {
        if self.tenant.as_ref().is_some_and(|own| *own != change.tenant) {
            self.stats.refused = self.stats.refused.saturating_add(1);
            return Err(ChangeError::OtherTenant);
        }
        if let Some(position) = change.position
            && !self.positions.advance(position)
        {
            self.stats.repeated = self.stats.repeated.saturating_add(1);
            return Ok(Touched::default());
        }
        Ok(self.absorb(change))
    }

    /// Applies a change of the own tenant whose position is fresh.
    pub(crate) fn absorb(&mut self, change: &Change) -> Touched {
        self.tenant.get_or_insert_with(|| change.tenant.clone());
        self.learn(change)
    }

    /// Applies a change, whoever it is of.
    pub(crate) fn learn(&mut self, change: &Change) -> Touched {
        let known = self.by_known_names(change);
        let change = known.as_ref().unwrap_or(change);
        let effect = self.effect(change);
        let count = match effect {
            Effect::Applied => &mut self.stats.applied,
            Effect::Late => &mut self.stats.late,
            Effect::Repeated => &mut self.stats.repeated,
        };
        *count = count.saturating_add(1);
        if effect == Effect::Applied { self.touched_by(&change.op) } else { Touched::default() }
    }

    /// The key under which the object of this name is known: IAM names are unique in an account, a path is not
    /// part of them. AWS IAM User Guide, "IAM identifiers".
    pub fn resolve<'a>(&'a self, key: &'a EntityKey) -> &'a EntityKey {
        if self.objects.contains_key(key) {
            return key;
        }
        name_of(key).and_then(|name| self.names.get(&name)).unwrap_or(key)
    }

    /// The change about known keys; `None` when it is so already.
    fn by_known_names(&self, change: &Change) -> Option<Change> {
        let mut known = change.clone();
        for key in known.op.keys_mut() {
            *key = self.resolve(key).clone();
        }
        (known != *change).then_some(known)
    }

    fn effect(&mut self, change: &Change) -> Effect {
        match &change.op {
            Op::Put { object, kind, attributes } => self.put(change, object, (*kind, attributes)),
            Op::Remove { object } => self.remove(change, object),
            Op::Stale { object } => self.mark_stale(change, object),
            Op::Unset { object, attribute } => {
                self.hold(change, object, Slot::Attribute(attribute.clone()), Held::Gone)
            }
            Op::Link { from, kind, to } => {
                self.hold(change, from, Slot::Link(*kind, to.clone()), Held::Linked)
            }
            Op::Unlink { from, kind, to } => {
                self.hold(change, from, Slot::Link(*kind, to.clone()), Held::Gone)
            }
            Op::RemovePolicy { object, slot } => {
                self.hold(change, object, Slot::Policy(slot.clone()), Held::Gone)
            }
            Op::PutPolicy { object, slot, document } => {
                let document = Document::new(&format!("{}#{slot}", object.value()), document);
                if document.read.is_err() {
                    self.stats.unreadable = self.stats.unreadable.saturating_add(1);
                }
                self.hold(change, object, Slot::Policy(slot.clone()), Held::Document(document))
            }
        }
    }

    /// The object as of the change, made when it is new; `None` when the change is too old.
    fn awake(&mut self, change: &Change, key: &EntityKey) -> Option<(&mut Object, Effect)> {
        let known = self.objects.contains_key(key);
        let object = self
            .objects
            .entry(key.clone())
            .or_insert_with(|| Object::new(key.clone(), Timestamp::UNKNOWN, change.evidence.clone()));
        if known && change.at < object.as_of {
            return None;
        }
        let woken = !known || !object.present;
        if woken {
            object.evidence = change.evidence.clone();
        }
        object.present = true;
        object.seen = object.seen.max(change.at);
        Some((object, if woken { Effect::Applied } else { Effect::Repeated }))
    }

    fn put(
        &mut self,
        change: &Change,
        key: &EntityKey,
        (kind, attributes): (Option<ObjectKind>, &BTreeMap<String, String>),
    ) -> Effect {
        let Some((object, mut effect)) = self.awake(change, key) else { return Effect::Late };
        if let Some(kind) = kind.filter(|kind| *kind != object.kind) {
            object.kind = kind;
            effect = Effect::Applied;
        }
        if object.stale.take().is_some() {
            effect = Effect::Applied;
        }
        for (name, text) in attributes {
            let found = hold(object, change, Slot::Attribute(name.clone()), Held::Text(text.clone()));
            effect = effect.and(found);
        }
        self.relink(key);
        effect
    }

    fn hold(&mut self, change: &Change, key: &EntityKey, slot: Slot, held: Held) -> Effect {
        let Some((object, woken)) = self.awake(change, key) else { return Effect::Late };
        let tie = if let Slot::Link(kind, to) = &slot { Some((*kind, to.clone())) } else { None };
        let effect = woken.and(hold(object, change, slot, held));
        match tie {
            // Of an object with many ties the one is looked at.
            Some((kind, to)) => self.retie(key, kind, &to),
            None => self.relink(key),
        }
        effect
    }

    fn remove(&mut self, change: &Change, key: &EntityKey) -> Effect {
        let object = self
            .objects
            .entry(key.clone())
            .or_insert_with(|| Object::new(key.clone(), Timestamp::UNKNOWN, change.evidence.clone()));
        if change.at < object.as_of {
            return Effect::Late;
        }
        if change.at == object.as_of && object.facts.values().all(|fact| fact.at > change.at) {
            return Effect::Repeated;
        }
        let tied = object.tied();
        object.facts.retain(|_, fact| fact.at > change.at);
        object.as_of = change.at;
        object.evidence = change.evidence.clone();
        object.stale = None;
        object.present = object.seen > change.at;
        for to in tied {
            for all in [&mut self.holders, &mut self.ties] {
                if let Some(holders) = all.get_mut(&to) {
                    holders.remove(key);
                }
            }
        }
        self.relink(key);
        Effect::Applied
    }

    fn mark_stale(&mut self, change: &Change, key: &EntityKey) -> Effect {
        self.stats.stale = self.stats.stale.saturating_add(1);
        let Some((object, woken)) = self.awake(change, key) else { return Effect::Late };
        let again = object.stale.replace(change.evidence.clone());
        if again.as_ref() == Some(&change.evidence) { woken } else { Effect::Applied }
    }

    /// Takes `key` out of what follows from the objects.
    pub(crate) fn unname(&mut self, key: &EntityKey) {
        for all in [&mut self.holders, &mut self.ties] {
            all.remove(key);
            for holders in all.values_mut() {
                holders.remove(key);
            }
        }
        self.names.retain(|_, known| known != key);
    }

    /// Those whose rights follow from what the change was about.
    fn touched_by(&self, op: &Op) -> Touched {
        let mut objects = BTreeSet::new();
        let mut open = vec![op.object().clone()];
        while let Some(key) = open.pop() {
            let holders = self.holders.get(&key).into_iter().flatten();
            if objects.insert(key.clone()) {
                open.extend(holders.cloned());
            }
        }
        Touched { objects }
    }

    /// Those that hold a tie of this kind to `to`.
    #[cfg(feature = "documents")]
    pub(crate) fn held_by(&self, to: &EntityKey, kind: LinkKind) -> impl Iterator<Item = &EntityKey> {
        let all = if kind.carries() { &self.holders } else { &self.ties };
        let holders = all.get(to).into_iter().flatten();
        holders.filter(move |from| self.object(from).is_some_and(|own| own.links(kind).any(|tie| tie == to)))
    }

    /// Brings `holders` up to what the object at `key` says now.
    pub(crate) fn relink(&mut self, key: &EntityKey) {
        let Some(object) = self.objects.get(key) else { return };
        if let Some(name) = name_of(key) {
            self.names.entry(name).or_insert_with(|| key.clone());
        }
        let ties: Vec<(LinkKind, EntityKey)> = object
            .facts
            .keys()
            .filter_map(|slot| if let Slot::Link(kind, to) = slot { Some((*kind, to.clone())) } else { None })
            .collect();
        let boundary = object.attribute(BOUNDARY).and_then(arn_key);
        for (kind, to) in ties {
            self.retie(key, kind, &to);
        }
        if let Some(boundary) = boundary {
            self.holders.entry(boundary).or_default().insert(key.clone());
        }
    }
}

impl Inventory {
    /// Brings what is known of the holders of `to` up to what the object at `key` says now of its tie to it.
    fn retie(&mut self, key: &EntityKey, kind: LinkKind, to: &EntityKey) {
        if let Some(name) = name_of(key) {
            self.names.entry(name).or_insert_with(|| key.clone());
        }
        let holds = |object: &Object, carries: bool| {
            let mut same = LinkKind::ALL.into_iter().filter(|kind| kind.carries() == carries);
            same.any(|kind| {
                let fact = object.facts.get(&Slot::Link(kind, to.clone()));
                fact.is_some_and(|fact| fact.held == Held::Linked)
            })
        };
        let carries = kind.carries();
        let held = self.object(key).is_some_and(|object| holds(object, carries));
        let all = if carries { &mut self.holders } else { &mut self.ties };
        let holders = all.entry(to.clone()).or_default();
        if held {
            holders.insert(key.clone());
        } else {
            holders.remove(key);
        }
    }
}

fn name_of(key: &EntityKey) -> Option<(EntityKind, String, String)> {
    let iam = [EntityKind::IamUserArn, EntityKind::IamRoleArn, EntityKind::IamGroupArn].contains(&key.kind());
    let name = key.value().rsplit('/').next().filter(|_| iam)?;
    Some((key.kind(), key.scope().to_owned(), name.to_lowercase()))
}

/// The attribute that names a principal's permissions boundary.
pub(crate) const BOUNDARY: &str = "permissions_boundary";

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Applied,
    Late,
    Repeated,
}

impl Effect {
    /// Of two parts of one change.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Applied, _) | (_, Self::Applied) => Self::Applied,
            (Self::Late, _) | (_, Self::Late) => Self::Late,
            _ => Self::Repeated,
        }
    }
}

fn hold(object: &mut Object, change: &Change, slot: Slot, held: Held) -> Effect {
    let fact = Fact { at: change.at, evidence: change.evidence.clone(), held };
    match object.facts.get(&slot) {
        Some(known) if known.at > fact.at => Effect::Late,
        Some(known) if known.held == fact.held => {
            // Told again: what told it first stays the evidence, the time moves on.
            let evidence = known.evidence.clone();
            object.facts.insert(slot, Fact { evidence, ..fact });
            Effect::Repeated
        }
        None if fact.held == Held::Gone => {
            object.facts.insert(slot, fact);
            Effect::Repeated
        }
        _ => {
            object.facts.insert(slot, fact);
            Effect::Applied
        }
    }
}

impl Object {
    /// What it rests on.
    fn tied(&self) -> Vec<EntityKey> {
        let ties = LinkKind::ALL.into_iter().flat_map(|kind| self.links(kind)).cloned();
        ties.chain(self.attribute(BOUNDARY).and_then(arn_key)).collect()
    }

    /// States a fact of a snapshot.
    pub(crate) fn state(&mut self, evidence: &Evidence, slot: Slot, held: Held) {
        self.facts.insert(slot, Fact { at: self.as_of, evidence: evidence.clone(), held });
    }
}

impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inventory({:?}, {} objects, {:?})", self.tenant, self.objects.len(), self.stats)
    }
}
