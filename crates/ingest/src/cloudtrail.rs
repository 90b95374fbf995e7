//! AWS CloudTrail: management, data and service events, insights and digests, as AWS delivers them.
//!
//! Source: docs.aws.amazon.com, CloudTrail record contents and `userIdentity` element (event version 1.11).
//! Parameters and responses of a call stay whole in `unmapped`, beside what is told of them in typed attributes.

mod operation;
mod resource;
mod who;

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::{write_member, write_text};
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    Account, Actor, Analytic, Api, Cloud, Event, Feature, FindingInfo, Group, Head, HttpRequest, Metadata,
    NetworkEndpoint, Policy, Product, Request, Service, Session, SignInTo, User,
};
use operation::{Act, classify};
use resource::{Resources, resources};
use std::borrow::Cow;
use std::sync::Arc;
use who::{actor_of, target_of};

/// AWS CloudTrail. Classes 3001, 3002, 3006 and 6003; insights 2004; digests are base events.
///
/// The cloud account is the record's own, else [`Context::account`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CloudTrail;

impl Source for CloudTrail {
    fn name(&self) -> &'static str {
        "cloudtrail"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some_and(|field| field.is_text());
        // `aws:s3` and its like are notifications, of another shape.
        let identified = || root.member("userIdentity").is_some_and(|who| who.is_object());
        let call = told("eventName") && root.member("eventSource").map_or_else(identified, is_service);
        call || (told("digestS3Bucket") && told("awsAccountId")) || is_insight(record)
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let (mut event, resources) = if is_insight(record) {
            (insight(record), None)
        } else if record.has("digestS3Bucket") {
            (digest(record), None)
        } else {
            call(record)
        };
        tell_envelope(record, context, &mut event);
        tell_texts(record, &mut event, resources);
        events.push(event);
    }
}

fn is_service(source: Field<'_>) -> bool {
    source.is_text() && source.look().is_some_and(|name| !name.starts_with("aws:"))
}

fn is_insight(record: &Record<'_>) -> bool {
    record.root().member("insightDetails").is_some_and(|details| details.is_object())
}

/// What the records of one kind of event and operation say of themselves alike.
fn metadata(record: &Record<'_>) -> Arc<Metadata> {
    let told =
        ["eventCategory", "eventVersion", "eventName", "eventType"].map(|name| record.root().member(name));
    let make = || Arc::new(metadata_of(record));
    record.memo().of(&told, || Some(make())).unwrap_or_else(make)
}

fn metadata_of(record: &Record<'_>) -> Metadata {
    let mut product = Product::new("AWS", "CloudTrail");
    product.set_feature(record.take("eventCategory").map(Feature::named));
    let mut metadata = Metadata::new(product);
    metadata.set_log_name("CloudTrail").set_log_version(record.take("eventVersion"));
    metadata.set_kind(record.take("eventType"));
    metadata.set_event_code(record.take("eventName")).set_profiles(vec!["cloud".into()]);
    metadata
}

fn time_of(record: &Record<'_>, name: &str) -> Timestamp {
    record.look(name).and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN)
}

/// A call of an interface, a sign-in, or what a service did of itself.
fn call<'a>(record: &Record<'a>) -> (Event, Option<Resources<'a>>) {
    let operation = record.take("eventName").unwrap_or_default();
    let told = record.take("eventSource");
    let service = told.clone().unwrap_or(Cow::Borrowed("AWS"));
    let act = classify(&service, &operation, record);
    let head = Head::told_by(metadata(record), act.activity(), time_of(record, "eventTime"));
    let head = if act.activity() == 99 { head.in_words(&*operation) } else { head };
    let actor = actor_of(record, &service);
    let api = api(record, &operation, told.as_deref());
    let origin = origin(record, &service);
    let mut event = match act {
        Act::Call(_) => {
            let mut event = Event::api_activity(head, actor, api, origin);
            tell_model(record, &mut event);
            tell_outcome(record, &mut event);
            return (event, resources(record));
        }
        Act::SignIn(_) => sign_in(record, head, &actor, &service),
        Act::Account(_) => account_change(record, head, &actor),
        Act::Group(_) => group_change(record, head, &actor),
    };
    event.set_actor(actor).set_api(api).set_src_endpoint(origin);
    tell_outcome(record, &mut event);
    (event, None)
}

fn api(record: &Record<'_>, operation: &str, service: Option<&str>) -> Arc<Api> {
    let told = ["eventName", "eventSource", "apiVersion"].map(|name| record.root().member(name));
    let make = || {
        let mut api = Api::new(operation);
        api.set_service(service.map(Service::named)).set_version(record.take("apiVersion"));
        Arc::new(api)
    };
    record.memo().of(&told, || Some(make())).unwrap_or_else(make)
}

/// What all records tell in the same members.
fn tell_envelope(record: &Record<'_>, context: &Context, event: &mut Event) {
    event.set_cloud(cloud(record, context)).set_http_request(http_request(record));
    if let Some(time) = record.take("eventTime") {
        event.set_original_time(&time);
    }
}

