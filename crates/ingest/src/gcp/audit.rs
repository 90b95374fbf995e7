//! Cloud Audit Logs: what people, service accounts and Google itself did in a project.

use super::operation::{Kind, kind_of};
use super::{is_of_log, number, tags, take, tell_entry, time_of};
use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    Actor, Api, Authorization, Event, Head, HttpRequest, NetworkEndpoint, Policy, Product, Request,
    ResourceDetails, Response, Service, Session, SignInTo, User,
};
use std::borrow::Cow;

/// Google Cloud audit logs of all four kinds. Classes 3001, 3002, 3005 and 6003.
///
/// A change of a policy becomes an event for each binding that is added or removed. An entry without a status tells
/// of something that succeeded. The first and the last entry of a long operation are both kept, under one correlation.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpAudit;

impl Source for GcpAudit {
    fn name(&self) -> &'static str {
        "gcp_audit"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        match root.member("protoPayload").filter(Field::is_object) {
            Some(payload) => {
                ["methodName", "authenticationInfo", "authorizationInfo", "serviceName", "resourceName"]
                    .iter()
                    .any(|name| payload.member(name).is_some())
            }
            None => is_of_log(record, &["cloudaudit.googleapis.com"]),
        }
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let call = Call::of(record);
        let kind = kind_of(&call.service, &call.method, call.permission().as_deref());
        let deltas = if kind == Kind::Access { call.deltas() } else { Vec::new() };
        if deltas.is_empty() {
            events.push(call.event(kind, None, context));
        }
        for (number, delta) in deltas.into_iter().enumerate() {
            let mut event = call.event(kind, Some(delta), context);
            if number > 0 {
                tell_apart(number, &mut event);
            }
            events.push(event);
        }
    }
}

/// Gives a further event of one entry an id of its own: by the entry's alone it would be taken for the first again.
fn tell_apart(number: usize, event: &mut Event) {
    let metadata = event.metadata_mut();
    if let Some(id) = metadata.uid().map(str::to_owned) {
        metadata.set_uid(format!("{id}/{number}")).set_original_event_uid(id);
    }
}

/// A binding that is added to a policy or taken out of it.
#[derive(Clone, Copy)]
struct Delta<'a> {
    added: bool,
    role: Option<Field<'a>>,
    member: Option<Field<'a>>,
}

/// An entry and what is found of it more than once.
struct Call<'r, 'a> {
    record: &'r Record<'a>,
    payload: Field<'a>,
    service: Cow<'a, str>,
    method: Cow<'a, str>,
}

impl<'r, 'a> Call<'r, 'a> {
    fn of(record: &'r Record<'a>) -> Self {
        let root = record.root();
        let payload = root.member("protoPayload").filter(Field::is_object).unwrap_or(root);
        let service = take(payload, "serviceName").unwrap_or(Cow::Borrowed("googleapis.com"));
        let named = take(payload, "methodName").or_else(|| take(root, "methodName"));
        Self { record, payload, service, method: named.unwrap_or_default() }
    }

