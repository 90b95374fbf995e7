//! What can be said: the tenant's table of facts and in how many bins each was seen by anyone.
//!
//! A fact is (kind, action, outcome); facts of one kind are a *family*, whose members support one another less
//! and less. A refused action is one fact whichever detectors speak of it. O(log n) time, 40 bytes a fact.

use crate::act::Act;
use crate::weight::bin_of;
use homeostat_core::{Outcome, SnapshotError, SnapshotReader, SnapshotWriter};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};

/// The most facts a tenant's table holds; beyond it new actions fold into their kind, and new kinds into one.
/// Hostile input can invent actions without end.
pub(crate) const FACTS: usize = 65_536;

/// The family of everything that was refused.
const REFUSED: &str = "refused";

/// The number of a fact in its tenant's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FactId(pub(crate) u32);

/// One fact of the table.
#[derive(Clone, PartialEq)]
struct Fact {
    kind: Box<str>,
    action: Box<str>,
    refused: bool,
    family: u32,
    // Bins in which anyone did it, the last among them.
    bins: u32,
    last: i64,
}

type FactName = (String, String, bool);

/// The table of facts of one tenant.
#[derive(Clone, Default)]
pub(crate) struct FactTable {
    names: BTreeMap<FactName, FactId>,
    families: BTreeMap<String, u32>,
    facts: Vec<Fact>,
    folded: u64,
    // The way to a fact by a keyed hash of its name, which is compared then; nothing else shows of it.
    hashes: HashMap<u64, FactId>,
    keyed: RandomState,
}

impl PartialEq for FactTable {
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts && self.names == other.names && self.folded == other.folded
    }
}

impl FactTable {
    /// The fact that `act` states.
    pub(crate) fn intern(&mut self, act: &Act) -> FactId {
        let refused = is_refusal(act);
        let kind = if refused { REFUSED } else { act.kind.as_str() };
        let hash = self.keyed.hash_one((kind, act.action.as_str(), refused));
        let near = self.hashes.get(&hash).copied().filter(|id| self.is_named(*id, kind, &act.action));
        if let Some(id) = near.filter(|id| self.is_refused(*id) == refused) {
            return id;
        }
        let name = (kind.to_owned(), act.action.clone(), refused);
        let id = match self.names.get(&name) {
            Some(id) => *id,
            None if self.facts.len() < FACTS => self.insert(name),
            None => {
                self.folded = self.folded.saturating_add(1);
                return FactId(0);
            }
        };
        self.hashes.insert(hash, id);
        id
    }

    fn is_named(&self, id: FactId, kind: &str, action: &str) -> bool {
        self.facts.get(id.0 as usize).is_some_and(|fact| *fact.kind == *kind && *fact.action == *action)
    }

    fn is_refused(&self, id: FactId) -> bool {
        self.facts.get(id.0 as usize).is_some_and(|fact| fact.refused)
    }

    fn insert(&mut self, name: FactName) -> FactId {
        let next = u32::try_from(self.families.len()).unwrap_or(u32::MAX);
        let family = *self.families.entry(name.0.clone()).or_insert(next);
        let id = FactId(u32::try_from(self.facts.len()).unwrap_or(u32::MAX));
        self.facts.push(Fact::new(&name, family));
        self.names.insert(name, id);
        id
    }

    /// Notes that somebody did `fact` in the bin of `time`; tells in how many bins before that anybody had.
    pub(crate) fn note(&mut self, fact: FactId, time: i64) -> u32 {
        let bin = bin_of(time);
        let Some(fact) = self.facts.get_mut(fact.0 as usize) else { return 0 };
        if bin > fact.last {
            fact.bins = fact.bins.saturating_add(1);
            fact.last = bin;
            return fact.bins - 1;
        }
        if bin == fact.last { fact.bins.saturating_sub(1) } else { fact.bins }
    }

    /// The family of `fact`.
    pub(crate) fn family(&self, fact: FactId) -> u32 {
        self.facts.get(fact.0 as usize).map_or(u32::MAX, |fact| fact.family)
    }

    /// How many signals found the table full.
    pub(crate) fn folded(&self) -> u64 {
        self.folded
    }

    pub(crate) fn bytes(&self) -> usize {
        let names: usize =
            self.names.keys().map(|(kind, action, _)| 2 * (kind.len() + action.len()) + 100).sum();
        names + self.facts.len() * size_of::<Fact>()
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.u64(self.folded);
        out.len(self.names.len());
        for ((kind, action, refused), id) in &self.names {
            out.text(kind);
            out.text(action);
            out.u8(u8::from(*refused));
            out.u32(id.0);
            let fact = self.facts.get(id.0 as usize);
            out.u32(fact.map_or(0, |fact| fact.family));
            out.u32(fact.map_or(0, |fact| fact.bins));
            out.u64(fact.map_or(0, |fact| fact.last).cast_unsigned());
        }
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "fact" };
        let mut table = Self { folded: fields.u64()?, ..Self::default() };
        let mut facts = BTreeMap::new();
        for _ in 0..fields.len(37)? {
            let name = (fields.text()?, fields.text()?, fields.u8()? != 0);
            let id = FactId(fields.u32()?);
            let family = fields.u32()?;
            let (bins, last) = (fields.u32()?, fields.u64()?.cast_signed());
            let fact = Fact { bins, last, ..Fact::new(&name, family) };
            if *table.families.entry(name.0.clone()).or_insert(family) != family {
                return Err(INVALID);
            }
            if facts.insert(id, fact).is_some() || table.names.insert(name, id).is_some() {
                return Err(INVALID);
            }
        }
        let dense = facts.keys().enumerate().all(|(at, id)| at == id.0 as usize);
        let families = u32::try_from(table.families.len()).unwrap_or(u32::MAX);
        if !dense || facts.values().any(|fact| fact.family >= families) {
            return Err(INVALID);
        }
        table.facts = facts.into_values().collect();
        Ok(table)
    }
}

impl Fact {
    fn new((kind, action, refused): &FactName, family: u32) -> Self {
        let (kind, action) = (kind.as_str().into(), action.as_str().into());
        Self { kind, action, refused: *refused, family, bins: 0, last: i64::MIN }
    }
}

/// Whether `act` is an action that was refused.
pub(crate) fn is_refusal(act: &Act) -> bool {
    act.outcome == Outcome::Failure && !act.action.is_empty()
}
