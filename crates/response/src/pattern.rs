//! The two patterns a rule may name resources by: a glob over text, and a network prefix.

use std::net::IpAddr;

/// A text pattern in which `*` stands for any run of characters and `?` for one. O(n·m) at worst, no recursion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Box<str>);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// The text itself, when the pattern holds neither `*` nor `?`.
    pub(crate) fn exact(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(&*self.0)
    }

    /// The text before the first `*` or `?`: whatever fits begins with it.
    pub(crate) fn literal(&self) -> &str {
        self.0.split(['*', '?']).next().unwrap_or_default()
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), text.chars());
        // Where to go on when the characters after the last star do not fit: one character of text further.
        let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
        loop {
            let at = rest.clone();
            match (pattern.next(), rest.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    retry = Some((pattern.clone(), at.clone()));
                    rest = at;
                }
                (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
                _ => {
                    let Some((after_star, mut from)) = retry.take() else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    pattern = after_star.clone();
                    rest = from.clone();
                    retry = Some((after_star, from));
                }
            }
        }
    }
}

/// A network prefix such as `10.0.0.0/8` or `2001:db8::/32`; a bare address is a prefix of full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    bits: u128,
    mask: u128,
    v6: bool,
}

impl Cidr {
    /// Reads a prefix; `None` when it is none, or has bits set beyond its length.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, width) = bits_of(address);
        let length = length.unwrap_or(width);
        let host = width.checked_sub(length)?;
        let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
        let mask = if host == 128 { 0 } else { all >> host << host };
        (bits & !mask == 0).then_some(Self { bits, mask, v6: address.is_ipv6() })
    }

    /// The family and the mask: prefixes that share both are told apart by their bits alone.
    pub(crate) fn shape(self) -> (bool, u128) {
        (self.v6, self.mask)
    }

    /// The bits that every address in it begins with.
    pub(crate) fn bits(self) -> u128 {
        self.bits
    }

    /// The bits of `address` under `mask`, when it is of that family.
    pub(crate) fn under(address: IpAddr, (v6, mask): (bool, u128)) -> Option<u128> {
        let address = address.to_canonical();
        (address.is_ipv6() == v6).then(|| bits_of(address).0 & mask)
    }

    pub(crate) fn holds(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv6() == self.v6 && bits_of(address).0 & self.mask == self.bits
    }
}

fn bits_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, by recursion.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                slow(rest, text) || text.split_first().is_some_and(|(_, tail)| slow(pattern, tail))
            }
            (Some((wanted, rest)), Some((found, tail))) => {
                (*wanted == '?' || wanted == found) && slow(rest, tail)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_fit_as_defined(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&pattern).fits(&text), slow(&p, &t));
        }

        #[test]
        fn a_prefix_holds_what_shares_its_bits(base: u32, length in 0_u32..=32, other: u32) {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            let cidr = Cidr::parse(&format!("{}/{length}", std::net::Ipv4Addr::from_bits(base & mask))).unwrap();
            let inside = std::net::Ipv4Addr::from_bits(other);
            prop_assert_eq!(cidr.holds(inside.into()), other & mask == base & mask);
            prop_assert_eq!(cidr.holds(inside.to_ipv6_mapped().into()), other & mask == base & mask);
        }
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for bad in ["", "10.0.0.0/33", "10.0.0.1/8", "ten/8", "2001:db8::/129", "10.0.0.0/-1", "10.0.0.0/8/8"]
        {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
        assert!(Cidr::parse("::/0").unwrap().holds("2001:db8::1".parse().unwrap()));
    }
}
