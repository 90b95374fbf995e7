//! Which assets may be got to from where, and the other way round, kept true one asset and one start at a time.

use super::{NetSide, Stand, Start, internet};
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by what they are looked up by.
type Index = BTreeMap<EntityKey, BTreeSet<EntityKey>>;

/// Assets by what is let in to them, and starts by where they stand. O(ways log assets) to add or take one.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Starts {
    /// Assets by the group, balancer or API, or the Internet.
    by_node: Index,
    /// Assets that let ranges in, by their network.
    by_network: Index,
    /// What sends by its groups, and by the networks that it gets to with its addresses.
    senders: Index,
    places: Index,
}

impl Starts {
    pub(crate) fn add(&mut self, asset: &EntityKey, side: &NetSide) {
        self.each(side, |all, start| put(all, start, asset));
    }

    pub(crate) fn take(&mut self, asset: &EntityKey, side: &NetSide) {
        self.each(side, |all, start| take(all, start, asset));
    }

    pub(crate) fn add_stand(&mut self, key: &EntityKey, stand: &Stand) {
        stand.groups().for_each(|group| put(&mut self.senders, group, key));
        stand.networks().for_each(|network| put(&mut self.places, network, key));
    }

    pub(crate) fn take_stand(&mut self, key: &EntityKey, stand: &Stand) {
        stand.groups().for_each(|group| take(&mut self.senders, group, key));
        stand.networks().for_each(|network| take(&mut self.places, network, key));
    }

    fn each(&mut self, side: &NetSide, mut turn: impl FnMut(&mut Index, &EntityKey)) {
        let outside = internet();
        for way in &side.ways {
            match &way.start {
                Start::Node(node) => turn(&mut self.by_node, node),
                Start::Internet => outside.iter().for_each(|key| turn(&mut self.by_node, key)),
                Start::Ranges(_) => side.network.iter().for_each(|key| turn(&mut self.by_network, key)),
            }
        }
    }

    /// What may be got to from `key`, and perhaps some more.
    pub(crate) fn near(&self, key: &EntityKey, stand: Option<&Stand>) -> BTreeSet<&EntityKey> {
        let networks = stand.into_iter().flat_map(Stand::networks);
        let networks = networks.filter_map(|network| self.by_network.get(network));
        let groups = stand.into_iter().flat_map(Stand::groups);
        let nodes = groups.chain([key]).filter_map(|node| self.by_node.get(node));
        networks.chain(nodes).flatten().collect()
    }

    /// From where an asset may be got to, and perhaps from some more; the Internet aside.
    pub(crate) fn to<'a>(&'a self, side: &'a NetSide) -> BTreeSet<&'a EntityKey> {
        let mut all = BTreeSet::new();
        for way in &side.ways {
            match &way.start {
                Start::Internet => {}
                Start::Node(node) => all.extend(self.senders.get(node).into_iter().flatten().chain([node])),
                Start::Ranges(_) => {
                    let network = side.network.as_ref().and_then(|network| self.places.get(network));
                    all.extend(network.into_iter().flatten());
                }
            }
        }
        all
    }
}

fn put(all: &mut Index, at: &EntityKey, key: &EntityKey) {
    all.entry(at.clone()).or_default().insert(key.clone());
}

fn take(all: &mut Index, at: &EntityKey, key: &EntityKey) {
    if let Some(keys) = all.get_mut(at) {
        keys.remove(key);
        if keys.is_empty() {
            all.remove(at);
        }
    }
}

impl Stand {
    /// The groups by which it sends.
    fn groups(&self) -> impl Iterator<Item = &EntityKey> {
        self.sender.iter().flat_map(|sender| &sender.groups)
    }

    /// The networks that it gets to by its addresses: only what has some is let in by them.
    fn networks(&self) -> impl Iterator<Item = &EntityKey> {
        let places = [&self.place].into_iter().chain(self.sender.iter().flat_map(|sender| &sender.places));
        let places = places.filter(|place| !place.ranges.is_empty());
        places.flat_map(|place| place.network.iter().chain(place.routes.networks()))
    }
}
