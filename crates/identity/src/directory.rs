//! Which identifiers were the same entity at that time: a graph of links, kept so that each can be taken back.
//!
//! Identifiers get numbers in the order of the log; links stay apart from what follows from them. A new or
//! retracted link recomputes the one group of identifiers it connects (`component.rs`), never more:
//! O(n² + l log l) for a group of n identifiers and l links, both bounded; a link told again costs O(log n).

use crate::class::{Nature, Told};
use crate::component::Component;
use crate::law::{Bond, Law, Side};
use crate::{
    ConfigError, EntityClass, EntityId, Fact, Limits, Link, LinkId, LinkKind, LoginRule, Observation, Stats,
    Strength, Validity,
};
use core::fmt;
use homeostat_core::{EntityKey, EntityKind, EventRef, Forget, Positions, TenantId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The resolver of one tenant: which identifiers were the same entity at that time, undoably, and why.
///
/// A [`State`](homeostat_core::State) over [`Observation`]s. `Default` belongs to no tenant and learns nothing.
/// It has no `Merge`: all links of a tenant have one owner (scale-out contract), so when two entities become one
/// nothing of the directory moves; what others hold by entity follows [`Change::Merged`] and [`Change::Split`].
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind, EventRef, Position, State, TenantId, Timestamp};
/// use homeostat_identity::{Directory, Link, Observation};
///
/// let acme = TenantId::new("acme")?;
/// let upn = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let okta = EntityKey::new(EntityKind::DirectoryObjectId, "acme.okta.example", "00u1")?;
/// let event = EventRef::new("okta.jsonl", 0)?;
///
/// let mut directory = Directory::new(acme.clone());
/// let link = Link::same(upn.clone(), okta.clone(), &event);
/// directory.observe(Position::at(0), &Observation::of_links(&acme, Timestamp::UNKNOWN, vec![link.clone()]))?;
/// assert_eq!(directory.resolve(&upn, Timestamp::NEVER), directory.resolve(&okta, Timestamp::NEVER));
/// assert_eq!(directory.because(&upn, &okta), [link.clone()]);
///
/// directory.retract(link.id());
/// assert_ne!(directory.resolve(&upn, Timestamp::NEVER), directory.resolve(&okta, Timestamp::NEVER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Directory {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) limits: Limits,
    pub(crate) rules: Vec<LoginRule>,
    pub(crate) seen: Positions,
    pub(crate) next: u32,
    pub(crate) ids: BTreeMap<EntityKey, u32>,
    pub(crate) nodes: BTreeMap<u32, Node>,
    pub(crate) links: BTreeMap<LinkId, Stored>,
    // Derived from the links. INVARIANT: each group of two or more stands under its smallest id.
    pub(crate) components: BTreeMap<u32, Component>,
    // Since it was built or restored; no part of the snapshot.
    pub(crate) counted: Stats,
}

/// One identifier.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) key: EntityKey,
    pub(crate) told: Told,
    /// When it was last spoken of.
    pub(crate) last: Timestamp,
    /// Links that say what it is the same as.
    pub(crate) same: BTreeSet<LinkId>,
    /// Other links that lead away from it.
    pub(crate) out: BTreeSet<LinkId>,
    /// Other links that lead to it.
    pub(crate) into: BTreeSet<LinkId>,
    /// Identifiers named beside it in signals, rising.
    pub(crate) neighbours: Vec<u32>,
    /// The group it belongs to; derived.
    pub(crate) component: Option<u32>,
}

/// One link, with all spans of time in which it was told to hold.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) kind: LinkKind,
    pub(crate) strength: Strength,
    pub(crate) witness: Arc<str>,
    /// When it was first told.
    pub(crate) told: Timestamp,
    pub(crate) retracted: bool,
    // INVARIANT: rising, not empty, no two overlap or meet.
    pub(crate) periods: Vec<(Validity, EventRef)>,
}

impl Stored {
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        !self.retracted && self.periods.iter().any(|(valid, _)| valid.holds(at))
    }

    /// Takes in that it is told again; whether that tells anything new of when it holds or was first told.
    fn widen(&mut self, link: &Link, told: Timestamp) -> bool {
        let (mut valid, mut evidence) = (link.valid, link.evidence.clone());
        let before = (self.periods.clone(), self.told);
        self.periods.retain(|(held, because)| match held.joined(valid) {
            Some(both) => {
                valid = both;
                evidence = evidence.clone().min(because.clone());
                false
            }
            None => true,
        });
        self.periods.push((valid, evidence));
        self.periods.sort();
        self.told = self.told.min(told);
        // Of several witnesses and events the least stands, so that the order of arrival does not show.
        self.witness = self.witness.clone().min(link.witness.clone());
        before != (self.periods.clone(), self.told)
    }
}

