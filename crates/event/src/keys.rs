//! Every canonical entity key of an event, with the part the entity plays.
//!
//! Parts follow from where an identifier stands in OCSF: actor, target, session, endpoint, device. O(number of
//! identifiers); no class is asked for but where OCSF itself gives one attribute two meanings (`user`).

use crate::class::ClassUid;
use crate::event::Event;
use crate::finding::Evidence;
use crate::identity::{Actor, ManagedEntity, Session, User};
use crate::naming::{Arn, Naming, domain_name, key};
use crate::network::NetworkEndpoint;
use homeostat_core::{EntityKey, EntityKind, Role};

/// Who acts. In a sign-in the `user` does unless an actor's is told; so it does outside identity and access
/// management, where `user` names whom something is done to.
pub(crate) fn acting_user(event: &Event) -> Option<&User> {
    event.actor_told().and_then(Actor::user).or_else(|| event.user().filter(|_| user_acts(event)))
}

/// In what session.
pub(crate) fn acting_session(event: &Event) -> Option<&Session> {
    event.actor_told().and_then(Actor::session).or_else(|| event.session())
}

fn user_acts(event: &Event) -> bool {
    let class = event.class_uid();
    let actor_told = event.actor_told().and_then(Actor::user).is_some();
    let managed = class.get() / 1_000 % 100 == 3 && class != ClassUid::AUTHENTICATION;
    !actor_told && !managed
}

/// The keys of who acts, the best first: the user's, else the application's, else the process's.
pub(crate) fn acting(event: &Event) -> Vec<EntityKey> {
    let naming = Naming::of(event);
    let mut keys = acting_user(event).map(|user| naming.user(user)).unwrap_or_default();
    if let (true, Some(actor)) = (keys.is_empty(), event.actor_told()) {
        let invoked_by = actor.app_name().or_else(|| actor.invoked_by());
        keys.extend(naming.application(actor.app_uid(), invoked_by));
        if keys.is_empty() {
            keys.extend(actor.process().and_then(|process| naming.program(process)));
        }
    }
    keys
}

/// Users to whom it was done.
pub(crate) fn target_users(event: &Event) -> Vec<&User> {
    let acted_on = event.user().filter(|user| !user_acts(event) && acting_user(event) != Some(*user));
    let managed = event.entity().and_then(ManagedEntity::user);
    acted_on.into_iter().chain(managed).collect()
}

/// The keys of one user.
pub(crate) fn of_user(event: &Event, user: &User) -> Vec<EntityKey> {
    Naming::of(event).user(user)
}

/// The keys of what is no user and was acted on: groups, entities, resources, names asked for.
pub(crate) fn target_things(event: &Event) -> Vec<EntityKey> {
    let naming = Naming::of(event);
    let mut keys = Vec::new();
    keys.extend(event.group().into_iter().chain(event.subgroup()).filter_map(|group| naming.group(group)));
    if let Some(entity) = event.entity().filter(|entity| entity.user().is_none()) {
        let group = entity.group().and_then(|group| naming.group(group));
        keys.extend(group.or_else(|| naming.thing(entity.uid(), entity.name())));
    }
    let resources = event.resources().iter().chain(event.resource());
    keys.extend(resources.filter_map(|resource| naming.thing(resource.uid(), resource.name())));
    keys.extend(event.query().and_then(|query| query.hostname()).and_then(domain_name));
    keys.extend(event.tls().and_then(|tls| tls.sni()).and_then(domain_name));
    keys.extend(event.url().and_then(|url| url.hostname()).and_then(domain_name));
    if event.class_uid() == ClassUid::AUTHENTICATION {
        let service = event.service_told();
        keys.extend(service.and_then(|service| naming.application(service.uid(), service.name())));
    }
    if event.class_uid() == ClassUid::AUTHORIZE_SESSION {
        keys.extend(event.session().map(|session| naming.session(session, None)).unwrap_or_default());
    }
    on_host(event, &naming, &mut keys);
    keys
}

/// The keys of what lives on a machine and was acted on: processes, files, modules, jobs, services, registry.
fn on_host(event: &Event, naming: &Naming<'_>, keys: &mut Vec<EntityKey>) {
    let named = |name: Option<&str>| name.and_then(|name| naming.thing(None, Some(name)));
    keys.extend(event.process().and_then(|process| naming.program(process)));
    let loaded = event.module().and_then(|module| module.file());
    let driver = event.driver().and_then(|driver| driver.file());
    let files = event.file().into_iter().chain(loaded).chain(driver).chain(event.file_result());
    keys.extend(files.filter_map(|file| naming.file(file)));
    keys.extend(named(event.job().and_then(|job| job.name())));
    keys.extend(named(event.win_service().and_then(|service| service.name())));
    keys.extend(named(event.reg_key().and_then(|reg_key| reg_key.path())));
    keys.extend(named(event.reg_value().and_then(|value| value.path())));
    let guarded = event.win_resource();
    keys.extend(named(guarded.and_then(|guarded| guarded.name().or(guarded.uid()))));
    keys.extend(named(event.log_name()));
    keys.extend(named(event.app().and_then(|app| app.name())));
    let script = event.script();
    keys.extend(script.and_then(|script| script.file().and_then(|file| naming.file(file))));
    keys.extend(named(script.and_then(|script| script.uid().or(script.name()))));
    if script.is_some() && keys.is_empty() {
        // A script of no name works on the machine it runs on.
        keys.extend(event.device().and_then(|device| naming.device(device).into_iter().next()));
    }
}

