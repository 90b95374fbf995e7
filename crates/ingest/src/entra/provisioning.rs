//! Accounts and groups that the directory makes, changes and takes away in the systems it provisions.

use super::audit::{app_of, tell_text};
use super::{account, product, tell_cloud};
use crate::azure::{Parts, take, take_in, told};
use crate::record::Field;
use homeostat_core::Outcome;
use homeostat_event::{
    Actor, Api, Event, Group, Head, ManagedEntity, NetworkEndpoint, ResourceDetails, Service, User,
};
use std::borrow::Cow;

/// One act of provisioning: of an account 3001, of a group 3006, an update 3004.
pub(super) fn event(parts: &Parts<'_>, directory: Option<&str>) -> Event {
    let act = parts.take("provisioningAction").or_else(|| parts.take("action")).unwrap_or_default();
    let source = parts.inner.member("sourceIdentity").filter(Field::is_object).unwrap_or(parts.inner);
    let kind = source.get("details.odatatype").and_then(told).or_else(|| source.member("identityType"));
    let kind = kind.and_then(|kind| kind.copy()).unwrap_or(Cow::Borrowed("User"));
    let group = kind.eq_ignore_ascii_case("group");
    let mut event = match (activity_of(&act, group), group) {
        (0, _) => Event::entity_management(head(parts, 3), entity(source, group, directory)),
        (number, true) => Event::group_management(head(parts, number), group_of(source, directory)),
        (number, false) => Event::account_change(head(parts, number), user_of(source, directory)),
    };
    let mut api = Api::new(&*act);
    api.set_service(service(parts));
    let actor = app_of(parts.inner, "initiatedBy").or_else(|| app_of(parts.inner, "servicePrincipal"));
    event.set_actor(actor.unwrap_or_else(|| Actor::of_app("Azure AD Provisioning Service"))).set_api(api);
    event.set_src_endpoint(NetworkEndpoint::of_service("Microsoft Entra ID"));
    tell_outcome(parts, &mut event);
    parts.tell_times(&["activityDateTime", "time", "TimeGenerated"], &mut event);
    parts.tell_log(&mut event);
    parts.tell_duration("durationInMilliseconds", &mut event);
    tell_cloud(parts, &mut event);
    event.metadata_mut().set_uid(parts.take("id")).set_original_event_uid(parts.take("changeId"));
    if let Some(job) = parts.take("jobId") {
        tell_text(&job, "source", &mut event);
    }
    tell_target(parts, &mut event);
    event
}

fn head(parts: &Parts<'_>, number: u32) -> Head {
    let time = parts.moment(&["activityDateTime", "time", "TimeGenerated"]);
    Head::new(number, time, product("Microsoft Entra ID"))
}

/// OCSF's number of the act; 0 for an update, which neither accounts nor groups have one for.
fn activity_of(act: &str, group: bool) -> u32 {
    match (act.to_ascii_lowercase().as_str(), group) {
        ("create", true) => 6,
        ("create", false) => 1,
        ("delete" | "stageddelete", true) => 5,
        ("delete" | "stageddelete", false) => 6,
        ("disable", false) => 5,
        _ => 0,
    }
}

fn user_of(source: Field<'_>, directory: Option<&str>) -> User {
    let details = source.member("details");
    let login = details.and_then(|details| take(details, "UserPrincipalName"));
    let uid = take(source, "Id").or_else(|| take_in(source, "details", "id"));
    let name = take(source, "Name");
    let mut user = User::told(uid.as_deref(), login.as_deref())
        .unwrap_or_else(|| User::named(name.as_deref().unwrap_or("unknown")));
    user.set_email_addr(login.filter(|login| login.contains('@'))).set_full_name(name);
    user.set_display_name(details.and_then(|details| take(details, "DisplayName")));
    user.set_account(account(directory));
    user
}

fn group_of(source: Field<'_>, directory: Option<&str>) -> Group {
    let name = take(source, "Name").or_else(|| take_in(source, "details", "DisplayName"));
    let mut group = match (take(source, "Id"), &name) {
        (Some(uid), _) => Group::of_uid(uid),
        (None, name) => Group::named(name.as_deref().unwrap_or("unknown")),
    };
    group.set_name(name).set_domain(directory);
    group
}

fn entity(source: Field<'_>, group: bool, directory: Option<&str>) -> ManagedEntity {
    if group {
        let group = group_of(source, directory);
        let mut entity = ManagedEntity::named(group.name().unwrap_or("unknown"));
        entity.set_uid(group.uid()).set_type_id(3).set_kind("Group").set_group(group.clone());
        return entity;
    }
    let user = user_of(source, directory);
    let mut entity = ManagedEntity::named(user.name().or(user.full_name()).unwrap_or("unknown"));
    entity.set_uid(user.uid()).set_type_id(2).set_kind("User").set_user(user.clone());
    entity
}

/// The system that is provisioned.
fn service(parts: &Parts<'_>) -> Option<Service> {
    let target = parts.inner.member("targetSystem").filter(Field::is_object)?;
    let name = take(target, "Name");
    let mut service = match (take(target, "Id"), &name) {
        (Some(uid), _) => Service::of_uid(uid),
        (None, Some(name)) => Service::named(&**name),
        (None, None) => return None,
    };
    service.set_name(name);
    Some(service)
}

/// Tells what the account or group is in the other system, with what changed of it, where the class has a place.
fn tell_target(parts: &Parts<'_>, event: &mut Event) {
    let Some(target) = parts.inner.member("targetIdentity").filter(Field::is_object) else { return };
    let Some(uid) = take(target, "Id") else { return };
    if event.group().is_some() {
        let mut thing = ResourceDetails::of_uid(uid);
        thing.set_name(take(target, "Name")).set_kind(take(target, "identityType"));
        event.set_resource(thing);
    } else if event.entity().is_none() {
        let mut user = User::of_uid(uid);
        user.set_name(take(target, "Name"));
        event.set_user_result(user);
    }
}

fn tell_outcome(parts: &Parts<'_>, event: &mut Event) {
    let status = parts.inner.member("provisioningStatusInfo").filter(Field::is_object);
    let word = status.and_then(|status| status.member("Status")?.copy());
    let error = status.and_then(|status| status.member("errorInformation")).filter(Field::is_object);
    let code = error.and_then(|error| take(error, "errorCode"));
    event.set_status_detail(error.and_then(|error| take(error, "reason")));
    event.set_message(error.and_then(|error| take(error, "recommendedAction")));
    let around = parts.root.member("resultType").and_then(told).filter(|_| code.is_none());
    let around = around.and_then(|result| result.take());
    match word.or_else(|| around.clone()).map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("success") => event.set_outcome(Outcome::Success, None),
        Some("failure") => event.set_outcome(Outcome::Failure, None),
        Some(other) => event.set_outcome(Outcome::Other, Some(other)),
        None => event,
    };
    event.set_status_code(code.or(around));
}
