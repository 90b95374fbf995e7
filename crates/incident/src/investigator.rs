//! The incident engine: signals in, incidents out, best first.
//!
//! Signals wait [`LATENESS`](homeostat_core::LATENESS) to be put in order of time, so that any arrival inside it
//! gives the same bytes; then each is folded and weighed ([`crate::Investigator::observe`]), joins the incidents
//! it belongs to or opens one. O(k log n) a signal of k entities, a bounded walk where an incident opens.

use crate::act::Act;
use crate::episode::Episode;
use crate::fact::FactId;
use crate::ledger::{Applied, Ledger};
use crate::queue::Queue;
use crate::settings::{FLOOR, InvestigatorBuilder};
use crate::story::{Joined, Story, Why};
use crate::walk;
use crate::weight::{HOUR, bin_of};
use crate::{Incident, IncidentId, Stats, Update};
use homeostat_core::{
    EntityKey, EventRef, FUTURE_LIMIT, Observed, Position, Positions, State, TenantId, Threat, Timestamp,
};
use homeostat_identity::{EntityId, Resolved};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How long an incident stays open after its last act: an hour of quiet is the end of a session's work.
const LINGER: i64 = HOUR;
/// Bits with which a closed incident is resumed.
const RESUME: f64 = 4.0;
/// Bits with which an episode that belongs to two incidents makes them one.
pub(crate) const MERGE: f64 = 6.0;
/// Bits from which a fact that two open incidents share makes them one.
const SHARED: f64 = 2.0;

/// Turns resolved signals into incidents.
///
/// One tenant each. Hand-over when two entities become one: later signals name the surviving id; from the first
/// name that shows under both on, what was kept under the other id is linked as the same entity, and incidents
/// reach it at full strength. Heat begins anew under the surviving id.
///
/// See the crate page for an example.
#[derive(Clone, Default, PartialEq)]
pub struct Investigator {
    pub(crate) setup: InvestigatorBuilder,
    pub(crate) positions: Positions,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) waiting: Queue,
    // The latest moment that moves the watermark, one further ahead that does not yet, and the last tick.
    pub(crate) high: Option<i64>,
    pub(crate) ahead: Option<i64>,
    pub(crate) ticked: Option<i64>,
    // Everything up to here is final.
    pub(crate) watermark: Option<i64>,
    // The latest moment applied, and its bin.
    pub(crate) clock: Option<i64>,
    pub(crate) bin: Option<i64>,
    pub(crate) ledger: Ledger,
    pub(crate) stories: BTreeMap<u64, Story>,
    pub(crate) by_member: BTreeMap<EntityId, BTreeSet<u64>>,
    pub(crate) stats: Stats,
}

/// Why a signal can not be taken. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// Its time is not known.
    #[error("the signal tells no moment")]
    NoMoment,
    /// It names no entity.
    #[error("the signal names no entity")]
    Nobody,
    /// It belongs to another tenant.
    #[error("the signal belongs to another tenant")]
    ForeignTenant,
}

impl State<Resolved> for Investigator {
    type Output = Vec<Update>;
    type Error = ObserveError;

    fn observe(
        &mut self,
        position: Position,
        input: &Resolved,
    ) -> Result<Observed<Self::Output>, Self::Error> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        let act = self.checked(input)?;
        self.tenant.get_or_insert_with(|| input.signal.tenant.clone());
        self.stats.signals = self.stats.signals.saturating_add(1);
        self.receive(act);
        Ok(Observed::Applied(self.drain()))
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.write()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, homeostat_core::SnapshotError> {
        Self::read(bytes)
    }
}

impl Investigator {
    /// Begins the set-up; the defaults serve most.
    pub fn builder() -> InvestigatorBuilder {
        InvestigatorBuilder::default()
    }

    pub(crate) fn with(setup: InvestigatorBuilder) -> Self {
        Self { setup, ..Self::default() }
    }

    /// Bits of heat at which an incident opens after the first day of history.
    pub fn threshold(&self) -> f64 {
        let calibrated = self.ledger.calibrated(self.setup.budget.share_of_entity_days());
        calibrated.map_or(self.setup.threshold, |bits| bits.clamp(FLOOR, crate::settings::CEILING))
    }

