//! Azure Activity log, and the resource logs that are calls of an interface, such as those of storage accounts.
//!
//! Sources: learn.microsoft.com, "Azure Activity log event schema" (streamed to a hub or storage, and the REST form,
//! in camel case and as its SDKs write it) and "Azure Blob Storage monitoring data reference".

mod operation;
mod parts;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Account, Actor, Api, Authorization, Cloud, Event, Group, Head, HttpRequest, Idp, NetworkEndpoint,
    Organization, Policy, Product, Request, ResourceDetails, Service, Session, Severity, Url, User,
};
use operation::number_of;
use parts::{Parts, take, told};
use std::borrow::Cow;

/// Azure Activity and resource logs. Class 6003.
///
/// The beginning of an operation (`Start`, `Accept`) is neither a success nor a failure yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureActivity;

const OPERATION: [&str; 2] = ["operationName", "operation_name"];
const RESOURCE: [&str; 2] = ["resourceId", "resource_id"];
const TIMES: [&str; 5] =
    ["time", "eventTimestamp", "event_timestamp", "submissionTimestamp", "TimeGenerated"];

/// Where claims stand whose names are URLs.
macro_rules! claim {
    ($name:literal) => {
        concat!("http://schemas.microsoft.com/identity/claims/", $name)
    };
}
macro_rules! claim_soap {
    ($name:literal) => {
        concat!("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/", $name)
    };
}

impl Source for AzureActivity {
    fn name(&self) -> &'static str {
        "azure_activity"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |names: &[&str]| names.iter().any(|name| root.member(name).is_some());
        if !has(&OPERATION) {
            return false;
        }
        let inside = root.get("properties.log").is_some();
        let category = root.member("category").is_some() && root.member("eventType").is_none();
        !inside && (has(&RESOURCE) || has(&["callerIpAddress", "caller", "subscriptionId"]) || category)
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let call = Call::of(record, context);
        let mut event = Event::api_activity(call.head(), call.actor(), call.api(), call.origin());
        event.set_resources(vec![call.resource()]).set_http_request(call.request());
        call.tell_cloud(&mut event);
        call.tell_outcome(&mut event);
        call.tell_metadata(&mut event);
        call.parts.tell_duration("durationMs", &mut event);
        events.push(event);
    }
}

/// Tells the word of the result as code, or as detail where there is a code of numbers.
fn tell_word<'a>(
    result: Option<Field<'a>>,
    code: Option<Cow<'a, str>>,
    detail: Option<Cow<'a, str>>,
    event: &mut Event,
) {
    let word = result.and_then(value);
    match code {
        Some(code) => event.set_status_code(code).set_status_detail(word),
        None => event.set_status_code(word).set_status_detail(detail),
    };
}

/// The first of `names` that `object` has.
fn one_of<'a>(object: Field<'a>, names: &[&str]) -> Option<Field<'a>> {
    names.iter().find_map(|name| object.member(name)).filter(|field| !field.is_null())
}

