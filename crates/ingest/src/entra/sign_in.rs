//! Sign-ins of people, of service principals and of managed identities, with or without interaction.

use super::{account, directory, person, principal, product, tell_cloud};
use crate::azure::{self, Parts, take, told};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Actor, AuthFactor, Authorization, Device, DeviceId, Event, Head, HttpRequest, NetworkEndpoint, Os,
    Policy, Service, Session, SignInTo, User,
};
use std::borrow::Cow;

/// Entra ID sign-in logs of all four categories, as Azure Monitor streams them and as Graph lists them. Class 3002.
///
/// A sign-in that stops to ask for more (a factor, consent, a choice) is neither a success nor a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraSignIn;

/// The categories, one for each kind of sign-in.
const CATEGORIES: [&str; 4] =
    ["SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs"];

/// Codes with which a sign-in stops to ask for more, sorted. Source: learn.microsoft.com, "Microsoft Entra
/// authentication and authorization error codes".
const INTERRUPTS: [&str; 22] = [
    "16000", "16001", "16003", "50055", "50058", "50072", "50074", "50076", "50078", "50079", "50097",
    "50125", "50127", "50129", "50140", "50143", "50144", "50158", "50199", "51006", "65001", "65012",
];

impl Source for EntraSignIn {
    fn name(&self) -> &'static str {
        "entra_signin"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        if let Some(category) = root.member("category").and_then(|category| category.look())
            && CATEGORIES.iter().any(|known| category.eq_ignore_ascii_case(known))
        {
            return true;
        }
        let has = |name| root.member(name).is_some();
        has("createdDateTime") && has("appId") && (has("conditionalAccessStatus") || has("isInteractive"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let parts = Parts::of(record);
        let directory = directory(&parts, context);
        let user = user(&parts, directory.as_deref());
        let time = parts.moment(&["createdDateTime", "time", "TimeGenerated"]);
        let to = SignInTo::Service(service(&parts));
        let head = Head::new(1, time, product("Microsoft Entra ID"));
        let mut event = Event::authentication(head, user.clone(), to);
        let session = session(&parts);
        event.set_actor(actor(&parts, user, session.clone())).set_session(session);
        event.set_device(device(&parts)).set_src_endpoint(origin(&parts)).set_http_request(request(&parts));
        event.set_auth_factors(factors(&parts));
        tell_manner(&parts, &mut event);
        tell_risk(&parts, &mut event);
        tell_outcome(&parts, &mut event);
        parts.tell_times(&["createdDateTime", "time", "TimeGenerated"], &mut event);
        parts.tell_log(&mut event);
        parts.tell_duration("processingTimeInMilliseconds", &mut event);
        tell_cloud(&parts, &mut event);
        tell_metadata(&parts, &mut event);
        events.push(event);
    }
}

fn tell_metadata(parts: &Parts<'_>, event: &mut Event) {
    let metadata = event.metadata_mut();
    metadata.set_uid(parts.take("id")).set_original_event_uid(parts.take("originalRequestId"));
    let details = parts.inner.member("authenticationProcessingDetails");
    if let Some(tags) = azure::tags(details) {
        metadata.set_attribute("tags", &tags);
    }
}

/// Who signs in: a person, else a service principal, else the application.
fn user(parts: &Parts<'_>, directory: Option<&str>) -> User {
    let guest = parts.take("userType");
    let person = person(parts.inner, ["userId", "userPrincipalName", "userDisplayName"], directory);
    let principal = || principal(parts.inner, ["servicePrincipalId", "servicePrincipalName"], directory);
    let mut user = person.or_else(principal).unwrap_or_else(|| {
        let app = parts.inner.member("appId").and_then(|app| told(app)?.look());
        let mut user = app.map_or_else(|| User::named("unknown"), User::of_uid);
        user.set_account(account(directory));
        user
    });
    if let Some(kind) = guest {
        user.set_type_id(99).set_kind(kind);
    }
    user.set_display_name(parts.around("identity"));
    user
}

fn actor(parts: &Parts<'_>, user: User, session: Option<Session>) -> Actor {
    let mut actor = Actor::of_user(user);
    actor.set_app_uid(parts.take("appId")).set_app_name(parts.take("appDisplayName"));
    actor.set_session(session).set_authorizations(authorizations(parts));
    actor
}

/// What conditional access decided: on the whole, and policy by policy.
fn authorizations(parts: &Parts<'_>) -> Vec<Authorization> {
    let whole = parts.take("conditionalAccessStatus").map(Authorization::new);
    let policies = parts.inner.member("appliedConditionalAccessPolicies").filter(Field::is_array);
    let each = policies.iter().flat_map(Field::children).filter_map(|told| {
        let decision = told.member("result").and_then(azure::told)?;
        let (uid, name) = (take(told, "id"), take(told, "displayName"));
        let mut policy = match (uid, &name) {
            (Some(uid), _) => Policy::of_uid(uid),
            (None, Some(name)) => Policy::named(&**name),
            (None, None) => return None,
        };
        policy.set_name(name);
        let mut authorization = Authorization::new(decision.take()?);
        if let Some(rest) = told.take_whole() {
            policy.set_attribute("data", &rest);
        }
        authorization.set_policy(policy);
        Some(authorization)
    });
    whole.into_iter().chain(each).collect()
}

fn service(parts: &Parts<'_>) -> Service {
    let (uid, name) = (parts.inner.member("resourceId"), parts.take("resourceDisplayName"));
    // In a flat record the name is that of the envelope too, and names a path there.
    let uid = uid.and_then(told).filter(|uid| uid.look().is_some_and(|uid| !uid.starts_with('/')));
    match (uid.and_then(|uid| uid.take()), name) {
        (Some(uid), name) => {
            let mut service = Service::of_uid(uid);
            service.set_name(name);
            service
        }
        (None, Some(name)) => Service::named(name),
        (None, None) => Service::named("Microsoft Entra ID"),
    }
}

fn session(parts: &Parts<'_>) -> Option<Session> {
    let mut session = Session::new();
    session.set_uid(parts.take("uniqueTokenIdentifier")).set_uid_alt(parts.take("sessionId"));
    session.set_credential_uid(parts.take("servicePrincipalCredentialKeyId"));
    session.set_issuer(parts.take("tokenIssuerName").or_else(|| parts.take("tokenIssuerType")));
    (session != Session::new()).then_some(session)
}

fn origin(parts: &Parts<'_>) -> NetworkEndpoint {
    let fields = [parts.inner.member("ipAddress"), parts.root.member("callerIpAddress")];
    let mut origin =
        azure::origin(fields).unwrap_or_else(|| NetworkEndpoint::of_service("Microsoft Entra ID"));
    let place = parts.inner.member("location").filter(Field::is_object);
    let country = parts.root.member("location").filter(Field::is_text);
    origin.set_location(azure::location(place, country));
    azure::tell_network(parts.inner.member("autonomousSystemNumber"), &mut origin);
    if let Some(client) = parts.take("clientAppUsed") {
        origin.set_type_id(if client == "Browser" { 8 } else { 99 }).set_kind(client);
    }
    let system = parts.inner.get("deviceDetail.operatingSystem").and_then(told);
    origin.set_os(system.and_then(|system| system.take()).map(os));
    let networks = parts.inner.member("networkLocationDetails").into_iter();
    let names =
        networks.flat_map(|list| list.children()).filter_map(|network| network.member("networkNames"));
    origin.set_zone(names.flat_map(|names| names.children()).find_map(|name| name.take()));
    origin
}

/// Operating systems by the beginning of their names, with OCSF's numbers.
const SYSTEMS: [(&str, i32); 7] = [
    ("windows", 100),
    ("android", 201),
    ("linux", 200),
    ("mac", 300),
    ("ios", 301),
    ("ipad", 302),
    ("chrome", 99),
];

fn os(name: Cow<'_, str>) -> Os {
    let lower = name.to_ascii_lowercase();
    let known = SYSTEMS.iter().find(|(beginning, _)| lower.starts_with(beginning));
    Os::new(name, known.map_or(0, |(_, number)| *number))
}

/// The machine, where the directory knows it.
fn device(parts: &Parts<'_>) -> Option<Device> {
    let detail = parts.inner.member("deviceDetail").filter(Field::is_object)?;
    let name = take(detail, "displayName");
    let id = match (take(detail, "deviceId"), &name) {
        (Some(uid), _) => DeviceId::Uid(uid.into()),
        (None, Some(name)) => DeviceId::Name(name.clone().into()),
        (None, None) => return None,
    };
    let mut device = Device::new(0, id);
    let flag = |name| take(detail, name).and_then(|text| text.to_ascii_lowercase().parse::<bool>().ok());
    device.set_name(name).set_is_compliant(flag("isCompliant")).set_is_managed(flag("isManaged"));
    device.set_desc(take(detail, "trustType"));
    let system = detail.member("operatingSystem").and_then(told).and_then(|system| system.look());
    device.set_os(system.map(os));
    Some(device)
}

fn request(parts: &Parts<'_>) -> Option<HttpRequest> {
    let browser = || parts.inner.get("deviceDetail.browser").and_then(|browser| told(browser)?.take());
    let agent = parts.take("userAgent").or_else(browser)?;
    let mut request = HttpRequest::new();
    request.set_user_agent(agent);
    Some(request)
}

/// Methods by a word of their names, with OCSF's numbers and words.
const METHODS: [(&str, i32, &str); 10] = [
    ("password", 11, "Password"),
    ("text", 1, "SMS"),
    ("sms", 1, "SMS"),
    ("phone", 3, "Phone Call"),
    ("notification", 5, "Push Notification"),
    ("oath", 7, "OTP"),
    ("verification code", 7, "OTP"),
    ("fido", 10, "WebAuthn"),
    ("passkey", 10, "WebAuthn"),
    ("hello", 4, "Biometric"),
];

fn factors(parts: &Parts<'_>) -> Vec<AuthFactor> {
    let details = parts.inner.member("authenticationDetails").filter(Field::is_array);
    let factor = |step: Field<'_>| {
        let method = step.member("authenticationMethod").and_then(told)?;
        let lower = method.look()?.to_ascii_lowercase();
        let mut factor = match METHODS.iter().find(|(word, ..)| lower.contains(word)) {
            Some((_, number, word)) => {
                method.copy();
                let mut factor = AuthFactor::new(*number);
                factor.set_factor_type(*word);
                factor
            }
            None => {
                let mut factor = AuthFactor::new(99);
                factor.set_factor_type(method.take());
                factor
            }
        };
        let detail = take(step, "authenticationMethodDetail");
        factor.set_provider(detail.or_else(|| take(step, "authenticationStepResultDetail")));
        Some(factor)
    };
    details.iter().flat_map(Field::children).filter_map(factor).collect()
}