/// The texts that no other record has, which share one allocation with what is left of the record. Nothing is taken
/// after it.
fn tell_texts(record: &Record<'_>, event: &mut Event, resources: Option<Resources<'_>>) {
    let request = if event.api().is_some() { record.take("requestID") } else { None };
    let [uid, shared, detail] = ["eventID", "sharedEventID", "errorMessage"].map(|name| record.take(name));
    let [first, second] = resources.as_ref().map(Resources::waiting).unwrap_or_default();
    let texts = record.settle(event, [uid, shared, detail, request, first, second]);
    let [uid, shared, detail, request, first, second] = texts;
    event.metadata_mut().set_uid(uid).set_correlation_uid(shared);
    event.set_status_detail(detail).set_resources(resources.map(|told| told.named(record, [first, second])));
    if let Some(request) = request
        && let Some(api) = event.api()
    {
        let mut api = api.clone();
        api.set_request(Request::new(request));
        event.set_api(api);
    }
}

fn cloud(record: &Record<'_>, context: &Context) -> Arc<Cloud> {
    let told = ["awsRegion", "recipientAccountId"].map(|name| record.root().member(name));
    let known = record.memo().of(&told, || {
        let account = record.take("recipientAccountId");
        account.is_some().then(|| Arc::new(cloud_of(record, account)))
    });
    known.unwrap_or_else(|| {
        let account = record.take("awsAccountId").or_else(|| record.copy("userIdentity.accountId"));
        Arc::new(cloud_of(record, account.or_else(|| context.account.as_deref().map(Cow::Borrowed))))
    })
}

fn cloud_of(record: &Record<'_>, account: Option<Cow<'_, str>>) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    cloud.set_region(record.take("awsRegion")).set_account(account.map(|uid| {
        let mut account = Account::of_uid(uid);
        account.set_type_id(10).set_kind("AWS Account");
        account
    }));
    cloud
}

/// Only calls and sign-ins have a user agent. Which host the client asked for stands beside TLS, of S3 among the
/// parameters.
fn http_request(record: &Record<'_>) -> Option<Arc<HttpRequest>> {
    record.root().member("eventName")?;
    let agent = record.root().member("userAgent");
    let hosts = ["requestParameters.Host", "tlsDetails.clientProvidedHostHeader"];
    let host = hosts.iter().find_map(|path| record.field(path).filter(Field::is_text));
    record.memo().of(&[agent, host], || {
        let mut request = HttpRequest::new();
        request.set_user_agent(agent.and_then(user_agent));
        if let Some(host) = host.and_then(|host| host.take()) {
            let mut headers = String::from("[{");
            write_member("name", "Host", &mut headers);
            write_member("value", &host, &mut headers);
            headers.push_str("}]");
            request.set_attribute("http_headers", &JsonText::new(headers));
        }
        (request != HttpRequest::new()).then(|| Arc::new(request))
    })
}

/// The user agent without the brackets that the console's records wear.
fn user_agent(agent: Field<'_>) -> Option<Cow<'_, str>> {
    let text = agent.look()?;
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some("") => None,
        Some(inner) => {
            agent.copy();
            Some(Cow::Owned(inner.to_owned()))
        }
        None => agent.take(),
    }
}

/// Where the call came from: an address, or the service that called. A record that does not tell was made by the
/// service itself.
fn origin(record: &Record<'_>, service: &str) -> Arc<NetworkEndpoint> {
    let told = ["sourceIPAddress", "vpcEndpointId"].map(|name| record.root().member(name));
    let known = record.memo().of(&told, || {
        let told = record.look("sourceIPAddress").is_some();
        told.then(|| Arc::new(origin_of(record, service)))
    });
    known.unwrap_or_else(|| Arc::new(origin_of(record, service)))
}

fn origin_of(record: &Record<'_>, service: &str) -> NetworkEndpoint {
    let mut origin = match record.take("sourceIPAddress") {
        Some(address) if is_address(&address) => NetworkEndpoint::of_ip(address),
        Some(name) => NetworkEndpoint::of_service(name),
        None => NetworkEndpoint::of_service(service),
    };
    origin.set_uid(record.take("vpcEndpointId"));
    origin
}

