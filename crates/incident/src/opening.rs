//! When an incident opens, and with which episodes: an entity is hot enough by what no incident holds yet.
//!
//! Fast heat tells an attack at its pace, slow heat one weak signal a day. Facts of one family count half each,
//! facts of the same two seconds are one act seen by many detectors and count less each. O(f²) for the at most
//! 64 facts of one entity.

use crate::episode::Episode;
use crate::fact::FactId;
use crate::ledger::Applied;
use crate::profile::{FAST, Heat, SLOW, SLOW_FACTS};
use crate::settings::FLOOR;
use crate::story::{Joined, Story, Why, stage};
use crate::weight::fade;
use crate::{IncidentId, Investigator, Update, walk};
use homeostat_core::Stage;
use homeostat_identity::EntityId;
use std::collections::{BTreeMap, BTreeSet};

/// How near in time two facts are one act seen by two detectors, in microseconds.
const SAME_ACT: u64 = 2_000_000;
/// What each heavier fact of the same act leaves of a fact.
const SHARE_OF_ACT: f64 = 0.75;
/// Families of facts that an incident needs; one kind of surprise is no story.
const FAMILIES: usize = 2;
/// Share of the threshold at which slow heat opens, and the days and families it needs.
const SLOW_SHARE: f64 = 0.75;

impl Investigator {
    /// Opens an incident where one of the entities that grew hotter is hot enough by loose episodes alone.
    pub(crate) fn open(
        &mut self,
        applied: &Applied,
        known_bad: bool,
        (now, updates): (i64, &mut Vec<Update>),
    ) {
        let mut hot = applied.hot.clone();
        let primary = self.ledger.episodes.get(&applied.episode).and_then(|e| e.act.primary()).map(|p| p.id);
        hot.sort_by(|(ia, a), (ib, b)| {
            let later = |id: &EntityId| (!self.is_exact(*id), primary != Some(*id));
            later(ia).cmp(&later(ib)).then(b.bits.total_cmp(&a.bits)).then(ia.cmp(ib))
        });
        for (entity, fast) in hot {
            if let Some(seeds) = self.seeds(entity, known_bad, (fast, now)) {
                self.begin(entity, (seeds, now), updates);
                return;
            }
        }
    }

    fn is_exact(&self, id: EntityId) -> bool {
        self.ledger.profiles.get(&id).is_some_and(|p| p.keys.keys().any(|key| key.kind().is_exact()))
    }

    /// The loose episodes that make `entity` hot enough to open an incident.
    fn seeds(&self, entity: EntityId, known_bad: bool, (fast, now): (Heat, i64)) -> Option<Vec<u64>> {
        let slow = self.ledger.slow_heat(entity, now);
        let fast_enough = known_bad || fast.bits >= FLOOR;
        if !fast_enough && slow.bits < FLOOR * SLOW_SHARE {
            return None;
        }
        let threshold = self.threshold();
        let least = if self.ledger.is_early(now) { FLOOR } else { threshold };
        if known_bad || fast.bits >= least && fast.families >= FAMILIES {
            let seeds = self.ledger.warm(entity, now, FAST);
            let (bits, families, stages) = self.heat_of(&seeds, now);
            let chain = stages >= 2;
            let bar = match (self.ledger.is_early(now), chain) {
                (false, _) => threshold,
                (true, true) => FLOOR,
                (true, false) => self.setup.early_threshold.max(threshold),
            };
            if known_bad || bits >= bar && families >= FAMILIES {
                return Some(seeds);
            }
        }
        let steady = slow.days >= SLOW_FACTS && slow.families >= SLOW_FACTS;
        let enough = steady && slow.bits >= threshold * SLOW_SHARE;
        enough.then(|| self.ledger.warm(entity, now, SLOW)).filter(|seeds| seeds.len() >= SLOW_FACTS)
    }

