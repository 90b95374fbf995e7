//! Sign-ins of people, service principals and managed identities.

use super::sign_in_from::{device, origin};
use super::{cloud, directory, product, service_principal, user_of};
use crate::azure_log::{AzureLog, take, told};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::{write_member, write_name, write_text};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Account, Actor, AuthFactor, Authorization, Event, Head, HttpRequest, Idp, Organization, Policy, Service,
    Session, SignInTo, User,
};
use std::borrow::Cow;

/// Microsoft Entra ID sign-ins. Class 3002, activity 1.
///
/// All categories of Azure Monitor whose names end with `SignInLogs`, and Graph's `signIn`. The directory is the
/// record's tenant, else [`Context::directory`].
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraSignIn;

impl Source for EntraSignIn {
    fn name(&self) -> &'static str {
        "entra_sign_in"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let category = root.member("category").filter(Field::is_text).and_then(|name| name.look());
        let is_log = |name: Cow<'_, str>| {
            let end = name.len().checked_sub("SignInLogs".len()).and_then(|start| name.get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case("SignInLogs"))
        };
        if category.is_some_and(is_log) {
            return true;
        }
        let has = |name| root.member(name).is_some();
        has("createdDateTime")
            && has("appId")
            && (has("conditionalAccessStatus") || has("isInteractive"))
            && (has("userPrincipalName") || has("servicePrincipalId"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let log = AzureLog::of(record);
        let directory = directory(&log, context);
        events.push(SignIn { log, directory: directory.as_deref() }.event());
    }
}

/// Codes of sign-ins that went on with another step: a factor, a consent, a choice of account. Neither success nor
/// failure.
const INTERRUPTS: [u32; 26] = [
    16000, 16001, 50055, 50058, 50072, 50074, 50076, 50079, 50097, 50125, 50127, 50129, 50140, 50143, 50144,
    50158, 50199, 50203, 50206, 51006, 52004, 65001, 70043, 81010, 81012, 530_032,
];

struct SignIn<'r, 'a> {
    log: AzureLog<'a>,
    directory: Option<&'r str>,
}

impl SignIn<'_, '_> {
    fn event(&self) -> Event {
        let log = &self.log;
        let head = Head::new(1, log.time(&["createdDateTime"]), product());
        let user = self.user().unwrap_or_else(|| User::named("unknown"));
        let mut event = Event::authentication(head, user, SignInTo::Service(self.service()));
        let mut cloud = cloud(log, self.directory);
        cloud.set_account(log.take("resourceTenantId").map(Account::of_uid));
        event.set_cloud(cloud);
        self.tell_outcome(&mut event);
        log.tell(&mut event, &["createdDateTime"]);
        event.set_actor(self.actor()).set_session(self.session());
        let device = device(log, self.directory);
        event.set_src_endpoint(origin(log, device.is_some())).set_device(device);
        event.set_http_request(self.http_request()).set_auth_factors(self.factors());
        event.set_duration(log.duration(&["processingTimeInMilliseconds", "durationMs"]));
        self.tell_way(&mut event);
        self.tell_risk(&mut event);
        let metadata = event.metadata_mut();
        if let Some(tags) = tags(log) {
            metadata.set_attribute("tags", &tags);
        }
        metadata.set_uid(take(log.inner(), "id")).set_original_event_uid(log.take("originalRequestId"));
        event
    }

    fn user(&self) -> Option<User> {
        let log = &self.log;
        let category = log.category().to_ascii_lowercase();
        let is_service = category.contains("principal") || category.contains("managedidentity");
        let is_person =
            !is_service && (log.field("userId").is_some() || log.field("userPrincipalName").is_some());
        let mut user = if is_person {
            let display = log.take("userDisplayName");
            let identity = || take(log.outer(), "identity");
            let display = display.or_else(identity);
            if let Some(name) = &display {
                log.take_same("identity", name);
            }
            user_of([log.take("userId"), log.take("userPrincipalName"), display], self.directory)
        } else {
            let name = log.take("servicePrincipalName").or_else(|| log.look("appDisplayName"));
            service_principal(
                log.take("servicePrincipalId").or_else(|| log.take("userId")),
                name,
                self.directory,
            )
        }?;
        user.set_org(log.take("homeTenantId").map(Organization::of_uid));
        match log.look("userType").as_deref() {
            Some("Member" | "member") if is_person => drop(user.set_type_id(1).set_kind("User")),
            Some(_) if is_person => drop(user.set_type_id(99).set_kind(log.take("userType"))),
            _ => {}
        }
        user.set_risk_level_id(log.look("riskLevelAggregated").and_then(|level| risk_level(&level)));
        Some(user)
    }

    /// What is signed in to. Of a flat record `resourceId` is the path of the directory.
    fn service(&self) -> Service {
        let log = &self.log;
        let own = log.inner().member("resourceId").and_then(told);
        let own = own.filter(|id| id.look().is_some_and(|id| !id.starts_with('/')));
        let uid = own.and_then(|id| id.take()).or_else(|| log.take("resourceIdentity"));
        let name = log.take("resourceDisplayName");
        let mut service = match (uid, &name) {
            (Some(uid), _) => Service::of_uid(uid),
            (None, Some(name)) => Service::named(&**name),
            (None, None) => Service::named("Microsoft Entra ID"),
        };
        service.set_name(name);
        service
    }