/// Which model was called, of a call that runs one.
fn tell_model(record: &Record<'_>, event: &mut Event) {
    let runs = event.action().starts_with("Invoke") || event.action().starts_with("Converse");
    let service = event.service().filter(|service| service.starts_with("bedrock")).map(str::to_owned);
    let (Some(service), true) = (service, runs) else { return };
    let Some(model) =
        record.field("requestParameters.modelId").filter(|model| model.is_text() && model.copy().is_some())
    else {
        return;
    };
    let told = format!(r#"{{"ai_provider":"AWS Bedrock","name":{}}}"#, model.json());
    event.set_attribute("ai_model", &JsonText::new(told));
    let mut context = String::from(r#"{"service":{"name":"#);
    write_text(&service, &mut context);
    context.push_str("}}");
    event.set_attribute("message_context", &JsonText::new(context));
}

fn tell_outcome(record: &Record<'_>, event: &mut Event) {
    let code = record.take("errorCode");
    let detail = record.look("errorMessage");
    let said = ["ConsoleLogin", "SwitchRole", "ExitRole", "CheckMfa", "PasswordRecoveryRequested"];
    let answer = record.field("responseElements").filter(Field::is_object);
    let said = answer.and_then(|answer| said.iter().find_map(|name| answer.member(name)?.look()));
    let failed = code.is_some() || detail.is_some() || said.as_deref() == Some("Failure");
    event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
    event.set_status_code(code);
}

fn sign_in(record: &Record<'_>, head: Head, actor: &Actor, service: &str) -> Event {
    let user = target_of(record, actor).unwrap_or_else(|| User::named("unknown"));
    let mut event = Event::authentication(head, user, SignInTo::Service(Service::named(service)));
    event.set_session(new_session(record).or_else(|| actor.session().cloned()));
    let mfa = record.copy("additionalEventData.MFAUsed");
    event.set_is_mfa(mfa.and_then(|used| match &*used {
        "Yes" => Some(true),
        "No" => Some(false),
        _ => None,
    }));
    event
}

/// The session that a call of the security token service opened.
fn new_session(record: &Record<'_>) -> Option<Session> {
    let response = record.field("responseElements").filter(Field::is_object)?;
    let credentials = response.member("credentials")?;
    let mut session = Session::new();
    session.set_credential_uid(credentials.get("accessKeyId").and_then(|key| key.copy()));
    session.set_uid(record.copy("requestParameters.roleSessionName"));
    session.set_uid_alt(response.get("assumedRoleUser.arn").and_then(|arn| arn.copy()));
    session.set_issuer(record.copy("requestParameters.roleArn"));
    let ends = credentials.get("expiration").and_then(|time| moment::read(&time.copy()?));
    session.set_expiration_time(ends);
    Some(session)
}

fn account_change(record: &Record<'_>, head: Head, actor: &Actor) -> Event {
    let user = target_of(record, actor).unwrap_or_else(|| User::named("unknown"));
    let mut event = Event::account_change(head, user);
    event.set_policies(policy(record).map(|policy| vec![policy]).unwrap_or_default());
    event
}

fn policy(record: &Record<'_>) -> Option<Policy> {
    let uid = record.copy("requestParameters.policyArn");
    let name = record.copy("requestParameters.policyName");
    let mut policy = match (uid, &name) {
        (Some(uid), _) => Policy::of_uid(uid),
        (None, Some(name)) => return Some(Policy::named(&**name)),
        (None, None) => return None,
    };
    policy.set_name(name);
    Some(policy)
}

fn group_change(record: &Record<'_>, head: Head, actor: &Actor) -> Event {
    let name = record.copy("requestParameters.groupName");
    let mut group = Group::named(name.as_deref().unwrap_or("unknown"));
    let told = record.copy("responseElements.group.arn");
    let account = record.look("recipientAccountId").or_else(|| record.look("userIdentity.accountId"));
    let made =
        || name.as_deref().zip(account.as_deref()).map(|(name, account)| arn_of(account, "group", name));
    group.set_uid(told.map(Cow::into_owned).or_else(made));
    let mut event = Event::group_management(head, group);
    if record.has("requestParameters.userName") {
        event.set_user(target_of(record, actor));
    }
    let privilege = record.copy("requestParameters.policyArn");
    let privilege = privilege.or_else(|| record.copy("requestParameters.policyName"));
    event.set_privileges(privilege.map(|privilege| vec![privilege.into()]).unwrap_or_default());
    event
}

/// The ARN that IAM gives what stands at the root path, where all but few users, roles and groups are.
fn arn_of(account: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}/{name}")
}

/// An unusual rate of calls or errors that CloudTrail found: its start is a finding, its end closes it.
fn insight(record: &Record<'_>) -> Event {
    let ended = record.look("insightDetails.state").is_some_and(|state| state == "End");
    let head = Head::told_by(metadata(record), if ended { 3 } else { 1 }, time_of(record, "eventTime"));
    let uid = record.look("sharedEventID").or_else(|| record.look("eventID"));
    let mut finding = FindingInfo::new(uid.unwrap_or(Cow::Borrowed("unknown")));
    let kind = record.copy("insightDetails.insightType");
    finding.set_title(record.copy("insightDetails.eventName"));
    if let Some(kind) = kind {
        let mut analytic = Analytic::new(&*kind, 3);
        analytic.set_kind("Statistical");
        finding.set_analytic(analytic).set_types(vec![kind.into()]);
    }
    Event::detection_finding(head, finding)
}

/// The hashes of an hour's files: no activity, so a base event.
fn digest(record: &Record<'_>) -> Event {
    let mut event = Event::base_event(Head::told_by(metadata(record), 0, time_of(record, "digestEndTime")));
    if let Some(time) = record.take("digestEndTime") {
        event.set_original_time(&time);
    }
    event
}
