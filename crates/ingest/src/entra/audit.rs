//! Changes of the directory: accounts, groups, roles, applications, devices, policies, and what is provisioned.

use super::{account, directory, person, principal, product, provisioning, tell_cloud};
use crate::azure::{self, Parts, take, take_in, told};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    Actor, Api, Device, DeviceId, Event, Feature, Group, Head, HttpRequest, ManagedEntity, NetworkEndpoint,
    Policy, ResourceDetails, Service, User,
};
use std::borrow::Cow;

/// Entra ID audit and provisioning logs, as Azure Monitor streams them and as Graph lists them. Classes 3001, 3004,
/// 3005 and 3006.
///
/// An update of a user, which Account Change has no activity for, is one of a managed entity.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraAudit;

impl Source for EntraAudit {
    fn name(&self) -> &'static str {
        "entra_audit"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        if let Some(category) = root.member("category").and_then(|category| category.look())
            && (category.eq_ignore_ascii_case("AuditLogs")
                || category.eq_ignore_ascii_case("ProvisioningLogs"))
        {
            return true;
        }
        let inner = root.member("properties").filter(Field::is_object).unwrap_or(root);
        inner.member("initiatedBy").is_some_and(|by| by.is_object())
            && inner.member("targetResources").is_some()
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let parts = Parts::of(record);
        let directory = directory(&parts, context);
        if parts.inner.member("provisioningAction").is_some()
            || parts.inner.member("sourceIdentity").is_some()
        {
            events.push(provisioning::event(&parts, directory.as_deref()));
            return;
        }
        let targets = parts.inner.member("targetResources").filter(Field::is_array);
        let targets = targets.iter().flat_map(Field::children).filter(Field::is_object).collect();
        events.push(Change { parts, directory: directory.as_deref(), targets }.event());
    }
}

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// 3001.
    Account(u32),
    /// 3005.
    Access(u32),
    /// 3006.
    Group(u32),
    /// 3004.
    Entity(u32),
}

/// Words of an activity's name that tell its class, in order: the first that fits has it.
const NAMED: [(&str, Kind); 41] = [
    ("member to group", Kind::Group(3)),
    ("member from group", Kind::Group(4)),
    ("owner to group", Kind::Group(1)),
    ("owner from group", Kind::Group(2)),
    ("add group", Kind::Group(6)),
    ("create group", Kind::Group(6)),
    ("delete group", Kind::Group(5)),
    ("member from role", Kind::Access(2)),
    ("member in role", Kind::Access(1)),
    ("member to role", Kind::Access(1)),
    ("eligible member", Kind::Access(1)),
    ("remove delegated permission", Kind::Access(2)),
    ("remove app role assignment", Kind::Access(2)),
    ("revoke consent", Kind::Access(2)),
    ("delegated permission grant", Kind::Access(1)),
    ("app role assignment", Kind::Access(1)),
    ("consent to application", Kind::Access(1)),
    ("elevated the access", Kind::Access(1)),
    ("elevated their access", Kind::Access(1)),
    ("remove member", Kind::Access(2)),
    ("invite external user", Kind::Account(1)),
    ("add user", Kind::Account(1)),
    ("create user", Kind::Account(1)),
    ("delete user", Kind::Account(6)),
    ("restore user", Kind::Account(2)),
    ("change user password", Kind::Account(3)),
    ("change password", Kind::Account(3)),
    ("reset password", Kind::Account(4)),
    ("reset user password", Kind::Account(4)),
    ("password reset", Kind::Account(4)),
    ("disable account", Kind::Account(5)),
    ("enable account", Kind::Account(2)),
    ("disable strong authentication", Kind::Account(11)),
    ("enable strong authentication", Kind::Account(10)),
    ("deleted security info", Kind::Account(11)),
    ("delete security info", Kind::Account(11)),
    ("deregistered security info", Kind::Account(11)),
    ("registered security info", Kind::Account(10)),
    ("registered all required security info", Kind::Account(10)),
    ("unlock user account", Kind::Account(12)),
    ("lock user account", Kind::Account(9)),
];

/// The class and activity by the activity's name, else by the kind of operation.
fn kind_of(activity: &str, operation: &str) -> Kind {
    let lower = activity.to_ascii_lowercase();
    if let Some((_, kind)) = NAMED.iter().find(|(words, _)| lower.contains(words)) {
        return *kind;
    }
    match operation.to_ascii_lowercase().as_str() {
        "assign" => return Kind::Access(1),
        "unassign" => return Kind::Access(2),
        _ => {}
    }
    let words = lower.split([' ', '-', '_', '.']).chain([operation]);
    Kind::Entity(words.filter_map(verb).next().unwrap_or(99))
}

