//! What a directory answers about one entity: its identifiers, its best name, its weight as a hub.

use crate::directory::Directory;
use crate::{EntityClass, EntityId, LinkKind};
use homeostat_core::{EntityKey, EntityKind, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// An entity and all identifiers that name it. `Debug` shows classes and hashes, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entity {
    /// Its number: the smallest of its identifiers' numbers.
    pub id: EntityId,
    /// What it is.
    pub class: EntityClass,
    /// Its identifiers, sorted.
    pub identifiers: Vec<EntityKey>,
}

impl Directory {
    /// The share of all known identifiers that an entity's neighbours must be before it is a hub: 5 %. A person
    /// meets tens of things of thousands; a proxy, a domain controller or a scanner meets most of them.
    pub const HUB_SHARE: f64 = 0.05;
    /// The fewest neighbours of a hub, whatever their share: in an estate of ten hosts everyone meets everyone.
    pub const HUB_LEAST: usize = 16;

    /// The entity that `id` stands for or forwards to, as of now; `None` for a number that is not given.
    pub fn entity(&self, id: EntityId) -> Option<Entity> {
        self.entity_at(id, Timestamp::NEVER)
    }

    /// The entity that `id` stood for or forwarded to at `at`. O(n) in its identifiers.
    pub fn entity_at(&self, id: EntityId, at: Timestamp) -> Option<Entity> {
        self.nodes.get(&id.0)?;
        let members = self.members(id.0, at);
        let identifiers: BTreeSet<&EntityKey> =
            members.iter().filter_map(|id| self.nodes.get(id)).map(|node| &node.key).collect();
        Some(Entity {
            id: EntityId(self.leader(id.0, at)),
            class: self.class_of_members(&members),
            identifiers: identifiers.into_iter().cloned().collect(),
        })
    }

    /// All entities as of now, sorted by their identifiers: the same links give the same answer in any order.
    pub fn clusters(&self) -> Vec<Entity> {
        self.clusters_at(Timestamp::NEVER)
    }

    /// All entities as of `at`, sorted by their identifiers.
    pub fn clusters_at(&self, at: Timestamp) -> Vec<Entity> {
        let leaders = self.nodes.keys().filter(|id| self.leader(**id, at) == **id);
        let mut entities: Vec<Entity> = leaders.filter_map(|id| self.entity_at(EntityId(*id), at)).collect();
        entities.sort_by(|a, b| a.identifiers.cmp(&b.identifiers));
        entities
    }

    /// All entities as of now with every name they show up under, sorted: their identifiers, those of sessions and
    /// credentials that act for them alone, and addresses that no other machine was ever leased.
    ///
    /// These are the names an analyst searches for; they are not one entity, and the classes tell so.
    pub fn aliases(&self) -> Vec<Entity> {
        let mut told: BTreeMap<u32, BTreeSet<EntityKey>> = BTreeMap::new();
        for entity in self.clusters() {
            let chief = self.chief(&entity).unwrap_or(entity.id.0);
            told.entry(chief).or_default().extend(entity.identifiers);
        }
        let class = |id| self.class_of_members(&self.members(id, Timestamp::NEVER));
        let entity = |(id, identifiers): (u32, BTreeSet<EntityKey>)| Entity {
            id: EntityId(id),
            class: class(id),
            identifiers: identifiers.into_iter().collect(),
        };
        let mut entities: Vec<Entity> = told.into_iter().map(entity).collect();
        entities.sort_by(|a, b| a.identifiers.cmp(&b.identifiers));
        entities
    }

    /// The one entity that a session, credential or address belongs to.
    fn chief(&self, entity: &Entity) -> Option<u32> {
        let found: BTreeSet<u32> = match entity.class {
            EntityClass::Session | EntityClass::Credential => {
                let behind = self.behind(entity.identifiers.first()?, Timestamp::NEVER);
                behind.into_iter().map(|behind| behind.id.0).collect()
            }
            EntityClass::Address => self.ever_holders(entity.id.0),
            _ => return None,
        };
        found.first().copied().filter(|_| found.len() == 1)
    }

