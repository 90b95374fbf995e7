//! What is answered at once, before there is a story: a sign-in through a service that hides who comes, and guessed
//! passwords.
//!
//! Each gives a threat that names only what belongs to it, so that the planner's narrowest steps touch nobody else:
//! the person, the mailbox and the applications that are in use; or the block that guesses and the session it won.
//! O(log n) a sign-in.

use crate::spray::{Guessing, Spray};
use core::fmt;
use core::net::IpAddr;
use homeostat_core::{
    Bits, EntityKey, EntityKind, Occurrence, Outcome, Reason, Role, Signal, Stage, Technique, Threat,
    Timestamp,
};
use homeostat_event::{ClassUid, Event};
use ipnet::IpNet;
use std::collections::{BTreeMap, VecDeque};

mod kept;

/// How sure it is that an address on a list is what the list says, and that many who fail are one who guesses: a
/// list is old by a day, and one in ten is a coincidence.
const SURE: f64 = 0.9;
/// How long the use of an application counts as living, in microseconds: a working day.
const LIVES: i64 = 10 * 3_600_000_000;
/// The most alarms that wait to be taken; of more the oldest go, counted: what nobody answered for so long is no
/// reflex any more.
const WAITING: usize = 1_024;
/// What a sign-in through such a service weighs: one in a thousand people does so for privacy.
const HIDDEN: Bits = Bits::ONE_IN_A_THOUSAND;
/// What guessing weighs.
const GUESSED: Bits = Bits::HIGH;
/// Factors that an intermediary can not pass on (NIST SP 800-63B, 5.2.5 "verifier impersonation resistance").
const RESISTANT: [&str; 6] =
    ["FIDO2", "FIDO_WEBAUTHN", "FIDO_U2F", "SIGNED_NONCE", "SMART_CARD_IDP", "WEBAUTHN"];

/// Watches sign-ins for what is answered at once.
#[derive(Clone, Default)]
pub struct Reflex {
    hidden: Vec<IpNet>,
    spray: Spray,
    live: BTreeMap<EntityKey, BTreeMap<EntityKey, Timestamp>>,
    /// Who was asked, by the id of the threat.
    asked: BTreeMap<EntityKey, (String, Timestamp)>,
    alarms: VecDeque<Threat>,
    calmed: VecDeque<String>,
    missed: u64,
}

