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
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let slip = Slip { root: record.root() };
        let (time, original) = slip.moment(&["Received", "receivedDateTime", "StartDate"]);
        let ends = Ends {
            envelope: slip.first(&["SenderAddress", "senderAddress"]).map(Str::from),
            header: None,
            to: slip.first(&["RecipientAddress", "recipientAddress"]).map(Str::from).into_iter().collect(),
        };
        let mut mail = ends.email();
        mail.set_subject(slip.first(&["Subject", "subject"]))
            .set_message_uid(slip.first(&["MessageId", "messageId"]));
        mail.set_size(slip.field("Size").or_else(|| slip.field("size")).and_then(number::long));
        let head = Head::new(4, time, product("Microsoft", "Exchange Online Message Trace"));
        let mut event = Event::email_activity(head, ends.direction(), mail);
        event
            .set_src_endpoint(slip.sender(&["FromIP", "fromIP"]))
            .set_dst_endpoint(slip.sender(&["ToIP", "toIP"]));
        event.set_message_trace_uid(slip.first(&["MessageTraceId", "id"]));
        ends.tell(&mut event);
        if let Some(original) = original {
            event.set_original_time(&original);
        }
        event.metadata_mut().set_sequence(slip.field("Index").and_then(number::long));
        event.metadata_mut().set_log_name("Message Trace");
        tell_status(&mut event, slip);
        events.push(event);
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
