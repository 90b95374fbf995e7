//! Who did what to whom, from where, with what outcome and when: asked the same way of every class.
//!
//! Readers of events use this view alone. It is total: an unknown class answers from the base attributes and
//! the objects that all classes share, and `None` means that the source did not tell.

use crate::class::ClassUid;
use crate::cloud::Service;
use crate::device::Device;
use crate::event::Event;
use crate::identity::{Session, User};
use crate::lend::lent;
use crate::metadata::Metadata;
use crate::naming::Naming;
use crate::network::{DnsAnswer, HttpRequest, NetworkEndpoint};
use crate::origin::Origin;
use crate::party::{Party, PrincipalKind};
use crate::seen::Seen;
use crate::{acted_on, beside, domain, keys, outcome};
use core::fmt;
use homeostat_core::{Domain, EntityKey, Occurrence, Outcome, Role, TenantId, Timestamp};
use std::sync::Arc;

impl Event {
    /// When it happened, to the microsecond where the source tells it; [`Timestamp::UNKNOWN`] when it does not.
    pub fn when(&self) -> Timestamp {
        self.hot.time().unwrap_or(Timestamp::UNKNOWN)
    }

    /// Sets when it happened, where the clock of its source is known to be wrong; the source's own text stays.
    pub fn set_when(&mut self, time: Timestamp) -> &mut Self {
        self.hot.set_time(time);
        self
    }

    /// Whose data this is.
    pub fn tenant(&self) -> Option<TenantId> {
        if let Some(told) = lent(self).and_then(|lent| Some(lent.occurrence.as_ref()?.tenant.clone())) {
            return Some(told);
        }
        TenantId::new(self.metadata()?.tenant_uid()?).ok()
    }

    /// Sets whose data this is.
    pub fn set_tenant(&mut self, tenant: &TenantId) -> &mut Self {
        self.metadata_mut().set_tenant_uid(tenant.as_str());
        self
    }

    /// Tenant, id, time and domain, when all are told: what a signal about this event starts from.
    pub fn occurrence(&self) -> Option<Occurrence> {
        if let Some(lent) = lent(self) {
            return lent.occurrence.clone();
        }
        let (tenant, event) = (self.tenant()?, self.reference()?);
        Some(Occurrence { tenant, event, time: self.when(), domain: self.domain() })
    }

    /// What was done, in the source's own word: the operation called, else the source's event code, else the
    /// activity's name; empty when none is told.
    pub fn action(&self) -> &str {
        let operation = self.api().and_then(|api| api.operation());
        let code = operation.or_else(|| self.metadata().and_then(Metadata::event_code));
        let told = code.or_else(|| self.activity_name());
        told.or_else(|| self.class_uid().activity_name(self.activity_id())).unwrap_or_default()
    }

    /// The service it was done at, such as `iam.amazonaws.com`.
    pub fn service(&self) -> Option<&str> {
        let called = self.api().and_then(|api| api.service()).and_then(Service::name);
        called.or_else(|| self.service_told().and_then(Service::name)).or_else(|| self.app_name())
    }

    /// How it ended: as the source tells it, else by what was done about it, else by the code that answered it.
    ///
    /// The status of a finding is how far its handling is; whether what was found succeeded is told by the action
    /// taken against it.
    pub fn outcome(&self) -> Outcome {
        outcome::outcome_of(self)
    }

    /// Sets how it ended; `word` is the source's own, which [`Outcome::Other`] needs.
    pub fn set_outcome(&mut self, outcome: Outcome, word: Option<&str>) -> &mut Self {
        let number = match outcome {
            Outcome::Success => 1,
            Outcome::Failure => 2,
            Outcome::Other => 99,
            Outcome::Unknown => 0,
        };
        self.set_status_id(number).set_status(word.filter(|_| outcome == Outcome::Other))
    }

    /// The source's code of the outcome, such as `AccessDenied`.
    pub fn outcome_code(&self) -> Option<&str> {
        self.status_code()
    }