/// The key of the far end of a connection, or of the machine signed in to.
pub(crate) fn target_end(event: &Event) -> Option<EntityKey> {
    event.dst_endpoint().filter(|_| goes_to_its_end(event)).and_then(|end| address(event, end))
}

/// Whether the destination is what is acted on. A name server that is asked is not: the name asked for is; nor is
/// the server that leases an address.
fn goes_to_its_end(event: &Event) -> bool {
    !matches!(event.class_uid(), ClassUid::DNS_ACTIVITY | ClassUid::DHCP_ACTIVITY)
}

/// The best key of an endpoint.
pub(crate) fn address(event: &Event, endpoint: &NetworkEndpoint) -> Option<EntityKey> {
    Naming::of(event).endpoint(endpoint).into_iter().next()
}

/// The best key of a machine.
pub(crate) fn machine(event: &Event, device: &crate::device::Device) -> Option<EntityKey> {
    Naming::of(event).device(device).into_iter().next()
}

/// Every key with its part, without duplicates.
pub(crate) fn entities(event: &Event) -> Vec<(EntityKey, Role)> {
    let naming = Naming::of(event);
    let mut found = Found(Vec::new());
    found.add(Role::Actor, acting(event));
    via(event, &naming, &mut found);
    for user in target_users(event) {
        found.add(Role::Target, naming.user(user));
    }
    found.add(Role::Target, target_things(event));
    ends(event, &naming, &mut found);
    if let Some(device) = event.device() {
        found.add(Role::Device, naming.device(device));
    }
    for evidence in event.evidences() {
        seen_in(evidence, &naming, &mut found);
    }
    related(event, &naming, &mut found);
    found.0
}

/// Through what it was done: session, credential, application, process.
fn via(event: &Event, naming: &Naming<'_>, found: &mut Found) {
    let user = acting_user(event);
    if let Some(session) = acting_session(event) {
        found.add(Role::Via, naming.session(session, user));
    }
    let account = user.and_then(User::account).and_then(|account| account.uid());
    for credential in user.map(User::programmatic_credentials).unwrap_or_default() {
        found.add(Role::Via, credential.uid().and_then(|uid| naming.credential(uid, account)));
    }
    let Some(actor) = event.actor_told() else { return };
    if user.is_some() {
        found.add(Role::Via, naming.application(actor.app_uid(), actor.app_name()));
    }
    found.add(Role::Via, actor.process().and_then(|process| naming.process(process)));
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

fn seen_in(evidence: &Evidence, naming: &Naming<'_>, found: &mut Found) {
    let actor = evidence.actor().and_then(Actor::user);
    found.add(Role::Actor, actor.map(|user| naming.user(user)).unwrap_or_default());
    if let Some(session) = evidence.actor().and_then(Actor::session) {
        found.add(Role::Via, naming.session(session, actor));
    }
    let user = evidence.user().map(|user| naming.user(user)).unwrap_or_default();
    found.add(if actor.is_some() { Role::Target } else { Role::Actor }, user);
    found.add(Role::Origin, evidence.src_endpoint().map(|end| naming.endpoint(end)).unwrap_or_default());
    found.add(Role::Target, evidence.dst_endpoint().map(|end| naming.endpoint(end)).unwrap_or_default());
    found.add(Role::Device, evidence.device().map(|device| naming.device(device)).unwrap_or_default());
    found.add(Role::Target, evidence.query().and_then(|query| query.hostname()).and_then(domain_name));
    let resources = evidence.resources().iter();
    found.add(Role::Target, resources.filter_map(|thing| naming.thing(thing.uid(), thing.name())));
    let hashes = evidence.file().map(crate::device::File::hashes).unwrap_or_default().iter();
    found.add(Role::Related, hashes.filter_map(hash));
}

/// `algorithm:hex` for the three algorithms in common use.
fn hash(print: &crate::device::Fingerprint) -> Option<EntityKey> {
    let algorithm = match print.algorithm_id()? {
        1 => "md5",
        2 => "sha1",
        3 => "sha256",
        _ => return None,
    };
    key(EntityKind::FileHash, EntityKey::INTERNET, &format!("{algorithm}:{}", print.value()?))
}

/// What stands beside the others: addresses answered, addresses on the way, observables.
fn related(event: &Event, naming: &Naming<'_>, found: &mut Found) {
    let on_the_way = event.src_endpoint().map(NetworkEndpoint::intermediate_ips).unwrap_or_default();
    let answers = event.answers().iter().filter_map(|answer| answer.rdata());
    let addresses = answers.chain(on_the_way.iter().map(crate::text::Str::as_str));
    found.add(Role::Related, addresses.filter_map(|address| naming.address(address)));
    for observable in event.observables() {
        let Some(value) = observable.value() else { continue };
        let key = match observable.type_id() {
            Some(1) => naming.host(value),
            Some(2) => naming.address(value),
            Some(5) => naming.mail_address(value),
            _ => None,
        };
        if let Some(key) = key.filter(|key| !found.has(key)) {
            found.add(Role::Related, [key]);
        }
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
