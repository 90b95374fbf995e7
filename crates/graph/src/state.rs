//! The inventory as a state: versioned bytes that are its whole truth.
//!
//! What follows from the objects (who rests on whom, compiled policies) is not written and is made anew on reading.

use crate::Evidence;
use crate::change::{Change, ChangeError, Touched};
use crate::inventory::{Inventory, InventoryStats, Listing, Problem};
use crate::object::{Document, Fact, Held, LinkKind, Object, ObjectKind, PolicySlot, Slot};
use homeostat_core::{
    EntityKey, EventRef, Forget, Observed, Position, Positions, SnapshotError, SnapshotReader,
    SnapshotWriter, State, TenantId,
};
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"HINV";
const VERSION: u16 = 1;

/// The changes that one record of the log shows, applied under one position.
impl State<Vec<Change>> for Inventory {
    type Output = Touched;
    type Error = ChangeError;

    fn observe(&mut self, position: Position, input: &Vec<Change>) -> Result<Observed<Touched>, ChangeError> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        let first = input.first().map(|change| &change.tenant);
        let own = self.tenant.as_ref().or(first);
        if input.iter().any(|change| Some(&change.tenant) != own) {
            return Err(ChangeError::OtherTenant);
        }
        let mut touched = Touched::default();
        for change in input {
            touched.objects.extend(self.absorb(change).objects);
        }
        Ok(Observed::Applied(touched))
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.text(self.tenant.as_ref().map_or("", TenantId::as_str));
        out.positions(&self.positions);
        out.u8(u8::from(self.workloads == Listing::Read));
        for count in counts(&self.stats) {
            out.u64(count);
        }
        out.len(self.problems.len());
        for problem in &self.problems {
            out.text(&problem.place);
            out.text(&problem.cause);
        }
        out.len(self.objects.len());
        for object in self.objects.values() {
            write_object(&mut out, object);
        }
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let tenant = match fields.text()?.as_str() {
            "" => None,
            name => Some(TenantId::new(name).map_err(|_| SnapshotError::Invalid { field: "tenant" })?),
        };
        let mut inventory = Self { tenant, positions: fields.positions()?, ..Self::default() };
        inventory.workloads = match fields.u8()? {
            0 => Listing::Unread,
            1 => Listing::Read,
            _ => return Err(SnapshotError::Invalid { field: "listing" }),
        };
        inventory.stats = read_counts(&mut fields)?;
        for _ in 0..fields.len(16)? {
            let problem = Problem { place: fields.text()?, cause: fields.text()? };
            inventory.problems.push(problem);
        }
        for _ in 0..fields.len(17)? {
            let object = read_object(&mut fields)?;
            inventory.objects.insert(object.key.clone(), object);
        }
        fields.finish()?;
        let keys: Vec<EntityKey> = inventory.objects.keys().cloned().collect();
        for key in keys {
            inventory.relink(&key);
        }
        Ok(inventory)
    }
}

impl Forget for Inventory {
    /// Takes out the object and every tie to it.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let mut known = self.objects.remove(entity).is_some();
        for object in self.objects.values_mut() {
            let before = object.facts.len();
            object.facts.retain(|slot, _| !matches!(slot, Slot::Link(_, to) if to == entity));
            known |= object.facts.len() != before;
        }
        self.unname(entity);
        known
    }
}

fn counts(stats: &InventoryStats) -> [u64; 6] {
    [stats.applied, stats.late, stats.repeated, stats.refused, stats.stale, stats.unreadable]
}

fn read_counts(fields: &mut SnapshotReader<'_>) -> Result<InventoryStats, SnapshotError> {
    Ok(InventoryStats {
        applied: fields.u64()?,
        late: fields.u64()?,
        repeated: fields.u64()?,
        refused: fields.u64()?,
        stale: fields.u64()?,
        unreadable: fields.u64()?,
    })
}

fn write_object(out: &mut SnapshotWriter, object: &Object) {
    out.key(&object.key);
    out.u8(number(&ObjectKind::ALL, &object.kind));
    out.u8(u8::from(object.present));
    out.time(object.as_of);
    out.time(object.seen);
    write_evidence(out, Some(&object.evidence));
    write_evidence(out, object.stale.as_ref());
    out.len(object.facts.len());
    for (slot, fact) in &object.facts {
        write_slot(out, slot);
        out.time(fact.at);
        write_evidence(out, Some(&fact.evidence));
        match &fact.held {
            Held::Gone => out.u8(0),
            Held::Linked => out.u8(1),
            Held::Text(text) => {
                out.u8(2);
                out.text(text);
            }
            Held::Document(document) => {
                out.u8(3);
                out.text(&document.json);
            }
        }
    }
}

