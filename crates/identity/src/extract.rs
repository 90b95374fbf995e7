//! What one OCSF event asserts about who is who: the links it tells, each with the event as its evidence.
//!
//! Only the role view and the source's own parameters are read. A name that its bearer may choose freely, such as
//! the session name of a plain `AssumeRole`, tells nothing. O(identifiers²) an event.

use crate::law::Law;
use crate::{
    Directory, EntityClass, Fact, ForeignInput, Learnt, Link, LinkKind, Observation, Strength, Validity,
};
use homeostat_core::{
    EntityKey, EntityKind, EventRef, Observed, Outcome, Position, Role, State as _, Timestamp,
};
use homeostat_event::{ClassUid, Event, Party, PrincipalKind};
use std::sync::Arc;
use std::time::Duration;

/// How long a sign-in at a machine counts as being there, when no sign-out is known. A working day.
const LOGON_SPAN: Duration = Duration::from_hours(12);
/// How long an address counts as a machine's after an event names both. Shorter than common leases.
const SEEN_SPAN: Duration = Duration::from_hours(1);
/// How long a lease runs when its answer does not tell. The least that home routers and offices use.
const LEASE_SPAN: Duration = Duration::from_hours(4);
/// The activity of a lease in the class DHCP Activity: the server says yes.
const ACK: u32 = 5;
/// The activity of a sign-in in the class Authentication.
const LOGON: u32 = 1;

/// Where AWS answers with the key of a session.
const SESSION_KEY: &str = "responseElements.credentials.accessKeyId";
/// Where AWS answers with the key of a user.
const USER_KEY: &str = "responseElements.accessKey.accessKeyId";
const ANSWERED: [&str; 2] = [SESSION_KEY, USER_KEY];
/// The calls that answer so.
const MAKERS: [&str; 6] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "CreateAccessKey",
    "GetFederationToken",
    "GetSessionToken",
];

/// The links that `event` asserts, each forbidden by no law. An event without a reference is no evidence and
/// gives none.
///
/// - Identifiers of one actor or target are the same (asserted).
/// - Sessions act for the actor; keys and tokens for the session, or else for the actor.
/// - A role that was taken on: its session acts for the role and for the caller, its key for the session. A
///   session name that an identity provider set and that is a mail address acts for that login (rule).
/// - A key made for a user acts for that user.
/// - A machine's names and numbers are the same; its hardware address is owned; its private address is leased.
/// - Who signed in at a machine was logged on there.
pub fn links_of(event: &Event) -> Vec<Link> {
    links_between(event, &parties(event))
}

/// The links that `event` asserts, which names these parties.
fn links_between(event: &Event, parties: &[Party<'_>]) -> Vec<Link> {
    let Some(evidence) = event.reference() else { return Vec::new() };
    // A finding repeats what others did and mixes parties: its own source's events assert it.
    if event.class_uid().get() / 1_000 == 2 {
        return Vec::new();
    }
    let mut told = Told { event, witness: evidence.place().into(), evidence, parties, links: Vec::new() };
    told.parties();
    told.sessions();
    told.role_taken_on();
    told.key_made();
    told.machine();
    told.lease();
    told.logon();
    told.links
}

/// The credentials that `event` answers with: the key of a role taken on, a key made for a user. Whoever got them
/// may use them elsewhere.
pub fn credentials_made(event: &Event) -> Vec<EntityKey> {
    if !MAKERS.contains(&event.action()) {
        return Vec::new();
    }
    let Some(evidence) = event.reference() else { return Vec::new() };
    let told = Told { event, witness: Arc::default(), evidence, parties: &[], links: Vec::new() };
    if !told.succeeded() {
        return Vec::new();
    }
    ANSWERED.into_iter().filter_map(|path| told.answered_key(path)).collect()
}

/// The links of [`links_of`] and what the event says its parties are.
pub fn facts_of(event: &Event) -> Vec<Fact> {
    let parties = parties(event);
    let classes = parties.iter().filter_map(|party| {
        let class = class_of(party.kind())?;
        let key = party.keys().iter().find(|key| EntityClass::of(key).can_be(class)).cloned()?;
        Some(Fact::Class(key, class))
    });
    classes.chain(links_between(event, &parties).into_iter().map(Fact::Link)).collect()
}

impl Directory {
    /// Learns what `event` asserts. An event that does not name its tenant counts as this directory's.
    ///
    /// # Errors
    ///
    /// [`ForeignInput`] when the event or one of its keys is another tenant's. Nothing is learnt then.
    pub fn observe_event(
        &mut self,
        position: Position,
        event: &Event,
    ) -> Result<Observed<Learnt>, ForeignInput> {
        let tenant = event.tenant().or_else(|| self.tenant().cloned()).ok_or(ForeignInput::NoTenant)?;
        self.observe(position, &Observation::new(&tenant, event.when(), facts_of(event)))
    }
}

/// Who acts and who is acted on, where the event tells them: what only stands in is a place, not an identity.
fn parties(event: &Event) -> Vec<Party<'_>> {
    event.actor().into_iter().chain(event.targets()).filter(|party| !party.stands_in()).collect()
}

