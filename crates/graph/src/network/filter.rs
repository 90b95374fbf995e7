//! What lets packets in: rules of security groups, and access lists, which keep no state.

use super::{EGRESS, INGRESS, Start, network_key, prefix_list};
use crate::cidr::Cidr;
use crate::inventory::Inventory;
use crate::object::Object;

/// A port of the range that answers go to (RFC 6335, 6): access lists keep no state.
const ANSWERS: u16 = 49_152;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    All,
    Tcp,
    Udp,
    Other,
}

impl Protocol {
    fn parse(text: &str) -> Self {
        match text {
            "-1" | "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            _ => Self::Other,
        }
    }

    /// Whether what is listened for, on TCP unless told, may come in.
    pub(super) fn fits(self) -> bool {
        matches!(self, Self::All | Self::Tcp)
    }
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) protocol: Protocol,
    pub(super) ports: (u16, u16),
    pub(super) start: Start,
    pub(super) line: String,
}

/// The rules of an access list in both directions, in order. Without one all is let through.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AccessList {
    rules: Option<(Vec<Entry>, Vec<Entry>)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    number: u32,
    allows: bool,
    protocol: Protocol,
    ports: (u16, u16),
    range: Cidr,
}

impl AccessList {
    pub(super) fn of(object: &Object) -> Self {
        let read = |beginning| {
            let lines = object.attributes().filter_map(|(name, _)| name.strip_prefix(beginning));
            let mut all: Vec<Entry> = lines.filter_map(Entry::parse).collect();
            all.sort_by_key(|entry| entry.number);
            all
        };
        Self { rules: Some((read(INGRESS), read(EGRESS))) }
    }

    /// The first port of `ports` that a sender in `from` may use and gets an answer from.
    pub(super) fn lets(&self, from: &Cidr, protocol: Protocol, ports: (u16, u16)) -> Option<u16> {
        let Some((inward, outward)) = &self.rules else { return Some(ports.0) };
        verdict(outward, from, protocol, ANSWERS).then_some(())?;
        // The verdict changes only where an entry begins or has ended.
        let edges = inward.iter().flat_map(|entry| [entry.ports.0, entry.ports.1.saturating_add(1)]);
        let mut tried: Vec<u16> =
            edges.chain([ports.0]).filter(|port| (ports.0..=ports.1).contains(port)).collect();
        tried.sort_unstable();
        tried.into_iter().find(|port| verdict(inward, from, protocol, *port))
    }
}

/// What the first entry says that concerns some of `from`. An entry that takes only a part of it decides when it allows;
/// one that denies leaves the rest to those behind it.
fn verdict(entries: &[Entry], from: &Cidr, protocol: Protocol, port: u16) -> bool {
    let concerns = |entry: &&Entry| {
        let all = entry.protocol == Protocol::All;
        (all || entry.protocol == protocol || protocol == Protocol::All)
            && (all || (entry.ports.0..=entry.ports.1).contains(&port))
            && if entry.allows { entry.range.overlaps(from) } else { entry.range.holds(from) }
    };
    entries.iter().find(concerns).is_some_and(|entry| entry.allows)
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        Some(Self {
            number: parts.next()?.parse().ok()?,
            allows: parts.next()? == "allow",
            protocol: Protocol::parse(parts.next()?),
            ports: ports(parts.next()?)?,
            range: Cidr::parse(parts.next()?)?,
        })
    }
}

impl Rule {
    /// The rules of a security group in one direction.
    pub(super) fn all<'a>(
        inventory: &'a Inventory,
        group: &'a Object,
        beginning: &'a str,
    ) -> impl Iterator<Item = Self> + use<'a> {
        let lines = group.attributes().filter_map(move |(name, _)| name.strip_prefix(beginning));
        lines.filter_map(|line| Self::parse(inventory, group, line))
    }

    fn parse(inventory: &Inventory, group: &Object, line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (protocol, ports) = (Protocol::parse(words.next()?), ports(words.next()?)?);
        let from = words.next()?;
        let start = match Cidr::parse(from) {
            Some(range) => prefix_list::single(range),
            None => prefix_list::resolved(inventory, group, network_key(from)?),
        };
        Some(Self { protocol, ports, start, line: line.to_owned() })
    }
}

/// The ports that both have.
pub(super) fn overlap(one: (u16, u16), two: (u16, u16)) -> Option<(u16, u16)> {
    let both = (one.0.max(two.0), one.1.min(two.1));
    (both.0 <= both.1).then_some(both)
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}