    fn part(&self, name: &str) -> Option<Field<'a>> {
        self.payload.member(name).filter(Field::is_object)
    }

    fn permissions(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let list = self.payload.member("authorizationInfo").filter(Field::is_array);
        list.into_iter().flat_map(|list| list.children()).filter(Field::is_object)
    }

    fn permission(&self) -> Option<Cow<'a, str>> {
        self.permissions().find_map(|asked| asked.member("permission")?.look())
    }

    fn deltas(&self) -> Vec<Delta<'a>> {
        let places = ["serviceData.policyDelta.bindingDeltas", "metadata.policyDelta.bindingDeltas"];
        let list = places.iter().find_map(|path| self.payload.get(path)).filter(Field::is_array);
        let delta = |told: Field<'a>| Delta {
            added: told
                .member("action")
                .and_then(|action| action.copy())
                .is_none_or(|action| action != "REMOVE"),
            role: told.member("role"),
            member: told.member("member"),
        };
        list.iter().flat_map(Field::children).map(delta).collect()
    }

    fn event(&self, kind: Kind, delta: Option<Delta<'a>>, context: &Context) -> Event {
        let actor = self.actor();
        let mut event = match kind {
            Kind::Account(number) => Event::account_change(self.head(number), self.account(&actor)),
            Kind::SignIn(number) => {
                let user = self.user().unwrap_or_else(|| User::named(&*self.service));
                let to = SignInTo::Service(Service::named(&*self.service));
                Event::authentication(self.head(number), user, to)
            }
            Kind::Access => self.access(delta, &actor),
            Kind::Call(number) => {
                let mut event =
                    Event::api_activity(self.head(number), actor.clone(), self.api(), self.origin());
                event.set_resources(self.resources());
                event
            }
        };
        event.set_actor(actor).set_api(self.api()).set_src_endpoint(self.origin());
        event.set_http_request(self.request());
        self.tell_outcome(&mut event);
        self.tell_destination(&mut event);
        tell_entry(self.record, context, &mut event);
        event.metadata_mut().set_event_code(Some(&*self.method).filter(|method| !method.is_empty()));
        event
            .metadata_mut()
            .set_log_format(take(self.payload, "@type").or_else(|| take(self.payload, "at_sign_type")));
        event
    }

    fn head(&self, activity: u32) -> Head {
        let product = Product::new("Google Cloud", "Cloud Audit Logs");
        match activity {
            99 => Head::other(&*self.method, time_of(self.record), product),
            activity => Head::new(activity, time_of(self.record), product),
        }
    }

    fn user(&self) -> Option<User> {
        let info = self.part("authenticationInfo")?;
        let mail = take(info, "principalEmail");
        let subject = take(info, "principalSubject");
        let mut user = match (&mail, &subject) {
            (Some(mail), _) => User::named(&**mail),
            (None, Some(subject)) => User::of_uid(&**subject),
            (None, None) => return None,
        };
        if mail.is_some() {
            user.set_uid_alt(subject);
        }
        if mail
            .as_deref()
            .is_some_and(|mail| mail.ends_with(".gserviceaccount.com") || mail.starts_with("system:"))
        {
            user.set_type_id(4).set_kind("Service");
        }
        user.set_email_addr(mail.filter(|mail| is_mail(mail)));
        Some(user)
    }

    fn actor(&self) -> Actor {
        let mut actor = self.user().map_or_else(|| Actor::of_app(&*self.service), Actor::of_user);
        let Some(info) = self.part("authenticationInfo") else { return actor };
        if let Some(key) = take(info, "serviceAccountKeyName") {
            let mut session = Session::new();
            session.set_credential_uid(key);
            actor.set_session(session);
        }
        actor.set_app_uid(info.get("oauthInfo.oauthClientId").and_then(|client| client.take()));
        actor.set_authorizations(self.permissions().filter_map(authorization).collect::<Vec<_>>());
        actor
    }

    fn api(&self) -> Api {
        let mut api = Api::new(&*self.method);
        api.set_service(Service::named(&*self.service));
        let id = self.record.look("insertId").or_else(|| self.record.look("operation.id"));
        if let Some(id) = id {
            let mut request = Request::new(id);
            if let Some(data) = self.payload.member("request").and_then(|request| request.copy_whole()) {
                request.set_attribute("data", &data);
            }
            api.set_request(request);
        }
        let status = self.part("status");
        let mut response = Response::new();
        let code = status.and_then(|status| number::<i32>(status, "code"));
        response.set_code(code).set_message(status.and_then(|status| take(status, "message")));
        if let Some(data) = self.payload.member("response").and_then(|answer| answer.copy_whole()) {
            response.set_attribute("data", &data);
        }
        if response != Response::new() {
            api.set_response(response);
        }
        api
    }

    fn origin(&self) -> NetworkEndpoint {
        let told = self.part("requestMetadata");
        let address = told.and_then(|told| told.member("callerIp").or_else(|| told.member("callerIP")));
        let address = address
            .and_then(|address| address.look().is_some_and(|text| is_address(&text)).then(|| address.take()));
        let mut origin = match address.flatten() {
            Some(ip) => NetworkEndpoint::of_ip(ip),
            None => NetworkEndpoint::of_service(&*self.service),
        };
        origin.set_vpc_uid(told.and_then(|told| take(told, "callerNetwork")));
        origin
    }

    fn request(&self) -> Option<HttpRequest> {
        let agent = take(self.part("requestMetadata")?, "callerSuppliedUserAgent")?;
        let mut request = HttpRequest::new();
        request.set_user_agent(agent);
        Some(request)
    }

    /// The account that is made or changed: by the resource's name, else by its label.
    fn account(&self, actor: &Actor) -> User {
        let label = self.record.field("resource.labels.email_id").and_then(|mail| mail.take());
        let named = || {
            let name = self.payload.member("resourceName")?.look()?;
            let mut parts = name.rsplit('/').skip_while(|part| !part.contains('@'));
            parts.next().map(|mail| Cow::Owned(mail.to_owned()))
        };
        let answer = || self.payload.get("response.email")?.copy();
        let asked = || self.payload.get("request.account_id")?.copy();
        let name = label.or_else(named).or_else(answer).or_else(asked);
        let mut user = match name {
            Some(name) => User::named(name),
            None => return actor.user().cloned().unwrap_or_else(|| User::named(&*self.service)),
        };
        user.set_uid_alt(self.record.take("resource.labels.unique_id")).set_type_id(4).set_kind("Service");
        user
    }

    fn access(&self, delta: Option<Delta<'a>>, actor: &Actor) -> Event {
        let given = delta.is_none_or(|delta| delta.added);
        let role = delta.and_then(|delta| delta.role?.take());
        let privilege = role.unwrap_or_else(|| self.method.clone());
        let member = delta.and_then(|delta| delta.member);
        let user = member.and_then(member_of);
        let user = user.or_else(|| actor.user().cloned()).unwrap_or_else(|| User::named(&*self.service));
        let mut event = Event::user_access(self.head(if given { 1 } else { 2 }), user, privilege);
        event.set_resources(self.resources());
        event
    }

    fn resources(&self) -> Vec<ResourceDetails> {
        let labels = self.record.field("resource.labels").filter(Field::is_object);
        let kind = self.record.take("resource.type");
        let name = take(self.payload, "resourceName")
            .or_else(|| self.permissions().find_map(|asked| take(asked, "resource")));
        let mut thing = match (name, &kind) {
            (Some(name), _) => ResourceDetails::of_uid(name),
            (None, Some(kind)) => ResourceDetails::named(&**kind),
            (None, None) => ResourceDetails::named(&*self.service),
        };
        thing.set_kind(kind);
        let place =
            self.payload.get("resourceLocation.currentLocations").and_then(|places| places.children().next());
        thing.set_region(place.and_then(|place| place.take()));
        // The others are the cloud's.
        if let Some(tags) =
            labels.and_then(|labels| tags(labels, &["project_id", "region", "location", "zone"]))
        {
            thing.set_attribute("tags", &tags);
        }
        for name in ["metadata", "serviceData"] {
            if let Some(data) = self.payload.member(name).and_then(|data| data.copy_whole()) {
                thing.set_attribute("data", &data);
                break;
            }
        }
        vec![thing]
    }

    fn tell_outcome(&self, event: &mut Event) {
        let status = self.part("status");
        let code = status.and_then(|status| number::<i64>(status, "code")).unwrap_or(0);
        let refused = self.permissions().any(|asked| {
            asked.member("granted").and_then(|told| told.look()).is_some_and(|told| told == "false")
        });
        let warned = event.action().to_ascii_lowercase().contains("failure");
        if code != 0 || warned || (refused && status.is_none()) {
            event.set_outcome(Outcome::Failure, None);
        } else {
            event.set_outcome(Outcome::Success, None);
        }
        event.set_status_code((code != 0).then(|| code.to_string()));
        event.set_status_detail(status.and_then(|status| take(status, "message")));
        let start = self.payload.get("requestMetadata.requestAttributes.time");
        event.set_start_time(start.and_then(|time| moment::read(&time.copy()?)));
    }

    fn tell_destination(&self, event: &mut Event) {
        let Some(told) = self.payload.get("requestMetadata.destinationAttributes") else { return };
        if event.service().is_none() || !matches!(event.class_uid().get(), 6003 | 3002) {
            return;
        }
        let Some(ip) = take(told, "ip") else { return };
        let mut end = NetworkEndpoint::of_ip(ip);
        end.set_port(number::<u16>(told, "port"));
        event.set_dst_endpoint(end);
    }
}