impl Reflex {
    /// Watches with `anonymisers`, the addresses of services that hide who comes from them, as CIDR blocks; what is
    /// no block is left out.
    pub fn new<'a>(anonymisers: impl IntoIterator<Item = &'a str>) -> Self {
        Self { hidden: anonymisers.into_iter().filter_map(block).collect(), ..Self::default() }
    }

    /// Whether `text` writes a block.
    pub(crate) fn is_block(text: &str) -> bool {
        block(text).is_some()
    }

    /// The threats since this was asked last, each to be answered at once.
    pub(crate) fn take_alarms(&mut self) -> Vec<Threat> {
        self.alarms.drain(..).collect()
    }

    /// How many threats, and calls-off of one, nobody took in time.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// The ids of threats that came to nothing since this was asked last: whoever was asked has shown who it is.
    pub(crate) fn take_calmed(&mut self) -> Vec<String> {
        self.calmed.drain(..).collect()
    }

    /// Takes in an event; gives signals for what it shows.
    pub(crate) fn observe(&mut self, event: &Event) -> Vec<Signal> {
        if event.class_uid() != ClassUid::AUTHENTICATION {
            return Vec::new();
        }
        let (Some(occurrence), Some(who)) = (event.occurrence(), person(event)) else { return Vec::new() };
        let Some(address) = address(event) else { return Vec::new() };
        match event.outcome() {
            Outcome::Failure => {
                let told = self.spray.failed(who.clone(), address, occurrence.time);
                told.into_iter().filter_map(|guessing| self.guessed(guessing, &occurrence, event)).collect()
            }
            Outcome::Success => {
                self.live_on(event, &who, occurrence.time);
                if self.shown(event, &who) {
                    return Vec::new();
                }
                let came_in = self.spray.succeeded(address, occurrence.time);
                let mut signals: Vec<Signal> = came_in
                    .into_iter()
                    .filter_map(|guessing| self.guessed(guessing, &occurrence, event))
                    .collect();
                if self.hidden.iter().any(|block| block.contains(&address)) {
                    signals.extend(self.hidden_sign_in(&occurrence, &who));
                }
                signals
            }
            _ => Vec::new(),
        }
    }

    /// Notes which applications `who` uses.
    fn live_on(&mut self, event: &Event, who: &EntityKey, now: Timestamp) {
        let apps = event
            .entities()
            .into_iter()
            .filter(|(key, _)| matches!(key.kind(), EntityKind::AppId | EntityKind::AppObjectId));
        for (app, _) in apps {
            // One person's use of it: the application itself is everybody's.
            let value = format!("{}/{}", app.value(), who.value());
            if let Ok(token) = EntityKey::new(EntityKind::AppId, app.scope(), &value) {
                let live = self.live.entry(who.clone()).or_default();
                live.retain(|_, at| now.since(*at).is_none_or(|age| age < LIVES));
                live.insert(token, now);
            }
        }
    }

    /// Whether `who` was asked and has now shown a factor that nobody in between can pass on.
    fn shown(&mut self, event: &Event, who: &EntityKey) -> bool {
        if event.is_mfa() != Some(true)
            || !factor(event).is_some_and(|factor| RESISTANT.contains(&factor.as_str()))
        {
            return false;
        }
        let asked = self.asked.remove(who);
        let Some((id, _)) = asked else { return false };
        wait(&mut self.calmed, id, &mut self.missed);
        true
    }

    fn hidden_sign_in(&mut self, occurrence: &Occurrence, who: &EntityKey) -> Option<Signal> {
        let now = occurrence.time;
        let waits = |(_, at): &(String, Timestamp)| now.since(*at).is_some_and(|age| age < LIVES);
        if self.asked.get(who).is_some_and(waits) {
            return None;
        }
        let id = format!("hidden-{:016x}-{}", who.hash64(), occurrence.event);
        let mut threat = threat(&id, occurrence, (HIDDEN, Stage::Entry, "T1090.003"));
        threat.entities.push((who.clone(), Role::Actor));
        if let Ok(mailbox) = EntityKey::new(EntityKind::MailboxId, who.scope(), who.value()) {
            threat.entities.push((mailbox, Role::Via));
        }
        let live = self.live.get(who).into_iter().flatten();
        let live = live.filter(|(_, at)| now.since(**at).is_some_and(|age| age < LIVES));
        threat.entities.extend(live.map(|(token, _)| (token.clone(), Role::Via)));
        wait(&mut self.alarms, threat, &mut self.missed);
        self.asked.insert(who.clone(), (id, now));
        let mut signal = Signal::new("hidden sign-in", occurrence, who, HIDDEN);
        signal.techniques.extend(Technique::parse("T1090.003"));
        signal.reasons.push(Reason::new("from", "a service that hides who comes", "a network", HIDDEN));
        Some(signal)
    }

    fn guessed(&mut self, guessing: Guessing, occurrence: &Occurrence, event: &Event) -> Option<Signal> {
        let (network, addresses, stage, observed) = match guessing {
            Guessing::From { network, addresses, accounts } => {
                (network, addresses, Stage::Discovery, format!("{accounts} accounts fail from one network"))
            }
            Guessing::CameIn { network, address } => {
                (network, vec![address], Stage::Entry, "one of many tries succeeds".to_owned())
            }
        };
        let id = format!("guessing-{network}-{}", occurrence.event);
        let mut threat = threat(&id, occurrence, (GUESSED, stage, "T1110.003"));
        let keys =
            addresses.iter().filter_map(|address| EntityKey::ip("guessing", &address.to_string()).ok());
        threat.entities.extend(keys.map(|key| (key, Role::Origin)));
        if stage == Stage::Entry {
            let won = event.entities().into_iter().filter(|(key, _)| key.kind() == EntityKind::WebSession);
            threat.entities.extend(won.map(|(session, _)| (session, Role::Via)));
        }
        let about = threat.entities.first().map(|(key, _)| key.clone()).or_else(|| person(event));
        let mut signal = Signal::new("guessed passwords", occurrence, about.as_ref()?, GUESSED);
        signal.techniques.extend(Technique::parse("T1110.003"));
        signal.reasons.push(Reason::new("sign-ins", observed, "one person's mistakes", GUESSED));
        wait(&mut self.alarms, threat, &mut self.missed);
        Some(signal)
    }
}

/// Lets `one` wait at the end of a queue.
fn wait<T>(queue: &mut VecDeque<T>, one: T, missed: &mut u64) {
    if queue.len() >= WAITING {
        queue.pop_front();
        *missed = missed.saturating_add(1);
    }
    queue.push_back(one);
}

fn threat(id: &str, occurrence: &Occurrence, (bits, stage, technique): (Bits, Stage, &str)) -> Threat {
    let mut threat = Threat::new(id, occurrence.tenant.clone(), occurrence.time, bits);
    threat.confidence = SURE;
    threat.stages.push(stage);
    threat.techniques.extend(Technique::parse(technique));
    threat.evidence.push(occurrence.event.clone());
    threat
}

/// Who signs in, by the name people know.
fn person(event: &Event) -> Option<EntityKey> {
    let named = |key: &EntityKey| matches!(key.kind(), EntityKind::Upn | EntityKind::Email);
    let entities = event.named();
    let found = entities.iter().find(|(key, _)| named(key));
    let found =
        found.or_else(|| entities.iter().find(|(key, _)| key.kind() == EntityKind::DirectoryObjectId));
    found.map(|(key, _)| key.clone())
}

fn address(event: &Event) -> Option<IpAddr> {
    event.src_endpoint()?.ip()?.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// The block that `text` writes: an address, or an address and the length of the prefix.
fn block(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The factor that was shown, as the source names it.
fn factor(event: &Event) -> Option<String> {
    let told = event
        .unmapped("debugContext.debugData.factor")
        .or_else(|| event.unmapped("authenticationContext.credentialType"))?;
    serde_json::from_str(told.as_str()).ok()
}

impl fmt::Debug for Reflex {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reflex({} blocks, {} people)", self.hidden.len(), self.live.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_goes_and_is_counted() {
        let (mut queue, mut missed) = (VecDeque::new(), 0);
        (0..WAITING + 3).for_each(|number| wait(&mut queue, number, &mut missed));
        assert_eq!((queue.len(), queue.front(), missed), (WAITING, Some(&3), 3));
    }
}
