//! In which order the members of an object stand by name: records of one kind name their members alike, in one order.
//!
//! An order found before is looked at member by member before it is taken for another object, so that it changes nothing
//! but how fast that object is sorted: O(members) instead of O(members · log members). At most 512 orders of 256 members.

use super::{Open, Tape, index_of, slice};

/// How many orders are kept. Default 512: a log has some dozens of kinds of records, and a record some objects.
const ORDERS: usize = 512;

/// The most members of an object whose order is kept. Default 256: longer ones are lists of names of the day.
const LONGEST: usize = 256;

/// The orders found.
#[derive(Debug, Default)]
pub(super) struct Sorted(Vec<Kept>);

/// For the hash of an object's names the places of its members, by name.
#[derive(Clone, Debug, Default)]
struct Kept {
    shape: u64,
    places: Vec<u32>,
}

/// The hash of the names whose hash is `shape` and one more that starts as `start`.
pub(super) fn with(shape: u64, start: u64) -> u64 {
    (shape.rotate_left(5) ^ start).wrapping_mul(0x517C_C1B7_2722_0A95)
}

impl Sorted {
    /// The places of `members` by name, when such an order was kept for `shape` and `is_before` says of each and the next
    /// that they stand so.
    pub(super) fn of<M>(
        &self,
        shape: u64,
        members: &[M],
        is_before: impl Fn(&M, &M) -> bool,
    ) -> Option<&[u32]> {
        let kept = self.0.get(place_of(shape))?;
        let is_same = kept.shape == shape && kept.places.len() == members.len();
        let mut before: Option<&M> = None;
        let stand_so = |place: &u32| {
            let Some(member) = members.get(*place as usize) else { return false };
            let follows = before.is_none_or(|before| is_before(before, member));
            before = Some(member);
            follows
        };
        // Each stands before the next, so that none comes twice.
        (is_same && kept.places.iter().all(stand_so)).then_some(&kept.places)
    }

    /// Keeps the order of `sorted`: members by name, each with a number that rises in the order in which they were written.
    pub(super) fn keep(&mut self, shape: u64, sorted: &[(u64, u32)]) {
        if sorted.len() > LONGEST {
            return;
        }
        if self.0.is_empty() {
            self.0.resize(ORDERS, Kept::default());
        }
        let Some(kept) = self.0.get_mut(place_of(shape)) else { return };
        let mut written: Vec<u32> = sorted.iter().map(|member| member.1).collect();
        written.sort_unstable();
        kept.shape = shape;
        kept.places.clear();
        let places = sorted.iter().filter_map(|member| written.binary_search(&member.1).ok());
        kept.places.extend(places.filter_map(|place| u32::try_from(place).ok()));
    }
}

impl Tape {
    /// Lists the members of `object`, which has just ended, by their names unless they stand so. Gives the later one of two
    /// of one name.
    pub(super) fn sort_members(&mut self, object: Open, bytes: &[u8]) -> Option<u32> {
        let mut sorting = core::mem::take(&mut self.sorting);
        let members = sorting.get_mut(object.members..).unwrap_or_default();
        let twice = if object.is_in_order { None } else { self.sort(object, bytes, members) };
        sorting.truncate(object.members);
        self.sorting = sorting;
        twice
    }

    fn sort(&mut self, object: Open, bytes: &[u8], members: &mut [(u64, u32)]) -> Option<u32> {
        let Self { nodes, order, sorted, .. } = self;
        let name = |index: u32| nodes.get(index as usize).map_or(&[][..], |node| slice(bytes, node.key));
        let is_before = |one: &(u64, u32), other: &(u64, u32)| {
            one.0 < other.0 || (one.0 == other.0 && name(one.1) < name(other.1))
        };
        let (start, mut twice) = (index_of(order.len()), None);
        if let Some(places) = sorted.of(object.shape, members, is_before) {
            order.push(index_of(members.len()));
            order.extend(
                places.iter().filter_map(|place| members.get(*place as usize)).map(|member| member.1),
            );
        } else {
            members.sort_unstable();
            for same in members.chunk_by_mut(|one, other| one.0 == other.0).filter(|same| same.len() > 1) {
                same.sort_unstable_by(|one, other| name(one.1).cmp(name(other.1)));
                let mut pairs = same.iter().zip(same.iter().skip(1));
                let found = pairs.find(|(one, other)| name(one.1) == name(other.1));
                twice = twice.or(found.map(|(one, other)| one.1.max(other.1)));
            }
            if members.is_sorted_by_key(|member| member.1) {
                return twice;
            }
            order.push(index_of(members.len()));
            order.extend(members.iter().map(|member| member.1));
            sorted.keep(object.shape, members);
        }
        if let Some(node) = nodes.get_mut(object.node as usize) {
            node.order = start;
        }
        twice
    }
}

fn place_of(shape: u64) -> usize {
    (shape >> 55) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_taken_only_where_it_holds() {
        let is_before = |one: &(u64, u32), other: &(u64, u32)| one.0 < other.0;
        let mut orders = Sorted::default();
        let written = [(30, 4), (10, 5), (20, 9)];
        assert_eq!(orders.of(7, &written, is_before), None);
        orders.keep(7, &[(10, 5), (20, 9), (30, 4)]);
        assert_eq!(orders.of(7, &written, is_before), Some(&[1, 2, 0][..]));
        for other in
            [&[(30, 4), (20, 5), (10, 9)][..], &[(30, 4), (10, 5), (10, 9)], &[(30, 4), (10, 5)], &[]]
        {
            assert_eq!(orders.of(7, other, is_before), None);
        }
        assert_eq!(orders.of(8, &written, is_before), None);
    }
}
