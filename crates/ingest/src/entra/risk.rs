//! Risks of users and sign-ins that Identity Protection finds.

use super::sign_in::level_of;
use super::{account, directory, person, principal, product};
use crate::azure::{self, Parts, told};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::JsonText;
use homeostat_event::{
    Actor, Analytic, Cloud, Event, Evidence, FindingInfo, Head, NetworkEndpoint, ResourceDetails, Session,
    Severity, User,
};

/// Entra ID Protection: risk detections and risky users or service principals, as Azure Monitor streams them and as
/// Graph lists them. Class 2004.
///
/// A risk that was remediated, dismissed or confirmed safe closes its finding.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraRisk;

const CATEGORIES: [&str; 4] =
    ["RiskyUsers", "UserRiskEvents", "RiskyServicePrincipals", "ServicePrincipalRiskEvents"];

const TIMES: [&str; 4] = ["time", "detectedDateTime", "riskLastUpdatedDateTime", "lastUpdatedDateTime"];

impl Source for EntraRisk {
    fn name(&self) -> &'static str {
        "entra_risk"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        if let Some(category) = root.member("category").and_then(|category| category.look())
            && CATEGORIES.iter().any(|known| category.eq_ignore_ascii_case(known))
        {
            return true;
        }
        let has = |name| root.member(name).is_some();
        has("riskLevel") && has("riskState") && (has("riskEventType") || has("riskLastUpdatedDateTime"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let parts = Parts::of(record);
        let directory = directory(&parts, context);
        let user = user(&parts, directory.as_deref());
        let state = parts.take("riskState");
        let closed = state
            .as_deref()
            .is_some_and(|state| matches!(state, "remediated" | "dismissed" | "confirmedSafe"));
        let head = Head::new(
            if closed { 3 } else { 1 },
            parts.moment(&TIMES),
            product("Microsoft Entra ID Protection"),
        );
        let mut event = Event::detection_finding(head, finding(&parts));
        event.set_evidences(vec![evidence(&parts, user.clone())]);
        if let Some(user) = user {
            event.set_resources(resource(&user).into_iter().collect::<Vec<_>>());
        }
        tell_state(&parts, state.as_deref(), &mut event);
        tell_severity(&parts, &mut event);
        parts.tell_times(&TIMES, &mut event);
        parts.tell_log(&mut event);
        parts.tell_duration("durationMs", &mut event);
        event.set_cloud(Cloud::new("Azure")).set_is_alert(true);
        event.metadata_mut().set_log_source(parts.around("resourceId"));
        event.metadata_mut().set_original_event_uid(parts.take("requestId"));
        events.push(event);
    }
}

fn user(parts: &Parts<'_>, directory: Option<&str>) -> Option<User> {
    let person = person(parts.inner, ["userId", "userPrincipalName", "userDisplayName"], directory);
    let principal =
        || principal(parts.inner, ["servicePrincipalId", "servicePrincipalDisplayName"], directory);
    let mut user = person.or_else(principal)?;
    // Of a risky user the record's own id is the user's.
    if user.uid().is_none() {
        user.set_uid(parts.inner.member("id").and_then(|id| id.look()));
    }
    if let Some(kind) = parts.take("userType") {
        user.set_type_id(99).set_kind(kind);
    }
    user.set_display_name(parts.around("identity")).set_account(account(directory));
    Some(user)
}

/// The one at risk: what a finding is about stands among its resources.
fn resource(user: &User) -> Option<ResourceDetails> {
    let mut thing = match (user.uid(), user.name()) {
        (Some(uid), _) => ResourceDetails::of_uid(uid),
        (None, Some(name)) => ResourceDetails::named(name),
        (None, None) => return None,
    };
    thing.set_name(user.name()).set_kind("User").set_owner(user.clone());
    Some(thing)
}

fn finding(parts: &Parts<'_>) -> FindingInfo {
    let uid = parts.take("id").or_else(|| parts.inner.member("userId")?.look());
    let mut finding = FindingInfo::new(uid.unwrap_or_default());
    let kind = parts.take("riskEventType");
    let old =
        parts.inner.member("riskType").and_then(told).filter(|old| kind.is_none() || old.look() == kind);
    let kind = old.and_then(|old| old.take()).or(kind);
    let operation = parts.root.member("operationName").and_then(|name| name.look());
    finding.set_title(kind.clone().or(operation));
    if let Some(kind) = kind {
        let mut analytic = Analytic::new(&*kind, 2);
        analytic.set_kind("Behavioral").set_category(parts.take("detectionTimingType"));
        finding.set_analytic(analytic).set_types(vec![kind.into()]);
    }
    finding.set_data_sources(parts.take("source").map(|source| vec![source.into()]).unwrap_or_default());
    let time = |name: &str| parts.inner.member(name).and_then(|time| moment::read(&time.copy()?));
    finding.set_first_seen_time(time("activityDateTime")).set_created_time(time("detectedDateTime"));
    finding.set_modified_time(time("lastUpdatedDateTime").or_else(|| time("riskLastUpdatedDateTime")));
    finding.set_desc(parts.take("riskDetail"));
    finding
}

/// Who was seen, where from, and what else the detector tells.
fn evidence(parts: &Parts<'_>, user: Option<User>) -> Evidence {
    let fields = [parts.inner.member("ipAddress"), parts.root.member("callerIpAddress")];
    let mut origin = azure::origin(fields);
    if let Some(origin) = origin.as_mut() {
        let place = parts.inner.member("location").filter(Field::is_object);
        origin.set_location(azure::location(place, None));
    }
    let mut actor = user.map_or_else(|| Actor::of_app("unknown"), Actor::of_user);
    if let Some(issuer) = parts.take("tokenIssuerType") {
        let mut session = Session::new();
        session.set_issuer(issuer);
        actor.set_session(session);
    }
    let mut evidence = Evidence::of_actor(actor);
    evidence.set_src_endpoint(
        origin.unwrap_or_else(|| NetworkEndpoint::of_service("Microsoft Entra ID Protection")),
    );
    evidence.set_name(parts.take("activity"));
    if let Some(more) = parts.inner.member("additionalInfo").and_then(|more| more.take_whole()) {
        evidence.set_attribute("data", &more);
    }
    evidence
}

/// Tells where the finding stands: new, suppressed or resolved.
fn tell_state(parts: &Parts<'_>, state: Option<&str>, event: &mut Event) {
    let Some(state) = state else { return };
    match state {
        "atRisk" | "confirmedCompromised" => event.set_status_id(1).set_status("New"),
        "dismissed" | "confirmedSafe" => event.set_status_id(3).set_status("Suppressed"),
        "remediated" => event.set_status_id(4).set_status("Resolved"),
        other => event.set_status_id(99).set_status(other),
    };
    event.set_status_code(state);
    let succeeded = parts.around("resultSignature");
    event.set_status_detail(succeeded);
}

fn tell_severity(parts: &Parts<'_>, event: &mut Event) {
    let Some(level) = parts.take("riskLevel") else { return };
    let (severity, word) = match &*level {
        "low" => (Severity::LOW, "Low"),
        "medium" => (Severity::MEDIUM, "Medium"),
        "high" => (Severity::HIGH, "High"),
        _ => (Severity::UNKNOWN, "Unknown"),
    };
    event.set_severity(severity).set_severity_name(word);
    if let Some((number, word)) = level_of(&level) {
        event.set_risk_level_id(number).set_risk_level(word);
    }
    let mut json = String::new();
    crate::text::write_text(&level, &mut json);
    event.set_attribute("risk_details", &JsonText::new(json));
}
