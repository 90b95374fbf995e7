//! Defender for Office 365 as advanced hunting streams it: `EmailEvents` and `UrlClickEvents`.
//!
//! Source: learn.microsoft.com, advanced hunting schema, `EmailEvents`, `EmailAttachmentInfo`, `UrlClickEvents`. A
//! stream puts the row into `properties` beside its category; exports write the row alone.

use super::{ALLOWED, BLOCKED, Ends, REPLACED, Slip, TAGGED, attached, click, decide, product};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{Actor, EmailAuth, Event, Head, Malware, Str, User};

/// Defender's mail events. Classes 4009, Scan, and 4002, Get.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefenderMail;

/// The row: inside `properties`, or the record itself.
fn row<'a>(record: &Record<'a>) -> Slip<'a> {
    let root = record.root();
    Slip { root: root.member("properties").filter(Field::is_object).unwrap_or(root) }
}

fn is_click(slip: Slip<'_>) -> bool {
    slip.root.member("Url").is_some() && slip.root.member("AccountUpn").is_some()
}

impl Source for DefenderMail {
    fn name(&self) -> &'static str {
        "defender_mail"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let slip = row(record);
        let told = |name| slip.root.member(name).is_some();
        told("NetworkMessageId")
            && (told("RecipientEmailAddress") || told("SenderFromAddress") || is_click(slip))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let slip = row(record);
        let (time, original) = slip.moment(&["Timestamp", "TimeGenerated"]);
        let head = Head::new(3, time, product("Microsoft", "Defender for Office 365"));
        let mut event = if is_click(slip) { clicked(slip, head) } else { message(slip, head) };
        if let Some(original) = original {
            event.set_original_time(&original);
        }
        let category = record.root().member("category").and_then(|category| category.take());
        let metadata = event.metadata_mut();
        metadata.set_uid(slip.take("ReportId")).set_correlation_uid(slip.take("NetworkMessageId"));
        metadata.set_event_code(slip.take("ActionType")).set_log_name(category);
        events.push(event);
    }
}

fn clicked(slip: Slip<'_>, head: Head) -> Event {
    let mut event = click(head, slip.take("Url"), None);
    let user = slip.take("AccountUpn").map(|upn| {
        let mut user = User::named(&*upn);
        user.set_email_addr(upn);
        user
    });
    event.set_actor(user.map(Actor::of_user)).set_src_endpoint(slip.sender(&["IPAddress"]));
    event.set_app_name(slip.take("Workload"));
    let action = slip.field("ActionType").and_then(|action| action.look());
    match action.as_deref() {
        Some("ClickAllowed") => {
            decide(&mut event, ALLOWED, "");
        }
        Some("ClickBlocked" | "ClickBlockedByTenantPolicy") => {
            decide(&mut event, BLOCKED, "");
        }
        _ => {}
    }
    event
}

fn message(slip: Slip<'_>, head: Head) -> Event {
    let ends = Ends {
        envelope: slip.take("SenderMailFromAddress").map(Str::from),
        header: slip.take("SenderFromAddress").map(Str::from),
        to: slip.addresses("RecipientEmailAddress"),
    };
    let mut mail = ends.email();
    mail.set_subject(slip.take("Subject")).set_message_uid(slip.take("InternetMessageId"));
    mail.set_sent_from_mailbox(slip.take("SenderDisplayName")).set_uid(slip.take("NetworkMessageId"));
    let file = attached(slip.take("FileName"), slip.hashes(["MD5", "SHA1", "SHA256"]));
    mail.set_files(file.into_iter().collect::<Vec<_>>());
    let way = slip.field("EmailDirection");
    let direction = match way.and_then(|way| way.copy()).as_deref() {
        Some("Inbound") => 1,
        Some("Outbound") => 2,
        Some("Intra-org") => 3,
        _ => ends.direction(),
    };
    let mut event = Event::email_activity(head, direction, mail);
    event.set_src_endpoint(slip.sender(&["SenderIPv4", "SenderIPv6"]));
    ends.tell(&mut event);
    let names = slip.first(&["ThreatNames", "ThreatTypes"]);
    event.set_malware(names.map(|name| Malware::new(name, vec![0])).into_iter().collect::<Vec<_>>());
    event.set_email_auth(checks(slip)).set_status_detail(slip.first(&["DeliveryLocation", "EmailAction"]));
    let action = slip.take("DeliveryAction");
    match action.as_deref() {
        Some("Delivered") => {
            decide(&mut event, ALLOWED, "");
        }
        Some("Blocked") => {
            decide(&mut event, BLOCKED, "");
        }
        Some("Junked") => {
            decide(&mut event, TAGGED, "Junked");
        }
        Some("Replaced") => {
            decide(&mut event, REPLACED, "Replaced");
        }
        Some(other) => {
            event.set_outcome(Outcome::Other, Some(other));
        }
        None => {}
    }
    event.set_status_code(action);
    event
}

/// The checks stand as a JSON text: `{"SPF":"pass","DKIM":"none"}`. It stays beside.
fn checks(slip: Slip<'_>) -> Option<EmailAuth> {
    let text = slip.field("AuthenticationDetails")?.copy()?;
    let told: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).ok()?;
    let word = |name: &str| told.get(name).map(String::as_str);
    let mut auth = EmailAuth::new();
    auth.set_spf(word("SPF")).set_dkim(word("DKIM")).set_dmarc(word("DMARC"));
    Some(auth)
}
