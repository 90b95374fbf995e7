//! Changes to the directory: users, groups, roles, applications, policies, devices.

use super::operation::{Kind, kind_of};
use super::{cloud, directory, product, service_principal, user_of};
use crate::azure_log::{AzureLog, take, take_address};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    Actor, Device, DeviceId, Event, Group, Head, HttpRequest, ManagedEntity, NetworkEndpoint, Policy,
    ResourceDetails, User,
};
use std::borrow::Cow;

/// Microsoft Entra ID audit log. Classes 3001, 3004, 3005 and 3006.
///
/// Category `AuditLogs` of Azure Monitor and Graph's `directoryAudit`. The directory is the record's tenant, else
/// [`Context::directory`].
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraAudit;

impl Source for EntraAudit {
    fn name(&self) -> &'static str {
        "entra_audit"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let inner = root.member("properties").filter(Field::is_object).unwrap_or(root);
        let has = |name| inner.member(name).is_some();
        let named = has("activityDisplayName") || root.member("operationName").is_some();
        named
            && (has("initiatedBy") || has("loggedByService"))
            && (has("operationType") || has("targetResources"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let log = AzureLog::of(record);
        let directory = directory(&log, context);
        events.push(Audit { log, directory: directory.as_deref(), targets: targets(&log) }.event());
    }
}

fn targets<'a>(log: &AzureLog<'a>) -> Vec<Field<'a>> {
    let list = log.inner().member("targetResources").filter(Field::is_array);
    list.map(|list| list.children().filter(Field::is_object).collect()).unwrap_or_default()
}

fn kind_is(target: Field<'_>, kind: &str) -> bool {
    target.member("type").and_then(|told| told.look()).is_some_and(|told| told.eq_ignore_ascii_case(kind))
}

struct Audit<'r, 'a> {
    log: AzureLog<'a>,
    directory: Option<&'r str>,
    targets: Vec<Field<'a>>,
}

