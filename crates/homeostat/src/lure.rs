//! Who from outside comes into touch with somebody inside: letters of strangers, and links that lead to them.
//!
//! A letter or a link is told where its name comes improbably near to one of the tenant's own or usual there
//! ([`Lookalikes`]), and a link where it leads to the very name under which a stranger wrote in the day before; then it
//! rests on that letter as well. How new a name is, is told by the estimate of Good and Turing, (n1 + 1) / (n + 2)
//! (Biometrika 40, 1953, eq. 9), so that where strangers write daily none of them weighs. That a name is new is never
//! told alone: somebody new writes every day, to whomever something else happens. What the machine does then, the
//! look-up of that name and the call to the address it gave, is told along with it, once for each machine. O(log n) an
//! event, O(known names) where a name is new; at most 4,096 names of each kind are kept.

use crate::written::{all, bits, event, flag, put_all, put_bits, put_flag};
use homeostat_baseline::{DomainName, Lookalikes};
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, EventRef, Forget, Keep, Occurrence, Outcome, Reason, RiskView,
    Role, Signal, SnapshotError, SnapshotReader, SnapshotWriter, Technique, Timestamp,
};
use homeostat_event::{ClassUid, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// How many names of a kind are kept; where more show, new ones say nothing.
const MOST_NAMES: usize = 4_096;
/// The most domains that are taken for the tenant's own.
const MOST_OWN: usize = 64;
/// The least that is told.
const TOLD: Bits = Bits::LOW;
/// The most that a name weighs for being new alone, and for whatever else is known of it.
const MOST_OF_NEW: Bits = Bits::MEDIUM;
const MOST: Bits = Bits::HIGH;
/// The most names and addresses to which links lead that are followed.
const MOST_PAGES: usize = 256;
/// How long a first letter is remembered beside links that lead to its sender, in microseconds: a day.
const LETTER: i64 = 86_400_000_000;

/// What is known of one name.
#[derive(Clone)]
struct Name {
    first: Timestamp,
    event: EventRef,
    again: bool,
    // What it weighed when it was new.
    bits: Bits,
}

/// The names of one kind of contact.
#[derive(Clone, Default)]
struct Names {
    known: BTreeMap<String, Name>,
    seen: u64,
    once: u64,
}

impl Names {
    /// Learns `name`; gives how surprising it is when it is new, and what was known of it before.
    fn learn(&mut self, name: &str, seen: &Occurrence) -> (Option<Bits>, Option<Name>) {
        let expected = (self.once as f64 + 1.0) / (self.seen as f64 + 2.0);
        self.seen = self.seen.saturating_add(1);
        if let Some(known) = self.known.get_mut(name) {
            let before = known.clone();
            self.once = self.once.saturating_sub(u64::from(!known.again));
            known.again = true;
            return (None, Some(before));
        }
        if self.known.len() >= MOST_NAMES {
            return (None, None);
        }
        self.once = self.once.saturating_add(1);
        let (first, event) = (seen.time, seen.event.clone());
        self.known.insert(name.to_owned(), Name { first, event, again: false, bits: Bits::ZERO });
        (Some(Bits::of_probability(expected).min(MOST_OF_NEW)), None)
    }
}

impl Names {
    fn write(&self, out: &mut SnapshotWriter) {
        out.u64(self.seen);
        out.u64(self.once);
        put_all(out, self.known.iter(), |out, (name, known)| {
            out.text(name);
            out.time(known.first);
            out.text(known.event.as_str());
            put_flag(out, known.again);
            put_bits(out, known.bits);
        });
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let (seen, once) = (fields.u64()?, fields.u64()?);
        let known = all(fields, 33, |fields| {
            let (name, first, event) = (fields.text()?, fields.time()?, event(fields)?);
            Ok((name, Name { first, event, again: flag(fields)?, bits: bits(fields)? }))
        })?;
        Ok(Self { known, seen, once })
    }
}

/// Tells of strangers whose names look like one's own, and of links that lead to such names or to whoever has just written.
#[derive(Clone, Default)]
pub struct Lures {
    senders: Names,
    sites: Names,
    // Domains under which people of the tenant sign in.
    own: BTreeSet<String>,
    lookalikes: Lookalikes,
    // Names and addresses to which told links lead, since when.
    led: BTreeMap<String, Timestamp>,
    pages: BTreeMap<String, Timestamp>,
    // Machines that were told of, each with the name or address it came to.
    came: BTreeSet<(EntityKey, String)>,
}

/// One touch: whose name it was, and who inside was touched.
struct Contact {
    name: String,
    inside: EntityKey,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Link,
}

impl Kind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Letter => ("letter of a stranger", "T1566.002"),
            Self::Link => ("link to a stranger", "T1204.001"),
        }
    }
}

