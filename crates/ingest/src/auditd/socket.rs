//! An address of a socket as the kernel writes it: family, port and address in hexadecimal digits.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The other end of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    Ip(String, u16),
    /// A socket of this machine, by its path.
    Local(String),
}

/// Reads `saddr`: two bytes of family in the order of the machine, then as the family has it.
pub(super) fn address(saddr: &str) -> Option<Address> {
    let bytes: Option<Vec<u8>> =
        (0..saddr.len()).step_by(2).map(|at| u8::from_str_radix(saddr.get(at..at + 2)?, 16).ok()).collect();
    let bytes = bytes?;
    let (family, rest) = bytes.split_at_checked(2)?;
    match family {
        [2, 0] | [0, 2] => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address = rest.first_chunk::<4>()?;
            Some(Address::Ip(Ipv4Addr::from(*address).to_string(), u16::from_be_bytes(*port)))
        }
        [10, 0] | [0, 10] => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address = rest.get(4..)?.first_chunk::<16>()?;
            Some(Address::Ip(Ipv6Addr::from(*address).to_string(), u16::from_be_bytes(*port)))
        }
        [1, 0] | [0, 1] => {
            let path: Vec<u8> =
                rest.iter().copied().skip_while(|byte| *byte == 0).take_while(|byte| *byte != 0).collect();
            Some(Address::Local(String::from_utf8(path).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart() {
        let ip = |text: &str, port| Some(Address::Ip(text.to_owned(), port));
        assert_eq!(address("02000050C00002070000000000000000"), ip("192.0.2.7", 80));
        assert_eq!(
            address("0A0001BB0000000020010DB800000000000000000000000100000000"),
            ip("2001:db8::1", 443)
        );
        assert_eq!(address("01002F72756E2F6100"), Some(Address::Local("/run/a".to_owned())));
        assert_eq!((address("1000000000"), address("zz"), address("")), (None, None, None));
    }
}