/// Tells whether a person was there, by which protocol, and whether more than one factor was asked for.
fn tell_manner(parts: &Parts<'_>, event: &mut Event) {
    let copy = |name| parts.inner.member(name).and_then(|field| field.copy());
    match copy("isInteractive").map(|told| told.eq_ignore_ascii_case("true")) {
        Some(true) => event.set_logon_type_id(2).set_logon_type("Interactive"),
        Some(false) => event.set_logon_type_id(3).set_logon_type("Network"),
        None => event,
    };
    let required = copy("authenticationRequirement");
    event.set_is_mfa(required.map(|required| required.eq_ignore_ascii_case("multiFactorAuthentication")));
    if let Some(protocol) = parts.inner.member("authenticationProtocol").and_then(told) {
        match protocol.look().as_deref() {
            Some("oAuth2") => {
                protocol.copy();
                event.set_auth_protocol_id(6).set_auth_protocol("OAUTH 2.0")
            }
            _ => event.set_auth_protocol_id(99).set_auth_protocol(protocol.take()),
        };
    }
    if let Some(kind) = parts.inner.member("incomingTokenType").and_then(told).filter(Field::is_text) {
        event.set_attribute("authentication_token", &JsonText::new(format!(r#"{{"type":{}}}"#, kind.json())));
        kind.take();
    }
}

/// Tells the risk as Identity Protection rates it. `none` is a rating, `hidden` is none.
fn tell_risk(parts: &Parts<'_>, event: &mut Event) {
    let level = ["riskLevelDuringSignIn", "riskLevelAggregated"].iter().find_map(|name| {
        let field = parts.inner.member(name)?;
        Some((field, level_of(&field.look()?)?))
    });
    if let Some((field, (number, word))) = level {
        field.copy();
        event.set_risk_level_id(number).set_risk_level(word);
    }
    if let Some(detail) = parts.take("riskDetail") {
        let mut json = String::new();
        crate::text::write_text(&detail, &mut json);
        event.set_attribute("risk_details", &JsonText::new(json));
    }
    let kinds = ["riskEventTypes_v2", "riskEventTypes"].iter().find_map(|name| parts.inner.member(name));
    let state = parts.take("riskState");
    let kinds = kinds.into_iter().flat_map(|kinds| kinds.children()).filter_map(|kind| kind.take());
    let labels: Vec<_> = kinds.chain(state).map(Into::into).collect();
    if !labels.is_empty() {
        event.metadata_mut().set_labels(labels);
    }
}

/// OCSF's number and word for a level of risk.
pub(super) fn level_of(level: &str) -> Option<(i32, &'static str)> {
    match level.to_ascii_lowercase().as_str() {
        "none" => Some((0, "Info")),
        "low" => Some((1, "Low")),
        "medium" => Some((2, "Medium")),
        "high" => Some((3, "High")),
        _ => None,
    }
}

fn tell_outcome(parts: &Parts<'_>, event: &mut Event) {
    let status = parts.inner.member("status").filter(Field::is_object);
    let own = status.and_then(|status| status.member("errorCode")).and_then(told);
    let around = parts.root.member("resultType").and_then(told);
    let code = own.or(around).and_then(|code| code.take());
    if let Some(around) = around.filter(|around| around.look() == code) {
        around.take();
    }
    let part = |name| take(status?, name);
    let reason = part("failureReason");
    let around = parts.root.member("resultDescription").and_then(told);
    let around = around.filter(|around| reason.is_none() || around.look() == reason);
    let around = around.and_then(|around| around.take());
    event.set_status_detail(reason.or(around)).set_message(part("additionalDetails"));
    match code.as_deref() {
        Some("0" | "Success" | "success") => event.set_outcome(Outcome::Success, None),
        Some(code) if INTERRUPTS.binary_search(&code).is_ok() => {
            event.set_outcome(Outcome::Other, Some("Interrupted"))
        }
        Some(_) => event.set_outcome(Outcome::Failure, None),
        None => event,
    };
    event.set_status_code(code);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_for_the_search() {
        assert!(INTERRUPTS.is_sorted());
    }

    #[test]
    fn levels_of_risk_have_numbers() {
        assert_eq!((level_of("none"), level_of("High")), (Some((0, "Info")), Some((3, "High"))));
        assert_eq!(level_of("hidden"), None);
    }
}
