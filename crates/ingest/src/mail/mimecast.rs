//! Mimecast: what its gateway received, held, rejected and handed on.
//!
//! Source: Mimecast's documentation of its SIEM logs, in the keys of the older download (`aCode`, `Dir`, `Rcpt`) and
//! of API 2.0 (`aggregateId`, `direction`, `recipients`).

use super::{ALLOWED, BLOCKED, DETECTED, Ends, HELD, REJECTED, Slip, attached, decide, product};
use crate::number;
use crate::record::Record;
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{Event, Head, Malware, Str};

/// Mimecast SIEM logs as JSON. Class 4009.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mimecast;

impl Source for Mimecast {
    fn name(&self) -> &'static str {
        "mimecast"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        let older = told("aCode") && ["Dir", "Act", "Sender", "Rcpt", "MsgId"].iter().any(|name| told(name));
        older || (told("aggregateId") && told("processingId"))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let slip = Slip { root: record.root() };
        let (time, original) = slip.moment(&["datetime", "timestamp", "eventTime"]);
        let mut to = slip.addresses("Rcpt");
        if to.is_empty() {
            to = slip.addresses("recipients");
        }
        let ends = Ends {
            envelope: slip.first(&["Sender", "senderEnvelope"]).map(Str::from),
            header: slip.first(&["headerFrom", "senderHeader"]).map(Str::from),
            to,
        };
        let mut mail = ends.email();
        mail.set_subject(slip.first(&["Subject", "subject"]))
            .set_message_uid(slip.first(&["MsgId", "messageId"]));
        let size =
            ["MsgSize", "totalSizeAttachments", "messageSize"].into_iter().find_map(|name| slip.field(name));
        mail.set_size(size.and_then(number::long));
        let hashes = slip.hashes(["md5", "sha1", "sha256"]);
        let file = attached(slip.first(&["fileName", "filename"]), hashes).map(|mut file| {
            file.set_ext(slip.first(&["fileExt", "fileExtension"])).set_mime_type(slip.take("fileMime"));
            file
        });
        mail.set_files(file.into_iter().collect::<Vec<_>>());
        let way = slip.field("Dir").or_else(|| slip.field("direction"));
        let direction = match way.and_then(|way| way.copy()).as_deref() {
            Some("Inbound" | "inbound") => 1,
            Some("Outbound" | "outbound") => 2,
            Some("Internal" | "internal") => 3,
            _ => 0,
        };
        let head = Head::new(activity(slip), time, product("Mimecast", "Mimecast Email Security"));
        let mut event = Event::email_activity(head, direction, mail);
        if (1..=3).contains(&direction) {
            event.set_direction(way.and_then(|way| way.take()));
        }
        event.set_src_endpoint(slip.sender(&["IP", "senderIp", "SourceIP", "ip"]));
        event.set_malware(malware(slip));
        ends.tell(&mut event);
        if let Some(original) = original {
            event.set_original_time(&original);
        }
        let metadata = event.metadata_mut();
        metadata
            .set_uid(slip.first(&["processingId"]))
            .set_correlation_uid(slip.first(&["aCode", "aggregateId"]));
        metadata.set_log_name("SIEM").set_event_code(slip.first(&["eventType", "type"]));
        tell_act(&mut event, slip);
        events.push(event);
    }
}

/// The log a record is of: what was handed on was sent, what was held was scanned, the rest was received.
fn activity(slip: Slip<'_>) -> u32 {
    let kind = slip.field("type").or_else(|| slip.field("eventType")).and_then(|kind| kind.look());
    match kind.as_deref() {
        Some("receipt") => 2,
        Some("delivery") => 1,
        Some(_) => 3,
        None if slip.field("Delivered").is_some() => 1,
        None if slip.field("Hld").is_some()
            || slip.field("Virus").is_some()
            || slip.field("sha256").is_some() =>
        {
            3
        }
        None => 2,
    }
}

fn malware(slip: Slip<'_>) -> Vec<Malware> {
    slip.first(&["Virus", "virusFound"]).map(|name| Malware::new(name, vec![0])).into_iter().collect()
}

fn tell_act(event: &mut Event, slip: Slip<'_>) {
    let word = slip.first(&["Act", "action"]);
    match word.as_deref() {
        Some("Acc" | "Allow" | "accepted") => {
            decide(event, ALLOWED, "");
        }
        Some("Rej" | "Bnc" | "Reject" | "rejected") => {
            decide(event, REJECTED, "");
        }
        Some("Hld" | "Hold" | "held") => {
            decide(event, HELD, "held");
        }
        Some("Sdbx" | "Sandbox") => {
            decide(event, DETECTED, "sandboxed");
        }
        Some("Del" | "Block" | "blocked") => {
            decide(event, BLOCKED, "");
        }
        Some(other) => {
            event.set_outcome(Outcome::Other, Some(other));
        }
        None => {
            let delivered =
                slip.field("Delivered").or_else(|| slip.field("delivered")).and_then(|told| told.copy());
            let held = slip.field("Hld").is_some();
            match delivered.as_deref() {
                Some("true" | "True") => event.set_outcome(Outcome::Success, None),
                Some(_) => event.set_outcome(Outcome::Failure, None),
                None if held => decide(event, HELD, "held"),
                None => event.set_outcome(Outcome::Success, None),
            };
        }
    }
    event.set_status_code(word);
    event.set_status_detail(slip.first(&[
        "RejInfo",
        "rejectionInfo",
        "RejType",
        "rejectionType",
        "Hld",
        "holdReason",
        "Err",
    ]));
}