    /// The application through which it is done, and what conditional access made of it.
    fn actor(&self) -> Actor {
        let log = &self.log;
        let uid = log.take("appId");
        let name =
            log.take("appDisplayName").or_else(|| log.look("servicePrincipalName")).or_else(|| uid.clone());
        let mut actor = Actor::of_app(name.unwrap_or(Cow::Borrowed("Microsoft Entra ID")));
        actor.set_app_uid(uid).set_idp(log.take("tokenIssuerType").map(Idp::named));
        actor.set_authorizations(self.decisions());
        actor
    }

    fn decisions(&self) -> Vec<Authorization> {
        /// How many policies an event names. Default 64: a directory has at most 195, and those that did not
        /// apply stay in `unmapped`.
        const POLICIES: usize = 64;
        let whole = self.log.take("conditionalAccessStatus").map(|status| {
            let mut decision = Authorization::new(status);
            decision.set_policy(Policy::named("Conditional Access"));
            decision
        });
        let list = self.log.inner().member("appliedConditionalAccessPolicies");
        let each = list.iter().flat_map(Field::children).take(POLICIES).filter_map(|told| {
            let result = told
                .member("result")
                .and_then(crate::azure_log::told)
                .filter(|_| told.member("id").is_some())?;
            let (mut policy, result) = (Policy::of_uid(take(told, "id")?), result.take()?);
            policy.set_name(take(told, "displayName"));
            policy.set_is_applied(matches!(&*result, "success" | "failure")).set_data(rest_of(told));
            let mut decision = Authorization::new(result);
            decision.set_policy(policy);
            Some(decision)
        });
        whole.into_iter().chain(each).collect()
    }

    fn session(&self) -> Option<Session> {
        let log = &self.log;
        let (uid, token) = (log.take("sessionId"), log.take("uniqueTokenIdentifier"));
        let mut session = Session::new();
        let alternative = if uid.is_some() { token.clone() } else { None };
        session.set_uid(uid.or(token)).set_uid_alt(alternative);
        session.set_credential_uid(log.take("servicePrincipalCredentialKeyId"));
        session.set_issuer(log.take("tokenIssuerName"));
        (session != Session::new()).then_some(session)
    }

    fn http_request(&self) -> Option<HttpRequest> {
        let mut request = HttpRequest::new();
        let browser = || take(self.log.inner().member("deviceDetail")?, "browser");
        request.set_user_agent(self.log.take("userAgent").or_else(browser)?);
        Some(request)
    }

    fn factors(&self) -> Vec<AuthFactor> {
        /// How many steps an event names. Default 16: a sign-in has a few.
        const STEPS: usize = 16;
        let steps = self.log.inner().member("authenticationDetails");
        let steps = steps.iter().flat_map(Field::children).take(STEPS);
        let factors = steps.filter_map(|step| {
            let method = told(step.member("authenticationMethod")?)?;
            let number = factor_type(&method.look()?);
            let mut factor = AuthFactor::new(number);
            factor.set_factor_type(if number == 99 { method.take() } else { method.copy().and(None) });
            Some(factor)
        });
        factors.collect()
    }

    /// By which protocol, whether somebody sat there, and with how many factors.
    fn tell_way(&self, event: &mut Event) {
        let log = &self.log;
        if let Some(field) = log.field("authenticationProtocol") {
            match field.look().as_deref().map(str::to_ascii_lowercase).as_deref() {
                Some("oauth2") => drop(event.set_auth_protocol_id(6)),
                Some("saml20" | "ws-federation") => drop(event.set_auth_protocol_id(5)),
                _ => drop(event.set_auth_protocol_id(99).set_auth_protocol(field.take())),
            }
        }
        match log.field("isInteractive").and_then(|told| told.copy()).as_deref() {
            Some("true") => drop(event.set_logon_type_id(2)),
            Some("false") => drop(event.set_logon_type_id(99).set_logon_type("Non-interactive")),
            _ => {}
        }
        let succeeded = event.status_id() == Some(1);
        event.set_is_mfa(
            match log.field("authenticationRequirement").and_then(|told| told.copy()).as_deref() {
                Some("singleFactorAuthentication") => Some(false),
                Some("multiFactorAuthentication") if succeeded => Some(true),
                _ => None,
            },
        );
    }

    fn tell_risk(&self, event: &mut Event) {
        let log = &self.log;
        let level = log.field("riskLevelDuringSignIn").and_then(|level| level.copy());
        event.set_risk_level_id(level.and_then(|level| risk_level(&level)));
        if let Some(detail) = log.inner().member("riskDetail").and_then(|detail| detail.take()) {
            let mut text = String::new();
            write_text(&detail, &mut text);
            event.set_attribute("risk_details", &JsonText::new(text));
        }
    }

