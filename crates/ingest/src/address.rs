//! What is a network address, so that nothing else is told as one.

use std::net::IpAddr;

/// Whether `text` is an address of IP, also with the leading zeros that anonymised copies have.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_padded(text)
}

fn is_padded(text: &str) -> bool {
    let mut parts = 0;
    let sound = text.split('.').all(|part| {
        parts += 1;
        part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u8>().is_ok()
    });
    sound && parts == 4
}

/// Whether `text` is a hardware address as logs write it: six pairs of hexadecimal digits.
pub(crate) fn is_hardware(text: &str) -> bool {
    let mut pairs = 0;
    let sound = text.split([':', '-']).all(|pair| {
        pairs += 1;
        pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    sound && pairs == 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_names() {
        for (text, expected) in [
            ("192.0.2.7", true),
            ("075.050.255.67", true),
            ("2001:db8::1", true),
            ("1.2.3", false),
            ("1.2.3.4.5", false),
            ("+1.2.3.4", false),
            ("AWS Internal", false),
            ("s3.amazonaws.com", false),
            ("", false),
        ] {
            assert_eq!(is_address(text), expected, "{text}");
        }
        assert!(
            is_hardware("00:0d:3a:13:e3:69") && !is_hardware("00:0d:3a") && !is_hardware("zz:0d:3a:13:e3:69")
        );
    }
}