impl<'a> Audit<'_, 'a> {
    fn event(&self) -> Event {
        let log = &self.log;
        let name = log.look("activityDisplayName").or_else(|| log.look("operationName")).unwrap_or_default();
        let kind = kind_of(&name, &log.look("operationType").unwrap_or_default());
        let actor = self.actor();
        let mut event = self.change(kind, self.head(kind, &name), &actor, &name);
        event.set_cloud(cloud(log, self.directory)).set_src_endpoint(self.origin(&actor)).set_actor(actor);
        event.set_http_request(self.http_request());
        self.tell_outcome(&mut event);
        log.tell(&mut event, &["activityDateTime"]);
        event.set_message(log.take("activityDisplayName"));
        event.set_duration(log.duration(&["durationMs"]));
        let metadata = event.metadata_mut();
        metadata.set_uid(take(log.inner(), "id")).set_log_provider(log.take("loggedByService"));
        metadata.set_labels(take(log.inner(), "category").map(|name| vec![name.into()]).unwrap_or_default());
        event
    }

    fn head(&self, kind: Kind, name: &str) -> Head {
        let time = self.log.time(&["activityDateTime"]);
        match kind.activity() {
            99 => Head::other(name, time, product()),
            activity => Head::new(activity, time, product()),
        }
    }

    fn change(&self, kind: Kind, head: Head, actor: &Actor, name: &str) -> Event {
        let acting = || actor.user().cloned().unwrap_or_else(|| User::named("unknown"));
        match kind {
            Kind::Account(_) => Event::account_change(head, self.target_user().unwrap_or_else(acting)),
            Kind::Entity(_) => Event::entity_management(head, self.entity()),
            Kind::Access(_) => {
                let user = self.target_user().or_else(|| self.target_principal()).unwrap_or_else(acting);
                let right = self.right().unwrap_or(Cow::Borrowed(name));
                let mut event = Event::user_access(head, user, right);
                event.set_resources(self.resources());
                event
            }
            Kind::Group(_) => {
                let mut event = Event::group_management(head, self.group());
                event.set_user(self.target_user());
                event
            }
        }
    }

    fn target(&self, kind: &str) -> Option<Field<'a>> {
        self.targets.iter().copied().find(|target| kind_is(*target, kind))
    }

    fn target_user(&self) -> Option<User> {
        self.user(self.target("User")?)
    }

    fn target_principal(&self) -> Option<User> {
        let target = self.target("ServicePrincipal")?;
        service_principal(take(target, "id"), take(target, "displayName"), self.directory)
    }

    fn user(&self, target: Field<'a>) -> Option<User> {
        let part = |name| take(target, name);
        let mut user = user_of([part("id"), part("userPrincipalName"), part("displayName")], self.directory)?;
        if let Some(kind) = target.member("type").filter(|_| kind_is(target, "User")) {
            kind.take();
            user.set_type_id(1).set_kind("User");
        }
        Some(user)
    }

    fn group(&self) -> Group {
        let target = self.target("Group");
        let part = |name| take(target?, name);
        let uid = part("id").or_else(|| self.modified("Group.ObjectID"));
        let name = part("displayName").or_else(|| self.modified("Group.DisplayName"));
        let mut group = match (uid, &name) {
            (Some(uid), _) => Group::of_uid(uid),
            (None, name) => Group::named(name.as_deref().unwrap_or("unknown")),
        };
        group.set_name(name).set_domain(self.directory).set_kind(part("groupType"));
        group
    }

    /// The new value, else the old, of a property that is told to have changed: JSON in a text.
    fn modified(&self, name: &str) -> Option<Cow<'a, str>> {
        let changes = self.targets.iter().filter_map(|target| target.member("modifiedProperties"));
        let mut changes = changes.flat_map(|list| list.children().collect::<Vec<_>>());
        let change = changes.find(|change| {
            change.member("displayName").and_then(|told| told.look()).is_some_and(|told| told == name)
        })?;
        let value = |name| {
            change.member(name).filter(|value| value.look().is_some_and(|text| unquoted(&text).len() > 1))
        };
        let value = value("newValue").or_else(|| value("oldValue"))?;
        Some(Cow::Owned(unquoted(&value.copy()?).to_owned()))
    }

    /// What is given or taken: a role, a permission of an application, a scope of consent.
    fn right(&self) -> Option<Cow<'a, str>> {
        const RIGHTS: [&str; 4] =
            ["Role.DisplayName", "AppRole.Value", "DelegatedPermissionGrant.Scope", "AppRole.DisplayName"];
        let role = self.target("Role").and_then(|role| take(role, "displayName"));
        let told = role.or_else(|| RIGHTS.iter().find_map(|name| self.modified(name)));
        told.or_else(|| self.additional("RoleName").and_then(|role| role.take()))
    }

    /// The value that `additionalDetails` has under `key`.
    fn additional(&self, key: &str) -> Option<Field<'a>> {
        let list = self.log.inner().member("additionalDetails").filter(Field::is_array)?;
        let called = |pair: &Field<'a>| {
            pair.member("key").and_then(|told| told.look()).is_some_and(|told| told.eq_ignore_ascii_case(key))
        };
        list.children().find(called)?.member("value")
    }

    /// The targets but the user as resources, with what has changed of them.
    fn resources(&self) -> Vec<ResourceDetails> {
        let user = self.target("User").or_else(|| self.target("ServicePrincipal"));
        let is_user = |target: &Field<'a>| user.is_some_and(|user| core::ptr::eq(user.json(), target.json()));
        let things = self.targets.iter().filter(|target| !is_user(target));
        // Who raises their own rights is told no target but where they hold.
        let scope = self.additional("Scope").and_then(|scope| scope.take()).map(ResourceDetails::of_uid);
        things
            .filter_map(|target| {
                let (uid, name) = (take(*target, "id"), take(*target, "displayName"));
                let mut thing = match (uid, &name) {
                    (Some(uid), _) => ResourceDetails::of_uid(uid),
                    (None, Some(name)) => ResourceDetails::named(&**name),
                    (None, None) => return None,
                };
                thing.set_name(name).set_kind(take(*target, "type")).set_data(changes(*target));
                Some(thing)
            })
            .chain(scope)
            .collect()
    }

    /// What is managed: the first target; without one the directory itself.
    fn entity(&self) -> ManagedEntity {
        let Some(target) = self.targets.first().copied() else { return self.whole_directory() };
        let (uid, name) = (take(target, "id"), take(target, "displayName"));
        let mut entity = match (&uid, &name) {
            (Some(uid), _) => ManagedEntity::of_uid(&**uid),
            (None, Some(name)) => ManagedEntity::named(&**name),
            (None, None) => return self.whole_directory(),
        };
        entity.set_name(name.clone()).set_data(changes(target));
        let kind = target.member("type").and_then(|kind| kind.take()).unwrap_or_default();
        match kind.to_ascii_lowercase().as_str() {
            "device" => {
                let id = uid.or_else(|| name.clone()).unwrap_or_default();
                let mut device = Device::new(0, DeviceId::Uid(id.into()));
                device.set_name(name);
                entity.set_type_id(1).set_kind("Device").set_device(device);
            }
            "user" => {
                entity.set_type_id(2).set_kind("User").set_user(self.user(target));
            }
            "group" => {
                let mut group = Group::of_uid(uid.or_else(|| name.clone()).unwrap_or_default());
                group.set_name(name).set_domain(self.directory);
                entity.set_type_id(3).set_kind("Group").set_group(group);
            }
            "policy" => {
                let mut policy = Policy::of_uid(uid.or_else(|| name.clone()).unwrap_or_default());
                policy.set_name(name);
                entity.set_type_id(5).set_kind("Policy").set_policy(policy);
            }
            "" => {}
            _ => drop(entity.set_type_id(99).set_kind(kind)),
        }
        entity
    }

    fn whole_directory(&self) -> ManagedEntity {
        let mut entity = match self.directory {
            Some(directory) => ManagedEntity::of_uid(directory),
            None => ManagedEntity::named("directory"),
        };
        entity.set_type_id(4).set_kind("Organization");
        entity
    }

    fn actor(&self) -> Actor {
        let by = self.log.inner().member("initiatedBy").filter(Field::is_object);
        let part = |kind| by.and_then(|by| by.member(kind)).filter(Field::is_object);
        let user = part("user").and_then(|user| self.user(user).or_else(|| self.identity()));
        if let Some(user) = user {
            return Actor::of_user(user);
        }
        let Some(app) = part("app") else {
            let service = || self.log.look("loggedByService");
            let app = || Actor::of_app(service().unwrap_or(Cow::Borrowed("Microsoft Entra ID")));
            return self.identity().map_or_else(app, Actor::of_user);
        };
        let (name, login) = (take(app, "displayName"), take(app, "servicePrincipalName"));
        let uid = take(app, "appId");
        let known = name.clone().or_else(|| login.clone()).or_else(|| uid.clone());
        let mut actor = Actor::of_app(known.clone().unwrap_or(Cow::Borrowed("Microsoft Entra ID")));
        actor.set_app_uid(uid);
        actor.set_user(service_principal(take(app, "servicePrincipalId"), login.or(known), self.directory));
        actor
    }

    /// Who it was in the words of the envelope.
    fn identity(&self) -> Option<User> {
        let name = self.log.outer().member("identity")?.take_if(|name| name.contains('@'))?;
        user_of([None, Some(name), None], self.directory)
    }

    fn origin(&self, actor: &Actor) -> NetworkEndpoint {
        let told =
            self.log.inner().get("initiatedBy.user").and_then(|user| take_address(user.member("ipAddress")?));
        if let Some(address) = &told {
            self.log.take_same("callerIpAddress", address);
        }
        let told = told.or_else(|| self.log.take_address(&["callerIpAddress", "ipAddress"]));
        match told.or_else(|| self.additional("ipaddr").and_then(take_address)) {
            Some(address) => NetworkEndpoint::of_ip(address),
            None => NetworkEndpoint::of_service(actor.app_name().unwrap_or("Microsoft Entra ID")),
        }
    }

    fn http_request(&self) -> Option<HttpRequest> {
        let told = self.log.take("userAgent");
        let told = told.or_else(|| self.additional("User-Agent").and_then(|agent| agent.take()))?;
        let mut request = HttpRequest::new();
        request.set_user_agent(told);
        Some(request)
    }

    fn tell_outcome(&self, event: &mut Event) {
        let log = &self.log;
        let result = log.take("result").or_else(|| log.take("resultType"));
        match result.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("success" | "succeeded" | "0") => event.set_outcome(Outcome::Success, None),
            Some("failure" | "failed" | "timeout" | "clienterror" | "servererror") => {
                event.set_outcome(Outcome::Failure, None)
            }
            Some(_) => event.set_outcome(Outcome::Other, result.as_deref()),
            None => event,
        };
        event.set_status_code(result).set_status_detail(log.take("resultReason"));
    }
}

/// What has changed of a target, as the log tells it.
fn changes(target: Field<'_>) -> Option<homeostat_core::JsonText> {
    target.member("modifiedProperties").filter(|list| list.children().next().is_some())?.take_whole()
}

/// `"\"Reader\""` and `["Reader"]` → `Reader`.
fn unquoted(text: &str) -> &str {
    text.trim_matches(['[', ']', '"', ' '])
}