/// What became of one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It told something new, and counts.
    New,
    /// It told nothing new.
    Known,
    /// A weak link without a second witness, or between identifiers of different class: kept, without effect.
    Waits,
    /// A law forbids it. When it was kept all the same, another link stands against it, and it takes effect
    /// when that one is retracted.
    Refused(Law),
    /// It is retracted; it counts again after [`Fact::Restore`].
    Retracted,
    /// There is no such link.
    NoSuchLink,
    /// The kind of the key does not allow that class.
    PassedOver,
    /// The named limit of [`Limits`] refuses it.
    Cut(&'static str),
}

/// What became of the numbers of entities, as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `absorbed` forwards to `into` from now on.
    Merged {
        /// The number that survives, the smaller one.
        into: EntityId,
        /// The number that forwards.
        absorbed: EntityId,
    },
    /// `back` stands for itself again.
    Split {
        /// The number it forwarded to.
        out_of: EntityId,
        /// The number that came back.
        back: EntityId,
    },
}

/// What one observation taught.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// What became of each fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Which entities became one or came apart.
    pub changes: Vec<Change>,
}

/// Why an observation or signal was not taken. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignInput {
    /// The directory was not built for a tenant.
    #[error("the directory belongs to no tenant")]
    NoTenant,
    /// The input names another tenant.
    #[error("the input belongs to another tenant")]
    OtherTenant,
    /// A key is named by another tenant.
    #[error("a key of entry {entry} is named by another tenant")]
    ForeignKey {
        /// Which fact, or which entity of the signal, from 0.
        entry: usize,
    },
}

