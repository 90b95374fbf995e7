//! Google Cloud: audit logs, flows of VPC networks, decisions of their firewalls, questions to Cloud DNS.
//!
//! Sources: cloud.google.com, `LogEntry`, `AuditLog`, "VPC Flow Logs records", "Firewall Rules Logging" and "Cloud DNS
//! logging". Entries arrive as lines, as lists, and inside messages of Pub/Sub; some collectors lower their names.

mod audit;
mod dns;
mod flow;
mod operation;

pub use audit::GcpAudit;
pub use dns::GcpDns;
pub use flow::GcpFlow;

use crate::member::is_plain;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::Context;
use core::str::FromStr;
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{Account, Cloud, Event, Severity};
use std::borrow::Cow;

/// Takes what `object` tells under `name`.
fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
}

fn told(field: Field<'_>) -> Option<Field<'_>> {
    let text = field.look()?;
    (!["xxx", "-", "null", "unknown"].contains(&&*text)).then_some(field)
}

/// Takes a whole number, written as one or as a text.
fn number<T: FromStr>(object: Field<'_>, name: &str) -> Option<T> {
    let field = object.member(name)?;
    let text = field.look()?;
    let number = text.parse::<T>().ok()?;
    if is_plain(&text) {
        field.take()
    } else {
        field.copy()
    };
    Some(number)
}

/// The moment of an entry; what is written last is when it was received.
fn time_of(record: &Record<'_>) -> Timestamp {
    const NAMES: [&str; 5] = [
        "timestamp",
        "protoPayload.timestamp",
        "receiveTimestamp",
        "protoPayload.receiveTimestamp",
        "protoPayload.requestMetadata.requestAttributes.time",
    ];
    let read = |name: &&str| moment::read(&record.look(name)?);
    NAMES.iter().find_map(read).unwrap_or(Timestamp::UNKNOWN)
}

/// Tells what every entry has: its id, its log, its project, its times, its severity.
fn tell_entry(record: &Record<'_>, context: &Context, event: &mut Event) {
    if let Some(time) = record.take("timestamp") {
        event.set_original_time(&time);
    }
    let received = record.copy("receiveTimestamp").and_then(|time| moment::read(&time));
    let log = record.take("logName");
    event.set_cloud(cloud(record, log.as_deref(), context));
    let labels = record.field("labels").and_then(|labels| tags(labels, &[]));
    let metadata = event.metadata_mut();
    metadata.set_logged_time(received).set_uid(record.take("insertId")).set_log_name(log);
    metadata.set_correlation_uid(record.take("operation.id").or_else(|| record.take("trace")));
    metadata.set_log_provider(record.take("operation.producer"));
    if let Some(labels) = labels {
        metadata.set_attribute("tags", &labels);
    }
    tell_severity(record, event);
}

fn cloud(record: &Record<'_>, log: Option<&str>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("GCP");
    let labels = record.field("resource.labels").filter(Field::is_object);
    let own = labels.and_then(|labels| take(labels, "project_id"));
    let named = || log?.strip_prefix("projects/")?.split('/').next().map(Cow::Borrowed);
    let project = own.or_else(named).or_else(|| context.account.as_deref().map(Cow::Borrowed));
    cloud.set_account(project.map(|project| {
        let mut account = Account::of_uid(project);
        account.set_type_id(11).set_kind("GCP Project");
        account
    }));
    let label = |name| labels.and_then(|labels| take(labels, name));
    cloud.set_zone(label("zone"));
    cloud.set_region(label("region").or_else(|| label("location")));
    cloud
}

fn tell_severity(record: &Record<'_>, event: &mut Event) {
    let Some(word) = record.take("severity") else { return };
    event.set_severity(match &*word {
        "WARNING" => Severity::LOW,
        "ERROR" => Severity::MEDIUM,
        "CRITICAL" => Severity::HIGH,
        "ALERT" => Severity::CRITICAL,
        "EMERGENCY" => Severity::FATAL,
        _ => Severity::INFORMATIONAL,
    });
    event.metadata_mut().set_log_level(word);
}

/// The texts of an object, but those called `but`, as tags: labels of an entry or of a resource.
fn tags(object: Field<'_>, but: &[&str]) -> Option<JsonText> {
    let mut text = String::new();
    for child in object.children().filter(|child| child.is_text() && child.look().is_some()) {
        if but.iter().any(|name| child.is_called(name)) {
            continue;
        }
        text.push_str(if text.is_empty() { "[" } else { "," });
        text.push_str(r#"{"name":"#);
        crate::text::write_text(&child.name(), &mut text);
        text.push_str(r#","value":"#);
        text.push_str(child.json());
        text.push('}');
        child.take();
    }
    (!text.is_empty()).then(|| JsonText::new(text + "]"))
}

/// Whether the entry is of the log whose name ends so, `/` written as `%2F`.
fn is_of_log(record: &Record<'_>, ends: &[&str]) -> bool {
    let log = record.root().member("logName").and_then(|name| name.look());
    log.is_some_and(|log| ends.iter().any(|end| log.contains(end)))
}