impl Contact {
    /// That of a mail that came in or of a click that somebody known made; nothing for any other event.
    fn of(event: &Event) -> Option<Self> {
        let entities = event.entities();
        let named = |kind: EntityKind, role: Role| {
            let found = entities.iter().find(|(key, part)| key.kind() == kind && *part == role);
            found.map(|(key, _)| key.value())
        };
        let inside = |role: Role| entities.iter().find(|(_, part)| *part == role).map(|(key, _)| key.clone());
        match event.class_uid() {
            ClassUid::EMAIL_ACTIVITY => {
                let (_, domain) = named(EntityKind::Email, Role::Actor)?.rsplit_once('@')?;
                Some(Self { name: domain.to_owned(), inside: inside(Role::Target)?, kind: Kind::Letter })
            }
            ClassUid::HTTP_ACTIVITY if event.actor().is_some_and(|actor| !actor.stands_in()) => {
                let name = named(EntityKind::Domain, Role::Target)?.to_owned();
                Some(Self { name, inside: inside(Role::Actor)?, kind: Kind::Link })
            }
            _ => None,
        }
    }
}

impl Lures {
    /// Learns under which domains people of the tenant sign in.
    fn learn_own(&mut self, event: &Event) {
        if event.class_uid() != ClassUid::AUTHENTICATION || event.outcome() != Outcome::Success {
            return;
        }
        let person = |key: &EntityKey| matches!(key.kind(), EntityKind::Upn | EntityKind::Email);
        let acts = |(key, role): &(EntityKey, Role)| *role == Role::Actor && person(key);
        for (key, _) in event.entities().into_iter().filter(acts) {
            let Some((_, domain)) = key.value().rsplit_once('@') else { continue };
            if self.own.contains(domain) || self.own.len() >= MOST_OWN {
                continue;
            }
            self.own.insert(domain.to_owned());
            if let Some(name) = DomainName::new(domain) {
                self.lookalikes.own(name);
            }
        }
    }

    /// What the name of `contact` weighs, with the reason and the letter behind it; `None` when it says too little.
    fn weigh(&mut self, contact: &Contact, seen: &Occurrence) -> Option<(Bits, Reason, Option<EventRef>)> {
        let registered = DomainName::new(&contact.name)?;
        let wrote = self.wrote(registered.registered(), seen.time).filter(|_| contact.kind == Kind::Link);
        let names = if contact.kind == Kind::Letter { &mut self.senders } else { &mut self.sites };
        let (new, before) = names.learn(registered.registered(), seen);
        let Some(new) = new else {
            // What shows a second time without having weighed is usual.
            if before.is_some_and(|name| !name.again && name.bits < TOLD) {
                self.lookalikes.learn(registered);
            }
            return None;
        };
        let like = self.lookalikes.check(registered).map_or(Bits::ZERO, |like| like.bits);
        let led = wrote.as_ref().map_or(Bits::ZERO, |(bits, _)| Bits::new(bits.get() + new.get()));
        if let Some(known) = names.known.get_mut(registered.registered()) {
            known.bits = new.max(like);
        }
        let bits = like.max(led).min(MOST);
        let (observed, expected) = if like >= led {
            ("like a name that is one's own or usual", "names of their own")
        } else {
            ("that of a stranger who has just written", "names that are known")
        };
        let reason = Reason::new("name", observed, expected, bits);
        (bits >= TOLD).then(|| (bits, reason, wrote.map(|(_, letter)| letter)))
    }

    /// The machine that looks up a name, or calls an address, to which a link of the last day leads, for the first
    /// time, and what it did.
    fn follow(&mut self, event: &Event) -> Option<(EntityKey, &'static str)> {
        let now = event.when();
        let recent = |since: Option<&Timestamp>| now.since(*since?).filter(|age| (0..LETTER).contains(age));
        let (place, deed) = match event.class_uid() {
            ClassUid::DNS_ACTIVITY if !self.led.is_empty() => {
                let view = event.dns()?;
                let name = DomainName::new(view.hostname()?)?.registered().to_owned();
                recent(self.led.get(&name))?;
                let room = MOST_PAGES.saturating_sub(self.pages.len());
                let answers = view.answers().filter(|answer| answer.parse::<IpAddr>().is_ok());
                self.pages.extend(answers.take(room).map(|answer| (answer.to_owned(), now)));
                (name, "looks up a stranger's page")
            }
            ClassUid::NETWORK_ACTIVITY if !self.pages.is_empty() => {
                let address = event.destination()?.key()?.value().to_owned();
                recent(self.pages.get(&address))?;
                (address, "opens a stranger's page")
            }
            _ => return None,
        };
        let machine = event.origin()?.key()?;
        (self.came.len() < MOST_NAMES && self.came.insert((machine.clone(), place)))
            .then_some((machine, deed))
    }