impl Directory {
    /// The empty directory of `tenant`, with default limits and no rules.
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..Self::default() }
    }

    /// The empty directory of `tenant` with its own rules and limits.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a limit is below its least value.
    pub fn build(tenant: TenantId, rules: Vec<LoginRule>, limits: Limits) -> Result<Self, ConfigError> {
        match limits.fault() {
            Some(name) => Err(ConfigError(name)),
            None => Ok(Self { limits, rules, ..Self::new(tenant) }),
        }
    }

    /// Whose directory this is.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// What is held, refused and cut. O(n) in identifiers and links.
    pub fn stats(&self) -> Stats {
        let retracted = self.links.values().filter(|link| link.retracted).count();
        let of_nodes: usize = self.nodes.values().map(Node::bytes).sum();
        let of_links: usize = self.links.values().map(|link| 160 + 64 * link.periods.len()).sum();
        Stats {
            keys: self.nodes.len() as u64,
            links: self.links.len() as u64,
            retracted: retracted as u64,
            groups: self.components.len() as u64,
            bytes: (of_nodes + of_links) as u64,
            ..self.counted
        }
    }

    /// Takes a link back: entities that only it held together come apart, with the numbers they had. The link
    /// stays known and counts no longer, however often it is told. Whether there was such a link that counted.
    ///
    /// In a replicated log write [`Fact::Retract`] instead.
    pub fn retract(&mut self, link: LinkId) -> bool {
        self.set_retracted(link, true, &mut Learnt::default()) == Outcome::New
    }

    /// Lets a retracted link count again. Whether there was one.
    ///
    /// In a replicated log write [`Fact::Restore`] instead.
    pub fn restore(&mut self, link: LinkId) -> bool {
        self.set_retracted(link, false, &mut Learnt::default()) == Outcome::New
    }

    /// Applies `observation` whole, or nothing of it.
    pub(crate) fn learn(&mut self, observation: &Observation) -> Result<Learnt, ForeignInput> {
        let facts = self.at_home(observation).inspect_err(|_| self.counted.foreign += 1)?;
        let mut learnt = Learnt::default();
        // A link names two identifiers, and a rule may add one for each.
        self.make_room(4 * facts.len());
        for fact in facts {
            let outcome = self.learn_fact(fact, observation.time, &mut learnt);
            learnt.outcomes.push(outcome);
        }
        Ok(learnt)
    }

    fn learn_fact(&mut self, fact: Fact, time: Timestamp, learnt: &mut Learnt) -> Outcome {
        match fact {
            Fact::Link(link) => self.learn_link(&link, time, learnt),
            Fact::Class(key, class) => self.learn_class(&key, class, time, learnt),
            Fact::Retract(link) => self.set_retracted(link, true, learnt),
            Fact::Restore(link) => self.set_retracted(link, false, learnt),
        }
    }

    fn learn_class(
        &mut self,
        key: &EntityKey,
        class: EntityClass,
        time: Timestamp,
        learnt: &mut Learnt,
    ) -> Outcome {
        if !EntityClass::of(key).can_be(class) {
            self.counted.classes_passed_over += 1;
            return Outcome::PassedOver;
        }
        let id = self.admit(key, time, learnt);
        let new = self.nodes.get_mut(&id).is_some_and(|node| node.told.add(class));
        if new {
            // Weak links ask for equal classes, so a new class may connect as well as part.
            let group = self.linked_group(id);
            self.rebuild(&group, learnt);
        }
        if new { Outcome::New } else { Outcome::Known }
    }

    fn learn_link(&mut self, link: &Link, time: Timestamp, learnt: &mut Learnt) -> Outcome {
        if let Some(law) = Law::against(link) {
            self.counted.refused += 1;
            return Outcome::Refused(law);
        }
        let (a, b) = (self.admit(&link.a, time, learnt), self.admit(&link.b, time, learnt));
        let id = link.id();
        let Some(stored) = self.links.get_mut(&id) else {
            return self.store(link, (a, b), time, learnt);
        };
        let ends = if link.kind == LinkKind::SameAs && link.b < link.a { (b, a) } else { (a, b) };
        if (stored.a, stored.b) != ends || stored.kind != link.kind || stored.strength != link.strength {
            self.counted.refused += 1;
            return Outcome::Refused(Law::IdTaken);
        }
        let widened = stored.widen(link, time);
        self.cut_periods(id);
        if self.links.get(&id).is_some_and(|stored| stored.retracted) {
            return Outcome::Retracted;
        }
        if widened && link.kind == LinkKind::SameAs {
            self.rebuild(&self.group(a), learnt);
        }
        if widened { self.standing(id) } else { Outcome::Known }
    }

    /// Stores a link that is not known yet.
    fn store(&mut self, link: &Link, (a, b): (u32, u32), time: Timestamp, learnt: &mut Learnt) -> Outcome {
        let id = link.id();
        let is_same = link.kind == LinkKind::SameAs;
        let (a, b) = if is_same && link.b < link.a { (b, a) } else { (a, b) };
        if let Some(limit) = self.full(link.kind, a, b) {
            self.counted.links_cut += 1;
            return Outcome::Cut(limit);
        }
        let stored = Stored {
            a,
            b,
            kind: link.kind,
            strength: link.strength,
            witness: link.witness.clone(),
            told: time,
            retracted: false,
            periods: vec![(link.valid, link.evidence.clone())],
        };
        self.links.insert(id, stored);
        self.attach(id, link.kind, (a, b));
        if !is_same {
            return Outcome::New;
        }
        let both = self.group(a).union(&self.group(b)).copied().collect();
        self.rebuild(&both, learnt);
        self.standing(id)
    }

    /// Notes a link at its two ends.
    pub(crate) fn attach(&mut self, link: LinkId, kind: LinkKind, (a, b): (u32, u32)) {
        if let Some(node) = self.nodes.get_mut(&a) {
            if kind == LinkKind::SameAs {
                node.same.insert(link)
            } else {
                node.out.insert(link)
            };
        }
        if let Some(node) = self.nodes.get_mut(&b) {
            if kind == LinkKind::SameAs {
                node.same.insert(link)
            } else {
                node.into.insert(link)
            };
        }
    }

    /// The limit that a further link between `a` and `b` would break.
    fn full(&self, kind: LinkKind, a: u32, b: u32) -> Option<&'static str> {
        let most = self.limits.links as usize;
        let [at_a, at_b] = [a, b].map(|id| self.nodes.get(&id));
        let held = match kind {
            LinkKind::SameAs => [at_a.map(|node| node.same.len()), at_b.map(|node| node.same.len())],
            _ => [at_a.map(|node| node.out.len()), at_b.map(|node| node.into.len())],
        };
        if held.into_iter().flatten().any(|count| count >= most) {
            return Some("links");
        }
        let connects = kind == LinkKind::SameAs && self.group(a) != self.group(b);
        let size = self.group(a).len() + self.group(b).len();
        (connects && size > self.limits.identifiers as usize).then_some("identifiers")
    }

    fn cut_periods(&mut self, id: LinkId) {
        let most = self.limits.periods as usize;
        if let Some(stored) = self.links.get_mut(&id) {
            let over = stored.periods.len().saturating_sub(most);
            stored.periods.drain(..over);
            self.counted.periods_cut += over as u64;
        }
    }

    /// What a kept link amounts to now.
    fn standing(&self, id: LinkId) -> Outcome {
        let Some(link) = self.links.get(&id) else { return Outcome::NoSuchLink };
        if link.retracted {
            return Outcome::Retracted;
        }
        if link.kind != LinkKind::SameAs {
            return Outcome::New;
        }
        if !self.connects(link) {
            return Outcome::Waits;
        }
        let at = link.periods.last().map_or(Timestamp::NEVER, |(valid, _)| valid.from());
        match self.kept_apart(link, at) {
            Some(law) => Outcome::Refused(law),
            None => Outcome::New,
        }
    }

    /// The law that keeps the ends of `link` apart at `at`.
    fn kept_apart(&self, link: &Stored, at: Timestamp) -> Option<Law> {
        let (a, b) = (self.leader(link.a, at), self.leader(link.b, at));
        let [one, other] = [a, b].map(|leader| self.side_of_entity(leader, at));
        let ends = [self.nodes.get(&link.a)?, self.nodes.get(&link.b)?].map(|node| &node.key);
        if a == b { None } else { Law::between(&one, &other, Bond::of(link.strength, ends)) }
    }

    fn side_of_entity(&self, leader: u32, at: Timestamp) -> Side {
        let mut side = Side::default();
        for member in self.members(leader, at) {
            side.join(self.side(member));
        }
        side
    }

    pub(crate) fn side(&self, id: u32) -> Side {
        self.nodes
            .get(&id)
            .map(|node| Side::new(&node.key, Nature::of(&node.key, node.told)))
            .unwrap_or_default()
    }

    fn set_retracted(&mut self, id: LinkId, retracted: bool, learnt: &mut Learnt) -> Outcome {
        let Some(link) = self.links.get_mut(&id) else { return Outcome::NoSuchLink };
        if link.retracted == retracted {
            return Outcome::Known;
        }
        let (kind, ends) = (link.kind, (link.a, link.b));
        if !retracted && let Some(limit) = self.full(kind, ends.0, ends.1).filter(|limit| *limit != "links") {
            self.counted.links_cut += 1;
            return Outcome::Cut(limit);
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.retracted = retracted;
        }
        if kind == LinkKind::SameAs {
            let both = self.group(ends.0).union(&self.group(ends.1)).copied().collect();
            self.rebuild(&both, learnt);
        }
        Outcome::New
    }

    /// The number of `key`, a new one when it is not known; what the rules say of a new key is learnt.
    pub(crate) fn admit(&mut self, key: &EntityKey, time: Timestamp, learnt: &mut Learnt) -> u32 {
        if let Some(&id) = self.ids.get(key) {
            self.touch(id, time);
            return id;
        }
        let id = self.next;
        self.next = self.next.saturating_add(1);
        self.ids.insert(key.clone(), id);
        self.nodes.insert(id, Node::new(key.clone()));
        self.touch(id, time);
        self.apply_rules(key, time, learnt);
        id
    }

    fn touch(&mut self, id: u32, time: Timestamp) {
        if let Some(node) = self.nodes.get_mut(&id).filter(|_| time.is_moment()) {
            node.last = node.last.max(time);
        }
    }

    fn apply_rules(&mut self, key: &EntityKey, time: Timestamp, learnt: &mut Learnt) {
        let Some(tenant) = self.tenant.clone() else { return };
        let links: Vec<Link> = self
            .rules
            .iter()
            .enumerate()
            .filter_map(|(number, rule)| {
                let login = rule.applied(tenant.as_str(), key)?;
                let evidence = LoginRule::evidence(number)?;
                Some(Link::same(key.clone(), login, &evidence).resting_on(Strength::Rule))
            })
            .collect();
        for link in links {
            self.learn_link(&link, time, learnt);
        }
    }

    /// Makes room for `new` identifiers: those not seen for longest go, the fleeting ones first.
    pub(crate) fn make_room(&mut self, new: usize) {
        let most = self.limits.keys as usize;
        if self.nodes.len() + new <= most {
            return;
        }
        // A sixteenth more than asked for, so that the sorting is paid for once in many inputs.
        let going = (self.nodes.len() + new).saturating_sub(most) + most / 16;
        let mut order: Vec<_> =
            self.nodes.iter().map(|(id, node)| (!node.is_fleeting(), node.last, *id)).collect();
        order.sort_unstable();
        let gone: BTreeSet<u32> = order.into_iter().take(going).map(|(_, _, id)| id).collect();
        self.counted.keys_evicted += gone.len() as u64;
        self.remove(&gone);
    }

    /// Removes identifiers with all their links.
    pub(crate) fn remove(&mut self, gone: &BTreeSet<u32>) {
        let mut left: BTreeSet<u32> = BTreeSet::new();
        for id in gone {
            left.extend(self.linked_group(*id));
        }
        for id in gone {
            let Some(node) = self.nodes.remove(id) else { continue };
            self.ids.remove(&node.key);
            for link in node.same.iter().chain(&node.out).chain(&node.into) {
                self.detach(*link);
            }
            self.components.remove(&node.component.unwrap_or(*id));
        }
        for node in self.nodes.values_mut() {
            node.neighbours.retain(|neighbour| !gone.contains(neighbour));
        }
        left.retain(|id| self.nodes.contains_key(id));
        self.rebuild(&left, &mut Learnt::default());
    }

    fn detach(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        for end in [link.a, link.b] {
            if let Some(node) = self.nodes.get_mut(&end) {
                node.same.remove(&id);
                node.out.remove(&id);
                node.into.remove(&id);
            }
        }
    }

    /// The facts of `observation` with their keys named as this tenant names them.
    fn at_home(&self, observation: &Observation) -> Result<Vec<Fact>, ForeignInput> {
        let tenant = self.tenant.as_ref().ok_or(ForeignInput::NoTenant)?;
        if observation.tenant != *tenant {
            return Err(ForeignInput::OtherTenant);
        }
        let own =
            |(entry, fact): (usize, &Fact)| own_fact(tenant, fact).ok_or(ForeignInput::ForeignKey { entry });
        observation.facts.iter().enumerate().map(own).collect()
    }
}