fn class_of(kind: PrincipalKind) -> Option<EntityClass> {
    match kind {
        PrincipalKind::Service => Some(EntityClass::ServiceAccount),
        PrincipalKind::Machine => Some(EntityClass::Device),
        PrincipalKind::AiAgent => Some(EntityClass::AiAgent),
        _ => None,
    }
}

/// The links told so far.
struct Told<'a> {
    event: &'a Event,
    evidence: EventRef,
    // Where the event comes from: who says all this.
    witness: Arc<str>,
    parties: &'a [Party<'a>],
    links: Vec<Link>,
}

impl Told<'_> {
    fn tell(&mut self, link: Link) {
        if Law::against(&link).is_none() && !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    fn link(&mut self, kind: LinkKind, a: &EntityKey, b: &EntityKey) {
        self.tell(self.statement(kind, a.clone(), b.clone()));
    }

    /// As [`Link::new`], with one witness for all.
    fn statement(&self, kind: LinkKind, a: EntityKey, b: EntityKey) -> Link {
        let (evidence, witness) = (self.evidence.clone(), Arc::clone(&self.witness));
        Link { kind, a, b, strength: Strength::Asserted, valid: Validity::ALWAYS, evidence, witness }
    }

    fn leased(&self, address: EntityKey, device: EntityKey, valid: Validity) -> Link {
        self.statement(LinkKind::Leases, address, device).resting_on(Strength::Lease).valid(valid)
    }

    fn all_one(&mut self, keys: &[EntityKey]) {
        if let Some((best, others)) = keys.split_first() {
            for other in others {
                self.link(LinkKind::SameAs, best, other);
            }
        }
    }

    fn parties(&mut self) {
        for party in self.parties {
            self.all_one(party.keys());
        }
    }

    fn actor(&self) -> Option<EntityKey> {
        self.event.actor().filter(|actor| !actor.stands_in())?.keys().first().cloned()
    }

    /// The keys that play `role`, of these kinds.
    fn keys(&self, role: Role, kinds: &[EntityKind]) -> Vec<EntityKey> {
        let plays = |(key, part): &&(EntityKey, Role)| *part == role && kinds.contains(&key.kind());
        self.event.named().iter().filter(plays).map(|(key, _)| key.clone()).collect()
    }

    fn sessions(&mut self) {
        const SESSIONS: [EntityKind; 3] =
            [EntityKind::RoleSession, EntityKind::WebSession, EntityKind::LogonSession];
        const CREDENTIALS: [EntityKind; 2] = [EntityKind::AccessKey, EntityKind::ApiToken];
        let Some(actor) = self.actor() else { return };
        let sessions = self.keys(Role::Via, &SESSIONS);
        for session in &sessions {
            self.link(LinkKind::ActsFor, session, &actor);
            self.person_in_session_name(session);
        }
        let role_session = sessions.iter().find(|session| session.kind() == EntityKind::RoleSession);
        for credential in self.keys(Role::Via, &CREDENTIALS) {
            self.link(LinkKind::ActsFor, &credential, role_session.unwrap_or(&actor));
        }
    }

    /// Sessions of the roles that AWS IAM Identity Center keeps bear the login, which it sets itself.
    fn person_in_session_name(&mut self, session: &EntityKey) {
        let Some((role, name)) = session.value().rsplit_once('/') else { return };
        let kept = role.rsplit('/').next().is_some_and(|role| role.starts_with("AWSReservedSSO_"));
        if kept && session.kind() == EntityKind::RoleSession {
            self.acts_for_login(session, name);
        }
    }

    fn acts_for_login(&mut self, session: &EntityKey, name: &str) {
        let tenant = self.event.tenant();
        let scope = tenant.as_ref().map_or(EntityKey::UNSCOPED, |tenant| tenant.as_str());
        let is_mail = name.split_once('@').is_some_and(|(local, of)| !local.is_empty() && of.contains('.'));
        let login = EntityKey::new(EntityKind::Upn, scope, name).ok().filter(|_| is_mail);
        if let Some(login) = login {
            let link = self.statement(LinkKind::ActsFor, session.clone(), login);
            self.tell(link.resting_on(Strength::Rule));
        }
    }

    /// Somebody took on a role: who, in which session, with which key.
    fn role_taken_on(&mut self) {
        let federated = match self.event.action() {
            "AssumeRole" => false,
            "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" => true,
            _ => return,
        };
        let role =
            self.text("requestParameters.roleArn").and_then(|arn| arn_key(EntityKind::IamRoleArn, &arn));
        let name = self.text("requestParameters.roleSessionName");
        let (Some(role), Some(name), true) = (role, name, self.succeeded()) else { return };
        let session = format!("{}/{name}", role.value());
        let Ok(session) = EntityKey::new(EntityKind::RoleSession, role.scope(), &session) else { return };
        self.link(LinkKind::ActsFor, &session, &role);
        if let Some(key) = self.answered_key(SESSION_KEY) {
            self.link(LinkKind::ActsFor, &key, &session);
        }
        if federated {
            self.acts_for_login(&session, &name);
        }
        let own_session = self.keys(Role::Via, &[EntityKind::RoleSession]).into_iter().next();
        let caller = own_session.or_else(|| self.actor());
        // A service of the cloud that takes on a role for its customer is nobody behind it.
        if let Some(caller) = caller.filter(|caller| caller.kind() != EntityKind::NativeId) {
            self.link(LinkKind::ActsFor, &session, &caller);
        }
    }

    /// A long-lived key was made: it acts for the user it was made for, who may be another than the caller.
    fn key_made(&mut self) {
        if self.event.action() != "CreateAccessKey" || !self.succeeded() {
            return;
        }
        let key = self.answered_key(USER_KEY);
        let name = self.text("responseElements.accessKey.userName");
        let (Some(key), Some(name)) = (key, name) else { return };
        let parties = self.event.targets().into_iter().chain(self.event.actor());
        let is_named = |key: &EntityKey| {
            key.kind() == EntityKind::IamUserArn
                && key.value().rsplit(['/', ':']).next() == Some(name.as_str())
        };
        let user = parties.flat_map(|party| party.keys().to_vec()).find(is_named);
        if let Some(user) = user {
            self.link(LinkKind::ActsFor, &key, &user);
        }
    }

    fn machine(&mut self) {
        let names = self.keys(Role::Device, &MACHINES);
        self.all_one(&names);
        let Some(best) = names.first() else { return };
        let seen = self.span(SEEN_SPAN);
        for mac in self.keys(Role::Device, &[EntityKind::Mac]) {
            // A dock or adapter goes from desk to desk: owned for a time, never the same.
            let link = self.statement(LinkKind::Owns, best.clone(), mac);
            self.links.extend(seen.map(|seen| link.valid(seen)));
        }
        for address in self.keys(Role::Device, &[EntityKind::Ip]) {
            if let Some(seen) = seen.filter(|_| !address.is_public_address()) {
                let link = self.leased(address, best.clone(), seen);
                self.tell(link.resting_on(Strength::Weak));
            }
        }
    }

    /// The answer of a server that leases addresses names address and machine, by its name or else by its hardware.
    fn lease(&mut self) {
        let answered = self.event.class_uid() == ClassUid::DHCP_ACTIVITY && self.event.activity_id() == ACK;
        if !answered || !self.succeeded() {
            return;
        }
        let told = self.event.attribute("lease_dur").and_then(|text| text.as_str().parse::<u64>().ok());
        let Some(span) = self.span(told.map_or(LEASE_SPAN, Duration::from_secs)) else { return };
        let names = self.keys(Role::Origin, &MACHINES);
        self.all_one(&names);
        let hardware = self.keys(Role::Origin, &[EntityKind::Mac]).into_iter().next();
        if let (Some(name), Some(mac)) = (names.first(), &hardware) {
            let link = self.statement(LinkKind::Owns, name.clone(), mac.clone());
            self.tell(link.valid(span));
        }
        let address = self.keys(Role::Origin, &[EntityKind::Ip]).into_iter().next();
        if let (Some(machine), Some(address)) = (names.into_iter().next().or(hardware), address) {
            self.tell(self.leased(address, machine, span));
        }
    }

    fn logon(&mut self) {
        let is_logon =
            self.event.class_uid() == ClassUid::AUTHENTICATION && self.event.activity_id() == LOGON;
        if !is_logon || self.event.outcome() != Outcome::Success {
            return;
        }
        let device = self.keys(Role::Device, &MACHINES).into_iter().next();
        let machine = device.or_else(|| self.keys(Role::Target, &MACHINES).into_iter().next());
        if let (Some(actor), Some(machine), Some(span)) = (self.actor(), machine, self.span(LOGON_SPAN)) {
            let link = self.statement(LinkKind::LoggedOn, actor, machine);
            self.tell(link.valid(span));
        }
    }

    /// From the event on; `None` when it does not tell its time.
    fn span(&self, length: Duration) -> Option<Validity> {
        let from = self.event.when();
        Validity::between(from, from.plus(length).unwrap_or(Timestamp::LAST)).filter(|span| span.is_bounded())
    }

    fn succeeded(&self) -> bool {
        self.event.outcome() != Outcome::Failure
    }

    fn answered_key(&self, path: &str) -> Option<EntityKey> {
        let tenant = self.event.tenant();
        let scope = tenant.as_ref().map_or(EntityKey::UNSCOPED, |tenant| tenant.as_str());
        EntityKey::new(EntityKind::AccessKey, scope, &self.text(path)?).ok()
    }

    /// The text at `path` of what the source told.
    fn text(&self, path: &str) -> Option<String> {
        serde_json::from_str(self.event.unmapped(path)?.as_str()).ok()
    }
}

/// Kinds that name a machine for good, the best first.
const MACHINES: [EntityKind; 5] = [
    EntityKind::DeviceId,
    EntityKind::InstanceId,
    EntityKind::K8sNode,
    EntityKind::Fqdn,
    EntityKind::Hostname,
];

/// The key of an ARN in the scope of its account.
fn arn_key(kind: EntityKind, arn: &str) -> Option<EntityKey> {
    let account = arn.split(':').nth(4).filter(|account| !account.is_empty())?;
    EntityKey::new(kind, account, arn).ok()
}
