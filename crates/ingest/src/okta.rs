//! Okta System Log: sign-ins, accounts, groups, rights, applications and policies of an org.
//!
//! Source: developer.okta.com, System Log API and its catalogue of event types. Okta writes `"null"`,
//! `"unknown"` and null for what it does not tell: none of them is a value.

mod kind;
mod place;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Account, Actor, Api, Authorization, Event, Evidence, FindingInfo, Group, Head, HttpRequest,
    ManagedEntity, Policy, Product, Request, ResourceDetails, Service, Session, Severity, SignInTo, Url,
    User,
};
use kind::{Kind, kind_of};
use place::{device, origin};
use std::borrow::Cow;

/// Okta System Log. Classes 3001 to 3006, 2004 and 6003.
///
/// The directory that names users is [`Context::directory`], the org.
#[derive(Clone, Copy, Debug, Default)]
pub struct Okta;

impl Source for Okta {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let is_text = |name| root.member(name).is_some_and(|field| field.is_text());
        let is_object = |name| root.member(name).is_some_and(|field| field.is_object());
        let known =
            ["published", "uuid", "legacyEventType", "displayMessage"].iter().any(|name| is_text(name));
        is_text("eventType") && (known || is_object("client")) && (is_object("outcome") || is_object("actor"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let kind = record.look("eventType").map_or(Kind::Call(99), |name| kind_of(&name));
        let parts = Parts { record, org: context.directory.as_deref(), targets: targets(record) };
        let mut event = parts.event(kind);
        parts.tell_common(&mut event);
        events.push(event);
    }
}

/// A value that Okta tells.
fn told(field: Field<'_>) -> Option<Field<'_>> {
    let text = field.look()?;
    let nothing = ["null", "unknown", "-", "none"].iter().any(|word| text.eq_ignore_ascii_case(word));
    (!nothing).then_some(field)
}

fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
}

fn targets<'a>(record: &Record<'a>) -> Vec<Field<'a>> {
    let list = record.root().member("target").filter(Field::is_array);
    list.map(|list| list.children().filter(Field::is_object).collect()).unwrap_or_default()
}

