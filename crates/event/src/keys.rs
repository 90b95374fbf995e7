//! Every canonical entity key of an event, with the part the entity plays.
//!
//! Parts follow from where an identifier stands in OCSF: actor, target, session, endpoint, device. O(number of
//! identifiers); no class is asked for but where OCSF itself gives one attribute two meanings (`user`).

use crate::acted_on;
use crate::arn::Arn;
use crate::beside;
use crate::class::ClassUid;
use crate::device::Device;
use crate::event::Event;
use crate::finding::Evidence;
use crate::identity::{Actor, ManagedEntity, Session, User};
use crate::naming::Naming;
use crate::network::NetworkEndpoint;
use crate::seen::Seen;
use homeostat_core::{EntityKey, Role};
use std::borrow::Cow;

/// Who acts. In a sign-in the `user` does unless an actor's is told; so it does outside identity and access
/// management, where `user` names whom something is done to; a process acts for the user it runs as.
pub(crate) fn acting_user(event: &Event) -> Option<&User> {
    let actor = event.actor_told();
    let told = actor.and_then(Actor::user).or_else(|| event.user().filter(|_| user_acts(event)));
    told.or_else(|| actor?.process()?.user())
}

/// In what session.
pub(crate) fn acting_session(event: &Event) -> Option<&Session> {
    let actor = event.actor_told();
    actor.and_then(Actor::session).or_else(|| event.session()).or_else(|| actor?.process()?.session())
}

fn user_acts(event: &Event) -> bool {
    let class = event.class_uid();
    let actor_told = event.actor_told().and_then(Actor::user).is_some();
    let about_users = matches!(class.get() / 1_000 % 100, 2 | 3 | 5 | 7) && class != ClassUid::AUTHENTICATION;
    !actor_told && !about_users
}

/// The keys of who acts, the best first: the user's, else the application's, else the process's.
pub(crate) fn acting(event: &Event, naming: &Naming<'_>) -> Vec<EntityKey> {
    let mut keys = acting_user(event).map(|user| naming.user(user)).unwrap_or_default();
    if let (true, Some(actor)) = (keys.is_empty(), event.actor_told()) {
        let invoked_by = actor.app_name().or_else(|| actor.invoked_by());
        keys.extend(naming.application(actor.app_uid(), invoked_by));
    }
    if keys.is_empty() {
        keys.extend(event.at("actor.process").and_then(|process| acted_on::process(process, naming)));
    }
    keys
}

/// Who sent the mail of an event; `smtp_from` is what older releases call it.
pub(crate) fn sender(event: &Event) -> Option<Cow<'_, str>> {
    ["email.from", "from", "email.sender", "email.smtp_from"]
        .into_iter()
        .find_map(|path| event.at(path)?.whole_text())
}

/// Users to whom it was done.
pub(crate) fn target_users(event: &Event) -> Vec<&User> {
    let acted_on = event.user().filter(|user| !user_acts(event) && acting_user(event) != Some(*user));
    let managed = event.entity().and_then(ManagedEntity::user);
    acted_on.into_iter().chain(managed).collect()
}

/// The key of the far end of a connection, or of the machine signed in to.
pub(crate) fn target_end(event: &Event) -> Option<&NetworkEndpoint> {
    event.dst_endpoint().filter(|_| goes_to_its_end(event))
}

/// Whether the destination is what is acted on. A name server that is asked is not: the name asked for is; nor is
/// the server that leases an address, nor the one that takes a mail on.
fn goes_to_its_end(event: &Event) -> bool {
    !matches!(event.class_uid(), ClassUid::DNS_ACTIVITY | ClassUid::DHCP_ACTIVITY | ClassUid::EMAIL_ACTIVITY)
}

/// The device that saw traffic it had no part in: in a network class, without an actor on it, and no end of it.
pub(crate) fn sensor(event: &Event) -> Option<&Device> {
    let network = event.class_uid().get() / 1_000 % 100 == 4;
    let device = event.device().filter(|_| network && event.actor_told().is_none())?;
    let ends = [event.src_endpoint(), event.dst_endpoint()];
    let is_end = ends.into_iter().flatten().any(|end| {
        let same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        same(end.ip(), device.ip())
            || same(end.hostname(), device.hostname())
            || same(end.mac(), device.mac())
            || same(end.instance_uid(), device.instance_uid())
    });
    (!is_end).then_some(device)
}

/// Every key with its part, without duplicates.
pub(crate) fn entities(event: &Event, naming: &Naming<'_>) -> Vec<(EntityKey, Role)> {
    let mut found = Found(Vec::new());
    found.add(Role::Actor, acting(event, naming));
    found.add(Role::Actor, sender(event).and_then(|address| naming.mail_address(&address)));
    via(event, naming, &mut found);
    for user in target_users(event) {
        found.add(Role::Target, naming.user(user));
    }
    for thing in acted_on::things(event, naming) {
        found.add(Role::Target, thing.keys().iter().cloned());
    }
    ends(event, naming, &mut found);
    device(event, naming, &mut found);
    for evidence in event.evidences() {
        seen_in(evidence, naming, &mut found);
    }
    beside::observers(event, naming, |key| found.add(Role::Observer, [key]));
    let related = beside::related(event, naming);
    found.add_new(Role::Related, related);
    found.0
}

