//! Who called, by the kinds of `userIdentity`, and whose account or role the call is about.

use super::arn_of;
use crate::moment;
use crate::record::{Field, Record};
use homeostat_event::{Account, Actor, Idp, Session, User};
use std::borrow::Cow;
use std::sync::Arc;

/// Who called. A record that names nobody was made by the service.
pub(super) fn actor_of(record: &Record<'_>, service: &str) -> Arc<Actor> {
    let identity = record.root().member("userIdentity").filter(Field::is_object);
    let told = identity.and_then(|who| record.memo().of(&[Some(who)], || told_actor(who).map(Arc::new)));
    told.unwrap_or_else(|| Arc::new(Actor::of_app(service)))
}

fn told_actor(identity: Field<'_>) -> Option<Actor> {
    let app = take(identity, "invokedBy");
    let kind = identity.member("type").and_then(|kind| kind.copy()).unwrap_or_default();
    let session = session_of(identity, &kind);
    let user = if kind == "AWSService" { None } else { user_of(identity, &kind) };
    let mut actor = match (user, session, &app) {
        (Some(user), session, _) => {
            let mut actor = Actor::of_user(user);
            actor.set_session(session);
            actor
        }
        (None, Some(session), _) => Actor::of_session(session),
        (None, None, Some(app)) => Actor::of_app(&**app),
        (None, None, None) => return None,
    };
    actor.set_app_name(app).set_idp(idp_of(identity, &kind));
    Some(actor)
}

fn user_of(identity: Field<'_>, kind: &str) -> Option<User> {
    let (uid, name) = match kind {
        "AssumedRole" | "Role" => {
            let issuer = "sessionContext.sessionIssuer";
            let uid = take_in(identity, issuer, "arn").or_else(|| take(identity, "arn"));
            let name = take_in(identity, issuer, "userName");
            (uid, name.or_else(|| take(identity, "userName")))
        }
        "IdentityCenterUser" => (take_in(identity, "onBehalfOf", "userId"), take(identity, "userName")),
        _ => (take(identity, "arn"), take(identity, "userName")),
    };
    let principal = take(identity, "principalId");
    let account = take(identity, "accountId");
    let (uid, alternative) = if uid.is_some() { (uid, principal) } else { (principal, None) };
    let mut user = match (&uid, &name, &account) {
        (Some(uid), _, _) => User::of_uid(&**uid),
        (None, Some(name), _) => User::named(&**name),
        (None, None, Some(account)) => User::of_account(Account::of_uid(&**account)),
        (None, None, None) => return None,
    };
    user.set_name(
        name.or_else(|| uid.as_deref().and_then(name_in_arn).map(|name| Cow::Owned(name.to_owned()))),
    );
    user.set_uid_alt(alternative).set_account(account.map(|uid| account_of(uid)));
    match kind {
        "" => {}
        "IAMUser" => drop(user.set_type_id(1).set_kind("User")),
        "Root" => drop(user.set_type_id(2).set_kind("Admin")),
        other => drop(user.set_type_id(99).set_kind(other)),
    }
    Some(user)
}

fn account_of(uid: Cow<'_, str>) -> Account {
    let mut account = Account::of_uid(uid);
    account.set_type_id(10).set_kind("AWS Account");
    account
}

