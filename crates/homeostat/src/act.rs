//! What every event says of itself: who did what, with the technique it can serve.
//!
//! Such a signal carries no surprise. It lets an incident, once open, tell what else the same session, key or
//! process did, and lets incidents count how rare an act is for its party and for the tenant.

use crate::semantics::meaning;
use homeostat_core::{Bits, EntityKey, EntityKind, Outcome, Role, Signal};
use homeostat_event::{ClassUid, Event};
use homeostat_identity::credentials_made;

/// The name under which plain acts are told.
pub(crate) const ACT: &str = "act";

/// The signal of `event` about its best actor key; `None` when it names nobody or lacks tenant, id or time.
pub(crate) fn act_of(event: &Event) -> Option<Signal> {
    let occurrence = event.occurrence()?;
    let party = party_of(event).or_else(|| event.named().first().map(|(key, _)| key.clone()))?;
    let mut signal = Signal::new(ACT, &occurrence, &party, Bits::ZERO);
    describe(&mut signal, event);
    Some(signal)
}

/// The key of whoever acted: the session of a role, which is one party where the role is many, else the best
/// key of the actor.
pub(crate) fn party_of(event: &Event) -> Option<EntityKey> {
    let named = event.named();
    let session = named.iter().find(|(key, _)| key.kind() == EntityKind::RoleSession);
    let told = || event.actor().filter(|actor| !actor.stands_in());
    let actor = || told().and_then(|actor| actor.keys().first().cloned());
    session.map(|(key, _)| key.clone()).or_else(actor)
}

/// Whether `event` is what machines do by the thousand: loading, opening, reading, connecting, delivering mail of
/// whoever writes. Only what a detector says of it belongs into a story; and were each letter an act upon its reader,
/// everybody with a mailbox would be a hub.
pub(crate) fn is_chatter(event: &Event) -> bool {
    let class = event.class_uid().get();
    let system = class / 1_000 == 1 || class / 1_000 == 201;
    let sent = event.class_uid() == ClassUid::EMAIL_ACTIVITY && !is_delivery(event);
    (system || class / 1_000 == 4) && !sent
}

/// Whether `event` is a mail of which nobody inside is told to have sent it.
fn is_delivery(event: &Event) -> bool {
    event.class_uid() == ClassUid::EMAIL_ACTIVITY && event.actor_told().is_none()
}

/// Whether `key` is one of the sessions that every Windows machine has for its services: nobody's own.
fn is_shared_session(key: &EntityKey) -> bool {
    const SHARED: [&str; 4] = ["0x3e3", "0x3e4", "0x3e5", "0x3e7"];
    key.kind() == EntityKind::LogonSession && SHARED.contains(&key.value())
}

/// The folder of the hosted file that `event` is about.
fn folder_of(event: &Event) -> Option<EntityKey> {
    let folder = event.file().filter(|_| event.class_uid() == ClassUid::FILE_HOSTING)?.parent_folder()?;
    EntityKey::new(EntityKind::NativeId, event.tenant()?.as_str(), folder).ok()
}

/// Whether `key` is a part of a resource that is named too, as the object of a bucket is.
fn lies_in(key: &EntityKey, named: &[(EntityKey, Role)]) -> bool {
    let holds = |other: &EntityKey| {
        let rest =
            key.value().strip_prefix(other.value()).filter(|_| other.kind() == EntityKind::ResourceArn);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    key.kind() == EntityKind::ResourceArn && named.iter().any(|(other, _)| holds(other))
}

/// Tells `signal` what `event` was: technique and everybody named, and, unless it tells them itself, action and
/// outcome.
pub(crate) fn describe(signal: &mut Signal, event: &Event) {
    if signal.action.is_empty() {
        event.action().clone_into(&mut signal.action);
        signal.outcome = event.outcome();
    }
    if let Some(meaning) = meaning(event.service(), event.action()) {
        if event.outcome() != Outcome::Failure {
            signal.bits = signal.bits.max(meaning.bits);
        }
        if signal.techniques.is_empty() {
            signal.techniques.push(meaning.technique);
        }
    }
    let folder = folder_of(event);
    let named = event.named();
    let mut entities = named.to_vec();
    // Files are read by the thousand; what they lie in is what was gone through.
    entities.retain(|(_, role)| folder.is_none() || !matches!(role, Role::Target | Role::Related));
    entities.extend(folder.map(|folder| (folder, Role::Target)));
    entities.retain(|(key, _)| !lies_in(key, &named));
    // Whoever gets a letter has done nothing.
    entities.retain(|(_, role)| !is_delivery(event) || *role != Role::Target);
    let in_session = entities.iter().any(|(key, _)| key.kind() == EntityKind::RoleSession);
    for (key, role) in entities.iter().filter(|(key, _)| !is_shared_session(key)) {
        let role = match (key.kind(), role) {
            (EntityKind::RoleSession, _) => Role::Actor,
            // Many take on the role; who acted is the session.
            (EntityKind::IamRoleArn, Role::Actor) if in_session => Role::Related,
            _ => *role,
        };
        signal.involve(key.clone(), role);
    }
    for credential in credentials_made(event) {
        signal.involve(credential, Role::Target);
    }
}
