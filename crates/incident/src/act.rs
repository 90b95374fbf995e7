//! One resolved signal, slimmed to what an incident needs of it, and its bytes.

use homeostat_core::{
    Bits, Domain, EntityKind, EventRef, Outcome, Reason, Role, Signal, SignalId, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique,
};
use homeostat_identity::{EntityClass, EntityId, LinkKind, Participant, Resolved};

/// The most reasons kept of one signal: the heaviest come first.
const REASONS: usize = 4;

/// Every class of entity, in the order of its byte in a snapshot.
const CLASSES: [EntityClass; 18] = [
    EntityClass::Person,
    EntityClass::ServiceAccount,
    EntityClass::Role,
    EntityClass::Session,
    EntityClass::Credential,
    EntityClass::Device,
    EntityClass::Workload,
    EntityClass::Application,
    EntityClass::Mailbox,
    EntityClass::DataStore,
    EntityClass::Address,
    EntityClass::Domain,
    EntityClass::Process,
    EntityClass::File,
    EntityClass::AiAgent,
    EntityClass::AiService,
    EntityClass::Account,
    EntityClass::Unknown,
];

/// Every kind of link, in the order of its byte in a snapshot.
const LINKS: [LinkKind; 6] = [
    LinkKind::SameAs,
    LinkKind::ActsFor,
    LinkKind::LoggedOn,
    LinkKind::Leases,
    LinkKind::Owns,
    LinkKind::Runs,
];

/// What one signal says, with its entities.
#[derive(Clone, PartialEq)]
pub(crate) struct Act {
    pub(crate) time: i64,
    pub(crate) id: SignalId,
    pub(crate) domain: Domain,
    pub(crate) kind: String,
    pub(crate) action: String,
    pub(crate) outcome: Outcome,
    pub(crate) bits: Bits,
    pub(crate) techniques: Vec<Technique>,
    pub(crate) who: Vec<Participant>,
    pub(crate) links: Vec<(EntityId, EntityId, LinkKind)>,
    pub(crate) evidence: Vec<EventRef>,
    pub(crate) reasons: Vec<Reason>,
}

impl Act {
    /// The act of `resolved`; `None` when its time is no moment.
    pub(crate) fn of(resolved: &Resolved) -> Option<Self> {
        let Signal { id, domain, bits, outcome, .. } = resolved.signal;
        let signal = &resolved.signal;
        Some(Self {
            time: signal.time.micros()?,
            id,
            domain,
            kind: signal.kind.clone(),
            action: signal.action.clone(),
            outcome,
            bits,
            techniques: signal.techniques.clone(),
            who: resolved.participants.clone(),
            links: resolved.links.clone(),
            evidence: signal.evidence.clone(),
            reasons: signal.reasons.iter().take(REASONS).cloned().collect(),
        })
    }

    /// Who did it, else the nearest to it: actor, via, device, target, origin, anybody.
    pub(crate) fn primary(&self) -> Option<&Participant> {
        let rank = |participant: &&Participant| match participant.role {
            Role::Actor => 0_u8,
            Role::Via => 1,
            Role::Device => 2,
            Role::Target => 3,
            Role::Origin => 4,
            Role::Related => 5,
            Role::Observer => 6,
        };
        self.who.iter().min_by_key(rank)
    }

    /// Drops the reasons in which `name` stands; tells whether there were some.
    pub(crate) fn unsay(&mut self, name: &str) -> bool {
        let before = self.reasons.len();
        self.reasons
            .retain(|reason| ![&reason.observed, &reason.expected].iter().any(|text| stands_in(text, name)));
        before != self.reasons.len()
    }

    /// The first participant in `role`.
    pub(crate) fn in_role(&self, role: Role) -> Option<&Participant> {
        self.who.iter().find(|participant| participant.role == role)
    }

    /// The address it came from.
    pub(crate) fn origin(&self) -> Option<EntityId> {
        let from = |p: &&Participant| p.role == Role::Origin && p.key.kind() == EntityKind::Ip;
        self.who.iter().find(from).map(|p| p.id)
    }

