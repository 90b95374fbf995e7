//! Values that conditions compare: numbers, moments, addresses and networks.

use homeostat_core::Timestamp;
use std::net::IpAddr;

/// A decimal number; `None` for what is none or is not finite.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// From here on a number of seconds is one of milliseconds: as seconds it would lie beyond the year 5100.
const MILLISECONDS: u64 = 100_000_000_000;

/// A moment: ISO 8601, with or without a time of day, or seconds or milliseconds since 1970.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>()
        && text.len() != 4
    {
        let unit = if number.unsigned_abs() < MILLISECONDS { 1_000_000 } else { 1_000 };
        return Some(Timestamp::from_micros(number.saturating_mul(unit)));
    }
    let midnight = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    midnight.parse().ok()
}

/// A network address as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(IpAddr);

impl Address {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self)
    }
}

/// A range of addresses, `192.0.2.0/24`; an address alone is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (base, bits) = match text.trim().split_once('/') {
            Some((base, bits)) => (base.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.trim().parse().ok()?, None),
        };
        let width = if IpAddr::is_ipv4(&base) { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { base, bits })
    }

    /// Whether the range is wider than S3 takes for fixed: wider than /8, or /32 for IPv6, and not a private one.
    pub(crate) fn is_broad(self) -> bool {
        match self.base {
            IpAddr::V4(base) => self.bits < 8 && !base.is_private(),
            IpAddr::V6(_) => self.bits < 32,
        }
    }

    pub(crate) fn holds(self, address: Address) -> bool {
        match (self.base, address.0) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let host = 32_u32.saturating_sub(self.bits);
                (u64::from(base.to_bits()) >> host) == (u64::from(ip.to_bits()) >> host)
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let host = 128_u32.saturating_sub(self.bits);
                base.to_bits().checked_shr(host) == ip.to_bits().checked_shr(host)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, holds) in [
            ("0.0.0.0/0", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.9", true),
            ("203.0.113.8/31", "203.0.113.10", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/33", "2001:db8:8000::1", false),
        ] {
            let found = Network::parse(network).unwrap().holds(Address::parse(address).unwrap());
            assert_eq!(found, holds, "{network} {address}");
        }
        for text in ["", "192.0.2.0/33", "::/129", "192.0.2/24", "a/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_have_many_spellings() {
        let new_year = moment("2026-01-01").unwrap();
        assert_eq!(moment("1767225600"), Some(new_year));
        assert_eq!(moment("2026-01-01T00:00:00Z"), Some(new_year));
        assert_eq!(moment("2026"), Some(new_year));
        assert_eq!(moment("1767225600000"), Some(new_year));
        assert_eq!(moment("soon"), None);
        assert_eq!((number("1e999"), number("NaN"), number(" 2.5")), (None, None, Some(2.5)));
    }
}
