//! Kubernetes audit logs, as clusters write them and as EKS and AKS deliver them.
//!
//! Source: kubernetes.io, "Auditing" and the configuration API `audit.k8s.io/v1` (also v1beta1). GKE writes its audit
//! into the log of the cloud: those are entries of Google Cloud. The cluster, which no record tells, is
//! [`Context::cluster`].

mod operation;
mod rights;

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    Account, Actor, Api, Authorization, Event, Group, Head, HttpRequest, NetworkEndpoint, Policy, Product,
    Request, ResourceDetails, Response, Service, Session, SignInTo, Url, User,
};
use operation::{Kind, kind_of};
use std::borrow::Cow;

/// Kubernetes audit events. Classes 3002, 3005 and 6003.
///
/// One request is told at several stages under one id: the completed one is the event, the others bear the label
/// `stage duplicate`. What is asked for and answered stays in `unmapped` too, for rules that look into it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kubernetes;

/// The label of an event that tells of a request before it is completed.
const DUPLICATE: &str = "stage duplicate";

impl Source for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        let event = root.member("kind").and_then(|kind| kind.look()).is_some_and(|kind| kind == "Event");
        let asked = has("verb") || has("objectRef") || has("requestURI");
        (event && (asked || has("auditID"))) || (has("auditID") && asked)
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let asked = Asked::of(record, context);
        let kind = kind_of(&asked.verb, &asked.resource, &asked.subresource);
        let time = asked.time();
        let mut event = match kind {
            Kind::Ticket => asked.ticket(asked.head(3, time)),
            Kind::Access(number) => rights::event(&asked, asked.head(number, time)),
            Kind::Call(number) => {
                let mut event =
                    Event::api_activity(asked.head(number, time), asked.actor(), asked.api(), asked.origin());
                event.set_resources(vec![asked.thing()]);
                event
            }
        };
        // The classes of identity have a call only in a cloud, which a cluster need not be in.
        event.set_actor(asked.actor()).set_src_endpoint(asked.origin());
        event.set_http_request(asked.request());
        asked.tell_outcome(&mut event);
        asked.tell_times(&mut event);
        asked.tell_metadata(&mut event);
        events.push(event);
    }
}

fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    object.member(name)?.take()
}