    /// The entities that take part in it, each once, in order of id; who merely saw it takes none.
    pub(crate) fn takers(&self) -> Vec<EntityId> {
        let mut ids: Vec<_> = self.who.iter().filter(|p| p.role != Role::Observer).map(|p| p.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether only a mapping from a feed or decoy gives these bits: exactly those of the known bad.
    pub(crate) fn is_known_bad(&self) -> bool {
        self.bits.get().to_bits() == Bits::KNOWN_BAD.get().to_bits()
    }

    /// Bytes that it takes beside itself, about: identifiers are shared.
    pub(crate) fn bytes(&self) -> usize {
        let reasons: usize =
            self.reasons.iter().map(|r| r.aspect.len() + r.observed.len() + r.expected.len()).sum();
        let vectors = self.who.capacity() * size_of::<Participant>() + self.links.capacity() * 12;
        let rest = (self.evidence.len() + self.techniques.len()) * 16 + self.reasons.len() * 88;
        vectors + rest + reasons + self.kind.len() + self.action.len()
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.u64(self.time.cast_unsigned());
        out.u64(self.id.get());
        out.u8(number(&Domain::ALL, &self.domain));
        out.text(&self.kind);
        out.text(&self.action);
        out.u8(number(&Outcome::ALL, &self.outcome));
        out.f64(self.bits.get());
        write_all(out, &self.techniques, |out, technique| out.text(technique.as_str()));
        write_all(out, &self.who, write_participant);
        write_all(out, &self.links, |out, (a, b, kind)| {
            out.u32(a.0);
            out.u32(b.0);
            out.u8(number(&LINKS, kind));
        });
        write_all(out, &self.evidence, |out, event| out.text(event.as_str()));
        write_all(out, &self.reasons, write_reason);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        Ok(Self {
            time: fields.u64()?.cast_signed(),
            id: SignalId::from(fields.u64()?),
            domain: one_of(&Domain::ALL, fields.u8()?)?,
            kind: fields.text()?,
            action: fields.text()?,
            outcome: one_of(&Outcome::ALL, fields.u8()?)?,
            bits: read_bits(fields)?,
            techniques: read_all(fields, 8, |fields| {
                Technique::parse(&fields.text()?).ok_or(SnapshotError::Invalid { field: "technique" })
            })?,
            who: read_all(fields, 23, read_participant)?,
            links: read_all(fields, 9, |fields| {
                Ok((EntityId(fields.u32()?), EntityId(fields.u32()?), read_link(fields)?))
            })?,
            evidence: read_all(fields, 8, read_event)?,
            reasons: read_all(fields, 40, read_reason)?,
        })
    }
}

pub(crate) fn write_all<T>(out: &mut SnapshotWriter, items: &[T], write: impl Fn(&mut SnapshotWriter, &T)) {
    out.len(items.len());
    for item in items {
        write(out, item);
    }
}

pub(crate) fn read_all<'a, T>(
    fields: &mut SnapshotReader<'a>,
    width: usize,
    read: impl Fn(&mut SnapshotReader<'a>) -> Result<T, SnapshotError>,
) -> Result<Vec<T>, SnapshotError> {
    (0..fields.len(width)?).map(|_| read(fields)).collect()
}

pub(crate) fn number<T: PartialEq>(all: &[T], item: &T) -> u8 {
    all.iter().position(|other| other == item).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

pub(crate) fn one_of<T: Copy>(all: &[T], number: u8) -> Result<T, SnapshotError> {
    all.get(usize::from(number)).copied().ok_or(SnapshotError::Invalid { field: "word" })
}

pub(crate) fn write_class(out: &mut SnapshotWriter, class: EntityClass) {
    out.u8(number(&CLASSES, &class));
}

pub(crate) fn read_class(fields: &mut SnapshotReader<'_>) -> Result<EntityClass, SnapshotError> {
    one_of(&CLASSES, fields.u8()?)
}

pub(crate) fn write_link(out: &mut SnapshotWriter, kind: LinkKind) {
    out.u8(number(&LINKS, &kind));
}

pub(crate) fn read_link(fields: &mut SnapshotReader<'_>) -> Result<LinkKind, SnapshotError> {
    one_of(&LINKS, fields.u8()?)
}

pub(crate) fn read_event(fields: &mut SnapshotReader<'_>) -> Result<EventRef, SnapshotError> {
    EventRef::parse(&fields.text()?).map_err(|_| SnapshotError::Invalid { field: "event" })
}

pub(crate) fn read_weight(fields: &mut SnapshotReader<'_>) -> Result<f64, SnapshotError> {
    let weight = fields.f64()?;
    let sound = weight.is_finite() && weight >= 0.0;
    if sound { Ok(weight) } else { Err(SnapshotError::Invalid { field: "weight" }) }
}

pub(crate) fn read_bits(fields: &mut SnapshotReader<'_>) -> Result<Bits, SnapshotError> {
    let raw = fields.f64()?;
    let bits = Bits::new(raw);
    let same = bits.get().to_bits() == raw.to_bits();
    if same { Ok(bits) } else { Err(SnapshotError::Invalid { field: "bits" }) }
}

fn write_participant(out: &mut SnapshotWriter, participant: &Participant) {
    out.u32(participant.id.0);
    write_class(out, participant.class);
    out.key(&participant.key);
    out.u8(number(&Role::ALL, &participant.role));
}

fn read_participant(fields: &mut SnapshotReader<'_>) -> Result<Participant, SnapshotError> {
    Ok(Participant {
        id: EntityId(fields.u32()?),
        class: read_class(fields)?,
        key: fields.key()?,
        role: one_of(&Role::ALL, fields.u8()?)?,
    })
}

fn write_reason(out: &mut SnapshotWriter, reason: &Reason) {
    out.text(&reason.aspect);
    out.text(&reason.observed);
    out.text(&reason.expected);
    out.f64(reason.bits.get());
    out.u64(reason.support);
}

fn read_reason(fields: &mut SnapshotReader<'_>) -> Result<Reason, SnapshotError> {
    Ok(Reason {
        aspect: fields.text()?,
        observed: fields.text()?,
        expected: fields.text()?,
        bits: read_bits(fields)?,
        support: fields.u64()?,
    })
}

/// Whether `name` stands in `text` with no letter or digit beside it.
fn stands_in(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}
