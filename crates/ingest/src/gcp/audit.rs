//! Audit logs: administrators' activity, access to data, what systems did, what policies refused.

use super::LogEntry;
use super::method::{Act, act_of};
use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::{write_member, write_text};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Account, Actor, Api, Authorization, Event, Feature, Group, Head, HttpRequest, NetworkEndpoint, Policy,
    Product, ResourceDetails, Response, Service, Session, SignInTo, User,
};
use std::borrow::Cow;

/// Google Cloud audit logs. Classes 3001, 3002, 3005, 3006 and 6003.
///
/// A change of a policy becomes one event for each binding given or taken. The project is the record's own, else
/// [`Context::account`]. A long operation is logged when it begins and when it ends: both are told, under one
/// `metadata.correlation_uid`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpAudit;

impl Source for GcpAudit {
    fn name(&self) -> &'static str {
        "gcp_audit"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let payload = record.root().member("protoPayload").filter(Field::is_object);
        payload.is_some_and(|payload| {
            let has = |name| payload.member(name).is_some();
            has("methodName") || has("serviceName") || has("authenticationInfo") || has("authorizationInfo")
        })
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let entry = LogEntry::of(record);
        let call = Call { entry, payload: entry.payload("protoPayload"), context };
        let changed = call.deltas();
        match call.act() {
            Act::Policy if !changed.is_empty() => {
                events.extend(changed.iter().map(|delta| call.event(Act::Policy, Some(*delta))));
            }
            act => events.push(call.event(act, None)),
        }
    }
}

/// How many bindings of one change become events. Default 256: a policy holds at most 1,500 members, and a person
/// changes a few; all stay with the record.
const BINDINGS: usize = 256;

struct Call<'r, 'a> {
    entry: LogEntry<'a>,
    payload: Field<'a>,
    context: &'r Context,
}