    /// Which part of the estate it belongs to.
    ///
    /// A call or sign-in of a cloud provider is cloud, though its class be one of identity.
    pub fn domain(&self) -> Domain {
        domain::domain_of(self)
    }

    /// Who did it: the actor, else the user that signs in, else whom the evidence of a finding names, else who sent
    /// the mail.
    ///
    /// Where nobody is told, as in a flow, the endpoint it came from stands in for whoever used it, else the device
    /// it was done on; [`Party::stands_in`] tells.
    pub fn actor(&self) -> Option<Party<'_>> {
        if let Some(lent) = lent(self) {
            return actor_of(self, &|_| lent.actor.clone());
        }
        let naming = Naming::of(self);
        actor_of(self, &|whose| whose.keys(self, &naming))
    }

    /// To whom or what it was done: users, groups, entities, resources, files, processes, what else the class is
    /// about, the service or machine signed in to, the far end of a connection.
    ///
    /// Where nothing of this is told the service that was called stands in, else the device, else the server that
    /// was asked; [`Party::stands_in`] tells.
    pub fn targets(&self) -> Vec<Party<'_>> {
        let naming = Naming::of(self);
        let users = keys::target_users(self).into_iter().map(|user| Party::user(user, naming.user(user)));
        let mut found: Vec<_> = users.chain(acted_on::things(self, &naming)).collect();
        found.extend(
            keys::target_end(self).map(|end| place(end, &naming)).filter(|end| !end.keys().is_empty()),
        );
        found.extend(self.evidences().iter().flat_map(|evidence| acted_on::evidence(evidence, &naming)));
        if found.is_empty() {
            found.extend(asked(self, &naming).map(Party::standing_in));
        }
        found
    }

    /// Where it came from: the source endpoint, else that of a finding's evidence, else the address a mail came
    /// from, else the device it was done on.
    pub fn origin(&self) -> Option<Origin<'_>> {
        if let Some(lent) = lent(self) {
            return origin_of(self, &|_| lent.origin.clone());
        }
        let naming = Naming::of(self);
        origin_of(self, &|whose| whose.keys(self, &naming).into_iter().next())
    }

    /// Where it went to.
    pub fn destination(&self) -> Option<Origin<'_>> {
        let endpoint = self.dst_endpoint()?;
        let key = match lent(self) {
            Some(lent) => lent.destination.clone(),
            None => Naming::of(self).endpoint(endpoint).into_iter().next(),
        };
        Some(Origin::at(Some(endpoint), key))
    }

    /// Whoever passed it on: proxies, load balancers, relays, addresses named as on the way.
    pub fn intermediaries(&self) -> Vec<Party<'_>> {
        beside::intermediaries(self, &Naming::of(self))
    }

    /// Who saw it: a sensor that had no part in the traffic, else the device or program that logged it.
    pub fn observer(&self) -> Option<Party<'_>> {
        beside::observer(self, &Naming::of(self))
    }

    /// The keys of what is named beside the parties: addresses answered or on the way, files, hashes, processes,
    /// images, URLs, observables.
    pub fn related(&self) -> Vec<EntityKey> {
        let related = |(key, role): &(EntityKey, Role)| (*role == Role::Related).then(|| key.clone());
        self.named().iter().filter_map(related).collect()
    }

    /// Every canonical key this event names, each with its part, without duplicates, best keys first.
    pub fn entities(&self) -> Vec<(EntityKey, Role)> {
        match lent(self) {
            Some(lent) => lent.entities.to_vec(),
            None => keys::entities(self, &Naming::of(self)),
        }
    }

    /// The same for who only reads: within [`Event::lend`] it costs nothing.
    pub fn named(&self) -> Arc<[(EntityKey, Role)]> {
        match lent(self) {
            Some(lent) => Arc::clone(&lent.entities),
            None => self.entities().into(),
        }
    }

    /// How much was sent, from the view of the source of the connection.
    pub fn traffic(&self) -> Option<Traffic> {
        let told = self.traffic_told()?;
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Some(Traffic {
            bytes_in: count(told.bytes_in()),
            bytes_out: count(told.bytes_out()),
            packets_in: count(told.packets_in()),
            packets_out: count(told.packets_out()),
        })
    }

    /// Whether more than one factor was asked for.
    pub fn is_mfa(&self) -> Option<bool> {
        self.mfa_told().or_else(|| keys::acting_session(self).and_then(Session::is_mfa))
    }

    /// The question to a name server, and its answer.
    pub fn dns(&self) -> Option<DnsView<'_>> {
        let query = self.query();
        let told = query.is_some() || !self.answers().is_empty() || self.rcode_id().is_some();
        (told || self.class_uid() == ClassUid::DNS_ACTIVITY).then_some(DnsView { event: self })
    }
}