/// OCSF's number of what is done to a managed entity.
fn verb(word: &str) -> Option<u32> {
    Some(match word.to_ascii_lowercase().as_str() {
        "add" | "added" | "create" | "created" | "invite" | "import" | "issue" => 1,
        "get" | "read" | "download" | "export" | "list" | "view" | "viewed" | "validate" | "bulk" => 2,
        "update" | "updated" | "set" | "change" | "changed" | "edit" | "modify" | "verify" | "unverify"
        | "convert" => 3,
        "delete" | "deleted" | "remove" | "removed" | "revoke" | "hard" | "purge" | "cancel" => 4,
        "register" | "registered" | "enroll" => 6,
        "unregister" | "unregistered" | "deregister" => 7,
        "enable" | "enabled" => 8,
        "disable" | "disabled" => 9,
        "restore" | "activate" | "approve" | "approved" | "start" | "started" => 10,
        "deactivate" | "deny" | "denied" | "stop" | "reject" => 11,
        "suspend" | "block" => 12,
        "resume" | "unblock" => 13,
        _ => return None,
    })
}

fn is_of(target: Field<'_>, kinds: &[&str]) -> bool {
    let kind = target.member("type").and_then(|kind| kind.look());
    kind.is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// A change and what is found of it more than once.
struct Change<'r, 'a> {
    parts: Parts<'a>,
    directory: Option<&'r str>,
    targets: Vec<Field<'a>>,
}

impl<'a> Change<'_, 'a> {
    fn event(&self) -> Event {
        let parts = &self.parts;
        let activity = parts.take("activityDisplayName").or_else(|| parts.take("operationName"));
        let activity = activity.or_else(|| Some(told(parts.root.member("operationName")?)?.look()?));
        let activity = activity.unwrap_or_default();
        let operation = parts.take("operationType");
        let kind = kind_of(&activity, operation.as_deref().unwrap_or_default());
        let actor = self.actor();
        let mut event = match kind {
            Kind::Account(number) => Event::account_change(self.head(number, &activity), self.whom(&actor)),
            Kind::Access(number) => self.access(self.head(number, &activity), &activity, &actor),
            Kind::Group(number) => self.group_change(self.head(number, &activity)),
            Kind::Entity(number) => Event::entity_management(self.head(number, &activity), self.entity()),
        };
        let mut api = Api::new(activity);
        api.set_service(parts.take("loggedByService").map(Service::named));
        event.set_actor(actor).set_api(api).set_src_endpoint(self.origin());
        event.set_http_request(self.request());
        self.tell_common(&mut event);
        if let Some(operation) = operation {
            tell_text(&operation, "type", &mut event);
        }
        event
    }

    fn head(&self, number: u32, activity: &str) -> Head {
        let time = self.parts.moment(&["activityDateTime", "time", "TimeGenerated"]);
        let mut product = product("Microsoft Entra ID");
        if let Some(category) = self.parts.inner.member("category").filter(|_| !self.is_flat()) {
            product.set_feature(told(category).and_then(|told| told.take()).map(Feature::named));
        }
        match number {
            99 => Head::other(activity, time, product),
            number => Head::new(number, time, product),
        }
    }

    fn is_flat(&self) -> bool {
        self.parts.root.member("properties").is_none()
    }

    fn tell_common(&self, event: &mut Event) {
        let parts = &self.parts;
        self.tell_outcome(event);
        parts.tell_times(&["activityDateTime", "time", "TimeGenerated"], event);
        parts.tell_log(event);
        parts.tell_duration("durationMs", event);
        tell_cloud(parts, event);
        event.metadata_mut().set_uid(parts.take("id"));
        if let Some(tags) = azure::tags(parts.inner.member("additionalDetails")) {
            event.metadata_mut().set_attribute("tags", &tags);
        }
    }

    fn tell_outcome(&self, event: &mut Event) {
        let parts = &self.parts;
        let code = parts.take("result").or_else(|| parts.take("resultType"));
        let code = code.or_else(|| parts.around("result")).or_else(|| parts.around("resultType"));
        let reason = parts.take("resultReason").or_else(|| parts.take("resultDescription"));
        event.set_status_detail(reason.or_else(|| parts.around("resultDescription")));
        let word = code.as_deref().unwrap_or("success").to_ascii_lowercase();
        match word.as_str() {
            "success" | "succeeded" | "0" => event.set_outcome(Outcome::Success, None),
            "failure" | "failed" | "timeout" | "clienterror" => event.set_outcome(Outcome::Failure, None),
            other => event.set_outcome(Outcome::Other, Some(other)),
        };
        event.set_status_code(code);
    }

    /// Who changed it: a person, else an application.
    fn actor(&self) -> Actor {
        let by = self.parts.inner.member("initiatedBy").filter(Field::is_object);
        let part = |name: &str| by?.member(name).filter(Field::is_object);
        let user = part("user")
            .and_then(|user| person(user, ["id", "userPrincipalName", "displayName"], self.directory));
        let app = part("app");
        let service = app
            .and_then(|app| principal(app, ["servicePrincipalId", "servicePrincipalName"], self.directory));
        let around = self.parts.around("identity");
        let name = app.and_then(|app| take(app, "displayName"));
        let mut actor = if let Some(mut user) = user.or(service) {
            user.set_display_name(around);
            Actor::of_user(user)
        } else {
            Actor::of_app(name.clone().or(around).unwrap_or(Cow::Borrowed("Microsoft Entra ID")))
        };
        actor.set_app_uid(app.and_then(|app| take(app, "appId"))).set_app_name(name);
        actor
    }

    fn origin(&self) -> NetworkEndpoint {
        let own = self.parts.inner.get("initiatedBy.user").and_then(|user| user.member("ipAddress"));
        let origin = azure::origin([own, self.parts.root.member("callerIpAddress")]);
        origin.unwrap_or_else(|| NetworkEndpoint::of_service("Microsoft Entra ID"))
    }

    fn request(&self) -> Option<HttpRequest> {
        let details = self.parts.inner.member("additionalDetails");
        let pair = details.iter().flat_map(Field::children).find(|pair| {
            pair.member("key").and_then(|key| key.look()).is_some_and(|key| key == "User-Agent")
        });
        let agent =
            pair.and_then(|pair| pair.member("value")?.look()).or_else(|| self.parts.take("userAgent"))?;
        let mut request = HttpRequest::new();
        request.set_user_agent(agent);
        Some(request)
    }

    fn target(&self, kinds: &[&str]) -> Option<Field<'a>> {
        self.targets.iter().copied().find(|target| is_of(*target, kinds))
    }

    fn user(&self) -> Option<User> {
        let user = self.target(&["User"]).and_then(|target| self.user_of(target));
        user.or_else(|| principal(self.target(&["ServicePrincipal"])?, ["id", "displayName"], self.directory))
    }

    fn user_of(&self, target: Field<'_>) -> Option<User> {
        let mut user = person(target, ["id", "userPrincipalName", "displayName"], self.directory)?;
        user.set_kind(take(target, "type")).set_type_id(1);
        Some(user)
    }

    /// Whom it is done to: the first user among the targets, else the first target, else who did it.
    fn whom(&self, actor: &Actor) -> User {
        let first = || principal(*self.targets.first()?, ["id", "displayName"], self.directory);
        let own = || actor.user().cloned();
        self.user().or_else(first).or_else(own).unwrap_or_else(|| {
            let mut user = User::named("unknown");
            user.set_account(account(self.directory));
            user
        })
    }

    /// What one of the targets has now under one of `names`: Entra writes it as JSON in a text.
    fn new_value(&self, names: &[&str]) -> Option<String> {
        let changed = self.targets.iter().filter_map(|target| target.member("modifiedProperties"));
        let changed: Vec<_> = changed.flat_map(|list| list.children().collect::<Vec<_>>()).collect();
        let value = |name: &&str| {
            let of = |pair: &&Field<'a>| {
                pair.member("displayName").and_then(|own| own.look()).is_some_and(|own| own == **name)
            };
            let pair = changed.iter().find(of)?;
            let text = ["newValue", "oldValue"].iter().find_map(|side| {
                let text = pair.member(side)?.copy()?;
                (!matches!(&*text, "null" | "\"\"" | "[]")).then_some(text)
            })?;
            Some(text.trim_matches(['"', '[', ']']).to_owned())
        };
        names.iter().find_map(value)
    }

    fn access(&self, head: Head, activity: &str, actor: &Actor) -> Event {
        let role = self.target(&["Role"]).and_then(|role| take(role, "displayName")).map(Cow::into_owned);
        let names = [
            "Role.DisplayName",
            "AppRole.Value",
            "DelegatedPermissionGrant.Scope",
            "ConsentAction.Permissions",
        ];
        let privilege = role.or_else(|| self.new_value(&names)).unwrap_or_else(|| activity.to_owned());
        let mut event = Event::user_access(head, self.whom(actor), privilege);
        event.set_resources(self.things());
        event
    }

    fn group_change(&self, head: Head) -> Event {
        let target = self.target(&["Group"]);
        let name = target.and_then(|group| take(group, "displayName")).map(Cow::into_owned);
        let name = name.or_else(|| self.new_value(&["Group.DisplayName"]));
        let uid = target.and_then(|group| take(group, "id")).map(Cow::into_owned);
        let uid = uid.or_else(|| self.new_value(&["Group.ObjectID"]));
        let mut group = match (uid, &name) {
            (Some(uid), _) => Group::of_uid(uid),
            (None, name) => Group::named(name.as_deref().unwrap_or("unknown")),
        };
        group.set_name(name).set_kind(target.and_then(|group| take(group, "groupType")));
        group.set_domain(self.directory);
        let mut event = Event::group_management(head, group);
        event.set_user(self.user());
        event
    }

    /// The targets that are no users, as resources.
    fn things(&self) -> Vec<ResourceDetails> {
        let things = self.targets.iter().filter(|target| !is_of(**target, &["User"]));
        let thing = |target: &Field<'a>| {
            let name = take(*target, "displayName");
            let mut thing = match (take(*target, "id"), &name) {
                (Some(uid), _) => ResourceDetails::of_uid(uid),
                (None, Some(name)) => ResourceDetails::named(&**name),
                (None, None) => return None,
            };
            thing.set_name(name).set_kind(take(*target, "type"));
            if let Some(data) = target.take_whole() {
                thing.set_attribute("data", &data);
            }
            Some(thing)
        };
        things.filter_map(thing).collect()
    }

    /// What is managed: the first target; a user, device, group or policy as such, with what changed of it.
    fn entity(&self) -> ManagedEntity {
        let first = self.targets.first().copied();
        let Some(target) = first else { return ManagedEntity::named("directory") };
        let kind =
            target.member("type").and_then(|kind| kind.look()).unwrap_or_default().to_ascii_lowercase();
        let user = (kind == "user").then(|| self.user_of(target)).flatten();
        let [uid, name] = ["id", "displayName"].map(|name| target.member(name).and_then(told));
        let [uid, name] = [uid, name].map(|field| field.and_then(|field| field.take()));
        let mut entity = match (&uid, &name) {
            (Some(uid), _) => ManagedEntity::of_uid(&**uid),
            (None, name) => ManagedEntity::named(name.as_deref().unwrap_or("directory")),
        };
        match kind.as_str() {
            "user" => entity.set_type_id(2).set_kind("User").set_user(user),
            "device" => entity.set_type_id(1).set_kind("Device").set_device(uid.as_deref().map(|uid| {
                let mut device = Device::new(0, DeviceId::Uid(uid.into()));
                device.set_name(name.clone());
                device
            })),
            "group" => entity.set_type_id(3).set_kind("Group"),
            "policy" => {
                entity.set_type_id(5).set_kind("Policy").set_policy(uid.as_deref().map(Policy::of_uid))
            }
            _ => entity.set_type_id(99).set_kind(take(target, "type")),
        };
        entity.set_name(name);
        if let Some(data) = target.member("modifiedProperties").and_then(|changed| changed.take_whole()) {
            entity.set_attribute("data", &data);
        }
        entity
    }
}