impl<'a> Call<'_, 'a> {
    fn take(&self, path: &str) -> Option<Cow<'a, str>> {
        self.payload.get(path)?.take()
    }

    fn look(&self, path: &str) -> Option<Cow<'a, str>> {
        self.payload.get(path)?.look()
    }

    /// The method, else the permission that was asked for.
    fn method(&self) -> Cow<'a, str> {
        let permission = || self.permissions().find_map(|asked| asked.member("permission")?.look());
        self.take("methodName").or_else(permission).unwrap_or_default()
    }

    fn act(&self) -> Act {
        let act = act_of(&self.look("serviceName").unwrap_or_default(), &self.method());
        // Without a binding that changed nobody is known to whom it was done.
        let bound = self.deltas().is_empty() && self.bound().is_none();
        if act == Act::Policy && bound { Act::Call(3) } else { act }
    }

    fn permissions(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let list = self.payload.member("authorizationInfo").filter(Field::is_array);
        list.into_iter().flat_map(|list| list.children())
    }

    /// The bindings given or taken by a change of a policy.
    fn deltas(&self) -> Vec<Field<'a>> {
        let places = ["serviceData.policyDelta.bindingDeltas", "metadata.datasetChange.bindingDeltas"];
        let list = places.iter().find_map(|place| self.payload.get(place).filter(Field::is_array));
        let list = list.into_iter().flat_map(|list| list.children());
        list.filter(|delta| delta.member("member").is_some()).take(BINDINGS).collect()
    }

    /// A binding of the policy that was asked for.
    fn bound(&self) -> Option<Field<'a>> {
        let policy =
            self.payload.get("request.policy.bindings").or_else(|| self.payload.get("response.bindings"));
        policy?.children().find(|binding| binding.member("role").is_some())
    }

    fn event(&self, act: Act, delta: Option<Field<'a>>) -> Event {
        let actor = self.actor();
        let mut event = match act {
            Act::Call(activity) => {
                let head = self.head(activity);
                Event::api_activity(head, actor.clone(), self.api(), self.origin())
            }
            Act::Account(activity) => Event::account_change(self.head(activity), self.service_account()),
            Act::SignIn(activity) => self.sign_in(activity, &actor),
            Act::Policy => self.policy_change(delta),
            Act::Binding(activity) => self.cluster_binding(activity, &actor),
            Act::Group(activity) => self.group_change(activity),
        };
        event.set_actor(actor).set_api(self.api()).set_src_endpoint(self.origin());
        if matches!(act, Act::Call(_) | Act::Policy | Act::Binding(_)) {
            event.set_resources(self.resources());
        }
        event.set_http_request(self.http_request());
        self.tell_outcome(&mut event);
        self.entry.tell(&mut event, self.context);
        self.tell_rest(&mut event);
        event
    }

    fn head(&self, activity: u32) -> Head {
        let mut product = Product::new("Google", "Cloud Audit Logs");
        let log = self.entry.root.member("logName").and_then(|name| name.look());
        let kind = log.as_deref().and_then(|name| name.rsplit_once("%2F")).map(|(_, kind)| kind.to_owned());
        product.set_feature(kind.map(Feature::named));
        match activity {
            99 => Head::other(self.method(), self.entry.time(), product),
            activity => Head::new(activity, self.entry.time(), product),
        }
    }

    fn actor(&self) -> Actor {
        let mut actor = match self.principal() {
            Some(user) => Actor::of_user(user),
            None => Actor::of_app(self.look("serviceName").unwrap_or(Cow::Borrowed("Google Cloud"))),
        };
        actor.set_session(self.session()).set_authorizations(self.decisions());
        actor.set_app_uid(self.take("authenticationInfo.oauthInfo.oauthClientId"));
        actor
    }

    fn principal(&self) -> Option<User> {
        let name = self.take("authenticationInfo.principalEmail");
        let subject = self.take("authenticationInfo.principalSubject");
        let mut user = match (&name, &subject) {
            (Some(name), _) => member(name),
            (None, Some(subject)) => User::of_uid(&**subject),
            (None, None) => return None,
        };
        user.set_uid_alt(name.as_ref().and(subject));
        // What a cluster names is named in it.
        let cluster =
            self.entry.label("cluster_name").filter(|_| name.is_some_and(|name| name.starts_with("system:")));
        user.set_account(cluster.and_then(|cluster| cluster.take()).map(Account::of_uid));
        Some(user)
    }

    /// With which key, and on whose behalf: the first that impersonates the service account.
    fn session(&self) -> Option<Session> {
        let mut session = Session::new();
        session.set_credential_uid(self.take("authenticationInfo.serviceAccountKeyName"));
        let chain =
            self.payload.get("authenticationInfo.serviceAccountDelegationInfo").filter(Field::is_array);
        let by = chain.and_then(|chain| {
            chain.children().find_map(|step| {
                let known = step
                    .get("firstPartyPrincipal.principalEmail")
                    .or_else(|| step.member("principalSubject"));
                known?.take()
            })
        });
        session.set_issuer(by);
        (session != Session::new()).then_some(session)
    }

    fn decisions(&self) -> Vec<Authorization> {
        let asked = self.permissions().take(BINDINGS).filter_map(|asked| {
            let mut policy = Policy::named(asked.member("permission")?.take()?);
            let granted = asked.member("granted").and_then(|told| told.take_as::<bool>()).unwrap_or(false);
            policy.set_is_applied(granted);
            let mut decision = Authorization::new(if granted { "granted" } else { "denied" });
            decision.set_policy(policy);
            Some(decision)
        });
        let labels = self.entry.root.member("labels");
        let label = |name| labels.and_then(|labels: Field<'a>| labels.member(name)?.take());
        let rule = label("authorization.k8s.io/decision").map(|word| {
            let mut policy = Policy::named("RBAC");
            policy.set_desc(label("authorization.k8s.io/reason"));
            let mut decision = Authorization::new(word);
            decision.set_policy(policy);
            decision
        });
        asked.chain(rule).collect()
    }

    fn api(&self) -> Api {
        let mut api = Api::new(self.method());
        api.set_service(self.take("serviceName").map(Service::named));
        let answer = self.payload.member("response").filter(|answer| answer.children().next().is_some());
        if let Some(data) = answer.and_then(|answer| answer.take_json()) {
            let mut response = Response::new();
            response.set_data(data);
            api.set_response(response);
        }
        api
    }

    /// Where it came from; a call from inside Google tells no address, and its service stands for it.
    fn origin(&self) -> NetworkEndpoint {
        let address = self.payload.get("requestMetadata.callerIp");
        let address = address.filter(|text| text.look().is_some_and(|text| is_address(&text)));
        let mut origin = match address.and_then(|address| address.take()) {
            Some(address) => NetworkEndpoint::of_ip(address),
            None => {
                NetworkEndpoint::of_service(self.look("serviceName").unwrap_or(Cow::Borrowed("Google Cloud")))
            }
        };
        origin.set_vpc_uid(self.take("requestMetadata.callerNetwork"));
        origin
    }

    fn http_request(&self) -> Option<HttpRequest> {
        let mut request = HttpRequest::new();
        request.set_user_agent(self.take("requestMetadata.callerSuppliedUserAgent")?);
        Some(request)
    }

    /// What it was done to, and what else rights were asked for.
    fn resources(&self) -> Vec<ResourceDetails> {
        let main = self.take("resourceName").map(|name| {
            let mut thing = ResourceDetails::of_uid(&*name);
            thing.set_name(name.rsplit('/').next().filter(|name| !name.is_empty()));
            let parts: Vec<&str> = name.split('/').collect();
            let namespace = parts.windows(2).find_map(|pair| match pair {
                ["namespaces", namespace] => Some(*namespace),
                _ => None,
            });
            thing.set_namespace(namespace);
            self.tell_resource(&mut thing);
            thing
        });
        let known = main.as_ref().and_then(|thing| thing.uid()).map(str::to_owned);
        let mut things: Vec<ResourceDetails> = main.into_iter().collect();
        for asked in self.permissions().take(BINDINGS) {
            let attributes = asked.member("resourceAttributes");
            let told = |name| attributes.and_then(|attributes: Field<'a>| attributes.member(name)?.take());
            let Some(uid) = asked.member("resource").and_then(|uid| uid.take()).or_else(|| told("name"))
            else {
                continue;
            };
            if known.as_deref() != Some(&*uid) && !things.iter().any(|thing| thing.uid() == Some(&*uid)) {
                let mut thing = ResourceDetails::of_uid(uid);
                thing.set_kind(told("type"));
                things.push(thing);
            }
        }
        things
    }

    fn tell_resource(&self, thing: &mut ResourceDetails) {
        let resource = self.entry.root.member("resource").filter(Field::is_object);
        thing.set_kind(resource.and_then(|resource| resource.member("type")?.take()));
        let places = self.payload.get("resourceLocation.currentLocations").filter(Field::is_array);
        thing.set_region(places.and_then(|places| places.children().find_map(|place| place.take())));
        // What is asked for describes what it is asked of.
        let asked = self.payload.member("request").filter(|asked| asked.children().next().is_some());
        thing.set_data(asked.and_then(|asked| asked.take_json()));
        let labels = resource.and_then(|resource| resource.member("labels"));
        let mut tags = String::from("[");
        for label in labels.iter().flat_map(Field::children) {
            let Some(value) = label.take() else { continue };
            tags.push_str(if tags.len() > 1 { ",{" } else { "{" });
            write_member("name", &label.name(), &mut tags);
            write_member("value", &value, &mut tags);
            tags.push('}');
        }
        if tags.len() > 1 {
            tags.push(']');
            thing.set_attribute("tags", &JsonText::new(tags));
        }
    }

    /// The service account that is changed: as the labels or the answer name it.
    fn service_account(&self) -> User {
        let name = self.entry.take_label("email_id").or_else(|| self.look("response.email"));
        let name = name.or_else(|| {
            let name = self.look("resourceName")?;
            let (_, account) = name.split_once("serviceAccounts/")?;
            Some(Cow::Owned(account.split('/').next()?.to_owned()))
        });
        let name = name.or_else(|| self.take("request.account_id"));
        let mut user = member(name.as_deref().unwrap_or("unknown"));
        user.set_uid_alt(self.entry.take_label("unique_id"));
        user.set_type_id(4).set_kind("Service");
        user
    }

    fn sign_in(&self, activity: u32, actor: &Actor) -> Event {
        let user = actor.user().cloned().unwrap_or_else(|| User::named("unknown"));
        let service = self.look("serviceName").unwrap_or(Cow::Borrowed("Google"));
        Event::authentication(self.head(activity), user, SignInTo::Service(Service::named(service)))
    }

    fn policy_change(&self, delta: Option<Field<'a>>) -> Event {
        let told = |name| delta.and_then(|delta: Field<'a>| delta.member(name)?.take());
        let removed =
            delta.and_then(|delta| delta.member("action")?.copy()).is_some_and(|action| action == "REMOVE");
        let head = self.head(if removed { 2 } else { 1 });
        if let Some(who) = told("member") {
            let mut user = member(&who);
            user.set_uid_alt(who);
            return Event::user_access(head, user, told("role").unwrap_or_default());
        }
        let binding = self.bound();
        let role = binding.and_then(|binding| binding.member("role")?.copy()).unwrap_or_default();
        let who = binding.and_then(|binding| binding.member("members")?.children().next()?.copy());
        Event::user_access(head, member(who.as_deref().unwrap_or("unknown")), role)
    }

    /// A role bound to somebody in a cluster.
    fn cluster_binding(&self, activity: u32, actor: &Actor) -> Event {
        let subject = self.payload.get("request.subjects").and_then(|list| list.children().next());
        let told = |name| subject.and_then(|subject: Field<'a>| subject.member(name)?.copy());
        let user = match (told("kind").as_deref(), told("name")) {
            (Some("ServiceAccount"), Some(name)) => {
                let namespace = told("namespace").unwrap_or(Cow::Borrowed("default"));
                member(&format!("system:serviceaccount:{namespace}:{name}"))
            }
            (_, Some(name)) => member(&name),
            (_, None) => actor.user().cloned().unwrap_or_else(|| User::named("unknown")),
        };
        let role = self.payload.get("request.roleRef.name").and_then(|role| role.copy());
        Event::user_access(
            self.head(activity),
            user,
            role.or_else(|| self.look("resourceName")).unwrap_or_default(),
        )
    }

    /// Who came into a group or left it, as the parameters of the first event tell.
    fn group_change(&self, activity: u32) -> Event {
        let event = self.payload.get("metadata.event").and_then(|list| list.children().next());
        let parameter = |name: &str| {
            let list = event?.member("parameter")?;
            let called = |pair: &Field<'a>| {
                pair.member("name").and_then(|told| told.look()).is_some_and(|told| told == name)
            };
            list.children().find(called)?.member("value")?.take()
        };
        let name = parameter("GROUP_EMAIL").or_else(|| self.look("resourceName"));
        let mut event =
            Event::group_management(self.head(activity), Group::named(name.as_deref().unwrap_or("unknown")));
        event.set_user(parameter("USER_EMAIL").map(|user| member(&user)));
        event
    }

    fn tell_outcome(&self, event: &mut Event) {
        let code = self.take("status.code");
        let denied = self
            .permissions()
            .any(|asked| asked.member("granted").is_some_and(|told| told.json() == "false"));
        let failed = match code.as_deref() {
            Some(code) => code != "0",
            None => denied,
        };
        event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
        event.set_status_code(code).set_status_detail(self.take("status.message"));
    }

    fn tell_rest(&self, event: &mut Event) {
        let method = self.method();
        let asked = self.payload.get("requestMetadata.requestAttributes.time");
        event.set_start_time(asked.and_then(|time| moment::read(&time.copy()?)));
        let operation = self.entry.root.get("operation.id").and_then(|id| id.take());
        let kind = self.take("@type").or_else(|| self.take("at_sign_type"));
        let metadata = event.metadata_mut();
        metadata.set_correlation_uid(operation).set_event_code(method);
        if let Some(kind) = kind {
            let mut text = String::new();
            write_text(&kind, &mut text);
            metadata.set_attribute("type", &JsonText::new(text));
        }
    }
}

/// A member of a policy, or a principal: `user:jane@acme.example`, or the address alone.
fn member(text: &str) -> User {
    let (kind, name) = match text.split_once(':') {
        Some((kind @ ("user" | "serviceAccount" | "group" | "domain"), name)) => (kind, name),
        _ => ("", text),
    };
    let name = name.split("?uid=").next().unwrap_or(name);
    let mut user = User::named(if name.is_empty() { "unknown" } else { name });
    user.set_email_addr(Some(name).filter(|name| name.contains('@')));
    let is_service = kind == "serviceAccount"
        || name.ends_with(".gserviceaccount.com")
        || name.starts_with("system:serviceaccount:");
    match () {
        () if is_service => drop(user.set_type_id(4).set_kind("Service")),
        () if name.starts_with("system:") => drop(user.set_type_id(3).set_kind("System")),
        () if matches!(kind, "group" | "domain") => drop(user.set_type_id(99).set_kind(kind)),
        () if name.contains('@') => drop(user.set_type_id(1).set_kind("User")),
        () => {}
    }
    user
}

#[cfg(test)]
mod tests {
    use super::member;

    #[test]
    fn members_are_told_apart() {
        for (text, name, kind) in [
            ("user:jane@acme.example", "jane@acme.example", Some("User")),
            ("jane@acme.example", "jane@acme.example", Some("User")),
            (
                "serviceAccount:ci@acme.iam.gserviceaccount.com",
                "ci@acme.iam.gserviceaccount.com",
                Some("Service"),
            ),
            ("group:ops@acme.example", "ops@acme.example", Some("group")),
            ("system:serviceaccount:web:api", "system:serviceaccount:web:api", Some("Service")),
            ("system:node:n1", "system:node:n1", Some("System")),
            ("allUsers", "allUsers", None),
            ("user:jane@acme.example?uid=123", "jane@acme.example", Some("User")),
            ("", "unknown", None),
        ] {
            let user = member(text);
            assert_eq!((user.name(), user.kind()), (Some(name), kind), "{text}");
        }
    }
}