/// Takes a text, or the value of an object that tells it for programs and for people.
fn value(field: Field<'_>) -> Option<Cow<'_, str>> {
    if !field.is_object() {
        return told(field)?.take();
    }
    let value = take(field, "value");
    let shown = one_of(field, &["localizedValue", "localized_value"]).and_then(told);
    let shown = shown.filter(|shown| value.is_none() || shown.look() == value);
    let shown = shown.and_then(|shown| shown.take());
    value.or(shown)
}

/// A call and what is found of it more than once.
struct Call<'r, 'a> {
    parts: Parts<'a>,
    context: &'r Context,
    operation: Cow<'a, str>,
    claims: Option<Field<'a>>,
    resource: Option<Cow<'a, str>>,
}

impl<'r, 'a> Call<'r, 'a> {
    fn of(record: &Record<'a>, context: &'r Context) -> Self {
        let parts = Parts::of(record);
        let operation = one_of(parts.root, &OPERATION).and_then(value).unwrap_or_default();
        let identity = parts.root.member("identity").filter(Field::is_object);
        let claims =
            identity.and_then(|identity| identity.member("claims")).or_else(|| parts.root.member("claims"));
        let resource = one_of(parts.root, &RESOURCE).and_then(told).and_then(|resource| resource.take());
        Self { parts, context, operation, claims: claims.filter(Field::is_object), resource }
    }

    fn root(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        value(one_of(self.parts.root, names)?)
    }

    fn claim(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| take(self.claims?, name))
    }

    fn head(&self) -> Head {
        let read = |name: &&str| moment::read(&self.parts.root.member(name)?.look()?);
        let time = TIMES.iter().find_map(read).unwrap_or(Timestamp::UNKNOWN);
        let created = self.parts.root.member("resultSignature").and_then(|told| told.look());
        let created = created.is_some_and(|told| told == "201" || told.starts_with("Created"));
        let product = Product::new("Microsoft", "Azure Activity");
        match number_of(&self.operation, created) {
            99 => Head::other(&*self.operation, time, product),
            number => Head::new(number, time, product),
        }
    }

    fn tenant(&self) -> Option<Cow<'a, str>> {
        let claim = claim!("tenantid");
        let around =
            self.parts.root.member("tenantId").or_else(|| self.parts.root.member("tenant_id")).and_then(told);
        let own = self.claim(&[claim]);
        let around =
            around.filter(|around| own.is_none() || around.look() == own).and_then(|around| around.take());
        own.or(around)
    }

    fn actor(&self) -> Actor {
        let uid = self.claim(&[claim!("objectidentifier"), "oid"]);
        let caller = self.root(&["caller"]);
        let login = self.claim(&[claim_soap!("upn"), claim_soap!("emailaddress"), "upn", "unique_name"]);
        let full = self.claim(&["name"]);
        let name = login.or_else(|| self.claim(&[claim_soap!("name")])).or_else(|| caller.clone());
        let name = name.or_else(|| full.clone().filter(|name| name.contains('@')));
        let role = self.evidence("principalId");
        let app = self.claim(&["appid", "azp"]);
        let known = User::told(uid.as_deref().or(role.as_deref()), name.as_deref().or(full.as_deref()));
        let mut actor = match (known, &app) {
            (Some(mut user), _) => {
                self.tell_user(&mut user, name, full);
                Actor::of_user(user)
            }
            (None, Some(app)) => Actor::of_app(&**app),
            (None, None) => self.unnamed(),
        };
        actor.set_app_uid(app).set_session(self.session());
        actor.set_idp(self.claim(&[claim!("identityprovider")]).map(Idp::of_uid));
        actor.set_authorizations(self.authorization().into_iter().collect::<Vec<_>>());
        actor
    }

    /// Who is named by no claim: a key or a signature that was used, else whoever Azure let in.
    fn unnamed(&self) -> Actor {
        let identity = self.parts.root.member("identity").filter(Field::is_object);
        let Some((identity, kind)) = identity.and_then(|told| Some((told, take(told, "type")?))) else {
            return Actor::of_app("Azure Resource Manager");
        };
        let mut actor = Actor::of_app(kind);
        if let Some(key) = take(identity, "tokenHash") {
            let mut session = Session::new();
            session.set_credential_uid(key);
            actor.set_session(session);
        }
        actor
    }

    fn tell_user(&self, user: &mut User, name: Option<Cow<'_, str>>, full: Option<Cow<'_, str>>) {
        user.set_email_addr(name.filter(|name| name.contains('@') && !name.contains(' ')))
            .set_full_name(full);
        user.set_uid_alt(self.claim(&[claim_soap!("nameidentifier"), "puid"]));
        user.set_account(self.tenant().or_else(|| self.context.directory.as_deref().map(Cow::Borrowed)).map(
            |tenant| {
                let mut account = Account::of_uid(tenant);
                account.set_type_id(6).set_kind("Azure AD Account");
                account
            },
        ));
        let kind = self.evidence("principalType");
        let claim = self.claims.and_then(|claims| claims.member("idtyp")?.copy());
        match kind.as_deref().or(claim.as_deref()) {
            Some("ServicePrincipal" | "app") => drop(user.set_type_id(4).set_kind("Service")),
            Some("User" | "user") => drop(user.set_type_id(1).set_kind("User")),
            Some(other) => drop(user.set_type_id(99).set_kind(other)),
            None => {}
        }
    }

    fn asked(&self) -> Option<Field<'a>> {
        let root = self.parts.root;
        root.member("authorization").or_else(|| root.get("identity.authorization")).filter(Field::is_object)
    }

    fn evidence(&self, name: &str) -> Option<Cow<'a, str>> {
        self.asked()?.member("evidence")?.member(name)?.look()
    }

    /// The right that was asked for, and the role that gave it.
    fn authorization(&self) -> Option<Authorization> {
        let asked = self.asked()?;
        let mut policy = match self.evidence("role").or_else(|| asked.member("action")?.look()) {
            Some(name) => Policy::named(name),
            None => return None,
        };
        policy.set_uid(self.evidence("roleDefinitionId")).set_kind("Azure RBAC");
        if let Some(whole) = asked.take_whole() {
            policy.set_attribute("data", &whole);
        }
        let denied = self.parts.root.member("resultSignature").and_then(|told| told.look());
        let denied = denied.is_some_and(|told| told.starts_with("Forbidden") || told.starts_with("403"));
        let mut authorization = Authorization::new(if denied { "denied" } else { "allowed" });
        authorization.set_policy(policy);
        Some(authorization)
    }

    fn session(&self) -> Option<Session> {
        self.claims?;
        let time = |name: &str| self.claims?.member(name).and_then(|time| moment::read(&time.copy()?));
        let mut session = Session::new();
        session
            .set_uid(self.claim(&["uti"]))
            .set_issuer(self.claim(&["iss"]))
            .set_uid_alt(self.claim(&["aio"]));
        session.set_created_time(time("iat")).set_expiration_time(time("exp"));
        (session != Session::new()).then_some(session)
    }

    fn api(&self) -> Api {
        let mut api = Api::new(match &*self.operation {
            "" => "unknown",
            told => told,
        });
        let provider = self.root(&["resourceProviderName", "resource_provider_name"]);
        let named = || {
            self.operation
                .split('/')
                .next()
                .filter(|name| name.contains('.'))
                .map(|name| Cow::Owned(name.to_owned()))
        };
        api.set_service(Service::named(provider.or_else(named).unwrap_or(Cow::Borrowed("Azure"))));
        api.set_version(self.parts.around("operationVersion"));
        let id = self.root(&["operationId", "operation_id"]).or_else(|| self.parts.take("clientRequestId"));
        let body = self.parts.inner.member("requestbody").or_else(|| self.parts.inner.member("requestBody"));
        if let Some(id) = id.or_else(|| self.parts.root.member("correlationId").and_then(|id| id.look())) {
            let mut request = Request::new(id);
            if let Some(body) = body.and_then(|body| body.take_whole()) {
                request.set_attribute("data", &body);
            }
            api.set_request(request);
        }
        api
    }

    fn origin(&self) -> NetworkEndpoint {
        let claim = self.claims.and_then(|claims| claims.member("ipaddr"));
        let request = one_of(self.parts.root, &["httpRequest", "http_request"]);
        let request = request.and_then(|request| one_of(request, &["clientIpAddress", "client_ip_address"]));
        let fields = [self.parts.root.member("callerIpAddress"), request, claim];
        let origin = parts::origin(fields);
        origin.unwrap_or_else(|| NetworkEndpoint::of_service("Azure"))
    }

    fn request(&self) -> Option<HttpRequest> {
        let told = one_of(self.parts.root, &["httpRequest", "http_request"]).filter(Field::is_object);
        let id = told.and_then(|told| value(one_of(told, &["clientRequestId", "client_request_id"])?));
        let method = crate::web::method_of(told.and_then(|told| told.member("method")));
        let agent = self.parts.take("userAgentHeader").or_else(|| self.parts.take("userAgent"));
        let url = self.parts.around("uri").map(Url::new);
        let mut request = HttpRequest::new();
        request.set_uid(id).set_http_method(method).set_user_agent(agent).set_url(url);
        (request != HttpRequest::new()).then_some(request)
    }

    fn resource(&self) -> ResourceDetails {
        let name = self.parts.take("objectKey").or_else(|| self.parts.take("accountName"));
        let mut thing = match (&self.resource, &name) {
            (Some(uid), _) => ResourceDetails::of_uid(&**uid),
            (None, Some(name)) => ResourceDetails::named(&**name),
            (None, None) => ResourceDetails::named(match &*self.operation {
                "" => "Azure",
                operation => operation,
            }),
        };
        let own = self.resource.as_deref().and_then(|path| path.rsplit('/').next());
        thing.set_name(name.as_deref().or(own).filter(|name| !name.is_empty()));
        thing.set_kind(self.root(&["resourceType", "resource_type"]).or_else(|| self.kind().map(Cow::Owned)));
        thing.set_group(self.root(&["resourceGroupName", "resource_group_name"]).map(Group::named));
        if let Some(data) = self.parts.root.member("properties").and_then(|told| told.copy_whole()) {
            thing.set_attribute("data", &data);
        }
        thing
    }

    /// `…/providers/Microsoft.Compute/disks/d` → `Microsoft.Compute/disks`.
    fn kind(&self) -> Option<String> {
        let path = self.resource.as_deref()?;
        let at = path.to_ascii_lowercase().rfind("/providers/")?;
        let mut parts = path.get(at..)?.split('/').skip(2);
        Some(format!("{}/{}", parts.next()?, parts.next()?))
    }

    fn tell_cloud(&self, event: &mut Event) {
        let mut cloud = Cloud::new("Azure");
        let path = self.resource.as_deref().map(str::to_ascii_lowercase).unwrap_or_default();
        let own =
            path.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next()).map(str::to_owned);
        let told = self.root(&["subscriptionId", "subscription_id"]).map(Cow::into_owned);
        let account = told.or(own).or_else(|| self.context.account.clone());
        cloud.set_account(account.map(|account| {
            let mut account = Account::of_uid(account);
            account.set_type_id(13).set_kind("Azure Subscription");
            account
        }));
        cloud.set_region(self.parts.around("location").or_else(|| self.parts.take("resourceLocation")));
        cloud.set_org(self.tenant().map(Organization::of_uid));
        event.set_cloud(cloud);
    }

    fn tell_outcome(&self, event: &mut Event) {
        let result = one_of(self.parts.root, &["resultType", "status", "statusText"]);
        let code = self.root(&["statusCode", "resultSignature", "subStatus", "sub_status"]);
        let number = code.as_deref().and_then(|code| code.parse::<u32>().ok());
        let refused = number.is_some_and(|number| number >= 400);
        let shown =
            result.and_then(
                |result| if result.is_object() { result.member("value")?.look() } else { result.look() },
            );
        let lower = shown.as_deref().unwrap_or_default().to_ascii_lowercase();
        match lower.as_str() {
            _ if refused => event.set_outcome(Outcome::Failure, None),
            "failure" | "failed" | "error" | "clienterror" | "canceled" => {
                event.set_outcome(Outcome::Failure, None)
            }
            "start" | "started" | "accept" | "accepted" | "inprogress" | "active" | "updated" => {
                event.set_outcome(Outcome::Other, shown.as_deref())
            }
            _ => event.set_outcome(Outcome::Success, None),
        };
        let detail = self.parts.around("resultDescription");
        if code.is_some() && detail.is_some() {
            event.set_status_code(code).set_status_detail(detail);
        } else {
            tell_word(result, code, detail, event);
        }
        event.set_message(self.parts.around("description").or_else(|| self.parts.take("message")));
    }

    fn tell_metadata(&self, event: &mut Event) {
        if let Some(time) = TIMES.iter().find_map(|name| self.parts.around(name)) {
            event.set_original_time(&time);
        }
        let level = self.root(&["level", "Level"]);
        event.set_severity(match level.as_deref() {
            Some("Critical") => Severity::HIGH,
            Some("Error") => Severity::MEDIUM,
            Some("Warning") => Severity::LOW,
            _ => Severity::INFORMATIONAL,
        });
        let logged = one_of(self.parts.root, &["submissionTimestamp", "submission_timestamp"]);
        let logged = logged.and_then(|time| moment::read(&time.copy()?));
        let metadata = event.metadata_mut();
        metadata.set_event_code(Some(&*self.operation).filter(|code| !code.is_empty()));
        metadata.set_uid(self.root(&["eventDataId", "event_data_id"])).set_log_level(level);
        metadata.set_log_name(self.root(&["category"])).set_log_version(self.parts.around("schemaVersion"));
        metadata.set_correlation_uid(self.root(&["correlationId", "correlation_id"])).set_logged_time(logged);
        metadata.set_kind(self.root(&["eventName", "event_name"]));
    }
}
