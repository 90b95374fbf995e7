//! Users and groups of directories, and the roles of accounts that they are assigned.
//!
//! Answers of Microsoft Graph v1.0, told by their `@odata.context`: users, groups (with `$expand=members`), service principals
//! (with their roles for AWS) and assignments to these. Answers of IAM Identity Center: users, groups, memberships,
//! permission sets and assignments. What comes from a directory on premises is tied to it by its security identifier.

use super::{Facts, list, text};
use crate::federation::{APP_ROLE, ASSIGNED, GROUP, NAME, PERMISSION_SET};
use crate::object::{LinkKind, ObjectKind, arn_key};
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let entity = text(whole, "@odata.context").and_then(|context| context.rsplit_once('#')).map(|(_, of)| of);
    let from_graph = entity.and_then(reader).is_some_and(|read| facts.each(whole, "value", read));
    let set = whole.get("PermissionSet").filter(|set| set.is_object());
    let lists = [
        center(whole, "Users") && facts.each(whole, "Users", center_user),
        center(whole, "Groups") && facts.each(whole, "Groups", center_group),
        facts.each(whole, "GroupMemberships", membership),
        facts.each(whole, "AccountAssignments", assignment),
        set.and_then(|set| permission_set(facts, set)).is_some(),
    ];
    from_graph || lists.contains(&true)
}

type Reader = fn(&mut Facts, &Value) -> Option<()>;

fn reader(entity: &str) -> Option<Reader> {
    if entity.contains("appRoleAssigned") || entity.contains("appRoleAssignments") {
        return Some(app_assignment);
    }
    // `users(id,userPrincipalName)`, `groups(members())`.
    match entity.split(['(', '/']).next() {
        Some("users") => Some(user),
        Some("groups") => Some(group),
        Some("servicePrincipals") => Some(service_principal),
        _ => None,
    }
}

/// Objects of the directory by their ids, of whatever kind: assignments name them so.
pub(super) fn directory_key(id: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::DirectoryObjectId, "entra", id).ok()
}

pub(super) fn sid_key(sid: &str) -> Option<EntityKey> {
    let domain = sid.rsplit_once('-').map_or(sid, |(domain, _)| domain);
    EntityKey::new(EntityKind::Sid, domain, sid).ok()
}

fn center_key(id: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, "identity-center", id).ok()
}

fn user(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = directory_key(text(record, "id")?)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    synced(facts, record, &key, None);
    Some(())
}

fn group(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = directory_key(text(record, "id")?)?;
    facts.put(&key, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
    if record.get("members").is_some() {
        facts.all_to(&key, LinkKind::MemberOf);
    }
    for member in list(record, "members").filter_map(|member| directory_key(text(member, "id")?)) {
        facts.put(&member, Some(ObjectKind::Subject), []);
        facts.link(&member, LinkKind::MemberOf, &key);
    }
    synced(facts, record, &key, Some("true"));
    Some(())
}

/// What is made from an object on premises is in the hands of whoever has that.
fn synced(facts: &mut Facts, record: &Value, key: &EntityKey, group: Option<&str>) {
    facts.all_to(key, LinkKind::SyncedTo);
    let off = record.get("onPremisesSyncEnabled").and_then(Value::as_bool) == Some(false);
    if let Some(own) = text(record, "onPremisesSecurityIdentifier").filter(|_| !off).and_then(sid_key) {
        facts.put(&own, Some(ObjectKind::Subject), [(GROUP, group.map(str::to_owned))]);
        facts.link(&own, LinkKind::SyncedTo, key);
    }
}

/// Roles of the application for AWS are written `role ARN,provider ARN`.
fn service_principal(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = directory_key(text(record, "id")?)?;
    let roles = list(record, "appRoles").filter(|role| role.get("isEnabled") != Some(&Value::Bool(false)));
    let named = roles.filter_map(|role| text(role, "id").zip(text(role, "value")));
    let roles: Vec<(String, String)> =
        named.map(|(id, value)| (format!("{APP_ROLE}{}", id.to_lowercase()), value.to_owned())).collect();
    facts.put(
        &key,
        Some(ObjectKind::Subject),
        roles
            .iter()
            .map(|(name, value)| (name.as_str(), Some(value.clone())))
            .chain([(GROUP, Some("true".to_owned()))]),
    );
    facts.all_attributes(&key, APP_ROLE);
    for assigned in list(record, "appRoleAssignedTo") {
        app_assignment(facts, assigned)?;
    }
    Some(())
}

fn app_assignment(facts: &mut Facts, record: &Value) -> Option<()> {
    let who = directory_key(text(record, "principalId")?)?;
    let app = directory_key(text(record, "resourceId")?)?;
    let role = text(record, "appRoleId")?.to_lowercase();
    let attribute = format!("{ASSIGNED}{}/{role}", app.value());
    facts.put(&who, Some(ObjectKind::Subject), [(&*attribute, Some("true".to_owned()))]);
    facts.link(&who, LinkKind::AssignedIn, &app);
    Some(())
}

/// IAM has lists of the same names, whose records have ARNs.
fn center(whole: &Value, field: &str) -> bool {
    list(whole, field).any(|record| text(record, "IdentityStoreId").is_some())
}

fn center_user(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = center_key(text(record, "UserId")?)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    external(facts, record, &key, None);
    Some(())
}

fn center_group(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = center_key(text(record, "GroupId")?)?;
    facts.put(&key, Some(ObjectKind::Subject), [(GROUP, Some("true".to_owned()))]);
    external(facts, record, &key, Some("true"));
    Some(())
}

/// Who was provisioned from a directory is its object by the id there.
fn external(facts: &mut Facts, record: &Value, key: &EntityKey, group: Option<&str>) {
    facts.all_to(key, LinkKind::SyncedTo);
    for id in list(record, "ExternalIds").filter_map(|one| text(one, "Id")) {
        let from = if id.starts_with("S-1-") { sid_key(id) } else { directory_key(id) };
        let Some(from) = from else { continue };
        facts.put(&from, Some(ObjectKind::Subject), [(GROUP, group.map(str::to_owned))]);
        facts.link(&from, LinkKind::SyncedTo, key);
    }
}

fn membership(facts: &mut Facts, record: &Value) -> Option<()> {
    let group = center_key(text(record, "GroupId")?)?;
    let member = center_key(text(record.get("MemberId")?, "UserId")?)?;
    facts.put(&member, Some(ObjectKind::Subject), []);
    facts.link(&member, LinkKind::MemberOf, &group);
    Some(())
}

fn assignment(facts: &mut Facts, record: &Value) -> Option<()> {
    let who = center_key(text(record, "PrincipalId")?)?;
    let set = arn_key(text(record, "PermissionSetArn")?)?;
    let attribute = format!("{PERMISSION_SET}{}/{}", text(record, "AccountId")?, set.value());
    let group = (text(record, "PrincipalType") == Some("GROUP")).then(|| "true".to_owned());
    facts.put(&who, Some(ObjectKind::Subject), [(&*attribute, Some("true".to_owned())), (GROUP, group)]);
    facts.link(&who, LinkKind::AssignedIn, &set);
    Some(())
}

fn permission_set(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "PermissionSetArn")?)?;
    facts.put(&key, None, [(NAME, text(record, "Name").map(str::to_owned))]);
    Some(())
}
