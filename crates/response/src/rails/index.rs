//! Which rules can fit a target, without looking at the others.
//!
//! Each rule lies under its most selective key: the target's id, an attribute's value, the beginning of the id, the
//! network, the kind, the action, else under none. Looking up costs O(1) per key; beginnings and networks cost
//! that once per length in use, of which policies have few. A decision is a set, so no order of a table shows in it.

use super::Compiled;
use crate::pattern::Cidr;
use crate::{Action, Target, TargetKind};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// The numbers of the rules, each under its most selective key.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    by_id: HashMap<Box<str>, Vec<usize>>,
    by_attr: BTreeMap<Box<str>, ByValue>,
    // By length in bytes, then by what the id begins with.
    by_beginning: BTreeMap<usize, HashMap<Box<str>, Vec<usize>>>,
    // By family and mask, then by bits.
    by_network: BTreeMap<(bool, u128), HashMap<u128, Vec<usize>>>,
    // All rules under a network, for targets whose address is not known.
    networks: Vec<usize>,
    by_kind: BTreeMap<TargetKind, Vec<usize>>,
    by_action: BTreeMap<Action, Vec<usize>>,
    rest: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct ByValue {
    values: HashMap<Box<str>, Vec<usize>>,
    // All of them, for targets of which the attribute is not known.
    all: Vec<usize>,
}

impl Index {
    pub(super) fn of(rules: &[Compiled]) -> Self {
        let mut index = Self::default();
        for (number, rule) in rules.iter().enumerate() {
            index.insert(number, rule);
        }
        index
    }

    fn insert(&mut self, number: usize, rule: &Compiled) {
        let exact = rule.attrs.iter().find_map(|(name, value)| Some((name, value.exact()?)));
        let id = rule.target_id.as_deref().or(rule.glob.as_ref().and_then(|glob| glob.exact()));
        let beginning = rule.glob.as_ref().map_or("", |glob| glob.literal());
        if let Some(id) = id {
            self.by_id.entry(id.into()).or_default().push(number);
        } else if let Some((name, value)) = exact {
            let by_value = self.by_attr.entry(name.clone()).or_default();
            by_value.values.entry(value.into()).or_default().push(number);
            by_value.all.push(number);
        } else if !beginning.is_empty() {
            let same_length = self.by_beginning.entry(beginning.len()).or_default();
            same_length.entry(beginning.into()).or_default().push(number);
        } else if let Some(cidr) = rule.cidr {
            let same_shape = self.by_network.entry(cidr.shape()).or_default();
            same_shape.entry(cidr.bits()).or_default().push(number);
            self.networks.push(number);
        } else if let Some(kind) = rule.kind {
            self.by_kind.entry(kind).or_default().push(number);
        } else if rule.actions != u32::MAX {
            for action in Action::ALL.into_iter().filter(|action| rule.actions & action.bit() != 0) {
                self.by_action.entry(action).or_default().push(number);
            }
        } else {
            self.rest.push(number);
        }
    }

    /// Hands out every rule that may fit `target`, each once.
    pub(super) fn candidates(&self, action: Action, target: &Target, mut hand_out: impl FnMut(usize)) {
        let by_id = self.by_id.get(target.id.as_str());
        let by_attr = self.by_attr.iter().filter_map(|(name, by_value)| match target.attrs.get(&**name) {
            Some(value) => by_value.values.get(value.as_str()),
            None => Some(&by_value.all),
        });
        let by_beginning = self.by_beginning.range(..=target.id.len());
        let by_beginning = by_beginning.filter_map(|(length, same)| same.get(target.id.get(..*length)?));
        let by_kind = self.by_kind.get(&target.kind);
        let by_action = self.by_action.get(&action);
        let plain = by_id.into_iter().chain(by_attr).chain(by_beginning).chain(by_kind).chain(by_action);
        plain.chain([&self.rest]).flatten().for_each(|number| hand_out(*number));
        self.networks_of(target, hand_out);
    }

    fn networks_of(&self, target: &Target, mut hand_out: impl FnMut(usize)) {
        if self.networks.is_empty() || !target.kind.has_address() {
            return;
        }
        match target.attrs.get("ip").unwrap_or(&target.id).parse::<IpAddr>() {
            Err(_) => self.networks.iter().for_each(|number| hand_out(*number)),
            Ok(address) => {
                for (shape, same) in &self.by_network {
                    let found = Cidr::under(address, *shape).and_then(|bits| same.get(&bits));
                    found.into_iter().flatten().for_each(|number| hand_out(*number));
                }
            }
        }
    }
}