    /// The key under which state of the entity is owned and sharded, as of now.
    ///
    /// The same identifiers give the same key whatever their order: for people the login, then mail address,
    /// Windows name, directory number and cloud user; for machines the full name, short name, managed device,
    /// instance, agent and hardware address; else the first kind of the closed table, then the first key.
    pub fn canonical_key(&self, id: EntityId) -> Option<&EntityKey> {
        let members = self.members(id.0, Timestamp::NEVER);
        let keys = members.iter().filter_map(|id| self.nodes.get(id)).map(|node| &node.key);
        keys.min_by_key(|key| (preference(key.kind()), *key))
    }

    /// How many other entities this one was linked with or named beside, as of now. Counted up to
    /// [`Limits::neighbours`](crate::Limits::neighbours) an identifier.
    pub fn degree(&self, id: EntityId) -> usize {
        let now = Timestamp::NEVER;
        let own = self.leader(id.0, now);
        let mut met: BTreeSet<u32> = BTreeSet::new();
        for member in self.members(id.0, now) {
            met.extend(self.met(member).map(|other| self.leader(other, now)));
        }
        met.remove(&own);
        met.len()
    }

    /// What a link through this entity counts: 1 / log2(2 + degree), 1 for one that met nobody.
    pub fn hub_weight(&self, id: EntityId) -> f64 {
        1.0 / libm::log2(2.0 + self.degree(id) as f64)
    }

    /// Whether the entity met at least [`Self::HUB_LEAST`] others and [`Self::HUB_SHARE`] of all identifiers, or
    /// as many as are counted.
    pub fn is_hub(&self, id: EntityId) -> bool {
        let degree = self.degree(id);
        let share = degree as f64 >= Self::HUB_SHARE * self.nodes.len() as f64;
        degree >= Self::HUB_LEAST && (share || degree >= self.limits.neighbours as usize)
    }

    /// The numbers met by `id` in links and signals, not all of them distinct.
    fn met(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let most = self.limits.neighbours as usize;
        let node = self.nodes.get(&id);
        let linked = node.into_iter().flat_map(|node| node.out.iter().chain(&node.into)).take(most);
        let ends = linked.filter_map(|link| self.links.get(link)).filter(|link| !link.retracted);
        let linked = ends.filter(|link| link.kind != LinkKind::SameAs).flat_map(|link| [link.a, link.b]);
        node.into_iter().flat_map(|node| node.neighbours.iter().copied()).chain(linked)
    }

    /// The most telling class of the identifiers: one who is an agent or a service account by one name is no
    /// plain person by another, and what is unknown by one name is known by another.
    pub(crate) fn class_of_members(&self, members: &[u32]) -> EntityClass {
        let rank = |class: &EntityClass| match class {
            EntityClass::AiAgent => 0,
            EntityClass::ServiceAccount => 1,
            EntityClass::Workload => 2,
            other => 3 + other.number(),
        };
        members.iter().map(|id| self.class_of(*id)).min_by_key(rank).unwrap_or_default()
    }
}

/// The place of a kind among those that name an entity best.
fn preference(kind: EntityKind) -> u8 {
    const BEST: [EntityKind; 14] = [
        EntityKind::Upn,
        EntityKind::Email,
        EntityKind::Sam,
        EntityKind::DirectoryObjectId,
        EntityKind::Sid,
        EntityKind::IamUserArn,
        EntityKind::SaasUserId,
        EntityKind::Fqdn,
        EntityKind::Hostname,
        EntityKind::DeviceId,
        EntityKind::InstanceId,
        EntityKind::AgentId,
        EntityKind::Mac,
        EntityKind::LocalUser,
    ];
    let place = BEST.iter().position(|best| *best == kind).and_then(|place| u8::try_from(place).ok());
    place.unwrap_or(64 + kind.number())
}
