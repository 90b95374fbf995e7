//! What a packed event is made of: items, each a piece, a number, an id, or text in the shortest form it has.
//!
//! An item starts with a number (LEB128) whose two lowest bits say what it is and whose others belong to it.

use crate::attribute::{write_count, written};

/// One item. What it stands for follows what the items before it stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A piece of the interner, by its number.
    Piece(u64),
    /// Text as it is.
    Text(&'a str),
    /// A whole number below 2^62, as it is spelled.
    Number(u64),
    /// A UUID in lower case between quotes (RFC 9562).
    Id(u128),
    /// The first bytes of a piece: its number, and how many.
    Beginning(u64, u64),
    /// Bytes of this very event: from where, and how many.
    Again(u64, u64),
    /// A text between quotes of nothing but base64's signs (RFC 4648), of which so many end it as `=`.
    Signs(&'a str, u64),
}

const PIECE: u64 = 0;
const TEXT: u64 = 1;
const NUMBER: u64 = 2;
const OTHER: u64 = 3;

const ID: u64 = 0;
const BEGINNING: u64 = 1;
const AGAIN: u64 = 2;
/// And the numbers from here: the signs at the end that are `=`.
const SIGNS: u64 = 3;

/// How many `=` may end a text.
const PADS: u64 = 2;

impl<'a> Item<'a> {
    /// The item that says `text`, a whole JSON value, best without regard to others.
    pub(super) fn of_value(text: &'a str) -> Self {
        let number = number_of(text).map(Self::Number);
        number.or_else(|| id_of(text).map(Self::Id)).or_else(|| signs_of(text)).unwrap_or(Self::Text(text))
    }

    /// Appends the item to `packed`.
    pub(super) fn put(self, packed: &mut Vec<u8>) {
        match self {
            Self::Piece(number) => put_number(number << 2 | PIECE, packed),
            Self::Number(number) => put_number(number << 2 | NUMBER, packed),
            Self::Text(text) => {
                put_number((text.len() as u64) << 2 | TEXT, packed);
                packed.extend(text.as_bytes());
            }
            Self::Id(id) => {
                put_number(ID << 2 | OTHER, packed);
                packed.extend(id.to_be_bytes());
            }
            Self::Beginning(first, length) => put_pair(BEGINNING, [first, length], packed),
            Self::Again(first, length) => put_pair(AGAIN, [first, length], packed),
            Self::Signs(signs, pads) => {
                put_number((SIGNS + pads) << 2 | OTHER, packed);
                put_number(signs.len() as u64, packed);
                put_signs(signs, packed);
            }
        }
    }
}

/// What an item that was read stands for.
pub(super) enum Read<'p> {
    /// A piece of the interner, the first so many bytes of it.
    Piece(u64, Option<u64>),
    /// Bytes told before.
    Again(u64, u64),
    /// What stands in the item.
    Text(&'p str),
    /// Made of the item, and written already.
    Written,
}

/// Reads the item that `bytes` start with, writes what it makes to `out`; gives the bytes behind it.
///
/// `None` where they are no item.
pub(super) fn take<'p>(bytes: &'p [u8], out: &mut String) -> Option<(Read<'p>, &'p [u8])> {
    let (head, rest) = take_number(bytes)?;
    let number = head >> 2;
    match head & 3 {
        PIECE => Some((Read::Piece(number, None), rest)),
        NUMBER => {
            out.push_str(&written(|digits| write_count(number, digits)));
            Some((Read::Written, rest))
        }
        TEXT => {
            let (text, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            Some((Read::Text(core::str::from_utf8(text).ok()?), rest))
        }
        _ => take_other(number, rest, out),
    }
}

fn take_other<'p>(kind: u64, bytes: &'p [u8], out: &mut String) -> Option<(Read<'p>, &'p [u8])> {
    if kind == ID {
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        write_id(u128::from_be_bytes(*id), out);
        return Some((Read::Written, rest));
    }
    let (first, rest) = take_number(bytes)?;
    if kind >= SIGNS {
        return Some((Read::Written, take_signs(first, kind - SIGNS, rest, out)?));
    }
    let (length, rest) = take_number(rest)?;
    match kind {
        BEGINNING => Some((Read::Piece(first, Some(length)), rest)),
        _ => Some((Read::Again(first, length), rest)),
    }
}

