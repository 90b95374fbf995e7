//! Who: users, accounts, groups, sessions, and the actor they make up.

use crate::device::{Device, Process};
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;
use std::sync::Arc;

ocsf_object! {
    /// A person, service or machine that signs in: `uid` is its immutable id, `name` its login,
    /// `email_addr` its mail address, `account` the account or directory it belongs to.
    pub struct User {
        text name set_name,
        text uid set_uid,
        object account set_account: Account,
        text display_name set_display_name,
        text domain set_domain,
        text email_addr set_email_addr,
        text full_name set_full_name,
        list groups set_groups: Group,
        flag has_mfa set_has_mfa,
        object org set_org: Organization,
        list programmatic_credentials set_programmatic_credentials: ProgrammaticCredential,
        text risk_level set_risk_level,
        number risk_level_id set_risk_level_id,
        number risk_score set_risk_score,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid_alt set_uid_alt,
    }
}

impl User {
    /// A user by its immutable id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A user by its login.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }

    /// A user of whom only the account is known.
    pub fn of_account(account: Account) -> Self {
        Self { account: Some(Arc::new(account)), ..Self::blank() }
    }

    /// A user by id and login, when at least one is told.
    pub fn told(uid: Option<&str>, name: Option<&str>) -> Option<Self> {
        let user = Self { uid: uid.map(Str::from), name: name.map(Str::from), ..Self::blank() };
        (uid.is_some() || name.is_some()).then_some(user)
    }
}

ocsf_object! {
    /// The account, directory, subscription or project that something belongs to.
    pub struct Account {
        text name set_name,
        text uid set_uid,
        texts labels set_labels,
        text kind set_kind = "type",
        number type_id set_type_id,
    }
}

impl Account {
    /// An account by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// An account by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A group of users, or of rights.
    pub struct Group {
        text name set_name,
        text uid set_uid,
        text desc set_desc,
        text domain set_domain,
        texts privileges set_privileges,
        text kind set_kind = "type",
        text uid_alt set_uid_alt,
    }
}

impl Group {
    /// A group by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A group by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// An organization or a unit of one.
    pub struct Organization {
        text name set_name,
        text uid set_uid,
        text ou_name set_ou_name,
        text ou_uid set_ou_uid,
    }
}

impl Organization {
    /// An organization by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// An organization by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A key or token with which programs sign in; its id, never its secret.
    pub struct ProgrammaticCredential {
        text kind set_kind = "type",
        text uid set_uid,
        time last_used_time set_last_used_time,
    }
}

impl ProgrammaticCredential {
    /// A credential by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A session: signed-in time of a user at a service.
    pub struct Session {
        long count set_count,
        time created_time set_created_time,
        text credential_uid set_credential_uid,
        text expiration_reason set_expiration_reason,
        time expiration_time set_expiration_time,
        flag is_mfa set_is_mfa,
        flag is_remote set_is_remote,
        flag is_vpn set_is_vpn,
        text issuer set_issuer,
        text terminal set_terminal,
        text uid set_uid,
        text uid_alt set_uid_alt,
    }
}

impl Session {
    /// A session of which nothing is told yet; the schema asks for nothing.
    pub fn new() -> Self {
        Self::blank()
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

ocsf_object! {
    /// The provider that vouched for an identity.
    pub struct Idp {
        text domain set_domain,
        text issuer set_issuer,
        text name set_name,
        text protocol_name set_protocol_name,
        text tenant_uid set_tenant_uid,
        text uid set_uid,
        text url_string set_url_string,
    }
}

impl Idp {
    /// A provider by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A provider by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A factor of an authentication.
    pub struct AuthFactor {
        text email_addr set_email_addr,
        text factor_type set_factor_type,
        number factor_type_id set_factor_type_id,
        flag is_hotp set_is_hotp,
        flag is_totp set_is_totp,
        text phone_number set_phone_number,
        text provider set_provider,
    }
}

impl AuthFactor {
    /// A factor by the number of its type.
    pub fn new(factor_type_id: i32) -> Self {
        Self { factor_type_id: Some(factor_type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A policy that allows, denies or was changed.
    pub struct Policy {
        json data set_data,
        text desc set_desc,
        object group set_group: Group,
        flag is_applied set_is_applied,
        text name set_name,
        text kind set_kind = "type",
        text uid set_uid,
        text version set_version,
    }
}

impl Policy {
    /// A policy by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A policy by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A decision on a right, and the policy behind it.
    pub struct Authorization {
        text decision set_decision,
        object policy set_policy: Policy,
    }
}

impl Authorization {
    /// A decision in the source's own words.
    pub fn new(decision: impl Into<Str>) -> Self {
        Self { decision: Some(decision.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// Who did it: a user, through a session, an application or a process.
    pub struct Actor {
        text app_name set_app_name,
        text app_uid set_app_uid,
        list authorizations set_authorizations: Authorization,
        object idp set_idp: Idp,
        text invoked_by set_invoked_by,
        object process set_process: Process,
        object session set_session: Session,
        object user set_user: User,
    }
}

impl Actor {
    /// An actor that is a user.
    pub fn of_user(user: User) -> Self {
        Self { user: Some(Arc::new(user)), ..Self::blank() }
    }

    /// An actor that is an application or a service.
    pub fn of_app(app_name: impl Into<Str>) -> Self {
        Self { app_name: Some(app_name.into()), ..Self::blank() }
    }

    /// An actor of which only a session is told.
    pub fn of_session(session: Session) -> Self {
        Self { session: Some(Arc::new(session)), ..Self::blank() }
    }

    /// An actor that is a process.
    pub fn of_process(process: Process) -> Self {
        Self { process: Some(Arc::new(process)), ..Self::blank() }
    }
}

ocsf_object! {
    /// Whatever is managed by a directory or service, of one of seven types.
    pub struct ManagedEntity {
        text name set_name,
        text uid set_uid,
        json data set_data,
        object device set_device: Device,
        object group set_group: Group,
        object org set_org: Organization,
        object policy set_policy: Policy,
        text kind set_kind = "type",
        number type_id set_type_id,
        object user set_user: User,
        text version set_version,
    }
}

impl ManagedEntity {
    /// An entity by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// An entity by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_open!(
    User,
    Account,
    Group,
    Organization,
    ProgrammaticCredential,
    Session,
    Idp,
    AuthFactor,
    Policy,
    Authorization,
    Actor,
    ManagedEntity
);
