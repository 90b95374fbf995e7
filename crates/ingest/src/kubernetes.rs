//! Kubernetes audit events, of any cluster, EKS among them.
//!
//! Source: kubernetes.io, "Auditing" and the reference of `audit.k8s.io/v1`. A request is logged at several stages
//! under one id: the stage at which it is done counts, and events of an earlier stage say so.

mod object;
mod who;

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    Actor, Api, ClassUid, Event, Head, HttpRequest, HttpResponse, NetworkEndpoint, Product, Request,
    ResourceDetails, Response, Service, SignInTo, User,
};
use object::{bound, resource};
use std::borrow::Cow;
use who::{actor, service_account};

/// Kubernetes audit log. Classes 3002, 3005 and 6003.
///
/// A binding of a role made or deleted is one event for each of its subjects. The cluster is [`Context::cluster`].
#[derive(Clone, Copy, Debug, Default)]
pub struct KubernetesAudit;

/// What the event of a stage is called at which the request is not done yet.
const DUPLICATE: &str = "stage duplicate";

impl Source for KubernetesAudit {
    fn name(&self) -> &'static str {
        "kubernetes_audit"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        let is_event = root.member("kind").and_then(|kind| kind.look()).is_some_and(|kind| kind == "Event");
        // The cluster's own events of objects have the same kind and an object that they are about.
        is_event && !has("involvedObject") && (has("auditID") || has("requestURI") || has("objectRef"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let audit = Audit { root: record.folded().root(), cluster: context.cluster.as_deref() };
        match audit.act() {
            Act::Binding(activity, subjects) => {
                events.extend(
                    subjects
                        .into_iter()
                        .map(|(user, role)| audit.told(Event::user_access(audit.head(activity), user, role))),
                );
            }
            Act::Token(user) => events.push(audit.told(audit.token(*user))),
            Act::Call => events.push(audit.told(audit.call())),
        }
    }
}

/// What a request does.
enum Act {
    /// 3005: to whom which role is given or taken.
    Binding(u32, Vec<(User, String)>),
    /// 3002: a token is made for a service account.
    Token(Box<User>),
    /// 6003.
    Call,
}

struct Audit<'r, 'a> {
    root: Field<'a>,
    cluster: Option<&'r str>,
}

impl<'a> Audit<'_, 'a> {
    fn take(&self, path: &str) -> Option<Cow<'a, str>> {
        self.root.get(path)?.take()
    }

    fn look(&self, path: &str) -> Option<Cow<'a, str>> {
        self.root.get(path)?.look()
    }

    fn object(&self, name: &str) -> Option<Cow<'a, str>> {
        self.root.member("objectRef")?.member(name)?.look()
    }

    fn act(&self) -> Act {
        let (verb, kind) =
            (self.look("verb").unwrap_or_default(), self.object("resource").unwrap_or_default());
        let part = self.object("subresource");
        match (&*verb, &*kind, part.as_deref()) {
            ("create" | "delete", "rolebindings" | "clusterrolebindings", None) => {
                let subjects = bound(self.root, self.cluster);
                let activity = if verb == "create" { 1 } else { 2 };
                if subjects.is_empty() { Act::Call } else { Act::Binding(activity, subjects) }
            }
            ("create", "serviceaccounts", Some("token")) => {
                let (space, name) = (self.object("namespace"), self.object("name"));
                let named = space.zip(name).map(|(space, name)| service_account(&space, &name, self.cluster));
                named.map_or(Act::Call, |user| Act::Token(Box::new(user)))
            }
            _ => Act::Call,
        }
    }

    fn head(&self, activity: u32) -> Head {
        let names = ["requestReceivedTimestamp", "timestamp", "stageTimestamp", "metadata.creationTimestamp"];
        let time =
            names.iter().find_map(|name| moment::read(&self.look(name)?)).unwrap_or(Timestamp::UNKNOWN);
        Head::new(activity, time, Product::new("Kubernetes", "Kubernetes audit"))
    }

    fn call(&self) -> Event {
        let activity = match self.look("verb").unwrap_or_default().to_ascii_lowercase().as_str() {
            "create" | "post" | "bind" | "connect" => 1,
            "get" | "list" | "watch" | "head" | "options" | "proxy" => 2,
            "update" | "patch" | "put" | "approve" | "sign" | "escalate" | "use" => 3,
            "delete" | "deletecollection" => 4,
            _ => 0,
        };
        let mut event = Event::api_activity(self.head(activity), self.actor(), self.api(), self.origin());
        event.set_resources(vec![self.resource(false)]);
        event
    }

    /// What is asked for, with the body of the request where no call holds it.
    fn resource(&self, has_body: bool) -> ResourceDetails {
        let mut thing = resource(self.root);
        if has_body || self.look("auditID").is_none() {
            thing.set_data(self.body("requestObject"));
        }
        thing
    }

    fn body(&self, name: &str) -> Option<JsonText> {
        self.root.member(name).filter(|body| body.children().next().is_some())?.take_json()
    }

    fn token(&self, user: User) -> Event {
        Event::authentication(self.head(3), user, SignInTo::Service(Service::named("Kubernetes API")))
    }

    fn actor(&self) -> Actor {
        actor(self.root, self.cluster)
    }

    /// What every act tells alike.
    fn told(&self, mut event: Event) -> Event {
        // The other classes have a call only in a cloud, which no cluster tells.
        event.set_actor(self.actor()).set_src_endpoint(self.origin());
        if event.class_uid() == ClassUid::USER_ACCESS {
            event.set_resources(vec![self.resource(true)]);
        }
        event.set_http_request(self.http_request());
        self.tell_outcome(&mut event);
        let names = ["requestReceivedTimestamp", "timestamp", "stageTimestamp"];
        if let Some(time) = names.iter().find_map(|name| self.take(name)) {
            event.set_original_time(&time);
        }
        let time = |name: &str| moment::read(&self.root.member(name)?.copy()?);
        event.set_end_time(time("stageTimestamp")).set_start_time(time("timestamp"));
        let stage = self.take("stage");
        let early = matches!(stage.as_deref(), Some("RequestReceived" | "ResponseStarted"));
        let labels = stage.into_iter().chain(early.then_some(Cow::Borrowed(DUPLICATE)));
        let metadata = event.metadata_mut();
        metadata.set_labels(labels.map(Into::into).collect::<Vec<_>>());
        metadata.set_uid(self.take("auditID")).set_event_code(self.take("verb"));
        metadata
            .set_log_name("audit")
            .set_log_version(self.take("apiVersion"))
            .set_log_level(self.take("level"));
        event
    }

    /// `create pods/exec`: the verb and what it is done to.
    fn api(&self) -> Api {
        let verb = self.look("verb").unwrap_or_default();
        let kind = self.object("resource").or_else(|| self.look("requestURI")).unwrap_or_default();
        let part = self.object("subresource").map(|part| format!("/{part}")).unwrap_or_default();
        let mut api = Api::new(format!("{verb} {kind}{part}").trim());
        api.set_service(Service::named("Kubernetes API"));
        api.set_request(self.request()).set_response(self.response());
        api
    }

    fn request(&self) -> Option<Request> {
        let mut request = Request::new(self.take("auditID")?);
        request.set_data(self.body("requestObject"));
        Some(request)
    }

    fn response(&self) -> Option<Response> {
        let mut response = Response::new();
        let status = self.root.member("responseStatus");
        let code = status.and_then(|status| status.member("code")?.look()?.parse::<i32>().ok());
        response.set_code(code).set_error(self.take("responseStatus.reason"));
        response.set_message(self.take("responseStatus.status"));
        response.set_data(self.body("responseObject"));
        (response != Response::new()).then_some(response)
    }

    /// The first address is the caller's as the first proxy saw it, the others are of proxies.
    fn origin(&self) -> NetworkEndpoint {
        let list = self.root.member("sourceIPs").filter(Field::is_array);
        let addresses = list.into_iter().flat_map(|list| list.children());
        let addresses = addresses.filter(|text| text.look().is_some_and(|text| is_address(&text)));
        let mut addresses = addresses.filter_map(|address| address.take());
        let mut origin = match addresses.next() {
            Some(address) => NetworkEndpoint::of_ip(address),
            None => NetworkEndpoint::of_service("Kubernetes"),
        };
        origin.set_intermediate_ips(addresses.map(Into::into).collect::<Vec<_>>());
        origin
    }

    fn http_request(&self) -> Option<HttpRequest> {
        let mut request = HttpRequest::new();
        request.set_user_agent(self.take("userAgent"));
        if let Some(path) = self.root.member("requestURI").filter(|path| path.take().is_some()) {
            let url = format!("{{\"path\":{}}}", path.json());
            request.set_attribute("url", &JsonText::new(url));
        }
        (request != HttpRequest::new()).then_some(request)
    }

    fn tell_outcome(&self, event: &mut Event) {
        let code = self.take("responseStatus.code");
        let number = code.as_deref().and_then(|code| code.parse::<i32>().ok());
        let word = self.look("responseStatus.status");
        let decision = self.root.member("annotations");
        let decision = decision.and_then(|told| told.member("authorization.k8s.io/decision")?.look());
        let failed = match (number, word.as_deref(), decision.as_deref()) {
            (Some(number), _, _) => Some(number >= 400),
            (None, Some(word), _) => Some(word == "Failure"),
            (None, None, Some("forbid")) => Some(true),
            (None, None, _) => None,
        };
        if let Some(failed) = failed {
            event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
        }
        event.set_http_response(number.map(HttpResponse::new));
        event.set_status_code(code).set_status_detail(self.take("responseStatus.message"));
    }
}
