//! What nobody of the tenant ever showed: a place or a browser that is new to all of them.
//!
//! A new identity has no past of its own to be compared with, but the tenant has one. How unlikely something new
//! is, is told by how much of what was seen was seen once: (n1 + 1) / (n + 2), the estimate of Good and Turing
//! (Biometrika 40, 1953, eq. 9), so that where new things come daily none of them weighs. O(log n) an event;
//! at most 4,096 values of each aspect are kept.

use crate::act::party_of;
use crate::surprise::{BROWSER, PLACE};
use crate::written::{all, flag, one_of, put_all, put_flag, put_one_of};
use homeostat_core::{
    Bits, Detector, EntityKey, Forget, Keep, Outcome, Reason, RiskView, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter,
};
use homeostat_event::Event;
use std::collections::BTreeMap;
use std::fmt;

/// How many values of an aspect are kept; where more show, new ones say nothing.
const MOST_VALUES: usize = 4_096;
/// The least that is told: a first sight less likely than one in 256.
const TOLD: Bits = Bits::MEDIUM;
/// The most that one first sight weighs: somebody has to be the first.
const MOST: Bits = Bits::HIGH;

/// What may be new to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Aspect {
    Country,
    Network,
    // The beginning of the address, where nothing else of the place is told.
    Range,
    Agent,
}

impl Aspect {
    /// In the order of their numbers in a snapshot.
    const ALL: [Self; 4] = [Self::Country, Self::Network, Self::Range, Self::Agent];
}

/// The values of one aspect, each with whether it was seen again.
#[derive(Clone, Default)]
struct Values {
    again: BTreeMap<String, bool>,
    seen: u64,
    once: u64,
}

/// Tells of successful acts from a place or with a browser that nobody of the tenant used before.
#[derive(Clone, Default)]
pub struct FirstSeen {
    aspects: BTreeMap<Aspect, Values>,
}

impl Values {
    /// Learns `value`; gives how surprising it was when it is new.
    fn learn(&mut self, value: String) -> Option<Bits> {
        let expected = (self.once as f64 + 1.0) / (self.seen as f64 + 2.0);
        self.seen = self.seen.saturating_add(1);
        if let Some(again) = self.again.get_mut(&value) {
            self.once = self.once.saturating_sub(u64::from(!*again));
            *again = true;
            return None;
        }
        if self.again.len() >= MOST_VALUES {
            return None;
        }
        self.again.insert(value, false);
        self.once = self.once.saturating_add(1);
        Some(Bits::of_probability(expected).min(MOST))
    }
}

impl FirstSeen {
    fn learn(&mut self, aspect: Aspect, value: Option<String>) -> Option<Bits> {
        self.aspects.entry(aspect).or_default().learn(value?)
    }

    /// What is new in `event`: name, kind and weight. A new country brings a new network with it, so that both
    /// count as one; and what is new to all is new to its party, which the baseline tells under the same kind.
    fn news(&mut self, event: &Event) -> [(&'static str, &'static str, Option<Bits>); 2] {
        let origin = event.origin();
        let of =
            |read: &dyn Fn(&homeostat_event::Origin<'_>) -> Option<String>| origin.as_ref().and_then(read);
        let country = self.learn(Aspect::Country, of(&|at| at.country().map(str::to_owned)));
        let network = self.learn(Aspect::Network, of(&|at| at.asn().map(|number| number.to_string())));
        let placed = origin.as_ref().is_some_and(|at| at.country().is_some() || at.asn().is_some());
        // Where one source shows a place, it is new in none of the others.
        let range = self.learn(Aspect::Range, of(&|at| range(at))).filter(|_| !placed);
        let agent = self.learn(Aspect::Agent, of(&|at| at.user_agent().map(family)));
        [
            ("place new to all", PLACE, heavier(heavier(country, network), range)),
            ("browser new to all", BROWSER, agent),
        ]
    }
}

fn heavier(one: Option<Bits>, other: Option<Bits>) -> Option<Bits> {
    one.map_or(other, |one| Some(other.map_or(one, |other| one.max(other))))
}

/// The first 16 bits of a public address, or 32 of a longer one: about what one provider has at one place.
fn range(origin: &homeostat_event::Origin<'_>) -> Option<String> {
    let public = origin.key().filter(EntityKey::is_public_address)?;
    match public.value().parse().ok()? {
        std::net::IpAddr::V4(four) => Some((four.to_bits() >> 16).to_string()),
        std::net::IpAddr::V6(six) => Some((six.to_bits() >> 96).to_string()),
    }
}

/// A browser or program without its versions.
fn family(agent: &str) -> String {
    agent.chars().filter(|letter| !letter.is_ascii_digit() && *letter != '.').collect()
}

impl Detector<Event> for FirstSeen {
    fn name(&self) -> &'static str {
        "first-seen"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        // Whoever tries in vain from somewhere must not make that place known.
        if event.outcome() == Outcome::Failure {
            return Vec::new();
        }
        let (Some(occurrence), Some(party)) = (event.occurrence(), party_of(event)) else {
            return Vec::new();
        };
        let news = self.news(event).into_iter();
        let told =
            news.filter_map(|(name, kind, bits)| Some((name, kind, bits.filter(|bits| *bits >= TOLD)?)));
        told.map(|(name, kind, bits)| {
            let mut signal = Signal::new(name, &occurrence, &party, bits);
            kind.clone_into(&mut signal.kind);
            signal.reasons.push(Reason::new(name, "seen for the first time", "known to the tenant", bits));
            signal
        })
        .collect()
    }
}

impl Forget for FirstSeen {
    /// Places and browsers are the tenant's; nothing is kept of one entity.
    fn forget(&mut self, _entity: &EntityKey) -> bool {
        false
    }
}

const MAGIC: [u8; 4] = *b"1SEE";
const VERSION: u16 = 1;

impl Keep for FirstSeen {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.aspects.iter(), |out, (aspect, values)| {
            put_one_of(out, &Aspect::ALL, aspect);
            out.u64(values.seen);
            out.u64(values.once);
            put_all(out, values.again.iter(), |out, (value, again)| {
                out.text(value);
                put_flag(out, *again);
            });
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let value = |fields: &mut SnapshotReader<'_>| Ok((fields.text()?, flag(fields)?));
        let aspects = all(&mut fields, 25, |fields| {
            let (aspect, seen, once) = (one_of(fields, &Aspect::ALL)?, fields.u64()?, fields.u64()?);
            Ok((aspect, Values { again: all(fields, 9, value)?, seen, once }))
        })?;
        fields.finish()?;
        self.aspects = aspects;
        Ok(())
    }
}

impl fmt::Debug for FirstSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.aspects.iter().map(|(aspect, values)| (aspect, values.again.len()));
        f.debug_map().entries(counts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_weighs_where_little_is_new() {
        let mut calm = Values::default();
        assert!(calm.learn("a".to_owned()) < Some(TOLD), "without a past nothing is a surprise");
        for _ in 0..5_000 {
            assert_eq!(calm.learn("a".to_owned()), None);
        }
        assert!(calm.learn("b".to_owned()) >= Some(Bits::new(11.0)));
        let mut wild = Values::default();
        for number in 0..4_000 {
            assert!(wild.learn(number.to_string()) < Some(TOLD), "where all is new nothing is");
        }
    }

    #[test]
    fn versions_are_no_news() {
        assert_eq!(family("Browser/140.0 (X11)"), family("Browser/141.2 (X11)"));
        assert!(!format!("{:?}", FirstSeen::default()).contains("Browser"));
    }
}
