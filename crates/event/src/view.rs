//! Who did what to whom, from where, with what outcome and when: asked the same way of every class.
//!
//! Readers of events use this view alone. It is total: an unknown class answers from the base attributes and
//! the objects that all classes share, and `None` means that the source did not tell.

use crate::class::ClassUid;
use crate::cloud::Service;
use crate::device::Device;
use crate::event::Event;
use crate::identity::{Actor, Session, User};
use crate::metadata::Metadata;
use crate::network::{DnsAnswer, HttpRequest, NetworkEndpoint};
use crate::{domain, keys};
use core::fmt;
use homeostat_core::{Domain, EntityKey, Occurrence, Outcome, Role, TenantId, Timestamp};

impl Event {
    /// When it happened, to the microsecond where the source tells it; [`Timestamp::UNKNOWN`] when it does not.
    pub fn when(&self) -> Timestamp {
        self.hot.time().unwrap_or(Timestamp::UNKNOWN)
    }

    /// Whose data this is.
    pub fn tenant(&self) -> Option<TenantId> {
        TenantId::new(self.metadata()?.tenant_uid()?).ok()
    }

    /// Sets whose data this is.
    pub fn set_tenant(&mut self, tenant: &TenantId) -> &mut Self {
        self.metadata_mut().set_tenant_uid(tenant.as_str());
        self
    }

    /// Tenant, id, time and domain, when all are told: what a signal about this event starts from.
    pub fn occurrence(&self) -> Option<Occurrence> {
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

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match self.status_id() {
            Some(1) => Outcome::Success,
            Some(2) => Outcome::Failure,
            Some(0) | None => Outcome::Unknown,
            Some(_) => Outcome::Other,
        }
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

    /// Who did it: the actor, else the user that signs in.
    pub fn actor(&self) -> Option<Party<'_>> {
        let user = keys::acting_user(self);
        let actor = self.actor_told();
        (user.is_some() || actor.is_some()).then(|| Party {
            kind: kind_of(user, actor),
            user,
            app: actor.and_then(|actor| actor.app_uid().or(actor.app_name())),
            session: keys::acting_session(self).and_then(Session::uid),
            keys: keys::acting(self),
        })
    }

    /// To whom or what it was done: users, groups, entities, resources, the service or machine signed in to, the
    /// far end of a connection.
    pub fn targets(&self) -> Vec<Party<'_>> {
        keys::target_users(self)
            .into_iter()
            .map(|user| target(Some(user), keys::of_user(self, user)))
            .chain(keys::target_things(self).into_iter().map(|key| target(None, vec![key])))
            .chain(keys::target_end(self).map(|key| target(None, vec![key])))
            .collect()
    }

    /// Where it came from; what nobody sent over a network came from the machine it was done on.
    pub fn origin(&self) -> Option<Origin<'_>> {
        let request = self.http_request();
        let endpoint = self.src_endpoint();
        let device = self.device().filter(|_| endpoint.is_none());
        (endpoint.is_some() || request.is_some() || device.is_some()).then(|| Origin {
            endpoint,
            device,
            user_agent: request.and_then(HttpRequest::user_agent),
            key: match endpoint {
                Some(endpoint) => keys::address(self, endpoint),
                None => device.and_then(|device| keys::machine(self, device)),
            },
        })
    }

    /// Where it went to.
    pub fn destination(&self) -> Option<Origin<'_>> {
        let endpoint = self.dst_endpoint()?;
        let key = keys::address(self, endpoint);
        Some(Origin { endpoint: Some(endpoint), device: None, user_agent: None, key })
    }

    /// Every canonical key this event names, each with its part, without duplicates, best keys first.
    pub fn entities(&self) -> Vec<(EntityKey, Role)> {
        keys::entities(self)
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

fn target(user: Option<&User>, keys: Vec<EntityKey>) -> Party<'_> {
    Party { kind: kind_of(user, None), user, app: None, session: None, keys }
}

/// What kind of principal someone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person employed by the tenant.
    Employee,
    /// A person under contract.
    Contractor,
    /// A person of a vendor.
    Vendor,
    /// A person of a partner.
    Partner,
    /// A program that signs in: service account, service principal, cloud service.
    Service,
    /// A computer account.
    Machine,
    /// An agent of artificial intelligence.
    AiAgent,
    /// A person of whom no more is told.
    Person,
    /// A role that others take on.
    Role,
    /// Not told.
    Unknown,
}

