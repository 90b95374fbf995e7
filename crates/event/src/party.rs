//! Someone or something that plays a part in an event: its kind, its names, its keys.

use crate::identity::{Actor, User};
use crate::keys;
use core::fmt;
use homeostat_core::EntityKey;
use std::borrow::Cow;

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

/// Someone or something that acts, is acted on, or saw it. `Debug` shows kind and keys' hashes, never a name.
#[derive(Clone, PartialEq)]
pub struct Party<'a> {
    kind: PrincipalKind,
    user: Option<&'a User>,
    uid: Option<&'a str>,
    name: Option<&'a str>,
    email: Option<&'a str>,
    session: Option<&'a str>,
    keys: Vec<EntityKey>,
    stands_in: bool,
}

impl<'a> Party<'a> {
    /// A thing, machine or address under its keys.
    pub(crate) fn thing(uid: Option<&'a str>, name: Option<&'a str>, keys: Vec<EntityKey>) -> Self {
        let kind = PrincipalKind::Unknown;
        Self { kind, user: None, uid, name, email: None, session: None, keys, stands_in: false }
    }

    /// A user to whom something was done.
    pub(crate) fn user(user: &'a User, keys: Vec<EntityKey>) -> Self {
        let kind = kind_of(Some(user), None);
        Self { kind, user: Some(user), ..Self::thing(user.uid(), user.name(), keys) }
    }

    /// Who acts, by the user, the actor or both.
    pub(crate) fn acting(user: Option<&'a User>, actor: Option<&'a Actor>, keys: Vec<EntityKey>) -> Self {
        let app = actor.and_then(|actor| actor.app_uid().or_else(|| actor.app_name()).or(actor.invoked_by()));
        let program = actor.and_then(Actor::process).filter(|_| user.is_none() && app.is_none());
        let uid = user.and_then(User::uid).or(app).or_else(|| program?.uid());
        let name = user.and_then(User::name).or_else(|| program?.name());
        Self { kind: kind_of(user, actor), user, ..Self::thing(uid, name, keys) }
    }

    /// Someone of whom a mail address is all that is told.
    pub(crate) fn mailbox(email: &Cow<'a, str>, keys: Vec<EntityKey>) -> Self {
        // One that had to be unescaped cannot be borrowed: its key tells it.
        let email = if let Cow::Borrowed(email) = email { Some(*email) } else { None };
        Self { kind: PrincipalKind::Person, email, ..Self::thing(None, None, keys) }
    }

    pub(crate) fn of_kind(self, kind: PrincipalKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn in_session(self, session: Option<&'a str>) -> Self {
        Self { session, ..self }
    }

    /// The same, named because nothing more exact is told.
    pub(crate) fn standing_in(self) -> Self {
        Self { stands_in: true, ..self }
    }

    /// What kind of principal it is.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The immutable id; of an application its own id, else its name.
    pub fn uid(&self) -> Option<&'a str> {
        self.uid
    }

    /// The login; of a thing its name.
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// The mail address.
    pub fn email(&self) -> Option<&'a str> {
        self.user.and_then(User::email_addr).or(self.email)
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

    /// Whether it is named only because the event tells nobody more exact: the endpoint a flow came from, for
    /// whoever used it; the device, for whatever was done on it; the service called, for the thing asked of it.
    ///
    /// Who judges behaviour or joins identities leaves such parties out: the place has its own part in
    /// [`Event::entities`](crate::Event::entities) already.
    pub fn stands_in(&self) -> bool {
        self.stands_in
    }
}

impl fmt::Debug for Party<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({:?} {:?})", self.kind, self.keys)
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