fn session_of(identity: Field<'_>, kind: &str) -> Option<Session> {
    let key = take(identity, "accessKeyId").or_else(|| take(identity, "credentialId"));
    let context = identity.member("sessionContext").filter(Field::is_object);
    let attributes = context.and_then(|context| context.member("attributes"));
    let assumed = matches!(kind, "AssumedRole" | "FederatedUser");
    let arn = if assumed { take(identity, "arn") } else { None };
    if key.is_none() && attributes.is_none() && arn.is_none() {
        return None;
    }
    let copy = |name| attributes.and_then(|attributes: Field<'_>| attributes.member(name)?.copy());
    let mut session = Session::new();
    session.set_credential_uid(key);
    session.set_uid(arn.as_deref().and_then(|arn| arn.rsplit('/').next())).set_uid_alt(arn.clone());
    session.set_created_time(copy("creationDate").and_then(|time| moment::read(&time)));
    session.set_is_mfa(copy("mfaAuthenticated").and_then(|told| told.parse::<bool>().ok()));
    let issuer = context.and_then(|context| context.get("sessionIssuer.arn")?.take());
    session.set_issuer(issuer);
    let tells = session != Session::new();
    tells.then_some(session)
}

fn idp_of(identity: Field<'_>, kind: &str) -> Option<Idp> {
    let uid = match kind {
        "IdentityCenterUser" => take_in(identity, "onBehalfOf", "identityStoreArn"),
        _ => take(identity, "identityProvider")
            .or_else(|| take_in(identity, "sessionContext.webIdFederationData", "federatedProvider")),
    };
    uid.map(Idp::of_uid)
}

/// Whose account, role or sign-in the call is about: as the parameters tell, else the caller's own.
pub(super) fn target_of(record: &Record<'_>, actor: &Actor) -> Option<User> {
    named_target(record).or_else(|| actor.user().cloned()).or_else(|| actor.app_name().map(User::named))
}

fn named_target(record: &Record<'_>) -> Option<User> {
    let parameters = record.root().member("requestParameters").filter(Field::is_object)?;
    let response = record.root().member("responseElements").filter(Field::is_object);
    let answered = |path: &str| response.and_then(|response| response.get(path)?.copy());
    if let Some(role) = copy(parameters, "roleArn") {
        let mut user = User::of_uid(&*role);
        user.set_name(name_in_arn(&role)).set_uid_alt(answered("assumedRoleUser.assumedRoleId"));
        return Some(as_role(user, account_in_arn(&role)));
    }
    let account = record.look("recipientAccountId").or_else(|| record.look("userIdentity.accountId"));
    let path = copy(parameters, "path").filter(|path| path.starts_with('/') && path.ends_with('/'));
    let placed = |kind: &str, name: &str| {
        let inner = path.as_deref().and_then(|path| path.get(1..)).unwrap_or_default();
        account.as_deref().map(|account| arn_of(account, kind, &format!("{inner}{name}")))
    };
    if let Some(name) = copy(parameters, "roleName") {
        let mut user = User::named(&*name);
        let told = answered("role.arn").map(Cow::into_owned);
        user.set_uid(told.or_else(|| placed("role", &name))).set_uid_alt(answered("role.roleId"));
        return Some(as_role(user, account.as_deref()));
    }
    let name = copy(parameters, "userName").or_else(|| copy(parameters, "name"))?;
    let mut user = User::named(&*name);
    let told = answered("user.arn").or_else(|| answered("federatedUser.arn")).map(Cow::into_owned);
    user.set_uid(told.or_else(|| placed("user", &name))).set_uid_alt(answered("user.userId"));
    user.set_account(account.map(|uid| account_of(uid)));
    user.set_type_id(1).set_kind("User");
    Some(user)
}

fn as_role(mut user: User, account: Option<&str>) -> User {
    user.set_account(account.map(|uid| account_of(Cow::Borrowed(uid))));
    user.set_type_id(99).set_kind("Role");
    user
}

/// `arn:aws:iam::1234:user/path/jane` → `jane`.
fn name_in_arn(arn: &str) -> Option<&str> {
    let resource = arn.strip_prefix("arn:")?.splitn(5, ':').last()?;
    let mut parts = resource.split('/');
    match (parts.next()?, parts.next()) {
        ("assumed-role", Some(role)) => Some(role),
        _ => resource.rsplit('/').next().filter(|name| !name.is_empty()),
    }
}

fn account_in_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.member(name)?.take()
}

fn take_in<'a>(object: Field<'a>, path: &str, name: &str) -> Option<Cow<'a, str>> {
    object.get(path)?.member(name)?.take()
}

fn copy<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.member(name)?.copy()
}
