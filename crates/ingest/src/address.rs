//! What is a network address, so that nothing else is told as one.

use std::net::IpAddr;

/// Whether `text` is an address of IP, also with the leading zeros that anonymised copies have.
pub(crate) fn is_address(text: &str) -> bool {
    match text.bytes().find(|byte| !byte.is_ascii_digit()) {
        Some(b'.') => is_dotted(text.as_bytes()),
        Some(b':' | b'a'..=b'f' | b'A'..=b'F') => text.parse::<IpAddr>().is_ok(),
        _ => false,
    }
}

/// Whether `text` is four numbers of at most three digits, none above 255, with dots between them.
fn is_dotted(text: &[u8]) -> bool {
    let (mut parts, mut digits, mut number) = (1, 0, 0_u16);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                (digits, number) = (digits + 1, number * 10 + u16::from(byte - b'0'));
            }
            b'.' if digits > 0 && number <= 255 => (parts, digits, number) = (parts + 1, 0, 0),
            _ => return false,
        }
    }
    parts == 4 && digits > 0 && number <= 255
}

/// The address in `text`, freed of brackets, port, zone and the form in which IPv6 carries one of IPv4, and the
/// port: `192.0.2.7:443`, `[2001:db8::1]:443`, `::ffff:192.0.2.7`.
pub(crate) fn without_port(text: &str) -> Option<(&str, Option<u16>)> {
    let text = text.trim();
    let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':').and_then(|port| port.parse().ok())),
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => (address, port.parse().ok()),
            _ => (text, None),
        },
    };
    let address = address.split('%').next().unwrap_or(address);
    let mapped = address.get(..7).filter(|start| start.eq_ignore_ascii_case("::ffff:"));
    let inner = mapped.and_then(|_| address.get(7..)).filter(|inner| inner.contains('.'));
    let address = inner.unwrap_or(address);
    is_address(address).then_some((address, port))
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
    use proptest::prelude::*;

    /// As the standard library reads them, and padded ones.
    fn is_address_slowly(text: &str) -> bool {
        let mut parts = 0;
        let sound = text.split('.').all(|part| {
            parts += 1;
            part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u8>().is_ok()
        });
        text.parse::<IpAddr>().is_ok() || (sound && parts == 4)
    }

    proptest! {
        #[test]
        fn addresses_are_told_as_the_slow_way_tells_them(
            text in "([0-9]{0,4}[.]){2,4}[0-9]{0,4}|[0-9a-fA-F:.]{0,20}|[0-9a-f]{0,3}:[0-9a-f]{0,2}::?[0-9.]{0,15}|.{0,9}"
        ) {
            prop_assert_eq!(is_address(&text), is_address_slowly(&text), "{}", text);
        }
    }

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
        for (text, expected) in [
            ("192.0.2.7", Some(("192.0.2.7", None))),
            ("192.0.2.7:443", Some(("192.0.2.7", Some(443)))),
            ("[2001:db8::1]:443", Some(("2001:db8::1", Some(443)))),
            ("2001:db8::1", Some(("2001:db8::1", None))),
            ("::ffff:192.0.2.7", Some(("192.0.2.7", None))),
            ("[::ffff:192.0.2.7]:8080", Some(("192.0.2.7", Some(8080)))),
            ("fe80::1%eth0", Some(("fe80::1", None))),
            ("<null>", None),
            ("host:443", None),
            ("", None),
        ] {
            assert_eq!(without_port(text), expected, "{text}");
        }
        assert!(
            is_hardware("00:0d:3a:13:e3:69") && !is_hardware("00:0d:3a") && !is_hardware("zz:0d:3a:13:e3:69")
        );
    }
}
