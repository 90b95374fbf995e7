//! Exchange Online message trace: one record for each recipient of a message.
//!
//! Source: learn.microsoft.com, `Get-MessageTrace`, `Get-MessageTraceV2`, and the `MessageTrace` report. `Received` is UTC
//! without saying so; `Status` tells what has become of the message so far.

use super::{Ends, HELD, Slip, TAGGED, decide, product};
use crate::number;
use crate::record::Record;
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{Event, Head, Str};

/// Exchange Online message trace. Class 4009, Trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageTrace;

impl Source for MessageTrace {
    fn name(&self) -> &'static str {
        "message_trace"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        told("MessageTraceId") && told("RecipientAddress")
            || (told("senderAddress") && told("recipientAddress") && told("receivedDateTime"))
            || (told("origin_timestamp_utc") && told("recipient_status"))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let slip = Slip { root: record.root() };
        let (time, original) =
            slip.moment(&["Received", "receivedDateTime", "StartDate", "origin_timestamp_utc"]);
        let ends = Ends {
            envelope: slip.first(&["SenderAddress", "senderAddress", "sender_address"]).map(Str::from),
            header: None,
            to: recipients(slip),
        };
        let mut mail = ends.email();
        mail.set_subject(slip.first(&["Subject", "subject", "message_subject"]))
            .set_message_uid(slip.first(&["MessageId", "messageId", "message_id"]));
        let size = ["Size", "size", "total_bytes"].iter().find_map(|name| slip.field(name));
        mail.set_size(size.and_then(number::long));
        let head = Head::new(4, time, product("Microsoft", "Exchange Online Message Trace"));
        let way = slip.field("directionality");
        let direction = match way.and_then(|way| way.copy()).as_deref() {
            Some("Incoming") => 1,
            Some("Originating") => 2,
            _ => ends.direction(),
        };
        let mut event = Event::email_activity(head, direction, mail);
        event
            .set_src_endpoint(slip.sender(&["FromIP", "fromIP", "original_client_ip"]))
            .set_dst_endpoint(slip.sender(&["ToIP", "toIP"]));
        event.set_message_trace_uid(slip.first(&["MessageTraceId", "id", "network_message_id"]));
        ends.tell(&mut event);
        if let Some(original) = original {
            event.set_original_time(&original);
        }
        event.metadata_mut().set_sequence(slip.field("Index").and_then(number::long));
        event.metadata_mut().set_log_name("Message Trace");
        tell_status(&mut event, slip);
        tell_summary(&mut event, slip);
        events.push(event);
    }
}

/// Whom it went to: one, or in the summary of an export `a@b##Receive, Deliver;c@d##Receive, Fail`.
fn recipients(slip: Slip<'_>) -> Vec<Str> {
    let one = slip.first(&["RecipientAddress", "recipientAddress"]).map(Str::from);
    let summary = one.is_none().then(|| slip.field("recipient_status")?.copy()).flatten().unwrap_or_default();
    let each = summary.split(';').filter_map(|told| told.split("##").next()).map(str::trim);
    one.into_iter().chain(each.filter(|told| told.contains('@')).map(Str::from)).collect()
}

/// How the summary of an export says it ended for all it went to.
fn tell_summary(event: &mut Event, slip: Slip<'_>) {
    let Some(text) = slip.field("recipient_status").and_then(|told| told.look()) else { return };
    let ends = text.split(';').filter_map(|told| told.rsplit([',', '#']).next()).map(str::trim);
    let told: Vec<&str> = ends.filter(|word| !word.is_empty()).collect();
    let all = |word: &str| !told.is_empty() && told.iter().all(|told| told.eq_ignore_ascii_case(word));
    if all("Deliver") || all("Delivered") {
        event.set_outcome(Outcome::Success, None);
    } else if all("Fail") || all("Failed") {
        event.set_outcome(Outcome::Failure, None);
    } else if let Some(word) = told.first() {
        event.set_outcome(Outcome::Other, Some(word));
    }
}

fn tell_status(event: &mut Event, slip: Slip<'_>) {
    // `None` is a status like the others here.
    let field = slip.root.member("Status").or_else(|| slip.root.member("status"));
    let Some(word) = field.and_then(|field| field.take()) else { return };
    match &*word.to_ascii_lowercase() {
        "delivered" | "expanded" | "resolved" => event.set_outcome(Outcome::Success, None),
        "failed" => event.set_outcome(Outcome::Failure, None),
        "quarantined" => decide(event, HELD, &word),
        "filteredasspam" => decide(event, TAGGED, &word),
        _ => event.set_outcome(Outcome::Other, Some(&word)),
    };
    event.set_status_detail(word);
}
