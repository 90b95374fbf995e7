//! What the members of a group do, together.
//!
//! A group is the exact sum of the tables of its present members, so it is kept in no snapshot, and whoever is
//! forgotten leaves no trace. The table is shared; the peers of a member are the group without that member.

use super::history::History;
use super::member::Member;
use super::transitions::{Follow, Trail, Transitions};
use homeostat_core::Merge as _;
use std::collections::BTreeMap;

/// A group of peers.
#[derive(Clone)]
pub(crate) struct Peers {
    table: Transitions,
    /// How many members know a symbol.
    users: BTreeMap<u32, u32>,
    /// Entities of this group, and those among them who have learnt anything.
    joined: u32,
    members: u32,
    pub(crate) history: History,
}

impl Peers {
    pub(crate) fn new(table: Transitions) -> Self {
        Self { table, users: BTreeMap::new(), joined: 0, members: 0, history: History::default() }
    }

    pub(crate) fn join(&mut self, member: &Member) {
        self.joined = self.joined.saturating_add(1);
        self.members = self.members.saturating_add(u32::from(member.own.total() > 0));
        self.table.merge(&member.own);
        for symbol in member.own.symbols() {
            let users = self.users.entry(symbol).or_default();
            *users = users.saturating_add(1);
        }
        for bucket in member.scores() {
            self.history.add(bucket);
        }
    }

    pub(crate) fn leave(&mut self, member: &Member) {
        self.joined = self.joined.saturating_sub(1);
        self.members = self.members.saturating_sub(u32::from(member.own.total() > 0));
        self.table.subtract(&member.own);
        for symbol in member.own.symbols() {
            if let Some(users) = self.users.get_mut(&symbol) {
                *users = users.saturating_sub(1);
            }
        }
        self.users.retain(|_, users| *users > 0);
        for bucket in member.scores() {
            self.history.take(bucket);
        }
    }

    /// A member is about to learn a passage.
    pub(crate) fn learn(&mut self, member: &Member, tags: &[u32], units: u32) {
        if units == 0 {
            return;
        }
        self.members = self.members.saturating_add(u32::from(member.own.total() == 0));
        let mut new: Vec<u32> = tags.iter().copied().filter(|symbol| !member.own.knows(*symbol)).collect();
        new.sort_unstable();
        new.dedup();
        for symbol in new {
            let users = self.users.entry(Transitions::name_of(symbol)).or_default();
            *users = users.saturating_add(1);
        }
        self.table.learn_tags(tags, units);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.joined == 0
    }

    /// What the others know of a symbol behind a context.
    pub(crate) fn others(&self, own: &Transitions, trail: Trail, symbol: u32) -> Follow {
        self.table.follow(trail, symbol).without(own.follow(trail, symbol))
    }

    /// The number of other members who have learnt anything.
    pub(crate) fn number_of_others(&self, own: &Transitions) -> f64 {
        f64::from(self.members.saturating_sub(u32::from(own.total() > 0)))
    }

    /// How many other members know `symbol`.
    pub(crate) fn others_with(&self, symbol: u32, own: &Transitions) -> u32 {
        let users = self.users.get(&Transitions::name_of(symbol)).copied().unwrap_or(0);
        users.saturating_sub(u32::from(own.knows(symbol)))
    }

    /// The share of the other members who know `symbol`; one more is counted who does not.
    pub(crate) fn share_with(&self, symbol: u32, own: &Transitions) -> f64 {
        f64::from(self.others_with(symbol, own)) / (self.number_of_others(own) + 1.0)
    }
}
