//! What do the others do? The profile of a declared group, or of all entities of one kind.
//!
//! A cohort is the sum of what its members learnt, with every value counted once a member and generation, so that
//! a count of a value is a number of peers. Reading it is O(slots); it takes some ten kilobytes a feature at most.

use crate::novelty::Novelty;
use crate::rate::Rate;
use crate::varint::{Fields, put};
use crate::verdict::PeerShare;
use crate::volume::Volume;
use homeostat_core::{Merge as _, SnapshotError};

/// How much one's own history must hold before it weighs as much as the peers'.
pub(crate) const PSEUDO_COUNT: f64 = 20.0;

/// Rates, categories and sizes of an entity or of a cohort, by the hash of the feature's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    pub(crate) rate: Rate,
    // INVARIANT: both sorted by feature, none twice.
    pub(crate) categories: Vec<(u32, Novelty)>,
    pub(crate) sizes: Vec<(u32, Volume)>,
}

impl Profile {
    /// The most categorical features of one profile.
    pub(crate) const CATEGORIES: usize = 12;
    /// The most sizes of one profile.
    pub(crate) const SIZES: usize = 3;

    pub(crate) fn category(&self, feature: u32) -> Option<&Novelty> {
        find(&self.categories, feature)
    }

    pub(crate) fn size(&self, feature: u32) -> Option<&Volume> {
        find(&self.sizes, feature)
    }

    /// The values of `feature`, begun with `fresh` when there are none; `None` when the profile is full.
    pub(crate) fn category_mut(&mut self, feature: u32, fresh: fn() -> Novelty) -> Option<&mut Novelty> {
        find_or_add(&mut self.categories, (feature, Self::CATEGORIES), fresh)
    }

    /// The sizes of `feature`; `None` when the profile is full.
    pub(crate) fn size_mut(&mut self, feature: u32) -> Option<&mut Volume> {
        find_or_add(&mut self.sizes, (feature, Self::SIZES), Volume::default)
    }

    /// Lets go of what is worth least: the rarest value of the widest feature down to a few values each, then the
    /// rates of the generation before, then the other values, then whole features; `false` when nothing is left.
    pub(crate) fn shed(&mut self) -> bool {
        const FEW: usize = 4;
        let widest =
            self.categories.iter_mut().map(|(_, values)| values).max_by_key(|values| values.counted());
        let widest = widest.filter(|values| values.counted() > 0);
        match widest {
            Some(values) if values.counted() > FEW => values.drop_rarest(),
            _ if self.rate.drop_before() => true,
            Some(values) => values.drop_rarest(),
            None => self.categories.pop().is_some() || self.sizes.pop().is_some(),
        }
    }

    /// Bytes that what is learnt takes in memory beyond the profile itself.
    pub(crate) fn weight(&self) -> usize {
        let categories: usize = self.categories.iter().map(|(_, values)| values.weight() + 8).sum();
        let sizes: usize = self.sizes.iter().map(|(_, sizes)| sizes.weight() + 8).sum();
        self.rate.weight() + categories + sizes
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.rate.write(out);
        put(out, self.categories.len() as u64);
        for (feature, values) in &self.categories {
            put(out, u64::from(*feature));
            values.write(out);
        }
        put(out, self.sizes.len() as u64);
        for (feature, sizes) in &self.sizes {
            put(out, u64::from(*feature));
            sizes.write(out);
        }
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, SnapshotError> {
        let mut read = Self { rate: Rate::read(fields)?, ..Self::default() };
        for _ in 0..fields.count(Self::CATEGORIES)? {
            read.categories.push((fields.small()?, Novelty::read(fields)?));
        }
        for _ in 0..fields.count(Self::SIZES)? {
            read.sizes.push((fields.small()?, Volume::read(fields)?));
        }
        let sorted =
            read.categories.is_sorted_by(|a, b| a.0 < b.0) && read.sizes.is_sorted_by(|a, b| a.0 < b.0);
        if sorted { Ok(read) } else { Err(SnapshotError::Invalid { field: "features" }) }
    }
}

fn find<T>(list: &[(u32, T)], feature: u32) -> Option<&T> {
    let at = list.binary_search_by_key(&feature, |(known, _)| *known).ok()?;
    list.get(at).map(|(_, found)| found)
}

fn find_or_add<T>(
    list: &mut Vec<(u32, T)>,
    (feature, limit): (u32, usize),
    fresh: fn() -> T,
) -> Option<&mut T> {
    let at = match list.binary_search_by_key(&feature, |(known, _)| *known) {
        Ok(at) => at,
        Err(_) if list.len() >= limit => return None,
        Err(at) => {
            list.insert(at, (feature, fresh()));
            at
        }
    };
    list.get_mut(at).map(|(_, found)| found)
}

/// The sum of its members.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cohort {
    pub(crate) members: u32,
    pub(crate) profile: Profile,
}

