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
use crate::text::write_text;
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    Account, Actor, Analytic, Api, Cloud, Event, Feature, FindingInfo, Group, Head, HttpRequest,
    NetworkEndpoint, Policy, Product, Request, Service, Session, SignInTo, User,
};
use operation::{Act, classify};
use std::borrow::Cow;
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
        let mut event = if is_insight(record) {
            insight(record)
        } else if record.has("digestS3Bucket") {
            digest(record)
        } else {
            call(record)
        };
        tell_envelope(record, context, &mut event);
        events.push(event);
    }
}

fn is_service(source: Field<'_>) -> bool {
    source.is_text() && source.look().is_some_and(|name| !name.starts_with("aws:"))
}

fn is_insight(record: &Record<'_>) -> bool {
    record.root().member("insightDetails").is_some_and(|details| details.is_object())
}

fn product(record: &Record<'_>) -> Product {
    let mut product = Product::new("AWS", "CloudTrail");
    if let Some(category) = record.take("eventCategory") {
        product.set_feature(Feature::named(category));
    }
    product
}

fn time_of(record: &Record<'_>, name: &str) -> Timestamp {
    record.look(name).and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN)
}

/// A call of an interface, a sign-in, or what a service did of itself.
fn call(record: &Record<'_>) -> Event {
    let operation = record.take("eventName").unwrap_or_default();
    let told = record.take("eventSource");
    let service = told.clone().unwrap_or(Cow::Borrowed("AWS"));
    let act = classify(&service, &operation, record);
    let product = product(record);
    let time = time_of(record, "eventTime");
    let head = match act.activity() {
        99 => Head::other(&*operation, time, product),
        activity => Head::new(activity, time, product),
    };
    let actor = actor_of(record, &service);
    let mut api = Api::new(&*operation);
    api.set_service(told.map(Service::named)).set_version(record.take("apiVersion"));
    if let Some(request) = record.take("requestID") {
        api.set_request(Request::new(request));
    }
    let origin = origin(record, &service);
    let mut event = match act {
        Act::Call(_) => {
            let mut event = Event::api_activity(head, actor, api, origin);
            event.set_resources(resource::resources(record));
            tell_model(record, &mut event);
            tell_outcome(record, &mut event);
            return event;
        }
        Act::SignIn(_) => sign_in(record, head, &actor, &service),
        Act::Account(_) => account_change(record, head, &actor),
        Act::Group(_) => group_change(record, head, &actor),
    };
    event.set_actor(actor).set_api(api).set_src_endpoint(origin);
    tell_outcome(record, &mut event);
    event
}

/// What all records tell in the same members.
fn tell_envelope(record: &Record<'_>, context: &Context, event: &mut Event) {
    let mut cloud = Cloud::new("AWS");
    cloud.set_region(record.take("awsRegion"));
    let account = record.take("recipientAccountId").or_else(|| record.take("awsAccountId"));
    let account = account
        .or_else(|| record.copy("userIdentity.accountId"))
        .or_else(|| context.account.as_deref().map(Cow::Borrowed));
    if let Some(account) = account {
        let mut account = Account::of_uid(account);
        account.set_type_id(10).set_kind("AWS Account");
        cloud.set_account(account);
    }
    event.set_cloud(cloud);
    if let Some(agent) = user_agent(record) {
        let mut request = HttpRequest::new();
        request.set_user_agent(agent);
        event.set_http_request(request);
    }
    if let Some(time) = record.take("eventTime") {
        event.set_original_time(&time);
    }
    let code = event.api().and_then(|api| api.operation()).map(str::to_owned);
    let metadata = event.metadata_mut();
    metadata.set_event_code(code);
    metadata.set_uid(record.take("eventID")).set_log_name("CloudTrail");
    metadata.set_log_version(record.take("eventVersion")).set_kind(record.take("eventType"));
    metadata.set_correlation_uid(record.take("sharedEventID"));
}

/// The user agent without the brackets that the console's records wear. Only calls and sign-ins have one.
fn user_agent<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    record.root().member("eventName")?;
    let agent = record.root().member("userAgent")?;
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
fn origin(record: &Record<'_>, service: &str) -> NetworkEndpoint {
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
    let Some(model) = record.field("requestParameters.modelId").filter(|model| model.copy().is_some()) else {
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
    let detail = record.take("errorMessage");
    let said = ["ConsoleLogin", "SwitchRole", "ExitRole", "CheckMfa", "PasswordRecoveryRequested"];
    let said = said.iter().find_map(|name| record.field("responseElements")?.member(name)?.look());
    let failed = code.is_some() || detail.is_some() || said.as_deref() == Some("Failure");
    event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
    event.set_status_code(code).set_status_detail(detail);
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
    let head = Head::new(if ended { 3 } else { 1 }, time_of(record, "eventTime"), product(record));
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
    let mut event = Event::base_event(Head::new(0, time_of(record, "digestEndTime"), product(record)));
    if let Some(time) = record.take("digestEndTime") {
        event.set_original_time(&time);
    }
    event
}
