//! What leaves a directory: identifiers for which there is no room, and those that are to be forgotten.

use crate::directory::Directory;
use crate::tenant::own_key;
use crate::{Learnt, LinkId};
use homeostat_core::{EntityKey, Forget};
use std::collections::BTreeSet;

impl Directory {
    /// Makes room for `new` identifiers: those not seen for longest go, the fleeting ones first.
    pub(crate) fn make_room(&mut self, new: usize) {
        let most = self.limits.keys as usize;
        if self.nodes.len() + new <= most {
            return;
        }
        // A sixteenth more than asked for, so that the sorting is paid for once in many inputs.
        let going = (self.nodes.len() + new).saturating_sub(most) + most / 16;
        let mut order: Vec<_> =
            self.nodes.iter().map(|(id, node)| (!node.is_fleeting(), node.last, *id)).collect();
        order.sort_unstable();
        let gone: BTreeSet<u32> = order.into_iter().take(going).map(|(_, _, id)| id).collect();
        self.counted.keys_evicted += gone.len() as u64;
        self.remove(&gone);
    }

    /// Removes identifiers with all their links.
    pub(crate) fn remove(&mut self, gone: &BTreeSet<u32>) {
        let mut left: BTreeSet<u32> = BTreeSet::new();
        for id in gone {
            left.extend(self.linked_group(*id));
        }
        for id in gone {
            let Some(node) = self.nodes.remove(id) else { continue };
            self.ids.remove(&node.key);
            for link in node.same.iter().chain(&node.out).chain(&node.into) {
                self.detach(*link);
            }
            self.components.remove(&node.component.unwrap_or(*id));
        }
        for node in self.nodes.values_mut() {
            node.neighbours.retain(|neighbour| !gone.contains(neighbour));
        }
        left.retain(|id| self.nodes.contains_key(id));
        self.rebuild(&left, &mut Learnt::default());
    }

    /// Every identifier that [`Forget::forget`] clears with `entity`; `entity` alone when it is not known.
    pub fn whole(&self, entity: &EntityKey) -> Vec<EntityKey> {
        let gone = self.gone_with(entity);
        let keys = gone.iter().filter_map(|id| self.nodes.get(id)).map(|node| node.key.clone());
        let mut keys: Vec<EntityKey> = keys.collect();
        if gone.is_empty() {
            keys.push(entity.clone());
        }
        keys
    }

    /// The numbers of what is cleared with `entity`.
    fn gone_with(&self, entity: &EntityKey) -> BTreeSet<u32> {
        let key = self.tenant.as_ref().and_then(|tenant| own_key(tenant, entity));
        let Some(id) = key.and_then(|key| self.ids.get(&key)) else { return BTreeSet::new() };
        let mut gone = self.ever_one_with(*id);
        let named: Vec<u32> = self.named_after(&gone);
        gone.extend(named.into_iter().flat_map(|id| self.ever_one_with(id)));
        let followers: Vec<u32> = gone.iter().flat_map(|id| self.followers(*id)).collect();
        gone.extend(followers);
        gone
    }

    /// Identifiers in which an address of one of `people` stands whole, such as that of a federated sign-in.
    fn named_after(&self, people: &BTreeSet<u32>) -> Vec<u32> {
        let nodes = people.iter().filter_map(|id| self.nodes.get(id)).map(|node| &node.key);
        let names: BTreeSet<&str> = nodes.map(EntityKey::value).filter(|value| value.contains('@')).collect();
        let holds = |value: &str| names.iter().any(|name| stands_whole(value, name));
        self.nodes.iter().filter(|(_, node)| holds(node.key.value())).map(|(id, _)| *id).collect()
    }

    fn detach(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        for end in [link.a, link.b] {
            if let Some(node) = self.nodes.get_mut(&end) {
                node.same.remove(&id);
                node.out.remove(&id);
                node.into.remove(&id);
            }
        }
    }
}

/// Whether `name` stands in `value` with no letter, digit, dot or dash beside it that would make it another.
fn stands_whole(value: &str, name: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_' | '+');
    value.match_indices(name).any(|(at, _)| {
        let before = value.get(..at).and_then(|text| text.chars().next_back());
        let after = value.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

impl Forget for Directory {
    /// Clears every identifier that ever was one with `entity` or that holds its address, the sessions and credentials
    /// that acted for it, and all their links. Their numbers are not given again: a gap in the numbering stays.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let gone = self.gone_with(entity);
        self.remove(&gone);
        !gone.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::stands_whole;

    #[test]
    fn an_address_stands_whole_or_is_another() {
        let jane = "jane@acme.example";
        assert!(stands_whole("saml-provider/okta:jane@acme.example", jane) && stands_whole(jane, jane));
        for other in ["mary-jane@acme.example", "jane@acme.example.org", "x.jane@acme.example", "jane"] {
            assert!(!stands_whole(other, jane), "{other}");
        }
    }
}