/// Through what it was done: session, credential, application, process, mail.
fn via(event: &Event, naming: &Naming<'_>, found: &mut Found) {
    let user = acting_user(event);
    if let Some(session) = acting_session(event) {
        found.add(Role::Via, naming.session(session, user));
    }
    let account = user.and_then(User::account).and_then(|account| account.uid());
    for credential in user.map(User::programmatic_credentials).unwrap_or_default() {
        found.add(Role::Via, credential.uid().and_then(|uid| naming.credential(uid, account)));
    }
    // What releases before 1.6 call it.
    let credential = event.at("actor.user.credential_uid").and_then(Seen::text);
    found.add(Role::Via, credential.and_then(|uid| naming.credential(uid, account)));
    found.add(
        Role::Via,
        event.at("email.message_uid").and_then(Seen::text).and_then(|uid| naming.message(uid)),
    );
    let Some(actor) = event.actor_told() else { return };
    if user.is_some() {
        found.add(Role::Via, naming.application(actor.app_uid(), actor.app_name().or(actor.invoked_by())));
    }
    let process = event.at("actor.process").and_then(|process| acted_on::process(process, naming));
    let acts = process.as_ref().is_some_and(|key| found.has(key));
    found.add(Role::Via, process.filter(|_| !acts));
}

fn ends(event: &Event, naming: &Naming<'_>, found: &mut Found) {
    let there = if goes_to_its_end(event) { Role::Target } else { Role::Related };
    if let Some(source) = event.src_endpoint() {
        found.add(Role::Origin, naming.endpoint(source));
    }
    if let Some(destination) = event.dst_endpoint() {
        found.add(there, naming.endpoint(destination));
    }
}

/// The device it was done on, and the container there; one that only saw it is an observer.
fn device(event: &Event, naming: &Naming<'_>, found: &mut Found) {
    let Some(device) = event.device().filter(|_| sensor(event).is_none()) else { return };
    found.add(Role::Device, naming.device(device));
    let container = event.at("device.container.uid").and_then(Seen::text);
    found.add(Role::Device, container.and_then(|uid| naming.container(uid)));
    let agents = event.at("device.agent_list").into_iter().flat_map(Seen::items);
    found.add(Role::Device, agents.filter_map(|agent| naming.agent(agent.at("uid")?.text()?)));
}

/// Who acts in what a finding rests on.
pub(crate) fn seen_acting(evidence: &Evidence) -> Option<&User> {
    let actor = evidence.actor()?;
    actor.user().or_else(|| actor.process()?.user())
}

fn seen_in(evidence: &Evidence, naming: &Naming<'_>, found: &mut Found) {
    let actor = seen_acting(evidence);
    found.add(Role::Actor, actor.map(|user| naming.user(user)).unwrap_or_default());
    if let Some(session) = evidence.actor().and_then(Actor::session) {
        found.add(Role::Via, naming.session(session, actor));
    }
    let user = evidence.user().map(|user| naming.user(user)).unwrap_or_default();
    found.add(if actor.is_some() { Role::Target } else { Role::Actor }, user);
    found.add(Role::Origin, evidence.src_endpoint().map(|end| naming.endpoint(end)).unwrap_or_default());
    found.add(Role::Target, evidence.dst_endpoint().map(|end| naming.endpoint(end)).unwrap_or_default());
    found.add(Role::Device, evidence.device().map(|device| naming.device(device)).unwrap_or_default());
    for thing in acted_on::evidence(evidence, naming) {
        found.add(Role::Target, thing.keys().iter().cloned());
    }
}

/// Keys found so far, in order, each with its part once.
struct Found(Vec<(EntityKey, Role)>);

impl Found {
    fn add(&mut self, role: Role, keys: impl IntoIterator<Item = EntityKey>) {
        for key in keys {
            if !self.0.iter().any(|(known, part)| *known == key && *part == role) {
                self.0.push((key, role));
            }
        }
    }

    /// Adds what plays no other part.
    fn add_new(&mut self, role: Role, keys: impl IntoIterator<Item = EntityKey>) {
        for key in keys {
            if !self.has(&key) {
                self.0.push((key, role));
            }
        }
    }

    fn has(&self, key: &EntityKey) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }
}

/// Whether an immutable id is that of a role.
pub(crate) fn is_role(uid: &str) -> bool {
    Arn::parse(uid).is_some_and(|arn| arn.is_role())
}

/// Whether a login is that of a service.
pub(crate) fn is_service_name(name: &str) -> bool {
    name.starts_with("system:serviceaccount:")
        || name.ends_with(".gserviceaccount.com")
        || name.ends_with(".amazonaws.com")
}

/// Whether id or login are of a shape that people have.
pub(crate) fn is_person(uid: &str, name: &str) -> bool {
    name.contains('@') || Arn::parse(uid).is_some_and(|arn| arn.is_user())
}