fn is_of(target: Field<'_>, kinds: &[&str]) -> bool {
    let kind = target.member("type").and_then(|kind| kind.look());
    kind.is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// A record and what is found of it more than once.
struct Parts<'r, 'a> {
    record: &'r Record<'a>,
    org: Option<&'r str>,
    targets: Vec<Field<'a>>,
}

impl<'a> Parts<'_, 'a> {
    fn event(&self, kind: Kind) -> Event {
        let head = self.head(kind.activity());
        let actor = self.actor();
        let origin = origin(self.record);
        if let Kind::Finding(_) = kind {
            return self.finding(head, actor);
        }
        let origin = origin.unwrap_or_else(|| homeostat_event::NetworkEndpoint::of_service("Okta"));
        let actor = actor.unwrap_or_else(|| Actor::of_app("Okta"));
        let mut event = match kind {
            Kind::SignIn(_) => self.sign_in(head, &actor),
            Kind::Account(_) => Event::account_change(head, self.user().unwrap_or_else(|| acting(&actor))),
            Kind::Access(_) => self.access(head, &actor),
            Kind::Group(_) => self.group_change(head),
            Kind::Entity(_) => Event::entity_management(head, self.entity()),
            Kind::Call(_) | Kind::Finding(_) => return self.call(head, actor, origin),
        };
        event.set_actor(actor).set_src_endpoint(origin).set_http_request(self.http_request());
        event
    }

    fn head(&self, activity: u32) -> Head {
        let published = self.record.look("published");
        let time = published.and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN);
        let product = Product::new("Okta", "Okta System Log");
        match activity {
            99 => Head::other(self.record.look("eventType").unwrap_or_default(), time, product),
            activity => Head::new(activity, time, product),
        }
    }

    fn tell_common(&self, event: &mut Event) {
        let record = self.record;
        let root = record.root();
        if let Some(time) = record.take("published") {
            event.set_original_time(&time);
        }
        let metadata = event.metadata_mut();
        metadata.set_uid(record.take("uuid")).set_event_code(record.take("eventType"));
        metadata.set_kind(record.field("legacyEventType").and_then(told).and_then(|name| name.take()));
        metadata.set_log_level(record.take("severity"));
        metadata.set_log_name("System Log").set_log_version(record.take("version"));
        metadata.set_correlation_uid(root.get("transaction.id").and_then(told).and_then(|id| id.take()));
        event.set_message(record.take("displayMessage")).set_device(device(record, self.org));
        let level = record.take("severity");
        event.set_severity(match level.as_deref() {
            Some("WARN") => Severity::MEDIUM,
            Some("ERROR") => Severity::HIGH,
            _ => Severity::INFORMATIONAL,
        });
        self.tell_outcome(event);
    }

    fn tell_outcome(&self, event: &mut Event) {
        let Some(outcome) = self.record.root().member("outcome").filter(Field::is_object) else { return };
        event.set_status_detail(take(outcome, "reason"));
        let Some(result) = outcome.member("result") else { return };
        let Some(word) = result.take() else { return };
        if event.class_uid().get() == 2004 {
            // The status of a finding is that of its handling; what was let through or stopped is the action.
            let action = [(1, ["SUCCESS", "ALLOW"]), (2, ["FAILURE", "DENY"])];
            let found = action.iter().find(|(_, words)| words.contains(&&*word)).map(|(action, _)| *action);
            event.set_status_id(1).set_action_id(found).set_status_code(word);
            return;
        }
        match &*word {
            "SUCCESS" | "ALLOW" => event.set_outcome(Outcome::Success, None),
            "FAILURE" | "DENY" => event.set_outcome(Outcome::Failure, None),
            other => event.set_outcome(Outcome::Other, Some(other)),
        };
        event.set_status_code(word);
    }

    fn actor(&self) -> Option<Actor> {
        let record = self.record;
        let user = record.root().member("actor").and_then(|actor| self.user_of(actor));
        let session = self.session();
        match (user, session) {
            (Some(user), session) => {
                let mut actor = Actor::of_user(user);
                actor.set_session(session);
                Some(actor)
            }
            (None, session) => session.map(Actor::of_session),
        }
    }

    fn session(&self) -> Option<Session> {
        let context = self.record.root().member("authenticationContext").filter(Field::is_object)?;
        let uid = take(context, "externalSessionId");
        let root = take(context, "rootSessionId");
        (uid.is_some() || root.is_some()).then(|| {
            let mut session = Session::new();
            session.set_uid(uid).set_uid_alt(root).set_issuer(take(context, "issuer"));
            session
        })
    }

    fn user_of(&self, party: Field<'_>) -> Option<User> {
        let uid = take(party, "id");
        let login = take(party, "alternateId");
        let mut user = match (&uid, &login) {
            (Some(uid), _) => User::of_uid(&**uid),
            (None, Some(login)) => User::named(&**login),
            (None, None) => User::named(take(party, "displayName")?),
        };
        user.set_email_addr(login.clone().filter(|login| login.contains('@')));
        user.set_name(login).set_display_name(take(party, "displayName"));
        user.set_account(self.org.map(Account::of_uid));
        let kind = party.member("type");
        match kind.and_then(|kind| kind.look()).as_deref() {
            Some("User") => {
                kind.map(|kind| kind.take());
                user.set_type_id(1).set_kind("User");
            }
            Some("SystemPrincipal") => {
                user.set_type_id(3).set_kind("System");
            }
            Some(other) => {
                kind.map(|kind| kind.take());
                user.set_type_id(99).set_kind(other);
            }
            None => {}
        }
        Some(user)
    }

    /// The first target of one of `kinds`.
    fn target(&self, kinds: &[&str]) -> Option<Field<'a>> {
        self.targets.iter().copied().find(|target| is_of(*target, kinds))
    }

    fn user(&self) -> Option<User> {
        self.target(&["User"]).or_else(|| self.target(&["AppUser"])).and_then(|target| self.user_of(target))
    }

    fn sign_in(&self, head: Head, actor: &Actor) -> Event {
        let app = self.target(&["AppInstance"]);
        let service = app.and_then(|app| {
            let mut service = Service::of_uid(take(app, "id")?);
            service.set_name(take(app, "displayName"));
            Some(service)
        });
        let to = SignInTo::Service(service.unwrap_or_else(|| Service::named("Okta")));
        let mut event = Event::authentication(head, self.user().unwrap_or_else(|| acting(actor)), to);
        event.set_session(actor.session().cloned());
        event.set_authorizations(self.decisions());
        let mfa = self.record.look("eventType").is_some_and(|name| name.ends_with("auth_via_mfa"));
        event.set_is_mfa(mfa.then_some(true));
        event
    }

    /// The policies that decided on a sign-in, and how.
    fn decisions(&self) -> Vec<Authorization> {
        let word = self.record.look("outcome.result").unwrap_or_default();
        let is_policy =
            |target: &Field<'a>| is_of(*target, &["PolicyEntity", "PolicyRule", "Policy", "Rule"]);
        let policies = self.targets.iter().copied().filter(is_policy).filter_map(|target| {
            let (uid, name) = (take(target, "id"), take(target, "displayName"));
            let mut policy = match (uid, &name) {
                (Some(uid), _) => Policy::of_uid(uid),
                (None, Some(name)) => Policy::named(&**name),
                (None, None) => return None,
            };
            policy.set_name(name).set_kind(take(target, "type"));
            let mut decision = Authorization::new(&*word);
            decision.set_policy(policy);
            Some(decision)
        });
        policies.collect()
    }

    fn access(&self, head: Head, actor: &Actor) -> Event {
        let user = self.user().unwrap_or_else(|| acting(actor));
        let granted = self.record.root().get("debugContext.debugData.privilegeGranted");
        let role = self.target(&["ROLE", "CUSTOM_ROLE"]).and_then(|role| take(role, "displayName"));
        let granted = granted.and_then(told).and_then(|granted| granted.take());
        let privilege = granted.or(role).or_else(|| self.record.look("eventType")).unwrap_or_default();
        let mut event = Event::user_access(head, user, privilege);
        event.set_resources(self.things(&["User", "AppUser"]));
        event
    }

    fn group_change(&self, head: Head) -> Event {
        let group = self.target(&["UserGroup", "Group"]).and_then(|target| {
            let mut group = Group::of_uid(take(target, "id")?);
            group.set_name(take(target, "displayName"));
            Some(group)
        });
        let mut event = Event::group_management(head, group.unwrap_or_else(|| Group::named("unknown")));
        event.set_user(self.user());
        let given = self.record.root().get("debugContext.debugData.privilegeGranted");
        let given = given.and_then(told).and_then(|given| given.take());
        let app = || self.target(&["AppInstance"]).and_then(|app| take(app, "displayName"));
        event.set_privileges(given.or_else(app).map(|right| vec![right.into()]).unwrap_or_default());
        event
    }

    /// What is managed: the first target that is no user, else the first.
    fn entity(&self) -> ManagedEntity {
        let thing = self.targets.iter().copied().find(|target| !is_of(*target, &["User", "AppUser"]));
        let named = thing.or(self.targets.first().copied()).and_then(|target| {
            let (uid, name) = (take(target, "id"), take(target, "displayName"));
            let mut entity = match (uid, &name) {
                (Some(uid), _) => ManagedEntity::of_uid(uid),
                (None, Some(name)) => ManagedEntity::named(&**name),
                (None, None) => return None,
            };
            entity.set_name(name);
            if let Some(kind) = take(target, "type") {
                entity.set_type_id(99).set_kind(kind);
            }
            Some(entity)
        });
        let mut entity = named.unwrap_or_else(|| ManagedEntity::named("org"));
        entity.set_user(thing.and_then(|_| self.user()));
        entity
    }

    fn call(&self, head: Head, actor: Actor, origin: homeostat_event::NetworkEndpoint) -> Event {
        let mut api = Api::new(self.record.look("eventType").unwrap_or_default());
        let request = self.record.root().get("debugContext.debugData.requestId").and_then(told);
        if let Some(request) = request.and_then(|request| request.take()) {
            api.set_request(Request::new(request));
        }
        api.set_service(Service::named("Okta"));
        let mut event = Event::api_activity(head, actor, api, origin);
        event.set_http_request(self.http_request()).set_resources(self.things(&[]));
        event
    }

    fn http_request(&self) -> Option<HttpRequest> {
        let root = self.record.root();
        let debug = |name: &str| root.get("debugContext.debugData").and_then(|data| told(data.member(name)?));
        let agent = root.get("client.userAgent.rawUserAgent").and_then(told).and_then(|agent| agent.take());
        let path = debug("requestUri").and_then(|path| path.take());
        let uid = debug("requestId").and_then(|uid| uid.take());
        (agent.is_some() || path.is_some() || uid.is_some()).then(|| {
            let mut request = HttpRequest::new();
            request.set_user_agent(agent).set_uid(uid).set_url(path.map(|path| {
                let query = debug("url").and_then(|url| url.copy());
                let mut url = Url::of_path(path);
                url.set_query_string(query.as_deref().and_then(|url| Some(url.split_once('?')?.1)));
                url
            }));
            request
        })
    }

    /// The targets as resources, but those of the kinds `but`.
    fn things(&self, but: &[&str]) -> Vec<ResourceDetails> {
        let things = self.targets.iter().copied().filter(|target| !is_of(*target, but));
        things
            .filter_map(|target| {
                let (uid, name) = (take(target, "id"), take(target, "displayName"));
                let mut thing = match (uid, &name) {
                    (Some(uid), _) => ResourceDetails::of_uid(uid),
                    (None, Some(name)) => ResourceDetails::named(&**name),
                    (None, None) => return None,
                };
                thing.set_name(name).set_kind(take(target, "type")).set_uid_alt(take(target, "alternateId"));
                Some(thing)
            })
            .collect()
    }

    fn finding(&self, head: Head, actor: Option<Actor>) -> Event {
        let record = self.record;
        let uid = record.look("uuid").or_else(|| record.look("published")).unwrap_or_default();
        let mut finding = FindingInfo::new(uid);
        finding.set_title(record.look("displayMessage"));
        finding.set_types(record.look("eventType").map(|kind| vec![kind.into()]).unwrap_or_default());
        let mut event = Event::detection_finding(head, finding);
        let evidence = match (actor, origin(record)) {
            (Some(actor), origin) => {
                let mut evidence = Evidence::of_actor(actor);
                evidence.set_src_endpoint(origin).set_http_request(self.http_request());
                Some(evidence)
            }
            (None, origin) => origin.map(Evidence::of_source),
        };
        event.set_evidences(evidence.map(|evidence| vec![evidence]).unwrap_or_default());
        event.set_resources(self.things(&[]));
        event
    }
}

/// The actor as the one it is done to, where the record names no other.
fn acting(actor: &Actor) -> User {
    actor.user().cloned().unwrap_or_else(|| User::named("Okta"))
}
