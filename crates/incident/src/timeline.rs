//! Everything that is known of one entity over all domains, in order of time.

use crate::{IncidentId, Investigator};
use homeostat_core::{Domain, EntityKey, EventRef, Outcome, Technique, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// One entry of an entity's time line: what it did or what was done to it within ten minutes in one way.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// When it began.
    pub time: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// In which part of the estate.
    pub domain: Domain,
    /// What a detector said, in its own words.
    pub kind: String,
    /// What was done, in the source's words.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Which techniques it may be.
    pub techniques: Vec<Technique>,
    /// How often.
    pub count: u64,
    /// What it weighs, in bits.
    pub bits: f64,
    /// Its events, in order; at most 1,024.
    pub events: Vec<EventRef>,
    /// The incident that holds it.
    pub incident: Option<IncidentId>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} {:?}, {} events)", self.time, self.domain, self.events.len())
    }
}

impl Investigator {
    /// What is kept about the entity that `key` names, over all domains, in order of time: what incidents hold, and
    /// what the last days hold beside them. O(n log n) for n episodes of the entity, O(entities) to find it.
    ///
    /// ```
    /// use homeostat_core::{EntityKey, EntityKind};
    ///
    /// let investigator = homeostat_incident::Investigator::default();
    /// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
    /// assert!(investigator.timeline(&jane).is_empty());
    /// # Ok::<(), homeostat_core::BadKey>(())
    /// ```
    pub fn timeline(&self, key: &EntityKey) -> Vec<Entry> {
        let profiles = self.ledger.named(key).into_iter().filter_map(|id| self.ledger.profiles.get(&id));
        let episodes: BTreeSet<u64> = profiles.flat_map(|profile| profile.episodes.iter().copied()).collect();
        let entry = |id: u64| {
            let episode = self.ledger.episodes.get(&id)?;
            let act = &episode.act;
            Some(Entry {
                time: Timestamp::from_micros(act.time),
                last: Timestamp::from_micros(episode.last),
                domain: act.domain,
                kind: act.kind.clone(),
                action: act.action.clone(),
                outcome: act.outcome,
                techniques: act.techniques.clone(),
                count: episode.count,
                bits: episode.weight,
                events: episode.events.iter().map(|(_, event)| event.clone()).collect(),
                incident: episode.story.map(IncidentId),
            })
        };
        let mut entries: Vec<Entry> = episodes.into_iter().filter_map(entry).collect();
        entries.sort_by(|a, b| (a.time, &a.events).cmp(&(b.time, &b.events)));
        entries
    }
}