/// How much was sent over a connection, in bytes and packets, from the view of its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that came back.
    pub bytes_in: Option<u64>,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
    /// Packets that came back.
    pub packets_in: Option<u64>,
    /// Packets sent.
    pub packets_out: Option<u64>,
}

/// Whose keys a party or place of the view has.
enum Whose<'w> {
    /// The event's own actor.
    Acting,
    User(Option<&'w User>),
    Mail(&'w str),
    End(&'w NetworkEndpoint),
    Address(&'w str),
    Device(&'w Device),
}

impl Whose<'_> {
    fn keys(&self, event: &Event, naming: &Naming<'_>) -> Vec<EntityKey> {
        match self {
            Self::Acting => keys::acting(event, naming),
            Self::User(user) => user.map(|user| naming.user(user)).unwrap_or_default(),
            Self::Mail(address) => naming.mail_address(address).into_iter().collect(),
            Self::End(end) => naming.endpoint(end).into_iter().take(1).collect(),
            Self::Address(address) => naming.address(address).into_iter().collect(),
            Self::Device(device) => naming.device(device).into_iter().take(1).collect(),
        }
    }
}

/// The keys of [`Event::actor`].
pub(crate) fn actor_keys(event: &Event, naming: &Naming<'_>) -> Vec<EntityKey> {
    let actor = actor_of(event, &|whose| whose.keys(event, naming));
    actor.map(|actor| actor.keys().to_vec()).unwrap_or_default()
}

/// The key of [`Event::origin`].
pub(crate) fn origin_key(event: &Event, naming: &Naming<'_>) -> Option<EntityKey> {
    origin_of(event, &|whose| whose.keys(event, naming).into_iter().next())?.key()
}

/// Who did it or stands in for it, with the keys that `named` gives.
fn actor_of<'a>(event: &'a Event, named: &dyn Fn(Whose<'_>) -> Vec<EntityKey>) -> Option<Party<'a>> {
    told_actor(event, named).or_else(|| {
        let seen = || event.evidences().iter().find_map(|evidence| evidence.src_endpoint());
        let end = event.src_endpoint().or_else(seen).map(|end| place_of(end, named(Whose::End(end))));
        let device = || event.device().map(|device| machine_of(device, named(Whose::Device(device))));
        end.or_else(device).map(Party::standing_in)
    })
}

fn told_actor<'a>(event: &'a Event, named: &dyn Fn(Whose<'_>) -> Vec<EntityKey>) -> Option<Party<'a>> {
    let (user, actor) = (keys::acting_user(event), event.actor_told());
    if user.is_some() || actor.is_some() {
        let party = Party::acting(user, actor, named(Whose::Acting));
        return Some(party.in_session(keys::acting_session(event).and_then(Session::uid)));
    }
    let seen = event.evidences().iter().find_map(|seen| {
        let actor = seen.actor();
        let user = keys::seen_acting(seen).or(seen.user());
        (user.is_some() || actor.is_some()).then_some((user, actor))
    });
    if let Some((user, actor)) = seen {
        return Some(Party::acting(user, actor, named(Whose::User(user))));
    }
    let address = keys::sender(event)?;
    let keys = named(Whose::Mail(&address));
    Some(Party::mailbox(&address, keys))
}

/// Where it came from, with the key that `named` gives.
fn origin_of<'a>(event: &'a Event, named: &dyn Fn(Whose<'_>) -> Option<EntityKey>) -> Option<Origin<'a>> {
    let agent = event.http_request().and_then(HttpRequest::user_agent);
    let seen = || event.evidences().iter().find_map(|seen| seen.src_endpoint());
    let told = event.src_endpoint().or_else(seen);
    if told.is_some() || agent.is_some() {
        let key = told.and_then(|end| named(Whose::End(end)));
        return Some(Origin::at(told, key).by(agent));
    }
    let sender = event.at("email.x_originating_ip").into_iter().flat_map(Seen::items).find_map(Seen::text);
    if let Some(address) = sender {
        return Some(Origin::of_address(address, named(Whose::Address(address))));
    }
    if event.http_request().is_some() {
        return Some(Origin::at(None, None));
    }
    let device = event.device().filter(|_| keys::sensor(event).is_none())?;
    Some(Origin::on(device, named(Whose::Device(device))))
}

/// An endpoint under its best key.
fn place<'a>(endpoint: &'a NetworkEndpoint, naming: &Naming<'_>) -> Party<'a> {
    place_of(endpoint, naming.endpoint(endpoint).into_iter().take(1).collect())
}

fn place_of(endpoint: &NetworkEndpoint, keys: Vec<EntityKey>) -> Party<'_> {
    let name = endpoint.hostname().or(endpoint.name()).or(endpoint.svc_name()).or(endpoint.ip());
    Party::thing(endpoint.uid(), name, keys)
}

/// A device under its best key.
fn machine<'a>(device: &'a Device, naming: &Naming<'_>) -> Party<'a> {
    machine_of(device, naming.device(device).into_iter().take(1).collect())
}

fn machine_of(device: &Device, keys: Vec<EntityKey>) -> Party<'_> {
    let name = device.hostname().or(device.name()).or(device.ip());
    Party::thing(device.uid(), name, keys).of_kind(PrincipalKind::Machine)
}

/// What stands in for what is acted on.
fn asked<'a>(event: &'a Event, naming: &Naming<'_>) -> Option<Party<'a>> {
    let service = event.api().and_then(|api| api.service()).or_else(|| event.service_told());
    let service = service.map(|service| {
        let key = naming.application(service.uid(), service.name());
        Party::thing(service.uid(), service.name(), key.into_iter().collect())
    });
    let evidence = || event.evidences().iter().find_map(|seen| seen.device());
    let device = || event.device().or_else(evidence).map(|device| machine(device, naming));
    let app = || {
        event.app_name().map(|name| {
            Party::thing(None, Some(name), naming.application(None, Some(name)).into_iter().collect())
        })
    };
    let server = || event.dst_endpoint().map(|end| place(end, naming));
    service.or_else(device).or_else(app).or_else(server)
}

/// A question to a name server, and its answer. `Debug` shows no name.
#[derive(Clone, Copy, PartialEq)]
pub struct DnsView<'a> {
    event: &'a Event,
}

impl<'a> DnsView<'a> {
    /// The name asked for.
    pub fn hostname(&self) -> Option<&'a str> {
        self.event.query()?.hostname()
    }

    /// The type of record asked for, such as `A`.
    pub fn kind(&self) -> Option<&'a str> {
        self.event.query()?.kind()
    }

    /// The server's response code: 0 no error, 3 no such name.
    pub fn rcode(&self) -> Option<i32> {
        self.event.rcode_id()
    }

    /// The data of each answer.
    pub fn answers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.event.answers().iter().filter_map(DnsAnswer::rdata)
    }
}

impl fmt::Debug for DnsView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DnsView({:?})", self.event)
    }
}
