//! Base64, in which queues put the bodies of messages.

/// The text that `encoded` stands for, in either alphabet, padded or not; `None` when it is no base64 or no text.
///
/// O(length).
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let encoded = encoded.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut held, mut count) = (0_u32, 0_u32);
    for sign in encoded.bytes() {
        held = held << 6 | u32::from(value(sign)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count & 0xFF).ok()?);
        }
    }
    // A last sign alone holds no whole byte.
    if encoded.len() % 4 == 1 { None } else { String::from_utf8(bytes).ok() }
}

fn value(sign: u8) -> Option<u8> {
    match sign {
        b'A'..=b'Z' => Some(sign - b'A'),
        b'a'..=b'z' => Some(sign - b'a' + 26),
        b'0'..=b'9' => Some(sign - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn texts_are_read() {
        for (encoded, expected) in [
            ("eyJhIjoxfQ==", Some("{\"a\":1}")),
            ("eyJhIjoxfQ", Some("{\"a\":1}")),
            ("w7_Dvw", Some("ÿÿ")),
            ("w7/Dvw", Some("ÿÿ")),
            ("", Some("")),
            ("e", None),
            ("/w==", None),
            ("not base64", None),
        ] {
            assert_eq!(decode(encoded).as_deref(), expected, "{encoded}");
        }
    }
}