    /// Remembers where a told link leads; those of more than a day ago are let go.
    fn lead(&mut self, name: &str, now: Timestamp) {
        let recent = |since: &Timestamp| now.since(*since).is_some_and(|age| age < LETTER);
        self.led.retain(|_, since| recent(since));
        self.pages.retain(|_, since| recent(since));
        if self.led.is_empty() {
            self.came.clear();
        }
        if let Some(name) = DomainName::new(name).filter(|_| self.led.len() < MOST_PAGES) {
            self.led.insert(name.registered().to_owned(), now);
        }
    }

    /// What the first letter of `sender` weighed, and which it was, when it came within a day.
    fn wrote(&self, sender: &str, now: Timestamp) -> Option<(Bits, EventRef)> {
        let name = self.senders.known.get(sender)?;
        now.since(name.first).is_some_and(|age| age < LETTER).then(|| (name.bits, name.event.clone()))
    }
}

impl Detector<Event> for Lures {
    fn name(&self) -> &'static str {
        "lures"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        self.learn_own(event);
        if let Some((machine, deed)) = self.follow(event) {
            let Some(occurrence) = event.occurrence() else { return Vec::new() };
            let mut signal = Signal::new(deed, &occurrence, &machine, TOLD);
            signal.techniques.extend(Technique::parse(Kind::Link.words().1));
            signal.reasons.push(Reason::new("name", "where a told link leads", "no such link", TOLD));
            return vec![signal];
        }
        let Some((contact, occurrence)) = Contact::of(event).zip(event.occurrence()) else {
            return Vec::new();
        };
        let Some((bits, reason, letter)) = self.weigh(&contact, &occurrence) else { return Vec::new() };
        if contact.kind == Kind::Link {
            self.lead(&contact.name, occurrence.time);
        }
        let (kind, technique) = contact.kind.words();
        let mut signal = Signal::new(kind, &occurrence, &contact.inside, bits);
        if contact.kind == Kind::Letter {
            // Who gets a letter has done nothing.
            (signal.actor, signal.entities) = (None, Vec::new());
            signal.involve(contact.inside, Role::Target);
        }
        signal.techniques.extend(Technique::parse(technique));
        signal.reasons.push(reason);
        signal.evidence.extend(letter);
        vec![signal]
    }
}

impl Forget for Lures {
    /// Names of places are kept, not of people; of machines, those that came to a stranger's page.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.came.len();
        self.came.retain(|(machine, _)| machine != entity);
        before != self.came.len()
    }
}

const MAGIC: [u8; 4] = *b"LURE";
const VERSION: u16 = 1;

impl Keep for Lures {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        self.senders.write(&mut out);
        self.sites.write(&mut out);
        put_all(&mut out, self.own.iter(), |out, name| out.text(name));
        out.bytes(&self.lookalikes.to_bytes());
        for places in [&self.led, &self.pages] {
            put_all(&mut out, places.iter(), |out, (place, since)| {
                out.text(place);
                out.time(*since);
            });
        }
        put_all(&mut out, self.came.iter(), |out, (machine, place)| {
            out.key(machine);
            out.text(place);
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let (senders, sites) = (Names::read(&mut fields)?, Names::read(&mut fields)?);
        let own = all(&mut fields, 8, SnapshotReader::text)?;
        let lookalikes = Lookalikes::from_bytes(fields.bytes()?)?;
        let place = |fields: &mut SnapshotReader<'_>| Ok((fields.text()?, fields.time()?));
        let (led, pages) = (all(&mut fields, 16, place)?, all(&mut fields, 16, place)?);
        let came = all(&mut fields, 25, |fields| Ok((fields.key()?, fields.text()?)))?;
        fields.finish()?;
        *self = Self { senders, sites, own, lookalikes, led, pages, came };
        Ok(())
    }
}

impl fmt::Debug for Lures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lures({} senders, {} sites)", self.senders.known.len(), self.sites.known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::CalmRisk;

