//! Users, groups and applications of Okta, who is in and who is assigned which, and who administers it.
//!
//! Answers of the core Okta API: lists of users, groups, applications, users and groups of an application, roles of an
//! administrator; the members of a group with its `groupId` beside them, which the answer lacks. Whose they are the links
//! tell. An application for AWS (`amazon_aws`) gives the roles that an assignment's profile names.

use super::{Facts, list, text, texts};
use crate::federation::{ASSIGNED, GROUP, NAME, PROVIDER, SUSPENDED};
use crate::object::{LinkKind, ObjectKind};
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;

pub(super) const USERS: &str = "users of Okta";
pub(super) const GROUPS: &str = "groups of Okta";
pub(super) const APPLICATIONS: &str = "applications of Okta";
pub(super) const ASSIGNMENTS: &str = "assignments of Okta";
pub(super) const ROLES: &str = "roles of Okta";

/// Roles whose holder may do with users and applications what he likes.
const GOVERNING: [&str; 2] = ["SUPER_ADMIN", "ORG_ADMIN"];
/// What a user is who can not sign in.
const OFF: [&str; 2] = ["DEPROVISIONED", "SUSPENDED"];

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let of = text(whole, "groupId").filter(|_| whole.get("users").is_some());
    let of = of.and_then(|id| circle(facts, id));
    let lists = [
        facts.each(whole, USERS, |facts, record| user(facts, record).map(drop)),
        facts.each(whole, GROUPS, group),
        facts.each(whole, APPLICATIONS, application),
        facts.each(whole, ASSIGNMENTS, assignment),
        facts.each(whole, ROLES, role),
        of.is_some_and(|of| facts.each(whole, "users", |facts, record| member(facts, &of, record))),
    ];
    lists.contains(&true)
}

/// The host of the organization that a link of the record names, and what else the link says.
fn link<'a>(record: &'a Value, name: &str) -> Option<(&'a str, &'a str)> {
    let href = text(record.get("_links")?.get(name)?, "href")?;
    href.split_once("://")?.1.split_once('/')
}

fn host(record: &Value) -> &str {
    ["self", "users", "app", "assignee"]
        .iter()
        .find_map(|name| link(record, name))
        .map_or("okta", |(host, _)| host)
}

/// Ids of Okta are the same in no two organizations.
fn key(id: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::DirectoryObjectId, "okta", id).ok()
}

/// What a link leads to: the last part of its path.
fn linked(record: &Value, name: &str) -> Option<EntityKey> {
    let (_, path) = link(record, name)?;
    key(path.rsplit('/').next()?)
}

/// The organization: whoever governs it is any of its users.
fn organization(facts: &mut Facts, host: &str) -> Option<EntityKey> {
    let key = EntityKey::new(EntityKind::NativeId, "okta", host).ok()?;
    facts.put(&key, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
    Some(key)
}

fn user(facts: &mut Facts, record: &Value) -> Option<EntityKey> {
    let host = host(record);
    let own = key(text(record, "id")?)?;
    let off = is_off(record).then(|| "true".to_owned());
    // Nobody acts as one who can not sign in.
    facts.put(&own, Some(ObjectKind::Subject), [(SUSPENDED, off.clone()), (GROUP, off.clone())]);
    let organization = organization(facts, host)?;
    facts.all_of(EntityKind::NativeId, LinkKind::Opens, &own);
    if off.is_none() {
        facts.link(&organization, LinkKind::Opens, &own);
    }
    Some(own)
}

fn is_off(record: &Value) -> bool {
    text(record, "status").is_some_and(|status| OFF.contains(&status))
}

fn group(facts: &mut Facts, record: &Value) -> Option<()> {
    put_group(facts, &key(text(record, "id")?)?);
    Some(())
}

fn put_group(facts: &mut Facts, own: &EntityKey) {
    facts.put(own, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
}

/// The group of this id, of which all members are told.
fn circle(facts: &mut Facts, id: &str) -> Option<EntityKey> {
    let own = key(id)?;
    put_group(facts, &own);
    facts.all_to(&own, LinkKind::MemberOf);
    Some(own)
}

fn member(facts: &mut Facts, group: &EntityKey, record: &Value) -> Option<()> {
    let who = user(facts, record)?;
    if !is_off(record) {
        facts.link(&who, LinkKind::MemberOf, group);
    }
    Some(())
}

/// An application; of one for AWS, which provider of the account vouches for its users.
fn application(facts: &mut Facts, record: &Value) -> Option<()> {
    let own = key(text(record, "id")?)?;
    let active = text(record, "status").is_none_or(|status| status == "ACTIVE");
    let settings = record.get("settings").and_then(|all| all.get("app"));
    let provider = settings.and_then(|settings| text(settings, "identityProviderArn")).filter(|_| active);
    facts.put(
        &own,
        Some(ObjectKind::Subject),
        [
            (GROUP, Some("true".to_owned())),
            (NAME, text(record, "label").map(str::to_owned)),
            (PROVIDER, provider.map(str::to_owned)),
        ],
    );
    Some(())
}

/// A user or a group of an application, with the roles that its profile names.
fn assignment(facts: &mut Facts, record: &Value) -> Option<()> {
    let application = linked(record, "app")?;
    let own = || key(text(record, "id")?);
    let who = linked(record, "user").or(linked(record, "group")).or_else(own)?;
    let profile = record.get("profile").unwrap_or(&Value::Null);
    let roles: Vec<String> = texts(profile, "samlRoles")
        .chain(text(profile, "role"))
        .map(|role| format!("{ASSIGNED}{}/{role}", application.value()))
        .collect();
    facts.put(
        &who,
        Some(ObjectKind::Subject),
        roles.iter().map(|role| (role.as_str(), Some("true".to_owned()))),
    );
    facts.link(&who, LinkKind::AssignedIn, &application);
    Some(())
}

/// A role of an administrator: of a user or of a group.
fn role(facts: &mut Facts, record: &Value) -> Option<()> {
    let who = linked(record, "assignee")?;
    let (host, _) = link(record, "assignee")?;
    let active = text(record, "status").is_none_or(|status| status == "ACTIVE");
    facts.put(&who, Some(ObjectKind::Subject), []);
    if active && text(record, "type").is_some_and(|kind| GOVERNING.contains(&kind)) {
        let organization = organization(facts, host)?;
        facts.link(&who, LinkKind::Opens, &organization);
    }
    Some(())
}

/// Which of these lists an array of records is, by what its first record has.
pub(super) fn list_of(first: &Value) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| first.get(*name).is_some());
    let login = || first.get("profile").and_then(|profile| text(profile, "login")).is_some();
    if has(&["assignmentType", "type"]) {
        Some(ROLES)
    } else if link(first, "app").is_some() && has(&["profile"]) {
        Some(ASSIGNMENTS)
    } else if has(&["signOnMode", "settings"]) {
        Some(APPLICATIONS)
    } else if has(&["objectClass", "profile"])
        && list(first, "objectClass").any(|it| it.as_str().is_some_and(|it| it.starts_with("okta:")))
    {
        Some(GROUPS)
    } else if has(&["status", "credentials"]) && login() {
        Some(USERS)
    } else {
        None
    }
}
