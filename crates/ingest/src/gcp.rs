//! Google Cloud: what all its logs have in common, the log entry.
//!
//! Source: cloud.google.com, "`LogEntry`", "Cloud Audit Logs: `AuditLog`", "VPC Flow Logs record format", "Cloud DNS
//! logging", "Firewall Rules Logging". Collectors fold the case of names: they are read without regard to it.

mod audit;
mod dns;
mod firewall;
mod flow;
mod method;

pub use audit::GcpAudit;
pub use dns::GcpDns;
pub use firewall::GcpFirewall;
pub use flow::GcpVpcFlow;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::Context;
use homeostat_core::Timestamp;
use homeostat_event::{Account, Cloud, Event, Organization, Severity};
use std::borrow::Cow;

/// An entry of Cloud Logging.
#[derive(Clone, Copy)]
struct LogEntry<'a> {
    root: Field<'a>,
}

impl<'a> LogEntry<'a> {
    fn of(record: &Record<'a>) -> Self {
        Self { root: record.folded().root() }
    }

    /// What the service itself tells.
    fn payload(&self, name: &str) -> Field<'a> {
        self.root.member(name).filter(Field::is_object).unwrap_or(self.root)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.root.member(name)?.take()
    }

    /// A label of the resource that the entry is about.
    fn label(&self, name: &str) -> Option<Field<'a>> {
        self.root.member("resource")?.member("labels")?.member(name).filter(|label| label.look().is_some())
    }

    fn take_label(&self, name: &str) -> Option<Cow<'a, str>> {
        self.label(name)?.take()
    }

    fn time(&self) -> Timestamp {
        let read = |path| moment::read(&self.root.get(path)?.look()?);
        let told = read("timestamp").or_else(|| read("receiveTimestamp"));
        told.or_else(|| read("protoPayload.requestMetadata.requestAttributes.time"))
            .unwrap_or(Timestamp::UNKNOWN)
    }

    /// The project: as the resource's labels tell, else as the log's name does, else the caller's.
    fn project(&self, context: &Context) -> Option<String> {
        let told = self.take_label("project_id").map(Cow::into_owned);
        told.or_else(|| self.named_in_log("projects")).or_else(|| context.account.clone())
    }

    /// `projects/acme/logs/…` → `acme`.
    fn named_in_log(&self, kind: &str) -> Option<String> {
        let name = self.root.member("logName")?.look()?;
        let (name, _) = name.strip_prefix(kind)?.strip_prefix('/')?.split_once('/')?;
        Some(name.to_owned())
    }

    fn cloud(&self, context: &Context) -> Cloud {
        let mut cloud = Cloud::new("GCP");
        cloud.set_account(self.project(context).map(|project| {
            let mut account = Account::of_uid(project);
            account.set_type_id(11).set_kind("GCP Project");
            account
        }));
        cloud.set_org(self.named_in_log("organizations").map(Organization::of_uid));
        let place = self.take_label("zone").or_else(|| self.take_label("location"));
        let place = place.or_else(|| self.take_label("region"));
        if let Some(place) = place {
            let region = region_of(&place).map(str::to_owned);
            cloud.set_zone(region.is_some().then(|| place.clone()));
            cloud.set_region(region.unwrap_or_else(|| place.into_owned()));
        }
        cloud
    }

    /// What every entry tells in the same members.
    fn tell(&self, event: &mut Event, context: &Context) {
        event.set_cloud(self.cloud(context));
        let told = self.take("timestamp").or_else(|| self.take("receiveTimestamp"));
        if let Some(time) = told {
            event.set_original_time(&time);
        }
        let level = self.take("severity");
        event.set_severity(severity(level.as_deref().unwrap_or_default()));
        let received = self.root.member("receiveTimestamp").and_then(|time| moment::read(&time.copy()?));
        let metadata = event.metadata_mut();
        metadata.set_uid(self.take("insertId")).set_log_name(self.take("logName"));
        metadata.set_log_level(level).set_logged_time(received);
    }
}

/// `us-east1-b` → `us-east1`; `None` for what is no zone.
fn region_of(zone: &str) -> Option<&str> {
    let (region, letter) = zone.rsplit_once('-')?;
    (letter.len() == 1 && region.contains('-')).then_some(region)
}

/// A refused call is logged as an error: so an error is medium, and what is worse is high.
fn severity(level: &str) -> Severity {
    match level.to_ascii_uppercase().as_str() {
        "WARNING" => Severity::LOW,
        "ERROR" => Severity::MEDIUM,
        "CRITICAL" => Severity::HIGH,
        "ALERT" | "EMERGENCY" => Severity::CRITICAL,
        _ => Severity::INFORMATIONAL,
    }
}

/// Whether the entry has payload `name` and a log whose name ends with `log`.
fn is_log(record: &Record<'_>, payload: &str, log: &str) -> bool {
    let root = record.root();
    let name = root.member("logName").and_then(|name| name.look());
    root.member(payload).is_some_and(|payload| payload.is_object())
        && name.is_some_and(|name| name.ends_with(log))
}

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn zones_are_told_from_regions() {
        for (place, region) in [
            ("us-east1-b", Some("us-east1")),
            ("northamerica-northeast1-a", Some("northamerica-northeast1")),
            ("us-east1", None),
            ("global", None),
            ("eu", None),
        ] {
            assert_eq!(region_of(place), region, "{place}");
        }
    }
}
