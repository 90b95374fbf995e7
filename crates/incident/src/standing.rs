//! When two open incidents are one because one gave what the other acts by.
//!
//! Rights and footholds stand: somebody gives them on one day, and on another they are used in a way that is odd by
//! itself. Neither half knows the other by time, session or address, but the one who was given is the one who acts.
//! A finding about posture is such a gift. O(episodes of open incidents) where somebody new acts.

use crate::investigator::MERGE;
use crate::story::Story;
use crate::{Investigator, Update, walk};

impl Investigator {
    /// Merges `id` with the open incidents that tell of a gift to one who acts in it, or in which acts who was given
    /// something in it.
    pub(crate) fn merge_by_gift(&mut self, id: u64, updates: &mut Vec<Update>) {
        let Some(story) = self.stories.get(&id) else { return };
        let others = self.stories.iter().filter(|(other, story)| **other != id && !story.closed);
        let one = |(_, other): &(&u64, &Story)| self.gave(other, story) || self.gave(story, other);
        let twins: Vec<u64> = others.filter(one).map(|(other, _)| *other).collect();
        for other in twins {
            self.merge(id, other, updates);
        }
    }

    /// Whether `giver` tells of rights or a foothold given to one who acts in `taker`, and still worth so much.
    fn gave(&self, giver: &Story, taker: &Story) -> bool {
        let episodes = giver.episodes.keys().filter_map(|id| self.ledger.episodes.get(id));
        let edges = episodes.filter_map(|episode| walk::standing_edge(taker, episode, &self.ledger));
        edges.into_iter().any(|joined| joined.bits >= MERGE)
    }
}
