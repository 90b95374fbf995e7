//! The one public hash: XXH64 with seed 0, the same for ever, on every platform and in every language.
//!
//! Published specification: the xxHash fast digest algorithm, revision 0.2.0, section "XXH64 algorithm".
//! Shards, signal ids and snapshot checksums rest on it; hash tables never do (their seeds are per tenant).

const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

/// XXH64 of `bytes` with seed 0. Takes O(n) time and no memory.
///
/// ```
/// assert_eq!(homeostat_core::xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
/// ```
pub fn xxh64(bytes: &[u8]) -> u64 {
    let (stripes, tail) = bytes.as_chunks::<32>();
    let mut hash = if stripes.is_empty() { P5 } else { digest_stripes(stripes) };
    hash = hash.wrapping_add(bytes.len() as u64);
    avalanche(digest_tail(hash, tail))
}

fn digest_stripes(stripes: &[[u8; 32]]) -> u64 {
    let mut lanes = [P1.wrapping_add(P2), P2, 0, 0_u64.wrapping_sub(P1)];
    for stripe in stripes {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
    let [a, b, c, d] = lanes;
    let sum = a.rotate_left(1).wrapping_add(b.rotate_left(7));
    let sum = sum.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    lanes.iter().fold(sum, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4))
}

fn digest_tail(mut hash: u64, tail: &[u8]) -> u64 {
    let (words, rest) = tail.as_chunks::<8>();
    for word in words {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(P1);
        hash = hash.rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(P5);
        hash = hash.rotate_left(11).wrapping_mul(P1);
    }
    hash
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

fn avalanche(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(P3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::xxh64;

    #[test]
    fn published_vectors_hold() {
        let vectors: [(&[u8], u64); 7] = [
            (b"", 0xef46_db37_51d8_e999),
            (b"a", 0xd24e_c4f1_a98c_6e5b),
            (b"abc", 0x44bc_2cf5_ad77_0999),
            (b"acme\x1fupn\x1fjane.doe@acme.example", 0xd5ec_3266_cb6e_b923),
            ("acme\x1fupn\x1fzoë@acme.example".as_bytes(), 0xeb2b_3f2a_bb79_a46c),
            (b"acme\x1fhostname\x1fmkt01.acme.example", 0xaabe_bade_53bf_0363),
            (b"acme\x1fiam_role_arn\x1farn:aws:iam::123456789012:role/svc-etl", 0x0d79_521a_0ea5_c39a),
        ];
        for (bytes, expected) in vectors {
            assert_eq!(xxh64(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