    /// Bits, families and stages of loose episodes together.
    fn heat_of(&self, seeds: &[u64], now: i64) -> (f64, usize, usize) {
        let mut facts: BTreeMap<FactId, (f64, i64)> = BTreeMap::new();
        let mut stages: BTreeSet<Stage> = BTreeSet::new();
        for episode in seeds.iter().filter_map(|id| self.ledger.episodes.get(id)) {
            let left = episode.weight * fade(now.saturating_sub(episode.last), FAST);
            let fact = facts.entry(episode.fact).or_insert((0.0, episode.act.time));
            if left > fact.0 {
                *fact = (left, episode.act.time);
            }
            stages.extend(stage(episode));
        }
        let mut heaviest: Vec<_> = facts.into_iter().collect();
        heaviest.sort_by(|(fa, (a, _)), (fb, (b, _))| b.total_cmp(a).then(fa.cmp(fb)));
        let mut counted: Vec<(u32, i64)> = Vec::new();
        let mut bits = 0.0;
        for (fact, (left, time)) in heaviest {
            let family = self.ledger.facts.family(fact);
            // Half for each heavier fact of its family, two thirds for each of the same act.
            let share = counted.iter().fold(1.0, |share, (other, at)| match at.abs_diff(time) {
                _ if *other == family => share / 2.0,
                ..=SAME_ACT => share * SHARE_OF_ACT,
                _ => share,
            });
            bits += left * share;
            counted.push((family, time));
        }
        let families: BTreeSet<u32> = counted.iter().map(|(family, _)| *family).collect();
        (bits, families.len(), stages.len())
    }

    fn begin(&mut self, entity: EntityId, (seeds, now): (Vec<u64>, i64), updates: &mut Vec<Update>) {
        let Some(id) = self.new_id(&seeds) else { return };
        let mut story = Story { opened: now, told: now, ..Story::default() };
        let mut frontier = Vec::new();
        for seed in &seeds {
            let Some(episode) = self.ledger.episodes.get(seed) else { continue };
            let why = if self.is_given(entity, episode, &seeds) { Why::Standing } else { Why::Seed };
            let exact = crate::story::parties(&episode.act).iter().any(|(_, exact)| *exact);
            story.anchored |= exact && why == Why::Seed;
            let joined = Joined { why, via: entity, bits: episode.weight, hop: 0 };
            frontier.extend(walk::take_in(id, &mut story, (*seed, joined), (&mut self.ledger, &self.setup)));
        }
        let mut added = seeds;
        added.extend(walk::grow(id, &mut story, frontier, (&mut self.ledger, &self.setup)));
        story.score = story.weigh(&self.ledger);
        story.told_score = story.score;
        self.stories.insert(id, story);
        self.index(id);
        self.stats.opened = self.stats.opened.saturating_add(1);
        updates.push(Update::Opened(IncidentId(id)));
        self.merge_by_shared_facts(id, &added, updates);
        self.merge_by_gift(id, updates);
        self.limit_stories();
    }

    /// Whether `episode` gave `entity` a foothold before it acted itself: whoever gave it need know nothing of what it
    /// was used for.
    fn is_given(&self, entity: EntityId, episode: &Episode, seeds: &[u64]) -> bool {
        let acts = |episode: &&Episode| episode.act.primary().is_some_and(|p| p.id == entity);
        let lasts = matches!(stage(episode), Some(Stage::Privilege | Stage::Persistence));
        let seeds = seeds.iter().filter_map(|id| self.ledger.episodes.get(id));
        let begins = seeds.filter(acts).map(|own| own.act.time).min();
        lasts && !acts(&episode) && begins.is_some_and(|begins| episode.act.time <= begins)
    }

    /// The id of a new incident: that of its earliest signal.
    fn new_id(&self, seeds: &[u64]) -> Option<u64> {
        let episodes = seeds.iter().filter_map(|id| self.ledger.episodes.get(id));
        let mut id = episodes.min_by_key(|episode| (episode.act.time, episode.act.id))?.act.id.get();
        while self.stories.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        Some(id)
    }
}
