//! Zeek's `smtp` log: one mail handed from program to program.
//!
//! Source: docs.zeek.org, `base/protocols/smtp`. Envelope and headers are kept apart: `from` and `to` of the event
//! are the envelope's, those of the mail are its headers'. A record that names no mail is about the connection.

use super::flow::{ends, head, seen};
use crate::address::is_address;
use crate::json::{self, JsonObject, list, tell};
use crate::mailbox::{addresses, bare, tell_envelope};
use crate::record::{Field, Record};
use crate::wire::place;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{ClassUid, Ends, Event};

pub(super) fn mail(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let ends = ends(record)?;
    let (from, to) = (sender(root), recipients(root));
    let mut event = if from.is_none() && to.is_empty() {
        let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
        event.set_app_protocol_name("smtp");
        event
    } else {
        of_mail(record, ends, from.as_deref(), &to)
    };
    let reply = root.look_at("last_reply");
    let code = reply
        .as_deref()
        .and_then(|reply| reply.get(..3))
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    event.set_outcome(
        match code.and_then(|code| code.bytes().next()) {
            Some(b'2' | b'3') => Outcome::Success,
            Some(b'4' | b'5') => Outcome::Failure,
            _ => Outcome::Unknown,
        },
        None,
    );
    event.set_status_code(code).set_status_detail(root.take_at("last_reply"));
    Some(event)
}

fn of_mail(record: &Record<'_>, ends: Ends, from: Option<&str>, to: &[String]) -> Event {
    let root = record.root();
    let mut event = Event::of_class(ClassUid::EMAIL_ACTIVITY, head(record, 2));
    place(&mut event, ends);
    event.metadata_mut().set_correlation_uid(root.take_at("uid"));
    event
        .set_attribute("direction_id", &JsonText::new("0"))
        .set_attribute("protocol_name", &json::text("smtp"));
    tell(&mut event, "command", root.take_at("helo").map(|name| json::text(&name)));
    tell_envelope(&mut event, root.member("mailfrom"), root.member("rcptto"));
    tell(&mut event, "email", email(root, from, to));
    event
}

fn email(root: Field<'_>, from: Option<&str>, to: &[String]) -> Option<JsonText> {
    let file = |file: &homeostat_event::Str| {
        let uid = file.as_str();
        JsonObject::default().text("name", Some(uid)).number("type_id", Some(0)).text("uid", Some(uid)).end()
    };
    let files = list(root.texts_at("fuids").iter().filter_map(file));
    let urls = root.texts_at("urls");
    let urls = list(
        urls.iter().filter_map(|url| JsonObject::default().text("url_string", Some(url.as_str())).end()),
    );
    let origin = root.member("x_originating_ip").filter(|ip| ip.look().is_some_and(|text| is_address(&text)));
    JsonObject::default()
        .json("cc_mailboxes", texts(root, "cc"))
        .json("files", files)
        .text("from", from)
        .text("from_mailbox", root.take_at("from"))
        .text("message_uid", root.take_at("msg_id"))
        .json("reply_to_mailboxes", texts(root, "reply_to"))
        .text("subject", root.take_at("subject"))
        .json("to", json::texts(to))
        .json("to_mailboxes", texts(root, "to"))
        .json("urls", urls)
        .json("x_originating_ip", json::texts(origin.and_then(|ip| ip.take())))
        .end()
}

fn texts(root: Field<'_>, name: &str) -> Option<JsonText> {
    json::texts(root.texts_at(name).iter().map(homeostat_event::Str::as_str))
}

/// The address of the header, else of the envelope.
fn sender(root: Field<'_>) -> Option<String> {
    let told = root.look_at("from").or_else(|| root.look_at("mailfrom"))?;
    Some(bare(&told).to_owned()).filter(|address| !address.is_empty())
}

fn recipients(root: Field<'_>) -> Vec<String> {
    let of = |name| {
        let list = root.member(name).filter(Field::is_array);
        let mailboxes = list.into_iter().flat_map(|list| list.children()).filter_map(|one| one.look());
        mailboxes.flat_map(|one| addresses(&one)).filter(|one| !one.is_empty()).collect::<Vec<_>>()
    };
    let headers = of("to");
    if headers.is_empty() { of("rcptto") } else { headers }
}