    fn tell_outcome(&self, event: &mut Event) {
        let log = &self.log;
        let status = log.inner().member("status").filter(Field::is_object);
        let code = status.and_then(|status| take(status, "errorCode"));
        let code = code.or_else(|| take(log.outer(), "resultType"));
        if let Some(code) = &code {
            log.take_same("resultType", code);
        }
        let signature = || log.outer().member("resultSignature").and_then(|word| word.copy());
        match code.clone().or_else(signature).as_deref().and_then(outcome_of) {
            Some(Outcome::Other) => drop(event.set_outcome(Outcome::Other, Some("Interrupted"))),
            Some(outcome) => drop(event.set_outcome(outcome, None)),
            None => {}
        }
        let said = |name| status.and_then(|status| take(status, name));
        let reason = said("failureReason").or_else(|| said("additionalDetails"));
        if let Some(reason) = &reason {
            log.take_same("resultDescription", reason);
        }
        event.set_status_code(code).set_status_detail(reason);
    }
}

/// What a policy asks for and how much of it was met: all but its id, name and result.
fn rest_of(policy: Field<'_>) -> Option<JsonText> {
    let mut text = String::from("{");
    let named = |field: &Field<'_>| ["id", "displayName", "result"].iter().any(|name| field.is_called(name));
    for field in policy.children().filter(|field| !named(field)) {
        let Some(value) = field.take_whole() else { continue };
        write_name(&field.name(), &mut text);
        text.push_str(value.as_str());
    }
    text.push('}');
    (text.len() > 2).then(|| JsonText::new(text))
}

/// What the directory notes of how it went, as pairs of name and value.
fn tags(log: &AzureLog<'_>) -> Option<JsonText> {
    let list = log.inner().member("authenticationProcessingDetails").filter(Field::is_array)?;
    let mut text = String::from("[");
    for pair in list.children() {
        let part = |name| pair.member(name).filter(|part| part.look().is_some());
        let (Some(key), Some(value)) = (part("key"), part("value")) else { continue };
        text.push_str(if text.len() > 1 { ",{" } else { "{" });
        write_member("name", &key.take().unwrap_or_default(), &mut text);
        write_member("value", &value.take().unwrap_or_default(), &mut text);
        text.push('}');
    }
    text.push(']');
    (text.len() > 2).then(|| JsonText::new(text))
}

/// How a code or a word says that it ended.
fn outcome_of(code: &str) -> Option<Outcome> {
    let is = |word: &str| code.eq_ignore_ascii_case(word);
    match code.parse::<u32>() {
        Ok(0) => Some(Outcome::Success),
        Ok(number) if INTERRUPTS.contains(&number) => Some(Outcome::Other),
        Ok(_) => Some(Outcome::Failure),
        Err(_) if is("success") || is("succeeded") => Some(Outcome::Success),
        Err(_) if is("failure") || is("failed") => Some(Outcome::Failure),
        Err(_) if is("interrupted") => Some(Outcome::Other),
        Err(_) => None,
    }
}

/// OCSF's number of a level of risk; none where nothing was found or the licence hides it.
pub(super) fn risk_level(level: &str) -> Option<i32> {
    match level.to_ascii_lowercase().as_str() {
        "low" => Some(1),
        "medium" => Some(2),
        "high" => Some(3),
        _ => None,
    }
}

/// OCSF's number of a method of authentication.
fn factor_type(method: &str) -> i32 {
    const METHODS: [(&str, i32); 12] = [
        ("fido2", 10),
        ("hello", 10),
        ("passkey", 10),
        ("password", 11),
        ("text message", 1),
        ("sms", 1),
        ("phone call", 3),
        ("app notification", 5),
        ("hardware oath", 6),
        ("oath", 7),
        ("verification code", 7),
        ("email", 8),
    ];
    let method = method.to_ascii_lowercase();
    METHODS.iter().find(|(word, _)| method.contains(word)).map_or(99, |(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_is_no_failure() {
        for (code, expected) in [
            ("0", Some(Outcome::Success)),
            ("50140", Some(Outcome::Other)),
            ("50074", Some(Outcome::Other)),
            ("65001", Some(Outcome::Other)),
            ("50126", Some(Outcome::Failure)),
            ("50053", Some(Outcome::Failure)),
            ("53003", Some(Outcome::Failure)),
            ("7000215", Some(Outcome::Failure)),
            ("Success", Some(Outcome::Success)),
            ("FAILURE", Some(Outcome::Failure)),
            ("later", None),
        ] {
            assert_eq!(outcome_of(code), expected, "{code}");
        }
    }

    #[test]
    fn methods_find_their_factor() {
        for (method, expected) in [
            ("Password", 11),
            ("Mobile app notification", 5),
            ("OATH verification code", 7),
            ("Text message", 1),
            ("FIDO2 security key", 10),
            ("Previously satisfied", 99),
        ] {
            assert_eq!(factor_type(method), expected, "{method}");
        }
    }
}
