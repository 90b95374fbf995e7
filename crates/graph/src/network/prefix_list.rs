//! Lists of addresses that rules and routes name instead of a range.

use super::{Start, WHAT};
use crate::cidr::Cidr;
use crate::inventory::Inventory;
use crate::object::{LinkKind, Object};
use homeostat_core::EntityKey;
use std::sync::Arc;

/// What such a list is called among the parts of a network.
pub(crate) const PREFIX_LIST: &str = "prefix list";
/// Begins the attributes that are entries of a list: `entry/range`.
pub(crate) const ENTRY: &str = "entry/";
/// Whether the entries of a list are told: a list of which nobody told any holds nothing.
pub(crate) const ENTRIES_TOLD: &str = "entries";

/// What a rule of `owner` names by this key: the ranges of a list, or the group of that name. A list is one that the owner is
/// tied to as such: what becomes of it then touches the owner.
pub(super) fn resolved(inventory: &Inventory, owner: &Object, key: EntityKey) -> Start {
    let told = inventory.object(&key).filter(|object| is_told(object));
    let told = told.filter(|_| owner.is_linked(LinkKind::Names, &key));
    match told {
        Some(list) => Start::Ranges(entries(list).collect::<Vec<_>>().into()),
        // Nothing starts at a list of which nobody told the entries, so that it lets nothing through.
        None => Start::Node(key),
    }
}

/// The ranges of a list; none when nobody told them.
pub(super) fn ranges(inventory: &Inventory, owner: &Object, key: EntityKey) -> Vec<Cidr> {
    match resolved(inventory, owner, key) {
        Start::Ranges(ranges) => ranges.to_vec(),
        _ => Vec::new(),
    }
}

fn is_told(object: &Object) -> bool {
    object.attribute(WHAT) == Some(PREFIX_LIST) && object.attribute(ENTRIES_TOLD).is_some()
}

fn entries(list: &Object) -> impl Iterator<Item = Cidr> {
    list.attributes().filter_map(|(name, _)| Cidr::parse(name.strip_prefix(ENTRY)?))
}

/// A list that a rule of `owner` names and whose entries nobody told.
pub(super) fn untold<'a>(owner: &Object, start: &'a Start) -> Option<&'a EntityKey> {
    let Start::Node(key) = start else { return None };
    owner.is_linked(LinkKind::Names, key).then_some(key)
}

/// The one range of a rule that names no list.
pub(super) fn single(range: Cidr) -> Start {
    Start::Ranges(Arc::new([range]))
}