/// Someone who acts or is acted on. `Debug` shows kind and keys' hashes, never a name.
#[derive(Clone, PartialEq)]
pub struct Party<'a> {
    kind: PrincipalKind,
    user: Option<&'a User>,
    app: Option<&'a str>,
    session: Option<&'a str>,
    keys: Vec<EntityKey>,
}

impl<'a> Party<'a> {
    /// What kind of principal it is.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The immutable id; of an application its own id, else its name.
    pub fn uid(&self) -> Option<&'a str> {
        self.user.and_then(User::uid).or(self.app)
    }

    /// The login.
    pub fn name(&self) -> Option<&'a str> {
        self.user.and_then(User::name)
    }

    /// The mail address.
    pub fn email(&self) -> Option<&'a str> {
        self.user.and_then(User::email_addr)
    }

    /// The account or directory it belongs to.
    pub fn account(&self) -> Option<&'a str> {
        let account = self.user.and_then(User::account)?;
        account.uid().or(account.name())
    }

    /// The session it acted in.
    pub fn session(&self) -> Option<&'a str> {
        self.session
    }

    /// Its keys, the best first.
    pub fn keys(&self) -> &[EntityKey] {
        &self.keys
    }
}

impl fmt::Debug for Party<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({:?} {:?})", self.kind, self.keys)
    }
}

/// A place in the network. `Debug` shows the key's hash, never an address.
#[derive(Clone, PartialEq)]
pub struct Origin<'a> {
    endpoint: Option<&'a NetworkEndpoint>,
    device: Option<&'a Device>,
    user_agent: Option<&'a str>,
    key: Option<EntityKey>,
}

impl<'a> Origin<'a> {
    /// The address, as the source spells it.
    pub fn ip(&self) -> Option<&'a str> {
        self.endpoint.and_then(NetworkEndpoint::ip).or_else(|| self.device?.ip())
    }

    /// The port.
    pub fn port(&self) -> Option<u16> {
        self.endpoint?.port().and_then(|port| port.try_into().ok())
    }

    /// The host's name, else the domain or service that stands for it.
    pub fn hostname(&self) -> Option<&'a str> {
        let Some(endpoint) = self.endpoint else { return self.device?.hostname() };
        endpoint.hostname().or_else(|| endpoint.domain()).or_else(|| endpoint.svc_name())
    }

    /// The country, as the source spells it.
    pub fn country(&self) -> Option<&'a str> {
        self.endpoint?.location()?.country()
    }

    /// The city, as the source spells it.
    pub fn city(&self) -> Option<&'a str> {
        self.endpoint?.location()?.city()
    }

    /// The number of the autonomous system.
    pub fn asn(&self) -> Option<u32> {
        self.endpoint?.autonomous_system()?.number().and_then(|number| number.try_into().ok())
    }

    /// The program that asked, in its own words.
    pub fn user_agent(&self) -> Option<&'a str> {
        self.user_agent
    }

    /// The key of the address, else of the host.
    pub fn key(&self) -> Option<EntityKey> {
        self.key.clone()
    }
}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({:?})", self.key)
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

/// The kind of principal that a user's type, the shape of its id, and the actor beside it tell.
fn kind_of(user: Option<&User>, actor: Option<&Actor>) -> PrincipalKind {
    let Some(user) = user else {
        let app = actor.is_some_and(|actor| actor.app_name().or(actor.app_uid()).is_some());
        return if app { PrincipalKind::Service } else { PrincipalKind::Unknown };
    };
    let kind = user.kind().unwrap_or_default().to_ascii_lowercase();
    let uid = user.uid().unwrap_or_default();
    let name = user.name().unwrap_or_default();
    match kind.as_str() {
        "employee" | "member" => PrincipalKind::Employee,
        "contractor" => PrincipalKind::Contractor,
        "vendor" => PrincipalKind::Vendor,
        "partner" | "guest" => PrincipalKind::Partner,
        "machine" | "computer" | "device" => PrincipalKind::Machine,
        "aiagent" | "ai agent" | "agent" => PrincipalKind::AiAgent,
        _ if keys::is_role(uid) => PrincipalKind::Role,
        _ if name.ends_with('$') || name.starts_with("system:node:") => PrincipalKind::Machine,
        _ if keys::is_service_name(name) => PrincipalKind::Service,
        _ => match user.type_id() {
            Some(1 | 2) => PrincipalKind::Person,
            Some(3 | 4) => PrincipalKind::Service,
            _ if keys::is_person(uid, name) => PrincipalKind::Person,
            _ => PrincipalKind::Unknown,
        },
    }
}
