//! What people say of incidents: judged, held until something is mended, and whoever is to be forgotten.

use crate::{IncidentId, Investigator, Update};
use homeostat_core::{EntityKey, Forget};

impl Investigator {
    /// States that the incident was benign; tells whether there is such a one.
    pub fn accept(&mut self, id: IncidentId) -> bool {
        self.judge_by_hand(id, false)
    }

    /// States that the incident was hostile; tells whether there is such a one.
    pub fn confirm(&mut self, id: IncidentId) -> bool {
        self.judge_by_hand(id, true)
    }

    /// Holds the incident open, however quiet it gets, until [`Self::release`]: something of it is still to be mended
    /// outside, such as a misconfiguration. Tells whether there is such a one. A closed one opens again.
    pub fn hold(&mut self, id: IncidentId) -> bool {
        let story = self.stories.get_mut(&id.0);
        story.map(|story| (story.held, story.closed) = (true, false)).is_some()
    }

    /// Says that nothing is left to mend outside; closes the incident when it has long been quiet.
    pub fn release(&mut self, id: IncidentId) -> Vec<Update> {
        if let Some(story) = self.stories.get_mut(&id.0) {
            story.held = false;
        }
        self.clock
            .max(self.ticked)
            .map_or_else(Vec::new, |now| self.expire(now.saturating_sub(self.lateness())))
    }

    fn judge_by_hand(&mut self, id: IncidentId, hostile: bool) -> bool {
        let story = self.stories.get_mut(&id.0);
        story.map(|story| story.verdict = Some(hostile)).is_some()
    }
}

impl Forget for Investigator {
    /// Clears the entity that `entity` names with every episode it takes part in, and the reasons in which others'
    /// episodes name it. Tenant-wide counts of facts stay: they name nobody.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let mut known = self.setup.values.remove(entity).is_some();
        let before = self.waiting.len();
        self.waiting.retain(|act| act.who.iter().all(|p| p.key != *entity));
        known |= before != self.waiting.len();
        for id in self.ledger.named(entity) {
            self.waiting.retain(|act| act.who.iter().all(|p| p.id != id));
            known |= self.ledger.forget(id);
            for story in self.stories.values_mut() {
                story.forget(id);
            }
            self.by_member.remove(&id);
        }
        for act in self.waiting.acts_mut().chain(self.ledger.episodes.values_mut().map(|one| &mut one.act)) {
            known |= act.unsay(entity.value());
        }
        let episodes = &self.ledger.episodes;
        for story in self.stories.values_mut() {
            story.episodes.retain(|at, _| episodes.contains_key(at));
        }
        let empty: Vec<u64> =
            self.stories.iter().filter(|(_, s)| s.episodes.is_empty()).map(|(id, _)| *id).collect();
        for id in empty {
            self.drop_story(id);
        }
        known
    }
}
