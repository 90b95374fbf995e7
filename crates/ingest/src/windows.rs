//! Windows event logs: audit, Sysmon, PowerShell, Task Scheduler, services, Defender and others.
//!
//! Sources: learn.microsoft.com, "Advanced security audit policy settings" and "Event schema"; the page of Sysmon.
//! A log that has no audit keyword tells of what came to pass: its outcome is success unless its id says
//! otherwise. `-`, `%%1793` and ids of zeros say that there is none. Times without a zone are taken as UTC, and
//! only where the record tells no other.

mod account;
mod kind;
mod log;
mod network;
mod object;
mod party;
mod program;
mod sign_in;
mod task;
mod words;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{ClassUid, Device, DeviceId, Event, Feature, Head, Logger, Product, Severity, Str};
use kind::{Kind, is_failure, kind_of};
use log::{Item, Log};
use std::borrow::Cow;

/// Windows event logs in every JSON shape: flat, the event's own tree, and Winlogbeat's.
///
/// Classes 1001, 1002, 1005 to 1009, 201001 to 201004, 2004, 3001 to 3006, 4001, 4003, 4006, 6002, 6003, 6008.
#[derive(Clone, Copy, Debug, Default)]
pub struct Windows;

impl Source for Windows {
    fn name(&self) -> &'static str {
        "windows"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        Log::is_in(record)
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let log = Log::of(record);
        let id = log.item(Item::EventId).and_then(|id| id.look()?.parse().ok()).unwrap_or(0);
        let name = |item| log.item(item).and_then(|field| field.look()).unwrap_or_default();
        let found = kind_of(&name(Item::Provider), &name(Item::Channel), id);
        let kind = if found == Kind::Base && is_error(&name(Item::Level)) { Kind::Fault } else { found };
        let time = log.time();
        let mut event = log.event(kind, time).unwrap_or_else(|| {
            record.give_back();
            log.base_event(log.head(0, time))
        });
        log.tell_common(&mut event);
        log.tell_outcome(&mut event, is_failure(kind, id));
        events.push(event);
    }
}

/// Whether a level says that something went wrong.
fn is_error(level: &str) -> bool {
    matches!(level, "1" | "2") || ["error", "critical"].iter().any(|word| level.eq_ignore_ascii_case(word))
}

impl Log<'_, '_> {
    fn event(&self, kind: Kind, time: Timestamp) -> Option<Event> {
        let head = |activity| self.head(activity, time);
        match kind {
            Kind::SignIn(activity) => self.sign_in(head(activity)),
            Kind::Rights => self.rights(head(1)),
            Kind::Groups => self.groups(head(2)),
            Kind::Account(99) => self.account(head(self.change_of_account().unwrap_or(99))),
            Kind::Account(9) => self.lock_out(head(9)),
            Kind::Account(activity) => self.account(head(activity)),
            Kind::Group(activity) => self.group(head(activity)),
            Kind::Access(activity) => self.access(head(activity)),
            Kind::Entity(activity, what) => Some(self.entity(head(activity), what)),
            Kind::Process(activity) => self.process_event(head(activity), activity, time),
            Kind::File(activity) => self.file_event(head(activity)),
            Kind::Pipe(activity) => self.pipe_event(head(activity)),
            Kind::Object(touch) => {
                let (class, activity) = self.object_act(touch);
                self.object_event(class, head(activity))
            }
            Kind::Share => self.share_event(head(2)),
            Kind::Key(activity) => self.key_event(head(activity)),
            Kind::Value(activity) => self.value_event(head(self.value_activity(activity))),
            Kind::Registry => match self.registry_act() {
                (ClassUid::REGISTRY_VALUE_ACTIVITY, activity) => self.value_event(head(activity)),
                (_, activity) => self.key_event(head(activity)),
            },
            _ => self.other_event(kind, time),
        }
    }