/// A permission that was asked for, and whether it was granted.
fn authorization(asked: Field<'_>) -> Option<Authorization> {
    let permission = take(asked, "permission")?;
    let granted = asked.member("granted").and_then(|granted| granted.copy());
    let mut authorization = Authorization::new(match granted.as_deref() {
        Some("true") => "granted",
        _ => "denied",
    });
    let mut policy = Policy::named(permission);
    if let Some(rest) = asked.take_whole() {
        policy.set_attribute("data", &rest);
    }
    authorization.set_policy(policy);
    Some(authorization)
}

/// Whether a text is a mail address: one part, an `@`, a domain with a dot.
fn is_mail(text: &str) -> bool {
    let parts = text.split_once('@');
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    plain
        && parts
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

/// `user:jane@example.com`, `serviceAccount:…`, `group:…`, `allUsers`.
fn member_of(member: Field<'_>) -> Option<User> {
    let text = member.look()?;
    let Some((kind, name)) = text.split_once(':') else {
        member.take();
        return Some(User::named(text));
    };
    member.copy();
    let mut user = User::named(name);
    user.set_email_addr(Some(name).filter(|name| is_mail(name))).set_uid_alt(&*text);
    match kind {
        "serviceAccount" => user.set_type_id(4).set_kind("Service"),
        "user" => user.set_type_id(1).set_kind("User"),
        other => user.set_type_id(99).set_kind(other),
    };
    Some(user)
}
