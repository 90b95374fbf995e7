//! What detectors say to one another: this, about these entities, is so surprising, for these reasons.

use crate::{Bits, Domain, EntityKey, EventRef, Role, Technique, TenantId, Timestamp, xxh64};
use core::fmt;

/// The id of a signal: XXH64 of event id, entity key and detector name, never of a position.
///
/// So neither order of arrival nor a replay changes it, and a second delivery is dropped downstream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(u64);

impl SignalId {
    /// The id of what `detector` says about `entity` because of `event`.
    pub fn of(event: &EventRef, entity: &EntityKey, detector: &str) -> Self {
        Self(xxh64(&[event.as_str().as_bytes(), &entity.bytes(), detector.as_bytes()].join(&0x1F)))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for SignalId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SignalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalId({self})")
    }
}

/// How something ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused or failed.
    Failure,
    /// The source tells an end that is neither, such as a challenge.
    Other,
    /// The source does not tell.
    #[default]
    Unknown,
}

impl Outcome {
    /// Every outcome, in order.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Other, Self::Unknown];

    /// The wire word, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the wire word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason for a score: an aspect, what was seen, what was usual, and how many bits that is.
///
/// The texts may hold values of events; `Debug` shows none of them.
#[derive(Clone, PartialEq)]
pub struct Reason {
    /// What was looked at, such as `rate` or `country`.
    pub aspect: String,
    /// What was seen.
    pub observed: String,
    /// What would have been normal.
    pub expected: String,
    /// What this reason alone weighs.
    pub bits: Bits,
    /// The number of observations behind `expected`.
    pub support: u64,
}

impl Reason {
    /// A reason of `bits` in `aspect`; `support` is 0 until set.
    pub fn new(aspect: &str, observed: impl Into<String>, expected: impl Into<String>, bits: Bits) -> Self {
        Self {
            aspect: aspect.to_owned(),
            observed: observed.into(),
            expected: expected.into(),
            bits,
            support: 0,
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({} {} of {})", self.aspect, self.bits, self.support)
    }
}

/// When, where and for whom something happened: what every signal about one event shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// Whose data this is.
    pub tenant: TenantId,
    /// The event.
    pub event: EventRef,
    /// When it happened.
    pub time: Timestamp,
    /// Where in the estate.
    pub domain: Domain,
}

/// A detector's statement about one event: the common currency between detectors, incidents and response.
///
/// ```
/// use homeostat_core::{Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Reason, Signal, TenantId};
///
/// let login = Occurrence {
///     tenant: TenantId::new("acme")?,
///     event: EventRef::new("okta.jsonl", 7)?,
///     time: "2026-03-16T03:00:00Z".parse()?,
///     domain: Domain::Identity,
/// };
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let mut signal = Signal::new("night-login", &login, &jane, Bits::new(9.5));
/// signal.reasons.push(Reason::new("hour of week", "Mon 03:00", "Mon to Fri, 8 to 18", Bits::new(9.5)));
/// assert_eq!(signal.actor.as_ref(), Some(&jane));
/// assert_eq!(signal.evidence, [login.event]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Signal {
    /// Made of event, entity and detector.
    pub id: SignalId,
    /// Whose data this is.
    pub tenant: TenantId,
    /// When it happened.
    pub time: Timestamp,
    /// Where in the estate.
    pub domain: Domain,
    /// What is said, in the detector's own stable words; equal kinds about one entity are one fact.
    pub kind: String,
    /// How surprising it is, or the mapped severity of a foreign detection.
    pub bits: Bits,
    /// What was done, in the source's own words, such as `PutUserPolicy`.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Which ATT&CK techniques it may be.
    pub techniques: Vec<Technique>,
    /// Who did it.
    pub actor: Option<EntityKey>,
    /// Whom or what it was done to.
    pub target: Option<EntityKey>,
    /// Through what: the session, key or role.
    pub via: Option<EntityKey>,
    /// Every entity named, the three above among them, each with its part.
    pub entities: Vec<(EntityKey, Role)>,
    /// The events behind it: ids, never bodies.
    pub evidence: Vec<EventRef>,
    /// Why it is so surprising, the heaviest first.
    pub reasons: Vec<Reason>,
    /// Whether only a tightened threshold let it through; such a signal does not tighten further.
    pub tightened: bool,
}

