//! Ranges of network addresses and ports, as providers write them.
//!
//! CIDR is RFC 4632 and RFC 4291 section 2.3. O(1) a test.

use serde_json::Value;
use std::net::IpAddr;

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// As 128 bits; an IPv4 address stands in the upper 32.
    first: u128,
    length: u32,
    family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// Words by which providers name every address.
const EVERYWHERE: [&str; 4] = ["*", "any", "internet", "0.0.0.0"];

/// From this prefix length on downwards a block is taken for the internet: nobody owns 2^24 addresses beside a few
/// old holders, so who writes two halves of everything means everything.
const WIDE_V4: u32 = 8;
/// The same for IPv6, where the smallest allocation to a registry's member is a /32 and to a registry a /12.
const WIDE_V6: u32 = 16;

impl Block {
    /// Reads an address or a block; a bare address is a block of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let (bits, family, most) = match address.parse().ok()? {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, Family::V4, 32),
            IpAddr::V6(v6) => (v6.to_bits(), Family::V6, 128),
        };
        let length = if length.is_empty() { most } else { length.parse().ok()? };
        (length <= most).then(|| Self { first: bits & mask(length), length, family })
    }

    /// Whether all of it lies inside `other`.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.family == other.family
            && self.length >= other.length
            && self.first & mask(other.length) == other.first
    }

    fn is_wide(&self) -> bool {
        match self.family {
            Family::V4 => self.length <= WIDE_V4 && !PRIVATE.iter().any(|own| self.is_inside(own)),
            Family::V6 => self.length <= WIDE_V6 && !self.is_inside("fc00::/7"),
        }
    }

    fn is_inside(&self, text: &str) -> bool {
        Self::parse(text).is_some_and(|own| self.is_within(&own))
    }
}

/// Blocks that the internet does not route: RFC 1918 and loopback. Those of /9 and longer are not wide anyway.
const PRIVATE: [&str; 2] = ["10.0.0.0/8", "127.0.0.0/8"];

fn mask(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0)
}

/// Whether `text` stands for everywhere.
pub(crate) fn is_world(text: &str) -> bool {
    let word = text.trim().to_ascii_lowercase();
    EVERYWHERE.contains(&word.as_str()) || Block::parse(&word).is_some_and(|block| block.is_wide())
}

/// Whether a port, a span such as `20-30` or `20:30`, or a word for all of them covers `port`.
pub(crate) fn covers_port(value: &Value, port: u16) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|own| own == i64::from(port) || own == -1),
        Value::String(text) => text.split(',').any(|part| span_covers(part.trim(), port)),
        _ => false,
    }
}

fn span_covers(text: &str, port: u16) -> bool {
    if ["*", "any", "all", "-1"].contains(&text.to_ascii_lowercase().as_str()) {
        return true;
    }
    let (first, last) = text.split_once(['-', ':']).unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u16>().ok();
    number(first).zip(number(last)).is_some_and(|(first, last)| (first..=last).contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everywhere_has_many_spellings() {
        for text in
            ["0.0.0.0/0", "::/0", "*", "Internet", "any", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "8.0.0.0/7"]
        {
            assert!(is_world(text), "{text}");
        }
        for text in [
            "10.0.0.0/8",
            "10.0.0.0/9",
            "192.0.2.0/24",
            "198.51.100.7",
            "fd00::/8",
            "2001:db8::/32",
            "VirtualNetwork",
            "",
        ] {
            assert!(!is_world(text), "{text}");
        }
    }

    #[test]
    fn blocks_lie_inside_others() {
        let block = |text| Block::parse(text).unwrap();
        assert!(block("10.1.0.0/16").is_within(&block("10.0.0.0/8")));
        assert!(block("10.1.2.3").is_within(&block("10.1.2.0/24")));
        assert!(!block("10.0.0.0/7").is_within(&block("10.0.0.0/8")));
        assert!(!block("::/0").is_within(&block("0.0.0.0/0")));
        assert_eq!(Block::parse("10.0.0.0/33"), None);
        assert_eq!(Block::parse("home"), None);
    }

    #[test]
    fn ports_lie_in_spans() {
        for covering in [json!(22), json!("22"), json!("20-30"), json!("*"), json!("80,20:25"), json!(-1)] {
            assert!(covers_port(&covering, 22), "{covering}");
        }
        for other in [json!(23), json!("30-40"), json!("22x"), json!("40-30"), json!(null), json!("65536")] {
            assert!(!covers_port(&other, 22), "{other}");
        }
    }
}
