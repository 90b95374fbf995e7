//! Who is new to the tenant and goes for what an intruder needs: rights, keys, secrets, logs, commands, data given away.
//!
//! Neither is odd by itself: people join, and administrators change rights. Together, within a day of the first sight,
//! they weigh as much as first sights are rare in the tenant, (n1 + 1) / (n + 2) of Good and Turing (Biometrika 40,
//! 1953, eq. 9), times how rare the goal is among all that is done: the two are independent among ordinary people. So
//! where newcomers come daily, or everybody reads secrets, that part weighs nothing. An account that somebody known
//! makes is announced and never new. Each goal is told by its own kind. O(log n) an event; at most 65,536 principals are kept.

use crate::act::party_of;
use crate::semantics::meaning;
use crate::written::{all, bits, flag, maybe, put_all, put_bits, put_flag, put_maybe};
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, Forget, Keep, Outcome, Reason, RiskView, Role, Signal,
    SnapshotError, SnapshotReader, SnapshotWriter, Technique, Timestamp,
};
use homeostat_event::{ClassUid, Event};
use std::collections::BTreeMap;

/// The most principals kept; beyond it nobody is a newcomer.
const KEPT: usize = 65_536;
/// How long somebody is a newcomer, in microseconds: a day.
const NEW: i64 = 86_400_000_000;
/// How long the tenant is watched before anybody is a newcomer: the same day.
const HISTORY: i64 = NEW;
/// The least that a first sight weighs to be told, and the most: somebody is always the first.
const TOLD: Bits = Bits::LOW;
const MOST: Bits = Bits::HIGH;
/// The most that newcomer and goal weigh together: half of what an incident needs when nothing else is known.
const MOST_TOGETHER: Bits = Bits::CRITICAL;

/// What an intruder goes for: the techniques, by the beginning of their ids, and the kind it is told by.
const GOALS: &[(&[&str], &str)] = &[
    (&["T1098", "T1136", "T1556", "T1484", "T1543", "T1546"], "newcomer gives rights or keys"),
    (&["T1552", "T1555", "T1003", "T1528"], "newcomer reads secrets"),
    (&["T1562", "T1070"], "newcomer blinds the guards"),
    (&["T1537", "T1048", "T1567"], "newcomer gives data away"),
    (&["T1651", "T1648", "T1021", "T1578", "T1059"], "newcomer runs commands or machines"),
    (&["T1485", "T1486", "T1490", "T1496"], "newcomer destroys or burdens"),
];

/// What a sign-in without a second factor is told by.
const NO_FACTOR: &str = "newcomer signs in without a second factor";

/// One principal: when it was first seen, how often since, and how rare first sights were then.
#[derive(Clone, Copy)]
struct Known {
    first: Timestamp,
    again: bool,
    bits: Bits,
}

/// Tells of newcomers who go for what an intruder needs.
#[derive(Clone, Default)]
pub struct Newcomers {
    known: BTreeMap<EntityKey, Known>,
    seen: u64,
    once: u64,
    goals: BTreeMap<&'static str, u64>,
    start: Option<Timestamp>,
}

impl Newcomers {
    /// Learns that `who` acted; gives what a newcomer weighs, nothing for those known longer.
    fn learn(&mut self, who: EntityKey, now: Timestamp) -> Option<Bits> {
        let start = *self.start.get_or_insert(now);
        let expected = (self.once as f64 + 1.0) / (self.seen as f64 + 2.0);
        self.seen = self.seen.saturating_add(1);
        if let Some(known) = self.known.get_mut(&who) {
            self.once = self.once.saturating_sub(u64::from(!known.again));
            known.again = true;
            return now.since(known.first).is_some_and(|age| age < NEW).then_some(known.bits);
        }
        if self.known.len() >= KEPT {
            return None;
        }
        self.once = self.once.saturating_add(1);
        let old_enough = now.since(start).is_some_and(|age| age >= HISTORY);
        let bits = if old_enough { Bits::of_probability(expected).min(MOST) } else { Bits::ZERO };
        self.known.insert(who, Known { first: now, again: false, bits });
        Some(bits)
    }
}

impl Newcomers {
    /// Takes accounts that somebody known makes for known: whoever joins through the front door is no stranger.
    fn announce(&mut self, event: &Event, now: Timestamp) {
        let made = event
            .entities()
            .into_iter()
            .filter(|(key, role)| *role == Role::Target && is_lasting(key.kind()));
        for (key, _) in made {
            if self.known.len() < KEPT {
                self.known.entry(key).or_insert(Known { first: now, again: true, bits: Bits::ZERO });
            }
        }
    }

    /// How rare the goal was until now, and counts it.
    fn rarity(&mut self, goal: &'static str) -> Bits {
        let served = self.goals.entry(goal).or_default();
        let rarity = Bits::of_probability((*served as f64 + 1.0) / (self.seen as f64 + 2.0));
        *served = served.saturating_add(1);
        rarity
    }
}

/// Who acts, under a name that outlives the session: the user, else the role.
fn principal(event: &Event) -> Option<EntityKey> {
    let acts = |role: Role| matches!(role, Role::Actor | Role::Via | Role::Related);
    let named = event.named();
    let found = named.iter().filter(|(key, role)| acts(*role) && is_lasting(key.kind()));
    found.min_by_key(|(_, role)| *role as u8).map(|(key, _)| key.clone())
}

