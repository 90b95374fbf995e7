//! A detector's signal as an OCSF Detection Finding (2004), and any product's finding as a signal.
//!
//! Homeostat's own findings carry the signal whole in `unmapped.homeostat_signal` and come back equal; a foreign
//! finding gets the bits of its severity. The id rests on event, entity and detector, as everywhere.

use crate::class::{ClassUid, Severity};
use crate::cloud::ResourceDetails;
use crate::construct::Head;
use crate::device::{Device, DeviceId};
use crate::domain;
use crate::event::Event;
use crate::finding::{Analytic, Attack, Evidence, FindingInfo, RelatedEvent};
use crate::identity::{Actor, User};
use crate::metadata::{Metadata, Product};
use crate::network::NetworkEndpoint;
use homeostat_core::{
    Bits, EntityKey, EntityKind, EventRef, JsonText, Occurrence, Reason, Role, Signal, Technique,
};

/// Under this name in `unmapped` a finding keeps the signal it was made of.
const KEPT: &str = "homeostat_signal";

/// Analytic types by which homeostat finds: from behaviour.
const BEHAVIORAL: i32 = 2;

/// The status of a finding that nobody has looked at yet.
const NEW: i32 = 1;

impl Severity {
    /// What a foreign detection of this severity counts: low 4, medium 8, high 12, critical and fatal 16 bits;
    /// what is informational or not told counts none.
    pub fn bits(self) -> Bits {
        match self.get() {
            2 => Bits::LOW,
            3 => Bits::MEDIUM,
            4 => Bits::HIGH,
            5 | 6 => Bits::CRITICAL,
            _ => Bits::ZERO,
        }
    }

    /// The highest severity that counts at most `bits`.
    pub fn of_bits(bits: Bits) -> Self {
        match bits {
            _ if bits >= Bits::CRITICAL => Self::CRITICAL,
            _ if bits >= Bits::HIGH => Self::HIGH,
            _ if bits >= Bits::MEDIUM => Self::MEDIUM,
            _ if bits >= Bits::LOW => Self::LOW,
            _ => Self::INFORMATIONAL,
        }
    }
}

impl Event {
    /// The signal as a Detection Finding of the product homeostat.
    ///
    /// ```
    /// use homeostat_event::{
    ///     Bits, Domain, EntityKey, EntityKind, Event, EventRef, Occurrence, Severity, Signal, TenantId, signal_of,
    /// };
    ///
    /// let login = Occurrence {
    ///     tenant: TenantId::new("acme")?,
    ///     event: EventRef::new("okta.jsonl", 7)?,
    ///     time: "2026-03-16T03:00:00Z".parse()?,
    ///     domain: Domain::Identity,
    /// };
    /// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
    /// let signal = Signal::new("night-login", &login, &jane, Bits::new(9.5));
    ///
    /// let finding = Event::from_signal(&signal);
    /// assert_eq!(finding.severity(), Severity::MEDIUM);
    /// assert_eq!(signal_of(&finding), Some(signal));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_signal(signal: &Signal) -> Self {
        let head = Head::new(1, signal.time, Product::new("homeostat", "homeostat"));
        let mut event = Self::detection_finding(head, finding_info(signal));
        event.set_severity(Severity::of_bits(signal.bits)).set_tenant(&signal.tenant);
        event.set_status_id(NEW);
        event.set_evidences(signal.entities.iter().filter_map(evidence).collect::<Vec<_>>());
        event.set_resources(signal.entities.iter().filter_map(resource).collect::<Vec<_>>());
        if !signal.action.is_empty() {
            event.metadata_mut().set_event_code(&signal.action);
        }
        if let Some(first) = signal.evidence.first() {
            event.set_reference(first);
        }
        event.keep(domain::KEPT, &JsonText::new(format!("\"{}\"", signal.domain)));
        if let Ok(text) = serde_json::to_string(signal) {
            event.keep(KEPT, &JsonText::new(text));
        }
        event
    }
}

fn finding_info(signal: &Signal) -> FindingInfo {
    let mut info = FindingInfo::new(signal.id.to_string());
    info.set_title(&signal.kind).set_analytic(Analytic::new(&signal.kind, BEHAVIORAL));
    info.set_attacks(signal.techniques.iter().map(Attack::by).collect::<Vec<_>>());
    info.set_related_events(
        signal.evidence.iter().map(|event| RelatedEvent::new(event.as_str())).collect::<Vec<_>>(),
    );
    info
}

