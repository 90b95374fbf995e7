//! Ranges of network addresses.

use std::net::IpAddr;

/// A range of addresses of one family, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cidr {
    first: u128,
    last: u128,
    six: bool,
}

/// From here on a range of public addresses is taken for the whole Internet: two halves of everything are everything, and
/// nobody's own network is as wide. The same bounds as those of posture's rules.
const WIDE: (u32, u32) = (8, 16);

/// What is nobody else's (RFC 1918, RFC 4193).
const OWN: [&str; 2] = ["10.0.0.0/8", "fc00::/7"];

impl Cidr {
    /// Reads `address/bits` or a single address; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text.trim(), None),
        };
        let (value, width, six) = match address.parse().ok()? {
            IpAddr::V4(four) => (u128::from(u32::from(four)), 32, false),
            IpAddr::V6(six) => (u128::from(six), 128, true),
        };
        let host = u32::checked_sub(width, bits.unwrap_or(width))?;
        let rest = if host == 128 { u128::MAX } else { (1_u128 << host) - 1 };
        Some(Self { first: value & !rest, last: value | rest, six })
    }

    /// Whether the two have an address in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.six == other.six && self.first <= other.last && other.first <= self.last
    }

    /// Whether every address of `other` is in this one.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.six == other.six && self.first <= other.first && other.last <= self.last
    }

    /// How many addresses it has beside the first.
    pub(crate) fn size(&self) -> u128 {
        self.last - self.first
    }

    /// Whether so many of its addresses are in none of `others` that these stand for whoever is on the Internet.
    #[cfg(feature = "kubernetes")]
    pub(crate) fn without(&self, others: &[Self]) -> bool {
        let mut others: Vec<&Self> = others.iter().filter(|other| other.overlaps(self)).collect();
        others.sort();
        let (mut next, mut left) = (self.first, 0_u128);
        for other in others {
            left = left.saturating_add(other.first.saturating_sub(next));
            next = next.max(other.last.saturating_add(1));
        }
        left.saturating_add(self.last.saturating_add(1).saturating_sub(next)) >= self.least()
    }

    /// How many addresses a range has at least that stands for whoever is on the Internet.
    fn least(&self) -> u128 {
        if self.six { 1_u128 << (128 - WIDE.1) } else { 1_u128 << (32 - WIDE.0) }
    }

    /// Whether it is of the longer family.
    pub(crate) fn is_six(&self) -> bool {
        self.six
    }

    /// Whether it stands for whoever is on the Internet.
    pub(crate) fn is_wide(&self) -> bool {
        let own = || OWN.iter().filter_map(|text| Self::parse(text)).any(|own| own.holds(self));
        self.last - self.first >= self.least() - 1 && !own()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let range = |text| Cidr::parse(text).unwrap();
        assert!(range("10.0.0.0/8").holds(&range("10.1.2.3")));
        assert!(!range("10.0.0.0/8").overlaps(&range("11.0.0.0/8")));
        assert!(range("10.1.2.3/8").overlaps(&range("10.0.0.0/24")), "the host's bits are left out");
        assert!(range("0.0.0.0/0").is_wide() && range("::/0").is_wide() && range("2000::/3").is_wide());
        assert!(range("128.0.0.0/1").is_wide() && !range("203.0.113.0/24").is_wide());
        assert!(!range("10.0.0.0/8").is_wide() && !range("fc00::/7").is_wide());
        assert!(!range("0.0.0.0/0").holds(&range("::1")));
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "pl-1", "10.0.0/8"] {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
    }

    #[cfg(feature = "kubernetes")]
    #[test]
    fn a_range_is_wide_while_enough_of_it_is_left() {
        let wide = |text: &str, except: &[&str]| {
            let except: Vec<Cidr> = except.iter().filter_map(|text| Cidr::parse(text)).collect();
            Cidr::parse(text).unwrap().without(&except)
        };
        assert!(
            wide("0.0.0.0/0", &["10.0.0.0/8", "192.168.0.0/16"]) && wide("::/0", &["fc00::/7", "10.0.0.0/8"])
        );
        assert!(wide("0.0.0.0/0", &["0.0.0.0/1", "64.0.0.0/2", "192.0.0.0/2"]));
        assert!(!wide("0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1"]) && !wide("::/0", &["::/0"]));
        assert!(!wide("10.0.0.0/9", &[]));
    }
}