    fn other_event(&self, kind: Kind, time: Timestamp) -> Option<Event> {
        let head = |activity| self.head(activity, time);
        match kind {
            Kind::Module => Some(self.module_event(head(1))),
            Kind::Driver => Some(self.driver_event(head(1))),
            Kind::Script => Some(self.script_event(head(1))),
            Kind::Job(activity) => self.job_event(head(activity)),
            Kind::Subscription => self.subscription(head(self.subscription_activity())),
            Kind::Service(0) => self.service_event(head(self.service_activity())),
            Kind::Service(activity) => self.service_event(head(activity)),
            Kind::Log(activity) => Some(self.log_event(head(activity))),
            Kind::Connection(activity) => Some(self.connection(head(activity))),
            Kind::Name => self.name_question(head(if self.data("QueryStatus").is_some() { 2 } else { 1 })),
            Kind::App(0) => Some(self.app_event(head(self.app_activity()))),
            Kind::App(activity) => Some(self.app_event(head(activity))),
            Kind::Call => self.call(head(self.call_activity())),
            Kind::Finding => self.finding(head(1)),
            Kind::Fault => Some(self.fault_event(head(1))),
            _ => None,
        }
    }

    /// When it happened: the head's time where it has a zone, else a time known to be UTC, else the head's.
    fn time(&self) -> Timestamp {
        let of = |field: Option<Field<'_>>| field.and_then(|field| moment::read(&field.look()?));
        let zoned = self.time_field().and_then(|field| of(Some(field)));
        zoned.unwrap_or(Timestamp::UNKNOWN)
    }

