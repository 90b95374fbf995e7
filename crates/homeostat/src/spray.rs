//! Guessed passwords, low and slow: many accounts fail from addresses of one network from which nobody ever came in.
//!
//! One person mistypes, from where that person always is. Several people who all fail within hours, and all from
//! strange addresses of one network, are one guesser. An address from which anybody came in before is nobody's
//! weapon: many people sit behind an office, a VPN or a carrier. O(log addresses) a sign-in.

use crate::written::{all, parsed, put_all, put_shown};
use core::net::IpAddr;
use homeostat_core::{EntityKey, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// How many accounts fail from one network before it is a guesser: five colleagues at one new hotel may all mistype
/// on one evening, six strangers to it are one.
const ACCOUNTS: usize = 6;
/// Within which time, in microseconds: two hours, as guessers stay below what locks accounts.
const WINDOW: i64 = 2 * 3_600_000_000;
/// The most accounts, and addresses, that are kept of one network: names and addresses are the guesser's to choose.
const EACH: usize = 1_024;
/// The most networks and addresses that are kept; beyond it nothing more is learnt.
const KEPT: usize = 65_536;

/// What is known of sign-ins by where they come from.
#[derive(Clone, Default)]
pub(crate) struct Spray {
    /// Addresses from which somebody came in.
    trusted: BTreeSet<IpAddr>,
    /// Networks from which accounts fail: when each account last did, and from where.
    failing: BTreeMap<IpNet, Failing>,
}

#[derive(Clone, Default)]
struct Failing {
    last: BTreeMap<EntityKey, Timestamp>,
    from: BTreeSet<IpAddr>,
    told: BTreeSet<IpAddr>,
}

/// What a sign-in shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guessing {
    /// So many accounts fail from one network, now from these addresses too.
    From { network: IpNet, addresses: Vec<IpAddr>, accounts: usize },
    /// Somebody comes in from an address that guesses.
    CameIn { network: IpNet, address: IpAddr },
}

impl Spray {
    /// A sign-in of `who` failed.
    pub(crate) fn failed(&mut self, who: EntityKey, address: IpAddr, now: Timestamp) -> Option<Guessing> {
        let network = network_of(address);
        let room = self.failing.len() < KEPT || self.failing.contains_key(&network);
        if self.trusted.contains(&address) || !room {
            return None;
        }
        let failing = self.failing.entry(network).or_default();
        failing.forget(now);
        if failing.last.len() < EACH || failing.last.contains_key(&who) {
            failing.last.insert(who, now);
        }
        if failing.from.len() < EACH {
            failing.from.insert(address);
        }
        if failing.last.len() < ACCOUNTS {
            return None;
        }
        let fresh: Vec<IpAddr> = failing.from.difference(&failing.told).copied().collect();
        failing.told.extend(&fresh);
        let accounts = failing.last.len();
        (!fresh.is_empty()).then_some(Guessing::From { network, addresses: fresh, accounts })
    }

    /// A sign-in succeeded.
    pub(crate) fn succeeded(&mut self, address: IpAddr, now: Timestamp) -> Option<Guessing> {
        let network = network_of(address);
        if let Some(failing) = self.failing.get_mut(&network) {
            failing.forget(now);
            if failing.told.contains(&address) {
                return Some(Guessing::CameIn { network, address });
            }
        }
        if self.trusted.len() < KEPT {
            self.trusted.insert(address);
        }
        None
    }

    pub(crate) fn forget(&mut self, who: &EntityKey) -> bool {
        let mut known = false;
        for failing in self.failing.values_mut() {
            known |= failing.last.remove(who).is_some();
        }
        known
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        put_all(out, self.trusted.iter(), put_shown);
        put_all(out, self.failing.iter(), |out, (network, failing)| {
            put_shown(out, network);
            put_all(out, failing.last.iter(), |out, (who, last)| {
                out.key(who);
                out.time(*last);
            });
            put_all(out, failing.from.iter(), put_shown);
            put_all(out, failing.told.iter(), put_shown);
        });
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let address = |fields: &mut SnapshotReader<'_>| parsed(fields, "address");
        let trusted = all(fields, 8, address)?;
        let failing = all(fields, 32, |fields| {
            let network = parsed(fields, "network")?;
            let last = all(fields, 25, |fields| Ok((fields.key()?, fields.time()?)))?;
            Ok((network, Failing { last, from: all(fields, 8, address)?, told: all(fields, 8, address)? }))
        })?;
        Ok(Self { trusted, failing })
    }
}

/// The network that an address lies in, as networks are given out: a /24, or a /48 of IPv6.
fn network_of(address: IpAddr) -> IpNet {
    let given = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, given).map_or_else(|_| address.into(), |network| network.trunc())
}

impl Failing {
    fn forget(&mut self, now: Timestamp) {
        self.last.retain(|_, last| now.since(*last).is_none_or(|age| age <= WINDOW));
        if self.last.is_empty() {
            (self.told, self.from) = (BTreeSet::new(), BTreeSet::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::EntityKind;

    fn user(number: usize) -> EntityKey {
        EntityKey::new(EntityKind::Upn, "acme", &format!("u{number}@acme.example")).unwrap()
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(minute * 60_000_000)
    }

    fn address(last: usize) -> IpAddr {
        format!("203.0.113.{last}").parse().unwrap()
    }

    #[test]
    fn six_strangers_are_a_guesser_and_an_office_never_is() {
        let mut spray = Spray::default();
        let office: IpAddr = "198.51.100.10".parse().unwrap();
        assert_eq!(spray.succeeded(office, at(0)), None);
        for number in 0..40 {
            assert_eq!(spray.failed(user(number), office, at(1)), None, "all mistype on one Monday");
        }
        let told: Vec<Option<Guessing>> = (0..8)
            .map(|number| {
                spray.failed(
                    user(number),
                    address(65 + number % 4),
                    at(2 + i64::try_from(number).unwrap() * 5),
                )
            })
            .collect();
        assert!(told[..5].iter().all(Option::is_none));
        let from = |addresses: &[usize], accounts| {
            let addresses = addresses.iter().map(|last| address(*last)).collect();
            Some(Guessing::From { network: network_of(address(1)), addresses, accounts })
        };
        assert_eq!(told[5], from(&[65, 66, 67, 68], 6));
        assert_eq!(told[6], None, "told once");
        assert_eq!(spray.failed(user(9), address(80), at(45)), from(&[80], 9));
        let came_in = Guessing::CameIn { network: network_of(address(1)), address: address(66) };
        assert_eq!(spray.succeeded(address(66), at(60)), Some(came_in));
        assert_eq!(spray.succeeded(address(9), at(60)), None, "a neighbour who never failed");
        assert!(spray.forget(&user(3)) && !spray.forget(&user(3)));
    }

    #[test]
    fn one_broken_account_is_no_guesser() {
        let mut spray = Spray::default();
        assert!((0..500).all(|minute| spray.failed(user(1), address(9), at(minute)).is_none()));
    }

    #[test]
    fn names_and_addresses_of_the_guessers_choosing_fill_no_memory() {
        let mut spray = Spray::default();
        for number in 0..3 * EACH {
            let from = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 1, u16::try_from(number).unwrap()]);
            spray.failed(user(number), from, at(1));
        }
        let failing = spray.failing.values().next().unwrap();
        assert_eq!((spray.failing.len(), failing.last.len(), failing.from.len()), (1, EACH, EACH));
    }
}
