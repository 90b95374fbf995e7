//! Lists of names that are told from all others at a glance.
//!
//! Names are compared without regard to case, `_` and `-`. By its first and last sign and its length nearly every name of
//! a record differs from all that are listed: O(1). Of the others those are compared that start alike.

/// The longest name of a list, with room for separators.
const LONGEST: usize = 32;

/// A list of names in lower case without separators, sorted, and a quick look by which most names of a record differ
/// from all of them.
pub(super) struct Names {
    pub(super) listed: &'static [&'static str],
    pub(super) lengths: Lengths,
    // For each first letter where in the list the names end that start with it or one before it.
    ends: [usize; 27],
}

/// For each first letter and last sign (26 for what is no letter) the lengths of the names in a list, with up to three
/// separators in them.
pub(super) struct Lengths([[u64; 27]; 27]);

impl Names {
    #[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
    pub(super) const fn new(listed: &'static [&'static str]) -> Self {
        let (mut lengths, mut ends) = ([[0; 27]; 27], [0; 27]);
        let mut number = 0;
        while number < listed.len() {
            let name = listed[number].as_bytes();
            let (first, last) = (place_of(name[0]), place_of(name[name.len() - 1]));
            let mut letter = if first == 26 { 0 } else { first };
            while letter < 27 {
                ends[letter] = number + 1;
                letter += 1;
            }
            lengths[first][last] |= 0b1111 << name.len();
            lengths[first][26] |= 0b1111 << name.len();
            number += 1;
        }
        Self { listed, lengths: Lengths(lengths), ends }
    }

    /// Whether `name`, in whatever case and with separators, is one of these.
    pub(super) fn hold(&self, name: &str) -> bool {
        self.lengths.may_be_of(name) && self.that_start_as(name).iter().any(|known| is_spelled(name, known))
    }

    /// The names of the list that start with the same letter; all when `name` starts with a separator or the like.
    fn that_start_as(&self, name: &str) -> &[&'static str] {
        let first = name.bytes().next().map_or(26, place_of);
        let end_of = |letter: usize| self.ends.get(letter).copied();
        let found = match first {
            0..26 => {
                let start = first.checked_sub(1).and_then(end_of).unwrap_or(0);
                end_of(first).and_then(|end| self.listed.get(start..end))
            }
            _ => Some(self.listed),
        };
        found.unwrap_or_default()
    }
}

/// Whether `name` without its separators and in lower case is `plain`.
fn is_spelled(name: &str, plain: &str) -> bool {
    let mut plain = plain.bytes();
    let mut signs = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
    signs.all(|byte| plain.next() == Some(byte.to_ascii_lowercase())) && plain.next().is_none()
}

impl Lengths {
    /// Those of two lists.
    #[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
    pub(super) const fn and(&self, other: &Self) -> Self {
        let mut both = [[0; 27]; 27];
        let mut at = 0;
        while at < 27 * 27 {
            both[at / 27][at % 27] = self.0[at / 27][at % 27] | other.0[at / 27][at % 27];
            at += 1;
        }
        Self(both)
    }

    /// Whether a name can be one of the list.
    #[inline]
    pub(super) fn may_be_of(&self, name: &str) -> bool {
        let letter = |byte: Option<&u8>| byte.map_or(26, |byte| place_of(*byte));
        let bytes = name.as_bytes();
        let lengths = self.0.get(letter(bytes.first())).and_then(|ends| ends.get(letter(bytes.last())));
        name.len() <= LONGEST && lengths.is_some_and(|lengths| lengths >> name.len() & 1 == 1)
    }
}

/// The number of a letter, without regard to case; 26 of any other sign.
const fn place_of(byte: u8) -> usize {
    match byte | 0x20 {
        letter @ b'a'..=b'z' => (letter - b'a') as usize,
        _ => 26,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static NAMES: Names = Names::new(&["#text", "apikey", "arg", "cookie", "text", "title", "zone"]);

    proptest! {
        #[test]
        fn names_are_held_as_a_look_at_each_would_tell(name in "[-_#aAtTxXeEpPiIkKyYlLrRgGzZoOnN]{0,9}|[_-]?[aA]pi[_-]?[kK]ey[_-]?|_?Text") {
            let plain: String = name.chars().filter(|sign| !matches!(sign, '-' | '_')).collect();
            let listed = NAMES.listed.contains(&plain.to_ascii_lowercase().as_str());
            prop_assert_eq!(NAMES.hold(&name), listed && NAMES.lengths.may_be_of(&name));
        }
    }
}