    /// Tells that it is `now`: signals that waited long enough count, quiet incidents close.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Update> {
        let Some(now) = now.micros() else { return Vec::new() };
        self.ticked = self.ticked.max(Some(now));
        self.high = self.high.max(Some(now));
        let mut updates = self.drain();
        updates.extend(self.expire(now.saturating_sub(self.lateness())));
        updates
    }

    /// Tells that the log has ended: all that waits counts now.
    pub fn finish(&mut self) -> Vec<Update> {
        let last = self.waiting.last();
        self.high = self.high.max(last);
        self.watermark = self.watermark.max(last);
        self.drain()
    }

    /// The incidents, best first: by score, then the earlier. O(incidents · episodes).
    pub fn incidents(&self) -> Vec<Incident> {
        let mut ranked: Vec<_> = self.stories.iter().collect();
        ranked.sort_by(|(ia, a), (ib, b)| {
            b.score.total_cmp(&a.score).then(a.opened.cmp(&b.opened)).then(ia.cmp(ib))
        });
        ranked.into_iter().map(|(id, story)| Incident::of(IncidentId(*id), story, self)).collect()
    }

    /// The incident `id`, or the one it was merged into.
    pub fn incident(&self, id: IncidentId) -> Option<Incident> {
        let (id, story) = self.story_of(id)?;
        Some(Incident::of(id, story, self))
    }

    /// What a response to the incident `id`, or the one it was merged into, is planned against: as
    /// [`Incident::threat`], without working out what the incident may mean.
    pub fn threat(&self, id: IncidentId, tenant: TenantId) -> Option<Threat> {
        let (id, story) = self.story_of(id)?;
        Some(Incident::bare(id, story, self).threat(tenant))
    }

    fn story_of(&self, id: IncidentId) -> Option<(IncidentId, &Story)> {
        let direct = self.stories.get_key_value(&id.0);
        let found = direct.or_else(|| self.stories.iter().find(|(_, story)| story.merged.contains(&id.0)));
        found.map(|(id, story)| (IncidentId(*id), story))
    }

    /// The incident that holds `event`: the same from whichever of its events one starts.
    pub fn incident_with(&self, event: &EventRef) -> Option<Incident> {
        let holds = |episode: &Episode| episode.events.iter().any(|(_, other)| other == event);
        let story = self.ledger.episodes.values().find(|e| holds(e))?.story;
        match story {
            Some(story) => self.incident(IncidentId(story)),
            // What is told beside an incident is in none.
            None => self.incidents().into_iter().find(|incident| incident.events().contains(event)),
        }
    }

    /// The incident that tells `event` as something that `entity` takes part in. Looks at the episodes of that entity
    /// alone, the latest first, where [`Self::incident_with`] looks at all.
    pub fn incident_of(&self, entity: &EntityKey, event: &EventRef) -> Option<IncidentId> {
        let profile = self.ledger.profiles.get(&self.ledger.last_named(entity)?)?;
        let episodes = profile.episodes.iter().rev().filter_map(|id| self.ledger.episodes.get(id));
        let holds = |episode: &Episode| episode.events.iter().any(|(_, other)| other == event);
        let told = episodes.filter(|episode| episode.story.is_some());
        told.into_iter().find(|episode| holds(episode))?.story.map(IncidentId)
    }

    /// What was late, evicted and cut, and the bytes held.
    pub fn stats(&self) -> Stats {
        let stories: usize = self.stories.values().map(Story::bytes).sum();
        Stats {
            waiting: self.waiting.len() as u64,
            entities: self.ledger.profiles.len() as u64,
            episodes: self.ledger.episodes.len() as u64,
            incidents: self.stories.len() as u64,
            evicted_entities: self.ledger.evicted_entities,
            evicted_episodes: self.ledger.evicted_episodes,
            folded_facts: self.ledger.facts.folded(),
            bytes: (self.ledger.bytes() + stories) as u64,
            ..self.stats
        }
    }

    fn checked(&self, input: &Resolved) -> Result<Act, ObserveError> {
        if self.tenant.as_ref().is_some_and(|tenant| *tenant != input.signal.tenant) {
            return Err(ObserveError::ForeignTenant);
        }
        if input.participants.is_empty() {
            return Err(ObserveError::Nobody);
        }
        Act::of(input).ok_or(ObserveError::NoMoment)
    }

    pub(crate) fn lateness(&self) -> i64 {
        i64::try_from(self.setup.lateness.as_micros()).unwrap_or(i64::MAX)
    }

    /// Puts `act` among those that wait and moves the watermark, unless it comes from too far ahead.
    fn receive(&mut self, act: Act) {
        let time = act.time;
        self.stats.late += u64::from(self.watermark.is_some_and(|mark| time < mark));
        let limit = i64::try_from(FUTURE_LIMIT.as_micros()).unwrap_or(i64::MAX);
        let arrival = self.ticked.max(self.high);
        let future = arrival.is_some_and(|arrival| time.saturating_sub(arrival) > limit);
        if self.waiting.insert(act) {
            self.stats.duplicates = self.stats.duplicates.saturating_add(1);
        }
        if !future {
            self.high = self.high.max(Some(time));
        } else if let (None, Some(first)) = (self.ticked, self.ahead.take()) {
            // Without a clock a second witness tells a gap in the log from a wrong clock.
            self.high = Some(first.min(time));
        } else {
            self.ahead = Some(time);
            self.stats.ahead = self.stats.ahead.saturating_add(1);
        }
    }

    /// Applies what waited long enough, in order of time.
    fn drain(&mut self) -> Vec<Update> {
        let mark = self.high.map(|high| high.saturating_sub(self.lateness()));
        self.watermark = self.watermark.max(mark);
        let Some(mark) = self.watermark else { return Vec::new() };
        let mut updates = Vec::new();
        while let Some(act) = self.waiting.next_until(mark) {
            self.apply(act, &mut updates);
        }
        updates
    }

    fn apply(&mut self, act: Act, updates: &mut Vec<Update>) {
        // What comes too late happened before, but what it changes changes now.
        let now = act.time.max(self.clock.unwrap_or(act.time));
        self.clock = Some(now);
        if self.bin.is_none_or(|bin| bin_of(now) > bin) {
            self.bin = Some(bin_of(now));
            updates.extend(self.expire(now));
        }
        let known_bad = act.is_known_bad();
        let applied = self.ledger.apply(act, now, &self.setup);
        let Some(episode) = self.ledger.episodes.get(&applied.episode) else { return };
        if let Some(story) = episode.story {
            self.touch(story, &applied, updates);
        } else if applied.weighed && !self.join(&applied, now, updates) {
            self.open(&applied, known_bad, (now, updates));
        }
    }

    /// One more act of an episode that is in an incident.
    fn touch(&mut self, id: u64, applied: &Applied, updates: &mut Vec<Update>) {
        let last = self.ledger.episodes.get(&applied.episode).map_or(0, |episode| episode.last);
        if let Some(story) = self.stories.get_mut(&id) {
            story.last = story.last.max(last);
        }
        if applied.changed {
            self.ledger.settled.remove(&id);
        }
        if applied.weighed && !self.ledger.settled.contains(&id) {
            self.reweigh(id, last, updates);
        }
    }

    /// Joins the episode to the incidents it belongs to; tells whether there was one.
    fn join(&mut self, applied: &Applied, now: i64, updates: &mut Vec<Update>) -> bool {
        let Some(episode) = self.ledger.episodes.get(&applied.episode) else { return false };
        let mut found: Vec<(bool, Joined, u64)> = Vec::new();
        for id in self.near(episode) {
            let Some(story) = self.stories.get(&id) else { continue };
            if !story.resumable(now, self.setup.limits.days) {
                continue;
            }
            let joined = walk::judge(story, episode, &self.ledger, &self.setup);
            let enough = |joined: &Joined| !story.closed || joined.bits >= RESUME || joined.why == Why::Exact;
            if let Some(joined) = joined.filter(enough) {
                found.push((story.closed, joined, id));
            }
        }
        found.sort_by(|(ca, a, ia), (cb, b, ib)| {
            let exact = |joined: &Joined| joined.why != Why::Exact;
            (exact(a), ca).cmp(&(exact(b), cb)).then(b.bits.total_cmp(&a.bits)).then(ia.cmp(ib))
        });
        let Some((_, joined, id)) = found.first().copied() else { return false };
        self.extend(id, (applied.episode, joined), updates);
        for (closed, other, other_id) in found.into_iter().skip(1) {
            if !closed && (other.bits >= MERGE || other.why == Why::Exact) {
                self.merge(id, other_id, updates);
            }
        }
        true
    }

    /// The incidents in which somebody takes part that `episode` names or that is linked to them.
    fn near(&self, episode: &Episode) -> BTreeSet<u64> {
        let mut near = BTreeSet::new();
        if self.by_member.is_empty() {
            return near;
        }
        for id in episode.act.takers() {
            let links = self.ledger.profiles.get(&id).map(|p| p.links.keys().map(|(other, _)| *other));
            for other in links.into_iter().flatten().chain([id]) {
                near.extend(self.by_member.get(&other).into_iter().flatten().copied());
            }
        }
        near
    }

    /// Takes an episode into incident `id` and walks on from it.
    fn extend(&mut self, id: u64, (episode, joined): (u64, Joined), updates: &mut Vec<Update>) {
        let Some(story) = self.stories.get_mut(&id) else { return };
        let now = self.ledger.episodes.get(&episode).map_or(0, |episode| episode.act.time);
        if story.episodes.len() >= self.setup.limits.episodes
            && !make_room(story, (episode, joined), &mut self.ledger)
        {
            return;
        }
        if std::mem::take(&mut story.closed) {
            story.resumed.push(now);
        }
        let parts = (&mut self.ledger, &self.setup);
        let fresh = walk::take_in(id, story, (episode, joined), parts);
        let mut added = vec![episode];
        let somebody_new = !fresh.is_empty();
        if somebody_new {
            added.extend(walk::grow(id, story, fresh, (&mut self.ledger, &self.setup)));
        }
        self.index(id);
        updates.push(Update::Added(IncidentId(id), added.len()));
        self.reweigh(id, now, updates);
        self.merge_by_shared_facts(id, &added, updates);
        if somebody_new {
            self.merge_by_gift(id, updates);
        }
    }

    pub(crate) fn index(&mut self, id: u64) {
        let Some(story) = self.stories.get(&id) else { return };
        for member in story.members.keys() {
            self.by_member.entry(*member).or_default().insert(id);
        }
    }

    /// Weighs an incident anew and tells when its score doubled.
    fn reweigh(&mut self, id: u64, now: i64, updates: &mut Vec<Update>) {
        let Some(story) = self.stories.get_mut(&id) else { return };
        story.score = story.weigh(&self.ledger).max(story.score);
        self.ledger.settled.insert(id);
        if story.score >= 2.0 * story.told_score {
            (story.told, story.told_score) = (now, story.score);
            updates.push(Update::Raised(IncidentId(id)));
        }
    }

    /// Merges open incidents that show one of the rare facts just `added` to `id`, at about the same time.
    pub(crate) fn merge_by_shared_facts(&mut self, id: u64, added: &[u64], updates: &mut Vec<Update>) {
        let rare = |at: &u64| {
            let episode = self.ledger.episodes.get(at).filter(|episode| episode.weight > SHARED)?;
            Some((episode.fact, episode.last))
        };
        let facts: Vec<_> = added.iter().filter_map(rare).collect();
        let shared = |(fact, last): (FactId, i64)| {
            facts.iter().any(|(mine, time)| *mine == fact && time.abs_diff(last) <= LINGER.unsigned_abs())
        };
        let open = self.stories.iter().filter(|(other, story)| **other != id && !story.closed);
        let twins = open.filter(|(_, story)| story.episodes.keys().filter_map(rare).any(shared));
        let twins: Vec<u64> = twins.map(|(other, _)| *other).collect();
        for other in twins {
            self.merge(id, other, updates);
        }
    }

    /// Makes one of two incidents: the one opened earlier stays.
    pub(crate) fn merge(&mut self, a: u64, b: u64, updates: &mut Vec<Update>) {
        let Some((x, y)) = self.stories.get(&a).zip(self.stories.get(&b)) else { return };
        let (stays, goes) = if (x.opened, a) <= (y.opened, b) { (a, b) } else { (b, a) };
        let Some(gone) = self.stories.remove(&goes) else { return };
        self.ledger.settled.remove(&goes);
        for at in gone.episodes.keys() {
            if let Some(episode) = self.ledger.episodes.get_mut(at) {
                episode.story = Some(stays);
            }
        }
        self.unindex(goes);
        let last = gone.last;
        if let Some(story) = self.stories.get_mut(&stays) {
            story.absorb(goes, gone);
        }
        self.index(stays);
        updates.push(Update::Merged { id: IncidentId(goes), into: IncidentId(stays) });
        self.reweigh(stays, last, updates);
    }

    fn unindex(&mut self, id: u64) {
        for stories in self.by_member.values_mut() {
            stories.remove(&id);
        }
        self.by_member.retain(|_, stories| !stories.is_empty());
    }

    /// Closes quiet incidents and lets go of what is too old, as of `now`.
    pub(crate) fn expire(&mut self, now: i64) -> Vec<Update> {
        let mut updates = Vec::new();
        for (id, story) in self.stories.iter_mut().filter(|(_, story)| !story.closed) {
            if !story.held && now.saturating_sub(story.last) > LINGER {
                story.closed = true;
                updates.push(Update::Closed(IncidentId(*id)));
            }
        }
        let held = self.stories.values().map(|story| story.episodes.len()).sum();
        let by_member = &self.by_member;
        self.ledger.prune(now, &self.setup, (held, &|id| by_member.contains_key(id)));
        updates
    }

    pub(crate) fn limit_stories(&mut self) {
        while self.stories.len() > self.setup.limits.incidents {
            let oldest = self.stories.iter().min_by_key(|(id, story)| (!story.closed, story.last, **id));
            let Some(id) = oldest.map(|(id, _)| *id) else { return };
            self.drop_story(id);
            self.stats.evicted_incidents = self.stats.evicted_incidents.saturating_add(1);
        }
    }

    pub(crate) fn drop_story(&mut self, id: u64) {
        let Some(story) = self.stories.remove(&id) else { return };
        self.ledger.settled.remove(&id);
        for at in story.episodes.keys() {
            if let Some(episode) = self.ledger.episodes.get_mut(at) {
                episode.story = None;
            }
        }
        self.unindex(id);
    }
}