    fn sign_in() -> Event {
        Event::from_json(
            r#"{"class_uid": 3002, "activity_id": 1, "time": 1773563400000, "status_id": 1,
                "metadata": {"tenant_uid": "acme", "product": {"name": "P"}},
                "unmapped": {"homeostat_ref": "a#1"},
                "user": {"name": "jane@contosobank.example", "email_addr": "jane@contosobank.example"},
                "actor": {"user": {"name": "jane@contosobank.example",
                                   "email_addr": "jane@contosobank.example"}}}"#,
        )
        .unwrap()
    }

    fn letter(number: u64, from: &str) -> Event {
        let time = 1_773_563_400_000 + number * 60_000;
        let text = format!(
            r#"{{"class_uid": 4009, "activity_id": 2, "time": {time}, "direction_id": 1,
                "metadata": {{"tenant_uid": "acme", "product": {{"name": "P"}}}},
                "unmapped": {{"homeostat_ref": "m#{number}"}},
                "email": {{"from": "{from}", "to": ["jane@contosobank.example"]}}}}"#
        );
        Event::from_json(&text).unwrap()
    }

    fn click(number: u64, host: &str) -> Event {
        let user = r#""actor": {"user": {"name": "jane@contosobank.example", "email_addr": "jane@contosobank.example"}}"#;
        seen(
            number,
            &format!(
                r#""class_uid": 4002, {user}, "dst_endpoint": {{"hostname": "{host}"}},
                   "http_request": {{"url": {{"hostname": "{host}", "url_string": "https://{host}/"}}}}"#
            ),
        )
    }

    fn told(lures: &mut Lures, event: &Event) -> f64 {
        lures.detect(event, &CalmRisk).first().map_or(0.0, |signal| signal.bits.get())
    }

    #[test]
    fn strangers_weigh_where_they_look_like_us() {
        let mut lures = Lures::default();
        assert!(told(&mut lures, &sign_in()).abs() < f64::EPSILON);
        for number in 0..600 {
            told(&mut lures, &letter(number, &format!("office@partner-{}.example", number % 40)));
        }
        let stranger = told(&mut lures, &letter(700, "someone@riverside.example"));
        let lookalike = told(&mut lures, &letter(701, "desk@contosobank-login.example"));
        assert!(stranger.abs() < f64::EPSILON, "that somebody is new says nothing alone: {stranger}");
        assert!(lookalike >= TOLD.get(), "{lookalike}");
        assert!(told(&mut lures, &letter(702, "desk@contosobank-login.example")).abs() < f64::EPSILON);
        assert!(!format!("{lures:?}").contains("contoso"));
    }

    fn seen(number: u64, rest: &str) -> Event {
        let time = 1_773_563_400_000 + number * 60_000;
        let text = format!(
            r#"{{"time": {time}, "activity_id": 1, "metadata": {{"tenant_uid": "acme", "product": {{"name": "P"}}}},
                "unmapped": {{"homeostat_ref": "z#{number}"}}, {rest}}}"#
        );
        Event::from_json(&text).unwrap()
    }

    #[test]
    fn what_the_machine_does_after_a_told_link_is_told_once() {
        let mut lures = Lures::default();
        for number in 0..40 {
            let host = format!("www.known-{}.example", number % 4);
            told(&mut lures, &click(number, &host));
            told(&mut lures, &letter(number, &format!("office@partner-{}.example", number % 4)));
        }
        told(&mut lures, &letter(49, "someone@riverside.example"));
        let page = r#""class_uid": 4003, "query": {"hostname": "www.riverside.example"},
                      "src_endpoint": {"ip": "10.0.0.5"}, "answers": [{"rdata": "198.51.100.7"}]"#;
        let call = r#""class_uid": 4001, "src_endpoint": {"ip": "10.0.0.5"},
                      "dst_endpoint": {"ip": "198.51.100.7", "port": 443}"#;
        assert!(told(&mut lures, &seen(50, page)).abs() < f64::EPSILON, "no link led there yet");
        let click = lures.detect(&click(51, "www.riverside.example"), &CalmRisk).pop().unwrap();
        assert!(click.evidence.iter().any(|event| event.as_str() == "m#49"), "it rests on the letter");
        let mut again = Lures::default();
        again.recall(&lures.keep()).unwrap();
        assert_eq!(again.keep(), lures.keep());
        lures = again;
        assert!(told(&mut lures, &seen(52, page)) > 0.0 && told(&mut lures, &seen(53, call)) > 0.0);
        assert!(told(&mut lures, &seen(54, call)).abs() < f64::EPSILON, "once for each machine");
        assert!(lures.forget(&EntityKey::new(EntityKind::Ip, "acme", "10.0.0.5").unwrap()));
        let tomorrow = 53 + 1_440;
        assert!(told(&mut lures, &seen(tomorrow, page)).abs() < f64::EPSILON, "a day later it is over");
    }

    #[test]
    fn where_strangers_write_daily_none_of_them_weighs() {
        let mut lures = Lures::default();
        let all = (0..300).map(|number| letter(number, &format!("a@{number}-and-so-on.example")));
        let told: Vec<f64> = all.map(|event| told(&mut lures, &event)).collect();
        assert!(told.iter().all(|bits| *bits < 1.0), "{told:?}");
    }
}