impl Signal {
    /// What `detector` says about `entity`, the actor, because of `occurrence`.
    ///
    /// The kind is the detector's name until set otherwise; everything else starts empty.
    pub fn new(detector: &str, occurrence: &Occurrence, entity: &EntityKey, bits: Bits) -> Self {
        Self {
            id: SignalId::of(&occurrence.event, entity, detector),
            tenant: occurrence.tenant.clone(),
            time: occurrence.time,
            domain: occurrence.domain,
            kind: detector.to_owned(),
            bits,
            action: String::new(),
            outcome: Outcome::Unknown,
            techniques: Vec::new(),
            actor: Some(entity.clone()),
            target: None,
            via: None,
            entities: vec![(entity.clone(), Role::Actor)],
            evidence: vec![occurrence.event.clone()],
            reasons: Vec::new(),
            tightened: false,
        }
    }

    /// Names `entity` with its part; the first actor, target and via also fill the fields of that name.
    pub fn involve(&mut self, entity: EntityKey, role: Role) {
        let field = match role {
            Role::Actor => Some(&mut self.actor),
            Role::Target => Some(&mut self.target),
            Role::Via => Some(&mut self.via),
            _ => None,
        };
        if let Some(field @ None) = field {
            *field = Some(entity.clone());
        }
        let pair = (entity, role);
        if !self.entities.contains(&pair) {
            self.entities.push(pair);
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("id", &self.id)
            .field("time", &self.time)
            .field("domain", &self.domain)
            .field("kind", &self.kind)
            .field("bits", &self.bits)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntityKind;

    fn marked() -> Signal {
        let occurrence = Occurrence {
            tenant: TenantId::new("acme").unwrap(),
            event: EventRef::new("okta.jsonl", 1).unwrap(),
            time: Timestamp::from_micros(1_000_000),
            domain: Domain::Identity,
        };
        let key = EntityKey::new(EntityKind::Upn, "acme", "marked@acme.example").unwrap();
        let mut signal = Signal::new("first-seen", &occurrence, &key, Bits::new(7.25));
        signal.reasons.push(Reason::new("country", "marked", "marked", Bits::new(7.25)));
        signal.action = "marked".to_owned();
        signal.techniques.extend(Technique::parse("T1078.004"));
        signal.involve(EntityKey::ip("acme", "192.0.2.1").unwrap(), Role::Origin);
        signal
    }

    #[test]
    fn json_round_trips_and_older_records_are_read() {
        let signal = marked();
        let json = serde_json::to_string(&signal).unwrap();
        assert_eq!(serde_json::from_str::<Signal>(&json).unwrap(), signal);
        let old = r#"{"id":"00000000000000ff","tenant":"acme","time":"unknown","domain":"cloud","kind":"k","bits":1,"new":[]}"#;
        let read: Signal = serde_json::from_str(old).unwrap();
        assert_eq!((read.id.get(), read.time, read.entities.len()), (255, Timestamp::UNKNOWN, 0));
        assert!(serde_json::from_str::<Signal>(r#"{"id":"ff"}"#).is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", marked()).contains("marked"));
        assert!(!format!("{:?}", marked().reasons).contains("marked"));
    }

    #[test]
    fn the_id_rests_on_event_entity_and_detector_alone() {
        let signal = marked();
        let mut later = signal.clone();
        later.time = Timestamp::from_micros(9);
        assert_eq!(later.id, signal.id);
        let entity = signal.actor.as_ref().unwrap();
        assert_eq!(SignalId::of(&signal.evidence[0], entity, "first-seen"), signal.id);
        assert_ne!(SignalId::of(&signal.evidence[0], entity, "other"), signal.id);
    }
}
