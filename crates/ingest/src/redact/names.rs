//! Lists of names that are told from all others at a glance.
//!
//! Names are compared without regard to case, `_` and `-`. By its first and last sign and its length nearly every name of
//! a record differs from all that are listed: O(1), and no name is written anew for it.

/// The longest name of a list, with room for separators.
const LONGEST: usize = 32;

/// A list of names in lower case without separators, sorted, and a quick look by which most names of a record differ
/// from all of them.
pub(super) struct Names {
    pub(super) listed: &'static [&'static str],
    pub(super) lengths: Lengths,
}

/// For each first letter and last sign (26 for what is no letter) the lengths of the names in a list, with up to three
/// separators in them.
pub(super) struct Lengths([[u64; 27]; 27]);

impl Names {
    #[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
    pub(super) const fn new(listed: &'static [&'static str]) -> Self {
        let mut lengths = [[0; 27]; 27];
        let mut number = 0;
        while number < listed.len() {
            let name = listed[number].as_bytes();
            let (first, last) = (place_of(name[0]), place_of(name[name.len() - 1]));
            lengths[first][last] |= 0b1111 << name.len();
            lengths[first][26] |= 0b1111 << name.len();
            number += 1;
        }
        Self { listed, lengths: Lengths(lengths) }
    }

    /// Whether `name`, in whatever case and with separators, is one of these.
    pub(super) fn hold(&self, name: &str) -> bool {
        self.lengths.may_be_of(name) && {
            let mut plain = [0; LONGEST];
            let plain = crate::text::plain_in(&mut plain, name);
            self.listed.binary_search_by(|known| known.as_bytes().cmp(plain)).is_ok()
        }
    }
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