impl fmt::Debug for Investigator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Investigator")
            .field("positions", &self.positions)
            .field("incidents", &self.stories.keys().map(|id| IncidentId(*id)).collect::<Vec<_>>())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Lets an episode of a full incident go for `(id, joined)`: the weakest, where `joined` is stronger; else, for what
/// the incident does not tell yet, one of what it tells most often. Either way the cut is marked.
fn make_room(story: &mut Story, (id, joined): (u64, Joined), ledger: &mut Ledger) -> bool {
    story.cut.episodes = story.cut.episodes.saturating_add(1);
    let weakest = story.episodes.iter().filter(|(_, other)| other.why != Why::Seed);
    let weakest = weakest.min_by(|(ia, a), (ib, b)| a.bits.total_cmp(&b.bits).then(ia.cmp(ib)));
    let weaker = weakest.filter(|(_, other)| other.bits < joined.bits).map(|(id, _)| *id);
    let Some(gone) = weaker.or_else(|| repeated(story, id, ledger)) else { return false };
    story.episodes.remove(&gone);
    if let Some(episode) = ledger.episodes.get_mut(&gone) {
        episode.story = None;
    }
    true
}

/// The latest of the fact that `story` tells most often, unless it tells that of episode `id` already.
fn repeated(story: &Story, id: u64, ledger: &Ledger) -> Option<u64> {
    let fact = |at: &u64| ledger.episodes.get(at).map(|episode| episode.fact);
    let mut told: BTreeMap<FactId, (usize, u64)> = BTreeMap::new();
    for (at, _) in story.episodes.iter().filter(|(_, joined)| joined.why != Why::Seed) {
        let (count, last) = told.entry(fact(at)?).or_default();
        (*count, *last) = (*count + 1, *at);
    }
    if told.contains_key(&fact(&id)?) {
        return None;
    }
    let (count, last) = told.into_values().max()?;
    (count > 1).then_some(last)
}
