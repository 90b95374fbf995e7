//! Which assets may be got to from where: what a source is asked about, kept true one asset at a time.

use super::{NetSide, Stand, Start, internet};
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

type Assets = BTreeMap<EntityKey, BTreeSet<EntityKey>>;

/// Assets by what is let in to them. O(ways log assets) to add or take one.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Starts {
    /// By the group, balancer or API, or the Internet.
    by_node: Assets,
    /// Those that let ranges in, by their network.
    by_network: Assets,
}

impl Starts {
    pub(crate) fn add(&mut self, asset: &EntityKey, side: &NetSide) {
        self.each(side, |all, start| {
            all.entry(start.clone()).or_default().insert(asset.clone());
        });
    }

    pub(crate) fn take(&mut self, asset: &EntityKey, side: &NetSide) {
        self.each(side, |all, start| {
            if let Some(assets) = all.get_mut(start) {
                assets.remove(asset);
                if assets.is_empty() {
                    all.remove(start);
                }
            }
        });
    }

    fn each(&mut self, side: &NetSide, mut turn: impl FnMut(&mut Assets, &EntityKey)) {
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
        let sender = stand.and_then(|stand| stand.sender.as_ref());
        let places = stand.map(|stand| &stand.place).into_iter();
        let places = places.chain(sender.into_iter().flat_map(|sender| &sender.places));
        // Only what has addresses is let in by them.
        let places = places.filter(|place| !place.ranges.is_empty());
        let networks = places.flat_map(|place| place.network.iter().chain(place.routes.networks()));
        let networks = networks.filter_map(|network| self.by_network.get(network));
        let groups = sender.into_iter().flat_map(|sender| &sender.groups);
        let nodes = groups.chain([key]).filter_map(|node| self.by_node.get(node));
        networks.chain(nodes).flatten().collect()
    }
}