impl Cohort {
    /// Counts one member with all it has learnt.
    pub(crate) fn adopt(&mut self, member: &Profile) {
        self.members = self.members.saturating_add(1);
        self.profile.rate.merge(&member.rate);
        for (feature, values) in &member.categories {
            if let Some(ours) = self.profile.category_mut(*feature, Novelty::wide) {
                ours.adopt(values);
            }
        }
        for (feature, sizes) in &member.sizes {
            if let Some(ours) = self.profile.size_mut(*feature) {
                ours.merge(sizes);
            }
        }
    }
}

/// The peers of one entity: its declared group, and behind it all entities of its kind.
#[derive(Clone, Copy, Default)]
pub(crate) struct Peers<'a> {
    pub(crate) group: Option<&'a Cohort>,
    pub(crate) kind: Option<&'a Cohort>,
}

impl<'a> Peers<'a> {
    /// The cohort that speaks for rates and sizes: the group when it has more than the entity itself.
    pub(crate) fn nearest(&self) -> Option<&'a Cohort> {
        self.group.filter(|group| group.members > 1).or(self.kind)
    }

    /// The share of peers that show `value`, shrunk from the group towards the kind.
    pub(crate) fn share(&self, feature: u32, value: u64) -> f64 {
        let far = self
            .kind
            .map_or(0.0, |kind| holders(kind, feature, value) / (f64::from(kind.members) + PSEUDO_COUNT));
        self.group.map_or(far, |group| {
            let members = f64::from(group.members);
            (holders(group, feature, value) + PSEUDO_COUNT * far) / (members + PSEUDO_COUNT)
        })
    }

    /// The probability that a value which a peer shows is as rare among peers as `value`, or rarer.
    pub(crate) fn tail(&self, feature: u32, value: u64) -> f64 {
        let of = |cohort: &Cohort| cohort.profile.category(feature).map_or(1.0, |values| values.tail(value));
        let far = self.kind.map_or(1.0, of);
        self.group.map_or(far, |group| {
            let members = f64::from(group.members);
            (members * of(group) + PSEUDO_COUNT * far) / (members + PSEUDO_COUNT)
        })
    }

    /// The probability that a value is as rare among peers as one that none of them shows.
    pub(crate) fn tail_of_new(&self, feature: u32) -> f64 {
        let of =
            |cohort: &Cohort| cohort.profile.category(feature).map_or(1.0, crate::Novelty::chance_of_new);
        let far = self.kind.map_or(1.0, of);
        self.group.map_or(far, |group| {
            let members = f64::from(group.members);
            (members * of(group) + PSEUDO_COUNT * far) / (members + PSEUDO_COUNT)
        })
    }

    /// How many of the group or, if that are more, of the kind show `value`.
    pub(crate) fn holders(&self, feature: u32, value: u64) -> u32 {
        let of = |cohort: &Cohort| cohort.profile.category(feature).map_or(0, |values| values.holders(value));
        self.group.into_iter().chain(self.kind).map(of).max().unwrap_or(0)
    }

    /// How many of the nearest peers show `value`.
    pub(crate) fn told(&self, feature: u32, value: u64) -> Option<PeerShare> {
        let cohort = self.nearest()?;
        let holders = cohort.profile.category(feature).map_or(0, |values| values.holders(value));
        Some(PeerShare { holders, members: cohort.members })
    }
}

fn holders(cohort: &Cohort, feature: u32, value: u64) -> f64 {
    f64::from(cohort.profile.category(feature).map_or(0, |values| values.holders(value)))
}