fn first(list: Field<'_>) -> Option<Field<'_>> {
    list.children().next().filter(Field::is_text)
}

/// A request to the cluster, and what is found of it more than once.
struct Asked<'r, 'a> {
    record: &'r Record<'a>,
    cluster: Option<&'r str>,
    verb: Cow<'a, str>,
    object: Option<Field<'a>>,
    resource: Cow<'a, str>,
    subresource: Cow<'a, str>,
}

impl<'r, 'a> Asked<'r, 'a> {
    fn of(record: &'r Record<'a>, context: &'r Context) -> Self {
        let object = record.root().member("objectRef").filter(Field::is_object);
        let part = |name| object.and_then(|object| object.member(name)?.look()).unwrap_or_default();
        let (resource, subresource) = (part("resource"), part("subresource"));
        let verb = record.take("verb").unwrap_or_default();
        Self { record, cluster: context.cluster.as_deref(), verb, object, resource, subresource }
    }

    /// `create pods/exec`; of a request for no object the path.
    fn operation(&self) -> String {
        let path = || {
            self.record.look("requestURI").map(|path| path.split('?').next().unwrap_or_default().to_owned())
        };
        let what = match (&*self.resource, &*self.subresource) {
            ("", _) => path().unwrap_or_default(),
            (resource, "") => resource.to_owned(),
            (resource, sub) => format!("{resource}/{sub}"),
        };
        let told = format!("{} {what}", self.verb);
        match told.trim() {
            "" => "request".to_owned(),
            told => told.to_owned(),
        }
    }

    fn time(&self) -> Timestamp {
        const NAMES: [&str; 4] =
            ["requestReceivedTimestamp", "timestamp", "metadata.creationTimestamp", "stageTimestamp"];
        NAMES.iter().find_map(|name| moment::read(&self.record.look(name)?)).unwrap_or(Timestamp::UNKNOWN)
    }

    fn head(&self, activity: u32, time: Timestamp) -> Head {
        let product = Product::new("Kubernetes", "Kubernetes Audit");
        match activity {
            99 => Head::other(self.operation(), time, product),
            activity => Head::new(activity, time, product),
        }
    }

    fn ticket(&self, head: Head) -> Event {
        let part = |name| self.object.and_then(|object| object.member(name)?.look()).unwrap_or_default();
        let mut user = User::named(format!("system:serviceaccount:{}:{}", part("namespace"), part("name")));
        user.set_type_id(4).set_kind("Service").set_account(self.cluster.map(Account::of_uid));
        Event::authentication(head, user, SignInTo::Service(Service::named("kubernetes")))
    }

    /// Who asks, under the name it signed in with; whom it impersonates stays in `unmapped`.
    fn actor(&self) -> Actor {
        let told = self.record.root().member("user").filter(Field::is_object);
        let Some((told, name)) = told.and_then(|told| Some((told, take(told, "username")?))) else {
            return Actor::of_app("kubernetes");
        };
        let mut user = User::named(&*name);
        user.set_uid(take(told, "uid")).set_account(self.cluster.map(Account::of_uid));
        match &*name {
            name if name.starts_with("system:serviceaccount:") => user.set_type_id(4).set_kind("Service"),
            "system:anonymous" | "system:unauthenticated" => &mut user,
            name if name.starts_with("system:") => user.set_type_id(3).set_kind("System"),
            _ => user.set_type_id(1).set_kind("User"),
        };
        let groups = told.member("groups").filter(Field::is_array);
        let groups: Vec<_> = groups
            .iter()
            .flat_map(Field::children)
            .filter_map(|name| name.take())
            .map(Group::named)
            .collect();
        if !groups.is_empty() {
            user.set_groups(groups);
        }
        let session = told.member("extra").and_then(|extra| session(extra, &mut user));
        let mut actor = Actor::of_user(user);
        actor.set_session(session).set_authorizations(self.decision().into_iter().collect::<Vec<_>>());
        actor
    }

    fn annotation(&self, names: [&str; 2]) -> Option<Field<'a>> {
        let annotations = self.record.root().member("annotations").filter(Field::is_object)?;
        names.iter().find_map(|name| annotations.member(name))
    }

    fn decided(&self) -> Option<Field<'a>> {
        self.annotation(["authorization.k8s.io/decision", "authorization_k8s_io_slash_decision"])
    }

    fn decision(&self) -> Option<Authorization> {
        let mut authorization = Authorization::new(self.decided()?.take()?);
        let reason = self.annotation(["authorization.k8s.io/reason", "authorization_k8s_io_slash_reason"]);
        if let Some(reason) = reason.and_then(|reason| reason.take()) {
            let mut policy = Policy::named(reason.split(':').next().unwrap_or("RBAC"));
            policy.set_desc(reason);
            authorization.set_policy(policy);
        }
        Some(authorization)
    }

    fn api(&self) -> Api {
        let mut api = Api::new(self.operation());
        let group = self.object.and_then(|object| take(object, "apiGroup"));
        api.set_service(Service::named("kubernetes")).set_group(group.map(Group::named));
        api.set_version(self.object.and_then(|object| take(object, "apiVersion")));
        if let Some(id) = self.record.look("auditID") {
            let mut request = Request::new(id);
            if let Some(data) = self.record.field("requestObject").and_then(|asked| asked.copy_whole()) {
                request.set_attribute("data", &data);
            }
            api.set_request(request);
        }
        let status = self.record.root().member("responseStatus").filter(Field::is_object);
        let part = |name| status.and_then(|status| take(status, name));
        let mut response = Response::new();
        let code = part("code").and_then(|code| code.parse::<i32>().ok());
        response.set_code(code).set_error(part("reason")).set_message(part("message"));
        if let Some(data) = self.record.field("responseObject").and_then(|answer| answer.copy_whole()) {
            response.set_attribute("data", &data);
        }
        if response != Response::new() {
            api.set_response(response);
        }
        api
    }

    /// The first address is the client's, the rest are proxies between.
    fn origin(&self) -> NetworkEndpoint {
        let list = self.record.root().member("sourceIPs").filter(Field::is_array);
        let list = list.iter().flat_map(Field::children);
        let mut hops =
            list.filter(|hop| hop.look().is_some_and(|text| is_address(&text))).filter_map(|hop| hop.take());
        let Some(ip) = hops.next() else { return NetworkEndpoint::of_service("kubernetes") };
        let mut origin = NetworkEndpoint::of_ip(ip);
        let between: Vec<_> = hops.map(Into::into).collect();
        if !between.is_empty() {
            origin.set_intermediate_ips(between);
        }
        origin
    }

    fn thing(&self) -> ResourceDetails {
        let part = |name: &str| self.object.and_then(|object| take(object, name));
        let name = part("name");
        let kind = part("resource");
        let mut thing = match (&name, &kind) {
            (Some(name), _) => ResourceDetails::named(&**name),
            (None, Some(kind)) => ResourceDetails::named(&**kind),
            (None, None) => ResourceDetails::named(self.operation()),
        };
        thing.set_kind(kind).set_namespace(part("namespace")).set_uid(part("uid"));
        thing.set_version(part("resourceVersion"));
        // A request has an id in all but hand-made copies; without one it has no place of its own.
        if !self.record.has("auditID")
            && let Some(data) = self.record.field("requestObject").and_then(|asked| asked.copy_whole())
        {
            thing.set_attribute("data", &data);
        }
        thing
    }

    fn request(&self) -> Option<HttpRequest> {
        let (agent, path) = (self.record.take("userAgent"), self.record.take("requestURI"));
        if agent.is_none() && path.is_none() {
            return None;
        }
        let mut request = HttpRequest::new();
        request.set_user_agent(agent).set_url(path.map(|path| {
            let mut url = Url::at_path(&*path);
            url.set_query_string(path.split_once('?').map(|(_, query)| query));
            url
        }));
        Some(request)
    }

    fn tell_outcome(&self, event: &mut Event) {
        let status = self.record.root().member("responseStatus").filter(Field::is_object);
        let code = status.and_then(|status| status.member("code")?.look());
        let number = code.as_deref().and_then(|code| code.parse::<u32>().ok());
        let decision = self.decided().and_then(|told| told.look());
        let forbidden = decision.as_deref() == Some("forbid") || number == Some(403);
        let word = status.and_then(|status| status.member("status")?.look());
        let failed =
            forbidden || number.is_some_and(|code| code >= 400) || word.as_deref() == Some("Failure");
        let begun = matches!(self.record.look("stage").as_deref(), Some("RequestReceived"));
        match (failed, number.is_some() || decision.is_some() || !begun) {
            (true, _) => event.set_outcome(Outcome::Failure, None),
            (false, true) => event.set_outcome(Outcome::Success, None),
            (false, false) => event,
        };
        if forbidden {
            event
                .set_action_id(2)
                .set_action_taken("Denied")
                .set_disposition_id(26)
                .set_disposition("Unauthorized");
        } else if decision.is_some() {
            event
                .set_action_id(1)
                .set_action_taken("Allowed")
                .set_disposition_id(1)
                .set_disposition("Allowed");
        }
        event.set_status_code(code).set_status_detail(status.and_then(|status| take(status, "message")));
    }

    fn tell_times(&self, event: &mut Event) {
        let text = ["requestReceivedTimestamp", "timestamp", "metadata.creationTimestamp"];
        if let Some(text) = text.iter().find_map(|name| self.record.take(name)) {
            event.set_original_time(&text);
        }
        let ended = self.record.copy("stageTimestamp").and_then(|time| moment::read(&time));
        event.set_end_time(ended);
        let began = self.record.look("requestReceivedTimestamp").and_then(|time| moment::read(&time));
        if let (Some(began), Some(ended)) = (began, ended) {
            let millis = ended.millis().zip(began.millis()).and_then(|(end, start)| end.checked_sub(start));
            event.set_start_time(began).set_duration(millis.filter(|millis| *millis >= 0));
        }
    }

    fn tell_metadata(&self, event: &mut Event) {
        let record = self.record;
        let (id, stage) = (record.take("auditID"), record.take("stage"));
        let early = matches!(stage.as_deref(), Some("RequestReceived" | "ResponseStarted"));
        let metadata = event.metadata_mut();
        metadata.set_event_code(Some(&*self.verb).filter(|verb| !verb.is_empty()));
        metadata.set_correlation_uid(id.clone()).set_log_level(record.take("level"));
        metadata.set_log_version(record.take("apiVersion")).set_log_name("audit");
        if let (true, Some(id), Some(stage)) = (early, &id, &stage) {
            metadata.set_uid(format!("{id}/{stage}")).set_labels(vec![DUPLICATE.into()]);
        } else {
            metadata.set_uid(id);
        }
        if let Some(stage) = stage {
            let mut json = String::new();
            crate::text::write_text(&stage, &mut json);
            metadata.set_attribute("type", &JsonText::new(json));
        }
    }
}

/// What EKS tells of the IAM identity behind a user, and the cluster of the pod behind a service account.
fn session(extra: Field<'_>, user: &mut User) -> Option<Session> {
    let part = |name: &str| first(extra.member(name)?)?.take();
    user.set_uid_alt(part("canonicalArn").or_else(|| part("authentication.kubernetes.io/pod-uid")));
    let mut session = Session::new();
    session.set_credential_uid(
        part("accessKeyId").or_else(|| part("authentication.kubernetes.io/credential-id")),
    );
    session.set_uid(part("sessionName").or_else(|| part("authentication.kubernetes.io/pod-name")));
    session.set_uid_alt(part("arn"));
    (session != Session::new()).then_some(session)
}