fn read_object(fields: &mut SnapshotReader<'_>) -> Result<Object, SnapshotError> {
    let key = fields.key()?;
    let kind = of_number(&ObjectKind::ALL, fields.u8()?)?;
    let present = match fields.u8()? {
        flag @ 0..=1 => flag == 1,
        _ => return Err(SnapshotError::Invalid { field: "present" }),
    };
    let (as_of, seen) = (fields.time()?, fields.time()?);
    let evidence = read_evidence(fields)?.ok_or(SnapshotError::Invalid { field: "evidence" })?;
    let stale = read_evidence(fields)?;
    let mut facts = BTreeMap::new();
    for _ in 0..fields.len(11)? {
        let slot = read_slot(fields)?;
        let at = fields.time()?;
        let evidence = read_evidence(fields)?.ok_or(SnapshotError::Invalid { field: "evidence" })?;
        let held = match (fields.u8()?, &slot) {
            (0, _) => Held::Gone,
            (1, Slot::Link(..)) => Held::Linked,
            (2, Slot::Attribute(_)) => Held::Text(fields.text()?),
            (3, Slot::Policy(slot)) => {
                Held::Document(Document::new(&format!("{}#{slot}", key.value()), &fields.text()?))
            }
            _ => return Err(SnapshotError::Invalid { field: "fact" }),
        };
        facts.insert(slot, Fact { at, evidence, held });
    }
    Ok(Object { key, kind, present, as_of, seen, evidence, stale, facts })
}

fn write_evidence(out: &mut SnapshotWriter, evidence: Option<&Evidence>) {
    match evidence {
        None => out.u8(0),
        Some(Evidence::Event(event)) => {
            out.u8(1);
            out.text(event.as_str());
        }
        Some(Evidence::Document(name)) => {
            out.u8(2);
            out.text(name);
        }
    }
}

fn read_evidence(fields: &mut SnapshotReader<'_>) -> Result<Option<Evidence>, SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "evidence" };
    Ok(match fields.u8()? {
        0 => None,
        1 => Some(Evidence::Event(EventRef::parse(&fields.text()?).map_err(|_| INVALID)?)),
        2 => Some(Evidence::document(&fields.text()?)),
        _ => return Err(INVALID),
    })
}

fn write_slot(out: &mut SnapshotWriter, slot: &Slot) {
    match slot {
        Slot::Attribute(name) => {
            out.u8(0);
            out.text(name);
        }
        Slot::Policy(PolicySlot::Inline(name)) => {
            out.u8(1);
            out.text(name);
        }
        Slot::Policy(PolicySlot::Version(id)) => {
            out.u8(2);
            out.text(id);
        }
        Slot::Policy(PolicySlot::Trust) => out.u8(3),
        Slot::Policy(PolicySlot::Resource) => out.u8(4),
        Slot::Link(kind, to) => {
            out.u8(5);
            out.u8(number(&LinkKind::ALL, kind));
            out.key(to);
        }
    }
}

fn read_slot(fields: &mut SnapshotReader<'_>) -> Result<Slot, SnapshotError> {
    Ok(match fields.u8()? {
        0 => Slot::Attribute(fields.text()?),
        1 => Slot::Policy(PolicySlot::Inline(fields.text()?)),
        2 => Slot::Policy(PolicySlot::Version(fields.text()?)),
        3 => Slot::Policy(PolicySlot::Trust),
        4 => Slot::Policy(PolicySlot::Resource),
        5 => Slot::Link(of_number(&LinkKind::ALL, fields.u8()?)?, fields.key()?),
        _ => return Err(SnapshotError::Invalid { field: "slot" }),
    })
}

fn number<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|own| own == one).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

fn of_number<T: Copy>(all: &[T], number: u8) -> Result<T, SnapshotError> {
    all.get(usize::from(number)).copied().ok_or(SnapshotError::Invalid { field: "kind" })
}