fn put_pair(kind: u64, pair: [u64; 2], packed: &mut Vec<u8>) {
    put_number(kind << 2 | OTHER, packed);
    for number in pair {
        put_number(number, packed);
    }
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow (LEB128).
fn put_number(mut number: u64, packed: &mut Vec<u8>) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        packed.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    packed.push(low);
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7F).checked_shl(u32::try_from(at).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

/// A whole number that is written as it would be written again.
fn number_of(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    (is_plain && number < 1 << 62).then_some(number)
}

/// Where the hyphens of a UUID between quotes stand.
const HYPHENS: [usize; 4] = [9, 14, 19, 24];

fn id_of(text: &str) -> Option<u128> {
    let signs: &[u8; 38] = text.as_bytes().try_into().ok()?;
    let (mut id, mut digits) = (0_u128, 0);
    for (at, sign) in signs.iter().enumerate() {
        match (at, sign) {
            (0 | 37, b'"') | (9 | 14 | 19 | 24, b'-') => {}
            (_, b'0'..=b'9' | b'a'..=b'f') => {
                id = id << 4 | u128::from(char::from(*sign).to_digit(16)?);
                digits += 1;
            }
            _ => return None,
        }
    }
    (digits == 32).then_some(id)
}

fn write_id(id: u128, out: &mut String) {
    out.push('"');
    let mut shift = 128_u32;
    for at in 1..37 {
        if HYPHENS.contains(&at) {
            out.push('-');
        } else {
            shift = shift.saturating_sub(4);
            let [digit, ..] = (id >> shift & 0xF).to_le_bytes();
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out.push('"');
}

/// From how many signs on the shorter form is worth its header.
const FEW: usize = 8;

fn signs_of(text: &str) -> Option<Item<'_>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let signs = inner.trim_end_matches('=');
    let pads = (inner.len() - signs.len()) as u64;
    let fits = signs.len() >= FEW && pads <= PADS && signs.bytes().all(|sign| six_bits(sign).is_some());
    fits.then_some(Item::Signs(signs, pads))
}

fn six_bits(sign: u8) -> Option<u8> {
    match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'a'..=b'z' => Some(sign - b'a' + 26),
        b'0'..=b'9' => Some(sign - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn sign_of(bits: u8) -> char {
    char::from(match bits & 63 {
        bits @ 0..26 => b'A' + bits,
        bits @ 26..52 => b'a' + (bits - 26),
        bits @ 52..62 => b'0' + (bits - 52),
        62 => b'+',
        _ => b'/',
    })
}

/// Four signs to three bytes.
fn put_signs(signs: &str, packed: &mut Vec<u8>) {
    for four in signs.as_bytes().chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, sign| bits << 6 | u32::from(six_bits(*sign).unwrap_or(0)));
        let [_, bytes @ ..] = (bits << (6 * (4 - four.len()))).to_be_bytes();
        packed.extend(bytes.iter().take(bytes_of(four.len())));
    }
}

/// How many bytes so many signs take.
fn bytes_of(signs: usize) -> usize {
    (signs * 3).div_ceil(4)
}

fn take_signs<'p>(count: u64, pads: u64, bytes: &'p [u8], out: &mut String) -> Option<&'p [u8]> {
    let count = usize::try_from(count).ok()?;
    let (signs, rest) = bytes.split_at_checked(count.checked_mul(3)?.div_ceil(4))?;
    out.push('"');
    for (number, three) in signs.chunks(3).enumerate() {
        let bits = three.iter().chain([&0; 2]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let left = count.saturating_sub(number * 4).min(4);
        for at in 0..left {
            let [sign, ..] = (bits >> (18 - 6 * at)).to_le_bytes();
            out.push(sign_of(sign));
        }
    }
    for _ in 0..pads.min(PADS) {
        out.push('=');
    }
    out.push('"');
    Some(rest)
}
