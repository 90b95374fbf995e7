//! Which values were ever seen, in one bit each: membership and a number of different ones.
//!
//! Linear counting (Whang, Vander-Zanden and Taylor, ACM TODS 15(2), 1990) over a map of whole words, whose number
//! is a power of two. O(1) a value, O(words) a count.

use crate::varint::{Fields, put};
use homeostat_core::SnapshotError;

/// Whether the bit of `tag` is set. Bits are chosen by the tag, so that maps of different width agree.
pub(crate) fn bit(map: &[u64], tag: u32) -> bool {
    place(map.len(), tag).is_some_and(|(word, mask)| map.get(word).is_some_and(|bits| bits & mask != 0))
}

/// Sets the bit of `tag`.
pub(crate) fn set(map: &mut [u64], tag: u32) {
    if let Some((word, mask)) = place(map.len(), tag)
        && let Some(bits) = map.get_mut(word)
    {
        *bits |= mask;
    }
}

/// Word and mask of the bit of `tag` in a map of so many words.
pub(crate) fn place(words: usize, tag: u32) -> Option<(usize, u64)> {
    let at = usize::try_from(tag).ok()?.checked_rem(words * 64)?;
    Some((at / 64, 1 << (at % 64)))
}

/// The map at `words` words, a divisor of its own number of words.
pub(crate) fn folded(map: &[u64], words: usize) -> Vec<u64> {
    let mut narrow = vec![0; words];
    for part in map.chunks(words.max(1)) {
        for (bits, more) in narrow.iter_mut().zip(part) {
            *bits |= more;
        }
    }
    narrow
}

/// The number of different values behind a map of so many bits, of which so many are set.
pub(crate) fn linear_count(bits: f64, ones: f64) -> f64 {
    if bits > 0.0 { -bits * libm::log((bits - ones).max(0.5) / bits) } else { 0.0 }
}

/// Up to so many set bits are written as their distances, a byte or two each; more as the words themselves.
const SPARSE: u32 = 24;

/// Appends a map.
pub(crate) fn write_map(out: &mut Vec<u8>, map: &[u64]) {
    let ones: u32 = map.iter().map(|word| word.count_ones()).sum();
    put(out, u64::from(ones));
    if ones > SPARSE {
        out.extend(map.iter().flat_map(|word| word.to_le_bytes()));
        return;
    }
    let mut last = 0;
    for at in (0..map.len() * 64).filter(|at| map.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1))
    {
        put(out, (at - last) as u64);
        last = at;
    }
}

/// Reads a map of `width` words.
pub(crate) fn read_map(fields: &mut Fields<'_>, width: usize) -> Result<Vec<u64>, SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "trace" };
    let ones = fields.small()?;
    let mut map = vec![0_u64; width];
    if ones > SPARSE {
        let (bytes, rest) = fields.0.split_at_checked(width * 8).ok_or(SnapshotError::Truncated)?;
        fields.0 = rest;
        for (word, bytes) in map.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
    } else {
        let mut at = 0_usize;
        for _ in 0..ones {
            let step = usize::try_from(fields.number()?).map_err(|_| INVALID)?;
            at = at.checked_add(step).ok_or(INVALID)?;
            *map.get_mut(at / 64).ok_or(INVALID)? |= 1 << (at % 64);
        }
    }
    let sound = map.iter().map(|word| word.count_ones()).sum::<u32>() == ones;
    if sound { Ok(map) } else { Err(INVALID) }
}
