//! A block of addresses, as CIDR writes it (RFC 4632, RFC 4291).

use core::fmt;
use core::net::IpAddr;

/// All addresses that share their first bits. IPv4 addresses are taken as IPv4-mapped IPv6 ones (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    first: u128,
    bits: u32,
}

/// Bits before the address of an IPv4-mapped one.
const MAPPED: u32 = 96;

impl Block {
    /// The block that `text` writes: an address, or an address and the length of the prefix.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let before = if address.is_ipv4() { MAPPED } else { 0 };
        let bits = length.map_or(128, |length| length.saturating_add(before)).min(128);
        Some(Self { first: number(address) & mask(bits), bits })
    }

    /// The network that an address lies in, as networks are given out: a /24, or a /48 of IPv6.
    pub(crate) fn around(address: IpAddr) -> Self {
        let bits = if address.is_ipv4() { MAPPED + 24 } else { 48 };
        Self { first: number(address) & mask(bits), bits }
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        number(address) & mask(self.bits) == self.first
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

const fn mask(bits: u32) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
}

impl fmt::Display for Block {
    /// An address where it holds but one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = core::net::Ipv6Addr::from_bits(self.first);
        let mapped = address.to_ipv4_mapped().filter(|_| self.bits >= MAPPED);
        match (mapped, self.bits) {
            (Some(address), 128) => write!(f, "{address}"),
            (Some(address), bits) => write!(f, "{address}/{}", bits - MAPPED),
            (None, 128) => write!(f, "{address}"),
            (None, bits) => write!(f, "{address}/{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_are_written_as_they_are_read() {
        for block in ["203.0.113.9", "203.0.113.64/28", "2001:db8::/126", "0.0.0.0/0"] {
            assert_eq!(Block::parse(block).unwrap().to_string(), block);
        }
        let network = Block::parse("198.51.100.0/24").unwrap();
        assert_eq!(network, Block::around(address("198.51.100.77")));
        assert!(network.holds(address("198.51.100.1")) && !network.holds(address("198.51.101.1")));
        assert_eq!(Block::parse("nowhere"), None);
    }
}
