//! Suricata's `smtp` and `email`: one mail handed from program to program.
//!
//! Source: docs.suricata.io, EVE JSON format. Envelope and headers are kept apart as for Zeek; a record that names
//! no mail is about the connection.

use super::parts::{ends, head, seen};
use crate::json::{self, JsonObject, list, tell};
use crate::mailbox::{addresses, bare, tell_envelope};
use crate::record::{Field, Record};
use crate::wire::place;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{ClassUid, Event, Str};

pub(super) fn mail(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let (smtp, email) = (root.member("smtp"), root.member("email"));
    let parties = Parties::of(smtp, email);
    let ends = ends(root)?;
    if parties.from.is_none() && parties.to.is_empty() {
        let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
        event.set_app_protocol_name("smtp");
        return Some(event);
    }
    let mut event = Event::of_class(ClassUid::EMAIL_ACTIVITY, head(record, 2));
    place(&mut event, ends);
    event.metadata_mut().set_correlation_uid(root.take_at("flow_id"));
    event.set_outcome(Outcome::Success, None);
    event
        .set_attribute("direction_id", &JsonText::new("0"))
        .set_attribute("protocol_name", &json::text("smtp"));
    if let Some(smtp) = smtp {
        tell(&mut event, "command", smtp.take_at("helo").map(|name| json::text(&name)));
        tell_envelope(&mut event, smtp.member("mail_from"), smtp.member("rcpt_to"));
    }
    tell(&mut event, "email", parties.email(email));
    Some(event)
}

/// Who writes to whom by the headers, else by the envelope.
struct Parties {
    from: Option<String>,
    to: Vec<String>,
}

impl Parties {
    fn of(smtp: Option<Field<'_>>, email: Option<Field<'_>>) -> Self {
        let header = email.and_then(|email| email.look_at("from"));
        let from = header.or_else(|| smtp.and_then(|smtp| smtp.look_at("mail_from")));
        let listed = |object: Option<Field<'_>>, name| {
            let list = object.and_then(|object| object.member(name)).filter(Field::is_array);
            let boxes = list.into_iter().flat_map(|list| list.children()).filter_map(|one| one.look());
            boxes.flat_map(|one| addresses(&one)).filter(|one| !one.is_empty()).collect::<Vec<_>>()
        };
        let to = listed(email, "to");
        Self {
            from: from.map(|from| bare(&from).to_owned()).filter(|from| !from.is_empty()),
            to: if to.is_empty() { listed(smtp, "rcpt_to") } else { to },
        }
    }

    fn email(&self, email: Option<Field<'_>>) -> Option<JsonText> {
        let told = JsonObject::default().text("from", self.from.as_ref()).json("to", json::texts(&self.to));
        let Some(email) = email else { return told.end() };
        let file = |name: &Str| {
            JsonObject::default().text("name", Some(name.as_str())).number("type_id", Some(0)).end()
        };
        let url = |url: &Str| JsonObject::default().text("url_string", Some(url.as_str())).end();
        told.json("cc_mailboxes", texts(email, "cc"))
            .json("files", list(email.texts_at("attachment").iter().filter_map(file)))
            .text("from_mailbox", email.take_at("from"))
            .text("message_uid", email.take_at("message_id"))
            .text("subject", email.take_at("subject"))
            .json("to_mailboxes", texts(email, "to"))
            .json("urls", list(email.texts_at("url").iter().filter_map(url)))
            .end()
    }
}

fn texts(object: Field<'_>, name: &str) -> Option<JsonText> {
    json::texts(object.texts_at(name).iter().map(Str::as_str))
}
