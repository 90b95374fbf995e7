//! Amazon `GuardDuty` findings: what it saw, on which resource, by whom and from where.
//!
//! Source: Amazon GuardDuty User Guide, "Finding details", and API reference, `Finding`. A severity of 4 is medium,
//! 7 high, 9 critical (User Guide, "Severity levels").

mod action;
mod resource;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Timestamp;
use homeostat_event::{Account, Cloud, Event, FindingInfo, Head, Product, Severity};
use std::borrow::Cow;

/// Amazon `GuardDuty` findings. Class 2004: created, updated, or closed when archived.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuardDuty;

impl Source for GuardDuty {
    fn name(&self) -> &'static str {
        "guardduty"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        let service = root.member("service").or_else(|| root.member("Service"));
        let detector = service.is_some_and(|service| {
            ["detectorId", "DetectorId", "serviceName", "additionalInfo"]
                .iter()
                .any(|name| service.member(name).is_some())
        });
        detector && has("severity") && has("type") && (has("accountId") || has("arn"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let mut event = Event::detection_finding(head(root), finding(root));
        tell_times(root, &mut event);
        event.set_severity(severity(root)).set_cloud(cloud(root, context));
        event.set_count(root.get("service.count").and_then(|count| count.take_as::<i32>()));
        event.set_status_id(if is_archived(root) { 3 } else { 1 }).set_is_alert(true);
        event.set_evidences(action::evidence(root).map(|evidence| vec![evidence]).unwrap_or_default());
        event.set_resources(resource::resources(root)).set_device(resource::device(root));
        match action::blocked(root) {
            Some(true) => event.set_action_id(2).set_disposition_id(2),
            Some(false) => event.set_action_id(1).set_disposition_id(1),
            None => event.set_action_id(action::OBSERVED),
        };
        let metadata = event.metadata_mut();
        metadata.set_uid(root.member("id").and_then(|id| id.look())).set_event_code(take(root, "type"));
        metadata.set_log_name("GuardDuty finding").set_log_version(take(root, "schemaVersion"));
        metadata.set_log_provider(take(root, "service.serviceName"));
        events.push(event);
    }
}

pub(crate) fn take<'a>(root: Field<'a>, path: &str) -> Option<Cow<'a, str>> {
    root.get(path)?.take()
}

fn look<'a>(root: Field<'a>, path: &str) -> Option<Cow<'a, str>> {
    root.get(path)?.look()
}

fn is_archived(root: Field<'_>) -> bool {
    look(root, "service.archived").as_deref() == Some("true")
}

fn head(root: Field<'_>) -> Head {
    let (created, updated) = (look(root, "createdAt"), look(root, "updatedAt"));
    let activity = match () {
        () if is_archived(root) => 3,
        () if updated.is_none() || created == updated => 1,
        () => 2,
    };
    let told = updated.or(created).or_else(|| look(root, "service.eventLastSeen"));
    let time = told.and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN);
    let mut product = Product::new("AWS", "GuardDuty");
    product.set_uid(take(root, "service.detectorId"));
    Head::new(activity, time, product)
}

fn finding(root: Field<'_>) -> FindingInfo {
    let uid = take(root, "id").or_else(|| take(root, "arn")).unwrap_or_default();
    let mut finding = FindingInfo::new(uid);
    finding.set_title(take(root, "title")).set_desc(take(root, "description"));
    finding.set_types(look(root, "type").map(|kind| vec![kind.into()]).unwrap_or_default());
    finding.set_src_url(take(root, "arn"));
    finding
}

fn tell_times(root: Field<'_>, event: &mut Event) {
    let time = |path| root.get(path).and_then(|time: Field<'_>| moment::read(&time.copy()?));
    let Some(mut finding) = event.finding_info().cloned() else { return };
    finding.set_created_time(time("createdAt")).set_modified_time(time("updatedAt"));
    finding.set_first_seen_time(time("service.eventFirstSeen"));
    finding.set_last_seen_time(time("service.eventLastSeen"));
    event.set_finding_info(finding);
    if let Some(text) = take(root, "updatedAt").or_else(|| take(root, "createdAt")) {
        event.set_original_time(&text);
    }
}

fn severity(root: Field<'_>) -> Severity {
    let number = root.member("severity").and_then(|number| number.look()?.parse::<f64>().ok());
    match number {
        Some(number) if number >= 9.0 => Severity::CRITICAL,
        Some(number) if number >= 7.0 => Severity::HIGH,
        Some(number) if number >= 4.0 => Severity::MEDIUM,
        Some(_) => Severity::LOW,
        None => Severity::UNKNOWN,
    }
}

fn cloud(root: Field<'_>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    let account = take(root, "accountId").or_else(|| context.account.as_deref().map(Cow::Borrowed));
    cloud.set_account(account.map(|account| Account::of_uid(&*account)));
    cloud.set_region(take(root, "region")).set_cloud_partition(take(root, "partition"));
    cloud
}
