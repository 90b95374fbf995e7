//! Who did it, under a name that outlives sessions and leases: the person behind a session, who sits at the machine
//! that held an address, else the machine.
//!
//! Where several people are signed in to a machine none of them is named. What an address stood for is looked up
//! once in ten minutes. O(log n) an event, O(links) for a look-up.

use crate::act::party_of;
use crate::written::{all, put_all};
use homeostat_core::{EntityKey, EntityKind, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use homeostat_event::Event;
use homeostat_identity::{Directory, EntityId, Link, LinkKind};
use std::collections::BTreeMap;

/// How long an answer holds, in microseconds: leases and sign-ins do not change faster.
const HOLDS: i64 = 600_000_000;
/// The most addresses remembered; beyond it all are looked up anew.
const KEPT: usize = 4_096;

/// Answers who did an event.
#[derive(Clone, Default)]
pub(crate) struct Doers {
    addresses: BTreeMap<EntityKey, (i64, EntityKey)>,
}

impl Doers {
    /// Who did `event`; `None` when it tells nobody, or a stranger's address.
    pub(crate) fn of(&mut self, event: &Event, directory: &Directory) -> Option<EntityKey> {
        let at = event.when();
        match party_of(event).filter(|key| key.kind() != EntityKind::Ip) {
            Some(party) => Some(behind(&party, at, directory)),
            None => self.behind_address(event.origin()?.key()?, at, directory),
        }
    }

    fn behind_address(&mut self, key: EntityKey, at: Timestamp, directory: &Directory) -> Option<EntityKey> {
        if key.kind() != EntityKind::Ip {
            return Some(key);
        }
        let now = at.micros().filter(|_| !key.is_public_address())?;
        let fresh = |(since, _): &&(i64, EntityKey)| since.div_euclid(HOLDS) == now.div_euclid(HOLDS);
        if let Some((_, known)) = self.addresses.get(&key).filter(fresh) {
            return Some(known.clone());
        }
        let machine = directory.holder(&key, at);
        let found =
            machine.and_then(|machine| at_desk(machine, at, directory)).unwrap_or_else(|| key.clone());
        if self.addresses.len() >= KEPT {
            self.addresses.clear();
        }
        self.addresses.insert(key, (now, found.clone()));
        Some(found)
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        put_all(out, self.addresses.iter(), |out, (address, (since, found))| {
            out.key(address);
            out.u64(since.cast_unsigned());
            out.key(found);
        });
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let address = |fields: &mut SnapshotReader<'_>| {
            let (address, since) = (fields.key()?, fields.u64()?.cast_signed());
            Ok((address, (since, fields.key()?)))
        };
        Ok(Self { addresses: all(fields, 42, address)? })
    }

    /// Lets go of what was known of `entity`.
    pub(crate) fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.addresses.len();
        self.addresses.retain(|address, (_, found)| address != entity && found != entity);
        before != self.addresses.len()
    }
}

/// The one for whom `party` acts, when it is one; else `party` under its best name.
fn behind(party: &EntityKey, at: Timestamp, directory: &Directory) -> EntityKey {
    let found = directory.behind(party, at);
    let one = found.first().filter(|_| found.len() == 1).map(|behind| behind.id);
    let named = one.or_else(|| directory.resolve(party, at)).and_then(|id| directory.canonical_key(id));
    named.unwrap_or(party).clone()
}

/// The one person who is signed in to `machine`, or the machine.
fn at_desk(machine: EntityId, at: Timestamp, directory: &Directory) -> Option<EntityKey> {
    let names = directory.entity_at(machine, at)?.identifiers;
    let links = names.iter().flat_map(|name| directory.links_of_key(name)).map(|(_, link)| link);
    let here =
        |link: &Link| link.kind == LinkKind::LoggedOn && link.valid.holds(at) && names.contains(&link.b);
    let mut people: Vec<EntityKey> = links.filter(here).map(|link| behind(&link.a, at, directory)).collect();
    people.sort();
    people.dedup();
    match people.pop() {
        Some(person) if people.is_empty() => Some(person),
        _ => directory.canonical_key(machine).cloned(),
    }
}
