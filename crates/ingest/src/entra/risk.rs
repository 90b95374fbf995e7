//! Risks that the directory finds in users, service principals and sign-ins.

use super::sign_in::risk_level;
use super::{cloud, directory, product, service_principal, user_of};
use crate::azure_log::{AzureLog, location, take};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::write_text;
use homeostat_core::JsonText;
use homeostat_event::{
    Actor, Event, Evidence, FindingInfo, Head, NetworkEndpoint, ResourceDetails, Severity, User,
};
use std::borrow::Cow;

/// Microsoft Entra ID Protection. Class 2004: activity 1 for what was detected, 2 for the state of who is at risk, 3
/// when the risk is over.
///
/// Categories `RiskyUsers`, `UserRiskEvents` and those of service principals, and Graph's `riskDetection`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EntraRisk;

impl Source for EntraRisk {
    fn name(&self) -> &'static str {
        "entra_risk"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let inner = root.member("properties").filter(Field::is_object).unwrap_or(root);
        let has = |name| inner.member(name).is_some();
        has("riskLevel") && has("riskState") && (has("riskEventType") || has("riskLastUpdatedDateTime"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let log = AzureLog::of(record);
        let directory = directory(&log, context);
        events.push(Risk { log, directory: directory.as_deref() }.event());
    }
}

struct Risk<'r, 'a> {
    log: AzureLog<'a>,
    directory: Option<&'r str>,
}

impl Risk<'_, '_> {
    fn event(&self) -> Event {
        let log = &self.log;
        // The log's own time is when the finding was made or has changed.
        let time = log.time(&["time", "lastUpdatedDateTime", "riskLastUpdatedDateTime"]);
        let mut event = Event::detection_finding(Head::new(self.activity(), time, product()), self.finding());
        let evidence = self.evidence();
        let at_risk = evidence.actor().and_then(Actor::user).map(as_resource);
        event.set_resources(at_risk.into_iter().collect::<Vec<_>>());
        event.set_cloud(cloud(log, self.directory)).set_evidences(vec![evidence]);
        log.tell(&mut event, &[]);
        self.tell_level(&mut event);
        event.metadata_mut().set_uid(take(log.inner(), "id"));
        event
    }

    fn is_over(&self) -> bool {
        let state = self.log.look("riskState");
        matches!(state.as_deref(), Some("remediated" | "dismissed" | "confirmedSafe"))
    }

    fn activity(&self) -> u32 {
        match () {
            () if self.is_over() => 3,
            () if self.log.field("riskEventType").is_some() => 1,
            () => 2,
        }
    }

    fn finding(&self) -> FindingInfo {
        let log = &self.log;
        let mut finding = FindingInfo::new(log.look("id").unwrap_or(Cow::Borrowed("unknown")));
        let kind = log.take("riskEventType").or_else(|| log.take("riskType"));
        finding.set_title(kind.clone().or_else(|| log.look("operationName")));
        if let Some(kind) = kind {
            log.take_same("riskType", &kind);
            finding.set_types(vec![kind.into()]);
        }
        let time = |name| moment::read(&log.field(name)?.copy()?);
        finding.set_first_seen_time(time("activityDateTime")).set_created_time(time("detectedDateTime"));
        finding.set_modified_time(time("lastUpdatedDateTime").or_else(|| time("riskLastUpdatedDateTime")));
        finding.set_data_sources(log.take("source").map(|name| vec![name.into()]).unwrap_or_default());
        finding
    }

    fn evidence(&self) -> Evidence {
        let log = &self.log;
        let mut evidence =
            Evidence::of_actor(Actor::of_user(self.user().unwrap_or_else(|| User::named("unknown"))));
        let origin = log.take_address(&["ipAddress", "callerIpAddress"]).map(|address| {
            let mut origin = NetworkEndpoint::of_ip(address);
            let place = log.inner().member("location").filter(Field::is_object);
            origin.set_location(location(place, log.outer().member("location")));
            origin
        });
        evidence.set_src_endpoint(origin);
        evidence
    }

    /// Who is at risk. A user of which the record is the state has its id in `id`.
    fn user(&self) -> Option<User> {
        let log = &self.log;
        if log.field("servicePrincipalId").is_some() {
            let name = log.take("servicePrincipalDisplayName").or_else(|| log.take("displayName"));
            return service_principal(log.take("servicePrincipalId"), name, self.directory);
        }
        let state = log.field("riskEventType").is_none();
        let own = || state.then(|| log.look("id")).flatten();
        let uid = log.take("userId").or_else(own);
        let mut user =
            user_of([uid, log.take("userPrincipalName"), log.take("userDisplayName")], self.directory)?;
        user.set_risk_level_id(log.look("riskLevel").and_then(|level| risk_level(&level)));
        Some(user)
    }

    fn tell_level(&self, event: &mut Event) {
        let log = &self.log;
        let level = log.field("riskLevel").and_then(|level| level.copy());
        let number = level.as_deref().and_then(risk_level);
        event.set_severity(match number {
            Some(1) => Severity::LOW,
            Some(2) => Severity::MEDIUM,
            Some(3) => Severity::HIGH,
            _ => Severity::INFORMATIONAL,
        });
        event.set_risk_level_id(number);
        event.set_status_id(if self.is_over() { 4 } else { 1 });
        event.set_status_code(log.take("riskState"));
        if let Some(detail) = log.inner().member("riskDetail").and_then(|detail| detail.take()) {
            let mut text = String::new();
            write_text(&detail, &mut text);
            event.set_attribute("risk_details", &JsonText::new(text));
        }
    }
}

/// Who is at risk, as what is affected.
fn as_resource(user: &User) -> ResourceDetails {
    let name = user.name().or(user.display_name());
    let mut thing = match user.uid() {
        Some(uid) => ResourceDetails::of_uid(uid),
        None => ResourceDetails::named(name.unwrap_or("unknown")),
    };
    let kind = if user.type_id() == Some(4) { "ServicePrincipal" } else { "User" };
    thing.set_name(name).set_kind(kind);
    thing
}
