//! How many slips of the finger lead from one label to another?
//!
//! Insertions, deletions, replacements and swaps of neighbours, each place touched once (optimal string alignment;
//! Damerau, CACM 7(3), 1964; Wagner and Fischer, JACM 21(1), 1974, for the table). O(length²) at worst, given up at
//! the first row that is beyond what is asked for; no allocation.

/// Octets of a label at most.
const LONGEST: usize = 63;

type Row = [usize; LONGEST + 1];

/// The distance between `one` and `other`, when it is at most `most` and both have at most 63 octets.
pub(crate) fn distance(one: &[u8], other: &[u8], most: usize) -> Option<usize> {
    if one.len() > LONGEST || other.len() > LONGEST || one.len().abs_diff(other.len()) > most {
        return None;
    }
    let (mut before, mut last): (Row, Row) = ([usize::MAX; LONGEST + 1], std::array::from_fn(|at| at));
    let mut previous = None;
    for (row, letter) in (1..).zip(one) {
        let mut now: Row = [usize::MAX; LONGEST + 1];
        fill(&mut now, row, (*letter, previous), (&before, &last), other);
        if now.iter().all(|cell| *cell > most) {
            return None;
        }
        (before, last, previous) = (last, now, Some(*letter));
    }
    last.get(other.len()).copied().filter(|distance| *distance <= most)
}

/// Fills the row of `letter` from the two rows above.
fn fill(now: &mut Row, row: usize, (letter, previous): (u8, Option<u8>), above: (&Row, &Row), other: &[u8]) {
    let cell = |row: &Row, column: usize| row.get(column).copied().unwrap_or(usize::MAX);
    let (mut left, mut their_previous) = (row, None);
    now.iter_mut().take(1).for_each(|first| *first = row);
    for (column, theirs) in (1..).zip(other) {
        let replaced = cell(above.1, column - 1).saturating_add(usize::from(letter != *theirs));
        let removed = cell(above.1, column).saturating_add(1);
        let mut least = replaced.min(removed).min(left.saturating_add(1));
        if column > 1 && previous == Some(*theirs) && their_previous == Some(letter) {
            least = least.min(cell(above.0, column - 2).saturating_add(1));
        }
        if let Some(place) = now.get_mut(column) {
            *place = least;
        }
        (left, their_previous) = (least, Some(*theirs));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, by recursion.
    fn slow(one: &[u8], other: &[u8]) -> usize {
        let ([.., a], [.., b]) = (one, other) else { return one.len() + other.len() };
        let (shorter, theirs) = (&one[..one.len() - 1], &other[..other.len() - 1]);
        let mut least = (slow(shorter, theirs) + usize::from(a != b))
            .min(slow(shorter, other) + 1)
            .min(slow(one, theirs) + 1);
        if let ([rest @ .., x, y], [their_rest @ .., v, w]) = (one, other)
            && x == w
            && y == v
        {
            least = least.min(slow(rest, their_rest) + 1);
        }
        least
    }

    #[test]
    fn slips_are_counted() {
        for (one, other, slips) in [
            ("google", "gogle", 1),
            ("google", "googel", 1),
            ("paypal", "paypa1", 1),
            ("abc", "cba", 2),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(one.as_bytes(), other.as_bytes(), 2), Some(slips), "{one} {other}");
        }
        assert_eq!(distance(b"microsoft", b"microfost", 1), None);
        assert_eq!(distance(&[b'a'; 64], &[b'a'; 64], 2), None);
    }

    proptest! {
        #[test]
        fn the_table_agrees_with_the_definition(one in "[ab]{0,6}", other in "[abc]{0,6}", most in 0_usize..8) {
            let truth = slow(one.as_bytes(), other.as_bytes());
            let told = distance(one.as_bytes(), other.as_bytes(), most);
            prop_assert_eq!(told, (truth <= most).then_some(truth));
        }
    }
}