fn own_fact(tenant: &TenantId, fact: &Fact) -> Option<Fact> {
    Some(match fact {
        Fact::Link(link) => {
            let (a, b) = (own_key(tenant, &link.a)?, own_key(tenant, &link.b)?);
            Fact::Link(Link { a, b, ..link.clone() })
        }
        Fact::Class(key, class) => Fact::Class(own_key(tenant, key)?, *class),
        Fact::Retract(link) => Fact::Retract(*link),
        Fact::Restore(link) => Fact::Restore(*link),
    })
}

/// `key` as `tenant` names it: what the tenant itself names may come unscoped; `None` for another tenant's key.
pub(crate) fn own_key(tenant: &TenantId, key: &EntityKey) -> Option<EntityKey> {
    let named_by_tenant = matches!(
        key.kind(),
        EntityKind::Upn
            | EntityKind::Email
            | EntityKind::Hostname
            | EntityKind::Fqdn
            | EntityKind::Mac
            | EntityKind::AccessKey
            | EntityKind::MessageId
            | EntityKind::Image
    );
    let unscoped = key.scope() == EntityKey::UNSCOPED;
    if unscoped && (named_by_tenant || key.kind() == EntityKind::Ip) {
        return EntityKey::new(key.kind(), tenant.as_str(), key.value()).ok();
    }
    (!named_by_tenant || key.scope() == tenant.as_str()).then(|| key.clone())
}