    /// The field that tells the time best.
    fn time_field(&self) -> Option<Field<'_>> {
        let own = self.item(Item::Time);
        let has_zone =
            |field: &Field<'_>| field.look().is_some_and(|text| text.ends_with('Z') || has_offset(&text));
        let utc = || self.data("UtcTime").or_else(|| self.collected("@timestamp"));
        own.filter(has_zone).or_else(utc).or(own).or_else(|| self.collected("TimeGenerated"))
    }

    fn head(&self, activity: u32, time: Timestamp) -> Head {
        let product = self.product();
        if activity != 99 {
            return Head::new(activity, time, product);
        }
        let id = self.item(Item::EventId).and_then(|id| id.look()).unwrap_or_default();
        let word = self
            .item(Item::Category)
            .and_then(|word| word.look())
            .filter(|word| word.parse::<i64>().is_err());
        Head::other(word.map_or_else(|| id.into_owned(), Cow::into_owned), time, product)
    }

    fn product(&self) -> Product {
        let mut product = Product::new("Microsoft", "Windows");
        let name = self.item(Item::Provider).and_then(|name| name.look());
        let guid = self.item(Item::Guid).and_then(|guid| guid.look());
        let feature = name.map(|name| {
            let mut feature = Feature::named(name);
            feature.set_uid(guid);
            feature
        });
        product.set_feature(feature);
        product
    }

    fn tell_common(&self, event: &mut Event) {
        if let Some(field) = self.time_field() {
            field.copy();
            if let Some(text) = field.take() {
                event.set_original_time(&text);
            }
        }
        let take = |item| self.item(item).and_then(|field| field.take());
        let channel = take(Item::Channel);
        // The product names both or neither.
        if self.item(Item::Provider).is_some_and(|name| name.look().is_some()) {
            take(Item::Guid);
        }
        event.set_message(take(Item::Message));
        event.set_severity(Severity::INFORMATIONAL);
        let metadata = event.metadata_mut();
        metadata.set_log_provider(take(Item::Provider)).set_log_name(channel);
        metadata.set_event_code(take(Item::EventId)).set_original_event_uid(take(Item::RecordId));
        metadata.set_log_level(take(Item::Level)).set_log_version(take(Item::Version));
        metadata.set_kind(take(Item::Category)).set_correlation_uid(take(Item::ActivityId));
        metadata.set_labels(self.labels()).set_loggers(self.loggers());
        metadata.set_log_source(self.around("log.file.path").and_then(|path| path.take()));
    }

    /// The collector's tags, and the keywords where they are words.
    fn labels(&self) -> Vec<Str> {
        let mut labels = Vec::new();
        let tags = self.collected("tags").filter(Field::is_array);
        let words = self.item(Item::Keywords);
        for list in tags.into_iter().chain(words.filter(Field::is_array)) {
            labels.extend(list.children().filter_map(|tag| tag.take()).map(Str::from));
        }
        let rule = self.data("RuleName").filter(|_| self.is_sysmon());
        labels.extend(rule.and_then(|rule| rule.take()).map(Str::from));
        labels
    }

    fn is_sysmon(&self) -> bool {
        let provider = self.item(Item::Provider).and_then(|name| name.look());
        provider.is_some_and(|name| name.contains("Sysmon"))
    }

    /// The collector that carried the event on: `NXLog`'s module and host, or a Beat.
    fn loggers(&self) -> Vec<Logger> {
        let take = |field: Option<Field<'_>>| field.and_then(|field| field.take()).map(Str::from);
        if let Some(agent) = self.around("agent") {
            let member = |name: &str| take(agent.member(name));
            let name = member("name").or_else(|| member("hostname"));
            let Some(name) = name.or_else(|| member("type")) else { return Vec::new() };
            let mut logger = Logger::named(name);
            logger.set_uid(member("id")).set_version(member("version"));
            logger.set_product(member("type").map(|kind| Product::new("Elastic", kind)));
            return vec![logger];
        }
        if !self.is_flat() {
            return Vec::new();
        }
        let Some(name) = take(self.collected("SourceModuleName")) else { return Vec::new() };
        let mut logger = Logger::named(name);
        logger.set_log_provider(take(self.collected("SourceModuleType")));
        let host = take(self.collected("host"));
        logger.set_device(host.map(|host| Device::new(0, DeviceId::Hostname(host))));
        let sent = self.collected("@timestamp").and_then(|field| moment::read(&field.copy()?));
        logger.set_transmit_time(sent);
        vec![logger]
    }

    /// By audit keyword or the collector's word, else by what the id says.
    fn tell_outcome(&self, event: &mut Event, failure_by_id: bool) {
        let success = self.audit_success().unwrap_or(!failure_by_id);
        let refused = event.rcode_id().is_some_and(|code| code != 0);
        let outcome = if success && !refused { Outcome::Success } else { Outcome::Failure };
        event.set_outcome(outcome, None);
        if event.status_code().is_none() {
            let code = self.code().map(Str::from);
            event.set_status_code(code);
        }
        event.set_status_detail(self.data("FailureReason").and_then(|reason| reason.take()));
        if event.class_uid() == ClassUid::NETWORK_ACTIVITY && outcome == Outcome::Failure {
            event.set_action_id(2).set_disposition_id(2);
        }
    }

    /// What the audit keywords say: their words, or the bits 0x20 and 0x10 of their seventh byte.
    fn audit_success(&self) -> Option<bool> {
        let words =
            [self.around("winlog.outcome"), self.around("event.outcome"), self.collected("EventType")];
        for field in words.into_iter().flatten() {
            match field.look()?.to_ascii_lowercase().as_str() {
                "success" | "audit_success" => {
                    field.copy();
                    return Some(true);
                }
                "failure" | "audit_failure" => {
                    field.copy();
                    return Some(false);
                }
                _ => {}
            }
        }
        let field = self.item(Item::Keywords)?;
        let said = |text: &str| match text {
            "Audit Success" => Some(true),
            "Audit Failure" => Some(false),
            other => by_bits(other),
        };
        let first = if field.is_array() { field.children().next()?.look()? } else { field.look()? };
        said(&first)
    }
}

/// The audit bits of a mask of keywords, hexadecimal or signed decimal.
fn by_bits(text: &str) -> Option<bool> {
    let bits = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => text.parse::<i64>().ok()?.cast_unsigned(),
    };
    match (bits & 0x20_0000_0000_0000 != 0, bits & 0x10_0000_0000_0000 != 0) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// Whether a time ends in an offset such as `+02:00`.
fn has_offset(text: &str) -> bool {
    let tail = text.get(text.len().saturating_sub(6)..).unwrap_or_default();
    tail.starts_with(['+', '-']) && tail.ends_with(|end: char| end.is_ascii_digit()) && tail.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_tell_the_outcome() {
        assert_eq!(by_bits("0x8020000000000000"), Some(true));
        assert_eq!(by_bits("0x8010000000000000"), Some(false));
        assert_eq!(by_bits("-9214364837600034816"), Some(true));
        assert_eq!(by_bits("-9223372036854775808"), None);
    }

    #[test]
    fn zones_are_seen() {
        assert!(has_offset("2026-03-16T08:30:00+02:00") && !has_offset("2026-03-16 08:30:00"));
    }
}
