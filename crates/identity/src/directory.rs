//! Which identifiers were the same entity at that time: a graph of links, kept so that each can be taken back.
//!
//! Identifiers get numbers in the order of the log; links stay apart from what follows from them. A new or
//! retracted link recomputes the one group of identifiers it connects (`component.rs`), never more:
//! O(n² + l log l) for a group of n identifiers and l links, both bounded; a link told again costs O(log n).

use crate::class::Nature;
use crate::component::Component;
use crate::law::{Bond, Law, Side};
use crate::node::{Node, Stored};
use crate::{
    ConfigError, EntityClass, Fact, ForeignInput, Learnt, Limits, Link, LinkId, LinkKind, LoginRule,
    Observation, Outcome, Stats, Strength,
};
use core::fmt;
use homeostat_core::{EntityKey, Positions, TenantId, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// The resolver of one tenant: which identifiers were the same entity at that time, undoably, and why.
///
/// A [`State`](homeostat_core::State) over [`Observation`]s. `Default` belongs to no tenant and learns nothing.
/// It has no `Merge`: all links of a tenant have one owner (scale-out contract), so when two entities become one
/// nothing of the directory moves; what others hold by entity follows [`Change::Merged`](crate::Change::Merged) and
/// [`Change::Split`](crate::Change::Split).
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
    pub(crate) ids: HashMap<EntityKey, u32>,
    pub(crate) nodes: BTreeMap<u32, Node>,
    pub(crate) links: BTreeMap<LinkId, Stored>,
    // Derived from the links. INVARIANT: each group of two or more stands under its smallest id.
    pub(crate) components: BTreeMap<u32, Component>,
    // Since it was built or restored; no part of the snapshot.
    pub(crate) counted: Stats,
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