impl Node {
    pub(crate) fn new(key: EntityKey) -> Self {
        Self {
            key,
            told: Told::default(),
            last: Timestamp::UNKNOWN,
            same: BTreeSet::new(),
            out: BTreeSet::new(),
            into: BTreeSet::new(),
            neighbours: Vec::new(),
            component: None,
        }
    }

    pub(crate) fn class(&self) -> EntityClass {
        EntityClass::told(&self.key, self.told)
    }

    /// Whether it is of a kind that comes in masses and is not named again for long.
    fn is_fleeting(&self) -> bool {
        use EntityClass as C;
        matches!(self.class(), C::Session | C::Address | C::Process | C::File | C::Domain)
    }

    fn bytes(&self) -> usize {
        let links = self.same.len() + self.out.len() + self.into.len();
        240 + 2 * (self.key.value().len() + self.key.scope().len()) + 16 * links + 4 * self.neighbours.len()
    }
}

impl Forget for Directory {
    /// Clears every identifier that ever was one with `entity`, the sessions and credentials that acted for it,
    /// and all their links. Their numbers are not given again: a gap in the numbering stays.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let Some(key) = self.tenant.as_ref().and_then(|tenant| own_key(tenant, entity)) else { return false };
        let Some(&id) = self.ids.get(&key) else { return false };
        let mut gone = self.ever_one_with(id);
        let followers: Vec<u32> = gone.iter().flat_map(|id| self.followers(*id)).collect();
        gone.extend(followers);
        self.remove(&gone);
        true
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("keys", &self.nodes.len())
            .field("links", &self.links.len())
            .field("groups", &self.components.len())
            .finish_non_exhaustive()
    }
}
