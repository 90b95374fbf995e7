//! Proofpoint Targeted Attack Protection: messages it delivered or blocked, clicks it let through or blocked.
//!
//! Source: help.proofpoint.com, Threat Insight Dashboard, SIEM API. One answer of the API holds four lists; each
//! element becomes an event. Stored alone, an element is told by its members.

use super::{ALLOWED, BLOCKED, Ends, HELD, Slip, attached, click, decide, product};
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_event::{Actor, Event, Head, Malware, Str, User};

/// Proofpoint TAP messages and clicks. Classes 4009, Scan, and 4002, Get.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proofpoint;

/// The lists of one answer: what they hold, and whether it was blocked.
const LISTS: [(&str, bool); 4] = [
    ("messagesDelivered", false),
    ("messagesBlocked", true),
    ("clicksPermitted", false),
    ("clicksBlocked", true),
];

impl Source for Proofpoint {
    fn name(&self) -> &'static str {
        "proofpoint"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        let answer = LISTS.iter().any(|(name, _)| root.member(name).is_some_and(|list| list.is_array()));
        answer || (told("GUID") && (told("threatsInfoMap") || told("clickTime") || told("messageParts")))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let mut any = false;
        for (name, blocked) in LISTS {
            let list = root.member(name).filter(Field::is_array);
            for element in list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>()) {
                any = true;
                events.push(one(Slip { root: element }, Some(blocked)));
            }
        }
        if !any && root.member("GUID").is_some() {
            let kind = record.look("eventType").unwrap_or_default().to_lowercase();
            let blocked =
                kind.contains("block").then_some(true).or_else(|| kind.contains("deliver").then_some(false));
            let blocked = blocked.or_else(|| kind.contains("permit").then_some(false));
            events.push(one(Slip { root }, blocked));
        }
    }
}

fn one(slip: Slip<'_>, blocked: Option<bool>) -> Event {
    let mut event = if slip.field("clickTime").is_some() { clicked(slip) } else { message(slip) };
    let held = slip.field("quarantineFolder").is_some();
    match blocked {
        _ if held => {
            decide(&mut event, HELD, "quarantined");
        }
        Some(true) => {
            decide(&mut event, BLOCKED, "");
        }
        Some(false) => {
            decide(&mut event, ALLOWED, "");
        }
        None => {}
    }
    let metadata = event.metadata_mut();
    metadata
        .set_uid(slip.first(&["id", "GUID"]))
        .set_correlation_uid(slip.take("GUID"))
        .set_log_name("SIEM API");
    metadata.set_event_code(slip.take("eventType"));
    event
}

fn clicked(slip: Slip<'_>) -> Event {
    let (time, original) = slip.moment(&["clickTime"]);
    let head = Head::new(3, time, product("Proofpoint", "Targeted Attack Protection"));
    let mut event = click(head, slip.take("url"), slip.take("userAgent"));
    event.set_src_endpoint(slip.sender(&["clickIP"]));
    let user = slip.addresses("recipient").into_iter().next().map(|address| {
        let mut user = User::named(address.clone());
        user.set_email_addr(address);
        user
    });
    event.set_actor(user.map(Actor::of_user));
    event.set_malware(verdicts(slip));
    if let Some(original) = original {
        event.set_original_time(&original);
    }
    event
}

fn message(slip: Slip<'_>) -> Event {
    let (time, original) = slip.moment(&["messageTime"]);
    let header = slip.addresses("fromAddress").into_iter().next();
    let ends = Ends { envelope: slip.take("sender").map(Str::from), header, to: slip.addresses("recipient") };
    let mut mail = ends.email();
    mail.set_subject(slip.take("subject")).set_message_uid(slip.take("messageID")).set_uid(slip.take("QID"));
    mail.set_size(slip.field("messageSize").and_then(number::long)).set_cc(slip.addresses("ccAddresses"));
    mail.set_reply_to_list(slip.addresses("replyToAddress")).set_sent_from_mailbox(slip.take("headerFrom"));
    let parts = slip.root.member("messageParts").filter(Field::is_array);
    let files = parts.into_iter().flat_map(|parts| parts.children().collect::<Vec<_>>()).filter_map(|part| {
        let part = Slip { root: part };
        let mut file = attached(part.take("filename"), part.hashes(["md5", "sha1", "sha256"]))?;
        file.set_mime_type(part.first(&["contentType", "oContentType"]));
        Some(file)
    });
    mail.set_files(files.collect::<Vec<_>>());
    let direction = ends.direction();
    let head = Head::new(3, time, product("Proofpoint", "Targeted Attack Protection"));
    let mut event = Event::email_activity(head, direction, mail);
    event.set_src_endpoint(slip.sender(&["senderIP"]));
    ends.tell(&mut event);
    let threats = slip.root.member("threatsInfoMap").filter(Field::is_array);
    let threats = threats.into_iter().flat_map(|threats| threats.children().collect::<Vec<_>>());
    event.set_malware(threats.flat_map(|threat| verdicts(Slip { root: threat })).collect::<Vec<_>>());
    event.set_risk_score(slip.field("phishScore").and_then(number::int));
    if let Some(original) = original {
        event.set_original_time(&original);
    }
    event
}

/// A threat as malware of a class that OCSF does not number, named by what it is.
fn verdicts(slip: Slip<'_>) -> Vec<Malware> {
    let Some(name) = slip.first(&["threat", "threatURL", "threatUrl"]) else { return Vec::new() };
    let class = slip.take("classification");
    let mut malware = Malware::new(name, vec![if class.is_some() { 99 } else { 0 }]);
    malware.set_uid(slip.first(&["threatID", "threatId"]));
    malware.set_classifications(class.map(Str::from).into_iter().collect::<Vec<_>>());
    vec![malware]
}