/// Where it can be seen who acted, from where, on which device.
fn evidence((key, role): &(EntityKey, Role)) -> Option<Evidence> {
    match (role, key.kind()) {
        (Role::Actor, EntityKind::Upn | EntityKind::Sam | EntityKind::LocalUser) => {
            Some(Evidence::of_actor(Actor::of_user(User::named(key.value()))))
        }
        (Role::Actor, _) => Some(Evidence::of_actor(Actor::of_user(User::of_uid(key.value())))),
        (Role::Origin, EntityKind::Ip) => Some(Evidence::of_source(NetworkEndpoint::of_ip(key.value()))),
        (Role::Origin, EntityKind::Fqdn | EntityKind::Hostname) => {
            Some(Evidence::of_source(NetworkEndpoint::of_hostname(key.value())))
        }
        (Role::Target, EntityKind::Ip) => Some(Evidence::of_destination(NetworkEndpoint::of_ip(key.value()))),
        (Role::Device, EntityKind::Fqdn | EntityKind::Hostname) => {
            Some(Evidence::of_device(Device::new(0, DeviceId::Hostname(key.value().into()))))
        }
        (Role::Device, _) => Some(Evidence::of_device(Device::new(0, DeviceId::Uid(key.value().into())))),
        _ => None,
    }
}

fn resource((key, role): &(EntityKey, Role)) -> Option<ResourceDetails> {
    if *role != Role::Target || key.kind() == EntityKind::Ip {
        return None;
    }
    let mut resource = ResourceDetails::of_uid(key.value());
    resource.set_kind(key.kind().as_str());
    Some(resource)
}

/// The signal that a Detection Finding tells; `None` for another class, when tenant or event id is not told, or
/// when the finding names nothing, not even itself.
///
/// A finding that homeostat made gives the signal it was made of. Of a foreign one the bits are its severity's,
/// the kind is its analytic's name, else its title, and the entities are those of the role view.
pub fn signal_of(event: &Event) -> Option<Signal> {
    if event.class_uid() != ClassUid::DETECTION_FINDING {
        return None;
    }
    let occurrence = event.occurrence()?;
    kept(event, &occurrence).or_else(|| foreign(event, &occurrence))
}

/// The signal kept whole, if it is this finding's: a kept one of another tenant or id is not believed.
fn kept(event: &Event, occurrence: &Occurrence) -> Option<Signal> {
    let text = event.unmapped(KEPT)?;
    let signal: Signal = serde_json::from_str(text.as_str()).ok()?;
    let id = event.finding_info()?.uid()?;
    (signal.tenant == occurrence.tenant && signal.id.to_string() == id).then_some(signal)
}

fn foreign(event: &Event, occurrence: &Occurrence) -> Option<Signal> {
    let kind = kind_of(event);
    let entities = event.entities();
    let subject = subject_of(event, &entities)?;
    let bits = event.severity().bits();
    let mut signal = Signal::new(kind, occurrence, &subject, bits);
    (signal.actor, signal.entities) = (None, Vec::new());
    for (key, role) in entities {
        signal.involve(key, role);
    }
    signal.outcome = event.outcome();
    event.action().clone_into(&mut signal.action);
    signal.techniques = techniques(event);
    let related = event.finding_info().map(FindingInfo::related_events).unwrap_or_default();
    for event in related.iter().filter_map(|event| EventRef::parse(event.uid()?).ok()) {
        if !signal.evidence.contains(&event) {
            signal.evidence.push(event);
        }
    }
    let severity = event.severity().get().to_string();
    signal.reasons.push(Reason::new("severity told by the product", severity, "no detection", bits));
    Some(signal)
}

fn kind_of(event: &Event) -> &str {
    let info = event.finding_info();
    let analytic = info.and_then(FindingInfo::analytic);
    let named = analytic.and_then(Analytic::name).or_else(|| info.and_then(FindingInfo::title));
    let product = || event.metadata().and_then(Metadata::product).and_then(Product::name);
    named.or_else(product).unwrap_or("finding")
}

/// Whom the finding is about: the actor, else where it came from, else whatever it names first.
fn subject_of(event: &Event, entities: &[(EntityKey, Role)]) -> Option<EntityKey> {
    let of = |wanted: Role| entities.iter().find(|(_, role)| *role == wanted);
    let found =
        of(Role::Actor).or_else(|| of(Role::Device)).or_else(|| of(Role::Origin)).or(entities.first());
    let uid = || event.finding_info().and_then(FindingInfo::uid);
    let native = || EntityKey::new(EntityKind::NativeId, EntityKey::UNSCOPED, uid()?).ok();
    found.map(|(key, _)| key.clone()).or_else(native)
}

fn techniques(event: &Event) -> Vec<Technique> {
    let info = event.finding_info().map(FindingInfo::attacks).unwrap_or_default();
    let mut techniques = Vec::new();
    for technique in info.iter().chain(event.attacks()).filter_map(Attack::finest) {
        if !techniques.contains(&technique) {
            techniques.push(technique);
        }
    }
    techniques
}