/// Whether a name of that kind outlives the session.
const fn is_lasting(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::IamUserArn
            | EntityKind::IamRoleArn
            | EntityKind::Upn
            | EntityKind::GcpServiceAccount
            | EntityKind::ServicePrincipalId
            | EntityKind::DirectoryObjectId
            | EntityKind::SaasUserId
            | EntityKind::K8sServiceAccount
    )
}

/// Whether `event` makes an account (OCSF Account Change, Create).
fn creates_account(event: &Event) -> bool {
    event.class_uid() == ClassUid::ACCOUNT_CHANGE && event.activity_id() == 1
}

/// The goal that `event` serves, with its technique.
fn goal(event: &Event) -> Option<(&'static str, Technique)> {
    if event.class_uid() == ClassUid::AUTHENTICATION && event.is_mfa() == Some(false) {
        return Some((NO_FACTOR, Technique::parse("T1078.004")?));
    }
    let technique = meaning(event.service(), event.action())?.technique;
    let serves = |ids: &[&str]| ids.iter().any(|id| technique.as_str().starts_with(id));
    GOALS.iter().find(|(ids, _)| serves(ids)).map(|(_, kind)| (*kind, technique))
}

impl Detector<Event> for Newcomers {
    fn name(&self) -> &'static str {
        "newcomers"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let (Some(who), Some(occurrence)) = (principal(event), event.occurrence()) else { return Vec::new() };
        let new = self.learn(who, occurrence.time);
        if creates_account(event) && new.is_none_or(|bits| bits < TOLD) {
            self.announce(event, occurrence.time);
        }
        let Some((kind, technique)) = goal(event) else { return Vec::new() };
        let rarity = self.rarity(kind);
        let (Some(new), Some(party)) = (new.filter(|bits| *bits >= TOLD), party_of(event)) else {
            return Vec::new();
        };
        let bits = Bits::new(new.get() + rarity.get()).min(MOST_TOGETHER);
        let mut signal = Signal::new(kind, &occurrence, &party, bits);
        signal.techniques.push(technique);
        let tried = if event.outcome() == Outcome::Failure { "tries" } else { "does" };
        signal.reasons.push(Reason::new("first sight", format!("today, and {tried} this"), "days ago", bits));
        vec![signal]
    }
}

impl Forget for Newcomers {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.known.remove(entity).is_some()
    }
}

const MAGIC: [u8; 4] = *b"NEWC";
const VERSION: u16 = 1;

impl Keep for Newcomers {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.known.iter(), |out, (key, known)| {
            out.key(key);
            out.time(known.first);
            put_flag(out, known.again);
            put_bits(out, known.bits);
        });
        out.u64(self.seen);
        out.u64(self.once);
        put_all(&mut out, self.goals.iter(), |out, (goal, served)| {
            out.text(goal);
            out.u64(*served);
        });
        put_maybe(&mut out, self.start, SnapshotWriter::time);
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let known = all(&mut fields, 34, |fields| {
            let (key, first) = (fields.key()?, fields.time()?);
            Ok((key, Known { first, again: flag(fields)?, bits: bits(fields)? }))
        })?;
        let (seen, once) = (fields.u64()?, fields.u64()?);
        let goals = all(&mut fields, 16, |fields| Ok((goal_named(&fields.text()?)?, fields.u64()?)))?;
        let start = maybe(&mut fields, SnapshotReader::time)?;
        fields.finish()?;
        *self = Self { known, seen, once, goals, start };
        Ok(())
    }
}

fn goal_named(name: &str) -> Result<&'static str, SnapshotError> {
    let mut kinds = GOALS.iter().map(|(_, kind)| *kind).chain([NO_FACTOR]);
    kinds.find(|kind| *kind == name).ok_or(SnapshotError::Invalid { field: "goal" })
}

impl std::fmt::Debug for Newcomers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Newcomers({} of {} events)", self.known.len(), self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> EntityKey {
        EntityKey::new(EntityKind::Upn, "acme", name).unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * 3_600_000_000)
    }

    #[test]
    fn newcomers_weigh_where_they_are_rare_and_for_a_day() {
        let mut calm = Newcomers::default();
        assert_eq!(calm.learn(user("jane"), at(0)), Some(Bits::ZERO), "on the first day everybody is new");
        for _ in 0..5_000 {
            calm.learn(user("jane"), at(2));
        }
        assert_eq!(calm.learn(user("eve"), at(30)), Some(MOST));
        assert_eq!(calm.learn(user("eve"), at(40)), Some(MOST));
        assert_eq!(calm.learn(user("eve"), at(60)), None);
        let mut busy = Newcomers::default();
        let told = (0..200).filter_map(|number| busy.learn(user(&format!("u{number}")), at(number)));
        assert!(told.last().is_none_or(|bits| bits < TOLD), "where all are new nobody is");
        assert!(calm.forget(&user("eve")) && !calm.forget(&user("eve")));
        assert!(!format!("{calm:?}").contains("jane"));
    }
}