/// Tells `text` as the attribute `name` of the metadata.
pub(super) fn tell_text(text: &str, name: &str, event: &mut Event) {
    let mut json = String::new();
    crate::text::write_text(text, &mut json);
    event.metadata_mut().set_attribute(name, &homeostat_core::JsonText::new(json));
}

/// The application that Entra names as `outer` of an object, by name.
pub(super) fn app_of(object: Field<'_>, outer: &str) -> Option<Actor> {
    let mut actor = Actor::of_app(take_in(object, outer, "Name")?);
    actor.set_app_uid(take_in(object, outer, "Id"));
    Some(actor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activities_find_their_class() {
        for (activity, operation, kind) in [
            ("Add user", "Add", Kind::Account(1)),
            ("Hard Delete user", "Delete", Kind::Account(6)),
            ("Reset user password", "Update", Kind::Account(4)),
            ("User registered security info", "Add", Kind::Account(10)),
            ("Update user", "Update", Kind::Entity(3)),
            ("Add member to role", "Assign", Kind::Access(1)),
            (
                "Add eligible member to role in PIM completed (timebound)",
                "CreateRequestEligible",
                Kind::Access(1),
            ),
            ("Remove member from role", "Unassign", Kind::Access(2)),
            ("Add app role assignment to service principal", "Assign", Kind::Access(1)),
            ("Remove delegated permission grant", "Unassign", Kind::Access(2)),
            ("Consent to application", "Assign", Kind::Access(1)),
            ("Add member to group", "Assign", Kind::Group(3)),
            ("Delete group", "Delete", Kind::Group(5)),
            ("Update group", "Update", Kind::Entity(3)),
            ("Add service principal credentials", "Update", Kind::Entity(1)),
            ("Add conditional access policy", "Add", Kind::Entity(1)),
            ("Register device", "Add", Kind::Entity(6)),
        ] {
            assert_eq!(kind_of(activity, operation), kind, "{activity}");
        }
    }
}
