//! Whether rules in their order let packets from everybody in.

use crate::cidr::Cidr;

/// What stands for the whole Internet.
pub(super) const INTERNET: &str = "Internet";

/// What a rule says of packets: whether they come in, and from where, which is anywhere without ranges.
pub(super) type Verdict<'a> = (bool, Option<&'a [Cidr]>);

/// Whether by rules that fit, the first before the others, a range comes in that stands for everybody, and that no denial
/// before takes back as a whole. O(rules²).
pub(super) fn comes_in<'a>(rules: impl Iterator<Item = Verdict<'a>>) -> bool {
    let mut denied: Vec<Option<&[Cidr]>> = Vec::new();
    for (allows, from) in rules {
        let is_denied = |range: Option<&Cidr>| {
            denied.iter().any(|denied| match (denied, range) {
                (None, _) => true,
                (Some(ranges), Some(range)) => ranges.iter().any(|denied| denied.holds(range)),
                (Some(_), None) => false,
            })
        };
        match (allows, from) {
            (false, _) => denied.push(from),
            (true, None) if !is_denied(None) => return true,
            (true, Some(ranges)) if ranges.iter().any(|range| range.is_wide() && !is_denied(Some(range))) => {
                return true;
            }
            (true, _) => {}
        }
    }
    false
}

/// The ports of a text such as `22` or `20-30`.
pub(super) fn port_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// Whether one of the ranges has the port.
pub(super) fn has_port(ranges: &[(u16, u16)], port: u16) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&port))
}
